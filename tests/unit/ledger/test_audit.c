/* A good ledger has no findings; for every rule there is a ledger that breaks
 * it, and only it. */
#include "tests/unit/ledger/ledger_test.h"

#include "core/encode.h"
#include "keys/merkle.h"
#include "ledger/audit.h"
#include "ledger/entry.h"

#define ORIGIN "ledger.example/azukari"
#define GATEWAY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwN" \
	"Dg8QERITFBUWFxgZGhscHR4f"
#define AGE_2 "age1ky3qtvq3ehmk55s3ee9u2pnvghls68j2zx7858jt32rm43pp2vvsw03hqp"
#define AGE_1 "age1m52qm0yx2e045g2pnwqqlmk62ng7ck9hw6wm0hmj93enk7dr9a4szetxzf"

static unsigned two(void *ctx, const char *charter, size_t *ret_seats);
static const struct audit_facts threshold_two = {.charter = two};

static unsigned
two(void *ctx, const char *charter, size_t *ret_seats)
{
	(void)ctx;
	assert_int_equal(strlen(charter), 64);
	*ret_seats = 3;
	return 2;
}

/* ${hex2} as the end of a run of zeros: digests, epochs, batches. */
#define ZEROS_30 "000000000000000000000000000000"
#define E(hex2) ZEROS_30 hex2
#define D(hex2) ZEROS_30 ZEROS_30 "00" hex2
#define B(hex2) "00000000000000" hex2

/* Lines of ledgers: kind, owner, then pairs of key and value. */
struct line {
	enum entry_kind kind;
	const char *owner;
	const char *pairs[26];
};

#define PLAN_1A ENTRY_PLAN, "14", {"plan", "PLAN-2026-0001", \
	"plan-sha256", D("1a"), "export", "EXP-2026-0001", \
	"plan-recipient", AGE_1}
#define VOTE(kind, seat) kind, "14", {"plan-sha256", D("1a"), "seat", seat, \
	kind == ENTRY_APPROVAL ? "approval-sha256" : \
	kind == ENTRY_SHARE_RELEASE ? "release-sha256" : "text-sha256", \
	D("22"), "sig-sha256", D("23")}
#define STARTED ENTRY_EXPORT_STARTED, "14", {"export", "EXP-2026-0001", \
	"plan-sha256", D("1a")}
#define EXPORTED(sums) ENTRY_EXPORTED, "14", {"export", "EXP-2026-0001", \
	"plan-sha256", D("1a"), "sha256sums-sha256", sums, "consent-root", \
	D("31"), "notice-book-sha256", D("32")}
#define BOOK(export, digest) ENTRY_NOTICE_BOOK, "14", {"export", export, \
	"notice-book-sha256", digest}
#define RECORD ENTRY_RELEASE_RECORD, "14", {"export", "EXP-2026-0001", \
	"record-sha256", D("36")}
#define DUE ENTRY_DESTRUCTION_DUE, "14", {"export", "EXP-2026-0001", \
	"until", "2029-03-31"}
#define PRINT "SHA256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define TERMS(version, digest, previous, t, seats_) ENTRY_CHARTER, "14", \
	{"version", version, "charter-sha256", digest, "previous", previous, \
	"threshold", t, "seats", seats_}
#define STATED(act_, charter, t, denial, bytes) ENTRY_PLAN, "14", \
	{"plan", "PLAN-2026-0001", "plan-sha256", D("1a"), "export", \
	"EXP-2026-0001", "plan-recipient", AGE_1, "act", act_, \
	"request-sha256", D("06"), "policy-sha256", D("02"), \
	"charter-sha256", charter, "threshold", t, "denial-rule", denial, \
	"byte-release", bytes, "expires", "2026-12-22T08:00:00Z"}
#define RELEASED(sums) ENTRY_RELEASED, "14", {"export", "EXP-2026-0001", \
	"sha256sums-sha256", sums}
#define BYTES(seat, sums) ENTRY_BYTE_RELEASE, "14", {"export", \
	"EXP-2026-0001", "sha256sums-sha256", sums, "seat", seat, \
	"sig-sha256", D("35")}
#define FAILED ENTRY_EXPORT_FAILED, "14", {"export", "EXP-2026-0001", \
	"plan-sha256", D("1a"), "why", "withdrawn"}
#define ENDED ENTRY_PLAN_ENDED, "14", {"plan-sha256", D("1a"), \
	"why", "expired"}
#define PLAN_1B ENTRY_PLAN, "14", {"plan", "PLAN-2026-0002", \
	"plan-sha256", D("1b"), "export", "EXP-2026-0002", \
	"plan-recipient", AGE_2}
#define VOTE_1B(kind, seat) kind, "14", {"plan-sha256", D("1b"), "seat", \
	seat, kind == ENTRY_APPROVAL ? "approval-sha256" : \
	kind == ENTRY_SHARE_RELEASE ? "release-sha256" : "text-sha256", \
	D("24"), "sig-sha256", D("25")}
#define ENDED_1B ENTRY_PLAN_ENDED, "14", {"plan-sha256", D("1b"), \
	"why", "expired"}
#define AGAIN(export) ENTRY_REDERIVE_STARTED, "14", {"export", export, \
	"plan-sha256", D("1b")}
#define CAME(export) ENTRY_REDERIVED, "14", {"export", export, \
	"plan-sha256", D("1b"), "what", "equal", "tagmanifest-sha256", D("26")}
#define REIDENT(export) ENTRY_REIDENT_STARTED, "14", {"export", export, \
	"plan-sha256", D("1b"), "pseudonyms-sha256", D("27")}
#define FOUND(export) ENTRY_REIDENTIFIED, "14", {"export", export, \
	"plan-sha256", D("1b"), "answer-sha256", D("28")}
#define STARTED_1B ENTRY_EXPORT_STARTED, "14", {"export", "EXP-2026-0002", \
	"plan-sha256", D("1b")}
#define EXPORTED_1B ENTRY_EXPORTED, "14", {"export", "EXP-2026-0002", \
	"plan-sha256", D("1b"), "sha256sums-sha256", D("34"), \
	"consent-root", D("31"), "notice-book-sha256", D("32")}
#define RECALL(sums) ENTRY_RECALL, "14", {"export", "EXP-2026-0001", \
	"sha256sums-sha256", sums}
#define FETCHED(sums) ENTRY_FETCHED, "14", {"export", "EXP-2026-0001", \
	"sha256sums-sha256", sums, "partner", "keio", "first-byte", "0"}
#define TEXT_OF(kind) kind, "14", {"export", "EXP-2026-0001", \
	"text-sha256", D("41"), "sig-sha256", D("42")}
#define OWNER ENTRY_OWNER, "14", {"owner-name", "Kanagawa"}
#define CHARTER(version, digest, previous) ENTRY_CHARTER, "14", \
	{"version", version, "charter-sha256", digest, "previous", previous}
