#include "tests/unit/intake/env.h"

#include "intake/line_event.h"

#define HEAD "\"webhookEventId\":\"01H\",\"timestamp\":1585300000000," \
	"\"mode\":\"active\",\"deliveryContext\":{\"isRedelivery\":false}"
#define USER "\"source\":{\"type\":\"user\",\"userId\":\"U1\"}"
#define BODY(event) "{\"destination\":\"U0\",\"events\":[" event "]}"
#define TEXT_MESSAGE "\"type\":\"message\",\"message\":{\"id\":\"5\",\"type\":" \
	"\"text\",\"text\":\"a\",\"quoteToken\":\"q\"}"

static void
test_kinds(void **state)
{
	static const struct {
		const char *event;
		enum line_kind kind;
		enum line_skip skip;
	} cases[] = {
		{"{" TEXT_MESSAGE "," HEAD "," USER ",\"replyToken\":\"r\"}",
		    LINE_TEXT, LINE_TAKEN},
		{"{\"type\":\"message\",\"message\":{\"id\":\"5\",\"type\":"
		    "\"sticker\"}," HEAD "," USER "}", LINE_OTHER_MESSAGE,
		    LINE_TAKEN},
		{"{\"type\":\"message\",\"message\":{\"id\":\"5\",\"type\":"
		    "\"text\"}," HEAD "," USER "}", LINE_TEXT,
		    LINE_SKIP_BROKEN},
		{"{\"type\":\"message\"," HEAD "," USER "}",
		    LINE_OTHER_MESSAGE, LINE_SKIP_BROKEN},
		{"{\"type\":\"postback\",\"postback\":{\"data\":\"a:1\"},"
		    HEAD "," USER "}", LINE_POSTBACK, LINE_TAKEN},
		{"{\"type\":\"postback\",\"postback\":[]," HEAD "," USER "}",
		    LINE_POSTBACK, LINE_SKIP_BROKEN},
		{"{\"type\":\"follow\"," HEAD "," USER "}", LINE_FOLLOW,
		    LINE_TAKEN},
		{"{\"type\":\"unfollow\"," HEAD "," USER "}", LINE_UNFOLLOW,
		    LINE_TAKEN},
		{"{\"type\":\"unsend\",\"unsend\":{\"messageId\":\"5\"},"
		    HEAD "," USER "}", LINE_UNSEND, LINE_TAKEN},
		{"{\"type\":\"unsend\"," HEAD "," USER "}", LINE_UNSEND,
		    LINE_SKIP_BROKEN},
		{"{\"type\":\"module\"," HEAD "," USER "}", LINE_UNKNOWN,
		    LINE_SKIP_TYPE},
		{"{\"type\":7," HEAD "," USER "}", LINE_UNKNOWN,
		    LINE_SKIP_TYPE},
		{"7", LINE_UNKNOWN, LINE_SKIP_TYPE},
		{"{" TEXT_MESSAGE "," HEAD ",\"source\":{\"type\":\"group\","
		    "\"groupId\":\"C1\",\"userId\":\"U1\"}}", LINE_TEXT,
		    LINE_SKIP_GROUP},
		{"{" TEXT_MESSAGE "," HEAD ",\"source\":{\"type\":\"room\"}}",
		    LINE_TEXT, LINE_SKIP_GROUP},
		{"{" TEXT_MESSAGE "," HEAD ",\"source\":{\"type\":\"user\"}}",
		    LINE_TEXT, LINE_SKIP_NOBODY},
		{"{" TEXT_MESSAGE "," HEAD "}", LINE_TEXT, LINE_SKIP_NOBODY},
		{"{" TEXT_MESSAGE "," USER ",\"webhookEventId\":\"1\"}",
		    LINE_TEXT, LINE_SKIP_BROKEN},       /* no time */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(line_batch_release) struct line_batch b = {0};
		CLEANUP(buf_release) struct buf body = {0};

		assert_ok(buf_printf(&body, BODY("%s"), cases[i].event));
		assert_ok(line_batch_parse(bytes_buf(&body), &b));
		assert_int_equal(b.len, 1);
		if (b.events[0].kind != cases[i].kind ||
		    b.events[0].skip != cases[i].skip)
			fail_msg("%zu: kind %d, skip %d", i,
			    b.events[0].kind, b.events[0].skip);
	}
}

