#include "tests/unit/unit.h"

#include "core/clock.h"
#include "policy/disclosure/hierarchy.h"
#include "policy/disclosure/ladder.h"
#include "survey/answers.h"
#include "tests/unit/policy/fixture.h"

static struct survey *survey;

static int
up(void **state)
{
	(void)state;
	return survey_parse(bytes_str(fixture_survey), &survey, NULL) !=
	    ERR_OK;
}

static int
down(void **state)
{
	(void)state;
	survey_free(TAKE(survey));
	return 0;
}

static const struct survey_field *
field(const char *name)
{
	const struct survey_field *f = survey_find(survey, bytes_str(name));

	assert_non_null(f);
	return f;
}

static enum err
parse(const char *name, const char *text, struct ladder **ret,
    struct err_info *info)
{
	return ladder_parse(bytes_str(text), field(name), ret, info);
}

/* What a value becomes at a level. */
static const char *
label(struct ladder_map *m, unsigned level, const struct answers_value *v)
{
	static char text[4][128];
	static unsigned next;
	char *out = text[next++ % 4];
	struct bytes b;
	uint32_t leaf;

	assert_ok(ladder_map_leaf(m, v, &leaf));
	assert_true(leaf < ladder_map_leaves(m));
	assert_true(ladder_map_level(m, level)[leaf] <
	    ladder_map_labels(m, level));
	b = ladder_map_label(m, level, ladder_map_level(m, level)[leaf]);
	(void)snprintf(out, 128, "%.*s", (int)b.len, (const char *)b.data);
	return out;
}

static const char *
number_label(struct ladder_map *m, unsigned level, int64_t v)
{
	return label(m, level, &(struct answers_value){1, v, {NULL, 0}});
}

static const struct answers_value no_answer;

static void
bands_nest_and_are_cut_off(void **state)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL;

	(void)state;
	assert_ok(parse("Q08", fixture_age_ladder, &l, NULL));
	assert_int_equal(ladder_levels(l), 5);
	assert_ok(ladder_map_new(l, 0, &m));
	assert_string_equal(number_label(m, 0, 44), "44");
	assert_string_equal(number_label(m, 1, 44), "40-44");
	assert_string_equal(number_label(m, 2, 44), "40-49");
	assert_string_equal(number_label(m, 3, 44), "40-59");
	assert_string_equal(number_label(m, 4, 44), "*");
	assert_string_equal(number_label(m, 0, 14), "14");
	assert_string_equal(number_label(m, 1, 14), "<15");
	assert_string_equal(number_label(m, 3, 0), "<15");
	assert_string_equal(number_label(m, 1, 15), "15-19");
	assert_string_equal(number_label(m, 2, 15), "15-19");
	assert_string_equal(number_label(m, 3, 19), "15-19");
	assert_string_equal(number_label(m, 2, 79), "70-79");
	assert_string_equal(number_label(m, 1, 80), "80+");
	assert_string_equal(number_label(m, 3, 120), "80+");
	/* no answer keeps apart until everything is one */
	assert_string_equal(label(m, 0, &no_answer), "");
	assert_string_equal(label(m, 3, &no_answer), "");
	assert_string_equal(label(m, 4, &no_answer), "*");
	assert_int_equal(ladder_map_labels(m, 4), 1);
}

