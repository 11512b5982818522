/* Rule profiles: each rule refuses by its name, and only tightens; the other
 * optional members of `disclosure`. */
#include "tests/unit/unit.h"

#include "policy/profile.h"
#include "tests/unit/policy/fixture.h"

#define CELL "\"minimum_cell\":10}"
#define WITH(more) "\"minimum_cell\":10," more "}"
#define PLACE(unit, n) "\"residence\":{\"field\":\"Q10\",\"unit\":\"" unit \
	"\",\"smallest_population\":" #n "}"
#define Q10 "\"Q10\":\"never\""
#define Q10_OUT "\"Q10\":\"as-is\""
#define Q05 "\"Q05\":{\"ladder\":\"date\",\"from\":1,\"to\":3}"
#define Q05_MONTH "\"Q05\":{\"ladder\":\"date\",\"from\":2,\"to\":3}"

/* Breaches of the fixture's policy with these members. */
static void
judge(const char *text, struct reasons *ret)
{
	CLEANUP(fixture_release) struct fixture f;
	const struct fixture_texts texts = {.policy = text};

	fixture_init(&f, &texts);
	const struct profile_case c = {.policy = &f.policy,
	    .survey = f.survey, .ladders = f.ladders, .ladders_len = 3};

	assert_ok(profile_judge(&c, ret));
}

static void
breaches(const char *from, const char *to, const char *from_2,
    const char *to_2, const char *rule)
{
	CLEANUP(reasons_release) struct reasons r = {0};
	const char *text = fixture_with(fixture_policy, from, to);
	size_t i, found = 0;

	if (from_2 != NULL)
		text = fixture_with(text, from_2, to_2);
	judge(text, &r);
	if (rule == NULL) {
		for (i = 0; i < r.len; i++)
			print_message("%s: %s\n", r.items[i].rule,
			    r.items[i].en);
		assert_int_equal(r.len, 0);
		return;
	}
	for (i = 0; i < r.len; i++) {
		assert_int_equal(r.items[i].code, REASON_PROFILE);
		assert_int_equal(r.items[i].weight, REASON_REFUSE);
		found += strcmp(r.items[i].rule, rule) == 0;
	}
	assert_int_equal(found, 1);
}

#define NDB "\"profile\":\"ndb-like\""
#define IDB "\"profile\":\"idb-like\""
#define SAFELY "\"profile\":\"opensafely-like\""
#define ACRO "\"profile\":\"acro-10\""
#define BYTES "\"byte_release\":false", "\"byte_release\":true"

static void
test_ndb(void **state)
{
	(void)state;
	breaches(CELL, WITH(NDB), NULL, NULL, "profile ndb-like: residence");
	breaches(CELL, WITH(NDB "," PLACE("municipality", 25000)), NULL, NULL,
	    NULL);
	breaches(CELL, WITH(NDB "," PLACE("municipality", 24999)), NULL, NULL,
	    "profile ndb-like: k");
	breaches("\"k\":10,", "\"k\":9,", CELL, WITH(NDB ","
	    PLACE("municipality", 25000)), "profile ndb-like: k");
	breaches(CELL, "\"minimum_cell\":9," NDB ","
	    PLACE("municipality", 25000) "}", NULL, NULL,
	    "profile ndb-like: minimum_cell");
	/* what does not leave is not judged; what leaves is */
	breaches(CELL, WITH(NDB "," PLACE("postcode", 99999)), NULL, NULL,
	    NULL);
	breaches(CELL, WITH(NDB "," PLACE("postcode", 99999)), Q10, Q10_OUT,
	    "profile ndb-like: residence");
	breaches(CELL, WITH(NDB "," PLACE("municipality", 1999)), Q10,
	    Q10_OUT, "profile ndb-like: residence");
}

static void
test_idb(void **state)
{
	static const char home[] = PLACE("prefecture", 553407);
	char all[200], early[240];

	(void)state;
	(void)snprintf(all, sizeof(all), "\"minimum_cell\":10," IDB ",%s}",
	    home);
	(void)snprintf(early, sizeof(early), "\"minimum_cell\":10," IDB ",%s,"
	    "\"early_wave_until\":\"2020-05-31\"}", home);
	breaches(CELL, all, NULL, NULL, "profile idb-like: early-wave");
	breaches(CELL, early, NULL, NULL, NULL);    /* for each request */
	breaches(CELL, all, Q05, Q05_MONTH, NULL);
	breaches(CELL, WITH(IDB "," PLACE("prefecture", 1)
	    ",\"dates\":{\"Q05\":\"shifted\"}"), NULL, NULL, NULL);
	breaches(CELL, WITH(IDB "," PLACE("prefecture", 1)
	    ",\"birth\":\"Q05\""), NULL, NULL, "profile idb-like: birth");
	breaches(CELL, WITH(IDB "," PLACE("prefecture", 1)
	    ",\"birth\":\"Q05\""), Q05, Q05_MONTH, NULL);
	breaches(CELL, early, "\"Q22\":\"as-is\"",
	    "\"Q22\":\"as-is\",\"Q24\":\"as-is\"",
	    "profile idb-like: free-text");
	breaches(CELL, WITH(IDB "," PLACE("municipality", 99999)), Q10,
	    Q10_OUT, "profile idb-like: residence");
}

