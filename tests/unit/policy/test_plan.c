#include "tests/unit/unit.h"

#include "policy/consent.h"
#include "policy/plan.h"
#include "tests/unit/policy/fixture.h"
#include "tests/unit/policy/texts.h"

#define HEX "0011223344556677889900112233445566778899001122334455667788990011"
#define REIDENT(what, list) "reident-export: " what \
	"\nreident-pseudonyms: " list "\nreident-reason: x\nepochs: 3"
#define KEY "00112233445566778899aabbccddeeff " \
	"0011223344556677889900112233445566778899001122334455667788990011"

static struct fixture f;
static struct buf text, epochs_text;

static int
up(void **state)
{
	(void)state;
	fixture_init(&f, NULL);
	fixture_plan(&f);
	return plan_write(&f.plan, &text, NULL) != ERR_OK ||
	    plan_epochs_write(&f.epochs, &epochs_text, NULL) != ERR_OK;
}

static int
down(void **state)
{
	(void)state;
	buf_release(&text);
	buf_release(&epochs_text);
	fixture_release(&f);
	return 0;
}

static enum err
again(struct bytes bytes, struct buf *out, struct err_info *info)
{
	CLEANUP(plan_release) struct plan p = {0};

	RETURN_IF(plan_parse(bytes, &p, info));
	return plan_write(&p, out, info);
}

static enum err
epochs_again(struct bytes bytes, struct buf *out, struct err_info *info)
{
	CLEANUP(plan_epochs_release) struct plan_epochs e = {0};

	RETURN_IF(plan_epochs_parse(bytes, &e, info));
	return plan_epochs_write(&e, out, info);
}

static void
values_are_read(void **state)
{
	CLEANUP(plan_release) struct plan p = {0};

	(void)state;
	assert_ok(plan_parse(bytes_buf(&text), &p, NULL));
	assert_string_equal(p.id, "PLAN-2020-0007");
	assert_int_equal(p.columns_len, 5);
	assert_string_equal(p.columns[0].field, "Q03");
	assert_string_equal(p.columns[0].ladder, "");
	assert_string_equal(p.columns[3].ladder, "age");
	assert_int_equal(p.columns[3].from, 1);
	assert_int_equal(p.columns[3].to, 4);
	assert_int_equal(p.texts_len, 1);
	assert_int_equal(p.texts[0].scopes, CONSENT_RESEARCH);
	assert_int_equal(p.k, 10);
	assert_false(p.byte_release);
	assert_false(p.denial_is_vote);
	assert_false(p.has_prior_releases);
	assert_false(p.has_witness_policy);
	assert_non_null(strstr(buf_text(&text),
	    "\ncolumn-04: Q08 ladder:age 1..4\n"));
	assert_non_null(strstr(buf_text(&text),
	    "\ncolumn-01: Q03 as-is 0..0\n"));
	texts_reads_back(buf_text(&text), again);
}

