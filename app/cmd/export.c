/* Freezing a plan, and exporting it. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/job.h"
#include "app/ops/freeze.h"
#include "app/unlock.h"
#include "core/encode.h"

static enum err run_freeze(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	uint64_t days = 0;
	const struct cli_option options[] = {{"--days", CLI_NUMBER, &days}};
	struct register_plan plan;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	if (days > 3660)
		return ERR_USAGE;
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(freeze_plan(h, args.items[0], args.items[1], (unsigned)days,
	    &plan));
	cli->result = json_doc_new_object();
	json_doc_set_string(cli->result, "plan", plan.id);
	json_doc_set_string(cli->result, "export", plan.export_id);
	return ERR_OK;
}

/* ---- export ---- */

struct showing {
	struct cli_progress progress;
	const char *stage;
	struct cli *cli;
};

static void show_progress(void *ctx, const char *stage, uint64_t done)
{
	struct showing *s = ctx;

	if (s->stage != stage) {
		int reads = strcmp(stage, "read") == 0;

		cli_progress_end(&s->progress);
		cli_progress_begin(&s->progress, s->cli,
		    reads ? "answers read" : "answers written",
		    reads ? "件を読み込み" : "件を書き出し", 0);
		s->stage = stage;
	}
	cli_progress_at(&s->progress, done);
}

static void put_count(struct cli *cli, struct cli_table *t, const char *en,
    const char *ja, uint64_t value)
{
	char text[32];
	const char *row[2] = {cli_say(cli, en, ja), text};

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	cli_table_row(t, row);
	json_doc_set_int(cli->result, en, (int64_t)value);
}

static void print_result(struct cli *cli, const struct job_result *r)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 2};
	char hex[65];

	cli->result = json_doc_new_object();
	json_doc_set_string(cli->result, "export", r->export_id);
	json_doc_set_string(cli->result, "bundle", r->path);
	encode_hex(r->tagmanifest_sha256, 32, hex);
	json_doc_set_string(cli->result, "tagmanifest_sha256", hex);
	put_count(cli, &t, "answers considered", "対象の回答", r->considered);
	put_count(cli, &t, "answers exported", "提供した回答", r->rows);
	put_count(cli, &t, "respondents exported", "提供した人数",
	    r->respondents);
	put_count(cli, &t, "withheld: no consent", "同意がなく除外",
	    r->no_consent);
	put_count(cli, &t, "withheld: withdrawn", "撤回により除外",
	    r->withdrawn);
	put_count(cli, &t, "suppressed answers", "秘匿のため除外した回答",
	    r->suppressed_rows);
	put_count(cli, &t, "smallest group", "最小の集団", r->k_achieved);
	put_count(cli, &t, "groups", "集団の数", r->groups);
	if (!cli->json)
		cli_table_print(&t);
}

static enum err run_export(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	uint64_t arena = 0, threads = 0;
	int rederive = 0;
	const struct cli_option options[] = {
		{"--arena", CLI_NUMBER, &arena},
		{"--threads", CLI_NUMBER, &threads},
		{"--rederive", CLI_FLAG, &rederive},
	};
	struct showing showing = {.cli = cli};
	struct job_options o = {.progress = show_progress,
	    .progress_ctx = &showing};
	struct job_result r;
	enum err e;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (arena > 4095 || threads > 2)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "--arena is 1 to 4095 MiB, --threads 1 or 2",
		    "--arena は1から4095（MiB）、--threads は1か2です");
	o.arena_bytes = (size_t)arena << 20;
	o.threads = (unsigned)threads;
	o.rederive = rederive;
	RETURN_IF(unlock_home(cli, &h));
	e = job_run(h, args.items[0], &o, &r);
	cli_progress_end(&showing.progress);
	RETURN_IF(e);
	print_result(cli, &r);
	if (r.path[0] != '\0')
		outcome_add(&cli->outcome, OUTCOME_DONE,
		    "%s is released: %s", "%sを提供しました: %s",
		    r.export_id, r.path);
	return ERR_OK;
}

static const struct cli_command rows[] = {
	{"plan freeze", "OWNER REQUEST [--days N]",
	    "freeze a plan for the officers to approve",
	    "承認を求める計画を確定する", run_freeze},
	{"export", "PLAN [--arena MIB] [--threads N] [--rederive]",
	    "carry an approved plan out", "承認された計画を実行する",
	    run_export},
};

const struct commands_group export_commands = {rows, ARRAY_LEN(rows)};
