#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "survey/codebook.h"

static const char document[] =
    "{\"azukari\":\"survey v1\",\"name\":\"t\",\"version\":1,\"fields\":["
    "{\"name\":\"C\",\"type\":\"string\",\"title\":\"体調\",\"title_en\":"
    "\"Condition\",\"categories\":[{\"value\":\"1\",\"label\":\"良\","
    "\"label_en\":\"well\"},{\"value\":\"2\"}]},"
    "{\"name\":\"L\",\"type\":\"list\",\"title\":\"症状\",\"categories\":["
    "{\"value\":\"S1\",\"label\":\"熱\",\"label_en\":\"fever\"},"
    "{\"value\":\"S2\",\"label\":\"咳\"}]},"
    "{\"name\":\"N\",\"type\":\"number\",\"decimals\":1,\"description\":"
    "\"d\"},{\"name\":\"D\",\"type\":\"date\"},"
    "{\"name\":\"B\",\"type\":\"boolean\"}]}";

static struct survey *
parsed(void)
{
	struct survey *s = NULL;

	assert_int_equal(survey_parse(bytes_str(document), &s, NULL), ERR_OK);
	return s;
}

static void
test_columns(void **state)
{
	static const struct codebook_choice all[] = {
		{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}};
	static const char *const want[][2] = {{"C", "string"},
		{"L_S1", "integer"}, {"L_S2", "integer"}, {"N", "number"},
		{"D", "date"}, {"B", "boolean"}};
	CLEANUP(survey_cleanup) struct survey *s = parsed();
	struct codebook_column c;
	struct codebook book;
	size_t i;

	(void)state;
	codebook_start(&book, s, all, ARRAY_LEN(all));
	assert_int_equal(codebook_columns(&book), ARRAY_LEN(want));
	for (i = 0; i < ARRAY_LEN(want); i++) {
		assert_int_equal(codebook_next(&book, &c), 1);
		assert_string_equal(c.name, want[i][0]);
		assert_string_equal(c.type, want[i][1]);
		assert_int_equal(c.generalised, 0);
	}
	assert_int_equal(codebook_next(&book, &c), 0);
	assert_int_equal(codebook_next(&book, &c), 0);
}

static void
test_labels(void **state)
{
	static const struct codebook_choice some[] = {{1, 0}, {0, 0}, {2, 0}};
	CLEANUP(survey_cleanup) struct survey *s = parsed();
	struct codebook_column c;
	struct codebook book;

	(void)state;
	codebook_start(&book, s, some, ARRAY_LEN(some));
	assert_int_equal(codebook_next(&book, &c), 1);
	assert_string_equal(c.title, "症状");
	assert_string_equal(c.option_label, "熱");
	assert_string_equal(c.option_label_en, "fever");
	assert_true(c.categories_are_integers);
	assert_int_equal(c.categories_len, 2);
	assert_int_equal(codebook_next(&book, &c), 1);
	assert_string_equal(c.option_label_en, "咳");
	assert_int_equal(codebook_next(&book, &c), 1);
	assert_string_equal(c.title_en, "Condition");
	assert_null(c.option_label);
	assert_int_equal(c.categories_len, 2);
	assert_false(c.categories_are_integers);
	assert_string_equal(c.categories[0].label_en, "well");
	assert_string_equal(c.categories[1].label, "2");
	assert_int_equal(codebook_next(&book, &c), 1);
	assert_string_equal(c.description, "d");
	assert_null(c.categories);
}

static void
test_generalised(void **state)
{
	static const struct codebook_choice some[] = {{1, 1}, {3, 1}};
	CLEANUP(survey_cleanup) struct survey *s = parsed();
	struct codebook_column c;
	struct codebook book;

	(void)state;
	codebook_start(&book, s, some, ARRAY_LEN(some));
	assert_int_equal(codebook_columns(&book), 2);
	assert_int_equal(codebook_next(&book, &c), 1);
	assert_string_equal(c.name, "L");
	assert_string_equal(c.type, "string");
	assert_int_equal(c.generalised, 1);
	assert_null(c.categories);
	assert_int_equal(codebook_next(&book, &c), 1);
	assert_string_equal(c.name, "D");
	assert_string_equal(c.type, "string");
	assert_int_equal(codebook_next(&book, &c), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_generalised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
