/* Commands of charters, policies and signing. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/ops/rules.h"
#include "app/papers.h"
#include "app/unlock.h"
#include "core/encode.h"
#include "core/json_doc.h"
#include "exporters/sums.h"
#include "keys/sshsig.h"

/* ---- charter show ---- */

static enum err run_charter_show(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(paper_charter_release) struct paper_charter c = {0};
	const char *out = NULL;
	const struct cli_option options[] = {{"-o", CLI_TEXT, &out}};
	char hex[65];

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(papers_charter(h, args.items[0], &c));
	encode_hex(c.paper.sha256, DIGEST_LEN, hex);
	cli->result = json_doc_new_object();
	json_doc_set_string(cli->result, "sha256", hex);
	json_doc_set_int(cli->result, "version", (int64_t)c.charter.version);
	json_doc_set_int(cli->result, "threshold", c.charter.threshold);
	json_doc_set_int(cli->result, "seats", (int64_t)c.charter.seats_len);
	if (out != NULL)
		return fs_write_new_file(out, bytes_buf(&c.paper.bytes), 0644);
	if (!cli->json)
		(void)printf("%s\nsha256 %s\n", buf_text(&c.paper.bytes), hex);
	return ERR_OK;
}

/* ---- policy check ---- */

static const char *way_word(const struct cli *cli, enum policy_diff_way way)
{
	if (way == POLICY_DIFF_WIDER)
		return cli_say(cli, "wider", "拡大");
	if (way == POLICY_DIFF_NARROWER)
		return cli_say(cli, "narrower", "縮小");
	return cli_say(cli, "other", "その他");
}

static const char *verdict_word(const struct cli *cli,
    enum decision_verdict v)
{
	if (v == DECISION_ELIGIBLE)
		return cli_say(cli, "eligible", "提供可");
	if (v == DECISION_ASK)
		return cli_say(cli, "officers judge", "保管官が判断");
	return cli_say(cli, "refused", "拒否");
}

static void print_diff(const struct cli *cli, const struct policy_diff *d)
{
	CLEANUP(cli_table_release) struct cli_table lines = {.columns = 4};
	CLEANUP(cli_table_release) struct cli_table live = {.columns = 3};
	const char *head[4] = {cli_say(cli, "rule", "規則"),
	    cli_say(cli, "change", "変化"), cli_say(cli, "before", "変更前"),
	    cli_say(cli, "after", "変更後")};
	const char *live_head[3] = {cli_say(cli, "request", "申請"), head[2],
	    head[3]};

	cli_table_row(&lines, head);
	for (size_t i = 0; i < d->lines_len; i++) {
		const struct policy_diff_line *l = &d->lines[i];
		const char *row[4] = {l->place, way_word(cli, l->way),
		    l->before, l->after};

		cli_table_row(&lines, row);
	}
	cli_table_print(&lines);
	if (d->requests_len == 0)
		return;
	cli_table_row(&live, live_head);
	for (size_t i = 0; i < d->requests_len; i++) {
		const struct policy_diff_request *r = &d->requests[i];
		const char *row[3] = {r->request, verdict_word(cli, r->before),
		    verdict_word(cli, r->after)};

		cli_table_row(&live, row);
	}
	(void)fputc('\n', stdout);
	cli_table_print(&live);
}

static enum err run_policy_check(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(policy_diff_release) struct policy_diff d = {0};

	RETURN_IF(cli_options(cli, &args, NULL, 0, 2, 2));
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(rules_check(h, args.items[0], args.items[1], &d));
	if (!cli->json && d.lines_len > 0)
		print_diff(cli, &d);
	return ERR_OK;
}

static enum err run_owner_policy(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct cli_list sigs = {0};
	struct rules_put_args put = {0};
	const struct cli_option options[] = {{"--sig", CLI_LIST, &sigs},
	    {"--witnesses", CLI_TEXT, &put.witnesses}};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	RETURN_IF(unlock_home(cli, &h));
	put.owner = args.items[0];
	put.path = args.items[1];
	put.sigs = sigs.items;
	put.sigs_len = sigs.len;
	return rules_put(h, &put);
}

/* ---- sign ---- */

