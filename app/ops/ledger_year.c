#include "app/ops/ledger_year.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/papers.h"
#include "core/clock.h"
#include "exporters/statement.h"
#include "vault/register_plan.h"

void ledger_year_release(struct ledger_year *y)
{
	free(y->releases);
	free(y->seats);
	free(y->events);
	free(y->notices);
	*y = (struct ledger_year){0};
}

/* ---- the period ---- */

static enum err month_day(struct bytes month, int32_t *ret)
{
	char text[CLOCK_DAY_LEN + 1];

	if (month.len != 7)
		return ERR_SYNTAX;
	(void)snprintf(text, sizeof(text), "%.7s-01",
	    (const char *)month.data);
	return clock_parse_day(bytes_str(text), ret);
}

enum err ledger_year_period(const char *text, int32_t *ret_first,
    int32_t *ret_last)
{
	int32_t first, last;
	int year, month, day, weekday, same;

	if (strlen(text) != 16 || memcmp(text + 7, "..", 2) != 0)
		return ERR_SYNTAX;
	RETURN_IF(month_day(bytes_of(text, 7), &first));
	RETURN_IF(month_day(bytes_of(text + 9, 7), &last));
	if (last < first)
		return ERR_RANGE;
	clock_day_parts(last, &year, &same, &day, &weekday);
	do {
		last++;
		clock_day_parts(last, &year, &month, &day, &weekday);
	} while (month == same);
	*ret_first = first;
	*ret_last = last - 1;
	return ERR_OK;
}

/* ---- rows ---- */

/* One plan on its way: when it was frozen, for the time to its approvals. */
struct plan_row {
	char sha256[65], id[REGISTER_NAME_MAX + 1];
	int64_t at_unix_s;
};

struct walk {
	const struct ledger_year_args *args;
	struct ledger_year *y;
	struct plan_row *plans;
	size_t plans_len;
	/* the entry at hand */
	enum entry_kind kind;
	const struct text *text;
	const char *owner;
	int64_t at_unix_s;
	int inside;                     /* of the period */
};

/* Room for one more row; NULL: no memory, or too many. */
static void *more(void *rows, size_t len, size_t size)
{
	if (len == LEDGER_YEAR_ROWS_MAX)
		return NULL;
	/* In steps of powers of two, without a field for it. */
	if ((len & (len - 1)) != 0)
		return rows;
	return reallocarray(rows, len == 0 ? 1 : len * 2, size);
}

#define ADD_ROW(rows, len, ret)                                        \
	do {                                                           \
		void *rows_ = more((rows), (len), sizeof(*(rows)));    \
		if (rows_ == NULL)                                     \
			return ERR_LIMIT;                              \
		(rows) = rows_;                                        \
		(ret) = &(rows)[(len)++];                              \
		memset((ret), 0, sizeof(*(ret)));                      \
	} while (0)

static void set(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from == NULL ? "" : from);
}

static struct ledger_year_release *find_release(struct walk *w)
{
	const char *export = text_get(w->text, "export");

	for (size_t i = w->y->releases_len; i-- > 0;)
		if (strcmp(w->y->releases[i].export, export) == 0 &&
		    strcmp(w->y->releases[i].owner, w->owner) == 0)
			return &w->y->releases[i];
	return NULL;
}

/* Whose it is and how many people it holds, from the documents. */
static void name_release(struct walk *w, struct ledger_year_release *r)
{
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(statement_release) struct statement s = {0};
	struct register_export e;
	const struct register_query q = {.kind = REGISTER_STATEMENT,
	    .owner = r->owner, .name = r->export};

	if (w->args->home == NULL)
		return;
	if (register_export_get(w->args->home->reg, r->export, &e) == ERR_OK)
		set(r->partner, sizeof(r->partner), e.partner);
	if (papers_find(w->args->home, &q, &p) == ERR_OK &&
	    statement_parse(bytes_buf(&p.bytes), &s, NULL) == ERR_OK)
		set(r->people, sizeof(r->people), s.respondents_exported);
}

static enum err on_released(struct walk *w)
{
	struct ledger_year_release *r;

	ADD_ROW(w->y->releases, w->y->releases_len, r);
	set(r->export, sizeof(r->export), text_get(w->text, "export"));
	set(r->owner, sizeof(r->owner), w->owner);
	r->released_unix_s = w->at_unix_s;
	name_release(w, r);
	return ERR_OK;
}

/* Comes with the release, before it: kept until then by its own event. */
static enum err on_due(struct walk *w)
{
	struct ledger_year_release *r;
	enum err e = on_released(w);

