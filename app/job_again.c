/* An earlier export computed again: nothing of it leaves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/job_internal.h"
#include "app/papers.h"
#include "core/clock.h"
#include "core/encode.h"
#include "exporters/statement.h"
#include "vault/store_notice.h"
#include "vault/store_respondent.h"

void job_again_release(struct job_again *a)
{
	ballot_free(&a->then);
	*a = (struct job_again){0};
}

enum err job_again_check_kind(struct home *h, const char *plan, int is_again)
{
	CLEANUP(ballot_free) struct ballot *b = NULL;
	int rederives;

	RETURN_IF(ballot_new(&b));
	RETURN_IF(ballot_load(h, plan, b));
	rederives = plan_rederives(&b->plan);
	if (rederives && !is_again)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "%s computes an earlier export again and hands nothing out: azukari rederive %s",
		    "%sは提供済みの内容を計算し直す計画で、提供はできません: azukari rederive %s",
		    plan, plan);
	if (!rederives && is_again)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "%s is a plan to export, not to compute an export again: azukari plan freeze OWNER --rederive EXPORT",
		    "%sは提供の計画で、計算し直すための計画ではありません: azukari plan freeze 所有者 --rederive 提供番号",
		    plan);
	return ERR_OK;
}

enum err job_again_start(struct home *h, const struct job_case *c)
{
	CLEANUP(act_abort) struct act a = {0};
	struct entry_writer w;
	int64_t act;

	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	/* A seat may have taken its approval back since the case was read. */
	RETURN_IF(ballot_still_granted(h, c->row.id));
	act_entry(&a, ENTRY_REDERIVE_STARTED, c->row.owner, &w);
	entry_put(&w, "export", c->plan.rederive.export_id);
	entry_put_hex(&w, "plan-sha256", c->row.sha256, DIGEST_LEN);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(register_plan_move(h->reg, c->row.id, REGISTER_PLAN_STARTED,
	    NULL, h->now_unix_s, act));
	return act_commit(&a);
}

/* ---- what it is held against ---- */

/* The statement is the one in the bundle whose SHA256SUMS the ledger has. */
static enum err check_statement(struct home *h,
    const struct register_export *e, const struct paper *statement)
{
	CLEANUP(paper_release) struct paper sums = {0};
	struct register_built built;
	struct register_query q = {.kind = REGISTER_SHA256SUMS,
	    .owner = e->owner, .name = e->id,
	    .sha256 = built.sha256sums_sha256};
	char line[DIGEST_HEX_LEN + 32], hex[DIGEST_HEX_LEN + 1];

	RETURN_IF(register_export_get_built(h->reg, e->id, &built));
	RETURN_IF(papers_find(h, &q, &sums));
	digest_to_hex(statement->sha256, hex);
	(void)snprintf(line, sizeof(line), "%s  STATEMENT.txt\n", hex);
	return memmem(sums.bytes.data, sums.bytes.len, line,
	    strlen(line)) == NULL ? ERR_CORRUPT : ERR_OK;
}

static enum err read_statement(struct home *h, struct job_again *a)
{
	CLEANUP(paper_release) struct paper paper = {0};
	CLEANUP(statement_release) struct statement s = {0};
	const struct register_export *e = &a->export_row;
	struct register_query q = {.kind = REGISTER_STATEMENT,
	    .owner = e->owner, .name = e->id};

	RETURN_IF(papers_find(h, &q, &paper));
	RETURN_IF(check_statement(h, e, &paper));
	RETURN_IF(statement_parse(bytes_buf(&paper.bytes), &s,
	    &h->outcome->info));
	RETURN_IF(decode_hex(bytes_str(s.inner_tagmanifest_sha256), a->want,
	    DIGEST_LEN));
	return clock_parse_utc(bytes_str(s.created), &a->made_unix_s);
}

static enum err check_same(const struct job_case *c,
    const struct job_again *a)
{
	const struct plan_epochs *now = &c->epochs, *then = &a->then->epochs;

	if (!plan_is_again(&c->plan, &a->then->plan, a->then->row.sha256) ||
	    now->len != then->len)
		return ERR_MISMATCH;
	for (size_t i = 0; i < now->len; i++)
		if (memcmp(now->items[i].id, then->items[i].id, 16) != 0 ||
		    memcmp(now->items[i].sha256, then->items[i].sha256,
		    32) != 0 ||
		    memcmp(now->items[i].root, then->items[i].root, 32) != 0)
			return ERR_MISMATCH;
	return ERR_OK;
}

