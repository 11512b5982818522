#include "tests/unit/unit.h"

#include <dirent.h>

#include "core/fs.h"
#include "exporters/bag.h"
#include "tests/unit/exporters/fixture.h"

/* A good bag in DIR: two payload files and one more tag file. */
static void
make_bag(char dir[256])
{
	unit_temp_dir(dir, 256);
	assert_int_equal(fixture_run("cd %s && mkdir data load && "
	    "printf 'a\\n' > data/a.csv && printf 'bb\\n' > data/b.csv && "
	    "echo x > load/load.py && printf 'BagIt-Version: 1.0\\n"
	    "Tag-File-Character-Encoding: UTF-8\\n' > bagit.txt && "
	    "printf 'Payload-Oxum: 5.2\\n' > bag-info.txt && "
	    "sha256sum data/* > manifest-sha256.txt && "
	    "sha256sum bag-info.txt bagit.txt load/load.py "
	    "manifest-sha256.txt > tagmanifest-sha256.txt", dir), 0);
}

static void
test_good_bag(void **state)
{
	CLEANUP(sums_release) struct sums found = {0};
	char dir[256];

	(void)state;
	make_bag(dir);
	assert_ok(bag_check_folder(dir, NULL));
	assert_ok(bag_read_folder(dir, &found, NULL));
	assert_int_equal(found.len, 6);
	assert_non_null(sums_find(&found, "load/load.py"));
	assert_null(sums_find(&found, "tagmanifest-sha256.txt"));
	assert_ok(fs_remove_tree(dir));
	assert_err(bag_check_folder(dir, NULL), ERR_NOT_FOUND);
}

#define RESUM "; sha256sum data/* > manifest-sha256.txt; sha256sum " \
    "$(ls *.txt load/* | grep -v tagmanifest | LC_ALL=C sort) > " \
    "tagmanifest-sha256.txt"

static const struct {
	const char *command;
	enum err want;
	const char *message;
} bad_bags[] = {
	{"echo x >> data/a.csv", ERR_MISMATCH, "data/a.csv"},
	{"rm data/a.csv", ERR_NOT_FOUND, "data/a.csv"},
	{"echo x > data/c.csv", ERR_UNKNOWN, "data/c.csv"},
	{"echo x >> load/load.py", ERR_MISMATCH, "load/load.py"},
	{"echo x > load/other.py", ERR_UNKNOWN, "load/other.py"},
	{"rm bagit.txt", ERR_NOT_FOUND, "bagit.txt is missing"},
	{"rm bag-info.txt", ERR_NOT_FOUND, "bag-info.txt is missing"},
	{"rm manifest-sha256.txt", ERR_NOT_FOUND, "manifest-sha256.txt"},
	{"rm tagmanifest-sha256.txt", ERR_NOT_FOUND, "tagmanifest-sha256.txt"},
	{"sed -i s/1.0/0.97/ bagit.txt" RESUM, ERR_UNSUPPORTED, "1.0"},
	{"sed -i s/1.0/1.1/ bagit.txt" RESUM, ERR_UNSUPPORTED, "1.0"},
	{"sed -i s/UTF-8/UTF-16/ bagit.txt" RESUM, ERR_SYNTAX, "bagit.txt"},
	{"echo >> bagit.txt" RESUM, ERR_SYNTAX, "bagit.txt"},
	{"sed -i 's/$/\\r/' bagit.txt" RESUM, ERR_SYNTAX, "bagit.txt"},
	{"printf '\\357\\273\\277' > x; cat bagit.txt >> x; mv x bagit.txt"
	    RESUM, ERR_SYNTAX, "bagit.txt"},
	{"echo 'http://x/a - data/a.csv' > fetch.txt" RESUM, ERR_UNSUPPORTED,
	    "fetch.txt"},
	{"sha512sum data/* > manifest-sha512.txt" RESUM, ERR_UNSUPPORTED,
	    "manifest-sha512.txt"},
	{"md5sum data/* > tagmanifest-md5.txt" RESUM, ERR_UNSUPPORTED,
	    "tagmanifest-md5.txt"},
	{"sed -i s/5.2/6.2/ bag-info.txt" RESUM, ERR_MISMATCH, "Oxum"},
	{"sed -i s/5.2/5.3/ bag-info.txt" RESUM, ERR_MISMATCH, "Oxum"},
	{"sed -i s/5.2/05.2/ bag-info.txt" RESUM, ERR_SYNTAX, "Payload-Oxum"},
	{"sed -i s/5.2/5/ bag-info.txt" RESUM, ERR_SYNTAX, "Payload-Oxum"},
	{"echo 'Payload-Oxum: 5.2' >> bag-info.txt" RESUM, ERR_DUPLICATE,
	    "two Payload-Oxum"},
	{"echo 'A: b' > bag-info.txt" RESUM, ERR_NOT_FOUND, "Payload-Oxum"},
	{"echo ' folded' >> bag-info.txt" RESUM, ERR_SYNTAX, "bag-info.txt"},
	{"mv data/a.csv data/.a" RESUM, ERR_SYNTAX, NULL},
	{"mv data/a.csv 'data/a b'" RESUM, ERR_SYNTAX, NULL},
	{"rm data/a.csv; ln -s b.csv data/a.csv", ERR_UNSUPPORTED,
	    "data/a.csv"},
	{"rm -r data; ln -s /etc data", ERR_UNSUPPORTED, "data"},
	{"rm data/a.csv; mkfifo data/a.csv", ERR_UNSUPPORTED, "data/a.csv"},
	{"sed -i '1{p}' manifest-sha256.txt", ERR_MISMATCH, "manifest"},
	{"sed -i 's/  / */' tagmanifest-sha256.txt", ERR_SYNTAX, NULL},
	{"sha256sum bagit.txt >> manifest-sha256.txt; sha256sum "
	    "bag-info.txt bagit.txt load/load.py manifest-sha256.txt > "
	    "tagmanifest-sha256.txt", ERR_SYNTAX, NULL},
	{"d=data; for i in 1 2 3 4 5 6 7 8 9; do d=$d/x; done; mkdir -p $d",
	    ERR_LIMIT, "deep"},
};

