#include "tests/unit/unit.h"

#include "core/clock.h"
#include "policy/consent.h"
#include "policy/grant.h"
#include "tests/unit/policy/fixture.h"

#define DAY 86400
#define GIVEN (FIXTURE_NOW - 50 * DAY)
#define ANSWER (FIXTURE_NOW - 40 * DAY)

static struct fixture f;
static struct grant *g;

static int
up(void **state)
{
	(void)state;
	fixture_init(&f, NULL);
	fixture_grant(&f, &g);
	return 0;
}

static int
down(void **state)
{
	(void)state;
	grant_free(TAKE(g));
	fixture_release(&f);
	return 0;
}

static struct grant_consent
good(void)
{
	struct grant_consent c = {.have = 1,
	    .scopes = CONSENT_SUPPORT | CONSENT_RESEARCH,
	    .given_unix_s = GIVEN, .answer_unix_s = ANSWER};

	fixture_fill(c.text, FIXTURE_D_TEXT);
	return c;
}

static enum grant_verdict
judge(const struct grant_consent *c)
{
	return grant_covers(g, c, FIXTURE_NOW, NULL);
}

static void
it_says_what_the_plan_says(void **state)
{
	uint8_t id[GRANT_EPOCH_LEN];
	int32_t from, to, want;

	(void)state;
	assert_string_equal(grant_owner(g), "14");
	assert_string_equal(grant_plan(g), "PLAN-2020-0007");
	assert_string_equal(grant_export(g), "EXP-2020-0007");
	assert_int_equal(grant_plan_sha256(g)[31], FIXTURE_D_PLAN);
	assert_int_equal(grant_policy_sha256(g)[31], FIXTURE_D_POLICY);
	assert_int_equal(grant_survey_sha256(g)[31], FIXTURE_D_SURVEY);
	assert_int_equal(grant_project_epoch_sha256(g)[31], 0x75);
	assert_int_equal(grant_scopes(g), CONSENT_RESEARCH);
	assert_int_equal(grant_respondents_max(g), 1000000);
	assert_true(grant_expires_unix_s(g) == FIXTURE_NOW + 7 * DAY);
	assert_int_equal(grant_texts_len(g), 1);
	assert_int_equal(grant_text_sha256(g, 0)[0], FIXTURE_D_TEXT);
	assert_int_equal(grant_epochs_len(g), 3);
	memset(id, 0xa1, sizeof(id));
	assert_ptr_equal(grant_find_epoch(g, id), grant_epoch(g, 1));
	assert_int_equal(grant_epoch(g, 1)->records, 100);
	assert_int_equal(grant_epoch(g, 1)->root[0], 0xc1);
	assert_int_equal(grant_epoch(g, 1)->sha256[0], 0xb1);
	id[3] ^= 1;
	assert_null(grant_find_epoch(g, id));
	grant_period(g, &from, &to);
	assert_ok(clock_parse_day(bytes_str("2020-03-05"), &want));
	assert_int_equal(from, want);
	assert_int_equal(to, want + 25);
}

static void
the_period_is_of_days_in_japan(void **state)
{
	int64_t from, to;

	(void)state;
	assert_ok(clock_parse_utc(bytes_str("2020-03-04T15:00:00Z"), &from));
	assert_ok(clock_parse_utc(bytes_str("2020-03-30T14:59:59Z"), &to));
	assert_false(grant_in_period(g, from - 1));
	assert_true(grant_in_period(g, from));
	assert_true(grant_in_period(g, to));
	assert_false(grant_in_period(g, to + 1));
	assert_false(grant_in_period(g, INT64_MIN));
	assert_false(grant_in_period(g, INT64_MAX));
}

static void
a_live_consent_covers(void **state)
{
	struct grant_consent c = good();
	size_t text = 99;

	(void)state;
	assert_int_equal(grant_covers(g, &c, FIXTURE_NOW, &text),
	    GRANT_COVERS);
	assert_int_equal(text, 0);
	/* every byte of the digest counts */
	c.text[31] ^= 1;
	assert_int_equal(judge(&c), GRANT_TEXT_UNKNOWN);
	c = good();
	c.scopes = CONSENT_ALL;
	assert_int_equal(judge(&c), GRANT_COVERS);
	/* at the very time of the answer */
	c.given_unix_s = ANSWER;
	assert_int_equal(judge(&c), GRANT_COVERS);
	assert_true(grant_verdict_is_yes(GRANT_COVERS));
	assert_true(grant_verdict_is_yes(GRANT_COVERS_EARLIER));
	assert_false(grant_verdict_is_yes(GRANT_NO_CONSENT));
}

static void
everything_else_withholds(void **state)
{
	struct grant_consent c = {0};
	size_t text = 0;

	(void)state;
	assert_int_equal(grant_covers(g, &c, FIXTURE_NOW, &text),
	    GRANT_NO_CONSENT);
	assert_true(text == (size_t)-1);
	c = good();
	c.have = 0;
	assert_int_equal(judge(&c), GRANT_NO_CONSENT);
	c = good();
	c.text[15] ^= 1;
	assert_int_equal(judge(&c), GRANT_TEXT_UNKNOWN);
	/* a text of the policy that the plan does not accept */
	fixture_fill(c.text, FIXTURE_D_TEXT_2);
	assert_int_equal(judge(&c), GRANT_TEXT_UNKNOWN);
	c = good();
	c.scopes = CONSENT_SUPPORT | CONSENT_RECONTACT;
	assert_int_equal(judge(&c), GRANT_SCOPE);
	c.scopes = 0;
	assert_int_equal(judge(&c), GRANT_SCOPE);
	c = good();
	c.given_unix_s = FIXTURE_NOW + 1;
	assert_int_equal(judge(&c), GRANT_FROM_FUTURE);
	c = good();
	assert_int_equal(grant_covers(g, &c, FIXTURE_NOW + 7 * DAY, NULL),
	    GRANT_OVER);
	assert_int_equal(grant_covers(g, &c, FIXTURE_NOW + 7 * DAY - 1, NULL),
	    GRANT_COVERS);
}

