#include "tests/unit/vault/fixture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[256];
static struct secret *keys[256];

int
fixture_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/azukari-vault-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	return mkdtemp(folder) == NULL;
}

int
fixture_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		secret_free(TAKE(keys[i]));
	return fs_remove_tree(folder) != ERR_OK;
}

void
fixture_forget_keys(void)
{
	memset(keys, 0, sizeof(keys));
}

const char *
fixture_path(const char *name)
{
	static char paths[8][FS_PATH_MAX];
	static unsigned next;
	char *p = paths[next++ % 8];

	assert_ok(fs_path(p, "%s/%s", folder, name));
	return p;
}

const struct secret *
fixture_key(uint8_t byte)
{
	uint8_t bytes[DB_KEY_LEN];

	if (keys[byte] == NULL) {
		memset(bytes, byte, sizeof(bytes));
		assert_ok(secret_new_copy(bytes, sizeof(bytes), &keys[byte]));
	}
	return keys[byte];
}

struct db *
fixture_db(enum db_kind kind, const char *name)
{
	struct db *db = NULL;
	const struct db_open_args args = {
		.kind = kind, .mode = DB_CREATE, .path = fixture_path(name),
		.key = fixture_key(1),
	};

	assert_ok(db_open(&args, &db));
	return db;
}

int64_t
fixture_act(struct db *db, enum actlog_class class_)
{
	static uint32_t count;
	struct actlog_act act = {
		.class_ = class_, .kind = "test",
		.entry = bytes_str("entry"),
	};
	int64_t id = 0;

	count++;
	memcpy(act.leaf, &count, sizeof(count));
	assert_ok(actlog_add(db, &act, &id));
	return id;
}

void
fixture_log(struct db *db, int64_t act)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(db, &tx));
	assert_ok(actlog_mark_logged(db, act, (uint64_t)act));
	assert_ok(db_tx_commit(&tx));
}

int64_t
fixture_logged_act(struct db *db, enum actlog_class class_)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	int64_t id;

	assert_ok(db_tx_begin(db, &tx));
	id = fixture_act(db, class_);
	assert_ok(actlog_mark_logged(db, id, (uint64_t)id));
	assert_ok(db_tx_commit(&tx));
	return id;
}

void
fixture_flip(const char *path, uint64_t offset)
{
	uint8_t byte;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
	assert_int_equal(close(fd), 0);
}

void
fixture_copy(const char *from, const char *to)
{
	CLEANUP(buf_release) struct buf bytes = {.max = (size_t)1 << 30};

	assert_ok(fs_read_file(from, (size_t)1 << 30, &bytes));
	assert_ok(fs_write_file(to, bytes_buf(&bytes), 0600));
}

int
fixture_file_has(const char *path, const void *bytes, size_t len)
{
	CLEANUP(buf_release) struct buf file = {.max = (size_t)1 << 30};

	if (!fs_exists(path))
		return 0;
	assert_ok(fs_read_file(path, (size_t)1 << 30, &file));
	return file.len >= len &&
	    memmem(file.data, file.len, bytes, len) != NULL;
}
