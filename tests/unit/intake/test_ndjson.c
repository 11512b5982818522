#include "tests/unit/intake/env.h"

#define TIME "\"time\":\"2020-03-27T12:34:56+09:00\""
#define WHO "\"event\":\"e1\"," TIME ",\"respondent\":\"U1\""
#define SURVEY "\"survey\":\"t\",\"version\":1"
#define RESPONSE(answers) "{\"type\":\"response\"," WHO "," SURVEY \
	",\"answers\":{" answers "}}"
#define CONSENT(rest) "{\"type\":\"consent\"," WHO "," rest "}"
#define WITHDRAWAL(rest) "{\"type\":\"withdrawal\"," WHO "," rest "}"

/* Lines both readers take. */
static const char *const good[] = {
	RESPONSE(""),
	RESPONSE("\"C\":\"1\""),
	RESPONSE("\"C\":null,\"L\":null,\"T\":null"),
	RESPONSE("\"T\":\"x\",\"C\":\"2\",\"X\":5"),
	RESPONSE("\"L\":[]"), RESPONSE("\"L\":[\"S0\"]"),
	RESPONSE("\"L\":[ \"S1\" , \"S2\" ]"),
	RESPONSE("\"I\":0"), RESPONSE("\"I\":-0"), RESPONSE("\"I\":120"),
	RESPONSE("\"N\":36"), RESPONSE("\"N\":36.5"), RESPONSE("\"N\":36.50"),
	RESPONSE("\"N\":-0.0"), RESPONSE("\"N\":3.65e1"),
	RESPONSE("\"N\":1E2"), RESPONSE("\"N\":99999999999999.9"),
	RESPONSE("\"N\":36.5000000000000000000"),
	RESPONSE("\"D\":\"2020-02-29\""), RESPONSE("\"B\":true"),
	RESPONSE("\"B\":false"), RESPONSE("\"P\":\"0123456\""),
	RESPONSE("\"T\":\"\xe7\x86\xb1\""), RESPONSE("\"T\":\"\\u71b1\""),
	RESPONSE("\"T\":\"\\ud83d\\ude37 \\/\""),
	RESPONSE("\"\\u0043\":\"\\u0031\""),
	"{\"answers\":{\"C\":\"1\"}," SURVEY "," WHO ",\"type\":\"response\"}",
	"{\"answers\":{\"T\":\"}]\\\"\"}," WHO ",\"version\":1,\"type\":"
	    "\"response\",\"survey\":\"t\"}",
	" { \"type\" : \"response\" ,\t" WHO "," SURVEY ", \"answers\" : { "
	    "\"C\" : \"1\" } } \r",
	CONSENT("\"scopes\":[\"support\"],\"text\":\"" ENV_TEXT "\""),
	CONSENT("\"scopes\":[\"support\",\"research\",\"recontact\"],"
	    "\"text\":\"" ENV_TEXT "\""),
	WITHDRAWAL("\"scopes\":[\"all\"],\"permanent\":true"),
	WITHDRAWAL("\"scopes\":[\"research\"],\"permanent\":false"),
	WITHDRAWAL("\"scopes\":[\"support\",\"recontact\"]"),
};

/* Lines both refuse, and for which reason; with two faults at once the two
 * may differ, so each has one. */
