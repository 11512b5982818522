#include "tests/unit/unit.h"

#include "exporters/sums.h"

#define A "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define B "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
test_write_sorts(void **state)
{
	CLEANUP(sums_release) struct sums s = {0};
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	assert_ok(sums_add_bytes(&s, "b/x", bytes_str("")));
	assert_ok(sums_add_bytes(&s, "a", bytes_str("hello\n")));
	assert_ok(sums_add_bytes(&s, "Z", bytes_str("")));
	assert_ok(sums_write(&s, &out));
	assert_string_equal(buf_text(&out),
	    B "  Z\n" A "  a\n" B "  b/x\n");
	assert_non_null(sums_find(&s, "a"));
	assert_null(sums_find(&s, "b"));
}

static void
test_add_refuses(void **state)
{
	CLEANUP(sums_release) struct sums s = {0};

	(void)state;
	assert_ok(sums_add_bytes(&s, "a", bytes_str("")));
	assert_err(sums_add_bytes(&s, "a", bytes_str("x")), ERR_DUPLICATE);
	assert_err(sums_add_bytes(&s, "../a", bytes_str("x")), ERR_SYNTAX);
	assert_err(sums_add_bytes(&s, "", bytes_str("x")), ERR_SYNTAX);
	assert_int_equal(s.len, 1);
}

static void
test_limit(void **state)
{
	CLEANUP(sums_release) struct sums s = {0};
	CLEANUP(sums_release) struct sums back = {0};
	CLEANUP(buf_release) struct buf text = {0};
	char name[16];
	int i;

	(void)state;
	for (i = 0; i < SUMS_ENTRIES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "f%05d", i);
		assert_ok(sums_add_bytes(&s, name, bytes_str("")));
	}
	assert_err(sums_add_bytes(&s, "g", bytes_str("")), ERR_LIMIT);
	assert_ok(sums_write(&s, &text));
	assert_ok(sums_parse(bytes_buf(&text), &back, NULL));
	assert_int_equal(back.len, SUMS_ENTRIES_MAX);
	assert_ok(buf_append_str(&text, B "  g\n"));
	assert_err(sums_parse(bytes_buf(&text), &back, NULL), ERR_LIMIT);
	assert_int_equal(back.len, SUMS_ENTRIES_MAX);   /* unchanged */
}

static void
test_parse(void **state)
{
	CLEANUP(sums_release) struct sums s = {0};
	CLEANUP(buf_release) struct buf out = {0};
	const char *text = A "  a\n" B "  b/x\n";

	(void)state;
	assert_ok(sums_parse(bytes_str(text), &s, NULL));
	assert_ok(sums_write(&s, &out));
	assert_string_equal(buf_text(&out), text);
	sums_release(&s);
	assert_ok(sums_parse(bytes_str(""), &s, NULL));
	assert_int_equal(s.len, 0);
}

static void
test_parse_refuses(void **state)
{
	static const struct {
		const char *text;
		enum err want;
		unsigned long line;
	} cases[] = {
		{A "  a", ERR_TRUNCATED, 1},
		{A " a\n", ERR_SYNTAX, 1},
		{A " *a\n", ERR_SYNTAX, 1},
		{A "\ta\n", ERR_SYNTAX, 1},
		{A "   a\n", ERR_SYNTAX, 1},
		{A "  \n", ERR_SYNTAX, 1},
		{A "  a\r\n", ERR_SYNTAX, 1},
		{"# comment\n" A "  a\n", ERR_SYNTAX, 1},
		{A "  a\n\n", ERR_SYNTAX, 2},
		{A "  a\ngarbage\n", ERR_SYNTAX, 2},
		{A "  /etc/passwd\n", ERR_SYNTAX, 1},
		{A "  ../a\n", ERR_SYNTAX, 1},
		{A "  a%0A\n", ERR_SYNTAX, 1},
		{"\\" A "  a\n", ERR_SYNTAX, 1},
		{"5891B5B522D5DF086D0FF0B110FBD9D21BB4FC7163AF34D08286A2E846F6"
		    "BE03  a\n", ERR_SYNTAX, 1},
		{A "  b\n" B "  a\n", ERR_SYNTAX, 2},
		{A "  a\n" A "  a\n", ERR_DUPLICATE, 2},
	};
	struct sums s = {0};
	struct err_info info;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		memset(&info, 0, sizeof(info));
		assert_err(sums_parse(bytes_str(cases[i].text), &s, &info),
		    cases[i].want);
		assert_int_equal(info.line, cases[i].line);
		assert_int_equal(s.len, 0);
	}
}

static void
test_match(void **state)
{
	CLEANUP(sums_release) struct sums listed = {0};
	CLEANUP(sums_release) struct sums found = {0};
	struct err_info info = {0};

	(void)state;
	assert_ok(sums_add_bytes(&listed, "a", bytes_str("1")));
	assert_ok(sums_add_bytes(&listed, "b", bytes_str("2")));
	assert_ok(sums_add_bytes(&found, "a", bytes_str("1")));
	assert_err(sums_match(&listed, &found, &info), ERR_NOT_FOUND);
	assert_string_equal(info.message, "b is missing");
	assert_ok(sums_add_bytes(&found, "b", bytes_str("3")));
	assert_err(sums_match(&listed, &found, &info), ERR_MISMATCH);
	assert_string_equal(info.message,
	    "b has another digest than listed");
	assert_ok(sums_match(&listed, &listed, &info));
	assert_ok(sums_add_bytes(&found, "c", bytes_str("")));
	assert_err(sums_match(&listed, &found, &info), ERR_UNKNOWN);
	assert_string_equal(info.message, "c is there but not listed");
}

/* What sha256sum(1) prints is what we parse. */
static void
test_agrees_with_sha256sum(void **state)
{
	CLEANUP(sums_release) struct sums s = {0};
	CLEANUP(buf_release) struct buf out = {0};
	char dir[256], command[700], line[200];
	FILE *p;

	(void)state;
	unit_temp_dir(dir, sizeof(dir));
	(void)snprintf(command, sizeof(command), "cd %s && echo hello > a && "
	    ": > b && LC_ALL=C sha256sum a b && rm a b && rmdir %s", dir, dir);
	assert_non_null(p = popen(command, "r"));
	while (fgets(line, sizeof(line), p) != NULL)
		assert_ok(buf_append_str(&out, line));
	assert_int_equal(pclose(p), 0);
	assert_ok(sums_parse(bytes_buf(&out), &s, NULL));
	assert_int_equal(s.len, 2);
	assert_string_equal(buf_text(&out), A "  a\n" B "  b\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_sorts),
		cmocka_unit_test(test_add_refuses),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_agrees_with_sha256sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
