#include "tests/unit/unit.h"

#include <fcntl.h>

#include "core/fs.h"
#include "exporters/bag.h"
#include "exporters/payload_read.h"
#include "exporters/tar.h"
#include "tests/unit/exporters/fixture.h"

/* A payload on disk, and an empty folder to open it into. */
struct scene {
	struct fixture f;
	char dir[256];
	char payload[FS_PATH_MAX], out[FS_PATH_MAX];
	struct statement statement;
	const struct secret *identity;
	struct age_keys keys;
	struct err_info info;
};

static void
scene_init(struct scene *s, size_t people)
{
	memset(s, 0, sizeof(*s));
	unit_temp_dir(s->dir, sizeof(s->dir));
	assert_ok(fs_path(s->payload, "%s/payload", s->dir));
	assert_ok(fs_path(s->out, "%s/out", s->dir));
	assert_ok(fs_mkdir(s->out, 0700));
	fixture_init(&s->f, people);
	fixture_write_payload(&s->f, s->payload);
	fixture_statement(&s->f, &s->statement);
	s->keys = fixture_keys(&s->f, &s->identity);
}

static void
scene_release(struct scene *s)
{
	fixture_release(&s->f);
	assert_ok(fs_remove_tree(s->dir));
}

/* Opens ${offset}.. of the file; its digest is taken as the expected one
 * unless ${sha256} says another. */
static enum err
open_at(struct scene *s, uint64_t offset, const uint8_t *sha256)
{
	struct payload_read_spec spec = {
		.statement = &s->statement, .keys = &s->keys,
		.out_dir = s->out,
	};
	CLEANUP(payload_read_result_release) struct payload_read_result r =
	    {0};
	uint64_t size;
	enum err e;
	int fd = open(s->payload, O_RDONLY);

	assert_true(fd >= 0);
	assert_ok(digest_sha256_file(s->payload, spec.payload.sha256, &size));
	if (sha256 != NULL)
		memcpy(spec.payload.sha256, sha256, DIGEST_LEN);
	spec.payload.fd = fd;
	spec.payload.offset = offset;
	spec.payload.bytes = size - offset;
	memset(&s->info, 0, sizeof(s->info));
	e = payload_read(&spec, &r, &s->info);
	(void)close(fd);
	if (e == ERR_OK) {
		assert_int_equal(r.rows, s->f.result.rows);
		assert_int_equal(r.respondents, s->f.result.respondents);
		assert_string_equal(r.binding.export_id, FIXTURE_EXPORT);
		assert_true(secret_equal(r.binding.salt, s->f.binding.salt));
	}
	return e;
}

static enum err
open_it(struct scene *s)
{
	return open_at(s, 0, NULL);
}

static void
expect_refused(struct scene *s, enum err want)
{
	assert_err(open_it(s), want);
	assert_true(fixture_is_empty(s->out));
}

static void
test_opens(void **state)
{
	CLEANUP(scene_release) struct scene s;
	char path[FS_PATH_MAX];

	(void)state;
	scene_init(&s, 3000);
	assert_ok(open_it(&s));
	assert_ok(fs_path(path, "%s/" FIXTURE_EXPORT "-data", s.out));
	assert_ok(bag_check_folder(path, NULL));
	fixture_write_identity(&s.f, s.dir);
	assert_int_equal(fixture_run("cd %s && age -d -i id -o x.zst payload && "
	    "tar --zstd -xf x.zst && diff -r " FIXTURE_EXPORT "-data out/"
	    FIXTURE_EXPORT "-data && test $(stat -c %%a out/" FIXTURE_EXPORT
	    "-data/data/responses.csv) = 600", s.dir), 0);
	/* What is there is not overwritten. */
	assert_err(open_it(&s), ERR_EXISTS);
	assert_ok(bag_check_folder(path, NULL));
}

static void
test_opens_inside_a_container(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_init(&s, 5);
	assert_int_equal(fixture_run("cd %s && cp payload p && "
	    "(head -c 777 /dev/zero; cat p) > payload", s.dir), 0);
	assert_ok(open_at(&s, 777, s.f.result.sha256));
}

static void
test_wrong_key(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(secret_cleanup) struct secret *other = NULL;

	(void)state;
	scene_init(&s, 5);
	assert_ok(age_secret_new(&other));
	s.identity = other;
	expect_refused(&s, ERR_NO_MATCH);
}

static void
test_wrong_digest(void **state)
{
	CLEANUP(scene_release) struct scene s;
	uint8_t other[DIGEST_LEN] = {0};

	(void)state;
	scene_init(&s, 5);
	assert_err(open_at(&s, 0, other), ERR_MISMATCH);
	assert_true(fixture_is_empty(s.out));
}