static const struct {
	const char *line;
	enum intake_reason want;
} bad[] = {
	{"x", INTAKE_REASON_JSON}, {"[]", INTAKE_REASON_JSON},
	{"1", INTAKE_REASON_JSON}, {"{", INTAKE_REASON_JSON},
	{RESPONSE("") "x", INTAKE_REASON_JSON},
	{RESPONSE("") "{}", INTAKE_REASON_JSON},
	{RESPONSE("\"C\":\"1\","), INTAKE_REASON_JSON},
	{RESPONSE("\"C\" \"1\""), INTAKE_REASON_JSON},
	{RESPONSE("\"C\":\"1\" \"I\":1"), INTAKE_REASON_JSON},
	{RESPONSE("C:\"1\""), INTAKE_REASON_JSON},
	{RESPONSE("\"C\":'1'"), INTAKE_REASON_JSON},
	{RESPONSE("\"C\":nul"), INTAKE_REASON_JSON},
	{RESPONSE("\"I\":01"), INTAKE_REASON_JSON},
	{RESPONSE("\"I\":+1"), INTAKE_REASON_JSON},
	{RESPONSE("\"I\":-"), INTAKE_REASON_JSON},
	{RESPONSE("\"N\":1."), INTAKE_REASON_JSON},
	{RESPONSE("\"N\":.5"), INTAKE_REASON_JSON},
	{RESPONSE("\"N\":1e"), INTAKE_REASON_JSON},
	{RESPONSE("\"N\":NaN"), INTAKE_REASON_JSON},
	{RESPONSE("\"N\":1e999"), INTAKE_REASON_JSON},
	{RESPONSE("\"I\":99999999999999999999"), INTAKE_REASON_JSON},
	{RESPONSE("\"T\":\"a\tb\""), INTAKE_REASON_JSON},
	{RESPONSE("\"T\":\"\\x\""), INTAKE_REASON_JSON},
	{RESPONSE("\"T\":\"\\u12\""), INTAKE_REASON_JSON},
	{RESPONSE("\"T\":\"\\ud800\""), INTAKE_REASON_JSON},
	{RESPONSE("\"T\":\"\\ud800\\u0041\""), INTAKE_REASON_JSON},
	{RESPONSE("\"T\":\"\\udc00\""), INTAKE_REASON_JSON},
	{RESPONSE("\"T\":\"abc"), INTAKE_REASON_JSON},
	{RESPONSE("\"L\":[\"S1\",]"), INTAKE_REASON_JSON},
	{RESPONSE("\"L\":[\"S1\""), INTAKE_REASON_JSON},
	{RESPONSE("\"C\":\"1\",\"C\":\"1\""), INTAKE_REASON_JSON},
	{RESPONSE("\"C\":null,\"\\u0043\":\"1\""), INTAKE_REASON_JSON},
	{"{\"type\":\"response\",\"type\":\"response\"," WHO "," SURVEY
	    ",\"answers\":{}}", INTAKE_REASON_JSON},
	{"{\"type\":\"response\"," WHO "," SURVEY
	    ",\"answers\":{},\"answers\":{}}", INTAKE_REASON_JSON},
	{"{\"answers\":{]," WHO "," SURVEY ",\"type\":\"response\"}",
	    INTAKE_REASON_JSON},
	{RESPONSE("\"T\":\"a\\u0001\""), INTAKE_REASON_ENCODING},
	{RESPONSE("\"T\":\"\xff\""), INTAKE_REASON_ENCODING},
	{RESPONSE("\"T\":\"a\\u202eb\""), INTAKE_REASON_ENCODING},
	{RESPONSE("\"T\":\"e\xcc\x81\""), INTAKE_REASON_ENCODING},
	{"{}", INTAKE_REASON_MEMBER},
	{"{\"type\":\"response\"," WHO "," SURVEY "}", INTAKE_REASON_MEMBER},
	{"{\"type\":\"response\"," WHO ",\"survey\":\"t\",\"answers\":{}}",
	    INTAKE_REASON_MEMBER},
	{"{\"type\":\"response\"," WHO "," SURVEY ",\"answers\":[]}",
	    INTAKE_REASON_MEMBER},
	{"{\"type\":\"response\"," WHO ",\"survey\":\"t\",\"version\":1.0,"
	    "\"answers\":{}}", INTAKE_REASON_MEMBER},
	{"{\"type\":\"response\"," WHO ",\"survey\":\"t\",\"version\":\"1\","
	    "\"answers\":{}}", INTAKE_REASON_MEMBER},
	{"{\"type\":\"response\"," WHO ",\"survey\":1,\"version\":1,"
	    "\"answers\":{}}", INTAKE_REASON_MEMBER},
	{"{\"type\":\"response\",\"extra\":1," WHO "," SURVEY
	    ",\"answers\":{}}", INTAKE_REASON_MEMBER},
	{"{\"type\":\"response\"," WHO "," SURVEY
	    ",\"answers\":{},\"scopes\":[\"all\"]}", INTAKE_REASON_MEMBER},
	{CONSENT("\"scopes\":[\"support\"]"), INTAKE_REASON_MEMBER},
	{CONSENT("\"scopes\":\"support\",\"text\":\"" ENV_TEXT "\""),
	    INTAKE_REASON_MEMBER},
	{CONSENT("\"scopes\":[1],\"text\":\"" ENV_TEXT "\""),
	    INTAKE_REASON_MEMBER},
	{CONSENT("\"scopes\":[\"support\"],\"text\":\"" ENV_TEXT
	    "\",\"permanent\":true"), INTAKE_REASON_MEMBER},
	{CONSENT("\"scopes\":[\"support\"],\"text\":\"sha256:00\""),
	    INTAKE_REASON_MEMBER},
	{CONSENT("\"scopes\":[\"support\"],\"text\":\"\""),
	    INTAKE_REASON_MEMBER},
	{WITHDRAWAL("\"scopes\":[\"all\"],\"permanent\":1"),
	    INTAKE_REASON_MEMBER},
	{WITHDRAWAL("\"scopes\":[\"all\"],\"permanent\":null"),
	    INTAKE_REASON_MEMBER},
	{"{\"type\":\"Response\"}", INTAKE_REASON_TYPE},
	{"{\"type\":\"\"}", INTAKE_REASON_TYPE},
	{"{\"type\":\"consent\",\"event\":\"\"}", INTAKE_REASON_EVENT},
	{"{\"respondent\":\"\"}", INTAKE_REASON_RESPONDENT},
	{"{\"event\":\"a\\u0007\"}", INTAKE_REASON_ENCODING},
	{"{\"respondent\":\"\\u200b\"}", INTAKE_REASON_ENCODING},
	{"{\"time\":\"2020-03-27\"}", INTAKE_REASON_TIME},
	{"{\"time\":\"2020-02-30T00:00:00Z\"}", INTAKE_REASON_TIME},
	{"{\"time\":\"2020-03-27 00:00:00Z\"}", INTAKE_REASON_TIME},
	{"{\"time\":\"2020-03-27T00:00:00\"}", INTAKE_REASON_TIME},
	{"{\"time\":\"2020-03-27T09:16:41Z\"}", INTAKE_REASON_TIME},
	{"{\"time\":\"1969-12-31T23:59:59Z\"}", INTAKE_REASON_TIME},
	{"{\"type\":\"response\"," WHO ",\"survey\":\"t\",\"version\":2,"
	    "\"answers\":{}}", INTAKE_REASON_SURVEY},
	{"{\"type\":\"response\"," WHO ",\"survey\":\"u\",\"version\":1,"
	    "\"answers\":{}}", INTAKE_REASON_SURVEY},
	{CONSENT("\"scopes\":[\"support\"],\"text\":\"sha256:"
	    "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	    "\""), INTAKE_REASON_CONSENT_TEXT},
	{CONSENT("\"scopes\":[],\"text\":\"" ENV_TEXT "\""),
	    INTAKE_REASON_SCOPE},
	{CONSENT("\"scopes\":[\"all\"],\"text\":\"" ENV_TEXT "\""),
	    INTAKE_REASON_SCOPE},
	{CONSENT("\"scopes\":[\"support\",\"support\"],\"text\":\"" ENV_TEXT
	    "\""), INTAKE_REASON_SCOPE},
	{CONSENT("\"scopes\":[\"marketing\"],\"text\":\"" ENV_TEXT "\""),
	    INTAKE_REASON_SCOPE},
	{WITHDRAWAL("\"scopes\":[\"all\",\"support\"]"), INTAKE_REASON_SCOPE},
	{RESPONSE("\"Z\":\"1\""), INTAKE_REASON_FIELD},
	{RESPONSE("\"Z\":null"), INTAKE_REASON_FIELD},
	{RESPONSE("\"\":1"), INTAKE_REASON_FIELD},
	{RESPONSE("\"C\":1"), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"C\":[\"1\"]"), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"C\":{}"), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"C\":true"), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"L\":\"S1\""), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"L\":[1]"), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"L\":[null]"), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"I\":\"1\""), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"I\":1.0"), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"I\":1e1"), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"B\":1"), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"D\":20200101"), INTAKE_REASON_ANSWER_TYPE},
	{RESPONSE("\"C\":\"3\""), INTAKE_REASON_CODE},
	{RESPONSE("\"C\":\"\""), INTAKE_REASON_CODE},
	{RESPONSE("\"C\":\"\xe7\x86\xb1\""), INTAKE_REASON_CODE},
	{RESPONSE("\"L\":[\"S9\"]"), INTAKE_REASON_CODE},
	{RESPONSE("\"L\":[\"S1\",\"S1\"]"), INTAKE_REASON_VALUE},
	{RESPONSE("\"I\":121"), INTAKE_REASON_VALUE},
	{RESPONSE("\"I\":-1"), INTAKE_REASON_VALUE},
	{RESPONSE("\"I\":9223372036854775807"), INTAKE_REASON_VALUE},
	{RESPONSE("\"N\":36.55"), INTAKE_REASON_VALUE},
	{RESPONSE("\"N\":1000000000000000"), INTAKE_REASON_VALUE},
	{RESPONSE("\"N\":999999999999999"), INTAKE_REASON_VALUE},
	{RESPONSE("\"D\":\"2020-02-30\""), INTAKE_REASON_VALUE},
	{RESPONSE("\"D\":\"1999-12-31\""), INTAKE_REASON_VALUE},
	{RESPONSE("\"D\":\"2020-2-1\""), INTAKE_REASON_VALUE},
	{RESPONSE("\"P\":\"123-4567\""), INTAKE_REASON_VALUE},
	{RESPONSE("\"P\":\"012345\""), INTAKE_REASON_VALUE},
	{RESPONSE("\"T\":\"\""), INTAKE_REASON_VALUE},
	{RESPONSE("\"T\":\"123456789\""), INTAKE_REASON_VALUE},
	{RESPONSE("\"C\":\"2\""), INTAKE_REASON_REQUIRED},
	{RESPONSE("\"C\":\"2\",\"X\":null"), INTAKE_REASON_REQUIRED},
	{RESPONSE("\"C\":\"1\",\"X\":1"), INTAKE_REASON_ONLY_IF},
	{RESPONSE("\"X\":1"), INTAKE_REASON_ONLY_IF},
	{RESPONSE("\"L\":[\"S0\",\"S1\"]"), INTAKE_REASON_EXCLUSIVE},
};

