#include "tests/unit/vault/fixture.h"

#include "keys/digest.h"
#include "vault/segment.h"

static const uint8_t SEALED[80] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, [48] = 0xee,
	[63] = 0xff, [79] = 0xdd,
};

static void
add(struct segment_builder *b, const uint32_t who_generation[2], uint8_t kind,
    uint32_t length)
{
	const struct segment_entry e = {
		.respondent = who_generation[0],
		.generation = (uint16_t)who_generation[1], .kind = kind,
		.length = length,
	};

	assert_ok(segment_builder_add(b, &e, SEALED));
}

#define LAST 0x020304

/* Entries of six bytes, or of eight where the last generation needs two. */
static void
build_with(struct buf *out, uint32_t generation, size_t entry_len)
{
	CLEANUP(segment_builder_release) struct segment_builder b = {0};

	add(&b, (const uint32_t[]){7, 0xfe}, 1, 64);
	add(&b, (const uint32_t[]){SEGMENT_NO_RESPONDENT, 0}, 5, 48);
	add(&b, (const uint32_t[]){LAST, generation}, 2, 80);
	assert_int_equal(segment_builder_len(&b),
	    12 + 3 * entry_len + 64 + 48 + 80);
	assert_ok(segment_builder_finish(&b, out));
	assert_int_equal(out->len, segment_builder_len(&b));
}

static void
build(struct buf *out)
{
	build_with(out, 255, 6);
}

static void
test_layout(void **state)
{
	/* docs/FORMATS.md 5.3, by hand */
	static const uint8_t head[] = {
		'a', 'z', 'k', 's', 'e', 'g', '4', 0, 0, 0, 0, 3,
		0, 0, 7, 0xfe, 0x20, 2,
		0xff, 0xff, 0xff, 0, 0xa0, 1,
		2, 3, 4, 0xff, 0x40, 3,
	};
	static const uint8_t wide[] = {
		'a', 'z', 'k', 's', 'e', 'g', '2', 0, 0, 0, 0, 3,
		0, 0, 0, 7, 0, 0xfe, 0x20, 2,
		0xff, 0xff, 0xff, 0xff, 0, 0, 0xa0, 1,
		0, 2, 3, 4, 1, 2, 0x40, 3,
	};
	CLEANUP(buf_release) struct buf out = {0}, older = {0};

	(void)state;
	build(&out);
	assert_memory_equal(out.data, head, sizeof(head));
	assert_memory_equal(out.data + sizeof(head), SEALED, 64);
	assert_memory_equal(out.data + sizeof(head) + 64, SEALED, 48);
	build_with(&older, 0x0102, 8);
	assert_memory_equal(older.data, wide, sizeof(wide));
	assert_memory_equal(older.data + sizeof(wide), SEALED, 64);
}

static void
walk(uint32_t generation, size_t entry_len)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct segment_view v;
	struct segment_record r;

	build_with(&out, generation, entry_len);
	assert_ok(segment_view_open(bytes_buf(&out), &v));
	assert_int_equal(v.count, 3);
	assert_int_equal(segment_view_peek(&v, 0), 7);
	assert_int_equal(segment_view_peek(&v, 1), SEGMENT_NO_RESPONDENT);
	assert_int_equal(segment_view_peek(&v, 2), LAST);
	assert_int_equal(segment_view_peek(&v, 3), SEGMENT_NO_RESPONDENT);
	assert_true(segment_view_next(&v, &r));
	assert_int_equal(segment_view_peek(&v, 1), LAST);
	assert_int_equal(r.entry.respondent, 7);
	assert_int_equal(r.entry.generation, 0xfe);
	assert_true(segment_view_next(&v, &r));
	assert_int_equal(r.entry.respondent, SEGMENT_NO_RESPONDENT);
	assert_int_equal(r.entry.kind, 5);
	assert_true(segment_view_next(&v, &r));
	assert_int_equal(r.entry.respondent, LAST);
	assert_int_equal(r.entry.generation, generation);
	assert_int_equal(r.entry.length, 80);
	assert_memory_equal(r.sealed, SEALED, 80);
	assert_false(segment_view_next(&v, &r));
	assert_int_equal(segment_view_peek(&v, 0), SEGMENT_NO_RESPONDENT);
}

static void
test_walk(void **state)
{
	(void)state;
	walk(1, 6);
	walk(255, 6);
	walk(256, 8);
	walk(0x0102, 8);
}

static void
test_leaf(void **state)
{
	CLEANUP(buf_release) struct buf out = {0}, by_hand = {0};
	static const uint32_t lengths[] = {64, 48, 80};
	uint8_t leaf[32], expected[32];

	(void)state;
	build(&out);
	assert_ok(buf_append_u8(&by_hand, 0));
	for (size_t i = 0; i < 3; i++) {
		assert_ok(buf_append(&by_hand, SEALED, 16));
		assert_ok(buf_append(&by_hand, SEALED + lengths[i] - 16, 16));
	}
	digest_sha256(bytes_buf(&by_hand), expected);
	assert_ok(segment_leaf(bytes_buf(&out), leaf));
	assert_memory_equal(leaf, expected, sizeof(leaf));
}

