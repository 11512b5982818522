#include "tests/unit/unit.h"

#include "core/json_doc.h"

static enum err
parse(const char *text, struct json_doc **ret, struct err_info *info)
{
	return json_doc_parse(bytes_str(text), JSON_DOC_SIZE_MAX, ret, info);
}

static void
values_are_read_by_type(void **state)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	const struct json_doc *a;

	(void)state;
	assert_ok(parse("{\"s\":\"神\",\"i\":-7,\"r\":0.5,\"t\":true,\"n\":null,"
	    "\"a\":[1,[],{}]}", &doc, NULL));
	assert_int_equal(json_doc_type(doc), JSON_DOC_OBJECT);
	assert_int_equal(json_doc_len(doc), 6);
	assert_string_equal(json_doc_string(json_doc_get(doc, "s")), "神");
	assert_int_equal(json_doc_string_len(json_doc_get(doc, "s")), 3);
	assert_true(json_doc_int(json_doc_get(doc, "i"), 1) == -7);
	assert_true(json_doc_real(json_doc_get(doc, "r"), 1) > 0.4);
	assert_true(json_doc_real(json_doc_get(doc, "i"), 1) < -6);
	assert_int_equal(json_doc_bool(json_doc_get(doc, "t"), 0), 1);
	assert_int_equal(json_doc_type(json_doc_get(doc, "n")), JSON_DOC_NULL);
	a = json_doc_get(doc, "a");
	assert_int_equal(json_doc_len(a), 3);
	assert_true(json_doc_int(json_doc_at(a, 0), 0) == 1);
	assert_int_equal(json_doc_type(json_doc_at(a, 1)), JSON_DOC_ARRAY);
	assert_null(json_doc_at(a, 3));
}

static void
another_type_or_nothing_gives_the_fallback(void **state)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	const struct json_doc *s;

	(void)state;
	assert_ok(parse("[\"1\",1.0]", &doc, NULL));
	s = json_doc_at(doc, 0);
	assert_true(json_doc_int(s, 5) == 5);
	assert_true(json_doc_int(json_doc_at(doc, 1), 5) == 5);
	assert_int_equal(json_doc_bool(s, 3), 3);
	assert_null(json_doc_string(json_doc_at(doc, 1)));
	assert_null(json_doc_string(NULL));
	assert_true(json_doc_int(NULL, 6) == 6);
	assert_true(json_doc_real(NULL, 6) > 5);
	assert_int_equal(json_doc_bool(NULL, 7), 7);
	assert_int_equal(json_doc_len(NULL), 0);
	assert_int_equal(json_doc_len(s), 0);
	assert_null(json_doc_get(s, "x"));
	assert_null(json_doc_get(NULL, "x"));
	assert_null(json_doc_at(NULL, 0));
	assert_null(json_doc_next_key(s, NULL));
	assert_null(json_doc_next_key(NULL, NULL));
	json_doc_free(NULL);
}

static void
members_keep_their_order(void **state)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	static const char *const want[] = {"z", "a", "m", "b"};
	const char *key = NULL;
	size_t i;

	(void)state;
	assert_ok(parse("{\"z\":0,\"a\":1,\"m\":2,\"b\":3}", &doc, NULL));
	for (i = 0; i < 4; i++) {
		assert_string_equal(json_doc_key_at(doc, i), want[i]);
		assert_true(json_doc_int(json_doc_value_at(doc, i), -1) ==
		    (int64_t)i);
		key = json_doc_next_key(doc, key);
		assert_string_equal(key, want[i]);
	}
	assert_null(json_doc_next_key(doc, key));
	assert_null(json_doc_next_key(doc, "not there"));
	assert_null(json_doc_key_at(doc, 4));
	assert_null(json_doc_value_at(doc, 4));
}

