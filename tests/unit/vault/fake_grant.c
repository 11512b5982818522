#include "tests/unit/vault/fake_grant.h"

#include <string.h>

const char *
grant_owner(const struct grant *g)
{
	return g->owner;
}

const char *
grant_reident(const struct grant *g)
{
	return g->reidentifies ? "EXP-2020-0001" : "";
}

const uint8_t *
grant_survey_sha256(const struct grant *g)
{
	return g->survey_sha256;
}

size_t
grant_epochs_len(const struct grant *g)
{
	return g->epochs_len;
}

const struct grant_epoch *
grant_find_epoch(const struct grant *g, const uint8_t id[GRANT_EPOCH_LEN])
{
	for (size_t i = 0; i < g->epochs_len; i++)
		if (memcmp(g->epochs[i].id, id, GRANT_EPOCH_LEN) == 0)
			return &g->epochs[i];
	return NULL;
}

int
grant_in_period(const struct grant *g, int64_t answer_unix_s)
{
	return answer_unix_s >= g->from_unix_s &&
	    answer_unix_s < g->end_unix_s;
}

int64_t
grant_expires_unix_s(const struct grant *g)
{
	return g->expires_unix_s;
}

uint8_t
grant_scopes(const struct grant *g)
{
	(void)g;
	return 2;
}

size_t
grant_texts_len(const struct grant *g)
{
	(void)g;
	return 2;
}

const uint8_t *
grant_text_sha256(const struct grant *g, size_t i)
{
	return g->texts[i];
}

static size_t
find_text(const struct grant *g, const struct grant_consent *c)
{
	for (size_t i = 0; i < 2; i++)
		if (memcmp(g->texts[i], c->text, GRANT_SHA256_LEN) == 0)
			return i;
	return (size_t)-1;
}

enum grant_verdict
grant_covers(const struct grant *g, const struct grant_consent *c,
    int64_t now_unix_s, size_t *ret_text)
{
	size_t text = c->have ? find_text(g, c) : (size_t)-1;

	if (ret_text != NULL)
		*ret_text = text;
	if (now_unix_s >= g->expires_unix_s)
		return GRANT_OVER;
	if (!c->have)
		return GRANT_NO_CONSENT;
	if ((c->withdrawn_scopes & (2 | 128)) != 0 &&
	    c->withdrawn_unix_s >= c->given_unix_s)
		return GRANT_WITHDRAWN;
	if (c->given_unix_s > now_unix_s)
		return GRANT_FROM_FUTURE;
	if (text == (size_t)-1)
		return GRANT_TEXT_UNKNOWN;
	if ((c->scopes & (2 | 128)) == 0)
		return GRANT_SCOPE;
	if (now_unix_s >= c->given_unix_s + g->valid_s)
		return GRANT_EXPIRED;
	if (c->given_unix_s <= c->answer_unix_s)
		return GRANT_COVERS;
	return text == 1 ? GRANT_COVERS_EARLIER : GRANT_LATER;
}
