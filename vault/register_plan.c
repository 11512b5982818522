/* vault/register_plan.c - plans, exports, duties of partners. */
#include "vault/register_plan.h"

#include <string.h>

#include "vault/register_internal.h"

enum {
	NUMBER_GET, NUMBER_PUT, RECIPIENT_ADD, RECIPIENT_GET, PLAN_ADD,
	PLAN_STATE_ADD, PLAN_STATE_QUEUED, PLAN_GET, PLAN_EACH, EXPORT_ADD,
	EXPORT_STATE_ADD, EXPORT_STATE_QUEUED, EXPORT_GET, EXPORT_EACH,
	BUILT_ADD, BUILT_REMOVE, BUILT_GET, DUTY_ADD, DUTY_FIND,
	DUTY_DONE_ADD, DUTY_EACH, NOTICE_LAST,
};
#define PLAN_COLUMNS "id, owner, export_id, request, project, partner, " \
	"sha256, recipient, frozen, expires, act, state, why, at"
#define EXPORT_COLUMNS "id, owner, plan, project, partner, started, " \
	"retention_until, act, state, why, at"
static const char *const SQL[] = {
	[NUMBER_GET] = "SELECT last FROM plan_number WHERE year = ?1",
	[NUMBER_PUT] = "INSERT OR REPLACE INTO plan_number (year, last) "
	    "VALUES (?1, ?2)",
	[RECIPIENT_ADD] = "INSERT INTO plan_recipient (recipient) "
	    "VALUES (?1)",
	[RECIPIENT_GET] = "SELECT 1 FROM plan_recipient WHERE recipient = ?1",
	[PLAN_ADD] = "INSERT INTO plan_row (id, owner, export_id, request, "
	    "project, partner, sha256, recipient, frozen, expires, act) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[PLAN_STATE_ADD] = "INSERT INTO plan_state_row (plan, state, why, at, "
	    "act) VALUES (?1, ?2, ?3, ?4, ?5)",
	[PLAN_STATE_QUEUED] = "SELECT count(*) FROM plan_state_row s "
	    "JOIN act a ON a.id = s.act "
	    "WHERE s.plan = ?1 AND a.state = 0 AND a.class = 1",
	[PLAN_GET] = "SELECT " PLAN_COLUMNS " FROM plan WHERE id = ?1",
	/* ids of a year sort by length first: 9999 comes before 10000 */
	[PLAN_EACH] = "SELECT " PLAN_COLUMNS " FROM plan "
	    "WHERE (?1 IS NULL OR owner = ?1) AND (?2 = 0 OR state = ?2) "
	    "ORDER BY frozen, length(id), id",
	[EXPORT_ADD] = "INSERT INTO export_row (id, owner, plan, project, "
	    "partner, started, retention_until, act) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[EXPORT_STATE_ADD] = "INSERT INTO export_state_row (export, state, "
	    "why, at, act) VALUES (?1, ?2, ?3, ?4, ?5)",
	[EXPORT_STATE_QUEUED] = "SELECT count(*) FROM export_state_row s "
	    "JOIN act a ON a.id = s.act "
	    "WHERE s.export = ?1 AND a.state = 0 AND a.class = 1",
	[EXPORT_GET] = "SELECT " EXPORT_COLUMNS " FROM export WHERE id = ?1",
	[EXPORT_EACH] = "SELECT " EXPORT_COLUMNS " FROM export "
	    "WHERE (?1 IS NULL OR owner = ?1) AND (?2 IS NULL OR partner = ?2)"
	    " AND (?3 IS NULL OR project = ?3) AND (?4 = 0 OR state = ?4) "
	    "AND started >= ?5 ORDER BY started, length(id), id",
	[BUILT_ADD] = "INSERT INTO built_row (export, sha256sums_sha256, "
	    "consent_root, notice_book_sha256, file, bytes, rows, "
	    "respondents, act) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[BUILT_REMOVE] = "DELETE FROM built_row WHERE export = ?1",
	[BUILT_GET] = "SELECT sha256sums_sha256, consent_root, "
	    "notice_book_sha256, file, bytes, rows, respondents FROM built "
	    "WHERE export = ?1",
	[DUTY_ADD] = "INSERT INTO duty_row (kind, owner, partner, export, "
	    "number, due, act) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[DUTY_FIND] = "SELECT id FROM duty_open WHERE kind = ?1 "
	    "AND owner = ?2 AND partner = ?3 AND export = ?4 AND number = ?5",
	[DUTY_DONE_ADD] = "INSERT INTO duty_done_row (duty, at, act) "
	    "VALUES (?1, ?2, ?3)",
	[DUTY_EACH] = "SELECT id, kind, owner, partner, export, number, due, "
	    "act FROM duty_open WHERE (?1 IS NULL OR owner = ?1) "
	    "AND due <= ?2 ORDER BY due, id",
	/* notices are stop acts: each stands as soon as it is there */
	[NOTICE_LAST] = "SELECT version, sha256 FROM document "
	    "WHERE kind = 19 AND owner = ?1 AND subject = ?2 "
	    "ORDER BY version DESC LIMIT 1",
};
static const struct db_table TABLE = DB_TABLE(DB_SLOT_REGISTER_PLAN, SQL);

_Static_assert(REGISTER_NOTICE == 19, "NOTICE_LAST and document_once name it");

/* ---- numbers ---- */

static enum err
last_number(struct register_store *r, unsigned year, uint32_t *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	int row;

	RETURN_IF(db_stmt_begin(r->db, &TABLE, NUMBER_GET, &st));
	db_bind_int(&st, 1, year);
	RETURN_IF(db_step(&st, &row));
	*ret = row ? db_col_u32(&st, 0) : 0;
	return ERR_OK;
}

enum err
register_plan_next_number(struct register_store *r, unsigned year,
    unsigned *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint32_t last;

	RETURN_IF(last_number(r, year, &last));
	if (last >= 99999999)
		return ERR_LIMIT;
	RETURN_IF(db_stmt_begin(r->db, &TABLE, NUMBER_PUT, &st));
	db_bind_int(&st, 1, year);
	db_bind_int(&st, 2, (int64_t)last + 1);
	RETURN_IF(db_run(&st));
	*ret = last + 1;
	return ERR_OK;
}

/* ---- states, of plans and exports alike ---- */

static enum err
add_state(struct register_store *r, size_t statement, const char *id,
    int state, const struct register_move *m)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, statement, &st));
	db_bind_text(&st, 1, id);
	db_bind_int(&st, 2, state);
	db_bind_text(&st, 3, m->why == NULL ? "" : m->why);
	db_bind_int(&st, 4, m->at_unix_s);
	db_bind_int(&st, 5, m->act);
	return db_run(&st);
}

