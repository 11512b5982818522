#include "app/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/docket.h"
#include "app/ops/byterelease.h"
#include "app/ops/status.h"
#include "core/clock.h"

static int is_wanted(const char *only, const char *is)
{
	return only == NULL || strcmp(only, is) == 0;
}

static void set_time(struct json_doc *row, const char *key, int64_t unix_s)
{
	char text[CLOCK_UTC_LEN + 1];

	clock_format_utc(unix_s, text);
	json_doc_set_string(row, key, text);
}

/* ---- plans ---- */

int report_has_released(struct home *h, const struct ballot *b,
    const char *seat)
{
	const struct register_query q = {.kind = REGISTER_RELEASE,
	    .owner = b->row.owner, .subject = b->row.id, .name = seat};
	struct register_document doc;

	return register_document_find(h->reg, &q, &doc) == ERR_OK;
}

/* A bundle that is built waits for seats, where the plan says so. */
static enum err count_bytes(struct home *h, const struct ballot *b,
    struct report_standing *ret)
{
	struct register_export e;

	if (b->row.state != REGISTER_PLAN_STARTED || !b->plan.byte_release ||
	    register_export_get(h->reg, b->row.export_id, &e) != ERR_OK ||
	    e.state != REGISTER_EXPORT_BUILT)
		return ERR_OK;
	return byterelease_standing(h, e.id, b->row.id, &ret->bytes,
	    &ret->bytes_needed);
}

enum err report_standing(struct home *h, const struct ballot *b,
    struct report_standing *ret)
{
	CLEANUP(reasons_release) struct reasons why = {0};
	struct decision_tally t;

	RETURN_IF(ballot_tally(b, (struct ballot_more){0}, h->now_unix_s, &t,
	    &why));
	*ret = (struct report_standing){.needed = t.needed,
	    .approved = (unsigned)__builtin_popcount(t.approved)};
	for (size_t i = 0; i < b->charter.charter.seats_len; i++)
		if ((t.approved >> i & 1) && report_has_released(h, b,
		    b->charter.charter.seats[i].name))
			ret->released++;
	return count_bytes(h, b, ret);
}

struct listing {
	struct home *h;
	const struct report_filter *f;
	struct json_doc *rows;
};

static void add_plan(struct listing *l, const struct register_plan *p,
    const struct report_standing *s)
{
	static const char *const states[] = {
		[REGISTER_PLAN_FROZEN] = "frozen",
		[REGISTER_PLAN_STARTED] = "started",
		[REGISTER_PLAN_DONE] = "exported",
		[REGISTER_PLAN_ENDED] = "ended"};
	struct json_doc *row = json_doc_new_object();

	json_doc_set_string(row, "plan", p->id);
	json_doc_set_string(row, "owner", p->owner);
	json_doc_set_string(row, "request", p->request);
	json_doc_set_string(row, "partner", p->partner);
	json_doc_set_string(row, "state", states[p->state]);
	json_doc_set_string(row, "why", p->why);
	json_doc_set_int(row, "approvals", s->approved);
	json_doc_set_int(row, "releases", s->released);
	json_doc_set_int(row, "needed", s->needed);
	json_doc_set_int(row, "byte_releases", s->bytes);
	json_doc_set_int(row, "byte_releases_needed", s->bytes_needed);
	set_time(row, "expires", p->expires_unix_s);
	json_doc_add(l->rows, row);
}

static enum err list_plan(void *ctx, const struct register_plan *p)
{
	struct listing *l = ctx;
	CLEANUP(ballot_free) struct ballot *b = calloc(1, sizeof(*b));
	struct report_standing s;

	if (b == NULL)
		return ERR_NOMEM;
	if (!is_wanted(l->f->partner, p->partner))
		return ERR_OK;
	RETURN_IF(ballot_load(l->h, p->id, b));
	RETURN_IF(report_standing(l->h, b, &s));
	add_plan(l, p, &s);
	return ERR_OK;
}

enum err report_plans(struct home *h, const struct report_filter *f,
    struct json_doc **ret)
{
	CLEANUP(json_doc_cleanup) struct json_doc *rows =
	    json_doc_new_array();
	struct listing l = {h, f, rows};

	RETURN_IF(register_plan_each(h->reg, f->owner, 0, list_plan, &l));
	*ret = TAKE(rows);
	return ERR_OK;
}

struct json_doc *report_accepted(const struct accept_result *r)
{
	struct json_doc *doc = json_doc_new_object();

	json_doc_set_string(doc, "plan", r->plan);
	json_doc_set_string(doc, "seat", r->seat);
	json_doc_set_bool(doc, "approved", r->approved);
	json_doc_set_bool(doc, "released", r->released);
	json_doc_set_bool(doc, "denied", r->denied);
	json_doc_set_bool(doc, "revoked", r->revoked);
	json_doc_set_bool(doc, "ended", r->ended);
	json_doc_set_bool(doc, "recalled", r->recalled);
	return doc;
}

