/* tools/generate/main.c - azukari-generate: synthetic residents of one
 * prefecture, as their LINE account would have delivered them. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "survey/account.h"
#include "tools/generate/random.h"
#include "tools/generate/schedule.h"
#include "tools/generate/writer.h"

#define CONSENT_BEFORE_S 90

static const char usage[] =
    "usage: azukari-generate --owner NN --rows N [OPTION...]\n"
    "  --seed S               which residents (default 1)\n"
    "  --format ndjson|csv|mapping   mapping: the document that reads the csv\n"
    "  --survey NAME/VERSION  default corona/1\n"
    "  --consent-text sha256:HEX     text consented to; up to 8 times\n"
    "  --days FROM..TO        default 2020-03-27..2020-05-07\n"
    "  --follow-up-rate R     goes on answering each week (default 0.25)\n"
    "  --withdrawal-rate R    withdraws within two weeks (default 0.01)\n"
    "  --no-consent-rate R    gives none for research (default 0.05)\n"
    "  --bad-rate R           broken lines beside the good (default 0)\n";

enum format { FORMAT_NDJSON, FORMAT_CSV, FORMAT_MAPPING };

struct options {
	uint64_t rows;
	enum format format;
	int32_t from, to;
	uint32_t bad;
	struct resident_rates rates;
	struct writer writer;
	char survey[64];
};

struct run {
	const struct options *opt;
	struct writer w;
	struct schedule schedule;
	uint64_t responses, lines;
};

static void
fail(const char *what, const char *value)
{
	(void)fprintf(stderr, "azukari-generate: error: %s: %s\n", what,
	    value);
	exit(2);
}

/* ---- options ---- */

