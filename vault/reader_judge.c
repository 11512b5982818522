/* vault/reader_judge.c - may this record come out?  Everything that is not a
 * clear yes is a no. */
#include "vault/reader_internal.h"

#include <string.h>

/* The one place where consent is asked. */
static enum grant_verdict
ask(const struct reader *r, const struct grant_consent *c)
{
#ifdef AZUKARI_MUTATION_CONSENT
	(void)r;
	(void)c;
	return GRANT_COVERS;
#else
	return grant_covers(r->grant, c, r->now_unix_s, NULL);
#endif
}

static int
generation_fits(const struct reader *r, const struct segment_entry *e)
{
	return e->respondent < r->secrets.count &&
	    r->secrets.generations[e->respondent] == e->generation;
}

enum err
reader_judge_ref(const struct reader *r, const struct segment_entry *e,
    struct record_ref *ret, int *ret_gone)
{
	uint16_t now;

	if (e->respondent >= r->respondents)
		return ERR_CORRUPT;
	now = r->generations[e->respondent];
	if (e->generation == 0 || e->generation > now)
		return ERR_CORRUPT;
	if (e->generation < now || r->states[e->respondent] & READER_ERASED) {
		*ret_gone = 1;
		return ERR_OK;
	}
	if (!generation_fits(r, e))
		return ERR_CORRUPT;     /* a key that should be there is not */
	*ret = (struct record_ref){
		.respondent_key = r->secrets.pool.data +
		    (size_t)e->respondent * ERASE_KEY_LEN,
		.tag = r->tags + (size_t)e->respondent * STORE_TAG_LEN,
		.generation = e->generation,
		.kind = (enum record_kind)e->kind,
	};
	*ret_gone = 0;
	return ERR_OK;
}

static void
take_withdrawal(struct grant_consent *c, uint8_t scope, uint32_t at)
{
	if (at == 0)
		return;
	c->withdrawn_scopes |= scope;
	if ((int64_t)at > c->withdrawn_unix_s)
		c->withdrawn_unix_s = at;
}

/* A grant may name scopes one by one or all of them. */
static int
asks_for(const struct reader *r, uint8_t scope)
{
	return (r->scopes & (scope | STORE_SCOPE_ALL)) != 0;
}

static void
put_withdrawals(const struct reader *r, uint32_t respondent,
    struct grant_consent *c)
{
	const struct store_withdrawn *w;

	if (!(r->states[respondent] & READER_WITHDREW))
		return;
	w = store_withdrawn_list_find(&r->withdrawn, respondent);
	if (asks_for(r, STORE_SCOPE_SUPPORT))
		take_withdrawal(c, STORE_SCOPE_SUPPORT, w->support_unix_s);
	if (asks_for(r, STORE_SCOPE_RESEARCH))
		take_withdrawal(c, STORE_SCOPE_RESEARCH, w->research_unix_s);
	if (asks_for(r, STORE_SCOPE_RECONTACT))
		take_withdrawal(c, STORE_SCOPE_RECONTACT,
		    w->recontact_unix_s);
}

int
reader_judge_text_covers_earlier(const struct reader *r, size_t text)
{
	struct grant_consent c = {
		.have = 1,
		.scopes = STORE_SCOPE_SUPPORT | STORE_SCOPE_RESEARCH |
		    STORE_SCOPE_RECONTACT | STORE_SCOPE_ALL,
		.given_unix_s = r->now_unix_s,
		.answer_unix_s = r->now_unix_s - 1,
	};

	memcpy(c.text, grant_text_sha256(r->grant, text), sizeof(c.text));
	return grant_covers(r->grant, &c, r->now_unix_s, NULL) ==
	    GRANT_COVERS_EARLIER;
}

static void
yield_under(struct reader_record *rec, const struct grant_consent *c,
    int later)
{
	memcpy(rec->consent_text, c->text, sizeof(rec->consent_text));
	rec->consent_given_unix_s = (uint32_t)c->given_unix_s;
	rec->consent_scopes = c->scopes;
	rec->consent_is_later = later != 0;
}

static enum grant_verdict
ask_sealed(const struct reader *r, const struct record_plain *p,
    struct reader_record *rec)
{
	struct grant_consent c = {
		.have = p->has_consent, .scopes = p->consent_scopes,
		.given_unix_s = p->consent_given_unix_s,
		.answer_unix_s = p->event_unix_s,
	};
	enum grant_verdict v;

	if (p->has_consent)
		memcpy(c.text, p->consent_text, sizeof(p->consent_text));
	put_withdrawals(r, rec->respondent, &c);
	v = ask(r, &c);
	if (grant_verdict_is_yes(v))
		yield_under(rec, &c, v == GRANT_COVERS_EARLIER);
	return v;
}

static enum grant_verdict
ask_later(const struct reader *r, const struct record_plain *p,
    struct reader_record *rec, const struct reader_later *l)
{
	struct grant_consent c = {
		.have = 1, .scopes = l->scopes,
		.given_unix_s = l->given_unix_s,
		.answer_unix_s = p->event_unix_s,
	};
	enum grant_verdict v;

	memcpy(c.text, grant_text_sha256(r->grant, l->text), sizeof(c.text));
	put_withdrawals(r, rec->respondent, &c);
	v = ask(r, &c);
	if (grant_verdict_is_yes(v))
		yield_under(rec, &c, 1);
	return v;
}

/* Any of the respondent's later consents that says yes. */
static enum grant_verdict
ask_all_later(const struct reader *r, const struct record_plain *p,
    struct reader_record *rec, enum grant_verdict sealed)
{
	const struct reader_later *l = reader_later_find(r, rec->respondent);

	for (; l != NULL && l < r->later + r->later_len &&
	    l->respondent == rec->respondent; l++) {
		enum grant_verdict v = ask_later(r, p, rec, l);

		if (grant_verdict_is_yes(v))
			return v;
	}
	return sealed;
}

enum err
reader_judge_answer(const struct reader *r, const struct record_plain *p,
    struct reader_record *rec, enum reader_fate *ret_fate)
{
	uint8_t state = r->states[rec->respondent];
	enum grant_verdict v;

	if (!grant_in_period(r->grant, p->event_unix_s)) {
		*ret_fate = READER_OUT_OF_PERIOD;
		return ERR_OK;
	}
	if (state & READER_STOPPING) {
		*ret_fate = READER_WITHDRAWN;
		return ERR_OK;
	}
	v = ask_sealed(r, p, rec);
	if (!grant_verdict_is_yes(v) && r->later_len > 0)
		v = ask_all_later(r, p, rec, v);
	if (v == GRANT_OVER)
		return ERR_EXPIRED;
	if (v == GRANT_WITHDRAWN)
		*ret_fate = READER_WITHDRAWN;
	else if (!grant_verdict_is_yes(v))
		*ret_fate = READER_NO_CONSENT;
	else if (state & READER_NO_SCOPE)
		*ret_fate = state & READER_WITHDREW ? READER_WITHDRAWN :
		    READER_NO_CONSENT;
	else
		*ret_fate = READER_YIELD;
	return ERR_OK;
}
