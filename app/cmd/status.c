/* Commands that say how things stand. */
#include <stdio.h>
#include <stdlib.h>

#include "app/cmd/commands.h"
#include "app/ops/backup.h"
#include "app/ops/restore.h"
#include "app/ops/status.h"
#include "app/unlock.h"
#include "core/clock.h"

/* ---- status ---- */

struct sheet {
	struct cli *cli;
	struct cli_table table;
	struct json_doc *object;        /* NULL: for people */
};

/* ${key} is the member's name, ${en} and ${ja} the row's. */
static void put(struct sheet *s, const char *key, const char *en,
    const char *ja, uint64_t value)
{
	char text[24];

	if (s->object != NULL) {
		json_doc_set_int(s->object, key, (int64_t)value);
		return;
	}
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	cli_table_row(&s->table, (const char *const[]){
		cli_say(s->cli, en, ja), text});
}

static void put_papers(struct sheet *s, const struct status_owner *o)
{
	put(s, "seats", "  seats", "  席", o->seats);
	put(s, "threshold", "  of which needed", "  必要な席", o->threshold);
	put(s, "charter", "  charter version", "  憲章の版",
	    o->charter_version);
	put(s, "policy", "  policy version", "  方針の版", o->policy_version);
}

static void put_store(struct sheet *s, const struct status_owner *o)
{
	const struct store_counts *c = &o->counts;

	put(s, "respondents", "  respondents", "  回答者", c->respondents);
	put(s, "stopping", "  stopped, key in its hold", "  停止（保留中）",
	    c->stopping);
	put(s, "erased", "  erased", "  消去済み", c->erased);
	put(s, "stop_listed", "  erased for good", "  永久に停止",
	    c->stop_listed);
	put(s, "erasures_due", "  keys to be deleted", "  消去すべき鍵",
	    o->erasures_due);
	put(s, "records", "  records", "  記録", c->records);
	put(s, "epochs_closed", "  epochs closed", "  閉じた期間",
	    c->epochs - c->epochs_open);
	put(s, "epochs_open", "  epochs open", "  開いた期間",
	    c->epochs_open);
	put(s, "batches", "  batches", "  受け入れ", o->batches);
	put(s, "quarantined", "  lines set aside", "  隔離した行",
	    c->quarantined);
}

static void put_release(struct sheet *s, const struct status_owner *o)
{
	const uint64_t *e = o->exports;

	put(s, "plans_waiting", "  plans waiting", "  承認待ちの計画",
	    o->plans_waiting);
	put(s, "plans_started", "  plans being exported", "  実行中の計画",
	    o->plans_started);
	put(s, "exports_started", "  exports under way", "  作成中の提供",
	    e[REGISTER_EXPORT_STARTED]);
	put(s, "exports_built", "  exports built", "  作成済みの提供",
	    e[REGISTER_EXPORT_BUILT]);
	put(s, "bytes_waiting", "  of which wait for byte release",
	    "  うち開示前の確認待ち", o->bytes_waiting);
	put(s, "exports_released", "  exports released", "  提供済み",
	    e[REGISTER_EXPORT_RELEASED]);
	put(s, "exports_recalled", "  exports recalled", "  回収",
	    e[REGISTER_EXPORT_RECALLED]);
	put(s, "exports_failed", "  exports failed", "  失敗した提供",
	    e[REGISTER_EXPORT_FAILED]);
}

static void put_duties(struct sheet *s, const struct status_owner *o)
{
	put(s, "receipts_open", "  receipts awaited", "  受領書待ち",
	    o->open_duties[REGISTER_DUTY_RECEIPT]);
	put(s, "receipts_overdue", "  receipts overdue", "  期限切れの受領書",
	    o->overdue[REGISTER_DUTY_RECEIPT]);
	put(s, "destructions_open", "  destructions awaited", "  廃棄証明待ち",
	    o->open_duties[REGISTER_DUTY_DESTRUCTION]);
	put(s, "destructions_overdue", "  destructions overdue",
	    "  期限切れの廃棄証明", o->overdue[REGISTER_DUTY_DESTRUCTION]);
	put(s, "notices_due", "  removals to tell", "  未通知の削除",
	    o->counts.notices_due);
	put(s, "notices_open", "  notices unanswered", "  回答待ちの通知",
	    o->open_duties[REGISTER_DUTY_NOTICE]);
	put(s, "notices_overdue", "  notices overdue", "  期限切れの通知",
	    o->overdue[REGISTER_DUTY_NOTICE]);
}

static void put_owner(struct sheet *s, const struct status_owner *o)
{
	if (s->object != NULL) {
		json_doc_set_string(s->object, "owner", o->owner.code);
		json_doc_set_string(s->object, "name", o->owner.name);
	} else {
		cli_table_row(&s->table, (const char *const[]){o->owner.code,
			o->owner.name});
	}
	put_papers(s, o);
	put_store(s, o);
	put_release(s, o);
	put_duties(s, o);
}

