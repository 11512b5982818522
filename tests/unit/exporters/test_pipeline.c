#include "tests/unit/unit.h"

#include <time.h>

#include "exporters/pipeline.h"
#include "keys/digest.h"

struct stage {
	struct digest_stream digest;
	unsigned last_tag;
	size_t bytes, blocks, tags;
	size_t fail_at;         /* bytes; 0: never */
	int slow;
};

static enum err
run_stage(void *ctx, unsigned tag, struct bytes block)
{
	struct stage *s = ctx;
	struct timespec nap = {0, 200000};

	if (s->fail_at > 0 && s->bytes >= s->fail_at)
		return ERR_REFUSED;
	if (s->slow)
		(void)nanosleep(&nap, NULL);
	if (tag != s->last_tag)
		s->tags++;
	s->last_tag = tag;
	s->blocks++;
	s->bytes += block.len;
	digest_stream_update(&s->digest, block);
	return block.len == 0 ? ERR_CORRUPT : ERR_OK;
}

/* Puts ${rounds} pieces of odd sizes; their digest in ${ret}. */
static enum err
put_all(struct pipeline *p, size_t rounds, uint8_t ret[DIGEST_LEN])
{
	CLEANUP(digest_stream_release) struct digest_stream d = {0};
	static uint8_t piece[70001];
	size_t i, n;

	assert_ok(digest_stream_init(&d));
	for (i = 0; i < rounds; i++) {
		n = i * 7919 % sizeof(piece);
		memset(piece, (int)i, n);
		digest_stream_update(&d, bytes_of(piece, n));
		RETURN_IF(pipeline_put(p, bytes_of(piece, n)));
		if (i % 50 == 49)
			RETURN_IF(pipeline_tag(p, (unsigned)i));
	}
	return digest_stream_end(&d, ret);
}

static void
test_all_stages_see_everything(void **state)
{
	struct stage s[3] = {{.slow = 0}, {.slow = 1}, {.slow = 0}};
	const struct pipeline_stage stages[] = {
		{run_stage, &s[0]}, {run_stage, &s[1]}, {run_stage, &s[2]}};
	CLEANUP(pipeline_cleanup) struct pipeline *p = NULL;
	uint8_t want[DIGEST_LEN], got[DIGEST_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_ok(digest_stream_init(&s[i].digest));
	assert_ok(pipeline_new(stages, 3, &p));
	assert_ok(put_all(p, 1000, want));
	assert_ok(pipeline_wait(p, 2));
	for (i = 0; i < 3; i++) {
		assert_ok(digest_stream_end(&s[i].digest, got));
		assert_memory_equal(got, want, DIGEST_LEN);
		assert_int_equal(s[i].tags, 19);        /* 49, 99, … 949 */
	}
	assert_ok(pipeline_wait(p, 0));         /* nothing new: at once */
}

static void
test_wait_for_one_stage(void **state)
{
	struct stage s[2] = {{.slow = 0}, {.slow = 1}};
	const struct pipeline_stage stages[] = {
		{run_stage, &s[0]}, {run_stage, &s[1]}};
	CLEANUP(pipeline_cleanup) struct pipeline *p = NULL;

	(void)state;
	assert_ok(digest_stream_init(&s[0].digest));
	assert_ok(digest_stream_init(&s[1].digest));
	assert_ok(pipeline_new(stages, 2, &p));
	assert_ok(pipeline_put(p, bytes_str("abc")));
	assert_ok(pipeline_wait(p, 0));
	assert_int_equal(s[0].bytes, 3);
	assert_ok(pipeline_put(p, bytes_str("def")));
	assert_ok(pipeline_wait(p, 1));
	assert_int_equal(s[1].bytes, 6);
	digest_stream_release(&s[0].digest);
	digest_stream_release(&s[1].digest);
}

static void
test_failure_reaches_the_producer(void **state)
{
	size_t which;

	(void)state;
	for (which = 0; which < 3; which++) {
		struct stage s[3] = {{.slow = 0}, {.slow = 0}, {.slow = 0}};
		const struct pipeline_stage stages[] = {
			{run_stage, &s[0]}, {run_stage, &s[1]},
			{run_stage, &s[2]}};
		CLEANUP(pipeline_cleanup) struct pipeline *p = NULL;
		uint8_t digest[DIGEST_LEN];
		size_t i;

		for (i = 0; i < 3; i++)
			assert_ok(digest_stream_init(&s[i].digest));
		s[which].fail_at = 1 << 20;
		assert_ok(pipeline_new(stages, 3, &p));
		assert_err(put_all(p, 2000, digest), ERR_REFUSED);
		assert_err(pipeline_wait(p, 2), ERR_REFUSED);
		assert_err(pipeline_tag(p, 1), ERR_REFUSED);
		pipeline_free(p);
		p = NULL;
		for (i = 0; i < 3; i++)
			digest_stream_release(&s[i].digest);
	}
}

/* Stopping in the middle leaves no thread behind (the sanitizers look). */
static void
test_free_in_the_middle(void **state)
{
	struct stage s = {.slow = 1};
	const struct pipeline_stage stage = {run_stage, &s};
	struct pipeline *p;
	uint8_t digest[DIGEST_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < 20; i++) {
		assert_ok(digest_stream_init(&s.digest));
		assert_ok(pipeline_new(&stage, 1, &p));
		assert_ok(put_all(p, i * 10, digest));
		pipeline_free(p);
		digest_stream_release(&s.digest);
	}
	pipeline_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_stages_see_everything),
		cmocka_unit_test(test_wait_for_one_stage),
		cmocka_unit_test(test_failure_reaches_the_producer),
		cmocka_unit_test(test_free_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
