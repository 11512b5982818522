#include "tests/unit/keys/keys_vectors.h"
#include "tests/unit/keys/seats_test.h"

#include "keys/record_plain.h"

#define LINE_ID "U0123456789abcdef0123456789abcdef"

/* Two sources and two texts, of which the samples use the second. */
static const struct epoch_lists *
lists(void)
{
	static char sources[2][NAMES_WORD_MAX + 1] = {"form", "line"};
	static uint8_t texts[2][DIGEST_LEN];
	static const struct epoch_lists l = {
		.opened_unix_s = 1585270000, .sources_len = 2, .texts_len = 2,
		.sources = sources, .texts = texts,
	};

	for (uint8_t i = 0; i < DIGEST_LEN; i++) {
		texts[0][i] = (uint8_t)(0xb0 + i);
		texts[1][i] = (uint8_t)(0xc0 + i);
	}
	return &l;
}

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

	memcpy(p.consent_text, lists()->texts[1], DIGEST_LEN);
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
		    DIGEST_LEN);
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
	assert_ok(record_plain_build(RECORD_RESPONSE, lists(), &p, &got));
	assert_true(bytes_equal(bytes_buf(&got), bytes_buf(&want)));
	p = sample(store, NULL);
	assert_ok(record_plain_quarantine_write(&q, &body));
	p.body = bytes_buf(&body);
	buf_clear(&got);
	buf_clear(&want);
	seats_hex(KEYS_PLAIN_QUARANTINE, &want);
	assert_ok(record_plain_build(RECORD_QUARANTINE, lists(), &p, &got));
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
			assert_ok(record_plain_build(RECORD_RESPONSE, lists(), &p, &b));
			assert_int_equal(b.len % RECORD_BLOCK, 0);
			assert_ok(record_plain_parse(RECORD_RESPONSE, lists(),
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
	assert_err(record_plain_build(RECORD_QUARANTINE, lists(), &p, &out), ERR_RANGE);
	p.source = bytes_str("mail");
	assert_err(record_plain_build(RECORD_RESPONSE, lists(), &p, &out),
	    ERR_UNKNOWN);
	p.source = bytes_str("");
	assert_err(record_plain_build(RECORD_RESPONSE, lists(), &p, &out),
	    ERR_UNKNOWN);
	p = sample(store, "x");         /* half of a digest is not enough */
	p.consent_text[31] ^= 1;
	assert_err(record_plain_build(RECORD_RESPONSE, lists(), &p, &out),
	    ERR_UNKNOWN);
	p = sample(store, NULL);
	assert_err(record_plain_build(RECORD_RESPONSE, lists(), &p, &out), ERR_RANGE);
	p = sample(store, "x");
	p.body = bytes_of(big, sizeof(big));
	assert_err(record_plain_build(RECORD_RESPONSE, lists(), &p, &out), ERR_RANGE);
	p.body = bytes_of(big, sizeof(big) - 10);
	assert_err(record_plain_build(RECORD_RESPONSE, lists(), &p, &out), ERR_RANGE);
	p = sample(store, "x");         /* a LINE id spelled out */
	p.user = bytes_str(LINE_ID);
	assert_err(record_plain_build(RECORD_RESPONSE, lists(), &p, &out), ERR_RANGE);
	p.user_code = RECORD_PLAIN_LINE;
	assert_err(record_plain_build(RECORD_RESPONSE, lists(), &p, &out), ERR_RANGE);
	assert_string_equal(buf_text(&out), "kept");
	assert_int_equal(out.len, 4);
}

static enum err
parse_hex(enum record_kind kind, const char *hex)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct record_plain p;

	seats_hex(hex, &b);
	return record_plain_parse(kind, lists(), bytes_buf(&b), &p);
}

#define Z4 "00000000"
#define Z8 Z4 Z4
/* Received at opening, the event 5 seconds before. */
#define TIMES "0009"

