#include "tests/unit/unit.h"

#include "policy/policy.h"
#include "tests/unit/policy/fixture.h"

static void
values_are_read(void **state)
{
	CLEANUP(policy_release) struct policy p = {0};
	const struct policy_rule *r;
	uint8_t sha256[32];

	(void)state;
	assert_ok(policy_parse(bytes_str(fixture_policy), &p, NULL));
	assert_string_equal(p.owner, "14");
	assert_int_equal(p.version, 1);
	assert_false(p.has_previous);
	assert_int_equal(p.charter_sha256[0], FIXTURE_D_CHARTER);
	assert_int_equal(p.valid_until_day - p.valid_from_day, 395);
	assert_int_equal(p.texts_len, 2);
	assert_int_equal(p.texts[0].scopes,
	    CONSENT_SUPPORT | CONSENT_RESEARCH);
	assert_int_equal(p.texts[0].valid_days, 365);
	assert_true(p.texts[0].covers_earlier);
	assert_string_equal(policy_find_partner(&p, "keio")->age,
	    FIXTURE_AGE_4);
	assert_null(policy_find_partner(&p, "kyodai"));
	assert_string_equal(p.permission, "DUO:0000007");
	assert_true(words_has(&p.modifiers, "DUO:0000018"));
	assert_int_equal(p.k, 10);
	assert_int_equal(p.suppression_limit, 500);
	assert_int_equal(p.retention_days, 1095);
	assert_int_equal(p.hold_hours, 24);
	assert_false(p.has_witness_policy);
	r = policy_find_rule(&p, "corona", 1, "Q08");
	assert_int_equal(r->kind, POLICY_LADDER);
	assert_string_equal(r->ladder, "age");
	assert_int_equal(r->from, 1);
	assert_int_equal(r->to, 4);
	assert_int_equal(policy_find_rule(&p, "corona", 1, "Q10")->kind,
	    POLICY_NEVER);
	assert_null(policy_find_rule(&p, "corona", 1, "Q21"));
	assert_null(policy_find_rule(&p, "corona", 2, "Q08"));
	fixture_fill(sha256, FIXTURE_D_TEXT_2);
	assert_ptr_equal(policy_find_text(&p, sha256), &p.texts[1]);
	sha256[31] ^= 1;
	assert_null(policy_find_text(&p, sha256));
}

struct hostile {
	const char *from, *to;
	enum err want;
	const char *names;
};

