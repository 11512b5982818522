/* azukari - the program: global options, then one row of the table. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli.h"
#include "app/cmd/commands.h"
#include "app/version.h"
#include "core/secret.h"

#define WORDS_MAX 1024

static int language_is_japanese(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return strncmp(value, "ja", 2) == 0;
	}
	return 0;
}

struct globals {
	const char *home, *key_file, *passphrase_file, *lang;
	const char *gateway, *ca, *as, *token_file;
	uint64_t passphrase_fd;
	int json, quiet;
};

/* Global options may stand anywhere: they are picked out, the rest stays. */
static enum err pick_globals(struct cli *cli, struct globals *g, int argc,
    char **argv, struct cli_args *ret)
{
	const struct cli_option texts[] = {
		{"--home", CLI_TEXT, &g->home},
		{"--key-file", CLI_TEXT, &g->key_file},
		{"--passphrase-file", CLI_TEXT, &g->passphrase_file},
		{"--lang", CLI_TEXT, &g->lang},
		{"--gateway", CLI_TEXT, &g->gateway},
		{"--ca", CLI_TEXT, &g->ca},
		{"--as", CLI_TEXT, &g->as},
		{"--token-file", CLI_TEXT, &g->token_file},
		{"--passphrase-fd", CLI_NUMBER, &g->passphrase_fd},
		{"--json", CLI_FLAG, &g->json},
		{"--quiet", CLI_FLAG, &g->quiet},
	};

	for (int i = 1; i < argc; i++) {
		const char *pair[2] = {argv[i], i + 1 < argc ? argv[i + 1] :
		    NULL};
		struct cli_args one = {.items = pair, .len = 1};
		const char *value = NULL;
		size_t k = 0;

		while (k < ARRAY_LEN(texts) &&
		    !cli_option_is(&texts[k], argv[i], &value))
			k++;
		if (k == ARRAY_LEN(texts)) {
			if (ret->len == WORDS_MAX)
				return ERR_LIMIT;
			ret->items[ret->len++] = argv[i];
			continue;
		}
		if (texts[k].kind != CLI_FLAG && value == NULL &&
		    pair[1] != NULL) {
			one.len = 2;
			i++;
		}
		RETURN_IF(cli_options(cli, &one, texts, ARRAY_LEN(texts), 0,
		    0));
	}
	return ERR_OK;
}

static enum err apply_globals(struct cli *cli, const struct globals *g)
{
	cli->home = g->home != NULL ? g->home : getenv("AZUKARI_HOME");
	cli->home_given = g->home != NULL;
	cli->key_file = g->key_file;
	cli->passphrase_file = g->passphrase_file;
	cli->passphrase_fd = g->passphrase_fd > 1024 ? -1 :
	    (int)g->passphrase_fd;
	cli->gateway = g->gateway;
	cli->ca = g->ca;
	cli->as = g->as;
	cli->token_file = g->token_file;
	cli->json = g->json;
	cli->quiet = g->quiet;
	if (g->lang == NULL)
		return ERR_OK;
	cli->japanese = strcmp(g->lang, "ja") == 0;
	if (cli->japanese || strcmp(g->lang, "en") == 0)
		return ERR_OK;
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "--lang is ja or en, not \"%s\"",
	    "--lang は ja か en です（「%s」ではありません）", g->lang);
}

static enum err prepare_process(struct cli *cli)
{
	const char *why = NULL;
	enum err e = secret_process_init(&why);

	if (e == ERR_MEMORY_LOCK && why != NULL)
		return outcome_refuse(&cli->outcome, e, "%s", "%s", why);
	return e;
}

/* What a service was asked for is never done to a home instead. */
static enum err check_place(struct cli *cli, const struct cli_command *c)
{
	if (cli->gateway == NULL || c->remote)
		return ERR_OK;
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "azukari %s is not done through a service; leave --gateway out",
	    "azukari %s はサービスを通しては実行できません。--gateway を外してください",
	    c->words);
}

static int is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* "help WORD…", "WORD… --help", or words that only begin commands. */
static int help(struct cli *cli, const struct cli_args *words, enum err e)
{
	CLEANUP(buf_release) struct buf topic = {0};

	for (size_t i = 0; i < words->len; i++)
		if (words->items[i][0] != '-' && buf_printf(&topic, "%s%s",
		    topic.len == 0 ? "" : " ", words->items[i]) != ERR_OK)
			return cli_finish(cli, "help", ERR_NOMEM);
	if (commands_help(cli, topic.len == 0 ? NULL : buf_text(&topic)) > 0)
		return cli_finish(cli, "help", e);
	return cli_finish(cli, "help", outcome_refuse(&cli->outcome, ERR_USAGE,
	    "there is no command \"%s\"; see: azukari help",
	    "コマンド「%s」はありません。azukari help を見てください",
	    buf_text(&topic)));
}

static enum err run_command(struct cli *cli,
    const struct cli_command *command, struct cli_args args)
{
	enum err e = check_place(cli, command);

	if (e == ERR_OK)
		e = prepare_process(cli);
	if (e == ERR_OK)
		e = command->run(cli, args);
	if (e == ERR_USAGE)
		outcome_add(&cli->outcome, OUTCOME_HINT,
		    "usage: azukari %s %s", "書き方：azukari %s %s",
		    command->words, command->usage);
	return e;
}

static int run(struct cli *cli, struct cli_args args)
{
	const struct cli_command *command;
	const struct cli_args given = args, none = {0};

	if (args.len == 0)
		return help(cli, &none, ERR_USAGE);
	if (strcmp(args.items[0], "help") == 0 || is_help(args.items[0])) {
		args.items++, args.len--;
		return help(cli, &args, ERR_OK);
	}
	if (strcmp(args.items[0], "--version") == 0) {
		(void)puts(VERSION_TEXT);
		return cli_finish(cli, "--version", ERR_OK);
	}
	command = commands_find(&args);
	for (size_t i = 0; i < args.len; i++)
		if (is_help(args.items[i])) {
			const struct cli_args words = {.items = given.items,
			    .len = given.len - args.len + (command == NULL ? i :
			    0)};

			return help(cli, &words, ERR_OK);
		}
	if (command == NULL)
		return help(cli, &given, ERR_USAGE);
	return cli_finish(cli, command->words, run_command(cli, command,
	    args));
}

int main(int argc, char **argv)
{
	const char *words[WORDS_MAX];
	struct cli_args args = {.items = words};
	struct cli cli = {.passphrase_fd = -1};
	struct globals g = {.passphrase_fd = UINT64_MAX};
	enum err e;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	cli.japanese = language_is_japanese();
	e = pick_globals(&cli, &g, argc, argv, &args);
	if (e == ERR_OK)
		e = apply_globals(&cli, &g);
	if (e != ERR_OK)
		return cli_finish(&cli, "azukari", e);
	return run(&cli, args);
}