static void
validity_ends_to_the_second(void **state)
{
	struct grant_consent c = good();

	(void)state;
	c.given_unix_s = FIXTURE_NOW - 365 * (int64_t)DAY;
	assert_int_equal(judge(&c), GRANT_EXPIRED);
	c.given_unix_s++;
	assert_int_equal(judge(&c), GRANT_COVERS);
	/* its own end, when that is earlier */
	c = good();
	c.until_unix_s = FIXTURE_NOW;
	assert_int_equal(judge(&c), GRANT_EXPIRED);
	c.until_unix_s = FIXTURE_NOW + 1;
	assert_int_equal(judge(&c), GRANT_COVERS);
	c.until_unix_s = FIXTURE_NOW + 3650 * (int64_t)DAY;
	c.given_unix_s = FIXTURE_NOW - 365 * (int64_t)DAY;
	assert_int_equal(judge(&c), GRANT_EXPIRED);
}

static void
withdrawal_stops_what_was_given_before_it(void **state)
{
	static const uint8_t hits[] = {CONSENT_RESEARCH, CONSENT_ALL,
	    CONSENT_RESEARCH | CONSENT_SUPPORT, 0xff};
	struct grant_consent c = good();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(hits); i++) {
		c.withdrawn_scopes = hits[i];
		c.withdrawn_unix_s = GIVEN + 1;
		assert_int_equal(judge(&c), GRANT_WITHDRAWN);
		c.withdrawn_unix_s = GIVEN;
		assert_int_equal(judge(&c), GRANT_WITHDRAWN);
		/* even when the withdrawal's clock is ahead */
		c.withdrawn_unix_s = FIXTURE_NOW + DAY;
		assert_int_equal(judge(&c), GRANT_WITHDRAWN);
		/* given again afterwards */
		c.withdrawn_unix_s = GIVEN - 1;
		assert_int_equal(judge(&c), GRANT_COVERS);
	}
	c.withdrawn_scopes = CONSENT_SUPPORT | CONSENT_RECONTACT;
	c.withdrawn_unix_s = GIVEN + 1;
	assert_int_equal(judge(&c), GRANT_COVERS);
}

static void
a_later_consent_covers_only_if_its_text_says_so(void **state)
{
	CLEANUP(grant_cleanup) struct grant *silent = NULL;
	CLEANUP(fixture_release) struct fixture other;
	struct grant_consent c = good();
	const struct fixture_texts texts = {.policy = fixture_with(
	    fixture_policy, "\"covers_earlier\":true",
	    "\"covers_earlier\":false")};

	(void)state;
	c.given_unix_s = ANSWER + 1;
	assert_int_equal(judge(&c), GRANT_COVERS_EARLIER);
	fixture_init(&other, &texts);
	fixture_grant(&other, &silent);
	assert_int_equal(grant_covers(silent, &c, FIXTURE_NOW, NULL),
	    GRANT_LATER);
	c.given_unix_s = ANSWER;
	assert_int_equal(grant_covers(silent, &c, FIXTURE_NOW, NULL),
	    GRANT_COVERS);
	/* withdrawn and given anew: the old answer needs the text's word */
	c.withdrawn_scopes = CONSENT_ALL;
	c.withdrawn_unix_s = ANSWER + 5;
	assert_int_equal(judge(&c), GRANT_WITHDRAWN);
	c.given_unix_s = ANSWER + 6;
	assert_int_equal(judge(&c), GRANT_COVERS_EARLIER);
	assert_int_equal(grant_covers(silent, &c, FIXTURE_NOW, NULL),
	    GRANT_LATER);
}

/* No combination of what a store may hold makes a yes out of a missing,
 * withdrawn, expired, unknown or narrower consent. */
static void
no_combination_gets_past(void **state)
{
	struct grant_consent c;
	unsigned bits;
	int ok;

	(void)state;
	for (bits = 0; bits < 256; bits++) {
		c = good();
		c.have = !(bits & 1);
		c.scopes = bits & 2 ? CONSENT_SUPPORT : CONSENT_RESEARCH;
		c.text[0] = bits & 4 ? 0 : FIXTURE_D_TEXT;
		c.withdrawn_scopes = bits & 8 ? CONSENT_ALL : 0;
		c.withdrawn_unix_s = bits & 16 ? GIVEN - 1 : GIVEN + 1;
		c.until_unix_s = bits & 32 ? FIXTURE_NOW - 1 : 0;
		c.given_unix_s = bits & 64 ? ANSWER + 1 : GIVEN;
		c.given_unix_s = bits & 128 ? FIXTURE_NOW + 9 :
		    c.given_unix_s;
		ok = (bits & (1 | 2 | 4 | 32 | 128)) == 0 &&
		    ((bits & 8) == 0 || c.withdrawn_unix_s < c.given_unix_s);
		assert_int_equal(grant_verdict_is_yes(judge(&c)), ok);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_what_the_plan_says),
		cmocka_unit_test(the_period_is_of_days_in_japan),
		cmocka_unit_test(a_live_consent_covers),
		cmocka_unit_test(everything_else_withholds),
		cmocka_unit_test(validity_ends_to_the_second),
		cmocka_unit_test(withdrawal_stops_what_was_given_before_it),
		cmocka_unit_test(
		    a_later_consent_covers_only_if_its_text_says_so),
		cmocka_unit_test(no_combination_gets_past),
	};

	return cmocka_run_group_tests(tests, up, down);
}
