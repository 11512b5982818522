/* The fast reader against the reference: made lines and broken ones must get
 * the same verdict and, where taken, give the same event. */
#include "tests/unit/intake/env.h"

#define ROUNDS 6000

static unsigned
roll(unsigned n)
{
	return (unsigned)rand() % n;
}

static const char *
pick(const char *const *of, unsigned len)
{
	return of[roll(len)];
}

static void
put(struct buf *b, const char *text)
{
	assert_ok(buf_append_str(b, text));
}

static const char *
space(void)
{
	static const char *const spaces[] = {"", "", "", "", " ", "\t", " \r"};

	return pick(spaces, ARRAY_LEN(spaces));
}

/* Answers right and wrong, plain and in strange spellings. */
static void
put_answer(struct buf *b)
{
	static const char *const keys[] = {"C", "L", "I", "N", "D", "B", "P",
	    "T", "X", "Z", "\\u0043", "\\u004C", "CC", ""};
	static const char *const values[] = {"\"1\"", "\"2\"", "\"ab\"",
	    "\"\\u0032\"", "[]", "[\"S1\"]", "[\"S1\",\"S2\"]", "[\"S0\"]",
	    "[\"S0\",\"S1\"]", "[\"S1\",\"S1\"]", "[1]", "[[]]", "0", "44",
	    "-1", "121", "1.0", "36.5", "36.50", "36.55", "-36.5", "3e1",
	    "3.65e1", "1e-1", "0.1", "0.10000000000000000001",
	    "123456789012345", "1234567890123456", "12345678901234.5",
	    "99999999999999.9", "99999999999999.95", "1e15", "1e400",
	    "9223372036854775807", "9223372036854775808", "-0", "-0.0", "00",
	    "01", "1.", ".1", "-", "true", "false", "null", "nul", "TRUE",
	    "\"2020-02-29\"", "\"2021-02-29\"", "\"1234567\"", "\"123456\"",
	    "\"x\"", "\"\"", "\"\xe7\x86\xb1\"", "\"\\ud83d\\ude37\"",
	    "\"\\ud83d\"", "\"e\xcc\x81\"", "\"\\u0000\"", "\"\\n\"",
	    "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"123456789\"", "{}",
	    "{\"a\":1}", "\"\\\"\\\\\\/\""};

	put(b, "\"");
	put(b, pick(keys, roll(3) ? 9 : ARRAY_LEN(keys)));
	put(b, "\"");
	put(b, space());
	put(b, ":");
	put(b, space());
	put(b, pick(values, ARRAY_LEN(values)));
}

/* Answers that go together more often than not. */
static void
put_good_answers(struct buf *b)
{
	static const char *const sets[] = {
		"", "\"C\":\"1\"", "\"C\":\"2\",\"X\":3", "\"I\":44",
		"\"L\":[\"S2\",\"S1\"],\"N\":36.5",
		"\"T\":\"\\u71b1 x\",\"P\":\"0000001\",\"D\":\"2020-04-01\"",
		"\"B\":true,\"N\":3.7e1", "\"N\":0.5,\"T\":\"\xe5\x92\xb3\"",
		"\"I\":null,\"C\":\"ab\"", "\"X\":null"};

	put(b, pick(sets, ARRAY_LEN(sets)));
}

static void
put_answers(struct buf *b)
{
	unsigned i, n = roll(4);

	if (roll(2)) {
		put_good_answers(b);
		return;
	}
	for (i = 0; i < n; i++) {
		put(b, i > 0 ? "," : "");
		put(b, space());
		put_answer(b);
	}
}