static void
every_offence_names_its_place(void **state)
{
	static const struct hostile cases[] = {
		/* the whole */
		{"\"azukari\":\"policy v1\"", "\"azukari\":\"policy v2\"",
		    ERR_UNSUPPORTED, "azukari"},
		{"\"azukari\":\"policy v1\",", "", ERR_SYNTAX, "azukari"},
		{"\"owner\"", "\"colour\":1,\"owner\"", ERR_UNKNOWN,
		    "colour"},
		{"\"owner\"", "\"owner\":\"14\",\"owner\"", ERR_DUPLICATE,
		    NULL},
		{"\"owner\":\"14\"", "\"owner\":\"48\"", ERR_SYNTAX,
		    "owner"},
		{"\"owner\":\"14\"", "\"owner\":14", ERR_SYNTAX, "owner"},
		{"\"version\":1,\"previous\"", "\"version\":0,\"previous\"",
		    ERR_RANGE, "version"},
		{"\"version\":1,\"previous\"", "\"version\":2,\"previous\"",
		    ERR_RANGE, "previous"},
		{"\"version\":1,\"previous\"", "\"version\":1.0,\"previous\"",
		    ERR_SYNTAX, "version"},
		{"\"previous\":null,", "", ERR_SYNTAX, "previous"},
		{"\"previous\":null", "\"previous\":\"00\"", ERR_SYNTAX,
		    "previous"},
		{"\"charter\":\"3131", "\"charter\":\"313", ERR_SYNTAX,
		    "charter"},
		{"\"valid_from\":\"2020-03-01\"",
		    "\"valid_from\":\"2020-03-32\"", ERR_RANGE, "valid_from"},
		{"\"valid_until\":\"2021-03-31\"",
		    "\"valid_until\":\"2020-02-28\"", ERR_RANGE,
		    "valid_until"},
		{"{\"azukari\"", "[{\"azukari\"", ERR_TRUNCATED, NULL},
		/* surveys */
		{"\"surveys\":[{", "\"surveys\":[],\"x\":[{", ERR_UNKNOWN,
		    "\"x\""},
		{"\"name\":\"corona\"", "\"name\":\"Corona\"", ERR_SYNTAX,
		    "surveys[0]"},
		{"\"name\":\"corona\"", "\"label\":\"corona\"", ERR_UNKNOWN,
		    "surveys[0]"},
		{"\"surveys\":[", "\"surveys\":[7,", ERR_SYNTAX,
		    "surveys[0]"},
		/* consent texts */
		{"\"title\":\"研究\"", "\"title\":\"\"", ERR_SYNTAX,
		    "consent_texts[0]"},
		{"\"title\":\"研究\"", "\"title\":\" 研究\"", ERR_SYNTAX,
		    "consent_texts[0]"},
		{"\"title\":\"研究\"", "\"title\":\"研\\u202e究\"",
		    ERR_ENCODING, "consent_texts[0]"},
		{"\"title\":\"研究\"", "\"title\":\"a\\nb\"", ERR_ENCODING,
		    "consent_texts[0]"},
		{"[\"support\",\"research\"]", "[\"support\",\"resell\"]",
		    ERR_UNKNOWN, "resell"},
		{"[\"support\",\"research\"]", "[\"support\",\"support\"]",
		    ERR_DUPLICATE, "consent_texts[0]"},
		{"[\"support\",\"research\"]", "[]", ERR_RANGE,
		    "consent_texts[0]"},
		{"[\"support\",\"research\"]", "\"research\"", ERR_SYNTAX,
		    "consent_texts[0]"},
		{"\"purposes\":[\"DUO:0000007\"]",
		    "\"purposes\":[\"DUO:0000001\"]", ERR_UNKNOWN,
		    "DUO:0000001"},
		{"\"purposes\":[\"DUO:0000007\"]",
		    "\"purposes\":[\"DUO:0000018\"]", ERR_RANGE,
		    "consent_texts[0]"},
		{"\"diseases\":[\"MONDO:0100096\"],\"valid_days\":365",
		    "\"diseases\":[],\"valid_days\":365", ERR_RANGE,
		    "DUO:0000007"},
		{"\"diseases\":[\"MONDO:0100096\"],\"valid_days\":365",
		    "\"diseases\":[\"covid\"],\"valid_days\":365",
		    ERR_SYNTAX, "covid"},
		{"\"valid_days\":365", "\"valid_days\":0", ERR_RANGE,
		    "valid_days"},
		{"\"covers_earlier\":true", "\"covers_earlier\":\"yes\"",
		    ERR_SYNTAX, "covers_earlier"},
		{"\"covers_earlier\":true", "\"covers_earlier\":true,\"x\":1",
		    ERR_UNKNOWN, "consent_texts[0]"},
		{"\"sha256\":\"6262626262626262626262626262626262626262",
		    "\"sha256\":\"6161616161616161616161616161616162626262",
		    ERR_OK, NULL},
		{"\"sha256\":\"6262626262626262626262626262626262626262"
		    "626262626262626262626262", "\"sha256\":\""
		    "6161616161616161616161616161616161616161"
		    "616161616161616161616161", ERR_DUPLICATE,
		    "consent_texts[1]"},
		/* partners */
		{"\"id\":\"keio\"", "\"id\":\"Keio\"", ERR_SYNTAX,
		    "partners[0]"},
		{"\"address\":\"東京都\",", "", ERR_SYNTAX, "address"},
		{"\"age\":\"age1", "\"age\":\"age2", ERR_SYNTAX,
		    "partners[0]"},
		{"\"ssh\":\"ssh-ed25519 ", "\"ssh\":\"ssh-rsa ", ERR_SYNTAX,
		    "partners[0]"},
		{"\"investigator\":\"宮田\"", "\"investigator\":null",
		    ERR_SYNTAX, "investigator"},
		/* purposes */
		{"\"permission\":\"DUO:0000007\"",
		    "\"permission\":\"DUO:0000018\"", ERR_UNKNOWN,
		    "permission"},
		{"\"permission\":\"DUO:0000007\"",
		    "\"permission\":\"anything\"", ERR_UNKNOWN,
		    "permission"},
		{"[\"MONDO:0100096\"],\"modifiers\"", "[],\"modifiers\"",
		    ERR_RANGE, "purposes"},
		{"\"modifiers\":[\"DUO:0000021\"",
		    "\"modifiers\":[\"DUO:0000042\"", ERR_UNKNOWN,
		    "DUO:0000042"},
		{"\"modifiers\":[\"DUO:0000021\"",
		    "\"modifiers\":[\"DUO:0000018\"", ERR_DUPLICATE,
		    "modifiers"},
		{"\"legal_bases\":[\"consent\"]", "\"legal_bases\":[]",
		    ERR_RANGE, "legal_bases"},
		{"\"legal_bases\":[\"consent\"]",
		    "\"legal_bases\":[\"because I say\"]", ERR_SYNTAX,
		    "legal_bases[0]"},
		/* ladders and rules */
		{"{\"name\":\"sex\"", "{\"name\":\"age\"", ERR_DUPLICATE,
		    "ladders[1]"},
		{"{\"name\":\"sex\"", "{\"name\":\"gender\"", ERR_NOT_FOUND,
		    "release.corona/1.Q09"},
		{"\"Q03\":\"as-is\"", "\"Q03\":\"always\"", ERR_UNKNOWN,
		    "release.corona/1.Q03"},
		{"\"Q03\":\"as-is\"", "\"Q03\":true", ERR_SYNTAX,
		    "release.corona/1.Q03"},
		{"\"Q03\":\"as-is\"", "\"Q-03\":\"as-is\"", ERR_SYNTAX,
		    "release.corona/1.Q-03"},
		{"\"Q03\":\"as-is\"", "\"Q03\":\"as-is\",\"Q03\":\"never\"",
		    ERR_DUPLICATE, NULL},
		{"\"from\":1,\"to\":4", "\"from\":4,\"to\":1", ERR_RANGE,
		    "release.corona/1.Q08"},
		{"\"from\":1,\"to\":4", "\"from\":1", ERR_SYNTAX,
		    "release.corona/1.Q08"},
		{"\"from\":1,\"to\":4", "\"from\":1,\"to\":4,\"k\":1",
		    ERR_UNKNOWN, "release.corona/1.Q08"},
		{"\"from\":1,\"to\":4", "\"from\":-1,\"to\":4", ERR_RANGE,
		    "from"},
		{"\"from\":1,\"to\":4", "\"from\":1,\"to\":33", ERR_RANGE,
		    "to"},
		{"\"survey\":\"corona\"", "\"survey\":\"other\"",
		    ERR_NOT_FOUND, "release[0]"},
		{"\"fields\":{", "\"fields\":[],\"x\":{", ERR_UNKNOWN,
		    "release[0]"},
		/* numbers and switches */
		{"\"k\":10", "\"k\":0", ERR_RANGE, "\"k\""},
		{"\"k\":10", "\"k\":\"10\"", ERR_SYNTAX, "\"k\""},
		{"\"k\":10", "\"k\":10,\"l\":2", ERR_UNKNOWN, "\"l\""},
		{"basis_points\":500", "basis_points\":10001", ERR_RANGE,
		    "basis_points"},
		{"\"minimum_cell\":10", "\"minimum_cell\":-1", ERR_RANGE,
		    "minimum_cell"},
		{"\"retention_days\":1095,", "", ERR_SYNTAX,
		    "retention_days"},
		{"\"plan_valid_days\":30", "\"plan_valid_days\":400",
		    ERR_RANGE, "plan_valid_days"},
		{"\"exports_per_year\":12", "\"exports_per_year\":-1",
		    ERR_RANGE, "exports_per_year"},
		{"\"quotas\":{", "\"quotas\":{\"x\":1,", ERR_UNKNOWN,
		    "quotas"},
		{"\"byte_release\":false", "\"byte_release\":0", ERR_SYNTAX,
		    "byte_release"},
		{"\"denial\":\"veto\"", "\"denial\":\"never\"", ERR_UNKNOWN,
		    "denial"},
		{"\"hold_hours\":24", "\"hold_hours\":9999", ERR_RANGE,
		    "hold_hours"},
		{"\"erase_backup_days\":7", "\"erase_backup_days\":0",
		    ERR_RANGE, "erase_backup_days"},
		{"\"accept_guessable_ids\":false",
		    "\"accept_guessable_ids\":null", ERR_SYNTAX,
		    "accept_guessable_ids"},
		{"\"policy_sha256\":null", "\"policy_sha256\":\"none\"",
		    ERR_SYNTAX, "policy_sha256"},
		{"\"policy_sha256\":null", "\"quorum\":\"none\"", ERR_UNKNOWN,
		    "witnesses"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(policy_release) struct policy p = {0};
		struct err_info info = {0};
		enum err e = policy_parse(bytes_str(fixture_with(
		    fixture_policy, cases[i].from, cases[i].to)), &p, &info);

		if (e != cases[i].want)
			fail_msg("%s: %s instead of %s: %s", cases[i].to,
			    err_name(e), err_name(cases[i].want),
			    info.message);
		if (cases[i].names != NULL &&
		    strstr(info.message, cases[i].names) == NULL)
			fail_msg("%s: the message is \"%s\"", cases[i].to,
			    info.message);
	}
}

static void
partners_share_nothing(void **state)
{
	static const char second[] = ",{\"id\":\"%s\",\"name\":\"n\","
	    "\"name_en\":\"n\",\"institution\":\"i\",\"address\":\"a\","
	    "\"representative\":\"r\",\"investigator\":\"v\","
	    "\"age\":\"%s\",\"ssh\":\"%s\"}],\n\"purposes\"";
	static const char *const cases[][3] = {
		{"keio", FIXTURE_AGE_6, FIXTURE_SSH_6},
		{"kyodai", FIXTURE_AGE_4, FIXTURE_SSH_6},
		{"kyodai", FIXTURE_AGE_6, FIXTURE_SSH_4},
		{"kyodai", FIXTURE_AGE_6, FIXTURE_SSH_6},
	};
	char text[1024];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(policy_release) struct policy p = {0};

		(void)snprintf(text, sizeof(text), second, cases[i][0],
		    cases[i][1], cases[i][2]);
		assert_err(policy_parse(bytes_str(fixture_with(
		    fixture_policy, "],\n\"purposes\"", text)), &p, NULL),
		    i < 3 ? ERR_DUPLICATE : ERR_OK);
	}
}