static void
padding_has_one_form(void **state)
{
	(void)state;
	/* format, code 2 "x", source 1, times, no consent: 8 bytes. */
#define HEAD "02020178" "01" TIMES "00"
	assert_ok(parse_hex(RECORD_RESPONSE, HEAD "80000000" Z4));
	assert_err(parse_hex(RECORD_RESPONSE, HEAD "00000000" Z4), ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, HEAD "81000000" Z4), ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, HEAD "80000000" "00000001"),
	    ERR_CORRUPT);
	assert_ok(parse_hex(RECORD_RESPONSE, HEAD "80000000" "00000080"));
	assert_err(parse_hex(RECORD_RESPONSE, HEAD "80000000" Z4 "00"),
	    ERR_TRUNCATED);
	/* A whole block more than there has to be. */
	assert_err(parse_hex(RECORD_RESPONSE, HEAD "80000000" Z4 Z8 Z8),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, ""), ERR_TRUNCATED);
	assert_err(parse_hex(RECORD_RESPONSE, Z8 Z8), ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "80000000" Z4 Z4 "000000"),
	    ERR_TRUNCATED);
}

static void
headers_have_one_form(void **state)
{
	(void)state;
#define PAD "80000000" Z4
	assert_ok(parse_hex(RECORD_RESPONSE, HEAD PAD));
	assert_err(parse_hex(RECORD_QUARANTINE, HEAD PAD), ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "01020178" "01" TIMES "00" PAD),
	    ERR_UNSUPPORTED);
	assert_err(parse_hex(RECORD_RESPONSE, "03020178" "01" TIMES "00" PAD),
	    ERR_UNSUPPORTED);
	assert_err(parse_hex(RECORD_RESPONSE, "02030178" "01" TIMES "00" PAD),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "0202ff78" "01" TIMES "00" PAD),
	    ERR_TRUNCATED);
	/* Nobody where there must be somebody; the empty id. */
	assert_err(parse_hex(RECORD_RESPONSE, "0200" "01" TIMES "00" "0000"
	    PAD), ERR_CORRUPT);
	assert_ok(parse_hex(RECORD_QUARANTINE, "0200" "01" TIMES "00" "0000"
	    PAD));
	assert_err(parse_hex(RECORD_RESPONSE, "020200" "01" TIMES "00" "00"
	    PAD), ERR_CORRUPT);
	/* A LINE id in its long form. */
	assert_err(parse_hex(RECORD_RESPONSE, "020221"
	    "5530313233343536373839616263646566303132333435363738396162636465"
	    "66" "01" TIMES "00" "80000000" Z4), ERR_CORRUPT);
}

/* Numbers that the epoch's lists do not have, or not yet. */
static void
only_what_the_epoch_lists(void **state)
{
	(void)state;
	assert_ok(parse_hex(RECORD_RESPONSE, "02020178" "02" TIMES "00" PAD));
	assert_err(parse_hex(RECORD_RESPONSE, "02020178" "00" TIMES "00" PAD),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "02020178" "03" TIMES "00" PAD),
	    ERR_CORRUPT);
#define GIVEN "0300" "000000"           /* scopes, when; a body */
	assert_ok(parse_hex(RECORD_RESPONSE, "02020178" "02" TIMES "02" GIVEN
	    "800000"));
	assert_err(parse_hex(RECORD_RESPONSE, "02020178" "02" TIMES "03" GIVEN
	    "800000"), ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "02020178" "02" TIMES "ff" GIVEN
	    "800000"), ERR_CORRUPT);
}

static void
a_trial_has_no_lists(void **state)
{
	static const struct epoch_lists none = {.opened_unix_s = 1585270000};
	CLEANUP(buf_release) struct buf b = {0};
	struct record_plain p = {
		.event_unix_s = 1585270000, .received_unix_s = 1585270000,
		.body = bytes_str("\1tline"),
	}, got;

	(void)state;
	assert_ok(record_plain_build(RECORD_QUARANTINE, &none, &p, &b));
	assert_ok(record_plain_parse(RECORD_QUARANTINE, &none, bytes_buf(&b),
	    &got));
	assert_same(&p, &got);
	assert_err(record_plain_parse(RECORD_QUARANTINE, lists(),
	    bytes_buf(&b), &got), ERR_CORRUPT);
	p.source = bytes_str("line");
	assert_err(record_plain_build(RECORD_QUARANTINE, &none, &p, &b),
	    ERR_UNKNOWN);
}