/* docs/FORMATS.md 5.3, by hand: what the first version wrote.  The second
 * record of three is removed, the last one is of no respondent. */
static const uint8_t FIRST[] = {
	'a', 'z', 'k', 's', 'e', 'g', '1', 0, 0, 0, 0, 3,
	0, 2, 3, 4, 1, 2, 1, 0, 0, 0, 0, 64,
	0, 0, 0, 7, 0, 1, 2, 1, 0, 0, 0, 32,
	0xff, 0xff, 0xff, 0xff, 0, 0, 5, 0, 0, 0, 0, 80,
};

static void
build_first(struct buf *out)
{
	assert_ok(buf_append(out, FIRST, sizeof(FIRST)));
	assert_ok(buf_append(out, SEALED, 64));
	assert_ok(buf_append(out, SEALED, 32));
	assert_ok(buf_append(out, SEALED, 80));
}

static void
test_first_layout(void **state)
{
	CLEANUP(buf_release) struct buf first = {0};
	struct segment_view v;
	struct segment_record r;

	(void)state;
	build_first(&first);
	assert_ok(segment_view_open(bytes_buf(&first), &v));
	assert_int_equal(v.count, 3);
	assert_int_equal(segment_view_peek(&v, 0), LAST);
	assert_int_equal(segment_view_peek(&v, 2), SEGMENT_NO_RESPONDENT);
	assert_true(segment_view_next(&v, &r));
	assert_int_equal(r.entry.respondent, LAST);
	assert_int_equal(r.entry.generation, 0x0102);
	assert_int_equal(r.entry.kind, 1);
	assert_memory_equal(r.sealed, SEALED, 64);
	assert_true(segment_view_next(&v, &r));
	assert_int_equal(r.entry.flags, SEGMENT_REMOVED);
	assert_int_equal(r.entry.length, 32);
	assert_true(segment_view_next(&v, &r));
	assert_int_equal(r.entry.respondent, SEGMENT_NO_RESPONDENT);
	assert_int_equal(r.entry.length, 80);
	assert_false(segment_view_next(&v, &r));
}

static void
test_first_layout_damaged(void **state)
{
	/* offset and value of a byte of an entry */
	static const uint8_t bad[][2] = {{18, 0}, {18, 6}, {18, 5}, {19, 1},
	    {19, 2}, {23, 63}, {23, 72}, {23, 32}, {20, 1}, {31, 0}, {35, 48},
	    {39, 0}, {42, 1}, {11, 4}, {11, 2}, {6, '3'}};
	CLEANUP(buf_release) struct buf first = {0};
	struct segment_view v;

	(void)state;
	build_first(&first);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint8_t was = first.data[bad[i][0]];

		first.data[bad[i][0]] = bad[i][1];
		if (segment_view_open(bytes_buf(&first), &v) == ERR_OK)
			fail_msg("byte %u as %u", bad[i][0], bad[i][1]);
		first.data[bad[i][0]] = was;
	}
	assert_ok(segment_view_open(bytes_buf(&first), &v));
	for (size_t len = 0; len < first.len; len++)
		assert_true(segment_view_open(bytes_of(first.data, len), &v) !=
		    ERR_OK);
}

static int
drop_index(void *ctx, uint32_t index, const struct segment_record *r)
{
	assert_false(r->entry.flags & SEGMENT_REMOVED);
	return index == *(uint32_t *)ctx;
}

static void
test_rewrite_keeps_leaf(void **state)
{
	CLEANUP(buf_release) struct buf out = {0}, less = {0}, again = {0};
	uint8_t before[32], after[32];
	uint32_t which = 2, dropped = 9;
	struct segment_view v;
	struct segment_record r;

	(void)state;
	build(&out);
	assert_ok(segment_leaf(bytes_buf(&out), before));
	assert_ok(segment_rewrite(bytes_buf(&out), drop_index, &which, &less,
	    &dropped));
	assert_int_equal(dropped, 1);
	assert_int_equal(less.len, out.len - 48);
	assert_ok(segment_leaf(bytes_buf(&less), after));
	assert_memory_equal(before, after, sizeof(before));
	assert_ok(segment_view_open(bytes_buf(&less), &v));
	while (segment_view_next(&v, &r))
		assert_int_equal(r.entry.flags, v.next == 3);
	assert_int_equal(r.entry.length, 32);
	assert_memory_equal(r.sealed, SEALED, 16);
	assert_memory_equal(r.sealed + 16, SEALED + 64, 16);
	assert_int_equal(r.entry.kind, 2);
	/* what is removed is not asked about again */
	assert_ok(segment_rewrite(bytes_buf(&less), drop_index, &which,
	    &again, &dropped));
	assert_int_equal(dropped, 0);
	assert_true(bytes_equal(bytes_buf(&less), bytes_buf(&again)));
}

