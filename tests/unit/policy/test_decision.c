#include "tests/unit/unit.h"

#include "core/clock.h"
#include "policy/consent.h"
#include "tests/unit/policy/fixture.h"

static void
decide(struct fixture *f, struct decision *d)
{
	assert_ok(decision_make(&f->c, d));
}

/* Exactly these reasons that refuse or ask, in any order. */
static void
assert_reasons(const struct decision *d, const enum reason_code *want,
    size_t len)
{
	size_t i, counted = 0;

	for (i = 0; i < d->reasons.len; i++)
		counted += d->reasons.items[i].weight != REASON_NOTE;
	for (i = 0; i < len; i++)
		if (!reasons_have(&d->reasons, want[i]))
			fail_msg("no reason %s", reason_word(want[i]));
	if (counted == len)
		return;
	for (i = 0; i < d->reasons.len; i++)
		printf("# %s: %s\n", reason_word(d->reasons.items[i].code),
		    d->reasons.items[i].en);
	fail_msg("%zu reasons instead of %zu", counted, len);
}

static void
a_good_request_is_eligible(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};

	(void)state;
	fixture_init(&f, NULL);
	decide(&f, &d);
	assert_reasons(&d, NULL, 0);
	assert_int_equal(d.verdict, DECISION_ELIGIBLE);
	assert_int_equal(d.columns_len, 5);
	assert_string_equal(d.columns[0].field, "Q03");
	assert_string_equal(d.columns[0].ladder, "");
	assert_string_equal(d.columns[3].field, "Q08");
	assert_string_equal(d.columns[3].ladder, "age");
	assert_int_equal(d.columns[3].from, 1);
	assert_int_equal(d.columns[3].to, 4);
	assert_int_equal(d.texts_len, 1);
	assert_int_equal(d.texts[0].sha256[0], FIXTURE_D_TEXT);
	assert_int_equal(d.texts[0].scopes, CONSENT_RESEARCH);
	assert_int_equal(d.k, 10);
	assert_int_equal(d.suppression_limit, 500);
	assert_int_equal(d.minimum_cell, 10);
	assert_int_equal(d.respondents_max, 1000000);
	assert_true(d.expires_max_unix_s == FIXTURE_NOW + 30 * 86400);
	/* the text that was for support only is named, and refuses nothing */
	assert_int_equal(d.reasons.len, 1);
	assert_int_equal(d.reasons.items[0].code, REASON_CONSENT_TEXT_NOT);
}

struct text_case {
	const char *from, *to;
	enum reason_code want;
	enum decision_verdict verdict;
	const char *says;
};

