/* Commands of a witness, on its own machine without a home; and of the gateway
 * that asks one. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/ops/witness.h"
#include "app/ops/witness_ask.h"
#include "app/unlock.h"
#include "core/clock.h"
#include "keys/age.h"

#define LOG_N_LEAST 10

static enum err check_work(struct cli *cli, uint64_t log_n)
{
	if (log_n >= LOG_N_LEAST && log_n <= AGE_LOG_N_CEILING)
		return ERR_OK;
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "--work-factor is 10 to 22; 18 is right for people",
	    "--work-factor は10から22までです。通常は18です");
}

static enum err run_init(struct cli *cli, struct cli_args args)
{
	struct witness_init_args init = {.now_unix_s = clock_now_unix_s()};
	uint64_t log_n = AGE_LOG_N_DEFAULT;
	const struct cli_option options[] = {
		{"--name", CLI_TEXT, &init.name},
		{"--log", CLI_TEXT, &init.log},
		{"--work-factor", CLI_NUMBER, &log_n},
	};
	CLEANUP(secret_cleanup) struct secret *passphrase = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (init.name == NULL || init.log == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --name HOST/PATH (of the witness) and --log VKEY (of the ledger)",
		    "--name HOST/PATH（立会人の名前）と --log VKEY（台帳の鍵）を指定してください");
	RETURN_IF(check_work(cli, log_n));
	RETURN_IF(unlock_passphrase(cli, "new passphrase: ",
	    "新しいパスフレーズ: ", 1, &passphrase));
	init.dir = args.items[0];
	init.passphrase = passphrase;
	init.log_n = (unsigned)log_n;
	return witness_init(&init, &cli->outcome);
}

static enum err open_holder(struct cli *cli, const char *dir,
    struct witness_holder **ret)
{
	CLEANUP(secret_cleanup) struct secret *passphrase = NULL;
	char path[FS_PATH_MAX];

	if (dir == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the witness's folder: --dir DIR",
		    "立会人のフォルダを --dir DIR で指定してください");
	RETURN_IF(fs_path(path, "%s/witness.key", dir));
	if (!fs_exists(path))
		return outcome_refuse(&cli->outcome, ERR_NOT_FOUND,
		    "%s is not a witness's folder; see: azukari witness init",
		    "%sは立会人のフォルダではありません。azukari witness init を見てください",
		    dir);
	RETURN_IF(unlock_passphrase(cli, "passphrase of the witness: ",
	    "立会人のパスフレーズ: ", 0, &passphrase));
	return witness_holder_open(dir, passphrase, ret, &cli->outcome);
}

static enum err run_cosign(struct cli *cli, struct cli_args args)
{
	const char *dir = NULL, *out = NULL;
	const struct cli_option options[] = {
		{"--dir", CLI_TEXT, &dir},
		{"-o", CLI_TEXT, &out},
	};
	CLEANUP(witness_holder_cleanup) struct witness_holder *w = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the answer's file: -o FILE",
		    "回答のファイルを -o FILE で指定してください");
	RETURN_IF(open_holder(cli, dir, &w));
	return witness_answer(w, args.items[0], out, clock_now_unix_s(),
	    &cli->outcome);
}

static enum err run_show(struct cli *cli, struct cli_args args)
{
	const char *dir = NULL;
	const struct cli_option options[] = {{"--dir", CLI_TEXT, &dir}};
	CLEANUP(witness_holder_cleanup) struct witness_holder *w = NULL;
	CLEANUP(buf_release) struct buf vkey = {0};
	struct checkpoint cp;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 0));
	RETURN_IF(open_holder(cli, dir, &w));
	RETURN_IF(witness_state(&w->config, &cp));
	RETURN_IF(note_key_write(note_signer_key(w->signer), &vkey));
	cli->result = json_doc_new_object();
	json_doc_set_string(cli->result, "vkey", buf_text(&vkey));
	json_doc_set_string(cli->result, "log", w->log.name);
	json_doc_set_int(cli->result, "cosigned", (int64_t)cp.size);
	if (!cli->json)
		(void)printf("%s\n", buf_text(&vkey));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "%s has cosigned %llu entries of %s",
	    "%1$sは%3$sの%2$llu件まで副署しています",
	    note_signer_key(w->signer)->name, (unsigned long long)cp.size,
	    w->log.name);
	return ERR_OK;
}

static enum err run_check(struct cli *cli, struct cli_args args)
{
	const char *log = NULL;
	const struct cli_option options[] = {{"--log", CLI_TEXT, &log}};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (log == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the ledger's key: --log VKEY",
		    "台帳の鍵を --log VKEY で指定してください");
	return witness_check_misbehaviour(args.items[0], log, &cli->outcome);
}

/* ---- the gateway's side ---- */