static void
put_member(struct buf *b, unsigned which, const char *type)
{
	static const char *const texts[] = {ENV_TEXT, ENV_TEXT, "sha256:00"};
	static const char *const scopes[] = {"[\"all\"]", "[\"research\"]",
	    "[\"support\",\"research\"]", "[]", "[\"all\",\"support\"]",
	    "\"all\"", "[\"x\"]", "[null]"};
	static const char *const truths[] = {"true", "false", "null", "0"};

	switch (which) {
	case 0:
		assert_ok(buf_printf(b, "\"type\":\"%s\"", type));
		break;
	case 1:
		assert_ok(buf_printf(b, "\"event\":\"e%u\"", roll(100)));
		break;
	case 2:
		assert_ok(buf_printf(b, "\"time\":\"2020-03-%02uT10:00:%02u%s"
		    "\"", 1 + roll(27), roll(62), roll(2) ? "Z" : "+09:00"));
		break;
	case 3:
		put(b, roll(2) ? "\"respondent\":\"U\\u0031\"" :
		    "\"respondent\":\"\xe5\xbf\x83\"");
		break;
	case 4:
		put(b, "\"survey\":\"t\"");
		break;
	case 5:
		put(b, roll(20) ? "\"version\":1" : "\"version\":1e0");
		break;
	case 6:
		put(b, "\"answers\":{");
		put_answers(b);
		put(b, "}");
		break;
	case 7:
		put(b, "\"scopes\":");
		put(b, pick(scopes, roll(3) ? 3 : ARRAY_LEN(scopes)));
		break;
	case 8:
		assert_ok(buf_printf(b, "\"text\":\"%s\"", pick(texts,
		    ARRAY_LEN(texts))));
		break;
	default:
		put(b, "\"permanent\":");
		put(b, pick(truths, roll(3) ? 2 : ARRAY_LEN(truths)));
		break;
	}
}

/* A line of some type with its members in any order, now and then one too few
 * or too many. */
static void
make_line(struct buf *b)
{
	static const char *const types[] = {"response", "consent",
	    "withdrawal", "answer"};
	static const unsigned members[3][7] = {{0, 1, 2, 3, 4, 5, 6},
		{0, 1, 2, 3, 7, 8, 99}, {0, 1, 2, 3, 7, 9, 99}};
	unsigned type = roll(5) ? 0 : roll(3), order[7], i, j, n = 0;

	for (i = 0; i < 7; i++)
		if (members[type][i] != 99 && roll(40) != 0)
			order[n++] = members[type][i];
	for (i = 0; roll(2) && i < n; i++) {
		j = roll(n);
		unsigned swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
	put(b, space());
	put(b, "{");
	for (i = 0; i < n; i++) {
		put(b, i > 0 ? "," : "");
		put(b, space());
		put_member(b, order[i], types[roll(40) ? type : 3]);
		put(b, space());
	}
	if (roll(20) == 0)
		put(b, ",");
	if (roll(20) == 0)
		put_member(b, roll(10), "response");
	put(b, "}");
	put(b, space());
}

/* One of the usual accidents. */
static void
damage(struct buf *b)
{
	static const char bytes[] = "\"\\{}[]:,0.-+eEu \t\x01\x7f\x80\xe3\xff";
	size_t at = roll((unsigned)b->len), more;

	switch (roll(5)) {
	case 0:
		b->data[at] ^= (uint8_t)(1u << roll(8));
		break;
	case 1:
		b->data[at] = (uint8_t)bytes[roll(sizeof(bytes) - 1)];
		break;
	case 2:
		memmove(b->data + at, b->data + at + 1, b->len - at - 1);
		b->len--;
		break;
	case 3:
		b->len = at;
		break;
	default:
		more = roll((unsigned)(b->len - at)) + 1;
		if (more > 20)
			more = 20;
		assert_ok(buf_reserve(b, more));
		memmove(b->data + at + more, b->data + at, b->len - at);
		b->len += more;
		break;
	}
	b->data[b->len] = '\0';
}

static void
assert_same_event(const struct intake_event *a, const struct intake_event *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->time_unix_s, b->time_unix_s);
	assert_int_equal(a->scopes, b->scopes);
	assert_int_equal(a->permanent, b->permanent);
	assert_int_equal(a->survey, b->survey);
	assert_memory_equal(a->text_sha256, b->text_sha256, 32);
	assert_true(bytes_equal(a->event, b->event));
	assert_true(bytes_equal(a->respondent, b->respondent));
	assert_true(bytes_equal(a->answers, b->answers));
}

struct pair {
	struct ndjson_reader *fast, *reference;
	struct intake_batch a, b;
};

