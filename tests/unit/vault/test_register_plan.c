#include "tests/unit/vault/fixture.h"

#include "vault/register_plan.h"

static struct register_store *
open_register(const char *name)
{
	struct register_store *r = NULL;

	assert_ok(register_open(fixture_path(name), DB_CREATE, fixture_key(1),
	    &r));
	return r;
}

static struct register_plan
plan_of(unsigned n)
{
	struct register_plan p = {
		.owner = "14", .request = "REQ-1", .project = "colds",
		.partner = "keio", .sha256 = {(uint8_t)n},
		.plan_recipient = {(uint8_t)n}, .frozen_unix_s = 100 + n,
		.expires_unix_s = 1000,
	};

	snprintf(p.id, sizeof(p.id), "PLAN-2020-%04u", n);
	snprintf(p.export_id, sizeof(p.export_id), "EXP-2020-%04u", n);
	return p;
}

static int64_t
add_plan(struct register_store *r, struct register_plan p, enum err expected)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(register_db(r), &tx));
	p.act = fixture_act(register_db(r), ACTLOG_GRANT);
	assert_err(register_plan_add(r, &p), expected);
	if (expected == ERR_OK)
		assert_ok(db_tx_commit(&tx));
	return p.act;
}

static int64_t
move(struct register_store *r, unsigned n, enum register_plan_state to,
    enum actlog_class class_, enum err expected)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct register_plan p = plan_of(n);
	int64_t act;

	assert_ok(db_tx_begin(register_db(r), &tx));
	act = fixture_act(register_db(r), class_);
	assert_err(register_plan_move(r, p.id, to, "why", 200, act),
	    expected);
	if (expected == ERR_OK)
		assert_ok(db_tx_commit(&tx));
	return act;
}

static void
expect_state(struct register_store *r, unsigned n,
    enum register_plan_state state)
{
	struct register_plan p = plan_of(n), got;

	assert_ok(register_plan_get(r, p.id, &got));
	assert_int_equal(got.state, state);
}

static void
make_void(struct register_store *r, int64_t act)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(register_db(r), &tx));
	assert_ok(actlog_mark_void(register_db(r), act));
	assert_ok(db_tx_commit(&tx));
}

static void
test_numbers(void **state)
{
	struct register_store *r = open_register("numbers");
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	unsigned n = 0;

	(void)state;
	assert_err(register_plan_next_number(r, 2020, &n), ERR_STATE);
	assert_ok(db_tx_begin(register_db(r), &tx));
	assert_ok(register_plan_next_number(r, 2020, &n));
	assert_int_equal(n, 1);
	assert_ok(register_plan_next_number(r, 2020, &n));
	assert_int_equal(n, 2);
	assert_ok(register_plan_next_number(r, 2021, &n));
	assert_int_equal(n, 1);
	assert_ok(db_tx_commit(&tx));
	register_close(r);
}

static void
test_plan_life(void **state)
{
	struct register_store *r = open_register("life");
	struct register_plan got;
	int64_t act;

	(void)state;
	act = add_plan(r, plan_of(1), ERR_OK);
	assert_err(register_plan_get(r, "PLAN-2020-0001", &got),
	    ERR_NOT_FOUND);
	move(r, 1, REGISTER_PLAN_STARTED, ACTLOG_GRANT, ERR_NOT_FOUND);
	fixture_log(register_db(r), act);
	assert_ok(register_plan_get(r, "PLAN-2020-0001", &got));
	assert_int_equal(got.state, REGISTER_PLAN_FROZEN);
	assert_string_equal(got.partner, "keio");
	assert_int_equal(got.plan_recipient[0], 1);
	assert_int_equal(got.expires_unix_s, 1000);
	move(r, 1, REGISTER_PLAN_FROZEN, ACTLOG_GRANT, ERR_STATE);
	move(r, 1, REGISTER_PLAN_DONE, ACTLOG_GRANT, ERR_STATE);
	act = move(r, 1, REGISTER_PLAN_STARTED, ACTLOG_GRANT, ERR_OK);
	/* a queued move is not there yet, and blocks every other */
	expect_state(r, 1, REGISTER_PLAN_FROZEN);
	move(r, 1, REGISTER_PLAN_ENDED, ACTLOG_STOP, ERR_STATE);
	make_void(r, act);
	expect_state(r, 1, REGISTER_PLAN_FROZEN);
	fixture_log(register_db(r), move(r, 1, REGISTER_PLAN_STARTED,
	    ACTLOG_GRANT, ERR_OK));
	expect_state(r, 1, REGISTER_PLAN_STARTED);
	act = move(r, 1, REGISTER_PLAN_ENDED, ACTLOG_STOP, ERR_OK);
	expect_state(r, 1, REGISTER_PLAN_ENDED);
	fixture_log(register_db(r), act);
	assert_ok(register_plan_get(r, "PLAN-2020-0001", &got));
	assert_string_equal(got.why, "why");
	assert_int_equal(got.state_unix_s, 200);
	move(r, 1, REGISTER_PLAN_DONE, ACTLOG_GRANT, ERR_STATE);
	register_close(r);
}

