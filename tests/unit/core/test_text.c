#include "tests/unit/unit.h"

#include "core/text.h"

static const char *const keys[] = {"id", "owner", "?note", "threshold",
    "seat-#", "digest", "frozen", NULL};
static const struct text_schema schema = {"plan", keys};

#define DIGEST "00ff00ff"
#define HEAD "azukari-plan v1\nid: EXP-2026-0007\nowner: 14\n"
#define TAIL "digest: " DIGEST "\nfrozen: 2026-11-22T08:00:00Z\n"
#define GOOD HEAD "note: 神奈川県 の 計画\nthreshold: 2\n" \
	"seat-01: a one\nseat-02: b two\n" TAIL

static const char good[] = GOOD;

static enum err
parse(struct bytes in, struct text **ret, struct err_info *info)
{
	return text_parse(in, &schema, ret, info);
}

static void
values_are_read(void **state)
{
	CLEANUP(text_cleanup) struct text *t = NULL;

	(void)state;
	assert_ok(parse(bytes_str(GOOD), &t, NULL));
	assert_true(bytes_equal(text_bytes(t), bytes_str(GOOD)));
	assert_string_equal(text_get(t, "id"), "EXP-2026-0007");
	assert_string_equal(text_get(t, "note"), "神奈川県 の 計画");
	assert_int_equal(text_run_len(t, "seat-#"), 2);
	assert_string_equal(text_run_get(t, "seat-#", 0), "a one");
	assert_string_equal(text_run_get(t, "seat-#", 1), "b two");
	assert_true(bytes_equal(text_bytes(t), bytes_str(GOOD)));
	text_free(NULL);
}

static void
optional_keys_and_runs_may_be_absent(void **state)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct err_info info;
	uint64_t n;

	(void)state;
	assert_ok(parse(bytes_str(HEAD "threshold: 2\n" TAIL), &t, NULL));
	assert_null(text_get(t, "note"));
	assert_int_equal(text_run_len(t, "seat-#"), 0);
	assert_err(text_get_uint(t, "note", 0, 1, &n, &info), ERR_NOT_FOUND);
}

static void
typed_values(void **state)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	uint8_t digest[4];
	struct err_info info = {0};
	int64_t when;
	uint64_t n;

	(void)state;
	assert_ok(parse(bytes_str(GOOD), &t, NULL));
	assert_ok(text_get_uint(t, "threshold", 1, 2, &n, &info));
	assert_true(n == 2);
	assert_err(text_get_uint(t, "threshold", 3, 9, &n, &info), ERR_RANGE);
	assert_int_equal(info.line, 5);
	assert_non_null(strstr(info.message, "threshold"));
	assert_err(text_get_uint(t, "id", 0, 9, &n, &info), ERR_SYNTAX);
	assert_ok(text_get_hex(t, "digest", digest, 4, &info));
	assert_memory_equal(digest, "\x00\xff\x00\xff", 4);
	assert_err(text_get_hex(t, "digest", digest, 3, &info), ERR_SYNTAX);
	assert_err(text_get_hex(t, "id", digest, 4, &info), ERR_SYNTAX);
	assert_ok(text_get_time(t, "frozen", &when, &info));
	assert_true(when == 1795334400);
	assert_err(text_get_time(t, "id", &when, &info), ERR_SYNTAX);
	assert_int_equal(info.line, 2);
}

static void
numbers_have_one_form(void **state)
{
	static const char *const one[] = {"n", NULL};
	static const struct text_schema s = {"n", one};
	static const struct {
		const char *value;
		enum err want;
	} cases[] = {
		{"0", ERR_OK}, {"10", ERR_OK},
		{"18446744073709551615", ERR_OK},
		{"18446744073709551616", ERR_RANGE},
		{"99999999999999999999", ERR_RANGE},
		{"00", ERR_SYNTAX}, {"01", ERR_SYNTAX}, {"-1", ERR_SYNTAX},
		{"+1", ERR_SYNTAX}, {"1.0", ERR_SYNTAX}, {"0x1", ERR_SYNTAX},
		{"１", ERR_SYNTAX}, {"-", ERR_SYNTAX},
	};
	char doc[128];
	uint64_t n;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(text_cleanup) struct text *t = NULL;

		(void)snprintf(doc, sizeof(doc), "azukari-n v1\nn: %s\n",
		    cases[i].value);
		assert_ok(text_parse(bytes_str(doc), &s, &t, NULL));
		assert_err(text_get_uint(t, "n", 0, UINT64_MAX, &n, NULL),
		    cases[i].want);
	}
}

