#include "tests/unit/keys/keys_test.h"

#include <pthread.h>

#include "keys/age.h"

#define TEST_LOG_N 10

struct person {
	struct secret *secret;
	struct age_recipient pub;
};

static void
person_new(struct person *p)
{
	assert_ok(age_secret_new(&p->secret));
	assert_ok(age_secret_recipient(p->secret, &p->pub));
}

static void
person_release(struct person *p)
{
	secret_free(p->secret);
}

static struct age_keys
keys_of(const struct person *p)
{
	return (struct age_keys){
		.identities = (const struct secret *const *)&p->secret,
		.identities_len = 1,
	};
}

static void
fill(struct buf *b, size_t len)
{
	b->max = len > 0 ? len : 1;
	assert_ok(buf_reserve(b, len));
	for (size_t i = 0; i < len; i++)
		b->data[i] = (uint8_t)(i * 31 + i / 251);
	b->len = len;
}

static const size_t sizes[] = {0, 1, 15, 65535, 65536, 65537, 131071, 131072,
    131073, 200000};

static void
test_round_trip_sizes(void **state)
{
	CLEANUP(person_release) struct person p;

	(void)state;
	person_new(&p);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEANUP(buf_release) struct buf plain = {0};
		CLEANUP(buf_release) struct buf sealed = {0};
		CLEANUP(buf_release) struct buf opened = {0};
		struct age_keys keys = keys_of(&p);

		fill(&plain, sizes[i]);
		assert_ok(age_seal_buf(&p.pub, 1, bytes_buf(&plain), &sealed));
		assert_int_equal(sealed.len, age_sealed_len(sizes[i], 1));
		assert_ok(age_open_buf(&keys, bytes_buf(&sealed), &opened));
		assert_true(bytes_equal(bytes_buf(&plain),
		    bytes_buf(&opened)));
	}
}

/* Input cut into pieces of any size makes the same chunks. */
static void
test_pieces(void **state)
{
	static const size_t steps[] = {1000, 65535, 65536, 65537, 65552, 70001};
	CLEANUP(person_release) struct person p;

	(void)state;
	person_new(&p);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		CLEANUP(age_writer_cleanup) struct age_writer *w = NULL;
		CLEANUP(age_reader_cleanup) struct age_reader *r = NULL;
		CLEANUP(buf_release) struct buf plain = {0};
		CLEANUP(buf_release) struct buf sealed = {0};
		CLEANUP(buf_release) struct buf opened = {0};
		struct age_keys keys = keys_of(&p);
		size_t at, n;

		fill(&plain, 262144 + i);
		assert_ok(age_writer_new(&p.pub, 1, age_output_buf, &sealed,
		    &w));
		for (at = 0; at < plain.len; at += n) {
			n = plain.len - at < steps[i] ? plain.len - at :
			    steps[i];
			assert_ok(age_writer_update(w,
			    bytes_of(plain.data + at, n)));
			assert_ok(age_writer_update(w, bytes_of(NULL, 0)));
		}
		assert_ok(age_writer_finish(w));
		assert_int_equal(sealed.len, age_sealed_len(plain.len, 1));
		assert_ok(age_reader_new(&keys, age_output_buf, &opened, &r));
		for (at = 0; at < sealed.len; at += n) {
			n = sealed.len - at < steps[i] ? sealed.len - at :
			    steps[i];
			assert_ok(age_reader_update(r,
			    bytes_of(sealed.data + at, n)));
		}
		assert_ok(age_reader_finish(r));
		assert_true(bytes_equal(bytes_buf(&plain),
		    bytes_buf(&opened)));
	}
}

static void
test_two_recipients(void **state)
{
	CLEANUP(person_release) struct person a, b, c;
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf opened = {0};
	struct age_recipient both[2];
	struct age_stanza_count count;
	struct age_keys keys;

	(void)state;
	person_new(&a);
	person_new(&b);
	person_new(&c);
	both[0] = a.pub;
	both[1] = b.pub;
	assert_ok(age_seal_buf(both, 2, bytes_str("hi"), &sealed));
	assert_int_equal(sealed.len, age_sealed_len(2, 2));
	assert_ok(age_count_stanzas(bytes_buf(&sealed), &count));
	assert_int_equal(count.x25519, 2);
	assert_int_equal(count.scrypt + count.other, 0);
	keys = keys_of(&a);
	assert_ok(age_open_buf(&keys, bytes_buf(&sealed), &opened));
	keys = keys_of(&b);
	assert_ok(age_open_buf(&keys, bytes_buf(&sealed), &opened));
	assert_string_equal(buf_text(&opened), "hihi");
	keys = keys_of(&c);
	assert_err(age_open_buf(&keys, bytes_buf(&sealed), &opened),
	    ERR_NO_MATCH);
	assert_string_equal(buf_text(&opened), "hihi");
}

