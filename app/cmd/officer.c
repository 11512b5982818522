/* Commands of officers, on their own machines: no home. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd/commands.h"
#include "app/cmd/machine.h"
#include "app/remote.h"
#include "app/ops/byterelease.h"
#include "app/ops/drill.h"
#include "app/ops/officer.h"
#include "app/ops/plan_pack.h"
#include "app/unlock.h"
#include "core/clock.h"
#include "survey/prefecture.h"

/* ---- what they share ---- */

static enum err prepare(struct cli *cli, struct machine *m, int needs_out,
    struct officer_args *ret)
{
	RETURN_IF(machine_prepare(cli, m, needs_out));
	*ret = (struct officer_args){.state_dir = m->state_dir,
	    .charter_sha256 = m->charter == NULL ? NULL : m->charter_sha256,
	    .identity = m->id, .now_unix_s = clock_now_unix_s()};
	return ERR_OK;
}

/* ---- asking a person ---- */

/* The owner's name as the charter has it, or the prefecture's in Latin
 * letters. */
static int is_owner_name(const struct officer *w, const char *typed)
{
	const struct prefecture *p = NULL;

	if (strcmp(typed, officer_owner_name(w)) == 0)
		return 1;
	return prefecture_parse(bytes_str(officer_owner(w)), &p) == ERR_OK &&
	    (strcasecmp(typed, p->en) == 0 || strcmp(typed, p->ja) == 0);
}

static enum err confirm(struct cli *cli, const struct officer *w)
{
	char typed[256];

	RETURN_IF(machine_ask(cli, cli_say(cli,
	    "To approve, type the name of the owner (empty: no): ",
	    "承認するには所有者の名前を入力してください（空欄で中止）: "),
	    typed, sizeof(typed)));
	if (is_owner_name(w, typed))
		return ERR_OK;
	return outcome_refuse(&cli->outcome, ERR_CANCELLED,
	    "not approved: the name typed is not %s",
	    "承認しませんでした。入力された名前が%sと一致しません",
	    officer_owner_name(w));
}

static enum err show(struct cli *cli, const struct officer *w)
{
	CLEANUP(buf_release) struct buf page = {0};

	RETURN_IF(officer_show(w, cli->japanese, &page));
	if (cli->json)
		json_doc_set_string(cli->result, "page", buf_text(&page));
	else
		(void)fputs(buf_text(&page), stdout);
	(void)fflush(stdout);
	return ERR_OK;
}

static void put_result(struct json_doc *doc, const struct officer *w)
{
	json_doc_set_string(doc, "plan", officer_plan(w)->id);
	json_doc_set_string(doc, "owner", officer_owner(w));
	json_doc_set_string(doc, "seat", officer_seat(w));
	json_doc_set_bool(doc, "approved_before", officer_has_approved(w));
	json_doc_set_bool(doc, "releases", officer_will_release(w));
	json_doc_set_int(doc, "changes", officer_changes(w));
}

/* ---- approve ---- */

static enum err run_approve(struct cli *cli, struct cli_args args)
{
	CLEANUP(machine_release) struct machine c = {0};
	CLEANUP(officer_cleanup) struct officer *w = NULL;
	struct officer_args open_args;
	int yes = 0;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &c.identity},
		{"-o", CLI_TEXT, &c.out},
		{"--state", CLI_TEXT, &c.state},
		{"--charter-sha256", CLI_TEXT, &c.charter},
		{"--yes", CLI_FLAG, &yes},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(prepare(cli, &c, 1, &open_args));
	open_args.packet = args.items[0];
	RETURN_IF(officer_open(&open_args, &cli->outcome, &w));
	cli->result = json_doc_new_object();
	put_result(cli->result, w);
	RETURN_IF(show(cli, w));
	if (!yes)
		RETURN_IF(confirm(cli, w));
	return officer_answer(w, c.out, &cli->outcome);
}

/* ---- deny, revoke ---- */

static enum err stop(struct cli *cli, struct cli_args args,
    enum votes_stop_kind kind)
{
	CLEANUP(machine_release) struct machine c = {0};
	struct officer_no no = {.kind = kind};
	struct officer_args open_args;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &c.identity},
		{"-o", CLI_TEXT, &c.out},
		{"--state", CLI_TEXT, &c.state},
		{"--reason", CLI_TEXT, &no.reason},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (no.reason == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the reason: --reason TEXT",
		    "理由を --reason で指定してください");
	RETURN_IF(prepare(cli, &c, 1, &open_args));
	open_args.packet = args.items[0];
	no.path = c.out;
	return officer_stop(&open_args, &no, &cli->outcome);
}