#define POLICY(version, digest, previous) ENTRY_POLICY, "14", \
	{"version", version, "policy-sha256", digest, "previous", previous}
#define OPENED(epoch, kind) ENTRY_EPOCH_OPENED, "14", {"epoch", epoch, \
	"epoch-sha256", D("51"), "epoch-kind", kind}
#define CLOSED(epoch, digest) ENTRY_EPOCH_CLOSED, "14", {"epoch", epoch, \
	"epoch-sha256", digest, "records", "7", "root", D("52")}
#define NOTICE(number, digest) ENTRY_NOTICE, "14", {"partner", "keio", \
	"number", number, "notice-sha256", digest}

/* Everything once, in the order of a real year. */
static const struct line good_begin[] = {
	{OWNER}, {OPENED(E("01"), "trial")}, {CHARTER("1", D("01"), "-")},
	{POLICY("1", D("02"), "-")},
	{ENTRY_SURVEY, "14", {"survey", "corona 1", "survey-sha256", D("03")}},
	{ENTRY_CONSENT_TEXT, "14", {"text-sha256", D("04")}},
	{ENTRY_SOURCE, "14", {"source", "line", "namespace-sha256", D("05")}},
	{OPENED(E("02"), "epoch")}, {CLOSED(E("02"), D("51"))},
	{ENTRY_REQUEST, "14", {"request-sha256", D("06"),
	    "request-sig-sha256", D("07"), "partner", "keio"}},
};
static const struct line good_plan[] = {
	{PLAN_1A}, {VOTE(ENTRY_APPROVAL, "a")}, {VOTE(ENTRY_APPROVAL, "b")},
	{VOTE(ENTRY_SHARE_RELEASE, "b")}, {VOTE(ENTRY_SHARE_RELEASE, "a")},
};
static const struct line good_end[] = {
	{STARTED}, {EXPORTED(D("33"))}, {FAILED}, {STARTED},
	{EXPORTED(D("34"))}, {RELEASED(D("34"))}, {ENDED},
	{FETCHED(D("34"))}, {TEXT_OF(ENTRY_RECEIPT)},
	{ENTRY_WITHDRAWAL, "14", {"batch", B("01")}},
	{NOTICE("1", D("61"))},
	{ENTRY_ERASURE, "14", {"batch", B("01"), "erase-generation", "2"}},
	{ENTRY_KEY_ROTATION, "14", {"what", "erase", "generation", "2"}},
	{NOTICE("2", D("62"))},
	{ENTRY_NOTICE_APPLIED, "14", {"partner", "keio", "notice-sha256",
	    D("61"), "text-sha256", D("63")}},
	{VOTE(ENTRY_REVOCATION, "a")}, {RECALL(D("34"))},
	{TEXT_OF(ENTRY_DESTRUCTION)},
	{CHARTER("2", D("08"), D("01"))},
	{ENTRY_HANDOVER, "14", {"seat", "a", "old-charter-sha256", D("01"),
	    "new-charter-sha256", D("08"), "shares-sha256", D("09")}},
	{ENTRY_REDISTRIBUTION, "14", {"old-charter-sha256", D("01"),
	    "new-charter-sha256", D("08"), "arrangements-sha256", D("09")}},
	{ENTRY_DRILL, "14", {"seat", "a", "drill-sha256", D("71"),
	    "sig-sha256", D("72")}},
	{ENTRY_COMPACTION, "14", {"erase-generation", "2", "records", "1"}},
	{ENTRY_ERASURE_ORDER, "14", {"text-sha256", D("73")}},
	{ENTRY_WITHDRAWAL, "14", {"batch", B("02")}},
	{ENTRY_ERASURE, "14", {"batch", B("02"), "erase-generation", "3"}},
	{ENTRY_KEY_ROTATION, "14", {"what", "erase", "generation", "3"}},
	{ENTRY_REFUSAL, "14", {"request-sha256", D("06"), "policy-sha256",
	    D("02")}},
	{ENTRY_CONFIGURATION, "-", {"what", "service",
	    "configuration-sha256", D("74")}},
	{ENTRY_CONFIGURATION, "14", {"what", "line-line",
	    "configuration-sha256", D("74")}},
	{ENTRY_CONFIGURATION, "-", {"what", "service",
	    "configuration-sha256", D("75")}},
	{ENTRY_CONFIGURATION, "-", {"what", "service",
	    "configuration-sha256", D("74")}},
	{ENTRY_BACKUP, "-", {"what", "gateway"}},
	{ENTRY_RESTORE, "-", {"what", "gateway"}},
};

struct builder {
	struct audit *audit;
	struct merkle_range range;
	uint64_t last;          /* index of the last line given */
	int no_books;           /* do not add notice books to exports */
};

static void
add_bytes(struct builder *b, struct bytes entry)
{
	uint8_t leaf[MERKLE_HASH_LEN];

	merkle_leaf(entry, leaf);
	b->last = b->range.size;
	merkle_range_add(&b->range, leaf);
	assert_ok(audit_add(b->audit, entry));
}

static void
put_line(struct builder *b, const struct line *l)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct err_info info = {.line = 0};
	struct entry_writer w;
	size_t i;

	entry_begin(&w, l->kind, 1795334400,
	    strcmp(l->owner, "-") == 0 ? NULL : l->owner, &out);
	for (i = 0; i < ARRAY_LEN(l->pairs) && l->pairs[i] != NULL; i += 2)
		entry_put(&w, l->pairs[i], l->pairs[i + 1]);
	if (entry_end(&w, &info) != ERR_OK)
		fail_msg("%s", info.message);
	add_bytes(b, bytes_buf(&out));
}

/* Every export makes its notice book once it has started. */
static void
add_line(struct builder *b, const struct line *l)
{
	struct line book = {BOOK("EXP-2026-0001", D("32"))};
	uint64_t last;

	put_line(b, l);
	if (l->kind != ENTRY_EXPORT_STARTED || b->no_books)
		return;
	last = b->last;
	if (strcmp(l->pairs[3], D("1b")) == 0)
		book.pairs[1] = "EXP-2026-0002";
	put_line(b, &book);
	b->last = last;
}

static void
add_lines(struct builder *b, const struct line *lines, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		add_line(b, &lines[i]);
}

static void
add_genesis(struct builder *b, const char *origin)
{
	static const uint8_t raw[NOTE_KEY_PUBLIC_MAX] = {7};
	CLEANUP(buf_release) struct buf vkey = {0};
	struct note_key key;
	struct line l = {ENTRY_GENESIS, "-", {"origin", origin,
	    "gateway-key", GATEWAY, "ledger-key", NULL}};

	assert_ok(note_key_init(origin, NOTE_KEY_ED25519, raw, &key));
	assert_ok(note_key_write(&key, &vkey));
	l.pairs[5] = buf_text(&vkey);
	add_line(b, &l);
}

