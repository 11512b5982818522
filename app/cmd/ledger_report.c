/* The auditor's year, on two pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/cmd/commands.h"
#include "app/ops/ledger.h"
#include "app/ops/ledger_year.h"
#include "app/ops/notices.h"
#include "app/ops/trust.h"
#include "app/unlock.h"
#include "core/clock.h"

#define DAY_S 86400
#define HOUR_S 3600
/* So that it stays on two pages; the rest is counted, and --json has it all. */
#define TABLE_MAX 20
#define LINES_MAX 7

struct page {
	struct cli *cli;
	const struct ledger_year_args *args;
	const struct ledger_year *y;
	const char *period;
	int64_t until_unix_s;           /* how things stood then */
};

static void heading(const struct page *p, const char *en, const char *ja)
{
	(void)printf("\n%s\n", cli_say(p->cli, en, ja));
}

static void nothing(const struct page *p)
{
	(void)printf("  %s\n", cli_say(p->cli, "none", "なし"));
}

static void say_more(const struct page *p, size_t rows, size_t shown)
{
	if (rows > shown)
		(void)printf("  … +%zu%s\n", rows - shown, cli_say(p->cli,
		    " (--json has all)", "件（--json で全件）"));
}

static void day_text(int64_t unix_s, char ret[CLOCK_DAY_LEN + 1])
{
	if (unix_s == 0)
		(void)snprintf(ret, CLOCK_DAY_LEN + 1, "-");
	else
		clock_format_day(clock_jst_day(unix_s), ret);
}

static int in_period(const struct page *p, int64_t unix_s)
{
	int32_t day = clock_jst_day(unix_s);

	return unix_s != 0 && day >= p->args->first_day &&
	    day <= p->args->last_day;
}

/* ---- releases ---- */

static int receipt_is_overdue(const struct page *p,
    const struct ledger_year_release *r)
{
	return r->receipt_unix_s == 0 && p->until_unix_s >
	    r->released_unix_s + (int64_t)LEDGER_RECEIPT_DAYS * DAY_S;
}

static int destruction_is_overdue(const struct page *p,
    const struct ledger_year_release *r)
{
	return r->destroyed_unix_s == 0 && r->destroy_until != 0 &&
	    clock_jst_day(p->until_unix_s) > r->destroy_until;
}

static const char *or_dash(const char *text)
{
	return text[0] == '\0' ? "-" : text;
}

static int notice_is_overdue(const struct page *p,
    const struct ledger_year_notice *n)
{
	return n->answered_unix_s == 0 && p->until_unix_s > n->at_unix_s +
	    (int64_t)NOTICES_ANSWER_DAYS * DAY_S;
}

/* By partner, and in the order in which they left. */
static int by_partner(const void *a, const void *b)
{
	const struct ledger_year_release *x = a, *y = b;
	int order = strcmp(x->partner, y->partner);

	if (order != 0)
		return order;
	return x->released_unix_s != y->released_unix_s ?
	    (x->released_unix_s < y->released_unix_s ? -1 : 1) :
	    strcmp(x->export, y->export);
}

static void release_row(const struct page *p,
    const struct ledger_year_release *r, struct cli_table *t)
{
	char day[CLOCK_DAY_LEN + 1], receipt[CLOCK_DAY_LEN + 1];
	char recalled[CLOCK_DAY_LEN + 1];

	day_text(r->released_unix_s, day);
	day_text(r->receipt_unix_s, receipt);
	day_text(r->recalled_unix_s, recalled);
	cli_table_row(t, (const char *const[]){or_dash(r->partner), r->export,
		r->owner, or_dash(r->people), day,
		receipt_is_overdue(p, r) ? cli_say(p->cli, "OVERDUE",
		"期限超過") : receipt, recalled});
}

static void print_releases(const struct page *p)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 7};
	size_t rows = 0;

	heading(p, "1. Releases by partner (people: as in the bundle's statement)",
	    "1. 提供先ごとの提供（人数は提供記録の公表値）");
	cli_table_row(&t, p->cli->japanese ? (const char *const[]){"提供先",
		"提供", "所有者", "人数", "提供日", "受領書", "回収"} :
	    (const char *const[]){"partner", "bundle", "owner", "people",
		"released", "receipt", "recalled"});
	for (size_t i = 0; i < p->y->releases_len; i++)
		if (in_period(p, p->y->releases[i].released_unix_s) &&
		    ++rows <= TABLE_MAX)
			release_row(p, &p->y->releases[i], &t);
	if (rows == 0)
		nothing(p);
	else
		cli_table_print(&t);
	say_more(p, rows, TABLE_MAX);
}

