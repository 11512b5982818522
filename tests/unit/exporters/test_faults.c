/* Every allocation and disk operation failing in its turn: the exact cause,
 * nothing leaked (the sanitizer build sees to that), nothing half-done left. */
#include "tests/unit/unit.h"

#include <fcntl.h>

#include "core/encode.h"
#include "core/fs.h"
#include "exporters/bag.h"
#include "exporters/bundle.h"
#include "exporters/bundle_read.h"
#include "exporters/notice_apply.h"
#include "exporters/payload_read.h"
#include "tests/unit/exporters/fixture.h"
#include "tests/unit/fault.h"

#define FAULT_MAX 3000

struct scene {
	struct fixture f;
	char dir[256];
	char out[FS_PATH_MAX];          /* where results go; empty before */
	char path[FS_PATH_MAX];         /* what an operation works on */
	struct statement statement;
	struct fixture_parts parts;
	struct notice notice;
	uint8_t sums_sha256[DIGEST_LEN];
};

static void
scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	unit_temp_dir(s->dir, sizeof(s->dir));
	assert_ok(fs_path(s->out, "%s/out", s->dir));
	assert_ok(fs_mkdir(s->out, 0700));
	fixture_init(&s->f, 5);
	assert_ok(fs_path(s->path, "%s/payload", s->dir));
	fixture_write_payload(&s->f, s->path);
	fixture_statement(&s->f, &s->statement);
	fixture_parts(&s->f, &s->parts);
}

static void
scene_release(struct scene *s)
{
	notice_release(&s->notice);
	fixture_parts_release(&s->parts);
	fixture_release(&s->f);
	assert_ok(fs_remove_tree(s->dir));
}

/* What an operation made when it got through is taken away again. */
static void
clear_out(const struct scene *s)
{
	assert_int_equal(fixture_run("rm -rf %s/*", s->out), 0);
}

/* Runs ${operation} with the 1st, 2nd, … call of ${kind} failing until none is
 * left to fail.  A failure leaves s->out empty. */
static void
fail_each(struct scene *s, enum fault_kind kind, enum err want,
    enum err (*operation)(struct scene *))
{
	unsigned n;
	int fired = 1;

	for (n = 1; fired && n < FAULT_MAX; n++) {
		enum err e;

		fault_set(kind, n);
		e = operation(s);
		fired = fault_end();
		if (e != (fired ? want : ERR_OK))
			fail_msg("call %u: %s", n, err_name(e));
		if (e != ERR_OK)
			assert_true(fixture_is_empty(s->out));
		clear_out(s);
	}
	assert_true(n > 2 && n < FAULT_MAX);
}

static enum err
do_write(struct scene *s)
{
	struct payload_result r;
	int fd = open("/dev/null", O_WRONLY);
	enum err e;

	fixture_rewind(&s->f);
	e = payload_write(&s->f.spec, fd, &r);
	(void)close(fd);
	return e;
}

static void
test_payload_write(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_init(&s);
	fail_each(&s, FAULT_MEMORY, ERR_NOMEM, do_write);
	fail_each(&s, FAULT_DISK, ERR_NO_SPACE, do_write);
}

static enum err
do_read(struct scene *s)
{
	const struct secret *identity;
	struct age_keys keys = fixture_keys(&s->f, &identity);
	struct payload_read_spec spec = {.statement = &s->statement,
		.keys = &keys, .out_dir = s->out};
	CLEANUP(payload_read_result_release) struct payload_read_result r =
	    {0};
	enum err e;

	spec.payload.fd = open(s->path, O_RDONLY);
	spec.payload.bytes = s->f.result.bytes;
	memcpy(spec.payload.sha256, s->f.result.sha256, DIGEST_LEN);
	e = payload_read(&spec, &r, NULL);
	(void)close(spec.payload.fd);
	return e;
}

static void
test_payload_read(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_init(&s);
	fail_each(&s, FAULT_MEMORY, ERR_NOMEM, do_read);
	fail_each(&s, FAULT_DISK, ERR_NO_SPACE, do_read);
}

/* Also: the payload is back where it was. */
static enum err
do_build(struct scene *s)
{
	CLEANUP(buf_release) struct buf sums = {0};
	struct bundle_spec spec = {.export_id = FIXTURE_EXPORT,
		.parts = s->parts.parts, .part_count = s->parts.len,
		.payload_path = s->path};
	char moved[FS_PATH_MAX];
	enum err e;

	memcpy(spec.payload_sha256, s->f.result.sha256, DIGEST_LEN);
	e = bundle_build(s->out, &spec, &sums, NULL);
	if (e != ERR_OK) {
		assert_true(fs_exists(s->path));
		return e;
	}
	digest_sha256(bytes_buf(&sums), s->sums_sha256);
	fault_set(FAULT_DISK, 0);
	assert_ok(fs_path(moved, "%s/" FIXTURE_EXPORT "/" BUNDLE_PAYLOAD,
	    s->out));
	assert_ok(fs_rename(moved, s->path));
	return ERR_OK;
}

