#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd/commands.h"
#include "app/gateway.h"
#include "app/home.h"
#include "app/ops/intake_json.h"
#include "app/unlock.h"
#include "keys/names.h"

#define BAD_SHOWN 20            /* lines told one by one; all are counted */

struct shown {
	struct cli *cli;
	struct cli_progress progress;
	struct json_doc *bad;           /* of the report */
	uint64_t bad_count;
};

static void show_progress(void *ctx, const struct ingest_counts *so_far)
{
	struct shown *s = ctx;

	cli_progress_at(&s->progress, so_far->read.lines);
}

/* ${reason}, as reports have it, in Japanese; "" where it is none. */
static const char *in_japanese(const char *reason)
{
	for (size_t i = 0; i < INTAKE_REASON_COUNT; i++)
		if (strcmp(intake_reason_text((enum intake_reason)i, 0),
		    reason) == 0)
			return intake_reason_text((enum intake_reason)i, 1);
	return "";
}

/* File, line and rule; never what stands in the line. */
static void show_bad_line(struct shown *s, const char *file, uint64_t line,
    const char *reason, const char *rule)
{
	const char *ja = s->cli->japanese ? in_japanese(reason) : "";

	if (s->progress.cli != NULL)
		(void)fputs("\r\033[K", stderr);
	if (s->bad_count <= BAD_SHOWN)
		(void)fprintf(stderr, "azukari: %s:%llu: %s%s%s%s\n",
		    strcmp(file, "-") == 0 ? "stdin" : file,
		    (unsigned long long)line, ja, ja[0] ? "（" : "", rule,
		    ja[0] ? "）" : "");
	else if (s->bad_count == BAD_SHOWN + 1)
		cli_tell(s->cli, "azukari: further bad lines are only counted",
		    "azukari: 以下の誤りは件数だけを示します");
}

static void show_bad(void *ctx, const char *file, const struct intake_bad *bad)
{
	struct shown *s = ctx;

	s->bad_count++;
	if (s->bad_count <= INTAKE_JSON_BAD_MAX)
		json_doc_add(s->bad, intake_json_bad(file, bad));
	if (s->cli->json)
		return;
	show_bad_line(s, file, bad->line, intake_reason_text(bad->reason, 0),
	    bad->message);
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

static uint64_t count_of(const struct json_doc *doc, const char *key)
{
	return (uint64_t)json_doc_int(json_doc_get(doc, key), 0);
}

static void refused_rows(const struct cli *cli, struct cli_table *t,
    const struct json_doc *refused)
{
	char what[160];

	for (size_t i = 0; i < INGEST_REFUSED_COUNT; i++) {
		uint64_t n = count_of(refused, ingest_refusal_text(
		    (enum ingest_refusal)i, 0));

		if (n == 0)
			continue;
		(void)snprintf(what, sizeof(what), "%s%s",
		    cli_say(cli, "refused: ", "拒否："),
		    ingest_refusal_text((enum ingest_refusal)i,
		    cli->japanese));
		count_row(t, what, n);
	}
}

static void bad_rows(const struct cli *cli, struct cli_table *t,
    const struct json_doc *reasons)
{
	char what[160];

	for (size_t i = 0; i < INTAKE_REASON_COUNT; i++) {
		const char *reason = intake_reason_text((enum intake_reason)i,
		    0);
		uint64_t n = count_of(reasons, reason);

		if (n == 0)
			continue;
		(void)snprintf(what, sizeof(what), "%s%s",
		    cli_say(cli, "bad: ", "不正："),
		    intake_reason_text((enum intake_reason)i,
		    cli->japanese));
		count_row(t, what, n);
	}
}

/* Of the report as machines get it, from here or from a service. */
static void show_table(const struct cli *cli, const struct json_doc *r)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 2};

	if (json_doc_bool(json_doc_get(r, "dry_run"), 0))
		cli_table_row(&t, (const char *const[]){
			cli_say(cli, "dry run", "試行"),
			cli_say(cli, "nothing stored", "保存なし")});
	else
		count_row(&t, cli_say(cli, "batch", "受け入れ番号"),
		    count_of(r, "batch"));
	count_row(&t, cli_say(cli, "lines", "行"), count_of(r, "lines"));
	count_row(&t, cli_say(cli, "responses", "回答"),
	    count_of(r, "responses"));
	count_row(&t, cli_say(cli, "consents", "同意"),
	    count_of(r, "consents"));
	count_row(&t, cli_say(cli, "withdrawals", "撤回"),
	    count_of(r, "withdrawals"));
	count_row(&t, cli_say(cli, "known already", "受け入れ済み"),
	    count_of(r, "known_already"));
	refused_rows(cli, &t, json_doc_get(r, "refused"));
	bad_rows(cli, &t, json_doc_get(r, "bad_reasons"));
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

