#include "tests/unit/ledger/ledger_test.h"

#include "keys/merkle.h"
#include "ledger/tiles.h"
#include "ledger/tiles_drop.h"
#include "ledger/tiles_source.h"

static int
setup(void **state)
{
	char *dir = malloc(FS_PATH_MAX);

	unit_temp_dir(dir, FS_PATH_MAX);
	*state = dir;
	return 0;
}

static int
teardown(void **state)
{
	assert_ok(fs_remove_tree(*state));
	free(*state);
	return 0;
}

static void
paths_are_those_of_the_layout(void **state)
{
	static const struct {
		struct tiles_id id;
		const char *path;
	} known[] = {
		{{0, 0, 256}, "tile/0/000"},
		{{0, 0, 1}, "tile/0/000.p/1"},
		{{3, 999, 256}, "tile/3/999"},
		{{1, 1000, 255}, "tile/1/x001/000.p/255"},
		{{0, 1234067, 256}, "tile/0/x001/x234/067"},
		{{TILES_ENTRIES, 67, 3}, "tile/entries/067.p/3"},
		{{TILES_ENTRIES, 67, 0}, "tile/entries/067.p"},
		{{7, 999999999, 256}, "tile/7/x999/x999/999"},
		{{0, (uint64_t)INT64_MAX / 256, 255},
		    "tile/0/x036/x028/x797/x018/x963/967.p/255"},
	};
	char path[TILES_PATH_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(known); i++) {
		tiles_path(&known[i].id, path);
		assert_string_equal(path, known[i].path);
	}
}

/* The example of the specification: a tree of 70,000. */
static void
widths_follow_from_the_size(void **state)
{
	struct tiles_id id;

	(void)state;
	assert_ok(tiles_id_at(0, 69999, 70000, &id));
	assert_true(id.index == 273 && id.width == 112);
	assert_ok(tiles_id_at(0, 69887, 70000, &id));
	assert_true(id.index == 272 && id.width == 256);
	assert_ok(tiles_id_at(1, 272, 70000, &id));
	assert_true(id.index == 1 && id.width == 17);
	assert_ok(tiles_id_at(1, 255, 70000, &id));
	assert_true(id.index == 0 && id.width == 256);
	assert_ok(tiles_id_at(2, 0, 70000, &id));
	assert_true(id.index == 0 && id.width == 1);
	assert_err(tiles_id_at(2, 1, 70000, &id), ERR_RANGE);
	assert_err(tiles_id_at(3, 0, 70000, &id), ERR_RANGE);
	assert_err(tiles_id_at(0, 70000, 70000, &id), ERR_RANGE);
	/* exactly 256: a full tile below, one hash above, nothing partial */
	assert_ok(tiles_id_at(0, 0, 256, &id));
	assert_int_equal(id.width, 256);
	assert_ok(tiles_id_at(1, 0, 256, &id));
	assert_int_equal(id.width, 1);
	assert_true(tiles_count(TILES_ENTRIES, 70000) == 70000);
}

static void
bundles_hold_entries_of_16_bit_length(void **state)
{
	CLEANUP(buf_release) struct buf bundle = {0}, big = {0};
	struct bytes rest, entry;

	(void)state;
	assert_ok(buf_reserve(&big, 65536));
	memset(big.data, 'x', 65536);
	assert_ok(tiles_put_entry(bytes_str("abc"), &bundle));
	assert_ok(tiles_put_entry(bytes_of(big.data, 65535), &bundle));
	assert_err(tiles_put_entry(bytes_of(big.data, 65536), &bundle),
	    ERR_LIMIT);
	assert_int_equal(bundle.len, 2 + 3 + 2 + 65535);
	assert_memory_equal(bundle.data, "\0\3abc\xff\xff", 7);
	rest = bytes_buf(&bundle);
	assert_ok(tiles_take_entry(&rest, &entry));
	assert_true(bytes_equal(entry, bytes_str("abc")));
	assert_ok(tiles_take_entry(&rest, &entry));
	assert_int_equal(entry.len, 65535);
	assert_err(tiles_take_entry(&rest, &entry), ERR_NOT_FOUND);
	rest = bytes_of(bundle.data, 4);
	assert_err(tiles_take_entry(&rest, &entry), ERR_TRUNCATED);
	assert_int_equal(rest.len, 4);
	rest = bytes_of(bundle.data, 1);
	assert_err(tiles_take_entry(&rest, &entry), ERR_TRUNCATED);
}

static void
write_hashes(const char *dir, struct tiles_id id, uint8_t byte)
{
	uint8_t row[256 * 32];

	memset(row, byte, sizeof(row));
	assert_ok(tiles_write(dir, &id, bytes_of(row, id.width * 32)));
}

