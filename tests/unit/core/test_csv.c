#include "tests/unit/unit.h"

#include "core/csv.h"

/* A source of bytes that comes in pieces of ${chunk}. */
struct source {
	struct bytes rest;
	size_t chunk;
	enum err fail_at_end;
};

static enum err
source_read(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct source *s = ctx;
	size_t n = s->rest.len < s->chunk ? s->rest.len : s->chunk;

	if (n > max)
		n = max;
	if (n == 0 && s->fail_at_end != ERR_OK)
		return s->fail_at_end;
	if (n > 0) {
		memcpy(dst, s->rest.data, n);
		s->rest.data += n;
	}
	s->rest.len -= n;
	*ret_got = n;
	return ERR_OK;
}

static void
trace_record(struct buf *out, const struct bytes *fields, size_t count,
    unsigned long line)
{
	size_t i;

	assert_ok(buf_printf(out, "%lu", line));
	for (i = 0; i < count; i++) {
		assert_int_equal(fields[i].data[fields[i].len], '\0');
		assert_ok(buf_append_str(out, "|"));
		assert_ok(buf_append(out, fields[i].data, fields[i].len));
	}
	assert_ok(buf_append_str(out, ";"));
}

/* All that the reader says of ${in}: "LINE|field|field;", "!ERR@LINE;". */
static void
trace(struct bytes in, char delimiter, size_t chunk, struct buf *out)
{
	struct source s = {in, chunk, ERR_OK};
	CLEANUP(csv_reader_cleanup) struct csv_reader *r = NULL;
	const struct bytes *fields;
	struct err_info info = {0};
	unsigned long line;
	size_t count;
	enum err e;

	assert_ok(csv_reader_new(source_read, &s, delimiter, "in.csv", &r));
	for (;;) {
		e = csv_reader_next(r, &fields, &count, &line, &info);
		if (e == ERR_NOT_FOUND)
			break;
		if (e == ERR_OK)
			trace_record(out, fields, count, line);
		else
			assert_ok(buf_printf(out, "!%s@%lu;", err_name(e),
			    info.line));
	}
	assert_string_equal(info.file, "in.csv");
}

static const struct {
	const char *in, *want;
} cases[] = {
	{"", ""},
	{"a", "1|a;"},
	{"a,b\n", "1|a|b;"},
	{"a,b\r\nc,d\r\n", "1|a|b;2|c|d;"},
	{"a,b\nc,d", "1|a|b;2|c|d;"},
	{",\n", "1||;"},
	{"\n", "1|;"},
	{"a\n\nb\n", "1|a;2|;3|b;"},
	{"a,", "1|a|;"},
	{"\"a\",\"\"\n", "1|a|;"},
	{"\"a,b\",\"c\"\"d\"\n", "1|a,b|c\"d;"},
	{"\"a\nb\",c\nd,e\n", "1|a\nb|c;3|d|e;"},
	{"\"a\r\nb\"\r\nc\r\n", "1|a\r\nb;3|c;"},
	{"\"\"\"\"\n", "1|\";"},
	{"\"a\"", "1|a;"},
	{"\xef\xbb\xbf" "a,b\n", "1|a|b;"},
	{"\xef\xbb\xbf\"a\",b\n", "1|a|b;"},
	{"\xef\xbb\xbf", ""},
	{"a\n\xef\xbb\xbf" "b\n", "1|a;2|\xef\xbb\xbf" "b;"},
	{"a\"b,c\nd\n", "!ERR_SYNTAX@1;2|d;"},
	{"x\n\"a\"b,c\nd\n", "1|x;!ERR_SYNTAX@2;3|d;"},
	{"a\rb\nd\n", "!ERR_SYNTAX@1;2|d;"},
	{"a\r", "!ERR_SYNTAX@1;"},
	{"\"a\"\rb\nd\n", "!ERR_SYNTAX@1;2|d;"},
	{"\"abc\nd\n", "!ERR_SYNTAX@3;"},
	{"\"", "!ERR_SYNTAX@1;"},
	{"\xff,a\nb\n", "!ERR_ENCODING@1;2|b;"},
	{"a,\xe7\xa5\nb\n", "!ERR_ENCODING@1;2|b;"},
	{"\xe7\xa5,\x9e\nb\n", "!ERR_ENCODING@1;2|b;"},
	{"神,奈\n", "1|神|奈;"},
	{"\xef\xbb", "!ERR_ENCODING@1;"},
};

