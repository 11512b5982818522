/* app/ops/fetch.h - handing a released bundle to the partner it is for.
 *
 * Only while the release is live, and consent is asked once more: a bundle
 * with the answers of somebody who has withdrawn since is handed out no more.
 * A fetch is in the ledger before its first byte leaves.
 */
#ifndef AZUKARI_APP_OPS_FETCH_H
#define AZUKARI_APP_OPS_FETCH_H

#include "app/home.h"
#include "vault/register_plan.h"

struct fetch_who {
	const char *owner, *partner;
};

struct fetch {
	struct register_export row;
	struct register_built built;
	int fd_plus_one;                /* of the bundle; 0: none */
	uint64_t bytes;
	char etag[80];                  /* strong, with its quotes */
};
void fetch_release(struct fetch *f);            /* CLEANUP-able */

/* May this partner have ${export_id}?  Opens the file; nothing is logged.
 * ERR_NOT_FOUND: not theirs, not there, or not released; ERR_REVOKED with a
 * sentence: recalled, or somebody in it has withdrawn since. */
enum err fetch_open(struct home *h, const struct fetch_who *who,
    const char *export_id, struct fetch *ret) MUST_USE;

/* Enter that bytes from ${first} on are about to leave. */
enum err fetch_log(struct home *h, const struct fetch *f,
    uint64_t first) MUST_USE;

#endif
