#include "tests/unit/unit.h"

#include "policy/consent.h"
#include "policy/duo.h"

#define NRES "DUO:0000004"
#define GRU "DUO:0000042"
#define HMB "DUO:0000006"
#define DS "DUO:0000007"
#define POA "DUO:0000011"
#define RS "DUO:0000012"
#define NMDS "DUO:0000015"
#define GSO "DUO:0000016"
#define NPUNCU "DUO:0000018"
#define PUB "DUO:0000019"
#define COL "DUO:0000020"
#define IRB "DUO:0000021"
#define NPOA "DUO:0000044"
#define NPU "DUO:0000045"
#define NCU "DUO:0000046"
#define COVID "MONDO:0100096"
#define FLU "MONDO:0005812"
#define INFECTION "MONDO:0005550"
#define DISEASE "MONDO:0000001"

/* One statement after another, separated by spaces; NULL for none. */
struct terms_words {
	struct words permissions, diseases, modifiers;
	struct words codes, asked;
};

static struct duo_list
list(struct words *w, const char *text)
{
	words_release(w);
	assert_ok(words_parse(text != NULL ? text : "-", 32, w));
	return (struct duo_list){w->items, w->len};
}

static const struct duo_kinship kinship[] = {
	{COVID, INFECTION}, {FLU, INFECTION}, {INFECTION, DISEASE},
	/* a circle, which no ontology should have */
	{DISEASE, INFECTION},
};
static const struct duo_world known = {kinship, 4};
static const struct duo_world nothing = {NULL, 0};

struct match_case {
	const char *permission, *diseases, *modifiers;   /* allowed */
	const char *codes, *asked;                       /* asked */
	int ethics;
	enum duo_answer want;
};

static void
match_all(const struct match_case *cases, size_t len,
    const struct duo_world *world)
{
	struct terms_words w = {0};
	size_t i;

	for (i = 0; i < len; i++) {
		const struct match_case *c = &cases[i];
		const struct duo_terms terms = {
		    list(&w.permissions, c->permission),
		    list(&w.diseases, c->diseases),
		    list(&w.modifiers, c->modifiers)};
		const struct duo_purpose purpose = {list(&w.codes, c->codes),
		    list(&w.asked, c->asked), c->ethics};
		enum duo_answer got = duo_match(&terms, &purpose, world);

		if (got != c->want)
			fail_msg("case %zu (%s %s %s, asked %s %s): %d", i,
			    c->permission, c->diseases, c->modifiers,
			    c->codes, c->asked, (int)got);
	}
	words_release(&w.permissions);
	words_release(&w.diseases);
	words_release(&w.modifiers);
	words_release(&w.codes);
	words_release(&w.asked);
}

/* What the published matching tests say, in our codes. */
static void
published_cases(void **state)
{
	static const struct match_case cases[] = {
		/* health research asked of ... */
		{GRU, NULL, NULL, HMB, NULL, 0, DUO_APPROVE},
		{HMB, NULL, NULL, HMB, NULL, 0, DUO_APPROVE},
		{HMB, NULL, NULL, GRU, NULL, 0, DUO_DENY},
		{DS, FLU, NULL, HMB, NULL, 0, DUO_DENY},
		{POA, NULL, NULL, HMB, NULL, 0, DUO_DENY},
		/* origins and ancestry asked of ... */
		{GRU, NULL, NULL, POA, NULL, 0, DUO_APPROVE},
		{POA, NULL, NULL, POA, NULL, 0, DUO_APPROVE},
		{HMB, NULL, NULL, POA, NULL, 0, DUO_DENY},
		{DS, FLU, NULL, POA, NULL, 0, DUO_DENY},
		/* not-for-profit: asked and kept, not asked, asked and not */
		{GRU, NULL, NPU, "" GRU " " NPU, NULL, 0, DUO_APPROVE},
		{GRU, NULL, NULL, GRU, NULL, 0, DUO_APPROVE},
		{GRU, NULL, NULL, GRU " " NPU, NULL, 0, DUO_APPROVE},
		{GRU, NULL, NPU, GRU, NULL, 0, DUO_DENY},
		/* a kind of the disease, and the other way round */
		{DS, INFECTION, NULL, DS, COVID, 0, DUO_APPROVE},
		{DS, COVID, NULL, DS, INFECTION, 0, DUO_DENY},
		/* what the purpose states beyond the terms goes to a person */
		{HMB, NULL, NULL, HMB " " COL, NULL, 0, DUO_ASK},
		{HMB, NULL, NULL, HMB " " RS, NULL, 0, DUO_ASK},
		{HMB, NULL, NULL, HMB " " IRB, NULL, 1, DUO_ASK},
	};

	(void)state;
	match_all(cases, ARRAY_LEN(cases), &known);
}