static void
records_faults_and_lines_for_every_chunk_size(void **state)
{
	size_t i, chunk;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		for (chunk = 1; chunk < 24; chunk++) {
			CLEANUP(buf_release) struct buf got = {0};

			trace(bytes_str(cases[i].in), ',', chunk, &got);
			if (strcmp(buf_text(&got), cases[i].want) != 0)
				fail_msg("case %zu, chunk %zu: %s", i, chunk,
				    buf_text(&got));
		}
	}
}

static void
nul_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf got = {0};

	(void)state;
	trace(bytes_of("a\0b\nc\n\"\0\"\nd\n", 12), ',', 5, &got);
	assert_string_equal(buf_text(&got),
	    "!ERR_ENCODING@1;2|c;!ERR_ENCODING@3;4|d;");
}

static void
other_delimiters(void **state)
{
	CLEANUP(buf_release) struct buf got = {0};

	(void)state;
	trace(bytes_str("a,b\tc\n"), '\t', 9, &got);
	trace(bytes_str("a;\"b;c\"\n"), ';', 9, &got);
	assert_string_equal(buf_text(&got), "1|a,b|c;1|a|b;c;");
}

/* Bytes of the few kinds that matter, the same for one seed. */
static void
random_input(unsigned seed, uint8_t *ret, size_t len)
{
	static const char kinds[] = "ab,,\"\"\"\n\n\r\x80\xe7";
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		ret[i] = (uint8_t)kinds[(seed >> 16) % (sizeof(kinds) - 1)];
	}
}

static void
random_input_reads_the_same_in_all_pieces(void **state)
{
	uint8_t in[64];
	unsigned seed;
	size_t chunk;

	(void)state;
	for (seed = 1; seed < 2000; seed++) {
		CLEANUP(buf_release) struct buf whole = {0};

		random_input(seed, in, sizeof(in));
		trace(bytes_of(in, sizeof(in)), ',', sizeof(in), &whole);
		for (chunk = 1; chunk < 8; chunk += 2) {
			CLEANUP(buf_release) struct buf got = {0};

			trace(bytes_of(in, sizeof(in)), ',', chunk, &got);
			assert_string_equal(buf_text(&whole), buf_text(&got));
		}
	}
}

/* ${count} times ${piece}, then a line "z". */
static void
trace_repeated(const char *piece, size_t count, struct buf *out)
{
	CLEANUP(buf_release) struct buf in = {0};
	size_t i;

	for (i = 0; i < count; i++)
		assert_ok(buf_append_str(&in, piece));
	assert_ok(buf_append_str(&in, "\nz\n"));
	trace(bytes_buf(&in), ',', 4096, out);
}

static void
assert_limit(const char *piece, size_t max)
{
	CLEANUP(buf_release) struct buf at = {0};
	CLEANUP(buf_release) struct buf over = {0};

	trace_repeated(piece, max, &at);
	assert_int_equal(strncmp(buf_text(&at), "1|", 2), 0);
	trace_repeated(piece, max + 1, &over);
	assert_string_equal(buf_text(&over), "!ERR_LIMIT@1;2|z;");
}

static void
fields_and_records_are_bounded(void **state)
{
	(void)state;
	assert_limit("x", CSV_FIELD_MAX);
	assert_limit(",", CSV_FIELDS_MAX - 1);
	assert_limit("0123456789abcde,", CSV_FIELDS_MAX - 1);
}

