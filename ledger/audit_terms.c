/* ledger/audit_terms.c - what charters and plans state of themselves in the
 * ledger, so that entries alone show whether approvals were enough. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "ledger/audit_internal.h"

#define SEAT_NAME_FMT "%.*s"

int
audit_terms_has(const struct audit_event *ev)
{
	return text_get(ev->text, "threshold") != NULL;
}

static int
is(const struct audit_event *ev, const char *key, const char *value)
{
	return strcmp(text_get(ev->text, key), value) == 0;
}

static uint64_t
threshold_of(const struct text *t)
{
	return strtoull(text_get(t, "threshold"), NULL, 10);
}

static int64_t
expires_of(const struct text *t)
{
	int64_t at = 0;

	return clock_parse_utc(bytes_str(text_get(t, "expires")), &at) ==
	    ERR_OK ? at : 0;
}

static void
set(char *to, size_t size, const struct text *t, const char *key)
{
	(void)snprintf(to, size, "%s", text_get(t, key));
}

/* Of a plan: what its entry states, else what its document says; 0: nobody
 * knows. */
static int
plan_terms(const struct audit *a, const struct audit_event *ev,
    struct audit_plan_terms *ret)
{
	*ret = (struct audit_plan_terms){0};
	if (!audit_terms_has(ev))
		return a->facts != NULL && a->facts->plan != NULL &&
		    a->facts->plan(a->facts->ctx, text_get(ev->text,
		    "plan-sha256"), ret);
	ret->threshold = (unsigned)threshold_of(ev->text);
	ret->expires_unix_s = expires_of(ev->text);
	ret->byte_release = is(ev, "byte-release", "required");
	ret->veto = is(ev, "denial-rule", "veto");
	set(ret->act, sizeof(ret->act), ev->text, "act");
	set(ret->request, sizeof(ret->request), ev->text, "request-sha256");
	set(ret->policy, sizeof(ret->policy), ev->text, "policy-sha256");
	set(ret->charter, sizeof(ret->charter), ev->text, "charter-sha256");
	return 1;
}

static size_t
count_items(const char *list)
{
	struct bytes rest = bytes_str(list), item;
	size_t n = 0;

	while (text_list_next(&rest, &item))
		n++;
	return n;
}

/* The same of a charter: its threshold, 0 where nobody knows. */
static unsigned
charter_terms(const struct audit *a, const struct audit_event *ev,
    size_t *ret_seats)
{
	*ret_seats = 0;
	if (!audit_terms_has(ev))
		return a->facts == NULL || a->facts->charter == NULL ? 0 :
		    a->facts->charter(a->facts->ctx, text_get(ev->text,
		    "charter-sha256"), ret_seats);
	*ret_seats = count_items(text_get(ev->text, "seats"));
	return (unsigned)threshold_of(ev->text);
}

/* ---- rules ---- */

/* One that decides alone has no other seat beside it. */
int
audit_terms_charter(const struct audit *a, const struct audit_event *ev)
{
	size_t seats;

	return charter_terms(a, ev, &seats) != 1 || seats == 1;
}

int
audit_terms_stated(const struct audit *a, const struct audit_event *ev)
{
	return audit_terms_has(ev) || audit_map_get(&a->map, AUDIT_MAP_KEY(
	    "terms", entry_info(ev->kind)->name), 0) == 0;
}

int
audit_terms_agree(const struct audit *a, const struct audit_event *ev)
{
	return a->facts == NULL || a->facts->agrees == NULL ||
	    a->facts->agrees(a->facts->ctx, ev->kind, ev->text) != 0;
}

/* What computes an export again is decided by the policy of then. */
static int
policy_counts(const struct audit *a, const struct audit_owner *o,
    const struct audit_plan_terms *t)
{
	return strcmp(t->policy, o->policy) == 0 ||
	    (strcmp(t->act, "rederive") == 0 && audit_map_get(&a->map,
	    AUDIT_MAP_KEY("digest-known", "policy", o->code, t->policy),
	    0) != 0);
}

