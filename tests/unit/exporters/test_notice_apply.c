#include "tests/unit/unit.h"

#include <fcntl.h>

#include "core/encode.h"
#include "core/fs.h"
#include "exporters/bag.h"
#include "exporters/notice_apply.h"
#include "exporters/payload_read.h"
#include "tests/unit/exporters/fixture.h"

/* An opened payload DIR/EXP-…-data of 9 people with 18 answers. */
struct scene {
	struct fixture f;
	char dir[256];
	char from[FS_PATH_MAX], to[FS_PATH_MAX];
	struct notice notice;           /* parsed */
	struct err_info info;
};

static void
open_payload(struct scene *s)
{
	struct statement statement;
	const struct secret *identity;
	struct age_keys keys = fixture_keys(&s->f, &identity);
	struct payload_read_spec spec = {.statement = &statement,
		.keys = &keys, .out_dir = s->dir};
	CLEANUP(payload_read_result_release) struct payload_read_result r =
	    {0};
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/payload", s->dir));
	fixture_write_payload(&s->f, path);
	fixture_statement(&s->f, &statement);
	spec.payload.fd = open(path, O_RDONLY);
	spec.payload.bytes = s->f.result.bytes;
	memcpy(spec.payload.sha256, s->f.result.sha256, DIGEST_LEN);
	assert_ok(payload_read(&spec, &r, NULL));
	(void)close(spec.payload.fd);
	assert_ok(fs_remove(path));
}

/* A notice that names the people of ${who}. */
static void
make_notice(struct scene *s, const char *number, const uint8_t *who,
    size_t count)
{
	CLEANUP(pseudonym_notice_cleanup) struct pseudonym_notice *key = NULL;
	CLEANUP(buf_release) struct buf text = {0};
	uint8_t block[PSEUDONYM_BLOCK_LEN];
	char hex[16][33], plan[DIGEST_HEX_LEN + 1];
	const char *items[16];
	struct notice n = {
		.number = number, .previous = strcmp(number, "1") == 0 ? "-" :
		    plan, .owner = "14", .partner = "keio", .project = "fever",
		.export_id = FIXTURE_EXPORT, .plan_sha256 = plan,
		.reason = count == 0 ? "recall" : "withdrawal",
		.scope = "research", .issued = "2026-12-01T00:00:00Z",
		.answer_by = "2026-12-15", .blocks = {items, count},
	};
	size_t i;

	digest_to_hex(s->f.binding.plan_sha256, plan);
	assert_ok(pseudonym_notice_new(secret_bytes(s->f.binding.notice_key),
	    &key));
	for (i = 0; i < count; i++) {
		assert_ok(pseudonym_notice_block(key,
		    s->f.pseudonyms[who[i]], block));
		encode_hex(block, sizeof(block), hex[i]);
		items[i] = hex[i];
	}
	assert_ok(notice_write(&n, &text, NULL));
	notice_release(&s->notice);
	assert_ok(notice_parse(bytes_buf(&text), &s->notice, NULL));
}

static void
scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	unit_temp_dir(s->dir, sizeof(s->dir));
	assert_ok(fs_path(s->from, "%s/" FIXTURE_EXPORT "-data", s->dir));
	assert_ok(fs_path(s->to, "%s/copy", s->dir));
	fixture_init(&s->f, 9);
	open_payload(s);
}

static void
scene_release(struct scene *s)
{
	notice_release(&s->notice);
	fixture_release(&s->f);
	assert_ok(fs_remove_tree(s->dir));
}

/* Only the original is there. */
static void
assert_no_copy(const struct scene *s)
{
	assert_int_equal(fixture_run("test \"$(ls -A %s)\" = " FIXTURE_EXPORT
	    "-data", s->dir), 0);
}