/* A move that waits for the ledger stands in the way of every other. */
static enum err
check_none_queued(struct register_store *r, size_t statement, const char *id)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, statement, &st));
	db_bind_text(&st, 1, id);
	RETURN_IF(db_one(&st));
	return db_col_int(&st, 0) == 0 ? ERR_OK : ERR_STATE;
}

/* ---- plans ---- */

enum err
register_plan_recipient_used(struct register_store *r,
    const uint8_t recipient[32], int *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, RECIPIENT_GET, &st));
	db_bind_blob(&st, 1, recipient, 32);
	return db_step(&st, ret);
}

static enum err
add_recipient(struct register_store *r, const uint8_t recipient[32])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, RECIPIENT_ADD, &st));
	db_bind_blob(&st, 1, recipient, 32);
	return db_run(&st);
}

static enum err
add_plan(struct register_store *r, const struct register_plan *p)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, PLAN_ADD, &st));
	db_bind_text(&st, 1, p->id);
	db_bind_text(&st, 2, p->owner);
	db_bind_text(&st, 3, p->export_id);
	db_bind_text(&st, 4, p->request);
	db_bind_text(&st, 5, p->project);
	db_bind_text(&st, 6, p->partner);
	db_bind_blob(&st, 7, p->sha256, sizeof(p->sha256));
	db_bind_blob(&st, 8, p->plan_recipient, sizeof(p->plan_recipient));
	db_bind_int(&st, 9, p->frozen_unix_s);
	db_bind_int(&st, 10, p->expires_unix_s);
	db_bind_int(&st, 11, p->act);
	return db_run(&st);
}

enum err
register_plan_add(struct register_store *r, const struct register_plan *plan)
{
	const struct register_move m = {
		.at_unix_s = plan->frozen_unix_s, .act = plan->act,
	};

	RETURN_IF(add_recipient(r, plan->plan_recipient));
	RETURN_IF(add_plan(r, plan));
	return add_state(r, PLAN_STATE_ADD, plan->id, REGISTER_PLAN_FROZEN,
	    &m);
}

