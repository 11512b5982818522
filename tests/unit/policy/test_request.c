#include "tests/unit/unit.h"

#include "policy/request.h"
#include "tests/unit/policy/fixture.h"
#include "tests/unit/policy/texts.h"

static enum err
again(struct bytes bytes, struct buf *out, struct err_info *info)
{
	CLEANUP(request_release) struct request r = {0};

	RETURN_IF(request_parse(bytes, &r, info));
	return request_write(&r, out, info);
}

static void
values_are_read(void **state)
{
	CLEANUP(request_release) struct request r = {0};

	(void)state;
	assert_ok(request_parse(bytes_str(fixture_request), &r, NULL));
	assert_string_equal(r.id, "REQ-2020-keio-1");
	assert_int_equal(r.purpose.len, 2);
	assert_string_equal(r.disease.items[0], "MONDO:0100096");
	assert_true(r.has_ethics_expiry);
	assert_true(words_has(&r.owners, "14"));
	assert_string_equal(r.survey_name, "corona");
	assert_int_equal(r.survey_version, 1);
	assert_int_equal(r.fields.len, 5);
	assert_int_equal(r.period_to_day - r.period_from_day, 25);
	assert_null(r.supersedes);
	assert_int_equal(r.nonce[15], 0x1f);
	texts_reads_back(fixture_request, again);
}

static void
none_is_written_as_a_dash(void **state)
{
	(void)state;
	texts_reads_back(fixture_with(fixture_with(fixture_with(
	    fixture_request, "ethics-approval: 2020-77", "ethics-approval: -"),
	    "ethics-expiry: 2020-12-31", "ethics-expiry: -"),
	    "supersedes: -", "supersedes: EXP-2020-0003"), again);
	texts_reads_back(fixture_with(fixture_request,
	    "disease: MONDO:0100096", "disease: -"), again);
}

static void
every_rule_has_its_refusal(void **state)
{
	static const struct texts_case cases[] = {
		{"REQ-2020-keio-1", "R-1", ERR_SYNTAX, "request"},
		{"project: fever", "project: Fever", ERR_SYNTAX, "project"},
		{"title: 発熱の推移", "title: -", ERR_SYNTAX, "title"},
		{"partner: keio", "partner: -", ERR_SYNTAX, "partner"},
		{"institution: 慶", "institution:  慶", ERR_SYNTAX, NULL},
		{"purpose: DUO:0000007 DUO:0000018", "purpose: -", ERR_SYNTAX,
		    "purpose"},
		{"DUO:0000018", "DUO:0000007", ERR_DUPLICATE, "purpose"},
		{"DUO:0000018", "DUO:0000001", ERR_UNKNOWN, "purpose"},
		{"DUO:0000018", "DUO:0000017", ERR_UNKNOWN, "purpose"},
		{"DUO:0000018", "DUO:0000005", ERR_UNKNOWN, "purpose"},
		{"DUO:0000018", "DUO_0000018", ERR_UNKNOWN, "purpose"},
		{"DUO:0000018", " DUO:0000018", ERR_SYNTAX, "purpose"},
		{"MONDO:0100096", "covid", ERR_SYNTAX, "disease"},
		{"legal-basis: consent", "legal-basis: -", ERR_SYNTAX,
		    "legal-basis"},
		{"ethics-expiry: 2020-12-31", "ethics-expiry: -", ERR_RANGE,
		    "ethics-expiry"},
		{"ethics-approval: 2020-77", "ethics-approval: -", ERR_RANGE,
		    "ethics"},
		{"ethics-expiry: 2020-12-31", "ethics-expiry: 2020-02-30",
		    ERR_RANGE, "ethics-expiry"},
		{"owners: 11 14", "owners: -", ERR_SYNTAX, "owners"},
		{"owners: 11 14", "owners: 11 48", ERR_SYNTAX, "owners"},
		{"owners: 11 14", "owners: 14 14", ERR_DUPLICATE, "owners"},
		{"survey: corona 1", "survey: corona", ERR_SYNTAX, "survey"},
		{"survey: corona 1", "survey: corona 0", ERR_SYNTAX,
		    "survey"},
		{"survey: corona 1", "survey: corona 65536", ERR_SYNTAX,
		    "survey"},
		{"survey: corona 1", "survey: corona 1 1", ERR_SYNTAX,
		    "survey"},
		{"survey: corona 1", "survey: corona 01", ERR_SYNTAX,
		    "survey"},
		{"fields: Q03", "fields: Q-3", ERR_SYNTAX, "fields"},
		{"fields: Q03 Q04 Q05 Q08 Q09", "fields: -", ERR_SYNTAX,
		    "fields"},
		{"Q03 Q04", "Q03 Q03", ERR_DUPLICATE, "fields"},
		{"2020-03-05..2020-03-30", "2020-03-05..2020-03-04",
		    ERR_RANGE, "period"},
		{"2020-03-05..2020-03-30", "2020-03-05-2020-03-30",
		    ERR_SYNTAX, "period"},
		{"2020-03-05..2020-03-30", "2020-03-05..2020-03-32",
		    ERR_SYNTAX, "period"},
		{"recipient: age1", "recipient: AGE1", ERR_SYNTAX,
		    "recipient"},
		{"requester-key: ssh-ed25519", "requester-key: ssh-rsa",
		    ERR_SYNTAX, "requester-key"},
		{"retention-until: 2022-03-31", "retention-until: -",
		    ERR_SYNTAX, "retention-until"},
		{"supersedes: -", "supersedes: PLAN-2020-0001", ERR_SYNTAX,
		    "supersedes"},
		{"expires: 2020-07-31", "expires: 2020-04-30", ERR_RANGE,
		    "expires"},
		{"T00:00:00Z\nexpires", "T00:00:00+09:00\nexpires",
		    ERR_SYNTAX, "created"},
		{"nonce: 10", "nonce: 1G", ERR_SYNTAX, "nonce"},
		{"owners: 11 14\n", "", ERR_SYNTAX, NULL},
	};

	(void)state;
	texts_offences(fixture_request, again, cases, ARRAY_LEN(cases));
}

static void
bits_and_cuts(void **state)
{
	(void)state;
	texts_flip_every_bit(fixture_request, again);
	texts_cut_everywhere(fixture_request, again);
}

static void
what_could_not_be_read_is_not_written(void **state)
{
	CLEANUP(request_release) struct request r = {0};
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	assert_ok(request_parse(bytes_str(fixture_request), &r, NULL));
	r.period_to_day = r.period_from_day - 1;
	assert_err(request_write(&r, &out, NULL), ERR_RANGE);
	assert_int_equal(out.len, 0);
	r.period_to_day = r.period_from_day;
	r.title = NULL;
	assert_err(request_write(&r, &out, NULL), ERR_SYNTAX);
	r.title = "x";
	words_release(&r.fields);
	assert_err(request_write(&r, &out, NULL), ERR_SYNTAX);
	assert_ok(words_add(&r.fields, "Q03"));
	assert_ok(request_write(&r, &out, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(none_is_written_as_a_dash),
		cmocka_unit_test(every_rule_has_its_refusal),
		cmocka_unit_test(bits_and_cuts),
		cmocka_unit_test(what_could_not_be_read_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
