/* Commands that say how things stand. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/ops/backup.h"
#include "app/ops/restore.h"
#include "app/remote.h"
#include "app/report.h"
#include "app/unlock.h"

/* ---- status ---- */

static const struct { const char *key, *en, *ja; } status_rows[] = {
	{"seats", "  seats",
	    "  席"},
	{"threshold", "  of which needed",
	    "  必要な席"},
	{"drills_due", "  keys not shown for long",
	    "  長く確かめていない鍵"},
	{"charter", "  charter version",
	    "  憲章の版"},
	{"policy", "  policy version",
	    "  方針の版"},
	{"respondents", "  respondents",
	    "  回答者"},
	{"stopping", "  stopped, key in its hold",
	    "  停止（保留中）"},
	{"erased", "  erased",
	    "  消去済み"},
	{"stop_listed", "  erased for good",
	    "  永久に停止"},
	{"erasures_due", "  keys to be deleted",
	    "  消去すべき鍵"},
	{"to_compact", "  erased, sealed bytes still there",
	    "  消去済み（封印済みデータあり）"},
	{"records", "  records",
	    "  記録"},
	{"epochs_closed", "  epochs closed",
	    "  閉じた期間"},
	{"epochs_open", "  epochs open",
	    "  開いた期間"},
	{"batches", "  batches",
	    "  受け入れ"},
	{"quarantined", "  lines set aside",
	    "  隔離した行"},
	{"plans_waiting", "  plans waiting",
	    "  承認待ちの計画"},
	{"plans_started", "  plans being exported",
	    "  実行中の計画"},
	{"exports_started", "  exports under way",
	    "  作成中の提供"},
	{"exports_built", "  exports built",
	    "  作成済みの提供"},
	{"bytes_waiting", "  of which wait for byte release",
	    "  うち開示前の確認待ち"},
	{"exports_released", "  exports released",
	    "  提供済み"},
	{"exports_recalled", "  exports recalled",
	    "  回収"},
	{"exports_failed", "  exports failed",
	    "  失敗した提供"},
	{"receipts_open", "  receipts awaited",
	    "  受領書待ち"},
	{"receipts_overdue", "  receipts overdue",
	    "  期限切れの受領書"},
	{"destructions_open", "  destructions awaited",
	    "  廃棄証明待ち"},
	{"destructions_overdue", "  destructions overdue",
	    "  期限切れの廃棄証明"},
	{"notices_due", "  removals to tell",
	    "  未通知の削除"},
	{"notices_open", "  notices unanswered",
	    "  回答待ちの通知"},
	{"notices_overdue", "  notices overdue",
	    "  期限切れの通知"},
};

static void put(struct cli_table *t, const char *label,
    const struct json_doc *number)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld",
	    (long long)json_doc_int(number, 0));
	cli_table_row(t, (const char *const[]){label, text});
}

static void put_owner(const struct cli *cli, const struct json_doc *o,
    struct cli_table *t)
{
	cli_table_row(t, (const char *const[]){
		json_doc_string(json_doc_get(o, "owner")),
		json_doc_string(json_doc_get(o, "name"))});
	for (size_t i = 0; i < ARRAY_LEN(status_rows); i++)
		put(t, cli_say(cli, status_rows[i].en, status_rows[i].ja),
		    json_doc_get(o, status_rows[i].key));
}

static void print_status(const struct cli *cli)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 2};
	const struct json_doc *owners = json_doc_get(cli->result, "owners");

	put(&t, cli_say(cli, "ledger entries", "台帳の記載"),
	    json_doc_get(cli->result, "ledger_size"));
	for (size_t i = 0; i < json_doc_len(owners); i++)
		put_owner(cli, json_doc_at(owners, i), &t);
	cli_table_print(&t);
}

static enum err load_status(struct cli *cli)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	if (cli->gateway != NULL)
		return remote_list(cli, "/v1/status", NULL);
	RETURN_IF(unlock_home(cli, &h));
	return report_status(h, NULL, &cli->result);
}

static enum err run_status(struct cli *cli, struct cli_args args)
{
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity}};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 0));
	RETURN_IF(load_status(cli));
	if (!cli->json)
		print_status(cli);
	return ERR_OK;
}

/* ---- export list ---- */

