/* The auditor's check of a whole ledger, and the report of it. */
#include <stdio.h>
#include <string.h>

#include "app/act.h"
#include "app/cmd/commands.h"
#include "app/ops/ledger.h"
#include "app/ops/ledger_fetch.h"
#include "app/ops/ledger_papers.h"
#include "app/ops/witness.h"
#include "app/unlock.h"
#include "app/witnesses.h"
#include "core/clock.h"
#include "core/encode.h"

#define DAY_S 86400

struct report {
	struct cli *cli;
	const struct ledger_verify_args *args;
	const struct ledger_verified *v;
	enum err e;             /* how it ended */
};

/* ": DETAIL" of a malformed entry, else nothing. */
static const char *before(const struct audit_finding *f)
{
	return f->detail[0] == '\0' ? "" : ": ";
}

static void tell_findings(struct cli *cli, const struct audit *a)
{
	for (size_t i = 0; i < audit_findings(a); i++) {
		const struct audit_finding *f = audit_finding(a, i);
		char en[512], ja[512];

		(void)snprintf(en, sizeof(en),
		    "entry %llu: %s breaks the rule %s: %s%s%s",
		    (unsigned long long)f->index, f->kind, f->rule->name,
		    f->rule->says, before(f), f->detail);
		(void)snprintf(ja, sizeof(ja),
		    "記載%llu（%s）は規則 %s に反します: %s%s%s",
		    (unsigned long long)f->index, f->kind, f->rule->name,
		    f->rule->says_ja, before(f), f->detail);
		outcome_put(&cli->outcome, OUTCOME_REASON, en, ja);
	}
}

static void print_findings(const struct cli *cli, const struct audit *a)
{
	for (size_t i = 0; i < audit_findings(a); i++) {
		const struct audit_finding *f = audit_finding(a, i);

		(void)printf("  %llu  %s  %s: %s%s%s\n",
		    (unsigned long long)f->index, f->kind, f->rule->name,
		    cli_say(cli, f->rule->says, f->rule->says_ja), before(f),
		    f->detail);
	}
}

/* ---- what is owed after a release ---- */

enum owed { OWED_DONE, OWED_LATER, OWED_OVERDUE, OWED_UNKNOWN };

static enum owed owed_receipt(const struct audit_release *r, int64_t now)
{
	if (r->receipt_unix_s != 0)
		return OWED_DONE;
	return now > r->released_unix_s +
	    (int64_t)LEDGER_RECEIPT_DAYS * DAY_S ? OWED_OVERDUE : OWED_LATER;
}

static enum owed owed_destruction(const struct audit_release *r, int64_t now)
{
	if (r->destroyed_unix_s != 0)
		return OWED_DONE;
	if (r->destroy_until == 0)
		return OWED_UNKNOWN;
	return clock_jst_day(now) > r->destroy_until ? OWED_OVERDUE :
	    OWED_LATER;
}

/* The day it came, or that it has not. */
static void owed_text(const struct cli *cli, enum owed owed, int64_t done,
    char ret[64])
{
	char day[CLOCK_DAY_LEN + 1];

	if (owed == OWED_DONE) {
		clock_format_day(clock_jst_day(done), day);
		(void)snprintf(ret, 64, "%s", day);
		return;
	}
	(void)snprintf(ret, 64, "%s", owed == OWED_OVERDUE ?
	    cli_say(cli, "OVERDUE", "期限超過") : owed == OWED_LATER ?
	    cli_say(cli, "not due yet", "期限前") : "-");
}

static void release_json(struct report *r, const struct audit_release *x,
    struct json_doc *list)
{
	static const char *const words[] = {"done", "later", "overdue",
	    "unknown"};
	struct json_doc *row = json_doc_new_object();
	int64_t now = r->args->now_unix_s;

	json_doc_set_string(row, "owner", x->owner);
	json_doc_set_string(row, "export", x->export);
	json_doc_set_string(row, "receipt", words[owed_receipt(x, now)]);
	json_doc_set_string(row, "destruction",
	    words[owed_destruction(x, now)]);
	json_doc_set_bool(row, "recalled", x->recalled);
	json_doc_add(list, row);
}

static void print_releases(struct report *r)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 6};
	const struct cli *cli = r->cli;

	cli_table_row(&t, cli->japanese ? (const char *const[]){"提供", "所有者",
		"提供日", "受領書", "廃棄証明", "回収"} :
	    (const char *const[]){"bundle", "owner", "released", "receipt",
		"destruction", "recalled"});
	for (size_t i = 0; i < audit_releases(r->v->audit); i++) {
		const struct audit_release x = audit_release(r->v->audit, i);
		char day[CLOCK_DAY_LEN + 1], receipt[64], gone[64];
		int64_t now = r->args->now_unix_s;

		clock_format_day(clock_jst_day(x.released_unix_s), day);
		owed_text(cli, owed_receipt(&x, now), x.receipt_unix_s,
		    receipt);
		owed_text(cli, owed_destruction(&x, now),
		    x.destroyed_unix_s, gone);
		cli_table_row(&t, (const char *const[]){x.export, x.owner, day,
			receipt, gone, x.recalled ? cli_say(cli, "yes",
			"あり") : "-"});
	}
	cli_table_print(&t);
}

