/* Freezing a plan, and exporting it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd/commands.h"
#include "app/job.h"
#include "app/ops/freeze.h"
#include "app/ops/plans.h"
#include "app/remote.h"
#include "app/report.h"
#include "app/unlock.h"

static enum err freeze_remote(struct cli *cli, const char *owner,
    const char *request, uint64_t days)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    json_doc_new_object();

	json_doc_set_string(doc, "owner", owner);
	json_doc_set_string(doc, "request", request);
	if (days > 0)
		json_doc_set_int(doc, "days", (int64_t)days);
	return remote_post(cli, "/v1/plans", doc);
}

static enum err run_freeze(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	uint64_t days = 0;
	const char *again = NULL;
	const struct cli_option options[] = {{"--days", CLI_NUMBER, &days},
		{"--rederive", CLI_TEXT, &again},
		{"--identity", CLI_TEXT, &cli->identity}};
	struct register_plan plan;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 2));
	if (days > 3660 || (args.len == 1) != (again != NULL))
		return ERR_USAGE;
	if (again != NULL && cli->gateway != NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "--rederive is done at the gateway itself, not over the network",
		    "--rederive はゲートウェイ上でだけ使えます");
	if (cli->gateway != NULL)
		return freeze_remote(cli, args.items[0], args.items[1], days);
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(again != NULL ? freeze_rederive(h, args.items[0], again,
	    (unsigned)days, &plan) : freeze_plan(h, args.items[0],
	    args.items[1], (unsigned)days, &plan));
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

/* ---- what was done ---- */

static const struct { const char *key, *ja; } count_names[] = {
	{"answers considered", "対象の回答"},
	{"answers exported", "提供した回答"},
	{"withheld: no consent", "同意がなく除外"},
	{"withheld: withdrawn", "撤回により除外"},
	{"suppressed answers", "秘匿のため除外した回答"},
	{"respondents exported", "提供した人数"},
	{"smallest group", "最小の集団"},
	{"groups", "集団の数"},
};

static void print_result(const struct cli *cli)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 2};

	if (json_doc_get(cli->result, count_names[0].key) == NULL)
		return;                 /* only finished: nothing was counted */
	for (size_t i = 0; i < ARRAY_LEN(count_names); i++) {
		const struct json_doc *v = json_doc_get(cli->result,
		    count_names[i].key);
		const char *text = json_doc_string(v);
		char number[24];

		(void)snprintf(number, sizeof(number), "%lld",
		    (long long)json_doc_int(v, 0));
		cli_table_row(&t, (const char *const[]){cli_say(cli,
		    count_names[i].key, count_names[i].ja),
		    text == NULL ? number : text});
	}
	cli_table_print(&t);
}

/* ---- by a service: started there, watched from here ---- */

#define POLL_MS 300

static enum err watch(struct cli *cli, struct gateway *g, const char *path,
    struct showing *s)
{
	for (;;) {
		const char *state, *stage;

		RETURN_IF(gateway_get(g, path));
		state = json_doc_string(json_doc_get(cli->result, "state"));
		stage = json_doc_string(json_doc_get(cli->result, "stage"));
		if (state == NULL)
			return ERR_SYNTAX;
		if (strcmp(state, "queued") != 0 &&
		    strcmp(state, "running") != 0 &&
		    strcmp(state, "waiting") != 0)
			return ERR_OK;
		show_progress(s, stage != NULL && strcmp(stage, "write") ==
		    0 ? "write" : "read", (uint64_t)json_doc_int(json_doc_get(
		    cli->result, "done"), 0));
		if (strcmp(state, "waiting") == 0)
			return ERR_OK;
		(void)usleep(POLL_MS * 1000);
	}
}

/* What the job said is what this command says. */
static enum err take_end(struct cli *cli)
{
	CLEANUP(json_doc_cleanup) struct json_doc *job = TAKE(cli->result);
	const struct json_doc *end = json_doc_get(job, "outcome");
	enum err e;

	if (end == NULL)
		return ERR_BUSY;
	e = outcome_from_json(end, &cli->outcome);
	if (e != ERR_OK)
		return e;
	cli->result = json_doc_copy(json_doc_get(job, "result"));
	if (!cli->json)
		print_result(cli);
	return ERR_OK;
}

static enum err export_remote(struct cli *cli, const char *plan,
    struct showing *s)
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    json_doc_new_object();
	char path[FS_PATH_MAX];
	enum err e;

	json_doc_set_string(doc, "plan", plan);
	RETURN_IF(fs_path(path, "/v1/jobs/%s", plan));
	RETURN_IF(gateway_open(cli, &g));
	RETURN_IF(gateway_post_json(g, "/v1/jobs", doc));
	e = watch(cli, g, path, s);
	cli_progress_end(&s->progress);
	RETURN_IF(e);
	return take_end(cli);
}

/* Do --arena and --threads say something that can be? */
static enum err check_limits(struct cli *cli, uint64_t arena,
    uint64_t threads)
{
	if (arena <= 4095 && threads <= 2)
		return ERR_OK;
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "--arena is 1 to 4095 MiB, --threads 1 or 2",
	    "--arena は1から4095（MiB）、--threads は1か2です");
}

static enum err run_rederive(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	uint64_t arena = 0, threads = 0;
	const struct cli_option options[] = {
		{"--arena", CLI_NUMBER, &arena},
		{"--threads", CLI_NUMBER, &threads},
	};
	struct showing showing = {.cli = cli};
	struct job_options o = {.progress = show_progress,
	    .progress_ctx = &showing};
	struct job_result r = {0};
	enum err e;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(check_limits(cli, arena, threads));
	o.arena_bytes = (size_t)arena << 20;
	o.threads = (unsigned)threads;
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(plans_expire(h));
	e = job_rederive(h, args.items[0], &o, &r);
	cli_progress_end(&showing.progress);
	if (r.what != NULL)
		cli->result = report_rederived(&r);
	return e;
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
		{"--identity", CLI_TEXT, &cli->identity},
	};
	struct showing showing = {.cli = cli};
	struct job_options o = {.progress = show_progress,
	    .progress_ctx = &showing};
	struct job_result r;
	enum err e;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(check_limits(cli, arena, threads));
	o.arena_bytes = (size_t)arena << 20;
	o.threads = (unsigned)threads;
	o.rederive = rederive;
	if (cli->gateway != NULL && (rederive || arena != 0 || threads != 0))
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "--rederive, --arena and --threads go with a home, not with --gateway",
		    "--rederive、--arena、--threads はホームでのみ使えます");
	if (cli->gateway != NULL)
		return export_remote(cli, args.items[0], &showing);
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(plans_expire(h));
	e = job_run(h, args.items[0], &o, &r);
	cli_progress_end(&showing.progress);
	RETURN_IF(e);
	RETURN_IF(report_exported(&r, &cli->outcome, &cli->result));
	if (!cli->json)
		print_result(cli);
	return ERR_OK;
}

static const struct cli_command rows[] = {
	{"plan freeze", "OWNER (REQUEST | --rederive EXPORT) [--days N]",
	    "freeze a plan for the officers to approve",
	    "承認を求める計画を確定する", run_freeze, 1},
	{"rederive", "PLAN [--arena MIB] [--threads N]",
	    "compute an earlier export again and compare",
	    "提供済みの内容を計算し直して比べる", run_rederive},
	{"export", "PLAN [--arena MIB] [--threads N] [--rederive]",
	    "carry an approved plan out", "承認された計画を実行する",
	    run_export, 1},
};

const struct commands_group export_commands = {rows, ARRAY_LEN(rows)};