static void
bands_without_ends_and_below_zero(void **state)
{
	static const char open[] = "{\"azukari\":\"ladder v1\","
	    "\"kind\":\"bands\",\"levels\":[1,10]}";
	CLEANUP(survey_cleanup) struct survey *s = NULL;
	CLEANUP(ladder_cleanup) struct ladder *l = NULL, *n = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL, *d = NULL;
	int64_t v;

	(void)state;
	assert_ok(survey_parse(bytes_str("{\"azukari\":\"survey v1\","
	    "\"name\":\"s\",\"version\":1,\"title\":\"t\",\"fields\":["
	    "{\"name\":\"I\",\"type\":\"integer\"}]}"), &s, NULL));
	assert_ok(ladder_parse(bytes_str(open), &s->fields[0], &l, NULL));
	assert_ok(ladder_map_new(l, 0, &m));
	assert_string_equal(number_label(m, 1, 7), "7");
	assert_string_equal(number_label(m, 2, 7), "0-9");
	assert_string_equal(number_label(m, 2, -1), "-10--1");
	assert_string_equal(number_label(m, 2, -10), "-10--1");
	assert_string_equal(number_label(m, 2, -11), "-20--11");
	assert_string_equal(number_label(m, 2, 999999999999999),
	    "999999999999990-999999999999999");
	/* as many values as one likes, each its own leaf */
	for (v = 0; v < 200000; v += 7)
		assert_string_equal(number_label(m, 3, v), "*");
	assert_int_equal(ladder_map_leaves(m), 28572 + 1 + 4);
	/* decimals: bands of whole units */
	assert_ok(parse("Q23", open, &n, NULL));
	assert_ok(ladder_map_new(n, 0, &d));
	assert_string_equal(number_label(d, 0, 374), "37.4");
	assert_string_equal(number_label(d, 1, 374), "37.0-37.9");
	assert_string_equal(number_label(d, 2, 374), "30.0-39.9");
}

static int64_t
day(const char *text)
{
	int32_t d;

	assert_ok(clock_parse_day(bytes_str(text), &d));
	return d;
}

static void
weeks_have_one_month_and_one_year(void **state)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL, *p = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL, *q = NULL;

	(void)state;
	assert_ok(parse("Q05", fixture_date_ladder, &l, NULL));
	assert_int_equal(ladder_levels(l), 5);
	assert_ok(ladder_map_new(l, 0, &m));
	assert_string_equal(number_label(m, 0, day("2020-03-27")),
	    "2020-03-27");
	assert_string_equal(number_label(m, 1, day("2020-03-27")),
	    "2020-W13");
	assert_string_equal(number_label(m, 2, day("2020-03-27")), "2020-03");
	assert_string_equal(number_label(m, 3, day("2020-03-27")), "2020");
	/* Friday 2020-07-31 and Saturday 2020-08-01 are of one week, whose
	 * Thursday is in July */
	assert_string_equal(number_label(m, 1, day("2020-07-31")),
	    number_label(m, 1, day("2020-08-01")));
	assert_string_equal(number_label(m, 2, day("2020-08-01")), "2020-07");
	/* 2021-01-01 is in week 53 of 2020 */
	assert_string_equal(number_label(m, 1, day("2021-01-01")),
	    "2020-W53");
	assert_string_equal(number_label(m, 2, day("2021-01-01")), "2020-12");
	assert_string_equal(number_label(m, 3, day("2021-01-01")), "2020");
	assert_string_equal(number_label(m, 1, day("2019-12-30")),
	    "2020-W01");
	assert_string_equal(number_label(m, 3, day("2019-12-30")), "2020");
	/* without weeks a month is the calendar's */
	assert_ok(parse("Q05", "{\"azukari\":\"ladder v1\",\"kind\":\"date\","
	    "\"levels\":[\"month\"]}", &p, NULL));
	assert_ok(ladder_map_new(p, 0, &q));
	assert_string_equal(number_label(q, 1, day("2020-08-01")), "2020-08");
	assert_string_equal(number_label(q, 1, day("2021-01-01")), "2021-01");
	assert_string_equal(number_label(q, 2, day("2021-01-01")), "*");
}

/* Whatever the ladder: equal labels stay equal on every coarser level. */
static void
assert_tree(struct ladder_map *m, unsigned levels)
{
	uint32_t *parent;
	size_t leaf, labels;
	unsigned i;

	for (i = 0; i + 1 < levels; i++) {
		labels = ladder_map_labels(m, i);
		parent = malloc(labels * sizeof(*parent));
		memset(parent, 0xff, labels * sizeof(*parent));
		for (leaf = 0; leaf < ladder_map_leaves(m); leaf++) {
			uint32_t from = ladder_map_level(m, i)[leaf];
			uint32_t to = ladder_map_level(m, i + 1)[leaf];

			if (parent[from] == UINT32_MAX)
				parent[from] = to;
			assert_int_equal(parent[from], to);
		}
		free(parent);
	}
}