static void
permissions_lie_within_each_other(void **state)
{
	static const struct match_case cases[] = {
		{NRES, NULL, NULL, NRES, NULL, 0, DUO_APPROVE},
		{NRES, NULL, NULL, GRU, NULL, 0, DUO_APPROVE},
		{NRES, NULL, NULL, DS, COVID, 0, DUO_APPROVE},
		{NRES, NULL, NULL, POA, NULL, 0, DUO_APPROVE},
		{GRU, NULL, NULL, NRES, NULL, 0, DUO_DENY},
		{GRU, NULL, NULL, DS, COVID, 0, DUO_APPROVE},
		{HMB, NULL, NULL, DS, COVID, 0, DUO_APPROVE},
		{DS, COVID, NULL, DS, COVID, 0, DUO_APPROVE},
		{DS, COVID, NULL, DS, FLU, 0, DUO_DENY},
		{DS, COVID " " FLU, NULL, DS, FLU " " COVID, 0, DUO_APPROVE},
		{DS, COVID, NULL, DS, COVID " " FLU, 0, DUO_DENY},
		/* no disease named is every disease asked */
		{DS, COVID, NULL, DS, NULL, 0, DUO_DENY},
		{DS, DISEASE, NULL, DS, COVID, 0, DUO_APPROVE},
		/* each permission asked must be covered */
		{HMB, NULL, NULL, HMB " " GRU, NULL, 0, DUO_DENY},
		{GRU, NULL, NULL, HMB " " POA, NULL, 0, DUO_APPROVE},
		/* conditions alone ask for nothing */
		{GRU, NULL, NPU, NPU, NULL, 0, DUO_DENY},
		/* any permission of several covers */
		{DS " " POA, COVID, NULL, POA, NULL, 0, DUO_APPROVE},
		{DS " " HMB, COVID, NULL, DS, FLU, 0, DUO_APPROVE},
		{GRU, NULL, NULL, "DUO:9999999", NULL, 0, DUO_DENY},
		{NULL, NULL, NULL, DS, COVID, 0, DUO_DENY},
	};

	(void)state;
	match_all(cases, ARRAY_LEN(cases), &known);
}

static void
what_is_not_known_of_a_disease_denies(void **state)
{
	static const struct match_case cases[] = {
		{DS, INFECTION, NULL, DS, COVID, 0, DUO_DENY},
		{DS, COVID, NULL, DS, COVID, 0, DUO_APPROVE},
	};

	(void)state;
	match_all(cases, ARRAY_LEN(cases), &nothing);
	assert_true(duo_disease_within(COVID, DISEASE, &known));
	assert_true(duo_disease_within(DISEASE, INFECTION, &known));
	assert_false(duo_disease_within(COVID, FLU, &known));
	assert_false(duo_disease_within("MONDO:0000002", DISEASE, &known));
}