static void
each_line_of_a_request_has_its_reason(void **state)
{
	static const struct text_case cases[] = {
		{"owners: 11 14", "owners: 11 13", REASON_OWNER_NOT_ASKED,
		    DECISION_REFUSED, "14"},
		{"partner: keio", "partner: kyodai", REASON_PARTNER_UNKNOWN,
		    DECISION_REFUSED, "kyodai"},
		{"institution: 慶應義塾大学", "institution: 東京大学",
		    REASON_PARTNER_INSTITUTION, DECISION_REFUSED, "東京大学"},
		{"investigator: 宮田", "investigator: 北里",
		    REASON_PARTNER_INVESTIGATOR, DECISION_REFUSED, "北里"},
		{"recipient: " FIXTURE_AGE_4, "recipient: " FIXTURE_AGE_6,
		    REASON_PARTNER_RECIPIENT, DECISION_REFUSED, "keio"},
		{"requester-key: " FIXTURE_SSH_4, "requester-key: "
		    FIXTURE_SSH_6, REASON_PARTNER_SIGNER, DECISION_REFUSED,
		    "keio"},
		{"purpose: DUO:0000007 DUO:0000018",
		    "purpose: DUO:0000007", REASON_CONDITION_DENIED,
		    DECISION_REFUSED, "DUO:0000018"},
		{"purpose: DUO:0000007 ", "purpose: DUO:0000007 DUO:0000020 ",
		    REASON_PURPOSE_ASK, DECISION_ASK, "DUO:0000020"},
		{"legal-basis: consent", "legal-basis: statute",
		    REASON_LEGAL_BASIS, DECISION_REFUSED, "statute"},
		{"ethics-expiry: 2020-12-31", "ethics-expiry: 2020-04-30",
		    REASON_ETHICS_EXPIRED, DECISION_REFUSED, "2020-04-30"},
		{"survey: corona 1", "survey: corona 2",
		    REASON_SURVEY_UNKNOWN, DECISION_REFUSED, "corona 2"},
		{"fields: Q03", "fields: Q99 Q03", REASON_FIELD_UNKNOWN,
		    DECISION_REFUSED, "Q99"},
		{"fields: Q03", "fields: Q20 Q03", REASON_FIELD_IDENTIFYING,
		    DECISION_REFUSED, "Q20"},
		{"fields: Q03", "fields: Q21 Q03", REASON_FIELD_UNCLASSIFIED,
		    DECISION_REFUSED, "Q21"},
		{"fields: Q03", "fields: Q10 Q03", REASON_FIELD_NEVER,
		    DECISION_REFUSED, "Q10"},
		{"fields: Q03", "fields: Q24 Q03", REASON_FIELD_NOT_LISTED,
		    DECISION_REFUSED, "Q24"},
		{"period: 2020-03-05..2020-03-30",
		    "period: 2020-05-02..2020-05-30", REASON_PERIOD_FUTURE,
		    DECISION_REFUSED, "2020-05-02"},
		{"retention-until: 2022-03-31", "retention-until: 2023-05-02",
		    REASON_RETENTION_TOO_LONG, DECISION_REFUSED,
		    "2023-05-01"},
		{"retention-until: 2022-03-31", "retention-until: 2020-04-30",
		    REASON_RETENTION_PAST, DECISION_REFUSED, "2020-04-30"},
		{"supersedes: -", "supersedes: EXP-2020-0003",
		    REASON_SUPERSEDES_UNKNOWN, DECISION_REFUSED,
		    "EXP-2020-0003"},
		{"created: 2020-04-30T00:00:00Z", "created: "
		    "2020-05-01T03:10:01Z", REASON_REQUEST_FROM_FUTURE,
		    DECISION_REFUSED, "03:10:01"},
		{"expires: 2020-07-31", "expires: 2020-05-01",
		    REASON_REQUEST_EXPIRED, DECISION_REFUSED, "2020-05-01"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(fixture_release) struct fixture f;
		CLEANUP(decision_release) struct decision d = {0};
		const struct fixture_texts texts = {.request = fixture_with(
		    fixture_request, cases[i].from, cases[i].to)};
		size_t j;

		fixture_init(&f, &texts);
		decide(&f, &d);
		assert_reasons(&d, &cases[i].want, 1);
		assert_int_equal(d.verdict, cases[i].verdict);
		for (j = 0; j < d.reasons.len; j++) {
			const struct reason *r = &d.reasons.items[j];

			if (r->code != cases[i].want)
				continue;
			assert_non_null(strstr(r->en, cases[i].says));
			assert_non_null(strstr(r->ja, cases[i].says));
		}
	}
}

static void
purposes_and_diseases_that_reach_further(void **state)
{
	static const struct {
		const char *from, *to;
		enum reason_code want[2];
	} cases[] = {
		/* no text covers it either */
		{"purpose: DUO:0000007", "purpose: DUO:0000042",
		    {REASON_PURPOSE_DENIED, REASON_NO_CONSENT_TEXT}},
		{"disease: MONDO:0100096", "disease: MONDO:0005812",
		    {REASON_DISEASE_DENIED, REASON_NO_CONSENT_TEXT}},
		{"disease: MONDO:0100096", "disease: -",
		    {REASON_PURPOSE_DENIED, REASON_NO_CONSENT_TEXT}},
		{"purpose: DUO:0000007 DUO:0000018", "purpose: DUO:0000018",
		    {REASON_PURPOSE_DENIED, REASON_NO_CONSENT_TEXT}},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(fixture_release) struct fixture f;
		CLEANUP(decision_release) struct decision d = {0};
		const struct fixture_texts texts = {.request = fixture_with(
		    fixture_request, cases[i].from, cases[i].to)};

		fixture_init(&f, &texts);
		decide(&f, &d);
		assert_reasons(&d, cases[i].want, 2);
		assert_int_equal(d.texts_len, 0);
	}
}

static void
kinship_of_diseases_is_a_fact(void **state)
{
	static const struct duo_kinship kin[] = {
	    {"MONDO:0005812", "MONDO:0100096"}};
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};
	const struct fixture_texts texts = {.request = fixture_with(
	    fixture_request, "disease: MONDO:0100096",
	    "disease: MONDO:0005812")};

	(void)state;
	fixture_init(&f, &texts);
	f.c.facts.world = (struct duo_world){kin, 1};
	decide(&f, &d);
	assert_reasons(&d, NULL, 0);
}

