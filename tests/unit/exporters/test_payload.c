#include "tests/unit/unit.h"

#include <fcntl.h>

#include "core/fs.h"
#include "exporters/csv_out.h"
#include "keys/merkle.h"
#include "tests/unit/exporters/fixture.h"

#define D FIXTURE_EXPORT "-data/"

struct place {
	char dir[256];
	char path[FS_PATH_MAX];
};

static void
place_init(struct place *p)
{
	unit_temp_dir(p->dir, sizeof(p->dir));
	assert_ok(fs_path(p->path, "%s/payload", p->dir));
}

static void
place_release(struct place *p)
{
	assert_ok(fs_remove_tree(p->dir));
}

/* Decrypts p->path with stock tools to DIR/NAME.tar and unpacks it. */
static int
unpack(const struct place *p, const char *name)
{
	return fixture_run("cd %s && age -d -i id -o x.zst payload && "
	    "zstd -q -d -f x.zst -o %s.tar && tar -xf %s.tar", p->dir, name,
	    name);
}

static void
test_opens_with_stock_tools(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(place_release) struct place p;
	CLEANUP(buf_release) struct buf csv = {0};
	uint8_t digest[DIGEST_LEN];
	char path[FS_PATH_MAX];
	uint64_t size;

	(void)state;
	place_init(&p);
	fixture_init(&f, 40);
	fixture_write_payload(&f, p.path);
	fixture_write_identity(&f, p.dir);
	assert_int_equal(unpack(&p, "a"), 0);
	assert_int_equal(fixture_run("cd %s/" FIXTURE_EXPORT "-data && "
	    "sha256sum -c --strict --quiet manifest-sha256.txt && "
	    "sha256sum -c --strict --quiet tagmanifest-sha256.txt && "
	    "LC_ALL=C sort -c -t, -k1,1 data/consents.csv 2>/dev/null; "
	    "tail -n +2 data/consents.csv | LC_ALL=C sort -c -t, -k1,1",
	    p.dir), 0);
	assert_ok(digest_sha256_file(p.path, digest, &size));
	assert_memory_equal(digest, f.result.sha256, DIGEST_LEN);
	assert_int_equal(size, f.result.bytes);
	assert_ok(fs_path(path, "%s/a.tar", p.dir));
	assert_ok(fs_size(path, &size));
	assert_int_equal(size, f.result.plain_bytes);
	assert_ok(fs_path(path, "%s/" FIXTURE_EXPORT
	    "-data/tagmanifest-sha256.txt", p.dir));
	assert_ok(digest_sha256_file(path, digest, NULL));
	assert_memory_equal(digest, f.result.tagmanifest_sha256, DIGEST_LEN);
	assert_ok(fs_path(path, "%s/" FIXTURE_EXPORT "-data/data/responses.csv",
	    p.dir));
	assert_ok(fs_read_file(path, 1 << 20, &csv));
	assert_int_equal(csv.len, f.responses.bytes);
	assert_non_null(strstr(buf_text(&csv),
	    "pseudonym,answer,Q03,Q04_S1,Q04_S2,Q04_S0,Q05,Q07,Q08,Q13,Q20\n"));
	assert_int_equal(f.result.rows, f.responses.rows);
	assert_int_equal(f.result.respondents, 40);
}

/* The members, their order and their folders are the format. */
static void
test_order_of_members(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(place_release) struct place p;
	CLEANUP(buf_release) struct buf list = {0};
	char path[FS_PATH_MAX];

	(void)state;
	place_init(&p);
	fixture_init(&f, 3);
	fixture_write_payload(&f, p.path);
	fixture_write_identity(&f, p.dir);
	assert_int_equal(unpack(&p, "a"), 0);
	assert_int_equal(fixture_run("cd %s && tar -tf a.tar | sed "
	    "'s/[0-9a-f]\\{64\\}/HEX/' > list", p.dir), 0);
	assert_ok(fs_path(path, "%s/list", p.dir));
	assert_ok(fs_read_file(path, 10000, &list));
	assert_string_equal(buf_text(&list),
	    D "\n" D "bagit.txt\n" D "bag-info.txt\n" D "binding.txt\n"
	    D "data/\n" D "data/responses.csv\n" D "data/consents.csv\n"
	    D "data/datapackage.json\n" D "load/\n" D "load/load.py\n"
	    D "load/load.R\n" D "consent-texts/\n" D "consent-texts/HEX.txt\n"
	    D "manifest-sha256.txt\n" D "tagmanifest-sha256.txt\n");
}

