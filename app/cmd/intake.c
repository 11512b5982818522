#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/home.h"
#include "app/ops/intake_json.h"
#include "app/unlock.h"

#define BAD_SHOWN 20            /* lines told one by one; all are counted */

struct shown {
	struct cli *cli;
	struct cli_progress progress;
	struct json_doc *bad;           /* with --json */
	uint64_t bad_count;
};

static void show_progress(void *ctx, const struct ingest_counts *so_far)
{
	struct shown *s = ctx;

	cli_progress_at(&s->progress, so_far->read.lines);
}

static void list_bad(struct shown *s, const char *file,
    const struct intake_bad *bad)
{
	if (s->bad_count <= INTAKE_JSON_BAD_MAX)
		json_doc_add(s->bad, intake_json_bad(file, bad));
}

/* File, line and rule; never what stands in the line. */
static void show_bad(void *ctx, const char *file, const struct intake_bad *bad)
{
	struct shown *s = ctx;

	s->bad_count++;
	if (s->bad != NULL) {
		list_bad(s, file, bad);
		return;
	}
	if (s->progress.cli != NULL)
		(void)fputs("\r\033[K", stderr);
	if (s->bad_count <= BAD_SHOWN)
		(void)fprintf(stderr, "azukari: %s:%lu: %s\n",
		    strcmp(file, "-") == 0 ? "stdin" : file, bad->line,
		    bad->message);
	else if (s->bad_count == BAD_SHOWN + 1)
		cli_tell(s->cli, "azukari: further bad lines are only counted",
		    "azukari: 以下の誤りは件数だけを示します");
}

static void number(char ret[24], uint64_t v)
{
	(void)snprintf(ret, 24, "%llu", (unsigned long long)v);
}

static void count_row(struct cli_table *t, const char *what, uint64_t v)
{
	char text[24];

	number(text, v);
	cli_table_row(t, (const char *const[]){what, text});
}

static void refused_rows(const struct cli *cli, struct cli_table *t,
    const struct ingest_counts *c)
{
	char what[160];

	for (size_t i = 0; i < INGEST_REFUSED_COUNT; i++) {
		if (c->refused[i] == 0)
			continue;
		(void)snprintf(what, sizeof(what), "%s%s",
		    cli_say(cli, "refused: ", "拒否："),
		    ingest_refusal_text((enum ingest_refusal)i,
		    cli->japanese));
		count_row(t, what, c->refused[i]);
	}
}

static void bad_rows(const struct cli *cli, struct cli_table *t,
    const struct ingest_counts *c)
{
	char what[160];

	for (size_t i = 0; i < INTAKE_REASON_COUNT; i++) {
		if (c->read.reasons[i] == 0)
			continue;
		(void)snprintf(what, sizeof(what), "%s%s",
		    cli_say(cli, "bad: ", "不正："),
		    intake_reason_text((enum intake_reason)i));
		count_row(t, what, c->read.reasons[i]);
	}
}

static void show_table(const struct cli *cli,
    const struct intake_run_report *r, int dry_run)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 2};
	const struct ingest_counts *c = &r->counts;

	if (dry_run)
		cli_table_row(&t, (const char *const[]){
			cli_say(cli, "dry run", "試行"),
			cli_say(cli, "nothing stored", "保存なし")});
	else
		count_row(&t, cli_say(cli, "batch", "受け入れ番号"),
		    (uint64_t)r->batch);
	count_row(&t, cli_say(cli, "lines", "行"), c->read.lines);
	count_row(&t, cli_say(cli, "responses", "回答"), c->responses);
	count_row(&t, cli_say(cli, "consents", "同意"), c->consents);
	count_row(&t, cli_say(cli, "withdrawals", "撤回"), c->withdrawals);
	count_row(&t, cli_say(cli, "known already", "受け入れ済み"),
	    c->duplicates);
	refused_rows(cli, &t, c);
	bad_rows(cli, &t, c);
	cli_table_print(&t);
}

static const struct {
	const char *name;
	enum ingest_format format;
} formats[] = {
	{"ndjson", INGEST_NDJSON}, {"csv", INGEST_CSV}, {"fhir", INGEST_FHIR},
};

/* NDJSON is what no word asks for; a mapping alone asks for CSV. */
static enum err find_format(struct cli *cli, const char *name,
    const char *map, enum ingest_format *ret)
{
	size_t i = map != NULL ? INGEST_CSV : INGEST_NDJSON;

	if (name != NULL)
		for (i = 0; i < ARRAY_LEN(formats); i++)
			if (strcmp(name, formats[i].name) == 0)
				break;
	if (i == ARRAY_LEN(formats))
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "--format is ndjson, csv or fhir",
		    "--format は ndjson か csv か fhir です");
	*ret = formats[i].format;
	if (*ret == INGEST_CSV && map == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "CSV needs --map FILE: which column is which field",
		    "CSVには --map FILE（列と設問の対応）が必要です");
	if (*ret == INGEST_NDJSON && map != NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "lines of NDJSON have their names; --map is for CSV and FHIR",
		    "NDJSONの行には名前が付いています。--map はCSVとFHIRのためのものです");
	return ERR_OK;
}

#define BATCH_LINES_LEAST 100
#define BATCH_LINES_MOST 1000000

static enum err check_batch_lines(struct cli *cli, uint64_t lines)
{
	if (lines == 0 || (lines >= BATCH_LINES_LEAST &&
	    lines <= BATCH_LINES_MOST))
		return ERR_OK;
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "--batch-lines is %d to %d: lines made durable at a time",
	    "--batch-lines は%dから%dまで（一度に確定する行数）です",
	    BATCH_LINES_LEAST, BATCH_LINES_MOST);
}

static enum err run_intake(struct cli *cli, struct cli_args args)
{
	struct intake_run_args run = {0};
	struct intake_run_report report = {0};
	const char *format = NULL;
	uint64_t batch_lines = 0;
	const struct cli_option options[] = {
		{"--source", CLI_TEXT, &run.source},
		{"--format", CLI_TEXT, &format},
		{"--map", CLI_TEXT, &run.map},
		{"--dry-run", CLI_FLAG, &run.dry_run},
		{"--batch-lines", CLI_NUMBER, &batch_lines},
	};
	struct shown shown = {.cli = cli};
	CLEANUP(home_cleanup) struct home *h = NULL;
	enum err e;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2,
	    SIZE_MAX));
	RETURN_IF(find_format(cli, format, run.map, &run.format));
	RETURN_IF(check_batch_lines(cli, batch_lines));
	RETURN_IF(unlock_home(cli, &h));
	run.owner = args.items[0];
	run.files = args.items + 1;
	run.files_len = args.len - 1;
	run.batch_lines = (size_t)batch_lines;
	run.progress = show_progress;
	run.bad = show_bad;
	run.ctx = &shown;
	if (cli->json)
		shown.bad = json_doc_new_array();
	cli_progress_begin(&shown.progress, cli, "lines", "行", 0);
	e = intake_run(h, &run, &report);
	cli_progress_end(&shown.progress);
	if (cli->json)
		cli->result = intake_json_report(&report, run.dry_run, shown.bad);
	else if (report.counts.read.lines > 0 || e == ERR_OK)
		show_table(cli, &report, run.dry_run);
	return e;
}

static const struct cli_command rows[] = {
	{"intake",
	    "OWNER [--source ID] [--format ndjson|csv|fhir] [--map FILE] [--dry-run] [--batch-lines N] FILE…|-",
	    "take answers, consents and withdrawals in",
	    "回答・同意・撤回を受け入れる", run_intake},
};

const struct commands_group intake_commands = {rows, ARRAY_LEN(rows)};
