#include "tests/unit/unit.h"

#include <archive.h>

#include "core/buf.h"
#include "core/fs.h"
#include "exporters/tar.h"
#include "keys/digest.h"

/* ---- a container in memory ---- */

static enum err
to_buf(void *ctx, struct bytes bytes)
{
	return buf_append(ctx, bytes.data, bytes.len);
}

struct source {
	struct bytes rest;
	size_t chunk;           /* 0: as much as asked for */
};

static enum err
from_bytes(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct source *s = ctx;
	size_t n = s->rest.len < max ? s->rest.len : max;

	if (s->chunk > 0 && n > s->chunk)
		n = s->chunk;
	if (n > 0) {
		memcpy(dst, s->rest.data, n);
		s->rest.data += n;
		s->rest.len -= n;
	}
	*ret_got = n;
	return ERR_OK;
}

static enum err
allow_all(void *ctx, const struct tar_member *m, struct err_info *info)
{
	const char *forbidden = ctx;

	if (forbidden != NULL && strcmp(m->name, forbidden) == 0)
		return err_at(info, ERR_UNKNOWN, 0, "%s is not wanted",
		    m->name);
	return ERR_OK;
}

static void
small_tar(struct buf *out)
{
	CLEANUP(tar_writer_cleanup) struct tar_writer *w = NULL;

	assert_ok(tar_writer_new(to_buf, out, 1600000000, &w));
	assert_ok(tar_writer_folder(w, "top"));
	assert_ok(tar_writer_add(w, "top/a.txt", bytes_str("hello\n")));
	assert_ok(tar_writer_folder(w, "top/sub"));
	assert_ok(tar_writer_file(w, "top/sub/empty", 0));
	assert_ok(tar_writer_file(w, "top/sub/b.bin", 1024));
	assert_ok(tar_writer_data(w, bytes_of(out->data, 512)));
	assert_ok(tar_writer_data(w, bytes_of(out->data + 512, 512)));
	assert_ok(tar_writer_end(w));
}

struct outcome {
	enum err e;
	size_t members;
	struct buf log;         /* "name size digest" of each member */
	struct err_info info;
};

static void
outcome_release(struct outcome *o)
{
	buf_release(&o->log);
}

/* Reads all of ${tar}. */
static void
read_all(struct bytes tar, size_t chunk, const char *forbidden,
    struct outcome *o)
{
	struct source s = {tar, chunk};
	struct tar_rules rules = {
		.allow = allow_all, .ctx = (void *)(uintptr_t)forbidden,
		.max_member = 100000, .max_total = 200000, .max_members = 10,
	};
	CLEANUP(tar_reader_cleanup) struct tar_reader *r = NULL;
	CLEANUP(buf_release) struct buf data = {0};
	struct tar_member m;
	char hex[DIGEST_HEX_LEN + 1];

	memset(o, 0, sizeof(*o));
	assert_ok(tar_reader_new(from_bytes, &s, &rules, &r));
	while ((o->e = tar_reader_next(r, &m, &o->info)) == ERR_OK) {
		o->members++;
		buf_clear(&data);
		o->e = tar_reader_slurp(r, &data, &o->info);
		if (o->e != ERR_OK)
			break;
		assert_int_equal(data.len, m.size);
		digest_sha256_hex(bytes_buf(&data), hex);
		assert_ok(buf_printf(&o->log, "%s%s %llu %s\n", m.name,
		    m.is_folder ? "/" : "", (unsigned long long)m.size, hex));
	}
	/* A failure is repeated, a clean end too. */
	assert_err(tar_reader_next(r, &m, NULL), o->e);
}