static int
compare(struct pair *p, struct bytes line)
{
	intake_batch_clear(&p->a);
	intake_batch_clear(&p->b);
	assert_ok(ndjson_reader_line(p->fast, line, 1, &p->a));
	assert_ok(ndjson_reader_line(p->reference, line, 1, &p->b));
	if (p->a.events_len != p->b.events_len)
		fail_msg("fast %zu reference %zu: %.*s", p->a.events_len,
		    p->b.events_len, (int)line.len, (const char *)line.data);
	assert_int_equal(p->a.bad_len, 1 - p->a.events_len);
	assert_int_equal(p->b.bad_len, 1 - p->b.events_len);
	if (p->a.events_len == 1)
		assert_same_event(&p->a.events[0], &p->b.events[0]);
	return p->a.events_len == 1;
}

static void
pair_init(struct pair *p, struct env *v)
{
	memset(p, 0, sizeof(*p));
	env_init(v);
	assert_ok(ndjson_reader_new(env_read, v, &v->rules, NDJSON_FAST,
	    &p->fast));
	assert_ok(ndjson_reader_new(env_read, v, &v->rules, NDJSON_REFERENCE,
	    &p->reference));
}

static void
pair_release(struct pair *p, struct env *v)
{
	ndjson_reader_free(p->fast);
	ndjson_reader_free(p->reference);
	intake_batch_release(&p->a);
	intake_batch_release(&p->b);
	env_release(v);
}

static void
test_made_lines(void **state)
{
	CLEANUP(buf_release) struct buf line = {0}, broken = {0};
	unsigned i, j, taken = 0, broken_taken = 0;
	struct pair p;
	struct env v;

	(void)state;
	pair_init(&p, &v);
	srand(2020);
	for (i = 0; i < ROUNDS; i++) {
		buf_clear(&line);
		make_line(&line);
		taken += (unsigned)compare(&p, bytes_buf(&line));
		for (j = 0; j < 8; j++) {
			buf_clear(&broken);
			assert_ok(buf_append(&broken, line.data, line.len));
			damage(&broken);
			if (roll(4) == 0 && broken.len > 2)
				damage(&broken);
			broken_taken += (unsigned)compare(&p,
			    bytes_buf(&broken));
		}
	}
	/* Both verdicts are well represented. */
	assert_in_range(taken, ROUNDS / 5, ROUNDS * 4 / 5);
	assert_in_range(broken_taken, ROUNDS / 20, ROUNDS * 4);
	pair_release(&p, &v);
}

/* Every bit of one line of each type, and every cut of it. */
static void
test_every_bit(void **state)
{
	static const char *const lines[] = {
		"{\"type\":\"response\",\"event\":\"e1\",\"time\":"
		"\"2020-03-27T12:34:56+09:00\",\"respondent\":\"U1\","
		"\"survey\":\"t\",\"version\":1,\"answers\":{\"C\":\"1\","
		"\"L\":[\"S1\",\"S2\"],\"I\":44,\"N\":36.5,\"B\":true,"
		"\"T\":\"\\u71b1\xe7\x86\xb1\"}}",
		"{\"type\":\"consent\",\"event\":\"e2\",\"time\":"
		"\"2020-03-27T12:34:56Z\",\"respondent\":\"U1\",\"scopes\":"
		"[\"support\"],\"text\":\"" ENV_TEXT "\"}",
		"{\"type\":\"withdrawal\",\"event\":\"e3\",\"time\":"
		"\"2020-03-27T03:34:56.5Z\",\"respondent\":\"U1\","
		"\"scopes\":[\"all\"],\"permanent\":true}",
	};
	char line[1024];
	unsigned bit, taken = 0;
	struct pair p;
	struct env v;
	size_t i, at, len;

	(void)state;
	pair_init(&p, &v);
	v.rules.now_unix_s = ENV_NOW + 86400;
	for (i = 0; i < ARRAY_LEN(lines); i++) {
		len = strlen(lines[i]);
		memcpy(line, lines[i], len);
		assert_true(compare(&p, bytes_of(line, len)));
		for (at = 0; at < len; at++) {
			assert_false(compare(&p, bytes_of(line, at)));
			for (bit = 0; bit < 8; bit++) {
				line[at] ^= (char)(1u << bit);
				taken += (unsigned)compare(&p, bytes_of(line,
				    len));
				line[at] ^= (char)(1u << bit);
			}
		}
	}
	assert_true(taken > 50);
	pair_release(&p, &v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_lines),
		cmocka_unit_test(test_every_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