static void
conditions_are_kept_denied_or_asked(void **state)
{
	static const struct match_case cases[] = {
		/* both, or one that says both */
		{GRU, NULL, NPUNCU, GRU " " NPUNCU, NULL, 0, DUO_APPROVE},
		{GRU, NULL, NPUNCU, GRU " " NPU " " NCU, NULL, 0,
		    DUO_APPROVE},
		{GRU, NULL, NPUNCU, GRU " " NPU, NULL, 0, DUO_DENY},
		{GRU, NULL, NPUNCU, GRU " " NCU, NULL, 0, DUO_DENY},
		{GRU, NULL, NPUNCU, GRU, NULL, 0, DUO_DENY},
		{GRU, NULL, NPU, GRU " " NPUNCU, NULL, 0, DUO_APPROVE},
		{GRU, NULL, NCU, GRU " " NPUNCU, NULL, 0, DUO_APPROVE},
		{GRU, NULL, NCU, GRU " " NPU, NULL, 0, DUO_DENY},
		/* ethics: an approval in force, not a word */
		{GRU, NULL, IRB, GRU, NULL, 1, DUO_APPROVE},
		{GRU, NULL, IRB, GRU " " IRB, NULL, 1, DUO_APPROVE},
		{GRU, NULL, IRB, GRU " " IRB, NULL, 0, DUO_DENY},
		{GRU, NULL, GSO, GRU, NULL, 0, DUO_DENY},
		{GRU, NULL, GSO, GRU " " GSO, NULL, 0, DUO_APPROVE},
		/* ancestry shut out */
		{GRU, NULL, NPOA, POA, NULL, 0, DUO_DENY},
		{GRU, NULL, NPOA, GRU, NULL, 0, DUO_ASK},
		{GRU, NULL, NPOA, GRU " " NPOA, NULL, 0, DUO_APPROVE},
		/* obligations not taken on go to a person */
		{GRU, NULL, PUB, GRU, NULL, 0, DUO_ASK},
		{GRU, NULL, PUB, GRU " " PUB, NULL, 0, DUO_APPROVE},
		{GRU, NULL, COL, GRU, NULL, 0, DUO_ASK},
		{GRU, NULL, NMDS, GRU, NULL, 0, DUO_ASK},
		{GRU, NULL, NMDS, GRU " " NMDS, NULL, 0, DUO_APPROVE},
		/* what kind of research stands in no code */
		{GRU, NULL, RS, GRU " " RS, NULL, 0, DUO_ASK},
		/* deny wins over ask */
		{GRU, NULL, RS " " NPU, GRU, NULL, 0, DUO_DENY},
		{HMB, NULL, RS, GRU, NULL, 0, DUO_DENY},
		{GRU, NULL, "DUO:9999999", GRU, NULL, 0, DUO_DENY},
		{GRU, NULL, HMB, GRU, NULL, 0, DUO_DENY},
	};

	(void)state;
	match_all(cases, ARRAY_LEN(cases), &nothing);
}

static void
codes_are_each_usable_once(void **state)
{
	static const char *const unusable[] = {"DUO:0000001", "DUO:0000017",
	    "DUO:0000002", "DUO:0000003", "DUO:0000005", "DUO:0000014",
	    "DUO_0000007", "DUO:00000044", "", "GRU"};
	size_t i, j, permissions = 0;

	(void)state;
	assert_int_equal(duo_count(), 23);
	for (i = 0; i < duo_count(); i++) {
		assert_ptr_equal(duo_find(duo_at(i)->id), duo_at(i));
		permissions += duo_at(i)->kind == DUO_PERMISSION;
		for (j = 0; j < i; j++)
			assert_string_not_equal(duo_at(i)->shorthand,
			    duo_at(j)->shorthand);
	}
	assert_int_equal(permissions, 5);
	for (i = 0; i < ARRAY_LEN(unusable); i++)
		assert_null(duo_find(unusable[i]));
}

/* ---- consent texts ---- */

struct text_case {
	const char *purposes, *diseases;
	uint8_t scopes;
	const char *codes, *asked;
	enum duo_answer want;
};

