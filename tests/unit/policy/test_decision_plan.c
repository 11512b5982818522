/* A plan held against its request, and votes counted into a grant. */
#include "tests/unit/unit.h"

#include "tests/unit/policy/fixture.h"

/* ---- the plan ---- */

static void
check(struct fixture *f, struct decision *d)
{
	assert_ok(decision_check_plan(&f->c, &f->plan, &f->plan_facts, d));
}

/* The one reason that is not a note; its rule. */
static const struct reason *
only_reason(const struct decision *d)
{
	const struct reason *ret = NULL;
	size_t i, n = 0;

	for (i = 0; i < d->reasons.len; i++) {
		if (d->reasons.items[i].weight == REASON_NOTE)
			continue;
		ret = &d->reasons.items[i];
		n++;
	}
	if (n != 1)
		for (i = 0; i < d->reasons.len; i++)
			printf("# %s: %s\n", d->reasons.items[i].rule,
			    d->reasons.items[i].en);
	if (n != 1 || ret == NULL)
		fail_msg("%zu reasons", n);
	return ret;
}

static void
a_true_plan_passes_and_reads_back_the_same(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0}, again = {0};
	CLEANUP(plan_release) struct plan back = {0};
	CLEANUP(buf_release) struct buf text = {0};

	(void)state;
	fixture_init(&f, NULL);
	fixture_plan(&f);
	check(&f, &d);
	assert_int_equal(d.verdict, DECISION_ELIGIBLE);
	/* the officer's tool has it from the text */
	assert_ok(plan_write(&f.plan, &text, NULL));
	assert_ok(plan_parse(bytes_buf(&text), &back, NULL));
	assert_ok(decision_check_plan(&f.c, &back, &f.plan_facts, &again));
	assert_int_equal(again.verdict, DECISION_ELIGIBLE);
}

#define CHANGE(name, what)                         \
	static void change_##name(struct fixture *f) \
	{                                          \
		struct plan *p = &f->plan;         \
		(void)p;                           \
		what;                              \
	}