/* ---- by a service ---- */

static const char *const types[] = {[INGEST_NDJSON] = "application/x-ndjson",
	[INGEST_CSV] = "text/csv", [INGEST_FHIR] = "application/fhir+ndjson"};

/* Bad lines as they are told here, under the name that the file has here. */
static void show_sent_bad(struct shown *s, const char *file)
{
	const struct json_doc *rows = json_doc_get(s->cli->result,
	    "bad_lines");

	for (size_t i = 0; !s->cli->json && i < json_doc_len(rows); i++) {
		const struct json_doc *row = json_doc_at(rows, i);
		const char *reason = json_doc_string(json_doc_get(row,
		    "reason"));
		const char *rule = json_doc_string(json_doc_get(row, "rule"));

		s->bad_count++;
		show_bad_line(s, file, count_of(row, "line"), reason == NULL ?
		    "" : reason, rule == NULL ? "" : rule);
	}
}

static enum err check_remote(struct cli *cli,
    const struct intake_run_args *run)
{
	if (run->source == NULL || run->batch_lines != 0 ||
	    run->files_len != 1)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "to a service goes one FILE, with --source ID; --map is the name of a mapping there, and --batch-lines goes with a home",
		    "サービスには --source ID とともに1つのファイルを送ります。--map はサービス側の対応表の名前です。--batch-lines はホームでのみ使えます");
	return ERR_OK;
}

/* Names go into an address: only what needs no escape there. */
static enum err make_path(const struct intake_run_args *run,
    char ret[FS_PATH_MAX])
{
	if (!names_is_owner(bytes_str(run->owner)) ||
	    !names_is_word(bytes_str(run->source)) || (run->map != NULL &&
	    !names_is_word(bytes_str(run->map))))
		return ERR_SYNTAX;
	return fs_path(ret, "/v1/intake/%s/%s?dry_run=%d%s%s", run->owner,
	    run->source, run->dry_run, run->map == NULL ? "" : "&map=",
	    run->map == NULL ? "" : run->map);
}

static enum err send_file(struct cli *cli, const struct intake_run_args *run)
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;
	CLEANUP(fs_fd_cleanup) int fd = -1;
	const char *file = run->files[0];
	char path[FS_PATH_MAX];

	RETURN_IF(make_path(run, path));
	fd = strcmp(file, "-") == 0 ? dup(STDIN_FILENO) :
	    open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return outcome_refuse(&cli->outcome, ERR_NOT_FOUND,
		    "%s cannot be opened", "%sを開けません", file);
	RETURN_IF(gateway_open(cli, &g));
	json_doc_free(TAKE(cli->result));
	return gateway_send(g, &(struct gateway_ask){.method = "POST",
	    .path = path, .type = types[run->format]}, fd);
}

static enum err intake_remote(struct cli *cli,
    const struct intake_run_args *run)
{
	struct shown shown = {.cli = cli};

	RETURN_IF(check_remote(cli, run));
	RETURN_IF(send_file(cli, run));
	show_sent_bad(&shown, run->files[0]);
	if (!cli->json)
		show_table(cli, cli->result);
	return count_of(cli->result, "bad") > 0 ? ERR_SYNTAX : ERR_OK;
}

static enum err run_intake(struct cli *cli, struct cli_args args)
{
	struct intake_run_args run = {0};
	struct intake_run_report report = {0};
	const char *format = NULL;
	uint64_t batch_lines = 0;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity},
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
	run.owner = args.items[0];
	run.files = args.items + 1;
	run.files_len = args.len - 1;
	run.batch_lines = (size_t)batch_lines;
	if (cli->gateway != NULL)
		return intake_remote(cli, &run);
	RETURN_IF(unlock_home(cli, &h));
	run.progress = show_progress;
	run.bad = show_bad;
	run.ctx = &shown;
	shown.bad = json_doc_new_array();
	cli_progress_begin(&shown.progress, cli, "lines", "行", 0);
	e = intake_run(h, &run, &report);
	cli_progress_end(&shown.progress);
	cli->result = intake_json_report(&report, run.dry_run, shown.bad);
	if (!cli->json && (report.counts.read.lines > 0 || e == ERR_OK))
		show_table(cli, cli->result);
	return e;
}

static const struct cli_command rows[] = {
	{"intake",
	    "OWNER [--source ID] [--format ndjson|csv|fhir] [--map FILE] [--dry-run] [--batch-lines N] FILE…|-",
	    "take answers, consents and withdrawals in",
	    "回答・同意・撤回を受け入れる", run_intake, 1},
};

const struct commands_group intake_commands = {rows, ARRAY_LEN(rows)};
