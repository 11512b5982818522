#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/fs.h"
#include "survey/survey.h"
#include "tests/unit/fault.h"

#define HEAD "{\"azukari\":\"survey v1\",\"name\":\"t\",\"version\":1,"
#define WITH(fields) HEAD "\"fields\":[" fields "]}"
#define CATS "\"categories\":[{\"value\":\"a\"},{\"value\":\"b\"}]"

static void
load(const char *name, struct buf *out)
{
	char path[FS_PATH_MAX];

	assert_non_null(getenv("AZUKARI_SOURCE"));
	assert_int_equal(fs_path(path, "%s/data/surveys/%s",
	    getenv("AZUKARI_SOURCE"), name), ERR_OK);
	assert_int_equal(fs_read_file(path, 1 << 20, out), ERR_OK);
}

static void
test_corona(void **state)
{
	CLEANUP(survey_cleanup) struct survey *s = NULL;
	CLEANUP(buf_release) struct buf text = {0};
	struct err_info info = {.file = "corona-v1.json"};
	const struct survey_field *f;
	size_t at;

	(void)state;
	load("corona-v1.json", &text);
	if (survey_parse(bytes_buf(&text), &s, &info) != ERR_OK)
		fail_msg("%s", info.message);
	assert_string_equal(s->name, "corona");
	assert_int_equal(s->version, 1);
	f = survey_find(s, bytes_str("Q04"));
	assert_int_equal(f->kind, SURVEY_KIND_LIST);
	assert_int_equal(f->columns, 10);
	assert_int_equal(survey_find_category(f, bytes_str("S0"), &at),
	    ERR_OK);
	assert_true(f->categories[at].exclusive);
	assert_string_equal(f->categories[at].label, "なし");
	assert_int_equal(survey_find_category(f, bytes_str("S10"), &at),
	    ERR_UNKNOWN);
	f = survey_find(s, bytes_str("Q07"));
	assert_int_equal(f->kind, SURVEY_KIND_NUMBER);
	assert_int_equal(f->minimum, 350);
	assert_int_equal(f->maximum, 420);
	assert_true(f->only_if.present);
	assert_string_equal(s->fields[f->only_if.field].name, "Q03");
	assert_int_equal(f->only_if.len, 4);
	assert_int_equal(f->only_if.in[0], 1);
	f = survey_find(s, bytes_str("Q10"));
	assert_int_equal(f->kind, SURVEY_KIND_DIGITS);
	assert_int_equal(f->digits, 7);
	assert_int_equal(f->disclosure, SURVEY_QUASI_IDENTIFYING);
	assert_null(survey_find(s, bytes_str("Q99")));
	assert_null(survey_find(s, bytes_str("")));
}

static void
test_tested(void **state)
{
	CLEANUP(survey_cleanup) struct survey *s = NULL;
	CLEANUP(buf_release) struct buf text = {0};

	(void)state;
	load("tested-v1.json", &text);
	assert_int_equal(survey_parse(bytes_buf(&text), &s, NULL), ERR_OK);
	assert_int_equal(s->fields_len, 10);
	assert_true(survey_find(s, bytes_str("test_date"))->required);
}

static void
test_defaults(void **state)
{
	CLEANUP(survey_cleanup) struct survey *s = NULL;
	const struct survey_field *f;

	(void)state;
	assert_int_equal(survey_parse(bytes_str(WITH(
	    "{\"name\":\"A\",\"type\":\"string\",\"title\":\"あ\"},"
	    "{\"name\":\"B\",\"type\":\"date\"}")), &s, NULL), ERR_OK);
	assert_string_equal(s->title, "t");
	f = &s->fields[0];
	assert_string_equal(f->title_en, "あ");
	assert_null(f->description);
	assert_int_equal(f->disclosure, SURVEY_UNCLASSIFIED);
	assert_string_equal(survey_disclosure_name(f->disclosure), "");
	assert_int_equal(f->kind, SURVEY_KIND_TEXT);
	assert_int_equal(s->fields[1].minimum, SURVEY_DATE_FIRST);
	assert_int_equal(s->columns, 2);
}

struct refused {
	const char *text;
	enum err want;
	const char *says;       /* part of the message */
};

#define ONE(rest) WITH("{\"name\":\"F\"," rest "}")
#define ONLY(rest) WITH("{\"name\":\"S\",\"type\":\"string\"," CATS "}," \
	"{\"name\":\"T\",\"type\":\"string\"},{\"name\":\"F\"," \
	"\"type\":\"integer\"," rest "},{\"name\":\"L\",\"type\":\"boolean\"}")