static uint64_t
parse_number(const char *name, const char *text)
{
	uint64_t v = 0;
	const char *p;

	for (p = text; *p >= '0' && *p <= '9' && p - text < 12; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	if (p == text || *p != '\0')
		fail(name, text);
	return v;
}

/* `0.25` as 250000 per million. */
static uint32_t
parse_rate(const char *name, const char *text)
{
	uint32_t v, unit = 100000;
	const char *p = text + 1;

	if (text[0] != '0' && text[0] != '1')
		fail(name, text);
	v = text[0] == '1' ? 1000000 : 0;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9' && unit > 0; unit /= 10)
			v += unit * (uint32_t)(*p++ - '0');
	if (*p != '\0' || v > 1000000)
		fail(name, text);
	return v;
}

static void
parse_days(struct options *opt, const char *text)
{
	if (strlen(text) != 2 * CLOCK_DAY_LEN + 2 ||
	    strncmp(text + CLOCK_DAY_LEN, "..", 2) != 0 ||
	    clock_parse_day(bytes_of(text, CLOCK_DAY_LEN),
	    &opt->from) != ERR_OK ||
	    clock_parse_day(bytes_str(text + CLOCK_DAY_LEN + 2),
	    &opt->to) != ERR_OK || opt->to < opt->from ||
	    opt->to - opt->from >= SCHEDULE_DAYS_MAX)
		fail("--days", text);
}

static void
parse_survey(struct options *opt, const char *text)
{
	char *slash;
	uint64_t version;

	if (strlen(text) >= sizeof(opt->survey))
		fail("--survey", text);
	(void)snprintf(opt->survey, sizeof(opt->survey), "%s", text);
	if ((slash = strchr(opt->survey, '/')) == NULL)
		fail("--survey", text);
	*slash = '\0';
	version = parse_number("--survey", slash + 1);
	if (version < 1 || version > 65535)
		fail("--survey", text);
	opt->writer.survey = opt->survey;
	opt->writer.version = (unsigned)version;
}

static void
parse_format(struct options *opt, const char *text)
{
	if (strcmp(text, "ndjson") == 0)
		opt->format = FORMAT_NDJSON;
	else if (strcmp(text, "csv") == 0)
		opt->format = FORMAT_CSV;
	else if (strcmp(text, "mapping") == 0)
		opt->format = FORMAT_MAPPING;
	else
		fail("--format", text);
}

static void
parse_owner(struct options *opt, const char *text)
{
	const struct prefecture *p;

	if (prefecture_parse(bytes_str(text), &p) != ERR_OK)
		fail("--owner", text);
	opt->rates.owner = p->code;
}

static void
add_text(struct options *opt, const char *text)
{
	if (strncmp(text, "sha256:", 7) != 0 || strlen(text) != 7 + 64 ||
	    strspn(text + 7, "0123456789abcdef") != 64 ||
	    opt->writer.texts_len == WRITER_TEXTS_MAX)
		fail("--consent-text", text);
	opt->writer.texts[opt->writer.texts_len++] = text;
}

static void
parse_option(struct options *opt, int c)
{
	switch (c) {
	case 'o':
		parse_owner(opt, optarg);
		break;
	case 'n':
		opt->rows = parse_number("--rows", optarg);
		break;
	case 's':
		opt->rates.seed = parse_number("--seed", optarg);
		break;
	case 'f':
		parse_format(opt, optarg);
		break;
	case 'v':
		parse_survey(opt, optarg);
		break;
	case 't':
		add_text(opt, optarg);
		break;
	case 'd':
		parse_days(opt, optarg);
		break;
	case 'u':
		opt->rates.follow_up = parse_rate("--follow-up-rate", optarg);
		break;
	case 'w':
		opt->rates.withdrawal = parse_rate("--withdrawal-rate",
		    optarg);
		break;
	case 'c':
		opt->rates.no_consent = parse_rate("--no-consent-rate",
		    optarg);
		break;
	case 'b':
		opt->bad = parse_rate("--bad-rate", optarg);
		break;
	case 'h':
		(void)fputs(usage, stdout);
		exit(0);
	default:
		(void)fputs(usage, stderr);
		exit(2);
	}
}

static void
parse_options(struct options *opt, int argc, char **argv)
{
	static const struct option names[] = {
		{"owner", required_argument, NULL, 'o'},
		{"rows", required_argument, NULL, 'n'},
		{"seed", required_argument, NULL, 's'},
		{"format", required_argument, NULL, 'f'},
		{"survey", required_argument, NULL, 'v'},
		{"consent-text", required_argument, NULL, 't'},
		{"days", required_argument, NULL, 'd'},
		{"follow-up-rate", required_argument, NULL, 'u'},
		{"withdrawal-rate", required_argument, NULL, 'w'},
		{"no-consent-rate", required_argument, NULL, 'c'},
		{"bad-rate", required_argument, NULL, 'b'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	opt->rates = (struct resident_rates){.seed = 1, .follow_up = 250000,
	    .withdrawal = 10000, .no_consent = 50000};
	parse_survey(opt, "corona/1");
	parse_days(opt, "2020-03-27..2020-05-07");
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		parse_option(opt, c);
	if (optind != argc)
		fail("unexpected", argv[optind]);
	if (opt->format == FORMAT_MAPPING)
		return;
	if (opt->rates.owner == 0)
		fail("--owner", "which prefecture, 01 to 47?");
	if (opt->rows == 0)
		fail("--rows", "how many replies?");
}

/* ---- the run ---- */

static int
is_done(const struct run *run)
{
	return run->responses >= run->opt->rows;
}

/* What is wrong with a line that is wrong, by its place in the output. */
static void
add_bad(struct run *run, struct writer_event *e)
{
	static const enum writer_fault csv[] = {FAULT_CUT, FAULT_FUTURE,
	    FAULT_CODE, FAULT_RANGE};
	uint64_t word = random_word(run->opt->rates.seed, 99, run->lines);

	if (run->opt->bad == 0 || word % 1000000 >= run->opt->bad)
		return;
	word = word >> 32;
	if (run->opt->format == FORMAT_CSV) {
		e->fault = csv[word % ARRAY_LEN(csv)];
		writer_csv_response(&run->w, e);
		return;
	}
	e->fault = (enum writer_fault)(1 + word % (FAULT_COUNT - 1));
	writer_response(&run->w, e);
}

static void
add_consent(struct run *run, const struct writer_event *response)
{
	struct writer_event e = *response;

	if (!e.plan->gives_support || run->w.texts_len == 0 ||
	    run->opt->format != FORMAT_NDJSON)
		return;
	e.second -= CONSENT_BEFORE_S;
	writer_consent(&run->w, &e);
	run->lines++;
}

static void
add_response(struct run *run, uint64_t number, unsigned round,
    unsigned day, const struct resident_plan *plan)
{
	const struct resident_rates *rates = &run->opt->rates;
	struct resident who;
	struct resident_reply reply;
	struct writer_event e = {.number = number, .round = round,
	    .day = run->schedule.first_day + (int32_t)day, .who = &who,
	    .reply = &reply, .plan = plan};

	/* A home depends on the day of the first reply alone. */
	resident_make(rates, number, e.day - 7 * (int32_t)round, &who);
	resident_reply(rates, number, &who, round, &reply);
	e.second = resident_second(rates, number, round);
	if (round == 0)
		add_consent(run, &e);
	if (run->opt->format == FORMAT_CSV)
		writer_csv_response(&run->w, &e);
	else
		writer_response(&run->w, &e);
	run->responses++;
	run->lines++;
	add_bad(run, &e);
}

static void
add_first(struct run *run, uint64_t number, unsigned day)
{
	struct resident_plan plan;

	resident_plan(&run->opt->rates, number, &plan);
	add_response(run, number, 0, day, &plan);
}

static void
add_follow_ups(struct run *run, unsigned day, unsigned round)
{
	const struct schedule *s = &run->schedule;
	unsigned cohort = day - 7 * round;
	struct resident_plan plan;
	uint64_t i;

	for (i = s->starts[cohort]; i < s->starts[cohort + 1] &&
	    !is_done(run); i++) {
		resident_plan(&run->opt->rates, i, &plan);
		if (plan.follow_ups < round || (plan.withdraws_all &&
		    plan.withdraws_after <= 7 * round))
			continue;
		add_response(run, i, round, day, &plan);
	}
}

static void
add_withdrawals(struct run *run, unsigned day, unsigned after)
{
	const struct resident_rates *rates = &run->opt->rates;
	const struct schedule *s = &run->schedule;
	struct resident_plan plan;
	struct resident who;
	uint64_t i;

	for (i = s->starts[day - after]; i < s->starts[day - after + 1]; i++) {
		struct writer_event e = {.number = i, .day = s->first_day +
		    (int32_t)day, .who = &who, .plan = &plan};

		resident_plan(rates, i, &plan);
		if (plan.withdraws_after != after)
			continue;
		resident_make(rates, i, e.day, &who);
		e.second = resident_second(rates, i, 60000);
		writer_withdrawal(&run->w, &e);
		run->lines++;
	}
}

static void
run_day(struct run *run, unsigned day)
{
	const struct schedule *s = &run->schedule;
	unsigned round, after;
	uint64_t i;

	for (i = s->starts[day]; i < s->starts[day + 1] && !is_done(run); i++)
		add_first(run, i, day);
	for (round = 1; 7 * round <= day; round++)
		add_follow_ups(run, day, round);
	if (run->opt->rates.withdrawal == 0 ||
	    run->opt->format != FORMAT_NDJSON)
		return;
	for (after = 1; after <= 14 && after <= day && !is_done(run); after++)
		add_withdrawals(run, day, after);
}

static void
generate(struct run *run)
{
	const struct options *opt = run->opt;
	struct schedule *s = &run->schedule;
	unsigned day;
	uint64_t i;

	schedule_make(s, opt->from, (unsigned)(opt->to - opt->from) + 1,
	    opt->rows, opt->rates.follow_up);
	if (opt->format == FORMAT_CSV)
		writer_csv_header(&run->w);
	for (day = 0; day < s->days && !is_done(run); day++)
		run_day(run, day);
	/* The schedule is an estimate: latecomers make up the number. */
	for (i = s->starts[s->days]; !is_done(run); i++)
		add_first(run, i, s->days - 1);
}

int
main(int argc, char **argv)
{
	static struct options opt;
	static struct run run;
	struct output o;

	parse_options(&opt, argc, argv);
	output_open(&o, STDOUT_FILENO);
	run.opt = &opt;
	run.w = opt.writer;
	run.w.o = &o;
	run.w.rates = &opt.rates;
	if (opt.format == FORMAT_MAPPING)
		writer_csv_mapping(&run.w);
	else
		generate(&run);
	output_close(&o);
	return 0;
}
