/* Commands of the university and of anyone who checks. */
#include <stdio.h>

#include "app/cmd/commands.h"
#include "app/ops/partner.h"
#include "app/unlock.h"
#include "app/verify.h"
#include "app/verify_data.h"
#include "core/clock.h"

static enum err run_verify(struct cli *cli, struct cli_args args)
{
	struct verify_args v = {.now_unix_s = clock_now_unix_s()};
	struct verify_data_args d = {.now_unix_s = v.now_unix_s};
	const struct cli_option options[] = {
		{"--trust", CLI_TEXT, &v.trust},
		{"--data", CLI_TEXT, &d.data},
		{"--notices", CLI_TEXT, &d.notices},
	};
	CLEANUP(verify_result_release) struct verify_result r = {0};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (d.notices != NULL && d.data == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "notices speak of people in the opened folder: give --data DIR",
		    "通知は開いたフォルダの中の方についてのものです。--data DIR を指定してください");
	v.bundle = args.items[0];
	RETURN_IF(verify_bundle(&v, &r, &cli->outcome));
	d.bundle = &r;
	d.trust = v.trust;
	if (d.data != NULL)
		RETURN_IF(verify_data(&d, &cli->outcome));
	outcome_add(&cli->outcome, OUTCOME_DONE, "%s verifies",
	    "%sの検証に成功しました", v.bundle);
	return ERR_OK;
}

/* Options all of them share, and the investigator's identity. */
struct common {
	const char *trust, *identity, *out;
	struct identity *id;
};

static void common_release(struct common *c)
{
	identity_free(TAKE(c->id));
}

static enum err unlock(struct cli *cli, struct common *c,
    struct partner_args *ret)
{
	if (c->identity == NULL || c->out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --identity FILE.key and -o PATH",
		    "--identity FILE.key と -o PATH を指定してください");
	RETURN_IF(unlock_identity(cli, c->identity, &c->id));
	*ret = (struct partner_args){.trust = c->trust, .identity = c->id,
	    .now_unix_s = clock_now_unix_s()};
	return ERR_OK;
}

static enum err run_open(struct cli *cli, struct cli_args args)
{
	CLEANUP(common_release) struct common c = {0};
	const struct cli_option options[] = {
		{"--trust", CLI_TEXT, &c.trust},
		{"--identity", CLI_TEXT, &c.identity},
		{"-o", CLI_TEXT, &c.out},
	};
	struct partner_args p;
	struct partner_opened opened;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(unlock(cli, &c, &p));
	p.bundle = args.items[0];
	RETURN_IF(partner_open(&p, c.out, &opened, &cli->outcome));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "%s/%s holds %llu rows of %llu respondents",
	    "%s/%sに%llu行（%llu人分）を開きました", c.out, opened.folder,
	    (unsigned long long)opened.rows,
	    (unsigned long long)opened.respondents);
	return ERR_OK;
}

static enum err run_receipt(struct cli *cli, struct cli_args args)
{
	CLEANUP(common_release) struct common c = {0};
	const char *data = NULL;
	const struct cli_option options[] = {
		{"--trust", CLI_TEXT, &c.trust},
		{"--identity", CLI_TEXT, &c.identity},
		{"--data", CLI_TEXT, &data},
		{"-o", CLI_TEXT, &c.out},
	};
	struct partner_args p;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (data == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the opened folder: --data DIR",
		    "開いたフォルダを --data DIR で指定してください");
	RETURN_IF(unlock(cli, &c, &p));
	p.bundle = args.items[0];
	return partner_receipt(&p, data, c.out, &cli->outcome);
}

static enum err run_destroyed(struct cli *cli, struct cli_args args)
{
	CLEANUP(common_release) struct common c = {0};
	const char *method = "overwritten and deleted", *copies = "all";
	const struct cli_option options[] = {
		{"--trust", CLI_TEXT, &c.trust},
		{"--identity", CLI_TEXT, &c.identity},
		{"--method", CLI_TEXT, &method},
		{"--copies", CLI_TEXT, &copies},
		{"-o", CLI_TEXT, &c.out},
	};
	struct partner_args p;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(unlock(cli, &c, &p));
	p.bundle = args.items[0];
	return partner_destroyed(&p, method, copies, c.out, &cli->outcome);
}

static enum err run_notice_apply(struct cli *cli, struct cli_args args)
{
	CLEANUP(common_release) struct common c = {0};
	struct partner_notice n = {0};
	const struct cli_option options[] = {
		{"--trust", CLI_TEXT, &c.trust},
		{"--identity", CLI_TEXT, &c.identity},
		{"--answer", CLI_TEXT, &n.answer},
		{"-o", CLI_TEXT, &c.out},
	};
	struct partner_args p;
	struct partner_applied applied;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	if (c.trust == NULL || n.answer == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --trust DIR (your copy of the gateway's keys) and --answer FILE",
		    "--trust DIR（手元にあるゲートウェイの鍵）と --answer FILE を指定してください");
	RETURN_IF(unlock(cli, &c, &p));
	n.notice = args.items[0];
	n.data = args.items[1];
	n.out = c.out;
	RETURN_IF(partner_apply(&p, &n, &applied, &cli->outcome));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "%llu people and %llu rows removed, %llu rows left",
	    "%llu人・%llu行を除きました。残りは%llu行です",
	    (unsigned long long)applied.pseudonyms_removed,
	    (unsigned long long)applied.rows_removed,
	    (unsigned long long)applied.rows_left);
	return ERR_OK;
}

static const struct cli_command rows[] = {
	{"verify", "BUNDLE [--trust DIR] [--data DIR [--notices DIR]]",
	    "check a bundle; no home, no key", "提供ファイルを検証する（鍵は不要）",
	    run_verify},
	{"open", "BUNDLE --identity PI.key -o DIR [--trust DIR]",
	    "verify, decrypt and verify the inside",
	    "検証し、復号し、中身を検証する", run_open},
	{"receipt", "BUNDLE --data DIR --identity PI.key -o FILE [--trust DIR]",
	    "sign that a bundle was received and opened",
	    "受領書に署名する", run_receipt},
	{"destroyed",
	    "BUNDLE --identity PI.key -o FILE [--method TEXT] [--copies TEXT] [--trust DIR]",
	    "sign that all copies are destroyed", "廃棄証明に署名する",
	    run_destroyed},
	{"notice apply",
	    "NOTICE DIR --identity PI.key -o NEWDIR --answer FILE --trust DIR",
	    "take withdrawn people out of opened data",
	    "撤回した方を開いたデータから除く", run_notice_apply},
};

const struct commands_group partner_commands = {rows, ARRAY_LEN(rows)};