static void
test_bad_bags(void **state)
{
	struct err_info info;
	char dir[256];
	enum err e;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad_bags); i++) {
		make_bag(dir);
		assert_int_equal(fixture_run("cd %s && { %s; }", dir,
		    bad_bags[i].command), 0);
		memset(&info, 0, sizeof(info));
		e = bag_check_folder(dir, &info);
		if (e != bad_bags[i].want || (bad_bags[i].message != NULL &&
		    strstr(info.message, bad_bags[i].message) == NULL))
			fail_msg("%s: %s (%s)", bad_bags[i].command,
			    err_name(e), info.message);
		assert_ok(fs_remove_tree(dir));
	}
}

static void
test_info(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	struct bag_info i = {.export_id = "EXP-2026-0007",
		.owner_name = "神奈川県", .day = 20514,
		.payload_bytes = 12345678901, .payload_files = 3};
	uint64_t bytes, files;

	(void)state;
	assert_ok(bag_info_write(&i, &out));
	assert_string_equal(buf_text(&out), "Source-Organization: 神奈川県\n"
	    "External-Identifier: EXP-2026-0007\nBagging-Date: 2026-03-02\n"
	    "Payload-Oxum: 12345678901.3\n");
	assert_ok(bag_info_oxum(bytes_buf(&out), &bytes, &files, NULL));
	assert_int_equal(bytes, 12345678901);
	assert_int_equal(files, 3);
	i.owner_name = "a\nPayload-Oxum: 1.1";
	assert_err(bag_info_write(&i, &out), ERR_ENCODING);
}

/* ---- the conformance suite of the Library of Congress ---- */

/* Checks all bags of a folder of the suite; how many there were. */
static size_t
check_suite(const char *name, enum err (*check)(const char *bag))
{
	char path[FS_PATH_MAX], bag[FS_PATH_MAX];
	CLEANUP(fs_names_release) struct fs_names bags = {0};
	size_t i, n = 0;
	enum err e;

	if (!unit_shared(path, sizeof(path), name))
		return 0;
	assert_ok(fs_list(path, &bags));
	for (i = 0; i < bags.len; i++) {
		if (strcmp(bags.names[i], "Makefile") == 0)
			continue;
		assert_ok(fs_path(bag, "%s/%s", path, bags.names[i]));
		if ((e = check(bag)) == ERR_OK)
			fail_msg("%s: accepted", bag);
		n++;
	}
	return n;
}

static enum err
check_one(const char *bag)
{
	return bag_check_folder(bag, NULL);
}

static void
test_suite_invalid(void **state)
{
	size_t n;

	(void)state;
	n = check_suite("vectors/bagit/v1.0/invalid", check_one);
	if (n == 0)
		UNIT_SKIP("no BagIt conformance suite");
	assert_int_equal(n, 4);
	assert_true(check_suite("vectors/bagit/v0.97/invalid", check_one) >
	    10);
}

/* Valid bags outside our subset (sha512, md5, version 0.97) are refused as
 * such or for a part of ours they do not have, never as damaged. */
static enum err
check_outside(const char *bag)
{
	struct err_info info = {0};
	enum err e = bag_check_folder(bag, &info);

	if (e != ERR_UNSUPPORTED && e != ERR_NOT_FOUND && e != ERR_SYNTAX)
		fail_msg("%s: %s (%s)", bag, err_name(e), info.message);
	return e;
}

static void
test_suite_valid_is_outside(void **state)
{
	(void)state;
	if (check_suite("vectors/bagit/v1.0/valid", check_outside) == 0)
		UNIT_SKIP("no BagIt conformance suite");
	(void)check_suite("vectors/bagit/v0.97/valid", check_outside);
	(void)check_suite("vectors/bagit/v0.97/linux-only", check_outside);
}

/* The suite's valid bag, brought into our subset by nothing but other
 * digests, is accepted; its invalid ones, treated the same, still are not. */
static void
test_suite_in_our_subset(void **state)
{
	char path[FS_PATH_MAX], dir[256];

	(void)state;
	if (!unit_shared(path, sizeof(path),
	    "vectors/bagit/v1.0/valid/basicBag"))
		UNIT_SKIP("no BagIt conformance suite");
	unit_temp_dir(dir, sizeof(dir));
	assert_int_equal(fixture_run("cd %s && cp -r %s b && chmod -R u+w b && "
	    "cd b && rm *sha512.txt && printf 'Payload-Oxum: %%s.%%s\\n' "
	    "$(cat data/* | wc -c) $(ls data | wc -l) > bag-info.txt && "
	    "sha256sum data/* > manifest-sha256.txt && sha256sum bag-info.txt "
	    "bagit.txt manifest-sha256.txt > tagmanifest-sha256.txt", dir,
	    path), 0);
	assert_ok(fs_path(path, "%s/b", dir));
	assert_ok(bag_check_folder(path, NULL));
	assert_ok(fs_remove_tree(dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_bag),
		cmocka_unit_test(test_bad_bags),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_suite_invalid),
		cmocka_unit_test(test_suite_valid_is_outside),
		cmocka_unit_test(test_suite_in_our_subset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