enum err job_again_load(struct home *h, struct owner *w,
    const struct job_case *c, struct job_again *ret)
{
	struct register_export *e = &ret->export_row;

	RETURN_IF(register_export_get(h->reg, c->plan.rederive.export_id, e));
	if (h->now_unix_s > e->retention_until_unix_s)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "the retention of %s is over: nothing can be compared any more",
		    "%sの保存期間は終わり、比べられません", e->id);
	RETURN_IF(ballot_new(&ret->then));
	RETURN_IF(ballot_load(h, e->plan, ret->then));
	RETURN_IF(check_same(c, ret));
	RETURN_IF(read_statement(h, ret));
	RETURN_IF(store_respondent_any_withdrawn_since(w->store,
	    e->started_unix_s, &ret->any_withdrawn));
	return job_consent_count(h, w, e, &ret->withdrawn);
}

void job_again_become(struct job_again *a, struct job_case *c)
{
	struct plan plan = c->plan;
	struct buf text = c->plan_text;

	c->plan = a->then->plan;
	c->plan_text = a->then->plan_text;
	a->then->plan = plan;
	a->then->plan_text = text;
	memcpy(c->row.export_id, a->export_row.id, sizeof(c->row.export_id));
}

/* ---- the answer ---- */

/* Rows of people who were not in it can change the groups, too. */
static const char *what_came(const struct job_again *a,
    const uint8_t *computed)
{
	if (computed != NULL && memcmp(computed, a->want, DIGEST_LEN) == 0)
		return "equal";
	return a->withdrawn > 0 || a->any_withdrawn ? "withdrawn" :
	    "different";
}

enum err job_again_end(struct home *h, const struct job_case *c,
    const struct job_again *a, const uint8_t *computed,
    const char **ret_what)
{
	CLEANUP(act_abort) struct act act = {0};
	const char *what = what_came(a, computed);
	struct entry_writer w;
	int64_t id;

	RETURN_IF(act_begin(h, register_db(h->reg), &act));
	act_entry(&act, ENTRY_REDERIVED, c->row.owner, &w);
	entry_put(&w, "export", a->export_row.id);
	entry_put_hex(&w, "plan-sha256", c->row.sha256, DIGEST_LEN);
	entry_put(&w, "what", what);
	if (computed != NULL)
		entry_put_hex(&w, "tagmanifest-sha256", computed, DIGEST_LEN);
	else
		entry_put(&w, "tagmanifest-sha256", "-");
	RETURN_IF(act_entry_end(&act, &w, &id));
	RETURN_IF(register_plan_move(h->reg, c->row.id, REGISTER_PLAN_ENDED,
	    what, h->now_unix_s, id));
	RETURN_IF(act_commit(&act));
	*ret_what = what;
	return ERR_OK;
}

/* Small counts are nobody's business here either. */
static void tell_withdrawn(struct home *h, const struct job_again *a,
    unsigned minimum_cell)
{
	const char *id = a->export_row.id;
	unsigned long long n = a->withdrawn;

	if (n == 0)
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "%s differs now, and cannot be compared: people whose answers were considered for it have withdrawn since",
		    "%sは当時と異なりますが、比較はできません。検討の対象だった方の同意撤回がその後ありました",
		    id);
	else if (n < minimum_cell)
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "%s cannot be equal: fewer than %llu people have withdrawn since; nothing was computed",
		    "%sは一致し得ません。その後、%llu人未満の方が同意を撤回しました。計算はしていません",
		    id, (unsigned long long)minimum_cell);
	else
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "%s cannot be equal: %llu people have withdrawn since; nothing was computed",
		    "%sは一致し得ません。その後、%llu人の方が同意を撤回しました。計算はしていません",
		    id, n);
}

enum err job_again_tell(struct home *h, const struct job_again *a,
    const char *what, unsigned minimum_cell)
{
	const char *id = a->export_row.id;

	if (strcmp(what, "different") == 0)
		return outcome_refuse(h->outcome, ERR_MISMATCH,
		    "%s DIFFERS: computed again from the same answers, its inside has another digest than the one in its STATEMENT.txt, although nobody has withdrawn",
		    "%sは一致しません。誰も撤回していないのに、同じ回答から計算し直した中身のダイジェストがSTATEMENT.txtと異なります",
		    id);
	if (strcmp(what, "withdrawn") == 0)
		tell_withdrawn(h, a, minimum_cell);
	else
		outcome_add(h->outcome, OUTCOME_DONE,
		    "%s is equal: computed again from the same answers, its inside has the digest in its STATEMENT.txt",
		    "%sは一致しました。同じ回答から計算し直した中身のダイジェストがSTATEMENT.txtと同じです",
		    id);
	return ERR_OK;
}