static void
test_names(void **state)
{
	char name[TAR_NAME_MAX + 2];

	(void)state;
	assert_true(tar_name_ok("a"));
	assert_true(tar_name_ok("EXP-2026-0001/approvals/a.txt.sig"));
	assert_false(tar_name_ok(""));
	assert_false(tar_name_ok("/a"));
	assert_false(tar_name_ok("a/"));
	assert_false(tar_name_ok("a//b"));
	assert_false(tar_name_ok(".."));
	assert_false(tar_name_ok("a/../b"));
	assert_false(tar_name_ok("a/.b"));
	assert_false(tar_name_ok("-a"));
	assert_false(tar_name_ok("a b"));
	assert_false(tar_name_ok("a\\b"));
	assert_false(tar_name_ok("a\n"));
	assert_false(tar_name_ok("\xe7\xa5\x9e"));
	memset(name, 'a', sizeof(name));
	name[99] = '\0';
	assert_true(tar_name_ok(name));
	name[99] = 'a';
	name[100] = '\0';
	assert_false(tar_name_ok(name));        /* nowhere to split */
	name[50] = '/';
	assert_true(tar_name_ok(name));
	name[100] = 'a';
	name[TAR_NAME_MAX] = '\0';
	name[110] = '/';
	assert_true(tar_name_ok(name));
	name[TAR_NAME_MAX] = 'a';
	name[TAR_NAME_MAX + 1] = '\0';
	assert_false(tar_name_ok(name));
}

static void
test_writer_is_deterministic(void **state)
{
	CLEANUP(buf_release) struct buf a = {0};
	CLEANUP(buf_release) struct buf b = {0};
	char hex[DIGEST_HEX_LEN + 1];

	(void)state;
	small_tar(&a);
	small_tar(&b);
	assert_true(bytes_equal(bytes_buf(&a), bytes_buf(&b)));
	assert_int_equal(a.len, 2 * TAR_MEMBER_BYTES(0) + TAR_MEMBER_BYTES(6) +
	    TAR_MEMBER_BYTES(0) + TAR_MEMBER_BYTES(1024) + TAR_END_BYTES);
	/* These bytes are the format: they may not depend on the machine. */
	digest_sha256_hex(bytes_of(a.data, 512), hex);
	assert_memory_equal(a.data + 257, "ustar\0" "00", 8);
	assert_memory_equal(a.data, "top/\0", 5);
	assert_memory_equal(a.data + 100, "000755 \0", 8);
	assert_memory_equal(a.data + 108, "000000 \0", 8);
	assert_memory_equal(a.data + 116, "000000 \0", 8);
	assert_int_equal(a.data[265], 0);       /* no user name */
}

static void
test_writer_refuses(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(tar_writer_cleanup) struct tar_writer *w = NULL;
	CLEANUP(tar_writer_cleanup) struct tar_writer *w2 = NULL;
	CLEANUP(tar_writer_cleanup) struct tar_writer *w3 = NULL;
	CLEANUP(tar_writer_cleanup) struct tar_writer *w4 = NULL;

	(void)state;
	assert_err(tar_writer_new(to_buf, &out, -1, &w), ERR_RANGE);
	assert_ok(tar_writer_new(to_buf, &out, 0, &w));
	assert_ok(tar_writer_file(w, "a", 3));
	assert_err(tar_writer_data(w, bytes_str("four")), ERR_MISMATCH);
	assert_err(tar_writer_end(w), ERR_MISMATCH);
	assert_ok(tar_writer_new(to_buf, &out, 0, &w2));
	assert_ok(tar_writer_file(w2, "a", 3));
	assert_err(tar_writer_file(w2, "b", 3), ERR_STATE);
	assert_ok(tar_writer_new(to_buf, &out, 0, &w3));
	assert_err(tar_writer_file(w3, "a", TAR_MEMBER_MAX + 1), ERR_LIMIT);
	assert_ok(tar_writer_new(to_buf, &out, 0, &w4));
	assert_err(tar_writer_file(w4, "../a", 1), ERR_SYNTAX);
	assert_err(tar_writer_add(w4, "a", bytes_str("")), ERR_SYNTAX);
}

static void
test_largest_member_fits(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(tar_writer_cleanup) struct tar_writer *w = NULL;

	(void)state;
	assert_ok(tar_writer_new(to_buf, &out, 0, &w));
	assert_ok(tar_writer_file(w, "a", TAR_MEMBER_MAX));
	assert_memory_equal(out.data + 124, "77777777777", 11);
}

static enum err
broken_pipe(void *ctx, struct bytes bytes)
{
	(void)ctx;
	(void)bytes;
	return ERR_NO_SPACE;
}