static void
test_plaintext_is_deterministic(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(place_release) struct place p;
	struct payload_result again;

	(void)state;
	place_init(&p);
	fixture_init(&f, 500);
	fixture_write_payload(&f, p.path);
	fixture_write_identity(&f, p.dir);
	assert_int_equal(unpack(&p, "a"), 0);
	assert_int_equal(fixture_run("cd %s && cp payload first", p.dir), 0);
	f.responses.batch = 1000;       /* other batches, the same bytes */
	f.consents.batch = 1;
	fixture_write_payload(&f, p.path);
	assert_int_equal(unpack(&p, "b"), 0);
	assert_int_equal(fixture_run("cd %s && cmp a.tar b.tar && "
	    "! cmp -s payload first", p.dir), 0);
	fixture_rewind(&f);
	assert_ok(payload_rederive(&f.spec, &again));
	assert_memory_equal(again.tagmanifest_sha256,
	    f.result.tagmanifest_sha256, DIGEST_LEN);
	assert_memory_equal(again.consent_root, f.result.consent_root,
	    DIGEST_LEN);
	assert_int_equal(again.plain_bytes, f.result.plain_bytes);
	assert_int_equal(again.bytes, 0);
}

static void
test_consent_root(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf line = {0};
	uint8_t leaves[5][MERKLE_HASH_LEN], root[MERKLE_HASH_LEN];
	struct payload_result r;
	size_t i, k;

	(void)state;
	fixture_init(&f, 5);
	assert_ok(payload_rederive(&f.spec, &r));
	for (i = 0; i < 5; i++) {
		buf_clear(&line);
		assert_ok(buf_append_str(&line, "azukari-consent-v1\n"));
		for (k = 0; k < 5; k++) {
			struct bytes c = f.consents.cells[i * 5 + k];
			int quoted = memchr(c.data, ',', c.len) != NULL;

			assert_ok(buf_printf(&line, "%s%s%.*s%s",
			    k > 0 ? "," : "", quoted ? "\"" : "", (int)c.len,
			    (const char *)c.data, quoted ? "\"" : ""));
		}
		merkle_leaf(bytes_buf(&line), leaves[i]);
	}
	merkle_root(leaves[0], 5, root);
	assert_memory_equal(root, r.consent_root, MERKLE_HASH_LEN);
}

/* ---- the tap ---- */

struct tap {
	struct buf seen[2];
	size_t fail_at;
};

static enum err
on_tap(void *ctx, enum payload_which which, struct bytes piece)
{
	struct tap *t = ctx;

	if (t->fail_at > 0 && t->seen[which].len >= t->fail_at)
		return ERR_REFUSED;
	return buf_append(&t->seen[which], piece.data, piece.len);
}

static void
test_tap_sees_the_bytes(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(place_release) struct place p;
	CLEANUP(buf_release) struct buf csv = {0};
	struct tap t = {0};
	char path[FS_PATH_MAX];

	(void)state;
	place_init(&p);
	fixture_init(&f, 3000);
	f.spec.tap = on_tap;
	f.spec.tap_ctx = &t;
	fixture_write_payload(&f, p.path);
	fixture_write_identity(&f, p.dir);
	assert_int_equal(unpack(&p, "a"), 0);
	assert_ok(fs_path(path, "%s/" FIXTURE_EXPORT "-data/data/responses.csv",
	    p.dir));
	assert_ok(fs_read_file(path, 10 << 20, &csv));
	assert_true(bytes_equal(bytes_buf(&csv),
	    bytes_buf(&t.seen[PAYLOAD_RESPONSES])));
	buf_clear(&csv);
	assert_ok(fs_path(path, "%s/" FIXTURE_EXPORT "-data/data/consents.csv",
	    p.dir));
	assert_ok(fs_read_file(path, 10 << 20, &csv));
	assert_true(bytes_equal(bytes_buf(&csv),
	    bytes_buf(&t.seen[PAYLOAD_CONSENTS])));
	buf_release(&t.seen[0]);
	buf_release(&t.seen[1]);
}

static void
test_tap_can_stop(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	struct payload_result r;
	struct tap t = {.fail_at = 1};
	int fd = open("/dev/null", O_WRONLY);

	(void)state;
	fixture_init(&f, 20000);
	f.spec.tap = on_tap;
	f.spec.tap_ctx = &t;
	assert_err(payload_write(&f.spec, fd, &r), ERR_REFUSED);
	(void)close(fd);
	buf_release(&t.seen[0]);
	buf_release(&t.seen[1]);
}

/* ---- what is refused ---- */

static void
expect(struct fixture *f, enum err want)
{
	struct payload_result r;

	assert_err(payload_rederive(&f->spec, &r), want);
	fixture_rewind(f);
}

static void
test_announced_sizes_must_be_hit(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f, 10);
	f.spec.responses.bytes++;
	expect(&f, ERR_MISMATCH);
	f.spec.responses.bytes--;
	expect(&f, ERR_MISMATCH);
	f.spec.responses.rows++;
	expect(&f, ERR_MISMATCH);
	f.spec.consents.bytes--;
	expect(&f, ERR_MISMATCH);
	f.spec.consents.rows--;
	expect(&f, ERR_MISMATCH);
	f.spec.responses.bytes = (uint64_t)8 << 30;
	expect(&f, ERR_LIMIT);
	expect(&f, ERR_OK);
}

static void
test_nobody_is_refused(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f, 0);
	expect(&f, ERR_REFUSED);
}

static void
swap_cells(struct bytes *a, struct bytes *b)
{
	struct bytes c = *a;

	*a = *b;
	*b = c;
}

