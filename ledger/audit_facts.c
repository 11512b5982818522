/* ledger/audit_facts.c - rules that need more than the entries: documents,
 * cosigned checkpoints, and the time of the audit. */
#include <stdlib.h>
#include <string.h>

#include "ledger/audit_internal.h"

/* Where a fact is not known, the rule is not broken. */

/* A charter's own entry says which seats it has; else its document does. */
static int
is_seat(const struct audit *a, const char *charter, const char *seat)
{
	int known = audit_terms_seat(a, charter, seat);

	if (known >= 0 || a->facts == NULL || a->facts->seat_exists == NULL)
		return known != 0;
	return a->facts->seat_exists(a->facts->ctx, charter, seat) != 0;
}

int
audit_facts_seat(const struct audit *a, const struct audit_event *ev)
{
	return ev->plan == NULL || ev->plan->charter[0] == '\0' ||
	    is_seat(a, ev->plan->charter, text_get(ev->text, "seat"));
}

int
audit_facts_seat_now(const struct audit *a, const struct audit_event *ev)
{
	const struct audit_owner *o = audit_state_owner(a, ev->owner);

	return o != NULL && o->charter[0] != '\0' &&
	    is_seat(a, o->charter, text_get(ev->text, "seat"));
}

int
audit_facts_in_time(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->expires_unix_s == 0 ||
	    audit_state_time(ev) <= ev->plan->expires_unix_s;
}

int
audit_facts_dated(const struct audit *a, const struct audit_event *ev)
{
	return a->facts == NULL || a->facts->now_unix_s == 0 ||
	    audit_state_time(ev) <= a->facts->now_unix_s +
	    AUDIT_CLOCK_SLACK_S;
}

static int
is_cosigned(const struct audit *a, const struct audit_event *ev,
    uint64_t index)
{
	if (a->facts == NULL || a->facts->cosigned == NULL ||
	    ev->plan->witnesses[0] == '\0')
		return 1;
	return a->facts->cosigned(a->facts->ctx, ev->plan->witnesses, index,
	    ev->index) != 0;
}

static int
by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The seat that releases has seen its own approval and t in all. */
int
audit_facts_shares(const struct audit *a, const struct audit_event *ev)
{
	uint64_t at[AUDIT_SEATS_MAX], latest;
	size_t i, n = 0;

	if (ev->plan == NULL || ev->seat == NULL)
		return 1;
	for (i = 0; i < ev->plan->seats; i++)
		if (ev->plan->seat[i].approved && !ev->plan->seat[i].revoked)
			at[n++] = ev->plan->seat[i].approved_at;
	if (n < ev->plan->threshold)
		return 1;               /* the finding of release-approved */
	qsort(at, n, sizeof(at[0]), by_value);
	latest = at[ev->plan->threshold - 1];
	if (ev->seat->approved_at > latest)
		latest = ev->seat->approved_at;
	return is_cosigned(a, ev, latest);
}

int
audit_facts_release(const struct audit *a, const struct audit_event *ev)
{
	return ev->plan == NULL || ev->plan->phase != AUDIT_PHASE_EXPORTED ||
	    is_cosigned(a, ev, ev->plan->exported_at);
}

/* The witnesses named are those of the policy in force. */
int
audit_facts_witnesses(const struct audit *a, const struct audit_event *ev)
{
	const struct audit_owner *o = audit_state_owner(a, ev->owner);

	return o != NULL && strcmp(o->policy,
	    text_get(ev->text, "policy-sha256")) == 0;
}
