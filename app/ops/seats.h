/* app/ops/seats.h - what hand-over and redistribution have in common.
 *
 * A new charter comes into force first, in the register; then the shares
 * follow, in the owner's store.  A process that dies between leaves epochs
 * whose shares are still sealed as before: they are counted as pending, and
 * the same command, or another packet, goes on from there.  Epochs opened
 * after the charter came into force are dealt to its seats at once.
 */
#ifndef AZUKARI_APP_OPS_SEATS_H
#define AZUKARI_APP_OPS_SEATS_H

#include "app/home.h"
#include "app/pack.h"
#include "app/papers.h"
#include "keys/arrangement.h"
#include "keys/epoch.h"
#include "vault/store_epoch.h"

/* ---- a charter on its way ---- */

#define SEATS_SIGS_MAX (2 * CHARTER_SEATS_MAX)

struct seats_sig {
	char name[REGISTER_NAME_MAX + 1];       /* as it is stored */
	struct buf bytes;
};

/* Zeroed is empty; seats_change_release (CLEANUP-able). */
struct seats_change {
	struct paper_charter now;       /* in force */
	struct paper_charter before;    /* the one that ${next} replaces */
	struct buf bytes;
	struct charter next;
	uint8_t sha256[DIGEST_LEN];
	int in_force;                   /* ${next} is the one in force */
	struct charter_signers signers;
	struct seats_sig sigs[SEATS_SIGS_MAX];
	size_t sigs_len;
};
void seats_change_release(struct seats_change *c);

/* Keep ${bytes} as the owner's draft (the one before is forgotten), and write
 * it to ${path}, a new file. */
enum err seats_draft(struct home *h, const struct charter *next,
    const char *path) MUST_USE;

/* A charter that follows the one in force, or is it.  ERR_MISMATCH with a
 * sentence for any other. */
enum err seats_change_load(struct home *h, const char *owner,
    struct bytes charter, struct seats_change *ret) MUST_USE;
/* The draft; the charter in force where there is none. */
enum err seats_change_draft(struct home *h, const char *owner,
    struct seats_change *ret) MUST_USE;

/* Take signature files; each must be of a seat, before or after the change
 * (ERR_UNTRUSTED), over this charter (ERR_SIGNATURE), and given once. */
enum err seats_change_sign(struct seats_change *c, const char *const *paths,
    size_t len, struct outcome *o) MUST_USE;
/* ERR_THRESHOLD, naming who is missing. */
enum err seats_change_complete(const struct seats_change *c,
    struct outcome *o) MUST_USE;
/* Put it in force (nothing when it is): the act of the register. */
enum err seats_change_put(struct home *h, struct seats_change *c) MUST_USE;
/* Sign, complete and put in one go, with the recovery files: for a charter that
 * moves no shares by itself. */
enum err seats_charter(struct home *h, const char *owner, const char *path,
    const char *const *sigs, size_t len) MUST_USE;
/* The charter's row in the register, once it is in force. */
enum err seats_change_row(struct home *h, const struct seats_change *c,
    struct register_document *ret) MUST_USE;

/* ---- epochs ---- */

struct seats_epoch {
	struct store_epoch row;         /* zeroed when from a packet */
	struct buf text, arranged;
	struct epoch epoch;
	struct arrangement arrangement;
	int has_arrangement;
};
void seats_epoch_release(struct seats_epoch *e);        /* CLEANUP-able */
/* Who holds the shares now; NULL: as dealt. */
const struct epoch_seats *seats_in_force(const struct seats_epoch *e);
/* The same, never NULL. */
const struct epoch_seats *seats_holders(const struct seats_epoch *e);

enum err seats_epoch_read(struct owner *w, const struct store_epoch *row,
    struct seats_epoch *ret) MUST_USE;
/* Number ${n} (from 1) of a packet; ERR_NOT_FOUND behind the last. */
enum err seats_epoch_unpack(const struct pack *p, size_t n,
    struct seats_epoch *ret, struct err_info *info) MUST_USE;
/* epochs/NNNNN.txt and arrangements/NNNNN.txt */
enum err seats_epoch_pack(const struct seats_epoch *e, size_t n,
    struct pack *p) MUST_USE;

struct seats_list {
	struct store_epoch *items;
	size_t len;
};
void seats_list_release(struct seats_list *l);          /* CLEANUP-able */

/* The epochs (with projects) for which ${seat} of ${next} has no share that
 * its keys open.  ${charter_sha256} is that of ${next}. */
enum err seats_pending(struct owner *w, const struct seats_change *c,
    const char *seat, struct seats_list *ret) MUST_USE;
/* Those that are not held by exactly the seats and threshold of ${next}. */
enum err seats_pending_any(struct owner *w, const struct seats_change *c,
    struct seats_list *ret) MUST_USE;

/* ---- papers in packets ---- */

/* charter.txt, and the signatures that are in the register. */
enum err seats_pack_charter(struct home *h, const struct seats_change *c,
    struct pack *p) MUST_USE;

/* The recovery files of the charter in force; those of seats that are gone are
 * removed. */
enum err seats_recovery(struct owner *w, const struct seats_change *c)
    MUST_USE;

#endif
