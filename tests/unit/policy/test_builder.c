#include "tests/unit/unit.h"

#include <string.h>

#include "core/clock.h"
#include "policy/disclosure/builder.h"
#include "policy/disclosure/hierarchy.h"

static struct hierarchy *
tree(const struct buf *b)
{
	struct hierarchy *h = NULL;

	assert_ok(hierarchy_parse(bytes_buf(b), ';', &h, NULL));
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

static void
ages_are_banded_and_top_coded(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL;

	(void)state;
	assert_ok(builder_ages(&b));
	h = tree(&b);
	assert_int_equal(hierarchy_leaves(h), 121);
	assert_int_equal(hierarchy_levels(h), 5);
	label_is(h, "37", 1, "35-39");
	label_is(h, "37", 2, "30-39");
	label_is(h, "37", 3, "20-39");
	label_is(h, "89", 3, "80-89");
	label_is(h, "90", 1, ">=90");
	label_is(h, "104", 3, ">=90");
	label_is(h, "104", 4, "*");
}

static void
numbers_are_cut_at_both_ends(void **state)
{
	static const uint32_t widths[] = {10, 20};
	struct builder_bands bands = {.first = -7, .last = 47,
	    .widths = widths, .widths_len = 2, .has_bottom = 1, .bottom = 3,
	    .has_top = 1, .top = 35};
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL;

	(void)state;
	assert_ok(builder_numbers(&bands, &b));
	h = tree(&b);
	label_is(h, "-7", 1, "<=3");
	label_is(h, "4", 1, "4-9");
	label_is(h, "4", 2, "4-19");
	label_is(h, "34", 1, "30-34");
	label_is(h, "34", 2, "20-34");
	label_is(h, "47", 2, ">=35");
	bands.bottom = 35;
	assert_int_equal(builder_numbers(&bands, &b), ERR_RANGE);
	bands.bottom = -8;
	assert_int_equal(builder_numbers(&bands, &b), ERR_RANGE);
	bands.has_bottom = 0;
	bands.last = 2000000;
	assert_int_equal(builder_numbers(&bands, &b), ERR_LIMIT);
}

static void
widths_must_nest(void **state)
{
	static const uint32_t widths[] = {10, 25};
	const struct builder_bands bands = {.last = 9, .widths = widths,
	    .widths_len = 2};
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	assert_int_equal(builder_numbers(&bands, &b), ERR_RANGE);
}

static void
days_have_thirds_or_weeks(void **state)
{
	CLEANUP(buf_release) struct buf thirds = {0}, weeks = {0};
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL, *w = NULL;
	int32_t first, last;

	(void)state;
	assert_ok(clock_parse_day(bytes_str("2020-02-20"), &first));
	assert_ok(clock_parse_day(bytes_str("2021-01-05"), &last));
	assert_ok(builder_dates(first, last, BUILDER_THIRDS, &thirds));
	h = tree(&thirds);
	assert_int_equal(hierarchy_leaves(h), last - first + 1);
	label_is(h, "2020-02-20", 1, "2020-02/2");
	label_is(h, "2020-02-29", 1, "2020-02/3");
	label_is(h, "2020-12-31", 2, "2020-12");
	label_is(h, "2021-01-05", 3, "2021");
	assert_ok(builder_dates(first, last, BUILDER_WEEKS, &weeks));
	w = tree(&weeks);
	label_is(w, "2020-12-31", 1, "2020-12-28/7");
	label_is(w, "2021-01-01", 1, "2020-12-28/7");
	label_is(w, "2021-01-04", 1, "2021-01-04/7");
	assert_int_equal(builder_dates(last, first, BUILDER_WEEKS, &weeks),
	    ERR_RANGE);
}

static void
postcodes_nest_in_prefectures(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL;

	(void)state;
	assert_ok(builder_postcodes(bytes_str(
	    "2310001;14104;横浜市保健所;横浜\n"
	    "2500011;14206;小田原保健福祉事務所;県西\n"
	    "2600001;12101;;千葉\n"), ';', &b, NULL));
	h = tree(&b);
	assert_int_equal(hierarchy_levels(h), 6);
	label_is(h, "2310001", 1, "14104");
	label_is(h, "2500011", 3, "県西");
	label_is(h, "2600001", 2, "12101");
	label_is(h, "2600001", 4, "12");
}

static void
no_postcode(const char *table, enum err code, const char *word)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct err_info info = {0};

	assert_int_equal(builder_postcodes(bytes_str(table), ';', &b, &info),
	    code);
	assert_non_null(strstr(info.message, word));
}

static void
postcodes_in_two_places_are_named(void **state)
{
	(void)state;
	no_postcode("4980000;23235;;\n4980000;24303;;\n", ERR_DUPLICATE,
	    "4980000");
	no_postcode("2310001;14104;a;west\n2310002;14105;a;east\n",
	    ERR_MISMATCH, "\"a\"");
	no_postcode("2310001;14104;a;x\n2600001;12101;b;x\n", ERR_MISMATCH,
	    "\"x\"");
	no_postcode("231;14104;a;x\n", ERR_SYNTAX, "7 digits");
	no_postcode("2310001;48104;a;x\n", ERR_SYNTAX, "JIS");
	no_postcode("2310001;14104;a\n", ERR_SYNTAX, "3 cells");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ages_are_banded_and_top_coded),
		cmocka_unit_test(numbers_are_cut_at_both_ends),
		cmocka_unit_test(widths_must_nest),
		cmocka_unit_test(days_have_thirds_or_weeks),
		cmocka_unit_test(postcodes_nest_in_prefectures),
		cmocka_unit_test(postcodes_in_two_places_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
