/* app/cmd/commands.h - the table of all commands, in groups.
 *
 * One file per group: its rows and their functions, and one `struct
 * commands_group` named after the file, declared here and listed in
 * commands.c.
 */
#ifndef AZUKARI_APP_CMD_COMMANDS_H
#define AZUKARI_APP_CMD_COMMANDS_H

#include "app/cli.h"

struct commands_group {
	const struct cli_command *rows;
	size_t len;
};

extern const struct commands_group disclosure_commands;
extern const struct commands_group enrol_commands;
extern const struct commands_group intake_commands;
extern const struct commands_group sources_commands;
extern const struct commands_group ledger_commands;
extern const struct commands_group ledger_verify_commands;
extern const struct commands_group ledger_report_commands;
extern const struct commands_group partner_commands;
extern const struct commands_group status_commands;
extern const struct commands_group withdraw_commands;
extern const struct commands_group rules_commands;
extern const struct commands_group ask_commands;
extern const struct commands_group export_commands;
extern const struct commands_group seats_commands;
extern const struct commands_group officer_commands;
extern const struct commands_group plan_commands;
extern const struct commands_group witness_commands;
extern const struct commands_group byterelease_commands;
extern const struct commands_group reident_commands;
extern const struct commands_group serve_commands;
extern const struct commands_group remote_commands;
extern const struct commands_group ladders_commands;
extern const struct commands_group line_commands;

/* The row whose words begin ${args}; consumes them.  NULL: none. */
const struct cli_command *commands_find(struct cli_args *args);

/* Prints the table of commands (${words} NULL), or the usage of those whose
 * words begin with ${words}; how many these are. */
size_t commands_help(const struct cli *cli, const char *words);

#endif