static void
no_ethics_approval_where_one_is_asked(void **state)
{
	CLEANUP(fixture_release) struct fixture f, g;
	CLEANUP(decision_release) struct decision d = {0}, e = {0};
	const enum reason_code want = REASON_ETHICS_MISSING;
	const char *request = fixture_with(fixture_with(fixture_request,
	    "ethics-approval: 2020-77", "ethics-approval: -"),
	    "ethics-expiry: 2020-12-31", "ethics-expiry: -");
	struct fixture_texts texts = {.request = request};

	(void)state;
	fixture_init(&f, &texts);
	decide(&f, &d);
	assert_reasons(&d, &want, 1);
	texts.policy = fixture_with(fixture_policy, "\"DUO:0000021\",", "");
	fixture_init(&g, &texts);
	decide(&g, &e);
	assert_reasons(&e, NULL, 0);
}

struct fact_case {
	void (*bend)(struct fixture *f);
	enum reason_code want;
};

#define BEND(name, what)                        \
	static void bend_##name(struct fixture *f) \
	{                                       \
		what;                           \
	}
BEND(signature, f->c.facts.request_signature_ok = 0)
BEND(charter, f->c.facts.charter_in_force = 0)
BEND(signers, f->c.facts.policy_signers = 4)
BEND(no_signers, f->c.facts.policy_signers = 0xfffffff8u)
BEND(charter_sha, f->c.facts.charter_sha256[9] ^= 1)
BEND(survey_sha, f->c.facts.survey_sha256[9] ^= 1)
BEND(no_survey, f->c.survey = NULL)
BEND(used, f->c.facts.request_plans = 1)
BEND(exports, f->c.facts.exports_this_year = 12)
BEND(respondents, f->c.facts.respondents = 1000001)
BEND(early, f->policy.valid_from_day += 62)
BEND(late, f->policy.valid_until_day -= 335)
BEND(no_ladder, f->c.ladders_len = 2)
BEND(other_ladder, f->ladders[2].sha256[0] ^= 1)
BEND(broken_ladder, f->ladders[2].bytes = bytes_str("x"))
BEND(short_ladder, f->ladders[2].bytes = bytes_str("{\"azukari\":"
    "\"ladder v1\",\"kind\":\"date\",\"levels\":[\"year\"]}"))

static void
each_fact_counts(void **state)
{
	static const struct fact_case cases[] = {
		{bend_signature, REASON_REQUEST_SIGNATURE},
		{bend_charter, REASON_CHARTER_UNSIGNED},
		{bend_signers, REASON_POLICY_UNSIGNED},
		{bend_no_signers, REASON_POLICY_UNSIGNED},
		{bend_charter_sha, REASON_POLICY_CHARTER},
		{bend_survey_sha, REASON_SURVEY_DIGEST},
		{bend_no_survey, REASON_SURVEY_DIGEST},
		{bend_used, REASON_REQUEST_USED},
		{bend_exports, REASON_QUOTA_EXPORTS},
		{bend_respondents, REASON_QUOTA_RESPONDENTS},
		{bend_early, REASON_POLICY_NOT_YET},
		{bend_late, REASON_POLICY_OVER},
		{bend_no_ladder, REASON_LADDER_MISSING},
		{bend_other_ladder, REASON_LADDER_MISSING},
		{bend_broken_ladder, REASON_LADDER_MISSING},
		{bend_short_ladder, REASON_LADDER_MISSING},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(fixture_release) struct fixture f;
		CLEANUP(decision_release) struct decision d = {0};

		fixture_init(&f, NULL);
		cases[i].bend(&f);
		decide(&f, &d);
		assert_reasons(&d, &cases[i].want, 1);
		assert_int_equal(d.verdict, DECISION_REFUSED);
	}
}