static void
bad_documents_by_cause_and_line(void **state)
{
	static const struct {
		const char *text;
		enum err want;
		unsigned long line;
	} cases[] = {
		{"", ERR_TRUNCATED, 1},
		{"{", ERR_TRUNCATED, 1},
		{"{\"a\":\n1,", ERR_TRUNCATED, 2},
		{"{\"a\":1}\n{}", ERR_SYNTAX, 2},
		{"{\"a\":1,\n\"a\":2}", ERR_DUPLICATE, 2},
		{"{\"a\":{\"b\":1,\"b\":1}}", ERR_DUPLICATE, 1},
		{"{\"a\":1,}", ERR_SYNTAX, 1},
		{"{a:1}", ERR_SYNTAX, 1},
		{"[01]", ERR_SYNTAX, 1},
		{"[NaN]", ERR_SYNTAX, 1},
		{"'a'", ERR_SYNTAX, 1},
		{"1", ERR_SYNTAX, 1},
		{"\"a\"", ERR_SYNTAX, 1},
		{"\xef\xbb\xbf{}", ERR_SYNTAX, 1},
		{"[\"\\u0000\"]", ERR_ENCODING, 1},
		{"{\"\\u0000\":1}", ERR_ENCODING, 1},
		{"[\n\"\xff\"]", ERR_ENCODING, 2},
		{"[\"\\ud800\"]", ERR_SYNTAX, 1},
		{"[\"a\nb\"]", ERR_SYNTAX, 1},
		{"[123456789012345678901]", ERR_RANGE, 1},
		{"[1e999]", ERR_RANGE, 1},
		{"[1] // comment", ERR_SYNTAX, 1},
	};
	struct json_doc *doc = NULL;
	struct err_info info;
	enum err got;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		info = (struct err_info){.line = 99};
		got = parse(cases[i].text, &doc, &info);
		if (got != cases[i].want || info.line != cases[i].line)
			fail_msg("case %zu: %s at line %lu: %s", i,
			    err_name(got), info.line, info.message);
		assert_null(doc);
	}
	assert_err(json_doc_parse(bytes_of("[\"a\0\"]", 6), 100, &doc, NULL),
	    ERR_ENCODING);
}

static void
messages_never_quote_the_document(void **state)
{
	struct json_doc *doc = NULL;
	struct err_info info = {0};

	(void)state;
	assert_err(parse("{\"Q1\":fever39}", &doc, &info), ERR_SYNTAX);
	assert_null(strstr(info.message, "fever"));
	assert_err(parse("{\"Q1\":\"fever\x01\"}", &doc, &info), ERR_SYNTAX);
	assert_null(strstr(info.message, "fever"));
}

static void
nested(struct buf *b, unsigned depth, const char *open, const char *close)
{
	unsigned i;

	for (i = 0; i < depth; i++)
		assert_ok(buf_append_str(b, open));
	assert_ok(buf_append_str(b, "[]"));
	for (i = 0; i < depth; i++)
		assert_ok(buf_append_str(b, close));
}

static void
depth_and_size_are_bounded(void **state)
{
	static const struct {
		const char *open, *close;
	} kinds[] = {{"[", "]"}, {"{\"a\":", "}"}, {"[\"]]\\\"]\",", "]"}};
	struct err_info info;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		CLEANUP(buf_release) struct buf ok = {0};
		CLEANUP(buf_release) struct buf deep = {0};
		CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
		struct json_doc *none = NULL;

		nested(&ok, JSON_DOC_DEPTH_MAX - 1, kinds[i].open,
		    kinds[i].close);
		assert_ok(json_doc_parse(bytes_buf(&ok), ok.len, &doc, &info));
		assert_err(json_doc_parse(bytes_buf(&ok), ok.len - 1, &none,
		    &info), ERR_LIMIT);
		nested(&deep, JSON_DOC_DEPTH_MAX, kinds[i].open,
		    kinds[i].close);
		assert_err(json_doc_parse(bytes_buf(&deep), deep.len, &none,
		    &info), ERR_LIMIT);
	}
	CLEANUP(buf_release) struct buf huge = {0};
	struct json_doc *none = NULL;
	nested(&huge, 1000000, "[", "]");
	assert_err(json_doc_parse(bytes_buf(&huge), huge.len, &none, &info),
	    ERR_LIMIT);
}

static void
brackets_in_strings_do_not_count(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	unsigned i;

	(void)state;
	assert_ok(buf_append_str(&b, "[\"\\\\\\\""));
	for (i = 0; i < 100; i++)
		assert_ok(buf_append_str(&b, "[{"));
	assert_ok(buf_append_str(&b, "\"]"));
	assert_ok(json_doc_parse(bytes_buf(&b), b.len, &doc, NULL));
}