/* Clocks are wrong both ways: every pair of times comes back as it was, and
 * no difference leads out of what a u32 holds. */
static void
times_come_back(void **state)
{
	static const uint32_t times[] = {0, 1, 1585269999, 1585270000,
	    1585270063, 1585270064, 1585278191, 1585278192, 2147483647,
	    2147483648, UINT32_MAX - 1, UINT32_MAX};
	uint8_t store[RECORD_PLAIN_LINE_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(times) * ARRAY_LEN(times) *
	    ARRAY_LEN(times); i++) {
		CLEANUP(buf_release) struct buf b = {0};
		struct record_plain p = sample(store, LINE_ID), got;

		p.received_unix_s = times[i % ARRAY_LEN(times)];
		p.event_unix_s = times[i / ARRAY_LEN(times) %
		    ARRAY_LEN(times)];
		p.consent_given_unix_s = times[i / ARRAY_LEN(times) /
		    ARRAY_LEN(times)];
		assert_ok(record_plain_build(RECORD_RESPONSE, lists(), &p,
		    &b));
		assert_ok(record_plain_parse(RECORD_RESPONSE, lists(),
		    bytes_buf(&b), &got));
		assert_same(&p, &got);
	}
}

static void
times_are_refused(void **state)
{
	struct epoch_lists early = *lists(), late = *lists();
	uint8_t store[RECORD_PLAIN_LINE_LEN];
	CLEANUP(buf_release) struct buf b = {0};
	struct record_plain p = sample(store, LINE_ID);

	(void)state;
#define AT(received, event) "02020178" "01" received event "00" "80000000"
	/* received in the first second of 1970, and the one before; in the
	 * last second that a u32 holds, and the one behind */
	assert_ok(parse_hex(RECORD_RESPONSE, AT("dfb3eae70b", "00")));
	assert_err(parse_hex(RECORD_RESPONSE, AT("e1b3eae70b", "00")),
	    ERR_CORRUPT);
	assert_ok(parse_hex(RECORD_RESPONSE, AT("9ecc959814", "00")));
	assert_err(parse_hex(RECORD_RESPONSE, AT("a0cc959814", "00")),
	    ERR_CORRUPT);
	/* the same for the event, which counts from there */
	assert_err(parse_hex(RECORD_RESPONSE, AT("dfb3eae70b", "01")),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, AT("9ecc959814", "02")),
	    ERR_CORRUPT);
	/* longer than it has to be; longer than it can be; cut off */
	assert_err(parse_hex(RECORD_RESPONSE, AT("8080808000", "00")),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, AT("ffffffffff", "01")),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, AT("ffffffff7f", "00")),
	    ERR_CORRUPT);
	assert_err(parse_hex(RECORD_RESPONSE, "02020178" "01" "ffffff"
	    "8000000000000000"), ERR_TRUNCATED);
	early.opened_unix_s = -1;
	late.opened_unix_s = (int64_t)UINT32_MAX + 1;
	assert_err(record_plain_build(RECORD_RESPONSE, &early, &p, &b),
	    ERR_RANGE);
	assert_err(record_plain_build(RECORD_RESPONSE, &late, &p, &b),
	    ERR_RANGE);
	assert_ok(record_plain_build(RECORD_RESPONSE, lists(), &p, &b));
	assert_err(record_plain_parse(RECORD_RESPONSE, &early, bytes_buf(&b),
	    &p), ERR_CORRUPT);
	assert_err(record_plain_parse(RECORD_RESPONSE, &late, bytes_buf(&b),
	    &p), ERR_CORRUPT);
}

