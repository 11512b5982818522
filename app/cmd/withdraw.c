/* Commands that stop and erase. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd/commands.h"
#include "app/compact.h"
#include "app/erase.h"
#include "app/ops/erasure_order.h"
#include "app/ops/notices.h"
#include "app/ops/withdraw.h"
#include "app/papers.h"
#include "app/remote.h"
#include "app/unlock.h"
#include "core/text.h"
#include "core/encode.h"
#include "core/utf8.h"
#include "keys/record.h"
#include "policy/consent.h"
#include "vault/store_notice.h"

#define RESPONDENT_MAX 255      /* bytes of a user id */

static enum err open_both(struct cli *cli, const char *code, struct home **h,
    struct owner **w)
{
	RETURN_IF(unlock_home(cli, h));
	return home_owner_open(*h, code, w);
}

/* ---- withdraw ---- */

struct person {
	const char *respondent, *source, *tag;
};

static enum err find_tag(struct cli *cli, struct owner *w,
    const struct person *p, uint8_t ret[STORE_TAG_LEN])
{
	struct register_source source;
	enum err e;

	if (p->tag != NULL && decode_hex(bytes_str(p->tag), ret,
	    STORE_TAG_LEN) != ERR_OK)
		return outcome_refuse(&cli->outcome, ERR_SYNTAX,
		    "--tag: 64 hex digits in small letters",
		    "--tag は小文字の16進数64桁です");
	if (p->tag != NULL)
		return ERR_OK;
	if (p->respondent == NULL || p->source == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --respondent-file FILE with --source ID, or --tag HEX",
		    "--respondent-file FILE と --source ID、または --tag HEX を指定してください");
	e = register_source_get(w->home->reg, w->code, p->source, &source);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(&cli->outcome, e,
		    "owner %s has no source %s", "所有者%sに取得元%sはありません",
		    w->code, p->source);
	RETURN_IF(e);
	record_tag(gateway_key_index_key(w->home->keys, w->code), w->code,
	    source.id_namespace, bytes_str(p->respondent), ret);
	store_tag_fit(w->store, ret);
	return ERR_OK;
}

/* The first line of ${fd}, without its end, into memory that is wiped. */
static enum err read_line(int fd, struct buf *out)
{
	uint8_t byte = 0;
	ssize_t got;

	while ((got = read(fd, &byte, 1)) == 1 && byte != '\n')
		if (byte != '\r')
			RETURN_IF(buf_append_u8(out, byte));
	return got < 0 ? ERR_IO : ERR_OK;
}

/* Whether anything but ends of lines is left: ERR_DUPLICATE. */
static enum err expect_end(int fd)
{
	uint8_t byte = 0;
	ssize_t got;

	while ((got = read(fd, &byte, 1)) == 1)
		if (byte != '\n' && byte != '\r')
			return ERR_DUPLICATE;
	return got < 0 ? ERR_IO : ERR_OK;
}

/* An id as intake takes it; never shown. */
static enum err check_respondent(struct cli *cli, enum err e, struct bytes id)
{
	struct err_info *info = &cli->outcome.info;
	const char *why = NULL;

	if (e == ERR_NOT_FOUND)
		return err_at(info, e, 0, "there is no such file");
	if (e == ERR_DUPLICATE)
		return err_at(info, e, 2,
		    "one respondent's id, on one line, is wanted");
	if (e == ERR_LIMIT || (e == ERR_OK && id.len == 0))
		return err_at(info, ERR_RANGE, 1,
		    "a respondent's id has 1 to %d bytes", RESPONDENT_MAX);
	if (e == ERR_OK && (e = utf8_check_clean(id, &why)) != ERR_OK)
		return err_at(info, e, 1, "a respondent's id: %s", why);
	return e;
}

/* Ids are read from a file (or "-"), so that none stands in a process list. */
static enum err read_respondent(struct cli *cli, const char *path,
    struct buf *out)
{
	int standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum err e;

