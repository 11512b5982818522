#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/fs.h"
#include "exporters/bundle.h"
#include "exporters/bundle_read.h"
#include "exporters/readme.h"
#include "exporters/sums.h"
#include "tests/unit/exporters/fixture.h"

/* A finished bundle DIR/EXP-….tar and its folder DIR/made/EXP-…. */
struct scene {
	struct fixture f;
	char dir[256];
	char tar[FS_PATH_MAX], folder[FS_PATH_MAX];
	struct err_info info;
};

static void
scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	unit_temp_dir(s->dir, sizeof(s->dir));
	assert_ok(fs_path(s->tar, "%s/" FIXTURE_EXPORT ".tar", s->dir));
	assert_ok(fs_path(s->folder, "%s/made/" FIXTURE_EXPORT, s->dir));
	fixture_init(&s->f, 4);
}

static void
scene_bundle(struct scene *s)
{
	scene_init(s);
	fixture_bundle(&s->f, s->dir);
}

static void
scene_release(struct scene *s)
{
	fixture_release(&s->f);
	assert_ok(fs_remove_tree(s->dir));
}

static enum err
try_open(struct scene *s, const char *path)
{
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r = NULL;

	memset(&s->info, 0, sizeof(s->info));
	return bundle_read_open(path, &r, &s->info);
}

/* ---- names ---- */

static void
test_places(void **state)
{
	static const char *const listed[] = {
		"README.txt", "STATEMENT.txt", "request.txt", "plan.txt.sig",
		"approvals/a.txt", "approvals/section-2.tlog-proof",
		"disclosure.txt", "disclosure.json", "disclosure.svg",
		BUNDLE_PAYLOAD, "trust/allowed_signers",
	};
	static const char *const unlisted[] = {
		"SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.entry",
		"SHA256SUMS.tlog-proof", "release/a.sig",
	};
	static const char *const unknown[] = {
		"", "readme.txt", "approvals/A.txt", "approvals/.txt",
		"approvals/a.sig", "approvals/a/b.txt", "release/a.txt",
		"SHA256SUMS.minisig", "trust/x", "approvals/*", "payload",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(listed); i++)
		assert_int_equal(bundle_place_of(listed[i]), BUNDLE_LISTED);
	for (i = 0; i < ARRAY_LEN(unlisted); i++)
		assert_int_equal(bundle_place_of(unlisted[i]),
		    BUNDLE_UNLISTED);
	for (i = 0; i < ARRAY_LEN(unknown); i++)
		assert_int_equal(bundle_place_of(unknown[i]), BUNDLE_UNKNOWN);
	for (i = 1; i < ARRAY_LEN(listed); i++)
		assert_true(bundle_order(listed[i - 1], listed[i]) < 0);
	assert_true(bundle_order("approvals/a.tlog-proof",
	    "approvals/a-b.txt") < 0);
	assert_true(bundle_order("approvals/b.txt",
	    "approvals/a.tlog-proof") > 0);
	assert_int_equal(bundle_order("plan.txt", "plan.txt"), 0);
}

/* ---- building ---- */

static void
test_container(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(buf_release) struct buf list = {0};
	char path[FS_PATH_MAX];

	(void)state;
	scene_bundle(&s);
	assert_int_equal(fixture_run("cd %s && tar -tvf " FIXTURE_EXPORT
	    ".tar --utc --full-time --numeric-owner | sed 's/  */ /g;"
	    "s/0\\/0 [0-9]* //' > list", s.dir), 0);
	assert_ok(fs_path(path, "%s/list", s.dir));
	assert_ok(fs_read_file(path, 10000, &list));
#define F "-rw-r--r-- 2026-11-22 08:00:00 " FIXTURE_EXPORT "/"
#define D "drwxr-xr-x 2026-11-22 08:00:00 " FIXTURE_EXPORT "/"
	assert_string_equal(buf_text(&list), D "\n" F "README.txt\n"
	    F "STATEMENT.txt\n" F "request.txt\n" F "request.txt.sig\n"
	    F "plan.txt\n" F "plan.txt.sig\n" D "approvals/\n"
	    F "approvals/a.txt\n" F "approvals/a.txt.sig\n"
	    F "approvals/a.entry\n" F "approvals/a.tlog-proof\n"
	    F "approvals/c.txt\n" F "approvals/c.txt.sig\n"
	    F "approvals/c.entry\n" F "approvals/c.tlog-proof\n"
	    F "disclosure.txt\n" F "disclosure.json\n"
	    F "disclosure.svg\n" F "payload.tar.zst.age\n" D "trust/\n"
	    F "trust/allowed_signers\n" F "trust/ledger.vkey\n"
	    F "trust/witness-policy\n" F "SHA256SUMS\n" F "SHA256SUMS.sig\n"
	    F "SHA256SUMS.entry\n" F "SHA256SUMS.tlog-proof\n");
}