/* ---- STATEMENT.txt of something else ---- */

static void
test_statement_binds(void **state)
{
	CLEANUP(scene_release) struct scene s;
	static const char other[] =
	    "0000000000000000000000000000000000000000000000000000000000000000";
	const char **members[7];
	size_t i;

	(void)state;
	scene_init(&s, 5);
	members[0] = &s.statement.plan_sha256;
	members[1] = &s.statement.request_sha256;
	members[2] = &s.statement.inner_tagmanifest_sha256;
	members[3] = &s.statement.consent_root;
	members[4] = &s.statement.receipt_commitment;
	members[5] = &s.statement.rows_exported;
	members[6] = &s.statement.respondents_exported;
	for (i = 0; i < ARRAY_LEN(members); i++) {
		const char *keep = *members[i];

		*members[i] = i < 5 ? other : "6666";
		expect_refused(&s, ERR_MISMATCH);
		assert_true(s.info.message[0] != '\0');
		*members[i] = keep;
	}
	s.statement.recipient = "age1other";
	expect_refused(&s, ERR_MISMATCH);
	s.statement.recipient = s.f.recipient;
	s.statement.payload_bytes = "1";
	expect_refused(&s, ERR_MISMATCH);
	s.statement.payload_bytes = s.f.statement_texts[5];
	s.statement.export_id = "EXP-2026-0008";
	expect_refused(&s, ERR_MISMATCH);
	s.statement.export_id = FIXTURE_EXPORT;
	/* Small counts are not told and not compared. */
	s.statement.rows_exported = "<10";
	assert_ok(open_it(&s));
}

/* ---- damage: nothing of it ever opens, and nothing stays ---- */

static void
test_every_bit_and_cut(void **state)
{
	CLEANUP(scene_release) struct scene s;
	CLEANUP(buf_release) struct buf good = {0};
	size_t i;

	(void)state;
	scene_init(&s, 2);
	assert_ok(fs_read_file(s.payload, 1 << 20, &good));
	/* Every bit of the header, then one of each byte. */
	for (i = 0; i < good.len; i++) {
		unsigned bit = i < 200 ? 8 : 1;

		while (bit-- > 0) {
			uint8_t flipped = good.data[i] ^
			    (uint8_t)(1 << (bit + i) % 8);

			fixture_overwrite(s.payload, i, bytes_of(&flipped, 1));
			assert_int_not_equal(open_it(&s), ERR_OK);
			assert_true(fixture_is_empty(s.out));
		}
		fixture_overwrite(s.payload, i, bytes_of(good.data + i, 1));
	}
	/* Every cut near the start, and the last byte of all. */
	for (i = good.len; i > 0; ) {
		i -= i > 337 && i < good.len ? 37 : 1;
		assert_int_equal(truncate(s.payload, (off_t)i), 0);
		assert_int_not_equal(open_it(&s), ERR_OK);
		assert_true(fixture_is_empty(s.out));
	}
	fixture_overwrite(s.payload, 0, bytes_buf(&good));
	assert_ok(open_it(&s));
	assert_ok(fs_remove_tree(s.out));
	assert_ok(fs_mkdir(s.out, 0700));
	assert_ok(buf_append_u8(&good, 0));
	fixture_overwrite(s.payload, 0, bytes_buf(&good));
	expect_refused(&s, ERR_DECRYPT);
}

/* ---- payloads that are well encrypted, but wrong inside ---- */

/* Unpacks the payload, runs ${command} in EXP-…-data, packs what
 * DIR/list names in order (all members in their order when NULL). */
static void
repack(struct scene *s, const char *command, const char *tar_options)
{
	fixture_write_identity(&s->f, s->dir);
	assert_int_equal(fixture_run("cd %s && rm -rf w && mkdir w && cd w && "
	    "age -d -i ../id -o x.zst ../payload && zstd -q -d x.zst -o x && "
	    "tar -xf x && tar -tf x > list && (cd " FIXTURE_EXPORT
	    "-data && { %s; }) && tar --format=ustar %s --no-recursion -cf y "
	    "-T list && zstd -q -1 y -o y.zst && age -r %s -o ../payload y.zst",
	    s->dir, command, tar_options, s->f.recipient), 0);
	/* The size is another one now. */
	s->statement.payload_bytes = "-";
}

/* Makes manifests, tagmanifest and oxum of the changed folder right again, so
 * that only what was changed is wrong. */