static void
test_recipients_refused(void **state)
{
	CLEANUP(person_release) struct person a, b, c;
	CLEANUP(buf_release) struct buf sealed = {0};
	struct age_recipient r[3];

	(void)state;
	person_new(&a);
	person_new(&b);
	person_new(&c);
	r[0] = a.pub;
	r[1] = b.pub;
	r[2] = c.pub;
	assert_err(age_seal_buf(r, 0, bytes_str("x"), &sealed), ERR_RANGE);
	assert_err(age_seal_buf(r, 3, bytes_str("x"), &sealed), ERR_RANGE);
	r[1] = r[0];
	assert_err(age_seal_buf(r, 2, bytes_str("x"), &sealed),
	    ERR_DUPLICATE);
	memset(&r[1], 0, sizeof(r[1]));
	assert_err(age_seal_buf(r, 2, bytes_str("x"), &sealed), ERR_RANGE);
	assert_int_equal(sealed.len, 0);
}

/* Nothing of two files to the same recipient is the same but the form. */
static void
test_file_keys_are_fresh(void **state)
{
	CLEANUP(person_release) struct person p;
	CLEANUP(buf_release) struct buf a = {0};
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	person_new(&p);
	assert_ok(age_seal_buf(&p.pub, 1, bytes_str("same text"), &a));
	assert_ok(age_seal_buf(&p.pub, 1, bytes_str("same text"), &b));
	assert_int_equal(a.len, b.len);
	assert_memory_not_equal(a.data + 32, b.data + 32, 43);
	assert_memory_not_equal(a.data + 76, b.data + 76, 43);
	assert_memory_not_equal(a.data + a.len - 25, b.data + b.len - 25, 9);
}

static void
test_passphrase(void **state)
{
	CLEANUP(secret_cleanup) struct secret *good = keys_test_secret("good");
	CLEANUP(secret_cleanup) struct secret *bad = keys_test_secret("gooD");
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf opened = {0};
	CLEANUP(person_release) struct person p;
	struct age_keys keys = {.passphrase = good};
	struct age_stanza_count count;

	(void)state;
	person_new(&p);
	assert_ok(age_seal_passphrase_buf(good, TEST_LOG_N, bytes_str("hi"),
	    &sealed));
	assert_ok(age_count_stanzas(bytes_buf(&sealed), &count));
	assert_int_equal(count.scrypt, 1);
	assert_int_equal(count.x25519 + count.other, 0);
	assert_ok(age_open_buf(&keys, bytes_buf(&sealed), &opened));
	assert_string_equal(buf_text(&opened), "hi");
	keys.passphrase = bad;
	assert_err(age_open_buf(&keys, bytes_buf(&sealed), &opened),
	    ERR_PASSPHRASE);
	keys = keys_of(&p);
	assert_err(age_open_buf(&keys, bytes_buf(&sealed), &opened),
	    ERR_NO_MATCH);
}

static void
test_work_factor_bounds(void **state)
{
	CLEANUP(secret_cleanup) struct secret *pass = keys_test_secret("p");
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf opened = {0};
	struct age_keys keys = {.passphrase = pass, .max_log_n = TEST_LOG_N};

	(void)state;
	assert_err(age_seal_passphrase_buf(pass, 0, bytes_str("x"), &sealed),
	    ERR_RANGE);
	assert_err(age_seal_passphrase_buf(pass, 23, bytes_str("x"), &sealed),
	    ERR_RANGE);
	assert_ok(age_seal_passphrase_buf(pass, TEST_LOG_N + 1,
	    bytes_str("x"), &sealed));
	assert_err(age_open_buf(&keys, bytes_buf(&sealed), &opened),
	    ERR_LIMIT);
	keys.max_log_n = TEST_LOG_N + 1;
	assert_ok(age_open_buf(&keys, bytes_buf(&sealed), &opened));
}

/* No bit of a file may be another, no end may be missing, nothing may follow:
 * never is anything handed out. */