/* A build from other parts than the fixture's; what is left behind. */
static enum err
build_with(struct scene *s, const struct bundle_part *parts, size_t count)
{
	CLEANUP(buf_release) struct buf sums = {0};
	char payload[FS_PATH_MAX], dir[FS_PATH_MAX];
	struct bundle_spec spec = {.export_id = FIXTURE_EXPORT,
		.parts = parts, .part_count = count, .payload_path = payload};
	enum err e;

	assert_ok(fs_path(payload, "%s/payload", s->dir));
	assert_ok(fs_path(dir, "%s/out", s->dir));
	if (!fs_exists(dir))
		assert_ok(fs_mkdir(dir, 0700));
	assert_ok(fs_write_file(payload, bytes_str("sealed"), 0600));
	digest_sha256(bytes_str("sealed"), spec.payload_sha256);
	memset(&s->info, 0, sizeof(s->info));
	e = bundle_build(dir, &spec, &sums, &s->info);
	if (e != ERR_OK) {
		assert_true(fixture_is_empty(dir));
		assert_true(fs_exists(payload));
	}
	return e;
}

static void
test_build_refuses(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(fixture_parts_release) struct fixture_parts p;
	struct bundle_part parts[FIXTURE_PARTS + 1];
	size_t i;

	(void)state;
	scene_init(&s);
	fixture_parts(&s.f, &p);
	/* Every part is needed. */
	for (i = 0; i < p.len; i++) {
		memcpy(parts, p.parts, sizeof(p.parts));
		parts[i] = parts[p.len - 1];
		assert_err(build_with(&s, parts, p.len - 1), ERR_NOT_FOUND);
		assert_non_null(strstr(s.info.message, p.parts[i].name));
	}
	/* No part too many. */
	memcpy(parts, p.parts, sizeof(p.parts));
	parts[p.len] = (struct bundle_part){"plan.txt", bytes_str("x")};
	assert_err(build_with(&s, parts, p.len + 1), ERR_DUPLICATE);
	parts[p.len].name = "extra.txt";
	assert_err(build_with(&s, parts, p.len + 1), ERR_UNKNOWN);
	parts[p.len].name = BUNDLE_PAYLOAD;
	assert_err(build_with(&s, parts, p.len + 1), ERR_UNKNOWN);
	parts[p.len].name = "README.txt";
	assert_err(build_with(&s, parts, p.len + 1), ERR_UNKNOWN);
	parts[p.len].name = "SHA256SUMS.sig";
	assert_err(build_with(&s, parts, p.len + 1), ERR_UNKNOWN);
	parts[p.len].name = "../x";
	assert_err(build_with(&s, parts, p.len + 1), ERR_UNKNOWN);
	assert_ok(build_with(&s, p.parts, p.len));
}

static void
test_build_twice(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(fixture_parts_release) struct fixture_parts p;
	CLEANUP(buf_release) struct buf sums = {0};
	struct bundle_spec spec = {.export_id = FIXTURE_EXPORT};
	char dir[FS_PATH_MAX];

	(void)state;
	scene_init(&s);
	fixture_parts(&s.f, &p);
	assert_ok(build_with(&s, p.parts, p.len));
	assert_ok(fs_path(dir, "%s/out", s.dir));
	spec.parts = p.parts;
	spec.part_count = p.len;
	spec.payload_path = s.tar;
	assert_err(bundle_build(dir, &spec, &sums, NULL), ERR_EXISTS);
	spec.export_id = "EXP-26-1";
	assert_err(bundle_build(dir, &spec, &sums, NULL), ERR_SYNTAX);
	/* A payload that is not there leaves nothing. */
	spec.export_id = "EXP-2026-0008";
	assert_err(bundle_build(dir, &spec, &sums, NULL), ERR_NOT_FOUND);
	assert_int_equal(fixture_run("test \"$(ls -A %s)\" = " FIXTURE_EXPORT,
	    dir), 0);
}