static void
begin(struct builder *b, const struct audit_facts *facts)
{
	memset(b, 0, sizeof(*b));
	assert_ok(audit_new(facts, &b->audit));
	add_genesis(b, ORIGIN);
	add_lines(b, good_begin, ARRAY_LEN(good_begin));
}

static struct checkpoint
checkpoint_of(const struct builder *b)
{
	struct checkpoint cp = {.origin = ORIGIN, .size = b->range.size};

	merkle_range_root(&b->range, cp.root);
	return cp;
}

/* Rules that broke, as one text: "approval-once plan-alive ". */
static void
broken(const struct audit *a, char *ret, size_t max)
{
	size_t i, len = 0;

	ret[0] = '\0';
	for (i = 0; i < audit_findings(a); i++)
		len += (size_t)snprintf(ret + len, max - len, "%s ",
		    audit_finding(a, i)->rule->name);
}

static char rules_broken[16384];

/* The findings are exactly ${want}, at the last entry but for those given. */
static void
expect(struct builder *b, const char *want)
{
	struct checkpoint cp = checkpoint_of(b);
	char got[512];

	assert_ok(audit_finish(b->audit, &cp));
	broken(b->audit, got, sizeof(got));
	assert_string_equal(got, want);
	if (want[0] != '\0') {
		const struct audit_finding *f = audit_finding(b->audit,
		    audit_findings(b->audit) - 1);

		assert_true(f->index == b->last);
		assert_true(f->kind[0] != '\0');
	}
	assert_true(strlen(rules_broken) + strlen(got) + 1 <
	    sizeof(rules_broken));
	memcpy(rules_broken + strlen(rules_broken), got, strlen(got) + 1);
	audit_free(b->audit);
}

static void
a_good_ledger_has_no_findings(void **state)
{
	static const struct audit_facts *const facts[] = {
		NULL, &threshold_two,
	};
	struct builder b;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(facts); i++) {
		begin(&b, facts[i]);
		add_lines(&b, good_plan, ARRAY_LEN(good_plan));
		add_lines(&b, good_end, ARRAY_LEN(good_end));
		assert_true(audit_size(b.audit) == b.range.size);
		expect(&b, "");
	}
}

/* A scenario: the beginning, the plan up to ${plan} lines, then ${more}; the
 * last of them breaks the rules. */
struct scenario {
	const char *want;
	size_t plan;
	struct line more[6];
};

#define ALL_OF_PLAN ARRAY_LEN(good_plan)