static void
what_cannot_be_known_is_not_judged(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};
	const struct fixture_texts texts = {.request = fixture_with(
	    fixture_request, "supersedes: -", "supersedes: EXP-2020-0003")};

	(void)state;
	fixture_init(&f, &texts);
	f.c.facts.exports_this_year = -1;
	f.c.facts.request_plans = -1;
	f.c.facts.respondents = -1;
	f.c.facts.supersedes_known = -1;
	decide(&f, &d);
	assert_reasons(&d, NULL, 0);
}

static void
facts_left_out_count_against_the_request(void **state)
{
	static const enum reason_code want[] = {REASON_REQUEST_SIGNATURE,
	    REASON_CHARTER_UNSIGNED, REASON_POLICY_UNSIGNED,
	    REASON_POLICY_CHARTER, REASON_SURVEY_DIGEST};
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};

	(void)state;
	fixture_init(&f, NULL);
	memset(&f.c.facts, 0, sizeof(f.c.facts));
	f.c.facts.now_unix_s = FIXTURE_NOW;
	decide(&f, &d);
	assert_reasons(&d, want, ARRAY_LEN(want));
}

static void
all_reasons_at_once(void **state)
{
	static const enum reason_code want[] = {REASON_REQUEST_SIGNATURE,
	    REASON_REQUEST_EXPIRED, REASON_REQUEST_USED,
	    REASON_OWNER_NOT_ASKED, REASON_CHARTER_UNSIGNED,
	    REASON_POLICY_UNSIGNED, REASON_POLICY_NOT_YET,
	    REASON_POLICY_CHARTER, REASON_PARTNER_INSTITUTION,
	    REASON_PARTNER_INVESTIGATOR, REASON_PARTNER_RECIPIENT,
	    REASON_PARTNER_SIGNER, REASON_PARTNER_HOLDS_SEAT,
	    REASON_PURPOSE_DENIED, REASON_PURPOSE_ASK,
	    REASON_CONDITION_DENIED, REASON_ETHICS_EXPIRED,
	    REASON_LEGAL_BASIS, REASON_NO_CONSENT_TEXT, REASON_FIELD_UNKNOWN,
	    REASON_FIELD_UNCLASSIFIED, REASON_FIELD_IDENTIFYING,
	    REASON_FIELD_NEVER, REASON_FIELD_NOT_LISTED,
	    REASON_LADDER_MISSING, REASON_RETENTION_TOO_LONG,
	    REASON_QUOTA_EXPORTS, REASON_QUOTA_RESPONDENTS,
	    REASON_SUPERSEDES_UNKNOWN, REASON_PERIOD_FUTURE};
	static const struct text_case changes[] = {
		{"expires: 2020-07-31", "expires: 2020-05-01", 0, 0, NULL},
		{"owners: 11 14", "owners: 11", 0, 0, NULL},
		{"institution: 慶應義塾大学", "institution: x", 0, 0, NULL},
		{"investigator: 宮田", "investigator: x", 0, 0, NULL},
		{"recipient: " FIXTURE_AGE_4, "recipient: " FIXTURE_AGE_6, 0,
		    0, NULL},
		{"requester-key: " FIXTURE_SSH_4, "requester-key: "
		    FIXTURE_SSH_6, 0, 0, NULL},
		{"DUO:0000007 DUO:0000018", "DUO:0000042 DUO:0000020", 0, 0,
		    NULL},
		{"ethics-expiry: 2020-12-31", "ethics-expiry: 2020-04-30", 0,
		    0, NULL},
		{"legal-basis: consent", "legal-basis: statute", 0, 0, NULL},
		{"fields: Q03", "fields: Q99 Q21 Q20 Q10 Q24", 0, 0, NULL},
		{"retention-until: 2022", "retention-until: 2032", 0, 0,
		    NULL},
		{"supersedes: -", "supersedes: EXP-2020-0003", 0, 0, NULL},
		{"period: 2020-03-05..2020-03-30",
		    "period: 2020-05-05..2020-05-30", 0, 0, NULL},
	};
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};
	const char *request = fixture_request;
	struct fixture_texts texts;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(changes); i++)
		request = fixture_with(request, changes[i].from,
		    changes[i].to);
	texts = (struct fixture_texts){NULL, fixture_with(fixture_policy,
	    FIXTURE_AGE_4, FIXTURE_AGE_0), request};
	fixture_init(&f, &texts);
	bend_signature(&f);
	bend_charter(&f);
	bend_signers(&f);
	bend_charter_sha(&f);
	bend_used(&f);
	bend_exports(&f);
	bend_respondents(&f);
	bend_early(&f);
	bend_no_ladder(&f);
	decide(&f, &d);
	assert_reasons(&d, want, ARRAY_LEN(want));
	assert_int_equal(d.verdict, DECISION_REFUSED);
}