/* ---- finishing ---- */

static enum err
finish(struct scene *s, const char *tar, const struct bundle_seals *seals)
{
	CLEANUP(buf_release) struct buf sums = {0};
	struct bundle_target t = {.folder = s->folder, .tar_path = tar,
		.frozen_unix_s = FIXTURE_FROZEN_UNIX_S};
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/sums", s->dir));
	assert_ok(fs_read_file(path, 100000, &sums));
	digest_sha256(bytes_buf(&sums), t.sums_sha256);
	memset(&s->info, 0, sizeof(s->info));
	return bundle_finish(&t, seals, &s->info);
}

static void
test_finish_is_deterministic(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(buf_release) struct buf sig = {0};
	struct bundle_seals seals = {.entry = bytes_str("entry\n"),
		.proof = bytes_str("proof\n")};
	char path[FS_PATH_MAX];

	(void)state;
	scene_bundle(&s);
	assert_ok(fs_path(path, "%s/sums.sig", s.dir));
	assert_ok(fs_read_file(path, 10000, &sig));
	seals.sig = bytes_buf(&sig);
	assert_ok(fs_path(path, "%s/again.tar", s.dir));
	assert_ok(finish(&s, path, &seals));
	assert_int_equal(fixture_run("cd %s && cmp again.tar " FIXTURE_EXPORT
	    ".tar", s.dir), 0);
	assert_err(finish(&s, path, &seals), ERR_EXISTS);
}

static void
test_release_signatures(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r = NULL;
	struct bundle_part releases[] = {
		{"release/c.sig", bytes_str("c")},
		{"release/a.sig", bytes_str("a")},
	};
	struct bundle_seals seals = {bytes_str("s"), bytes_str("e"),
		bytes_str("p"), releases, 2};
	char path[FS_PATH_MAX];
	struct bytes got;

	(void)state;
	scene_bundle(&s);
	assert_ok(fs_path(path, "%s/again.tar", s.dir));
	assert_ok(finish(&s, path, &seals));
	assert_ok(bundle_read_open(path, &r, NULL));
	assert_ok(bundle_read_member(r, "release/a.sig", &got));
	assert_true(bytes_equal(got, bytes_str("a")));
	assert_ok(bundle_read_member(r, "release/c.sig", &got));
	assert_ok(fs_path(path, "%s/third.tar", s.dir));
	releases[0].name = "release/a.sig";
	assert_err(finish(&s, path, &seals), ERR_DUPLICATE);
	releases[0].name = "plan.txt";
	assert_err(finish(&s, path, &seals), ERR_UNKNOWN);
	assert_false(fs_exists(path));
}

static void
test_finish_checks_the_folder(void **state)
{
	static const struct {
		const char *command;
		enum err want;
		const char *message;
	} cases[] = {
		{"echo x >> plan.txt", ERR_MISMATCH, "plan.txt"},
		{"echo x >> payload.tar.zst.age", ERR_MISMATCH, "payload"},
		{"rm approvals/c.entry", ERR_NOT_FOUND, "approvals/c.entry"},
		{"touch x", ERR_UNKNOWN, "x is there"},
		{"echo x >> SHA256SUMS", ERR_MISMATCH, "what was signed"},
		{"rm plan.txt; ln -s request.txt plan.txt", ERR_UNSUPPORTED,
		    "plan.txt"},
	};
	const struct bundle_seals seals = {bytes_str("s"), bytes_str("e"),
		bytes_str("p"), NULL, 0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(scene_release) struct scene s;
		char path[FS_PATH_MAX];
		enum err e;

		scene_bundle(&s);
		assert_int_equal(fixture_run("cd %s && %s", s.folder,
		    cases[i].command), 0);
		assert_ok(fs_path(path, "%s/tar/x.tar", s.dir));
		assert_int_equal(fixture_run("mkdir %s/tar", s.dir), 0);
		e = finish(&s, path, &seals);
		if (e != cases[i].want || strstr(s.info.message,
		    cases[i].message) == NULL)
			fail_msg("%s: %s (%s)", cases[i].command, err_name(e),
			    s.info.message);
		assert_int_equal(fixture_run("rmdir %s/tar", s.dir), 0);
	}
}