static void
computed_ladders_are_trees(void **state)
{
	static const struct {
		const char *field, *text;
		int64_t from, to;
	} cases[] = {
		{"Q08", fixture_age_ladder, 0, 120},
		{"Q08", "{\"azukari\":\"ladder v1\",\"kind\":\"bands\","
		    "\"levels\":[3,6,30],\"bottom\":7,\"top\":101}", 0, 120},
		{"Q05", fixture_date_ladder, 18000, 21000},
		{"Q05", "{\"azukari\":\"ladder v1\",\"kind\":\"date\","
		    "\"levels\":[\"week\",\"year\"]}", 10957, 13000},
		{"Q05", "{\"azukari\":\"ladder v1\",\"kind\":\"date\","
		    "\"levels\":[\"third\",\"month\",\"year\"]}", 10957, 13000},
		{"Q05", "{\"azukari\":\"ladder v1\",\"kind\":\"date\","
		    "\"levels\":[\"week\",\"third\",\"month\"]}", 10957,
		    13000},
		{"Q10", "{\"azukari\":\"ladder v1\",\"kind\":\"prefix\","
		    "\"levels\":[5,3,2]}", 995000, 1005000},
	};
	size_t i;
	int64_t v;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(ladder_cleanup) struct ladder *l = NULL;
		CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL;

		assert_ok(parse(cases[i].field, cases[i].text, &l, NULL));
		assert_ok(ladder_map_new(l, 0, &m));
		for (v = cases[i].from; v <= cases[i].to; v++)
			(void)number_label(m, 0, v);
		assert_int_equal(ladder_map_leaves(m),
		    cases[i].to - cases[i].from + 2);
		assert_tree(m, ladder_levels(l));
		assert_int_equal(ladder_map_labels(m, ladder_levels(l) - 1),
		    1);
	}
}

static void
prefixes_of_digits_codes_and_texts(void **state)
{
	static const char two[] = "{\"azukari\":\"ladder v1\","
	    "\"kind\":\"prefix\",\"levels\":[3,1]}";
	CLEANUP(ladder_cleanup) struct ladder *l = NULL, *t = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL, *n = NULL;
	struct answers_value v = {1, 0, bytes_str("神奈川県横浜市")};

	(void)state;
	assert_ok(parse("Q10", two, &l, NULL));
	assert_ok(ladder_map_new(l, 0, &m));
	assert_string_equal(number_label(m, 0, 12345), "0012345");
	assert_string_equal(number_label(m, 1, 12345), "001");
	assert_string_equal(number_label(m, 2, 12345), "0");
	assert_ok(parse("Q24", two, &t, NULL));
	assert_ok(ladder_map_new(t, 0, &n));
	assert_string_equal(label(n, 0, &v), "神奈川県横浜市");
	assert_string_equal(label(n, 1, &v), "神奈川");
	assert_string_equal(label(n, 2, &v), "神");
	v.bytes = bytes_str("津");
	assert_string_equal(label(n, 1, &v), "津");
	assert_string_equal(label(n, 3, &v), "*");
}

static void
tables_by_code(void **state)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL;

	(void)state;
	/* CRLF, a quoted cell, and no line feed at the end */
	assert_ok(parse("Q09", "9;不明;*\r\n1;\"答え\";*\r\n2;答え;*", &l,
	    NULL));
	assert_int_equal(ladder_levels(l), 3);
	assert_ok(ladder_map_new(l, 0, &m));
	assert_string_equal(number_label(m, 0, 0), "1");
	assert_string_equal(number_label(m, 1, 0), "答え");
	assert_string_equal(number_label(m, 1, 1), "答え");
	assert_string_equal(number_label(m, 1, 2), "不明");
	assert_string_equal(number_label(m, 2, 2), "*");
	assert_string_equal(label(m, 1, &no_answer), "");
	assert_string_equal(label(m, 2, &no_answer), "*");
	assert_tree(m, 3);
}

