/* azukari disclosure: a table of one's own, without a home. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/ops/disclosure.h"

struct words {
	const char *delimiter, *k, *suppression, *sensitive, *l, *diversity,
	    *c, *t, *distance, *order, *metric, *aggregate, *balance, *budget;
	struct cli_list rules;
};

struct choice {
	const char *word;
	int value;
};

static const struct choice metrics[] = {
	{"loss", ENGINE_LOSS}, {"precision", ENGINE_PRECISION},
	{"precision-monotone", ENGINE_PRECISION_MONOTONE},
	{"height", ENGINE_HEIGHT}, {"entropy", ENGINE_ENTROPY},
	{"entropy-monotone", ENGINE_ENTROPY_MONOTONE},
	{"entropy-normalised", ENGINE_ENTROPY_NORMALISED},
	{"discernibility", ENGINE_DISCERNIBILITY},
	{"discernibility-monotone", ENGINE_DISCERNIBILITY_MONOTONE},
	{"aecs", ENGINE_CLASS_SIZE}, {"ambiguity", ENGINE_AMBIGUITY},
	{"kl-divergence", ENGINE_DIVERGENCE},
	{"information", ENGINE_INFORMATION},
	{NULL, 0},
};

static const struct choice aggregates[] = {
	{"geometric", ENGINE_GEOMETRIC}, {"arithmetic", ENGINE_ARITHMETIC},
	{"max", ENGINE_MAXIMUM}, {"sum", ENGINE_SUM}, {"rank", ENGINE_RANK},
	{NULL, 0},
};

static const struct choice diversities[] = {
	{"distinct", ENGINE_DISTINCT_L}, {"entropy", ENGINE_ENTROPY_L},
	{"grassberger", ENGINE_GRASSBERGER_L},
	{"recursive", ENGINE_RECURSIVE_CL}, {NULL, 0},
};

static const struct choice distances[] = {
	{"equal", ENGINE_T_EQUAL}, {"ordered", ENGINE_T_ORDERED},
	{"hierarchical", ENGINE_T_HIERARCHICAL}, {NULL, 0},
};

static const struct choice orders[] = {
	{"text", 0}, {"number", 1}, {NULL, 0},
};

static enum err bad(struct cli *cli, const char *option, const char *text)
{
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "%s does not take \"%s\"", "%sに「%s」は使えません", option, text);
}

static enum err choose(struct cli *cli, const char *option, const char *text,
    const struct choice *all, int *ret)
{
	if (text == NULL)
		return ERR_OK;
	for (; all->word != NULL; all++)
		if (strcmp(all->word, text) == 0) {
			*ret = all->value;
			return ERR_OK;
		}
	return bad(cli, option, text);
}

static enum err number(struct cli *cli, const char *option, const char *text,
    double min, double max, double *ret)
{
	char *end = NULL;
	double x;

	if (text == NULL)
		return ERR_OK;
	x = strtod(text, &end);
	if (end == text || *end != '\0' || !(x >= min && x <= max))
		return bad(cli, option, text);
	*ret = x;
	return ERR_OK;
}

/* `1500` evaluations, `1500ms` or `20s`. */
static enum err budget(struct cli *cli, const char *text,
    struct disclosure_args *a)
{
	char *end = NULL;
	double x;

	if (text == NULL)
		return ERR_OK;
	x = strtod(text, &end);
	if (end == text || !(x > 0 && x < 1e15))
		return bad(cli, "--budget", text);
	if (*end == '\0')
		a->nodes_max = (uint64_t)x;
	else if (strcmp(end, "ms") == 0 || strcmp(end, "s") == 0)
		a->budget_ms = (uint64_t)(*end == 's' ? x * 1000 : x) + 1;
	else
		return bad(cli, "--budget", text);
	return ERR_OK;
}

/* ---- rules ---- */