/* ---- reading ---- */

static void
check_reader(const struct scene *s, const struct bundle_reader *r)
{
	struct bundle_payload p;
	struct bytes got;
	uint8_t digest[DIGEST_LEN];
	CLEANUP(buf_release) struct buf bytes = {0};
	size_t i = 0;

	assert_string_equal(bundle_read_export_id(r), FIXTURE_EXPORT);
	assert_ok(bundle_read_member(r, "approvals/c.entry", &got));
	assert_true(bytes_equal(got, bytes_str("approvals/c.entry")));
	assert_ok(bundle_read_member(r, "SHA256SUMS.entry", &got));
	assert_err(bundle_read_member(r, "x", &got), ERR_NOT_FOUND);
	assert_err(bundle_read_member(r, BUNDLE_PAYLOAD, &got),
	    ERR_NOT_FOUND);
	assert_ok(bundle_read_member(r, BUNDLE_SUMS, &got));
	digest_sha256(got, digest);
	assert_memory_equal(bundle_read_sums_sha256(r), digest, DIGEST_LEN);
	assert_int_equal(bundle_read_sums(r)->len, 21);
	while (bundle_read_name_at(r, i) != NULL)
		i++;
	assert_int_equal(i, 25);
	bundle_read_payload(r, &p);
	assert_int_equal(p.bytes, s->f.result.bytes);
	assert_memory_equal(p.sha256, s->f.result.sha256, DIGEST_LEN);
	assert_ok(buf_reserve(&bytes, (size_t)p.bytes));
	assert_int_equal(pread(p.fd, bytes.data, (size_t)p.bytes,
	    (off_t)p.offset), p.bytes);
	digest_sha256(bytes_of(bytes.data, (size_t)p.bytes), digest);
	assert_memory_equal(digest, s->f.result.sha256, DIGEST_LEN);
}

static void
test_reads_tar_and_folder(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(bundle_read_cleanup) struct bundle_reader *tar = NULL;
	CLEANUP(bundle_read_cleanup) struct bundle_reader *folder = NULL;
	char path[FS_PATH_MAX];

	(void)state;
	scene_bundle(&s);
	assert_ok(bundle_read_open(s.tar, &tar, NULL));
	check_reader(&s, tar);
	assert_int_equal(fixture_run("cd %s && mkdir u && tar -C u -xf "
	    FIXTURE_EXPORT ".tar", s.dir), 0);
	assert_ok(fs_path(path, "%s/u/" FIXTURE_EXPORT, s.dir));
	assert_ok(bundle_read_open(path, &folder, NULL));
	check_reader(&s, folder);
	assert_err(try_open(&s, "/nonexistent"), ERR_NOT_FOUND);
}

static void
test_unsealed(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r = NULL;

	(void)state;
	scene_bundle(&s);
	assert_err(try_open(&s, s.folder), ERR_NOT_FOUND);
	assert_non_null(strstr(s.info.message, "SHA256SUMS.sig"));
	assert_ok(bundle_read_open_unsealed(s.folder, &r, NULL));
	assert_string_equal(bundle_read_export_id(r), FIXTURE_EXPORT);
}

/* GNU tar, given the order of the format, makes a bundle too. */
static void
test_reads_what_others_pack(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_bundle(&s);
	assert_int_equal(fixture_run("cd %s && mkdir u && cd u && tar -xf ../"
	    FIXTURE_EXPORT ".tar && tar -tf ../" FIXTURE_EXPORT ".tar > l && "
	    "tar --format=ustar --no-recursion -T l -cf ../" FIXTURE_EXPORT
	    ".tar", s.dir), 0);
	assert_ok(try_open(&s, s.tar));
	/* Without entries for folders as well. */
	assert_int_equal(fixture_run("cd %s/u && grep -v '/$' l > m && "
	    "tar --format=ustar --no-recursion -T m -cf ../" FIXTURE_EXPORT
	    ".tar", s.dir), 0);
	assert_ok(try_open(&s, s.tar));
}

struct hostile {
	const char *command;    /* in the unpacked folder; l lists members */
	enum err tar, folder;   /* what it gives; ERR_OK: not tried */
	const char *message;
};

