#include "tests/unit/unit.h"

#include "exporters/binding.h"
#include "exporters/form.h"
#include "exporters/notice.h"
#include "exporters/receipt.h"
#include "exporters/statement.h"
#include "tests/unit/exporters/fixture.h"

#define HEX32 \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX16 "00112233445566778899aabbccddeeff"
#define AGE "age1xdcfhcuxg5n4zqx2tchl38n47wwdlg0ec47kjg9nvl0d0xyghy4qxfjgn2"

static void
test_export_ids(void **state)
{
	(void)state;
	assert_true(form_is_export("EXP-2026-0007"));
	assert_true(form_is_export("EXP-2026-10000"));
	assert_false(form_is_export("EXP-2026-007"));
	assert_false(form_is_export("EXP-2026-00007"));
	assert_false(form_is_export("EXP-26-0007"));
	assert_false(form_is_export("EXP-2026-0007x"));
	assert_false(form_is_export("exp-2026-0007"));
	assert_false(form_is_export("EXP-20260007"));
	assert_false(form_is_export("EXP-2026-"));
	assert_false(form_is_export(""));
}

static void
test_statement(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(statement_release) struct statement back = {0};
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf again = {0};
	struct statement s;

	(void)state;
	fixture_init(&f, 1);
	fixture_statement(&f, &s);
	assert_ok(statement_write(&s, &text, NULL));
	assert_int_equal(strncmp(buf_text(&text), "azukari-statement v1\n"
	    "export: " FIXTURE_EXPORT "\nplan-sha256: aaaa", 55), 0);
	assert_ok(statement_parse(bytes_buf(&text), &back, NULL));
	assert_string_equal(back.withheld_no_consent, "<10");
	assert_string_equal(back.owner_name, "神奈川県");
	assert_int_equal(back.consent_texts.len, 1);
	assert_string_equal(back.consent_texts.items[0],
	    s.consent_texts.items[0]);
	assert_string_equal(back.levels.items[0], "Q08 2");
	assert_ok(statement_write(&back, &again, NULL));
	assert_string_equal(buf_text(&again), buf_text(&text));
}

/* The keys, in the order of docs/FORMATS.md 9.1. */
static void
test_statement_keys_are_documented(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf list = {0};
	struct statement s;
	struct bytes rest, line;
	const char *source = getenv("AZUKARI_SOURCE");

	(void)state;
	if (source == NULL)
		UNIT_SKIP("AZUKARI_SOURCE is not set");
	fixture_init(&f, 1);
	fixture_statement(&f, &s);
	assert_ok(statement_write(&s, &text, NULL));
	rest = bytes_buf(&text);
	assert_ok(bytes_take_line(&rest, &line));
	while (bytes_take_line(&rest, &line) == ERR_OK) {
		size_t n = (size_t)((const uint8_t *)memchr(line.data, ':',
		    line.len) - line.data);

		assert_ok(buf_printf(&list, "%s%.*s", list.len > 0 ? " " : "",
		    (int)n, (const char *)line.data));
	}
	assert_int_equal(fixture_run("sed -n '/^### 9.1/,/^### 9.2/p' "
	    "%s/docs/FORMATS.md | sed '1d;/^$/,$d;s/([^)]*)//g;"
	    "s/-#/-01/g' | tr '\\n' ' ' | sed 's/ · / /g;s/ ·//g;s/  */ /g;"
	    "s/^ //;s/ $//' | grep -qxF '%s'", source, buf_text(&list)), 0);
}

static void
test_statement_refuses(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	struct statement good, s;
	struct err_info info;
	struct buf out = {0};
	static const char *const item[] = {"a\nb"};
	static const struct {
		size_t member;
		const char *value;
	} cases[] = {
#define M(m) offsetof(struct statement, m)
		{M(export_id), "EXP-1"}, {M(plan_sha256), "aa"},
		{M(plan_sha256), NULL}, {M(owner), "48"}, {M(owner), "1"},
		{M(project), "Fever"}, {M(partner), ""},
		{M(recipient), "age1x"}, {M(recipient), "AGE-SECRET-KEY-1"},
		{M(rows_exported), "-1"}, {M(rows_exported), "007"},
		{M(rows_exported), "<"}, {M(rows_exported), "10 "},
		{M(rows_exported), "99999999999999999999"},
		{M(ethics_expiry), "2026-02-30"}, {M(created), "2026-11-22"},
		{M(items), "a\tb"}, {M(items), "a\nb: c"}, {M(items), " a"},
		{M(items), "a\xe2\x80\xae" "b"}, {M(items), "\xff"},
		{M(supersedes), "none"}, {M(k_asked), "ten"},
#undef M
	};
	size_t i;

	(void)state;
	fixture_init(&f, 1);
	fixture_statement(&f, &good);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		enum err e;

		s = good;
		memset(&info, 0, sizeof(info));
		memcpy((char *)&s + cases[i].member, &cases[i].value,
		    sizeof(cases[i].value));
		e = statement_write(&s, &out, &info);
		if (e != ERR_SYNTAX && e != ERR_ENCODING)
			fail_msg("case %zu: %s", i, err_name(e));
		assert_int_equal(out.len, 0);
	}
	s = good;
	s.levels = (struct form_run){item, 1};
	assert_int_not_equal(statement_write(&s, &out, NULL), ERR_OK);
}

