/* Commands of plans at the gateway. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballot.h"
#include "app/cmd/commands.h"
#include "app/docket.h"
#include "app/ops/accept.h"
#include "app/ops/plan_pack.h"
#include "app/ops/plans.h"
#include "app/plan_page.h"
#include "app/report.h"
#include "app/remote.h"
#include "app/unlock.h"
#include "core/clock.h"
#include "core/encode.h"

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
		{"disclosure", "disclosure rules", "秘匿規則"},
		{"difference", "difference from an earlier release",
		    "以前の提供との差"},
		{"equal", "derived again: equal", "再現：一致"},
		{"different", "derived again: DIFFERENT", "再現：不一致"},
		{"withdrawn", "derived again: people have withdrawn since",
		    "再現：撤回のため比較不能"}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].why, why) == 0)
			return cli_say(cli, words[i].en, words[i].ja);
	return why;
}

/* ---- plan list ---- */

/* The words of "state" in a report. */
static enum register_plan_state state_named(const char *name)
{
	return strcmp(name, "frozen") == 0 ? REGISTER_PLAN_FROZEN :
	    strcmp(name, "started") == 0 ? REGISTER_PLAN_STARTED :
	    strcmp(name, "exported") == 0 ? REGISTER_PLAN_DONE :
	    REGISTER_PLAN_ENDED;
}

static const char *text_of(const struct json_doc *row, const char *key)
{
	const char *text = json_doc_string(json_doc_get(row, key));

	return text == NULL ? "" : text;
}

static int number_of(const struct json_doc *row, const char *key)
{
	return (int)json_doc_int(json_doc_get(row, key), 0);
}

static void list_one(const struct cli *cli, const struct json_doc *row,
    struct cli_table *t)
{
	const struct register_plan p = {
		.state = state_named(text_of(row, "state"))};
	const char *why = text_of(row, "why");
	char votes[32], shares[32], state[96];

	(void)snprintf(votes, sizeof(votes), "%d/%d",
	    number_of(row, "approvals"), number_of(row, "needed"));
	(void)snprintf(shares, sizeof(shares), "%d/%d",
	    number_of(row, "releases"), number_of(row, "needed"));
	(void)snprintf(state, sizeof(state), "%s%s%s", state_word(cli, &p),
	    why[0] != '\0' ? ": " : "", why_word(cli, why));
	if (number_of(row, "byte_releases_needed") > 0)
		(void)snprintf(state, sizeof(state), "%s %d/%d",
		    cli_say(cli, "built, waits for byte release",
		    "作成済み・開示前の確認待ち"),
		    number_of(row, "byte_releases"),
		    number_of(row, "byte_releases_needed"));
	cli_table_row(t, (const char *const[]){text_of(row, "plan"),
		text_of(row, "owner"), text_of(row, "request"),
		text_of(row, "partner"), state, votes, shares,
		text_of(row, "expires")});
}

static void print_list(const struct cli *cli)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 8};

	cli_table_row(&t, (const char *const[]){
		cli_say(cli, "plan", "計画"), cli_say(cli, "owner", "所有者"),
		cli_say(cli, "request", "申請"),
		cli_say(cli, "partner", "提供先"),
		cli_say(cli, "state", "状態"),
		cli_say(cli, "approvals", "承認"),
		cli_say(cli, "shares", "シェア"),
		cli_say(cli, "expires", "期限")});
	for (size_t i = 0; i < json_doc_len(cli->result); i++)
		list_one(cli, json_doc_at(cli->result, i), &t);
	cli_table_print(&t);
}

static enum err load_list(struct cli *cli, const char *owner)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	const struct report_filter f = {.owner = owner};

	if (cli->gateway != NULL)
		return remote_list(cli, "/v1/plans", owner);
	RETURN_IF(open_home(cli, &h));
	return report_plans(h, &f, &cli->result);
}

static enum err run_list(struct cli *cli, struct cli_args args)
{
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity}};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 1));
	RETURN_IF(load_list(cli, args.len == 1 ? args.items[0] : NULL));
	if (!cli->json)
		print_list(cli);
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
	    report_has_released(h, b, seat) ? cli_say(cli, "yes", "済") : NULL, no,
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

	docket_of_plan(&v->docket, &b->plan);
	RETURN_IF(docket_load(h, b->row.owner, b->row.request, &v->docket));
	RETURN_IF(docket_load_prior(h, b->row.owner, &b->plan, &v->docket));
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