static const struct refused refused[] = {
	{"[]", ERR_SYNTAX, "object"},
	{"{}", ERR_SYNTAX, "azukari"},
	{"{\"azukari\":\"survey v2\"}", ERR_UNSUPPORTED, "survey v1"},
	{"{\"azukari\":\"survey v1\",\"name\":\"t\",\"name\":\"t\"}",
	    ERR_DUPLICATE, "twice"},
	{HEAD "\"fields\":[]}", ERR_SYNTAX, "fields"},
	{HEAD "\"fields\":{}}", ERR_SYNTAX, "fields"},
	{HEAD "\"x\":1}", ERR_UNKNOWN, "\"x\""},
	{"{\"azukari\":\"survey v1\",\"name\":\"T\",\"version\":1}",
	    ERR_SYNTAX, "name"},
	{"{\"azukari\":\"survey v1\",\"name\":\"t\",\"version\":0}",
	    ERR_RANGE, "version"},
	{"{\"azukari\":\"survey v1\",\"name\":\"t\",\"version\":65536}",
	    ERR_RANGE, "version"},
	{HEAD "\"title\":\"\",\"fields\":[]}", ERR_SYNTAX, "title"},
	{HEAD "\"title\":\"a\\u202eb\",\"fields\":[]}", ERR_ENCODING, "title"},
	{WITH("1"), ERR_SYNTAX, "field 1"},
	{WITH("{\"type\":\"string\"}"), ERR_SYNTAX, "name"},
	{WITH("{\"name\":\"1a\",\"type\":\"string\"}"), ERR_SYNTAX, "name"},
	{WITH("{\"name\":\"A\",\"type\":\"date\"},"
	    "{\"name\":\"A\",\"type\":\"date\"}"), ERR_DUPLICATE, "field A"},
	{WITH("{\"name\":\"answer\",\"type\":\"date\"}"), ERR_DUPLICATE,
	    "every export"},
	{WITH("{\"name\":\"A_a\",\"type\":\"date\"},"
	    "{\"name\":\"A\",\"type\":\"list\"," CATS "}"), ERR_DUPLICATE,
	    "column A_a"},
	{ONE("\"type\":\"text\""), ERR_UNKNOWN, "field F"},
	{ONE("\"type\":\"date\",\"format\":\"any\""), ERR_UNKNOWN, "format"},
	{ONE("\"type\":\"date\",\"disclosure\":\"open\""), ERR_UNKNOWN,
	    "disclosure"},
	{ONE("\"type\":\"date\",\"disclosure\":\"\""), ERR_UNKNOWN,
	    "disclosure"},
	{ONE("\"type\":\"date\",\"disclosure\":1"), ERR_UNKNOWN,
	    "disclosure"},
	{ONE("\"type\":\"number\""), ERR_SYNTAX, "decimals"},
	{ONE("\"type\":\"number\",\"decimals\":7"), ERR_RANGE, "decimals"},
	{ONE("\"type\":\"integer\",\"decimals\":1"), ERR_RANGE, "decimals"},
	{ONE("\"type\":\"list\""), ERR_SYNTAX, "categories"},
	{ONE("\"type\":\"date\"," CATS), ERR_RANGE, "categories"},
	{ONE("\"type\":\"string\",\"categories\":[]"), ERR_SYNTAX,
	    "categories"},
	{ONE("\"type\":\"string\",\"categories\":[\"a\"]"), ERR_SYNTAX,
	    "category"},
	{ONE("\"type\":\"string\",\"categories\":[{\"value\":\"a-b\"}]"),
	    ERR_SYNTAX, "value"},
	{ONE("\"type\":\"string\",\"categories\":[{\"value\":\"a\"},"
	    "{\"value\":\"a\"}]"), ERR_DUPLICATE, "category a"},
	{ONE("\"type\":\"string\",\"categories\":[{\"value\":\"a\","
	    "\"colour\":1}]"), ERR_UNKNOWN, "colour"},
	{ONE("\"type\":\"string\"," CATS ",\"constraints\":{\"enum\":"
	    "[\"a\"]}"), ERR_MISMATCH, "enum"},
	{ONE("\"type\":\"string\"," CATS ",\"constraints\":{\"enum\":"
	    "[\"b\",\"a\"]}"), ERR_MISMATCH, "place 1"},
	{ONE("\"type\":\"string\",\"constraints\":{\"enum\":[\"b\"]}"),
	    ERR_MISMATCH, "enum"},
	{ONE("\"type\":\"string\"," CATS ",\"exclusive\":[\"a\"]"),
	    ERR_SYNTAX, "exclusive"},
	{ONE("\"type\":\"list\"," CATS ",\"exclusive\":[\"c\"]"),
	    ERR_UNKNOWN, "exclusive"},
	{ONE("\"type\":\"list\"," CATS ",\"exclusive\":[\"a\",\"a\"]"),
	    ERR_DUPLICATE, "exclusive"},
	{ONE("\"type\":\"date\",\"constraints\":[]"), ERR_SYNTAX,
	    "constraints"},
	{ONE("\"type\":\"date\",\"constraints\":{\"unique\":true}"),
	    ERR_UNKNOWN, "unique"},
	{ONE("\"type\":\"date\",\"constraints\":{\"required\":1}"),
	    ERR_SYNTAX, "required"},
	{ONE("\"type\":\"date\",\"constraints\":{\"minimum\":1}"),
	    ERR_SYNTAX, "date"},
	{ONE("\"type\":\"date\",\"constraints\":{\"minimum\":"
	    "\"2020-02-30\"}"), ERR_SYNTAX, "date"},
	{ONE("\"type\":\"date\",\"constraints\":{\"minimum\":"
	    "\"1599-12-31\"}"), ERR_SYNTAX, "1600"},
	{ONE("\"type\":\"date\",\"constraints\":{\"maximum\":"
	    "\"1999-12-31\"}"), ERR_RANGE, "2000-01-01"},
	{ONE("\"type\":\"date\",\"constraints\":{\"maximum\":"
	    "\"2179-06-06\"}"), ERR_RANGE, "65535 days"},
	{ONE("\"type\":\"date\",\"constraints\":{\"minimum\":"
	    "\"1900-01-01\",\"maximum\":\"2079-06-06\"}"), ERR_RANGE,
	    "65535 days"},
	{ONE("\"type\":\"string\",\"constraints\":{\"minimum\":1}"),
	    ERR_RANGE, "minimum"},
	{ONE("\"type\":\"integer\",\"constraints\":{\"minimum\":1.5}"),
	    ERR_SYNTAX, "minimum"},
	{ONE("\"type\":\"integer\",\"constraints\":{\"minimum\":"
	    "1000000000000000}"), ERR_RANGE, "15 digits"},
	{ONE("\"type\":\"number\",\"decimals\":1,\"constraints\":"
	    "{\"maximum\":1.25}"), ERR_RANGE, "decimals"},
	{ONE("\"type\":\"integer\",\"constraints\":{\"minimum\":2,"
	    "\"maximum\":1}"), ERR_RANGE, "above"},
	{ONE("\"type\":\"integer\",\"constraints\":{\"pattern\":\"^a$\"}"),
	    ERR_RANGE, "pattern"},
	{ONE("\"type\":\"string\"," CATS ",\"constraints\":{\"maxLength\":3}"),
	    ERR_RANGE, "maxLength"},
	{ONE("\"type\":\"string\",\"constraints\":{\"pattern\":\"(a)\"}"),
	    ERR_UNSUPPORTED, "pattern"},
	{ONE("\"type\":\"string\",\"constraints\":{\"maxLength\":0}"),
	    ERR_RANGE, "maxLength"},
	{ONLY("\"only_if\":[]"), ERR_SYNTAX, "only_if"},
	{ONLY("\"only_if\":{\"field\":\"X\",\"in\":[1]}"), ERR_UNKNOWN,
	    "before"},
	{ONLY("\"only_if\":{\"field\":\"F\",\"in\":[1]}"), ERR_UNKNOWN,
	    "before"},
	{ONLY("\"only_if\":{\"field\":\"L\",\"in\":[true]}"), ERR_UNKNOWN,
	    "before"},
	{ONLY("\"only_if\":{\"field\":\"S\",\"in\":[]}"), ERR_SYNTAX, "in"},
	{ONLY("\"only_if\":{\"field\":\"S\"}"), ERR_SYNTAX, "in"},
	{ONLY("\"only_if\":{\"field\":\"S\",\"in\":[\"c\"]}"), ERR_UNKNOWN,
	    "value 1"},
	{ONLY("\"only_if\":{\"field\":\"T\",\"in\":[\"c\"]}"), ERR_UNKNOWN,
	    "field T"},
	{ONLY("\"only_if\":{\"field\":\"S\",\"in\":[\"a\"],\"not\":1}"),
	    ERR_UNKNOWN, "not"},
};