static enum err add_rule(struct cli *cli, struct disclosure_args *a,
    const char *column, size_t len)
{
	struct disclosure_rule *r = &a->rules[a->rules_len];

	if (a->rules_len == ENGINE_RULES_MAX)
		return outcome_refuse(&cli->outcome, ERR_LIMIT,
		    "more than %d rules", "規則が%dを超えます",
		    ENGINE_RULES_MAX);
	*r = (struct disclosure_rule){.c = 1,
	    .column = bytes_of((const uint8_t *)column, len)};
	a->rules_len++;
	return ERR_OK;
}

static enum err set_model(struct cli *cli, const char *option,
    const char *word, const struct choice *all, int otherwise,
    struct disclosure_rule *r)
{
	int model = otherwise;

	RETURN_IF(choose(cli, option, word, all, &model));
	r->model = (enum engine_model)model;
	return ERR_OK;
}

/* --sensitive with --l and its kind, --t and its distance, or both. */
static enum err read_rule(struct cli *cli, const struct words *w,
    struct disclosure_args *a)
{
	struct disclosure_rule *r;

	if ((w->sensitive == NULL) != (w->l == NULL && w->t == NULL))
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "--sensitive COLUMN goes with --l or --t",
		    "--sensitive COLUMN は --l か --t と組み合わせてください");
	if (w->l != NULL) {
		RETURN_IF(add_rule(cli, a, w->sensitive,
		    strlen(w->sensitive)));
		r = &a->rules[a->rules_len - 1];
		RETURN_IF(set_model(cli, "--diversity", w->diversity,
		    diversities, w->c != NULL ? ENGINE_RECURSIVE_CL :
		    ENGINE_DISTINCT_L, r));
		RETURN_IF(number(cli, "--l", w->l, 1, 1e6, &r->l));
		RETURN_IF(number(cli, "--c", w->c, 1e-9, 1e9, &r->c));
	}
	if (w->t != NULL) {
		RETURN_IF(add_rule(cli, a, w->sensitive,
		    strlen(w->sensitive)));
		r = &a->rules[a->rules_len - 1];
		RETURN_IF(set_model(cli, "--distance", w->distance, distances,
		    ENGINE_T_EQUAL, r));
		RETURN_IF(number(cli, "--t", w->t, 0, 1, &r->t));
	}
	return ERR_OK;
}

/* COLUMN:KIND:NUMBER, or COLUMN:recursive:L:C; the column may have colons. */
static enum err read_rule_text(struct cli *cli, const char *text,
    struct disclosure_args *a)
{
	static const struct choice kinds[] = {
		{":distinct:", ENGINE_DISTINCT_L},
		{":entropy:", ENGINE_ENTROPY_L},
		{":grassberger:", ENGINE_GRASSBERGER_L},
		{":recursive:", ENGINE_RECURSIVE_CL},
		{":equal:", ENGINE_T_EQUAL}, {":ordered:", ENGINE_T_ORDERED},
		{":hierarchical:", ENGINE_T_HIERARCHICAL},
		{":disclosure:", ENGINE_DISCLOSURE},
		{":likeness:", ENGINE_LIKENESS},
		{":enhanced-likeness:", ENGINE_LIKENESS_ENHANCED}, {NULL, 0},
	};
	const struct choice *kind = kinds;
	struct disclosure_rule *r;
	const char *at = NULL;
	char first[32];
	size_t len;

	while (kind->word != NULL && (at = strstr(text, kind->word)) == NULL)
		kind++;
	if (at == NULL || at == text)
		return bad(cli, "--rule", text);
	RETURN_IF(add_rule(cli, a, text, (size_t)(at - text)));
	r = &a->rules[a->rules_len - 1];
	r->model = (enum engine_model)kind->value;
	at += strlen(kind->word);
	len = strcspn(at, r->model == ENGINE_RECURSIVE_CL ? ":" : "");
	if (len >= sizeof(first) ||
	    (r->model == ENGINE_RECURSIVE_CL) != (at[len] == ':'))
		return bad(cli, "--rule", text);
	memcpy(first, at, len);
	first[len] = '\0';
	if (r->model >= ENGINE_DISCLOSURE)
		return number(cli, "--rule", first, 1e-9, 1e9, &r->t);
	if (r->model >= ENGINE_T_EQUAL)
		return number(cli, "--rule", first, 0, 1, &r->t);
	RETURN_IF(number(cli, "--rule", first, 1, 1e6, &r->l));
	return at[len] == '\0' ? ERR_OK : number(cli, "--rule", at + len + 1,
	    1e-9, 1e9, &r->c);
}

