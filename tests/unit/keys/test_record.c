#include "tests/unit/keys/keys_vectors.h"
#include "tests/unit/keys/seats_test.h"

#include "keys/record.h"
#include "keys/record_internal.h"

/* The inputs of tests/vectors/keys.py: bytes that count upwards. */
static void
count(uint8_t *bytes, size_t len, uint8_t from)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(from + i);
}

/* Everything a record is sealed under. */
struct setup {
	struct record_epoch_keys keys;
	uint8_t respondent[RECORD_KEY_LEN], tag[RECORD_TAG_LEN];
	struct record_ref ref;
};

static void
setup_init(struct setup *s)
{
	uint8_t ek[32], epoch[32], subject[32];
	CLEANUP(buf_release) struct buf tag = {0};

	count(ek, 32, 0);
	count(epoch, 32, 0x20);
	count(subject, 32, 0x40);
	count(s->respondent, 32, 0x60);
	seats_hex(KEYS_TAG, &tag);
	memcpy(s->tag, tag.data, RECORD_TAG_LEN);
	record_epoch_keys_derive(&s->keys, ek, epoch, subject);
	s->ref = (struct record_ref){
		.respondent_key = s->respondent, .tag = s->tag,
		.generation = 3, .kind = RECORD_RESPONSE,
	};
}

static void
assert_hex(const uint8_t *got, size_t len, const char *want)
{
	char hex[1024];

	assert_true(2 * len < sizeof(hex));
	encode_hex(got, len, hex);
	assert_string_equal(hex, want);
}

static void
derivations_equal_python(void **state)
{
	CLEANUP(secret_cleanup) struct secret *index = NULL;
	uint8_t key[32], tag[RECORD_TAG_LEN], event[RECORD_EVENT_LEN];
	struct setup s;

	(void)state;
	setup_init(&s);
	assert_hex(s.keys.rec, 32, KEYS_EPOCH_REC);
	assert_hex(s.keys.id, 32, KEYS_EPOCH_ID);
	count(key, sizeof(key), 0x90);
	assert_ok(secret_new_copy(key, sizeof(key), &index));
	record_tag(index, "14", "line-kanagawa",
	    bytes_str("U0123456789abcdef0123456789abcdef"), tag);
	assert_hex(tag, sizeof(tag), KEYS_TAG);
	record_event(index, "line", bytes_str("01HX"), event);
	assert_hex(event, sizeof(event), KEYS_EVENT);
}

static void
sealed_records_equal_python(void **state)
{
	CLEANUP(buf_release) struct buf plain = {0}, line = {0};
	uint8_t random[RECORD_RANDOM_LEN], sealed[256], opened[256];
	const struct record_ref quarantined = {.kind = RECORD_QUARANTINE};
	struct setup s;

	(void)state;
	setup_init(&s);
	count(random, sizeof(random), 0x80);
	seats_hex(KEYS_PLAIN_RESPONSE, &plain);
	assert_ok(record_seal_with(&s.keys, &s.ref, random, bytes_buf(&plain),
	    sealed));
	assert_hex(sealed, plain.len + 32, KEYS_SEALED_RESPONSE);
	assert_ok(record_open(&s.keys, &s.ref, bytes_of(sealed,
	    plain.len + 32), opened));
	assert_memory_equal(opened, plain.data, plain.len);
	seats_hex(KEYS_PLAIN_QUARANTINE, &line);
	assert_ok(record_seal_with(&s.keys, &quarantined, random,
	    bytes_buf(&line), sealed));
	assert_hex(sealed, line.len + 32, KEYS_SEALED_QUARANTINE);
	assert_ok(record_open(&s.keys, &quarantined, bytes_of(sealed,
	    line.len + 32), opened));
	assert_memory_equal(opened, line.data, line.len);
}

static void
the_table_is_what_python_computes(void **state)
{
	const char *source = getenv("AZUKARI_SOURCE");

	(void)state;
	if (source == NULL)
		UNIT_SKIP("AZUKARI_SOURCE is not set");
	if (seats_run("/usr/bin/python3 -c 'import nacl' 2>/dev/null") != 0)
		UNIT_SKIP("no python3 with nacl");
	SEATS_NEED("openssl");
	assert_int_equal(0, seats_run("/usr/bin/python3 '%s'/tests/vectors/"
	    "keys.py --check '%s'/tests/unit/keys/keys_vectors.h", source,
	    source));
}

