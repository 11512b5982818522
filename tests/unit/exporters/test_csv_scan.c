#include "tests/unit/unit.h"

#include "core/csv.h"
#include "exporters/csv_scan.h"

struct seen {
	struct buf heads;       /* each followed by "|" */
	struct buf kept;
	const char *drop;       /* records whose first cell is this one */
};

static void
seen_release(struct seen *s)
{
	buf_release(&s->heads);
	buf_release(&s->kept);
}

static enum err
on_record(void *ctx, struct bytes head, int *ret_keep)
{
	struct seen *s = ctx;
	struct bytes cell;

	assert_int_equal(*ret_keep, 1);
	RETURN_IF(buf_append(&s->heads, head.data, head.len));
	RETURN_IF(buf_append_u8(&s->heads, '|'));
	if (s->drop != NULL && csv_scan_cell(head, 0, &cell) == ERR_OK)
		*ret_keep = !bytes_equal(cell, bytes_str(s->drop));
	return ERR_OK;
}

static enum err
on_bytes(void *ctx, struct bytes piece)
{
	struct seen *s = ctx;

	return buf_append(&s->kept, piece.data, piece.len);
}

#define FIFTY "01234567890123456789012345678901234567890123456789"
#define LONG FIFTY FIFTY FIFTY FIFTY FIFTY
_Static_assert(CSV_SCAN_HEAD == 256, "heads below are cut there");

static const char text[] =
    "h1,\"h\n2\"\n"
    "a,1,x\n"
    "b,2,\"two\nlines, \"\"quoted\"\"\"\n"
    "a,3," LONG "0123456789"
    "\n"
    "c,4,\"\"\n";

static void
run(const char *input, size_t chunk, struct seen *s, struct csv_scan *scan)
{
	struct bytes rest = bytes_str(input);
	size_t n;

	memset(scan, 0, sizeof(*scan));
	scan->record = on_record;
	scan->bytes = on_bytes;
	scan->ctx = s;
	while (rest.len > 0) {
		n = rest.len < chunk ? rest.len : chunk;
		assert_ok(csv_scan_feed(scan, bytes_of(rest.data, n)));
		rest.data += n;
		rest.len -= n;
	}
}

static void
test_every_cut(void **state)
{
	size_t chunk;

	(void)state;
	for (chunk = 1; chunk <= sizeof(text); chunk++) {
		CLEANUP(seen_release) struct seen s = {0};
		CLEANUP(csv_scan_release) struct csv_scan scan;

		run(text, chunk, &s, &scan);
		assert_ok(csv_scan_end(&scan));
		assert_int_equal(scan.records, 4);
		assert_string_equal(buf_text(&s.kept), text);
		assert_string_equal(buf_text(&scan.header), "h1,\"h\n2\"\n");
		assert_string_equal(buf_text(&s.heads), "a,1,x\n|"
		    "b,2,\"two\nlines, \"\"quoted\"\"\"\n|"
		    "a,3," LONG "01|c,4,\"\"\n|");
	}
}

static void
test_filter(void **state)
{
	size_t chunk;

	(void)state;
	for (chunk = 1; chunk <= sizeof(text); chunk++) {
		CLEANUP(seen_release) struct seen s = {.drop = "a"};
		CLEANUP(csv_scan_release) struct csv_scan scan;

		run(text, chunk, &s, &scan);
		assert_ok(csv_scan_end(&scan));
		assert_string_equal(buf_text(&s.kept), "h1,\"h\n2\"\n"
		    "b,2,\"two\nlines, \"\"quoted\"\"\"\nc,4,\"\"\n");
	}
}

static void
test_truncation(void **state)
{
	CLEANUP(buf_release) struct buf cut = {0};
	size_t len, whole = 0;

	(void)state;
	for (len = 0; len < sizeof(text); len++) {
		CLEANUP(seen_release) struct seen s = {0};
		CLEANUP(csv_scan_release) struct csv_scan scan;
		enum err e;

		buf_clear(&cut);
		assert_ok(buf_append(&cut, text, len));
		run(buf_text(&cut), 7, &s, &scan);
		e = csv_scan_end(&scan);
		assert_true(e == ERR_OK || e == ERR_TRUNCATED);
		whole += e == ERR_OK;
	}
	assert_int_equal(whole, 5);     /* behind each of five line ends */
}

static void
test_header_limit(void **state)
{
	CLEANUP(csv_scan_release) struct csv_scan scan = {.record = on_record};
	char block[4096];
	enum err e = ERR_OK;
	size_t fed = 0;

	(void)state;
	memset(block, 'a', sizeof(block));
	while (e == ERR_OK && fed < 2 * CSV_RECORD_MAX) {
		e = csv_scan_feed(&scan, bytes_of(block, sizeof(block)));
		fed += sizeof(block);
	}
	assert_err(e, ERR_LIMIT);
}

static void
test_cells(void **state)
{
	struct bytes cell;

	(void)state;
	assert_ok(csv_scan_cell(bytes_str("ab,12,x\n"), 0, &cell));
	assert_true(bytes_equal(cell, bytes_str("ab")));
	assert_ok(csv_scan_cell(bytes_str("ab,12,x\n"), 1, &cell));
	assert_true(bytes_equal(cell, bytes_str("12")));
	assert_ok(csv_scan_cell(bytes_str("ab,12\n"), 1, &cell));
	assert_true(bytes_equal(cell, bytes_str("12")));
	assert_err(csv_scan_cell(bytes_str("ab\n"), 1, &cell), ERR_CORRUPT);
	assert_err(csv_scan_cell(bytes_str("ab"), 0, &cell), ERR_CORRUPT);
	assert_err(csv_scan_cell(bytes_str("\"ab\",1\n"), 0, &cell),
	    ERR_CORRUPT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_header_limit),
		cmocka_unit_test(test_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