static void
asking_a_person_is_a_verdict_of_its_own(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};
	const enum reason_code want = REASON_CONDITION_ASK;
	const struct fixture_texts texts = {.policy = fixture_with(
	    fixture_policy, "\"DUO:0000021\",", "\"DUO:0000012\",")};

	(void)state;
	fixture_init(&f, &texts);
	decide(&f, &d);
	assert_reasons(&d, &want, 1);
	assert_int_equal(d.verdict, DECISION_ASK);
	assert_int_equal(d.columns_len, 5);
}

static void
a_text_that_is_unclear_stays_out(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};
	const struct fixture_texts texts = {.policy = fixture_with(
	    fixture_policy, "\"purposes\":[\"DUO:0000007\"]",
	    "\"purposes\":[\"DUO:0000007\",\"DUO:0000019\"]")};
	const enum reason_code want = REASON_NO_CONSENT_TEXT;

	(void)state;
	fixture_init(&f, &texts);
	decide(&f, &d);
	assert_true(reasons_have(&d.reasons, REASON_CONSENT_TEXT_ASK));
	assert_reasons(&d, &want, 1);
}

static void
the_operator_is_no_partner(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};
	const enum reason_code want = REASON_PARTNER_IS_OPERATOR;
	const struct fixture_texts texts = {.charter = fixture_with(
	    fixture_charter, "operator: 株式会社運用",
	    "operator: 慶應義塾 大学")};

	(void)state;
	fixture_init(&f, &texts);
	decide(&f, &d);
	assert_reasons(&d, &want, 1);
}

static void
a_plan_ends_with_whatever_ends_first(void **state)
{
	static const struct {
		const char *from, *to, *ends;
	} cases[] = {
		{"2020-07-31T00:00:00Z", "2020-05-10T00:00:00Z",
		    "2020-05-10T00:00:00Z"},
		{"ethics-expiry: 2020-12-31", "ethics-expiry: 2020-05-09",
		    "2020-05-09T15:00:00Z"},
		{"ethics-expiry: 2020-12-31", "ethics-expiry: 2020-05-01",
		    "2020-05-01T15:00:00Z"},
	};
	int64_t want;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(fixture_release) struct fixture f;
		CLEANUP(decision_release) struct decision d = {0};
		const struct fixture_texts texts = {.request = fixture_with(
		    fixture_request, cases[i].from, cases[i].to)};

		fixture_init(&f, &texts);
		decide(&f, &d);
		assert_reasons(&d, NULL, 0);
		assert_ok(clock_parse_utc(bytes_str(cases[i].ends), &want));
		assert_true(d.expires_max_unix_s == want);
	}
}

