/* ledger/entry.c - the kinds of entries, their writer and their parser. */
#include "ledger/entry.h"

#include <string.h>

#include "core/secret.h"
#include "keys/merkle.h"
#include "ledger/decimal.h"
#include "ledger/entry_shape.h"

#define FIRST_LINE "azukari-entry-"
#define VERSION " v1"

#define KEYS(...) \
	(const char *const[]){"time", "owner", __VA_ARGS__, "nonce", NULL}
#define ROW(name, class, ...) \
	{name, class, {"entry-" name, KEYS(__VA_ARGS__)}}

/* docs/FORMATS.md section 10, row by row. */
static const struct entry_info kinds[ENTRY_KINDS] = {
	[ENTRY_GENESIS] = ROW("genesis", ENTRY_GRANT,
	    "origin", "gateway-key", "ledger-key"),
	[ENTRY_OWNER] = ROW("owner", ENTRY_GRANT, "owner-name"),
	[ENTRY_CHARTER] = ROW("charter", ENTRY_GRANT,
	    "version", "charter-sha256", "previous", "?threshold", "?seats"),
	[ENTRY_POLICY] = ROW("policy", ENTRY_GRANT,
	    "version", "policy-sha256", "previous"),
	[ENTRY_WITNESS_POLICY] = ROW("witness-policy", ENTRY_GRANT,
	    "policy-sha256", "witness-policy-sha256"),
	[ENTRY_SURVEY] = ROW("survey", ENTRY_GRANT,
	    "survey", "survey-sha256"),
	[ENTRY_LADDER] = ROW("ladder", ENTRY_GRANT,
	    "ladder", "ladder-sha256"),
	[ENTRY_CONSENT_TEXT] = ROW("consent-text", ENTRY_GRANT,
	    "text-sha256"),
	[ENTRY_SOURCE] = ROW("source", ENTRY_GRANT,
	    "source", "namespace-sha256"),
	[ENTRY_EPOCH_OPENED] = ROW("epoch-opened", ENTRY_GRANT,
	    "epoch", "epoch-sha256", "epoch-kind"),
	[ENTRY_EPOCH_CLOSED] = ROW("epoch-closed", ENTRY_STOP,
	    "epoch", "epoch-sha256", "records", "root"),
	[ENTRY_REQUEST] = ROW("request", ENTRY_GRANT,
	    "request-sha256", "request-sig-sha256", "partner"),
	[ENTRY_PLAN] = ROW("plan", ENTRY_GRANT,
	    "plan", "plan-sha256", "export", "plan-recipient", "?act",
	    "?request-sha256", "?policy-sha256", "?charter-sha256",
	    "?threshold", "?denial-rule", "?byte-release", "?expires"),
	[ENTRY_REFUSAL] = ROW("refusal", ENTRY_STOP,
	    "request-sha256", "policy-sha256"),
	[ENTRY_APPROVAL] = ROW("approval", ENTRY_GRANT,
	    "plan-sha256", "seat", "approval-sha256", "sig-sha256"),
	[ENTRY_SHARE_RELEASE] = ROW("share-release", ENTRY_GRANT,
	    "plan-sha256", "seat", "release-sha256", "sig-sha256"),
	[ENTRY_DENIAL] = ROW("denial", ENTRY_STOP,
	    "plan-sha256", "seat", "text-sha256", "sig-sha256"),
	[ENTRY_REVOCATION] = ROW("revocation", ENTRY_STOP,
	    "plan-sha256", "seat", "text-sha256", "sig-sha256"),
	[ENTRY_PLAN_ENDED] = ROW("plan-ended", ENTRY_STOP,
	    "plan-sha256", "why"),
	[ENTRY_EXPORT_STARTED] = ROW("export-started", ENTRY_GRANT,
	    "export", "plan-sha256"),
	[ENTRY_NOTICE_BOOK] = ROW("notice-book", ENTRY_GRANT,
	    "export", "notice-book-sha256"),
	[ENTRY_RELEASE_RECORD] = ROW("release-record", ENTRY_GRANT,
	    "export", "record-sha256"),
	[ENTRY_EXPORTED] = ROW("exported", ENTRY_GRANT,
	    "export", "plan-sha256", "sha256sums-sha256", "consent-root",
	    "notice-book-sha256"),
	[ENTRY_BYTE_RELEASE] = ROW("byte-release", ENTRY_GRANT,
	    "export", "sha256sums-sha256", "seat", "sig-sha256"),
	[ENTRY_DESTRUCTION_DUE] = ROW("destruction-due", ENTRY_GRANT,
	    "export", "until"),
	[ENTRY_RELEASED] = ROW("released", ENTRY_GRANT,
	    "export", "sha256sums-sha256"),
	[ENTRY_EXPORT_FAILED] = ROW("export-failed", ENTRY_STOP,
	    "export", "plan-sha256", "why"),
	[ENTRY_FETCHED] = ROW("fetched", ENTRY_GRANT,
	    "export", "sha256sums-sha256", "partner", "first-byte"),
	[ENTRY_RECALL] = ROW("recall", ENTRY_STOP,
	    "export", "sha256sums-sha256"),
	[ENTRY_RECEIPT] = ROW("receipt", ENTRY_STOP,
	    "export", "text-sha256", "sig-sha256"),
	[ENTRY_DESTRUCTION] = ROW("destruction", ENTRY_STOP,
	    "export", "text-sha256", "sig-sha256"),
	[ENTRY_WITHDRAWAL] = ROW("withdrawal", ENTRY_STOP, "batch"),
	[ENTRY_ERASURE] = ROW("erasure", ENTRY_STOP,
	    "batch", "erase-generation"),
	[ENTRY_COMPACTION] = ROW("compaction", ENTRY_STOP,
	    "erase-generation", "records"),
	[ENTRY_NOTICE] = ROW("notice", ENTRY_STOP,
	    "partner", "number", "notice-sha256"),
	[ENTRY_NOTICE_APPLIED] = ROW("notice-applied", ENTRY_STOP,
	    "partner", "notice-sha256", "text-sha256"),
	[ENTRY_REIDENT_STARTED] = ROW("reident-started", ENTRY_GRANT,
	    "export", "plan-sha256", "pseudonyms-sha256"),
	[ENTRY_REIDENTIFIED] = ROW("reidentified", ENTRY_STOP,
	    "export", "plan-sha256", "answer-sha256"),
	[ENTRY_REDERIVE_STARTED] = ROW("rederive-started", ENTRY_GRANT,
	    "export", "plan-sha256"),
	[ENTRY_REDERIVED] = ROW("rederived", ENTRY_STOP,
	    "export", "plan-sha256", "what", "tagmanifest-sha256"),
	[ENTRY_KEY_ROTATION] = ROW("key-rotation", ENTRY_STOP,
	    "what", "generation"),
	[ENTRY_HANDOVER] = ROW("handover", ENTRY_GRANT,
	    "seat", "old-charter-sha256", "new-charter-sha256",
	    "shares-sha256"),
	[ENTRY_REDISTRIBUTION] = ROW("redistribution", ENTRY_GRANT,
	    "old-charter-sha256", "new-charter-sha256",
	    "arrangements-sha256"),
	[ENTRY_DRILL] = ROW("drill", ENTRY_STOP,
	    "seat", "drill-sha256", "sig-sha256"),
	[ENTRY_ERASURE_ORDER] = ROW("erasure-order", ENTRY_STOP,
	    "text-sha256"),
	[ENTRY_CONFIGURATION] = ROW("configuration", ENTRY_STOP,
	    "what", "configuration-sha256"),
	[ENTRY_BACKUP] = ROW("backup", ENTRY_STOP, "what"),
	[ENTRY_RESTORE] = ROW("restore", ENTRY_STOP, "what"),
};

