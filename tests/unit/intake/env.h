/* tests/unit/intake/env.h - a small survey, rules, and input cut as one likes.
 */
#ifndef AZUKARI_TESTS_UNIT_INTAKE_ENV_H
#define AZUKARI_TESTS_UNIT_INTAKE_ENV_H

#include "tests/unit/unit.h"

#include "intake/ndjson.h"

#define ENV_NOW INT64_C(1585300000)     /* 2020-03-27T09:06:40Z */
#define ENV_TEXT "sha256:" \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

__attribute__((unused)) static const char env_document[] =
    "{\"azukari\":\"survey v1\",\"name\":\"t\",\"version\":1,\"fields\":["
    "{\"name\":\"C\",\"type\":\"string\",\"categories\":[{\"value\":\"1\"},"
    "{\"value\":\"2\"},{\"value\":\"ab\"}]},"
    "{\"name\":\"L\",\"type\":\"list\",\"categories\":[{\"value\":\"S1\"},"
    "{\"value\":\"S2\"},{\"value\":\"S0\"}],\"exclusive\":[\"S0\"]},"
    "{\"name\":\"I\",\"type\":\"integer\",\"constraints\":{\"minimum\":0,"
    "\"maximum\":120}},"
    "{\"name\":\"N\",\"type\":\"number\",\"decimals\":1},"
    "{\"name\":\"D\",\"type\":\"date\"},"
    "{\"name\":\"B\",\"type\":\"boolean\"},"
    "{\"name\":\"P\",\"type\":\"string\",\"constraints\":{\"pattern\":"
    "\"^[0-9]{7}$\"}},"
    "{\"name\":\"T\",\"type\":\"string\",\"constraints\":{\"maxLength\":8}},"
    "{\"name\":\"X\",\"type\":\"integer\",\"only_if\":{\"field\":\"C\","
    "\"in\":[\"2\"]},\"constraints\":{\"required\":true}}]}";

struct env {
	struct survey *survey;
	const struct survey *surveys[1];
	uint8_t text[1][32];
	struct intake_rules rules;
	/* input */
	struct bytes in;
	size_t at, piece;               /* at most so many bytes a read */
	enum err fail_with;             /* at the end, instead of the end */
};

static inline void
env_init_with(struct env *v, struct bytes document)
{
	struct err_info info = {.line = 0};
	uint8_t i;

	memset(v, 0, sizeof(*v));
	if (survey_parse(document, &v->survey, &info) != ERR_OK)
		fail_msg("%s", info.message);
	v->surveys[0] = v->survey;
	for (i = 0; i < 32; i++)
		v->text[0][i] = i;
	v->rules = (struct intake_rules){.surveys = v->surveys,
	    .surveys_len = 1, .texts = (const uint8_t (*)[32])v->text,
	    .texts_len = 1, .now_unix_s = ENV_NOW, .source = "line"};
}

static inline void
env_init(struct env *v)
{
	env_init_with(v, bytes_str(env_document));
}

static inline void
env_release(struct env *v)
{
	survey_free(v->survey);
}

static inline void
env_feed(struct env *v, struct bytes in, size_t piece)
{
	v->in = in;
	v->at = 0;
	v->piece = piece;
}

static inline enum err
env_read(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct env *v = ctx;
	size_t n = v->in.len - v->at;

	if (n == 0 && v->fail_with != ERR_OK)
		return v->fail_with;
	if (n > max)
		n = max;
	if (v->piece != 0 && n > v->piece)
		n = v->piece;
	memcpy(dst, v->in.data + v->at, n);
	v->at += n;
	*ret_got = n;
	return ERR_OK;
}

/* All of ${text} into ${batch}. */
static inline void
env_parse(struct env *v, struct bytes text, enum ndjson_path path,
    struct intake_batch *batch)
{
	CLEANUP(ndjson_reader_cleanup) struct ndjson_reader *r = NULL;
	enum err e = ERR_OK;

	env_feed(v, text, 0);
	assert_ok(ndjson_reader_new(env_read, v, &v->rules, path, &r));
	while (e == ERR_OK)
		e = ndjson_reader_next(r, 1000, batch);
	assert_err(e, ERR_NOT_FOUND);
}

#endif