/* ---- approvals ---- */

static void hours(int64_t seconds, char ret[32])
{
	(void)snprintf(ret, 32, "%lld.%lld h",
	    (long long)(seconds / HOUR_S),
	    (long long)(seconds % HOUR_S * 10 / HOUR_S));
}

static void print_seats(const struct page *p)
{
	size_t rows = 0;
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 7};

	heading(p, "2. Approvals by seat, and the time from plan to approval",
	    "2. 席ごとの承認と、計画から承認までの時間");
	cli_table_row(&t, p->cli->japanese ? (const char *const[]){"所有者",
		"席", "承認", "平均", "最長", "拒否", "取消"} :
	    (const char *const[]){"owner", "seat", "approvals", "mean",
		"longest", "denials", "taken back"});
	for (; rows < p->y->seats_len && rows < TABLE_MAX; rows++) {
		const struct ledger_year_seat *s = &p->y->seats[rows];
		char n[3][24], mean[32] = "-", longest[32] = "-";

		(void)snprintf(n[0], 24, "%llu",
		    (unsigned long long)s->approvals);
		(void)snprintf(n[1], 24, "%llu",
		    (unsigned long long)s->denials);
		(void)snprintf(n[2], 24, "%llu",
		    (unsigned long long)s->revocations);
		if (s->approvals > 0) {
			hours(s->total_s / (int64_t)s->approvals, mean);
			hours(s->longest_s, longest);
		}
		cli_table_row(&t, (const char *const[]){s->owner, s->seat,
			n[0], mean, longest, n[1], n[2]});
	}
	if (p->y->seats_len == 0)
		nothing(p);
	else
		cli_table_print(&t);
	say_more(p, p->y->seats_len, rows);
}

/* ---- what is listed ---- */

struct section {
	const char *en, *ja;
	enum entry_kind kinds[4];
	size_t len;
};

static const struct section sections[] = {
	{"3. Denials, approvals taken back, recalls, failed exports",
	    "3. 拒否、承認の取消、回収、失敗した提供",
	    {ENTRY_DENIAL, ENTRY_REVOCATION, ENTRY_RECALL,
	    ENTRY_EXPORT_FAILED}, 4},
	{"4. Changes of seats", "4. 席の変更",
	    {ENTRY_CHARTER, ENTRY_HANDOVER, ENTRY_REDISTRIBUTION,
	    ENTRY_OWNER}, 4},
	{"5. Changes of policy, witnesses and the operator's settings",
	    "5. 方針、立会人、運用者の設定の変更",
	    {ENTRY_POLICY, ENTRY_WITNESS_POLICY, ENTRY_CONFIGURATION}, 3},
	{"6. Notices to partners, and their answers",
	    "6. 提供先への通知と回答",
	    {ENTRY_NOTICE, ENTRY_NOTICE_APPLIED}, 2},
	{"7. Re-identifications, certificates of destruction, restores",
	    "7. 再識別、廃棄証明、復旧", {ENTRY_REIDENT_STARTED,
	    ENTRY_REIDENTIFIED, ENTRY_DESTRUCTION, ENTRY_RESTORE}, 4},
};

static int is_of(const struct section *s, enum entry_kind kind)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->kinds[i] == kind)
			return 1;
	return 0;
}

/* What an entry of a kind is called before its value. */
static const struct {
	enum entry_kind kind;
	const char *en, *ja;
} words[] = {
	{ENTRY_DENIAL, "denied by seat ", "拒否　席 "},
	{ENTRY_REVOCATION, "taken back by seat ", "承認の取消　席 "},
	{ENTRY_RECALL, "recalled ", "回収　"},
	{ENTRY_EXPORT_FAILED, "export failed ", "提供の失敗　"},
	{ENTRY_CHARTER, "charter version ", "憲章　第"},
	{ENTRY_HANDOVER, "handed over: seat ", "引継ぎ　席 "},
	{ENTRY_REDISTRIBUTION, "shares dealt anew under charter ",
	    "シェアの再分散　憲章 "},
	{ENTRY_OWNER, "owner ", "所有者の登録　"},
	{ENTRY_POLICY, "policy version ", "方針　第"},
	{ENTRY_WITNESS_POLICY, "witnesses ", "立会人　"},
	{ENTRY_CONFIGURATION, "settings: ", "設定　"},
	{ENTRY_NOTICE, "notice to ", "通知　"},
	{ENTRY_NOTICE_APPLIED, "answer of ", "通知への回答　"},
	{ENTRY_REIDENT_STARTED, "re-identification begun in ",
	    "再識別の開始　"},
	{ENTRY_REIDENTIFIED, "re-identification done in ", "再識別の完了　"},
	{ENTRY_DESTRUCTION, "certificate of destruction of ", "廃棄証明　"},
	{ENTRY_RESTORE, "restored: ", "復旧　"},
};

