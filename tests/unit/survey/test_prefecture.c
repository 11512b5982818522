#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "survey/prefecture.h"

static void
test_table_is_whole(void **state)
{
	uint64_t people = 0;
	char text[8];
	unsigned i;

	(void)state;
	for (i = 1; i <= PREFECTURE_COUNT; i++) {
		const struct prefecture *p = prefecture_get(i), *again;

		assert_non_null(p);
		assert_int_equal(p->code, i);
		(void)snprintf(text, sizeof(text), "%02u", i);
		assert_string_equal(p->text, text);
		assert_int_equal(prefecture_parse(bytes_str(text), &again),
		    ERR_OK);
		assert_ptr_equal(again, p);
		people += p->population;
	}
	/* The census counted this many. */
	assert_int_equal(people, 126146099);
	assert_null(prefecture_get(0));
	assert_null(prefecture_get(48));
}

static void
test_parse_refuses(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} cases[] = {
		{"", ERR_SYNTAX}, {"1", ERR_SYNTAX}, {"014", ERR_SYNTAX},
		{" 1", ERR_SYNTAX}, {"1a", ERR_SYNTAX}, {"00", ERR_RANGE},
		{"48", ERR_RANGE}, {"99", ERR_RANGE},
	};
	const struct prefecture *p = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(prefecture_parse(bytes_str(cases[i].text),
		    &p), cases[i].want);
	assert_null(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_parse_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
