/* Commands of plans at the gateway. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballot.h"
#include "app/cmd/commands.h"
#include "app/docket.h"
#include "app/ops/accept.h"
#include "app/ops/byterelease.h"
#include "app/ops/plan_pack.h"
#include "app/ops/plans.h"
#include "app/plan_page.h"
#include "app/unlock.h"
#include "core/clock.h"

/* Plans whose time is over end wherever plans are looked at. */
static enum err open_home(struct cli *cli, struct home **ret)
{
	RETURN_IF(unlock_home(cli, ret));
	return plans_expire(*ret);
}

/* ---- states in words ---- */

static const char *state_word(const struct cli *cli,
    const struct register_plan *p)
{
	switch (p->state) {
	case REGISTER_PLAN_FROZEN:
		return cli_say(cli, "waits for officers", "保管官待ち");
	case REGISTER_PLAN_STARTED:
		return cli_say(cli, "export begun", "提供中");
	case REGISTER_PLAN_DONE:
		return cli_say(cli, "exported", "提供済み");
	case REGISTER_PLAN_ENDED:
	default:
		return cli_say(cli, "ended", "終了");
	}
}

static const char *why_word(const struct cli *cli, const char *why)
{
	static const struct { const char *why, *en, *ja; } words[] = {
		{"expired", "expired", "期限切れ"},
		{"denied", "denied", "拒否"},
		{"revoked", "revoked", "承認の取消し"},
		{"abandoned", "abandoned", "中止"},
		{"disclosure", "disclosure rules", "秘匿規則"}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].why, why) == 0)
			return cli_say(cli, words[i].en, words[i].ja);
	return why;
}

/* 1 when this seat's shares are here. */
static int has_released(struct home *h, const struct ballot *b,
    const char *seat)
{
	const struct register_query q = {.kind = REGISTER_RELEASE,
	    .owner = b->row.owner, .subject = b->row.id, .name = seat};
	struct register_document doc;

	return register_document_find(h->reg, &q, &doc) == ERR_OK;
}

struct standing {
	unsigned approved, released, needed;
	unsigned bytes, bytes_needed;   /* byte release of a built bundle */
};

/* A bundle that is built waits for seats, where the plan says so. */
static enum err count_bytes(struct home *h, const struct ballot *b,
    struct standing *ret)
{
	struct register_export e;

	if (b->row.state != REGISTER_PLAN_STARTED || !b->plan.byte_release ||
	    register_export_get(h->reg, b->row.export_id, &e) != ERR_OK ||
	    e.state != REGISTER_EXPORT_BUILT)
		return ERR_OK;
	return byterelease_standing(h, e.id, b->row.id, &ret->bytes,
	    &ret->bytes_needed);
}

static enum err count_votes(struct home *h, const struct ballot *b,
    struct standing *ret)
{
	CLEANUP(reasons_release) struct reasons why = {0};
	struct decision_tally t;

	RETURN_IF(ballot_tally(b, (struct ballot_more){0}, h->now_unix_s, &t,
	    &why));
	*ret = (struct standing){.needed = t.needed,
	    .approved = (unsigned)__builtin_popcount(t.approved)};
	for (size_t i = 0; i < b->charter.charter.seats_len; i++)
		if ((t.approved >> i & 1) && has_released(h, b,
		    b->charter.charter.seats[i].name))
			ret->released++;
	return count_bytes(h, b, ret);
}

/* ---- plan list ---- */

struct listing {
	struct cli *cli;
	struct home *h;
	struct cli_table table;
	const char *only;               /* an owner, or NULL */
};

static void listing_release(struct listing *l)
{
	cli_table_release(&l->table);
}

static void json_row(struct listing *l, const struct register_plan *p,
    const struct standing *s, const char *expires)
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
	json_doc_set_string(row, "expires", expires);
	json_doc_add(l->cli->result, row);
}

static enum err list_one(void *ctx, const struct register_plan *p)
{
	struct listing *l = ctx;
	CLEANUP(ballot_release) struct ballot b = {0};
	struct standing s;
	char expires[CLOCK_UTC_LEN + 1], votes[32], shares[32], state[96];

