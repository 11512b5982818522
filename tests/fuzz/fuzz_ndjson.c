/* tests/fuzz/fuzz_ndjson.c - any bytes as lines: nothing may crash, and the
 * fast reader must agree with the reference on every line. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "intake/ndjson.h"

static const char document[] =
    "{\"azukari\":\"survey v1\",\"name\":\"t\",\"version\":1,\"fields\":["
    "{\"name\":\"C\",\"type\":\"string\",\"categories\":[{\"value\":\"1\"},"
    "{\"value\":\"2\"}]},"
    "{\"name\":\"L\",\"type\":\"list\",\"categories\":[{\"value\":\"S1\"},"
    "{\"value\":\"S2\"},{\"value\":\"S0\"}],\"exclusive\":[\"S0\"]},"
    "{\"name\":\"I\",\"type\":\"integer\",\"constraints\":{\"minimum\":0}},"
    "{\"name\":\"N\",\"type\":\"number\",\"decimals\":1},"
    "{\"name\":\"D\",\"type\":\"date\"},{\"name\":\"B\",\"type\":\"boolean\"},"
    "{\"name\":\"P\",\"type\":\"string\",\"constraints\":{\"pattern\":"
    "\"^[0-9]{7}$\"}},{\"name\":\"T\",\"type\":\"string\"},"
    "{\"name\":\"X\",\"type\":\"integer\",\"only_if\":{\"field\":\"C\","
    "\"in\":[\"2\"]}}]}";

struct input {
	const uint8_t *at;
	size_t left;
};

static enum err
read_input(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct input *in = ctx;
	size_t n = in->left < max ? in->left : max;

	if (n > 0)
		memcpy(dst, in->at, n);
	in->at += n;
	in->left -= n;
	*ret_got = n;
	return ERR_OK;
}

static void
read_all(const struct intake_rules *rules, struct input in,
    enum ndjson_path path, struct intake_batch *batch)
{
	struct ndjson_reader *r;
	enum err e = ERR_OK;

	MUST_HOLD(ndjson_reader_new(read_input, &in, rules, path, &r) ==
	    ERR_OK);
	while (e == ERR_OK)
		e = ndjson_reader_next(r, 100, batch);
	MUST_HOLD(e == ERR_NOT_FOUND);
	ndjson_reader_free(r);
}

static void
compare(const struct intake_event *a, const struct intake_event *b)
{
	MUST_HOLD(a->type == b->type && a->line == b->line &&
	    a->time_unix_s == b->time_unix_s && a->scopes == b->scopes &&
	    a->permanent == b->permanent && a->survey == b->survey &&
	    memcmp(a->text_sha256, b->text_sha256, 32) == 0 &&
	    bytes_equal(a->event, b->event) &&
	    bytes_equal(a->respondent, b->respondent) &&
	    bytes_equal(a->answers, b->answers));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t texts[1][32] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
	    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
	    26, 27, 28, 29, 30, 31}};
	static struct survey *s;        /* parsed once, kept to the end */
	struct intake_batch fast = {0}, reference = {0};
	const struct survey *surveys[1];
	struct intake_rules rules = {.surveys = surveys, .surveys_len = 1,
	    .texts = texts, .texts_len = 1, .now_unix_s = 1600000000,
	    .source = "fuzz"};
	size_t i;

	MUST_HOLD(s != NULL || survey_parse(bytes_str(document), &s, NULL) ==
	    ERR_OK);
	surveys[0] = s;
	read_all(&rules, (struct input){data, size}, NDJSON_FAST, &fast);
	read_all(&rules, (struct input){data, size}, NDJSON_REFERENCE,
	    &reference);
	MUST_HOLD(fast.lines == reference.lines);
	MUST_HOLD(fast.events_len == reference.events_len);
	for (i = 0; i < fast.events_len; i++)
		compare(&fast.events[i], &reference.events[i]);
	intake_batch_release(&fast);
	intake_batch_release(&reference);
	return 0;
}
