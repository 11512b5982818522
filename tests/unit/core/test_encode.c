#include "tests/unit/unit.h"

#include "core/encode.h"

static void
hex_is_lower_case_both_ways(void **state)
{
	static const uint8_t in[] = {0x00, 0x7f, 0xab, 0xff};
	uint8_t out[4];
	char text[9];

	(void)state;
	encode_hex(in, sizeof(in), text);
	assert_string_equal(text, "007fabff");
	assert_ok(decode_hex(bytes_str(text), out, sizeof(out)));
	assert_memory_equal(in, out, sizeof(in));
	assert_ok(decode_hex(bytes_str(""), out, 0));
}

static void
hex_refuses_everything_else(void **state)
{
	static const char *const bad[] = {"007fabf", "007fabff0", "007fab",
	    "007fABff", "007fabfg", "00 7fabf", "007fabf\n", "0x7fabff",
	    "007fab:f", ""};
	uint8_t out[4];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(decode_hex(bytes_str(bad[i]), out, sizeof(out)),
		    ERR_SYNTAX);
}

/* RFC 4648 section 10. */
static const struct {
	const char *plain, *b64, *b32;
} vectors[] = {
	{"", "", ""},
	{"f", "Zg==", "my"},
	{"fo", "Zm8=", "mzxq"},
	{"foo", "Zm9v", "mzxw6"},
	{"foob", "Zm9vYg==", "mzxw6yq"},
	{"fooba", "Zm9vYmE=", "mzxw6ytb"},
	{"foobar", "Zm9vYmFy", "mzxw6ytboi"},
};

static void
base64_vectors(void **state)
{
	uint8_t out[16];
	size_t i, len;

	(void)state;
	for (i = 0; i < ARRAY_LEN(vectors); i++) {
		CLEANUP(buf_release) struct buf b = {0};
		assert_ok(encode_b64(vectors[i].plain,
		    strlen(vectors[i].plain), 1, &b));
		assert_string_equal(buf_text(&b), vectors[i].b64);
		assert_ok(decode_b64(bytes_str(vectors[i].b64), 1, out,
		    sizeof(out), &len));
		assert_int_equal(len, strlen(vectors[i].plain));
		assert_memory_equal(out, vectors[i].plain, len);
	}
}

static void
base64_without_padding(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	uint8_t out[16];
	size_t len;

	(void)state;
	assert_ok(buf_append_str(&b, "x "));
	assert_ok(encode_b64("foob", 4, 0, &b));
	assert_string_equal(buf_text(&b), "x Zm9vYg");
	assert_ok(decode_b64(bytes_str("Zm9vYg"), 0, out, sizeof(out), &len));
	assert_int_equal(len, 4);
	assert_err(decode_b64(bytes_str("Zm9vYg=="), 0, out, sizeof(out),
	    &len), ERR_SYNTAX);
}

static void
base64_refuses_everything_else(void **state)
{
	static const char *const bad[] = {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=",
	    "Zm9v\n", " Zm9v", "Zm9v=", "Zm-_", "Z", "====", "Zg==Zg==",
	    "Zm9vY", "Z\0==", "Zm9v Zm9v"};
	uint8_t out[16];
	size_t i, len = 77;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(decode_b64(bytes_str(bad[i]), 1, out, sizeof(out),
		    &len), ERR_SYNTAX);
	assert_err(decode_b64(bytes_str("Zm9vYmFy"), 1, out, 5, &len),
	    ERR_LIMIT);
	assert_int_equal(len, 77);
}

/* Each byte in each place of a group: letters of the alphabet and no others. */
static void
base64_every_byte(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t out[16];
	size_t i, len;
	int c;

	(void)state;
	for (i = 0; i < 4; i++)
		for (c = 0; c < 256; c++) {
			char text[] = "Zm9v";

			text[i] = (char)c;
			assert_err(decode_b64(bytes_of(text, 4), 0, out,
			    sizeof(out), &len),
			    c != 0 && strchr(alphabet, c) != NULL ?
			    ERR_OK : ERR_SYNTAX);
		}
}

static void
base32_vectors(void **state)
{
	uint8_t out[16];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(vectors); i++) {
		size_t len = strlen(vectors[i].plain);

		assert_ok(decode_b32(bytes_str(vectors[i].b32), out, len));
		assert_memory_equal(out, vectors[i].plain, len);
	}
}

static void
base32_of_16_bytes_is_26_characters(void **state)
{
	uint8_t want[16], out[16];

	(void)state;
	memset(want, 0xff, sizeof(want));
	assert_ok(decode_b32(bytes_str("7777777777777777777777777" "4"), out,
	    sizeof(out)));
	assert_memory_equal(want, out, sizeof(want));
	assert_err(decode_b32(bytes_str("7777777777777777777777777" "5"), out,
	    16), ERR_SYNTAX);
}

static void
base32_refuses_everything_else(void **state)
{
	static const char *const bad[] = {"MZXW6", "mzxw1", "mzxw8", "mzxw",
	    "mzxw6a", "mzxw=", "mzx 6"};
	uint8_t out[8];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(decode_b32(bytes_str(bad[i]), out, 3), ERR_SYNTAX);
	assert_err(decode_b32(bytes_str("mz"), out, 1), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_is_lower_case_both_ways),
		cmocka_unit_test(hex_refuses_everything_else),
		cmocka_unit_test(base64_vectors),
		cmocka_unit_test(base64_without_padding),
		cmocka_unit_test(base64_refuses_everything_else),
		cmocka_unit_test(base64_every_byte),
		cmocka_unit_test(base32_vectors),
		cmocka_unit_test(base32_of_16_bytes_is_26_characters),
		cmocka_unit_test(base32_refuses_everything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
