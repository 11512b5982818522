#include "tests/unit/keys/keys_test.h"

#include "keys/age_stream.h"

static const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN] = {1, 2, 3};
static const uint8_t nonce[AGE_STREAM_NONCE_LEN] = {4, 5, 6};

static void
start(struct age_stream *s, int sealing)
{
	assert_ok(age_stream_init(s, sealing, file_key, nonce));
}

/* A chunk opens in its place and as what it was sealed as, or not at all. */
static void
test_order_and_end(void **state)
{
	CLEANUP(age_stream_release) struct age_stream w = {0};
	CLEANUP(age_stream_release) struct age_stream r = {0};
	uint8_t first[21], last[20], plain[5];

	(void)state;
	start(&w, 1);
	assert_ok(age_stream_seal(&w, (const uint8_t *)"first", 5, 0, first));
	assert_ok(age_stream_seal(&w, (const uint8_t *)"last", 4, 1, last));
	start(&r, 0);
	assert_err(age_stream_open(&r, last, 20, 1, plain), ERR_DECRYPT);
	assert_err(age_stream_open(&r, first, 21, 1, plain), ERR_DECRYPT);
	assert_ok(age_stream_open(&r, first, 21, 0, plain));
	assert_memory_equal(plain, "first", 5);
	assert_err(age_stream_open(&r, first, 21, 0, plain), ERR_DECRYPT);
	assert_err(age_stream_open(&r, last, 20, 0, plain), ERR_DECRYPT);
	assert_ok(age_stream_open(&r, last, 20, 1, plain));
	assert_memory_equal(plain, "last", 4);
	assert_int_equal(r.counter, 2);
}

/* Nothing of a chunk that does not authenticate stays in the output. */
static void
test_failure_leaves_nothing(void **state)
{
	CLEANUP(age_stream_release) struct age_stream w = {0};
	CLEANUP(age_stream_release) struct age_stream r = {0};
	uint8_t text[300], sealed[316], plain[300];

	(void)state;
	memset(text, 'x', sizeof(text));
	start(&w, 1);
	assert_ok(age_stream_seal(&w, text, sizeof(text), 1, sealed));
	start(&r, 0);
	sealed[315] ^= 1;
	memset(plain, 'y', sizeof(plain));
	assert_err(age_stream_open(&r, sealed, sizeof(sealed), 1, plain),
	    ERR_DECRYPT);
	for (size_t i = 0; i < sizeof(plain); i++)
		assert_int_equal(plain[i], 0);
	sealed[315] ^= 1;
	assert_ok(age_stream_open(&r, sealed, sizeof(sealed), 1, plain));
	assert_memory_equal(plain, text, sizeof(text));
}

static void
test_empty_chunk(void **state)
{
	CLEANUP(age_stream_release) struct age_stream w = {0};
	CLEANUP(age_stream_release) struct age_stream r = {0};
	uint8_t sealed[16], none[1] = {7};

	(void)state;
	start(&w, 1);
	assert_ok(age_stream_seal(&w, none, 0, 1, sealed));
	start(&r, 0);
	assert_ok(age_stream_open(&r, sealed, 16, 1, none));
	assert_int_equal(none[0], 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_end),
		cmocka_unit_test(test_failure_leaves_nothing),
		cmocka_unit_test(test_empty_chunk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
