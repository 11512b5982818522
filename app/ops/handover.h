/* app/ops/handover.h - a seat changes hands (docs/FORMATS.md 4.4, 8.12).
 *
 *   gateway      handover_draft        charter.txt of the next version
 *   seats        azukari sign charter  (t of those in force)
 *   gateway      handover_pack         for the predecessor
 *   predecessor  handover_reseal       opens and seals again, signs
 *   successor    handover_receive      opens every new file, signs the charter
 *   gateway      handover_accept       charter, hand-over, recovery files
 *
 * The predecessor names the successor by the key file that it got from that
 * person: what a gateway claims about a successor is not enough to reseal to.
 */
#ifndef AZUKARI_APP_OPS_HANDOVER_H
#define AZUKARI_APP_OPS_HANDOVER_H

#include "app/home.h"
#include "keys/identity.h"

struct handover_draft_args {
	const char *owner, *seat;
	const char *successor, *spare;  /* paths of .pub; spare may be NULL */
	const char *institution;        /* NULL: as the predecessor's */
	const char *path;               /* new file */
};

/* ERR_STATE while an earlier change of seats is unfinished. */
enum err handover_draft(struct home *h,
    const struct handover_draft_args *args) MUST_USE;

/* Of all epochs still sealed to the predecessor.  ERR_STATE: none is, or no
 * charter gives this seat new keys. */
enum err handover_pack(struct home *h, const char *owner, const char *seat,
    const char *path) MUST_USE;

/* On the predecessor's machine. */
struct handover_reseal_args {
	const char *packet;
	const struct identity *identity;
	const char *successor, *spare;  /* paths of .pub; spare may be NULL */
	const char *path;               /* of the answer, new */
	int64_t now_unix_s;
};
enum err handover_reseal(const struct handover_reseal_args *args,
    struct outcome *o) MUST_USE;

/* On the successor's machine: every file of the answer opens and is the share
 * that was dealt; only then the new charter is signed to ${path}. */
enum err handover_receive(const char *answer, const struct identity *id,
    const char *path, struct outcome *o) MUST_USE;

/* ${sigs} are signatures over the new charter; none are needed once it is in
 * force.  May be repeated. */
enum err handover_accept(struct home *h, const char *owner, const char *answer,
    const char *const *sigs, size_t len) MUST_USE;

#endif