static void
the_rest_may_have_a_row(void **state)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL;

	(void)state;
	assert_ok(parse("Q10", "2310001;横浜市;神奈川県\n"
	    "*;その他;その他\n2500001;藤沢市;神奈川県\n", &l, NULL));
	assert_ok(ladder_map_new(l, 0, &m));
	assert_string_equal(number_label(m, 1, 2310001), "横浜市");
	assert_string_equal(number_label(m, 2, 2500001), "神奈川県");
	assert_string_equal(number_label(m, 0, 1234567), "1234567");
	assert_string_equal(number_label(m, 1, 1234567), "その他");
	/* more than one label on top: no answer is one of them */
	assert_string_equal(label(m, 2, &no_answer), "");
}

/* What the labels met so far cover of all that could be met. */
static uint64_t
domain(const struct ladder *l, const struct ladder_map *m, unsigned level,
    uint64_t *under)
{
	uint64_t ret;

	assert_ok(ladder_domain(l, m, level, under, &ret));
	return ret;
}

static void
a_label_covers_values_that_nobody_gave(void **state)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL, *t = NULL, *p = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL, *n = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *q = NULL;
	uint64_t under[8];

	(void)state;
	/* 0 to 120, and no answer */
	assert_ok(parse("Q08", "{\"azukari\":\"ladder v1\",\"kind\":"
	    "\"bands\",\"levels\":[10],\"top\":90}", &l, NULL));
	assert_ok(ladder_map_new(l, 0, &m));
	assert_string_equal(number_label(m, 1, 37), "30-39");
	assert_string_equal(number_label(m, 1, 95), "90+");
	assert_int_equal(domain(l, m, 1, under), 122);
	assert_int_equal(under[0], 1);
	assert_int_equal(under[1], 10);
	assert_int_equal(under[2], 31);
	assert_int_equal(domain(l, m, 0, under), 122);
	assert_int_equal(under[1], 1);
	assert_int_equal(domain(l, m, 2, under), 122);
	assert_int_equal(under[0], 122);
	/* a table's rows; what it does not list is its own at level 0 */
	assert_ok(parse("Q10", "2310001;a;*\n2310002;a;*\n2500001;b;*\n"
	    "*;c;*\n", &t, NULL));
	assert_ok(ladder_map_new(t, 0, &n));
	assert_string_equal(number_label(n, 1, 2310001), "a");
	assert_string_equal(number_label(n, 1, 9999999), "c");
	assert_int_equal(domain(t, n, 1, under), 5);
	assert_int_equal(under[1], 2);
	assert_int_equal(under[2], 1);
	assert_int_equal(domain(t, n, 0, under), 5);
	assert_int_equal(under[2], 1);
	/* all postcodes there could be cannot be listed */
	assert_ok(parse("Q10", "{\"azukari\":\"ladder v1\",\"kind\":"
	    "\"prefix\",\"levels\":[3]}", &p, NULL));
	assert_ok(ladder_map_new(p, 0, &q));
	assert_int_equal(domain(p, q, 1, under), 0);
}