static void
test_writer_passes_sink_failure(void **state)
{
	CLEANUP(tar_writer_cleanup) struct tar_writer *w = NULL;

	(void)state;
	assert_ok(tar_writer_new(broken_pipe, NULL, 0, &w));
	assert_err(tar_writer_file(w, "a", 1), ERR_NO_SPACE);
	assert_err(tar_writer_end(w), ERR_NO_SPACE);
}

static void
test_round_trip(void **state)
{
	static const size_t chunks[] = {0, 1, 511, 512, 513, 4096};
	CLEANUP(buf_release) struct buf tar = {0};
	struct outcome first, o;
	size_t i;

	(void)state;
	small_tar(&tar);
	read_all(bytes_buf(&tar), 0, NULL, &first);
	assert_err(first.e, ERR_NOT_FOUND);
	assert_int_equal(first.members, 5);
	assert_non_null(strstr(buf_text(&first.log), "top/sub/b.bin 1024 "));
	for (i = 0; i < ARRAY_LEN(chunks); i++) {
		read_all(bytes_buf(&tar), chunks[i], NULL, &o);
		assert_err(o.e, ERR_NOT_FOUND);
		assert_string_equal(buf_text(&o.log), buf_text(&first.log));
		outcome_release(&o);
	}
	outcome_release(&first);
}

static void
test_allow_decides(void **state)
{
	CLEANUP(buf_release) struct buf tar = {0};
	struct outcome o;

	(void)state;
	small_tar(&tar);
	read_all(bytes_buf(&tar), 0, "top/sub/empty", &o);
	assert_err(o.e, ERR_UNKNOWN);
	assert_string_equal(o.info.message, "top/sub/empty is not wanted");
	outcome_release(&o);
}

/* GNU tar reads what we write, and we read its ustar. */
static void
test_gnu_tar(void **state)
{
	CLEANUP(buf_release) struct buf tar = {0};
	char dir[256], command[1200], path[FS_PATH_MAX];
	struct outcome o;

	(void)state;
	unit_temp_dir(dir, sizeof(dir));
	small_tar(&tar);
	assert_ok(fs_path(path, "%s/x.tar", dir));
	assert_ok(fs_write_file(path, bytes_buf(&tar), 0600));
	(void)snprintf(command, sizeof(command), "cd %s && tar -xf x.tar && "
	    "test -d top/sub && test \"$(cat top/a.txt)\" = hello && "
	    "tar --format=ustar -cf y.tar top && tar --format=pax "
	    "--pax-option=exthdr.name=x,comment=y -cf p.tar top && "
	    "tar --format=gnu -cf g.tar top && tar --format=v7 -cf v.tar top",
	    dir);
	assert_int_equal(system(command), 0);
	buf_clear(&tar);
	assert_ok(fs_path(path, "%s/y.tar", dir));
	assert_ok(fs_read_file(path, 1 << 20, &tar));
	assert_int_equal(tar.len % 10240, 0);
	read_all(bytes_buf(&tar), 0, NULL, &o);
	assert_err(o.e, ERR_NOT_FOUND);
	assert_int_equal(o.members, 5);
	outcome_release(&o);
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&tar);
		assert_ok(fs_path(path, "%s/%c.tar", dir, "pgv"[i]));
		assert_ok(fs_read_file(path, 1 << 20, &tar));
		read_all(bytes_buf(&tar), 0, NULL, &o);
		assert_err(o.e, ERR_UNSUPPORTED);
		outcome_release(&o);
	}
	assert_ok(fs_remove_tree(dir));
}

/* ---- hostile containers, block by block ---- */

static void
set_checksum(uint8_t *h)
{
	unsigned sum = 0, i;

	memset(h + 148, ' ', 8);
	for (i = 0; i < 512; i++)
		sum += h[i];
	(void)snprintf((char *)h + 148, 8, "%06o", sum);
	h[155] = ' ';
}