static void
test_bundle_build(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_init(&s);
	fail_each(&s, FAULT_MEMORY, ERR_NOMEM, do_build);
	fail_each(&s, FAULT_DISK, ERR_NO_SPACE, do_build);
}

static enum err
do_finish(struct scene *s)
{
	const struct bundle_seals seals = {bytes_str("s"), bytes_str("e"),
		bytes_str("p"), NULL, 0};
	char tar[FS_PATH_MAX], folder[FS_PATH_MAX];
	struct bundle_target t = {.folder = folder, .tar_path = tar,
		.frozen_unix_s = FIXTURE_FROZEN_UNIX_S};

	assert_ok(fs_path(folder, "%s/made/" FIXTURE_EXPORT, s->dir));
	assert_ok(fs_path(tar, "%s/x.tar", s->out));
	memcpy(t.sums_sha256, s->sums_sha256, DIGEST_LEN);
	return bundle_finish(&t, &seals, NULL);
}

static enum err
do_open(struct scene *s)
{
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r = NULL;
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/x.tar", s->dir));
	return bundle_read_open(path, &r, NULL);
}

static enum err
do_open_folder(struct scene *s)
{
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r = NULL;
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/made/" FIXTURE_EXPORT, s->dir));
	return bundle_read_open_unsealed(path, &r, NULL);
}

static void
test_bundle_finish_and_read(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(buf_release) struct buf sums = {0};
	struct bundle_spec spec = {.export_id = FIXTURE_EXPORT};
	char path[FS_PATH_MAX];

	(void)state;
	scene_init(&s);
	spec.parts = s.parts.parts;
	spec.part_count = s.parts.len;
	spec.payload_path = s.path;
	memcpy(spec.payload_sha256, s.f.result.sha256, DIGEST_LEN);
	assert_ok(fs_path(path, "%s/made", s.dir));
	assert_ok(fs_mkdir(path, 0700));
	assert_ok(bundle_build(path, &spec, &sums, NULL));
	digest_sha256(bytes_buf(&sums), s.sums_sha256);
	fail_each(&s, FAULT_MEMORY, ERR_NOMEM, do_finish);
	fail_each(&s, FAULT_DISK, ERR_NO_SPACE, do_finish);
	assert_ok(do_finish(&s));
	assert_int_equal(fixture_run("mv %s/x.tar %s", s.out, s.dir), 0);
	fail_each(&s, FAULT_MEMORY, ERR_NOMEM, do_open);
	fail_each(&s, FAULT_MEMORY, ERR_NOMEM, do_open_folder);
}

static void
make_notice(struct scene *s)
{
	CLEANUP(pseudonym_notice_cleanup) struct pseudonym_notice *key = NULL;
	CLEANUP(buf_release) struct buf text = {0};
	uint8_t block[PSEUDONYM_BLOCK_LEN];
	char hex[33], plan[DIGEST_HEX_LEN + 1];
	const char *items[] = {hex};
	const struct notice n = {
		.number = "1", .previous = "-", .owner = "14",
		.partner = "keio", .project = "fever",
		.export_id = FIXTURE_EXPORT, .plan_sha256 = plan,
		.reason = "withdrawal", .scope = "research",
		.issued = "2026-12-01T00:00:00Z", .answer_by = "2026-12-15",
		.blocks = {items, 1},
	};

	digest_to_hex(s->f.binding.plan_sha256, plan);
	assert_ok(pseudonym_notice_new(secret_bytes(s->f.binding.notice_key),
	    &key));
	assert_ok(pseudonym_notice_block(key, s->f.pseudonyms[1], block));
	encode_hex(block, sizeof(block), hex);
	assert_ok(notice_write(&n, &text, NULL));
	assert_ok(notice_parse(bytes_buf(&text), &s->notice, NULL));
}

static enum err
do_apply(struct scene *s)
{
	struct notice_apply_result r;
	char from[FS_PATH_MAX], to[FS_PATH_MAX];

	assert_ok(fs_path(from, "%s/" FIXTURE_EXPORT "-data", s->dir));
	assert_ok(fs_path(to, "%s/copy", s->out));
	return notice_apply(from, to, &s->notice, &r, NULL);
}

static void
test_notice_apply(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_init(&s);
	assert_ok(do_read(&s));
	assert_int_equal(fixture_run("mv %s/* %s", s.out, s.dir), 0);
	make_notice(&s);
	fail_each(&s, FAULT_MEMORY, ERR_NOMEM, do_apply);
	fail_each(&s, FAULT_DISK, ERR_NO_SPACE, do_apply);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_payload_write),
		cmocka_unit_test(test_payload_read),
		cmocka_unit_test(test_bundle_build),
		cmocka_unit_test(test_bundle_finish_and_read),
		cmocka_unit_test(test_notice_apply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
