#include "tests/unit/keys/keys_vectors.h"
#include "tests/unit/keys/seats_test.h"

#include "keys/record_plain.h"

#define LINE_ID "U0123456789abcdef0123456789abcdef"

static struct record_plain
sample(uint8_t store[RECORD_PLAIN_LINE_LEN], const char *user)
{
	static const uint8_t body[] = {1, 2, 0, 5};
	struct record_plain p = {
		.source = bytes_str("line"), .has_consent = 1,
		.consent_scopes = 3, .consent_given_unix_s = 1585000000,
		.event_unix_s = 1585278000, .received_unix_s = 1585278005,
		.body = bytes_of(body, sizeof(body)),
	};

	for (uint8_t i = 0; i < RECORD_PLAIN_TEXT_LEN; i++)
		p.consent_text[i] = (uint8_t)(0xc0 + i);
	if (user != NULL)
		assert_ok(record_plain_set_user(&p, bytes_str(user), store));
	return p;
}

static void
assert_same(const struct record_plain *a, const struct record_plain *b)
{
	assert_int_equal(a->user_code, b->user_code);
	assert_true(bytes_equal(a->user, b->user));
	assert_true(bytes_equal(a->source, b->source));
	assert_int_equal(a->has_consent, b->has_consent);
	if (a->has_consent) {
		assert_memory_equal(a->consent_text, b->consent_text,
		    RECORD_PLAIN_TEXT_LEN);
		assert_int_equal(a->consent_scopes, b->consent_scopes);
		assert_int_equal(a->consent_given_unix_s,
		    b->consent_given_unix_s);
	}
	assert_int_equal(a->event_unix_s, b->event_unix_s);
	assert_int_equal(a->received_unix_s, b->received_unix_s);
	assert_true(bytes_equal(a->body, b->body));
}

static void
bytes_equal_python(void **state)
{
	uint8_t store[RECORD_PLAIN_LINE_LEN];
	CLEANUP(buf_release) struct buf got = {0}, want = {0}, body = {0};
	struct record_plain p = sample(store, LINE_ID);
	const struct record_plain_quarantine q = {
		.reason = bytes_str("syntax"), .line = bytes_str("{\"type\":"),
	};

	(void)state;
	seats_hex(KEYS_PLAIN_RESPONSE, &want);
	assert_ok(record_plain_build(RECORD_RESPONSE, &p, &got));
	assert_true(bytes_equal(bytes_buf(&got), bytes_buf(&want)));
	p = sample(store, NULL);
	assert_ok(record_plain_quarantine_write(&q, &body));
	p.body = bytes_buf(&body);
	buf_clear(&got);
	buf_clear(&want);
	seats_hex(KEYS_PLAIN_QUARANTINE, &want);
	assert_ok(record_plain_build(RECORD_QUARANTINE, &p, &got));
	assert_true(bytes_equal(bytes_buf(&got), bytes_buf(&want)));
}

static void
round_trips(void **state)
{
	static const char *const users[] = {LINE_ID, "patient 7", "患者",
	    "U0123456789ABCDEF0123456789ABCDEF", "U0123", "x"};
	uint8_t store[RECORD_PLAIN_LINE_LEN], body[200];

	(void)state;
	memset(body, 0, sizeof(body));  /* ends in zeros, as padding does */
	for (size_t u = 0; u < ARRAY_LEN(users); u++)
		for (size_t len = 0; len <= sizeof(body); len++) {
			CLEANUP(buf_release) struct buf b = {0}, user = {0};
			struct record_plain p = sample(store, users[u]), got;

			p.body = bytes_of(body, len);
			p.has_consent = (int)(len & 1);
			assert_ok(record_plain_build(RECORD_RESPONSE, &p, &b));
			assert_int_equal(b.len % RECORD_BLOCK, 0);
			assert_ok(record_plain_parse(RECORD_RESPONSE,
			    bytes_buf(&b), &got));
			assert_same(&p, &got);
			assert_ok(record_plain_get_user(&got, &user));
			assert_string_equal(buf_text(&user), users[u]);
		}
}

static void
a_line_id_takes_17_bytes(void **state)
{
	uint8_t store[RECORD_PLAIN_LINE_LEN];
	struct record_plain p = sample(store, LINE_ID);

	(void)state;
	assert_int_equal(p.user_code, RECORD_PLAIN_LINE);
	assert_int_equal(p.user.len, 16);
	p = sample(store, "U0123456789abcdef0123456789abcdeF");
	assert_int_equal(p.user_code, RECORD_PLAIN_UTF8);
	p = sample(store, "u0123456789abcdef0123456789abcdef");
	assert_int_equal(p.user_code, RECORD_PLAIN_UTF8);
	p = sample(store, LINE_ID "0");
	assert_int_equal(p.user_code, RECORD_PLAIN_UTF8);
}