static void
bad_texts_by_cause_and_line(void **state)
{
	static const struct {
		const char *in;
		enum err want;
		unsigned long line;
	} cases[] = {
		{"", ERR_SYNTAX, 1},
		{"azukari-plan v1", ERR_SYNTAX, 1},
		{"azukari-plan v2\n", ERR_SYNTAX, 1},
		{"azukari-policy v1\n", ERR_SYNTAX, 1},
		{" azukari-plan v1\n", ERR_SYNTAX, 1},
		{"\xef\xbb\xbf" GOOD, ERR_SYNTAX, 1},
		{"azukari-plan v1\r\nid: x\r\n", ERR_SYNTAX, 1},
		{"azukari-plan v1\n", ERR_SYNTAX, 2},
		{HEAD, ERR_SYNTAX, 4},
		{HEAD "threshold: 2\ndigest: x\nfrozen: y", ERR_SYNTAX, 6},
		{HEAD "threshold: 2\r\n" TAIL, ERR_ENCODING, 4},
		{HEAD "threshold: \n" TAIL, ERR_SYNTAX, 4},
		{HEAD "threshold:\n" TAIL, ERR_SYNTAX, 4},
		{HEAD "threshold:2\n" TAIL, ERR_SYNTAX, 4},
		{HEAD "threshold : 2\n" TAIL, ERR_SYNTAX, 4},
		{HEAD "Threshold: 2\n" TAIL, ERR_SYNTAX, 4},
		{HEAD ": 2\n" TAIL, ERR_SYNTAX, 4},
		{HEAD "threshold:  2\n" TAIL, ERR_SYNTAX, 4},
		{HEAD "threshold: 2 \n" TAIL, ERR_SYNTAX, 4},
		{HEAD "\nthreshold: 2\n" TAIL, ERR_SYNTAX, 4},
		{HEAD "threshold: 2\n" TAIL "\n", ERR_SYNTAX, 7},
		{HEAD "threshold: 2\n" TAIL "extra: 1\n", ERR_UNKNOWN, 7},
		{HEAD "thresholds: 2\n" TAIL, ERR_UNKNOWN, 4},
		{HEAD "threshold: 2\nthreshold: 2\n" TAIL, ERR_DUPLICATE, 5},
		{HEAD "id: 2\nthreshold: 2\n" TAIL, ERR_DUPLICATE, 4},
		{HEAD "note: 1\nnote: 1\nthreshold: 2\n" TAIL, ERR_DUPLICATE,
		    5},
		{HEAD "threshold: 2\nnote: x\n" TAIL, ERR_SYNTAX, 5},
		{HEAD "digest: 2\nthreshold: 2\n", ERR_SYNTAX, 4},
		{HEAD "threshold: 2\n" TAIL TAIL, ERR_DUPLICATE, 7},
		{HEAD "threshold: 2\nseat-02: x\n" TAIL, ERR_SYNTAX, 5},
		{HEAD "threshold: 2\nseat-01: x\nseat-03: x\n" TAIL,
		    ERR_SYNTAX, 6},
		{HEAD "threshold: 2\nseat-01: x\nseat-01: x\n" TAIL,
		    ERR_DUPLICATE, 6},
		{HEAD "threshold: 2\nseat-1: x\n" TAIL, ERR_UNKNOWN, 5},
		{HEAD "threshold: 2\nseat-001: x\n" TAIL, ERR_UNKNOWN, 5},
		{HEAD "threshold: 2\nseat-00: x\n" TAIL, ERR_UNKNOWN, 5},
		{HEAD "threshold: 2\nseat-: x\n" TAIL, ERR_UNKNOWN, 5},
		{HEAD "threshold: 2\nseat-#: x\n" TAIL, ERR_SYNTAX, 5},
		{HEAD "threshold: 2\nseat-01: x\n" TAIL "seat-01: x\n",
		    ERR_DUPLICATE, 8},
		{HEAD "threshold: 2\nseat-01: x\n" TAIL "seat-02: x\n",
		    ERR_SYNTAX, 8},
		{HEAD "threshold: a\tb\n" TAIL, ERR_ENCODING, 4},
		{HEAD "threshold: a\u202eb\n" TAIL, ERR_ENCODING, 4},
		{HEAD "threshold: a\u200bb\n" TAIL, ERR_ENCODING, 4},
		{HEAD "threshold: a\u2028b\n" TAIL, ERR_ENCODING, 4},
		{HEAD "threshold: e\u0301\n" TAIL, ERR_ENCODING, 4},
		{HEAD "threshold: \xff\n" TAIL, ERR_ENCODING, 4},
		{HEAD "threshold: \xe7\xa5\n" TAIL, ERR_ENCODING, 4},
	};
	struct text *t = NULL;
	struct err_info info;
	enum err got;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		info = (struct err_info){.line = 99};
		got = parse(bytes_str(cases[i].in), &t, &info);
		if (got != cases[i].want || info.line != cases[i].line)
			fail_msg("case %zu: %s at line %lu: %s", i,
			    err_name(got), info.line, info.message);
		assert_null(t);
	}
	assert_err(parse(bytes_of("azukari-plan v1\nid: a\0b\n", 24), &t,
	    NULL), ERR_ENCODING);
}

