/* What tests of the log share: a home with its committed state, batches. */
#ifndef AZUKARI_TESTS_UNIT_LOG_TEST_H
#define AZUKARI_TESTS_UNIT_LOG_TEST_H

#include "tests/unit/ledger/ledger_test.h"

#include "keys/merkle.h"
#include "ledger/log.h"

/* Stands for gateway.db: what was committed last. */
struct home {
	char dir[FS_PATH_MAX];          /* of the log */
	char base[FS_PATH_MAX - 16];
	uint64_t size;
	uint8_t root[MERKLE_HASH_LEN];
	struct buf checkpoint;
};

static inline void
home_make(struct home *h)
{
	memset(h, 0, sizeof(*h));
	unit_temp_dir(h->base, sizeof(h->base));
	assert_ok(fs_path(h->dir, "%s/ledger", h->base));
}

static inline void
home_remove(struct home *h)
{
	assert_ok(fs_remove_tree(h->base));
	buf_release(&h->checkpoint);
}

static inline struct log_signed
home_state(const struct home *h)
{
	struct log_signed s = {.size = h->size};

	memcpy(s.root, h->root, sizeof(s.root));
	s.checkpoint = bytes_buf(&h->checkpoint);
	return s;
}

static inline void
home_commit(struct home *h, struct log_signed s)
{
	h->size = s.size;
	memcpy(h->root, s.root, sizeof(h->root));
	buf_clear(&h->checkpoint);
	assert_ok(buf_append(&h->checkpoint, s.checkpoint.data,
	    s.checkpoint.len));
}

static inline enum err
home_open(const struct home *h, const struct note_signer *s,
    struct log **ret, struct err_info *info)
{
	const struct log_config config = {.dir = h->dir, .signer = s};
	struct log_signed state = home_state(h);

	return log_open(&config, &state, ret, info);
}

/* Stage ${count} test entries behind the log's end. */
static inline enum err
stage(struct log *l, size_t count)
{
	struct bytes *entries = calloc(count, sizeof(*entries));
	struct buf *texts = calloc(count, sizeof(*texts));
	enum err e;
	size_t i;

	for (i = 0; i < count; i++) {
		test_entry(log_size(l) + i, &texts[i]);
		entries[i] = bytes_buf(&texts[i]);
	}
	e = log_stage(l, entries, count);
	for (i = 0; i < count; i++)
		buf_release(&texts[i]);
	free(texts);
	free(entries);
	return e;
}

/* Stage, commit, publish. */
static inline void
append(struct home *h, struct log *l, size_t count)
{
	assert_ok(stage(l, count));
	home_commit(h, log_staged(l));
	assert_ok(log_publish(l));
}

/* Grow a log to ${size}, in batches of the largest size. */
static inline void
grow(struct home *h, struct log *l, uint64_t size)
{
	while (log_size(l) < size)
		append(h, l, size - log_size(l) < LOG_BATCH_MAX ?
		    (size_t)(size - log_size(l)) : LOG_BATCH_MAX);
}

/* The root of the first ${size} test entries. */
static inline void
test_root(uint64_t size, uint8_t ret[MERKLE_HASH_LEN])
{
	CLEANUP(buf_release) struct buf entry = {0};
	struct merkle_range range = {.size = 0};
	uint8_t leaf[MERKLE_HASH_LEN];
	uint64_t i;

	for (i = 0; i < size; i++) {
		test_entry(i, &entry);
		merkle_leaf(bytes_buf(&entry), leaf);
		merkle_range_add(&range, leaf);
	}
	merkle_range_root(&range, ret);
}

struct each_check {
	uint64_t next;
	struct buf want;
};

static inline enum err
each_is_test_entry(void *ctx, uint64_t index, struct bytes entry)
{
	struct each_check *c = ctx;

	assert_true(index == c->next++);
	test_entry(index, &c->want);
	assert_true(bytes_equal(entry, bytes_buf(&c->want)));
	return ERR_OK;
}

/* The log holds exactly the first log_size() test entries. */
static inline void
check_whole(struct log *l)
{
	struct each_check c = {.next = 0};
	uint8_t root[MERKLE_HASH_LEN], want[MERKLE_HASH_LEN];

	assert_ok(log_each(l, 0, each_is_test_entry, &c));
	assert_true(c.next == log_size(l));
	test_root(log_size(l), want);
	assert_ok(log_root(l, log_size(l), root));
	assert_memory_equal(root, want, sizeof(want));
	if (log_size(l) > 0)
		assert_memory_equal(log_checkpoint(l)->root, want,
		    sizeof(want));
	buf_release(&c.want);
}

static inline void
log_file(const struct home *h, const char *name, char ret[FS_PATH_MAX])
{
	assert_ok(fs_path(ret, "%s/%s", h->dir, name));
}

/* Change one byte of a file in place. */
static inline void
flip(const struct home *h, const char *name, size_t at)
{
	CLEANUP(buf_release) struct buf b = {0};
	char path[FS_PATH_MAX];

	log_file(h, name, path);
	assert_ok(fs_read_file(path, 1 << 24, &b));
	assert_true(at < b.len);
	b.data[at] ^= 1;
	assert_ok(fs_write_file(path, bytes_buf(&b), 0644));
}

#endif
