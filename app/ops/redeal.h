/* app/ops/redeal.h - shares dealt anew: a lost seat, or another n or t
 * (docs/FORMATS.md 4.4, 8.13).
 *
 *   gateway    redeal_draft, then the charter comes into force (seats.h)
 *   gateway    redeal_pack      for each of t seats that still have their keys
 *   dealer     redeal_deal      its own shares, in pieces to the new seats
 *   gateway    redeal_gather    for each seat of the new charter: its pieces
 *   new seat   redeal_receive   adds them up: a share file and its digest
 *   gateway    redeal_accept    an arrangement for every epoch
 *
 * A dealer deals only to a charter that it has signed itself.  No key is whole
 * anywhere.  Old shares stay good, and stay stored.
 */
#ifndef AZUKARI_APP_OPS_REDEAL_H
#define AZUKARI_APP_OPS_REDEAL_H

#include "app/home.h"
#include "keys/identity.h"
#include "policy/charter.h"

struct redeal_seat {
	const char *name;               /* of the seat */
	const char *pub, *spare_pub;    /* paths; spare may be NULL */
	const char *institution;        /* NULL: the owner's name */
};

struct redeal_draft_args {
	const char *owner;
	uint64_t threshold;             /* 0: as before */
	const char *const *drop;        /* seats that go */
	size_t drop_len;
	struct redeal_seat add[CHARTER_SEATS_MAX];
	size_t add_len;
	const char *path;               /* new file */
};
enum err redeal_draft(struct home *h,
    const struct redeal_draft_args *args) MUST_USE;

/* ${dealers} are the same seats for every packet, at least as many as the old
 * threshold; ${seat} is one of them.  ERR_STATE: nothing is pending, or the
 * charter is not in force yet. */
struct redeal_pack_args {
	const char *owner, *seat;
	const char *const *dealers;
	size_t dealers_len;
	const char *path;               /* new file */
};
enum err redeal_pack(struct home *h, const struct redeal_pack_args *args)
    MUST_USE;

/* ERR_UNTRUSTED: this identity has not signed the charter in the packet. */
enum err redeal_deal(const char *packet, const struct identity *id,
    const char *path, int64_t now_unix_s, struct outcome *o) MUST_USE;

/* ${dealt} are the answers of all dealers; the same ones for every seat. */
struct redeal_gather_args {
	const char *owner, *seat;
	const char *const *dealt;
	size_t dealt_len;
	const char *path;               /* new file */
};
enum err redeal_gather(struct home *h, const struct redeal_gather_args *args)
    MUST_USE;

enum err redeal_receive(const char *packet, const struct identity *id,
    const char *path, int64_t now_unix_s, struct outcome *o) MUST_USE;

/* The answers of all seats of the charter in force, from the same dealing.
 * Epochs that are arranged already are left alone: may be repeated. */
enum err redeal_accept(struct home *h, const char *owner,
    const char *const *answers, size_t len) MUST_USE;

#endif