/* `gateway` and `service` of the ledger, for people. */
static const char *value_words(const struct page *p,
    const struct ledger_year_event *e)
{
	if (e->kind != ENTRY_CONFIGURATION && e->kind != ENTRY_RESTORE)
		return e->what;
	if (strcmp(e->what, "gateway") == 0)
		return cli_say(p->cli, "the gateway", "ゲートウェイ");
	return strcmp(e->what, "service") == 0 ? cli_say(p->cli,
	    "the service", "サービス") : e->what;
}

static void event_words(const struct page *p,
    const struct ledger_year_event *e, struct buf *out)
{
	int version = e->kind == ENTRY_CHARTER || e->kind == ENTRY_POLICY;
	size_t i = 0;

	while (i < ARRAY_LEN(words) && words[i].kind != e->kind)
		i++;
	MUST_HOLD(i < ARRAY_LEN(words));
	(void)!buf_printf(out, "%s%s%s", cli_say(p->cli, words[i].en,
	    words[i].ja), value_words(p, e), version ? cli_say(p->cli, "",
	    "版") : "");
	if (e->plan[0] != '\0')
		(void)!buf_printf(out, "  %s", e->plan);
}

static void print_section(const struct page *p, const struct section *s)
{
	size_t lines = 0;

	heading(p, s->en, s->ja);
	for (size_t i = 0; i < p->y->events_len; i++) {
		const struct ledger_year_event *e = &p->y->events[i];
		CLEANUP(buf_release) struct buf text = {0};
		char day[CLOCK_DAY_LEN + 1];

		if (!is_of(s, e->kind) || ++lines > LINES_MAX)
			continue;
		day_text(e->at_unix_s, day);
		event_words(p, e, &text);
		(void)printf("  %s  %s  %s\n", day, strcmp(e->owner, "-") == 0 ?
		    "--" : e->owner, buf_text(&text));
	}
	if (lines == 0)
		nothing(p);
	say_more(p, lines, LINES_MAX);
}

/* ---- what is owed ---- */

enum owed { OWED_RECEIPT, OWED_CERTIFICATE, OWED_ANSWER };

struct owing {
	const struct page *p;
	struct json_doc *list;          /* for --json; NULL: printed */
	size_t lines;
};

static void owe(struct owing *o, enum owed what, const char *about,
    const char *partner)
{
	static const struct {
		const char *name, *en, *ja;
	} kinds[] = {
		{"receipt", "the receipt", "受領書"},
		{"destruction", "the certificate of destruction", "廃棄証明"},
		{"notice", "the answer to this notice", "この通知への回答"},
	};
	struct json_doc *row;

	if (o->list == NULL) {
		if (++o->lines <= LINES_MAX)
			(void)printf("  %s  %s  %s\n", about,
			    or_dash(partner), cli_say(o->p->cli,
			    kinds[what].en, kinds[what].ja));
		return;
	}
	row = json_doc_new_object();
	json_doc_set_string(row, "what", kinds[what].name);
	json_doc_set_string(row, "about", about);
	json_doc_set_string(row, "partner", partner);
	json_doc_add(o->list, row);
}

static void owe_all(struct owing *o)
{
	const struct ledger_year *y = o->p->y;

	for (size_t i = 0; i < y->releases_len; i++) {
		const struct ledger_year_release *r = &y->releases[i];

		if (r->released_unix_s == 0)
			continue;
		if (receipt_is_overdue(o->p, r))
			owe(o, OWED_RECEIPT, r->export, r->partner);
		if (destruction_is_overdue(o->p, r))
			owe(o, OWED_CERTIFICATE, r->export, r->partner);
	}
	for (size_t i = 0; i < y->notices_len; i++) {
		const struct ledger_year_notice *n = &y->notices[i];
		char about[64];

		(void)snprintf(about, sizeof(about), "%s-%s", n->owner,
		    n->number);
		if (notice_is_overdue(o->p, n))
			owe(o, OWED_ANSWER, about, n->partner);
	}
}

static void print_owed(const struct page *p)
{
	struct owing o = {.p = p};

	heading(p, "8. Overdue at the end of the period",
	    "8. 期間末で期限を過ぎているもの");
	owe_all(&o);
	if (o.lines == 0)
		nothing(p);
	say_more(p, o.lines, LINES_MAX);
}