	RETURN_IF(ballot_load(l->h, p->id, &b));
	RETURN_IF(count_votes(l->h, &b, &s));
	clock_format_utc(p->expires_unix_s, expires);
	(void)snprintf(votes, sizeof(votes), "%u/%u", s.approved, s.needed);
	(void)snprintf(shares, sizeof(shares), "%u/%u", s.released, s.needed);
	if (s.bytes_needed > 0)
		(void)snprintf(state, sizeof(state), "%s %u/%u",
		    cli_say(l->cli, "built, waits for byte release",
		    "作成済み・開示前の確認待ち"), s.bytes, s.bytes_needed);
	else
		(void)snprintf(state, sizeof(state), "%s%s%s",
		    state_word(l->cli, p), p->why[0] != '\0' ? ": " : "",
		    why_word(l->cli, p->why));
	cli_table_row(&l->table, (const char *const[]){p->id, p->owner,
	    p->request, p->partner, state, votes, shares, expires});
	json_row(l, p, &s, expires);
	return ERR_OK;
}

static enum err run_list(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(listing_release) struct listing l = {.cli = cli,
	    .table = {.columns = 8}};

	RETURN_IF(cli_options(cli, &args, NULL, 0, 0, 1));
	RETURN_IF(open_home(cli, &h));
	l.h = h;
	cli->result = json_doc_new_array();
	cli_table_row(&l.table, (const char *const[]){
		cli_say(cli, "plan", "計画"), cli_say(cli, "owner", "所有者"),
		cli_say(cli, "request", "申請"),
		cli_say(cli, "partner", "提供先"),
		cli_say(cli, "state", "状態"),
		cli_say(cli, "approvals", "承認"),
		cli_say(cli, "shares", "シェア"),
		cli_say(cli, "expires", "期限")});
	RETURN_IF(register_plan_each(h->reg, args.len == 1 ? args.items[0] :
	    NULL, 0, list_one, &l));
	if (!cli->json)
		cli_table_print(&l.table);
	return ERR_OK;
}

/* ---- plan show ---- */

static const struct ballot_stop *stop_of(const struct ballot *b,
    const char *seat)
{
	for (size_t i = 0; i < b->stops_len; i++)
		if (strcmp(b->stops[i].parsed.seat, seat) == 0)
			return &b->stops[i];
	return NULL;
}

static void seat_row(const struct cli *cli, struct home *h,
    const struct ballot *b, const char *seat, struct cli_table *t)
{
	const struct ballot_vote *v = ballot_vote(b, seat);
	const struct ballot_stop *s = stop_of(b, seat);
	char when[CLOCK_UTC_LEN + 1];
	const char *no = NULL;

	if (v != NULL)
		clock_format_utc(v->parsed.approved_unix_s, when);
	if (s != NULL)
		no = s->parsed.kind == VOTES_DENIAL ?
		    cli_say(cli, "denied", "拒否") :
		    cli_say(cli, "taken back", "取消し");
	cli_table_row(t, (const char *const[]){seat, v == NULL ? NULL : when,
	    has_released(h, b, seat) ? cli_say(cli, "yes", "済") : NULL, no,
	    s == NULL ? NULL : s->parsed.reason});
}

static void print_seats(const struct cli *cli, struct home *h,
    const struct ballot *b)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 5};

	cli_table_row(&t, (const char *const[]){cli_say(cli, "seat", "席"),
		cli_say(cli, "approved", "承認"),
		cli_say(cli, "shares here", "シェア受領"),
		cli_say(cli, "against", "反対"),
		cli_say(cli, "reason", "理由")});
	for (size_t i = 0; i < b->charter.charter.seats_len; i++)
		seat_row(cli, h, b, b->charter.charter.seats[i].name, &t);
	(void)fputc('\n', stdout);
	cli_table_print(&t);
}

/* All papers of one plan; large. */
struct view {
	struct ballot ballot;
	struct docket docket;
};

static void view_free(struct view **v)
{
	if (*v == NULL)
		return;
	docket_release(&(*v)->docket);
	ballot_release(&(*v)->ballot);
	free(*v);
}

static enum err print_page(struct cli *cli, struct home *h, struct view *v)
{
	const struct ballot *b = &v->ballot;
	CLEANUP(buf_release) struct buf page = {0};
	struct plan_page in = {.docket = &v->docket, .plan = &b->plan};

	RETURN_IF(docket_load(h, b->row.owner, b->row.request, &v->docket));
	for (size_t i = 0; i < b->epochs.len; i++)
		in.records += b->epochs.items[i].records;
	in.respondents_max = v->docket.policy.respondents_per_export;
	RETURN_IF(plan_page_write(&in, cli->japanese, &page));
	if (cli->json)
		json_doc_set_string(cli->result, "page", buf_text(&page));
	else
		(void)fputs(buf_text(&page), stdout);
	return ERR_OK;
}