static enum err run_deny(struct cli *cli, struct cli_args args)
{
	return stop(cli, args, VOTES_DENIAL);
}

static enum err run_revoke(struct cli *cli, struct cli_args args)
{
	return stop(cli, args, VOTES_REVOCATION);
}

/* ---- inbox ---- */

struct waiting {
	const char *packet;
	struct officer *w;              /* NULL: refused, or bytes */
	int bytes;                      /* a finished bundle's papers */
	enum err e;
	struct outcome outcome;
};

struct inbox {
	struct cli *cli;
	struct waiting *items;
	size_t len;
	int yes, unchanged;
};

static void inbox_release(struct inbox *b)
{
	for (size_t i = 0; i < b->len; i++) {
		officer_close(b->items[i].w);
		outcome_release(&b->items[i].outcome);
	}
	free(b->items);
}

static enum err open_all(struct inbox *b, const struct officer_args *args,
    const struct cli_args *packets)
{
	b->items = calloc(packets->len, sizeof(*b->items));
	if (b->items == NULL)
		return ERR_NOMEM;
	b->len = packets->len;
	for (size_t i = 0; i < b->len; i++) {
		struct officer_args one = *args;
		struct waiting *x = &b->items[i];

		x->packet = one.packet = packets->items[i];
		x->bytes = byterelease_is_packet(x->packet);
		if (!x->bytes)
			x->e = officer_open(&one, &x->outcome, &x->w);
	}
	return ERR_OK;
}

/* Unchanged ones first, then by how much is new; refused ones last. */
static long order_of(const struct waiting *x)
{
	long changes;

	if (x->w == NULL)
		return 1000000;
	changes = officer_changes(x->w);
	return changes < 0 ? 999999 : changes;
}

static int by_order(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;
	long m = order_of(x), n = order_of(y);

	return m != n ? (m < n ? -1 : 1) : strcmp(x->packet, y->packet);
}

static const char *state_word(const struct cli *cli, const struct waiting *x)
{
	if (x->bytes)
		return cli_say(cli, "byte release", "開示前の確認待ち");
	if (x->w == NULL)
		return cli_say(cli, "refused", "拒否");
	if (!officer_has_approved(x->w))
		return cli_say(cli, "to approve", "承認待ち");
	if (officer_will_release(x->w))
		return cli_say(cli, "to release", "開示待ち");
	return cli_say(cli, "waits for others", "他席待ち");
}

static void changes_word(const struct cli *cli, const struct waiting *x,
    char ret[32])
{
	long changes = x->w == NULL ? 0 : officer_changes(x->w);

	if (x->w == NULL)
		(void)snprintf(ret, 32, "-");
	else if (changes < 0)
		(void)snprintf(ret, 32, "%s", cli_say(cli, "first", "初回"));
	else if (changes == 0)
		(void)snprintf(ret, 32, "%s", cli_say(cli, "nothing new",
		    "変更なし"));
	else
		(void)snprintf(ret, 32, cli->japanese ? "%ld点" : "%ld new",
		    changes);
}

static void list_one(const struct inbox *b, const struct waiting *x,
    struct cli_table *t)
{
	struct json_doc *row = json_doc_new_object();
	char changes[32];
	const char *cells[5] = {x->packet, x->w == NULL ? NULL :
	    officer_plan(x->w)->id, x->w == NULL ? NULL :
	    officer_plan(x->w)->partner, state_word(b->cli, x), changes};

	changes_word(b->cli, x, changes);
	cli_table_row(t, cells);
	json_doc_set_string(row, "packet", x->packet);
	json_doc_set_bool(row, "byte_release", x->bytes);
	json_doc_set_string(row, "error", x->e == ERR_OK ? "" :
	    err_name(x->e));
	if (x->w != NULL)
		put_result(row, x->w);
	json_doc_add(b->cli->result, row);
}

static void list_all(const struct inbox *b)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 5};
	const struct cli *cli = b->cli;

	cli_table_row(&t, (const char *const[]){
		cli_say(cli, "packet", "ファイル"),
		cli_say(cli, "plan", "計画"),
		cli_say(cli, "partner", "提供先"),
		cli_say(cli, "state", "状態"),
		cli_say(cli, "against the last one", "前回との違い")});
	for (size_t i = 0; i < b->len; i++)
		list_one(b, &b->items[i], &t);
	if (!cli->json)
		cli_table_print(&t);
	(void)fflush(stdout);
}