int
audit_terms_plan(const struct audit *a, const struct audit_event *ev)
{
	const struct audit_owner *o = audit_state_owner(a, ev->owner);
	struct audit_plan_terms t;
	uint64_t needed;

	if (o == NULL || o->charter[0] == '\0')
		return 1;               /* the finding of plan-grounded */
	if (!plan_terms(a, ev, &t))
		return 1;
	needed = audit_map_get(&a->map, AUDIT_MAP_KEY("charter-threshold",
	    ev->owner, o->charter), 0);
	return strcmp(t.charter, o->charter) == 0 &&
	    (needed == 0 || needed == t.threshold) &&
	    policy_counts(a, o, &t) &&
	    audit_map_get(&a->map, AUDIT_MAP_KEY("once", "request",
	    ev->owner, t.request), 0) != 0 &&
	    t.expires_unix_s > audit_state_time(ev);
}

int
audit_terms_act(const struct audit *a, const struct audit_event *ev)
{
	const char *act = ev->kind == ENTRY_EXPORT_STARTED ? "export" :
	    ev->kind == ENTRY_REIDENT_STARTED ? "reident" : "rederive";

	(void)a;
	return ev->plan == NULL || ev->plan->act[0] == '\0' ||
	    strcmp(ev->plan->act, act) == 0;
}

int
audit_terms_veto(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || !ev->plan->vetoed;
}

/* ---- what is remembered ---- */

int
audit_terms_seat(const struct audit *a, const char *charter,
    const char *seat)
{
	if (audit_map_get(&a->map, AUDIT_MAP_KEY("charter-seats", charter),
	    0) == 0)
		return -1;
	return audit_map_get(&a->map, AUDIT_MAP_KEY("charter-seat", charter,
	    seat), 0) != 0;
}

static enum err
apply_seats(struct audit *a, const struct audit_event *ev,
    const char *charter)
{
	struct bytes rest = bytes_str(text_get(ev->text, "seats")), item;
	char seat[AUDIT_NAME_MAX];

	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("terms", "charter"),
	    1));
	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("charter-seats",
	    charter), 1));
	while (text_list_next(&rest, &item)) {
		(void)snprintf(seat, sizeof(seat), SEAT_NAME_FMT,
		    (int)strcspn((const char *)item.data, "="),
		    (const char *)item.data);
		RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY(
		    "charter-seat", charter, seat), 1));
	}
	return ERR_OK;
}

enum err
audit_terms_apply_charter(struct audit *a, const struct audit_event *ev)
{
	const char *charter = text_get(ev->text, "charter-sha256");
	size_t seats;
	unsigned t = charter_terms(a, ev, &seats);

	if (t == 0)
		return ERR_OK;
	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("charter-threshold",
	    ev->owner, charter), t));
	return audit_terms_has(ev) ? apply_seats(a, ev, charter) : ERR_OK;
}

/* Without terms of its own: those of the charter in force at the time. */
static void
fill_from_charter(const struct audit *a, struct audit_plan *p)
{
	p->threshold = (unsigned)audit_map_get(&a->map, AUDIT_MAP_KEY(
	    "charter-threshold", p->owner, p->charter), 0);
	p->unstated = p->threshold == 0;
	if (p->unstated)
		p->threshold = 1;
}

void
audit_terms_fill(const struct audit *a, const struct audit_event *ev,
    struct audit_plan *p)
{
	struct audit_plan_terms t;

	if (!plan_terms(a, ev, &t)) {
		fill_from_charter(a, p);
		return;
	}
	p->threshold = t.threshold;
	p->expires_unix_s = t.expires_unix_s;
	p->byte_release = t.byte_release;
	p->veto = t.veto;
	memcpy(p->act, t.act, sizeof(p->act));
	memcpy(p->charter, t.charter, sizeof(p->charter));
}
