/* ledger/audit_state.c - what entries add to what is known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "ledger/audit_internal.h"

void
audit_state_release(struct audit *a)
{
	size_t i;

	for (i = 0; i < a->plans_len; i++)
		free(a->plans[i]);
	free(a->plans);
	a->plans = NULL;
	a->plans_len = a->plans_cap = 0;
	audit_map_release(&a->map);
}

static int
has_key(enum entry_kind kind, const char *key)
{
	const char *const *k;

	for (k = entry_info(kind)->schema.keys; *k != NULL; k++)
		if (strcmp(entry_key(*k), key) == 0)
			return 1;
	return 0;
}

/* A plan entry names its own plan, which is not known before. */
static struct audit_plan *
find_plan(const struct audit *a, const struct audit_event *ev)
{
	uint64_t at = UINT64_MAX;

	if (ev->kind == ENTRY_PLAN)
		return NULL;
	if (has_key(ev->kind, "plan-sha256"))
		at = audit_map_get(&a->map, AUDIT_MAP_KEY("plan-sha256",
		    ev->owner, text_get(ev->text, "plan-sha256")),
		    UINT64_MAX);
	else if (has_key(ev->kind, "export"))
		at = audit_map_get(&a->map, AUDIT_MAP_KEY("export",
		    ev->owner, text_get(ev->text, "export")), UINT64_MAX);
	return at < a->plans_len ? a->plans[at] : NULL;
}

static struct audit_seat *
find_seat(struct audit_plan *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->seats; i++)
		if (strcmp(p->seat[i].name, name) == 0)
			return &p->seat[i];
	return NULL;
}

void
audit_state_resolve(const struct audit *a, struct audit_event *ev)
{
	ev->owner = text_get(ev->text, "owner");
	ev->plan = find_plan(a, ev);
	ev->seat = ev->plan != NULL && has_key(ev->kind, "seat") ?
	    find_seat(ev->plan, text_get(ev->text, "seat")) : NULL;
}

/* What tells one entry of a kind from another that must not come again. */
static const struct {
	enum entry_kind kind;
	const char *first, *second;     /* keys */
} once[] = {
	{ENTRY_SURVEY, "survey", "survey"},
	{ENTRY_LADDER, "ladder", "ladder-sha256"},
	{ENTRY_CONSENT_TEXT, "text-sha256", "text-sha256"},
	{ENTRY_SOURCE, "source", "source"},
	{ENTRY_REQUEST, "request-sha256", NULL},
	{ENTRY_WITHDRAWAL, "batch", "batch"},
	{ENTRY_ERASURE_ORDER, "text-sha256", "text-sha256"},
};

int
audit_state_once(const struct audit_event *ev,
    const char *ret[AUDIT_ONCE_WORDS])
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(once) && once[i].kind != ev->kind; i++)
		;
	if (i == ARRAY_LEN(once))
		return 0;
	ret[0] = "once";
	ret[1] = entry_info(ev->kind)->name;
	ret[2] = ev->owner;
	ret[3] = text_get(ev->text, once[i].first);
	ret[4] = once[i].second == NULL ? NULL :
	    text_get(ev->text, once[i].second);
	ret[5] = NULL;
	return 1;
}

unsigned
audit_state_standing(const struct audit_plan *p)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < p->seats; i++)
		n += p->seat[i].approved && !p->seat[i].revoked;
	return n;
}

unsigned
audit_state_standing_released(const struct audit_plan *p)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < p->seats; i++)
		n += p->seat[i].approved && !p->seat[i].revoked &&
		    p->seat[i].released;
	return n;
}

unsigned
audit_state_signed_bytes(const struct audit_plan *p)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < p->seats; i++)
		n += p->seat[i].signed_bytes != 0;
	return n;
}

static void
set(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from);
}

int64_t
audit_state_time(const struct audit_event *ev)
{
	int64_t at = 0;

	/* The table of shapes has seen to it that it is a time. */
	return clock_parse_utc(bytes_str(text_get(ev->text, "time")), &at) ==
	    ERR_OK ? at : 0;
}

const struct audit_owner *
audit_state_owner(const struct audit *a, const char *code)
{
	size_t i;

	for (i = 0; i < a->owners_len; i++)
		if (strcmp(a->owners[i].code, code) == 0)
			return &a->owners[i];
	return NULL;
}

/* What an owner has in force; the place for it, if there is room. */
static struct audit_owner *
owner_of(struct audit *a, const char *code)
{
	const struct audit_owner *known = audit_state_owner(a, code);

	if (known != NULL)
		return &a->owners[known - a->owners];
	if (a->owners_len == AUDIT_OWNERS_MAX)
		return NULL;
	set(a->owners[a->owners_len].code, sizeof(a->owners[0].code), code);
	return &a->owners[a->owners_len++];
}

