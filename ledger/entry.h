/* ledger/entry.h - what stands in the ledger: one table of all kinds.
 *
 * docs/FORMATS.md section 10 has the same table; a test compares the two.  An
 * entry is a signed text `azukari-entry-KIND v1` with time and owner first and
 * a random nonce last, and holds digests, never personal data: each value's
 * shape is part of the table.
 */
#ifndef AZUKARI_LEDGER_ENTRY_H
#define AZUKARI_LEDGER_ENTRY_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/text.h"

#define ENTRY_NONCE_LEN 16
#define ENTRY_MAX 65535

enum entry_kind {
	ENTRY_GENESIS, ENTRY_OWNER, ENTRY_CHARTER, ENTRY_POLICY,
	ENTRY_WITNESS_POLICY, ENTRY_SURVEY,
	ENTRY_LADDER, ENTRY_CONSENT_TEXT, ENTRY_SOURCE, ENTRY_EPOCH_OPENED,
	ENTRY_EPOCH_CLOSED, ENTRY_REQUEST, ENTRY_PLAN, ENTRY_REFUSAL,
	ENTRY_APPROVAL, ENTRY_SHARE_RELEASE, ENTRY_DENIAL, ENTRY_REVOCATION,
	ENTRY_PLAN_ENDED, ENTRY_EXPORT_STARTED, ENTRY_NOTICE_BOOK,
	ENTRY_RELEASE_RECORD, ENTRY_EXPORTED, ENTRY_DESTRUCTION_DUE,
	ENTRY_BYTE_RELEASE, ENTRY_RELEASED, ENTRY_EXPORT_FAILED,
	ENTRY_FETCHED, ENTRY_RECALL, ENTRY_RECEIPT, ENTRY_DESTRUCTION,
	ENTRY_WITHDRAWAL, ENTRY_ERASURE, ENTRY_COMPACTION,
	ENTRY_NOTICE, ENTRY_NOTICE_APPLIED,
	ENTRY_REIDENT_STARTED, ENTRY_REIDENTIFIED,
	ENTRY_REDERIVE_STARTED, ENTRY_REDERIVED,
	ENTRY_KEY_ROTATION, ENTRY_HANDOVER, ENTRY_REDISTRIBUTION, ENTRY_DRILL,
	ENTRY_ERASURE_ORDER, ENTRY_CONFIGURATION,
	ENTRY_BACKUP, ENTRY_RESTORE,
	ENTRY_KINDS
};

/* grant: takes effect only once logged; stop: at once, the entry is queued. */
enum entry_class {
	ENTRY_GRANT = 1,
	ENTRY_STOP = 2,
};

struct entry_info {
	const char *name;               /* "epoch-opened" */
	enum entry_class class;
	struct text_schema schema;      /* "entry-epoch-opened", all keys */
};

/* A key of a schema as it is written: without the `?` of those that came to a
 * kind later.  An entry has all of these or, where it is older, none. */
const char *entry_key(const char *key);

/* The table's row; ${kind} < ENTRY_KINDS or it aborts. */
const struct entry_info *entry_info(enum entry_kind kind);
/* By name; ERR_UNKNOWN. */
enum err entry_find(struct bytes name, enum entry_kind *ret) MUST_USE;

/* Writing: begin, put the kind's own keys in order, end (which adds the nonce
 * and checks everything).  Failures are remembered and returned by the end. */
struct entry_writer {
	enum entry_kind kind;
	struct text_writer text;
};
/* ${owner} is two digits or NULL for acts of the gateway as a whole.  ${out}
 * (borrowed) is appended to. */
void entry_begin(struct entry_writer *w, enum entry_kind kind, int64_t unix_s,
    const char *owner, struct buf *out);
void entry_put(struct entry_writer *w, const char *key, const char *value);
void entry_put_uint(struct entry_writer *w, const char *key, uint64_t value);
void entry_put_hex(struct entry_writer *w, const char *key, const uint8_t *b,
    size_t len);
/* A missing, misplaced or misshapen value is ERR_SYNTAX, ERR_RANGE, ... with
 * the key in ${info} (may be NULL); ${out} is then cut back. */
enum err entry_end(struct entry_writer *w, struct err_info *info) MUST_USE;

/* Any entry: its kind and its text (caller frees).  ERR_UNKNOWN: no such
 * kind; ERR_UNSUPPORTED: another version; else as text_parse, and ERR_SYNTAX
 * or ERR_RANGE for a value that is not of its key's shape. */
enum err entry_parse(struct bytes bytes, enum entry_kind *ret_kind,
    struct text **ret_text, struct err_info *info) MUST_USE;

/* RFC 6962 leaf hash of an entry. */
void entry_leaf(struct bytes entry, uint8_t ret[32]);

#endif