	RETURN_IF(e);
	r = &w->y->releases[w->y->releases_len - 1];
	r->released_unix_s = 0;
	return clock_parse_day(bytes_str(text_get(w->text, "until")),
	    &r->destroy_until);
}

static enum err on_export(struct walk *w)
{
	struct ledger_year_release *r = find_release(w);

	if (w->kind == ENTRY_DESTRUCTION_DUE)
		return on_due(w);
	if (w->kind == ENTRY_RELEASED && (r == NULL ||
	    r->released_unix_s != 0))
		return on_released(w);
	if (r == NULL)
		return ERR_OK;
	if (w->kind == ENTRY_RELEASED)
		r->released_unix_s = w->at_unix_s;
	else if (w->kind == ENTRY_RECEIPT)
		r->receipt_unix_s = w->at_unix_s;
	else if (w->kind == ENTRY_DESTRUCTION)
		r->destroyed_unix_s = w->at_unix_s;
	else if (w->kind == ENTRY_RECALL)
		r->recalled_unix_s = w->at_unix_s;
	else if (w->kind == ENTRY_FETCHED && r->partner[0] == '\0')
		set(r->partner, sizeof(r->partner),
		    text_get(w->text, "partner"));
	return ERR_OK;
}

/* ---- votes ---- */

static enum err on_plan(struct walk *w)
{
	struct plan_row *p;

	ADD_ROW(w->plans, w->plans_len, p);
	set(p->sha256, sizeof(p->sha256), text_get(w->text, "plan-sha256"));
	set(p->id, sizeof(p->id), text_get(w->text, "plan"));
	p->at_unix_s = w->at_unix_s;
	return ERR_OK;
}

static enum err seat_of(struct walk *w, struct ledger_year_seat **ret)
{
	const char *seat = text_get(w->text, "seat");

	for (size_t i = 0; i < w->y->seats_len; i++)
		if (strcmp(w->y->seats[i].seat, seat) == 0 &&
		    strcmp(w->y->seats[i].owner, w->owner) == 0) {
			*ret = &w->y->seats[i];
			return ERR_OK;
		}
	ADD_ROW(w->y->seats, w->y->seats_len, *ret);
	set((*ret)->owner, sizeof((*ret)->owner), w->owner);
	set((*ret)->seat, sizeof((*ret)->seat), seat);
	return ERR_OK;
}

static int64_t since_plan(const struct walk *w)
{
	const char *sha256 = text_get(w->text, "plan-sha256");

	for (size_t i = w->plans_len; i-- > 0;)
		if (strcmp(w->plans[i].sha256, sha256) == 0)
			return w->at_unix_s - w->plans[i].at_unix_s;
	return 0;
}

static enum err on_vote(struct walk *w)
{
	struct ledger_year_seat *s = NULL;
	int64_t took = since_plan(w);

	RETURN_IF(seat_of(w, &s));
	s->denials += w->kind == ENTRY_DENIAL;
	s->revocations += w->kind == ENTRY_REVOCATION;
	if (w->kind != ENTRY_APPROVAL)
		return ERR_OK;
	s->approvals++;
	s->total_s += took;
	if (took > s->longest_s)
		s->longest_s = took;
	return ERR_OK;
}

/* ---- notices ---- */

static enum err on_notice(struct walk *w)
{
	struct ledger_year_notice *n;

	ADD_ROW(w->y->notices, w->y->notices_len, n);
	set(n->owner, sizeof(n->owner), w->owner);
	set(n->partner, sizeof(n->partner), text_get(w->text, "partner"));
	set(n->number, sizeof(n->number), text_get(w->text, "number"));
	set(n->sha256, sizeof(n->sha256), text_get(w->text,
	    "notice-sha256"));
	n->at_unix_s = w->at_unix_s;
	return ERR_OK;
}

static void on_answer(struct walk *w)
{
	const char *sha256 = text_get(w->text, "notice-sha256");

	for (size_t i = w->y->notices_len; i-- > 0;)
		if (strcmp(w->y->notices[i].sha256, sha256) == 0 &&
		    strcmp(w->y->notices[i].owner, w->owner) == 0 &&
		    w->y->notices[i].answered_unix_s == 0)
			w->y->notices[i].answered_unix_s = w->at_unix_s;
}

/* ---- what is told line by line ---- */