	(void)snprintf(cli->outcome.info.file, sizeof(cli->outcome.info.file),
	    "%s", standard ? "stdin" : path);
	if (fd < 0)
		return check_respondent(cli, fs_error(errno), bytes_str(""));
	out->max = RESPONDENT_MAX;
	e = read_line(fd, out);
	if (e == ERR_OK && !standard)
		e = expect_end(fd);
	if (!standard)
		(void)close(fd);
	RETURN_IF(check_respondent(cli, e, bytes_buf(out)));
	cli->outcome.info.file[0] = '\0';
	return ERR_OK;
}

static enum err tell_book(void *ctx, const struct store_book *book,
    const uint8_t block[STORE_BLOCK_LEN])
{
	struct cli *cli = ctx;

	(void)block;
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "partner %s holds answers of theirs (%s) and is told; what was computed or published from them cannot be recalled",
	    "提供先%sが回答を保有しています（%s）。通知しますが、すでに行われた集計や公表は取り消せません",
	    book->partner, book->export_id);
	return ERR_OK;
}

static enum err tell_days(struct cli *cli, struct owner *w, int now)
{
	CLEANUP(policy_release) struct policy p = {.erase_backup_days = 7,
	    .hold_hours = WITHDRAW_HOLD_HOURS_DEFAULT};
	enum err e = papers_policy(w->home, w->code, &p);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (now)
		outcome_add(&cli->outcome, OUTCOME_DONE,
		    "stopped at once; the key is deleted without a hold, and copies in backups become unreadable within %u days",
		    "利用をただちに停止しました。鍵は保留なしに消去し、バックアップも%u日以内に読めなくなります",
		    p.erase_backup_days);
	else
		outcome_add(&cli->outcome, OUTCOME_DONE,
		    "stopped at once; the key is deleted after %u hours at most, and copies in backups become unreadable within %u days",
		    "利用をただちに停止しました。鍵は遅くとも%u時間後に消去され、バックアップも%u日以内に読めなくなります",
		    p.hold_hours, p.erase_backup_days);
	return ERR_OK;
}

static enum err erase_due(struct cli *cli, struct owner *w, int now,
    int confirm)
{
	struct erase_result r;

	RETURN_IF(erase_run(w, now, confirm, &r));
	if (r.frozen)
		outcome_add(&cli->outcome, OUTCOME_WARNING,
		    "more people withdrew today than the policy finds normal: nobody's key is deleted before an officer confirms (azukari erase run --confirm); the stop stands",
		    "本日の撤回が方針の上限を超えています。保管官が確認するまで鍵は消去しません（azukari erase run --confirm）。停止は有効です");
	else if (r.erased > 0)
		outcome_add(&cli->outcome, OUTCOME_DONE,
		    "the keys of %zu respondents are deleted and the erase store is under a new key; %zu are still within their hold",
		    "%zu人の鍵を消去し、消去用保管庫の鍵を替えました。保留中は%zu人です",
		    r.erased, r.held);
	return ERR_OK;
}

static enum err stop(struct cli *cli, struct owner *w,
    struct withdraw_item *item, const uint8_t tag[STORE_TAG_LEN])
{
	struct store_respondent who;
	struct withdraw_result r;
	enum err e = store_respondent_get(w->store, tag, &who);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(&cli->outcome, e,
		    "owner %s holds nothing of this respondent",
		    "所有者%sにこの方の記録はありません", w->code);
	RETURN_IF(e);
	item->number = who.number;
	RETURN_IF(store_notice_books_of(w->store, who.number,
	    w->home->now_unix_s, tell_book, cli));
	return withdraw_apply(w, item, 1, &r);
}