static enum err read_words(struct cli *cli, const struct words *w,
    struct disclosure_args *a)
{
	int metric = ENGINE_LOSS, aggregate = ENGINE_DEFAULT;
	double k = 1;

	a->delimiter = ';';
	if (w->delimiter != NULL && (strlen(w->delimiter) != 1 ||
	    strchr("\"\r\n", w->delimiter[0]) != NULL) &&
	    strcmp(w->delimiter, "\\t") != 0)
		return bad(cli, "--delimiter", w->delimiter);
	if (w->delimiter != NULL)
		a->delimiter = w->delimiter[0] == '\\' ? '\t' :
		    w->delimiter[0];
	RETURN_IF(number(cli, "--k", w->k, 1, 1e9, &k));
	if (k != (double)(unsigned)k)
		return bad(cli, "--k", w->k);
	a->k = (unsigned)k;
	RETURN_IF(number(cli, "--suppression", w->suppression, 0, 1,
	    &a->limit));
	RETURN_IF(choose(cli, "--metric", w->metric, metrics, &metric));
	RETURN_IF(choose(cli, "--aggregate", w->aggregate, aggregates,
	    &aggregate));
	RETURN_IF(choose(cli, "--order", w->order, orders,
	    &a->numeric_order));
	a->metric = (enum engine_metric)metric;
	a->aggregate = (enum engine_aggregate)aggregate;
	a->has_balance = w->balance != NULL;
	RETURN_IF(number(cli, "--balance", w->balance, 0, 1, &a->balance));
	RETURN_IF(budget(cli, w->budget, a));
	RETURN_IF(read_rule(cli, w, a));
	for (size_t i = 0; i < w->rules.len; i++)
		RETURN_IF(read_rule_text(cli, w->rules.items[i], a));
	return ERR_OK;
}

/* ---- what comes out ---- */

static double ratio(uint64_t a, uint64_t b)
{
	return b == 0 ? 0 : (double)a / (double)b;
}

/* Rows that are suppressed are one class of their own in the second reading,
 * as in ARX; in the first they are not there. */
static struct json_doc *risks(const struct engine_result *r)
{
	struct json_doc *o = json_doc_new_object();
	uint64_t kept = r->respondents - r->suppressed_respondents;
	double average = ratio(r->groups, r->sum_of_sizes);

	json_doc_set_real(o, "prosecutor_highest", ratio(r->groups > 0,
	    r->smallest));
	json_doc_set_real(o, "prosecutor_average", average);
	json_doc_set_real(o, "journalist_highest", ratio(r->groups > 0,
	    r->smallest));
	json_doc_set_real(o, "journalist_average", average);
	json_doc_set_real(o, "marketer", average);
	json_doc_set_real(o, "sample_uniqueness", r->smallest == 1 ?
	    ratio(1, kept) : 0);
	json_doc_set_real(o, "with_suppressed_as_a_class",
	    ratio(r->groups + (r->suppressed_respondents > 0),
	    r->respondents));
	json_doc_set_real(o, "input_average", ratio(r->tuples,
	    r->respondents));
	json_doc_set_real(o, "input_uniqueness", ratio(r->sample_uniques,
	    r->respondents));
	return o;
}

static struct json_doc *columns(const struct disclosure_done *d)
{
	struct json_doc *all = json_doc_new_array();