/* Every member of every object is needed: with its key spelt otherwise the
 * policy does not load. */
static void
every_key_is_needed_and_known(void **state)
{
	char *text = strdup(fixture_policy);
	size_t i, keys = 0;
	struct policy p = {0};

	(void)state;
	for (i = 0; text[i] != '\0'; i++) {
		/* a key is a string with a colon behind */
		if (text[i] != '"' || text[i + 1] != ':')
			continue;
		/* but fields of the survey may be named or not */
		if (text[i - 3] == 'Q')
			continue;
		text[i - 1] = (char)(text[i - 1] ^ 0x15);
		assert_int_not_equal(policy_parse(bytes_str(text), &p, NULL),
		    ERR_OK);
		text[i - 1] = (char)(text[i - 1] ^ 0x15);
		keys++;
	}
	assert_err(policy_parse(bytes_str("[]"), &p, NULL), ERR_SYNTAX);
	assert_ok(policy_parse(bytes_str(text), &p, NULL));
	policy_release(&p);
	assert_int_equal(keys, 79);
	free(text);
}

static void
cuts_are_refused(void **state)
{
	size_t i, len = strlen(fixture_policy);
	struct policy p = {0};

	(void)state;
	for (i = 0; i < len; i++)
		assert_int_not_equal(policy_parse(bytes_of(fixture_policy, i),
		    &p, NULL), ERR_OK);
}