static enum err run_withdraw(struct cli *cli, struct cli_args args)
{
	struct person p = {0};
	const char *file = NULL, *scope = "all";
	int permanent = 0, now = 0;
	const struct cli_option options[] = {
		{"--respondent-file", CLI_TEXT, &file},
		{"--source", CLI_TEXT, &p.source},
		{"--tag", CLI_TEXT, &p.tag},
		{"--scope", CLI_TEXT, &scope},
		{"--permanent", CLI_FLAG, &permanent},
		{"--now", CLI_FLAG, &now},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	CLEANUP(buf_release) struct buf id = {0};
	uint8_t tag[STORE_TAG_LEN];
	struct withdraw_item item = {.permanent = 0};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	item.scopes = consent_scope_bit(bytes_str(scope));
	item.permanent = (uint8_t)permanent;
	item.no_hold = (uint8_t)now;
	if (item.scopes == 0)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "a scope is support, research, recontact or all",
		    "範囲は support、research、recontact、all のいずれかです");
	if (file != NULL) {
		RETURN_IF(read_respondent(cli, file, &id));
		p.respondent = buf_text(&id);
	}
	RETURN_IF(open_both(cli, args.items[0], &h, &w));
	RETURN_IF(find_tag(cli, w, &p, tag));
	item.at_unix_s = h->now_unix_s;
	RETURN_IF(stop(cli, w, &item, tag));
	RETURN_IF(tell_days(cli, w, now));
	if (now)
		RETURN_IF(erase_due(cli, w, 0, 0));
	return notices_issue(w, NULL);
}

/* ---- erase run ---- */

static enum err run_erase(struct cli *cli, struct cli_args args)
{
	int now = 0, confirm = 0;
	const struct cli_option options[] = {
		{"--now", CLI_FLAG, &now},
		{"--confirm", CLI_FLAG, &confirm},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(open_both(cli, args.items[0], &h, &w));
	RETURN_IF(erase_due(cli, w, now, confirm));
	return notices_issue(w, NULL);
}

/* ---- an owner's decision ---- */

static enum err run_erase_draft(struct cli *cli, struct cli_args args)
{
	struct erasure_order_draft_args a = {0};
	const struct cli_option options[] = {
		{"--respondents", CLI_TEXT, &a.respondents},
		{"--source", CLI_TEXT, &a.source},
		{"--reason", CLI_TEXT, &a.reason},
		{"--now", CLI_FLAG, &a.now},
		{"-o", CLI_TEXT, &a.path},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (a.respondents == NULL || a.source == NULL || a.reason == NULL ||
	    a.path == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --respondents FILE, --source ID, --reason TEXT and -o LIST",
		    "--respondents FILE、--source ID、--reason TEXT、-o LIST を指定してください");
	a.owner = args.items[0];
	RETURN_IF(open_both(cli, a.owner, &h, &w));
	return erasure_order_draft(w, &a);
}

static enum err run_erase_batch(struct cli *cli, struct cli_args args)
{
	struct cli_list sigs = {0};
	struct erasure_order_args a = {0};
	const struct cli_option options[] = {
		{"--sig", CLI_LIST, &sigs},
	};
	struct erasure_order_result r;
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	a.path = args.items[1];
	a.sigs = sigs.items;
	a.sigs_len = sigs.len;
	RETURN_IF(open_both(cli, args.items[0], &h, &w));
	RETURN_IF(erasure_order_run(w, &a, &r));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "%zu respondents are stopped by the owner's decision, %zu were before",
	    "所有者の決定により%zu人の利用を停止しました（すでに停止・消去済みは%zu人）",
	    r.stopped, r.before);
	RETURN_IF(tell_days(cli, w, r.now));
	if (r.now)
		RETURN_IF(erase_due(cli, w, 0, 0));
	return notices_issue(w, NULL);
}

/* ---- compact ---- */

static enum err run_compact(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	struct compact_result r;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 1, 1));
	RETURN_IF(open_both(cli, args.items[0], &h, &w));
	RETURN_IF(compact_run(w, &r));
	if (r.books > 0)
		outcome_add(&cli->outcome, OUTCOME_DONE,
		    "who was in %llu exports past their retention is not kept any longer",
		    "保存期限を過ぎた提供%llu件の対象者一覧を削除しました",
		    (unsigned long long)r.books);
	if (r.dropped == 0 && r.books == 0)
		outcome_add(&cli->outcome, OUTCOME_DONE,
		    "there was nothing to drop", "整理するものはありません");
	if (r.dropped > 0)
		outcome_add(&cli->outcome, OUTCOME_DONE,
		    "the sealed bytes of %llu records that nothing opens any more are gone (%llu bytes)",
		    "もう開けない記録%llu件の封印済みデータを削除しました（%lluバイト）",
		    (unsigned long long)r.dropped,
		    (unsigned long long)r.bytes);
	return ERR_OK;
}

