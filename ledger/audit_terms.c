/* ledger/audit_terms.c - what charters and plans state of themselves in the
 * ledger, so that entries alone show whether approvals were enough. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "keys/digest.h"
#include "ledger/audit_internal.h"

#define SEAT_NAME_FMT "%.*s"

static int
has_terms(const struct audit_event *ev)
{
	return text_get(ev->text, "threshold") != NULL;
}

static int
is(const struct audit_event *ev, const char *key, const char *value)
{
	return strcmp(text_get(ev->text, key), value) == 0;
}

/* Digest of a plan and what the documents say of it; 0: nothing. */
static unsigned
fact_threshold(const struct audit *a, const char *plan_hex)
{
	uint8_t digest[DIGEST_LEN];

	if (a->facts == NULL || a->facts->plan_threshold == NULL ||
	    digest_from_hex(bytes_str(plan_hex), digest) != ERR_OK)
		return 0;
	return a->facts->plan_threshold(a->facts->ctx, digest);
}

static int64_t
fact_expires(const struct audit *a, const char *plan_hex)
{
	uint8_t digest[DIGEST_LEN];

	if (a->facts == NULL || a->facts->plan_expires == NULL ||
	    digest_from_hex(bytes_str(plan_hex), digest) != ERR_OK)
		return 0;
	return a->facts->plan_expires(a->facts->ctx, digest);
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

/* ---- rules ---- */

/* One that decides alone has no other seat beside it. */
int
audit_terms_charter(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return !has_terms(ev) || threshold_of(ev->text) > 1 ||
	    strchr(text_get(ev->text, "seats"), ' ') == NULL;
}

int
audit_terms_stated(const struct audit *a, const struct audit_event *ev)
{
	return has_terms(ev) || audit_map_get(&a->map, AUDIT_MAP_KEY("terms",
	    entry_info(ev->kind)->name), 0) == 0;
}

/* The documents, where they are there, say the same. */
static int
documents_agree(const struct audit *a, const struct audit_event *ev)
{
	const char *plan = text_get(ev->text, "plan-sha256");
	unsigned threshold = fact_threshold(a, plan);
	int64_t expires = fact_expires(a, plan);

	return (threshold == 0 || threshold == threshold_of(ev->text)) &&
	    (expires == 0 || expires == expires_of(ev->text));
}

/* What computes an export again is decided by the policy of then. */
static int
policy_counts(const struct audit *a, const struct audit_owner *o,
    const struct audit_event *ev)
{
	return is(ev, "policy-sha256", o->policy) || (is(ev, "act",
	    "rederive") && audit_map_get(&a->map, AUDIT_MAP_KEY(
	    "digest-known", "policy", ev->owner, text_get(ev->text,
	    "policy-sha256")), 0) != 0);
}

int
audit_terms_plan(const struct audit *a, const struct audit_event *ev)
{
	const struct audit_owner *o = audit_state_owner(a, ev->owner);
	uint64_t t;

	if (!has_terms(ev) || o == NULL || o->charter[0] == '\0')
		return 1;               /* the finding of plan-grounded */
	t = audit_map_get(&a->map, AUDIT_MAP_KEY("charter-threshold",
	    ev->owner, o->charter), 0);
	return is(ev, "charter-sha256", o->charter) &&
	    (t == 0 || t == threshold_of(ev->text)) &&
	    policy_counts(a, o, ev) &&
	    audit_map_get(&a->map, AUDIT_MAP_KEY("once", "request",
	    ev->owner, text_get(ev->text, "request-sha256")), 0) != 0 &&
	    expires_of(ev->text) > audit_state_time(ev) &&
	    documents_agree(a, ev);
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

enum err
audit_terms_apply_charter(struct audit *a, const struct audit_event *ev)
{
	const char *charter = text_get(ev->text, "charter-sha256");
	struct bytes rest, item;
	char seat[AUDIT_NAME_MAX];

	if (!has_terms(ev))
		return ERR_OK;
	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("terms", "charter"),
	    1));
	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("charter-seats",
	    charter), 1));
	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("charter-threshold",
	    ev->owner, charter), threshold_of(ev->text)));
	rest = bytes_str(text_get(ev->text, "seats"));
	while (text_list_next(&rest, &item)) {
		(void)snprintf(seat, sizeof(seat), SEAT_NAME_FMT,
		    (int)strcspn((const char *)item.data, "="),
		    (const char *)item.data);
		RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY(
		    "charter-seat", charter, seat), 1));
	}
	return ERR_OK;
}

/* Without terms: the charter in force at the time, and its threshold. */
static unsigned
threshold_in_force(const struct audit *a, const struct audit_plan *p)
{
	unsigned t = fact_threshold(a, p->digest);

	if (t == 0)
		t = (unsigned)audit_map_get(&a->map, AUDIT_MAP_KEY(
		    "charter-threshold", p->owner, p->charter), 0);
	return t > 0 ? t : 1;
}

void
audit_terms_fill(const struct audit *a, const struct audit_event *ev,
    struct audit_plan *p)
{
	if (!has_terms(ev)) {
		p->threshold = threshold_in_force(a, p);
		p->expires_unix_s = fact_expires(a, p->digest);
		return;
	}
	p->threshold = (unsigned)threshold_of(ev->text);
	p->expires_unix_s = expires_of(ev->text);
	p->byte_release = is(ev, "byte-release", "required");
	p->veto = is(ev, "denial-rule", "veto");
	(void)snprintf(p->act, sizeof(p->act), "%s", text_get(ev->text,
	    "act"));
	(void)snprintf(p->charter, sizeof(p->charter), "%s",
	    text_get(ev->text, "charter-sha256"));
}