/* ---- against surveys, ladders, charters ---- */

static struct err_info info;

static enum err
check_survey(const char *from, const char *to, int byte)
{
	CLEANUP(fixture_release) struct fixture f;
	struct fixture_texts texts = {0};
	uint8_t sha256[32];

	if (from != NULL)
		texts.policy = fixture_with(fixture_policy, from, to);
	fixture_init(&f, &texts);
	fixture_fill(sha256, byte);
	memset(&info, 0, sizeof(info));
	return policy_check_survey(&f.policy, f.survey, sha256, &info);
}

static void
rules_must_fit_the_survey(void **state)
{
	static const struct hostile cases[] = {
		{"\"Q03\":\"as-is\"", "\"Q99\":\"as-is\"", ERR_NOT_FOUND,
		    "Q99"},
		{"\"Q20\":\"never\"", "\"Q20\":\"as-is\"", ERR_REFUSED,
		    "identifying"},
		{"\"Q20\":\"never\"",
		    "\"Q20\":{\"ladder\":\"sex\",\"from\":1,\"to\":1}",
		    ERR_REFUSED, "Q20"},
		{"\"Q20\":\"never\"", "\"Q21\":\"as-is\"", ERR_REFUSED,
		    "class"},
		{"\"Q20\":\"never\"", "\"Q21\":\"never\"", ERR_OK, NULL},
		{"\"Q20\":\"never\"", "\"Q24\":\"as-is\"", ERR_OK, NULL},
		{"\"Q12\":\"as-is\"",
		    "\"Q12\":{\"ladder\":\"sex\",\"from\":0,\"to\":1}",
		    ERR_UNSUPPORTED, "list"},
		{"\"Q03\":\"as-is\"",
		    "\"Q03\":{\"ladder\":\"sex\",\"from\":0,\"to\":1}",
		    ERR_UNSUPPORTED, "Q03"},
		{"\"Q03\":\"as-is\"",
		    "\"Q03\":{\"ladder\":\"sex\",\"from\":1,\"to\":1}",
		    ERR_OK, NULL},
		{"\"name\":\"corona\",\"version\":1",
		    "\"name\":\"corona\",\"version\":1", ERR_OK, NULL},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_err(check_survey(cases[i].from, cases[i].to,
		    FIXTURE_D_SURVEY), cases[i].want);
		if (cases[i].names != NULL)
			assert_non_null(strstr(info.message, cases[i].names));
	}
	assert_ok(check_survey(NULL, NULL, FIXTURE_D_SURVEY));
	assert_err(check_survey(NULL, NULL, 0x42), ERR_MISMATCH);
	assert_err(check_survey("[{\"name\":\"corona\",\"version\":1,\"sha",
	    "[{\"name\":\"corona\",\"version\":1,\"sha256\":\"0000000000000000"
	    "000000000000000000000000000000000000000000000000\"},{\"name\":"
	    "\"corona\",\"version\":2,\"sha", FIXTURE_D_SURVEY),
	    ERR_MISMATCH);
}