	for (size_t i = 0; i < d->table.columns_len; i++) {
		const struct disclosure_column *c = &d->table.columns[i];
		struct json_doc *o = json_doc_new_object();

		json_doc_set_string(o, "name", c->name);
		json_doc_set_int(o, "level", d->result.levels[i]);
		json_doc_set_int(o, "levels", hierarchy_levels(c->hierarchy));
		json_doc_set_real(o, "loss", d->result.column_loss[i]);
		json_doc_add(all, o);
	}
	return all;
}

static void set_counts(struct json_doc *o, const struct engine_result *r)
{
	json_doc_set_int(o, "suppressed", (int64_t)r->suppressed_rows);
	json_doc_set_int(o, "suppressed_respondents",
	    (int64_t)r->suppressed_respondents);
	json_doc_set_int(o, "groups", (int64_t)r->groups);
	json_doc_set_int(o, "rows", (int64_t)r->rows);
	json_doc_set_int(o, "respondents", (int64_t)r->respondents);
	json_doc_set_int(o, "distinct", (int64_t)r->tuples);
	json_doc_set_int(o, "smallest", (int64_t)r->smallest);
	json_doc_set_int(o, "largest", (int64_t)r->largest);
	json_doc_set_real(o, "average", ratio(r->sum_of_sizes, r->groups));
	json_doc_set_int(o, "nodes_evaluated", (int64_t)r->nodes_evaluated);
	json_doc_set_real(o, "nodes", r->nodes);
}

static struct json_doc *result_of(const struct disclosure_done *d)
{
	const struct engine_result *r = &d->result;
	struct json_doc *o = json_doc_new_object();
	struct json_doc *levels = json_doc_new_array();
	struct json_doc *times = json_doc_new_object();

	for (size_t i = 0; i < d->table.columns_len; i++)
		json_doc_add_int(levels, r->levels[i]);
	json_doc_set(o, "levels", levels);
	json_doc_set_real(o, "loss", r->loss);
	set_counts(o, r);
	json_doc_set_bool(o, "optimal", r->optimal);
	json_doc_set_real(o, "bound", r->bound);
	json_doc_set(o, "columns", columns(d));
	json_doc_set(o, "risks", risks(r));
	json_doc_set_real(times, "read_ms", d->read_ms);
	json_doc_set_real(times, "search_ms", d->search_ms);
	json_doc_set(o, "times", times);
	return o;
}

static void print_people(const struct disclosure_done *d)
{
	const struct engine_result *r = &d->result;

	for (size_t i = 0; i < d->table.columns_len; i++)
		printf("%-24s level %u of %u  loss %.6f\n",
		    d->table.columns[i].name, r->levels[i],
		    hierarchy_levels(d->table.columns[i].hierarchy) - 1,
		    r->column_loss[i]);
	printf("loss %.12g, ", r->loss);
	if (r->optimal)
		printf("proved: no vector of levels is below\n");
	else
		printf("not proved: none is below %.12g (gap %.6g)\n",
		    r->bound, r->loss - r->bound);
	printf("suppressed %llu of %llu rows; %llu classes of %llu to %llu\n",
	    (unsigned long long)r->suppressed_rows,
	    (unsigned long long)r->rows, (unsigned long long)r->groups,
	    (unsigned long long)r->smallest, (unsigned long long)r->largest);
	printf("prosecutor risk: highest %.6g, average %.6g\n",
	    ratio(r->groups > 0, r->smallest),
	    ratio(r->groups, r->sum_of_sizes));
	printf("%llu of %.0f vectors evaluated; read %.1f ms, search %.1f "
	    "ms\n", (unsigned long long)r->nodes_evaluated, r->nodes,
	    d->read_ms, d->search_ms);
}

