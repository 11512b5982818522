/* keys/redistribute.h - new seats for an epoch, without its key being whole.
 *
 * Each of t dealers (seats of the arrangement in force) shares its own share
 * value anew among the new seats; a new seat adds what it got, weighted by the
 * dealers' Lagrange coefficients, and has a share of the same key
 * (docs/FORMATS.md 4.4).  t and n may change.  Old shares stay good.
 *
 *   dealing seat  redistribute_deal
 *   new seat      redistribute_receive -> share text, its age file and line
 *   gateway       arrangement_write over the new seats' lines
 *
 * All take the same plan.  A dealing seat checks its share before it deals and
 * its dealing before it seals; a dealer that lies is found only when the new
 * shares are combined (they then miss the key commitment), so old shares are
 * kept until a combination of new ones has been seen to hold.
 */
#ifndef AZUKARI_KEYS_REDISTRIBUTE_H
#define AZUKARI_KEYS_REDISTRIBUTE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/age.h"
#include "keys/epoch.h"
#include "keys/share.h"

struct redistribute_plan {
	const struct epoch *epoch;
	const struct epoch_seats *in_force;     /* old seats; NULL: as dealt */
	uint8_t new_charter_sha256[DIGEST_LEN];
	const struct epoch_roster *to;          /* new seats and threshold */
	uint8_t dealers[EPOCH_SEATS_MAX];       /* x of the dealers, ascending */
	size_t dealers_len;                     /* = the old threshold */
};

/* One age file per new seat.  A zeroed struct may be released. */
struct redistribute_files {
	struct buf file[EPOCH_SEATS_MAX];
	size_t len;
};
void redistribute_files_release(struct redistribute_files *f);

/* As a dealer: check ${share_text} against the epoch (as share_check) and that
 * its x is among the dealers (ERR_MISMATCH); deal; check the dealing as
 * epoch_deal does; seal.  ERR_RANGE or ERR_DUPLICATE for a plan that does not
 * hold.  ${ret} zeroed or released before; untouched on failure. */
enum err redistribute_deal(const struct redistribute_plan *plan,
    struct bytes share_text, struct redistribute_files *ret,
    struct err_info *info) MUST_USE;

/* What a new seat has in the end. */
struct redistribute_new {
	struct buf share_text;
	struct buf file;                /* age file to the seat itself */
	struct epoch_line line;         /* for the arrangement */
};
void redistribute_new_release(struct redistribute_new *n);

/* What new seat number ${seat} of plan->to got from the dealers. */
struct redistribute_set {
	const struct redistribute_plan *plan;
	size_t seat;
	const struct bytes *texts;
	size_t len;
};

/* As a new seat: every dealer's subshare text exactly once (ERR_THRESHOLD when
 * one is missing, ERR_DUPLICATE), each of this epoch, these charters, these
 * dealers, this seat (ERR_MISMATCH; ${info} names the dealing seat); then the
 * new share.  ${ret} zeroed or released before; untouched on failure. */
enum err redistribute_receive(const struct redistribute_set *set,
    struct redistribute_new *ret, struct err_info *info) MUST_USE;

#endif