static void
test_nothing_is_used_twice(void **state)
{
	struct register_store *r = open_register("twice");
	struct register_plan p = plan_of(2);
	uint8_t recipient[32] = {1};
	int64_t act;
	int used;

	(void)state;
	assert_ok(register_plan_recipient_used(r, recipient, &used));
	assert_false(used);
	act = add_plan(r, plan_of(1), ERR_OK);
	assert_ok(register_plan_recipient_used(r, recipient, &used));
	assert_true(used);
	p.plan_recipient[0] = 1;
	add_plan(r, p, ERR_EXISTS);
	p = plan_of(2);
	p.sha256[0] = 1;
	add_plan(r, p, ERR_EXISTS);
	p = plan_of(2);
	snprintf(p.export_id, sizeof(p.export_id), "EXP-2020-0001");
	add_plan(r, p, ERR_EXISTS);
	p = plan_of(1);
	p.plan_recipient[0] = 9;
	add_plan(r, p, ERR_EXISTS);
	/* a void plan is gone, its recipient stays used */
	make_void(r, act);
	assert_ok(register_plan_recipient_used(r, recipient, &used));
	assert_true(used);
	add_plan(r, plan_of(1), ERR_EXISTS);
	p = plan_of(1);
	p.plan_recipient[0] = 9;
	add_plan(r, p, ERR_OK);
	register_close(r);
}

static enum err
append_plan(void *ctx, const struct register_plan *p)
{
	return buf_printf(ctx, "%s ", p->id + 10);
}

static void
expect_plans(struct register_store *r, const char *owner,
    enum register_plan_state state, const char *expected)
{
	CLEANUP(buf_release) struct buf got = {0};

	assert_ok(register_plan_each(r, owner, state, append_plan, &got));
	assert_string_equal(buf_text(&got), expected);
}

static void
test_plan_each(void **state)
{
	struct register_store *r = open_register("each");

	(void)state;
	fixture_log(register_db(r), add_plan(r, plan_of(2), ERR_OK));
	fixture_log(register_db(r), add_plan(r, plan_of(1), ERR_OK));
	fixture_log(register_db(r), move(r, 2, REGISTER_PLAN_STARTED,
	    ACTLOG_GRANT, ERR_OK));
	expect_plans(r, NULL, (enum register_plan_state)0, "0001 0002 ");
	expect_plans(r, "14", REGISTER_PLAN_STARTED, "0002 ");
	expect_plans(r, "13", (enum register_plan_state)0, "");
	register_close(r);
}

static struct register_export
export_of(unsigned n)
{
	struct register_export e = {
		.owner = "14", .project = "colds", .partner = "keio",
		.started_unix_s = 100 + n, .retention_until_unix_s = 9000,
	};

	snprintf(e.id, sizeof(e.id), "EXP-2020-%04u", n);
	snprintf(e.plan, sizeof(e.plan), "PLAN-2020-%04u", n);
	return e;
}

static void
add_export(struct register_store *r, unsigned n)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct register_export e = export_of(n);

	assert_ok(db_tx_begin(register_db(r), &tx));
	e.act = fixture_act(register_db(r), ACTLOG_GRANT);
	assert_ok(register_export_add(r, &e));
	assert_err(register_export_add(r, &e), ERR_EXISTS);
	assert_ok(actlog_mark_logged(register_db(r), e.act, 1));
	assert_ok(db_tx_commit(&tx));
}