static void
offences_are_named(void **state)
{
	static const struct {
		const char *field, *text;
		enum err want;
		const char *names;
	} cases[] = {
		{"Q09", "", ERR_SYNTAX, "empty"},
		{"Q09", "1;*\n2;*\n", ERR_NOT_FOUND, "\"9\" of field Q09"},
		{"Q09", "1;*\n2;*\n9;*\n3;*\n", ERR_UNKNOWN, "\"3\""},
		{"Q09", "1;*\n2;*\n9;*\n1;*\n", ERR_DUPLICATE, "\"1\""},
		{"Q09", "1;*\n2\n9;*\n", ERR_SYNTAX, "1 cells"},
		{"Q09", "1\n2\n9\n", ERR_RANGE, "levels"},
		{"Q09", "1;*\n2;;\n9;*\n", ERR_SYNTAX, "cells"},
		{"Q09", "1;*\n2;\n9;*\n", ERR_SYNTAX, "empty cell"},
		{"Q09", "1;x;y;*\n2;x;z;*\n9;w;y;*\n", ERR_MISMATCH,
		    "\"x\" of level 1 can become \"y\" or \"z\""},
		{"Q09", "1;a;b;c;d\n2;a;b;c;e\n9;w;w;w;d\n", ERR_MISMATCH,
		    "\"c\" of level 3"},
		{"Q09", "1;a\x01;*\n2;a;*\n9;a;*\n", ERR_ENCODING, "line 1"},
		{"Q09", "1;a\n2;\xff\n9;a\n", ERR_ENCODING, "line 2"},
		{"Q04", "S1;*\n", ERR_UNSUPPORTED, "Q04"},
		{"Q22", "true;*\n", ERR_NOT_FOUND, "\"false\""},
		{"Q22", "true;*\nfalse;*\nmaybe;*\n", ERR_UNKNOWN, "maybe"},
		{"Q08", "1;*\n2;*\n", ERR_NOT_FOUND, "\"0\""},
		{"Q08", "0;*\n121;*\n", ERR_UNKNOWN, "\"121\""},
		{"Q08", "00;*\n", ERR_UNKNOWN, "\"00\""},
		{"Q08", "-0;*\n", ERR_UNKNOWN, "\"-0\""},
		{"Q08", "+1;*\n", ERR_UNKNOWN, "\"+1\""},
		{"Q10", "2310001;*\n", ERR_NOT_FOUND, "\"*\""},
		{"Q10", "231001;*\n", ERR_UNKNOWN, "\"231001\""},
		{"Q05", "2020-02-30;*\n", ERR_UNKNOWN, "2020-02-30"},
		{"Q05", "2020-02-28;*\n", ERR_NOT_FOUND, "\"*\""},
		{"Q23", "36.5;*\n", ERR_UNSUPPORTED, "Q23"},
		{"Q24", "x;*\n", ERR_NOT_FOUND, "\"*\""},
		/* JSON */
		{"Q08", "{", ERR_TRUNCATED, ""},
		{"Q08", "{}", ERR_SYNTAX, "azukari"},
		{"Q08", "{\"azukari\":\"ladder v2\"}", ERR_UNSUPPORTED, "v1"},
		{"Q08", "{\"azukari\":\"ladder v1\",\"kind\":\"x\"}",
		    ERR_UNKNOWN, "kind"},
#define BANDS "{\"azukari\":\"ladder v1\",\"kind\":\"bands\","
		{"Q08", BANDS "\"levels\":[5,8]}", ERR_MISMATCH, "nest"},
		{"Q08", BANDS "\"levels\":[10,5]}", ERR_MISMATCH, "nest"},
		{"Q08", BANDS "\"levels\":[5,5]}", ERR_MISMATCH, "nest"},
		{"Q08", BANDS "\"levels\":[]}", ERR_RANGE, "levels"},
		{"Q08", BANDS "\"levels\":[0]}", ERR_RANGE, "levels[0]"},
		{"Q08", BANDS "\"levels\":[1.5]}", ERR_SYNTAX, "levels[0]"},
		{"Q08", BANDS "\"levels\":5}", ERR_SYNTAX, "levels"},
		{"Q08", BANDS "\"levels\":[5],\"width\":1}", ERR_UNKNOWN,
		    "width"},
		{"Q08", BANDS "\"levels\":[5],\"bottom\":80,\"top\":80}",
		    ERR_RANGE, "top"},
		{"Q08", BANDS "\"levels\":[5],\"bottom\":\"15\"}", ERR_SYNTAX,
		    "bottom"},
		{"Q05", BANDS "\"levels\":[5]}", ERR_UNSUPPORTED, "Q05"},
#define DATE "{\"azukari\":\"ladder v1\",\"kind\":\"date\","
		{"Q05", DATE "\"levels\":[\"month\",\"week\"]}",
		    ERR_MISMATCH, "levels[1]"},
		{"Q05", DATE "\"levels\":[\"decade\"]}", ERR_UNKNOWN,
		    "levels[0]"},
		{"Q05", DATE "\"levels\":[7]}", ERR_UNKNOWN, "levels[0]"},
		{"Q05", DATE "\"levels\":[\"week\"],\"bottom\":1}",
		    ERR_UNKNOWN, "bottom"},
		{"Q08", DATE "\"levels\":[\"week\"]}", ERR_UNSUPPORTED,
		    "Q08"},
#define PREFIX "{\"azukari\":\"ladder v1\",\"kind\":\"prefix\","
		{"Q10", PREFIX "\"levels\":[3,5]}", ERR_MISMATCH,
		    "levels[1]"},
		{"Q08", PREFIX "\"levels\":[1]}", ERR_UNSUPPORTED, "Q08"},
	};
	struct ladder *l = NULL;
	struct err_info info;
	char all[512];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		memset(&info, 0, sizeof(info));
		assert_err(parse(cases[i].field, cases[i].text, &l, &info),
		    cases[i].want);
		(void)snprintf(all, sizeof(all), "%s (line %lu)",
		    info.message, info.line);
		if (strstr(all, cases[i].names) == NULL)
			fail_msg("%s: says \"%s\", not \"%s\"",
			    cases[i].text, all, cases[i].names);
	}
}

