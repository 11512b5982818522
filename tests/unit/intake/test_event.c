#include "tests/unit/intake/env.h"

#include "tests/unit/fault.h"

static int
has_bytes(const uint8_t *in, size_t len, const char *what)
{
	return memmem(in, len, what, strlen(what)) != NULL;
}

static void
test_bytes_stay_where_they_are(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	struct bytes kept[500];
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kept); i++) {
		struct intake_event *ev;

		(void)snprintf(text, sizeof(text), "%zu", i);
		assert_ok(intake_batch_copy(&b, bytes_str(text), &kept[i]));
		assert_non_null(intake_batch_alloc(&b, 1000));
		assert_ok(intake_batch_add(&b, &ev));
		ev->line = i;
	}
	assert_int_equal(b.events_len, ARRAY_LEN(kept));
	for (i = 0; i < ARRAY_LEN(kept); i++) {
		(void)snprintf(text, sizeof(text), "%zu", i);
		assert_true(bytes_equal(kept[i], bytes_str(text)));
		assert_int_equal(b.events[i].line, i);
	}
}

static void
test_clear_wipes(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	struct bytes kept;
	struct intake_event *ev;
	const uint8_t *events;

	(void)state;
	assert_ok(intake_batch_copy(&b, bytes_str("a marked answer"), &kept));
	assert_ok(intake_batch_add(&b, &ev));
	memcpy(ev->text_sha256, "a marked digest", 16);
	events = (const uint8_t *)b.events;
	/* The searcher finds what is there. */
	assert_true(has_bytes(kept.data, 64, "marked"));
	assert_true(has_bytes(events, sizeof(*ev), "marked"));
	intake_batch_clear(&b);
	assert_false(has_bytes(kept.data, 64, "marked"));
	assert_false(has_bytes(events, sizeof(*ev), "marked"));
	assert_int_equal(b.events_len, 0);
	assert_int_equal(b.bytes, 0);
	/* The memory is used again. */
	assert_ok(intake_batch_copy(&b, bytes_str("x"), &kept));
	assert_ptr_equal(events, b.events);
}

static void
test_bad_is_cut(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	static uint8_t raw[INTAKE_LINE_MAX + 10];
	struct intake_bad bad = {.line = 7, .raw = {raw, sizeof(raw)}};

	(void)state;
	assert_ok(intake_batch_add_bad(&b, &bad));
	assert_int_equal(b.bad[0].raw.len, INTAKE_LINE_MAX);
	assert_int_equal(b.bad[0].raw_cut, 1);
	assert_int_equal(b.bad[0].line, 7);
	bad.raw.len = 3;
	assert_ok(intake_batch_add_bad(&b, &bad));
	assert_int_equal(b.bad[1].raw.len, 3);
	assert_int_equal(b.bad[1].raw_cut, 0);
}

static void
test_reasons_have_texts(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < INTAKE_REASON_COUNT; i++) {
		assert_non_null(intake_reason_text((enum intake_reason)i, 0));
		for (j = 0; j < i; j++)
			assert_string_not_equal(
			    intake_reason_text((enum intake_reason)i, 0),
			    intake_reason_text((enum intake_reason)j, 0));
	}
}

/* Everything a line needs, with one allocation after the other failing. */
static void
test_memory_fails(void **state)
{
	static const char lines[] =
	    "{\"type\":\"response\",\"event\":\"e\",\"time\":"
	    "\"2020-03-01T00:00:00Z\",\"respondent\":\"u\",\"survey\":\"t\","
	    "\"version\":1,\"answers\":{\"T\":\"\xe7\x86\xb1\",\"L\":[\"S1\"]"
	    "}}\nbad\n";
	unsigned n, failed = 0;
	struct env v;

	(void)state;
	env_init(&v);
	for (n = 1; n < 100; n++) {
		CLEANUP(intake_batch_release) struct intake_batch b = {0};
		CLEANUP(ndjson_reader_cleanup) struct ndjson_reader *r = NULL;
		enum err e;

		env_feed(&v, bytes_str(lines), 0);
		fault_set(FAULT_MEMORY, n);
		e = ndjson_reader_new(env_read, &v, &v.rules, NDJSON_FAST,
		    &r);
		if (e == ERR_OK)
			e = ndjson_reader_next(r, 10, &b);
		if (!fault_end()) {
			assert_ok(e);
			assert_int_equal(b.events_len, 1);
			assert_int_equal(b.bad_len, 1);
			break;
		}
		assert_err(e, ERR_NOMEM);
		failed++;
	}
	assert_true(failed >= 8);
	env_release(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_stay_where_they_are),
		cmocka_unit_test(test_clear_wipes),
		cmocka_unit_test(test_bad_is_cut),
		cmocka_unit_test(test_reasons_have_texts),
		cmocka_unit_test(test_memory_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
