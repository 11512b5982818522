#include "tests/unit/unit.h"

#include "keys/memory_key.h"

static struct memory_key key, other;

static int
up(void **state)
{
	static const uint8_t bytes[32] = {1, 2, 3}, epoch[32] = {9};
	static const uint8_t next[32] = {8};

	(void)state;
	memory_key_derive(&key, bytes, epoch);
	memory_key_derive(&other, bytes, next);
	return 0;
}

static void
test_tokens(void **state)
{
	static const uint8_t none[32], ladder[32] = {7};
	const struct memory_key_label labels[] = {
		{"Q08", ladder, 1, bytes_str("40-44")},
		{"Q09", ladder, 1, bytes_str("40-44")},
		{"Q08", none, 1, bytes_str("40-44")},
		{"Q08", ladder, 2, bytes_str("40-44")},
		{"Q08", ladder, 1, bytes_str("40-45")},
	};
	uint8_t tokens[ARRAY_LEN(labels)][MEMORY_KEY_TOKEN_LEN];
	uint8_t again[MEMORY_KEY_TOKEN_LEN];
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(labels); i++) {
		memory_key_token(&key, &labels[i], tokens[i]);
		for (j = 0; j < i; j++)
			assert_memory_not_equal(tokens[i], tokens[j],
			    sizeof(tokens[i]));
		memory_key_token(&other, &labels[i], again);
		assert_memory_not_equal(tokens[i], again, sizeof(again));
		memory_key_token(&key, &labels[i], again);
		assert_memory_equal(tokens[i], again, sizeof(again));
	}
}

static void
test_every_bit(void **state)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf plain = {0};
	size_t i;

	(void)state;
	assert_ok(memory_key_seal(&key, "EXP-2020-0001",
	    bytes_str("groups"), &sealed));
	assert_int_equal(sealed.len, 6 + MEMORY_KEY_OVERHEAD);
	assert_ok(memory_key_open(&key, "EXP-2020-0001", bytes_buf(&sealed),
	    &plain));
	assert_string_equal(buf_text(&plain), "groups");
	for (i = 0; i < 8 * sealed.len; i++) {
		sealed.data[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_err(memory_key_open(&key, "EXP-2020-0001",
		    bytes_buf(&sealed), &plain), ERR_DECRYPT);
		sealed.data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (i = 0; i < sealed.len; i++)
		assert_true(memory_key_open(&key, "EXP-2020-0001",
		    bytes_of(sealed.data, i), &plain) != ERR_OK);
	assert_err(memory_key_open(&key, "EXP-2020-0002", bytes_buf(&sealed),
	    &plain), ERR_DECRYPT);
	assert_err(memory_key_open(&other, "EXP-2020-0001",
	    bytes_buf(&sealed), &plain), ERR_DECRYPT);
	assert_string_equal(buf_text(&plain), "groups");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_every_bit),
	};

	return cmocka_run_group_tests(tests, up, NULL);
}