/* The only words with which a plan ends. */
static const char *const plan_ends[] = {
	"expired", "denied", "revoked", "abandoned",
};

const struct entry_info *
entry_info(enum entry_kind kind)
{
	MUST_HOLD((unsigned)kind < ENTRY_KINDS);
	return &kinds[kind];
}

const char *
entry_key(const char *key)
{
	return key[0] == '?' ? key + 1 : key;
}

enum err
entry_find(struct bytes name, enum entry_kind *ret)
{
	size_t i;

	for (i = 0; i < ENTRY_KINDS; i++)
		if (bytes_equal(name, bytes_str(kinds[i].name))) {
			*ret = (enum entry_kind)i;
			return ERR_OK;
		}
	return ERR_UNKNOWN;
}

void
entry_begin(struct entry_writer *w, enum entry_kind kind, int64_t unix_s,
    const char *owner, struct buf *out)
{
	w->kind = kind;
	text_begin(&w->text, &entry_info(kind)->schema, out);
	text_put_time(&w->text, "time", unix_s);
	text_put(&w->text, "owner", owner != NULL ? owner : "-");
}

void
entry_put(struct entry_writer *w, const char *key, const char *value)
{
	text_put(&w->text, key, value);
}

void
entry_put_uint(struct entry_writer *w, const char *key, uint64_t value)
{
	text_put_uint(&w->text, key, value);
}

