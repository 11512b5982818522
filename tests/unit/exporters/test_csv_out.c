#include "tests/unit/unit.h"

#include "core/csv.h"
#include "exporters/csv_out.h"

static enum err
to_buf(void *ctx, struct bytes bytes)
{
	return buf_append(ctx, bytes.data, bytes.len);
}

static struct rows_batch
batch_of(const char *const *texts, struct bytes *cells, size_t rows,
    size_t columns)
{
	size_t i;

	for (i = 0; i < rows * columns; i++)
		cells[i] = texts[i] == NULL ? bytes_of(NULL, 0) :
		    bytes_str(texts[i]);
	return (struct rows_batch){rows, columns, cells};
}

static void
test_quoting(void **state)
{
	static const char *const names[] = {"a", "b,c", "d"};
	static const char *const texts[] = {
		"1", "", "say \"hi\"",
		NULL, "x,y", "two\nlines",
		"\r", " plain ", "\xe5\x8b\x95",
	};
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(csv_out_cleanup) struct csv_out *o = NULL;
	struct bytes cells[9];
	struct rows_batch b = batch_of(texts, cells, 3, 3);
	uint64_t len;

	(void)state;
	assert_ok(csv_out_new(to_buf, &out, 3, &o));
	assert_ok(csv_out_header(o, names));
	assert_ok(csv_out_batch(o, &b));
	len = csv_out_header_len(names, 3) + csv_out_line_len(cells, 3) +
	    csv_out_line_len(cells + 3, 3) + csv_out_line_len(cells + 6, 3);
	assert_int_equal(csv_out_bytes(o), len);
	assert_int_equal(csv_out_rows(o), 3);
	assert_ok(csv_out_end(o));
	assert_int_equal(csv_out_bytes(o), len);
	assert_int_equal(out.len, len);
	assert_string_equal(buf_text(&out), "a,\"b,c\",d\n"
	    "1,,\"say \"\"hi\"\"\"\n"
	    ",\"x,y\",\"two\nlines\"\n"
	    "\"\r\", plain ,\xe5\x8b\x95\n");
}

/* Over many blocks the sink gets exactly what core/csv.h would make. */
static void
test_many_rows_like_core(void **state)
{
	static const char *const samples[] = {
		"", "0", "1", "abc", "a,b", "\"", "\"\"", "x\ny", "10-14"
	};
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(buf_release) struct buf want = {0};
	CLEANUP(csv_out_cleanup) struct csv_out *o = NULL;
	struct bytes cells[31];
	struct rows_batch b = {1, 31, cells};
	uint64_t len = 0;
	size_t i, row;

	(void)state;
	assert_ok(csv_out_new(to_buf, &out, 31, &o));
	for (row = 0; row < 20000; row++) {
		for (i = 0; i < 31; i++) {
			cells[i] = bytes_str(samples[(row * 7 + i * i) %
			    ARRAY_LEN(samples)]);
			assert_ok(csv_append_field(&want, cells[i], ','));
			assert_ok(buf_append_u8(&want, i == 30 ? '\n' : ','));
		}
		len += csv_out_line_len(cells, 31);
		assert_ok(csv_out_batch(o, &b));
	}
	assert_ok(csv_out_end(o));
	assert_int_equal(len, want.len);
	assert_true(bytes_equal(bytes_buf(&out), bytes_buf(&want)));
}

static void
test_longest_cells(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(csv_out_cleanup) struct csv_out *o = NULL;
	char *quotes = malloc(CSV_FIELD_MAX + 1);
	struct bytes cells[3];
	struct rows_batch b = {1, 3, cells};

	(void)state;
	assert_non_null(quotes);
	memset(quotes, '"', CSV_FIELD_MAX + 1);
	cells[0] = cells[1] = cells[2] = bytes_of(quotes, CSV_FIELD_MAX);
	assert_ok(csv_out_new(to_buf, &out, 3, &o));
	assert_ok(csv_out_batch(o, &b));
	assert_ok(csv_out_end(o));
	assert_int_equal(out.len, 3 * (2 * CSV_FIELD_MAX + 3));
	cells[1].len++;
	assert_err(csv_out_batch(o, &b), ERR_LIMIT);
	free(quotes);
}

static void
test_refuses(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(csv_out_cleanup) struct csv_out *o = NULL;
	struct bytes cell = bytes_str("x");
	struct rows_batch b = {1, 1, &cell};

	(void)state;
	assert_err(csv_out_new(to_buf, &out, 0, &o), ERR_RANGE);
	assert_err(csv_out_new(to_buf, &out, CSV_FIELDS_MAX + 1, &o),
	    ERR_RANGE);
	assert_ok(csv_out_new(to_buf, &out, 2, &o));
	assert_err(csv_out_batch(o, &b), ERR_MISMATCH);
}

static enum err
no_space(void *ctx, struct bytes bytes)
{
	(void)ctx;
	(void)bytes;
	return ERR_NO_SPACE;
}

static void
test_sink_failure(void **state)
{
	CLEANUP(csv_out_cleanup) struct csv_out *o = NULL;
	struct bytes cell = bytes_str("x");
	struct rows_batch b = {1, 1, &cell};

	(void)state;
	assert_ok(csv_out_new(no_space, NULL, 1, &o));
	assert_ok(csv_out_batch(o, &b));        /* staged */
	assert_err(csv_out_end(o), ERR_NO_SPACE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quoting),
		cmocka_unit_test(test_many_rows_like_core),
		cmocka_unit_test(test_longest_cells),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_sink_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