static void
every_rule_has_its_refusal(void **state)
{
	static const struct texts_case cases[] = {
		{"plan: PLAN-2020-0007", "plan: PLAN-2020-7", ERR_SYNTAX,
		    "plan"},
		{"export: EXP-2020-0007", "export: EXP-2020-0008",
		    ERR_MISMATCH, "export"},
		{"threshold: 2", "threshold: 0", ERR_RANGE, "threshold"},
		{"threshold: 2", "threshold: 17", ERR_RANGE, "threshold"},
		{"policy-version: 1", "policy-version: 0", ERR_RANGE,
		    "policy-version"},
		{"requester-fingerprint: SHA256", "requester-fingerprint: MD5",
		    ERR_SYNTAX, "fingerprint"},
		{"project-release: 1", "project-release: 0", ERR_RANGE,
		    "project-release"},
		{"survey: corona 1 ", "survey: corona ", ERR_SYNTAX,
		    "survey"},
		{"column-01: Q03 as-is 0..0", "column-01: Q03 as-is 0..1",
		    ERR_SYNTAX, "column-01"},
		{"column-01: Q03 as-is 0..0", "column-01: Q03 as-is",
		    ERR_SYNTAX, "column-01"},
		{"column-01: Q03 as-is 0..0", "column-01: Q03 never 0..0",
		    ERR_SYNTAX, "column-01"},
		{"column-01: Q03 as-is 0..0", "column-01: Q04 as-is 0..0",
		    ERR_DUPLICATE, "Q04"},
		{"ladder:age 1..4", "ladder:age 4..1", ERR_SYNTAX,
		    "column-04"},
		{"ladder:age 1..4", "ladder:age 1..33", ERR_SYNTAX,
		    "column-04"},
		{"ladder:age 1..4", "ladder:age 1.4", ERR_SYNTAX,
		    "column-04"},
		{"ladder:age 1..4", "ladder:age 01..4", ERR_SYNTAX,
		    "column-04"},
		{"ladder:age 1..4", "ladder: 1..4", ERR_SYNTAX, "column-04"},
		{"ladder:age 1..4", "ladder:age 1..4 5", ERR_SYNTAX,
		    "column-04"},
		{"epochs: 3", "reident-reason: x\nepochs: 3", ERR_SYNTAX,
		    "reident-export"},
		{"epochs: 3", REIDENT("EXP-2020-0003 all", "1 " HEX),
		    ERR_SYNTAX, "reident-export"},
		{"epochs: 3", REIDENT("EXP-2020-0003 identity", "0 " HEX),
		    ERR_SYNTAX, "reident-pseudonyms"},
		{"epochs: 3", REIDENT("EXP-2020-0003 answers", "10001 " HEX),
		    ERR_SYNTAX, "reident-pseudonyms"},
		{"epochs: 3", REIDENT("PLAN-2020-0003 answers", "1 " HEX),
		    ERR_SYNTAX, "reident-export"},
		{"scheme-sha256:", "date-01: Q03 weekly\nscheme-sha256:",
		    ERR_SYNTAX, "date-01"},
		{"scheme-sha256:", "date-01: Q99 shifted\nscheme-sha256:",
		    ERR_SYNTAX, "date-01"},
		{"scheme-sha256:", "date-01: Q08 relative\nscheme-sha256:",
		    ERR_SYNTAX, "date-01"},
		{"scheme-sha256:", "date-01: Q08 shifted\n"
		    "date-02: Q03 shifted\nscheme-sha256:", ERR_SYNTAX,
		    "date-02"},
		{"k: 10", "k: 0", ERR_RANGE, "k"},
		{"suppression-limit: 500", "suppression-limit: 10001",
		    ERR_RANGE, "suppression-limit"},
		{"minimum-cell: 10", "minimum-cell: 0", ERR_RANGE,
		    "minimum-cell"},
		{"prior-releases-sha256: -", "prior-releases-sha256: x",
		    ERR_SYNTAX, "prior"},
		{" research\n", " everything\n", ERR_SYNTAX, "consent-text"},
		{" research\n", "\n", ERR_SYNTAX, "consent-text"},
		{" research\n", " research,support\n", ERR_SYNTAX,
		    "consent-text"},
		{" research\n", " research,research\n", ERR_SYNTAX,
		    "consent-text"},
		{" research\n", " research,\n", ERR_SYNTAX, "consent-text"},
		{"purpose: DUO:0000007", "purpose: GRU", ERR_UNKNOWN,
		    "purpose"},
		{"epochs: 3", "epochs: 0", ERR_RANGE, "epochs"},
		{"byte-release: no", "also-key-01: memory 1\nbyte-release: no",
		    ERR_SYNTAX, "also-key-01"},
		{"byte-release: no", "also-key-01: all " KEY
		    "\nbyte-release: no", ERR_SYNTAX, "also-key-01"},
		{"byte-release: no", "also-key-01: memory " KEY
		    "\nalso-key-02: memory " KEY "\nbyte-release: no",
		    ERR_DUPLICATE, "also-key-02"},
		{"byte-release: no", "byte-release: yes", ERR_UNKNOWN,
		    "byte-release"},
		{"denial-rule: veto", "denial-rule: -", ERR_UNKNOWN,
		    "denial-rule"},
		{"ledger-size: 42", "ledger-size: 0", ERR_RANGE,
		    "ledger-size"},
		{"plan-recipient: " FIXTURE_AGE_5, "plan-recipient: "
		    FIXTURE_AGE_4, ERR_DUPLICATE, "plan-recipient"},
		{"expires: 2020-05-08", "expires: 2020-04-08", ERR_RANGE,
		    "expires"},
	};

	(void)state;
	texts_offences(buf_text(&text), again, cases, ARRAY_LEN(cases));
}