static void
test_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(refused); i++) {
		CLEANUP(survey_cleanup) struct survey *s = NULL;
		struct err_info info = {.file = "x.json"};
		enum err e = survey_parse(bytes_str(refused[i].text), &s,
		    &info);

		if (e != refused[i].want ||
		    strstr(info.message, refused[i].says) == NULL)
			fail_msg("%s: %s: %s", refused[i].text, err_name(e),
			    info.message);
		assert_null(s);
		assert_string_equal(info.file, "x.json");
	}
}

static void
make_many(struct buf *b, size_t fields, size_t options)
{
	size_t i, j;

	buf_clear(b);
	assert_int_equal(buf_append_str(b, HEAD "\"fields\":["), ERR_OK);
	for (i = 0; i < fields; i++) {
		assert_int_equal(buf_printf(b, "%s{\"name\":\"f%zu\",\"type\":"
		    "\"%s\"", i ? "," : "", i, options ? "list" : "date"),
		    ERR_OK);
		for (j = 0; j < options; j++)
			assert_int_equal(buf_printf(b, "%s{\"value\":\"%zu\"}",
			    j ? "," : ",\"categories\":[", j), ERR_OK);
		assert_int_equal(buf_append_str(b, options ? "]}" : "}"),
		    ERR_OK);
	}
	assert_int_equal(buf_append_str(b, "]}"), ERR_OK);
}

