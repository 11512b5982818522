/* The public age vectors (C2SP/CCTV), all that need neither hybrid keys nor
 * armour: class of the outcome and SHA-256 of everything released.  The folder
 * $AZUKARI_VECTORS/cctv-age, or $AZUKARI_CCTV, is made by
 * tests/vectors/cctv_unpack.py. */
#include "tests/unit/keys/keys_test.h"

#include "keys/age.h"
#include "keys/bech32.h"
#include "keys/digest.h"

#define VECTORS 92
#define FILE_MAX ((size_t)32 << 20)

struct vector {
	char expect[32];
	char payload[DIGEST_HEX_LEN + 1];       /* "" when nothing is said */
	struct secret *identity, *passphrase;
	struct buf file;
};

static void
vector_release(struct vector *v)
{
	secret_free(v->identity);
	secret_free(v->passphrase);
	buf_release(&v->file);
}

static void
take_line(struct vector *v, const char *key, const char *value)
{
	if (strcmp(key, "expect") == 0)
		(void)snprintf(v->expect, sizeof(v->expect), "%s", value);
	else if (strcmp(key, "payload") == 0)
		(void)snprintf(v->payload, sizeof(v->payload), "%s", value);
	else if (strcmp(key, "identity") == 0)
		assert_ok(bech32_decode_secret(bytes_str(value),
		    &v->identity));
	else if (strcmp(key, "passphrase") == 0 && v->passphrase == NULL)
		v->passphrase = keys_test_secret(value);
}

static void
vector_read(const char *dir, const char *name, struct vector *v)
{
	CLEANUP(buf_release) struct buf meta = {0};
	char path[FS_PATH_MAX], line[512];
	struct bytes rest, b;

	assert_ok(fs_path(path, "%s/%s.meta", dir, name));
	assert_ok(fs_read_file(path, 4096, &meta));
	for (rest = bytes_buf(&meta); bytes_take_line(&rest, &b) == ERR_OK;) {
		(void)snprintf(line, sizeof(line), "%.*s", (int)b.len,
		    (const char *)b.data);
		assert_non_null(strstr(line, ": "));
		*strstr(line, ": ") = '\0';
		take_line(v, line, line + strlen(line) + 2);
	}
	assert_ok(fs_path(path, "%s/%s.age", dir, name));
	assert_ok(fs_read_file(path, FILE_MAX, &v->file));
}

/* Our causes, as the vectors call them. */
static const char *
class_of(enum err e)
{
	static const struct {
		enum err e;
		const char *name;
	} classes[] = {
		{ERR_OK, "success"},
		{ERR_SYNTAX, "header failure"},
		{ERR_UNSUPPORTED, "header failure"},
		{ERR_LIMIT, "header failure"},
		{ERR_NO_MATCH, "no match"},
		{ERR_PASSPHRASE, "no match"},
		{ERR_MISMATCH, "HMAC failure"},
		{ERR_DECRYPT, "payload failure"},
		{ERR_TRUNCATED, "payload failure"},
	};

	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (classes[i].e == e)
			return classes[i].name;
	return err_name(e);
}

static enum err
output_digest(void *ctx, struct bytes piece)
{
	digest_stream_update(ctx, piece);
	return ERR_OK;
}

static enum err
run(struct age_reader *r, struct bytes file, size_t step)
{
	for (size_t at = 0, n; at < file.len; at += n) {
		n = file.len - at < step ? file.len - at : step;
		RETURN_IF(age_reader_update(r, bytes_of(file.data + at, n)));
	}
	return age_reader_finish(r);
}

static void
check(const char *name, const struct vector *v, size_t step)
{
	CLEANUP(age_reader_cleanup) struct age_reader *r = NULL;
	struct age_keys keys = {
		.identities = (const struct secret *const *)&v->identity,
		.identities_len = v->identity != NULL,
		.passphrase = v->passphrase,
	};
	char hex[DIGEST_HEX_LEN + 1], want[DIGEST_HEX_LEN + 1];
	uint8_t digest[DIGEST_LEN];
	struct digest_stream s;
	const char *got;

	assert_ok(digest_stream_init(&s));
	assert_ok(age_reader_new(&keys, output_digest, &s, &r));
	got = class_of(run(r, bytes_buf(&v->file), step));
	assert_ok(digest_stream_end(&s, digest));
	digest_to_hex(digest, hex);
	if (strcmp(got, v->expect) != 0)
		fail_msg("%s by %zu: %s, not %s", name, step, got, v->expect);
	/* Where the vector names no payload, nothing may come out. */
	if (v->payload[0] == '\0')
		digest_sha256_hex(bytes_of(NULL, 0), want);
	else
		(void)snprintf(want, sizeof(want), "%s", v->payload);
	if (strcmp(hex, want) != 0)
		fail_msg("%s by %zu: other text released", name, step);
}

static void
check_all_steps(const char *dir, const char *name)
{
	static const size_t steps[] = {1, 7, 4093, 65535, 65552, 65553,
	    SIZE_MAX};
	CLEANUP(vector_release) struct vector v = {.file = {.max = FILE_MAX}};

	vector_read(dir, name, &v);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (v.file.len / steps[i] < 300000)
			check(name, &v, steps[i]);
}

static void
test_all_vectors(void **state)
{
	struct fs_names names = {0};
	char dir[FS_PATH_MAX];
	size_t count = 0;

	(void)state;
	if (getenv("AZUKARI_CCTV") != NULL)
		keys_test_path("AZUKARI_CCTV", ".", dir);
	else
		keys_test_path("AZUKARI_VECTORS", "cctv-age", dir);
	assert_ok(fs_list(dir, &names));
	for (size_t i = 0; i < names.len; i++) {
		char *dot = strstr(names.names[i], ".meta");

		if (dot == NULL)
			continue;
		*dot = '\0';
		check_all_steps(dir, names.names[i]);
		count++;
	}
	fs_names_release(&names);
	assert_int_equal(count, VECTORS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
