#include "tests/unit/unit.h"

#include "policy/plan_diff.h"
#include "policy/policy_diff.h"
#include "tests/unit/policy/fixture.h"

static const uint8_t next_sha256[32] = {0x22};
static const struct policy_diff_live no_requests;

static void
compare(const char *from, const char *to, struct policy_diff *ret)
{
	CLEANUP(policy_release) struct policy a = {0}, b = {0};

	assert_ok(policy_parse(bytes_str(fixture_policy), &a, NULL));
	assert_ok(policy_parse(bytes_str(fixture_with(fixture_policy, from,
	    to)), &b, NULL));
	assert_ok(policy_diff_make(&a, &b, next_sha256, no_requests, ret));
}

static void
the_same_policy_has_no_differences(void **state)
{
	CLEANUP(policy_diff_release) struct policy_diff d = {0};

	(void)state;
	compare("\"k\":10", "\"k\":10", &d);
	assert_int_equal(d.lines_len, 0);
	assert_int_equal(d.requests_len, 0);
}

static void
every_rule_says_which_way_it_goes(void **state)
{
	static const struct {
		const char *from, *to;
		enum policy_diff_way way;
		const char *place, *before, *after;
	} cases[] = {
#define W POLICY_DIFF_WIDER
#define N POLICY_DIFF_NARROWER
#define O POLICY_DIFF_OTHER
		{"\"k\":10", "\"k\":5", W, "disclosure.k", "10", "5"},
		{"\"k\":10", "\"k\":20", N, "disclosure.k", "10", "20"},
		{"basis_points\":500", "basis_points\":900", W,
		    "disclosure.suppression_limit_basis_points", "500",
		    "900"},
		{"\"minimum_cell\":10", "\"minimum_cell\":5", W,
		    "disclosure.minimum_cell", "10", "5"},
		{"\"retention_days\":1095", "\"retention_days\":365", N,
		    "retention_days", "1095", "365"},
		{"\"plan_valid_days\":30", "\"plan_valid_days\":60", W,
		    "plan_valid_days", "30", "60"},
		{"\"exports_per_year\":12", "\"exports_per_year\":52", W,
		    "quotas.exports_per_year", "12", "52"},
		{"\"respondents_per_export\":1000000",
		    "\"respondents_per_export\":10", N,
		    "quotas.respondents_per_export", "1000000", "10"},
		{"\"byte_release\":false", "\"byte_release\":true", N,
		    "byte_release", "false", "true"},
		{"\"denial\":\"veto\"", "\"denial\":\"vote\"", W, "denial",
		    "veto", "vote"},
		{"\"accept_guessable_ids\":false",
		    "\"accept_guessable_ids\":true", W,
		    "accept_guessable_ids", "false", "true"},
		{"\"hold_hours\":24", "\"hold_hours\":0", N,
		    "withdrawal.hold_hours", "24", "0"},
		{"\"erase_backup_days\":7", "\"erase_backup_days\":30", W,
		    "withdrawal.erase_backup_days", "7", "30"},
		{"\"daily_limit\":1000", "\"daily_limit\":10", O,
		    "withdrawal.daily_limit", "1000", "10"},
		{"\"valid_until\":\"2021-03-31\"",
		    "\"valid_until\":\"2022-03-31\"", W, "valid_until",
		    "2021-03-31", "2022-03-31"},
		{"\"valid_from\":\"2020-03-01\"",
		    "\"valid_from\":\"2020-04-01\"", N, "valid_from",
		    "2020-03-01", "2020-04-01"},
		{"\"permission\":\"DUO:0000007\"",
		    "\"permission\":\"DUO:0000042\"", W,
		    "purposes.permission", "DUO:0000007", "DUO:0000042"},
		{"\"permission\":\"DUO:0000007\"",
		    "\"permission\":\"DUO:0000011\"", O,
		    "purposes.permission", "DUO:0000007", "DUO:0000011"},
		{"[\"MONDO:0100096\"],\"modifiers\"",
		    "[\"MONDO:0100096\",\"MONDO:0005812\"],\"modifiers\"", W,
		    "purposes.diseases", "-", "MONDO:0005812"},
		{"\"modifiers\":[\"DUO:0000021\",", "\"modifiers\":[", W,
		    "purposes.modifiers", "DUO:0000021", "-"},
		{"[\"consent\"]", "[\"consent\",\"statute\"]", W,
		    "legal_bases", "-", "statute"},
		{"\"policy_sha256\":null", "\"policy_sha256\":\"0000000000000"
		    "000000000000000000000000000000000000000000000000000\"",
		    N, "witnesses.policy_sha256", "-", "000000000000000000000"
		    "0000000000000000000000000000000000000000000"},
		/* release */
		{"\"Q03\":\"as-is\"", "\"Q03\":\"never\"", N,
		    "release.corona/1.Q03", "as-is", "never"},
		{"\"Q10\":\"never\"", "\"Q10\":\"as-is\"", W,
		    "release.corona/1.Q10", "never", "as-is"},
		{"\"Q03\":\"as-is\",", "", N, "release.corona/1.Q03",
		    "as-is", "-"},
		{"\"Q03\"", "\"Q24\":\"as-is\",\"Q03\"", W,
		    "release.corona/1.Q24", "-", "as-is"},
		{"\"from\":1,\"to\":4", "\"from\":0,\"to\":4", W,
		    "release.corona/1.Q08", "ladder:age 1..4",
		    "ladder:age 0..4"},
		{"\"from\":1,\"to\":4", "\"from\":2,\"to\":4", N,
		    "release.corona/1.Q08", "ladder:age 1..4",
		    "ladder:age 2..4"},
		{"\"from\":1,\"to\":4", "\"from\":1,\"to\":3", O,
		    "release.corona/1.Q08", "ladder:age 1..4",
		    "ladder:age 1..3"},
		{"{\"ladder\":\"age\",\"from\":1,\"to\":4}", "\"as-is\"", W,
		    "release.corona/1.Q08", "ladder:age 1..4", "as-is"},
		/* texts, partners, ladders, surveys */
		{"\"covers_earlier\":true", "\"covers_earlier\":false", N,
		    "consent_texts.6161616161616161.covers_earlier", "true",
		    "false"},
		{"\"valid_days\":365,\"covers_earlier\":true",
		    "\"valid_days\":730,\"covers_earlier\":true", W,
		    "consent_texts.6161616161616161.valid_days", "365",
		    "730"},
		{"[\"support\",\"research\"]", "[\"support\",\"research\","
		    "\"recontact\"]", W,
		    "consent_texts.6161616161616161.scopes",
		    "support,research", "support,research,recontact"},
		{"[\"support\",\"research\"]", "[\"research\"]", N,
		    "consent_texts.6161616161616161.scopes",
		    "support,research", "research"},
		{"[\"support\",\"research\"]", "[\"recontact\"]", O,
		    "consent_texts.6161616161616161.scopes",
		    "support,research", "recontact"},
		{"\"purposes\":[\"DUO:0000007\"]",
		    "\"purposes\":[\"DUO:0000007\",\"DUO:0000006\"]", W,
		    "consent_texts.6161616161616161.purposes", "-",
		    "DUO:0000006"},
		{"\"title\":\"支援\"", "\"title\":\"相談\"", O,
		    "consent_texts.6262626262626262.title", "支援", "相談"},
		{"\"investigator\":\"宮田\"", "\"investigator\":\"北里\"", O,
		    "partners.keio.investigator", "宮田", "北里"},
		{"\"version\":1,\"sha256\":\"41", "\"version\":1,\"sha256\":"
		    "\"42", O, "surveys.corona/1", NULL, NULL},
		{"{\"name\":\"age\",\"sha256\":\"51",
		    "{\"name\":\"age\",\"sha256\":\"50", O, "ladders.age",
		    NULL, NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(policy_diff_release) struct policy_diff d = {0};

		compare(cases[i].from, cases[i].to, &d);
		assert_int_equal(d.lines_len, 1);
		assert_string_equal(d.lines[0].place, cases[i].place);
		assert_int_equal(d.lines[0].way, cases[i].way);
		if (cases[i].before == NULL)
			continue;
		assert_string_equal(d.lines[0].before, cases[i].before);
		assert_string_equal(d.lines[0].after, cases[i].after);
	}
}

static void
things_come_and_go(void **state)
{
	static const char partner[] = ",{\"id\":\"kyodai\",\"name\":\"京大\","
	    "\"name_en\":\"n\",\"institution\":\"i\",\"address\":\"a\","
	    "\"representative\":\"r\",\"investigator\":\"v\",\"age\":\""
	    FIXTURE_AGE_6 "\",\"ssh\":\"" FIXTURE_SSH_6
	    "\"}],\n\"purposes\"";
	CLEANUP(policy_release) struct policy a = {0}, b = {0};
	CLEANUP(policy_diff_release) struct policy_diff d = {0}, e = {0};
	const char *start = strstr(fixture_policy, ",\n{\"sha256\"");
	const char *end = strstr(start, "],\n\"partners\"");
	char second[512];

	(void)state;
	(void)snprintf(second, sizeof(second), "%.*s", (int)(end - start),
	    start);
	assert_ok(policy_parse(bytes_str(fixture_policy), &a, NULL));
	assert_ok(policy_parse(bytes_str(fixture_with(fixture_with(
	    fixture_policy, "],\n\"purposes\"", partner), second, "")), &b,
	    NULL));
	assert_ok(policy_diff_make(&a, &b, next_sha256, no_requests, &d));
	assert_int_equal(d.lines_len, 2);
	assert_string_equal(d.lines[0].place,
	    "consent_texts.6262626262626262");
	assert_int_equal(d.lines[0].way, POLICY_DIFF_NARROWER);
	assert_string_equal(d.lines[1].place, "partners.kyodai");
	assert_int_equal(d.lines[1].way, POLICY_DIFF_WIDER);
	assert_string_equal(d.lines[1].after, "京大");
	assert_ok(policy_diff_make(&b, &a, next_sha256, no_requests, &e));
	assert_int_equal(e.lines_len, 2);
	assert_int_equal(e.lines[0].way, POLICY_DIFF_WIDER);
	assert_int_equal(e.lines[1].way, POLICY_DIFF_NARROWER);
}

static void
live_requests_are_decided_under_both(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(policy_release) struct policy next = {0};
	CLEANUP(policy_diff_release) struct policy_diff d = {0};
	const struct policy_diff_live live = {&f.c, 1};

	(void)state;
	fixture_init(&f, NULL);
	assert_ok(policy_parse(bytes_str(fixture_with(fixture_with(
	    fixture_policy, "\"Q08\":{\"ladder\":\"age\",\"from\":1,"
	    "\"to\":4}", "\"Q08\":\"never\""), "[\"consent\"]",
	    "[\"statute\"]")), &next, NULL));
	assert_ok(policy_diff_make(&f.policy, &next, next_sha256, live, &d));
	assert_int_equal(d.requests_len, 1);
	assert_string_equal(d.requests[0].request, "REQ-2020-keio-1");
	assert_int_equal(d.requests[0].before, DECISION_ELIGIBLE);
	assert_int_equal(d.requests[0].after, DECISION_REFUSED);
	assert_true(reasons_have(&d.requests[0].reasons, REASON_FIELD_NEVER));
	assert_true(reasons_have(&d.requests[0].reasons, REASON_LEGAL_BASIS));
	/* the case itself is as it was */
	assert_ptr_equal(f.c.policy, &f.policy);
	assert_int_equal(f.c.facts.policy_sha256[0], FIXTURE_D_POLICY);
}

/* ---- plans ---- */

static struct plan_diff
compare_plans(void (*change)(struct plan *p))
{
	CLEANUP(fixture_release) struct fixture a, b;
	struct plan_diff d = {0};

	fixture_init(&a, NULL);
	fixture_plan(&a);
	fixture_init(&b, NULL);
	fixture_plan(&b);
	change(&b.plan);
	assert_ok(plan_diff_make(&a.plan, &b.plan, &d));
	return d;
}

/* What is different between any two plans. */
static void
next_week(struct plan *p)
{
	p->id = "PLAN-2020-0008";
	p->export_id = "EXP-2020-0008";
	p->nonce[0] ^= 1;
	p->ledger_size++;
	p->ledger_root[0] ^= 1;
	p->frozen_unix_s += 7 * 86400;
	p->expires_unix_s += 7 * 86400;
	p->plan_recipient = FIXTURE_AGE_8;
	p->epochs_sha256[0] ^= 1;
	p->request_sig_sha256[0] ^= 1;
}

static void
routine_of_the_week(struct plan *p)
{
	next_week(p);
	p->request_sha256[0] ^= 1;
	p->project_release++;
	p->period_to_day += 7;
	p->retention_until_day += 7;
	p->epochs += 7;
	p->supersedes = "EXP-2020-0007";
}

static void
something_else(struct plan *p)
{
	routine_of_the_week(p);
	p->k = 5;
	memcpy(p->columns[0].field, "Q99", 4);
	p->columns[3].from = 0;
	p->texts[0].sha256[0] ^= 1;
	p->recipient = FIXTURE_AGE_9;
	p->has_ethics_expiry = 0;
	p->byte_release = 1;
	assert_ok(words_add(&p->purpose, "DUO:0000020"));
}

static int
has_line(const struct plan_diff *d, const char *en, const char *before,
    const char *after)
{
	size_t i;

	for (i = 0; i < d->len; i++)
		if (strcmp(d->lines[i].what_en, en) == 0 &&
		    strcmp(d->lines[i].before, before) == 0 &&
		    strcmp(d->lines[i].after, after) == 0)
			return 1;
	return 0;
}

static void
what_always_differs_is_left_out(void **state)
{
	CLEANUP(plan_diff_release) struct plan_diff d =
	    compare_plans(next_week);

	(void)state;
	assert_int_equal(d.len, 0);
}

static void
a_weekly_plan_differs_in_routine_only(void **state)
{
	CLEANUP(plan_diff_release) struct plan_diff d =
	    compare_plans(routine_of_the_week);

	(void)state;
	assert_int_equal(d.len, 6);
	assert_int_equal(d.notable, 0);
	assert_true(has_line(&d, "period", "2020-03-05..2020-03-30",
	    "2020-03-05..2020-04-06"));
	assert_true(has_line(&d, "supersedes", "-", "EXP-2020-0007"));
	assert_true(has_line(&d, "retention until", "2022-03-31",
	    "2022-04-07"));
}

static void
anything_else_is_notable(void **state)
{
	CLEANUP(plan_diff_release) struct plan_diff d =
	    compare_plans(something_else);

	(void)state;
	assert_int_equal(d.len - d.notable, 6);
	assert_int_equal(d.notable, 10);
	assert_true(has_line(&d, "k", "10", "5"));
	assert_true(has_line(&d, "item", "-", "Q99 as-is"));
	assert_true(has_line(&d, "item", "Q03 as-is", "-"));
	assert_true(has_line(&d, "item", "Q08 age 1..4", "Q08 age 0..4"));
	assert_true(has_line(&d, "recipient key", FIXTURE_AGE_4,
	    FIXTURE_AGE_9));
	assert_true(has_line(&d, "ethics expiry", "2020-12-31", "-"));
	assert_true(has_line(&d, "byte release", "no", "required"));
	assert_true(has_line(&d, "purpose", "DUO:0000007 DUO:0000018",
	    "DUO:0000007 DUO:0000018 DUO:0000020"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_policy_has_no_differences),
		cmocka_unit_test(every_rule_says_which_way_it_goes),
		cmocka_unit_test(things_come_and_go),
		cmocka_unit_test(live_requests_are_decided_under_both),
		cmocka_unit_test(what_always_differs_is_left_out),
		cmocka_unit_test(a_weekly_plan_differs_in_routine_only),
		cmocka_unit_test(anything_else_is_notable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