static void
apply_in_force(struct audit *a, const struct audit_event *ev)
{
	struct audit_owner *o = owner_of(a, ev->owner);

	if (o == NULL)
		return;
	if (ev->kind == ENTRY_CHARTER)
		set(o->charter, sizeof(o->charter),
		    text_get(ev->text, "charter-sha256"));
	if (ev->kind == ENTRY_POLICY) {
		set(o->policy, sizeof(o->policy),
		    text_get(ev->text, "policy-sha256"));
		o->witnesses[0] = '\0';
	}
	if (ev->kind == ENTRY_WITNESS_POLICY &&
	    strcmp(o->policy, text_get(ev->text, "policy-sha256")) == 0)
		set(o->witnesses, sizeof(o->witnesses),
		    text_get(ev->text, "witness-policy-sha256"));
}

/* What is in force when a plan is frozen. */
static void
ground_plan(const struct audit *a, struct audit_plan *p)
{
	const struct audit_owner *o = audit_state_owner(a, p->owner);

	if (o == NULL)
		return;
	set(p->charter, sizeof(p->charter), o->charter);
	set(p->witnesses, sizeof(p->witnesses), o->witnesses);
}

/* A plan that is given twice is a finding; the first one stays. */
static enum err
add_plan(struct audit *a, const struct audit_event *ev)
{
	const char *digest = text_get(ev->text, "plan-sha256");
	const char *export = text_get(ev->text, "export");
	const char *const *key = AUDIT_MAP_KEY("plan-sha256", ev->owner,
	    digest);
	struct audit_plan *p, **more;
	size_t cap = a->plans_cap == 0 ? 64 : a->plans_cap * 2;

	if (audit_map_get(&a->map, key, UINT64_MAX) != UINT64_MAX)
		return ERR_OK;
	if (a->plans_len == a->plans_cap) {
		more = realloc(a->plans, cap * sizeof(*more));
		if (more == NULL)
			return ERR_NOMEM;
		a->plans = more;
		a->plans_cap = cap;
	}
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return ERR_NOMEM;
	set(p->owner, sizeof(p->owner), ev->owner);
	set(p->digest, sizeof(p->digest), digest);
	set(p->export, sizeof(p->export), export);
	ground_plan(a, p);
	p->stated = audit_terms_has(ev);
	audit_terms_fill(a, ev, p);
	a->plans[a->plans_len++] = p;
	RETURN_IF(audit_map_put(&a->map, key, a->plans_len - 1));
	if (p->stated)
		RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("terms",
		    "plan"), 1));
	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("plan", ev->owner,
	    text_get(ev->text, "plan")), 1));
	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("plan-recipient",
	    text_get(ev->text, "plan-recipient")), 1));
	return audit_map_put(&a->map, AUDIT_MAP_KEY("export", ev->owner,
	    export), a->plans_len - 1);
}

static struct audit_seat *
seat_of(const struct audit_event *ev)
{
	struct audit_plan *p = ev->plan;

	if (ev->seat != NULL || p == NULL || p->seats == AUDIT_SEATS_MAX)
		return ev->seat;
	set(p->seat[p->seats].name, AUDIT_NAME_MAX,
	    text_get(ev->text, "seat"));
	return &p->seat[p->seats++];
}

/* What seats say about a plan. */
static void
apply_vote(const struct audit_event *ev)
{
	struct audit_seat *seat = seat_of(ev);

	if (seat == NULL)
		return;
	if (ev->kind == ENTRY_APPROVAL && !seat->approved)
		seat->approved_at = ev->index;
	seat->approved |= ev->kind == ENTRY_APPROVAL;
	seat->released |= ev->kind == ENTRY_SHARE_RELEASE;
	seat->revoked |= ev->kind == ENTRY_REVOCATION;
	seat->signed_bytes |= ev->kind == ENTRY_BYTE_RELEASE;
	/* Once an export runs only its bytes can still be denied. */
	if (ev->kind == ENTRY_DENIAL && ev->plan->veto &&
	    (ev->plan->phase == AUDIT_PHASE_NONE ||
	    ev->plan->byte_release))
		ev->plan->vetoed = 1;
	if (ev->kind == ENTRY_REVOCATION &&
	    ev->plan->phase != AUDIT_PHASE_NONE)
		ev->plan->recalled = 1;
}

/* Another bundle: nobody has signed it yet. */
static void
new_bytes(struct audit_plan *p, const char *sums)
{
	size_t i;

	set(p->sums, sizeof(p->sums), sums);
	for (i = 0; i < p->seats; i++)
		p->seat[i].signed_bytes = 0;
}