struct json_doc *report_byterelease(const struct byterelease_result *r)
{
	struct json_doc *doc = json_doc_new_object();

	json_doc_set_string(doc, "export", r->export_id);
	json_doc_set_string(doc, "plan", r->plan);
	json_doc_set_string(doc, "seat", r->seat);
	json_doc_set_bool(doc, "denied", r->denied);
	json_doc_set_bool(doc, "ended", r->ended);
	json_doc_set_int(doc, "signed", r->signed_seats);
	json_doc_set_int(doc, "needed", r->needed);
	return doc;
}

enum err report_next(struct home *h, const char *plan)
{
	CLEANUP(ballot_free) struct ballot *b = calloc(1, sizeof(*b));
	struct report_standing s;

	if (b == NULL)
		return ERR_NOMEM;
	RETURN_IF(ballot_load(h, plan, b));
	if (b->row.state != REGISTER_PLAN_FROZEN)
		return ERR_OK;
	RETURN_IF(report_standing(h, b, &s));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s: %u of %u approvals, %u of %u seats' shares",
	    "%s：承認%u/%u席、シェア%u/%u席", plan, s.approved, s.needed,
	    s.released, s.needed);
	if (s.released >= s.needed)
		outcome_add(h->outcome, OUTCOME_HINT,
		    "next: azukari export %s", "次は azukari export %s です",
		    plan);
	else if (s.approved >= s.needed)
		outcome_add(h->outcome, OUTCOME_HINT,
		    "seats that approved before the others: pack again, and azukari approve once more",
		    "先に承認した席は、新しいファイルでもう一度 azukari approve を実行します");
	return ERR_OK;
}

/* ---- requests ---- */

static enum err list_request(void *ctx, const struct register_document *doc)
{
	struct listing *l = ctx;
	struct json_doc *row;

	if (!is_wanted(l->f->partner, doc->subject))
		return ERR_OK;
	row = json_doc_new_object();
	json_doc_set_string(row, "owner", doc->owner);
	json_doc_set_string(row, "request", doc->name);
	json_doc_set_string(row, "partner", doc->subject);
	set_time(row, "submitted", doc->added_unix_s);
	json_doc_add(l->rows, row);
	return ERR_OK;
}

enum err report_requests(struct home *h, const struct report_filter *f,
    struct json_doc **ret)
{
	CLEANUP(json_doc_cleanup) struct json_doc *rows =
	    json_doc_new_array();
	const struct register_query q = {.kind = REGISTER_REQUEST,
	    .owner = f->owner};
	struct listing l = {h, f, rows};

	RETURN_IF(register_document_each(h->reg, &q, list_request, &l));
	*ret = TAKE(rows);
	return ERR_OK;
}

static const struct { const char *en, *ja; } verdicts[] = {
	[DECISION_REFUSED] = {"refused", "拒否"},
	[DECISION_ASK] = {"the officers must judge", "保管官の判断が必要"},
	[DECISION_ELIGIBLE] = {"eligible", "提供可"},
};

void report_decided(struct json_doc *rows, struct outcome *o,
    const char *owner, const struct decision *d)
{
	struct json_doc *row = json_doc_new_object();
	CLEANUP(buf_release) struct buf en = {0};
	CLEANUP(buf_release) struct buf ja = {0};
	const char *verdict = verdicts[d->verdict].en;

	json_doc_set_string(row, "owner", owner);
	json_doc_set_string(row, "verdict", verdict);
	json_doc_add(rows, row);
	if (strcmp(owner, "-") == 0)
		outcome_put(o, OUTCOME_DONE, verdict,
		    verdicts[d->verdict].ja);
	else if (buf_printf(&en, "owner %s: %s", owner, verdict) == ERR_OK &&
	    buf_printf(&ja, "所有者%s: %s", owner,
	    verdicts[d->verdict].ja) == ERR_OK)
		outcome_put(o, OUTCOME_DONE, buf_text(&en), buf_text(&ja));
	docket_tell(d, o);
}

/* ---- exports ---- */

static enum err list_export(void *ctx, const struct register_export *e)
{
	static const char *const states[] = {"", "started", "built",
	    "released", "recalled", "failed"};
	struct listing *l = ctx;
	struct json_doc *row = json_doc_new_object();

	json_doc_set_string(row, "export", e->id);
	json_doc_set_string(row, "plan", e->plan);
	json_doc_set_string(row, "owner", e->owner);
	json_doc_set_string(row, "partner", e->partner);
	json_doc_set_string(row, "project", e->project);
	json_doc_set_string(row, "state", states[e->state]);
	set_time(row, "since", e->state_unix_s);
	json_doc_set_string(row, "why", e->why);
	json_doc_add(l->rows, row);
	return ERR_OK;
}

enum err report_exports(struct home *h, const struct report_filter *f,
    struct json_doc **ret)
{
	CLEANUP(json_doc_cleanup) struct json_doc *rows =
	    json_doc_new_array();
	const struct register_export_query q = {.owner = f->owner,
	    .partner = f->partner};
	struct listing l = {h, f, rows};

