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

static void help_of(const struct cli *cli, const struct cli_command *c,
    const char *word, struct cli_table *t)
{
	const char *row[2] = {c->words, cli_say(cli, c->summary_en,
	    c->summary_ja)};

	if (word == NULL)
		cli_table_row(t, row);
	else if (strncmp(c->words, word, strlen(word)) == 0)
		usage_of(cli, c);
}

void commands_help(const struct cli *cli, const char *word)
{
	CLEANUP(cli_table_release) struct cli_table t = {.columns = 2};

	for (size_t g = 0; g < ARRAY_LEN(groups); g++)
		for (size_t i = 0; i < groups[g]->len; i++)
			help_of(cli, &groups[g]->rows[i], word, &t);
	if (word != NULL)
		return;
	(void)printf("%s\n\n", cli_say(cli,
	    "azukari COMMAND … [--home DIR] [--key-file FILE] [--passphrase-file FILE] [--json] [--lang ja|en] [--gateway URL --as WHO --ca FILE --token-file FILE]",
	    "azukari コマンド … [--home DIR] [--key-file FILE] [--passphrase-file FILE] [--json] [--lang ja|en] [--gateway URL --as WHO --ca FILE --token-file FILE]"));
	cli_table_print(&t);
	(void)printf("\n%s\n", cli_say(cli,
	    "azukari help COMMAND shows its options; azukari(1) has everything.",
	    "azukari help コマンド で指定方法を表示します。詳しくは azukari(1) を見てください。"));
}