CHANGE(owner, p->owner = "13"; f->epochs.owner = "13")
CHANGE(request, p->request_sha256[0] ^= 1)
CHANGE(request_sig, p->request_sig_sha256[0] ^= 1)
CHANGE(policy, p->policy_sha256[0] ^= 1)
CHANGE(version, p->policy_version++)
CHANGE(charter, p->charter_sha256[0] ^= 1)
CHANGE(threshold, p->threshold = 1)
CHANGE(origin, p->ledger_origin = "other.example/log")
CHANGE(witness, p->has_witness_policy = 1)
CHANGE(gateway, p->gateway_key = FIXTURE_SSH_7)
CHANGE(partner, p->partner = "kyodai")
CHANGE(institution, p->partner_institution = "京都大学")
CHANGE(recipient, p->recipient = FIXTURE_AGE_7)
CHANGE(recipient_sha, p->recipient_sha256[0] ^= 1)
CHANGE(fingerprint, p->requester_fingerprint =
    "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
CHANGE(project, p->project = "other")
CHANGE(survey, p->survey_sha256[0] ^= 1)
CHANGE(survey_version, p->survey_version++)
CHANGE(column_level, p->columns[3].from = 0)
CHANGE(column_ladder, p->columns[3].ladder[0] = '\0')
CHANGE(column_field, memcpy(p->columns[0].field, "Q10", 4))
CHANGE(column_less, p->columns_len--)
CHANGE(text_scopes, p->texts[0].scopes |= 1)
CHANGE(text_other, p->texts[0].sha256[31] ^= 1)
CHANGE(text_none, p->texts_len = 0)
CHANGE(k, p->k--)
CHANGE(limit, p->suppression_limit++)
CHANGE(cell, p->minimum_cell = 1)
CHANGE(purpose, assert_ok(words_add(&p->purpose, "DUO:0000042")))
CHANGE(disease, words_release(&p->disease))
CHANGE(basis, p->legal_basis = "statute")
CHANGE(ethics, p->ethics_approval = NULL)
CHANGE(ethics_day, p->ethics_expiry_day++)
CHANGE(period, p->period_to_day++)
CHANGE(retention, p->retention_until_day++)
CHANGE(supersedes, p->supersedes = "EXP-2020-0001")
CHANGE(byte_release, p->byte_release = 1)
CHANGE(denial, p->denial_is_vote = 1)
CHANGE(scheme, p->scheme_sha256[0] ^= 1)
CHANGE(expired, p->expires_unix_s = FIXTURE_NOW)
CHANGE(lasting, p->expires_unix_s = p->frozen_unix_s + 30 * 86400 + 1)
CHANGE(future, p->frozen_unix_s = FIXTURE_NOW + 601)
CHANGE(epoch_count, p->epochs++)
CHANGE(epoch_digest, p->epochs_sha256[0] ^= 1)
CHANGE(epoch_owner, f->epochs.owner = "13")
CHANGE(epoch_plan, f->epochs.plan = "PLAN-2020-0008")
CHANGE(epoch_day, f->epochs.items[2].day += 60)
CHANGE(epoch_none, f->plan_facts.epochs = NULL)
CHANGE(unsigned_plan, f->plan_facts.signature_ok = 0)
CHANGE(unlogged, f->plan_facts.logged = 0)
CHANGE(reused, f->plan_facts.recipient_fresh = 0)

static void
every_difference_is_named(void **state)
{
	static const struct {
		void (*change)(struct fixture *f);
		enum reason_code want;
		const char *rule;
	} cases[] = {
#define DIFFERS(name, key) \
		{change_##name, REASON_PLAN_DIFFERS, "plan: " key}
		DIFFERS(owner, "owner"),
		DIFFERS(request, "request-sha256"),
		DIFFERS(request_sig, "request-sig-sha256"),
		DIFFERS(policy, "policy-sha256"),
		DIFFERS(version, "policy-version"),
		DIFFERS(charter, "charter-sha256"),
		DIFFERS(threshold, "threshold"),
		DIFFERS(origin, "ledger-origin"),
		DIFFERS(witness, "witness-policy-sha256"),
		DIFFERS(gateway, "gateway-key"),
		DIFFERS(partner, "partner"),
		DIFFERS(institution, "partner-institution"),
		DIFFERS(recipient, "recipient"),
		DIFFERS(recipient_sha, "recipient-sha256"),
		DIFFERS(fingerprint, "requester-fingerprint"),
		DIFFERS(project, "project"),
		DIFFERS(survey, "survey"),
		DIFFERS(survey_version, "survey"),
		DIFFERS(column_level, "column"),
		DIFFERS(column_ladder, "column"),
		DIFFERS(column_field, "column"),
		DIFFERS(column_less, "column"),
		DIFFERS(text_scopes, "consent-text"),
		DIFFERS(text_other, "consent-text"),
		DIFFERS(text_none, "consent-text"),
		DIFFERS(k, "k"),
		DIFFERS(limit, "suppression-limit"),
		DIFFERS(cell, "minimum-cell"),
		DIFFERS(purpose, "purpose"),
		DIFFERS(disease, "disease"),
		DIFFERS(basis, "legal-basis"),
		DIFFERS(ethics, "ethics-approval"),
		DIFFERS(ethics_day, "ethics-expiry"),
		DIFFERS(period, "period"),
		DIFFERS(retention, "retention-until"),
		DIFFERS(supersedes, "supersedes"),
		DIFFERS(byte_release, "byte-release"),
		DIFFERS(denial, "denial-rule"),
		DIFFERS(scheme, "scheme-sha256"),
		{change_expired, REASON_PLAN_EXPIRED, "plan: expires"},
		{change_lasting, REASON_PLAN_LASTS_TOO_LONG,
		    "policy: plan_valid_days"},
		{change_future, REASON_PLAN_FROM_FUTURE, "plan: frozen"},
		{change_epoch_count, REASON_PLAN_EPOCHS, "plan: epochs"},
		{change_epoch_digest, REASON_PLAN_EPOCHS, "plan: epochs"},
		{change_epoch_owner, REASON_PLAN_EPOCHS, "plan: epochs"},
		{change_epoch_plan, REASON_PLAN_EPOCHS, "plan: epochs"},
		{change_epoch_day, REASON_PLAN_EPOCHS, "plan: epochs"},
		{change_epoch_none, REASON_PLAN_EPOCHS, "plan: epochs"},
		{change_unsigned_plan, REASON_PLAN_SIGNATURE,
		    "charter: gateway-key"},
		{change_unlogged, REASON_PLAN_NOT_LOGGED,
		    "plan: ledger-origin"},
		{change_reused, REASON_PLAN_RECIPIENT_REUSED,
		    "plan: plan-recipient"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(fixture_release) struct fixture f;
		CLEANUP(decision_release) struct decision d = {0};
		CLEANUP(decision_release) struct decision e = {0};
		CLEANUP(grant_cleanup) struct grant *g = NULL;
		const struct reason *r;

		fixture_init(&f, NULL);
		fixture_plan(&f);
		cases[i].change(&f);
		check(&f, &d);
		assert_int_equal(d.verdict, DECISION_REFUSED);
		r = only_reason(&d);
		if (r == NULL)
			return;
		assert_int_equal(r->code, cases[i].want);
		assert_string_equal(r->rule, cases[i].rule);
		/* and no votes make up for it */
		fixture_votes(&f, 3);
		assert_err(decision_grant(&f.c, &f.plan, &f.plan_facts, &e, &g), ERR_REFUSED);
		assert_null(g);
	}
}

static void
differences_are_all_named_at_once(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};

	(void)state;
	fixture_init(&f, NULL);
	fixture_plan(&f);
	change_k(&f);
	change_period(&f);
	change_text_other(&f);
	change_epoch_count(&f);
	change_unlogged(&f);
	f.c.facts.request_signature_ok = 0;
	check(&f, &d);
	/* columns and texts of a refused request are not compared */
	assert_int_equal(reasons_count(&d.reasons, REASON_REFUSE), 5);
	assert_true(reasons_have(&d.reasons, REASON_REQUEST_SIGNATURE));
}

/* What was good when it was frozen may be over when it is exported. */
static void
a_plan_is_decided_anew_each_time(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0};

	(void)state;
	fixture_init(&f, NULL);
	fixture_plan(&f);
	f.c.facts.now_unix_s += 6 * 86400;
	check(&f, &d);
	assert_int_equal(d.verdict, DECISION_ELIGIBLE);
	decision_release(&d);
	f.policy.valid_until_day = f.policy.valid_from_day;
	check(&f, &d);
	assert_int_equal(d.verdict, DECISION_REFUSED);
	assert_true(reasons_have(&d.reasons, REASON_POLICY_OVER));
}

/* ---- votes ---- */

static enum err
tally(struct fixture *f, struct decision_tally *t, struct reasons *r)
{
	const struct decision_ballot b = {&f->plan, &f->charter,
	    f->plan_facts.plan_sha256, &f->votes, FIXTURE_NOW};

	return decision_tally(&b, t, r);
}

static enum err
vote(struct fixture *f, struct decision *d, struct decision_tally *t)
{
	CLEANUP(grant_cleanup) struct grant *g = NULL;
	CLEANUP(reasons_release) struct reasons r = {0};
	enum err e = decision_grant(&f->c, &f->plan, &f->plan_facts, d, &g);

	assert_int_equal(g != NULL, e == ERR_OK);
	assert_ok(tally(f, t, &r));
	assert_int_equal(t->granted && !t->ended, e == ERR_OK);
	return e;
}

static void
t_seats_make_a_grant_and_fewer_none(void **state)
{
	static const enum err want[] = {ERR_THRESHOLD, ERR_THRESHOLD, ERR_OK,
	    ERR_OK};
	struct decision_tally t;
	size_t i;

	(void)state;
	for (i = 0; i <= 3; i++) {
		CLEANUP(fixture_release) struct fixture f;
		CLEANUP(decision_release) struct decision d = {0};

		fixture_init(&f, NULL);
		fixture_plan(&f);
		fixture_votes(&f, i);
		assert_err(vote(&f, &d, &t), want[i]);
		assert_int_equal(t.approved, (1u << i) - 1);
		assert_int_equal(t.needed, 2);
		assert_int_equal(reasons_have(&d.reasons,
		    REASON_VOTES_MISSING), i < 2);
		assert_false(t.ended);
	}
}

#define SPOIL(name, what)                         \
	static void spoil_##name(struct fixture *f) \
	{                                         \
		struct votes_approval *a = &f->approvals[1]; \
		struct decision_approval *v = &f->approved[1]; \
		(void)a;                          \
		(void)v;                          \
		what;                             \
	}
SPOIL(signature, v->signature_ok = 0)
SPOIL(logged, v->logged = 0)
SPOIL(plan, a->plan = "PLAN-2020-0008")
SPOIL(digest, a->plan_sha256[7] ^= 1)
SPOIL(owner, a->owner = "13")
SPOIL(charter, a->charter_sha256[7] ^= 1)
SPOIL(seat, a->seat = "d")
SPOIL(expired, a->expires_unix_s = FIXTURE_NOW)
SPOIL(future, a->approved_unix_s = FIXTURE_NOW + 601)
SPOIL(early, a->approved_unix_s = f->plan.frozen_unix_s - 601)
SPOIL(twice, a->seat = "a")

static void
a_vote_that_is_not_one_does_not_count(void **state)
{
	static const struct {
		void (*spoil)(struct fixture *f);
		enum reason_code want;
	} cases[] = {
		{spoil_signature, REASON_VOTE_SIGNATURE},
		{spoil_logged, REASON_VOTE_NOT_LOGGED},
		{spoil_plan, REASON_VOTE_FOREIGN},
		{spoil_digest, REASON_VOTE_FOREIGN},
		{spoil_owner, REASON_VOTE_FOREIGN},
		{spoil_charter, REASON_VOTE_FOREIGN},
		{spoil_seat, REASON_VOTE_FOREIGN},
		{spoil_expired, REASON_VOTE_EXPIRED},
		{spoil_future, REASON_VOTE_EXPIRED},
		{spoil_early, REASON_VOTE_EXPIRED},
		{spoil_twice, REASON_VOTE_TWICE},
	};
	struct decision_tally t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(fixture_release) struct fixture f;
		CLEANUP(decision_release) struct decision d = {0};
		CLEANUP(decision_release) struct decision e = {0};

		fixture_init(&f, NULL);
		fixture_plan(&f);
		fixture_votes(&f, 2);
		cases[i].spoil(&f);
		assert_err(vote(&f, &d, &t), ERR_THRESHOLD);
		assert_true(reasons_have(&d.reasons, cases[i].want));
		assert_int_equal(t.approved, 1);
		/* it stands in nobody's way either */
		fixture_votes(&f, 3);
		cases[i].spoil(&f);
		assert_err(vote(&f, &e, &t), ERR_OK);
		assert_int_equal(t.approved, 5);
	}
}

