/* Commands of requests. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/docket.h"
#include "app/ops/ask.h"
#include "app/papers.h"
#include "app/remote.h"
#include "app/report.h"
#include "app/unlock.h"
#include "core/clock.h"

static enum err run_draft(struct cli *cli, struct cli_args args)
{
	struct ask_draft d = {.legal_basis = "consent", .valid_days = 90};
	const char *out = NULL;
	const struct cli_option options[] = {
		{"--id", CLI_TEXT, &d.id}, {"--project", CLI_TEXT, &d.project},
		{"--title", CLI_TEXT, &d.title},
		{"--partner", CLI_TEXT, &d.partner},
		{"--institution", CLI_TEXT, &d.institution},
		{"--investigator", CLI_TEXT, &d.investigator},
		{"--purpose", CLI_TEXT, &d.purpose},
		{"--disease", CLI_TEXT, &d.disease},
		{"--legal-basis", CLI_TEXT, &d.legal_basis},
		{"--ethics-approval", CLI_TEXT, &d.ethics_approval},
		{"--ethics-expiry", CLI_TEXT, &d.ethics_expiry},
		{"--owners", CLI_TEXT, &d.owners},
		{"--survey", CLI_TEXT, &d.survey},
		{"--fields", CLI_TEXT, &d.fields},
		{"--period", CLI_TEXT, &d.period},
		{"--identity-pub", CLI_TEXT, &d.identity_pub},
		{"--retention-until", CLI_TEXT, &d.retention_until},
		{"--supersedes", CLI_TEXT, &d.supersedes},
		{"--days", CLI_NUMBER, &d.valid_days}, {"-o", CLI_TEXT, &out},
	};
	const char *const *needed[] = {&d.id, &d.project, &d.title, &d.partner,
	    &d.institution, &d.investigator, &d.purpose, &d.owners, &d.survey,
	    &d.fields, &d.period, &d.identity_pub, &d.retention_until, &out};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 0));
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (*needed[i] == NULL)
			return outcome_refuse(&cli->outcome, ERR_USAGE,
			    "something is missing; azukari help request draft lists what a request needs",
			    "指定が足りません。必要な項目は azukari help request draft にあります");
	if (d.valid_days == 0 || d.valid_days > 3660)
		return ERR_USAGE;
	RETURN_IF(ask_write(&d, out, clock_now_unix_s(), &cli->outcome));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "%1$s is drafted; read it, then sign it: azukari sign request %1$s --identity FILE.key -o %1$s.sig",
	    "%1$sを作りました。読んで署名してください: azukari sign request %1$s --identity FILE.key -o %1$s.sig",
	    out);
	return ERR_OK;
}

static void decided(void *ctx, const char *owner, const struct decision *d)
{
	struct cli *cli = ctx;

	report_decided(cli->result, &cli->outcome, owner, d);
}

static enum err run_submit(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	const char *sig = NULL;
	const struct cli_option options[] = {{"--sig", CLI_TEXT, &sig},
		{"--identity", CLI_TEXT, &cli->identity}};
	char path[FS_PATH_MAX];

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(fs_path(path, "%s", sig == NULL ? "" : sig));
	if (sig == NULL)
		RETURN_IF(fs_path(path, "%s.sig", args.items[0]));
	if (cli->gateway != NULL)
		return remote_post_signed(cli, "/v1/requests", args.items[0],
		    path);
	RETURN_IF(unlock_home(cli, &h));
	cli->result = json_doc_new_array();
	return ask_submit(h, args.items[0], path, decided, cli);
}

static void print_list(const struct cli *cli)
{
	static const char *const keys[] = {"owner", "request", "partner",
	    "submitted"};
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 4};
	const char *cells[4] = {cli_say(cli, "owner", "所有者"),
	    cli_say(cli, "request", "申請"), cli_say(cli, "partner", "提供先"),
	    cli_say(cli, "submitted", "受付")};

	cli_table_row(&t, cells);
	for (size_t i = 0; i < json_doc_len(cli->result); i++) {
		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			cells[k] = json_doc_string(json_doc_get(
			    json_doc_at(cli->result, i), keys[k]));
		cli_table_row(&t, cells);
	}
	cli_table_print(&t);
}

static enum err load_list(struct cli *cli, const char *owner)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	const struct report_filter f = {.owner = owner};

	if (cli->gateway != NULL)
		return remote_list(cli, "/v1/requests", owner);
	RETURN_IF(unlock_home(cli, &h));
	return report_requests(h, &f, &cli->result);
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

/* The decisions are this owner's, or the request is not there for us. */
static enum err take_shown(struct cli *cli, const char *owner)
{
	CLEANUP(json_doc_cleanup) struct json_doc *shown = TAKE(cli->result);
	const struct json_doc *rows = json_doc_get(shown, "decisions");
	const char *text = json_doc_string(json_doc_get(shown, "text"));
	const char *whose = json_doc_string(json_doc_get(json_doc_at(rows, 0),
	    "owner"));