static const struct hostile hostiles[] = {
	{"echo x >> plan.txt", ERR_MISMATCH, ERR_MISMATCH, "plan.txt"},
	{"printf x >> payload.tar.zst.age", ERR_MISMATCH, ERR_MISMATCH,
	    "payload.tar.zst.age"},
	{"rm plan.txt.sig; sed -i /plan.txt.sig/d ../l", ERR_NOT_FOUND,
	    ERR_NOT_FOUND, "plan.txt.sig is missing"},
	{"rm payload.tar.zst.age; sed -i /payload/d ../l", ERR_NOT_FOUND,
	    ERR_NOT_FOUND, "payload.tar.zst.age is missing"},
	{"rm SHA256SUMS; sed -i '/SHA256SUMS$/d' ../l", ERR_NOT_FOUND,
	    ERR_NOT_FOUND, "SHA256SUMS is missing"},
	{"rm SHA256SUMS.tlog-proof; sed -i /SUMS.tlog/d ../l", ERR_NOT_FOUND,
	    ERR_NOT_FOUND, "SHA256SUMS.tlog-proof is missing"},
	{"rm approvals/c.*; sed -i /approvals.c/d ../l", ERR_NOT_FOUND,
	    ERR_NOT_FOUND, "approvals/c."},
	{"touch x; sed -i '2iEXP-2026-0007/x' ../l", ERR_UNKNOWN, ERR_UNKNOWN,
	    "x is no part"},
	{"touch .x; sed -i '2iEXP-2026-0007/.x' ../l", ERR_SYNTAX, ERR_SYNTAX,
	    NULL},
	{"for x in txt txt.sig entry tlog-proof; do cp approvals/a.$x "
	    "approvals/b.$x; done; sed -i '/approvals.a.tlog/aEXP-2026-0007/"
	    "approvals/b.txt\\nEXP-2026-0007/approvals/b.txt.sig\\n"
	    "EXP-2026-0007/approvals/b.entry\\nEXP-2026-0007/approvals/"
	    "b.tlog-proof' ../l", ERR_UNKNOWN, ERR_UNKNOWN, "approvals/b.entry"},
	{"mv plan.txt request.txt.x; mv request.txt plan.txt; "
	    "mv request.txt.x request.txt", ERR_MISMATCH, ERR_MISMATCH,
	    "plan.txt"},
	{"mv disclosure.txt discl.txt; sed -i s/disclosure.txt/discl.txt/ ../l",
	    ERR_UNKNOWN, ERR_UNKNOWN, "discl.txt"},
	{"sed -i '3{h;d};4{G}' ../l", ERR_SYNTAX, ERR_OK,
	    "does not stand in its place"},
	{"echo " FIXTURE_EXPORT "/approvals/ >> ../l", ERR_DUPLICATE, ERR_OK,
	    "approvals is there twice"},
	{"touch ../y; sed -i 1iy ../l", ERR_UNKNOWN, ERR_OK, "outside"},
	{"touch ../y; echo y >> ../l", ERR_UNKNOWN, ERR_OK, "y lies outside"},
	{"mkdir sub; sed -i '2iEXP-2026-0007/sub/' ../l", ERR_UNKNOWN, ERR_OK,
	    "sub"},
	{"mkdir sub; touch sub/x; sed -i '2iEXP-2026-0007/sub/x' ../l",
	    ERR_UNKNOWN, ERR_UNKNOWN, "sub/x"},
	{"rm plan.txt; ln -s request.txt plan.txt", ERR_UNSUPPORTED,
	    ERR_UNSUPPORTED, NULL},
	{"rm plan.txt; mkfifo plan.txt", ERR_UNSUPPORTED, ERR_UNSUPPORTED,
	    NULL},
	{"rm plan.txt; ln request.txt plan.txt", ERR_UNSUPPORTED, ERR_MISMATCH,
	    NULL},
	{"head -c 5000000 /dev/zero > plan.txt", ERR_LIMIT, ERR_LIMIT,
	    "plan.txt is too long"},
	{"sed -i '$d' SHA256SUMS", ERR_UNKNOWN, ERR_UNKNOWN,
	    "trust/witness-policy is there but not listed"},
	{"sed -i 1d SHA256SUMS", ERR_UNKNOWN, ERR_UNKNOWN, "not listed"},
	{"sort -r -o SHA256SUMS SHA256SUMS", ERR_SYNTAX, ERR_SYNTAX,
	    "sorted order"},
	{"echo '# x' >> SHA256SUMS", ERR_SYNTAX, ERR_SYNTAX, NULL},
	{"sha256sum SHA256SUMS.sig >> SHA256SUMS; LC_ALL=C sort -k2 -o "
	    "SHA256SUMS SHA256SUMS", ERR_NOT_FOUND, ERR_NOT_FOUND,
	    "SHA256SUMS.sig"},
	{"sed -i 's/0007/0008/' STATEMENT.txt; sed -i \"s/^.* STATEMENT.txt/"
	    "$(sha256sum STATEMENT.txt)/\" SHA256SUMS", ERR_MISMATCH,
	    ERR_OK, "another export"},
	{"echo x > STATEMENT.txt; sed -i \"s/^.* STATEMENT.txt/"
	    "$(sha256sum STATEMENT.txt)/\" SHA256SUMS", ERR_SYNTAX, ERR_SYNTAX,
	    NULL},
};