/* A header as GNU tar writes it. */
static void
make_header(uint8_t *h, const char *name, char type, const char *size)
{
	memset(h, 0, 512);
	memcpy(h, name, strlen(name));
	memcpy(h + 100, "0000644", 7);
	memcpy(h + 108, "0000000", 7);
	memcpy(h + 116, "0000000", 7);
	memcpy(h + 124, size, strlen(size));
	memcpy(h + 136, "00000000000", 11);
	h[156] = (uint8_t)type;
	memcpy(h + 257, "ustar\0" "00", 8);
	set_checksum(h);
}

struct hostile {
	const char *what;
	const char *name;
	char type;
	const char *size;
	size_t at;              /* bytes changed afterwards: where, what */
	const char *bytes;
	size_t len;
	enum err want;
};

static const struct hostile hostiles[] = {
	{"nothing wrong", "a", '0', "00000000003", 0, "", 0, ERR_NOT_FOUND},
	{"symbolic link", "a", '2', "00000000000", 157, "/etc/passwd", 11,
	    ERR_UNSUPPORTED},
	{"hard link", "a", '1', "00000000000", 157, "b", 1, ERR_UNSUPPORTED},
	{"link name on a file", "a", '0', "00000000003", 157, "b", 1,
	    ERR_UNSUPPORTED},
	{"character device", "a", '3', "00000000000", 329, "0000001", 7,
	    ERR_UNSUPPORTED},
	{"block device", "a", '4', "00000000000", 0, "", 0, ERR_UNSUPPORTED},
	{"device number", "a", '0', "00000000003", 329, "0000001", 7,
	    ERR_UNSUPPORTED},
	{"fifo", "a", '6', "00000000000", 0, "", 0, ERR_UNSUPPORTED},
	{"contiguous file", "a", '7', "00000000003", 0, "", 0,
	    ERR_UNSUPPORTED},
	{"old regular file", "a", '\0', "00000000003", 0, "", 0,
	    ERR_UNSUPPORTED},
	{"pax header", "a", 'x', "00000000003", 0, "", 0, ERR_UNSUPPORTED},
	{"global pax header", "a", 'g', "00000000003", 0, "", 0,
	    ERR_UNSUPPORTED},
	{"GNU long name", "././@LongLink", 'L', "00000000003", 0, "", 0,
	    ERR_UNSUPPORTED},
	{"GNU long link", "././@LongLink", 'K', "00000000003", 0, "", 0,
	    ERR_UNSUPPORTED},
	{"GNU sparse", "a", 'S', "00000000003", 0, "", 0, ERR_UNSUPPORTED},
	{"GNU magic", "a", '0', "00000000003", 257, "ustar  ", 8,
	    ERR_UNSUPPORTED},
	{"no magic", "a", '0', "00000000003", 257, "\0\0\0\0\0\0\0\0", 8,
	    ERR_UNSUPPORTED},
	{"absolute name", "/etc/passwd", '0', "00000000003", 0, "", 0,
	    ERR_SYNTAX},
	{"parent", "../a", '0', "00000000003", 0, "", 0, ERR_SYNTAX},
	{"parent inside", "a/../../b", '0', "00000000003", 0, "", 0,
	    ERR_SYNTAX},
	{"dot", "./a", '0', "00000000003", 0, "", 0, ERR_SYNTAX},
	{"control character", "a\n", '0', "00000000003", 0, "", 0, ERR_SYNTAX},
	{"hidden rest of a name", "a\0b", '0', "00000000003", 2, "b", 1,
	    ERR_SYNTAX},
	{"slash behind a file", "a/", '0', "00000000003", 0, "", 0,
	    ERR_SYNTAX},
	{"prefix that climbs", "a", '0', "00000000003", 345, "..", 2,
	    ERR_SYNTAX},
	{"huge size", "a", '0', "77777777777", 0, "", 0, ERR_LIMIT},
	{"size above the rules", "a", '0', "00000303241", 0, "", 0,
	    ERR_LIMIT},
	{"base-256 size", "a", '0', "\x80", 125, "\0\0\0\0\0\0\0\0\0\0\3",
	    11, ERR_SYNTAX},
	{"size with a sign", "a", '0', "-0000000003", 0, "", 0, ERR_SYNTAX},
	{"size without an end", "a", '0', "000000000003", 0, "", 0,
	    ERR_SYNTAX},
	{"empty size", "a", '0', " ", 0, "", 0, ERR_SYNTAX},
	{"folder with data", "a", '5', "00000000003", 0, "", 0, ERR_SYNTAX},
	{"user name that hides", "a", '0', "00000000003", 267, "x", 1,
	    ERR_SYNTAX},
	{"bytes behind the header", "a", '0', "00000000003", 505, "x", 1,
	    ERR_SYNTAX},
};

