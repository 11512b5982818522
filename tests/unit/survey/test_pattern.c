#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "survey/pattern.h"

static const char *const good[] = {
	"^[0-9]{7}$", "^[0-9]{3}-[0-9]{4}$", "^[A-Z0-9]+$", "^[a-z][0-9]*$",
	"^A?B{2,3}[cd]+$", "^[A-Z]{2}[0-9]{1,4}[a-z]?$", "^a{0,2}b$",
	"^[A-]x$", "^x\\.y$", "^[a-c_]+/[0-9]+$", "^ab$", "^[.]a$",
};

static const char *const bad[] = {
	"", "^$", "abc", "^abc", "abc$", "^a.c$", "^(a)$", "^a|b$", "^\\d$",
	"^[^a]$", "^[]$", "^[a$", "^[z-a]$", "^a{0}$", "^a{2,1}$", "^a{256}$",
	"^a{,3}$", "^a{2$", "^a{2,}$", "^a+a$", "^[a-z]*x$", "^a?b?a$", "^+$",
	"^a**$", "^a$b$", "^[é]$", "^a\\$", "^[0-9]{99999}$",
	"^abcdefghijklmnopq$",
};

static void
test_accepts_and_refuses(void **state)
{
	struct pattern p;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		if (pattern_parse(good[i], &p, &why) != ERR_OK)
			fail_msg("%s: %s", good[i], why);
		assert_true(p.len > 0);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		why = NULL;
		if (pattern_parse(bad[i], &p, &why) != ERR_UNSUPPORTED)
			fail_msg("%s was taken", bad[i]);
		assert_non_null(why);
	}
}

static void
test_digits(void **state)
{
	static const struct {
		const char *text;
		unsigned want;
	} cases[] = {
		{"^[0-9]{7}$", 7}, {"^[0-9]{1}$", 1}, {"^[0-9]$", 1},
		{"^[0-9]{1,2}$", 0}, {"^[0-8]{7}$", 0}, {"^[0-9]+$", 0},
		{"^[0-9]{3}[0-9]{4}$", 0},
	};
	struct pattern p;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(pattern_parse(cases[i].text, &p, NULL),
		    ERR_OK);
		assert_int_equal(pattern_digits(&p), cases[i].want);
	}
}

/* The C library's regular expressions have the last word. */
static void
test_agrees_with_regexec(void **state)
{
	static const char letters[] = "aAbBcdxyz0129-._/ ";
	size_t i, j, k, len, matched = 0;
	char text[9];

	(void)state;
	srand(7);
	for (i = 0; i < ARRAY_LEN(good); i++) {
		struct pattern p;
		regex_t re;

		assert_int_equal(pattern_parse(good[i], &p, NULL), ERR_OK);
		assert_int_equal(regcomp(&re, good[i],
		    REG_EXTENDED | REG_NOSUB), 0);
		for (j = 0; j < 30000; j++) {
			len = (size_t)rand() % (sizeof(text));
			for (k = 0; k < len; k++)
				text[k] = letters[(size_t)rand() %
				    (sizeof(letters) - 1)];
			text[len] = '\0';
			assert_int_equal(pattern_matches(&p,
			    bytes_of(text, len)),
			    regexec(&re, text, 0, NULL, 0) == 0);
			matched += regexec(&re, text, 0, NULL, 0) == 0;
		}
		regfree(&re);
	}
	assert_true(matched > 100);
}

static void
test_every_byte_is_one_character(void **state)
{
	struct pattern p = {0};
	uint8_t high[] = {0xe9};

	(void)state;
	assert_true(pattern_matches(&p, bytes_of(high, 1)));
	assert_int_equal(pattern_parse("^[a-z]+$", &p, NULL), ERR_OK);
	assert_false(pattern_matches(&p, bytes_of(high, 1)));
	assert_false(pattern_matches(&p, bytes_of("", 0)));
	assert_false(pattern_matches(&p, bytes_of("a\0", 2)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts_and_refuses),
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_agrees_with_regexec),
		cmocka_unit_test(test_every_byte_is_one_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