static void
every_length(void **state)
{
	static uint8_t plain[RECORD_PLAIN_MAX + 32];
	static uint8_t sealed[RECORD_PLAIN_MAX + 64], opened[RECORD_PLAIN_MAX];
	const size_t lens[] = {16, 32, 48, 96, 4096, RECORD_PLAIN_MAX};
	const size_t bad[] = {0, 1, 15, 17, 95, RECORD_PLAIN_MAX + 16};
	struct setup s;

	(void)state;
	setup_init(&s);
	count(plain, sizeof(plain), 1);
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		size_t len = lens[i];

		assert_ok(record_seal(&s.keys, &s.ref, bytes_of(plain, len),
		    sealed));
		assert_ok(record_open(&s.keys, &s.ref, bytes_of(sealed,
		    len + RECORD_OVERHEAD), opened));
		assert_memory_equal(opened, plain, len);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(record_seal(&s.keys, &s.ref, bytes_of(plain,
		    bad[i]), sealed), ERR_RANGE);
	for (size_t len = 0; len < 48; len++)
		assert_err(record_open(&s.keys, &s.ref, bytes_of(sealed, len),
		    opened), ERR_TRUNCATED);
	assert_err(record_open(&s.keys, &s.ref, bytes_of(sealed, 65), opened),
	    ERR_RANGE);
	assert_err(record_open(&s.keys, &s.ref, bytes_of(sealed,
	    sizeof(sealed)), opened), ERR_RANGE);
}

static void
the_same_plaintext_never_looks_the_same(void **state)
{
	uint8_t plain[32] = {0}, a[64], b[64];
	struct setup s;

	(void)state;
	setup_init(&s);
	assert_ok(record_seal(&s.keys, &s.ref, bytes_of(plain, 32), a));
	assert_ok(record_seal(&s.keys, &s.ref, bytes_of(plain, 32), b));
	assert_memory_not_equal(a, b, RECORD_ID_LEN);
	assert_memory_not_equal(a + 16, b + 16, 32);
}

/* Past the end of the randomness in store, twice. */
static void
many_never_look_the_same(void **state)
{
	static uint8_t ids[600][RECORD_ID_LEN];
	struct record_random random = {.left = 0};
	uint8_t plain[32] = {0}, sealed[64], opened[32];
	struct setup s;

	(void)state;
	setup_init(&s);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		assert_ok(record_seal_many(&s.keys, &s.ref, &random,
		    bytes_of(plain, 32), sealed));
		assert_ok(record_open(&s.keys, &s.ref, bytes_of(sealed, 64),
		    opened));
		memcpy(ids[i], sealed, RECORD_ID_LEN);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(ids[i], ids[k], RECORD_ID_LEN);
	}
}

/* A machine that is rolled back draws the same random bytes again: another
 * plaintext still has another id, hence another key and nonce. */
static void
repeated_randomness_is_survived(void **state)
{
	uint8_t random[RECORD_RANDOM_LEN] = {0}, one[32] = {1}, two[32] = {2};
	uint8_t a[64], b[64];
	struct setup s;

	(void)state;
	setup_init(&s);
	assert_ok(record_seal_with(&s.keys, &s.ref, random, bytes_of(one, 32),
	    a));
	assert_ok(record_seal_with(&s.keys, &s.ref, random, bytes_of(two, 32),
	    b));
	assert_memory_not_equal(a, b, RECORD_ID_LEN);
	for (size_t i = 0; i < 32; i++)
		b[16 + i] ^= a[16 + i];
	/* Not the XOR of the two plaintexts. */
	assert_false(b[16] == 3 && b[17] == 0 && b[18] == 0 && b[19] == 0);
}

