#include "tests/unit/unit.h"

#include <string.h>

#include "policy/disclosure/dictionary.h"
#include "policy/disclosure/hierarchy.h"

static struct hierarchy *
parsed(const char *text)
{
	struct hierarchy *h = NULL;

	assert_ok(hierarchy_parse(bytes_str(text), ';', HIERARCHY_ARX, &h,
	    NULL));
	return h;
}

static void
refused(const char *text, enum err code, const char *word)
{
	struct err_info info = {0};
	struct hierarchy *h = NULL;

	assert_int_equal(hierarchy_parse(bytes_str(text), ';', HIERARCHY_ARX,
	    &h, &info), code);
	assert_null(h);
	assert_non_null(strstr(info.message, word));
}

static void
lines_become_labels_and_sizes(void **state)
{
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = parsed(
	    "1;low;*\n2;low;*\n3;high;*\n4;high;*\n5;high;*");
	uint32_t leaf;

	(void)state;
	assert_int_equal(hierarchy_levels(h), 3);
	assert_int_equal(hierarchy_leaves(h), 5);
	assert_ok(hierarchy_find(h, bytes_str("4"), &leaf));
	assert_int_equal(leaf, 3);
	assert_int_equal(hierarchy_sizes(h)[0][leaf], 1);
	assert_int_equal(hierarchy_sizes(h)[1][leaf], 3);
	assert_int_equal(hierarchy_sizes(h)[2][leaf], 5);
	assert_true(bytes_equal(hierarchy_text(h, 1, leaf),
	    bytes_str("high")));
	assert_int_equal(hierarchy_labels(h)[1][leaf],
	    hierarchy_labels(h)[1][4]);
	assert_int_equal(hierarchy_find(h, bytes_str("6"), &leaf),
	    ERR_NOT_FOUND);
	assert_null(hierarchy_warning(h, 0));
}

static void
line_ends_do_not_matter(void **state)
{
	static const char *const texts[] = {"a;x\nb;x\n", "a;x\nb;x",
	    "a;x\r\nb;x\r\n", "a;x\r\nb;x"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(hierarchy_cleanup) struct hierarchy *h =
		    parsed(texts[i]);

		assert_int_equal(hierarchy_leaves(h), 2);
		assert_true(bytes_equal(hierarchy_text(h, 1, 1),
		    bytes_str("x")));
	}
}

static void
what_is_no_tree_is_named(void **state)
{
	(void)state;
	refused("", ERR_SYNTAX, "empty");
	refused("a;x;*\nb;x\n", ERR_SYNTAX, "2 cells instead of 3");
	refused("a;w31;july\nb;w31;august\n", ERR_MISMATCH,
	    "\"w31\" of level 1 can become \"july\" or \"august\"");
	refused("a;x\na;y\n", ERR_DUPLICATE, "\"a\" is given twice");
}

/* As in ARX such a line counts twice in the share of its labels. */
static void
the_same_line_twice_counts_twice(void **state)
{
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = parsed(
	    "a;x;*\na;x;*\nb;y;*\n");

	(void)state;
	assert_int_equal(hierarchy_leaves(h), 2);
	assert_int_equal(hierarchy_lines(h), 3);
	assert_int_equal(hierarchy_sizes(h)[0][0], 2);
	assert_int_equal(hierarchy_sizes(h)[2][0], 3);
}

static void
single_children_are_warned_of(void **state)
{
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = parsed(
	    "fr;Europe;*\nde;Europe;*\nit;Europa;*\n");

	(void)state;
	assert_non_null(strstr(hierarchy_warning(h, 0), "Europa"));
	assert_null(hierarchy_warning(h, 1));
}

/* An owner's ladder is the stricter of two. */
static void
ladders_are_read_strictly(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} cases[] = {
		{"a;x;*\nb;y;*\n", ERR_OK}, {"a;x\na;x\n", ERR_DUPLICATE},
		{"a;\nb;x\n", ERR_SYNTAX}, {"a\nb\n", ERR_RANGE},
		{"a;x\x02\n", ERR_ENCODING}, {"a;\xff\n", ERR_ENCODING},
		{"a;x;1\nb;x;2\n", ERR_MISMATCH},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL;
		CLEANUP(hierarchy_cleanup) struct hierarchy *arx = NULL;

		assert_int_equal(hierarchy_parse(bytes_str(cases[i].text), ';',
		    HIERARCHY_LADDER, &h, NULL), cases[i].want);
		assert_int_equal(hierarchy_parse(bytes_str(cases[i].text), ';',
		    HIERARCHY_ARX, &arx, NULL), i < 5 ? ERR_OK :
		    cases[i].want);
	}
}

static void
texts_keep_their_numbers(void **state)
{
	CLEANUP(dictionary_release) struct dictionary d = {0};
	char text[16];
	uint32_t n;
	int is_new;
	unsigned i, again;

	(void)state;
	for (again = 0; again < 2; again++)
		for (i = 0; i < 3000; i++) {
			(void)snprintf(text, sizeof(text), "t%u", i);
			assert_ok(dictionary_number(&d, bytes_str(text), &n,
			    &is_new));
			assert_int_equal(n, i);
			assert_int_equal(is_new, again == 0);
		}
	assert_ok(dictionary_find(&d, bytes_str("t77"), &n));
	assert_int_equal(n, 77);
	assert_int_equal(dictionary_find(&d, bytes_str("u"), &n),
	    ERR_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_labels_and_sizes),
		cmocka_unit_test(line_ends_do_not_matter),
		cmocka_unit_test(what_is_no_tree_is_named),
		cmocka_unit_test(the_same_line_twice_counts_twice),
		cmocka_unit_test(single_children_are_warned_of),
		cmocka_unit_test(ladders_are_read_strictly),
		cmocka_unit_test(texts_keep_their_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