static void
words_have_both_forms(void **state)
{
	(void)state;
	texts_reads_back(fixture_with(fixture_with(fixture_with(
	    buf_text(&text), "byte-release: no", "byte-release: required"),
	    "denial-rule: veto", "denial-rule: vote"), " research\n",
	    " support,research,recontact,all\n"), again);
	texts_reads_back(fixture_with(buf_text(&text), "ladder:sex 0..1",
	    "ladder:sex 0..0"), again);
}

/* Cut behind a whole epoch it is another list, of fewer: that is for the
 * plan's digest and number to refuse. */
static void
cut_epochs(void)
{
	size_t i, taken = 0;

	for (i = 0; i < epochs_text.len; i++) {
		CLEANUP(buf_release) struct buf out = {0};
		struct bytes cut = bytes_of(epochs_text.data, i);

		if (epochs_again(cut, &out, NULL) != ERR_OK)
			continue;
		assert_int_equal(epochs_text.data[i - 1], '\n');
		assert_true(bytes_equal(cut, bytes_buf(&out)));
		taken++;
	}
	assert_int_equal(taken, 2);
}

static void
bits_and_cuts(void **state)
{
	(void)state;
	texts_flip_every_bit(buf_text(&text), again);
	texts_cut_everywhere(buf_text(&text), again);
	texts_flip_every_bit(buf_text(&epochs_text), epochs_again);
	cut_epochs();
}

static void
texts_are_told_apart_by_sixteen_bytes(void **state)
{
	CLEANUP(plan_release) struct plan p = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct plan_text t = {.scopes = CONSENT_RESEARCH};

	(void)state;
	assert_ok(plan_parse(bytes_buf(&text), &p, NULL));
	fixture_fill(t.sha256, FIXTURE_D_TEXT);
	memset(t.sha256 + 16, 9, 16);
	assert_ok(plan_add_text(&p, &t));
	assert_err(plan_write(&p, &out, NULL), ERR_DUPLICATE);
	p.texts[1].sha256[15] ^= 1;
	assert_ok(plan_write(&p, &out, NULL));
}

static void
columns_and_texts_are_bounded(void **state)
{
	CLEANUP(plan_release) struct plan p = {0};
	const struct plan_column c = {.field = "Q1"};
	const struct plan_text t = {.scopes = 1};
	int i;

	(void)state;
	for (i = 0; i < PLAN_COLUMNS_MAX; i++)
		assert_ok(plan_add_column(&p, &c));
	assert_err(plan_add_column(&p, &c), ERR_LIMIT);
	for (i = 0; i < PLAN_TEXTS_MAX; i++)
		assert_ok(plan_add_text(&p, &t));
	assert_err(plan_add_text(&p, &t), ERR_LIMIT);
}

/* ---- epochs ---- */

static void
epochs_are_sorted_and_read(void **state)
{
	CLEANUP(plan_epochs_release) struct plan_epochs e = {0}, back = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct plan_epoch one = {.day = 18331, .records = 7};
	unsigned i;

	(void)state;
	texts_reads_back(buf_text(&epochs_text), epochs_again);
	e.owner = "14";
	e.plan = "PLAN-2020-0007";
	for (i = 0; i < 150; i++) {
		one.id[0] = (uint8_t)(7 * i);
		one.day = 18331 - (int32_t)(i % 5);
		assert_ok(plan_epochs_add(&e, &one));
	}
	assert_ok(plan_epochs_write(&e, &out, NULL));
	assert_ok(plan_epochs_parse(bytes_buf(&out), &back, NULL));
	assert_int_equal(back.len, 150);
	for (i = 1; i < 150; i++)
		assert_true(back.items[i - 1].day < back.items[i].day ||
		    (back.items[i - 1].day == back.items[i].day &&
		    back.items[i - 1].id[0] < back.items[i].id[0]));
	assert_non_null(strstr(buf_text(&out), "\nepoch-100: "));
}