static void
test_rows_must_be_in_order(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	struct bytes *r, *c, keep;

	(void)state;
	fixture_init(&f, 10);
	r = f.responses.cells;
	c = f.consents.cells;
	/* person 2 has three answers: rows 3 to 5 */
	swap_cells(&r[4 * 11 + 1], &r[5 * 11 + 1]);
	expect(&f, ERR_CORRUPT);
	swap_cells(&r[4 * 11 + 1], &r[5 * 11 + 1]);
	swap_cells(&r[0], &r[11]);
	expect(&f, ERR_CORRUPT);
	swap_cells(&r[0], &r[11]);
	swap_cells(&c[0], &c[5]);
	expect(&f, ERR_CORRUPT);
	swap_cells(&c[0], &c[5]);
	/* the last person of consents twice */
	keep = c[9 * 5];
	c[9 * 5] = c[8 * 5];
	expect(&f, ERR_CORRUPT);
	c[9 * 5] = keep;
	expect(&f, ERR_OK);
}

static void
test_pseudonyms_must_be_ones(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	char name[PSEUDONYM_TEXT_LEN + 1];
	struct bytes *c;

	(void)state;
	fixture_init(&f, 1);
	c = f.consents.cells;
	memcpy(name, c[0].data, PSEUDONYM_TEXT_LEN);
	name[26] = name[26] == 'a' ? 'b' : 'a';
	c[0].data = (const uint8_t *)name;
	expect(&f, ERR_CORRUPT);
}

/* Both tables in order, but one person has no consent. */
static void
test_same_people_in_both(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f, 4);
	f.consents.rows--;
	f.spec.consents.rows--;
	f.spec.consents.bytes -= csv_out_line_len(f.consents.cells + 3 * 5, 5);
	expect(&f, ERR_MISMATCH);
}

static void
test_line_end_in_a_consent(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f, 2);
	f.consents.cells[2] = bytes_str("a\nb");
	expect(&f, ERR_CORRUPT);
}

static void
test_consent_text_must_match(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f, 2);
	f.text.sha256[0] ^= 1;
	expect(&f, ERR_MISMATCH);
}

static void
test_bad_recipient(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f, 2);
	f.binding.recipient[10] ^= 1;
	expect(&f, ERR_SYNTAX);
}

static enum err
source_fails(void *ctx, struct rows_batch *ret)
{
	(void)ctx;
	(void)ret;
	return ERR_CHANGED;
}

static void
test_source_failure(void **state)
{
	CLEANUP(fixture_release) struct fixture f;

	(void)state;
	fixture_init(&f, 2);
	f.spec.responses.source.next = source_fails;
	expect(&f, ERR_CHANGED);
}

static void
test_full_disk(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	struct payload_result r;
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	fixture_init(&f, 20);
	assert_err(payload_write(&f.spec, fd, &r), ERR_NO_SPACE);
	(void)close(fd);
}

static void
test_order_key(void **state)
{
	char a[PSEUDONYM_TEXT_LEN + 1], b[PSEUDONYM_TEXT_LEN + 1];
	uint8_t x[PSEUDONYM_LEN], y[PSEUDONYM_LEN];
	uint8_t kx[PSEUDONYM_LEN], ky[PSEUDONYM_LEN];
	uint8_t digest[DIGEST_LEN];
	size_t i;
	int by_key, by_text;

	(void)state;
	for (i = 0; i < 5000; i++) {
		digest_sha256(bytes_of(&i, sizeof(i)), digest);
		memcpy(x, digest, PSEUDONYM_LEN);
		memcpy(y, i % 2 ? digest : digest + PSEUDONYM_LEN,
		    PSEUDONYM_LEN);
		y[i % PSEUDONYM_LEN] ^= (uint8_t)(1 << i % 8);
		pseudonym_format(x, a);
		pseudonym_format(y, b);
		payload_order_key(x, kx);
		payload_order_key(y, ky);
		by_key = memcmp(kx, ky, PSEUDONYM_LEN);
		by_text = strcmp(a, b);
		assert_int_equal(by_key < 0, by_text < 0);
		assert_int_equal(by_key > 0, by_text > 0);
		payload_order_undo(kx, kx);     /* in place */
		assert_memory_equal(kx, x, PSEUDONYM_LEN);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_with_stock_tools),
		cmocka_unit_test(test_order_of_members),
		cmocka_unit_test(test_plaintext_is_deterministic),
		cmocka_unit_test(test_consent_root),
		cmocka_unit_test(test_tap_sees_the_bytes),
		cmocka_unit_test(test_tap_can_stop),
		cmocka_unit_test(test_announced_sizes_must_be_hit),
		cmocka_unit_test(test_nobody_is_refused),
		cmocka_unit_test(test_rows_must_be_in_order),
		cmocka_unit_test(test_pseudonyms_must_be_ones),
		cmocka_unit_test(test_same_people_in_both),
		cmocka_unit_test(test_line_end_in_a_consent),
		cmocka_unit_test(test_consent_text_must_match),
		cmocka_unit_test(test_bad_recipient),
		cmocka_unit_test(test_source_failure),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_order_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