static void
move_export(struct register_store *r, unsigned n,
    enum register_export_state to, enum err expected)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct register_export e = export_of(n);
	int64_t act;

	assert_ok(db_tx_begin(register_db(r), &tx));
	act = fixture_act(register_db(r), ACTLOG_STOP);
	assert_err(register_export_move(r, e.id, to, NULL, 300, act),
	    expected);
	assert_ok(actlog_mark_logged(register_db(r), act, 1));
	assert_ok(db_tx_commit(&tx));
}

static int64_t
build(struct register_store *r, unsigned n, uint8_t digest)
{
	const struct register_built b = {
		.sha256sums_sha256 = {digest}, .consent_root = {2},
		.notice_book_sha256 = {3}, .file = "EXP.tar", .bytes = 4,
		.rows = 5, .respondents = 6,
	};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct register_export e = export_of(n);
	int64_t act;

	assert_ok(db_tx_begin(register_db(r), &tx));
	act = fixture_act(register_db(r), ACTLOG_GRANT);
	assert_ok(register_export_built(r, e.id, &b, 250, act));
	assert_ok(db_tx_commit(&tx));
	return act;
}

static void
test_export_life(void **state)
{
	struct register_store *r = open_register("exports");
	struct register_export got;
	struct register_built b;
	int64_t act;

	(void)state;
	add_export(r, 1);
	move_export(r, 1, REGISTER_EXPORT_RELEASED, ERR_STATE);
	move_export(r, 1, REGISTER_EXPORT_BUILT, ERR_STATE);
	move_export(r, 1, REGISTER_EXPORT_RECALLED, ERR_STATE);
	act = build(r, 1, 1);
	assert_err(register_export_get_built(r, "EXP-2020-0001", &b),
	    ERR_NOT_FOUND);
	fixture_log(register_db(r), act);
	assert_ok(register_export_get_built(r, "EXP-2020-0001", &b));
	assert_int_equal(b.sha256sums_sha256[0], 1);
	assert_int_equal(b.consent_root[0], 2);
	assert_int_equal(b.notice_book_sha256[0], 3);
	assert_string_equal(b.file, "EXP.tar");
	assert_int_equal(b.bytes + b.rows + b.respondents, 15);
	/* someone withdrew: it is built again */
	move_export(r, 1, REGISTER_EXPORT_STARTED, ERR_OK);
	assert_err(register_export_get_built(r, "EXP-2020-0001", &b),
	    ERR_NOT_FOUND);
	fixture_log(register_db(r), build(r, 1, 7));
	assert_ok(register_export_get_built(r, "EXP-2020-0001", &b));
	assert_int_equal(b.sha256sums_sha256[0], 7);
	move_export(r, 1, REGISTER_EXPORT_RELEASED, ERR_OK);
	move_export(r, 1, REGISTER_EXPORT_FAILED, ERR_STATE);
	move_export(r, 1, REGISTER_EXPORT_STARTED, ERR_STATE);
	move_export(r, 1, REGISTER_EXPORT_RECALLED, ERR_OK);
	assert_ok(register_export_get(r, "EXP-2020-0001", &got));
	assert_int_equal(got.state, REGISTER_EXPORT_RECALLED);
	assert_int_equal(got.state_unix_s, 300);
	assert_string_equal(got.why, "");
	assert_err(register_export_get(r, "EXP-2020-0009", &got),
	    ERR_NOT_FOUND);
	register_close(r);
}

static enum err
append_export(void *ctx, const struct register_export *e)
{
	return buf_printf(ctx, "%s ", e->id + 9);
}

static void
expect_exports(struct register_store *r, struct register_export_query q,
    const char *expected)
{
	CLEANUP(buf_release) struct buf got = {0};

	assert_ok(register_export_each(r, &q, append_export, &got));
	assert_string_equal(buf_text(&got), expected);
}

static void
test_export_each(void **state)
{
	struct register_store *r = open_register("exporteach");

	(void)state;
	add_export(r, 2);
	add_export(r, 1);
	move_export(r, 2, REGISTER_EXPORT_FAILED, ERR_OK);
	expect_exports(r, (struct register_export_query){0}, "0001 0002 ");
	expect_exports(r, (struct register_export_query){.owner = "13"}, "");
	expect_exports(r, (struct register_export_query){.owner = "14",
	    .partner = "keio", .project = "colds"}, "0001 0002 ");
	expect_exports(r, (struct register_export_query){.partner = "todai"},
	    "");
	expect_exports(r, (struct register_export_query){.project = "x"}, "");
	expect_exports(r, (struct register_export_query){
	    .state = REGISTER_EXPORT_FAILED}, "0002 ");
	expect_exports(r, (struct register_export_query){
	    .started_from_unix_s = 102}, "0002 ");
	register_close(r);
}