static void
ladders_must_be_there_and_fit(void **state)
{
	CLEANUP(fixture_release) struct fixture f, deep;
	const struct fixture_texts texts = {.policy = fixture_with(
	    fixture_policy, "\"from\":1,\"to\":4", "\"from\":1,\"to\":5")};

	(void)state;
	fixture_init(&f, NULL);
	assert_ok(policy_check_ladders(&f.policy, f.survey, f.ladders, 3,
	    &info));
	assert_err(policy_check_ladders(&f.policy, f.survey, f.ladders, 2,
	    &info), ERR_NOT_FOUND);
	assert_non_null(strstr(info.message, "date"));
	f.ladders[0].sha256[5] ^= 1;
	assert_err(policy_check_ladders(&f.policy, f.survey, f.ladders, 3,
	    &info), ERR_MISMATCH);
	assert_non_null(strstr(info.message, "age"));
	f.ladders[0].sha256[5] ^= 1;
	f.ladders[1].bytes = bytes_str("1;*\n2;*\n");
	assert_err(policy_check_ladders(&f.policy, f.survey, f.ladders, 3,
	    &info), ERR_NOT_FOUND);
	assert_non_null(strstr(info.message, "\"9\""));
	fixture_init(&deep, &texts);
	assert_err(policy_check_ladders(&deep.policy, deep.survey,
	    deep.ladders, 3, &info), ERR_RANGE);
	assert_non_null(strstr(info.message, "0 to 4"));
}