static void
test_statement_parse_refuses(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf bad = {0};
	struct statement s, back = {0};
	struct err_info info = {0};
	char *at;

	(void)state;
	fixture_init(&f, 1);
	fixture_statement(&f, &s);
	assert_ok(statement_write(&s, &text, NULL));
	/* A value the grammar of its key does not have. */
	assert_ok(buf_append(&bad, text.data, text.len));
	at = strstr((char *)bad.data, "k-asked: 10");
	memcpy(at, "k-asked: xx", 11);
	assert_err(statement_parse(bytes_buf(&bad), &back, &info), ERR_SYNTAX);
	assert_non_null(strstr(info.message, "k-asked"));
	assert_null(back.export_id);
	/* Another kind, a version to come, a cut. */
	bad.data[19] = '2';
	assert_int_not_equal(statement_parse(bytes_buf(&bad), &back, NULL),
	    ERR_OK);
	assert_int_not_equal(statement_parse(bytes_of(text.data, text.len - 1),
	    &back, NULL), ERR_OK);
}

static void
test_binding(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(binding_release) struct binding back = {0};
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf again = {0};
	struct err_info info = {0};

	(void)state;
	fixture_init(&f, 1);
	assert_ok(binding_write(&f.binding, &text, NULL));
	assert_ok(binding_parse(bytes_buf(&text), &back, NULL));
	assert_string_equal(back.export_id, FIXTURE_EXPORT);
	assert_string_equal(back.recipient, f.recipient);
	assert_true(secret_equal(back.salt, f.binding.salt));
	assert_true(secret_equal(back.notice_key, f.binding.notice_key));
	assert_ok(binding_write(&back, &again, NULL));
	assert_string_equal(buf_text(&again), buf_text(&text));
	f.binding.recipient[20] ^= 1;
	assert_err(binding_write(&f.binding, &again, &info), ERR_SYNTAX);
	assert_non_null(strstr(info.message, "recipient"));
	f.binding.recipient[20] ^= 1;
	f.binding.export_id[0] = 'e';
	assert_err(binding_write(&f.binding, &again, &info), ERR_SYNTAX);
}