static enum err conclude(struct cli *cli, const struct disclosure_done *d,
    enum err e)
{
	if (e == ERR_UNSUPPORTED)
		return outcome_refuse(&cli->outcome, e,
		    "where a respondent has several rows there is no "
		    "sensitive column, and with --joined no metric of classes",
		    "一人に複数の行があるときは機微な列は使えず、--joined "
		    "ではクラスの尺度も使えません");
	if (e != ERR_OK && (e != ERR_REFUSED || d->result.rows == 0))
		return e;
	cli->spread = 1;        /* scripts of analysts look there */
	if (e == ERR_OK && cli->json)
		cli->result = result_of(d);
	else if (e == ERR_OK)
		print_people(d);
	if (e == ERR_OK)
		return ERR_OK;
	return outcome_refuse(&cli->outcome, e, d->result.optimal ?
	    "no vector of levels keeps to the rules within the limit" :
	    "the budget ended before a vector was found",
	    d->result.optimal ?
	    "上限内で規則を満たす一般化レベルの組み合わせはありません" :
	    "見つかる前に予算が尽きました");
}

static enum err run_disclosure(struct cli *cli, struct cli_args args)
{
	CLEANUP(disclosure_done_release) struct disclosure_done d = {0};
	struct disclosure_args a = {0};
	struct words w = {0};
	const struct cli_option options[] = {
		{"--delimiter", CLI_TEXT, &w.delimiter},
		{"--hierarchies", CLI_TEXT, &a.hierarchies},
		{"--quasi", CLI_TEXT, &a.quasi},
		{"--respondent", CLI_TEXT, &a.respondent},
		{"--joined", CLI_FLAG, &a.joined},
		{"--k", CLI_TEXT, &w.k},
		{"--suppression", CLI_TEXT, &w.suppression},
		{"--sensitive", CLI_TEXT, &w.sensitive},
		{"--rule", CLI_LIST, &w.rules},
		{"--l", CLI_TEXT, &w.l},
		{"--diversity", CLI_TEXT, &w.diversity},
		{"--c", CLI_TEXT, &w.c},
		{"--t", CLI_TEXT, &w.t},
		{"--distance", CLI_TEXT, &w.distance},
		{"--order", CLI_TEXT, &w.order},
		{"--sensitive-hierarchy", CLI_TEXT, &a.sensitive_hierarchy},
		{"--metric", CLI_TEXT, &w.metric},
		{"--aggregate", CLI_TEXT, &w.aggregate},
		{"--balance", CLI_TEXT, &w.balance},
		{"--weights", CLI_TEXT, &a.weights},
		{"--budget", CLI_TEXT, &w.budget},
		{"-o", CLI_TEXT, &a.out},
		{"--drop", CLI_FLAG, &a.drop},
	};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	a.file = args.items[0];
	if (a.quasi == NULL || a.hierarchies == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give --quasi NAME,… and --hierarchies DIR",
		    "--quasi NAME,… と --hierarchies DIR を指定してください");
	if (a.joined && a.respondent == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "--joined goes with --respondent NAME",
		    "--joined は --respondent NAME と組み合わせてください");
	RETURN_IF(read_words(cli, &w, &a));
	return conclude(cli, &d, disclosure_run(&a, &d, &cli->outcome));
}

static const struct cli_command rows[] = {
	{"disclosure", "FILE.csv --hierarchies DIR --quasi NAME,NAME... "
	    "[--delimiter C] [--k K] [--suppression SHARE] [--respondent NAME "
	    "[--joined]] [--sensitive NAME [--l L] [--t T]] [--diversity KIND] [--c C] "
	    "[--distance KIND] [--rule NAME:KIND:N[:C]]... [--order text|number] "
	    "[--sensitive-hierarchy FILE] [--metric NAME] [--aggregate NAME] "
	    "[--balance B] [--weights NAME=W,...] [--budget N|Ns] "
	    "[-o OUT.csv] [--drop]",
	    "generalise a table of one's own with the least loss",
	    "手元の表を損失最小で一般化する", run_disclosure},
};

const struct commands_group disclosure_commands = {rows, ARRAY_LEN(rows)};
