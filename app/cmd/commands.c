#include "app/cmd/commands.h"

#include <stdio.h>
#include <string.h>


static const struct commands_group *const groups[] = {
	&disclosure_commands, &ladders_commands, &enrol_commands,
	&sources_commands,
	&intake_commands,
	&ledger_commands,
	&ledger_verify_commands,
	&ledger_report_commands,
	&partner_commands,
	&status_commands,
	&withdraw_commands,
	&rules_commands,
	&ask_commands,
	&export_commands,
	&seats_commands,
	&officer_commands,
	&plan_commands,
	&witness_commands,
	&byterelease_commands,
	&reident_commands,
	&serve_commands,
	&remote_commands,
	&line_commands,
};

/* How many of the words of ${args} a row's words are; 0: another command. */
static size_t match(const struct cli_command *c, const struct cli_args *args)
{
	const char *at = c->words;
	size_t n = 0;

	for (;;) {
		size_t len = strcspn(at, " ");

		if (n == args->len || strlen(args->items[n]) != len ||
		    strncmp(args->items[n], at, len) != 0)
			return 0;
		n++;
		if (at[len] == '\0')
			return n;
		at += len + 1;
	}
}

const struct cli_command *commands_find(struct cli_args *args)
{
	const struct cli_command *found = NULL;
	size_t words = 0;

	for (size_t g = 0; g < ARRAY_LEN(groups); g++)
		for (size_t i = 0; i < groups[g]->len; i++) {
			size_t n = match(&groups[g]->rows[i], args);

			if (n > words) {
				found = &groups[g]->rows[i];
				words = n;
			}
		}
	args->items += words;
	args->len -= words;
	return found;
}

static void usage_of(const struct cli *cli, const struct cli_command *c)
{
	(void)printf("azukari %s %s\n    %s\n", c->words, c->usage,
	    cli_say(cli, c->summary_en, c->summary_ja));
}

/* Do the words of a row begin with ${words}, whole ones? */
static int begins_with(const struct cli_command *c, const char *words)
{
	size_t len = strlen(words);

	return strncmp(c->words, words, len) == 0 &&
	    (c->words[len] == '\0' || c->words[len] == ' ');
}

static size_t usages(const struct cli *cli, const char *words)
{
	size_t found = 0;

	for (size_t g = 0; g < ARRAY_LEN(groups); g++)
		for (size_t i = 0; i < groups[g]->len; i++)
			if (begins_with(&groups[g]->rows[i], words)) {
				usage_of(cli, &groups[g]->rows[i]);
				found++;
			}
	return found;
}

static size_t table(const struct cli *cli)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 2};
	size_t rows = 0;

	for (size_t g = 0; g < ARRAY_LEN(groups); g++)
		for (size_t i = 0; i < groups[g]->len; i++, rows++)
			cli_table_row(&t, (const char *const[]){
				groups[g]->rows[i].words, cli_say(cli,
				groups[g]->rows[i].summary_en,
				groups[g]->rows[i].summary_ja)});
	cli_table_print(&t);
	return rows;
}

size_t commands_help(const struct cli *cli, const char *words)
{
	size_t n;

	if (words != NULL)
		return usages(cli, words);
	(void)printf("%s\n\n", cli_say(cli,
	    "azukari COMMAND … [--home DIR] [--key-file FILE] [--passphrase-file FILE] [--json] [--lang ja|en] [--gateway URL --as WHO --ca FILE --token-file FILE]",
	    "azukari コマンド … [--home DIR] [--key-file FILE] [--passphrase-file FILE] [--json] [--lang ja|en] [--gateway URL --as WHO --ca FILE --token-file FILE]"));
	n = table(cli);
	(void)printf("\n%s\n", cli_say(cli,
	    "azukari help COMMAND shows its options; azukari(1) has everything.",
	    "azukari help コマンド で指定方法を表示します。詳しくは azukari(1) を見てください。"));
	return n;
}