static int
plan_may_move(enum register_plan_state from, enum register_plan_state to)
{
	switch (to) {
	case REGISTER_PLAN_STARTED:
		return from == REGISTER_PLAN_FROZEN;
	case REGISTER_PLAN_DONE:
		return from == REGISTER_PLAN_STARTED;
	case REGISTER_PLAN_ENDED:
		return from == REGISTER_PLAN_FROZEN ||
		    from == REGISTER_PLAN_STARTED;
	case REGISTER_PLAN_FROZEN:
	default:
		return 0;
	}
}

enum err
register_plan_move(struct register_store *r, const char *id,
    enum register_plan_state to, const char *why, int64_t at_unix_s,
    int64_t act)
{
	const struct register_move m = {why, at_unix_s, act};
	struct register_plan p;

	RETURN_IF(register_plan_get(r, id, &p));
	if (!plan_may_move(p.state, to))
		return ERR_STATE;
	RETURN_IF(check_none_queued(r, PLAN_STATE_QUEUED, id));
	return add_state(r, PLAN_STATE_ADD, id, (int)to, &m);
}

static enum err
read_plan(struct db_stmt *st, struct register_plan *ret)
{
	struct register_plan p = {
		.frozen_unix_s = db_col_int(st, 8),
		.expires_unix_s = db_col_int(st, 9),
		.act = db_col_int(st, 10),
		.state = (enum register_plan_state)db_col_int(st, 11),
		.state_unix_s = db_col_int(st, 13),
	};

	RETURN_IF(db_col_text(st, 0, p.id, sizeof(p.id)));
	RETURN_IF(db_col_text(st, 1, p.owner, sizeof(p.owner)));
	RETURN_IF(db_col_text(st, 2, p.export_id, sizeof(p.export_id)));
	RETURN_IF(db_col_text(st, 3, p.request, sizeof(p.request)));
	RETURN_IF(db_col_text(st, 4, p.project, sizeof(p.project)));
	RETURN_IF(db_col_text(st, 5, p.partner, sizeof(p.partner)));
	RETURN_IF(db_col_fixed(st, 6, p.sha256, sizeof(p.sha256)));
	RETURN_IF(db_col_fixed(st, 7, p.plan_recipient,
	    sizeof(p.plan_recipient)));
	RETURN_IF(db_col_text(st, 12, p.why, sizeof(p.why)));
	*ret = p;
	return ERR_OK;
}

enum err
register_plan_get(struct register_store *r, const char *id,
    struct register_plan *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, PLAN_GET, &st));
	db_bind_text(&st, 1, id);
	RETURN_IF(db_one(&st));
	return read_plan(&st, ret);
}

enum err
register_plan_each(struct register_store *r, const char *owner,
    enum register_plan_state state, register_plan_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct register_plan p;
	int row;

	RETURN_IF(db_stmt_begin(r->db, &TABLE, PLAN_EACH, &st));
	if (owner != NULL)
		db_bind_text(&st, 1, owner);
	db_bind_int(&st, 2, state);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(read_plan(&st, &p));
		RETURN_IF(each(ctx, &p));
	}
}

/* ---- exports ---- */

static enum err
add_export(struct register_store *r, const struct register_export *e)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, EXPORT_ADD, &st));
	db_bind_text(&st, 1, e->id);
	db_bind_text(&st, 2, e->owner);
	db_bind_text(&st, 3, e->plan);
	db_bind_text(&st, 4, e->project);
	db_bind_text(&st, 5, e->partner);
	db_bind_int(&st, 6, e->started_unix_s);
	db_bind_int(&st, 7, e->retention_until_unix_s);
	db_bind_int(&st, 8, e->act);
	return db_run(&st);
}

enum err
register_export_add(struct register_store *r, const struct register_export *e)
{
	const struct register_move m = {
		.at_unix_s = e->started_unix_s, .act = e->act,
	};

	RETURN_IF(add_export(r, e));
	return add_state(r, EXPORT_STATE_ADD, e->id, REGISTER_EXPORT_STARTED,
	    &m);
}

static int
export_may_move(enum register_export_state from,
    enum register_export_state to)
{
	switch (to) {
	case REGISTER_EXPORT_BUILT:
		return from == REGISTER_EXPORT_STARTED;
	case REGISTER_EXPORT_RELEASED:
		return from == REGISTER_EXPORT_BUILT;
	case REGISTER_EXPORT_RECALLED:
		return from == REGISTER_EXPORT_BUILT ||
		    from == REGISTER_EXPORT_RELEASED;
	case REGISTER_EXPORT_FAILED:
		return from == REGISTER_EXPORT_STARTED ||
		    from == REGISTER_EXPORT_BUILT;
	case REGISTER_EXPORT_STARTED:
		/* STARTED: what was destroyed is begun again */
		return from == REGISTER_EXPORT_BUILT ||
		    from == REGISTER_EXPORT_STARTED;
	default:
		return 0;
	}
}

