#include "tests/unit/unit.h"

#include "core/buf.h"

static void
a_zeroed_buffer_is_empty_text(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	assert_string_equal(buf_text(&b), "");
	assert_ok(buf_append(&b, NULL, 0));
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_text(&b), "");
	buf_clear(&b);
	buf_release(&b);
}

static void
appending_keeps_order_and_ends_with_nul(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	unsigned i;

	(void)state;
	for (i = 0; i < 10000; i++)
		assert_ok(buf_printf(&b, "%04u", i));
	assert_int_equal(b.len, 40000);
	assert_int_equal(b.data[40000], 0);
	assert_memory_equal(b.data + 4 * 1234, "12341235", 8);
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(buf_text(&b), "");
	assert_ok(buf_append_str(&b, "again"));
	assert_string_equal(buf_text(&b), "again");
}

static void
numbers_are_big_endian(void **state)
{
	static const uint8_t want[] = {0xfe, 0x01, 0x02, 0x03, 0x04, 0x05,
	    0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
	    0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0};
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	assert_ok(buf_append_u8(&b, 0xfe));
	assert_ok(buf_append_u16be(&b, 0x0102));
	assert_ok(buf_append_u32be(&b, 0x03040506));
	assert_ok(buf_append_u64be(&b, 0x0708090a0b0c0d0e));
	assert_ok(buf_append_lp_str(&b, "hi"));
	assert_ok(buf_append_lp(&b, NULL, 0));
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
}

static void
the_bound_holds_and_a_failure_changes_nothing(void **state)
{
	CLEANUP(buf_release) struct buf b = {.max = 10};

	(void)state;
	assert_ok(buf_append_str(&b, "12345678"));
	assert_err(buf_append_str(&b, "901"), ERR_LIMIT);
	assert_err(buf_printf(&b, "%d", 901), ERR_LIMIT);
	assert_err(buf_append_lp_str(&b, ""), ERR_LIMIT);
	assert_err(buf_reserve(&b, SIZE_MAX), ERR_LIMIT);
	assert_string_equal(buf_text(&b), "12345678");
	assert_ok(buf_append_str(&b, "90"));
	assert_err(buf_append_u8(&b, 1), ERR_LIMIT);
	assert_string_equal(buf_text(&b), "1234567890");
}

static void
clear_wipes_the_bytes(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	assert_ok(buf_append_str(&b, "plaintext"));
	buf_clear(&b);
	assert_memory_equal(b.data, "\0\0\0\0\0\0\0\0\0", 9);
}

static void
a_cursor_takes_what_was_written(void **state)
{
	static const uint8_t in[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
	    14, 15, 'x', 'y'};
	struct bytes c = bytes_of(in, sizeof(in)), got;
	uint8_t a;
	uint16_t b;
	uint32_t d;
	uint64_t e;

	(void)state;
	assert_ok(bytes_take_u8(&c, &a));
	assert_int_equal(a, 1);
	assert_ok(bytes_take_u16be(&c, &b));
	assert_int_equal(b, 0x0203);
	assert_ok(bytes_take_u32be(&c, &d));
	assert_int_equal(d, 0x04050607);
	assert_ok(bytes_take_u64be(&c, &e));
	assert_true(e == 0x08090a0b0c0d0e0f);
	assert_err(bytes_take_u64be(&c, &e), ERR_TRUNCATED);
	assert_err(bytes_take_u32be(&c, &d), ERR_TRUNCATED);
	assert_err(bytes_take(&c, 3, &got), ERR_TRUNCATED);
	assert_int_equal(c.len, 2);
	assert_ok(bytes_take(&c, 2, &got));
	assert_true(bytes_equal(got, bytes_str("xy")));
	assert_err(bytes_take_u8(&c, &a), ERR_TRUNCATED);
	assert_ok(bytes_take(&c, 0, &got));
}

static void
lines_need_their_line_feed(void **state)
{
	struct bytes c = bytes_str("one\n\nthree"), line;

	(void)state;
	assert_ok(bytes_take_line(&c, &line));
	assert_true(bytes_equal(line, bytes_str("one")));
	assert_ok(bytes_take_line(&c, &line));
	assert_int_equal(line.len, 0);
	assert_err(bytes_take_line(&c, &line), ERR_TRUNCATED);
	assert_int_equal(c.len, 5);
	c.len = 0;
	assert_err(bytes_take_line(&c, &line), ERR_NOT_FOUND);
}

static void
equality_of_bytes(void **state)
{
	(void)state;
	assert_true(bytes_equal(bytes_of(NULL, 0), bytes_str("")));
	assert_false(bytes_equal(bytes_str("a"), bytes_str("b")));
	assert_false(bytes_equal(bytes_str("a"), bytes_str("ab")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zeroed_buffer_is_empty_text),
		cmocka_unit_test(appending_keeps_order_and_ends_with_nul),
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(
		    the_bound_holds_and_a_failure_changes_nothing),
		cmocka_unit_test(clear_wipes_the_bytes),
		cmocka_unit_test(a_cursor_takes_what_was_written),
		cmocka_unit_test(lines_need_their_line_feed),
		cmocka_unit_test(equality_of_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
