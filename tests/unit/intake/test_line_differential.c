/* The scanner of webhooks against jansson: made bodies and broken ones. */
#include "tests/unit/intake/env.h"
#include "tests/unit/intake/line_reference.h"

#define ROUNDS 20000

static unsigned
roll(unsigned n)
{
	return (unsigned)rand() % n;
}

static void
put(struct buf *b, const char *text)
{
	assert_ok(buf_append_str(b, text));
}

static void
put_space(struct buf *b)
{
	static const char *const spaces[] = {"", "", "", " ", "\n", "\t\r "};

	put(b, spaces[roll(ARRAY_LEN(spaces))]);
}

static void
put_scalar(struct buf *b)
{
	static const char *const values[] = {"\"message\"", "\"text\"",
	    "\"user\"", "\"\"", "\"U\\u0031\"", "\"\\ud83d\\ude37x\"",
	    "\"\xf0\x9f\x98\xb7\"", "\"\\n\\t\\\"\\\\\\/\\b\\f\\r\"", "true",
	    "false", "null", "0", "-0", "1585300000000", "-1", "1.5", "1e3",
	    "9223372036854775807", "-9223372036854775808", "0.0e-7", "\"date\"",
	    "\"2020-04-01\"", "\"standby\"", "[]", "{}", "\"\x7f\"",
	    /* and what is none */
	    "01", "1.", ".5", "+1", "-", "nul", "True", "\"\\x\"", "\"\x01\"",
	    "\"\xff\"", "\"\xed\xa0\x80\"", "\"\\u12\"", "'a'", "",
	    "9223372036854775808", "1e999", "\"\\ud83d\"", "\"\\u0000\""};

	put(b, values[roll(roll(12) == 0 ? ARRAY_LEN(values) : 26)]);
}

static void put_value(struct buf *b, unsigned depth);

static void
put_object(struct buf *b, unsigned depth)
{
	static const char *const names[] = {"type", "mode", "timestamp",
	    "source", "userId", "webhookEventId", "replyToken",
	    "deliveryContext", "isRedelivery", "message", "id", "text",
	    "postback", "data", "params", "date", "unsend", "messageId",
	    "destination", "events", "new", "t\\u0079pe", ""};
	unsigned from = roll(ARRAY_LEN(names)), n = roll(6);

	put(b, "{");
	for (unsigned i = 0; i < n; i++) {
		put(b, i > 0 ? "," : "");
		put_space(b);
		assert_ok(buf_printf(b, "\"%s\"", names[(from + i *
		    (roll(50) ? 1 : 0)) % ARRAY_LEN(names)]));
		put_space(b);
		put(b, ":");
		put_value(b, depth + 1);
	}
	put_space(b);
	put(b, "}");
}

static void
put_value(struct buf *b, unsigned depth)
{
	unsigned n = roll(3);

	put_space(b);
	if (depth > 4 || roll(3) == 0) {
		put_scalar(b);
	} else if (roll(3) > 0) {
		put_object(b, depth);
	} else {
		put(b, "[");
		for (unsigned i = 0; i < n; i++) {
			put(b, i > 0 ? "," : "");
			put_value(b, depth + 1);
		}
		put(b, "]");
	}
	put_space(b);
}

/* An event as LINE writes it, with other things between. */
static void
put_event(struct buf *b)
{
	put(b, "{\"type\":");
	put_scalar(b);
	put(b, ",\"timestamp\":");
	put_scalar(b);
	put(b, ",\"source\":{\"userId\":");
	put_scalar(b);
	put(b, ",\"type\":");
	put_scalar(b);
	put(b, "},\"message\":{\"new\":");
	put_value(b, 2);
	put(b, ",\"text\":");
	put_scalar(b);
	put(b, ",\"id\":");
	put_scalar(b);
	put(b, "},\"postback\":{\"params\":{\"date\":");
	put_scalar(b);
	put(b, "},\"data\":");
	put_scalar(b);
	put(b, "},\"deliveryContext\":{\"isRedelivery\":");
	put_scalar(b);
	put(b, "},\"unsend\":");
	put_value(b, 2);
	put(b, "}");
}

static void
make_body(struct buf *b)
{
	unsigned n = roll(3);

	put(b, "{\"destination\":");
	put_scalar(b);
	put(b, ",\"events\":[");
	for (unsigned i = 0; i < n; i++) {
		put(b, i > 0 ? "," : "");
		if (roll(3) == 0)
			put_value(b, 1);
		else
			put_event(b);
	}
	put(b, "]}");
}

static void
test_made_bodies(void **state)
{
	unsigned good = 0;

	(void)state;
	srand(20200331);
	for (unsigned i = 0; i < ROUNDS; i++) {
		CLEANUP(buf_release) struct buf b = {0};
		CLEANUP(line_batch_release) struct line_batch batch = {0};

		make_body(&b);
		if (roll(4) == 0)
			b.data[roll((unsigned)b.len)] = (uint8_t)(1 +
			    roll(255));
		if (roll(10) == 0)
			b.len = roll((unsigned)b.len + 1);
		if (!line_reference_agrees(bytes_buf(&b)))
			fail_msg("round %u: %.*s", i, (int)b.len,
			    (const char *)b.data);
		good += line_batch_parse(bytes_buf(&b), &batch) == ERR_OK;
	}
	assert_in_range(good, ROUNDS / 5, ROUNDS - ROUNDS / 5);
}

static void
test_depth(void **state)
{
	(void)state;
	for (unsigned depth = 28; depth < 40; depth++) {
		CLEANUP(buf_release) struct buf b = {0};

		put(&b, "{\"events\":[],\"x\":");
		for (unsigned i = 0; i < depth; i++)
			put(&b, "[");
		for (unsigned i = 0; i < depth; i++)
			put(&b, "]");
		put(&b, "}");
		assert_true(line_reference_agrees(bytes_buf(&b)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_bodies),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