static void
every_flipped_bit_is_refused(void **state)
{
	uint8_t plain[64], sealed[96], opened[64], zero[64] = {0};
	struct setup s;

	(void)state;
	setup_init(&s);
	count(plain, sizeof(plain), 7);
	assert_ok(record_seal(&s.keys, &s.ref, bytes_of(plain, 64), sealed));
	for (size_t i = 0; i < 8 * sizeof(sealed); i++) {
		memset(opened, 0xee, sizeof(opened));
		sealed[i / 8] ^= (uint8_t)(1u << (i % 8));
		assert_err(record_open(&s.keys, &s.ref, bytes_of(sealed, 96),
		    opened), ERR_DECRYPT);
		assert_memory_equal(opened, zero, sizeof(zero));
		sealed[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
	assert_err(record_open(&s.keys, &s.ref, bytes_of(sealed, 64), opened),
	    ERR_DECRYPT);
	assert_ok(record_open(&s.keys, &s.ref, bytes_of(sealed, 96), opened));
}

/* Flips every bit of ${len} bytes of what the record is bound to. */
static void
flip_all(struct setup *s, uint8_t *bytes, size_t len, struct bytes sealed)
{
	uint8_t opened[64];

	for (size_t i = 0; i < 8 * len; i++) {
		bytes[i / 8] ^= (uint8_t)(1u << (i % 8));
		assert_err(record_open(&s->keys, &s->ref, sealed, opened),
		    ERR_DECRYPT);
		bytes[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
	assert_ok(record_open(&s->keys, &s->ref, sealed, opened));
}

static void
every_bit_it_is_bound_to(void **state)
{
	uint8_t plain[64] = {1}, buffer[96] = {0}, opened[64];
	struct bytes sealed = bytes_of(buffer, 96);
	struct setup s;

	(void)state;
	setup_init(&s);
	assert_ok(record_seal(&s.keys, &s.ref, bytes_of(plain, 64), buffer));
	flip_all(&s, s.keys.rec, 32, sealed);
	flip_all(&s, s.keys.epoch_sha256, 32, sealed);
	flip_all(&s, s.keys.subject_sha256, 32, sealed);
	flip_all(&s, s.respondent, sizeof(s.respondent), sealed);
	flip_all(&s, s.tag, sizeof(s.tag), sealed);
	flip_all(&s, (uint8_t *)&s.ref.generation, 4, sealed);
	for (int kind = RECORD_CONSENT; kind < RECORD_QUARANTINE; kind++) {
		s.ref.kind = (enum record_kind)kind;
		assert_err(record_open(&s.keys, &s.ref, sealed, opened),
		    ERR_DECRYPT);
	}
	s.ref = (struct record_ref){.kind = RECORD_QUARANTINE};
	assert_err(record_open(&s.keys, &s.ref, sealed, opened), ERR_DECRYPT);
}

/* P4: with the epoch's key but without the respondent's, nothing. */
static void
no_respondent_key_no_record(void **state)
{
	uint8_t plain[32] = {1}, sealed[64], opened[32], zero[32] = {0};
	struct setup s;

	(void)state;
	setup_init(&s);
	assert_ok(record_seal(&s.keys, &s.ref, bytes_of(plain, 32), sealed));
	s.ref.respondent_key = zero;
	assert_err(record_open(&s.keys, &s.ref, bytes_of(sealed, 64), opened),
	    ERR_DECRYPT);
}

/* The format is in the associated data, and goes with its block. */
static void
formats_are_told_apart(void **state)
{
	const struct record_ref ref = {.kind = RECORD_QUARANTINE};
	uint8_t plain[48] = {1}, sealed[80], opened[48];
	struct setup s;

	(void)state;
	setup_init(&s);
	assert_ok(record_seal(&s.keys, &ref, bytes_of(plain, 32), sealed));
	assert_ok(record_open(&s.keys, &ref, bytes_of(sealed, 64), opened));
	s.keys.format = RECORD_FORMAT_FIRST;
	assert_err(record_open(&s.keys, &ref, bytes_of(sealed, 64), opened),
	    ERR_DECRYPT);
	s.keys.format = RECORD_FORMAT;
	assert_ok(record_seal(&s.keys, &ref, bytes_of(plain, 48), sealed));
	assert_ok(record_open(&s.keys, &ref, bytes_of(sealed, 80), opened));
	s.keys.format = RECORD_FORMAT_FIRST;
	assert_err(record_open(&s.keys, &ref, bytes_of(sealed, 80), opened),
	    ERR_RANGE);
}

/* ---- misuse ---- */

static void
seal_as(void *arg)
{
	const struct record_ref *ref = arg;
	uint8_t plain[32] = {0}, sealed[64];
	struct record_epoch_keys keys = {.format = RECORD_FORMAT};

	if (record_seal(&keys, ref, bytes_of(plain, 32), sealed) != ERR_OK)
		_exit(1);
}

static void
seal_first(void *arg)
{
	const struct record_ref *ref = arg;
	uint8_t plain[32] = {0}, sealed[64];
	struct record_epoch_keys keys = {.format = RECORD_FORMAT_FIRST};

	if (record_seal(&keys, ref, bytes_of(plain, 32), sealed) != ERR_OK)
		_exit(1);
}

static void
nothing_is_sealed_in_the_first_format(void **state)
{
	struct record_ref good = {.kind = RECORD_QUARANTINE};

	(void)state;
	assert_true(unit_aborts(seal_first, &good));
}

static void
half_a_quarantine_aborts(void **state)
{
	uint8_t some[32] = {0};
	struct record_ref bad[] = {
		{.kind = RECORD_QUARANTINE, .tag = some},
		{.kind = RECORD_QUARANTINE, .respondent_key = some},
		{.kind = RECORD_QUARANTINE, .generation = 1},
		{.kind = RECORD_RESPONSE, .tag = some},
		{.kind = RECORD_RESPONSE, .respondent_key = some},
		{.kind = (enum record_kind)0, .tag = some,
		    .respondent_key = some},
		{.kind = (enum record_kind)6, .tag = some,
		    .respondent_key = some},
	};
	struct record_ref good = {.kind = RECORD_QUARANTINE};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(unit_aborts(seal_as, &bad[i]));
	assert_false(unit_aborts(seal_as, &good));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derivations_equal_python),
		cmocka_unit_test(sealed_records_equal_python),
		cmocka_unit_test(the_table_is_what_python_computes),
		cmocka_unit_test(every_length),
		cmocka_unit_test(the_same_plaintext_never_looks_the_same),
		cmocka_unit_test(many_never_look_the_same),
		cmocka_unit_test(repeated_randomness_is_survived),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(every_bit_it_is_bound_to),
		cmocka_unit_test(no_respondent_key_no_record),
		cmocka_unit_test(formats_are_told_apart),
		cmocka_unit_test(half_a_quarantine_aborts),
		cmocka_unit_test(nothing_is_sealed_in_the_first_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
