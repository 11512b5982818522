#include "app/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fs.h"

const char *cli_say(const struct cli *cli, const char *en, const char *ja)
{
	return cli->japanese ? ja : en;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
void cli_tell(struct cli *cli, const char *en, const char *ja, ...)
{
	va_list ap;

	if (cli->quiet || cli->json)
		return;
	va_start(ap, ja);
	(void)vfprintf(stderr, cli_say(cli, en, ja), ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}
#pragma GCC diagnostic pop

void cli_name_file(struct cli *cli, const char *path)
{
	(void)snprintf(cli->outcome.info.file, sizeof(cli->outcome.info.file),
	    "%s", path);
}

static enum err parse_number(const char *text, uint64_t *ret)
{
	char *end = NULL;
	unsigned long long v;

	if (text[0] < '0' || text[0] > '9')
		return ERR_USAGE;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0')
		return ERR_USAGE;
	*ret = v;
	return ERR_OK;
}

static enum err option_value(const struct cli_option *o, const char *text)
{
	if (o->kind == CLI_TEXT) {
		*(const char **)o->value = text;
		return ERR_OK;
	}
	if (o->kind == CLI_NUMBER)
		return parse_number(text, o->value);
	struct cli_list *list = o->value;

	if (list->len == CLI_LIST_MAX)
		return ERR_USAGE;
	list->items[list->len++] = text;
	return ERR_OK;
}

int cli_option_is(const struct cli_option *o, const char *word,
    const char **ret_value)
{
	size_t len = strlen(o->name);

	*ret_value = NULL;
	if (strncmp(word, o->name, len) != 0)
		return 0;
	if (word[len] == '=' && word[1] == '-')
		*ret_value = word + len + 1;
	return word[len] == '\0' || *ret_value != NULL;
}

static const struct cli_option *option_find(const struct cli_option *options,
    size_t count, const char *word, const char **ret_value)
{
	for (size_t i = 0; i < count; i++)
		if (cli_option_is(&options[i], word, ret_value))
			return &options[i];
	return NULL;
}

/* Takes the option at ${i}; advances ${i} past its value where that is not
 * ${value}, which the word itself holds. */
static enum err take_option(struct cli *cli, const struct cli_args *args,
    const struct cli_option *o, const char *value, size_t *i)
{
	if (o->kind == CLI_FLAG) {
		if (value != NULL)
			return outcome_refuse(&cli->outcome, ERR_USAGE,
			    "option %s takes no value",
			    "オプション%sは値をとりません", o->name);
		*(int *)o->value = 1;
		return ERR_OK;
	}
	if (value == NULL && *i + 1 == args->len)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "option %s needs a value", "オプション%sには値が必要です",
		    o->name);
	if (value == NULL)
		value = args->items[++*i];
	if (option_value(o, value) != ERR_OK)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "option %s cannot take this value",
		    "オプション%sの値が正しくありません", o->name);
	return ERR_OK;
}

enum err cli_options(struct cli *cli, struct cli_args *args,
    const struct cli_option *options, size_t count, size_t min, size_t max)
{
	size_t kept = 0;
	int plain = 0;

	for (size_t i = 0; i < args->len; i++) {
		const char *word = args->items[i];
		const struct cli_option *o;
		const char *value;

		if (plain || word[0] != '-' || strcmp(word, "-") == 0) {
			args->items[kept++] = word;
			continue;
		}
		if (strcmp(word, "--") == 0) {
			plain = 1;
			continue;
		}
		o = option_find(options, count, word, &value);
		if (o == NULL)
			return outcome_refuse(&cli->outcome, ERR_USAGE,
			    "unknown option %s", "不明なオプション%s", word);
		RETURN_IF(take_option(cli, args, o, value, &i));
		if (strcmp(o->name, "-o") == 0)
			cli->output = args->items[i];
	}
	args->len = kept;
	if (kept < min)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "something is missing; see: azukari help",
		    "指定が足りません。azukari help を見てください");
	if (kept > max)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "too much was given, from \"%s\" on",
		    "「%s」以降が余分です", args->items[max]);
	return ERR_OK;
}