/* In the decision the request's period is known. */
static void
test_early_wave(void **state)
{
	static const char *const ends[] = {"2020-03-31", "2020-02-29"};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		CLEANUP(decision_release) struct decision d = {0};
		CLEANUP(fixture_release) struct fixture f;
		char members[200];
		struct fixture_texts texts;

		(void)snprintf(members, sizeof(members),
		    "\"minimum_cell\":10," IDB "," PLACE("prefecture", 1)
		    ",\"early_wave_until\":\"%s\"}", ends[i]);
		texts = (struct fixture_texts){.policy = fixture_with(
		    fixture_policy, CELL, members)};
		fixture_init(&f, &texts);
		assert_ok(decision_make(&f.c, &d));
		assert_int_equal(reasons_have(&d.reasons, REASON_PROFILE),
		    words_has(&f.request.fields, "Q05") &&
		    f.request.period_from_day <=
		    f.policy.early_wave_until_day);
		if (i == 0)
			assert_int_equal(d.verdict, DECISION_REFUSED);
	}
}

static void
test_output_profiles(void **state)
{
	(void)state;
	breaches(CELL, WITH(SAFELY), NULL, NULL,
	    "profile opensafely-like: byte_release");
	breaches(CELL, WITH(SAFELY), BYTES, NULL);
	breaches(CELL, WITH(ACRO), BYTES, NULL);
	breaches(CELL, WITH(ACRO), NULL, NULL, "profile acro-10: byte_release");
	breaches("\"k\":10,", "\"k\":7,", CELL, WITH(SAFELY),
	    "profile opensafely-like: k");
	assert_int_equal(profile_find("opensafely-like")->rounding, 5);
}

/* No profile, nothing to breach; and every one says where it is from. */
static void
test_table(void **state)
{
	size_t i;

	(void)state;
	breaches("\"k\":10,", "\"k\":1,", NULL, NULL, NULL);
	for (i = 0; profile_at(i) != NULL; i++) {
		assert_ptr_equal(profile_find(profile_at(i)->name),
		    profile_at(i));
		assert_true(strlen(profile_at(i)->basis_en) > 10);
		assert_true(strlen(profile_at(i)->basis_ja) > 10);
	}
	assert_int_equal(i, 4);
	assert_null(profile_find("none"));
}

static void
test_members(void **state)
{
	static const struct {
		const char *members;
		enum err want;
		const char *names;
	} cases[] = {
		{"\"profile\":\"x\"", ERR_UNKNOWN, "profile"},
		{"\"profile\":1", ERR_SYNTAX, "profile"},
		{"\"dates\":[]", ERR_SYNTAX, "dates"},
		{"\"dates\":{\"Q05\":\"coarse\"}", ERR_UNKNOWN, "Q05"},
		{"\"dates\":{\"Q05\":1}", ERR_UNKNOWN, "Q05"},
		{"\"dates\":{\"5\":\"shifted\"}", ERR_SYNTAX, "dates"},
		{"\"residence\":{\"field\":\"Q10\",\"unit\":\"house\","
		    "\"smallest_population\":1}", ERR_UNKNOWN, "residence"},
		{"\"residence\":{\"field\":\"Q10\",\"unit\":\"postcode\"}",
		    ERR_SYNTAX, "residence"},
		{"\"early_wave_until\":\"2020-13-01\"", ERR_RANGE,
		    "early_wave_until"},
		{"\"birth\":\"-\"", ERR_SYNTAX, "birth"},
		{"\"population\":0", ERR_RANGE, "population"},
		{"\"rounding\":5", ERR_UNKNOWN, "rounding"},
	};
	char members[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(policy_release) struct policy p = {0};
		struct err_info info = {0};
		enum err e;

		(void)snprintf(members, sizeof(members),
		    "\"minimum_cell\":10,%s}", cases[i].members);
		e = policy_parse(bytes_str(fixture_with(fixture_policy, CELL,
		    members)), &p, &info);
		if (e != cases[i].want)
			print_message("%s: %s\n", cases[i].members,
			    info.message);
		assert_err(e, cases[i].want);
		assert_non_null(strstr(info.message, cases[i].names));
	}
}

/* Against the survey: only dates, and no ladder over days. */
static void
test_dates_fit(void **state)
{
	static const struct { const char *members; enum err want; } cases[] = {
		{"\"dates\":{\"Q05\":\"shifted\"}", ERR_OK},
		{"\"dates\":{\"Q05\":\"relative\"}", ERR_UNSUPPORTED},
		{"\"dates\":{\"Q08\":\"shifted\"}", ERR_UNSUPPORTED},
		{"\"dates\":{\"Q99\":\"shifted\"}", ERR_OK},
	};
	char members[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(fixture_release) struct fixture f;
		struct fixture_texts texts;
		uint8_t sha256[32];

		(void)snprintf(members, sizeof(members),
		    "\"minimum_cell\":10,%s}", cases[i].members);
		texts = (struct fixture_texts){.policy = fixture_with(
		    fixture_policy, CELL, members)};
		fixture_init(&f, &texts);
		fixture_fill(sha256, FIXTURE_D_SURVEY);
		assert_err(policy_check_survey(&f.policy, f.survey, sha256,
		    NULL), cases[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ndb),
		cmocka_unit_test(test_idb),
		cmocka_unit_test(test_early_wave),
		cmocka_unit_test(test_output_profiles),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_dates_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