static void
test_hostile_headers(void **state)
{
	uint8_t tar[4 * 512];
	struct outcome o;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(hostiles); i++) {
		const struct hostile *h = &hostiles[i];

		memset(tar, 0, sizeof(tar));
		make_header(tar, h->name, h->type, h->size);
		memcpy(tar + h->at, h->bytes, h->len);
		set_checksum(tar);
		memcpy(tar + 512, "abc", 3);
		read_all(bytes_of(tar, sizeof(tar)), 0, NULL, &o);
		if (o.e != h->want)
			fail_msg("%s: %s", h->what, err_name(o.e));
		if (h->want != ERR_NOT_FOUND)
			assert_true(o.info.message[0] != '\0');
		outcome_release(&o);
	}
}

static void
test_wrong_checksum(void **state)
{
	uint8_t tar[4 * 512] = {0};
	struct outcome o;

	(void)state;
	make_header(tar, "a", '0', "00000000003");
	tar[0] = 'b';
	read_all(bytes_of(tar, sizeof(tar)), 0, NULL, &o);
	assert_err(o.e, ERR_SYNTAX);
	outcome_release(&o);
	/* The right value in another spelling is not ours. */
	make_header(tar, "a", '0', "00000000003");
	tar[148] = ' ';
	read_all(bytes_of(tar, sizeof(tar)), 0, NULL, &o);
	assert_err(o.e, ERR_SYNTAX);
	outcome_release(&o);
}

static void
test_duplicate(void **state)
{
	uint8_t tar[5 * 512] = {0};
	struct outcome o;

	(void)state;
	make_header(tar, "a", '0', "00000000000");
	make_header(tar + 512, "b", '0', "00000000000");
	make_header(tar + 1024, "a/", '5', "00000000000");
	read_all(bytes_of(tar, sizeof(tar)), 0, NULL, &o);
	assert_err(o.e, ERR_DUPLICATE);
	assert_string_equal(o.info.message, "a is there twice");
	outcome_release(&o);
}

static void
test_too_many(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(tar_writer_cleanup) struct tar_writer *w = NULL;
	char name[8];
	struct outcome o;
	int i;

	(void)state;
	assert_ok(tar_writer_new(to_buf, &out, 0, &w));
	for (i = 0; i < 11; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		assert_ok(tar_writer_add(w, name, bytes_str("x")));
	}
	assert_ok(tar_writer_end(w));
	read_all(bytes_buf(&out), 0, NULL, &o);
	assert_err(o.e, ERR_LIMIT);
	outcome_release(&o);
}

static void
test_what_is_behind_the_end(void **state)
{
	CLEANUP(buf_release) struct buf tar = {0};
	CLEANUP(buf_release) struct buf twice = {0};
	uint8_t zeros[10240] = {0};
	struct outcome o;
	size_t pad;

	(void)state;
	small_tar(&tar);
	pad = 10240 - tar.len % 10240;
	/* Another container behind this one. */
	assert_ok(buf_append(&twice, tar.data, tar.len));
	assert_ok(buf_append(&twice, tar.data, tar.len));
	read_all(bytes_buf(&twice), 0, NULL, &o);
	assert_err(o.e, ERR_SYNTAX);
	outcome_release(&o);
	/* Zeros up to a record are what tar(1) writes; more are not. */
	assert_ok(buf_append(&tar, zeros, pad));
	read_all(bytes_buf(&tar), 0, NULL, &o);
	assert_err(o.e, ERR_NOT_FOUND);
	outcome_release(&o);
	assert_ok(buf_append(&tar, zeros, 512));
	read_all(bytes_buf(&tar), 0, NULL, &o);
	assert_err(o.e, ERR_SYNTAX);
	outcome_release(&o);
	/* One byte is no block. */
	tar.len -= 511;
	read_all(bytes_buf(&tar), 0, NULL, &o);
	assert_err(o.e, ERR_TRUNCATED);
	outcome_release(&o);
}