static void
test_members(void **state)
{
	static const char body[] = BODY("{" TEXT_MESSAGE
	    ",\"webhookEventId\":\"01H\",\"timestamp\":7,\"mode\":\"standby\","
	    "\"deliveryContext\":{\"isRedelivery\":true}," USER
	    ",\"replyToken\":\"r\",\"new\":{\"a\":1}},{" TEXT_MESSAGE
	    ",\"timestamp\":8," USER "}");
	CLEANUP(line_batch_release) struct line_batch b = {0};

	(void)state;
	assert_ok(line_batch_parse(bytes_str(body), &b));
	assert_int_equal(b.len, 2);
	assert_true(bytes_equal(b.destination, bytes_str("U0")));
	assert_true(b.events[0].standby && b.events[0].redelivered);
	assert_true(bytes_equal(b.events[0].id, bytes_str("01H")));
	assert_true(bytes_equal(b.events[0].reply_token, bytes_str("r")));
	assert_true(bytes_equal(b.events[0].text, bytes_str("a")));
	assert_int_equal(b.events[0].time_ms, 7);
	assert_false(b.events[1].standby || b.events[1].redelivered);
	/* without an id of its own it is known by its message */
	assert_true(bytes_equal(b.events[1].id, bytes_str("message:5")));
}

static void
test_bodies(void **state)
{
	static const struct {
		const char *body;
		enum err want;
		size_t events;
	} cases[] = {
		{"{\"destination\":\"U0\",\"events\":[]}", ERR_OK, 0},
		{"{\"events\":[]}", ERR_OK, 0},
		{"", ERR_SYNTAX, 0}, {" ", ERR_SYNTAX, 0}, {"x", ERR_SYNTAX, 0},
		/* JSON, but no webhook's: nothing in it */
		{"{}", ERR_OK, 0}, {"[]", ERR_OK, 0}, {"7", ERR_OK, 0},
		{"{\"events\":{}}", ERR_OK, 0}, {"{\"events\":null}", ERR_OK, 0},
		{"{\"events\":[]}x", ERR_SYNTAX, 0},
		{"{\"events\":[],\"events\":[]}", ERR_SYNTAX, 0},
		{"{\"events\":[\"\xff\"]}", ERR_ENCODING, 0},
		{"{\"x\":\"\xff\",\"events\":[]}", ERR_ENCODING, 0},
		/* what we do not read may be strange; what we read may not be
		 * there twice */
		{"{\"events\":[],\"x\":1,\"x\":1e999}", ERR_OK, 0},
		{"{\"events\":[{\"x\":[99999999999999999999]}]}", ERR_OK, 1},
		{"{\"events\":[{\"source\":{\"type\":\"user\",\"type\":\"group\"}"
		    "}]}", ERR_SYNTAX, 0},
	};
	CLEANUP(buf_release) struct buf many = {0};
	struct line_batch none = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(line_batch_release) struct line_batch b = {0};

		assert_err(line_batch_parse(bytes_str(cases[i].body), &b),
		    cases[i].want);
		assert_int_equal(b.len, cases[i].events);
	}
	assert_ok(buf_append_str(&many, "{\"events\":[0"));
	for (size_t i = 0; i < LINE_EVENTS_MAX; i++)
		assert_ok(buf_append_str(&many, ",0"));
	assert_ok(buf_append_str(&many, "]}"));
	assert_err(line_batch_parse(bytes_buf(&many), &none), ERR_LIMIT);
}

/* Halves of pairs, NUL and numbers beyond 64 bits. */
static void
test_strange(void **state)
{
	static const char body[] = "{\"events\":[{\"type\":\"message\","
	    "\"message\":{\"id\":\"5\",\"type\":\"text\",\"text\":"
	    "\"a\\ud83d\\u0000\\ud83d\\ude37\\udc00b\"}," HEAD "," USER "},"
	    "{" TEXT_MESSAGE ",\"timestamp\":9223372036854775808," USER "},"
	    "{" TEXT_MESSAGE ",\"timestamp\":-5," USER "},"
	    "{" TEXT_MESSAGE ",\"timestamp\":1e12," USER "}]}";
	CLEANUP(line_batch_release) struct line_batch b = {0};

	(void)state;
	assert_ok(line_batch_parse(bytes_str(body), &b));
	assert_int_equal(b.len, 4);
	assert_int_equal(b.events[0].skip, LINE_TAKEN);
	assert_string_equal((const char *)b.events[0].text.data,
	    "a\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\xb7\xef\xbf\xbd" "b");
	for (size_t i = 1; i < b.len; i++)
		assert_int_equal(b.events[i].skip, LINE_SKIP_BROKEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_strange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
