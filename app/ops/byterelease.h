/* app/ops/byterelease.h - byte release: where the policy asks for it, a finished
 * bundle leaves only when t seats have seen its disclosure report and signed
 * its SHA256SUMS (docs/FORMATS.md 8.14).
 *
 * The packet is the bundle without its payload.  It is checked on the officer's
 * machine as a stranger would; the signature is over SHA256SUMS, which names
 * every file by its digest, the payload too.
 */
#ifndef AZUKARI_APP_OPS_BYTERELEASE_H
#define AZUKARI_APP_OPS_BYTERELEASE_H

#include "app/home.h"
#include "core/fs.h"
#include "keys/identity.h"

/* ---- at the gateway ---- */

/* Write the packet of a built bundle to ${path} (new).  ERR_NOT_FOUND,
 * ERR_STATE, ERR_CHANGED (somebody in it has withdrawn), each with a
 * sentence. */
enum err byterelease_pack(struct home *h, const char *export_id,
    const char *path) MUST_USE;

/* What it says when it is done; also by who has the packet from a service. */
void byterelease_pack_tell(struct outcome *o, const char *export_id,
    const char *path);

struct byterelease_accept_args {
	const char *answer;     /* a packet; or SHA256SUMS ... */
	const char *sig;        /* ... with its signature file */
	const char *export_id;  /* ERR_MISMATCH for another; NULL: any */
};
struct byterelease_result {
	char export_id[REGISTER_NAME_MAX + 1], plan[REGISTER_NAME_MAX + 1];
	char seat[REGISTER_NAME_MAX + 1];
	int denied, ended;
	unsigned signed_seats, needed;  /* 0 where it was a denial */
};
/* Enter one seat's signature, or its refusal.  ERR_NOT_FOUND, ERR_STATE,
 * ERR_EXISTS, ERR_UNTRUSTED, ERR_SIGNATURE, ERR_MISMATCH, ERR_REFUSED, each
 * with a sentence; else what broke. */
enum err byterelease_accept(struct home *h,
    const struct byterelease_accept_args *args,
    struct byterelease_result *ret) MUST_USE;

/* How a built bundle of ${plan} stands: ${ret_needed} is 0 where the plan asks
 * for no byte release. */
enum err byterelease_standing(struct home *h, const char *export_id,
    const char *plan, unsigned *ret_signed, unsigned *ret_needed) MUST_USE;

/* ---- on the officer's machine: no home ---- */

/* Does this file begin like such a packet?  Only for sorting. */
int byterelease_is_packet(const char *path);

struct byterelease_args {
	const char *packet;
	const char *trust;      /* folder; NULL: the charter remembered here */
	const char *state_dir;
	const struct identity *identity;        /* borrowed until the end */
	int64_t now_unix_s;
};
struct byterelease;

/* Read and check.  ${o} has every check that held; the refusal names the
 * member. */
enum err byterelease_open(const struct byterelease_args *args,
    struct outcome *o, struct byterelease **ret) MUST_USE;
void byterelease_close(struct byterelease *b);
void byterelease_cleanup(struct byterelease **b);

/* Borrowed, until byterelease_close. */
const char *byterelease_export(const struct byterelease *b);
const char *byterelease_seat(const struct byterelease *b);

/* Append what is signed: the disclosure report, then SHA256SUMS and its
 * digest. */
enum err byterelease_show(const struct byterelease *b, struct buf *out)
    MUST_USE;

/* Sign SHA256SUMS; the answer goes to ${path} (new). */
enum err byterelease_sign(const struct byterelease *b, const char *path,
    struct outcome *o) MUST_USE;
/* Say no: a denial of the plan. */
enum err byterelease_deny(const struct byterelease *b, const char *reason,
    const char *path, struct outcome *o) MUST_USE;

#endif
