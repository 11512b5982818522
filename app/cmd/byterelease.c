/* Commands of byte release: two at the gateway, two on the officer's machine. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/cmd/machine.h"
#include "app/ops/byterelease.h"
#include "app/ops/plans.h"
#include "app/remote.h"
#include "app/report.h"
#include "app/unlock.h"
#include "core/clock.h"

/* Plans whose time is over end wherever plans are looked at. */
static enum err open_home(struct cli *cli, struct home **ret)
{
	RETURN_IF(unlock_home(cli, ret));
	return plans_expire(*ret);
}

static enum err pack_remote(struct cli *cli, const char *export_id,
    const char *out)
{
	char path[FS_PATH_MAX], seat[REMOTE_NAME_MAX];

	RETURN_IF(fs_path(path, "/v1/exports/%s/byterelease", export_id));
	RETURN_IF(remote_packet(cli, &(struct gateway_ask){.method = "GET",
	    .path = path}, out, seat));
	byterelease_pack_tell(&cli->outcome, export_id, out);
	return ERR_OK;
}

static enum err run_pack(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	const char *out = NULL;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity},
		{"-o", CLI_TEXT, &out}};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give -o FILE", "-o FILE を指定してください");
	if (cli->gateway != NULL)
		return pack_remote(cli, args.items[0], out);
	RETURN_IF(open_home(cli, &h));
	return byterelease_pack(h, args.items[0], out);
}

static enum err accept_remote(struct cli *cli,
    const struct byterelease_accept_args *a)
{
	char path[FS_PATH_MAX];

	if (a->export_id == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the export the answer is about: --export EXPORT",
		    "回答の対象の提供を --export EXPORT で指定してください");
	RETURN_IF(fs_path(path, "/v1/exports/%s/byterelease", a->export_id));
	return remote_answer(cli, path, a->answer, a->sig);
}

static enum err run_accept(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct byterelease_accept_args a = {0};
	struct byterelease_result r;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity},
		{"--export", CLI_TEXT, &a.export_id},
		{"--sig", CLI_TEXT, &a.sig}};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	a.answer = args.items[0];
	if (cli->gateway != NULL)
		return accept_remote(cli, &a);
	RETURN_IF(open_home(cli, &h));
	RETURN_IF(byterelease_accept(h, &a, &r));
	cli->result = report_byterelease(&r);
	return ERR_OK;
}

/* ---- on the officer's machine ---- */

static enum err open_packet(struct cli *cli, struct machine *m,
    const char *packet, const char *trust, struct byterelease **ret)
{
	struct byterelease_args a = {.packet = packet, .trust = trust,
	    .now_unix_s = clock_now_unix_s()};

	RETURN_IF(machine_prepare(cli, m, 1));
	a.state_dir = m->state_dir;
	a.identity = m->id;
	RETURN_IF(byterelease_open(&a, &cli->outcome, ret));
	cli->result = json_doc_new_object();
	json_doc_set_string(cli->result, "export", byterelease_export(*ret));
	json_doc_set_string(cli->result, "seat", byterelease_seat(*ret));
	return ERR_OK;
}

static enum err show(struct cli *cli, const struct byterelease *b)
{
	CLEANUP(buf_release) struct buf page = {0};

	RETURN_IF(byterelease_show(b, &page));
	if (cli->json)
		json_doc_set_string(cli->result, "page", buf_text(&page));
	else
		(void)fputs(buf_text(&page), stdout);
	(void)fflush(stdout);
	return ERR_OK;
}

static enum err confirm(struct cli *cli, const struct byterelease *b)
{
	char typed[64];

	RETURN_IF(machine_ask(cli, cli_say(cli,
	    "To let these bytes leave, type the number of the export (empty: no): ",
	    "この内容の提供を認めるには、提供番号を入力してください（空欄で中止）: "),
	    typed, sizeof(typed)));
	if (strcmp(typed, byterelease_export(b)) == 0)
		return ERR_OK;
	return outcome_refuse(&cli->outcome, ERR_CANCELLED,
	    "not signed: what was typed is not %s",
	    "署名しませんでした。入力が%sと一致しません", byterelease_export(b));
}

static enum err run_sign(struct cli *cli, struct cli_args args)
{
	CLEANUP(machine_release) struct machine m = {0};
	CLEANUP(byterelease_cleanup) struct byterelease *b = NULL;
	const char *trust = NULL;
	int yes = 0;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &m.identity},
		{"-o", CLI_TEXT, &m.out},
		{"--state", CLI_TEXT, &m.state},
		{"--trust", CLI_TEXT, &trust},
		{"--yes", CLI_FLAG, &yes},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(open_packet(cli, &m, args.items[0], trust, &b));
	RETURN_IF(show(cli, b));
	if (!yes)
		RETURN_IF(confirm(cli, b));
	return byterelease_sign(b, m.out, &cli->outcome);
}

static enum err run_deny(struct cli *cli, struct cli_args args)
{
	CLEANUP(machine_release) struct machine m = {0};
	CLEANUP(byterelease_cleanup) struct byterelease *b = NULL;
	const char *trust = NULL, *reason = NULL;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &m.identity},
		{"-o", CLI_TEXT, &m.out},
		{"--state", CLI_TEXT, &m.state},
		{"--trust", CLI_TEXT, &trust},
		{"--reason", CLI_TEXT, &reason},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (reason == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the reason: --reason TEXT",
		    "理由を --reason で指定してください");
	RETURN_IF(open_packet(cli, &m, args.items[0], trust, &b));
	return byterelease_deny(b, reason, m.out, &cli->outcome);
}

static const struct cli_command rows[] = {
	{"byterelease pack", "EXPORT -o FILE",
	    "the report and digests of a built bundle, for officers to sign",
	    "作成済みの提供の評価とダイジェストを、保管官のために書き出す", run_pack, 1},
	{"byterelease sign",
	    "PACKET --identity FILE.key -o ANSWER [--trust DIR] [--state DIR] [--yes]",
	    "on the officer's machine: check a finished bundle's papers, show its report, sign its SHA256SUMS",
	    "保管官の機械で：完成した提供の書類を確認し、評価を示し、SHA256SUMSに署名する",
	    run_sign},
	{"byterelease deny",
	    "PACKET --identity FILE.key --reason TEXT -o ANSWER [--trust DIR] [--state DIR]",
	    "on the officer's machine: do not let a finished bundle leave",
	    "保管官の機械で：完成した提供を拒否する", run_deny},
	{"byterelease accept",
	    "ANSWER | SHA256SUMS --sig FILE [--export EXPORT]",
	    "take in a seat's signature or refusal of a finished bundle",
	    "完成した提供への署名または拒否を受け付ける", run_accept, 1},
};

const struct commands_group byterelease_commands = {rows, ARRAY_LEN(rows)};
