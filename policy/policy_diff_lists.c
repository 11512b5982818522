/* policy/policy_diff_lists.c - lists of two policies, item by item. */
#include <stdio.h>
#include <string.h>

#include "core/encode.h"
#include "policy/policy_diff_internal.h"

#define PLACE_MAX 160

static void
diff_sha256(struct policy_diff_work *w, const char *place,
    const uint8_t *before, const uint8_t *after)
{
	enum policy_diff_way way = POLICY_DIFF_OTHER;
	char a[2 * 32 + 1], b[2 * 32 + 1];

	if (before != NULL && after != NULL &&
	    memcmp(before, after, 32) == 0)
		return;
	if (before != NULL)
		encode_hex(before, 32, a);
	else
		way = POLICY_DIFF_WIDER;
	if (after != NULL)
		encode_hex(after, 32, b);
	else
		way = POLICY_DIFF_NARROWER;
	policy_diff_add(w, way, place, before != NULL ? a : NULL,
	    after != NULL ? b : NULL);
}

static void
diff_surveys(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	const struct policy_survey *s, *other;
	char place[PLACE_MAX];
	size_t i;

	for (i = 0; i < b->surveys_len; i++) {
		s = &b->surveys[i];
		other = policy_find_survey(a, s->name, s->version);
		(void)snprintf(place, sizeof(place), "surveys.%s/%u", s->name,
		    s->version);
		diff_sha256(w, place, other != NULL ? other->sha256 : NULL,
		    s->sha256);
	}
	for (i = 0; i < a->surveys_len; i++) {
		s = &a->surveys[i];
		if (policy_find_survey(b, s->name, s->version) != NULL)
			continue;
		(void)snprintf(place, sizeof(place), "surveys.%s/%u", s->name,
		    s->version);
		diff_sha256(w, place, s->sha256, NULL);
	}
}

/* A ladder by itself lets nothing out: only another file under a name that
 * rules use matters, and whether that is more or less, no digest tells. */
static void
diff_ladders(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	const struct policy_ladder *l, *other;
	char place[PLACE_MAX];
	size_t i;

	for (i = 0; i < b->ladders_len; i++) {
		l = &b->ladders[i];
		if ((other = policy_find_ladder(a, l->name)) == NULL)
			continue;
		(void)snprintf(place, sizeof(place), "ladders.%s", l->name);
		diff_sha256(w, place, other->sha256, l->sha256);
	}
}

static void
diff_partner(struct policy_diff_work *w, const struct policy_partner *a,
    const struct policy_partner *b)
{
	const struct {
		const char *key, *before, *after;
	} texts[] = {
		{"name", a->name, b->name},
		{"name_en", a->name_en, b->name_en},
		{"institution", a->institution, b->institution},
		{"address", a->address, b->address},
		{"representative", a->representative, b->representative},
		{"investigator", a->investigator, b->investigator},
		{"age", a->age, b->age},
		{"ssh", a->ssh, b->ssh},
	};
	char place[PLACE_MAX];
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		(void)snprintf(place, sizeof(place), "partners.%s.%s", a->id,
		    texts[i].key);
		policy_diff_text(w, place, texts[i].before, texts[i].after);
	}
}

static void
diff_partners(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	const struct policy_partner *p, *other;
	char place[PLACE_MAX];
	size_t i;

	for (i = 0; i < b->partners_len; i++) {
		p = &b->partners[i];
		(void)snprintf(place, sizeof(place), "partners.%s", p->id);
		if ((other = policy_find_partner(a, p->id)) != NULL)
			diff_partner(w, other, p);
		else
			policy_diff_add(w, POLICY_DIFF_WIDER, place, NULL,
			    p->name);
	}
	for (i = 0; i < a->partners_len; i++) {
		p = &a->partners[i];
		(void)snprintf(place, sizeof(place), "partners.%s", p->id);
		if (policy_find_partner(b, p->id) == NULL)
			policy_diff_add(w, POLICY_DIFF_NARROWER, place,
			    p->name, NULL);
	}
}

/* ---- consent texts ---- */

static void
text_place(const struct consent_text *t, const char *key,
    char ret[PLACE_MAX])
{
	char prefix[2 * 8 + 1];

	encode_hex(t->sha256, 8, prefix);
	(void)snprintf(ret, PLACE_MAX, "consent_texts.%s%s%s", prefix,
	    key != NULL ? "." : "", key != NULL ? key : "");
}

static void
diff_scopes(struct policy_diff_work *w, const char *place, uint8_t before,
    uint8_t after)
{
	CLEANUP(buf_release) struct buf a = {0}, b = {0};

	if (before == after)
		return;
	if (consent_scopes_append(before, &a) != ERR_OK ||
	    consent_scopes_append(after, &b) != ERR_OK) {
		w->e = w->e == ERR_OK ? ERR_NOMEM : w->e;
		return;
	}
	policy_diff_add(w, consent_scopes_hold(after, before) ?
	    POLICY_DIFF_WIDER : consent_scopes_hold(before, after) ?
	    POLICY_DIFF_NARROWER : POLICY_DIFF_OTHER, place, buf_text(&a),
	    buf_text(&b));
}

