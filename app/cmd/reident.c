/* Commands of re-identification: a plan of its own, and carrying it out.
 * Between them it is packed, approved and accepted like any other plan. */
#include <stdio.h>

#include "app/cmd/commands.h"
#include "app/ops/freeze.h"
#include "app/ops/plans.h"
#include "app/reident.h"
#include "app/unlock.h"
#include "core/fs.h"

#define LIST_MAX ((size_t)1 << 20)

/* Plans whose time is over end wherever plans are looked at. */
static enum err open_home(struct cli *cli, struct home **ret)
{
	RETURN_IF(unlock_home(cli, ret));
	return plans_expire(*ret);
}

static enum err run_freeze(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(buf_release) struct buf list = {0};
	struct freeze_reident what = {0};
	struct register_plan plan;
	const char *file = NULL;
	const struct cli_option options[] = {
		{"--export", CLI_TEXT, &what.export_id},
		{"--pseudonyms", CLI_TEXT, &file},
		{"--reason", CLI_TEXT, &what.reason},
		{"--answers", CLI_FLAG, &what.with_answers}};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	if (what.export_id == NULL || file == NULL || what.reason == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --export EXPORT --pseudonyms FILE --reason TEXT",
		    "--export 提供 --pseudonyms ファイル --reason 理由 を指定してください");
	RETURN_IF(open_home(cli, &h));
	what.file = file;
	(void)snprintf(cli->outcome.info.file,
	    sizeof(cli->outcome.info.file), "%s", file);
	RETURN_IF(fs_read_file(file, LIST_MAX, &list));
	cli->outcome.info.file[0] = '\0';
	what.pseudonyms = bytes_buf(&list);
	RETURN_IF(freeze_reident(h, args.items[0], args.items[1], &what,
	    &plan));
	cli->result = json_doc_new_object();
	json_doc_set_string(cli->result, "plan", plan.id);
	json_doc_set_string(cli->result, "export", what.export_id);
	if (!cli->json)
		(void)printf("%s\n", plan.id);
	return ERR_OK;
}

static enum err run_reidentify(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct reident_result r;
	const char *out = NULL;
	const struct cli_option options[] = {{"-o", CLI_TEXT, &out}};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give -o FOLDER", "-o フォルダー を指定してください");
	RETURN_IF(open_home(cli, &h));
	RETURN_IF(reident_run(h, args.items[0], out, &r));
	cli->result = json_doc_new_object();
	json_doc_set_string(cli->result, "export", r.export_id);
	json_doc_set_int(cli->result, "pseudonyms", (int64_t)r.pseudonyms);
	json_doc_set_int(cli->result, "found", (int64_t)r.found);
	json_doc_set_int(cli->result, "seats", r.seats);
	return ERR_OK;
}

static const struct cli_command rows[] = {
	{"reident freeze",
	    "OWNER REQUEST --export EXPORT --pseudonyms FILE --reason TEXT [--answers]",
	    "freeze a plan to re-identify pseudonyms of an earlier export",
	    "以前の提供の仮名を再識別する計画を確定する", run_freeze},
	{"reidentify", "PLAN -o FOLDER",
	    "carry out such a plan: the answer goes to the seats that approved",
	    "その計画を実施する。回答は承認した席だけが開ける", run_reidentify},
};

const struct commands_group reident_commands = {rows, ARRAY_LEN(rows)};