static void
refuse_all_changes(const struct age_keys *keys, const struct buf *sealed)
{
	CLEANUP(buf_release) struct buf copy = {0};
	CLEANUP(buf_release) struct buf opened = {0};

	assert_ok(buf_append(&copy, sealed->data, sealed->len));
	assert_ok(age_open_buf(keys, bytes_buf(&copy), &opened));
	buf_clear(&opened);
	for (size_t i = 0; i < sealed->len * 8; i++) {
		copy.data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (age_open_buf(keys, bytes_buf(&copy), &opened) == ERR_OK)
			fail_msg("bit %zu", i);
		assert_int_equal(opened.len, 0);
		copy.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t len = 0; len < sealed->len; len++) {
		if (age_open_buf(keys, bytes_of(copy.data, len), &opened) ==
		    ERR_OK)
			fail_msg("length %zu", len);
		assert_int_equal(opened.len, 0);
	}
	assert_ok(buf_append_u8(&copy, 0));
	assert_err(age_open_buf(keys, bytes_buf(&copy), &opened), ERR_DECRYPT);
}

static void
test_changes_x25519(void **state)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(person_release) struct person p;
	struct age_keys keys;

	(void)state;
	person_new(&p);
	keys = keys_of(&p);
	assert_ok(age_seal_buf(&p.pub, 1, bytes_str("a short text"), &sealed));
	refuse_all_changes(&keys, &sealed);
}

static void
test_changes_scrypt(void **state)
{
	CLEANUP(secret_cleanup) struct secret *pass = keys_test_secret("p");
	CLEANUP(buf_release) struct buf sealed = {0};
	struct age_keys keys = {.passphrase = pass, .max_log_n = 12};

	(void)state;
	assert_ok(age_seal_passphrase_buf(pass, 3, bytes_str("text"),
	    &sealed));
	refuse_all_changes(&keys, &sealed);
}

/* The class of every truncation, wherever the cut. */
static void
test_truncation_classes(void **state)
{
	CLEANUP(buf_release) struct buf plain = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf opened = {0};
	CLEANUP(person_release) struct person p;
	struct age_stanza_count count;
	struct age_keys keys;
	size_t body;

	(void)state;
	person_new(&p);
	keys = keys_of(&p);
	fill(&plain, AGE_CHUNK + 100);
	assert_ok(age_seal_buf(&p.pub, 1, bytes_buf(&plain), &sealed));
	assert_ok(age_count_stanzas(bytes_buf(&sealed), &count));
	for (size_t len = 0; len < count.header_len + 16; len++)
		assert_err(age_open_buf(&keys, bytes_of(sealed.data, len),
		    &opened), ERR_SYNTAX);
	body = count.header_len + 16;
	assert_err(age_open_buf(&keys, bytes_of(sealed.data, body), &opened),
	    ERR_TRUNCATED);
	assert_err(age_open_buf(&keys, bytes_of(sealed.data, body + 15),
	    &opened), ERR_TRUNCATED);
	assert_err(age_open_buf(&keys, bytes_of(sealed.data, body + 16),
	    &opened), ERR_DECRYPT);
	assert_err(age_open_buf(&keys,
	    bytes_of(sealed.data, body + AGE_CHUNK + 16), &opened),
	    ERR_TRUNCATED);
	assert_err(age_open_buf(&keys,
	    bytes_of(sealed.data, sealed.len - 1), &opened), ERR_DECRYPT);
	assert_int_equal(opened.len, 0);
}

/* What a failing file had released is not left behind in the caller's buffer:
 * not in its length, not in its memory. */
static void
test_failed_open_leaves_nothing(void **state)
{
	CLEANUP(buf_release) struct buf plain = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf opened = {0};
	CLEANUP(person_release) struct person p;
	struct age_keys keys;
	size_t nonzero = 0;

	(void)state;
	person_new(&p);
	keys = keys_of(&p);
	assert_ok(buf_reserve(&plain, 3 * AGE_CHUNK));
	memset(plain.data, 'x', 3 * AGE_CHUNK);
	plain.len = 3 * AGE_CHUNK;
	assert_ok(age_seal_buf(&p.pub, 1, bytes_buf(&plain), &sealed));
	sealed.data[sealed.len - 1] ^= 1;
	assert_ok(buf_append_str(&opened, "kept"));
	assert_ok(buf_reserve(&opened, 3 * AGE_CHUNK));
	/* MALLOC_PERTURB_ may have filled it with the very byte looked for. */
	memset(opened.data + opened.len, 0, opened.cap - opened.len);
	assert_err(age_open_buf(&keys, bytes_buf(&sealed), &opened),
	    ERR_DECRYPT);
	assert_string_equal(buf_text(&opened), "kept");
	for (size_t i = 4; i < opened.cap; i++)
		nonzero += opened.data[i] == 'x';
	assert_int_equal(nonzero, 0);
}