static void
a_record_of_long_fields_is_bounded(void **state)
{
	CLEANUP(buf_release) struct buf in = {0};
	CLEANUP(buf_release) struct buf got = {0};
	size_t i;

	(void)state;
	for (i = 0; i < 17 * CSV_FIELD_MAX; i++)
		assert_ok(buf_append_u8(&in,
		    i % CSV_FIELD_MAX == 0 ? ',' : 'x'));
	assert_ok(buf_append_str(&in, "\nz\n"));
	trace(bytes_buf(&in), ',', 65536, &got);
	assert_string_equal(buf_text(&got), "!ERR_LIMIT@1;2|z;");
}

static void
a_failing_source_is_told(void **state)
{
	struct source s = {bytes_str("a,b\nc"), 100, ERR_IO};
	CLEANUP(csv_reader_cleanup) struct csv_reader *r = NULL;
	const struct bytes *fields;
	unsigned long line;
	size_t count;

	(void)state;
	assert_ok(csv_reader_new(source_read, &s, ',', "x", &r));
	assert_ok(csv_reader_next(r, &fields, &count, &line, NULL));
	assert_err(csv_reader_next(r, &fields, &count, &line, NULL), ERR_IO);
	csv_reader_free(NULL);
}

static void
writing_quotes_only_where_needed(void **state)
{
	static const struct {
		const char *field, *want;
	} fields[] = {
		{"", ""}, {"a b", "a b"}, {"a;b", "a;b"}, {"a,b", "\"a,b\""},
		{"\"", "\"\"\"\""}, {"a\nb", "\"a\nb\""}, {"\r", "\"\r\""},
		{"神", "神"}, {"a\"b\"", "\"a\"\"b\"\"\""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(fields); i++) {
		CLEANUP(buf_release) struct buf b = {0};

		assert_ok(csv_append_field(&b, bytes_str(fields[i].field),
		    ','));
		assert_string_equal(buf_text(&b), fields[i].want);
		assert_int_equal(csv_field_len(bytes_str(fields[i].field),
		    ','), b.len);
	}
}

/* Whatever is written is read back. */
static void
random_fields_there_and_back(void **state)
{
	static const char kinds[] = "ab,\"\n\r ";
	unsigned seed = 1, i;
	size_t n, count;

	(void)state;
	for (i = 0; i < 2000; i++) {
		CLEANUP(buf_release) struct buf field = {0};
		CLEANUP(buf_release) struct buf file = {0};
		CLEANUP(csv_reader_cleanup) struct csv_reader *r = NULL;
		const struct bytes *fields;
		unsigned long line;

		for (n = 0; n < i % 9; n++) {
			seed = seed * 1103515245 + 12345;
			assert_ok(buf_append_u8(&field, (uint8_t)
			    kinds[(seed >> 16) % (sizeof(kinds) - 1)]));
		}
		assert_ok(csv_append_field(&file, bytes_buf(&field), ','));
		assert_ok(buf_append_str(&file, ",x\n"));
		struct source s = {bytes_buf(&file), 3, ERR_OK};
		assert_ok(csv_reader_new(source_read, &s, ',', "x", &r));
		assert_ok(csv_reader_next(r, &fields, &count, &line, NULL));
		assert_int_equal(count, 2);
		assert_true(bytes_equal(fields[0], bytes_buf(&field)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    records_faults_and_lines_for_every_chunk_size),
		cmocka_unit_test(nul_is_refused),
		cmocka_unit_test(other_delimiters),
		cmocka_unit_test(random_input_reads_the_same_in_all_pieces),
		cmocka_unit_test(fields_and_records_are_bounded),
		cmocka_unit_test(a_record_of_long_fields_is_bounded),
		cmocka_unit_test(a_failing_source_is_told),
		cmocka_unit_test(writing_quotes_only_where_needed),
		cmocka_unit_test(random_fields_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