static const struct scenario scenarios[] = {
	{"owner-known ", 0, {{ENTRY_CONSENT_TEXT, "13",
	    {"text-sha256", D("04")}}}},
	{"owner-once ", 0, {{OWNER}}},
	{"owner-once ", 0, {{ENTRY_OWNER, "-", {"owner-name", "Nobody"}}}},
	{"version-chain ", 0, {{CHARTER("1", D("77"), "-")}}},
	{"version-chain ", 0, {{CHARTER("3", D("77"), D("01"))}}},
	{"version-chain ", 0, {{CHARTER("2", D("77"), D("02"))}}},
	{"version-chain ", 0, {{POLICY("2", D("77"), "-")}}},
	{"", 0, {{POLICY("2", D("77"), D("02"))}}},
	{"epoch-fresh ", 0, {{OPENED(E("02"), "epoch")}}},
	{"epoch-open ", 0, {{CLOSED(E("03"), D("51"))}}},
	{"epoch-open ", 0, {{CLOSED(E("02"), D("51"))}}},
	{"epoch-open ", 0, {{OPENED(E("04"), "epoch")},
	    {CLOSED(E("04"), D("53"))}}},
	{"whose-act ", 0, {{ENTRY_BACKUP, "14", {"what", "gateway"}}}},
	{"whose-act ", 0, {{ENTRY_RESTORE, "14", {"what", "gateway"}}}},
	{"whose-act ", 0, {{ENTRY_WITHDRAWAL, "-", {"batch", B("07")}}}},
	{"whose-act ", 0, {{ENTRY_CONFIGURATION, "-", {"what", "line-line",
	    "configuration-sha256", D("74")}}}},
	{"whose-act ", 0, {{ENTRY_CONFIGURATION, "14", {"what", "service",
	    "configuration-sha256", D("74")}}}},
	{"configuration-changes ", 0, {{ENTRY_CONFIGURATION, "-", {"what",
	    "service", "configuration-sha256", D("74")}},
	    {ENTRY_CONFIGURATION, "-", {"what", "service",
	    "configuration-sha256", D("74")}}}},
	{"entered-once ", 0, {{ENTRY_SURVEY, "14", {"survey", "corona 1",
	    "survey-sha256", D("77")}}}},
	{"entered-once ", 0, {{ENTRY_LADDER, "14", {"ladder", "age",
	    "ladder-sha256", D("77")}}, {ENTRY_LADDER, "14", {"ladder", "age",
	    "ladder-sha256", D("77")}}}},
	{"entered-once ", 0, {{ENTRY_CONSENT_TEXT, "14", {"text-sha256",
	    D("04")}}}},
	{"entered-once ", 0, {{ENTRY_SOURCE, "14", {"source", "line",
	    "namespace-sha256", D("77")}}}},
	{"entered-once ", 0, {{ENTRY_REQUEST, "14", {"request-sha256",
	    D("06"), "request-sig-sha256", D("77"), "partner", "keio"}}}},
	{"entered-once ", 0, {{ENTRY_WITHDRAWAL, "14", {"batch", B("01")}},
	    {ENTRY_WITHDRAWAL, "14", {"batch", B("01")}}}},
	{"entered-once ", 0, {{ENTRY_ERASURE_ORDER, "14", {"text-sha256",
	    D("73")}}, {ENTRY_ERASURE_ORDER, "14", {"text-sha256",
	    D("73")}}}},
	{"request-known ", 0, {{ENTRY_REFUSAL, "14", {"request-sha256",
	    D("77"), "policy-sha256", D("02")}}}},
	{"generation-grows ", 0, {{ENTRY_KEY_ROTATION, "14", {"what", "erase",
	    "generation", "2"}}, {ENTRY_KEY_ROTATION, "14", {"what", "erase",
	    "generation", "2"}}}},
	{"", 0, {{ENTRY_KEY_ROTATION, "14", {"what", "erase", "generation",
	    "2"}}, {ENTRY_KEY_ROTATION, "14", {"what", "line-a", "generation",
	    "1"}}}},
	{"generation-grows ", 0, {{ENTRY_WITHDRAWAL, "14", {"batch",
	    B("01")}}, {ENTRY_ERASURE, "14", {"batch", B("01"),
	    "erase-generation", "4"}}, {ENTRY_ERASURE, "14", {"batch",
	    B("01"), "erase-generation", "3"}}}},
	{"compaction-of-erasure ", 0, {{ENTRY_WITHDRAWAL, "14", {"batch",
	    B("01")}}, {ENTRY_ERASURE, "14", {"batch", B("01"),
	    "erase-generation", "4"}}, {ENTRY_COMPACTION, "14",
	    {"erase-generation", "5", "records", "1"}}}},
	{"plan-ends-once ", 1, {{ENDED}, {ENDED}}},
	{"made-while-running ", ALL_OF_PLAN, {{BOOK("EXP-2026-0001",
	    D("32"))}}},
	{"made-while-running ", ALL_OF_PLAN, {{STARTED}, {RECORD},
	    {EXPORTED(D("34"))}, {RELEASED(D("34"))}, {RECORD}}},
	{"", ALL_OF_PLAN, {{STARTED}, {VOTE(ENTRY_REVOCATION, "a")}, {FAILED},
	    {ENDED}, {RECORD}}},
	{"plan-known ", 0, {{RECORD}}},
	{"book-of-export ", ALL_OF_PLAN, {{STARTED}, {BOOK("EXP-2026-0001",
	    D("33"))}, {EXPORTED(D("34"))}}},
	{"due-after-exported ", ALL_OF_PLAN, {{STARTED}, {DUE}}},
	{"due-once ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))}, {DUE},
	    {RELEASED(D("34"))}, {DUE}}},
	{"plan-fresh ", 1, {{PLAN_1A}}},
	{"plan-fresh ", 1, {{ENTRY_PLAN, "14", {"plan", "PLAN-2026-0002",
	    "plan-sha256", D("1b"), "export", "EXP-2026-0002",
	    "plan-recipient", AGE_1}}}},
	{"plan-known ", 0, {{VOTE(ENTRY_DENIAL, "a")}}},
	{"plan-known ", 0, {{ENDED}}},
	{"plan-known ", 0, {{RELEASED(D("34"))}}},
	{"plan-known ", 0, {{STARTED}}},
	{"plan-known ", 0, {{VOTE(ENTRY_APPROVAL, "a")}}},
	{"plan-known ", 0, {{TEXT_OF(ENTRY_RECEIPT)}}},
	{"plan-alive ", 2, {{ENDED}, {VOTE(ENTRY_APPROVAL, "b")}}},
	{"plan-alive ", 4, {{ENDED}, {VOTE(ENTRY_SHARE_RELEASE, "a")}}},
	{"plan-alive ", ALL_OF_PLAN, {{ENDED}, {STARTED}}},
	{"approval-once ", 3, {{VOTE(ENTRY_APPROVAL, "a")}}},
	{"release-approved ", 2, {{VOTE(ENTRY_SHARE_RELEASE, "a")}}},
	{"release-approved ", 3, {{VOTE(ENTRY_SHARE_RELEASE, "c")}}},
	{"release-approved ", 3, {{VOTE(ENTRY_REVOCATION, "b")},
	    {VOTE(ENTRY_SHARE_RELEASE, "a")}}},
	{"start-approved ", 4, {{STARTED}}},
	{"start-approved not-after-recall ", 1, {{STARTED}}},
	{"start-approved not-after-recall ", ALL_OF_PLAN,
	    {{VOTE(ENTRY_REVOCATION, "a")}, {STARTED}}},
	{"start-once ", ALL_OF_PLAN, {{STARTED}, {STARTED}}},
	{"start-once ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {STARTED}}},
	{"of-released ", ALL_OF_PLAN, {{ENTRY_REDERIVE_STARTED, "14",
	    {"export", "EXP-2026-0001", "plan-sha256", D("1a")}}}},
	{"export-of-plan ", ALL_OF_PLAN, {{ENTRY_EXPORT_STARTED, "14",
	    {"export", "EXP-2026-0009", "plan-sha256", D("1a")}}}},
	{"exported-after-started ", ALL_OF_PLAN, {{EXPORTED(D("34"))}}},
	{"exported-after-started ", ALL_OF_PLAN, {{STARTED},
	    {EXPORTED(D("34"))}, {EXPORTED(D("35"))}}},
	{"exported-after-started ", ALL_OF_PLAN, {{STARTED}, {FAILED},
	    {EXPORTED(D("34"))}}},
	{"failed-after-started ", ALL_OF_PLAN, {{FAILED}}},
	{"failed-after-started ", ALL_OF_PLAN, {{STARTED},
	    {EXPORTED(D("34"))}, {RELEASED(D("34"))}, {FAILED}}},
	{"released-after-exported ", ALL_OF_PLAN, {{STARTED},
	    {RELEASED(D("34"))}}},
	{"released-after-exported ", ALL_OF_PLAN, {{STARTED},
	    {EXPORTED(D("34"))}, {RELEASED(D("34"))}, {RELEASED(D("34"))}}},
	{"byte-release-exported ", ALL_OF_PLAN, {{STARTED},
	    {BYTES("a", D("34"))}}},
	{"byte-release-once ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {BYTES("a", D("34"))}, {BYTES("a", D("34"))}}},
	{"released-by-seats ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {BYTES("a", D("34"))}, {RELEASED(D("34"))}}},
	{"same-bundle ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {BYTES("a", D("35"))}}},
	{"same-bundle ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {RELEASED(D("35"))}}},
	{"same-bundle ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {RECALL(D("35"))}}},
	{"recall-after-exported ", ALL_OF_PLAN, {{STARTED},
	    {RECALL(D("34"))}}},
	{"not-after-recall ", ALL_OF_PLAN, {{STARTED},
	    {VOTE(ENTRY_REVOCATION, "a")}, {EXPORTED(D("34"))}}},
	{"not-after-recall ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {VOTE(ENTRY_REVOCATION, "b")}, {RELEASED(D("34"))}}},
	{"not-after-recall ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {RECALL(D("34"))}, {RELEASED(D("34"))}}},
	{"after-release ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {TEXT_OF(ENTRY_RECEIPT)}}},
	{"after-release ", ALL_OF_PLAN, {{TEXT_OF(ENTRY_DESTRUCTION)}}},
	{"after-release ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {FETCHED(D("34"))}}},
	{"same-bundle ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {RELEASED(D("34"))}, {FETCHED(D("35"))}}},
	{"", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {RELEASED(D("34"))}, {TEXT_OF(ENTRY_RECEIPT)},
	    {TEXT_OF(ENTRY_DESTRUCTION)}}},
	{"answered-once ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {RELEASED(D("34"))}, {TEXT_OF(ENTRY_RECEIPT)},
	    {TEXT_OF(ENTRY_RECEIPT)}}},
	{"answered-once ", ALL_OF_PLAN, {{STARTED}, {EXPORTED(D("34"))},
	    {RELEASED(D("34"))}, {TEXT_OF(ENTRY_DESTRUCTION)},
	    {TEXT_OF(ENTRY_DESTRUCTION)}}},
	{"fetched-not-recalled ", ALL_OF_PLAN, {{STARTED},
	    {EXPORTED(D("34"))}, {RELEASED(D("34"))}, {RECALL(D("34"))},
	    {FETCHED(D("34"))}}},
	{"erasure-of-batch ", 0, {{ENTRY_ERASURE, "14", {"batch", B("09"),
	    "erase-generation", "2"}}}},
	{"notice-chain ", 0, {{NOTICE("2", D("61"))}}},
	{"notice-chain ", 0, {{NOTICE("1", D("61"))},
	    {NOTICE("1", D("62"))}}},
	{"notice-known ", 0, {{ENTRY_NOTICE_APPLIED, "14", {"partner",
	    "keio", "notice-sha256", D("61"), "text-sha256", D("63")}}}},
	{"charter-known ", 0, {{ENTRY_REDISTRIBUTION, "14",
	    {"old-charter-sha256", D("02"), "new-charter-sha256", D("08"),
	    "arrangements-sha256", D("09")}}}},
};

static void
each_rule_breaks_alone(void **state)
{
	const struct scenario *s;
	struct builder b;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(scenarios); i++) {
		s = &scenarios[i];
		begin(&b, &threshold_two);
		b.no_books = s->plan == 0;
		add_lines(&b, good_plan, s->plan);
		for (n = 0; n < 6 && s->more[n].owner != NULL; n++)
			add_line(&b, &s->more[n]);
		expect(&b, s->want);
	}
}

/* A plan that computes the released export again, and what may follow. */
static const struct line again_begin[] = {
	{STARTED}, {EXPORTED(D("34"))}, {RELEASED(D("34"))}, {PLAN_1B},
	{VOTE_1B(ENTRY_APPROVAL, "a")}, {VOTE_1B(ENTRY_APPROVAL, "b")},
	{VOTE_1B(ENTRY_SHARE_RELEASE, "b")},
	{VOTE_1B(ENTRY_SHARE_RELEASE, "a")},
};

static const struct scenario again_scenarios[] = {
	{"", 8, {{AGAIN("EXP-2026-0001")}, {CAME("EXP-2026-0001")}}},
	{"of-released of-one-export ", 8, {{AGAIN("EXP-2026-0001")},
	    {CAME("EXP-2026-0009")}}},
	{"", 8, {{REIDENT("EXP-2026-0001")}, {FOUND("EXP-2026-0001")}}},
	{"of-released ", 8, {{REIDENT("EXP-2026-0002")}}},
	{"of-released ", 8, {{REIDENT("EXP-2026-0009")}}},
	{"of-released of-one-export ", 8, {{REIDENT("EXP-2026-0001")},
	    {FOUND("EXP-2026-0002")}}},
	{"reidentified-after-started ", 8, {{FOUND("EXP-2026-0001")}}},
	{"reidentified-after-started ", 8, {{AGAIN("EXP-2026-0001")},
	    {FOUND("EXP-2026-0001")}}},
	{"rederived-after-started ", 8, {{REIDENT("EXP-2026-0001")},
	    {CAME("EXP-2026-0001")}}},
	{"reidentified-after-started ", 8, {{REIDENT("EXP-2026-0001")},
	    {FOUND("EXP-2026-0001")}, {FOUND("EXP-2026-0001")}}},
	/* Without its t live approvals and releases nobody is named. */
	{"start-approved ", 7, {{REIDENT("EXP-2026-0001")}}},
	{"start-approved not-after-recall ", 4, {{REIDENT("EXP-2026-0001")}}},
	{"start-approved not-after-recall ", 8, {{VOTE_1B(ENTRY_REVOCATION,
	    "a")}, {REIDENT("EXP-2026-0001")}}},
	{"plan-alive ", 8, {{ENDED_1B}, {REIDENT("EXP-2026-0001")}}},
	{"start-once ", 8, {{REIDENT("EXP-2026-0001")},
	    {REIDENT("EXP-2026-0001")}}},
	{"start-once ", 8, {{REIDENT("EXP-2026-0001")}, {STARTED_1B}}},
	{"exported-after-started ", 8, {{REIDENT("EXP-2026-0001")},
	    {EXPORTED_1B}}},
	{"plan-known of-released ", 3, {{REIDENT("EXP-2026-0009")}}},
	{"of-released ", 8, {{AGAIN("EXP-2026-0002")}}},
	{"of-released ", 8, {{AGAIN("EXP-2026-0009")}}},
	{"rederived-after-started ", 8, {{CAME("EXP-2026-0001")}}},
	{"rederived-after-started ", 8, {{AGAIN("EXP-2026-0001")},
	    {CAME("EXP-2026-0001")}, {CAME("EXP-2026-0001")}}},
	{"start-approved ", 7, {{AGAIN("EXP-2026-0001")}}},
	{"start-once ", 8, {{AGAIN("EXP-2026-0001")},
	    {AGAIN("EXP-2026-0001")}}},
	/* It exports nothing, before or after. */
	{"start-once ", 8, {{AGAIN("EXP-2026-0001")}, {STARTED_1B}}},
	{"start-once ", 8, {{STARTED_1B}, {AGAIN("EXP-2026-0001")}}},
	{"exported-after-started ", 8, {{AGAIN("EXP-2026-0001")},
	    {EXPORTED_1B}}},
};

static void
an_export_is_computed_again(void **state)
{
	const struct scenario *s;
	struct builder b;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(again_scenarios); i++) {
		s = &again_scenarios[i];
		begin(&b, &threshold_two);
		add_lines(&b, good_plan, ARRAY_LEN(good_plan));
		add_lines(&b, again_begin, s->plan);
		for (n = 0; n < 6 && s->more[n].owner != NULL; n++)
			add_line(&b, &s->more[n]);
		expect(&b, s->want);
	}
}

/* ---- what charters and plans state of themselves ---- */

#define SEATS_AB "a=" PRINT " b=" PRINT
#define CHARTER_2 TERMS("2", D("0b"), D("01"), "2", SEATS_AB)
#define PLAN_STATED STATED("export", D("0b"), "2", "vote", "no")

/* A second charter that states its terms, then ${more}. */
static const struct scenario stated_scenarios[] = {
	{"", 0, {{PLAN_STATED}, {VOTE(ENTRY_APPROVAL, "a")},
	    {VOTE(ENTRY_APPROVAL, "b")}, {VOTE(ENTRY_SHARE_RELEASE, "a")},
	    {VOTE(ENTRY_SHARE_RELEASE, "b")}, {STARTED}}},
	{"seat-known ", 0, {{PLAN_STATED}, {VOTE(ENTRY_APPROVAL, "c")}}},
	{"release-approved ", 0, {{PLAN_STATED}, {VOTE(ENTRY_APPROVAL, "a")},
	    {VOTE(ENTRY_SHARE_RELEASE, "a")}}},
	{"start-approved ", 0, {{PLAN_STATED}, {VOTE(ENTRY_APPROVAL, "a")},
	    {VOTE(ENTRY_APPROVAL, "b")}, {VOTE(ENTRY_SHARE_RELEASE, "a")},
	    {STARTED}}},
	{"act-of-plan ", 0, {{STATED("reident", D("0b"), "2", "vote", "no")},
	    {VOTE(ENTRY_APPROVAL, "a")}, {VOTE(ENTRY_APPROVAL, "b")},
	    {VOTE(ENTRY_SHARE_RELEASE, "a")}, {VOTE(ENTRY_SHARE_RELEASE, "b")},
	    {STARTED}}},
	{"veto ", 0, {{STATED("export", D("0b"), "2", "veto", "no")},
	    {VOTE(ENTRY_DENIAL, "a")}, {VOTE(ENTRY_APPROVAL, "b")}}},
	{"", 0, {{PLAN_STATED}, {VOTE(ENTRY_DENIAL, "a")},
	    {VOTE(ENTRY_APPROVAL, "b")}}},
	{"plan-terms ", 0, {{STATED("export", D("01"), "2", "vote", "no")}}},
	{"plan-terms ", 0, {{STATED("export", D("0b"), "1", "vote", "no")}}},
	{"plan-terms ", 0, {{STATED("export", D("0b"), "3", "vote", "no")}}},
	{"plan-terms ", 0, {{POLICY("2", D("77"), D("02"))},
	    {PLAN_STATED}}},
	{"", 0, {{POLICY("2", D("77"), D("02"))},
	    {STATED("rederive", D("0b"), "2", "vote", "no")}}},
	{"terms-stated ", 0, {{CHARTER("3", D("0c"), D("0b"))}}},
	{"terms-stated ", 0, {{PLAN_STATED}, {PLAN_1B}}},
	{"charter-terms ", 0, {{TERMS("3", D("0c"), D("0b"), "1",
	    SEATS_AB)}}},
	{"", 0, {{TERMS("3", D("0c"), D("0b"), "1", "a=" PRINT)}}},
	{"", 0, {{ENTRY_DRILL, "14", {"seat", "b", "drill-sha256", D("71"),
	    "sig-sha256", D("72")}}}},
	{"seat-in-force ", 0, {{ENTRY_DRILL, "14", {"seat", "c",
	    "drill-sha256", D("71"), "sig-sha256", D("72")}}}},
	{"seat-in-force ", 0, {{ENTRY_HANDOVER, "14", {"seat", "c",
	    "old-charter-sha256", D("01"), "new-charter-sha256", D("0b"),
	    "shares-sha256", D("09")}}}},
	{"charter-known ", 0, {{ENTRY_HANDOVER, "14", {"seat", "a",
	    "old-charter-sha256", D("0b"), "new-charter-sha256", D("01"),
	    "shares-sha256", D("09")}}}},
};

/* No document is looked at: the entries say it all. */
static void
what_entries_state_is_enough(void **state)
{
	static const struct line charter = {CHARTER_2};
	const struct scenario *s;
	struct builder b;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(stated_scenarios); i++) {
		s = &stated_scenarios[i];
		begin(&b, NULL);
		add_line(&b, &charter);
		for (n = 0; n < 6 && s->more[n].owner != NULL; n++)
			add_line(&b, &s->more[n]);
		expect(&b, s->want);
	}
}

/* Byte release that a plan asks for, and the time it states. */
static void
a_plan_is_held_to_its_own_words(void **state)
{
	static const struct line begun[] = {
		{CHARTER_2}, {STATED("export", D("0b"), "2", "veto",
		"required")}, {VOTE(ENTRY_APPROVAL, "a")},
		{VOTE(ENTRY_APPROVAL, "b")}, {VOTE(ENTRY_SHARE_RELEASE, "a")},
		{VOTE(ENTRY_SHARE_RELEASE, "b")}, {STARTED},
		{EXPORTED(D("34"))},
	};
	static const struct line no = {VOTE(ENTRY_DENIAL, "b")};
	static const struct line gone = {RELEASED(D("34"))};
	static const struct line due = {DUE};
	static const struct line a_signs = {BYTES("a", D("34"))};
	static const struct line b_signs = {BYTES("b", D("34"))};
	struct line late = {STATED("export", D("0b"), "2", "veto", "no")};
	struct builder b;

	(void)state;
	begin(&b, NULL);
	add_lines(&b, begun, ARRAY_LEN(begun));
	add_line(&b, &due);
	add_line(&b, &gone);
	expect(&b, "released-by-seats ");
	begin(&b, NULL);
	add_lines(&b, begun, ARRAY_LEN(begun));
	add_line(&b, &a_signs);
	add_line(&b, &b_signs);
	add_line(&b, &gone);
	expect(&b, "due-stated ");
	begin(&b, NULL);
	add_lines(&b, begun, ARRAY_LEN(begun));
	add_line(&b, &a_signs);
	add_line(&b, &b_signs);
	add_line(&b, &due);
	add_line(&b, &gone);
	expect(&b, "");
	begin(&b, NULL);
	add_lines(&b, begun, ARRAY_LEN(begun));
	add_line(&b, &no);
	add_line(&b, &a_signs);
	expect(&b, "veto ");
	late.pairs[23] = "2026-11-22T07:59:59Z";        /* before its entry */
	begin(&b, NULL);
	add_line(&b, &begun[0]);
	add_line(&b, &late);
	expect(&b, "plan-terms ");
}

/* ---- what documents, witnesses and clocks add ---- */

#define TIME 1795334400          /* of every entry here */

struct known {
	int64_t expires;
	uint64_t cosigned;              /* sizes up to this one */
	unsigned threshold, charter;    /* of the plan; of the charter */
	int no_plan, veto, byte_release;
	const char *act, *policy;       /* NULL: the usual */
	enum entry_kind disagrees;      /* 0, genesis: none */
};
#define KNOWN {.expires = TIME + 60, .threshold = 2, .charter = 2}

/* What the document of PLAN_1A says. */
static int
known_plan(void *ctx, const char *plan, struct audit_plan_terms *ret)
{
	const struct known *k = ctx;

	if (k->no_plan)
		return 0;
	*ret = (struct audit_plan_terms){.threshold = k->threshold,
	    .expires_unix_s = k->expires, .veto = k->veto,
	    .byte_release = k->byte_release};
	assert_string_equal(plan, D("1a"));
	(void)strcpy(ret->act, k->act != NULL ? k->act : "export");
	(void)strcpy(ret->request, D("06"));
	(void)strcpy(ret->policy, k->policy != NULL ? k->policy : D("02"));
	(void)strcpy(ret->charter, D("01"));
	return 1;
}

static unsigned
known_charter(void *ctx, const char *charter, size_t *ret_seats)
{
	const struct known *k = ctx;

	assert_string_equal(charter, D("01"));
	*ret_seats = 2;
	return k->charter;
}

static int
known_agrees(void *ctx, enum entry_kind kind, const struct text *entry)
{
	const struct known *k = ctx;

	(void)entry;
	return kind != k->disagrees ? 1 : 0;
}

static int
known_seat(void *ctx, const char *charter, const char *seat)
{
	(void)ctx;
	assert_string_equal(charter, D("01"));
	return strcmp(seat, "a") == 0 || strcmp(seat, "b") == 0;
}

static int
known_cosigned(void *ctx, const char *policy, uint64_t index, uint64_t size)
{
	const struct known *k = ctx;

	assert_string_equal(policy, D("71"));
	return index < k->cosigned && k->cosigned <= size;
}

static void
begin_known(struct builder *b, struct audit_facts *facts, struct known *k)
{
	*facts = (struct audit_facts){known_plan, k, known_charter,
	    known_agrees, known_seat, known_cosigned, TIME};
	begin(b, facts);
}

static const struct line witnesses = {ENTRY_WITNESS_POLICY, "14",
	{"policy-sha256", D("02"), "witness-policy-sha256", D("71")}};

static void
seats_and_times_come_from_documents(void **state)
{
	static const struct line outsider = {VOTE(ENTRY_APPROVAL, "c")};
	struct known k = KNOWN;
	struct audit_facts facts;
	struct builder b;

	(void)state;
	begin_known(&b, &facts, &k);
	add_lines(&b, good_plan, 3);
	add_line(&b, &outsider);
	expect(&b, "seat-known ");
	begin_known(&b, &facts, &k);
	add_lines(&b, good_plan, ALL_OF_PLAN);
	expect(&b, "");
	k.expires = TIME - 1;           /* all entries here are of one time */
	begin_known(&b, &facts, &k);
	add_lines(&b, good_plan, 2);
	expect(&b, "plan-terms plan-in-time ");
	k.expires = TIME + 60;
	begin_known(&b, &facts, &k);
	facts.now_unix_s = TIME - AUDIT_CLOCK_SLACK_S;
	add_lines(&b, good_plan, 1);
	facts.now_unix_s--;
	add_lines(&b, good_plan + 1, 1);
	expect(&b, "not-in-future ");
}

/* Entries that state no terms are held to the documents in every rule. */
static void
terms_come_from_documents(void **state)
{
	static const struct {
		struct known k;
		size_t plan;            /* lines of good_plan */
		struct line more[4];
		const char *want;
	} cases[] = {
		{KNOWN, 1, {{VOTE(ENTRY_APPROVAL, "a")},
		    {VOTE(ENTRY_SHARE_RELEASE, "a")}}, "release-approved "},
		{{.no_plan = 1, .charter = 2}, 1, {{VOTE(ENTRY_APPROVAL, "a")},
		    {VOTE(ENTRY_SHARE_RELEASE, "a")}}, "release-approved "},
		{{.no_plan = 1}, 1, {{VOTE(ENTRY_APPROVAL, "a")},
		    {VOTE(ENTRY_SHARE_RELEASE, "a")}}, ""},
		{{.expires = TIME + 60, .threshold = 1, .charter = 2}, 1,
		    {{0}}, "plan-terms "},
		{{.expires = TIME + 60, .threshold = 2, .charter = 2, .policy =
		    D("77")}, 1, {{0}}, "plan-terms "},
		{{.expires = TIME + 60, .threshold = 2, .charter = 2, .veto =
		    1}, 1, {{VOTE(ENTRY_DENIAL, "a")},
		    {VOTE(ENTRY_APPROVAL, "b")}}, "veto "},
		{{.expires = TIME + 60, .threshold = 2, .charter = 2, .act =
		    "reident"}, ALL_OF_PLAN, {{STARTED}}, "act-of-plan "},
		{{.expires = TIME + 60, .threshold = 2, .charter = 2,
		    .byte_release = 1}, ALL_OF_PLAN, {{STARTED},
		    {EXPORTED(D("34"))}, {RELEASED(D("34"))}},
		    "released-by-seats "},
		{{.expires = TIME + 60, .threshold = 2, .charter = 2,
		    .disagrees = ENTRY_PLAN}, 1, {{0}},
		    "document-agrees "},
	};
	struct audit_facts facts;
	struct known k;
	struct builder b;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		k = cases[i].k;
		begin_known(&b, &facts, &k);
		add_lines(&b, good_plan, cases[i].plan);
		for (n = 0; n < 4 && cases[i].more[n].owner != NULL; n++)
			add_line(&b, &cases[i].more[n]);
		assert_int_equal(audit_unstated(b.audit),
		    k.no_plan && k.charter == 0);
		expect(&b, cases[i].want);
	}
	k = (struct known)KNOWN;
	k.charter = 1;          /* with its two seats */
	facts = (struct audit_facts){.ctx = &k, .charter = known_charter};
	memset(&b, 0, sizeof(b));
	assert_ok(audit_new(&facts, &b.audit));
	add_genesis(&b, ORIGIN);
	add_lines(&b, good_begin, 3);
	expect(&b, "charter-terms ");
}

/* An export from its plan to its release, with cosignatures up to ${k}. */
static void
whole_export(struct builder *b, size_t from)
{
	static const struct line more[] = {
		{STARTED}, {EXPORTED(D("34"))}, {RELEASED(D("34"))},
	};

	add_lines(b, good_plan + from, ALL_OF_PLAN - from);
	add_lines(b, more, ARRAY_LEN(more));
}

static void
what_witnesses_must_have_seen(void **state)
{
	static const struct line unknown = {ENTRY_WITNESS_POLICY, "14",
	    {"policy-sha256", D("77"), "witness-policy-sha256", D("71")}};
	struct known k = KNOWN;
	struct audit_facts facts;
	struct builder b;
	uint64_t approved;

	(void)state;
	begin_known(&b, &facts, &k);
	add_line(&b, &witnesses);
	add_lines(&b, good_plan, 3);
	approved = b.range.size;
	k.cosigned = approved - 1;      /* not the second approval */
	add_lines(&b, good_plan + 3, 1);
	expect(&b, "shares-cosigned ");

	begin_known(&b, &facts, &k);
	add_line(&b, &witnesses);
	add_lines(&b, good_plan, 3);
	k.cosigned = approved;
	whole_export(&b, 3);
	expect(&b, "release-cosigned ");

	begin_known(&b, &facts, &k);
	add_line(&b, &witnesses);
	add_lines(&b, good_plan, ALL_OF_PLAN);
	{
		static const struct line built[] = {
			{STARTED}, {EXPORTED(D("34"))},
		};
		static const struct line gone = {RELEASED(D("34"))};

		add_lines(&b, built, ARRAY_LEN(built));
		k.cosigned = b.range.size;
		add_line(&b, &gone);
	}
	expect(&b, "");
	/* a policy without witnesses asks for nothing */
	begin_known(&b, &facts, &k);
	whole_export(&b, 0);
	expect(&b, "");
	begin_known(&b, &facts, &k);
	add_line(&b, &unknown);
	expect(&b, "witnesses-of-policy ");
}

static void
what_is_owed_is_told(void **state)
{
	static const struct line due = {ENTRY_DESTRUCTION_DUE, "14",
	    {"export", "EXP-2026-0001", "until", "2029-03-31"}};
	struct builder b;
	struct audit_release r;

	(void)state;
	begin(&b, NULL);
	assert_true(audit_releases(b.audit) == 0);
	add_lines(&b, good_plan, ALL_OF_PLAN);
	add_lines(&b, good_end, 5);
	add_line(&b, &due);
	assert_true(audit_releases(b.audit) == 0);
	add_lines(&b, good_end + 5, 3);
	assert_true(audit_releases(b.audit) == 1);
	r = audit_release(b.audit, 0);
	assert_string_equal(r.export, "EXP-2026-0001");
	assert_string_equal(r.owner, "14");
	assert_true(r.released_unix_s == TIME && r.receipt_unix_s == 0);
	assert_true(r.destroyed_unix_s == 0 && !r.recalled);
	assert_true(r.destroy_until > 20000);
	add_lines(&b, good_end + 8, ARRAY_LEN(good_end) - 8);
	r = audit_release(b.audit, 0);
	assert_true(r.receipt_unix_s == TIME && r.destroyed_unix_s == TIME);
	assert_true(r.recalled);
	expect(&b, "");
}

/* The same plan under another owner's name is not that plan. */
static void
owners_do_not_touch_each_others_plans(void **state)
{
	struct line vote = {VOTE(ENTRY_APPROVAL, "c")};
	struct line owner = {OWNER};
	struct builder b;

	(void)state;
	vote.owner = owner.owner = "13";
	begin(&b, NULL);
	add_lines(&b, good_plan, ALL_OF_PLAN);
	add_line(&b, &owner);
	add_line(&b, &vote);
	expect(&b, "plan-known ");
}

static void
nothing_opens_before_a_charter(void **state)
{
	static const struct line plan = {PLAN_1A};
	static const struct line owner = {OWNER};
	static const struct line trial = {OPENED(E("01"), "trial")};
	static const struct line epoch = {OPENED(E("02"), "project")};
	static const struct line policy = {POLICY("1", D("02"), "-")};
	struct builder b = {NULL};

	(void)state;
	assert_ok(audit_new(NULL, &b.audit));
	add_genesis(&b, ORIGIN);
	add_line(&b, &owner);
	add_line(&b, &trial);
	add_line(&b, &epoch);
	add_line(&b, &plan);
	add_line(&b, &policy);
	expect(&b, "epoch-chartered plan-grounded after-charter ");
}

static void
the_first_entry_is_the_genesis_and_no_other(void **state)
{
	static const struct line backup = {ENTRY_BACKUP, "-",
	    {"what", "gateway"}};
	struct builder b = {NULL};
	char got[256];

	(void)state;
	begin(&b, NULL);
	add_genesis(&b, ORIGIN);
	expect(&b, "genesis-first ");

	memset(&b, 0, sizeof(b));
	assert_ok(audit_new(NULL, &b.audit));
	add_line(&b, &backup);
	expect(&b, "genesis-first origin ");

	memset(&b, 0, sizeof(b));
	assert_ok(audit_new(NULL, &b.audit));
	add_genesis(&b, "other.example");
	assert_ok(audit_finish(b.audit, &(struct checkpoint){
	    .origin = ORIGIN, .size = 1}));
	broken(b.audit, got, sizeof(got));
	assert_string_equal(got, "origin root ");
	(void)strcat(rules_broken, got);
	audit_free(b.audit);
}

static void
a_nonce_is_used_once_and_forms_are_kept(void **state)
{
	static const char again[] = "azukari-entry-backup v1\n"
	    "time: 2026-11-22T08:00:00Z\nowner: -\nwhat: gateway\n"
	    "nonce: 000102030405060708090a0b0c0d0e0f\n";
	struct builder b;

	(void)state;
	begin(&b, NULL);
	add_bytes(&b, bytes_str(again));
	add_bytes(&b, bytes_str(again));
	expect(&b, "nonce-fresh ");
	begin(&b, NULL);
	add_bytes(&b, bytes_str("hello\n"));
	expect(&b, "form ");
	begin(&b, NULL);
	add_bytes(&b, bytes_of("", 0));
	expect(&b, "form ");
}

static void
the_tree_must_be_that_of_the_checkpoint(void **state)
{
	struct builder b;
	struct checkpoint cp;
	char got[256];

	(void)state;
	begin(&b, NULL);
	cp = checkpoint_of(&b);
	cp.size++;
	assert_ok(audit_finish(b.audit, &cp));
	cp.size--;
	cp.root[31] ^= 1;
	assert_ok(audit_finish(b.audit, &cp));
	broken(b.audit, got, sizeof(got));
	assert_string_equal(got, "size root ");
	(void)strcat(rules_broken, got);
	audit_free(b.audit);
	audit_free(NULL);
}

static void
a_flood_of_findings_is_bounded(void **state)
{
	struct builder b;
	enum err e = ERR_OK;
	unsigned i;

	(void)state;
	begin(&b, NULL);
	for (i = 0; e == ERR_OK; i++)
		e = audit_add(b.audit, bytes_str("hello\n"));
	assert_err(e, ERR_LIMIT);
	assert_int_equal(i, AUDIT_FINDINGS_MAX + 1);
	assert_int_equal(audit_findings(b.audit), AUDIT_FINDINGS_MAX);
	audit_free(b.audit);
}

/* Runs last: the tests above have broken every rule there is. */
static void
every_rule_was_broken_by_some_test(void **state)
{
	char word[64];
	size_t i;

	(void)state;
	assert_true(audit_rules() > 25);
	for (i = 0; i < audit_rules(); i++) {
		(void)snprintf(word, sizeof(word), "%s ",
		    audit_rule(i)->name);
		if (strstr(rules_broken, word) == NULL)
			fail_msg("never broken: %s", word);
		assert_true(strlen(audit_rule(i)->says) > 10);
		assert_true(strlen(audit_rule(i)->says_ja) > 10);
		assert_null(strstr(audit_rule(i)->says_ja, "the "));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_ledger_has_no_findings),
		cmocka_unit_test(each_rule_breaks_alone),
		cmocka_unit_test(an_export_is_computed_again),
		cmocka_unit_test(what_entries_state_is_enough),
		cmocka_unit_test(a_plan_is_held_to_its_own_words),
		cmocka_unit_test(seats_and_times_come_from_documents),
		cmocka_unit_test(terms_come_from_documents),
		cmocka_unit_test(what_witnesses_must_have_seen),
		cmocka_unit_test(what_is_owed_is_told),
		cmocka_unit_test(owners_do_not_touch_each_others_plans),
		cmocka_unit_test(nothing_opens_before_a_charter),
		cmocka_unit_test(the_first_entry_is_the_genesis_and_no_other),
		cmocka_unit_test(a_nonce_is_used_once_and_forms_are_kept),
		cmocka_unit_test(the_tree_must_be_that_of_the_checkpoint),
		cmocka_unit_test(a_flood_of_findings_is_bounded),
		cmocka_unit_test(every_rule_was_broken_by_some_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