static void
a_partial_tile_is_cut_out_of_the_full_one_when_gone(void **state)
{
	const char *dir = *state;
	CLEANUP(buf_release) struct buf row = {0}, bundle = {0};
	struct tiles_id five = {0, 1001, 5}, whole = {0, 1001, 256};
	struct tiles_id two = {TILES_ENTRIES, 0, 2};
	unsigned i;

	assert_err(tiles_read(dir, &five, &row), ERR_NOT_FOUND);
	write_hashes(dir, five, 'p');
	assert_ok(tiles_read(dir, &five, &row));
	assert_int_equal(row.len, 160);
	assert_int_equal(row.data[159], 'p');
	assert_ok(tiles_drop_partial(dir, 1000 * 256, 1002 * 256));
	buf_clear(&row);
	assert_err(tiles_read(dir, &five, &row), ERR_NOT_FOUND);
	write_hashes(dir, whole, 'w');
	assert_ok(tiles_read(dir, &five, &row));
	assert_int_equal(row.len, 160);
	assert_int_equal(row.data[159], 'w');

	for (i = 0; i < 256; i++)
		assert_ok(tiles_put_entry(bytes_of("abcdefgh", 1 + i % 8),
		    &bundle));
	assert_ok(tiles_write(dir, &(struct tiles_id){TILES_ENTRIES, 0, 256},
	    bytes_buf(&bundle)));
	buf_clear(&row);
	assert_ok(tiles_read(dir, &two, &row));
	assert_int_equal(row.len, 2 + 1 + 2 + 2);
}

static void
files_of_another_shape_are_corrupt(void **state)
{
	const char *dir = *state;
	CLEANUP(buf_release) struct buf row = {0};
	struct tiles_id hashes = {0, 0, 2}, bundle = {TILES_ENTRIES, 0, 2};
	struct tiles_id whole = {TILES_ENTRIES, 0, 256};
	static const char *const bundles[] = {
		"", "\0\1", "\0\1a", "\0\1a\0\1", "\0\1a\0\1bc", "\0\1a\0\2b",
	};
	static const size_t lens[] = {0, 2, 3, 5, 7, 6};
	size_t i;

	for (i = 0; i <= 96; i++) {
		uint8_t bytes[96] = {0};

		assert_ok(tiles_write(dir, &hashes, bytes_of(bytes, i)));
		assert_err(tiles_read(dir, &hashes, &row),
		    i == 64 ? ERR_OK : ERR_CORRUPT);
	}
	for (i = 0; i < ARRAY_LEN(lens); i++) {
		assert_ok(tiles_write(dir, &bundle, bytes_of(bundles[i],
		    lens[i])));
		assert_err(tiles_read(dir, &bundle, &row), ERR_CORRUPT);
	}
	/* a full tile that is too short even for the part */
	assert_ok(tiles_write(dir, &whole, bytes_of("\0\1a", 3)));
	assert_ok(tiles_drop_beyond(dir, 0));
	assert_ok(tiles_write(dir, &whole, bytes_of("\0\1a", 3)));
	assert_err(tiles_read(dir, &bundle, &row), ERR_CORRUPT);
}

/* All tiles of a tree of ${size}, with zeros for hashes. */
static void
write_tree(const char *dir, uint64_t size)
{
	CLEANUP(buf_release) struct buf bundle = {0};
	struct tiles_id id;
	uint64_t at;
	unsigned i;
	int level;

	for (level = 0; tiles_count(level, size) > 0; level++)
		for (at = 0; at < tiles_count(level, size); at += 256) {
			assert_ok(tiles_id_at(level, at, size, &id));
			write_hashes(dir, id, 0);
		}
	for (at = 0; at < size; at += 256) {
		assert_ok(tiles_id_at(TILES_ENTRIES, at, size, &id));
		buf_clear(&bundle);
		for (i = 0; i < id.width; i++)
			assert_ok(tiles_put_entry(bytes_str("x"), &bundle));
		assert_ok(tiles_write(dir, &id, bytes_buf(&bundle)));
	}
}

static int
has(const char *dir, const char *name)
{
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/%s", dir, name));
	return fs_exists(path);
}

static void
put_file(const char *dir, const char *name)
{
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/%s", dir, name));
	assert_ok(fs_write_file(path, bytes_str("x"), 0644));
}

