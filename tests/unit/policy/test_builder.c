#include "tests/unit/unit.h"

#include <string.h>

#include "core/clock.h"
#include "policy/disclosure/builder.h"
#include "policy/disclosure/hierarchy.h"

static struct hierarchy *
tree(const struct buf *b)
{
	struct hierarchy *h = NULL;

	assert_ok(hierarchy_parse(bytes_buf(b), ';', HIERARCHY_LADDER, &h,
	    NULL));
	return h;
}

static void
label_is(const struct hierarchy *h, const char *value, unsigned level,
    const char *label)
{
	uint32_t leaf;

	assert_ok(hierarchy_find(h, bytes_str(value), &leaf));
	assert_string_equal((const char *)hierarchy_text(h, level, leaf).data,
	    label);
}

/* ---- numbers and days ---- */

static enum err
numbers(const struct builder_bands *bands, int64_t first, int64_t last,
    struct buf *out)
{
	CLEANUP(buf_release) struct buf json = {0};

	assert_ok(builder_bands(bands, &json));
	return builder_expand(bytes_buf(&json), BUILDER_NUMBERS, first, last,
	    ';', out, NULL);
}

static void
numbers_are_cut_at_both_ends(void **state)
{
	struct builder_bands bands = {.widths = {10, 20}, .widths_len = 2,
	    .has_bottom = 1, .bottom = 4, .has_top = 1, .top = 35};
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL;

	(void)state;
	assert_ok(numbers(&bands, -7, 47, &b));
	h = tree(&b);
	assert_int_equal(hierarchy_leaves(h), 55);
	assert_int_equal(hierarchy_levels(h), 4);
	label_is(h, "-7", 1, "<4");
	label_is(h, "4", 1, "4-9");
	label_is(h, "4", 2, "4-19");
	label_is(h, "34", 1, "30-34");
	label_is(h, "34", 2, "20-34");
	label_is(h, "47", 2, "35+");
	label_is(h, "47", 3, "*");
}

static void
bands_must_nest_and_lie_in_order(void **state)
{
	static const struct builder_bands all[] = {
		{.widths = {10, 25}, .widths_len = 2},
		{.widths = {0}, .widths_len = 1},
		{.widths_len = 0},
		{.widths = {10}, .widths_len = 1, .has_bottom = 1,
		    .bottom = 5, .has_top = 1, .top = 5},
	};
	static const enum err want[] = {ERR_MISMATCH, ERR_RANGE, ERR_RANGE,
	    ERR_RANGE};
	CLEANUP(buf_release) struct buf b = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(numbers(&all[i], 0, 9, &b), want[i]);
	assert_int_equal(numbers(&(struct builder_bands){.widths = {5},
	    .widths_len = 1}, 9, 8, &b), ERR_RANGE);
	assert_int_equal(numbers(&(struct builder_bands){.widths = {5},
	    .widths_len = 1}, 0, BUILDER_VALUES_MAX, &b), ERR_LIMIT);
}

static struct hierarchy *
days(const char *from, const char *to, int weeks)
{
	CLEANUP(buf_release) struct buf json = {0}, out = {0};
	int32_t first, last;

	assert_ok(clock_parse_day(bytes_str(from), &first));
	assert_ok(clock_parse_day(bytes_str(to), &last));
	assert_ok(builder_days(weeks, &json));
	assert_ok(builder_expand(bytes_buf(&json), BUILDER_DAYS, first, last,
	    ';', &out, NULL));
	assert_int_equal(builder_expand(bytes_buf(&json), BUILDER_DAYS, last,
	    first, ';', &out, NULL), ERR_RANGE);
	return tree(&out);
}

static void
days_have_thirds_or_weeks(void **state)
{
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL, *w = NULL;

	(void)state;
	h = days("2020-02-20", "2021-01-05", 0);
	assert_int_equal(hierarchy_leaves(h), 321);
	assert_int_equal(hierarchy_levels(h), 5);
	label_is(h, "2020-02-20", 1, "2020-02-T2");
	label_is(h, "2020-02-29", 1, "2020-02-T3");
	label_is(h, "2020-12-31", 2, "2020-12");
	label_is(h, "2021-01-05", 3, "2021");
	w = days("2020-02-20", "2021-01-05", 1);
	label_is(w, "2020-12-31", 1, "2020-W53");
	/* a week has the month and the year of its Thursday */
	label_is(w, "2021-01-03", 1, "2020-W53");
	label_is(w, "2021-01-03", 2, "2020-12");
	label_is(w, "2021-01-04", 3, "2021");
}

/* ---- places ---- */

#define KEN(code, zip) code ",\"" zip "\",\"" zip "\",\"k\",\"k\",\"k\"," \
	"\"\x93\x8c\x8b\x9e\",\"\x8e\x73\",\"\x92\xac\",0,0,0,0,0,0\r\n"
#define OFFICE(code, zip) code ",k,n,p,c,t,a," zip ",\"1\",o,0,0,0\r\n"

static enum err
postcodes(const char *table, const char *areas,
    const struct builder_places_how *how, struct buf *out,
    struct builder_places_count *n, struct err_info *info)
{
	CLEANUP(builder_places_cleanup) struct builder_places *p = NULL;
	const struct builder_places_how plain = {.delimiter = ';'};

	assert_ok(builder_places_new(&p));
	RETURN_IF(builder_places_add(p, bytes_str(table), info));
	if (areas != NULL)
		RETURN_IF(builder_places_areas(p, bytes_str(areas), ',',
		    info));
	return builder_places_write(p, how != NULL ? how : &plain, out, n,
	    info);
}