#define RESUM \
    "sha256sum data/consents.csv data/datapackage.json data/responses.csv " \
    "> manifest-sha256.txt; sha256sum bag-info.txt bagit.txt binding.txt " \
    "$(echo consent-texts/*) load/load.R load/load.py manifest-sha256.txt " \
    "> tagmanifest-sha256.txt"

static void
restate(struct scene *s)
{
	char path[FS_PATH_MAX];
	uint8_t digest[DIGEST_LEN];

	assert_ok(fs_path(path, "%s/w/" FIXTURE_EXPORT
	    "-data/tagmanifest-sha256.txt", s->dir));
	assert_ok(digest_sha256_file(path, digest, NULL));
	digest_to_hex(digest, s->f.statement_texts[2]);
}

struct inside {
	const char *command, *tar_options;
	enum err want;
	const char *message;    /* a part of it; NULL: any */
};

static const struct inside insides[] = {
	{"true", "", ERR_OK, NULL},
	{"true; echo x >> load/load.py", "", ERR_MISMATCH, "load/load.py"},
	{"echo x >> load/load.py; " RESUM, "", ERR_OK, NULL},
	{"rm load/load.R; sed -i /load.R/d ../list", "", ERR_NOT_FOUND,
	    "load/load.R is missing"},
	{"rm tagmanifest-sha256.txt; sed -i /tagmani/d ../list", "",
	    ERR_NOT_FOUND, "tagmanifest-sha256.txt is missing"},
	{"rm binding.txt; sed -i /binding/d ../list", "", ERR_NOT_FOUND,
	    "binding.txt is missing"},
	{"echo x > fetch.txt; echo " FIXTURE_EXPORT "-data/fetch.txt >> ../list",
	    "", ERR_UNKNOWN, "fetch.txt"},
	{"echo x > data/x.csv; echo " FIXTURE_EXPORT "-data/data/x.csv >> "
	    "../list", "", ERR_UNKNOWN, "x.csv"},
	{"echo x > ../y.txt; echo y.txt >> ../list", "", ERR_MISMATCH,
	    "y.txt is not of this export"},
	{"mv load/load.R load/l.R; sed -i s/load.R/l.R/ ../list", "",
	    ERR_UNKNOWN, "load/l.R"},
	{"true", "--transform=s,0007,0008,", ERR_MISMATCH,
	    "is not of this export"},
	{"sed -n 2p ../list >> ../list", "--hard-dereference",
	    ERR_DUPLICATE, "bagit.txt is there twice"},
	{"sort -o ../list ../list", "", ERR_NOT_FOUND,
	    "bagit.txt is missing"},
	{"ln -sf data/responses.csv load/load.py", "", ERR_UNSUPPORTED, NULL},
	{"ln -f bagit.txt bag-info.txt", "", ERR_UNSUPPORTED, NULL},
	{"true", "--format=pax", ERR_UNSUPPORTED, NULL},
	{"true", "--format=gnu", ERR_UNSUPPORTED, NULL},
	{"sed -i 's/0\\.97/x/;s/1\\.0/0.97/' bagit.txt; " RESUM, "",
	    ERR_UNSUPPORTED, "BagIt 1.0"},
	{"sed -i 's/Payload-Oxum: ./Payload-Oxum: 9/' bag-info.txt; " RESUM,
	    "", ERR_MISMATCH, "Payload-Oxum"},
	{"printf 'x\\n' >> binding.txt; " RESUM, "", ERR_SYNTAX, NULL},
	{"f=$(echo consent-texts/*); echo x >> $f; " RESUM, "", ERR_MISMATCH,
	    "holds another text"},
	/* the tables */
	{"sed -i '2s/,1,/,2,/' data/responses.csv; " RESUM, "", ERR_CORRUPT,
	    "out of order"},
	{"sed -i '2s/^./b/;2s/^\\(.\\{9\\}\\)./\\1x/' data/responses.csv; "
	    RESUM, "", ERR_CORRUPT, "out of order"},
	{"sed -i '2{h;d};3{G}' data/consents.csv; " RESUM, "", ERR_CORRUPT,
	    "data/consents.csv"},
	{"sed -i '2s/,36[.]/,37./' data/responses.csv; "
	    RESUM, "", ERR_MISMATCH, "datapackage.json"},
	{"sed -i '1s/Q03/Q99/' data/responses.csv; " RESUM, "", ERR_MISMATCH,
	    "datapackage.json"},
	{"printf 'x' >> data/consents.csv; " RESUM, "", ERR_TRUNCATED, NULL},
	{"sed -i 's/\"rows\": 5/\"rows\": 6/' data/datapackage.json; " RESUM,
	    "", ERR_MISMATCH, NULL},
	{"sed -i 's/responses.csv/..\\/r.csv/' data/datapackage.json; " RESUM,
	    "", ERR_UNKNOWN, "path"},
	{"echo '{}' > data/datapackage.json; " RESUM, "", ERR_UNKNOWN,
	    "two resources"},
};