/* Every flipped bit gives another binding or none. */
static void
test_binding_mutations(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf text = {0};
	size_t i;

	(void)state;
	fixture_init(&f, 1);
	assert_ok(binding_write(&f.binding, &text, NULL));
	for (i = 0; i < text.len * 8; i++) {
		CLEANUP(binding_release) struct binding back = {0};

		text.data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (binding_parse(bytes_buf(&text), &back, NULL) == ERR_OK)
			assert_false(strcmp(back.export_id,
			    f.binding.export_id) == 0 &&
			    memcmp(back.plan_sha256, f.binding.plan_sha256,
			    DIGEST_LEN) == 0 && memcmp(back.request_sha256,
			    f.binding.request_sha256, DIGEST_LEN) == 0 &&
			    secret_equal(back.salt, f.binding.salt) &&
			    secret_equal(back.notice_key,
			    f.binding.notice_key));
		text.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (i = 0; i < text.len; i++) {
		CLEANUP(binding_release) struct binding back = {0};

		assert_int_not_equal(binding_parse(bytes_of(text.data, i),
		    &back, NULL), ERR_OK);
	}
}

static void
test_receipt(void **state)
{
	CLEANUP(receipt_release) struct receipt back = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct receipt r = {
		.export_id = "EXP-2026-0007", .sha256sums_sha256 = HEX32,
		.request_sha256 = HEX32, .partner = "keio", .recipient = AGE,
		.receipt_proof = HEX32, .received = "2026-11-23T00:00:00Z",
		.nonce = HEX16,
	};

	(void)state;
	assert_ok(receipt_write(&r, &text, NULL));
	assert_string_equal(buf_text(&text), "azukari-receipt v1\n"
	    "export: EXP-2026-0007\nsha256sums-sha256: " HEX32
	    "\nrequest-sha256: " HEX32 "\npartner: keio\nrecipient: " AGE
	    "\nreceipt-proof: " HEX32 "\nreceived: 2026-11-23T00:00:00Z\n"
	    "nonce: " HEX16 "\n");
	assert_ok(receipt_parse(bytes_buf(&text), &back, NULL));
	assert_string_equal(back.receipt_proof, HEX32);
	r.nonce = HEX32;
	assert_err(receipt_write(&r, &text, NULL), ERR_SYNTAX);
}

static void
test_destruction(void **state)
{
	CLEANUP(receipt_destruction_release) struct receipt_destruction back =
	    {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct receipt_destruction d = {
		.export_id = "EXP-2026-0007", .sha256sums_sha256 = HEX32,
		.partner = "keio", .method = "上書き消去", .copies = "2",
		.destroyed = "2029-03-31T00:00:00Z", .nonce = HEX16,
	};

	(void)state;
	assert_ok(receipt_destruction_write(&d, &text, NULL));
	assert_int_equal(strncmp(buf_text(&text), "azukari-destruction v1\n",
	    23), 0);
	assert_ok(receipt_destruction_parse(bytes_buf(&text), &back, NULL));
	assert_string_equal(back.method, d.method);
}

static struct notice
good_notice(void)
{
	static const char *const blocks[] = {HEX16, HEX16};

	return (struct notice){
		.number = "1", .previous = "-", .owner = "14",
		.partner = "keio", .project = "fever",
		.export_id = "EXP-2026-0007", .plan_sha256 = HEX32,
		.reason = "withdrawal", .scope = "research",
		.issued = "2026-12-01T00:00:00Z", .answer_by = "2026-12-15",
		.blocks = {blocks, 2},
	};
}

static void
test_notice(void **state)
{
	CLEANUP(notice_release) struct notice back = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct notice n = good_notice();
	static const char *const bad[] = {HEX32};

	(void)state;
	assert_ok(notice_write(&n, &text, NULL));
	assert_ok(notice_parse(bytes_buf(&text), &back, NULL));
	assert_int_equal(back.blocks.len, 2);
	assert_string_equal(back.blocks.items[1], HEX16);
	assert_false(notice_is_recall(&back));
	n.blocks = (struct form_run){bad, 1};
	assert_err(notice_write(&n, &text, NULL), ERR_SYNTAX);
	n = good_notice();
	n.reason = "recall";
	assert_err(notice_write(&n, &text, NULL), ERR_SYNTAX);
	n.blocks.len = 0;
	assert_ok(notice_write(&n, &text, NULL));
	assert_true(notice_is_recall(&n));
	n.reason = "withdrawal";
	assert_err(notice_write(&n, &text, NULL), ERR_SYNTAX);
	n = good_notice();
	n.reason = "whim";
	assert_err(notice_write(&n, &text, NULL), ERR_SYNTAX);
	n = good_notice();
	n.number = "2";
	assert_err(notice_write(&n, &text, NULL), ERR_SYNTAX);
	n.previous = HEX32;
	assert_ok(notice_write(&n, &text, NULL));
	n.number = "1";
	assert_err(notice_write(&n, &text, NULL), ERR_SYNTAX);
	n.number = "0";
	assert_err(notice_write(&n, &text, NULL), ERR_SYNTAX);
}

/* As many people as one notice can name. */
static void
test_long_notice(void **state)
{
	CLEANUP(notice_release) struct notice back = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct notice n = good_notice();
	const char **blocks = calloc(TEXT_RUN_MAX + 1, sizeof(*blocks));
	size_t i;

	(void)state;
	assert_non_null(blocks);
	for (i = 0; i <= TEXT_RUN_MAX; i++)
		blocks[i] = HEX16;
	n.blocks = (struct form_run){blocks, TEXT_RUN_MAX};
	assert_ok(notice_write(&n, &text, NULL));
	assert_ok(notice_parse(bytes_buf(&text), &back, NULL));
	assert_int_equal(back.blocks.len, TEXT_RUN_MAX);
	n.blocks.len++;
	assert_int_not_equal(notice_write(&n, &text, NULL), ERR_OK);
	free(blocks);
}

static void
test_notice_applied(void **state)
{
	CLEANUP(notice_applied_release) struct notice_applied back = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct notice_applied a = {
		.notice_sha256 = HEX32, .export_id = "EXP-2026-0007",
		.partner = "keio", .pseudonyms_removed = "1",
		.rows_removed = "3", .applied = "2026-12-02T00:00:00Z",
		.nonce = HEX16,
	};

	(void)state;
	assert_ok(notice_applied_write(&a, &text, NULL));
	assert_int_equal(strncmp(buf_text(&text),
	    "azukari-notice-applied v1\n", 26), 0);
	assert_ok(notice_applied_parse(bytes_buf(&text), &back, NULL));
	assert_string_equal(back.rows_removed, "3");
	a.rows_removed = "<10";
	assert_err(notice_applied_write(&a, &text, NULL), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_export_ids),
		cmocka_unit_test(test_statement),
		cmocka_unit_test(test_statement_keys_are_documented),
		cmocka_unit_test(test_statement_refuses),
		cmocka_unit_test(test_statement_parse_refuses),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_binding_mutations),
		cmocka_unit_test(test_receipt),
		cmocka_unit_test(test_destruction),
		cmocka_unit_test(test_notice),
		cmocka_unit_test(test_long_notice),
		cmocka_unit_test(test_notice_applied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
