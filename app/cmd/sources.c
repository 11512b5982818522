/* What an owner takes in, and what has come in: sources, surveys, texts,
 * batches, quarantine, epochs. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/epoch_open.h"
#include "app/home.h"
#include "app/ops/documents.h"
#include "app/ops/intake_run.h"
#include "app/ops/sources.h"
#include "app/unlock.h"
#include "core/clock.h"
#include "core/encode.h"
#include "intake/event.h"
#include "keys/digest.h"
#include "vault/store_batch.h"
#include "vault/store_epoch.h"

/* ---- acts ---- */

static enum err run_source_add(struct cli *cli, struct cli_args args)
{
	const char *id_namespace = NULL;
	const struct cli_option options[] = {
		{"--namespace", CLI_TEXT, &id_namespace},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	if (id_namespace == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --namespace TEXT: whose user ids these are, such as line-kanagawa",
		    "--namespace で識別子の名前空間を指定してください（例 line-kanagawa）");
	RETURN_IF(unlock_home(cli, &h));
	return sources_add(h, args.items[0], args.items[1], id_namespace);
}

static enum err run_survey_add(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 2, 2));
	RETURN_IF(unlock_home(cli, &h));
	return documents_add_survey(h, args.items[0], args.items[1]);
}

static enum err run_ladder_add(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 3, 3));
	RETURN_IF(unlock_home(cli, &h));
	return documents_add_ladder(h, args.items[0], args.items[1],
	    args.items[2]);
}

static enum err run_text_add(struct cli *cli, struct cli_args args)
{
	const char *title = NULL;
	const struct cli_option options[] = {{"--title", CLI_TEXT, &title}};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	if (title == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --title TEXT", "--title で題名を指定してください");
	RETURN_IF(unlock_home(cli, &h));
	return documents_add_consent_text(h, args.items[0], title,
	    args.items[1]);
}

static enum err run_epoch_close(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 1, 1));
	RETURN_IF(unlock_home(cli, &h));
	return intake_run_close_epochs(h, args.items[0]);
}

/* ---- lists ---- */

/* Rows for people and for machines at once: a heading, and JSON members of the
 * same names. */
struct list {
	struct cli *cli;
	struct cli_table table;
	const char *const *keys;        /* of the JSON objects */
};

static void list_release(struct list *l)
{
	cli_table_release(&l->table);
}

static void list_begin(struct list *l, const char *const *keys,
    const char *const *en, const char *const *ja, size_t columns)
{
	l->table.columns = columns;
	l->keys = keys;
	cli_table_row(&l->table, l->cli->japanese ? ja : en);
	if (l->cli->json)
		l->cli->result = json_doc_new_array();
}

static void list_row(struct list *l, const char *const *cells)
{
	struct json_doc *row;

	if (!l->cli->json) {
		cli_table_row(&l->table, cells);
		return;
	}
	row = json_doc_new_object();
	for (size_t i = 0; i < l->table.columns; i++)
		json_doc_set_string(row, l->keys[i],
		    cells[i] == NULL ? "" : cells[i]);
	json_doc_add(l->cli->result, row);
}

static void list_end(struct list *l)
{
	if (!l->cli->json)
		cli_table_print(&l->table);
}

/* A word of the program: for machines always the English one. */
static const char *word(const struct list *l, const char *en, const char *ja)
{
	return l->cli->json ? en : cli_say(l->cli, en, ja);
}

#define NUMBER_LEN 24

static void number(char ret[NUMBER_LEN], uint64_t v)
{
	(void)snprintf(ret, NUMBER_LEN, "%llu", (unsigned long long)v);
}

static enum err owner_argument(struct cli *cli, struct cli_args *args,
    struct home **ret)
{
	struct register_owner known;

	RETURN_IF(cli_options(cli, args, NULL, 0, 1, 1));
	RETURN_IF(unlock_home(cli, ret));
	return home_owner_known(*ret, args->items[0], &known);
}

static enum err add_source(void *ctx, const struct register_source *s)
{
	list_row(ctx, (const char *const[]){s->source, s->id_namespace});
	return ERR_OK;
}