/* What was said about one packet, with its name before it. */
static void tell(struct inbox *b, struct waiting *x)
{
	struct outcome *o = &b->cli->outcome;

	if (x->bytes)
		outcome_add(o, OUTCOME_HINT,
		    "%s is of a finished bundle: azukari byterelease sign %s --identity NAME.key -o FILE",
		    "%sは完成した提供の書類です: azukari byterelease sign %s --identity 名前.key -o ファイル",
		    x->packet, x->packet);
	for (size_t i = 0; i < x->outcome.len; i++) {
		const struct outcome_line *l = &x->outcome.lines[i];

		if (l->role != OUTCOME_CHECK && l->en != NULL && l->ja != NULL)
			outcome_add(o, l->role, "%1$s: %2$s%3$.0s",
			    "%1$s：%2$.0s%3$s",
			    x->packet, l->en, l->ja);
	}
	if (x->e != ERR_OK && x->outcome.info.message[0] != '\0')
		outcome_add(o, OUTCOME_REASON, "%s: %s: %s", "%s：%s：%s",
		    x->packet, x->outcome.info.file,
		    x->outcome.info.message);
	else if (x->e != ERR_OK)
		outcome_add(o, OUTCOME_REASON, "%1$s: %2$s%3$.0s",
			    "%1$s：%2$.0s%3$s",
		    x->packet, outcome_error_text(x->e, 0),
		    outcome_error_text(x->e, 1));
	outcome_release(&x->outcome);
}

static enum err answer_one(struct inbox *b, struct waiting *x)
{
	char path[FS_PATH_MAX];
	enum err e = ERR_OK;

	if (!b->yes) {
		RETURN_IF(show(b->cli, x->w));
		e = confirm(b->cli, x->w);
		if (e == ERR_CANCELLED)
			return ERR_OK;
		RETURN_IF(e);
	}
	RETURN_IF(fs_path(path, "%s.answer", x->packet));
	x->e = officer_answer(x->w, path, &x->outcome);
	return ERR_OK;
}

static int wants_answer(const struct inbox *b, const struct waiting *x)
{
	if (x->w == NULL ||
	    (officer_has_approved(x->w) && !officer_will_release(x->w)))
		return 0;
	return !b->unchanged || officer_changes(x->w) == 0;
}

static enum err answer_all(struct inbox *b)
{
	enum err first = ERR_OK;

	for (size_t i = 0; i < b->len; i++) {
		struct waiting *x = &b->items[i];

		if (wants_answer(b, x) && (b->yes || isatty(STDIN_FILENO)))
			RETURN_IF(answer_one(b, x));
		if (first == ERR_OK)
			first = x->e;
		tell(b, x);
	}
	return first;
}

static enum err run_inbox(struct cli *cli, struct cli_args args)
{
	CLEANUP(machine_release) struct machine c = {0};
	CLEANUP(inbox_release) struct inbox b = {.cli = cli};
	struct officer_args open_args;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &c.identity},
		{"--state", CLI_TEXT, &c.state},
		{"--charter-sha256", CLI_TEXT, &c.charter},
		{"--yes", CLI_FLAG, &b.yes},
		{"--unchanged", CLI_FLAG, &b.unchanged},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1,
	    1000));
	RETURN_IF(prepare(cli, &c, 0, &open_args));
	RETURN_IF(open_all(&b, &open_args, &args));
	qsort(b.items, b.len, sizeof(b.items[0]), by_order);
	cli->result = json_doc_new_array();
	list_all(&b);
	return answer_all(&b);
}

/* ---- seats ---- */

static enum err run_seat_check(struct cli *cli, struct cli_args args)
{
	CLEANUP(machine_release) struct machine c = {0};
	struct officer_args open_args;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &c.identity},
		{"--state", CLI_TEXT, &c.state},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(prepare(cli, &c, 0, &open_args));
	open_args.packet = args.items[0];
	return officer_check_shares(&open_args, &cli->outcome);
}

static enum err run_seat_pack(struct cli *cli, struct cli_args args)
{
	const char *seat = NULL, *out = NULL;
	const struct cli_option options[] = {
		{"--seat", CLI_TEXT, &seat},
		{"-o", CLI_TEXT, &out},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (seat == NULL || out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --seat NAME and -o FILE",
		    "--seat NAME と -o FILE を指定してください");
	RETURN_IF(unlock_home(cli, &h));
	return plan_pack_shares(h, args.items[0], seat, out);
}

/* ---- drill ---- */

/* The service makes it for the seat that asks. */
static enum err drill_remote(struct cli *cli, const char *out)
{
	struct drill_pack_args a = {.path = out};
	char seat[REMOTE_NAME_MAX];