static void
test_applies(void **state)
{
	CLEANUP(scene_release) struct scene s;
	struct notice_apply_result r;
	char name[PSEUDONYM_TEXT_LEN + 1];
	static const uint8_t who[] = {2, 7};

	(void)state;
	scene_init(&s);
	make_notice(&s, "1", who, 2);
	assert_ok(notice_apply(s.from, s.to, &s.notice, &r, NULL));
	assert_int_equal(r.pseudonyms_removed, 2);
	assert_int_equal(r.rows_removed, 3 + 2);
	assert_int_equal(r.rows_left, 18 - 5);
	assert_int_equal(r.pseudonyms_left, 7);
	assert_ok(bag_check_folder(s.to, NULL));
	assert_ok(bag_check_folder(s.from, NULL));      /* as it was */
	pseudonym_format(s.f.pseudonyms[2], name);
	assert_int_equal(fixture_run("cd %s && ! grep -rq %s copy && "
	    "grep -q %s " FIXTURE_EXPORT "-data/data/responses.csv && "
	    "cmp " FIXTURE_EXPORT "-data/load/load.py copy/load/load.py && "
	    "diff " FIXTURE_EXPORT "-data/data/consents.csv "
	    "copy/data/consents.csv | grep -c '^<' | grep -qx 2", s.dir, name,
	    name), 0);
	pseudonym_format(s.f.pseudonyms[7], name);
	assert_int_equal(fixture_run("cd %s && ! grep -rq %s copy && "
	    "test -f copy/notices/1.txt && cd copy && "
	    "sha256sum -c --strict --quiet manifest-sha256.txt && "
	    "sha256sum -c --strict --quiet tagmanifest-sha256.txt && "
	    "grep -q \"^Azukari-Notice: $(sha256sum < notices/1.txt | "
	    "cut -d' ' -f1)$\" bag-info.txt && "
	    "test $(grep -c '\"rows\": 7,' data/datapackage.json) = 1 && "
	    "test $(grep -c '\"rows\": 13,' data/datapackage.json) = 1 && "
	    "test $(grep -c \"$(sha256sum < data/responses.csv | "
	    "cut -d' ' -f1)\" data/datapackage.json) = 1", s.dir, name), 0);
}

/* Everything in datapackage.json that does not change stays the same. */
static void
test_package_keeps_the_rest(void **state)
{
	CLEANUP(scene_release) struct scene s;
	struct notice_apply_result r;
	static const uint8_t who[] = {0};

	(void)state;
	scene_init(&s);
	make_notice(&s, "1", who, 1);
	assert_ok(notice_apply(s.from, s.to, &s.notice, &r, NULL));
	assert_int_equal(fixture_run("cd %s && test $(diff " FIXTURE_EXPORT
	    "-data/data/datapackage.json copy/data/datapackage.json | "
	    "grep -c '^[<>]') = 12", s.dir), 0);
}

static void
test_second_notice(void **state)
{
	CLEANUP(scene_release) struct scene s;
	struct notice_apply_result r;
	char second[FS_PATH_MAX];
	static const uint8_t who[] = {2, 7};

	(void)state;
	scene_init(&s);
	make_notice(&s, "1", who, 1);
	assert_ok(notice_apply(s.from, s.to, &s.notice, &r, NULL));
	assert_ok(fs_path(second, "%s/second", s.dir));
	assert_err(notice_apply(s.to, second, &s.notice, &r, &s.info),
	    ERR_STATE);
	make_notice(&s, "2", who, 2);   /* one of them has gone before */
	assert_ok(notice_apply(s.to, second, &s.notice, &r, NULL));
	assert_int_equal(r.pseudonyms_removed, 1);
	assert_ok(bag_check_folder(second, NULL));
	assert_int_equal(fixture_run("cd %s && test -f notices/1.txt && "
	    "test -f notices/2.txt && test $(grep -c Azukari-Notice "
	    "bag-info.txt) = 1", second), 0);
}

static void
test_everybody(void **state)
{
	CLEANUP(scene_release) struct scene s;
	struct notice_apply_result r;
	static const uint8_t who[] = {8, 7, 6, 5, 4, 3, 2, 1, 0};

	(void)state;
	scene_init(&s);
	make_notice(&s, "1", who, 9);
	assert_ok(notice_apply(s.from, s.to, &s.notice, &r, NULL));
	assert_int_equal(r.rows_left, 0);
	assert_int_equal(r.pseudonyms_left, 0);
	assert_ok(bag_check_folder(s.to, NULL));
}

static void
test_refuses(void **state)
{
	CLEANUP(scene_release) struct scene s;
	struct notice_apply_result r;
	static const uint8_t who[] = {2};

	(void)state;
	scene_init(&s);
	make_notice(&s, "1", who, 0);
	assert_err(notice_apply(s.from, s.to, &s.notice, &r, &s.info),
	    ERR_STATE);
	assert_no_copy(&s);
	s.f.binding.plan_sha256[0] ^= 1;
	make_notice(&s, "1", who, 1);
	s.f.binding.plan_sha256[0] ^= 1;
	assert_err(notice_apply(s.from, s.to, &s.notice, &r, &s.info),
	    ERR_MISMATCH);
	assert_no_copy(&s);
	make_notice(&s, "1", who, 1);
	assert_err(notice_apply(s.from, s.from, &s.notice, &r, &s.info),
	    ERR_EXISTS);
	assert_int_equal(fixture_run("echo x >> %s/data/consents.csv",
	    s.from), 0);
	assert_err(notice_apply(s.from, s.to, &s.notice, &r, &s.info),
	    ERR_MISMATCH);
	assert_no_copy(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_applies),
		cmocka_unit_test(test_package_keeps_the_rest),
		cmocka_unit_test(test_second_notice),
		cmocka_unit_test(test_everybody),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