static void
a_denial_is_a_veto_unless_the_policy_says_vote(void **state)
{
	CLEANUP(fixture_release) struct fixture f, g;
	CLEANUP(decision_release) struct decision d = {0}, e = {0}, h = {0};
	const struct fixture_texts texts = {.policy = fixture_with(
	    fixture_policy, "\"denial\":\"veto\"", "\"denial\":\"vote\"")};
	struct decision_tally t;

	(void)state;
	fixture_init(&f, NULL);
	fixture_plan(&f);
	fixture_votes(&f, 2);
	fixture_stop(&f, VOTES_DENIAL, 2);
	assert_err(vote(&f, &d, &t), ERR_REFUSED);
	assert_true(t.ended);
	assert_int_equal(t.denied, 4);
	assert_true(reasons_have(&d.reasons, REASON_DENIED));
	/* as a vote it only takes its own seat away */
	fixture_init(&g, &texts);
	fixture_plan(&g);
	fixture_votes(&g, 2);
	fixture_stop(&g, VOTES_DENIAL, 2);
	assert_err(vote(&g, &e, &t), ERR_OK);
	assert_false(t.ended);
	/* two of three: t can no more be reached */
	fixture_stop(&g, VOTES_DENIAL, 1);
	assert_err(vote(&g, &h, &t), ERR_REFUSED);
	assert_true(t.ended);
	assert_int_equal(t.approved, 1);
}