/* What is only counted; ENTRY_KINDS stands for all. */
static const struct {
	const char *en, *ja;
	enum entry_kind kind;
} counted[] = {
	{"re-identifications", "再識別", ENTRY_REIDENT_STARTED},
	{"withdrawal batches", "撤回", ENTRY_WITHDRAWAL},
	{"erasures", "消去", ENTRY_ERASURE},
	{"keys rotated", "鍵の更新", ENTRY_KEY_ROTATION},
	{"fetches", "取得", ENTRY_FETCHED},
	{"epochs closed", "閉じた期間", ENTRY_EPOCH_CLOSED},
	{"drills", "訓練", ENTRY_DRILL},
	{"backups", "バックアップ", ENTRY_BACKUP},
	{"all entries", "記載の総数", ENTRY_KINDS},
};

static unsigned long long count_of(const struct page *p,
    enum entry_kind kind)
{
	unsigned long long n = 0;

	for (size_t i = 0; i < ENTRY_KINDS; i++)
		if (kind == ENTRY_KINDS || kind == i)
			n += p->y->kinds[i];
	return n;
}

static void print_counts(const struct page *p)
{
	heading(p, "9. Counted", "9. 件数");
	for (size_t i = 0; i < ARRAY_LEN(counted); i++)
		(void)printf("%s%s %llu", i == 0 ? "  " : ", ",
		    cli_say(p->cli, counted[i].en, counted[i].ja),
		    count_of(p, counted[i].kind));
	(void)printf("\n");
}

static void print_page(const struct page *p)
{
	const struct checkpoint *cp = log_checkpoint(p->args->log);
	char when[CLOCK_UTC_LEN + 1];

	clock_format_utc(p->args->now_unix_s, when);
	(void)printf("%s  %s%s%s\n%s %s  %s %llu  %s %s  %s\n",
	    cli_say(p->cli, "The year in the ledger", "台帳年次報告"),
	    p->period, p->args->owner == NULL ? "" : cli_say(p->cli,
	    "  owner ", "  所有者 "), p->args->owner == NULL ? "" :
	    p->args->owner, cli_say(p->cli, "ledger", "台帳"), cp->origin,
	    cli_say(p->cli, "entries", "記載数"),
	    (unsigned long long)cp->size, cli_say(p->cli, "made", "作成"),
	    when, cli_say(p->cli, "(days are Japan's)",
	    "（日付は日本時間）"));
	print_releases(p);
	print_seats(p);
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		print_section(p, &sections[i]);
	print_owed(p);
	print_counts(p);
}

static struct json_doc *json_releases(const struct page *p)
{
	struct json_doc *list = json_doc_new_array();

	for (size_t i = 0; i < p->y->releases_len; i++) {
		const struct ledger_year_release *r = &p->y->releases[i];
		struct json_doc *row;

		if (!in_period(p, r->released_unix_s))
			continue;
		row = json_doc_new_object();
		json_doc_set_string(row, "export", r->export);
		json_doc_set_string(row, "owner", r->owner);
		json_doc_set_string(row, "partner", r->partner);
		json_doc_set_string(row, "people", r->people);
		json_doc_set_bool(row, "receipt_overdue",
		    receipt_is_overdue(p, r));
		json_doc_set_bool(row, "destruction_overdue",
		    destruction_is_overdue(p, r));
		json_doc_add(list, row);
	}
	return list;
}

static struct json_doc *json_seats(const struct page *p)
{
	struct json_doc *list = json_doc_new_array();

	for (size_t i = 0; i < p->y->seats_len; i++) {
		const struct ledger_year_seat *s = &p->y->seats[i];
		struct json_doc *row = json_doc_new_object();

		json_doc_set_string(row, "owner", s->owner);
		json_doc_set_string(row, "seat", s->seat);
		json_doc_set_int(row, "approvals", (int64_t)s->approvals);
		json_doc_set_int(row, "total_seconds", s->total_s);
		json_doc_set_int(row, "longest_seconds", s->longest_s);
		json_doc_set_int(row, "denials", (int64_t)s->denials);
		json_doc_set_int(row, "revocations",
		    (int64_t)s->revocations);
		json_doc_add(list, row);
	}
	return list;
}

static struct json_doc *json_events(const struct page *p)
{
	struct json_doc *list = json_doc_new_array();