static void
test_bounds(void **state)
{
	static const struct {
		size_t fields, options;
		enum err want;
	} cases[] = {
		{SURVEY_FIELDS_MAX, 0, ERR_OK},
		{SURVEY_FIELDS_MAX + 1, 0, ERR_LIMIT},
		{1, SURVEY_OPTIONS_MAX, ERR_OK},
		{1, SURVEY_OPTIONS_MAX + 1, ERR_LIMIT},
		{4, SURVEY_OPTIONS_MAX, ERR_OK},
		{5, SURVEY_OPTIONS_MAX, ERR_LIMIT},
	};
	CLEANUP(buf_release) struct buf text = {0};
	size_t i, j, at;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(survey_cleanup) struct survey *s = NULL;
		char name[32];

		make_many(&text, cases[i].fields, cases[i].options);
		assert_int_equal(survey_parse(bytes_buf(&text), &s, NULL),
		    cases[i].want);
		for (j = 0; s != NULL && j < s->fields_len; j++) {
			(void)snprintf(name, sizeof(name), "f%zu", j);
			assert_ptr_equal(survey_find(s, bytes_str(name)),
			    &s->fields[j]);
		}
		for (j = 0; s != NULL && j < cases[i].options; j++) {
			(void)snprintf(name, sizeof(name), "%zu", j);
			assert_int_equal(survey_find_category(&s->fields[0],
			    bytes_str(name), &at), ERR_OK);
			assert_int_equal(at, j);
		}
	}
}

/* Every cut and every changed byte of a real document: never a crash, and
 * what loads still keeps its own rules. */
static void
test_mutations(void **state)
{
	CLEANUP(buf_release) struct buf text = {0};
	size_t i, loaded = 0, refused_count = 0;
	enum err e;

	(void)state;
	load("tested-v1.json", &text);
	for (i = 0; i < text.len; i++) {
		CLEANUP(survey_cleanup) struct survey *s = NULL;
		uint8_t old = text.data[i];

		if (text.len - i > 1)
			assert_int_not_equal(survey_parse(bytes_of(text.data,
			    i), &s, NULL), ERR_OK);
		text.data[i] = (uint8_t)(old ^ (1u << i % 8));
		e = survey_parse(bytes_buf(&text), &s, NULL);
		text.data[i] = old;
		loaded += e == ERR_OK;
		refused_count += e != ERR_OK;
	}
	assert_true(loaded > 0 && refused_count > loaded);
}

/* One allocation after the other fails: told as such, nothing left behind. */
static void
test_memory_fails(void **state)
{
	CLEANUP(buf_release) struct buf text = {0};
	unsigned n, failed = 0;
	enum err e = ERR_NOMEM;

	(void)state;
	load("tested-v1.json", &text);
	for (n = 1; e != ERR_OK; n++) {
		CLEANUP(survey_cleanup) struct survey *s = NULL;

		fault_set(FAULT_MEMORY, n);
		e = survey_parse(bytes_buf(&text), &s, NULL);
		if (!fault_end())
			break;
		assert_int_equal(e, ERR_NOMEM);
		assert_null(s);
		failed++;
	}
	assert_int_equal(e, ERR_OK);
	assert_true(failed > 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corona),
		cmocka_unit_test(test_tested),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_memory_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