static void
a_revocation_takes_its_approval_back(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0}, e = {0}, h = {0};
	struct decision_tally t;

	(void)state;
	fixture_init(&f, NULL);
	fixture_plan(&f);
	fixture_votes(&f, 2);
	fixture_stop(&f, VOTES_REVOCATION, 1);
	assert_err(vote(&f, &d, &t), ERR_THRESHOLD);
	assert_true(reasons_have(&d.reasons, REASON_VOTE_REVOKED));
	assert_int_equal(t.revoked, 2);
	assert_false(t.ended);
	fixture_votes(&f, 3);
	f.votes.stops_len = 1;
	assert_err(vote(&f, &e, &t), ERR_OK);
	fixture_stop(&f, VOTES_REVOCATION, 0);
	assert_err(vote(&f, &h, &t), ERR_REFUSED);
	assert_true(t.ended);
}

static void
stops_that_are_not_ones_stop_nothing(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(decision_release) struct decision d = {0}, e = {0}, h = {0};
	struct decision_tally t;

	(void)state;
	fixture_init(&f, NULL);
	fixture_plan(&f);
	fixture_votes(&f, 2);
	fixture_stop(&f, VOTES_DENIAL, 2);
	f.stopped[0].signature_ok = 0;
	assert_err(vote(&f, &d, &t), ERR_OK);
	assert_true(reasons_have(&d.reasons, REASON_VOTE_SIGNATURE));
	f.stopped[0].signature_ok = 1;
	f.stops[0].plan_sha256[0] ^= 1;
	assert_err(vote(&f, &e, &t), ERR_OK);
	assert_true(reasons_have(&e.reasons, REASON_VOTE_FOREIGN));
	f.stops[0].plan_sha256[0] ^= 1;
	f.stops[0].seat = "keio";
	assert_err(vote(&f, &h, &t), ERR_OK);
}