static enum err run_source_list(struct cli *cli, struct cli_args args)
{
	static const char *const keys[] = {"source", "namespace"};
	static const char *const ja[] = {"取得元", "名前空間"};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(list_release) struct list l = {.cli = cli};

	RETURN_IF(owner_argument(cli, &args, &h));
	list_begin(&l, keys, keys, ja, 2);
	RETURN_IF(register_source_each(h->reg, args.items[0], add_source,
	    &l));
	list_end(&l);
	return ERR_OK;
}

static enum err add_document(void *ctx, const struct register_document *d)
{
	char version[NUMBER_LEN], hex[DIGEST_HEX_LEN + 1];
	char added[CLOCK_UTC_LEN + 1];

	number(version, d->version);
	digest_to_hex(d->sha256, hex);
	clock_format_utc(d->added_unix_s, added);
	list_row(ctx, (const char *const[]){d->name, version, added, hex});
	return ERR_OK;
}

static enum err list_documents(struct cli *cli, struct cli_args args,
    enum register_kind kind)
{
	static const char *const keys[] = {"name", "version", "added",
	    "sha256"};
	static const char *const ja[] = {"名前", "版", "登録", "sha256"};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(list_release) struct list l = {.cli = cli};
	struct register_query q = {.kind = kind};

	RETURN_IF(owner_argument(cli, &args, &h));
	q.owner = args.items[0];
	list_begin(&l, keys, keys, ja, 4);
	RETURN_IF(register_document_each(h->reg, &q, add_document, &l));
	list_end(&l);
	return ERR_OK;
}

static enum err run_survey_list(struct cli *cli, struct cli_args args)
{
	return list_documents(cli, args, REGISTER_SURVEY);
}

static enum err run_ladder_list(struct cli *cli, struct cli_args args)
{
	return list_documents(cli, args, REGISTER_LADDER);
}

static enum err run_text_list(struct cli *cli, struct cli_args args)
{
	return list_documents(cli, args, REGISTER_CONSENT_TEXT);
}

static enum err add_batch(void *ctx, const struct store_batch *b)
{
	struct list *l = ctx;
	char numbers[5][NUMBER_LEN];
	char started[CLOCK_UTC_LEN + 1];

	number(numbers[0], (uint64_t)b->number);
	number(numbers[1], b->accepted);
	number(numbers[2], b->duplicate);
	number(numbers[3], b->refused);
	number(numbers[4], b->bad);
	clock_format_utc(b->started_unix_s, started);
	list_row(l, (const char *const[]){numbers[0], b->source, started,
		numbers[1], numbers[2], numbers[3], numbers[4],
		b->erased_unix_s != 0 ? word(l, "erased", "消去済み") :
		b->ended_unix_s == 0 ? word(l, "interrupted", "中断") :
		word(l, "complete", "完了")});
	return ERR_OK;
}

static enum err run_batch_list(struct cli *cli, struct cli_args args)
{
	static const char *const keys[] = {"batch", "source", "started",
	    "taken_in", "known", "refused", "bad", "state"};
	static const char *const en[] = {"batch", "source", "started",
	    "taken in", "known", "refused", "bad", "state"};
	static const char *const ja[] = {"番号", "取得元", "開始", "受け入れ",
	    "既知", "拒否", "不正", "状態"};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	CLEANUP(list_release) struct list l = {.cli = cli};

	RETURN_IF(owner_argument(cli, &args, &h));
	RETURN_IF(home_owner_open(h, args.items[0], &w));
	list_begin(&l, keys, en, ja, 8);
	RETURN_IF(store_batch_each(w->store, add_batch, &l));
	list_end(&l);
	return ERR_OK;
}

static enum err add_quarantined(void *ctx, const struct store_quarantine *q)
{
	const struct list *l = ctx;
	char batch[NUMBER_LEN], line[NUMBER_LEN];

	number(batch, (uint64_t)q->batch);
	number(line, q->line);
	list_row(ctx, (const char *const[]){batch, line,
		q->reason < INTAKE_REASON_COUNT ?
		intake_reason_text((enum intake_reason)q->reason,
		l->cli->japanese && !l->cli->json) : NULL});
	return ERR_OK;
}