static void
test_one_zero_block_inside(void **state)
{
	uint8_t tar[5 * 512] = {0};
	struct outcome o;

	(void)state;
	make_header(tar, "a", '0', "00000000000");
	make_header(tar + 1024, "b", '0', "00000000000");
	read_all(bytes_of(tar, sizeof(tar)), 0, NULL, &o);
	assert_err(o.e, ERR_SYNTAX);
	outcome_release(&o);
}

/* No cut and no flipped bit goes unseen, wherever it is; data alone is left
 * to the digests above this layer. */
static void
test_mutations(void **state)
{
	CLEANUP(buf_release) struct buf tar = {0};
	struct outcome good, o;
	size_t i, data = 0;

	(void)state;
	small_tar(&tar);
	read_all(bytes_buf(&tar), 0, NULL, &good);
	for (i = 0; i < tar.len; i++) {
		read_all(bytes_of(tar.data, i), 0, NULL, &o);
		assert_err(o.e, ERR_TRUNCATED);
		outcome_release(&o);
	}
	for (i = 0; i < tar.len * 8; i++) {
		tar.data[i / 8] ^= (uint8_t)(1 << i % 8);
		read_all(bytes_buf(&tar), 0, NULL, &o);
		if (o.e == ERR_NOT_FOUND) {
			assert_string_not_equal(buf_text(&o.log),
			    buf_text(&good.log));
			data++;
		}
		outcome_release(&o);
		tar.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(data, 8 * (6 + 1024));
	outcome_release(&good);
}

static void
test_empty_input(void **state)
{
	uint8_t zeros[1024] = {0};
	struct outcome o;

	(void)state;
	read_all(bytes_of(NULL, 0), 0, NULL, &o);
	assert_err(o.e, ERR_TRUNCATED);
	outcome_release(&o);
	read_all(bytes_of(zeros, sizeof(zeros)), 0, NULL, &o);
	assert_err(o.e, ERR_NOT_FOUND);
	assert_int_equal(o.members, 0);
	outcome_release(&o);
}

static enum err
no_disk(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	(void)ctx;
	(void)dst;
	(void)max;
	*ret_got = 0;
	return ERR_IO;
}

static void
test_source_failure(void **state)
{
	struct tar_rules rules = {.allow = allow_all, .max_member = 10,
		.max_total = 10, .max_members = 1};
	CLEANUP(tar_reader_cleanup) struct tar_reader *r = NULL;
	struct tar_member m;

	(void)state;
	assert_ok(tar_reader_new(no_disk, NULL, &rules, &r));
	assert_err(tar_reader_next(r, &m, NULL), ERR_IO);
}

static void
test_total_limit(void **state)
{
	CLEANUP(buf_release) struct buf tar = {0};
	struct tar_rules rules = {.allow = allow_all, .max_member = 10000,
		.max_total = 1000, .max_members = 10};
	CLEANUP(tar_reader_cleanup) struct tar_reader *r = NULL;
	struct source s;
	struct tar_member m;

	(void)state;
	small_tar(&tar);
	s = (struct source){bytes_buf(&tar), 512};
	assert_ok(tar_reader_new(from_bytes, &s, &rules, &r));
	assert_err(tar_reader_next(r, &m, NULL), ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_writer_is_deterministic),
		cmocka_unit_test(test_writer_refuses),
		cmocka_unit_test(test_largest_member_fits),
		cmocka_unit_test(test_writer_passes_sink_failure),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_allow_decides),
		cmocka_unit_test(test_gnu_tar),
		cmocka_unit_test(test_hostile_headers),
		cmocka_unit_test(test_wrong_checksum),
		cmocka_unit_test(test_duplicate),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_what_is_behind_the_end),
		cmocka_unit_test(test_one_zero_block_inside),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_empty_input),
		cmocka_unit_test(test_source_failure),
		cmocka_unit_test(test_total_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