static void
what_lies_beyond_a_size_is_dropped(void **state)
{
	const char *dir = *state;
	uint64_t reach;

	write_tree(dir, 700);
	write_tree(dir, 600);
	write_tree(dir, 500);
	put_file(dir, "tile/0/001.p/.244.abcdef");
	put_file(dir, "tile/0/.002.abcdef");
	assert_ok(tiles_drop_reach(dir, 500, &reach));
	assert_true(reach == 768);
	assert_ok(tiles_drop_reach(dir, 700, &reach));
	assert_true(reach == 700);
	assert_ok(tiles_drop_beyond(dir, 600));
	assert_true(has(dir, "tile/0/000"));
	assert_true(has(dir, "tile/0/001"));
	assert_true(has(dir, "tile/0/002.p/88"));
	assert_false(has(dir, "tile/0/002.p/188"));
	assert_true(has(dir, "tile/entries/002.p/88"));
	assert_false(has(dir, "tile/entries/002.p/188"));
	assert_false(has(dir, "tile/0/.002.abcdef"));
	assert_true(has(dir, "tile/1/000.p/2"));

	assert_ok(tiles_drop_beyond(dir, 500));
	assert_false(has(dir, "tile/0/001"));
	assert_true(has(dir, "tile/0/001.p/244"));
	assert_false(has(dir, "tile/0/001.p/.244.abcdef"));
	assert_false(has(dir, "tile/0/002.p"));
	assert_false(has(dir, "tile/1/000.p/2"));
	assert_true(has(dir, "tile/1/000.p/1"));
	assert_ok(tiles_drop_beyond(dir, 256));
	assert_true(has(dir, "tile/0/000"));
	assert_false(has(dir, "tile/0/001.p"));
	assert_true(has(dir, "tile/1/000.p/1"));
	assert_ok(tiles_drop_beyond(dir, 0));
	assert_false(has(dir, "tile/0/000"));
	assert_false(has(dir, "tile/1/000.p"));
	assert_false(has(dir, "tile/entries/000"));
	/* nothing there at all */
	assert_ok(tiles_drop_beyond(dir, 0));
	assert_ok(tiles_drop_reach(dir, 0, &reach));
	assert_true(reach == 0);
}

static void
partial_tiles_go_once_their_full_one_belongs(void **state)
{
	const char *dir = *state;

	write_tree(dir, 255);
	write_tree(dir, 300);
	write_tree(dir, 511);
	write_tree(dir, 512);
	assert_ok(tiles_drop_partial(dir, 0, 300));
	assert_false(has(dir, "tile/0/000.p"));
	assert_false(has(dir, "tile/entries/000.p"));
	assert_true(has(dir, "tile/0/001.p/44"));
	assert_ok(tiles_drop_partial(dir, 300, 512));
	assert_false(has(dir, "tile/0/001.p"));
	assert_true(has(dir, "tile/0/001"));
	assert_true(has(dir, "tile/1/000.p/1"));
}

/* 600 leaves: subtree hashes out of tiles against hashes out of leaves. */
static void
a_source_hashes_subtrees_out_of_tiles(void **state)
{
	const char *dir = *state;
	CLEANUP(tiles_source_release) struct tiles_source s;
	static uint8_t leaves[600][32];
	uint8_t got[32], want[32], row[64];
	unsigned level;
	uint64_t i;

	for (i = 0; i < 600; i++)
		merkle_leaf(bytes_of(&i, sizeof(i)), leaves[i]);
	for (i = 0; i < 600; i += 256)
		assert_ok(tiles_write(dir, &(struct tiles_id){0, i / 256,
		    i + 256 <= 600 ? 256 : 88}, bytes_of(leaves[i],
		    32 * (i + 256 <= 600 ? 256U : 88U))));
	merkle_root(leaves[0], 256, row);
	merkle_root(leaves[256], 256, row + 32);
	assert_ok(tiles_write(dir, &(struct tiles_id){1, 0, 2},
	    bytes_of(row, sizeof(row))));
	tiles_source_init(&s, dir, 600);
	for (level = 0; level <= 9; level++)
		for (i = 0; (i + 1) << level <= 600; i++) {
			assert_ok(tiles_source_get(&s, level, i, got));
			merkle_root(leaves[i << level], (size_t)1 << level,
			    want);
			assert_memory_equal(got, want, 32);
		}
	assert_err(tiles_source_get(&s, 0, 600, got), ERR_RANGE);
	assert_err(tiles_source_get(&s, 4, 37, got), ERR_RANGE);
	assert_err(tiles_source_get(&s, 9, 1, got), ERR_RANGE);
	assert_err(tiles_source_get(&s, 10, 0, got), ERR_RANGE);
}

int
main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_those_of_the_layout),
		cmocka_unit_test(widths_follow_from_the_size),
		cmocka_unit_test(bundles_hold_entries_of_16_bit_length),
		WITH(a_partial_tile_is_cut_out_of_the_full_one_when_gone),
		WITH(files_of_another_shape_are_corrupt),
		WITH(what_lies_beyond_a_size_is_dropped),
		WITH(partial_tiles_go_once_their_full_one_belongs),
		WITH(a_source_hashes_subtrees_out_of_tiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