/* What it was held against, and what was found. */
static void print_checked(const struct report *r)
{
	const struct cli *cli = r->cli;

	(void)printf("%s  %zu\n%s  %zu\n",
	    cli_say(cli, "cosigned checkpoints kept", "保管中の副署付きチェックポイント"),
	    r->v->cosignatures,
	    cli_say(cli, "older checkpoints that are a part of it",
	    "その一部である過去のチェックポイント"), r->args->past.len);
	if (r->args->papers != NULL)
		(void)printf("%s  %zu\n", cli_say(cli, "papers    ",
		    "文書    "), r->args->papers->len);
	if (r->v->audit == NULL) {
		(void)printf("%s  %s\n", cli_say(cli, "rules     ",
		    "規則    "), cli_say(cli,
		    "none: not an Azukari ledger", "なし（Azukariの台帳ではありません）"));
		return;
	}
	(void)printf("%s  %zu\n%s  %zu\n", cli_say(cli, "rules     ",
	    "規則    "), audit_rules(), cli_say(cli, "findings  ",
	    "指摘    "), audit_findings(r->v->audit));
	print_findings(cli, r->v->audit);
	(void)printf("\n");
}

static void print_report(struct report *r)
{
	const struct checkpoint *cp = log_checkpoint(r->args->log);
	CLEANUP(buf_release) struct buf vkey = {0};
	CLEANUP(buf_release) struct buf root = {0};
	const struct cli *cli = r->cli;
	char when[CLOCK_UTC_LEN + 1];

	if (note_key_write(log_key(r->args->log), &vkey) != ERR_OK ||
	    encode_b64(cp->root, sizeof(cp->root), 1, &root) != ERR_OK)
		return;
	clock_format_utc(r->args->now_unix_s, when);
	(void)printf("%s  %s\n\n%s  %s\n%s  %llu\n%s  %s\n%s  %s\n",
	    cli_say(cli, "Ledger report", "台帳検査報告"), when,
	    cli_say(cli, "ledger    ", "台帳    "), cp->origin,
	    cli_say(cli, "entries   ", "記載数  "),
	    (unsigned long long)cp->size,
	    cli_say(cli, "root      ", "根      "), buf_text(&root),
	    cli_say(cli, "key       ", "鍵      "), buf_text(&vkey));
	print_checked(r);
	if (r->v->audit != NULL && audit_releases(r->v->audit) > 0)
		print_releases(r);
	(void)printf("\n%s  %s\n", cli_say(cli, "result    ", "結果    "),
	    r->e == ERR_OK ? cli_say(cli, "verified", "検査に合格") :
	    cli_say(cli, "NOT verified", "検査に不合格"));
}

static void fill_json(struct report *r)
{
	const struct checkpoint *cp = log_checkpoint(r->args->log);
	struct json_doc *out = json_doc_new_object();
	struct json_doc *list = json_doc_new_array();
	char root[2 * MERKLE_PROOF_HASH_LEN + 1];

	encode_hex(cp->root, sizeof(cp->root), root);
	json_doc_set_string(out, "origin", cp->origin);
	json_doc_set_int(out, "size", (int64_t)cp->size);
	json_doc_set_string(out, "root", root);
	json_doc_set_bool(out, "azukari", r->v->audit != NULL);
	json_doc_set_int(out, "checkpoints", (int64_t)r->args->past.len);
	json_doc_set_int(out, "cosigned", (int64_t)r->v->cosignatures);
	json_doc_set_int(out, "rules", (int64_t)audit_rules());
	json_doc_set_int(out, "findings", r->v->audit == NULL ? 0 :
	    (int64_t)audit_findings(r->v->audit));
	json_doc_set_int(out, "papers", r->args->papers == NULL ? 0 :
	    (int64_t)r->args->papers->len);
	json_doc_set_int(out, "unstated", r->v->audit == NULL ? 0 :
	    (int64_t)audit_unstated(r->v->audit));
	for (size_t i = 0; r->v->audit != NULL &&
	    i < audit_releases(r->v->audit); i++) {
		const struct audit_release x = audit_release(r->v->audit, i);

		release_json(r, &x, list);
	}
	json_doc_set(out, "releases", list);
	r->cli->result = out;
}

static enum err verify_log(struct cli *cli,
    const struct ledger_verify_args *args)
{
	CLEANUP(ledger_verified_release) struct ledger_verified v = {0};
	enum err e = ledger_verify(args, &v, &cli->outcome);
	struct report r = {cli, args, &v, e};

	if (v.audit != NULL)
		tell_findings(cli, v.audit);
	if (cli->json)
		fill_json(&r);
	else if (e == ERR_OK || v.audit != NULL)
		print_report(&r);
	return e;
}

