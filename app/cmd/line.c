/* LINE channels. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/home.h"
#include "app/ops/line.h"
#include "app/unlock.h"
#include "core/clock.h"
#include "core/encode.h"

static enum err run_set(struct cli *cli, struct cli_args args)
{
	struct line_change change = {0};
	const struct cli_option options[] = {
		{"--survey", CLI_TEXT, &change.survey},
		{"--consent-text", CLI_TEXT, &change.text},
		{"--scopes", CLI_TEXT, &change.scopes},
		{"--language", CLI_TEXT, &change.language},
		{"--destination", CLI_TEXT, &change.destination},
		{"--secret-file", CLI_TEXT, &change.secret_file},
		{"--access-token-file", CLI_TEXT, &change.token_file},
	};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	change.owner = args.items[0];
	change.source = args.items[1];
	RETURN_IF(unlock_home(cli, &h));
	return line_set(h, &change);
}

static enum err run_rotate(struct cli *cli, struct cli_args args)
{
	struct line_change change = {.rotate = 1};
	const struct cli_option options[] = {
		{"--secret-file", CLI_TEXT, &change.secret_file},
		{"--drop-old", CLI_FLAG, &change.drop_old},
	};
	CLEANUP(line_channel_release) struct line_channel known = {0};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 2, 2));
	if ((change.secret_file != NULL) == change.drop_old)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --secret-file FILE, and when LINE signs with it, --drop-old",
		    "--secret-file FILE を、LINEが新しい鍵で署名し始めたら --drop-old を指定してください");
	change.owner = args.items[0];
	change.source = args.items[1];
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(line_get(h, change.owner, change.source, &known));
	return line_set(h, &change);
}

static void show_scopes(const struct line_channel *c, char *ret, size_t max)
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < c->scopes_len && len < max; i++)
		len += (size_t)snprintf(ret + len, max - len, "%s%s%s%s",
		    i == 0 ? "" : " ", c->scopes[i],
		    c->fields[i][0] == '\0' ? "" : "=", c->fields[i]);
}

struct channel_rows {
	const char *survey, *text, *scopes, *created;
	char version[24];
	int secrets;
};

static void show_table(const struct cli *cli, const struct line_channel *c,
    const struct channel_rows *r)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 2};
	const struct {
		const char *en, *ja, *value;
	} rows[] = {
		{"version", "版", r->version},
		{"changed", "変更日時", r->created},
		{"survey", "調査", r->survey},
		{"consent text", "同意文", r->text},
		{"scopes", "範囲", r->scopes},
		{"language", "言語", c->english ? "en" : "ja"},
		{"destination", "宛先", c->destination[0] == '\0' ? "-" :
		    c->destination},
		{"secrets", "署名鍵", r->secrets == 2 ? "2" : "1"},
		{"token", "トークン", c->token == NULL ? "-" : "+"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cli_table_row(&t, (const char *const[]){
			cli_say(cli, rows[i].en, rows[i].ja), rows[i].value});
	cli_table_print(&t);
}

static struct json_doc *json_channel(const struct line_channel *c,
    const struct channel_rows *r)
{
	struct json_doc *doc = json_doc_new_object();

	json_doc_set_string(doc, "source", c->source);
	json_doc_set_int(doc, "version", (int64_t)c->generation);
	json_doc_set_string(doc, "changed", r->created);
	json_doc_set_string(doc, "survey", r->survey);
	json_doc_set_string(doc, "consent_text", r->text);
	json_doc_set_string(doc, "scopes", r->scopes);
	json_doc_set_string(doc, "language", c->english ? "en" : "ja");
	json_doc_set_string(doc, "destination", c->destination);
	json_doc_set_int(doc, "secrets", r->secrets);
	json_doc_set_bool(doc, "token", c->token != NULL);
	return doc;
}

static enum err run_show(struct cli *cli, struct cli_args args)
{
	CLEANUP(line_channel_release) struct line_channel c = {0};
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct channel_rows r = {0};
	char survey[48], text[2 * DIGEST_LEN + 8] = "sha256:", scopes[256];
	char created[CLOCK_UTC_LEN + 1];

	RETURN_IF(cli_options(cli, &args, NULL, 0, 2, 2));
	RETURN_IF(unlock_home(cli, &h));
	RETURN_IF(line_get(h, args.items[0], args.items[1], &c));
	(void)snprintf(survey, sizeof(survey), "%s %u", c.survey,
	    c.survey_version);
	encode_hex(c.text_sha256, DIGEST_LEN, text + 7);
	show_scopes(&c, scopes, sizeof(scopes));
	clock_format_utc(c.created_unix_s, created);
	(void)snprintf(r.version, sizeof(r.version), "%llu",
	    (unsigned long long)c.generation);
	r.survey = survey;
	r.text = text;
	r.scopes = scopes;
	r.created = created;
	r.secrets = c.secrets[1] == NULL ? 1 : 2;
	if (cli->json)
		cli->result = json_channel(&c, &r);
	else
		show_table(cli, &c, &r);
	return ERR_OK;
}

static const struct cli_command rows[] = {
	{"line set",
	    "OWNER SOURCE [--survey \"NAME VERSION\"] [--consent-text sha256:…] [--scopes \"support research\"] [--language ja|en] [--destination U…] [--secret-file FILE] [--access-token-file FILE]",
	    "connect a LINE channel, or change what it asks",
	    "LINEチャネルをつなぐ、問う内容を変える", run_set},
	{"line rotate", "OWNER SOURCE --secret-file FILE|--drop-old",
	    "change a channel's secret, both being valid meanwhile",
	    "チャネルの署名鍵を替える（その間は両方有効）", run_rotate},
	{"line show", "OWNER SOURCE", "show a channel, without its secrets",
	    "チャネルの設定（秘密は表示しない）", run_show},
};

const struct commands_group line_commands = {rows, ARRAY_LEN(rows)};