static void
files_and_labels_are_bounded(void **state)
{
	CLEANUP(buf_release) struct buf file = {0};
	struct ladder *l = NULL;
	int i;

	(void)state;
	assert_ok(buf_append_str(&file, "1"));
	for (i = 0; i < 32; i++)
		assert_ok(buf_append_str(&file, ";x"));
	assert_err(parse("Q09", buf_text(&file), &l, NULL), ERR_RANGE);
	buf_clear(&file);
	assert_ok(buf_append_str(&file, "1;"));
	for (i = 0; i < 257; i++)
		assert_ok(buf_append_str(&file, "x"));
	assert_err(parse("Q09", buf_text(&file), &l, NULL), ERR_LIMIT);
	buf_clear(&file);
	for (i = 0; i <= HIERARCHY_LADDER_ROWS_MAX; i++)
		assert_ok(buf_printf(&file, "%d;*\n", i));
	assert_err(parse("Q24", buf_text(&file), &l, NULL), ERR_LIMIT);
	file.max = LADDER_FILE_MAX + 1;
	while (file.len <= LADDER_FILE_MAX)
		assert_ok(buf_append_u8(&file, 'x'));
	assert_err(ladder_parse(bytes_buf(&file), field("Q24"), &l, NULL),
	    ERR_LIMIT);
	assert_ok(parse("Q09", fixture_sex_ladder, &l, NULL));
	ladder_free(l);
}

static void
lists_are_leaves_as_they_are(void **state)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL;
	static const uint8_t none[] = {1}, first[] = {3}, both[] = {7, 0};
	const struct answers_value a = {1, 0, {none, 1}};
	const struct answers_value b = {1, 0, {first, 1}};
	const struct answers_value c = {1, 0, {both, 1}};
	const struct answers_value d = {1, 0, {both, 2}};

	(void)state;
	assert_ok(ladder_new_as_is(field("Q12"), &l));
	assert_int_equal(ladder_levels(l), 1);
	assert_ok(ladder_map_new(l, 0, &m));
	assert_string_equal(label(m, 0, &no_answer), "");
	assert_string_equal(label(m, 0, &a), "-");
	assert_string_equal(label(m, 0, &b), "H1");
	assert_string_equal(label(m, 0, &c), "H1 H2");
	/* zeros that were cut make no difference */
	assert_string_equal(label(m, 0, &d), "H1 H2");
	assert_int_equal(ladder_map_leaves(m), 4);
}