static void
expect(struct scene *s, const struct hostile *h, const char *path,
    enum err want)
{
	enum err e = try_open(s, path);

	if (e != want || (h->message != NULL &&
	    strstr(s->info.message, h->message) == NULL))
		fail_msg("%s: %s (%s)", h->command, err_name(e),
		    s->info.message);
}

static void
test_hostile_bundles(void **state)
{
	CLEANUP(scene_release) struct scene s;
	char path[FS_PATH_MAX];
	size_t i;

	(void)state;
	scene_bundle(&s);
	assert_int_equal(fixture_run("mv %s %s/good.tar", s.tar, s.dir), 0);
	assert_ok(fs_path(path, "%s/u/" FIXTURE_EXPORT, s.dir));
	for (i = 0; i < ARRAY_LEN(hostiles); i++) {
		const struct hostile *h = &hostiles[i];

		assert_int_equal(fixture_run("cd %s && rm -rf u && mkdir u && "
		    "cd u && tar -xf ../good.tar && tar -tf ../good.tar > l && "
		    "(cd " FIXTURE_EXPORT " && { %s; }) && "
		    "tar --format=ustar --no-recursion -T l -cf %s",
		    s.dir, h->command, s.tar), 0);
		expect(&s, h, s.tar, h->tar);
		if (h->folder != ERR_OK)
			expect(&s, h, path, h->folder);
	}
}

/* A bundle in another folder's name. */
static void
test_renamed_folder(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_bundle(&s);
	assert_int_equal(fixture_run("cd %s && mkdir u && cd u && tar -xf %s && "
	    "tar -tf %s > l && tar --format=ustar --no-recursion -T l "
	    "--transform s/0007/0008/ -cf %s", s.dir, s.tar, s.tar, s.tar), 0);
	assert_err(try_open(&s, s.tar), ERR_MISMATCH);
	assert_int_equal(fixture_run("cd %s/u && tar --format=ustar "
	    "--no-recursion -T l --transform s/EXP-2026-0007/x/ -cf %s", s.dir,
	    s.tar), 0);
	assert_err(try_open(&s, s.tar), ERR_UNKNOWN);
}

/* Every bit and every cut of a whole bundle: members that are covered by
 * SHA256SUMS and the container itself never pass.  The seals are the caller's
 * to verify, and nothing but their bytes is. */
static void
test_every_bit_and_cut(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(buf_release) struct buf good = {0};
	char path[FS_PATH_MAX];
	uint64_t sig_bytes;
	size_t i, passed = 0;

	(void)state;
	scene_bundle(&s);
	assert_ok(fs_read_file(s.tar, 1 << 20, &good));
	for (i = 0; i < good.len; i++) {
		uint8_t flipped = good.data[i] ^ (uint8_t)(1 << i % 8);

		fixture_overwrite(s.tar, i, bytes_of(&flipped, 1));
		if (try_open(&s, s.tar) == ERR_OK)
			passed++;
		fixture_overwrite(s.tar, i, bytes_of(good.data + i, 1));
	}
	assert_ok(try_open(&s, s.tar));
	for (i = good.len; i > 0; i -= i % 512 == 1 ? 1 : i % 512 == 0 ? 1 :
	    i % 512 - 1) {
		assert_int_equal(truncate(s.tar, (off_t)(i - 1)), 0);
		assert_int_not_equal(try_open(&s, s.tar), ERR_OK);
	}
	/* One flip for each byte of the three seals. */
	assert_ok(fs_path(path, "%s/sums.sig", s.dir));
	assert_ok(fs_size(path, &sig_bytes));
	assert_int_equal(passed, sig_bytes + strlen("entry\n") +
	    strlen("proof\n"));
}