static enum err run_request(struct cli *cli, struct cli_args args)
{
	struct witness_ask ask = {.from = -1};
	const char *out = NULL;
	uint64_t from = UINT64_MAX, size = 0;
	const struct cli_option options[] = {
		{"--from", CLI_NUMBER, &from},
		{"-o", CLI_TEXT, &out},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(buf_release) struct buf text = {0};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 1));
	if (out == NULL || (from != UINT64_MAX && from > INT64_MAX))
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the request's file: -o FILE",
		    "依頼のファイルを -o FILE で指定してください");
	if (args.len == 1)
		ask.witness = args.items[0];
	if (from != UINT64_MAX)
		ask.from = (int64_t)from;
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(witness_ask_text(h, &ask, &text, &size));
	RETURN_IF(fs_write_new_file(out, bytes_buf(&text), 0644));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "%s asks for the cosignature of the first %llu entries; on the witness's machine: azukari witness cosign %s --dir DIR -o ANSWER",
	    "%sは最初の%llu件への副署の依頼です。立会人の機械で azukari witness cosign %s --dir DIR -o 回答 を実行してください",
	    out, (unsigned long long)size, out);
	return ERR_OK;
}

static enum err run_accept(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(buf_release) struct buf answer = {0};

	RETURN_IF(cli_options(cli, &args, NULL, 0, 1, 1));
	RETURN_IF(unlock_home(cli, &h));
	cli_name_file(cli, args.items[0]);
	RETURN_IF(fs_read_file(args.items[0], NOTE_MAX, &answer));
	cli_name_file(cli, "");
	return witness_ask_accept(h, bytes_buf(&answer));
}

struct listing {
	struct cli *cli;
	struct cli_table table;
};

static enum err list_row(void *ctx, const struct witness_ask_row *row)
{
	struct listing *l = ctx;
	char cosigned[24], when[CLOCK_UTC_LEN + 1] = "-";
	struct json_doc *doc;

	(void)snprintf(cosigned, sizeof(cosigned), "%llu",
	    (unsigned long long)row->cosigned);
	if (row->unix_s > 0)
		clock_format_utc(row->unix_s, when);
	if (!l->cli->json) {
		cli_table_row(&l->table, (const char *const[]){row->name,
			row->key->name, cosigned, when, row->url});
		return ERR_OK;
	}
	doc = json_doc_new_object();
	json_doc_set_string(doc, "name", row->name);
	json_doc_set_string(doc, "key", row->key->name);
	json_doc_set_int(doc, "cosigned", (int64_t)row->cosigned);
	json_doc_set_int(doc, "size", (int64_t)row->size);
	json_doc_set_string(doc, "at", when);
	json_doc_set_string(doc, "url", row->url);
	json_doc_add(l->cli->result, doc);
	return ERR_OK;
}

static enum err run_list(struct cli *cli, struct cli_args args)
{
	struct listing l = {.cli = cli, .table = {.columns = 5}};
	CLEANUP(home_cleanup) struct home *h = NULL;
	enum err e;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 0, 0));
	RETURN_IF(unlock_home(cli, &h));
	if (cli->json)
		cli->result = json_doc_new_array();
	cli_table_row(&l.table, cli->japanese ?
	    (const char *const[]){"名前", "鍵", "副署", "時刻", "宛先"} :
	    (const char *const[]){"name", "key", "cosigned", "at", "url"});
	e = witness_ask_each(h, list_row, &l);
	if (e == ERR_OK && !cli->json)
		cli_table_print(&l.table);
	cli_table_release(&l.table);
	return e;
}

static const struct cli_command rows[] = {
	{"witness init", "DIR --name HOST/PATH --log VKEY",
	    "make the keys of a witness of that ledger",
	    "台帳の立会人の鍵を作る", run_init},
	{"witness cosign", "REQUEST --dir DIR -o ANSWER",
	    "cosign a ledger that has only grown",
	    "増えただけの台帳に副署する", run_cosign},
	{"witness show", "--dir DIR", "its public key, and how far it cosigned",
	    "公開鍵と、どこまで副署したか", run_show},
	{"witness check", "FILE.misbehaviour --log VKEY",
	    "check a proof that a ledger contradicts itself",
	    "台帳が矛盾している証拠を検証する", run_check},
	{"ledger witness list", "",
	    "the witnesses in force, and what they cosigned",
	    "立会人と、その副署の状況", run_list},
	{"ledger witness request", "[NAME] [--from SIZE] -o FILE",
	    "ask a witness to cosign", "立会人に副署を依頼する", run_request},
	{"ledger witness accept", "ANSWER",
	    "take in a cosignature, or what a witness holds",
	    "副署、または立会人の手元の状態を受け付ける", run_accept},
};

const struct commands_group witness_commands = {rows, ARRAY_LEN(rows)};
