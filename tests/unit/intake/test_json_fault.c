/* The rule that a line which is no JSON object offends against. */
#include "tests/unit/unit.h"

#include "intake/json_fault.h"

#define LINE(s) {(const uint8_t *)(s), sizeof(s) - 1}

static const struct {
	struct bytes line;
	const char *says;
} cases[] = {
	{LINE("\xef\xbb\xbf{}"), "byte order mark"},
	{LINE("\xff\xfe{\0}\0"), "UTF-16"},
	{LINE("\xfe\xff\0{\0}"), "UTF-16"},
	{LINE("{\"a\":\"x\0y\"}"), "NUL"},
	{LINE("{}\0"), "NUL"},
	{LINE("{\"a\":\"\xff\"}"), "not UTF-8"},
	{LINE("{\"a\":\"\xed\xa0\xbd\"}"), "not UTF-8"},
	{LINE("{\"a\":\"x\ty\"}"), "control character"},
	{LINE("{\"a\":\"x\\qy\"}"), "escape"},
	{LINE("{\"a\":\"x\\"), "escape"},
	{LINE("{\"a\":\"\\u12\"}"), "four hex digits"},
	{LINE("{\"a\":\"\\u12g4\"}"), "four hex digits"},
	{LINE("{\"a\":\"\\u0000\"}"), "NUL"},
	{LINE("{\"a\":\"\\ud800\"}"), "half a character"},
	{LINE("{\"a\":\"\\ud800x\"}"), "half a character"},
	{LINE("{\"a\":\"\\ud83d\\u0041\"}"), "half a character"},
	{LINE("{\"a\":\"\\ude00\\ud83d\"}"), "half a character"},
	{LINE("{\"a\":\"\\ud83d\\ude00\"}{}"), "one JSON object"},
	{LINE("{\"a\":\"x"), "no end"},
	{LINE("{\"a\":1"), "cut off"},
	{LINE("{"), "cut off"},
	{LINE("[]"), "one JSON object"},
	{LINE("{\"a\":1e400}"), "one JSON object"},
	{LINE("{'a':1}"), "one JSON object"},
	{LINE("// {}"), "one JSON object"},
	{LINE("]]]{}"), "one JSON object"},
	{LINE(""), "one JSON object"},
};

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (strstr(json_fault(cases[i].line), cases[i].says) == NULL)
			fail_msg("%zu: %s", i, json_fault(cases[i].line));
}

static void
test_depth(void **state)
{
	uint8_t deep[10000];

	(void)state;
	memset(deep, '[', sizeof(deep));
	assert_non_null(strstr(json_fault(bytes_of(deep, sizeof(deep))),
	    "deeper"));
	assert_non_null(strstr(json_fault(bytes_of(deep, 32)), "cut off"));
	assert_non_null(strstr(json_fault(bytes_of(deep, 33)), "deeper"));
}

/* Nothing is read behind the end, wherever that is. */
static void
test_every_end(void **state)
{
	static const char text[] =
	    "{\"a\":\"\\ud83d\\ude00\\u0041\",\"b\":[1,{\"c\":\"\\\"\"}]}";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		uint8_t *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, text, len);
		assert_non_null(json_fault(bytes_of(cut, len)));
		free(cut);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_every_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