static const char *role_word(const struct cli *cli, enum outcome_role role)
{
	switch (role) {
	case OUTCOME_REASON:
		return cli_say(cli, "reason: ", "理由: ");
	case OUTCOME_HINT:
		return cli_say(cli, "hint: ", "対処: ");
	case OUTCOME_CHECK:
		return cli_say(cli, "checked: ", "確認: ");
	case OUTCOME_WARNING:
		return cli_say(cli, "warning: ", "注意: ");
	case OUTCOME_DONE:
	default:
		return "";
	}
}

static void print_lines(const struct cli *cli)
{
	for (size_t i = 0; i < cli->outcome.len; i++) {
		const struct outcome_line *l = &cli->outcome.lines[i];
		const char *text = cli_say(cli, l->en, l->ja);

		if (text == NULL || (cli->quiet && l->role != OUTCOME_REASON &&
		    l->role != OUTCOME_HINT && l->role != OUTCOME_WARNING))
			continue;
		(void)fprintf(stderr, "azukari: %s%s\n",
		    role_word(cli, l->role), text);
	}
}

static void print_error(const struct cli *cli, enum err e)
{
	const struct err_info *info = &cli->outcome.info;

	(void)fprintf(stderr, "azukari: %s%s\n", cli_say(cli, "error: ",
	    "エラー: "), outcome_error_text(e, cli->japanese));
	if (info->message[0] == '\0' && info->file[0] != '\0')
		(void)fprintf(stderr, "azukari: %s\n", info->file);
	if (info->message[0] == '\0')
		return;
	if (info->line > 0)
		(void)fprintf(stderr, "azukari: %s:%lu: %s\n",
		    info->file[0] ? info->file : "-", info->line,
		    info->message);
	else
		(void)fprintf(stderr, "azukari: %s%s%s\n", info->file,
		    info->file[0] ? ": " : "", info->message);
}

/* What nobody has named, and -o explains: something stands there, or there is
 * no folder for it. */
static void explain_output(struct cli *cli, enum err e)
{
	struct err_info *info = &cli->outcome.info;
	char folder[FS_PATH_MAX];
	char *slash;

	if (cli->output == NULL || info->file[0] != '\0' ||
	    info->message[0] != '\0' ||
	    fs_path(folder, "%s", cli->output) != ERR_OK)
		return;
	slash = strrchr(folder, '/');
	if (slash != NULL && slash != folder)
		*slash = '\0';
	if (e == ERR_EXISTS && fs_exists(cli->output))
		err_note(info, 0, "it is there, and nothing is overwritten");
	else if (e == ERR_NOT_FOUND && slash != NULL && !fs_exists(folder))
		err_note(info, 0, "there is no folder for it");
	else
		return;
	(void)snprintf(info->file, sizeof(info->file), "%s", cli->output);
}

/* Members of the result stand at the top, too, where a command says so. */
static void spread_result(const struct cli *cli, struct json_doc *doc)
{
	const char *key = NULL;

	while ((key = json_doc_next_key(cli->result, key)) != NULL)
		json_doc_set(doc, key,
		    json_doc_copy(json_doc_get(cli->result, key)));
}

static void print_json(struct cli *cli, const char *command, enum err e)
{
	CLEANUP(buf_release) struct buf out = {0};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = json_doc_new_object();

	json_doc_set_string(doc, "command", command);
	outcome_json(&cli->outcome, e, doc);
	if (cli->result != NULL && cli->spread)
		spread_result(cli, doc);
	if (cli->result != NULL)
		json_doc_set(doc, "result", TAKE(cli->result));
	if (json_doc_dump(doc, 0, &out) == ERR_OK)
		(void)fputs(buf_text(&out), stdout);
}

/* A folder where a file is wanted is no fault of a disk. */
static enum err explain_folder(struct cli *cli, enum err e)
{
	struct err_info *info = &cli->outcome.info;

	if (e != ERR_IO || info->message[0] != '\0' || !fs_is_folder(info->file))
		return e;
	return err_at(info, ERR_USAGE, 0, "this is a folder");
}

int cli_finish(struct cli *cli, const char *command, enum err e)
{
	int code;

	e = explain_folder(cli, e);
	code = outcome_exit_code(e);
	explain_output(cli, e);
	if (cli->json) {
		print_json(cli, command, e);
	} else {
		print_lines(cli);
		if (e != ERR_OK)
			print_error(cli, e);
	}
	outcome_release(&cli->outcome);
	json_doc_free(TAKE(cli->result));
	if (fflush(stdout) != 0 && code == 0)
		code = outcome_exit_code(ERR_IO);
	return code;
}
