/* Commands of a witness: on its own machine, with no home. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/ops/witness.h"
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

	if (dir == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the witness's folder: --dir DIR",
		    "立会人のフォルダを --dir DIR で指定してください");
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
};

const struct commands_group witness_commands = {rows, ARRAY_LEN(rows)};