static enum err
forget_built(struct register_store *r, const char *id)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, BUILT_REMOVE, &st));
	db_bind_text(&st, 1, id);
	return db_run(&st);
}

static enum err
move_export(struct register_store *r, const char *id,
    enum register_export_state to, const struct register_move *m)
{
	struct register_export e;

	RETURN_IF(register_export_get(r, id, &e));
	if (!export_may_move(e.state, to))
		return ERR_STATE;
	RETURN_IF(check_none_queued(r, EXPORT_STATE_QUEUED, id));
	if (to == REGISTER_EXPORT_STARTED)
		RETURN_IF(forget_built(r, id));
	return add_state(r, EXPORT_STATE_ADD, id, (int)to, m);
}

enum err
register_export_move(struct register_store *r, const char *id,
    enum register_export_state to, const char *why, int64_t at_unix_s,
    int64_t act)
{
	const struct register_move m = {why, at_unix_s, act};

	if (to == REGISTER_EXPORT_BUILT)
		return ERR_STATE;       /* register_export_built */
	return move_export(r, id, to, &m);
}

enum err
register_export_built(struct register_store *r, const char *id,
    const struct register_built *built, int64_t at_unix_s, int64_t act)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	const struct register_move m = {NULL, at_unix_s, act};

	RETURN_IF(move_export(r, id, REGISTER_EXPORT_BUILT, &m));
	RETURN_IF(db_stmt_begin(r->db, &TABLE, BUILT_ADD, &st));
	db_bind_text(&st, 1, id);
	db_bind_blob(&st, 2, built->sha256sums_sha256, REGISTER_SHA256_LEN);
	db_bind_blob(&st, 3, built->consent_root, REGISTER_SHA256_LEN);
	db_bind_blob(&st, 4, built->notice_book_sha256, REGISTER_SHA256_LEN);
	db_bind_text(&st, 5, built->file);
	db_bind_int(&st, 6, (int64_t)built->bytes);
	db_bind_int(&st, 7, (int64_t)built->rows);
	db_bind_int(&st, 8, (int64_t)built->respondents);
	db_bind_int(&st, 9, act);
	return db_run(&st);
}

static enum err
read_export(struct db_stmt *st, struct register_export *ret)
{
	struct register_export e = {
		.started_unix_s = db_col_int(st, 5),
		.retention_until_unix_s = db_col_int(st, 6),
		.act = db_col_int(st, 7),
		.state = (enum register_export_state)db_col_int(st, 8),
		.state_unix_s = db_col_int(st, 10),
	};

	RETURN_IF(db_col_text(st, 0, e.id, sizeof(e.id)));
	RETURN_IF(db_col_text(st, 1, e.owner, sizeof(e.owner)));
	RETURN_IF(db_col_text(st, 2, e.plan, sizeof(e.plan)));
	RETURN_IF(db_col_text(st, 3, e.project, sizeof(e.project)));
	RETURN_IF(db_col_text(st, 4, e.partner, sizeof(e.partner)));
	RETURN_IF(db_col_text(st, 9, e.why, sizeof(e.why)));
	*ret = e;
	return ERR_OK;
}

enum err
register_export_get(struct register_store *r, const char *id,
    struct register_export *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, EXPORT_GET, &st));
	db_bind_text(&st, 1, id);
	RETURN_IF(db_one(&st));
	return read_export(&st, ret);
}

enum err
register_export_get_built(struct register_store *r, const char *id,
    struct register_built *ret)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct register_built b = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, BUILT_GET, &st));
	db_bind_text(&st, 1, id);
	RETURN_IF(db_one(&st));
	RETURN_IF(db_col_fixed(&st, 0, b.sha256sums_sha256,
	    sizeof(b.sha256sums_sha256)));
	RETURN_IF(db_col_fixed(&st, 1, b.consent_root,
	    sizeof(b.consent_root)));
	RETURN_IF(db_col_fixed(&st, 2, b.notice_book_sha256,
	    sizeof(b.notice_book_sha256)));
	RETURN_IF(db_col_text(&st, 3, b.file, sizeof(b.file)));
	b.bytes = db_col_u64(&st, 4);
	b.rows = db_col_u64(&st, 5);
	b.respondents = db_col_u64(&st, 6);
	*ret = b;
	return ERR_OK;
}