	if (text == NULL || whose == NULL)
		return ERR_SYNTAX;
	if (strcmp(whose, owner) != 0) {
		outcome_release(&cli->outcome);
		return ERR_NOT_FOUND;
	}
	if (!cli->json)
		(void)fputs(text, stdout);
	cli->result = json_doc_copy(rows);
	return ERR_OK;
}

static enum err show_remote(struct cli *cli, const char *owner,
    const char *request)
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "/v1/requests/%s", request));
	RETURN_IF(gateway_open(cli, &g));
	RETURN_IF(gateway_get(g, path));
	return take_shown(cli, owner);
}

static enum err run_show(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(decision_release) struct decision d = {0};
	struct register_query q = {.kind = REGISTER_REQUEST};
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity}};
	enum err e;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	q.owner = args.items[0];
	q.name = args.items[1];
	if (cli->gateway != NULL)
		return show_remote(cli, q.owner, q.name);
	RETURN_IF(unlock_home(cli, &h));
	e = papers_find(h, &q, &p);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(&cli->outcome, e,
		    "owner %s has no request %s; see: azukari request list",
		    "所有者%sに申請%sはありません。azukari request list を見てください",
		    q.owner, q.name);
	RETURN_IF(e);
	if (!cli->json)
		(void)fputs(buf_text(&p.bytes), stdout);
	cli->result = json_doc_new_array();
	RETURN_IF(ask_decide(h, q.owner, q.name, &d));
	decided(cli, q.owner, &d);
	return ERR_OK;
}

/* ---- request check ---- */

#define LADDERS_MAX CLI_LIST_MAX

struct ladder_words {
	struct ask_ladder items[LADDERS_MAX];
	char names[LADDERS_MAX][40];
};

/* "NAME=FILE" */
static enum err split_ladders(struct cli *cli, const struct cli_list *given,
    struct ladder_words *ret)
{
	for (size_t i = 0; i < given->len; i++) {
		const char *at = strchr(given->items[i], '=');
		size_t len = at == NULL ? 0 : (size_t)(at - given->items[i]);

		if (len == 0 || len >= sizeof(ret->names[i]))
			return outcome_refuse(&cli->outcome, ERR_USAGE,
			    "--ladder %s: write NAME=FILE",
			    "--ladder %s: 名前=ファイル の形で指定してください",
			    given->items[i]);
		memcpy(ret->names[i], given->items[i], len);
		ret->names[i][len] = '\0';
		ret->items[i] = (struct ask_ladder){ret->names[i], at + 1};
	}
	return ERR_OK;
}

static enum err run_check(struct cli *cli, struct cli_args args)
{
	CLEANUP(decision_release) struct decision d = {0};
	struct cli_list ladders = {0};
	struct ladder_words words = {0};
	struct ask_files f = {.ladders = words.items};
	const struct cli_option options[] = {
		{"--charter", CLI_TEXT, &f.charter},
		{"--policy", CLI_TEXT, &f.policy},
		{"--survey", CLI_TEXT, &f.survey},
		{"--ladder", CLI_LIST, &ladders},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (f.charter == NULL || f.policy == NULL || f.survey == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the owner's published papers: --charter FILE --policy FILE --survey FILE --ladder NAME=FILE…",
		    "所有者が公開した文書を --charter --policy --survey --ladder 名前=ファイル で指定してください");
	RETURN_IF(split_ladders(cli, &ladders, &words));
	f.request = args.items[0];
	f.ladders_len = ladders.len;
	RETURN_IF(ask_check(&f, clock_now_unix_s(), &d, &cli->outcome));
	outcome_put(&cli->outcome, OUTCOME_WARNING,
	    "signatures and quotas are not judged here",
	    "署名と件数の上限はここでは判断していません");
	cli->result = json_doc_new_array();
	decided(cli, "-", &d);
	return d.verdict == DECISION_REFUSED ? ERR_REFUSED : ERR_OK;
}

static const struct cli_command rows[] = {
	{"request draft",
	    "--id REQ-… --project ID --title TEXT --partner ID --institution TEXT --investigator TEXT --purpose \"DUO:… …\" [--disease \"MONDO:…\"] [--legal-basis WORD] [--ethics-approval ID --ethics-expiry DAY] --owners \"13 14\" --survey \"NAME VERSION\" --fields \"Q03 Q08\" --period DAY..DAY --identity-pub PI.pub --retention-until DAY [--supersedes EXP-…] [--days N] -o FILE",
	    "write a request; no home", "申請書を作る", run_draft},
	{"request submit", "FILE [--sig FILE.sig]",
	    "enter a signed request and decide for each owner",
	    "署名された申請を受け付け、所有者ごとに判断する", run_submit, 1},
	{"request check",
	    "FILE --charter FILE --policy FILE --survey FILE [--ladder NAME=FILE…]",
	    "what would be refused, before anything is signed; no home",
	    "署名の前に、拒否される点を確かめる", run_check},
	{"request list", "[OWNER]", "list requests", "申請の一覧", run_list, 1},
	{"request show", "OWNER REQUEST",
	    "a request, and how it would be decided now",
	    "申請の内容と、現時点での判断", run_show, 1},
};

const struct commands_group ask_commands = {rows, ARRAY_LEN(rows)};