#define AREAS "municipality,health centre,area\n14104,横浜市保健所,横浜\n" \
	"142069,小田原保健福祉事務所,県西\n12101,,千葉\n14105,横浜市保健所,\n"

static void
postcodes_nest_in_prefectures(void **state)
{
	static const char table[] = KEN("14104", "2310001")
	    KEN("14104", "2310001") KEN("14206", "2500011")
	    OFFICE("12101", "2608667");
	const struct builder_places_how how = {.delimiter = ';',
	    .with_rest = 1};
	CLEANUP(buf_release) struct buf b = {0}, without = {0};
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL, *g = NULL;
	struct builder_places_count n;

	(void)state;
	assert_ok(postcodes(table, AREAS, &how, &b, &n, NULL));
	assert_int_equal(n.postcodes, 3);
	assert_int_equal(n.joined, 0);
	h = tree(&b);
	assert_int_equal(hierarchy_levels(h), 6);
	label_is(h, "2310001", 1, "14104");
	label_is(h, "2310001", 2, "横浜市保健所");
	label_is(h, "2500011", 3, "県西");
	label_is(h, "2608667", 2, "12101");
	label_is(h, "2608667", 3, "千葉");
	label_is(h, "2608667", 4, "12");
	label_is(h, "*", 1, "*");
	assert_ok(postcodes(table, NULL, NULL, &without, &n, NULL));
	g = tree(&without);
	assert_int_equal(hierarchy_levels(g), 4);
	assert_int_equal(hierarchy_leaves(g), 3);
	label_is(g, "2500011", 2, "14");
}

static void
a_postcode_of_two_towns_tells_neither(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL;
	struct builder_places_count n;

	(void)state;
	assert_ok(postcodes(KEN("14206", "2500001") KEN("14104", "2500001")
	    KEN("14104", "2310001"), AREAS, NULL, &b, &n, NULL));
	assert_int_equal(n.postcodes, 2);
	assert_int_equal(n.joined, 1);
	h = tree(&b);
	label_is(h, "2500001", 1, "14104+14206");
	label_is(h, "2500001", 2, "小田原保健福祉事務所+横浜市保健所");
	label_is(h, "2500001", 3, "横浜+県西");
	label_is(h, "2500001", 4, "14");
}

static void
a_postcode_of_two_prefectures_nests_in_none(void **state)
{
	static const char table[] = KEN("23235", "4980000")
	    KEN("24303", "4980000") KEN("24303", "4980001");
	struct builder_places_how how = {.delimiter = ';',
	    .leave_crossing = 1};
	CLEANUP(builder_places_cleanup) struct builder_places *p = NULL;
	CLEANUP(buf_release) struct buf b = {0};
	struct builder_places_count n;
	struct err_info info = {0};

	(void)state;
	assert_int_equal(postcodes(table, NULL, NULL, &b, &n, &info),
	    ERR_MISMATCH);
	assert_non_null(strstr(info.message, "4980000"));
	buf_clear(&b);
	assert_ok(builder_places_new(&p));
	assert_ok(builder_places_add(p, bytes_str(table), NULL));
	assert_ok(builder_places_write(p, &how, &b, &n, NULL));
	assert_string_equal(buf_text(&b), "4980001;24303;24;*\n");
	assert_int_equal(n.crossing, 1);
	assert_int_equal(builder_places_crossing(p, 0), 4980000);
	assert_int_equal(builder_places_crossing(p, 1), -1);
	/* where neither of the two is asked for it does not matter */
	how = (struct builder_places_how){.delimiter = ';',
	    .prefectures = UINT64_C(1) << 14};
	assert_int_equal(builder_places_write(p, &how, &b, &n, &info),
	    ERR_SYNTAX);
	assert_int_equal(n.crossing, 0);
}

static void
no_postcode(const char *table, const char *areas, enum err code,
    const char *word)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct builder_places_count n;
	struct err_info info = {0};

	assert_int_equal(postcodes(table, areas, NULL, &b, &n, &info), code);
	assert_non_null(strstr(info.message, word));
}

static void
tables_that_do_not_nest_are_named(void **state)
{
	static const char two[] = KEN("14104", "2310001")
	    KEN("14105", "2310002");
	static const char apart[] = KEN("14104", "2310001")
	    KEN("12101", "2600001");

	(void)state;
	no_postcode(two, "14104,a,west\n14105,a,east\n", ERR_MISMATCH,
	    "\"a\"");
	no_postcode(apart, "14104,a,x\n12101,b,x\n", ERR_MISMATCH, "\"x\"");
	no_postcode(apart, "14104,a,x\n", ERR_NOT_FOUND, "12101");
	no_postcode(two, "14104,a,x\n14104,b,x\n", ERR_DUPLICATE, "14104");
	no_postcode(two, "14104,a,x\n14105,b\n", ERR_SYNTAX, "2 cells");
	no_postcode(two, "14104,a,x\n141051,b,x\n", ERR_SYNTAX, "check digit");
	no_postcode(two, "", ERR_SYNTAX, "empty");
	no_postcode(KEN("14104", "231"), NULL, ERR_SYNTAX, "7 digits");
	no_postcode(KEN("48104", "2310001"), NULL, ERR_SYNTAX, "JIS");
	no_postcode("14104;2310001\n", NULL, ERR_SYNTAX, "1 columns");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_cut_at_both_ends),
		cmocka_unit_test(bands_must_nest_and_lie_in_order),
		cmocka_unit_test(days_have_thirds_or_weeks),
		cmocka_unit_test(postcodes_nest_in_prefectures),
		cmocka_unit_test(a_postcode_of_two_towns_tells_neither),
		cmocka_unit_test(a_postcode_of_two_prefectures_nests_in_none),
		cmocka_unit_test(tables_that_do_not_nest_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
