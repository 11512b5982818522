/* policy/votes.c - approval.txt, release.txt, denial.txt, revocation.txt. */
#include "policy/votes.h"

#include "policy/values_internal.h"

static const char *const approval_keys[] = {"plan", "plan-sha256", "owner",
    "seat", "charter-sha256", "ledger-size", "ledger-root", "approved",
    "expires", "nonce", NULL};
static const char *const release_keys[] = {"plan", "plan-sha256", "owner",
    "seat", "charter-sha256", "plan-recipient", "approvals-sha256", "shares",
    "shares-sha256", "nonce", NULL};
static const char *const denial_keys[] = {"plan", "plan-sha256", "owner",
    "seat", "reason", "denied", "nonce", NULL};
static const char *const revocation_keys[] = {"plan", "plan-sha256", "owner",
    "seat", "reason", "revoked", "nonce", NULL};

static const struct text_schema approval_schema = {"approval", approval_keys};
static const struct text_schema release_schema = {"release", release_keys};
static const struct text_schema denial_schema = {"denial", denial_keys};
static const struct text_schema revocation_schema = {"revocation",
    revocation_keys};

/* What every vote says first. */
struct head {
	const char **plan, **owner, **seat;
	uint8_t *plan_sha256, *nonce;
};

static enum err
parse_head(const struct text *t, const struct head *h, struct err_info *info)
{
	RETURN_IF(values_need(t, "plan", &values_plan, h->plan, info));
	RETURN_IF(text_get_hex(t, "plan-sha256", h->plan_sha256, 32, info));
	RETURN_IF(values_need(t, "owner", &values_owner, h->owner, info));
	RETURN_IF(values_need(t, "seat", &values_name, h->seat, info));
	return text_get_hex(t, "nonce", h->nonce, 16, info);
}

static void
put_head(struct text_writer *w, const char *plan, const uint8_t *plan_sha256,
    const char *owner, const char *seat)
{
	values_put(w, "plan", plan);
	text_put_hex(w, "plan-sha256", plan_sha256, 32);
	values_put(w, "owner", owner);
	values_put(w, "seat", seat);
}

/* ---- approval ---- */

void
votes_approval_release(struct votes_approval *a)
{
	text_free(a->text);
	*a = (struct votes_approval){0};
}

enum err
votes_approval_parse(struct bytes bytes, struct votes_approval *ret,
    struct err_info *info)
{
	CLEANUP(votes_approval_release) struct votes_approval a = {0};
	struct head h = {&a.plan, &a.owner, &a.seat, a.plan_sha256, a.nonce};

	RETURN_IF(text_parse(bytes, &approval_schema, &a.text, info));
	RETURN_IF(parse_head(a.text, &h, info));
	RETURN_IF(text_get_hex(a.text, "charter-sha256", a.charter_sha256, 32,
	    info));
	RETURN_IF(text_get_uint(a.text, "ledger-size", 1, INT64_MAX,
	    &a.ledger_size, info));
	RETURN_IF(text_get_hex(a.text, "ledger-root", a.ledger_root, 32,
	    info));
	RETURN_IF(text_get_time(a.text, "approved", &a.approved_unix_s,
	    info));
	RETURN_IF(text_get_time(a.text, "expires", &a.expires_unix_s, info));
	if (a.expires_unix_s <= a.approved_unix_s)
		return err_at(info, ERR_RANGE, 0,
		    "expires: is not after approved");
	*ret = a;
	a = (struct votes_approval){0};
	return ERR_OK;
}

enum err
votes_approval_write(const struct votes_approval *a, struct buf *out,
    struct err_info *info)
{
	CLEANUP(votes_approval_release) struct votes_approval back = {0};
	struct text_writer w;
	size_t start = out->len;
	enum err e;

	text_begin(&w, &approval_schema, out);
	put_head(&w, a->plan, a->plan_sha256, a->owner, a->seat);
	text_put_hex(&w, "charter-sha256", a->charter_sha256, 32);
	text_put_uint(&w, "ledger-size", a->ledger_size);
	text_put_hex(&w, "ledger-root", a->ledger_root, 32);
	text_put_time(&w, "approved", a->approved_unix_s);
	text_put_time(&w, "expires", a->expires_unix_s);
	text_put_hex(&w, "nonce", a->nonce, sizeof(a->nonce));
	if ((e = text_end(&w, info)) == ERR_OK)
		e = votes_approval_parse(bytes_of(out->data + start,
		    out->len - start), &back, info);
	return values_finish(out, start, e);
}

