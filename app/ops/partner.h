/* app/ops/partner.h - at the university: open, acknowledge, apply, destroy.
 *
 * No home.  A bundle is verified before anything of it is decrypted, and on
 * any failure nothing is left behind.
 */
#ifndef AZUKARI_APP_OPS_PARTNER_H
#define AZUKARI_APP_OPS_PARTNER_H

#include "app/outcome.h"
#include "keys/identity.h"

struct partner_args {
	const char *bundle;             /* tar or folder */
	const char *trust;              /* folder, or NULL */
	const struct identity *identity;
	int64_t now_unix_s;
};

struct partner_opened {
	char folder[64];                /* EXP-…-data */
	uint64_t rows, respondents;
};

/* Verify, decrypt into ${dir}/EXP-…-data/, verify the inside. */
enum err partner_open(const struct partner_args *args, const char *dir,
    struct partner_opened *ret, struct outcome *o) MUST_USE;

/* Write and sign receipt.txt (and .sig) at ${path}, from the opened folder
 * ${data}, which proves that the payload could be opened. */
enum err partner_receipt(const struct partner_args *args, const char *data,
    const char *path, struct outcome *o) MUST_USE;

/* Write and sign the certificate that all copies are destroyed. */
enum err partner_destroyed(const struct partner_args *args,
    const char *method, const char *copies, const char *path,
    struct outcome *o) MUST_USE;

struct partner_notice {
	const char *notice;             /* notice.txt; NOTICE.sig beside it */
	const char *data;               /* opened folder */
	const char *out;                /* filtered copy, must not exist */
	const char *answer;             /* notice-applied.txt; .sig beside it */
};
struct partner_applied {
	uint64_t pseudonyms_removed, rows_removed, rows_left;
};
/* Check the gateway's signature under ${args->trust} (required), write the
 * filtered copy and the signed answer. */
enum err partner_apply(const struct partner_args *args,
    const struct partner_notice *n, struct partner_applied *ret,
    struct outcome *o) MUST_USE;

#endif