static enum err sign_kind(const char *word, enum sshsig_ns *ret)
{
	static const struct { const char *word; enum sshsig_ns ns; } kinds[] = {
		{"charter", SSHSIG_CHARTER}, {"policy", SSHSIG_POLICY},
		{"request", SSHSIG_REQUEST},
		{"byterelease", SSHSIG_BYTERELEASE},
		{"session", SSHSIG_SESSION}, {"erasure", SSHSIG_ERASURE}};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].word, word) == 0) {
			*ret = kinds[i].ns;
			return ERR_OK;
		}
	return ERR_UNKNOWN;
}

/* Is it a document of its kind at all?  Nobody signs a wrong file by mistake;
 * what is in it is judged by those who take it. */
static int is_kind(enum sshsig_ns ns, struct bytes text)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	CLEANUP(sums_release) struct sums sums = {0};
	char head[64];
	const char *kind, *name = sshsig_ns_name(ns);

	if (ns == SSHSIG_BYTERELEASE)
		return sums_parse(text, &sums, NULL) == ERR_OK &&
		    sums.len > 0;
	if (ns == SSHSIG_POLICY) {
		if (json_doc_parse(text, BUF_MAX_DEFAULT, &doc, NULL) != ERR_OK)
			return 0;
		kind = json_doc_string(json_doc_get(doc, "azukari"));
		return kind != NULL && strncmp(kind, "policy v", 8) == 0;
	}
	(void)snprintf(head, sizeof(head), "azukari-%.*s v",
	    (int)strcspn(name, "@"), name);
	return text.len > strlen(head) &&
	    memcmp(text.data, head, strlen(head)) == 0;
}

static enum err check_kind(struct cli *cli, enum sshsig_ns ns,
    struct bytes text)
{
	const char *name = sshsig_ns_name(ns);

	if (is_kind(ns, text))
		return ERR_OK;
	return err_at(&cli->outcome.info, ERR_SYNTAX, 0, "is no document of "
	    "the kind that %s is for", name);
}

static enum err run_sign(struct cli *cli, struct cli_args args)
{
	const char *identity = NULL, *out = NULL;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &identity}, {"-o", CLI_TEXT, &out}};
	CLEANUP(identity_cleanup) struct identity *id = NULL;
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf sig = {0};
	enum sshsig_ns ns;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	if (identity == NULL || out == NULL ||
	    sign_kind(args.items[0], &ns) != ERR_OK)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "azukari sign charter|policy|request|byterelease|session|erasure FILE --identity FILE.key -o FILE.sig",
		    "azukari sign charter|policy|request|byterelease|session|erasure FILE --identity FILE.key -o FILE.sig の形で指定してください");
	cli_name_file(cli, args.items[1]);
	RETURN_IF(fs_read_file(args.items[1], BUF_MAX_DEFAULT, &text));
	RETURN_IF(check_kind(cli, ns, bytes_buf(&text)));
	cli_name_file(cli, "");
	RETURN_IF(unlock_identity(cli, identity, &id));
	RETURN_IF(sshsig_sign(identity_sign_seed(id), ns, bytes_buf(&text),
	    &sig));
	RETURN_IF(fs_write_new_file(out, bytes_buf(&sig), 0644));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "%s is signed by %s in the namespace %s: %s",
	    "%sに%sが署名しました（%s）: %s", args.items[1],
	    identity_public(id)->name, sshsig_ns_name(ns), out);
	return ERR_OK;
}

static const struct cli_command rows[] = {
	{"charter show", "OWNER [-o FILE]", "the charter in force",
	    "現行の憲章を示す", run_charter_show},
	{"policy check", "OWNER FILE",
	    "what a policy would change, before it is signed",
	    "方針が何を変えるか、署名の前に確かめる", run_policy_check},
	{"owner policy", "OWNER FILE --sig FILE… [--witnesses FILE]",
	    "put a signed policy in force", "署名された方針を発効させる",
	    run_owner_policy},
	{"sign", "charter|policy|request|byterelease|session|erasure FILE --identity FILE.key -o FILE.sig",
	    "sign a file", "ファイルに署名する", run_sign},
};

const struct commands_group rules_commands = {rows, ARRAY_LEN(rows)};