static void
no_partner_sits_among_those_who_decide(void **state)
{
	static const struct hostile cases[] = {
		{FIXTURE_AGE_4, FIXTURE_AGE_0, ERR_REFUSED, "key"},
		{FIXTURE_AGE_4, FIXTURE_AGE_3, ERR_REFUSED, "key"},
		{FIXTURE_SSH_4, FIXTURE_SSH_2, ERR_REFUSED, "key"},
		{FIXTURE_SSH_4, FIXTURE_SSH_3, ERR_REFUSED, "key"},
		{"\"institution\":\"慶應義塾大学\"",
		    "\"institution\":\"神奈川県総務局\"", ERR_REFUSED,
		    "institution"},
		{"\"institution\":\"慶應義塾大学\"",
		    "\"institution\":\"株式会社 運用\"", ERR_REFUSED,
		    "operator"},
		{"\"owner\":\"14\"", "\"owner\":\"13\"", ERR_MISMATCH,
		    "owner"},
		{"\"charter\":\"31", "\"charter\":\"32", ERR_MISMATCH,
		    "charter"},
		{"\"k\":10", "\"k\":11", ERR_OK, NULL},
	};
	uint8_t sha256[32];
	size_t i;

	(void)state;
	fixture_fill(sha256, FIXTURE_D_CHARTER);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(fixture_release) struct fixture f;
		const struct fixture_texts texts = {.policy = fixture_with(
		    fixture_policy, cases[i].from, cases[i].to)};

		fixture_init(&f, &texts);
		memset(&info, 0, sizeof(info));
		assert_err(policy_check_charter(&f.policy, &f.charter, sha256,
		    &info), cases[i].want);
		if (cases[i].names != NULL)
			assert_non_null(strstr(info.message, cases[i].names));
	}
}

static void
a_policy_follows_its_predecessor_only(void **state)
{
	static const char next[] = "\"version\":2,\"previous\":\"7777777777"
	    "777777777777777777777777777777777777777777777777777777\"";
	static const char spelt[] = "\"version\":1,\"previous\":null";
	CLEANUP(policy_release) struct policy a = {0}, b = {0};
	uint8_t sha256[32];

	(void)state;
	fixture_fill(sha256, 0x77);
	assert_ok(policy_parse(bytes_str(fixture_policy), &a, NULL));
	assert_ok(policy_parse(bytes_str(fixture_with(fixture_policy, spelt,
	    next)), &b, NULL));
	assert_ok(policy_check_successor(&a, sha256, &b, &info));
	sha256[0] ^= 1;
	assert_err(policy_check_successor(&a, sha256, &b, &info),
	    ERR_MISMATCH);
	assert_non_null(strstr(info.message, "previous"));
	assert_err(policy_check_successor(&a, sha256, &a, &info),
	    ERR_MISMATCH);
	assert_non_null(strstr(info.message, "version"));
	b.owner = "13";
	assert_err(policy_check_successor(&a, sha256, &b, &info),
	    ERR_MISMATCH);
	assert_non_null(strstr(info.message, "owner"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(every_offence_names_its_place),
		cmocka_unit_test(partners_share_nothing),
		cmocka_unit_test(every_key_is_needed_and_known),
		cmocka_unit_test(cuts_are_refused),
		cmocka_unit_test(rules_must_fit_the_survey),
		cmocka_unit_test(ladders_must_be_there_and_fit),
		cmocka_unit_test(no_partner_sits_among_those_who_decide),
		cmocka_unit_test(a_policy_follows_its_predecessor_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
