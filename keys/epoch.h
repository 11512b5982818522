/* keys/epoch.h - epoch.txt: one key, dealt to the seats of an owner.
 *
 * An epoch key (EK) exists whole only while its epoch is open; what stays are
 * its shares, each an age file to one seat, and epoch.txt (`azukari-epoch v1`,
 * docs/FORMATS.md 4.2), which binds them: the digest of every share text, and
 * a commitment to the key.  Project keys and the trial keys of enrolment are
 * dealt in the same way.  epoch.txt never changes; its SHA-256 is in the
 * ledger and goes into every record.
 *
 * Dealing does not wipe EK: the caller owns it.  No function here is bound to
 * a thread.
 */
#ifndef AZUKARI_KEYS_EPOCH_H
#define AZUKARI_KEYS_EPOCH_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"
#include "keys/bech32.h"
#include "keys/digest.h"
#include "keys/epoch_lists.h"
#include "keys/names.h"
#include "keys/shamir.h"

#define EPOCH_ID_LEN 16
#define EPOCH_KEY_LEN 32
#define EPOCH_SUBJECT_MAX 80
#define EPOCH_SEATS_MAX SHAMIR_SHARES_MAX
#define EPOCH_TEXT_MAX ((size_t)48 << 10)

enum epoch_kind { EPOCH_KIND_EPOCH, EPOCH_KIND_PROJECT, EPOCH_KIND_TRIAL };

/* "epoch", "project", "trial"; static.  Another number aborts. */
const char *epoch_kind_name(enum epoch_kind kind);

/* ERR_UNKNOWN for another word. */
enum err epoch_kind_parse(struct bytes name, enum epoch_kind *ret) MUST_USE;

/* What an epoch is about.  `subject` is `survey NAME VERSION`, `register`,
 * `project PROJECT PARTNER`, `memory` (of kind project) or `trial`, and must fit
 * the kind.  Its digest is that of the survey document, of nothing (register,
 * memory, trial), or of the partner's `age1...` string. */
struct epoch_facts {
	enum epoch_kind kind;
	char owner[NAMES_OWNER_LEN + 1];
	uint8_t id[EPOCH_ID_LEN];
	char subject[EPOCH_SUBJECT_MAX + 1];
	uint8_t subject_sha256[DIGEST_LEN];
	int64_t opened_unix_s;          /* its JST day is the epoch's day */
	uint8_t charter_sha256[DIGEST_LEN];
	/* for dealing only, borrowed; NULL: none, and so after parsing */
	const struct epoch_lists *lists;
};

/* Who holds shares: one line of epoch.txt or of an arrangement. */
struct epoch_line {
	char seat[NAMES_WORD_MAX + 1];
	char age[BECH32_RECIPIENT_LEN + 1];
	uint8_t share_sha256[DIGEST_LEN];
};
struct epoch_seats {
	uint8_t charter_sha256[DIGEST_LEN];
	unsigned threshold;
	size_t len;
	struct epoch_line line[EPOCH_SEATS_MAX];
};

/* A parsed epoch.txt without its lists (epoch_lists_parse).  No secrets; copied
 * freely. */
struct epoch {
	struct epoch_facts facts;
	int32_t day;
	uint8_t commitment[DIGEST_LEN];
	struct epoch_seats dealt;
	uint8_t sha256[DIGEST_LEN];     /* of the bytes: epoch-sha256 */
};

/* Parse epoch.txt.  What text_parse returns; ERR_SYNTAX, ERR_RANGE, ERR_UNKNOWN
 * (kind), ERR_DUPLICATE (seat, recipient), ERR_MISMATCH (day and opened,
 * subject and kind, number of lines, lists with another kind), ERR_LIMIT.
 * ${info} may be NULL. */
enum err epoch_parse(struct bytes text, struct epoch *ret,
    struct err_info *info) MUST_USE;

/* The line of a seat; NULL when it has none.  Borrowed from ${seats}. */
const struct epoch_line *epoch_seats_find(const struct epoch_seats *seats,
    const char *seat);

/* A seat that is to receive a share: borrowed strings. */
struct epoch_seat {
	const char *name;
	const char *age;        /* `age1...` */
	const char *spare;      /* `age1...` or NULL */
	uint8_t x;              /* 1-255 */
};

/* The seats of a charter, in its order. */
struct epoch_roster {
	unsigned threshold;
	size_t len;
	struct epoch_seat seat[EPOCH_SEATS_MAX];
};

/* ERR_RANGE (1 <= t <= n <= 16, x), ERR_SYNTAX (name, recipient), ERR_DUPLICATE
 * (name, recipient incl. spares, x).  ${info} (may be NULL) names the seat. */
enum err epoch_roster_check(const struct epoch_roster *roster,
    struct err_info *info) MUST_USE;

/* The outcome of dealing.  A zeroed struct may be released. */
struct epoch_dealt {
	struct buf text;                        /* epoch.txt */
	struct buf file[EPOCH_SEATS_MAX];       /* age files, one per seat */
	size_t len;
	struct epoch epoch;                     /* the text, parsed */
};
void epoch_dealt_release(struct epoch_dealt *d);    /* CLEANUP-able */

/* Split ${ek} (32 bytes) among ${roster}; write epoch.txt and every share's age
 * file; then read the share texts back, interpolate t-subsets (every one where
 * there are at most 120, else t + 8 random ones) and compare with ${ek}.  What
 * epoch_roster_check returns; ERR_SYNTAX or ERR_MISMATCH for facts that do not
 * hold; ERR_CRYPTO when the check of the shares fails.  ${ret} is zeroed or
 * released before; untouched on failure. */
enum err epoch_deal(const struct secret *ek, const struct epoch_facts *facts,
    const struct epoch_roster *roster, struct epoch_dealt *ret,
    struct err_info *info) MUST_USE;

/* key-commitment of ${ek} under these facts. */
void epoch_commit(const uint8_t ek[EPOCH_KEY_LEN],
    const struct epoch_facts *facts, uint8_t ret[DIGEST_LEN]);

/* ERR_MISMATCH unless ${ek} is the key of ${epoch}; constant time. */
enum err epoch_check_key(const struct epoch *epoch,
    const uint8_t ek[EPOCH_KEY_LEN]) MUST_USE;

#endif