static void
epochs_have_their_refusals(void **state)
{
	static const struct texts_case cases[] = {
		{"owner: 14", "owner: 0", ERR_SYNTAX, "owner"},
		{"plan: PLAN-2020-0007", "plan: -", ERR_SYNTAX, "plan"},
		{" 2020-03-09 ", " 2020-03-12 ", ERR_RANGE, "epoch-02"},
		{" 2020-03-09 ", " 2020-3-9 ", ERR_SYNTAX, "epoch-01"},
		{" 100 ", " 1e2 ", ERR_SYNTAX, "epoch-01"},
		{" 100 ", " 4294967296 ", ERR_SYNTAX, "epoch-01"},
		{" 100 ", "  100 ", ERR_SYNTAX, "epoch-01"},
		{"epoch-02: a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1",
		    "epoch-02: a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0",
		    ERR_DUPLICATE, "twice"},
		{"epoch-02: a1", "epoch-02: A1", ERR_SYNTAX, "epoch-02"},
	};
	CLEANUP(plan_epochs_release) struct plan_epochs e = {0};

	(void)state;
	texts_offences(buf_text(&epochs_text), epochs_again, cases,
	    ARRAY_LEN(cases));
	assert_err(plan_epochs_parse(bytes_str(
	    "azukari-epochs v1\nowner: 14\nplan: PLAN-2020-0007\n"), &e,
	    NULL), ERR_SYNTAX);
}

/* ---- lines that digests are taken over ---- */

static const uint8_t *
ladder_sha256(void *ctx, const char *name)
{
	static const uint8_t age[32] = {0xaa}, sex[32] = {0xbb};

	(void)ctx;
	if (strcmp(name, "age") == 0)
		return age;
	return strcmp(name, "sex") == 0 ? sex : NULL;
}

#define Z30 "000000000000000000000000000000000000000000000000000000000000"

static void
a_scheme_is_its_ladders_sorted(void **state)
{
	struct plan_column c[] = {{"A", "sex", 0, 1}, {"B", "", 0, 0},
	    {"C", "age", 0, 1}, {"D", "sex", 1, 1}};
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	assert_ok(plan_scheme_bytes(c, 4, ladder_sha256, NULL, &out));
	assert_string_equal(buf_text(&out),
	    "age aa" Z30 "00\nsex bb" Z30 "00\n");
	buf_clear(&out);
	assert_ok(plan_scheme_bytes(c + 1, 1, ladder_sha256, NULL, &out));
	assert_int_equal(out.len, 0);
	memcpy(c[1].ladder, "none", 5);
	assert_err(plan_scheme_bytes(c, 4, ladder_sha256, NULL, &out),
	    ERR_NOT_FOUND);
	assert_int_equal(out.len, 0);
}

static void
votes_are_lines_sorted_by_seat(void **state)
{
	struct plan_vote v[] = {{"b", {1}}, {"a", {2}}};
	struct plan_vote many[17] = {{"x", {0}}};
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	assert_ok(plan_votes_bytes(v, 2, &out));
	assert_string_equal(buf_text(&out),
	    "a 02" Z30 "00\nb 01" Z30 "00\n");
	v[0].seat = "a";
	assert_err(plan_votes_bytes(v, 2, &out), ERR_DUPLICATE);
	assert_err(plan_votes_bytes(many, 17, &out), ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(every_rule_has_its_refusal),
		cmocka_unit_test(words_have_both_forms),
		cmocka_unit_test(bits_and_cuts),
		cmocka_unit_test(texts_are_told_apart_by_sixteen_bytes),
		cmocka_unit_test(columns_and_texts_are_bounded),
		cmocka_unit_test(epochs_are_sorted_and_read),
		cmocka_unit_test(epochs_have_their_refusals),
		cmocka_unit_test(a_scheme_is_its_ladders_sorted),
		cmocka_unit_test(votes_are_lines_sorted_by_seat),
	};

	return cmocka_run_group_tests(tests, up, down);
}