static void
what_is_not_built(void **state)
{
	uint8_t store[RECORD_PLAIN_LINE_LEN];
	static uint8_t big[RECORD_PLAIN_MAX + 1];
	char long_user[257];
	CLEANUP(buf_release) struct buf out = {0};
	struct record_plain p = sample(store, "x");

	(void)state;
	memset(long_user, 'a', sizeof(long_user));
	assert_ok(buf_append_str(&out, "kept"));
	assert_err(record_plain_set_user(&p, bytes_str(""), store), ERR_RANGE);
	assert_err(record_plain_set_user(&p, bytes_of(long_user, 256), store),
	    ERR_RANGE);
	assert_ok(record_plain_set_user(&p, bytes_of(long_user, 255), store));
	assert_err(record_plain_build(RECORD_QUARANTINE, &p, &out), ERR_RANGE);
	p.source = bytes_str("Line");
	assert_err(record_plain_build(RECORD_RESPONSE, &p, &out), ERR_RANGE);
	p.source = bytes_str("");
	assert_err(record_plain_build(RECORD_RESPONSE, &p, &out), ERR_RANGE);
	p = sample(store, NULL);
	assert_err(record_plain_build(RECORD_RESPONSE, &p, &out), ERR_RANGE);
	p = sample(store, "x");
	p.body = bytes_of(big, sizeof(big));
	assert_err(record_plain_build(RECORD_RESPONSE, &p, &out), ERR_RANGE);
	p.body = bytes_of(big, sizeof(big) - 10);
	assert_err(record_plain_build(RECORD_RESPONSE, &p, &out), ERR_RANGE);
	p = sample(store, "x");         /* a LINE id spelled out */
	p.user = bytes_str(LINE_ID);
	assert_err(record_plain_build(RECORD_RESPONSE, &p, &out), ERR_RANGE);
	p.user_code = RECORD_PLAIN_LINE;
	assert_err(record_plain_build(RECORD_RESPONSE, &p, &out), ERR_RANGE);
	assert_string_equal(buf_text(&out), "kept");
	assert_int_equal(out.len, 4);
}

static enum err
parse_hex(enum record_kind kind, const char *hex)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct record_plain p;

	seats_hex(hex, &b);
	return record_plain_parse(kind, bytes_buf(&b), &p);
}

#define Z4 "00000000"
#define Z16 Z4 Z4 Z4 Z4
#define TIMES "5e7d6c305e7d6c35"

static void
padding_has_one_form(void **state)
{
	(void)state;
	/* format, code 2 "x", source "l", no consent, times: 16 bytes. */
#define HEAD "01020178" "016c" "00" TIMES
	assert_ok(parse_hex(RECORD_RESPONSE, HEAD "80" Z16));
	assert_err(parse_hex(RECORD_RESPONSE, HEAD "00" Z16), ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, HEAD "81" Z16), ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, HEAD "80" Z4 Z4 Z4 "00000001"),
	    ERR_CORRUPT);
	assert_ok(parse_hex(RECORD_RESPONSE, HEAD "80" Z4 Z4 Z4 "00000080"));
	assert_err(parse_hex(RECORD_RESPONSE, HEAD "80" Z16 "00"),
	    ERR_TRUNCATED);
	/* A whole block more than there has to be. */
	assert_err(parse_hex(RECORD_RESPONSE, HEAD "80" Z16 Z16 Z16),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, ""), ERR_TRUNCATED);
	assert_err(parse_hex(RECORD_RESPONSE, Z16 Z16), ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "80" Z16 Z4 Z4 Z4 "000000"),
	    ERR_TRUNCATED);
}

static void
headers_have_one_form(void **state)
{
	(void)state;
#define PAD "80" Z16
	assert_ok(parse_hex(RECORD_RESPONSE, HEAD PAD));
	assert_err(parse_hex(RECORD_QUARANTINE, HEAD PAD), ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "02020178" "016c" "00" TIMES PAD),
	    ERR_UNSUPPORTED);
	assert_err(parse_hex(RECORD_RESPONSE, "01030178" "016c" "00" TIMES PAD),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "01020178" "016c" "02" TIMES PAD),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "01020178" "014c" "00" TIMES PAD),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "0102ff78" "016c" "00" TIMES PAD),
	    ERR_TRUNCATED);
	assert_err(parse_hex(RECORD_RESPONSE, "01020178" "ff6c" "00" TIMES PAD),
	    ERR_TRUNCATED);
	/* Nobody where there must be somebody; the empty id. */
	assert_err(parse_hex(RECORD_RESPONSE, "0100" "036c6c6c" "00" TIMES PAD),
	    ERR_CORRUPT);
	assert_ok(parse_hex(RECORD_QUARANTINE, "0100" "036c6c6c" "00" TIMES
	    PAD));
	assert_err(parse_hex(RECORD_RESPONSE, "010200" "026c6c" "00" TIMES PAD),
	    ERR_CORRUPT);
	/* A LINE id in its long form. */
	assert_err(parse_hex(RECORD_RESPONSE, "010221"
	    "5530313233343536373839616263646566303132333435363738396162636465"
	    "66" "016c" "00" TIMES "80" Z16), ERR_CORRUPT);
}