static const char *state_word(const struct cli *cli, const char *state)
{
	static const char *const words[][2] = {
		{"started", "作成中"}, {"built", "作成済み"},
		{"released", "提供済み"}, {"recalled", "回収"},
		{"failed", "失敗"}};

	for (size_t i = 0; state != NULL && i < ARRAY_LEN(words); i++)
		if (strcmp(words[i][0], state) == 0)
			return cli_say(cli, words[i][0], words[i][1]);
	return state;
}

static void print_exports(const struct cli *cli)
{
	static const char *const keys[] = {"export", "owner", "partner",
	    "project", "state", "since"};
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 6};
	const char *cells[6];

	cli_table_row(&t, cli->japanese ?
	    (const char *const[]){"提供", "所有者", "提供先", "研究", "状態",
		"時刻"} :
	    (const char *const[]){"export", "owner", "partner", "project",
		"state", "since"});
	for (size_t i = 0; i < json_doc_len(cli->result); i++) {
		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			cells[k] = json_doc_string(json_doc_get(
			    json_doc_at(cli->result, i), keys[k]));
		cells[4] = state_word(cli, cells[4]);
		cli_table_row(&t, cells);
	}
	cli_table_print(&t);
}

static enum err load_exports(struct cli *cli, const char *owner)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	const struct report_filter f = {.owner = owner};

	if (cli->gateway != NULL)
		return remote_list(cli, "/v1/exports", owner);
	RETURN_IF(unlock_home(cli, &h));
	return report_exports(h, &f, &cli->result);
}

static enum err run_export_list(struct cli *cli, struct cli_args args)
{
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity}};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 1));
	RETURN_IF(load_exports(cli, args.len > 0 ? args.items[0] : NULL));
	if (!cli->json)
		print_exports(cli);
	return ERR_OK;
}

/* ---- backup ---- */

static enum err run_backup(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 1, 1));
	RETURN_IF(unlock_home(cli, &h));
	return backup_make(h, args.items[0]);
}

/* ---- restore ---- */

static enum err open_restored(struct cli *cli, const struct restore_args *a,
    struct restore_result *r)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	cli->home = a->home;
	RETURN_IF(unlock_home(cli, &h));
	return restore_finish(h, a, r);
}

static enum err run_restore(struct cli *cli, struct cli_args args)
{
	struct restore_args a = {0};
	struct restore_result r;
	const struct cli_option options[] = {
		{"--gateway-key", CLI_TEXT, &a.gateway_key},
		{"--seen", CLI_TEXT, &a.seen}};
	enum err e;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 3, 3));
	if (a.gateway_key == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the gateway's key, which is in no backup: --gateway-key FILE (keys/gateway.key of the old home)",
		    "バックアップにないゲートウェイの鍵を --gateway-key FILE（元のホームの keys/gateway.key）で指定してください");
	a.home = args.items[0];
	a.sets[0] = args.items[1];
	a.sets[1] = args.items[2];
	RETURN_IF(restore_files(&a, &cli->outcome, &r));
	e = open_restored(cli, &a, &r);
	if (e != ERR_OK) {
		RETURN_IF(restore_undo(a.home));
		return e;
	}
	cli->result = json_doc_new_object();
	json_doc_set_int(cli->result, "ledger_size", (int64_t)r.ledger_size);
	json_doc_set_int(cli->result, "plans_ended", (int64_t)r.plans_ended);
	json_doc_set_int(cli->result, "epochs_closed",
	    (int64_t)r.epochs_closed);
	return ERR_OK;
}

static const struct cli_command rows[] = {
	{"backup", "DIR", "copy stores and ledger, keys of erasure apart",
	    "保管庫と台帳を複製する（消去用の鍵は別にする）", run_backup},
	{"restore", "HOME SET SET --gateway-key FILE [--seen FILE|none]",
	    "make a home from both sets of a backup",
	    "バックアップの2つの組からホームを復旧する", run_restore},
	{"status", "[--json]", "how this gateway stands, and what needs a person",
	    "全体の状態と、人の手が必要なこと", run_status, 1},
	{"export list", "[OWNER] [--json]", "list exports by their state",
	    "提供の一覧", run_export_list, 1},
};

const struct commands_group status_commands = {rows, ARRAY_LEN(rows)};