static void
diff_text(struct policy_diff_work *w, const struct consent_text *a,
    const struct consent_text *b)
{
	static const char *const earlier[] = {"false", "true"};
	char place[PLACE_MAX];

	text_place(a, "title", place);
	policy_diff_text(w, place, a->title, b->title);
	text_place(a, "scopes", place);
	diff_scopes(w, place, a->scopes, b->scopes);
	text_place(a, "purposes", place);
	policy_diff_words(w, place, &a->purposes, &b->purposes,
	    POLICY_DIFF_WIDER);
	text_place(a, "diseases", place);
	policy_diff_words(w, place, &a->diseases, &b->diseases,
	    POLICY_DIFF_WIDER);
	text_place(a, "valid_days", place);
	policy_diff_number(w, place, a->valid_days, b->valid_days,
	    POLICY_DIFF_WIDER);
	text_place(a, "covers_earlier", place);
	policy_diff_switch(w, place, earlier, a->covers_earlier,
	    b->covers_earlier);
}

static void
diff_texts(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	const struct consent_text *t, *other;
	char place[PLACE_MAX];
	size_t i;

	for (i = 0; i < b->texts_len; i++) {
		t = &b->texts[i];
		text_place(t, NULL, place);
		if ((other = policy_find_text(a, t->sha256)) != NULL)
			diff_text(w, other, t);
		else
			policy_diff_add(w, POLICY_DIFF_WIDER, place, NULL,
			    t->title);
	}
	for (i = 0; i < a->texts_len; i++) {
		t = &a->texts[i];
		text_place(t, NULL, place);
		if (policy_find_text(b, t->sha256) == NULL)
			policy_diff_add(w, POLICY_DIFF_NARROWER, place,
			    t->title, NULL);
	}
}

/* ---- release ---- */

static void
rule_text(const struct policy_rule *r, char ret[PLACE_MAX])
{
	if (r == NULL)
		(void)snprintf(ret, PLACE_MAX, "-");
	else if (r->kind == POLICY_LADDER)
		(void)snprintf(ret, PLACE_MAX, "ladder:%s %u..%u", r->ladder,
		    r->from, r->to);
	else
		(void)snprintf(ret, PLACE_MAX, "%s",
		    r->kind == POLICY_NEVER ? "never" : "as-is");
}

/* How much a rule lets out: nothing, something coarse, all. */
static int
rule_rank(const struct policy_rule *r)
{
	if (r == NULL || r->kind == POLICY_NEVER)
		return 0;
	return r->kind == POLICY_LADDER ? 1 : 2;
}

static enum policy_diff_way
rule_way(const struct policy_rule *a, const struct policy_rule *b)
{
	int before = rule_rank(a), after = rule_rank(b);

	if (before != after)
		return after > before ? POLICY_DIFF_WIDER :
		    POLICY_DIFF_NARROWER;
	if (before != 1 || strcmp(a->ladder, b->ladder) != 0 ||
	    a->from == b->from)
		return POLICY_DIFF_OTHER;
	return b->from < a->from ? POLICY_DIFF_WIDER : POLICY_DIFF_NARROWER;
}

static void
diff_rule(struct policy_diff_work *w, const struct policy_release *r,
    const char *field, const struct policy *a, const struct policy *b)
{
	const struct policy_rule *old = policy_find_rule(a, r->survey,
	    r->version, field);
	const struct policy_rule *next = policy_find_rule(b, r->survey,
	    r->version, field);
	char before[PLACE_MAX], after[PLACE_MAX], place[PLACE_MAX];

	rule_text(old, before);
	rule_text(next, after);
	if (strcmp(before, after) == 0)
		return;
	(void)snprintf(place, sizeof(place), "release.%s/%u.%s", r->survey,
	    r->version, field);
	policy_diff_add(w, rule_way(old, next), place, before, after);
}

static void
diff_releases(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	const struct policy_release *r;
	size_t i, j;

	for (i = 0; i < b->releases_len; i++) {
		r = &b->releases[i];
		for (j = 0; j < r->rules_len; j++)
			diff_rule(w, r, r->rules[j].field, a, b);
	}
	for (i = 0; i < a->releases_len; i++) {
		r = &a->releases[i];
		for (j = 0; j < r->rules_len; j++)
			if (policy_find_rule(b, r->survey, r->version,
			    r->rules[j].field) == NULL)
				diff_rule(w, r, r->rules[j].field, a, b);
	}
}

void
policy_diff_lists(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b)
{
	diff_surveys(w, a, b);
	diff_texts(w, a, b);
	diff_partners(w, a, b);
	diff_ladders(w, a, b);
	diff_releases(w, a, b);
}
