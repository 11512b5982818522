/* policy/charter.h - who decides for an owner: charter.txt (FORMATS 4.1).
 *
 * Reading checks every rule that the bytes alone can break: threshold, seats,
 * repeated names and keys, the operator holding a seat.  Signatures are
 * verified elsewhere and come in as facts.
 */
#ifndef AZUKARI_POLICY_CHARTER_H
#define AZUKARI_POLICY_CHARTER_H

#include <stdint.h>

#include "core/text.h"

#define CHARTER_SEATS_MAX 16

struct charter_seat {
	const char *name;
	const char *age;            /* age1... */
	const char *spare;          /* age1..., or NULL */
	const char *ssh;            /* "ssh-ed25519 BASE64" */
	const char *institution;
};

/* Strings are borrowed: from `text` and `store` when parsed (until
 * charter_release), from the caller when filled to be written. */
struct charter {
	struct text *text;
	char *store;
	const char *owner, *owner_name, *representative;
	uint64_t version;           /* from 1 */
	int has_previous;
	uint8_t previous[32];
	unsigned threshold;
	struct charter_seat seats[CHARTER_SEATS_MAX];
	size_t seats_len;
	const char *origin, *gateway_key, *ledger_key, *operator_name;
	int64_t created_unix_s;
	uint8_t nonce[16];
};

/* Reads charter.txt.  ERR_SYNTAX, ERR_ENCODING, ERR_LIMIT, ERR_UNKNOWN,
 * ERR_DUPLICATE as of text_parse; ERR_RANGE for values outside their rules;
 * ERR_REFUSED where the operator holds a seat, t is 0 or above n, or t is 1
 * among several; ${info} (may be NULL) names the line. */
enum err charter_parse(struct bytes bytes, struct charter *ret,
    struct err_info *info) MUST_USE;
void charter_release(struct charter *c);        /* CLEANUP-able */

/* Appends the text of ${c}; refuses (as charter_parse would) what could not be
 * read back. */
enum err charter_write(const struct charter *c, struct buf *out,
    struct err_info *info) MUST_USE;

/* Seat of that name, or NULL; index for arrays that run beside seats. */
const struct charter_seat *charter_seat(const struct charter *c,
    const char *name);
size_t charter_seat_index(const struct charter *c, const char *name);
#define CHARTER_NO_SEAT ((size_t)-1)

/* What putting a charter in force needs.  Seats are bits: 1 << index. */
struct charter_change {
	uint32_t old_signed;        /* seats of the old charter that signed */
	unsigned old_needed;        /* how many of them must (0 for version 1) */
	uint32_t new_must;          /* seats of the new charter that must sign */
	uint32_t new_missing;       /* of those, not yet */
	int in_force;
};

/* Which signatures ${next} needs and has.  ${old} is the charter in force and
 * ${old_sha256} its digest, both NULL for version 1, where all n seats must
 * sign.  ${signers} are the seats of old and new (names; verified signatures
 * over next's bytes under the key that the charter of that side gives) as two
 * bit sets.  ERR_MISMATCH when owner, version or previous do not follow on,
 * or the origin changes; ${ret} is set whenever ERR_OK. */
struct charter_signers {
	uint32_t old_seats, new_seats;
};
enum err charter_change_check(const struct charter *old,
    const uint8_t *old_sha256, const struct charter *next,
    struct charter_signers signers, struct charter_change *ret) MUST_USE;

/* 1 when ${seats} (bits) hold at least t distinct seats of ${c}. */
int charter_has_quorum(const struct charter *c, uint32_t seats);

/* The one sentence that must be said where t is 1: NULL elsewhere. */
const char *charter_warning(const struct charter *c, int japanese);

#endif