static enum err run_quarantine_list(struct cli *cli, struct cli_args args)
{
	static const char *const keys[] = {"batch", "line", "reason"};
	static const char *const ja[] = {"番号", "行", "理由"};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	CLEANUP(list_release) struct list l = {.cli = cli};

	RETURN_IF(owner_argument(cli, &args, &h));
	RETURN_IF(home_owner_open(h, args.items[0], &w));
	list_begin(&l, keys, keys, ja, 3);
	RETURN_IF(store_batch_quarantine_each(w->store, 0, add_quarantined,
	    &l));
	list_end(&l);
	return ERR_OK;
}

static enum err add_epoch(void *ctx, const struct store_epoch *e)
{
	struct list *l = ctx;
	char id[2 * STORE_EPOCH_ID_LEN + 1], day[CLOCK_DAY_LEN + 1];
	char first[CLOCK_DAY_LEN + 1] = "", last[CLOCK_DAY_LEN + 1] = "";
	char records[NUMBER_LEN] = "";

	encode_hex(e->id, sizeof(e->id), id);
	clock_format_day(e->day, day);
	if (e->first_answer_day != 0 || e->last_answer_day != 0) {
		clock_format_day(e->first_answer_day, first);
		clock_format_day(e->last_answer_day, last);
	}
	if (e->closed)
		number(records, e->records);
	list_row(l, (const char *const[]){day, e->subject,
		e->closed ? word(l, "closed", "閉") :
		    word(l, "open", "開"), records, first, last, id});
	return ERR_OK;
}

static enum err run_epoch_list(struct cli *cli, struct cli_args args)
{
	static const char *const keys[] = {"day", "subject", "state",
	    "records", "first_answer", "last_answer", "epoch"};
	static const char *const en[] = {"day", "subject", "state", "records",
	    "first answer", "last answer", "epoch"};
	static const char *const ja[] = {"日", "対象", "状態", "件数",
	    "最初の回答", "最後の回答", "期間"};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	CLEANUP(list_release) struct list l = {.cli = cli};
	struct store_epoch_query q = {.filter = STORE_EPOCHS_ALL};

	RETURN_IF(owner_argument(cli, &args, &h));
	RETURN_IF(home_owner_open(h, args.items[0], &w));
	list_begin(&l, keys, en, ja, 7);
	RETURN_IF(store_epoch_each(w->store, &q, add_epoch, &l));
	list_end(&l);
	return ERR_OK;
}

static const struct cli_command rows[] = {
	{"source add", "OWNER ID --namespace TEXT",
	    "register where lines come from", "取得元を登録する",
	    run_source_add},
	{"source list", "OWNER", "list sources", "取得元の一覧",
	    run_source_list},
	{"owner survey", "OWNER FILE", "register a survey document",
	    "調査の文書を登録する", run_survey_add},
	{"owner ladder", "OWNER NAME FILE", "register a generalisation ladder",
	    "一般化表を登録する", run_ladder_add},
	{"survey list", "OWNER", "list surveys", "調査の一覧",
	    run_survey_list},
	{"ladder list", "OWNER", "list ladders", "一般化表の一覧",
	    run_ladder_list},
	{"consent-text add", "OWNER FILE --title TEXT",
	    "register a consent text as it is shown", "同意文を登録する",
	    run_text_add},
	{"consent-text list", "OWNER", "list consent texts", "同意文の一覧",
	    run_text_list},
	{"batch list", "OWNER", "list what was taken in", "受け入れの一覧",
	    run_batch_list},
	{"quarantine list", "OWNER", "list bad lines, without their content",
	    "隔離した行の一覧（内容は含まない）", run_quarantine_list},
	{"epoch list", "OWNER", "list epochs", "期間の一覧", run_epoch_list},
	{"epoch close", "OWNER", "close what an interrupted intake left open",
	    "中断で開いたままの期間を閉じる", run_epoch_close},
};

const struct commands_group sources_commands = {rows, ARRAY_LEN(rows)};