static void show_json(struct cli *cli, const struct status *st)
{
	struct json_doc *owners = json_doc_new_array();

	for (size_t i = 0; i < st->len; i++) {
		struct sheet s = {.cli = cli,
		    .object = json_doc_new_object()};

		put_owner(&s, &st->owners[i]);
		json_doc_add(owners, s.object);
	}
	cli->result = json_doc_new_object();
	json_doc_set_int(cli->result, "ledger_size",
	    (int64_t)st->ledger_size);
	json_doc_set(cli->result, "owners", owners);
}

static void show_text(struct cli *cli, const struct status *st)
{
	struct sheet s = {.cli = cli, .table = {.columns = 2}};

	put(&s, "ledger_size", "ledger entries", "台帳の記載",
	    st->ledger_size);
	for (size_t i = 0; i < st->len; i++)
		put_owner(&s, &st->owners[i]);
	cli_table_print(&s.table);
	cli_table_release(&s.table);
}

static void status_free(struct status **s)
{
	free(*s);
}

static enum err run_status(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(status_free) struct status *st = calloc(1, sizeof(*st));

	if (st == NULL)
		return ERR_NOMEM;
	RETURN_IF(cli_options(cli, &args, NULL, 0, 0, 0));
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(status_load(h, st));
	if (cli->json)
		show_json(cli, st);
	else
		show_text(cli, st);
	return ERR_OK;
}

/* ---- export list ---- */

static const char *state_word(const struct cli *cli,
    enum register_export_state s)
{
	static const char *const words[][2] = {{"", ""},
		{"started", "作成中"}, {"built", "作成済み"},
		{"released", "提供済み"}, {"recalled", "回収"},
		{"failed", "失敗"}};

	return words[s][!cli->json && cli->japanese];
}

static enum err list_export(void *ctx, const struct register_export *e)
{
	struct sheet *s = ctx;
	char at[CLOCK_UTC_LEN + 1];
	const char *state = state_word(s->cli, e->state);
	struct json_doc *row;

	clock_format_utc(e->state_unix_s, at);
	if (!s->cli->json) {
		cli_table_row(&s->table, (const char *const[]){e->id,
			e->owner, e->partner, e->project, state, at});
		return ERR_OK;
	}
	row = json_doc_new_object();
	json_doc_set_string(row, "export", e->id);
	json_doc_set_string(row, "plan", e->plan);
	json_doc_set_string(row, "owner", e->owner);
	json_doc_set_string(row, "partner", e->partner);
	json_doc_set_string(row, "project", e->project);
	json_doc_set_string(row, "state", state);
	json_doc_set_string(row, "since", at);
	json_doc_set_string(row, "why", e->why);
	json_doc_add(s->cli->result, row);
	return ERR_OK;
}

static enum err run_export_list(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct sheet s = {.cli = cli, .table = {.columns = 6}};
	struct register_export_query q = {0};
	enum err e;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 0, 1));
	q.owner = args.len > 0 ? args.items[0] : NULL;
	RETURN_IF(unlock_home(cli, &h));
	if (cli->json)
		cli->result = json_doc_new_array();
	cli_table_row(&s.table, cli->japanese ?
	    (const char *const[]){"提供", "所有者", "提供先", "研究", "状態",
		"時刻"} :
	    (const char *const[]){"export", "owner", "partner", "project",
		"state", "since"});
	e = register_export_each(h->reg, &q, list_export, &s);
	if (e == ERR_OK && !cli->json)
		cli_table_print(&s.table);
	cli_table_release(&s.table);
	return e;
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

static enum err open_restored(struct cli *cli, const char *dir,
    struct restore_result *r)
{
	CLEANUP(home_cleanup) struct home *h = NULL;

	cli->home = dir;
	RETURN_IF(unlock_home(cli, &h));
	return restore_finish(h, r);
}

static enum err run_restore(struct cli *cli, struct cli_args args)
{
	struct restore_args a = {0};
	struct restore_result r;
	const struct cli_option options[] = {
		{"--gateway-key", CLI_TEXT, &a.gateway_key}};
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
	e = open_restored(cli, a.home, &r);
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
	{"restore", "HOME SET SET --gateway-key FILE",
	    "make a home from both sets of a backup",
	    "バックアップの2つの組からホームを復旧する", run_restore},
	{"status", "[--json]", "how this gateway stands, and what needs a person",
	    "全体の状態と、人の手が必要なこと", run_status},
	{"export list", "[OWNER] [--json]", "list exports by their state",
	    "提供の一覧", run_export_list},
};

const struct commands_group status_commands = {rows, ARRAY_LEN(rows)};
