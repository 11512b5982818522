/* azukari ladder: made by rule, and looked at; no home. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/ops/ladders.h"
#include "core/clock.h"

/* ---- words ---- */

struct words {
	const char *first, *last, *widths, *bottom, *top, *form, *delimiter;
	const char *out;
};

static enum err bad(struct cli *cli, const char *option, const char *text)
{
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "%s does not take \"%s\"", "%sに「%s」は使えません", option, text);
}

static enum err whole(struct cli *cli, const char *option, const char *text,
    int64_t *ret)
{
	char *end = NULL;
	long long n;

	if (text == NULL)
		return ERR_OK;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0)
		return bad(cli, option, text);
	*ret = n;
	return ERR_OK;
}

static enum err widths(struct cli *cli, const char *text,
    struct builder_bands *b)
{
	const char *at = text;
	char *end = NULL;

	for (b->widths_len = 0; at != NULL; b->widths_len++) {
		errno = 0;
		if (b->widths_len == BUILDER_LEVELS_MAX)
			return bad(cli, "--widths", text);
		b->widths[b->widths_len] = strtoll(at, &end, 10);
		if (end == at || (*end != ',' && *end != '\0') || errno != 0)
			return bad(cli, "--widths", text);
		at = *end == ',' ? end + 1 : NULL;
	}
	return ERR_OK;
}

static enum err delimiter_of(struct cli *cli, const char *text, char *ret)
{
	*ret = ';';
	if (text == NULL)
		return ERR_OK;
	if (strcmp(text, "\\t") == 0)
		*ret = '\t';
	else if (strlen(text) == 1 && strchr("\"\r\n", text[0]) == NULL)
		*ret = text[0];
	else
		return bad(cli, "--delimiter", text);
	return ERR_OK;
}

static enum err out_of(struct cli *cli, const struct words *w,
    struct ladders_out *ret)
{
	if (w->out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give -o FILE", "-o FILE を指定してください");
	*ret = (struct ladders_out){.path = w->out};
	RETURN_IF(delimiter_of(cli, w->delimiter, &ret->delimiter));
	if (w->form != NULL && strcmp(w->form, "owner") == 0)
		ret->form = LADDERS_OWNER;
	else if (w->form != NULL && strcmp(w->form, "arx") != 0)
		return bad(cli, "--form", w->form);
	if (ret->form == LADDERS_OWNER && ret->delimiter != ';')
		return bad(cli, "--delimiter", w->delimiter);
	return ERR_OK;
}

/* ---- numbers ---- */

static enum err run_bands(struct cli *cli, struct words *w)
{
	struct builder_bands b = {.has_bottom = w->bottom != NULL,
	    .has_top = w->top != NULL};
	struct ladders_out to;
	int64_t first = 0, last = 0;

	RETURN_IF(out_of(cli, w, &to));
	RETURN_IF(widths(cli, w->widths, &b));
	RETURN_IF(whole(cli, "--bottom", w->bottom, &b.bottom));
	RETURN_IF(whole(cli, "--top", w->top, &b.top));
	RETURN_IF(whole(cli, "--first", w->first, &first));
	RETURN_IF(whole(cli, "--last", w->last, &last));
	return ladders_numbers(&b, first, last, &to, &cli->outcome);
}

static enum err read_words(struct cli *cli, struct cli_args *args,
    struct words *w)
{
	const struct cli_option options[] = {
		{"--first", CLI_TEXT, &w->first},
		{"--last", CLI_TEXT, &w->last},
		{"--widths", CLI_TEXT, &w->widths},
		{"--bottom", CLI_TEXT, &w->bottom},
		{"--top", CLI_TEXT, &w->top},
		{"--form", CLI_TEXT, &w->form},
		{"--delimiter", CLI_TEXT, &w->delimiter},
		{"-o", CLI_TEXT, &w->out},
	};

	return cli_options(cli, args, options, ARRAY_LEN(options), 0, 0);
}

static enum err run_age(struct cli *cli, struct cli_args args)
{
	struct words w = {.first = "0", .last = "120", .widths = "5,10,20",
	    .top = "90"};

	RETURN_IF(read_words(cli, &args, &w));
	return run_bands(cli, &w);
}

static enum err run_number(struct cli *cli, struct cli_args args)
{
	struct words w = {0};

	RETURN_IF(read_words(cli, &args, &w));
	if (w.widths == NULL || ((w.first == NULL || w.last == NULL) &&
	    (w.form == NULL || strcmp(w.form, "owner") != 0)))
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --widths N,N,… and --first N --last N (not needed with --form owner)",
		    "--widths N,N,… と --first N --last N を指定してください（--form owner では後の二つは不要です）");
	return run_bands(cli, &w);
}

/* ---- days ---- */

static enum err day_of(struct cli *cli, const char *option, const char *text,
    int32_t *ret)
{
	if (text != NULL && clock_parse_date(bytes_str(text), ret) != ERR_OK)
		return bad(cli, option, text);
	return ERR_OK;
}