static void
leaves_are_bounded_and_stay(void **state)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL, *t = NULL;
	CLEANUP(ladder_map_cleanup) struct ladder_map *m = NULL, *n = NULL;
	struct answers_value v = {1, 0, {NULL, 0}};
	char text[8];
	uint32_t leaf, again;

	(void)state;
	assert_ok(ladder_new_as_is(field("Q10"), &l));
	assert_ok(ladder_map_new(l, 4, &m));
	for (v.number = 5000000; v.number < 5000003; v.number++)
		assert_ok(ladder_map_leaf(m, &v, &leaf));
	assert_err(ladder_map_leaf(m, &v, &leaf), ERR_LIMIT);
	v.number = 5000001;
	assert_ok(ladder_map_leaf(m, &v, &leaf));
	assert_int_equal(leaf, 2);
	assert_int_equal(ladder_map_leaves(m), 4);
	/* texts: what did not fit is not half there */
	assert_ok(ladder_new_as_is(field("Q24"), &t));
	assert_ok(ladder_map_new(t, 3, &n));
	for (v.number = 0; v.number < 4; v.number++) {
		(void)snprintf(text, sizeof(text), "v%d", (int)v.number);
		v.bytes = bytes_str(text);
		assert_err(ladder_map_leaf(n, &v, &leaf), v.number < 2 ?
		    ERR_OK : ERR_LIMIT);
	}
	v.bytes = bytes_str("v3");
	assert_err(ladder_map_leaf(n, &v, &again), ERR_LIMIT);
	v.bytes = bytes_str("v1");
	assert_ok(ladder_map_leaf(n, &v, &again));
	assert_int_equal(again, 2);
}

/* The ladders that come with the project fit the survey that does. */
static void
the_projects_own_ladders_fit(void **state)
{
	static const struct {
		const char *ladder, *field;
		unsigned levels;
	} cases[] = {
		{"age.json", "Q08", 5}, {"sex.csv", "Q09", 2},
		{"occupation.csv", "Q11", 3}, {"postcode.json", "Q10", 4},
		{"municipality.json", "Q10b", 3}, {"date.json", "Q05", 5},
		{"fever-days.json", "Q06", 4},
	};
	CLEANUP(buf_release) struct buf doc = {0};
	CLEANUP(survey_cleanup) struct survey *s = NULL;
	const char *root = getenv("AZUKARI_SOURCE");
	char path[512];
	size_t i;

	(void)state;
	if (root == NULL)
		UNIT_SKIP("AZUKARI_SOURCE is not set");
	(void)snprintf(path, sizeof(path), "%s/data/surveys/corona-v1.json",
	    root);
	assert_ok(fixture_read(path, &doc));
	assert_ok(survey_parse(bytes_buf(&doc), &s, NULL));
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(buf_release) struct buf file = {0};
		CLEANUP(ladder_cleanup) struct ladder *l = NULL;
		const struct survey_field *f =
		    survey_find(s, bytes_str(cases[i].field));

		(void)snprintf(path, sizeof(path), "%s/data/ladders/%s",
		    root, cases[i].ladder);
		assert_ok(fixture_read(path, &file));
		assert_non_null(f);
		assert_ok(ladder_parse(bytes_buf(&file), f, &l, NULL));
		assert_int_equal(ladder_levels(l), cases[i].levels);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bands_nest_and_are_cut_off),
		cmocka_unit_test(bands_without_ends_and_below_zero),
		cmocka_unit_test(weeks_have_one_month_and_one_year),
		cmocka_unit_test(computed_ladders_are_trees),
		cmocka_unit_test(prefixes_of_digits_codes_and_texts),
		cmocka_unit_test(tables_by_code),
		cmocka_unit_test(the_rest_may_have_a_row),
		cmocka_unit_test(offences_are_named),
		cmocka_unit_test(a_label_covers_values_that_nobody_gave),
		cmocka_unit_test(files_and_labels_are_bounded),
		cmocka_unit_test(lists_are_leaves_as_they_are),
		cmocka_unit_test(leaves_are_bounded_and_stay),
		cmocka_unit_test(the_projects_own_ladders_fit),
	};

	return cmocka_run_group_tests(tests, up, down);
}
