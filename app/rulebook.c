#include "app/rulebook.h"

#include <stdlib.h>
#include <string.h>

#include "app/papers.h"

void rulebook_release(struct rulebook *r)
{
	for (size_t i = 0; i < r->surveys_len; i++)
		survey_free(r->surveys[i]);
	free(r->surveys);
	free(r->survey_sha256);
	free(r->texts);
	*r = (struct rulebook){0};
}

struct loading {
	struct home *h;
	struct rulebook *r;
};

static enum err survey_room(struct rulebook *r)
{
	size_t cap = r->surveys_cap == 0 ? 8 : r->surveys_cap * 2;
	struct survey **surveys;
	uint8_t (*digests)[DIGEST_LEN];

	if (r->surveys_len < r->surveys_cap)
		return ERR_OK;
	surveys = reallocarray(r->surveys, cap, sizeof(*surveys));
	if (surveys == NULL)
		return ERR_NOMEM;
	r->surveys = surveys;
	digests = reallocarray(r->survey_sha256, cap, sizeof(*digests));
	if (digests == NULL)
		return ERR_NOMEM;
	r->survey_sha256 = digests;
	r->surveys_cap = cap;
	return ERR_OK;
}

static enum err add_survey(void *ctx, const struct register_document *doc)
{
	CLEANUP(paper_release) struct paper p = {0};
	struct loading *l = ctx;
	struct rulebook *r = l->r;
	struct register_query q = {.kind = REGISTER_SURVEY,
	    .owner = doc->owner, .sha256 = doc->sha256};

	RETURN_IF(survey_room(r));
	RETURN_IF(papers_find(l->h, &q, &p));
	RETURN_IF(survey_parse(bytes_buf(&p.bytes),
	    &r->surveys[r->surveys_len], &l->h->outcome->info));
	memcpy(r->survey_sha256[r->surveys_len], p.sha256, DIGEST_LEN);
	r->surveys_len++;
	return ERR_OK;
}

static enum err add_text(void *ctx, const struct register_document *doc)
{
	struct rulebook *r = ((struct loading *)ctx)->r;

	if (r->texts_len == r->texts_cap) {
		size_t cap = r->texts_cap == 0 ? 8 : r->texts_cap * 2;
		void *more = reallocarray(r->texts, cap, sizeof(*r->texts));

		if (more == NULL)
			return ERR_NOMEM;
		r->texts = more;
		r->texts_cap = cap;
	}
	memcpy(r->texts[r->texts_len++], doc->sha256, DIGEST_LEN);
	return ERR_OK;
}

typedef const uint8_t (*const_digests)[DIGEST_LEN];

enum err rulebook_load(struct home *h, const char *owner, const char *source,
    struct rulebook *ret)
{
	CLEANUP(rulebook_release) struct rulebook r = {0};
	struct loading l = {h, &r};
	struct register_query surveys = {.kind = REGISTER_SURVEY,
	    .owner = owner};
	struct register_query texts = {.kind = REGISTER_CONSENT_TEXT,
	    .owner = owner};

	if (strlen(source) > REGISTER_NAME_MAX)
		return ERR_LIMIT;
	RETURN_IF(register_document_each(h->reg, &surveys, add_survey, &l));
	RETURN_IF(register_document_each(h->reg, &texts, add_text, &l));
	*ret = r;
	(void)strcpy(ret->source, source);
	ret->rules = (struct intake_rules){
		.surveys = (const struct survey *const *)ret->surveys,
		.surveys_len = ret->surveys_len,
		.texts = (const_digests)ret->texts,
		.texts_len = ret->texts_len,
		.now_unix_s = h->now_unix_s,
		.source = ret->source};
	r = (struct rulebook){0};
	return ERR_OK;
}