static enum err run_date(struct cli *cli, struct cli_args args)
{
	struct words w = {0};
	struct ladders_out to;
	int32_t first = 0, last = 0;
	int weeks = 0;
	const struct cli_option options[] = {
		{"--first", CLI_TEXT, &w.first},
		{"--last", CLI_TEXT, &w.last},
		{"--weeks", CLI_FLAG, &weeks},
		{"--form", CLI_TEXT, &w.form},
		{"--delimiter", CLI_TEXT, &w.delimiter},
		{"-o", CLI_TEXT, &w.out},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 0));
	RETURN_IF(out_of(cli, &w, &to));
	if (to.form == LADDERS_ARX && (w.first == NULL || w.last == NULL))
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --first DAY --last DAY (not needed with --form owner)",
		    "--first DAY --last DAY を指定してください（--form owner では不要です）");
	RETURN_IF(day_of(cli, "--first", w.first, &first));
	RETURN_IF(day_of(cli, "--last", w.last, &last));
	return ladders_days(weeks, first, last, &to, &cli->outcome);
}

/* ---- places ---- */

/* `14` or `13,14`. */
static enum err prefectures_of(struct cli *cli, const char *text,
    uint64_t *ret)
{
	for (const char *at = text; at != NULL;) {
		size_t len = strcspn(at, ",");
		long n = len == 2 ? strtol(at, NULL, 10) : 0;

		if (n < 1 || n > BUILDER_PREFECTURES)
			return bad(cli, "--prefecture", text);
		*ret |= UINT64_C(1) << n;
		at = at[len] == ',' ? at + len + 1 : NULL;
	}
	return ERR_OK;
}

static enum err run_postcode(struct cli *cli, struct cli_args args)
{
	struct ladders_places in = {0};
	struct words w = {0};
	const char *prefectures = NULL;
	struct ladders_out to;
	const struct cli_option options[] = {
		{"--areas", CLI_TEXT, &in.areas},
		{"--prefecture", CLI_TEXT, &prefectures},
		{"--leave-crossing", CLI_FLAG, &in.leave_crossing},
		{"--form", CLI_TEXT, &w.form},
		{"--delimiter", CLI_TEXT, &w.delimiter},
		{"-o", CLI_TEXT, &w.out},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1,
	    CLI_LIST_MAX));
	in.files = args.items;
	in.files_len = args.len;
	RETURN_IF(out_of(cli, &w, &to));
	RETURN_IF(prefectures_of(cli, prefectures, &in.prefectures));
	return ladders_postcodes(&in, &to, &cli->outcome);
}

/* ---- looking ---- */

static enum err run_check(struct cli *cli, struct cli_args args)
{
	const char *survey = NULL, *field = NULL, *delimiter = NULL;
	const struct cli_option options[] = {
		{"--survey", CLI_TEXT, &survey},
		{"--field", CLI_TEXT, &field},
		{"--delimiter", CLI_TEXT, &delimiter},
	};
	struct ladders_found found = {0};
	char c = ';';

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	if ((survey == NULL) != (field == NULL))
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "--survey FILE goes with --field NAME",
		    "--survey FILE と --field NAME は組み合わせてください");
	RETURN_IF(delimiter_of(cli, delimiter, &c));
	RETURN_IF(ladders_check(args.items[0], survey, field, c, &found,
	    &cli->outcome));
	cli->result = json_doc_new_object();
	json_doc_set_string(cli->result, "sha256", found.sha256);
	json_doc_set_int(cli->result, "levels", found.levels);
	json_doc_set_int(cli->result, "values", (int64_t)found.values);
	if (!cli->json)
		(void)printf("%s: %u %s, %zu %s, sha256 %s\n", args.items[0],
		    found.levels, cli_say(cli, "levels", "段階"),
		    found.values, cli_say(cli, "values", "値"),
		    found.sha256);
	return ERR_OK;
}

static const struct cli_command rows[] = {
	{"ladder age", "[--widths N,N...] [--bottom N] [--top N] [--first N] "
	    "[--last N] [--form arx|owner] [--delimiter C] -o FILE",
	    "make a ladder of ages", "年齢の一般化表を作る", run_age},
	{"ladder number", "--widths N,N... --first N --last N [--bottom N] "
	    "[--top N] [--form arx|owner] [--delimiter C] -o FILE",
	    "make a ladder of whole numbers", "整数の一般化表を作る",
	    run_number},
	{"ladder date", "--first DAY --last DAY [--weeks] "
	    "[--form arx|owner] [--delimiter C] -o FILE",
	    "make a ladder of days", "日付の一般化表を作る", run_date},
	{"ladder postcode", "KEN_ALL.CSV... [--areas FILE] "
	    "[--prefecture NN,NN...] [--leave-crossing] [--form arx|owner] "
	    "[--delimiter C] -o FILE",
	    "make a ladder of Japanese postcodes",
	    "郵便番号の一般化表を作る", run_postcode},
	{"ladder check", "FILE [--survey FILE --field NAME] [--delimiter C]",
	    "is it a tree, and complete for a field",
	    "木になっているか、項目の値が揃っているかを確かめる", run_check},
};

const struct commands_group ladders_commands = {rows, ARRAY_LEN(rows)};