static void
texts_cover_what_they_said(void **state)
{
	static const struct text_case cases[] = {
		{DS, COVID, CONSENT_RESEARCH, DS " " NPUNCU, COVID,
		    DUO_APPROVE},
		{DS, COVID, CONSENT_ALL, DS, COVID, DUO_APPROVE},
		{DS, COVID, CONSENT_SUPPORT | CONSENT_RECONTACT, DS, COVID,
		    DUO_DENY},
		{DS, COVID, CONSENT_RESEARCH, DS, FLU, DUO_DENY},
		{DS, COVID, CONSENT_RESEARCH, HMB, COVID, DUO_DENY},
		{HMB, NULL, CONSENT_RESEARCH, DS, FLU, DUO_APPROVE},
		{HMB, NULL, CONSENT_RESEARCH, NPU, NULL, DUO_DENY},
		/* a condition in the text */
		{HMB " " NCU, NULL, CONSENT_RESEARCH, HMB, NULL, DUO_DENY},
		{HMB " " NCU, NULL, CONSENT_RESEARCH, HMB " " NCU, NULL,
		    DUO_APPROVE},
		{HMB " " PUB, NULL, CONSENT_RESEARCH, HMB, NULL, DUO_ASK},
		/* the request's own conditions are no matter of the text's */
		{HMB, NULL, CONSENT_RESEARCH, HMB " " COL, NULL,
		    DUO_APPROVE},
	};
	struct words codes = {0}, asked = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		const struct text_case *c = &cases[i];
		struct consent_text t = {.scopes = c->scopes};
		const struct duo_purpose purpose = {list(&codes, c->codes),
		    list(&asked, c->asked), 0};

		(void)list(&t.purposes, c->purposes);
		(void)list(&t.diseases, c->diseases);
		assert_int_equal(consent_text_covers(&t, &purpose, &known),
		    c->want);
		words_release(&t.purposes);
		words_release(&t.diseases);
	}
	words_release(&codes);
	words_release(&asked);
}

static void
scopes_have_one_spelling(void **state)
{
	static const char *const bad[] = {"", ",", "support,", ",support",
	    "research,support", "support,support", "Support", "support research",
	    "everything", "support,,research"};
	CLEANUP(buf_release) struct buf out = {0};
	uint8_t scopes, got;
	unsigned i;

	(void)state;
	for (i = 1; i < 16; i++) {
		scopes = (uint8_t)((i & 7) | (i & 8) << 4);
		buf_clear(&out);
		assert_ok(consent_scopes_append(scopes, &out));
		assert_ok(consent_scopes_parse(bytes_buf(&out), &got));
		assert_int_equal(got, scopes);
	}
	assert_string_equal(buf_text(&out), "support,research,recontact,all");
	for (i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(consent_scopes_parse(bytes_str(bad[i]), &got),
		    ERR_SYNTAX);
	assert_err(consent_scopes_append(0, &out), ERR_RANGE);
	assert_err(consent_scopes_append(8, &out), ERR_RANGE);
	assert_true(consent_scopes_hold(CONSENT_ALL, CONSENT_RESEARCH));
	assert_true(consent_scopes_hold(3, CONSENT_RESEARCH));
	assert_false(consent_scopes_hold(1, CONSENT_RESEARCH));
	assert_false(consent_scopes_hold(2, 3));
	assert_true(consent_scopes_hit(CONSENT_ALL, CONSENT_RESEARCH));
	assert_true(consent_scopes_hit(CONSENT_RESEARCH, CONSENT_RESEARCH));
	assert_false(consent_scopes_hit(CONSENT_SUPPORT, CONSENT_RESEARCH));
	assert_false(consent_scopes_hit(0, CONSENT_RESEARCH));
	assert_true(consent_scopes_hit(CONSENT_SUPPORT, CONSENT_ALL));
}

static void
the_shorter_validity_wins(void **state)
{
	(void)state;
	assert_true(consent_over_unix_s(1000, 1, 0) == 87400);
	assert_true(consent_over_unix_s(1000, 1, 5000) == 5000);
	assert_true(consent_over_unix_s(1000, 1, 90000) == 87400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_cases),
		cmocka_unit_test(permissions_lie_within_each_other),
		cmocka_unit_test(what_is_not_known_of_a_disease_denies),
		cmocka_unit_test(conditions_are_kept_denied_or_asked),
		cmocka_unit_test(codes_are_each_usable_once),
		cmocka_unit_test(texts_cover_what_they_said),
		cmocka_unit_test(scopes_have_one_spelling),
		cmocka_unit_test(the_shorter_validity_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