	for (size_t i = 0; i < p->y->events_len; i++) {
		const struct ledger_year_event *e = &p->y->events[i];
		struct json_doc *row = json_doc_new_object();
		char when[CLOCK_UTC_LEN + 1];

		clock_format_utc(e->at_unix_s, when);
		json_doc_set_string(row, "time", when);
		json_doc_set_string(row, "owner", e->owner);
		json_doc_set_string(row, "kind", entry_info(e->kind)->name);
		json_doc_set_string(row, "value", e->what);
		json_doc_set_string(row, "plan", e->plan);
		json_doc_add(list, row);
	}
	return list;
}

static void fill_json(struct page *p)
{
	struct json_doc *out = json_doc_new_object();
	struct json_doc *kinds = json_doc_new_object();
	struct owing o = {.p = p, .list = json_doc_new_array()};

	for (size_t i = 0; i < ENTRY_KINDS; i++)
		if (p->y->kinds[i] > 0)
			json_doc_set_int(kinds,
			    entry_info((enum entry_kind)i)->name,
			    (int64_t)p->y->kinds[i]);
	owe_all(&o);
	json_doc_set_string(out, "period", p->period);
	json_doc_set(out, "releases", json_releases(p));
	json_doc_set(out, "seats", json_seats(p));
	json_doc_set(out, "events", json_events(p));
	json_doc_set(out, "overdue", o.list);
	json_doc_set(out, "entries", kinds);
	p->cli->result = out;
}

static enum err report(struct cli *cli, struct ledger_year_args *args,
    const char *period)
{
	CLEANUP(ledger_year_release) struct ledger_year y = {0};
	struct page p = {cli, args, &y, period, args->now_unix_s};
	int64_t end = clock_jst_day_start_unix_s(args->last_day + 1) - 1;

	if (end < p.until_unix_s)
		p.until_unix_s = end;
	RETURN_IF(ledger_year_read(args, &y, &cli->outcome));
	if (y.releases_len > 0)
		qsort(y.releases, y.releases_len, sizeof(y.releases[0]),
		    by_partner);
	if (cli->json)
		fill_json(&p);
	else
		print_page(&p);
	return ERR_OK;
}

static enum err report_home(struct cli *cli, struct ledger_year_args *args,
    const char *period)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(log_cleanup) struct log *log = NULL;

	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(act_log_reader(h, &log));
	args->home = h;
	args->log = log;
	return report(cli, args, period);
}

static enum err run_report(struct cli *cli, struct cli_args args)
{
	struct ledger_year_args y = {.now_unix_s = clock_now_unix_s()};
	const char *period = NULL, *vkey = NULL;
	const struct cli_option options[] = {
		{"--period", CLI_TEXT, &period},
		{"--owner", CLI_TEXT, &y.owner},
		{"--vkey", CLI_TEXT, &vkey},
	};
	CLEANUP(ledger_past_release) struct ledger_past past = {0};
	CLEANUP(log_cleanup) struct log *log = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 1));
	if (period == NULL || (args.len == 1) != (vkey != NULL) ||
	    ledger_year_period(period, &y.first_day, &y.last_day) != ERR_OK)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --period 2026-04..2027-03, and DIR with --vkey KEY for a copy",
		    "--period 2026-04..2027-03 の形で期間を指定してください。写しには DIR と --vkey KEY も必要です");
	if (args.len == 0)
		return report_home(cli, &y, period);
	RETURN_IF(ledger_open_copy(&(struct ledger_copy){args.items[0], vkey,
	    NULL}, &past, &log, &cli->outcome));
	y.log = log;
	return report(cli, &y, period);
}

/* ---- where first trust rests ---- */

static enum err run_trust(struct cli *cli, struct cli_args args)
{
	const char *dir = NULL;
	const struct cli_option options[] = {{"-o", CLI_TEXT, &dir}};
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(buf_release) struct buf page = {0};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(trust_page(h, args.items[0], cli->japanese, &page));
	if (!cli->json)
		(void)printf("%s", buf_text(&page));
	return dir == NULL ? ERR_OK : trust_write(h, args.items[0], dir);
}

static const struct cli_command rows[] = {
	{"trust export", "OWNER [-o DIR]",
	    "the page on which first trust rests, for the agreement",
	    "協定書に添える、信頼の起点を示す紙面", run_trust},
	{"ledger report", "[DIR --vkey KEY] --period FROM..TO [--owner CODE]",
	    "a year of the ledger on two pages", "台帳の一年を2ページにまとめる",
	    run_report},
};

const struct commands_group ledger_report_commands = {rows, ARRAY_LEN(rows)};