static void
only_and_need(void **state)
{
	static const char *const keys[] = {"k", "s", NULL};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	struct err_info info = {.file = "policy.json"};
	const char *s;
	int64_t n;

	(void)state;
	assert_ok(parse("{\"k\":5,\"s\":\"x\"}", &doc, NULL));
	assert_ok(json_doc_only(doc, keys, "rule", &info));
	assert_err(json_doc_only(doc, keys + 1, "rule", &info), ERR_UNKNOWN);
	assert_non_null(strstr(info.message, "rule"));
	assert_non_null(strstr(info.message, "\"k\""));
	assert_string_equal(info.file, "policy.json");
	assert_ok(json_doc_need_string(doc, "s", "rule", &s, &info));
	assert_string_equal(s, "x");
	assert_err(json_doc_need_string(doc, "k", "rule", &s, &info),
	    ERR_SYNTAX);
	assert_err(json_doc_need_string(doc, "no", "rule", &s, &info),
	    ERR_SYNTAX);
	assert_non_null(strstr(info.message, "no"));
	assert_ok(json_doc_need_int(doc, "k", 5, 5, "rule", &n, &info));
	assert_true(n == 5);
	assert_err(json_doc_need_int(doc, "k", 6, 9, "rule", &n, &info),
	    ERR_RANGE);
	assert_err(json_doc_need_int(doc, "k", 1, 4, "rule", &n, &info),
	    ERR_RANGE);
	assert_err(json_doc_need_int(doc, "s", 1, 4, "rule", &n, &info),
	    ERR_SYNTAX);
	assert_err(json_doc_need_int(NULL, "s", 1, 4, "rule", &n, &info),
	    ERR_SYNTAX);
}

static struct json_doc *
build(void)
{
	struct json_doc *doc = json_doc_new_object();
	struct json_doc *list = json_doc_new_array();

	json_doc_add_int(list, 3);
	json_doc_add_string(list, "\"神\"");
	json_doc_add(list, json_doc_new_object());
	json_doc_set_string(doc, "z", "a\n");
	json_doc_set_int(doc, "i", INT64_MIN);
	json_doc_set_real(doc, "r", 0.1);
	json_doc_set_bool(doc, "b", 0);
	json_doc_set(doc, "list", list);
	return doc;
}

static void
dumps_are_stable(void **state)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = build();
	CLEANUP(json_doc_cleanup) struct json_doc *back = NULL;
	CLEANUP(buf_release) struct buf line = {0};
	CLEANUP(buf_release) struct buf pretty = {0};
	CLEANUP(buf_release) struct buf again = {0};

	(void)state;
	assert_ok(json_doc_dump(doc, 0, &line));
	assert_string_equal(buf_text(&line), "{\"z\":\"a\\n\",\"i\":"
	    "-9223372036854775808,\"r\":0.1,\"b\":false,\"list\":[3,"
	    "\"\\\"神\\\"\",{}]}\n");
	assert_ok(json_doc_dump(doc, 2, &pretty));
	assert_non_null(strstr(buf_text(&pretty), "{\n  \"z\": \"a\\n\",\n"));
	assert_ok(parse(buf_text(&pretty), &back, NULL));
	assert_ok(json_doc_dump(back, 0, &again));
	assert_string_equal(buf_text(&again), buf_text(&line));
}

static void
what_a_setter_lost_is_told_by_dump(void **state)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = json_doc_new_object();
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(buf_release) struct buf small = {.max = 1};

	(void)state;
	json_doc_set_string(doc, "k", "\xff");
	assert_err(json_doc_dump(doc, 0, &b), ERR_NOMEM);
	assert_ok(json_doc_dump(doc, 0, &b));
	assert_err(json_doc_dump(doc, 0, &small), ERR_LIMIT);
	assert_err(json_doc_dump(NULL, 0, &b), ERR_NOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_by_type),
		cmocka_unit_test(another_type_or_nothing_gives_the_fallback),
		cmocka_unit_test(members_keep_their_order),
		cmocka_unit_test(bad_documents_by_cause_and_line),
		cmocka_unit_test(messages_never_quote_the_document),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(brackets_in_strings_do_not_count),
		cmocka_unit_test(only_and_need),
		cmocka_unit_test(dumps_are_stable),
		cmocka_unit_test(what_a_setter_lost_is_told_by_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