static void
every_truncation_is_refused(void **state)
{
	uint8_t store[RECORD_PLAIN_LINE_LEN];
	struct record_plain p = sample(store, LINE_ID), got;
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	p.body = bytes_of(NULL, 0);
	assert_ok(record_plain_build(RECORD_RESPONSE, &p, &b));
	for (size_t len = 0; len < b.len; len++)
		assert_true(record_plain_parse(RECORD_RESPONSE,
		    bytes_of(b.data, len), &got) != ERR_OK);
	/* Cut short, but padded again: the header itself must notice. */
	for (size_t len = 0; len < 1 + 17 + 5 + 22 + 8; len++) {
		CLEANUP(buf_release) struct buf cut = {0};

		assert_ok(buf_append(&cut, b.data, len));
		assert_ok(buf_append_u8(&cut, 0x80));
		while (cut.len % RECORD_BLOCK != 0)
			assert_ok(buf_append_u8(&cut, 0));
		assert_true(record_plain_parse(RECORD_RESPONSE,
		    bytes_buf(&cut), &got) != ERR_OK);
	}
}

static void
consent_bodies(void **state)
{
	struct record_plain_consent c = {.scopes = 3}, got;
	CLEANUP(buf_release) struct buf b = {0};
	static const uint8_t bad[] = {0, 8, 16, 64, 128, 131};

	(void)state;
	memset(c.text_sha256, 0x77, DIGEST_LEN);
	assert_ok(record_plain_consent_write(&c, &b));
	assert_ok(record_plain_consent_read(bytes_buf(&b), &got));
	assert_int_equal(got.scopes, 3);
	assert_memory_equal(got.text_sha256, c.text_sha256, DIGEST_LEN);
	for (size_t len = 0; len < b.len; len++)
		assert_err(record_plain_consent_read(bytes_of(b.data, len),
		    &got), ERR_CORRUPT);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		c.scopes = b.data[0] = bad[i];
		assert_err(record_plain_consent_read(bytes_buf(&b), &got),
		    ERR_CORRUPT);
		assert_err(record_plain_consent_write(&c, &b), ERR_RANGE);
	}
	assert_int_equal(b.len, 33);
}

static void
withdrawal_bodies(void **state)
{
	struct record_plain_withdrawal w = {.permanent = 1}, got;
	static const uint8_t good[] = {1, 2, 4, 7, 128}, bad[] = {0, 8, 129};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		CLEANUP(buf_release) struct buf b = {0};

		w.scopes = good[i];
		assert_ok(record_plain_withdrawal_write(&w, &b));
		assert_ok(record_plain_withdrawal_read(bytes_buf(&b), &got));
		assert_int_equal(got.scopes, good[i]);
		assert_int_equal(got.permanent, 1);
		b.data[1] = 2;
		assert_err(record_plain_withdrawal_read(bytes_buf(&b), &got),
		    ERR_CORRUPT);
		assert_err(record_plain_withdrawal_read(bytes_of(b.data, 1),
		    &got), ERR_CORRUPT);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CLEANUP(buf_release) struct buf b = {0};
		const uint8_t body[] = {bad[i], 0};

		w.scopes = bad[i];
		assert_err(record_plain_withdrawal_write(&w, &b), ERR_RANGE);
		assert_err(record_plain_withdrawal_read(bytes_of(body, 2),
		    &got), ERR_CORRUPT);
	}
}

static void
quarantine_bodies(void **state)
{
	char reason[257];
	struct record_plain_quarantine q = {
		.reason = {(const uint8_t *)reason, 255},
		.line = bytes_str("line"),
	}, got;
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	memset(reason, 'r', sizeof(reason));
	assert_ok(record_plain_quarantine_write(&q, &b));
	assert_ok(record_plain_quarantine_read(bytes_buf(&b), &got));
	assert_true(bytes_equal(got.reason, q.reason));
	assert_true(bytes_equal(got.line, q.line));
	assert_ok(record_plain_quarantine_read(bytes_of(b.data, 256), &got));
	assert_int_equal(got.line.len, 0);
	assert_err(record_plain_quarantine_read(bytes_of(b.data, 255), &got),
	    ERR_CORRUPT);
	assert_err(record_plain_quarantine_read(bytes_of(b.data, 0), &got),
	    ERR_CORRUPT);
	assert_err(record_plain_quarantine_read(bytes_of("\0x", 2), &got),
	    ERR_CORRUPT);
	q.reason = bytes_of(reason, 256);
	assert_err(record_plain_quarantine_write(&q, &b), ERR_RANGE);
	q.reason = bytes_of(reason, 0);
	assert_err(record_plain_quarantine_write(&q, &b), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_equal_python),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(a_line_id_takes_17_bytes),
		cmocka_unit_test(what_is_not_built),
		cmocka_unit_test(padding_has_one_form),
		cmocka_unit_test(headers_have_one_form),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(consent_bodies),
		cmocka_unit_test(withdrawal_bodies),
		cmocka_unit_test(quarantine_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