/* What is owed after a release, and whether it came. */
static void
apply_release(struct audit_plan *p, const struct audit_event *ev)
{
	struct audit_release *r = &p->release;
	int32_t day;

	if (ev->kind == ENTRY_RELEASED && r->released_unix_s == 0)
		r->released_unix_s = audit_state_time(ev);
	if (ev->kind == ENTRY_RECEIPT && !p->receipt)
		r->receipt_unix_s = audit_state_time(ev);
	if (ev->kind == ENTRY_DESTRUCTION && !p->certificate)
		r->destroyed_unix_s = audit_state_time(ev);
	p->receipt |= ev->kind == ENTRY_RECEIPT;
	p->certificate |= ev->kind == ENTRY_DESTRUCTION;
	if (ev->kind == ENTRY_DESTRUCTION_DUE && r->destroy_until == 0 &&
	    clock_parse_day(
	    bytes_str(text_get(ev->text, "until")), &day) == ERR_OK)
		r->destroy_until = day;
}

/* What a plan is about, and what is made before its bundle. */
static void
apply_made(struct audit_plan *p, const struct audit_event *ev)
{
	if (ev->kind == ENTRY_REDERIVE_STARTED ||
	    ev->kind == ENTRY_REIDENT_STARTED)
		set(p->of, sizeof(p->of), text_get(ev->text, "export"));
	if (ev->kind == ENTRY_NOTICE_BOOK)
		set(p->book, sizeof(p->book), text_get(ev->text,
		    "notice-book-sha256"));
	if (ev->kind == ENTRY_RELEASE_RECORD)
		set(p->record, sizeof(p->record), text_get(ev->text,
		    "record-sha256"));
}

static void
apply_export(const struct audit_event *ev)
{
	struct audit_plan *p = ev->plan;

	if (p == NULL)
		return;
	p->begun |= ev->kind == ENTRY_EXPORT_STARTED;
	if (ev->kind == ENTRY_EXPORT_STARTED)
		p->phase = AUDIT_PHASE_STARTED;
	else if (ev->kind == ENTRY_REDERIVE_STARTED)
		p->phase = AUDIT_PHASE_REDERIVING;
	else if (ev->kind == ENTRY_REIDENT_STARTED)
		p->phase = AUDIT_PHASE_REIDENTIFYING;
	else if (ev->kind == ENTRY_EXPORTED)
		p->phase = AUDIT_PHASE_EXPORTED;
	else if (ev->kind == ENTRY_RELEASED)
		p->phase = AUDIT_PHASE_RELEASED;
	else if (ev->kind == ENTRY_EXPORT_FAILED)
		p->phase = AUDIT_PHASE_NONE;
	if (ev->kind == ENTRY_EXPORTED)
		new_bytes(p, text_get(ev->text, "sha256sums-sha256"));
	if (ev->kind == ENTRY_EXPORTED)
		p->exported_at = ev->index;
	apply_made(p, ev);
	apply_release(p, ev);
	p->recalled |= ev->kind == ENTRY_RECALL;
	p->ended |= ev->kind == ENTRY_PLAN_ENDED ||
	    ev->kind == ENTRY_REDERIVED || ev->kind == ENTRY_REIDENTIFIED;
}

/* `charter` and `policy` have versions, each naming the one before. */
static enum err
apply_version(struct audit *a, const struct audit_event *ev,
    const char *digest_key)
{
	const char *name = entry_info(ev->kind)->name;
	const char *version = text_get(ev->text, "version");

	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("version-at", name,
	    ev->owner, version, text_get(ev->text, digest_key)), 1));
	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("digest-known", name,
	    ev->owner, text_get(ev->text, digest_key)), 1));
	return audit_map_put(&a->map, AUDIT_MAP_KEY("version", name,
	    ev->owner), strtoull(version, NULL, 10));
}

static enum err
apply_epoch(struct audit *a, const struct audit_event *ev)
{
	const char *epoch = text_get(ev->text, "epoch");

	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("epoch-id", epoch), 1));
	return audit_map_put(&a->map, AUDIT_MAP_KEY("epoch", ev->owner, epoch,
	    text_get(ev->text, "epoch-sha256")),
	    ev->kind == ENTRY_EPOCH_CLOSED ? 2 : 1);
}

static enum err
apply_notice(struct audit *a, const struct audit_event *ev)
{
	const char *partner = text_get(ev->text, "partner");

	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("notice", ev->owner,
	    partner, text_get(ev->text, "notice-sha256")), 1));
	return audit_map_put(&a->map, AUDIT_MAP_KEY("notice-number",
	    ev->owner, partner),
	    strtoull(text_get(ev->text, "number"), NULL, 10));
}