/* What is changed is written in the newest layout, under the same leaf. */
static void
test_rewrite_first_layout(void **state)
{
	CLEANUP(buf_release) struct buf first = {0}, out = {0};
	uint8_t before[32], after[32];
	uint32_t drop = 0, dropped;
	struct segment_view v;
	struct segment_record r;

	(void)state;
	build_first(&first);
	assert_ok(segment_leaf(bytes_buf(&first), before));
	assert_ok(segment_rewrite(bytes_buf(&first), drop_index, &drop, &out,
	    &dropped));
	assert_int_equal(dropped, 1);
	assert_ok(segment_leaf(bytes_buf(&out), after));
	assert_memory_equal(before, after, sizeof(after));
	assert_memory_equal(out.data, "azkseg2", 8);    /* generation 0x0102 */
	assert_ok(segment_view_open(bytes_buf(&out), &v));
	for (int i = 0; i < 2; i++) {
		assert_true(segment_view_next(&v, &r));
		assert_int_equal(r.entry.flags, SEGMENT_REMOVED);
	}
	assert_true(segment_view_next(&v, &r));
	assert_int_equal(r.entry.kind, 5);
	assert_memory_equal(r.sealed, SEALED, 80);
}

static void
test_bad_entries(void **state)
{
	static const struct segment_entry bad[] = {
		{.respondent = 1, .kind = 0, .length = 64},
		{.respondent = 1, .kind = 6, .length = 64},
		{.respondent = 1, .kind = 1, .length = 32},
		{.respondent = 1, .kind = 1, .length = 0},
		{.respondent = 1, .kind = 1, .length = 40},
		{.respondent = 1, .kind = 1, .length = SEGMENT_SEALED_MAX + 1},
		{.respondent = 1, .kind = 1, .length = SEGMENT_SEALED_MAX + 16},
		{.respondent = 1, .kind = 1, .flags = 2, .length = 64},
		{.respondent = 1, .kind = 1, .flags = 1, .length = 64},
		{.respondent = 1, .kind = 5, .length = 64},
		{.respondent = SEGMENT_NO_RESPONDENT, .kind = 1, .length = 64},
	};
	CLEANUP(segment_builder_release) struct segment_builder b = {0};
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(segment_builder_add(&b, &bad[i], SEALED),
		    ERR_RANGE);
	assert_err(segment_builder_finish(&b, &out), ERR_STATE);
	assert_int_equal(out.len, 0);
}

static void
test_full(void **state)
{
	CLEANUP(segment_builder_release) struct segment_builder b = {0};
	const struct segment_entry e = {
		.respondent = 1, .kind = 1, .length = SEGMENT_SEALED_MAX,
	};
	uint8_t *room;
	size_t n = 0;
	enum err err;

	(void)state;
	while ((err = segment_builder_room(&b, &e, &room)) == ERR_OK) {
		memset(room, 1, e.length);
		n++;
	}
	assert_int_equal(err, ERR_LIMIT);
	assert_int_equal(n, (SEGMENT_BYTES_MAX - 12) /
	    (SEGMENT_SEALED_MAX + 8));
	assert_true(segment_builder_len(&b) <= SEGMENT_BYTES_MAX);
}

/* Every bit of the structure that is flipped is either noticed or changes
 * nothing but the fields the format leaves free (respondent, generation, kind
 * and the sealed bytes, which their own keys protect). */
static void
flip_and_cut(uint32_t generation, size_t entry_len)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct segment_view v;

	build_with(&out, generation, entry_len);
	for (size_t len = 0; len < out.len; len++)
		assert_err(segment_view_open(bytes_of(out.data, len), &v),
		    ERR_CORRUPT);
	assert_ok(buf_append_u8(&out, 0));
	assert_err(segment_view_open(bytes_buf(&out), &v), ERR_CORRUPT);
	out.len--;
	for (size_t bit = 0; bit < 8 * (12 + 3 * entry_len); bit++) {
		size_t byte = bit / 8, field = byte < 12 ? 0 :
		    (byte - 12) % entry_len;
		int is_kind = field == entry_len - 2 && bit % 8 >= 5;

		out.data[byte] ^= (uint8_t)(1u << (bit % 8));
		enum err e = segment_view_open(bytes_buf(&out), &v);
		if (byte < 8)
			assert_int_equal(e, ERR_UNSUPPORTED);
		else if (byte < 12 || (field >= entry_len - 2 && !is_kind))
			assert_int_equal(e, ERR_CORRUPT);
		else
			assert_true(e == ERR_OK || e == ERR_CORRUPT);
		out.data[byte] ^= (uint8_t)(1u << (bit % 8));
	}
}

static void
test_flips_and_cuts(void **state)
{
	(void)state;
	flip_and_cut(1, 6);
	flip_and_cut(0x0102, 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_first_layout),
		cmocka_unit_test(test_first_layout_damaged),
		cmocka_unit_test(test_rewrite_first_layout),
		cmocka_unit_test(test_rewrite_keeps_leaf),
		cmocka_unit_test(test_bad_entries),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_flips_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
