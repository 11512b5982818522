/* Freezing a plan, and exporting it. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/job.h"
#include "app/ops/freeze.h"
#include "app/ops/plans.h"
#include "app/remote.h"
#include "app/unlock.h"
#include "core/encode.h"
#include "policy/disclosure/mask.h"

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
	const struct cli_option options[] = {{"--days", CLI_NUMBER, &days},
		{"--identity", CLI_TEXT, &cli->identity}};
	struct register_plan plan;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	if (days > 3660)
		return ERR_USAGE;
	if (cli->gateway != NULL)
		return freeze_remote(cli, args.items[0], args.items[1], days);
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

/* ---- counts: small ones are nobody's business here either ---- */

enum { CONSIDERED, EXPORTED, NO_CONSENT, WITHDRAWN, SUPPRESSED, PEOPLE,
	COUNTS };

static const struct { const char *en, *ja; } count_names[COUNTS] = {
	[CONSIDERED] = {"answers considered", "対象の回答"},
	[EXPORTED] = {"answers exported", "提供した回答"},
	[NO_CONSENT] = {"withheld: no consent", "同意がなく除外"},
	[WITHDRAWN] = {"withheld: withdrawn", "撤回により除外"},
	[SUPPRESSED] = {"suppressed answers", "秘匿のため除外した回答"},
	[PEOPLE] = {"respondents exported", "提供した人数"},
};

/* As the statement in the bundle hides them. */
static enum err mask(const struct job_result *r,
    struct mask_count counts[COUNTS])
{
	static const size_t parts[] = {EXPORTED, NO_CONSENT, WITHDRAWN,
		SUPPRESSED};
	static const struct mask_sum sum = {.total = CONSIDERED,
		.parts = parts, .parts_len = ARRAY_LEN(parts)};

	counts[CONSIDERED].value = r->considered;
	counts[EXPORTED].value = r->rows;
	counts[NO_CONSENT].value = r->no_consent;
	counts[WITHDRAWN].value = r->withdrawn;
	counts[SUPPRESSED].value = r->suppressed_rows;
	counts[PEOPLE].value = r->respondents;
	return mask_counts(counts, COUNTS, &sum, 1, r->minimum_cell);
}

static void put_row(struct cli *cli, struct cli_table *t, size_t i,
    const struct mask_count *c, uint64_t min)
{
	char text[MASK_TEXT_LEN];

	mask_text(c, min, text);
	cli_table_row(t, (const char *const[]){cli_say(cli,
	    count_names[i].en, count_names[i].ja), text});
	if (c->state == MASK_SHOWN)
		json_doc_set_int(cli->result, count_names[i].en,
		    (int64_t)c->value);
	else
		json_doc_set_string(cli->result, count_names[i].en, text);
}

static void put_number(struct cli *cli, struct cli_table *t, const char *en,
    const char *ja, uint64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	cli_table_row(t, (const char *const[]){cli_say(cli, en, ja), text});
	json_doc_set_int(cli->result, en, (int64_t)value);
}

static enum err print_result(struct cli *cli, const struct job_result *r)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 2};
	struct mask_count counts[COUNTS] = {0};
	char hex[65];

	RETURN_IF(mask(r, counts));
	cli->result = json_doc_new_object();
	json_doc_set_string(cli->result, "export", r->export_id);
	json_doc_set_string(cli->result, "bundle", r->path);
	if (r->considered == 0) {
		outcome_add(&cli->outcome, OUTCOME_HINT,
		    "it had been built before; its numbers are in the bundle's STATEMENT.txt",
		    "以前に作成されていたものです。件数はSTATEMENT.txtにあります");
		return ERR_OK;
	}
	encode_hex(r->tagmanifest_sha256, 32, hex);
	json_doc_set_string(cli->result, "tagmanifest_sha256", hex);
	for (size_t i = 0; i < COUNTS; i++)
		put_row(cli, &t, i, &counts[i], r->minimum_cell);
	put_number(cli, &t, "smallest group", "最小の集団", r->k_achieved);
	put_number(cli, &t, "groups", "集団の数", r->groups);
	if (!cli->json)
		cli_table_print(&t);
	return ERR_OK;
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
	RETURN_IF(plans_expire(h));
	e = job_run(h, args.items[0], &o, &r);
	cli_progress_end(&showing.progress);
	RETURN_IF(e);
	RETURN_IF(print_result(cli, &r));
	json_doc_set_bool(cli->result, "waits", r.waits);
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