static void
long_values_and_texts_are_refused(void **state)
{
	static const char *const one[] = {"v", "?w", "r-#", NULL};
	static const struct text_schema s = {"x", one};
	CLEANUP(buf_release) struct buf b = {0};
	struct text *t = NULL;
	size_t i;

	(void)state;
	assert_ok(buf_append_str(&b, "azukari-x v1\nv: "));
	for (i = 0; i < TEXT_VALUE_MAX; i++)
		assert_ok(buf_append_u8(&b, 'x'));
	assert_ok(buf_append_u8(&b, '\n'));
	assert_ok(text_parse(bytes_buf(&b), &s, &t, NULL));
	text_free(TAKE(t));
	b.data[b.len - 1] = 'x';
	assert_ok(buf_append_u8(&b, '\n'));
	assert_err(text_parse(bytes_buf(&b), &s, &t, NULL), ERR_LIMIT);
	while (b.len <= TEXT_MAX_DEFAULT)
		assert_ok(buf_append_str(&b, "v: x\n"));
	assert_err(text_parse(bytes_buf(&b), &s, &t, NULL), ERR_LIMIT);
}

static void
runs_grow_beyond_two_digits_up_to_their_limit(void **state)
{
	static const char *const one[] = {"r-#", NULL};
	static const struct text_schema s = {"x", one};
	CLEANUP(buf_release) struct buf b = {0};
	struct text *t = NULL;
	struct err_info info;
	unsigned i;

	(void)state;
	assert_ok(buf_append_str(&b, "azukari-x v1\n"));
	for (i = 1; i <= TEXT_RUN_MAX; i++)
		assert_ok(buf_printf(&b, "r-%02u: %u\n", i, i));
	assert_ok(text_parse(bytes_buf(&b), &s, &t, NULL));
	assert_int_equal(text_run_len(t, "r-#"), TEXT_RUN_MAX);
	assert_string_equal(text_run_get(t, "r-#", 99), "100");
	assert_string_equal(text_run_get(t, "r-#", 9999), "10000");
	text_free(TAKE(t));
	assert_ok(buf_printf(&b, "r-%02u: x\n", i));
	assert_err(text_parse(bytes_buf(&b), &s, &t, &info), ERR_LIMIT);
}

static void
ask_outside_schema(void *t)
{
	(void)text_get(t, "nobody");
}

static void
ask_run_as_single(void *t)
{
	(void)text_get(t, "seat-#");
}

static void
ask_outside_run(void *t)
{
	(void)text_run_get(t, "seat-#", 2);
}

static void
misuse_aborts(void **state)
{
	CLEANUP(text_cleanup) struct text *t = NULL;

	(void)state;
	assert_ok(parse(bytes_str(GOOD), &t, NULL));
	assert_true(unit_aborts(ask_outside_schema, t));
	assert_true(unit_aborts(ask_run_as_single, t));
	assert_true(unit_aborts(ask_outside_run, t));
}

static void
lists_are_split_at_single_spaces(void **state)
{
	struct bytes rest = bytes_str("a bc d"), item;

	(void)state;
	assert_true(text_list_next(&rest, &item));
	assert_true(bytes_equal(item, bytes_str("a")));
	assert_true(text_list_next(&rest, &item));
	assert_true(bytes_equal(item, bytes_str("bc")));
	assert_true(text_list_next(&rest, &item));
	assert_true(bytes_equal(item, bytes_str("d")));
	assert_false(text_list_next(&rest, &item));
	rest = bytes_str("a  b");
	assert_true(text_list_next(&rest, &item));
	assert_true(text_list_next(&rest, &item));
	assert_int_equal(item.len, 0);
}