static enum err
append_duty(void *ctx, const struct register_duty *d)
{
	return buf_printf(ctx, "%d %s %s %d @%d\n", (int)d->kind, d->partner,
	    d->export_id, (int)d->number, (int)d->due_unix_s);
}

static void
expect_duties(struct register_store *r, const char *owner, int64_t until,
    const char *expected)
{
	CLEANUP(buf_release) struct buf got = {0};

	assert_ok(register_duty_each_open(r, owner, until, append_duty,
	    &got));
	assert_string_equal(buf_text(&got), expected);
}

static void
test_duties(void **state)
{
	struct register_store *r = open_register("duties");
	struct register_duty receipt = {
		.kind = REGISTER_DUTY_RECEIPT, .owner = "14",
		.partner = "keio", .export_id = "EXP-2020-0001",
		.due_unix_s = 50,
	};
	struct register_duty notice = receipt;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	int64_t act;

	(void)state;
	notice.kind = REGISTER_DUTY_NOTICE;
	notice.number = 3;
	notice.due_unix_s = 20;
	assert_ok(db_tx_begin(register_db(r), &tx));
	act = fixture_act(register_db(r), ACTLOG_GRANT);
	receipt.act = notice.act = act;
	assert_ok(register_duty_add(r, &receipt));
	assert_err(register_duty_add(r, &receipt), ERR_EXISTS);
	assert_ok(register_duty_add(r, &notice));
	assert_ok(db_tx_commit(&tx));
	expect_duties(r, NULL, INT64_MAX, "");
	fixture_log(register_db(r), act);
	expect_duties(r, NULL, INT64_MAX, "3 keio EXP-2020-0001 3 @20\n"
	    "1 keio EXP-2020-0001 0 @50\n");
	expect_duties(r, "14", 49, "3 keio EXP-2020-0001 3 @20\n");
	expect_duties(r, "13", INT64_MAX, "");
	assert_ok(db_tx_begin(register_db(r), &tx));
	act = fixture_act(register_db(r), ACTLOG_STOP);
	notice.number = 4;
	assert_err(register_duty_done(r, &notice, 30, act), ERR_NOT_FOUND);
	notice.number = 3;
	assert_ok(register_duty_done(r, &notice, 30, act));
	assert_err(register_duty_done(r, &notice, 30, act), ERR_NOT_FOUND);
	assert_ok(db_tx_commit(&tx));
	expect_duties(r, NULL, INT64_MAX, "1 keio EXP-2020-0001 0 @50\n");
	register_close(r);
}

static void
test_notice_numbers(void **state)
{
	struct register_store *r = open_register("notices");
	struct register_document d = {
		.kind = REGISTER_NOTICE, .owner = "14", .subject = "keio",
		.version = 1, .sha256 = {0xaa},
	};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	static const uint8_t none[32];
	uint8_t previous[32] = {1};
	uint64_t n;
	int64_t id;

	(void)state;
	assert_err(register_notice_next(r, "14", "keio", &n, previous),
	    ERR_STATE);
	assert_ok(db_tx_begin(register_db(r), &tx));
	assert_ok(register_notice_next(r, "14", "keio", &n, previous));
	assert_int_equal(n, 1);
	assert_memory_equal(previous, none, 32);
	d.act = fixture_act(register_db(r), ACTLOG_STOP);
	assert_ok(register_document_add(r, &d, bytes_str("n"), &id));
	assert_ok(register_notice_next(r, "14", "keio", &n, previous));
	assert_int_equal(n, 2);
	assert_int_equal(previous[0], 0xaa);
	assert_ok(register_notice_next(r, "14", "todai", &n, previous));
	assert_int_equal(n, 1);
	/* a number is not given twice, even by a mistake above */
	assert_err(register_document_add(r, &d, bytes_str("n"), &id),
	    ERR_EXISTS);
	assert_ok(db_tx_commit(&tx));
	register_close(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_plan_life),
		cmocka_unit_test(test_nothing_is_used_twice),
		cmocka_unit_test(test_plan_each),
		cmocka_unit_test(test_export_life),
		cmocka_unit_test(test_export_each),
		cmocka_unit_test(test_duties),
		cmocka_unit_test(test_notice_numbers),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