/* ---- release ---- */

void
votes_release_release(struct votes_release *r)
{
	text_free(r->text);
	*r = (struct votes_release){0};
}

enum err
votes_release_parse(struct bytes bytes, struct votes_release *ret,
    struct err_info *info)
{
	CLEANUP(votes_release_release) struct votes_release r = {0};
	struct head h = {&r.plan, &r.owner, &r.seat, r.plan_sha256, r.nonce};

	RETURN_IF(text_parse(bytes, &release_schema, &r.text, info));
	RETURN_IF(parse_head(r.text, &h, info));
	RETURN_IF(text_get_hex(r.text, "charter-sha256", r.charter_sha256, 32,
	    info));
	RETURN_IF(values_need(r.text, "plan-recipient", &values_age,
	    &r.plan_recipient, info));
	RETURN_IF(text_get_hex(r.text, "approvals-sha256", r.approvals_sha256,
	    32, info));
	/* The epochs of a plan, and the project key's. */
	RETURN_IF(text_get_uint(r.text, "shares", 1, TEXT_RUN_MAX + 1,
	    &r.shares, info));
	RETURN_IF(text_get_hex(r.text, "shares-sha256", r.shares_sha256, 32,
	    info));
	*ret = r;
	r = (struct votes_release){0};
	return ERR_OK;
}

enum err
votes_release_write(const struct votes_release *r, struct buf *out,
    struct err_info *info)
{
	CLEANUP(votes_release_release) struct votes_release back = {0};
	struct text_writer w;
	size_t start = out->len;
	enum err e;

	text_begin(&w, &release_schema, out);
	put_head(&w, r->plan, r->plan_sha256, r->owner, r->seat);
	text_put_hex(&w, "charter-sha256", r->charter_sha256, 32);
	values_put(&w, "plan-recipient", r->plan_recipient);
	text_put_hex(&w, "approvals-sha256", r->approvals_sha256, 32);
	text_put_uint(&w, "shares", r->shares);
	text_put_hex(&w, "shares-sha256", r->shares_sha256, 32);
	text_put_hex(&w, "nonce", r->nonce, sizeof(r->nonce));
	if ((e = text_end(&w, info)) == ERR_OK)
		e = votes_release_parse(bytes_of(out->data + start,
		    out->len - start), &back, info);
	return values_finish(out, start, e);
}

/* ---- denial and revocation ---- */

static const struct text_schema *
stop_schema(enum votes_stop_kind kind)
{
	return kind == VOTES_DENIAL ? &denial_schema :
	    &revocation_schema;
}

static const char *
stop_time_key(enum votes_stop_kind kind)
{
	return kind == VOTES_DENIAL ? "denied" : "revoked";
}

void
votes_stop_release(struct votes_stop *s)
{
	text_free(s->text);
	*s = (struct votes_stop){0};
}

enum err
votes_stop_parse(struct bytes bytes, enum votes_stop_kind kind,
    struct votes_stop *ret, struct err_info *info)
{
	CLEANUP(votes_stop_release) struct votes_stop s = {.kind = kind};
	struct head h = {&s.plan, &s.owner, &s.seat, s.plan_sha256, s.nonce};

	RETURN_IF(text_parse(bytes, stop_schema(kind), &s.text, info));
	RETURN_IF(parse_head(s.text, &h, info));
	RETURN_IF(values_need(s.text, "reason", &values_any, &s.reason,
	    info));
	RETURN_IF(text_get_time(s.text, stop_time_key(kind), &s.at_unix_s,
	    info));
	*ret = s;
	s = (struct votes_stop){0};
	return ERR_OK;
}

enum err
votes_stop_write(const struct votes_stop *s, struct buf *out,
    struct err_info *info)
{
	CLEANUP(votes_stop_release) struct votes_stop back = {0};
	struct text_writer w;
	size_t start = out->len;
	enum err e;

	text_begin(&w, stop_schema(s->kind), out);
	put_head(&w, s->plan, s->plan_sha256, s->owner, s->seat);
	values_put(&w, "reason", s->reason);
	text_put_time(&w, stop_time_key(s->kind), s->at_unix_s);
	text_put_hex(&w, "nonce", s->nonce, sizeof(s->nonce));
	if ((e = text_end(&w, info)) == ERR_OK)
		e = votes_stop_parse(bytes_of(out->data + start,
		    out->len - start), s->kind, &back, info);
	return values_finish(out, start, e);
}