	RETURN_IF(register_export_each(h->reg, &q, list_export, &l));
	*ret = TAKE(rows);
	return ERR_OK;
}

/* ---- status ---- */

static void put_papers(struct json_doc *doc, const struct status_owner *o)
{
	json_doc_set_int(doc, "seats", (int64_t)o->seats);
	json_doc_set_int(doc, "threshold", (int64_t)o->threshold);
	json_doc_set_int(doc, "drills_due", (int64_t)o->drills_due);
	json_doc_set_int(doc, "charter", (int64_t)o->charter_version);
	json_doc_set_int(doc, "policy", (int64_t)o->policy_version);
}

static void put_store(struct json_doc *doc, const struct status_owner *o)
{
	json_doc_set_int(doc, "respondents", (int64_t)o->counts.respondents);
	json_doc_set_int(doc, "stopping", (int64_t)o->counts.stopping);
	json_doc_set_int(doc, "erased", (int64_t)o->counts.erased);
	json_doc_set_int(doc, "stop_listed", (int64_t)o->counts.stop_listed);
	json_doc_set_int(doc, "erasures_due", (int64_t)o->erasures_due);
	json_doc_set_int(doc, "to_compact", (int64_t)o->counts.to_compact);
	json_doc_set_int(doc, "records", (int64_t)o->counts.records);
	json_doc_set_int(doc, "epochs_closed",
	    (int64_t)(o->counts.epochs - o->counts.epochs_open));
	json_doc_set_int(doc, "epochs_open", (int64_t)o->counts.epochs_open);
	json_doc_set_int(doc, "batches", (int64_t)o->batches);
	json_doc_set_int(doc, "quarantined", (int64_t)o->counts.quarantined);
}

static void put_release(struct json_doc *doc, const struct status_owner *o)
{
	json_doc_set_int(doc, "plans_waiting", (int64_t)o->plans_waiting);
	json_doc_set_int(doc, "plans_started", (int64_t)o->plans_started);
	json_doc_set_int(doc, "exports_started",
	    (int64_t)o->exports[REGISTER_EXPORT_STARTED]);
	json_doc_set_int(doc, "exports_built",
	    (int64_t)o->exports[REGISTER_EXPORT_BUILT]);
	json_doc_set_int(doc, "bytes_waiting", (int64_t)o->bytes_waiting);
	json_doc_set_int(doc, "exports_released",
	    (int64_t)o->exports[REGISTER_EXPORT_RELEASED]);
	json_doc_set_int(doc, "exports_recalled",
	    (int64_t)o->exports[REGISTER_EXPORT_RECALLED]);
	json_doc_set_int(doc, "exports_failed",
	    (int64_t)o->exports[REGISTER_EXPORT_FAILED]);
}

static void put_duties(struct json_doc *doc, const struct status_owner *o)
{
	json_doc_set_int(doc, "receipts_open",
	    (int64_t)o->open_duties[REGISTER_DUTY_RECEIPT]);
	json_doc_set_int(doc, "receipts_overdue",
	    (int64_t)o->overdue[REGISTER_DUTY_RECEIPT]);
	json_doc_set_int(doc, "destructions_open",
	    (int64_t)o->open_duties[REGISTER_DUTY_DESTRUCTION]);
	json_doc_set_int(doc, "destructions_overdue",
	    (int64_t)o->overdue[REGISTER_DUTY_DESTRUCTION]);
	json_doc_set_int(doc, "notices_due", (int64_t)o->counts.notices_due);
	json_doc_set_int(doc, "notices_open",
	    (int64_t)o->open_duties[REGISTER_DUTY_NOTICE]);
	json_doc_set_int(doc, "notices_overdue",
	    (int64_t)o->overdue[REGISTER_DUTY_NOTICE]);
}

static struct json_doc *owner_status(const struct status_owner *o)
{
	struct json_doc *doc = json_doc_new_object();

	json_doc_set_string(doc, "owner", o->owner.code);
	json_doc_set_string(doc, "name", o->owner.name);
	put_papers(doc, o);
	put_store(doc, o);
	put_release(doc, o);
	put_duties(doc, o);
	return doc;
}

static void status_free(struct status **s)
{
	free(*s);
}

enum err report_status(struct home *h, const char *owner,
    struct json_doc **ret)
{
	CLEANUP(status_free) struct status *st = calloc(1, sizeof(*st));
	struct json_doc *owners;

	if (st == NULL)
		return ERR_NOMEM;
	RETURN_IF(status_load(h, owner, st));
	owners = json_doc_new_array();
	for (size_t i = 0; i < st->len; i++)
		json_doc_add(owners, owner_status(&st->owners[i]));
	*ret = json_doc_new_object();
	json_doc_set_int(*ret, "ledger_size", (int64_t)st->ledger_size);
	json_doc_set(*ret, "owners", owners);
	return ERR_OK;
}