static void
test_open_secret(void **state)
{
	CLEANUP(person_release) struct person p;
	struct age_keys keys;

	(void)state;
	person_new(&p);
	keys = keys_of(&p);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		CLEANUP(buf_release) struct buf text = {0};
		CLEANUP(buf_release) struct buf sealed = {0};
		CLEANUP(secret_cleanup) struct secret *s = NULL;

		fill(&text, sizes[i]);
		assert_ok(age_seal_buf(&p.pub, 1, bytes_buf(&text), &sealed));
		if (sizes[i] == 0) {
			assert_err(age_open_secret(&keys, bytes_buf(&sealed),
			    1000, &s), ERR_TRUNCATED);
			continue;
		}
		assert_err(age_open_secret(&keys, bytes_buf(&sealed),
		    sizes[i] - 1, &s), ERR_LIMIT);
		assert_null(s);
		assert_ok(age_open_secret(&keys, bytes_buf(&sealed), sizes[i],
		    &s));
		assert_int_equal(secret_len(s), sizes[i]);
		assert_memory_equal(secret_bytes(s), text.data, sizes[i]);
	}
	assert_err(age_open_secret(&keys, bytes_str("age-encryption.org/v1\n"),
	    100, &(struct secret *){NULL}), ERR_SYNTAX);
}

struct failing {
	size_t left;    /* bytes until it fails */
};

static enum err
output_failing(void *ctx, struct bytes piece)
{
	struct failing *f = ctx;

	if (piece.len > f->left)
		return ERR_NO_SPACE;
	f->left -= piece.len;
	return ERR_OK;
}

/* A failure of the output is returned as it is, and stays. */
static void
test_output_failure_stays(void **state)
{
	CLEANUP(age_writer_cleanup) struct age_writer *w = NULL;
	CLEANUP(age_reader_cleanup) struct age_reader *r = NULL;
	CLEANUP(buf_release) struct buf plain = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(person_release) struct person p;
	struct failing none = {10}, some = {80000};
	struct age_keys keys;

	(void)state;
	person_new(&p);
	keys = keys_of(&p);
	fill(&plain, 3 * AGE_CHUNK);
	assert_err(age_writer_new(&p.pub, 1, output_failing, &none, &w),
	    ERR_NO_SPACE);
	assert_null(w);
	assert_ok(age_writer_new(&p.pub, 1, output_failing, &some, &w));
	assert_err(age_writer_update(w, bytes_buf(&plain)), ERR_NO_SPACE);
	some.left = SIZE_MAX;
	assert_err(age_writer_update(w, bytes_str("x")), ERR_NO_SPACE);
	assert_err(age_writer_finish(w), ERR_NO_SPACE);
	assert_ok(age_seal_buf(&p.pub, 1, bytes_buf(&plain), &sealed));
	some.left = AGE_CHUNK;
	assert_ok(age_reader_new(&keys, output_failing, &some, &r));
	assert_err(age_reader_update(r, bytes_buf(&sealed)), ERR_NO_SPACE);
	some.left = SIZE_MAX;
	assert_err(age_reader_update(r, bytes_str("x")), ERR_NO_SPACE);
	assert_err(age_reader_finish(r), ERR_NO_SPACE);
}

