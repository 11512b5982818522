#include "tests/unit/unit.h"

#include "policy/grammar.h"
#include "policy/words.h"
#include "tests/unit/policy/fixture.h"

struct grammar_case {
	int (*is)(struct bytes);
	const char *good[6], *bad[16];
};

static const struct grammar_case cases[] = {
	{grammar_is_owner, {"01", "14", "47"},
	    {"", "0", "00", "48", "99", "1", "014", " 1", "1a", "-1"}},
	{grammar_is_name, {"a", "keio-2", "a23456789012345678901234567890bc"},
	    {"", "A", "1a", "-a", "a_b", "a b", "aあ",
	    "a23456789012345678901234567890bcd", "a\t"}},
	{grammar_is_field, {"Q1", "q", "a_B9"},
	    {"", "1Q", "_a", "a-b", "a b", "Q１",
	    "a23456789012345678901234567890bcd"}},
	{grammar_is_request, {"REQ-1", "REQ-2020-Keio-01"},
	    {"", "REQ-", "req-1", "REQ", "REQ-a_b", "REQ-a b",
	    "REQ-12345678901234567890123456789012345678901"}},
	{grammar_is_plan, {"PLAN-2020-0001", "PLAN-2020-10000"},
	    {"", "PLAN-2020-1", "PLAN-2020-00001", "PLAN-020-0001",
	    "PLAN-0200-0001", "EXP-2020-0001", "PLAN-2020-000a",
	    "PLAN-2020-0001 ", "PLAN-20200001", "PLAN-2020-1234567890"}},
	{grammar_is_export, {"EXP-2020-0001", "EXP-2020-12345"},
	    {"PLAN-2020-0001", "EXP-2020-012345", "EXP-2020-"}},
	{grammar_is_origin, {"a/b", "gateway.example/log"},
	    {"", "a", "/b", "a/", "a b/c", "a+b/c", "あ/b", "ab"}},
	{grammar_is_age, {FIXTURE_AGE_0, FIXTURE_AGE_9},
	    {"", "age1", FIXTURE_AGE_0 "q",
	    "AGE173UR8U9RDXAT0ZPM7LZRPA7PJ3TEJJ3TF56HLC6M2WWJJ86HLG9QTD0GWN",
	    "age1" "73ur8u9rdxat0zpm7lzrpa7pj3tejj3tf56hlc6m2wwjj86hlg9qtd0g"
	    "wm", "age2" "73ur8u9rdxat0zpm7lzrpa7pj3tejj3tf56hlc6m2wwjj86hlg9q"
	    "td0gwn"}},
	{grammar_is_ssh, {FIXTURE_SSH_0, FIXTURE_SSH_7},
	    {"", "ssh-ed25519", "ssh-ed25519 ", FIXTURE_SSH_0 " comment",
	    " " FIXTURE_SSH_0, "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ==",
	    "ssh-ed25519  AAAAC3NzaC1lZDI1NTE5AAAAIPdQIFLHSrVymNcuCAqWhFXT"
	    "OO13/KJYTzLCMydRLULP",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPdQIFLHSrVymNcuCAqWhFXT"
	    "OO13/KJYTzLCMydRLUL",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE6AAAAIPdQIFLHSrVymNcuCAqWhFXT"
	    "OO13/KJYTzLCMydRLULP",
	    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIfdQIFLHSrVymNcuCAqWhFXT"
	    "OO13/KJYTzLCMydRLULP"}},
	{grammar_is_fingerprint, {FIXTURE_PRINT},
	    {"", "SHA256:", "MD5:00", FIXTURE_PRINT "=", "SHA256:AAAA"}},
	{grammar_is_vkey, {FIXTURE_VKEY},
	    {"", "+1a2b3c4d+AAAA", "gateway.example/log",
	    "gateway.example/log+1a2b3c4d",
	    "gateway.example/log+1A2B3C4D+AYYwxsmvBzDD6WNaRMl7+0rE/1fESZUaYISK"
	    "xmb18t4M", "gateway.example/log+1a2b3c4d+AQ==",
	    "gateway.example/log+1a2b3c4d+AoYwxsmvBzDD6WNaRMl7+0rE/1fESZUaYISK"
	    "xmb18t4M"}},
	{grammar_is_disease, {"MONDO:0100096"},
	    {"", "MONDO:", "mondo:0100096", "MONDO:100096", "DOID:0100096",
	    "MONDO:01000960"}},
};

