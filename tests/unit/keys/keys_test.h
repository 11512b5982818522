/* What the tests of keys/ share. */
#ifndef AZUKARI_TESTS_KEYS_TEST_H
#define AZUKARI_TESTS_KEYS_TEST_H

#include "tests/unit/unit.h"

#include "core/buf.h"
#include "core/encode.h"
#include "core/fs.h"
#include "core/json_doc.h"
#include "core/secret.h"

/* Appends the bytes of a hex string. */
static inline void
keys_test_hex(const char *hex, struct buf *out)
{
	size_t len = strlen(hex) / 2;

	assert_ok(buf_reserve(out, len + 1));
	assert_ok(decode_hex(bytes_str(hex), out->data + out->len, len));
	out->len += len;
}

/* ${name} below the folder an environment variable names; skips the test,
 * saying so, where there is none. */
static inline void
keys_test_path(const char *variable, const char *name, char ret[FS_PATH_MAX])
{
	const char *dir = getenv(variable);

	if (dir != NULL) {
		assert_ok(fs_path(ret, "%s/%s", dir, name));
		if (fs_exists(ret))
			return;
	}
	UNIT_SKIP("no %s in %s", name, variable);
}

/* A Wycheproof file; the caller frees it with json_doc_cleanup. */
static inline struct json_doc *
keys_test_wycheproof(const char *name)
{
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX], below[256];
	struct json_doc *doc = NULL;

	(void)snprintf(below, sizeof(below), "vectors/wycheproof/%s", name);
	keys_test_path("AZUKARI_SHARED", below, path);
	assert_ok(fs_read_file(path, (size_t)4 << 20, &text));
	assert_ok(json_doc_parse(bytes_buf(&text), (size_t)4 << 20, &doc, NULL));
	return doc;
}

/* Calls ${check} for every test of every group; returns how many. */
static inline size_t
keys_test_each(const struct json_doc *doc,
    void (*check)(const struct json_doc *group, const struct json_doc *test))
{
	const struct json_doc *groups = json_doc_get(doc, "testGroups");
	size_t count = 0;

	for (size_t i = 0; i < json_doc_len(groups); i++) {
		const struct json_doc *group = json_doc_at(groups, i);
		const struct json_doc *tests = json_doc_get(group, "tests");

		for (size_t j = 0; j < json_doc_len(tests); j++, count++)
			check(group, json_doc_at(tests, j));
	}
	return count;
}

static inline const char *
keys_test_str(const struct json_doc *test, const char *key)
{
	const char *s = json_doc_string(json_doc_get(test, key));

	assert_non_null(s);
	return s;
}

static inline int
keys_test_is(const struct json_doc *test, const char *result)
{
	return strcmp(keys_test_str(test, "result"), result) == 0;
}

/* A folder of its own for a test, to be removed with keys_test_rmdir. */
static inline void
keys_test_mkdir(char ret[FS_PATH_MAX])
{
	unit_temp_dir(ret, FS_PATH_MAX);
}

static inline void
keys_test_rmdir(const char *dir)
{
	assert_ok(fs_remove_tree(dir));
}

/* Runs a shell command; its exit status. */
static inline int __attribute__((format(printf, 1, 2)))
keys_test_run(const char *fmt, ...)
{
	char command[8192];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	assert_in_range(len, 1, sizeof(command) - 1);
	return system(command);
}

/* Skips the test, saying so, where a program is not installed. */
static inline void
keys_test_need(const char *program)
{
	if (keys_test_run("command -v %s >/dev/null", program) == 0)
		return;
	UNIT_SKIP("no program %s", program);
}

static inline struct secret *
keys_test_secret(const char *text)
{
	struct secret *s = NULL;

	assert_ok(secret_new_copy((const uint8_t *)text, strlen(text), &s));
	return s;
}

#endif