	RETURN_IF(remote_packet(cli, &(struct gateway_ask){.method = "POST",
	    .path = "/v1/drill"}, out, seat));
	a.seat = seat;
	drill_pack_tell(&cli->outcome, &a);
	return ERR_OK;
}

static enum err run_drill_pack(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct drill_pack_args a = {0};
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity},
		{"--seat", CLI_TEXT, &a.seat},
		{"-o", CLI_TEXT, &a.path},
		{"--days", CLI_NUMBER, &a.days},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (cli->gateway != NULL && a.days != 0)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "--days goes with a home, not with --gateway",
		    "--days はホームでのみ使えます");
	if ((a.seat == NULL && cli->gateway == NULL) || a.path == NULL ||
	    a.days > DRILL_DAYS_MAX)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --seat NAME and -o FILE; --days is at most %u",
		    "--seat NAME と -o FILE を指定してください。--days は%uまでです",
		    DRILL_DAYS_MAX);
	a.owner = args.items[0];
	if (cli->gateway != NULL)
		return drill_remote(cli, a.path);
	RETURN_IF(unlock_home(cli, &h));
	return drill_pack(h, &a);
}

static enum err run_drill_sign(struct cli *cli, struct cli_args args)
{
	CLEANUP(machine_release) struct machine c = {0};
	struct officer_args open_args;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &c.identity},
		{"-o", CLI_TEXT, &c.out},
		{"--state", CLI_TEXT, &c.state},
		{"--charter-sha256", CLI_TEXT, &c.charter},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(prepare(cli, &c, 1, &open_args));
	open_args.packet = args.items[0];
	return drill_sign(&open_args, c.out, &cli->outcome);
}

static enum err run_drill_accept(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	const char *sig = NULL;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity},
		{"--sig", CLI_TEXT, &sig}};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if (cli->gateway != NULL)
		return remote_answer(cli, "/v1/drill/answer", args.items[0],
		    sig);
	RETURN_IF(unlock_home(cli, &h));
	return drill_accept(h, args.items[0], sig);
}

static const struct cli_command rows[] = {
	{"approve",
	    "PACKET --identity FILE.key -o ANSWER [--yes] [--state DIR] [--charter-sha256 DIGEST]",
	    "on the officer's machine: check a plan, show it, sign it, release its shares",
	    "保管官の機械で：計画を確認して示し、署名し、シェアを開示する", run_approve},
	{"deny", "PACKET --identity FILE.key --reason TEXT -o ANSWER",
	    "refuse a plan", "計画を拒否する", run_deny},
	{"revoke", "PACKET --identity FILE.key --reason TEXT -o ANSWER",
	    "take an approval back; after the export it is a recall",
	    "承認を取り消す（提供後は回収）", run_revoke},
	{"inbox",
	    "PACKET… --identity FILE.key [--yes] [--unchanged] [--state DIR]",
	    "all waiting plans, unchanged ones first; answers go to PACKET.answer",
	    "待っている計画をまとめて扱う（変更のないものから）", run_inbox},
	{"seat check", "PACKET --identity FILE.key",
	    "on the custodian's machine: do all own shares open?",
	    "保管官の機械で：自分のシェアがすべて開けるか確かめる", run_seat_check},
	{"seat drill pack", "OWNER --seat NAME -o FILE [--days N]",
	    "a text that only this seat can open, to be signed",
	    "その席だけが開ける文書を書き出す（訓練）", run_drill_pack, 1},
	{"seat drill sign",
	    "PACKET --identity FILE.key -o ANSWER [--state DIR] [--charter-sha256 DIGEST]",
	    "on the custodian's machine: open and sign it",
	    "保管官の機械で：開いて署名する", run_drill_sign},
	{"seat drill accept", "ANSWER | TEXT --sig FILE",
	    "the seat's key works; enter it", "席の鍵が使えることを記録する",
	    run_drill_accept, 1},
	{"seat pack", "OWNER --seat NAME -o FILE",
	    "all shares of a seat, for seat check",
	    "席のシェアをすべて書き出す（seat check 用）", run_seat_pack},
};

const struct commands_group officer_commands = {rows, ARRAY_LEN(rows)};
