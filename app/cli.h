/* app/cli.h - the command line: words in, text out.
 *
 * A command is one row of a table: its words, usage, summaries and a function.
 * Options are declared beside the function.  Data goes to standard output,
 * everything else to standard error.  Exit codes are the manual's.
 */
#ifndef AZUKARI_APP_CLI_H
#define AZUKARI_APP_CLI_H

#include <stdint.h>

#include "app/outcome.h"
#include "core/json_doc.h"

struct cli {
	const char *home;          /* --home or AZUKARI_HOME; NULL when absent */
	int home_given;            /* by --home */
	const char *key_file;      /* --key-file: unlocks the gateway key */
	const char *passphrase_file;  /* --passphrase-file */
	int passphrase_fd;         /* --passphrase-fd; -1 when absent */
	const char *gateway;       /* --gateway: a service instead of a home */
	const char *ca;            /* --ca: who certifies it */
	const char *as;            /* --as: who asks */
	const char *token_file;    /* --token-file */
	const char *identity;      /* --identity, where a command takes it */
	int json;                  /* --json */
	int japanese;              /* LANG or --lang */
	int quiet;                 /* --quiet */
	const char *output;        /* -o of the command; NULL when absent */
	struct outcome outcome;
	struct json_doc *result;   /* what --json prints; owned, may be NULL */
	int spread;                /* its members also beside "result" */
};

enum cli_option_kind {
	CLI_TEXT,      /* const char ** */
	CLI_FLAG,      /* int * */
	CLI_NUMBER,    /* uint64_t *, decimal */
	CLI_LIST,      /* struct cli_list *: the option may be repeated */
};

#define CLI_LIST_MAX 64
struct cli_list {
	const char *items[CLI_LIST_MAX];
	size_t len;
};

struct cli_option {
	const char *name;          /* "--seat" or "-o" */
	enum cli_option_kind kind;
	void *value;
};

/* What a command was given besides options. */
struct cli_args {
	const char **items;        /* borrowed from argv */
	size_t len;
};

struct cli_command {
	const char *words;         /* "plan pack": one to three words */
	const char *usage;         /* "PLAN --seat NAME -o FILE" */
	const char *summary_en, *summary_ja;
	enum err (*run)(struct cli *cli, struct cli_args args);
	int remote;                /* --gateway in place of a home will do */
};

/* Sort ${args} into ${options} (${count} of them) and the plain words, which
 * stay in ${args}.  "--NAME=VALUE" is "--NAME VALUE"; "--" ends the options;
 * "-" is a plain word.  ERR_USAGE
 * with a sentence.  ${min}..${max} plain words are required. */
enum err cli_options(struct cli *cli, struct cli_args *args,
    const struct cli_option *options, size_t count, size_t min,
    size_t max) MUST_USE;

/* 1 where ${word} is this option; ${ret_value} is what stands behind "=" in it
 * (borrowed), or NULL. */
int cli_option_is(const struct cli_option *o, const char *word,
    const char **ret_value);

/* Choose one of two texts by language. */
const char *cli_say(const struct cli *cli, const char *en, const char *ja);

/* A sentence to standard error (silent with --quiet or --json). */
void cli_tell(struct cli *cli, const char *en, const char *ja, ...);

/* The file that an error from now on is about; "" none. */
void cli_name_file(struct cli *cli, const char *path);

/* Print outcome lines and the error; with --json one object with "command",
 * "error", "exit", "lines" and "result" on standard output.  Releases what
 * ${cli} owns.  Returns the exit code. */
int cli_finish(struct cli *cli, const char *command, enum err e);

/* Aligned tables on standard output: first row is the heading. */
#define CLI_TABLE_COLUMNS_MAX 12
struct cli_table {
	size_t columns;
	char **cells;
	size_t len, cap;
};
void cli_table_release(struct cli_table *t);
/* Adds one row of t->columns texts (copied); NULL prints as "-". */
void cli_table_row(struct cli_table *t, const char *const *cells);
void cli_table_print(const struct cli_table *t);

/* Progress on a terminal: rate, count, time left; nothing in a pipe. */
struct cli_progress {
	struct cli *cli;
	const char *en, *ja;       /* what is counted */
	uint64_t total;            /* 0 when unknown */
	int64_t started_ms, shown_ms;
};
void cli_progress_begin(struct cli_progress *p, struct cli *cli,
    const char *en, const char *ja, uint64_t total);
void cli_progress_at(struct cli_progress *p, uint64_t done);
void cli_progress_end(struct cli_progress *p);

#endif