static void
every_truncation_is_refused(void **state)
{
	uint8_t store[RECORD_PLAIN_LINE_LEN];
	struct record_plain p = sample(store, LINE_ID), got;
	CLEANUP(buf_release) struct buf b = {0};

	(void)state;
	p.body = bytes_of(NULL, 0);
	assert_ok(record_plain_build(RECORD_RESPONSE, lists(), &p, &b));
	for (size_t len = 0; len < b.len; len++)
		assert_true(record_plain_parse(RECORD_RESPONSE, lists(),
		    bytes_of(b.data, len), &got) != ERR_OK);
	/* Cut short, but padded again: the header itself must notice. */
	for (size_t len = 0; len < 1 + 17 + 1 + 2 + 1 + 2 + 3; len++) {
		CLEANUP(buf_release) struct buf cut = {0};

		assert_ok(buf_append(&cut, b.data, len));
		assert_ok(buf_append_u8(&cut, 0x80));
		while (cut.len % RECORD_BLOCK != 0)
			assert_ok(buf_append_u8(&cut, 0));
		assert_true(record_plain_parse(RECORD_RESPONSE, lists(),
		    bytes_buf(&cut), &got) != ERR_OK);
	}
}

/* ---- format 1 (FORMATS 5.6), which is only read ---- */

static const struct epoch_lists *
first_lists(void)
{
	static struct epoch_lists l;

	l = (struct epoch_lists){.opened_unix_s = 1, .of_first_format = 1,
	    .texts_len = 2, .texts = lists()->texts};
	return &l;
}

#define FIRST_SOURCE "046c696e65"
#define FIRST_TEXT "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
#define FIRST_TIMES "5e7d684e" "5e7d6853"       /* event, received */

static void
first_format(const char *consent, struct buf *out)
{
	CLEANUP(buf_release) struct buf hex = {0};

	assert_ok(buf_printf(&hex, "0102" "0178" FIRST_SOURCE "%s" FIRST_TIMES
	    "01020005" "80", consent));
	while (hex.len % 64 != 0)
		assert_ok(buf_append_str(&hex, "00"));
	seats_hex(buf_text(&hex), out);
}

static void
first_format_reads(void **state)
{
	CLEANUP(buf_release) struct buf b = {0}, none = {0};
	struct record_plain p;

	(void)state;
	first_format("01" FIRST_TEXT "03" "5e792aa8", &b);
	assert_ok(record_plain_parse(RECORD_RESPONSE, first_lists(),
	    bytes_buf(&b), &p));
	assert_true(bytes_equal(p.user, bytes_str("x")));
	assert_true(bytes_equal(p.source, bytes_str("line")));
	assert_int_equal(p.has_consent, 1);
	assert_memory_equal(p.consent_text, lists()->texts[1], DIGEST_LEN);
	assert_int_equal(p.consent_scopes, 3);
	assert_int_equal(p.consent_given_unix_s, 0x5e792aa8);
	assert_int_equal(p.event_unix_s, 0x5e7d684e);
	assert_int_equal(p.received_unix_s, 0x5e7d6853);
	assert_int_equal(p.body.len, 4);
	first_format("00", &none);
	assert_ok(record_plain_parse(RECORD_RESPONSE, first_lists(),
	    bytes_buf(&none), &p));
	assert_int_equal(p.has_consent, 0);
	/* neither format is the other's */
	assert_true(record_plain_parse(RECORD_RESPONSE, lists(), bytes_buf(&b),
	    &p) != ERR_OK);
	b.data[0] = 2;
	assert_err(record_plain_parse(RECORD_RESPONSE, first_lists(),
	    bytes_buf(&b), &p), ERR_UNSUPPORTED);
}

/* No text that is known, or two that begin alike: none is meant. */
static void
first_format_texts(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct epoch_lists l = *first_lists();
	uint8_t alike[2][DIGEST_LEN], half[DIGEST_LEN] = {0};
	struct record_plain p;

	(void)state;
	first_format("01" FIRST_TEXT "03" "5e792aa8", &b);
	memcpy(half, lists()->texts[1], 16);
	l.texts_len = 1;
	assert_ok(record_plain_parse(RECORD_RESPONSE, &l, bytes_buf(&b), &p));
	assert_memory_equal(p.consent_text, half, DIGEST_LEN);
	memcpy(alike[0], lists()->texts[1], DIGEST_LEN);
	memcpy(alike[1], lists()->texts[1], DIGEST_LEN);
	alike[1][31] ^= 1;
	l.texts = alike;
	l.texts_len = 2;
	assert_ok(record_plain_parse(RECORD_RESPONSE, &l, bytes_buf(&b), &p));
	assert_memory_equal(p.consent_text, half, DIGEST_LEN);
}