static enum err verify_copy(struct cli *cli, struct ledger_verify_args *args,
    const struct ledger_copy *copy)
{
	CLEANUP(log_cleanup) struct log *log = NULL;

	RETURN_IF(ledger_open_copy(copy, &args->past, &log, &cli->outcome));
	args->dir = copy->dir;
	args->log = log;
	return verify_log(cli, args);
}

static void remove_fetched(char *dir)
{
	if (dir[0] != '\0')
		(void)!fs_remove_tree(dir);
}

/* The same, of what is published at an address. */
static enum err verify_url(struct cli *cli, struct ledger_verify_args *args,
    const struct ledger_copy *copy)
{
	struct ledger_copy fetched = *copy;
	char dir[FS_PATH_MAX] = "";
	struct note_key key;
	enum err e;

	RETURN_IF(witness_read_vkey(copy->vkey, &key, &cli->outcome));
	e = ledger_fetch(&(struct ledger_fetch_from){copy->dir, &key,
	    copy->origin, cli->ca}, dir, &cli->outcome);
	fetched.dir = dir;
	if (e == ERR_OK)
		e = verify_copy(cli, args, &fetched);
	remove_fetched(dir);
	return e;
}

static enum err verify_home(struct cli *cli, struct ledger_verify_args *args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(log_cleanup) struct log *log = NULL;
	char dir[FS_PATH_MAX];

	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(home_path(h, dir, "ledger"));
	RETURN_IF(act_log_reader(h, &log));
	args->home = h;
	args->dir = dir;
	args->log = log;
	return verify_log(cli, args);
}

/* --from, and whatever stands behind DIR. */
static enum err take_past(struct cli *cli, const struct cli_list *from,
    const struct cli_args *args, struct ledger_past *past)
{
	for (size_t i = 0; i < from->len; i++)
		RETURN_IF(ledger_past_add(past, from->items[i],
		    &cli->outcome));
	for (size_t i = 1; i < args->len; i++)
		RETURN_IF(ledger_past_add(past, args->items[i],
		    &cli->outcome));
	return ERR_OK;
}

static enum err verify_which(struct cli *cli, struct ledger_verify_args *v,
    struct ledger_copy *copy)
{
	static const char file[] = "file://";

	if (copy->dir == NULL)
		return verify_home(cli, v);
	if (ledger_fetch_is_url(copy->dir))
		return verify_url(cli, v, copy);
	if (strncmp(copy->dir, file, strlen(file)) == 0)
		copy->dir += strlen(file);
	return verify_copy(cli, v, copy);
}

/* --papers, of a copy; a home has its own documents. */
static enum err take_papers(struct cli *cli, const char *dir,
    struct ledger_papers *papers, struct ledger_verify_args *v)
{
	if (dir == NULL)
		return ERR_OK;
	v->papers = papers;
	return ledger_papers_load(dir, papers, &cli->outcome);
}

static enum err run_verify(struct cli *cli, struct cli_args args)
{
	struct ledger_verify_args v = {.now_unix_s = clock_now_unix_s()};
	CLEANUP(ledger_papers_release) struct ledger_papers papers = {0};
	const char *dir = NULL;
	struct ledger_copy copy = {0};
	struct cli_list from = {0};
	const struct cli_option options[] = {
		{"--vkey", CLI_TEXT, &copy.vkey},
		{"--origin", CLI_TEXT, &copy.origin},
		{"--from", CLI_LIST, &from},
		{"--proof", CLI_TEXT, &v.proof},
		{"--papers", CLI_TEXT, &dir},
	};
	enum err e;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0,
	    CLI_LIST_MAX));
	if ((args.len > 0) != (copy.vkey != NULL) ||
	    (args.len == 0 && (copy.origin != NULL || dir != NULL)))
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give DIR or URL with --vkey KEY for a copy (and --papers with it), or neither for this home",
		    "写しには DIR か URL と --vkey KEY（必要なら --papers も）を、このホームにはどれも付けないでください");
	copy.dir = args.len > 0 ? args.items[0] : NULL;
	e = take_past(cli, &from, &args, &v.past);
	if (e == ERR_OK)
		e = take_papers(cli, dir, &papers, &v);
	if (e == ERR_OK)
		e = verify_which(cli, &v, &copy);
	ledger_past_release(&v.past);
	return e;
}

static const struct cli_command rows[] = {
	{"ledger verify",
	    "[DIR|URL --vkey KEY [CHECKPOINT…]] [--origin NAME] [--from CHECKPOINT…] [--papers DIR] [--proof FILE]",
	    "check every entry against every rule",
	    "台帳全体を規則に照らして検査する", run_verify},
};

const struct commands_group ledger_verify_commands = {rows, ARRAY_LEN(rows)};