static const enum ndjson_path paths[] = {NDJSON_FAST, NDJSON_REFERENCE};

static void
test_good(void **state)
{
	size_t i, p;
	struct env v;

	(void)state;
	env_init(&v);
	for (i = 0; i < ARRAY_LEN(good); i++)
		for (p = 0; p < 2; p++) {
			CLEANUP(intake_batch_release)
			    struct intake_batch b = {0};

			env_parse(&v, bytes_str(good[i]), paths[p], &b);
			if (b.bad_len > 0)
				fail_msg("%s: %s", good[i],
				    b.bad[0].message);
			assert_int_equal(b.events_len, 1);
			assert_int_equal(b.lines, 1);
		}
	env_release(&v);
}

/* Words of the message are ours: none is taken from the line. */
static void
assert_quotes_nothing(const struct intake_bad *b)
{
	static const char *const words[] = {"extra", "marketing", "reponse",
	    "Response", "36.55", "U1", "e1", "2020-02-30", "123-4567"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		assert_null(strstr(b->message, words[i]));
	assert_true(b->message[0] != '\0');
}

static void
test_bad(void **state)
{
	size_t i, p;
	struct env v;

	(void)state;
	env_init(&v);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		for (p = 0; p < 2; p++) {
			CLEANUP(intake_batch_release)
			    struct intake_batch b = {0};

			env_parse(&v, bytes_str(bad[i].line), paths[p], &b);
			if (b.bad_len != 1 || b.events_len != 0)
				fail_msg("path %zu took %s", p, bad[i].line);
			if (b.bad[0].reason != bad[i].want)
				fail_msg("path %zu %s: %s", p, bad[i].line,
				    b.bad[0].message);
			assert_true(bytes_equal(b.bad[0].raw,
			    bytes_str(bad[i].line)));
			assert_quotes_nothing(&b.bad[0]);
		}
	env_release(&v);
}

static void
test_events(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	static const char lines[] =
	    RESPONSE("\"C\":\"ab\",\"I\":44") "\n"
	    CONSENT("\"scopes\":[\"research\"],\"text\":\"" ENV_TEXT "\"") "\n"
	    WITHDRAWAL("\"scopes\":[\"all\"],\"permanent\":true") "\n";
	struct env v;

	(void)state;
	env_init(&v);
	env_parse(&v, bytes_str(lines), NDJSON_FAST, &b);
	assert_int_equal(b.events_len, 3);
	assert_int_equal(b.events[0].type, INTAKE_RESPONSE);
	assert_int_equal(b.events[0].line, 1);
	assert_int_equal(b.events[0].time_unix_s, 1585280096);
	assert_int_equal(b.events[0].received_unix_s, ENV_NOW);
	assert_true(bytes_equal(b.events[0].event, bytes_str("e1")));
	assert_true(bytes_equal(b.events[0].respondent, bytes_str("U1")));
	assert_int_equal(b.events[0].survey, 0);
	/* Code 3, no list, 44 from 0 as zigzag 88 plus 1. */
	assert_true(bytes_equal(b.events[0].answers,
	    bytes_of("\1\3\0\x59", 4)));
	assert_int_equal(b.events[1].type, INTAKE_CONSENT);
	assert_int_equal(b.events[1].scopes, INTAKE_SCOPE_RESEARCH);
	assert_memory_equal(b.events[1].text_sha256, v.text[0], 32);
	assert_int_equal(b.events[2].type, INTAKE_WITHDRAWAL);
	assert_int_equal(b.events[2].scopes, INTAKE_SCOPE_ALL);
	assert_int_equal(b.events[2].permanent, 1);
	assert_int_equal(b.events[2].line, 3);
	env_release(&v);
}

/* Ids at their bounds. */
static void
test_id_lengths(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	static const struct {
		int event, respondent;
		enum intake_reason want;
	} cases[] = {
		{128, 255, INTAKE_REASON_COUNT},
		{129, 255, INTAKE_REASON_EVENT},
		{128, 256, INTAKE_REASON_RESPONDENT},
	};
	char line[1024];
	struct env v;
	size_t i, p;

	(void)state;
	env_init(&v);
	for (i = 0; i < ARRAY_LEN(cases); i++)
		for (p = 0; p < 2; p++) {
			(void)snprintf(line, sizeof(line), "{\"type\":"
			    "\"withdrawal\",\"event\":\"%0*d\"," TIME
			    ",\"respondent\":\"%0*d\",\"scopes\":[\"all\"]}",
			    cases[i].event, 1, cases[i].respondent, 1);
			intake_batch_clear(&b);
			env_parse(&v, bytes_str(line), paths[p], &b);
			if (cases[i].want == INTAKE_REASON_COUNT) {
				assert_int_equal(b.events_len, 1);
				continue;
			}
			assert_int_equal(b.bad_len, 1);
			assert_int_equal(b.bad[0].reason, cases[i].want);
		}
	env_release(&v);
}

/* The same stream in pieces of every size gives the same lines. */
static void
test_pieces(void **state)
{
	static const char text[] = "\n" RESPONSE("\"C\":\"1\"") "\n\r\n  \n"
	    RESPONSE("\"C\":\"2\"") "\r\nx\n" RESPONSE("\"I\":1");
	size_t piece;
	struct env v;

	(void)state;
	env_init(&v);
	for (piece = 1; piece <= sizeof(text); piece += piece < 8 ? 1 : 37) {
		CLEANUP(intake_batch_release) struct intake_batch b = {0};
		CLEANUP(ndjson_reader_cleanup) struct ndjson_reader *r = NULL;

		env_feed(&v, bytes_str(text), piece);
		assert_ok(ndjson_reader_new(env_read, &v, &v.rules,
		    NDJSON_FAST, &r));
		assert_ok(ndjson_reader_next(r, 2, &b));
		assert_int_equal(b.lines, 2);
		assert_ok(ndjson_reader_next(r, 100, &b));
		assert_int_equal(b.lines, 4);
		assert_err(ndjson_reader_next(r, 1, &b), ERR_NOT_FOUND);
		assert_int_equal(b.events_len, 2);
		assert_int_equal(b.events[0].line, 2);
		assert_int_equal(b.events[1].line, 7);
		assert_int_equal(b.bad_len, 2);
		assert_int_equal(b.bad[0].line, 5);
		assert_int_equal(b.bad[1].line, 6);
	}
	env_release(&v);
}

static void
test_long_lines(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	CLEANUP(buf_release) struct buf text = {0};
	static char spaces[INTAKE_LINE_MAX + 2];
	static const char line[] = RESPONSE("\"C\":\"1\"");
	struct env v;

	(void)state;
	memset(spaces, ' ', sizeof(spaces));
	/* Exactly the bound, one more, very much more, and a good one. */
	assert_ok(buf_append_str(&text, line));
	assert_ok(buf_append(&text, spaces, INTAKE_LINE_MAX - strlen(line)));
	assert_ok(buf_append_str(&text, "\n"));
	assert_ok(buf_append(&text, spaces, INTAKE_LINE_MAX + 1));
	assert_ok(buf_append_str(&text, "\n"));
	for (int i = 0; i < 20; i++)
		assert_ok(buf_append(&text, spaces, sizeof(spaces)));
	assert_ok(buf_append_str(&text, "\n"));
	assert_ok(buf_append_str(&text, line));
	env_init(&v);
	env_parse(&v, bytes_buf(&text), NDJSON_FAST, &b);
	assert_int_equal(b.events_len, 2);
	assert_int_equal(b.events[0].line, 1);
	assert_int_equal(b.events[1].line, 4);
	assert_int_equal(b.bad_len, 2);
	assert_int_equal(b.bad[0].reason, INTAKE_REASON_TOO_LONG);
	assert_int_equal(b.bad[1].reason, INTAKE_REASON_TOO_LONG);
	assert_int_equal(b.bad[0].raw.len, INTAKE_LINE_MAX);
	assert_true(b.bad[0].raw_cut && b.bad[1].raw_cut);
	env_release(&v);
}

static void
test_nul_and_empty(void **state)
{
	static const char with_nul[] = "{\"type\":\"con\0sent\"}\n\0\n";
	size_t p;
	struct env v;

	(void)state;
	env_init(&v);
	for (p = 0; p < 2; p++) {
		CLEANUP(intake_batch_release) struct intake_batch b = {0};

		env_parse(&v, bytes_of(with_nul, sizeof(with_nul) - 1),
		    paths[p], &b);
		assert_int_equal(b.bad_len, 2);
		assert_int_equal(b.events_len, 0);
		intake_batch_clear(&b);
		env_parse(&v, bytes_of("", 0), paths[p], &b);
		env_parse(&v, bytes_str("\n\n\n"), paths[p], &b);
		assert_int_equal(b.lines, 0);
	}
	env_release(&v);
}

/* A failing input is told; what came before it stays in the batch. */
static void
test_input_fails(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	CLEANUP(ndjson_reader_cleanup) struct ndjson_reader *r = NULL;
	struct env v;

	(void)state;
	env_init(&v);
	env_feed(&v, bytes_str(RESPONSE("") "\n" RESPONSE("")), 0);
	v.fail_with = ERR_IO;
	assert_ok(ndjson_reader_new(env_read, &v, &v.rules, NDJSON_FAST, &r));
	assert_err(ndjson_reader_next(r, 10, &b), ERR_IO);
	assert_int_equal(b.events_len, 1);
	env_release(&v);
}

static void
test_batch_is_bounded(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	CLEANUP(ndjson_reader_cleanup) struct ndjson_reader *r = NULL;
	CLEANUP(buf_release) struct buf text = {.max = (size_t)128 << 20};
	static char junk[60000];
	size_t lines = 0;
	struct env v;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	junk[sizeof(junk) - 1] = '\n';
	for (int i = 0; i < 1000; i++)
		assert_ok(buf_append(&text, junk, sizeof(junk)));
	env_init(&v);
	env_feed(&v, bytes_buf(&text), 0);
	assert_ok(ndjson_reader_new(env_read, &v, &v.rules, NDJSON_FAST, &r));
	while (ndjson_reader_next(r, 10000, &b) == ERR_OK) {
		assert_true(b.bytes < INTAKE_BATCH_BYTES + INTAKE_LINE_MAX);
		lines += b.lines;
		intake_batch_clear(&b);
	}
	assert_int_equal(lines, 1000);
	env_release(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_id_lengths),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_nul_and_empty),
		cmocka_unit_test(test_input_fails),
		cmocka_unit_test(test_batch_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