static void
each_grammar_takes_its_own(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		for (j = 0; j < 6 && cases[i].good[j] != NULL; j++)
			if (!cases[i].is(bytes_str(cases[i].good[j])))
				fail_msg("refuses %s", cases[i].good[j]);
		for (j = 0; j < 16 && cases[i].bad[j] != NULL; j++)
			if (cases[i].is(bytes_str(cases[i].bad[j])))
				fail_msg("takes %s", cases[i].bad[j]);
	}
}

/* One wrong character anywhere makes a recipient another, or none. */
static void
every_changed_character_breaks_a_recipient(void **state)
{
	static const char set[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7lbio1A";
	char text[] = FIXTURE_AGE_0;
	size_t i, j;
	char was;

	(void)state;
	for (i = 0; i < sizeof(text) - 1; i++) {
		was = text[i];
		for (j = 0; j < sizeof(set) - 1; j++) {
			text[i] = set[j];
			if (set[j] != was)
				assert_false(grammar_is_age(bytes_str(text)));
		}
		text[i] = was;
	}
	assert_true(grammar_is_age(bytes_str(text)));
}

static void
plans_go_with_their_exports(void **state)
{
	(void)state;
	assert_true(grammar_plan_matches_export("PLAN-2020-0007",
	    "EXP-2020-0007"));
	assert_false(grammar_plan_matches_export("PLAN-2020-0007",
	    "EXP-2020-0008"));
	assert_false(grammar_plan_matches_export("PLAN-2020-0007",
	    "EXP-2021-0007"));
	assert_false(grammar_plan_matches_export("EXP-2020-0007",
	    "PLAN-2020-0007"));
}

static void
institutions_are_the_same_however_spaced(void **state)
{
	(void)state;
	assert_true(grammar_same_institution("慶應 義塾大学",
	    "慶應　義塾大学"));
	assert_true(grammar_same_institution("Keio University",
	    "keio  UNIVERSITY "));
	assert_true(grammar_same_institution("a\xc2\xa0" "b", "ab"));
	assert_true(grammar_same_institution("", " "));
	assert_false(grammar_same_institution("Keio", "Keio2"));
	assert_false(grammar_same_institution("Keio2", "Keio"));
	assert_false(grammar_same_institution("慶應", "慶応"));
}

static void
lists_of_words(void **state)
{
	CLEANUP(words_release) struct words w = {0}, other = {0};
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	assert_ok(words_parse("b a c", 3, &w));
	assert_int_equal(w.len, 3);
	assert_string_equal(w.items[0], "b");
	assert_string_equal(w.items[2], "c");
	assert_true(words_has(&w, "a"));
	assert_false(words_has(&w, "d"));
	assert_ok(words_append(&w, &out));
	assert_string_equal(buf_text(&out), "b a c");
	assert_err(words_add(&w, "a"), ERR_DUPLICATE);
	assert_ok(words_add(&w, "d"));
	assert_string_equal(w.items[0], "b");
	assert_string_equal(w.items[3], "d");
	assert_ok(words_parse("-", 3, &other));
	assert_int_equal(other.len, 0);
	assert_false(words_equal(&w, &other));
	buf_clear(&out);
	assert_ok(words_append(&other, &out));
	assert_string_equal(buf_text(&out), "-");
}

static void
bad_lists_are_refused(void **state)
{
	struct words w = {0};

	(void)state;
	assert_err(words_parse("", 3, &w), ERR_SYNTAX);
	assert_err(words_parse(" a", 3, &w), ERR_SYNTAX);
	assert_err(words_parse("a ", 3, &w), ERR_SYNTAX);
	assert_err(words_parse("a  b", 3, &w), ERR_SYNTAX);
	assert_err(words_parse("a b a", 3, &w), ERR_DUPLICATE);
	assert_err(words_parse("a b c d", 3, &w), ERR_LIMIT);
	assert_null(w.items);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_grammar_takes_its_own),
		cmocka_unit_test(every_changed_character_breaks_a_recipient),
		cmocka_unit_test(plans_go_with_their_exports),
		cmocka_unit_test(institutions_are_the_same_however_spaced),
		cmocka_unit_test(lists_of_words),
		cmocka_unit_test(bad_lists_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