/* Kinds that a year's report lists, and which of their values says what. */
static const struct {
	enum entry_kind kind;
	const char *key;
} listed[] = {
	{ENTRY_OWNER, "owner-name"},
	{ENTRY_CHARTER, "version"},
	{ENTRY_POLICY, "version"},
	{ENTRY_WITNESS_POLICY, "witness-policy-sha256"},
	{ENTRY_HANDOVER, "seat"},
	{ENTRY_REDISTRIBUTION, "new-charter-sha256"},
	{ENTRY_DENIAL, "seat"},
	{ENTRY_REVOCATION, "seat"},
	{ENTRY_RECALL, "export"},
	{ENTRY_EXPORT_FAILED, "export"},
	{ENTRY_NOTICE, "partner"},
	{ENTRY_NOTICE_APPLIED, "partner"},
	{ENTRY_DESTRUCTION, "export"},
	{ENTRY_REIDENT_STARTED, "export"},
	{ENTRY_REIDENTIFIED, "export"},
	{ENTRY_CONFIGURATION, "what"},
	{ENTRY_RESTORE, "what"},
};

/* The number of the plan that a seat's word is about; "" when it is older. */
static const char *plan_of(const struct walk *w)
{
	if (w->kind != ENTRY_DENIAL && w->kind != ENTRY_REVOCATION)
		return "";
	for (size_t i = w->plans_len; i-- > 0;)
		if (strcmp(w->plans[i].sha256, text_get(w->text,
		    "plan-sha256")) == 0)
			return w->plans[i].id;
	return "";
}

static enum err on_listed(struct walk *w)
{
	struct ledger_year_event *e;

	for (size_t i = 0; i < ARRAY_LEN(listed); i++) {
		if (listed[i].kind != w->kind)
			continue;
		ADD_ROW(w->y->events, w->y->events_len, e);
		e->kind = w->kind;
		e->at_unix_s = w->at_unix_s;
		set(e->owner, sizeof(e->owner), w->owner);
		(void)snprintf(e->what, sizeof(e->what), "%.64s",
		    text_get(w->text, listed[i].key));
		set(e->plan, sizeof(e->plan), plan_of(w));
		return ERR_OK;
	}
	return ERR_OK;
}

static int is_export(enum entry_kind kind)
{
	return kind == ENTRY_DESTRUCTION_DUE || kind == ENTRY_RELEASED ||
	    kind == ENTRY_RECEIPT || kind == ENTRY_DESTRUCTION ||
	    kind == ENTRY_RECALL || kind == ENTRY_FETCHED;
}

static int is_vote(enum entry_kind kind)
{
	return kind == ENTRY_APPROVAL || kind == ENTRY_DENIAL ||
	    kind == ENTRY_REVOCATION;
}

static enum err on_entry(struct walk *w)
{
	if (w->kind == ENTRY_PLAN)
		RETURN_IF(on_plan(w));
	if (is_export(w->kind))
		RETURN_IF(on_export(w));
	if (w->kind == ENTRY_NOTICE)
		RETURN_IF(on_notice(w));
	if (w->kind == ENTRY_NOTICE_APPLIED)
		on_answer(w);
	if (!w->inside)
		return ERR_OK;
	w->y->entries++;
	w->y->kinds[w->kind]++;
	if (is_vote(w->kind))
		RETURN_IF(on_vote(w));
	return on_listed(w);
}

/* What came after the period is not looked at: the report says how things
 * stood on its last day. */
static enum err each(void *ctx, uint64_t index, struct bytes entry)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct walk *w = ctx;
	int32_t day;

	(void)index;
	RETURN_IF(entry_parse(entry, &w->kind, &t, NULL));
	w->text = t;
	w->owner = text_get(t, "owner");
	RETURN_IF(clock_parse_utc(bytes_str(text_get(t, "time")),
	    &w->at_unix_s));
	day = clock_jst_day(w->at_unix_s);
	w->inside = day >= w->args->first_day && day <= w->args->last_day;
	if (day > w->args->last_day || (w->args->owner != NULL &&
	    strcmp(w->owner, w->args->owner) != 0))
		return ERR_OK;
	return on_entry(w);
}

static void walk_release(struct walk *w)
{
	free(w->plans);
}

enum err ledger_year_read(const struct ledger_year_args *args,
    struct ledger_year *ret, struct outcome *o)
{
	CLEANUP(ledger_year_release) struct ledger_year y = {0};
	CLEANUP(walk_release) struct walk w = {.args = args, .y = &y};
	enum err e;

	e = log_each(args->log, 0, each, &w);
	if (e == ERR_SYNTAX || e == ERR_UNKNOWN || e == ERR_ENCODING ||
	    e == ERR_UNSUPPORTED)
		return outcome_refuse(o, e,
		    "what %s holds is no entry of an Azukari ledger; azukari ledger verify says more",
		    "%sの記載はAzukariの台帳のものではありません。azukari ledger verify で検査できます",
		    log_checkpoint(args->log)->origin);
	RETURN_IF(e);
	*ret = y;
	y = (struct ledger_year){0};
	return ERR_OK;
}