void
entry_put_hex(struct entry_writer *w, const char *key, const uint8_t *b,
    size_t len)
{
	text_put_hex(&w->text, key, b, len);
}

static enum err
check_plan_end(const struct text *t, struct err_info *info)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(plan_ends); i++)
		if (strcmp(text_get(t, "why"), plan_ends[i]) == 0)
			return ERR_OK;
	return err_at(info, ERR_RANGE, 0, "no such end of a plan");
}

/* A charter's threshold is one that its seats can reach. */
static enum err
check_charter(const struct text *t, struct err_info *info)
{
	const char *threshold = text_get(t, "threshold");
	struct bytes rest, item;
	uint64_t seats = 0, want = 0;

	if (threshold == NULL)
		return ERR_OK;
	rest = bytes_str(text_get(t, "seats"));
	while (text_list_next(&rest, &item))
		seats++;
	RETURN_IF(decimal_parse(bytes_str(threshold), UINT64_MAX, &want));
	return want <= seats ? ERR_OK : err_at(info, ERR_RANGE, 0,
	    "charter: fewer seats than its threshold");
}

static enum err
check_shapes(const struct text *t, enum entry_kind kind,
    struct err_info *info)
{
	const char *const *key;
	unsigned later = 0, given = 0;

	for (key = kinds[kind].schema.keys; *key != NULL; key++) {
		const char *name = entry_key(*key);
		const char *value = text_get(t, name);

		later += name != *key;
		given += name != *key && value != NULL;
		if (value != NULL &&
		    entry_shape_check(name, value) != ERR_OK)
			return err_at(info, ERR_RANGE, 0,
			    "%s: this is no %s", kinds[kind].name, name);
	}
	if (given != 0 && given != later)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: some of its terms are missing", kinds[kind].name);
	if (kind == ENTRY_CHARTER)
		return check_charter(t, info);
	return kind == ENTRY_PLAN_ENDED ? check_plan_end(t, info) : ERR_OK;
}

/* `azukari-entry-KIND v1` -> KIND */
static enum err
parse_kind(struct bytes bytes, enum entry_kind *ret, struct err_info *info)
{
	const size_t before = strlen(FIRST_LINE), behind = strlen(VERSION);
	struct bytes line;
	const uint8_t *space;
	size_t len;

	if (bytes_take_line(&bytes, &line) != ERR_OK || line.len < before ||
	    memcmp(line.data, FIRST_LINE, before) != 0)
		return err_at(info, ERR_SYNTAX, 1, "not a ledger entry");
	line.data += before;
	line.len -= before;
	if ((space = memchr(line.data, ' ', line.len)) == NULL)
		return err_at(info, ERR_SYNTAX, 1, "not a ledger entry");
	len = (size_t)(space - line.data);
	if (line.len - len != behind || memcmp(space, VERSION, behind) != 0)
		return err_at(info, ERR_UNSUPPORTED, 1,
		    "an entry of another version");
	if (entry_find(bytes_of(line.data, len), ret) != ERR_OK)
		return err_at(info, ERR_UNKNOWN, 1, "no such kind of entry");
	return ERR_OK;
}

enum err
entry_parse(struct bytes bytes, enum entry_kind *ret_kind,
    struct text **ret_text, struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	enum entry_kind kind;

	if (bytes.len > ENTRY_MAX)
		return err_at(info, ERR_LIMIT, 0, "an entry is too long");
	RETURN_IF(parse_kind(bytes, &kind, info));
	RETURN_IF(text_parse(bytes, &kinds[kind].schema, &t, info));
	RETURN_IF(check_shapes(t, kind, info));
	*ret_kind = kind;
	*ret_text = TAKE(t);
	return ERR_OK;
}

/* What was written must read back as an entry of that kind. */
static enum err
read_back(const struct entry_writer *w, size_t start, struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	enum entry_kind kind;

	RETURN_IF(entry_parse(bytes_of(w->text.out->data + start,
	    w->text.out->len - start), &kind, &t, info));
	MUST_HOLD(kind == w->kind);
	return ERR_OK;
}

enum err
entry_end(struct entry_writer *w, struct err_info *info)
{
	uint8_t nonce[ENTRY_NONCE_LEN];
	size_t start = w->text.start;
	enum err e;

	secret_random(nonce, sizeof(nonce));
	text_put_hex(&w->text, "nonce", nonce, sizeof(nonce));
	RETURN_IF(text_end(&w->text, info));
	if ((e = read_back(w, start, info)) != ERR_OK) {
		w->text.out->len = start;
		w->text.out->data[start] = '\0';
	}
	return e;
}

void
entry_leaf(struct bytes entry, uint8_t ret[32])
{
	merkle_leaf(entry, ret);
}
