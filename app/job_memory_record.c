/* A release as its record holds it: groups under keyed tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/job_internal.h"
#include "policy/policy.h"

#define CONSENT_FIELD "-consent"        /* no field is called so */

static const uint8_t as_it_is[32];

/* Tokens of one column: of each label at the level chosen and at every coarser
 * one. */
struct tokens {
	const struct memory_key *key;
	const struct job_column *col;
	const uint32_t *leaf_of;        /* label → one of its leaves */
	struct memory_column *out;
};

static void put_token(const struct tokens *c, uint32_t label, unsigned at)
{
	struct memory_key_label l = {.field = c->out->field,
	    .ladder_sha256 = c->out->ladder_sha256,
	    .level = c->out->level + at};
	uint32_t leaf = c->leaf_of[label];

	if (leaf == UINT32_MAX)
		return;                 /* a label that no row has */
	l.text = ladder_map_label(c->col->map, l.level,
	    ladder_map_level(c->col->map, l.level)[leaf]);
	memory_key_token(c->key, &l, c->out->tokens +
	    (label * c->out->levels + at) * MEMORY_TOKEN_LEN);
}

static enum err fill_tokens(struct tokens *c)
{
	size_t leaves = ladder_map_leaves(c->col->map);
	size_t labels = ladder_map_labels(c->col->map, c->out->level);
	const uint32_t *of = ladder_map_level(c->col->map, c->out->level);
	uint32_t *leaf_of = malloc((labels + 1) * sizeof(*leaf_of));

	c->out->labels = labels;
	c->out->tokens = calloc(labels * c->out->levels + 1,
	    MEMORY_TOKEN_LEN);
	if (leaf_of == NULL || c->out->tokens == NULL) {
		free(leaf_of);
		return ERR_NOMEM;
	}
	memset(leaf_of, 0xff, (labels + 1) * sizeof(*leaf_of));
	for (uint32_t i = 0; i < leaves; i++)
		leaf_of[of[i]] = i;
	c->leaf_of = leaf_of;
	for (uint32_t label = 0; label < labels; label++)
		for (unsigned at = 0; at < c->out->levels; at++)
			put_token(c, label, at);
	free(leaf_of);
	return ERR_OK;
}

/* A date that leaves in another way is another column; one that was moved is
 * comparable within its project alone. */
static void mark_date(unsigned date, const struct plan *p, uint8_t ladder[32])
{
	const struct bytes parts[] = {bytes_of(ladder, 32),
	    bytes_str(policy_date_words[date]), bytes_str(" "),
	    bytes_str(date == POLICY_DATE_SHIFTED ? p->project : ""),
	    bytes_str(" "),
	    bytes_str(date == POLICY_DATE_SHIFTED ? p->partner : "")};
	uint8_t marked[DIGEST_LEN];

	if (date == POLICY_DATE_AS_IS)
		return;
	digest_sha256_parts(parts, ARRAY_LEN(parts), marked);
	memcpy(ladder, marked, DIGEST_LEN);
}

static enum err describe_column(const struct job_column *col,
    const struct job_case *c, const struct memory_key *key,
    struct memory_column *ret)
{
	struct tokens x = {.key = key, .col = col, .out = ret};

	(void)snprintf(ret->field, sizeof(ret->field), "%s",
	    col->field->name);
	for (size_t i = 0; i < c->docket.ladders_len; i++)
		if (strcmp(c->docket.files[i].name, col->plan->ladder) == 0)
			memcpy(ret->ladder_sha256, c->docket.files[i].sha256,
			    sizeof(ret->ladder_sha256));
	mark_date(col->plan->date, &c->plan, ret->ladder_sha256);
	ret->level = col->level;
	ret->levels = col->plan->ladder[0] == '\0' ? 1 :
	    ladder_levels(col->ladder) - col->level;
	return fill_tokens(&x);
}

/* Text, scopes and year of each consent. */
static enum err describe_consents(const struct job_scan *s,
    const struct memory_key *key, struct memory_column *ret)
{
	(void)strcpy(ret->field, CONSENT_FIELD);
	ret->levels = 1;
	ret->labels = s->consents_len;
	ret->tokens = calloc(s->consents_len + 1, MEMORY_TOKEN_LEN);
	if (ret->tokens == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < s->consents_len; i++) {
		const struct job_consent *c = &s->consents[i];
		uint8_t text[32 + 3];
		struct memory_key_label l = {.field = CONSENT_FIELD,
		    .ladder_sha256 = as_it_is,
		    .text = bytes_of(text, sizeof(text))};

		memcpy(text, c->sha256, 32);
		text[32] = c->scopes;
		text[33] = (uint8_t)(c->year >> 8);
		text[34] = (uint8_t)c->year;
		memory_key_token(key, &l, ret->tokens +
		    i * MEMORY_TOKEN_LEN);
	}
	return ERR_OK;
}

static enum err describe_groups(const struct job_groups *g,
    struct memory_release *ret)
{
	size_t n = ret->columns_len;

	ret->labels = calloc(g->len * n + 1, sizeof(*ret->labels));
	ret->groups = calloc(g->len + 1, sizeof(*ret->groups));
	if (ret->labels == NULL || ret->groups == NULL)
		return ERR_NOMEM;
	ret->groups_len = g->len;
	for (size_t i = 0; i < g->len; i++) {
		for (size_t d = 0; d < n; d++)
			ret->labels[i * n + d] = job_groups_label(g,
			    g->tuple_of[i], d);
		ret->groups[i] = (struct memory_group){g->people[i],
		    g->rows[i]};
	}
	return ERR_OK;
}

static uint32_t most_rows(const struct job_scan *s)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < s->respondents; i++)
		if (job_scan_keeps(s, i) && s->answers[i] > most)
			most = s->answers[i];
	return most;
}

enum err job_memory_describe(const struct job_scan *s,
    const struct job_case *c, const struct memory_key *key,
    const struct job_groups *g, struct memory_release *ret)
{
	CLEANUP(memory_release_free) struct memory_release r = {
	    .rows_max = most_rows(s)};

	if (s->dimensions > MEMORY_COLUMNS_MAX)
		return ERR_LIMIT;
	r.columns_len = s->dimensions;
	for (size_t i = 0; i < s->columns_len; i++)
		if (s->columns[i].quasi)
			RETURN_IF(describe_column(&s->columns[i], c, key,
			    &r.columns[s->columns[i].dimension]));
	RETURN_IF(describe_consents(s, key, &r.columns[s->dimensions - 1]));
	RETURN_IF(describe_groups(g, &r));
	*ret = r;
	r = (struct memory_release){0};
	return ERR_OK;
}