static void
test_headers_of_other_things(void **state)
{
	CLEANUP(buf_release) struct buf big = {0};
	CLEANUP(person_release) struct person p;
	CLEANUP(buf_release) struct buf out = {0};
	struct age_stanza_count c;
	struct age_keys keys;

	(void)state;
	person_new(&p);
	keys = keys_of(&p);
	assert_err(age_open_buf(&keys, bytes_of(NULL, 0), &out), ERR_SYNTAX);
	assert_err(age_open_buf(&keys, bytes_str("hello"), &out), ERR_SYNTAX);
	assert_err(age_open_buf(&keys,
	    bytes_str("age-encryption.org/v2\n-> X\n\n--- x\n"), &out),
	    ERR_UNSUPPORTED);
	assert_err(age_open_buf(&keys,
	    bytes_str("-----BEGIN AGE ENCRYPTED FILE-----\nabc\n"), &out),
	    ERR_UNSUPPORTED);
	assert_err(age_count_stanzas(bytes_str("age-encryption.org/v1\n-> X "),
	    &c), ERR_TRUNCATED);
	assert_err(age_count_stanzas(bytes_str("age-encryption.org/v1\r\n"),
	    &c), ERR_UNSUPPORTED);
	assert_ok(buf_append_str(&big, "age-encryption.org/v1\n"));
	while (big.len < 2 * AGE_HEADER_MAX)
		assert_ok(buf_append_str(&big, "-> grease x\n\n"));
	assert_err(age_count_stanzas(bytes_buf(&big), &c), ERR_LIMIT);
	assert_err(age_open_buf(&keys, bytes_buf(&big), &out), ERR_LIMIT);
}

/* A file with a stanza of an unknown type in front of ours still opens, and
 * is counted. */
static void
test_other_stanzas(void **state)
{
	CLEANUP(person_release) struct person p;
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf forged = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct age_stanza_count c;
	struct age_keys keys;

	(void)state;
	person_new(&p);
	keys = keys_of(&p);
	assert_ok(age_seal_buf(&p.pub, 1, bytes_str("x"), &sealed));
	assert_ok(age_count_stanzas(bytes_buf(&sealed), &c));
	assert_int_equal(c.x25519 + c.scrypt + c.other, 1);
	assert_ok(buf_append(&forged, sealed.data, 22));
	assert_ok(buf_append_str(&forged, "-> other a b c d\nAAAA\n"));
	assert_ok(buf_append(&forged, sealed.data + 22, sealed.len - 22));
	assert_ok(age_count_stanzas(bytes_buf(&forged), &c));
	assert_int_equal(c.x25519, 1);
	assert_int_equal(c.other, 1);
	/* The MAC covers it. */
	assert_err(age_open_buf(&keys, bytes_buf(&forged), &out),
	    ERR_MISMATCH);
}

/* Writers and readers share nothing: several at once, each in its thread. */
static void *
seal_and_open(void *arg)
{
	CLEANUP(buf_release) struct buf plain = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf opened = {0};
	const struct person *p = arg;
	struct age_keys keys = keys_of(p);

	for (size_t i = 0; i < 300000; i++)
		if (buf_append_u8(&plain, (uint8_t)(i * 31)) != ERR_OK)
			return NULL;
	for (int i = 0; i < 20; i++) {
		buf_clear(&sealed);
		buf_clear(&opened);
		if (age_seal_buf(&p->pub, 1, bytes_buf(&plain), &sealed) !=
		    ERR_OK || age_open_buf(&keys, bytes_buf(&sealed),
		    &opened) != ERR_OK ||
		    !bytes_equal(bytes_buf(&plain), bytes_buf(&opened)))
			return NULL;
	}
	return arg;
}

static void
test_threads(void **state)
{
	CLEANUP(person_release) struct person p;
	pthread_t threads[4];
	void *ret;

	(void)state;
	person_new(&p);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    seal_and_open, &p), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &ret), 0);
		assert_ptr_equal(ret, &p);
	}
}

static void
test_secret_and_recipient(void **state)
{
	CLEANUP(person_release) struct person a, b;

	(void)state;
	person_new(&a);
	person_new(&b);
	assert_false(age_recipient_equal(&a.pub, &b.pub));
	assert_true(age_recipient_equal(&a.pub, &a.pub));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip_sizes),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_two_recipients),
		cmocka_unit_test(test_recipients_refused),
		cmocka_unit_test(test_file_keys_are_fresh),
		cmocka_unit_test(test_passphrase),
		cmocka_unit_test(test_work_factor_bounds),
		cmocka_unit_test(test_changes_x25519),
		cmocka_unit_test(test_changes_scrypt),
		cmocka_unit_test(test_truncation_classes),
		cmocka_unit_test(test_failed_open_leaves_nothing),
		cmocka_unit_test(test_open_secret),
		cmocka_unit_test(test_output_failure_stays),
		cmocka_unit_test(test_headers_of_other_things),
		cmocka_unit_test(test_other_stanzas),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_secret_and_recipient),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