/* The service packs for the seat that asks. */
static enum err pack_remote(struct cli *cli, struct plan_pack_args *p)
{
	char path[FS_PATH_MAX], seat[REMOTE_NAME_MAX];

	if (p->since != NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "--since goes with a home, not with --gateway",
		    "--since はホームでのみ使えます");
	RETURN_IF(fs_path(path, "/v1/plans/%s/packet", p->plan));
	RETURN_IF(remote_packet(cli, &(struct gateway_ask){.method = "GET",
	    .path = path}, p->path, seat));
	p->seat = seat;
	plan_pack_tell(&cli->outcome, p);
	return ERR_OK;
}

static enum err run_pack(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct plan_pack_args p = {0};
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity},
		{"--seat", CLI_TEXT, &p.seat},
		{"--since", CLI_TEXT, &p.since},
		{"-o", CLI_TEXT, &p.path},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if ((p.seat == NULL && cli->gateway == NULL) || p.path == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --seat NAME and -o FILE",
		    "--seat NAME と -o FILE を指定してください");
	p.plan = args.items[0];
	if (cli->gateway != NULL)
		return pack_remote(cli, &p);
	RETURN_IF(open_home(cli, &h));
	return plan_pack(h, &p);
}

static enum err put_by_hand(struct gateway *g, const struct accept_args *a,
    struct json_doc *doc)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf sig = {0};
	CLEANUP(buf_release) struct buf shares = {0};
	CLEANUP(buf_release) struct buf coded = {0};

	RETURN_IF(remote_read(g, a->answer, &text));
	RETURN_IF(remote_read(g, a->sig, &sig));
	json_doc_set_string(doc, "text", buf_text(&text));
	json_doc_set_string(doc, "signature", buf_text(&sig));
	if (a->shares == NULL)
		return ERR_OK;
	RETURN_IF(remote_read(g, a->shares, &shares));
	RETURN_IF(encode_b64(shares.data, shares.len, 1, &coded));
	json_doc_set_string(doc, "shares", buf_text(&coded));
	return ERR_OK;
}

static enum err accept_remote(struct cli *cli, const struct accept_args *a)
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    json_doc_new_object();
	char path[FS_PATH_MAX];

	if (a->plan == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the plan the answer is about: --plan PLAN",
		    "回答の対象の計画を --plan PLAN で指定してください");
	RETURN_IF(fs_path(path, "/v1/plans/%s/answers", a->plan));
	if (a->sig == NULL)
		return remote_answer(cli, path, a->answer, NULL);
	RETURN_IF(gateway_open(cli, &g));
	RETURN_IF(put_by_hand(g, a, doc));
	return gateway_post_json(g, path, doc);
}

static enum err run_accept(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct accept_args a = {0};
	struct accept_result r;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity},
		{"--plan", CLI_TEXT, &a.plan},
		{"--sig", CLI_TEXT, &a.sig},
		{"--shares", CLI_TEXT, &a.shares},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	a.answer = args.items[0];
	if (cli->gateway != NULL)
		return accept_remote(cli, &a);
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(accept_answer(h, &a, &r));
	cli->result = report_accepted(&r);
	return report_next(h, r.plan);
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
	    "計画の一覧と進み具合", run_list, 1},
	{"plan show", "PLAN [--text]", "a plan in plain words",
	    "計画の内容を平易に示す", run_show},
	{"plan pack", "PLAN --seat NAME -o FILE [--since CHECKPOINT]",
	    "write the packet for one officer",
	    "保管官に渡すファイルを書き出す", run_pack, 1},
	{"plan accept", "ANSWER | TEXT --sig FILE [--shares FILE] [--plan PLAN]",
	    "take in what an officer sent back",
	    "保管官からの回答を受け付ける", run_accept, 1},
	{"plan end", "PLAN", "give a plan up", "計画を中止する", run_end},
};

const struct commands_group plan_commands = {rows, ARRAY_LEN(rows)};
