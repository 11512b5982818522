#include "tests/unit/unit.h"

#include "core/utf8.h"

static void
clean_text_is_taken(void **state)
{
	static const char *const good[] = {"", "plain ASCII ~", "神奈川県",
	    "ガギグ", "\u00e9t\u00e9", "\U0002000b", "😷", "１２３", "a\u3000b"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(utf8_is_valid(bytes_str(good[i])));
		assert_ok(utf8_check_clean(bytes_str(good[i]), NULL));
	}
}

static void
every_character_is_put_as_it_reads(void **state)
{
	static const struct {
		uint32_t c;
		const char *bytes;
	} cases[] = {{0x7f, "\x7f"}, {0x80, "\xc2\x80"},
		{0x7ff, "\xdf\xbf"}, {0x800, "\xe0\xa0\x80"},
		{0xfffd, "\xef\xbf\xbd"}, {0xffff, "\xef\xbf\xbf"},
		{0x10000, "\xf0\x90\x80\x80"},
		{0x10ffff, "\xf4\x8f\xbf\xbf"}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t to[6] = {0x55, 0x55, 0x55, 0x55, 0x55, 0x55};
		size_t len = strlen(cases[i].bytes);

		assert_ptr_equal(utf8_put(to, cases[i].c), to + len);
		assert_memory_equal(to, cases[i].bytes, len);
		assert_int_equal(to[len], 0x55);
	}
}

static void
invalid_utf8_is_refused(void **state)
{
	static const char *const bad[] = {"\x80", "\xc3", "a\xc3(", "\xc0\xaf",
	    "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88",
	    "\xff", "\xe3\x81"};
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(utf8_is_valid(bytes_str(bad[i])));
		assert_err(utf8_check_clean(bytes_str(bad[i]), &why),
		    ERR_ENCODING);
		assert_string_equal(why, "not UTF-8");
	}
}

static void
unclean_characters_are_refused_with_their_rule(void **state)
{
	static const struct {
		const char *text, *rule;
	} bad[] = {
		{"a\tb", "control"},
		{"a\nb", "control"},
		{"a\rb", "control"},
		{"a\x7f", "control"},
		{"a\xc2\x85", "control"},
		{"a\u202eb", "invisible"},
		{"a\u2066b", "invisible"},
		{"a\u200bb", "invisible"},
		{"a\u00adb", "invisible"},
		{"\ufeffa", "invisible"},
		{"a\u2028b", "separator"},
		{"a\u2029b", "separator"},
		{"a\ue000b", "private"},
		{"a\U000e0fffb", "unassigned"},
		{"a\ufffe", "unassigned"},
		{"e\u0301", "NFC"},
		{"カ\u3099", "NFC"},
		{"\u212b", "NFC"},
		{"\uf900", "NFC"},
	};
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		why = "";
		assert_err(utf8_check_clean(bytes_str(bad[i].text), &why),
		    ERR_ENCODING);
		if (strstr(why, bad[i].rule) == NULL)
			fail_msg("case %zu: \"%s\"", i, why);
	}
	assert_err(utf8_check_clean(bytes_of("a\0b", 3), &why), ERR_ENCODING);
}

static void
wide_characters_take_two_columns(void **state)
{
	(void)state;
	assert_int_equal(utf8_width(""), 0);
	assert_int_equal(utf8_width("abc"), 3);
	assert_int_equal(utf8_width("神奈川"), 6);
	assert_int_equal(utf8_width("14 神奈川"), 9);
	assert_int_equal(utf8_width("ｶﾅ"), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_text_is_taken),
		cmocka_unit_test(every_character_is_put_as_it_reads),
		cmocka_unit_test(invalid_utf8_is_refused),
		cmocka_unit_test(
		    unclean_characters_are_refused_with_their_rule),
		cmocka_unit_test(wide_characters_take_two_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