static void
the_higher_threshold_counts(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(reasons_release) struct reasons r = {0};
	struct decision_tally t;

	(void)state;
	fixture_init(&f, NULL);
	fixture_plan(&f);
	fixture_votes(&f, 2);
	f.plan.threshold = 3;
	assert_ok(tally(&f, &t, &r));
	assert_int_equal(t.needed, 3);
	assert_false(t.granted);
	f.plan.threshold = 0;
	assert_ok(tally(&f, &t, &r));
	assert_int_equal(t.needed, 2);
	assert_true(t.granted);
	/* nothing asked for is nothing granted */
	f.charter.threshold = 0;
	assert_ok(tally(&f, &t, &r));
	assert_false(t.granted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_true_plan_passes_and_reads_back_the_same),
		cmocka_unit_test(every_difference_is_named),
		cmocka_unit_test(differences_are_all_named_at_once),
		cmocka_unit_test(a_plan_is_decided_anew_each_time),
		cmocka_unit_test(t_seats_make_a_grant_and_fewer_none),
		cmocka_unit_test(a_vote_that_is_not_one_does_not_count),
		cmocka_unit_test(
		    a_denial_is_a_veto_unless_the_policy_says_vote),
		cmocka_unit_test(a_revocation_takes_its_approval_back),
		cmocka_unit_test(stops_that_are_not_ones_stop_nothing),
		cmocka_unit_test(the_higher_threshold_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
