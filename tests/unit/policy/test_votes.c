#include "tests/unit/unit.h"

#include "policy/votes.h"
#include "tests/unit/policy/fixture.h"
#include "tests/unit/policy/texts.h"

#define H8(b) b b b b b b b b
#define H32(b) H8(b) H8(b) H8(b) H8(b)
#define HEAD "plan: PLAN-2020-0007\nplan-sha256: " H32("73") \
	"\nowner: 14\nseat: a\n"
#define NONCE "nonce: " H8("0a") H8("0b") "\n"

static const char approval[] = "azukari-approval v1\n" HEAD
    "charter-sha256: " H32("31") "\nledger-size: 43\nledger-root: " H32("44")
    "\napproved: 2020-05-01T02:00:00Z\nexpires: 2020-05-02T02:00:00Z\n" NONCE;
static const char release[] = "azukari-release v1\n" HEAD
    "charter-sha256: " H32("31") "\nplan-recipient: " FIXTURE_AGE_5
    "\napprovals-sha256: " H32("45") "\nshares: 4\nshares-sha256: "
    H32("46") "\n" NONCE;
static const char denial[] = "azukari-denial v1\n" HEAD
    "reason: 目的が広すぎる\ndenied: 2020-05-01T02:00:00Z\n" NONCE;
static const char revocation[] = "azukari-revocation v1\n" HEAD
    "reason: 押し間違い\nrevoked: 2020-05-01T02:00:00Z\n" NONCE;

static enum err
approval_again(struct bytes bytes, struct buf *out, struct err_info *info)
{
	CLEANUP(votes_approval_release) struct votes_approval a = {0};

	RETURN_IF(votes_approval_parse(bytes, &a, info));
	return votes_approval_write(&a, out, info);
}

static enum err
release_again(struct bytes bytes, struct buf *out, struct err_info *info)
{
	CLEANUP(votes_release_release) struct votes_release r = {0};

	RETURN_IF(votes_release_parse(bytes, &r, info));
	return votes_release_write(&r, out, info);
}

static enum err
stop_again(struct bytes bytes, enum votes_stop_kind kind, struct buf *out,
    struct err_info *info)
{
	CLEANUP(votes_stop_release) struct votes_stop s = {0};

	RETURN_IF(votes_stop_parse(bytes, kind, &s, info));
	return votes_stop_write(&s, out, info);
}

static enum err
denial_again(struct bytes bytes, struct buf *out, struct err_info *info)
{
	return stop_again(bytes, VOTES_DENIAL, out, info);
}

static enum err
revocation_again(struct bytes bytes, struct buf *out, struct err_info *info)
{
	return stop_again(bytes, VOTES_REVOCATION, out, info);
}

static const struct {
	const char *text;
	texts_again_fn again;
} kinds[] = {
	{approval, approval_again}, {release, release_again},
	{denial, denial_again}, {revocation, revocation_again},
};

static void
each_reads_back(void **state)
{
	CLEANUP(votes_approval_release) struct votes_approval a = {0};
	CLEANUP(votes_release_release) struct votes_release r = {0};
	CLEANUP(votes_stop_release) struct votes_stop s = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kinds); i++)
		texts_reads_back(kinds[i].text, kinds[i].again);
	assert_ok(votes_approval_parse(bytes_str(approval), &a, NULL));
	assert_string_equal(a.seat, "a");
	assert_int_equal(a.ledger_size, 43);
	assert_int_equal(a.nonce[15], 0x0b);
	assert_true(a.expires_unix_s - a.approved_unix_s == 86400);
	assert_ok(votes_release_parse(bytes_str(release), &r, NULL));
	assert_int_equal(r.shares, 4);
	assert_string_equal(r.plan_recipient, FIXTURE_AGE_5);
	assert_ok(votes_stop_parse(bytes_str(denial), VOTES_DENIAL, &s,
	    NULL));
	assert_int_equal(s.kind, VOTES_DENIAL);
	assert_string_equal(s.reason, "目的が広すぎる");
}

static void
no_kind_passes_for_another(void **state)
{
	CLEANUP(buf_release) struct buf out = {0};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kinds); i++)
		for (j = 0; j < ARRAY_LEN(kinds); j++)
			if (i != j)
				assert_err(kinds[i].again(
				    bytes_str(kinds[j].text), &out, NULL),
				    ERR_SYNTAX);
}

static void
bits_and_cuts(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		texts_flip_every_bit(kinds[i].text, kinds[i].again);
		texts_cut_everywhere(kinds[i].text, kinds[i].again);
	}
}

static void
every_rule_has_its_refusal(void **state)
{
	static const struct texts_case all[] = {
		{"plan: PLAN-2020-0007", "plan: EXP-2020-0007", ERR_SYNTAX,
		    "plan"},
		{"plan-sha256: 73", "plan-sha256: ", ERR_SYNTAX,
		    "plan-sha256"},
		{"owner: 14", "owner: 00", ERR_SYNTAX, "owner"},
		{"seat: a", "seat: A", ERR_SYNTAX, "seat"},
		{"seat: a", "seat: a b", ERR_SYNTAX, "seat"},
		{"nonce: 0a", "nonce: ", ERR_SYNTAX, "nonce"},
		{"owner: 14", "owner: 14\nowner: 14", ERR_DUPLICATE, NULL},
	};
	static const struct texts_case of_approval[] = {
		{"ledger-size: 43", "ledger-size: 0", ERR_RANGE,
		    "ledger-size"},
		{"expires: 2020-05-02", "expires: 2020-05-01", ERR_RANGE,
		    "expires"},
		{"approved: 2020-05-01T02:00:00Z", "approved: 2020-05-01",
		    ERR_SYNTAX, "approved"},
	};
	static const struct texts_case of_release[] = {
		{"shares: 4", "shares: 0", ERR_RANGE, "shares"},
		{"shares: 4", "shares: 10002", ERR_RANGE, "shares"},
		{"plan-recipient: age1", "plan-recipient: age2", ERR_SYNTAX,
		    "plan-recipient"},
	};
	static const struct texts_case of_denial[] = {
		{"reason: 目的が広すぎる", "reason: -", ERR_SYNTAX, "reason"},
		{"denied: 2020", "denied: 20", ERR_SYNTAX, "denied"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(kinds); i++)
		texts_offences(kinds[i].text, kinds[i].again, all,
		    ARRAY_LEN(all));
	texts_offences(approval, approval_again, of_approval,
	    ARRAY_LEN(of_approval));
	texts_offences(release, release_again, of_release,
	    ARRAY_LEN(of_release));
	texts_offences(denial, denial_again, of_denial,
	    ARRAY_LEN(of_denial));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reads_back),
		cmocka_unit_test(no_kind_passes_for_another),
		cmocka_unit_test(bits_and_cuts),
		cmocka_unit_test(every_rule_has_its_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