/* What the reader made of a text, written out again by rule. */
static void
render(const struct text *t, struct buf *out)
{
	size_t i, n;

	assert_ok(buf_append_str(out, "azukari-plan v1\n"));
	assert_ok(buf_printf(out, "id: %s\nowner: %s\n", text_get(t, "id"),
	    text_get(t, "owner")));
	if (text_get(t, "note") != NULL)
		assert_ok(buf_printf(out, "note: %s\n", text_get(t, "note")));
	assert_ok(buf_printf(out, "threshold: %s\n",
	    text_get(t, "threshold")));
	n = text_run_len(t, "seat-#");
	for (i = 0; i < n; i++)
		assert_ok(buf_printf(out, "seat-%02zu: %s\n", i + 1,
		    text_run_get(t, "seat-#", i)));
	assert_ok(buf_printf(out, "digest: %s\nfrozen: %s\n",
	    text_get(t, "digest"), text_get(t, "frozen")));
}

/* Either refused, or understood to the last byte: no two texts mean the same,
 * nothing is skipped over. */
static void
assert_refused_or_exact(struct bytes in)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	CLEANUP(buf_release) struct buf back = {0};

	if (parse(in, &t, NULL) != ERR_OK) {
		assert_null(t);
		return;
	}
	render(t, &back);
	assert_true(bytes_equal(in, bytes_buf(&back)));
}

static void
every_bit_flip_is_refused_or_exact(void **state)
{
	uint8_t in[] = GOOD;
	size_t i;
	unsigned bit;

	(void)state;
	for (i = 0; i < sizeof(in) - 1; i++) {
		for (bit = 0; bit < 8; bit++) {
			in[i] ^= (uint8_t)(1U << bit);
			assert_refused_or_exact(bytes_of(in, sizeof(in) - 1));
			in[i] ^= (uint8_t)(1U << bit);
		}
	}
}

static void
every_cut_is_refused(void **state)
{
	struct text *t = NULL;
	size_t len;

	(void)state;
	for (len = 0; len < strlen(good); len++)
		assert_int_not_equal(parse(bytes_of(good, len), &t, NULL),
		    ERR_OK);
	for (len = 1; len <= strlen(good); len++)
		assert_int_not_equal(parse(bytes_str(good + len), &t, NULL),
		    ERR_OK);
}

/* Each line left out, doubled, or put behind the next one. */
static void
every_line_moved_is_refused_or_exact(void **state)
{
	struct bytes all = bytes_str(good), line, next;
	size_t from = 0;

	(void)state;
	while (bytes_take_line(&all, &line) == ERR_OK) {
		CLEANUP(buf_release) struct buf without = {0};
		CLEANUP(buf_release) struct buf twice = {0};
		CLEANUP(buf_release) struct buf swapped = {0};
		size_t len = line.len + 1;

		assert_ok(buf_append(&without, good, from));
		assert_ok(buf_append(&without, all.data, all.len));
		assert_refused_or_exact(bytes_buf(&without));
		assert_ok(buf_append(&twice, good, from + len));
		assert_ok(buf_append_str(&twice, good + from));
		assert_refused_or_exact(bytes_buf(&twice));
		next = all;
		if (bytes_take_line(&next, &line) == ERR_OK) {
			assert_ok(buf_append(&swapped, good, from));
			assert_ok(buf_append(&swapped, line.data,
			    line.len + 1));
			assert_ok(buf_append(&swapped, good + from, len));
			assert_ok(buf_append(&swapped, next.data, next.len));
			assert_refused_or_exact(bytes_buf(&swapped));
		}
		from += len;
	}
}

static void
every_byte_inserted_is_refused_or_exact(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	size_t i;
	unsigned c;

	(void)state;
	for (i = 0; i <= strlen(good); i++) {
		for (c = 0; c < 256; c++) {
			buf_clear(&b);
			assert_ok(buf_append(&b, good, i));
			assert_ok(buf_append_u8(&b, (uint8_t)c));
			assert_ok(buf_append_str(&b, good + i));
			assert_refused_or_exact(bytes_buf(&b));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(optional_keys_and_runs_may_be_absent),
		cmocka_unit_test(typed_values),
		cmocka_unit_test(numbers_have_one_form),
		cmocka_unit_test(bad_texts_by_cause_and_line),
		cmocka_unit_test(long_values_and_texts_are_refused),
		cmocka_unit_test(
		    runs_grow_beyond_two_digits_up_to_their_limit),
		cmocka_unit_test(misuse_aborts),
		cmocka_unit_test(lists_are_split_at_single_spaces),
		cmocka_unit_test(every_bit_flip_is_refused_or_exact),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_line_moved_is_refused_or_exact),
		cmocka_unit_test(every_byte_inserted_is_refused_or_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