static void
first_format_damaged(void **state)
{
	CLEANUP(buf_release) struct buf b = {0}, flag = {0}, word = {0};
	struct record_plain p;

	(void)state;
	first_format("01" FIRST_TEXT "03" "5e792aa8", &b);
	for (size_t len = 0; len < b.len; len++)
		assert_true(record_plain_parse(RECORD_RESPONSE, first_lists(),
		    bytes_of(b.data, len), &p) != ERR_OK);
	first_format("02" FIRST_TEXT "03" "5e792aa8", &flag);
	assert_err(record_plain_parse(RECORD_RESPONSE, first_lists(),
	    bytes_buf(&flag), &p), ERR_CORRUPT);
	first_format("00", &word);
	word.data[5] = 'L';             /* no source id */
	assert_err(record_plain_parse(RECORD_RESPONSE, first_lists(),
	    bytes_buf(&word), &p), ERR_CORRUPT);
	assert_err(record_plain_parse(RECORD_QUARANTINE, first_lists(),
	    bytes_buf(&b), &p), ERR_CORRUPT);
}

static void
first_format_consent_bodies(void **state)
{
	struct record_plain_consent got;
	uint8_t body[1 + DIGEST_LEN] = {3};

	(void)state;
	memset(body + 1, 0x77, DIGEST_LEN);
	assert_ok(record_plain_consent_read(first_lists(),
	    bytes_of(body, sizeof(body)), &got));
	assert_int_equal(got.scopes, 3);
	assert_memory_equal(got.text_sha256, body + 1, DIGEST_LEN);
	for (size_t len = 0; len < sizeof(body); len++)
		assert_err(record_plain_consent_read(first_lists(),
		    bytes_of(body, len), &got), ERR_CORRUPT);
	body[0] = 128;
	assert_err(record_plain_consent_read(first_lists(),
	    bytes_of(body, sizeof(body)), &got), ERR_CORRUPT);
}

static void
consent_bodies(void **state)
{
	struct record_plain_consent c = {.scopes = 3}, got;
	CLEANUP(buf_release) struct buf b = {0};
	static const uint8_t bad[] = {0, 8, 16, 64, 128, 131};

	(void)state;
	memset(c.text_sha256, 0x77, DIGEST_LEN);
	assert_err(record_plain_consent_write(lists(), &c, &b), ERR_UNKNOWN);
	memcpy(c.text_sha256, lists()->texts[0], DIGEST_LEN);
	assert_ok(record_plain_consent_write(lists(), &c, &b));
	assert_ok(record_plain_consent_read(lists(), bytes_buf(&b), &got));
	assert_int_equal(got.scopes, 3);
	assert_memory_equal(got.text_sha256, c.text_sha256, DIGEST_LEN);
	for (size_t len = 0; len < b.len; len++)
		assert_err(record_plain_consent_read(lists(), bytes_of(b.data, len),
		    &got), ERR_CORRUPT);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		c.scopes = b.data[0] = bad[i];
		assert_err(record_plain_consent_read(lists(), bytes_buf(&b), &got),
		    ERR_CORRUPT);
		assert_err(record_plain_consent_write(lists(), &c, &b), ERR_RANGE);
	}
	assert_int_equal(b.len, 2);
	b.data[0] = 3;
	b.data[1] = 0;
	assert_err(record_plain_consent_read(lists(), bytes_buf(&b), &got),
	    ERR_CORRUPT);
	b.data[1] = 3;
	assert_err(record_plain_consent_read(lists(), bytes_buf(&b), &got),
	    ERR_CORRUPT);
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
		cmocka_unit_test(only_what_the_epoch_lists),
		cmocka_unit_test(a_trial_has_no_lists),
		cmocka_unit_test(times_come_back),
		cmocka_unit_test(times_are_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(consent_bodies),
		cmocka_unit_test(first_format_reads),
		cmocka_unit_test(first_format_texts),
		cmocka_unit_test(first_format_damaged),
		cmocka_unit_test(first_format_consent_bodies),
		cmocka_unit_test(withdrawal_bodies),
		cmocka_unit_test(quarantine_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