static void
test_wrong_inside(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(insides); i++) {
		CLEANUP(scene_release) struct scene s;
		const struct inside *c = &insides[i];
		enum err e;

		scene_init(&s, 5);
		repack(&s, c->command, c->tar_options);
		if (strstr(c->command, "tagmanifest-sha256.txt") != NULL &&
		    strstr(c->command, "rm tag") == NULL)
			restate(&s);
		e = open_it(&s);
		if (e != c->want || (c->message != NULL &&
		    strstr(s.info.message, c->message) == NULL))
			fail_msg("%s: %s (%s)", c->command, err_name(e),
			    s.info.message);
		assert_int_equal(fixture_is_empty(s.out), e != ERR_OK);
	}
}

/* The data is right in itself, but other people's consents are in it. */
static void
test_other_people(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_init(&s, 5);
	repack(&s, "sed -i 's/^     *\"rows\": 5/x/' data/datapackage.json; "
	    "/usr/bin/python3 -c \"\n"
	    "import hashlib, json\n"
	    "lines = open('data/consents.csv').read().splitlines(True)\n"
	    "text = ''.join(lines[:-1])\n"
	    "open('data/consents.csv', 'w').write(text)\n"
	    "p = json.load(open('data/datapackage.json'))\n"
	    "r = p['resources'][1]\n"
	    "r['rows'] = 4\n"
	    "r['bytes'] = len(text)\n"
	    "r['hash'] = 'sha256:' + hashlib.sha256(text.encode()).hexdigest()\n"
	    "open('data/datapackage.json', 'w').write(json.dumps(p))\n"
	    "\"; " RESUM, "");
	restate(&s);
	expect_refused(&s, ERR_MISMATCH);
	assert_non_null(strstr(s.info.message, "different people"));
}

/* ---- the layers between ---- */

static void
seal_file(struct scene *s, const char *command)
{
	fixture_write_identity(&s->f, s->dir);
	assert_int_equal(fixture_run("cd %s && age -d -i id -o x.zst payload && "
	    "zstd -q -d -f x.zst -o x && { %s; } && rm -f payload && "
	    "age -r %s -o payload y", s->dir, command, s->f.recipient), 0);
	s->statement.payload_bytes = "-";
}

static void
test_zstd_layer(void **state)
{
	static const struct {
		const char *command;
		enum err want;
	} cases[] = {
		{"zstd -q -19 x -o y", ERR_OK},
		{"zstd -q --long=27 x -o y", ERR_OK},
		{"cat x.zst x.zst > y", ERR_CORRUPT},
		{"(cat x.zst; echo junk) > y", ERR_CORRUPT},
		{"head -c -1 x.zst > y", ERR_TRUNCATED},
		{"head -c 10 x.zst > y", ERR_TRUNCATED},
		{"cp x y", ERR_CORRUPT},
		{": > y", ERR_TRUNCATED},
		{"(cat x; cat x) | zstd -q > y", ERR_SYNTAX},
		{"head -c -1024 x | zstd -q > y", ERR_TRUNCATED},
		{"(cat x; head -c 9000 /dev/zero) | zstd -q > y", ERR_SYNTAX},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(scene_release) struct scene s;
		enum err e;

		scene_init(&s, 5);
		seal_file(&s, cases[i].command);
		e = open_it(&s);
		if (e != cases[i].want)
			fail_msg("%s: %s (%s)", cases[i].command, err_name(e),
			    s.info.message);
		assert_int_equal(fixture_is_empty(s.out), e != ERR_OK);
	}
}

/* Two thousand billion zeros in few bytes end at the first rule. */
static void
test_bomb(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_init(&s, 5);
	seal_file(&s, "head -c 512 x > h; (cat h; head -c 100000000 /dev/zero) "
	    "| zstd -q > y");
	expect_refused(&s, ERR_SYNTAX);
}

static void
test_no_folder(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	scene_init(&s, 5);
	assert_ok(fs_remove_tree(s.out));
	assert_err(open_it(&s), ERR_NOT_FOUND);
	assert_ok(fs_mkdir(s.out, 0700));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens),
		cmocka_unit_test(test_opens_inside_a_container),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_wrong_digest),
		cmocka_unit_test(test_statement_binds),
		cmocka_unit_test(test_every_bit_and_cut),
		cmocka_unit_test(test_wrong_inside),
		cmocka_unit_test(test_other_people),
		cmocka_unit_test(test_zstd_layer),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_no_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