static void
limits_are_met_exactly(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};
	const struct fixture_texts texts = {.request = fixture_with(
	    fixture_with(fixture_request, "2022-03-31", "2023-05-01"),
	    "ethics-expiry: 2020-12-31", "ethics-expiry: 2020-05-01")};

	(void)state;
	fixture_init(&f, &texts);
	f.c.facts.exports_this_year = 11;
	f.c.facts.respondents = 1000000;
	f.policy.valid_until_day = f.policy.valid_from_day + 61;
	decide(&f, &d);
	assert_reasons(&d, NULL, 0);
}

/* Every reason has a word, sentences in both languages, and is complete. */
static void
every_reason_is_whole(void **state)
{
	CLEANUP(reasons_release) struct reasons r = {0};
	int code, other;

	(void)state;
	for (code = 1; code < REASON_END; code++) {
		const struct reason *n;

		assert_ok(reasons_add(&r, (enum reason_code)code, "rule",
		    "FIRST", "SECOND"));
		n = &r.items[r.len - 1];
		assert_int_equal(n->code, code);
		assert_string_equal(n->rule, "rule");
		assert_true(strlen(reason_word(n->code)) > 3);
		for (other = 1; other < code; other++)
			assert_string_not_equal(reason_word(n->code),
			    reason_word((enum reason_code)other));
		assert_int_equal(n->weight, reason_weight_of(n->code));
		/* what is put in stands in both, or in neither */
		assert_int_equal(strstr(n->ja, "FIRST") != NULL,
		    strstr(n->en, "FIRST") != NULL);
		assert_int_equal(strstr(n->ja, "SECOND") != NULL,
		    strstr(n->en, "SECOND") != NULL);
		assert_null(strchr(n->ja, '{'));
		assert_null(strchr(n->en, '{'));
		assert_null(strchr(n->change_ja, '{'));
		assert_null(strchr(n->change_en, '{'));
		assert_true((unsigned char)n->ja[0] >= 0x80 ||
		    strstr(n->ja, "FIRST") == n->ja);
		assert_true(n->en[strlen(n->en) - 1] == '.');
		assert_true(n->change_en[strlen(n->change_en) - 1] == '.');
	}
	assert_int_equal(reasons_count(&r, REASON_REFUSE) +
	    reasons_count(&r, REASON_ASK) + reasons_count(&r, REASON_NOTE),
	    REASON_END - 1);
}

static void
what_is_put_in_is_not_read_as_a_form(void **state)
{
	CLEANUP(reasons_release) struct reasons r = {0};

	(void)state;
	assert_ok(reasons_add(&r, REASON_PARTNER_INSTITUTION, "x", "{2}%s",
	    NULL));
	assert_non_null(strstr(r.items[0].en, "{2}%s"));
	assert_non_null(strstr(r.items[0].en, "policy, -."));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_request_is_eligible),
		cmocka_unit_test(each_line_of_a_request_has_its_reason),
		cmocka_unit_test(purposes_and_diseases_that_reach_further),
		cmocka_unit_test(kinship_of_diseases_is_a_fact),
		cmocka_unit_test(no_ethics_approval_where_one_is_asked),
		cmocka_unit_test(each_fact_counts),
		cmocka_unit_test(what_cannot_be_known_is_not_judged),
		cmocka_unit_test(facts_left_out_count_against_the_request),
		cmocka_unit_test(all_reasons_at_once),
		cmocka_unit_test(asking_a_person_is_a_verdict_of_its_own),
		cmocka_unit_test(a_text_that_is_unclear_stays_out),
		cmocka_unit_test(the_operator_is_no_partner),
		cmocka_unit_test(a_plan_ends_with_whatever_ends_first),
		cmocka_unit_test(limits_are_met_exactly),
		cmocka_unit_test(every_reason_is_whole),
		cmocka_unit_test(what_is_put_in_is_not_read_as_a_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