/* ---- what partners send ---- */

static enum err run_notice_issue(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	size_t issued = 0;

	RETURN_IF(cli_options(cli, &args, NULL, 0, 1, 1));
	RETURN_IF(open_both(cli, args.items[0], &h, &w));
	RETURN_IF(notices_issue(w, &issued));
	if (issued == 0)
		outcome_add(&cli->outcome, OUTCOME_DONE,
		    "no partner has to be told anything",
		    "通知すべきことはありません");
	return ERR_OK;
}

/* Which export a receipt, certificate or answer is about. */
static enum err export_of(struct cli *cli, const char *file,
    char ret[REGISTER_NAME_MAX + 1])
{
	CLEANUP(buf_release) struct buf text = {0};
	struct bytes rest, line;

	RETURN_IF(fs_read_file(file, TEXT_MAX_DEFAULT, &text));
	rest = bytes_buf(&text);
	while (bytes_take_line(&rest, &line) == ERR_OK) {
		if (line.len <= 8 || line.len > 8 + REGISTER_NAME_MAX ||
		    memcmp(line.data, "export: ", 8) != 0)
			continue;
		memcpy(ret, line.data + 8, line.len - 8);
		ret[line.len - 8] = '\0';
		return ERR_OK;
	}
	return outcome_refuse(&cli->outcome, ERR_SYNTAX,
	    "%s names no export", "%sに提供の番号がありません", file);
}

static enum err accept_remote(struct cli *cli, const char *file)
{
	char path[FS_PATH_MAX], sig[FS_PATH_MAX];
	char export_id[REGISTER_NAME_MAX + 1];

	RETURN_IF(export_of(cli, file, export_id));
	RETURN_IF(fs_path(path, "/v1/exports/%s/papers", export_id));
	RETURN_IF(fs_path(sig, "%s.sig", file));
	return remote_post_signed(cli, path, file, sig);
}

static enum err run_accept(struct cli *cli, struct cli_args args)
{
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity}};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1,
	    CLI_LIST_MAX));
	for (size_t i = 0; cli->gateway != NULL && i < args.len; i++)
		RETURN_IF(accept_remote(cli, args.items[i]));
	if (cli->gateway != NULL)
		return ERR_OK;
	RETURN_IF(unlock_home(cli, &h));
	for (size_t i = 0; i < args.len; i++)
		RETURN_IF(notices_accept(h, args.items[i]));
	return ERR_OK;
}

static const struct cli_command rows[] = {
	{"withdraw",
	    "OWNER (--respondent-file FILE|- --source ID | --tag HEX) [--scope all|research|support|recontact] [--permanent] [--now]",
	    "stop the use of a respondent's answers", "回答の利用を停止する",
	    run_withdraw},
	{"erase run", "OWNER [--now] [--confirm]",
	    "delete the keys of those whose hold is over",
	    "保留の終わった方の鍵を消去する", run_erase},
	{"erase draft",
	    "OWNER --respondents FILE --source ID --reason TEXT [--now] -o LIST",
	    "a list of people whom the owner decides to erase, for the seats to sign",
	    "所有者の決定で消去する方の一覧を、席の署名のために作る", run_erase_draft},
	{"erase batch", "OWNER LIST --sig FILE…",
	    "carry out a list that enough seats signed",
	    "必要な席が署名した一覧を実行する", run_erase_batch},
	{"compact", "OWNER",
	    "drop the sealed bytes of what was erased",
	    "消去した記録の封印済みデータを取り除く", run_compact},
	{"notice issue", "OWNER", "tell partners what they must drop",
	    "提供先に通知する", run_notice_issue},
	{"notice accept", "FILE…",
	    "take in an answer to a notice (with FILE.sig)",
	    "通知への回答を記録する", run_accept, 1},
	{"receipt accept", "FILE…", "take in a receipt (with FILE.sig)",
	    "受領書を記録する", run_accept, 1},
	{"destroyed accept", "FILE…",
	    "take in a certificate of destruction (with FILE.sig)",
	    "廃棄証明を記録する", run_accept, 1},
};

const struct commands_group withdraw_commands = {rows, ARRAY_LEN(rows)};
