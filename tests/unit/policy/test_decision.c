#include "tests/unit/unit.h"

#include "policy/consent.h"
#include "tests/unit/policy/fixture.h"

static const struct fixture_texts none;

/* Decides and fails on a reason that should not be there. */
static void
decide(struct fixture *f, struct decision *d)
{
	assert_ok(decision_make(&f->c, d));
}

static void
show(const struct decision *d)
{
	size_t i;

	for (i = 0; i < d->reasons.len; i++)
		printf("# %s: %s\n", reason_word(d->reasons.items[i].code),
		    d->reasons.items[i].en);
}

static void
a_good_request_is_eligible(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};

	(void)state;
	fixture_init(&f, &none);
	decide(&f, &d);
	show(&d);
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
	assert_true(d.expires_max_unix_s == FIXTURE_NOW + 30 * 86400);
	/* the text that was for support only is named, and refuses nothing */
	assert_int_equal(d.reasons.len, 1);
	assert_int_equal(d.reasons.items[0].code, REASON_CONSENT_TEXT_NOT);
}

static void
a_plan_and_two_votes_make_a_grant(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(grant_cleanup) struct grant *g = NULL;

	(void)state;
	fixture_init(&f, &none);
	fixture_grant(&f, &g);
	assert_string_equal(grant_owner(g), "14");
	assert_int_equal(grant_epochs_len(g), 3);
	assert_int_equal(grant_texts_len(g), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_request_is_eligible),
		cmocka_unit_test(a_plan_and_two_votes_make_a_grant),
	};

	return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
