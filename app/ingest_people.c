/* The respondents of a batch, each once, as the store has them and as the
 * batch changes them. */
#include <stdlib.h>
#include <string.h>

#include "app/ingest_internal.h"

#define SLOTS_LEAST 1024

void ingest_people_release(struct ingest_people *p)
{
	free(p->items);
	free(p->slots);
	free(p->withdrawn);
	*p = (struct ingest_people){0};
}

/* ---- withdrawals of the whole store ---- */

static enum err add_withdrawn(void *ctx, const struct store_withdrawn *w)
{
	struct ingest_people *p = ctx;

	if (p->withdrawn_len == p->withdrawn_cap) {
		size_t cap = p->withdrawn_cap == 0 ? 256 :
		    p->withdrawn_cap * 2;
		void *more = reallocarray(p->withdrawn, cap,
		    sizeof(*p->withdrawn));

		if (more == NULL)
			return ERR_NOMEM;
		p->withdrawn = more;
		p->withdrawn_cap = cap;
	}
	p->withdrawn[p->withdrawn_len++] = *w;
	return ERR_OK;
}

/* Again whenever somebody may have withdrawn since: another process has
 * committed, or a batch of this run had withdrawals in it. */
static enum err load_withdrawn(struct ingest_people *p, struct store *s)
{
	uint32_t version;

	RETURN_IF(db_data_version(store_db(s), &version));
	if (p->withdrawn_loaded && version == p->data_version)
		return ERR_OK;
	p->withdrawn_len = 0;
	p->data_version = version;
	RETURN_IF(store_respondent_each_withdrawn(s, add_withdrawn, p));
	p->withdrawn_loaded = 1;
	return ERR_OK;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = ((const struct store_withdrawn *)b)->number;

	return x < y ? -1 : x > y;
}

static void set_withdrawn(const struct ingest_people *p,
    struct ingest_person *person)
{
	const struct store_withdrawn *w = p->withdrawn_len == 0 ? NULL :
	    bsearch(&person->number, p->withdrawn, p->withdrawn_len,
	    sizeof(*p->withdrawn), by_number);

	if (w == NULL)
		return;
	person->support_unix_s = w->support_unix_s;
	person->research_unix_s = w->research_unix_s;
	person->recontact_unix_s = w->recontact_unix_s;
}

/* ---- people by number ---- */

static enum err reset(struct ingest_people *p, size_t lines)
{
	size_t slots = SLOTS_LEAST;

	while (slots < 2 * lines)
		slots *= 2;
	if (slots > p->slots_len) {
		free(p->slots);
		p->slots_len = 0;
		p->slots = calloc(slots, sizeof(*p->slots));
		if (p->slots == NULL)
			return ERR_NOMEM;
		p->slots_len = slots;
	} else {
		memset(p->slots, 0, p->slots_len * sizeof(*p->slots));
	}
	if (lines > p->cap) {
		free(p->items);
		p->cap = 0;
		p->items = calloc(lines, sizeof(*p->items));
		if (p->items == NULL)
			return ERR_NOMEM;
		p->cap = lines;
	}
	p->len = 0;
	return ERR_OK;
}

static uint32_t add_person(struct ingest_people *p,
    const struct store_respondent *r)
{
	struct ingest_person *person = &p->items[p->len];

	*person = (struct ingest_person){.number = r->number,
	    .generation = r->generation, .state = r->state,
	    .fresh = r->fresh, .consent = r->consent};
	if (!r->fresh)
		set_withdrawn(p, person);
	return (uint32_t)p->len++;
}

static uint32_t find_or_add(struct ingest_people *p,
    const struct store_respondent *r)
{
	size_t mask = p->slots_len - 1;
	/* Knuth's multiplier: neighbours in number are no neighbours here. */
	size_t at = (size_t)(r->number * UINT32_C(2654435761)) & mask;

	while (p->slots[at] != 0) {
		if (p->items[p->slots[at] - 1].number == r->number)
			return p->slots[at] - 1;
		at = (at + 1) & mask;
	}
	p->slots[at] = (uint32_t)p->len + 1;
	return add_person(p, r);
}

static void free_respondents(struct store_respondent **r)
{
	free(*r);
}

enum err ingest_people_find(struct ingest_people *p, struct store *s,
    const uint8_t *tags, size_t len, uint32_t *ret_person)
{
	CLEANUP(free_respondents) struct store_respondent *found =
	    calloc(len + 1, sizeof(*found));

	if (found == NULL)
		return ERR_NOMEM;
	RETURN_IF(reset(p, len + 1));
	RETURN_IF(load_withdrawn(p, s));
	RETURN_IF(store_respondent_find(s, tags, len, found, &p->fresh_first,
	    &p->fresh_count));
	for (size_t i = 0; i < len; i++)
		ret_person[i] = find_or_add(p, &found[i]);
	return ERR_OK;
}

/* ---- what lines change ---- */

#define EACH_SCOPE \
	(STORE_SCOPE_SUPPORT | STORE_SCOPE_RESEARCH | STORE_SCOPE_RECONTACT)

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t ingest_people_gone_unix_s(const struct ingest_person *p)
{
	return smaller(p->support_unix_s,
	    smaller(p->research_unix_s, p->recontact_unix_s));
}

static uint8_t not_withdrawn(const struct ingest_person *p, uint8_t scopes,
    uint32_t given_unix_s)
{
	uint8_t left = scopes & STORE_SCOPE_ALL ? EACH_SCOPE : scopes;

	if (p->support_unix_s != 0 && p->support_unix_s >= given_unix_s)
		left &= (uint8_t)~STORE_SCOPE_SUPPORT;
	if (p->research_unix_s != 0 && p->research_unix_s >= given_unix_s)
		left &= (uint8_t)~STORE_SCOPE_RESEARCH;
	if (p->recontact_unix_s != 0 && p->recontact_unix_s >= given_unix_s)
		left &= (uint8_t)~STORE_SCOPE_RECONTACT;
	return left;
}

void ingest_people_consent(struct ingest_person *p,
    const struct store_consent *c)
{
	uint8_t left = not_withdrawn(p, c->scopes, c->given_unix_s);

	if (left == 0 || c->given_unix_s < p->consent.given_unix_s)
		return;
	p->consent = *c;
	p->consent.scopes = left;
}

static void raise_to(uint32_t *at, uint32_t v)
{
	if (v > *at)
		*at = v;
}

void ingest_people_withdraw(struct ingest_person *p, uint8_t scopes,
    uint32_t at_unix_s)
{
	uint8_t each = scopes & STORE_SCOPE_ALL ? EACH_SCOPE : scopes;

	if (each & STORE_SCOPE_SUPPORT)
		raise_to(&p->support_unix_s, at_unix_s);
	if (each & STORE_SCOPE_RESEARCH)
		raise_to(&p->research_unix_s, at_unix_s);
	if (each & STORE_SCOPE_RECONTACT)
		raise_to(&p->recontact_unix_s, at_unix_s);
	p->consent.scopes &= (uint8_t)~each;
	if ((scopes & STORE_SCOPE_ALL) && p->state == STORE_ACTIVE)
		p->state = STORE_STOPPING;
}
