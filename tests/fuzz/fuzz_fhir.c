/* tests/fuzz/fuzz_fhir.c - any bytes as lines of FHIR, with and without a
 * mapping: nothing may crash, every line is an event or a bad line, and what a
 * line gives does not depend on the lines before it. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "intake/fhir.h"
#include "intake/ndjson.h"

static const char document[] =
    "{\"azukari\":\"survey v1\",\"name\":\"t\",\"version\":1,\"fields\":["
    "{\"name\":\"C\",\"type\":\"string\",\"categories\":[{\"value\":\"1\"},"
    "{\"value\":\"2\"}]},"
    "{\"name\":\"L\",\"type\":\"list\",\"categories\":[{\"value\":\"S1\"},"
    "{\"value\":\"S0\"}],\"exclusive\":[\"S0\"]},"
    "{\"name\":\"I\",\"type\":\"integer\",\"constraints\":{\"minimum\":0}},"
    "{\"name\":\"N\",\"type\":\"number\",\"decimals\":1},"
    "{\"name\":\"D\",\"type\":\"date\"},{\"name\":\"B\",\"type\":\"boolean\"},"
    "{\"name\":\"P\",\"type\":\"string\",\"constraints\":{\"pattern\":"
    "\"^[0-9]{7}$\"}},{\"name\":\"T\",\"type\":\"string\"}]}";
static const char mapping[] =
    "{\"azukari\":\"fhir mapping v1\",\"survey\":\"t\",\"version\":1,"
    "\"questionnaire\":\"urn:q|1\",\"items\":{\"/1\":\"C\",\"/2\":\"L\"},"
    "\"codes\":{\"C\":{\"LA1\":\"1\"}},\"scopes\":{\"x\":[\"support\"]}}";

struct lines {
	struct ndjson_reader *reader;
	struct intake_batch *batch;
	unsigned long number;
};

static void
read_lines(struct lines *l, struct bytes in)
{
	const uint8_t *lf;

	while (in.len > 0) {
		lf = memchr(in.data, '\n', in.len);
		size_t len = lf == NULL ? in.len : (size_t)(lf - in.data);

		MUST_HOLD(ndjson_reader_line(l->reader, bytes_of(in.data, len),
		    ++l->number, l->batch) == ERR_OK);
		len += lf != NULL;
		in = bytes_of(in.data + len, in.len - len);
	}
}

/* The whole twice: the second half must be as the first. */
static void
check(const struct intake_rules *rules, const struct fhir_map *map,
    const uint8_t *data, size_t size)
{
	struct intake_batch batch = {0};
	struct lines l = {.batch = &batch};
	size_t events, bad;

	MUST_HOLD(ndjson_reader_new(NULL, NULL, rules, NDJSON_FHIR,
	    &l.reader) == ERR_OK);
	ndjson_reader_map(l.reader, map);
	read_lines(&l, bytes_of(data, size));
	events = batch.events_len;
	bad = batch.bad_len;
	MUST_HOLD(events + bad == l.number);
	read_lines(&l, bytes_of(data, size));
	MUST_HOLD(batch.events_len == 2 * events);
	MUST_HOLD(batch.bad_len == 2 * bad);
	for (size_t i = 0; i < events; i++) {
		const struct intake_event *a = &batch.events[i];
		const struct intake_event *b = &batch.events[events + i];

		MUST_HOLD(a->type == b->type && a->scopes == b->scopes &&
		    bytes_equal(a->event, b->event) &&
		    bytes_equal(a->answers, b->answers));
	}
	ndjson_reader_free(l.reader);
	intake_batch_release(&batch);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t texts[1][32] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
	    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
	    26, 27, 28, 29, 30, 31}};
	static struct survey *s;        /* parsed once, kept to the end */
	const struct survey *surveys[1];
	struct intake_rules rules = {.surveys = surveys, .surveys_len = 1,
	    .texts = texts, .texts_len = 1, .now_unix_s = 1600000000,
	    .source = "fuzz"};
	static struct fhir_map *known;
	struct fhir_map *map = NULL;

	MUST_HOLD(s != NULL || survey_parse(bytes_str(document), &s, NULL) ==
	    ERR_OK);
	surveys[0] = s;
	check(&rules, NULL, data, size);
	MUST_HOLD(known != NULL || fhir_map_parse(bytes_str(mapping), &rules,
	    &known, NULL) == ERR_OK);
	check(&rules, known, data, size);
	if (fhir_map_parse(bytes_of(data, size), &rules, &map, NULL) == ERR_OK)
		fhir_map_free(map);
	return 0;
}
