/* Commands that read the ledger. */
#include <stdio.h>
#include <string.h>

#include "app/act.h"
#include "app/cmd/commands.h"
#include "app/ops/ledger.h"
#include "app/ops/ledger_check.h"
#include "app/ops/ledger_papers.h"
#include "app/unlock.h"
#include "ledger/decimal.h"

/* ---- show ---- */

struct showing {
	struct cli *cli;
	struct cli_table table;
	const char *owner;              /* NULL: all */
};

static void showing_release(struct showing *s)
{
	cli_table_release(&s->table);
}

static int is_common(const char *key)
{
	return strcmp(key, "time") == 0 || strcmp(key, "owner") == 0 ||
	    strcmp(key, "nonce") == 0;
}

/* The kind's own values, shortened for people: digests to 12 digits. */
static enum err append_values(const struct text *t, enum entry_kind kind,
    struct buf *out)
{
	const char *const *keys = entry_info(kind)->schema.keys;

	for (size_t i = 0; keys[i] != NULL; i++) {
		const char *value;
		size_t len;

		if (is_common(keys[i]) ||
		    (value = text_get(t, entry_key(keys[i]))) == NULL)
			continue;
		len = strlen(value);
		if (out->len > 0)
			RETURN_IF(buf_append(out, " ", 1));
		RETURN_IF(buf_append_str(out, entry_key(keys[i])));
		RETURN_IF(buf_append(out, "=", 1));
		RETURN_IF(buf_append(out, value, len == 64 ? 12 : len));
	}
	return ERR_OK;
}

static enum err show_row(struct showing *s, const char *index,
    enum entry_kind kind, const struct text *t)
{
	CLEANUP(buf_release) struct buf values = {0};

	RETURN_IF(append_values(t, kind, &values));
	cli_table_row(&s->table, (const char *const[]){index,
		text_get(t, "time"), text_get(t, "owner"),
		entry_info(kind)->name, buf_text(&values)});
	return ERR_OK;
}

static void show_json(struct showing *s, uint64_t index,
    enum entry_kind kind, const struct text *t)
{
	const char *const *keys = entry_info(kind)->schema.keys;
	struct json_doc *row = json_doc_new_object();

	json_doc_set_int(row, "index", (int64_t)index);
	json_doc_set_string(row, "kind", entry_info(kind)->name);
	for (size_t i = 0; keys[i] != NULL; i++) {
		const char *value = text_get(t, entry_key(keys[i]));

		if (value != NULL)
			json_doc_set_string(row, entry_key(keys[i]), value);
	}
	json_doc_add(s->cli->result, row);
}

static enum err show_entry(void *ctx, uint64_t index, struct bytes entry)
{
	struct showing *s = ctx;
	CLEANUP(text_cleanup) struct text *t = NULL;
	enum entry_kind kind;
	char number[24];

	RETURN_IF(entry_parse(entry, &kind, &t, &s->cli->outcome.info));
	if (s->owner != NULL && strcmp(text_get(t, "owner"), s->owner) != 0)
		return ERR_OK;
	(void)snprintf(number, sizeof(number), "%llu",
	    (unsigned long long)index);
	if (!s->cli->json)
		return show_row(s, number, kind, t);
	show_json(s, index, kind, t);
	return ERR_OK;
}

static enum err run_show(struct cli *cli, struct cli_args args)
{
	struct showing s = {.cli = cli, .table = {.columns = 5}};
	uint64_t from = 0;
	const struct cli_option options[] = {
		{"--from", CLI_NUMBER, &from},
		{"--owner", CLI_TEXT, &s.owner},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(log_cleanup) struct log *log = NULL;
	enum err e;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 0));
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(act_log_reader(h, &log));
	if (cli->json)
		cli->result = json_doc_new_array();
	cli_table_row(&s.table, cli->japanese ?
	    (const char *const[]){"番号", "時刻", "所有者", "種類", "内容"} :
	    (const char *const[]){"index", "time", "owner", "kind", "values"});
	e = log_each(log, from, show_entry, &s);
	if (e == ERR_OK && !cli->json)
		cli_table_print(&s.table);
	showing_release(&s);
	return e;
}

/* ---- prove ---- */

static enum err run_prove(struct cli *cli, struct cli_args args)
{
	const char *out = NULL;
	const struct cli_option options[] = {{"-o", CLI_TEXT, &out}};
	CLEANUP(home_cleanup) struct home *h = NULL;
	uint64_t index;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (out == NULL || decimal_parse(bytes_str(args.items[0]), INT64_MAX,
	    &index) != ERR_OK)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give an entry's number and -o NAME",
		    "記載の番号と -o NAME を指定してください");
	RETURN_IF(unlock_home(cli, &h));
	return ledger_prove(h, index, out);
}

/* ---- check ---- */

static enum err run_check(struct cli *cli, struct cli_args args)
{
	struct ledger_check_args c = {0};
	const struct cli_option options[] = {
		{"--vkey", CLI_TEXT, &c.vkey},
		{"--policy", CLI_TEXT, &c.policy},
	};
	struct checkpoint cp;
	uint64_t index;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	if ((c.vkey == NULL) == (c.policy == NULL))
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --vkey KEY, the log's key, or --policy FILE, a policy with its witnesses",
		    "台帳の鍵を --vkey で、または立会人を含む方針を --policy で指定してください");
	c.entry = args.items[0];
	c.proof = args.items[1];
	RETURN_IF(ledger_check(&c, &index, &cp, &cli->outcome));
	outcome_add(&cli->outcome, OUTCOME_CHECK,
	    "%1$s is entry %2$llu of %3$s, among %4$llu entries",
	    "%1$sは%3$sの記載%2$llu（全%4$llu件）です", c.entry,
	    (unsigned long long)index, cp.origin,
	    (unsigned long long)cp.size);
	return ERR_OK;
}

/* ---- papers ---- */

static enum err run_papers(struct cli *cli, struct cli_args args)
{
	const char *out = NULL;
	const struct cli_option options[] = {{"-o", CLI_TEXT, &out}};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 0));
	if (out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give a new folder: -o DIR",
		    "新しいフォルダを -o DIR で指定してください");
	RETURN_IF(unlock_home(cli, &h));
	return ledger_papers_write(h, out);
}

static const struct cli_command rows[] = {
	{"ledger show", "[--from INDEX] [--owner CODE] [--json]",
	    "what was done, in its order", "台帳の記載の一覧", run_show},
	{"ledger prove", "INDEX -o NAME",
	    "write NAME.entry and NAME.tlog-proof",
	    "記載とその証明を書き出す", run_prove},
	{"ledger check", "ENTRY PROOF --vkey KEY | --policy FILE",
	    "is this entry in the log that the proof names?",
	    "記載が証明どおり台帳にあるかを検査する", run_check},
	{"ledger papers", "-o DIR",
	    "write the charters, policies and plans whose digests the ledger has",
	    "台帳にダイジェストのある憲章、方針、計画を書き出す", run_papers},
};

const struct commands_group ledger_commands = {rows, ARRAY_LEN(rows)};
