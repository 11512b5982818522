#include "tests/unit/unit.h"

#include "keys/names.h"

static void
owners(void **state)
{
	char name[3];
	int count = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%02d", i);
		count += names_is_owner(bytes_str(name));
	}
	assert_int_equal(count, 47);
	assert_true(names_is_owner(bytes_str("01")));
	assert_true(names_is_owner(bytes_str("47")));
	assert_false(names_is_owner(bytes_str("00")));
	assert_false(names_is_owner(bytes_str("48")));
	assert_false(names_is_owner(bytes_str("1")));
	assert_false(names_is_owner(bytes_str("014")));
	assert_false(names_is_owner(bytes_str("1a")));
	assert_false(names_is_owner(bytes_str("/9")));
	assert_false(names_is_owner(bytes_of("", 0)));
}

static void
words(void **state)
{
	static const char *const good[] = {"a", "seat-1", "z9", "a-",
	    "abcdefghijklmnopqrstuvwxyz012345"};
	static const char *const bad[] = {"", "A", "1a", "-a", "a_b", "a b",
	    "a/b", "\xc3\xa9", "abcdefghijklmnopqrstuvwxyz0123456"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(names_is_word(bytes_str(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(names_is_word(bytes_str(bad[i])));
	assert_false(names_is_word(bytes_of("a\0b", 3)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