static enum err
apply_genesis(struct audit *a, const struct audit_event *ev)
{
	if (ev->index == 0)
		set(a->origin, sizeof(a->origin),
		    text_get(ev->text, "origin"));
	return ERR_OK;
}

/* Numbers that only grow. */
static enum err
apply_generation(struct audit *a, const struct audit_event *ev)
{
	struct audit_owner *o = ev->kind == ENTRY_ERASURE ?
	    owner_of(a, ev->owner) : NULL;

	if (o != NULL)
		o->erase_generation = strtoull(text_get(ev->text,
		    "erase-generation"), NULL, 10);
	if (ev->kind == ENTRY_KEY_ROTATION)
		return audit_map_put(&a->map, AUDIT_MAP_KEY("generation",
		    ev->owner, text_get(ev->text, "what")),
		    strtoull(text_get(ev->text, "generation"), NULL, 10));
	return ERR_OK;
}

static enum err
apply_once(struct audit *a, const struct audit_event *ev)
{
	const char *keys[AUDIT_ONCE_WORDS];

	return audit_state_once(ev, keys) ?
	    audit_map_put(&a->map, keys, 1) : ERR_OK;
}

static enum err
apply_configuration(struct audit *a, const struct audit_event *ev)
{
	const char *what = text_get(ev->text, "what");
	const char *const *last = AUDIT_MAP_KEY("configuration", ev->owner,
	    what);
	uint64_t at = audit_map_get(&a->map, last, 0);
	char number[24];

	(void)snprintf(number, sizeof(number), "%llu",
	    (unsigned long long)++at);
	RETURN_IF(audit_map_put(&a->map, last, at));
	return audit_map_put(&a->map, AUDIT_MAP_KEY("configuration-at",
	    ev->owner, what, number, text_get(ev->text,
	    "configuration-sha256")), 1);
}

/* Kinds that only need to be remembered or change nothing known. */
static enum err
apply_other(struct audit *a, const struct audit_event *ev)
{
	if (ev->kind == ENTRY_CONFIGURATION)
		return apply_configuration(a, ev);
	RETURN_IF(apply_generation(a, ev));
	RETURN_IF(apply_once(a, ev));
	if (ev->kind == ENTRY_OWNER)
		return audit_map_put(&a->map, AUDIT_MAP_KEY("owner",
		    ev->owner), 1);
	if (ev->kind == ENTRY_WITHDRAWAL)
		return audit_map_put(&a->map, AUDIT_MAP_KEY("batch",
		    ev->owner, text_get(ev->text, "batch")), 1);
	apply_export(ev);
	return ERR_OK;
}

static enum err
apply_kind(struct audit *a, const struct audit_event *ev)
{
	apply_in_force(a, ev);
	if (ev->kind == ENTRY_GENESIS)
		return apply_genesis(a, ev);
	if (ev->kind == ENTRY_PLAN)
		return add_plan(a, ev);
	if (ev->kind == ENTRY_CHARTER) {
		RETURN_IF(audit_terms_apply_charter(a, ev));
		return apply_version(a, ev, "charter-sha256");
	}
	if (ev->kind == ENTRY_POLICY)
		return apply_version(a, ev, "policy-sha256");
	if (ev->kind == ENTRY_EPOCH_OPENED || ev->kind == ENTRY_EPOCH_CLOSED)
		return apply_epoch(a, ev);
	if (ev->kind == ENTRY_NOTICE)
		return apply_notice(a, ev);
	if (ev->plan != NULL && has_key(ev->kind, "seat"))
		apply_vote(ev);
	return apply_other(a, ev);
}

enum err
audit_state_apply(struct audit *a, const struct audit_event *ev)
{
	RETURN_IF(audit_map_put(&a->map, AUDIT_MAP_KEY("nonce",
	    text_get(ev->text, "nonce")), 1));
	return apply_kind(a, ev);
}

size_t
audit_unstated(const struct audit *a)
{
	size_t i, n = 0;

	for (i = 0; i < a->plans_len; i++)
		n += a->plans[i]->unstated != 0;
	return n;
}

size_t
audit_releases(const struct audit *a)
{
	size_t i, n = 0;

	for (i = 0; i < a->plans_len; i++)
		n += a->plans[i]->release.released_unix_s != 0;
	return n;
}

struct audit_release
audit_release(const struct audit *a, size_t i)
{
	struct audit_release r;
	size_t at = 0;

	MUST_HOLD(i < audit_releases(a));
	for (;; at++)
		if (a->plans[at]->release.released_unix_s != 0 && i-- == 0)
			break;
	r = a->plans[at]->release;
	r.owner = a->plans[at]->owner;
	r.export = a->plans[at]->export;
	r.recalled = a->plans[at]->recalled;
	return r;
}