/* ---- opening by hand ---- */

/* The Linux block of README.txt as DIR/open.sh. */
static void
cut_linux_block(const struct scene *s)
{
	assert_int_equal(fixture_run("cd %s && tar -xOf " FIXTURE_EXPORT ".tar "
	    FIXTURE_EXPORT "/README.txt | sed -n '/^" README_LINUX_BEGIN "$/,/^"
	    README_LINUX_END "$/p' > open.sh && test $(wc -l < open.sh) -gt 20",
	    s->dir), 0);
}

/* A folder of links to the few tools and nothing else. */
#define BARE \
    "mkdir -p bin && for t in tar sha256sum ssh-keygen age zstd; do " \
    "ln -sf $(command -v $t) bin/$t; done"

static int
open_by_hand(const struct scene *s)
{
	return fixture_run("cd %s && " BARE " && rm -rf w && mkdir w && cd w && "
	    "cp ../" FIXTURE_EXPORT ".tar . && KEY=../id SIGNERS=../signers "
	    "PATH=%s/bin /bin/sh ../open.sh > ../log 2>&1", s->dir, s->dir);
}

static void
test_opens_by_hand(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_bundle(&s);
	fixture_write_identity(&s.f, s.dir);
	cut_linux_block(&s);
	if (open_by_hand(&s) != 0)
		fail_msg("the Linux block failed: %d", fixture_run("cat %s/log",
		    s.dir));
	assert_int_equal(fixture_run("cd %s && grep -q ^complete: log && "
	    "grep -q Good log && test -s w/" FIXTURE_EXPORT
	    "-data/data/responses.csv", s.dir), 0);
	/* As a person runs it: rm is there, no ciphertext's plaintext stays. */
	assert_int_equal(fixture_run("cd %s && rm -rf w && mkdir w && cd w && "
	    "cp ../" FIXTURE_EXPORT ".tar . && KEY=../id SIGNERS=../signers "
	    "sh ../open.sh > ../log 2>&1 && test ! -e " FIXTURE_EXPORT
	    "-data.tar.zst", s.dir), 0);
}

static void
test_by_hand_refuses(void **state)
{
	static const char *const damages[] = {
		"echo x >> STATEMENT.txt", "printf x >> payload.tar.zst.age",
		"touch extra.txt", "touch approvals/extra", "touch .hidden",
		"mkdir trust/sub", "rm plan.txt", "echo x >> SHA256SUMS",
		"cp ../other SHA256SUMS.sig",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(damages); i++) {
		CLEANUP(scene_release) struct scene s;

		scene_bundle(&s);
		fixture_write_identity(&s.f, s.dir);
		cut_linux_block(&s);
		assert_int_equal(fixture_run("cd %s && echo x > sums && rm "
		    "sums.sig && ssh-keygen -q -Y sign -f gateway -n "
		    "export@azukari sums 2>/dev/null && mkdir u && cp sums.sig "
		    "u/other && cd u && tar -xf %s && (cd " FIXTURE_EXPORT
		    " && %s) && tar -cf %s " FIXTURE_EXPORT, s.dir, s.tar,
		    damages[i], s.tar), 0);
		if (open_by_hand(&s) == 0)
			fail_msg("%s: opened", damages[i]);
		assert_int_equal(fixture_run("cd %s && ! grep -q ^complete log "
		    "&& test ! -e w/" FIXTURE_EXPORT "-data", s.dir), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_container),
		cmocka_unit_test(test_build_refuses),
		cmocka_unit_test(test_build_twice),
		cmocka_unit_test(test_finish_is_deterministic),
		cmocka_unit_test(test_release_signatures),
		cmocka_unit_test(test_finish_checks_the_folder),
		cmocka_unit_test(test_reads_tar_and_folder),
		cmocka_unit_test(test_unsealed),
		cmocka_unit_test(test_reads_what_others_pack),
		cmocka_unit_test(test_hostile_bundles),
		cmocka_unit_test(test_renamed_folder),
		cmocka_unit_test(test_every_bit_and_cut),
		cmocka_unit_test(test_opens_by_hand),
		cmocka_unit_test(test_by_hand_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
