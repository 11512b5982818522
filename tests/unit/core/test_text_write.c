#include "tests/unit/unit.h"

#include "core/text.h"

static const char *const keys[] = {"id", "?note", "n", "when", "hash",
    "seat-#", NULL};
static const struct text_schema schema = {"sample", keys};

static void
put_all_but_id(struct text_writer *w)
{
	text_put_uint(w, "n", 14);
	text_put_time(w, "when", 1795334400);
	text_put_hex(w, "hash", (const uint8_t *)"\x00\xff", 2);
	text_put_run(w, "seat-#", 0, "a");
	text_put_run(w, "seat-#", 1, "b");
}

static void
what_is_written_is_read_back(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct text_writer w;

	(void)state;
	assert_ok(buf_append_str(&b, "before\n"));
	text_begin(&w, &schema, &b);
	text_put_format(&w, "id", "EXP-%d", 7);
	text_put(&w, "note", "神奈川");
	put_all_but_id(&w);
	assert_ok(text_end(&w, NULL));
	assert_string_equal(buf_text(&b), "before\nazukari-sample v1\n"
	    "id: EXP-7\nnote: 神奈川\nn: 14\nwhen: 2026-11-22T08:00:00Z\n"
	    "hash: 00ff\nseat-01: a\nseat-02: b\n");
	assert_ok(text_parse(bytes_str(buf_text(&b) + 7), &schema, &t, NULL));
}

static void
null_leaves_an_optional_key_out(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct text_writer w;

	(void)state;
	text_begin(&w, &schema, &b);
	text_put(&w, "id", "x");
	text_put(&w, "note", NULL);
	put_all_but_id(&w);
	assert_ok(text_end(&w, NULL));
	assert_null(strstr(buf_text(&b), "note"));
}

static void
bad_values_are_refused_and_nothing_is_left(void **state)
{
	static const struct {
		const char *id;
		enum err want;
	} cases[] = {
		{"", ERR_SYNTAX}, {" x", ERR_SYNTAX}, {"x ", ERR_SYNTAX},
		{"x\nn: 15", ERR_ENCODING}, {"x\r", ERR_ENCODING},
		{"\u202e", ERR_ENCODING}, {"e\u0301", ERR_ENCODING},
		{"\xff", ERR_ENCODING}, {NULL, ERR_SYNTAX},
	};
	struct text_writer w;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(buf_release) struct buf b = {0};
		struct err_info info = {0};

		assert_ok(buf_append_str(&b, "before"));
		text_begin(&w, &schema, &b);
		text_put(&w, "id", cases[i].id);
		put_all_but_id(&w);
		assert_err(text_end(&w, &info), cases[i].want);
		assert_true(info.message[0] != '\0');
		assert_int_equal(b.len, 6);
	}
}

static void
wrong_order_and_missing_keys_are_refused(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct text_writer w;

	(void)state;
	text_begin(&w, &schema, &b);
	put_all_but_id(&w);
	text_put(&w, "id", "x");
	assert_err(text_end(&w, NULL), ERR_SYNTAX);
	assert_int_equal(b.len, 0);
	text_begin(&w, &schema, &b);
	text_put(&w, "id", "x");
	assert_err(text_end(&w, NULL), ERR_SYNTAX);
	text_begin(&w, &schema, &b);
	text_put(&w, "id", "x");
	text_put(&w, "id", "x");
	put_all_but_id(&w);
	assert_err(text_end(&w, NULL), ERR_DUPLICATE);
	text_begin(&w, &schema, &b);
	text_put(&w, "id", "x");
	put_all_but_id(&w);
	text_put_run(&w, "seat-#", 3, "gap");
	assert_err(text_end(&w, NULL), ERR_SYNTAX);
}

static void
limits(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(buf_release) struct buf small = {.max = 20};
	struct text_writer w;

	(void)state;
	text_begin(&w, &schema, &b);
	text_put_format(&w, "id", "%0*d", TEXT_VALUE_MAX + 1, 0);
	put_all_but_id(&w);
	assert_err(text_end(&w, NULL), ERR_LIMIT);
	text_begin(&w, &schema, &small);
	text_put(&w, "id", "x");
	put_all_but_id(&w);
	assert_err(text_end(&w, NULL), ERR_LIMIT);
	assert_int_equal(small.len, 0);
}

static void
put_unknown(void *w)
{
	text_put(w, "unknown", "x");
}

static void
put_single_as_run(void *w)
{
	text_put_run(w, "id", 0, "x");
}

static void
put_run_as_single(void *w)
{
	text_put(w, "seat-#", "x");
}

static void
misuse_aborts(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct text_writer w;

	(void)state;
	text_begin(&w, &schema, &b);
	assert_true(unit_aborts(put_unknown, &w));
	assert_true(unit_aborts(put_single_as_run, &w));
	assert_true(unit_aborts(put_run_as_single, &w));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(null_leaves_an_optional_key_out),
		cmocka_unit_test(bad_values_are_refused_and_nothing_is_left),
		cmocka_unit_test(wrong_order_and_missing_keys_are_refused),
		cmocka_unit_test(limits),
		cmocka_unit_test(misuse_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