static void print_state(const struct cli *cli, const struct ballot *b)
{
	char expires[CLOCK_UTC_LEN + 1];

	clock_format_utc(b->row.expires_unix_s, expires);
	(void)printf("%s: %s%s%s\n%s: %s\n", cli_say(cli, "state", "状態"),
	    state_word(cli, &b->row), b->row.why[0] != '\0' ? ": " : "",
	    why_word(cli, b->row.why), cli_say(cli, "expires", "期限"),
	    expires);
}

static enum err run_show(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(view_free) struct view *v = calloc(1, sizeof(*v));
	int text = 0;
	const struct cli_option options[] = {{"--text", CLI_FLAG, &text}};

	if (v == NULL)
		return ERR_NOMEM;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(open_home(cli, &h));
	RETURN_IF(ballot_load(h, args.items[0], &v->ballot));
	if (text) {
		(void)fputs(buf_text(&v->ballot.plan_text), stdout);
		return ERR_OK;
	}
	cli->result = json_doc_new_object();
	RETURN_IF(print_page(cli, h, v));
	if (cli->json)
		return ERR_OK;
	print_state(cli, &v->ballot);
	print_seats(cli, h, &v->ballot);
	return ERR_OK;
}

/* ---- plan pack, accept, end ---- */

static enum err run_pack(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct plan_pack_args p = {0};
	const struct cli_option options[] = {
		{"--seat", CLI_TEXT, &p.seat},
		{"--since", CLI_TEXT, &p.since},
		{"-o", CLI_TEXT, &p.path},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (p.seat == NULL || p.path == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --seat NAME and -o FILE",
		    "--seat NAME と -o FILE を指定してください");
	p.plan = args.items[0];
	RETURN_IF(open_home(cli, &h));
	return plan_pack(h, &p);
}

static void put_accepted(struct cli *cli, const struct accept_result *r)
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
	cli->result = doc;
}

/* Where the plan stands now, and who is next. */
static enum err tell_next(struct cli *cli, struct home *h, const char *plan)
{
	CLEANUP(ballot_release) struct ballot b = {0};
	struct standing s;

	RETURN_IF(ballot_load(h, plan, &b));
	if (b.row.state != REGISTER_PLAN_FROZEN)
		return ERR_OK;
	RETURN_IF(count_votes(h, &b, &s));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "%s: %u of %u approvals, %u of %u seats' shares",
	    "%s：承認%u/%u席、シェア%u/%u席", plan, s.approved, s.needed,
	    s.released, s.needed);
	if (s.released >= s.needed)
		outcome_add(&cli->outcome, OUTCOME_HINT,
		    "next: azukari export %s", "次は azukari export %s です",
		    plan);
	else if (s.approved >= s.needed)
		outcome_add(&cli->outcome, OUTCOME_HINT,
		    "seats that approved before the others: pack again, and azukari approve once more",
		    "先に承認した席は、新しいファイルでもう一度 azukari approve を実行します");
	return ERR_OK;
}

static enum err run_accept(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct accept_args a = {0};
	struct accept_result r;
	const struct cli_option options[] = {
		{"--sig", CLI_TEXT, &a.sig},
		{"--shares", CLI_TEXT, &a.shares},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	a.answer = args.items[0];
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(accept_answer(h, &a, &r));
	put_accepted(cli, &r);
	return tell_next(cli, h, r.plan);
}

static enum err run_end(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 1, 1));
	RETURN_IF(open_home(cli, &h));
	return plans_end(h, args.items[0], "abandoned");
}

static const struct cli_command rows[] = {
	{"plan list", "[OWNER]", "list plans and where they stand",
	    "計画の一覧と進み具合", run_list},
	{"plan show", "PLAN [--text]", "a plan in plain words",
	    "計画の内容を平易に示す", run_show},
	{"plan pack", "PLAN --seat NAME -o FILE [--since CHECKPOINT]",
	    "write the packet for one officer",
	    "保管官に渡すファイルを書き出す", run_pack},
	{"plan accept", "ANSWER | TEXT --sig FILE [--shares FILE]",
	    "take in what an officer sent back",
	    "保管官からの回答を受け付ける", run_accept},
	{"plan end", "PLAN", "give a plan up", "計画を中止する", run_end},
};

const struct commands_group plan_commands = {rows, ARRAY_LEN(rows)};