enum err
register_export_each(struct register_store *r,
    const struct register_export_query *q, register_export_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct register_export e;
	int row;

	RETURN_IF(db_stmt_begin(r->db, &TABLE, EXPORT_EACH, &st));
	if (q->owner != NULL)
		db_bind_text(&st, 1, q->owner);
	if (q->partner != NULL)
		db_bind_text(&st, 2, q->partner);
	if (q->project != NULL)
		db_bind_text(&st, 3, q->project);
	db_bind_int(&st, 4, q->state);
	db_bind_int(&st, 5, q->started_from_unix_s);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(read_export(&st, &e));
		RETURN_IF(each(ctx, &e));
	}
}

/* ---- duties ---- */

enum err
register_duty_add(struct register_store *r, const struct register_duty *duty)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, DUTY_ADD, &st));
	db_bind_int(&st, 1, duty->kind);
	db_bind_text(&st, 2, duty->owner);
	db_bind_text(&st, 3, duty->partner);
	db_bind_text(&st, 4, duty->export_id);
	db_bind_int(&st, 5, (int64_t)duty->number);
	db_bind_int(&st, 6, duty->due_unix_s);
	db_bind_int(&st, 7, duty->act);
	return db_run(&st);
}

static enum err
find_duty(struct register_store *r, const struct register_duty *duty,
    int64_t *ret_id)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};

	RETURN_IF(db_stmt_begin(r->db, &TABLE, DUTY_FIND, &st));
	db_bind_int(&st, 1, duty->kind);
	db_bind_text(&st, 2, duty->owner);
	db_bind_text(&st, 3, duty->partner);
	db_bind_text(&st, 4, duty->export_id);
	db_bind_int(&st, 5, (int64_t)duty->number);
	RETURN_IF(db_one(&st));
	*ret_id = db_col_int(&st, 0);
	return ERR_OK;
}

enum err
register_duty_done(struct register_store *r, const struct register_duty *duty,
    int64_t at_unix_s, int64_t act)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	int64_t id;

	RETURN_IF(find_duty(r, duty, &id));
	RETURN_IF(db_stmt_begin(r->db, &TABLE, DUTY_DONE_ADD, &st));
	db_bind_int(&st, 1, id);
	db_bind_int(&st, 2, at_unix_s);
	db_bind_int(&st, 3, act);
	return db_run(&st);
}

static enum err
read_duty(struct db_stmt *st, struct register_duty *ret)
{
	struct register_duty d = {
		.id = db_col_int(st, 0),
		.kind = (enum register_duty_kind)db_col_int(st, 1),
		.number = db_col_u64(st, 5),
		.due_unix_s = db_col_int(st, 6),
		.act = db_col_int(st, 7),
	};

	RETURN_IF(db_col_text(st, 2, d.owner, sizeof(d.owner)));
	RETURN_IF(db_col_text(st, 3, d.partner, sizeof(d.partner)));
	RETURN_IF(db_col_text(st, 4, d.export_id, sizeof(d.export_id)));
	*ret = d;
	return ERR_OK;
}

enum err
register_duty_each_open(struct register_store *r, const char *owner,
    int64_t due_until_unix_s, register_duty_fn each, void *ctx)
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	struct register_duty d;
	int row;

	RETURN_IF(db_stmt_begin(r->db, &TABLE, DUTY_EACH, &st));
	if (owner != NULL)
		db_bind_text(&st, 1, owner);
	db_bind_int(&st, 2, due_until_unix_s);
	for (;;) {
		RETURN_IF(db_step(&st, &row));
		if (!row)
			return ERR_OK;
		RETURN_IF(read_duty(&st, &d));
		RETURN_IF(each(ctx, &d));
	}
}

/* ---- notices ---- */

enum err
register_notice_next(struct register_store *r, const char *owner,
    const char *partner, uint64_t *ret_number,
    uint8_t ret_previous[REGISTER_SHA256_LEN])
{
	CLEANUP(db_stmt_end) struct db_stmt st = {0};
	uint64_t number = 1;
	int row;

	if (!db_in_tx(r->db))
		return ERR_STATE;
	RETURN_IF(db_stmt_begin(r->db, &TABLE, NOTICE_LAST, &st));
	db_bind_text(&st, 1, owner);
	db_bind_text(&st, 2, partner);
	RETURN_IF(db_step(&st, &row));
	memset(ret_previous, 0, REGISTER_SHA256_LEN);
	if (row) {
		number = db_col_u64(&st, 0) + 1;
		RETURN_IF(db_col_fixed(&st, 1, ret_previous,
		    REGISTER_SHA256_LEN));
	}
	*ret_number = number;
	return ERR_OK;
}
