#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cli.h"
#include "core/clock.h"
#include "core/utf8.h"

void cli_table_release(struct cli_table *t)
{
	for (size_t i = 0; i < t->len; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct cli_table){0};
}

static int grow(struct cli_table *t)
{
	size_t cap = t->cap == 0 ? 64 : t->cap * 2;
	char **cells = realloc(t->cells, cap * sizeof(*cells));

	if (cells == NULL)
		return 0;
	t->cells = cells;
	t->cap = cap;
	return 1;
}

void cli_table_row(struct cli_table *t, const char *const *cells)
{
	if (t->len + t->columns > t->cap && !grow(t))
		return;
	for (size_t i = 0; i < t->columns; i++) {
		const char *text = cells[i] == NULL ? "-" : cells[i];

		t->cells[t->len + i] = strdup(text);
	}
	t->len += t->columns;
}

static const char *cell(const struct cli_table *t, size_t at)
{
	return t->cells[at] == NULL ? "" : t->cells[at];
}

static void measure(const struct cli_table *t, size_t *widths)
{
	for (size_t i = 0; i < t->len; i++) {
		size_t width = utf8_width(cell(t, i));

		if (width > widths[i % t->columns])
			widths[i % t->columns] = width;
	}
}

static void print_row(const struct cli_table *t, size_t first,
    const size_t *widths)
{
	for (size_t c = 0; c < t->columns; c++) {
		const char *text = cell(t, first + c);
		size_t pad = widths[c] - utf8_width(text);

		(void)fputs(text, stdout);
		if (c + 1 < t->columns)
			(void)printf("%*s", (int)(pad + 2), "");
	}
	(void)fputc('\n', stdout);
}

void cli_table_print(const struct cli_table *t)
{
	size_t widths[CLI_TABLE_COLUMNS_MAX] = {0};

	MUST_HOLD(t->columns > 0 && t->columns <= CLI_TABLE_COLUMNS_MAX);
	measure(t, widths);
	for (size_t i = 0; i < t->len; i += t->columns)
		print_row(t, i, widths);
}

void cli_progress_begin(struct cli_progress *p, struct cli *cli,
    const char *en, const char *ja, uint64_t total)
{
	*p = (struct cli_progress){.cli = cli, .en = en, .ja = ja,
	    .total = total};
	p->started_ms = clock_monotonic_ms();
	if (cli->quiet || cli->json || !isatty(STDERR_FILENO))
		p->cli = NULL;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void show(const struct cli_progress *p, uint64_t done, int64_t ms)
{
	double rate = ms > 0 ? (double)done * 1000.0 / (double)ms : 0.0;

	(void)fprintf(stderr, "\r\033[K%llu %s", (unsigned long long)done,
	    cli_say(p->cli, p->en, p->ja));
	(void)fprintf(stderr, cli_say(p->cli, "  %.0f per second",
	    "  毎秒%.0f件"), rate);
	if (p->total > done && rate > 0.0)
		(void)fprintf(stderr, cli_say(p->cli, "  %.0f s left",
		    "  残り%.0f秒"), (double)(p->total - done) / rate);
	(void)fflush(stderr);
}
#pragma GCC diagnostic pop

void cli_progress_at(struct cli_progress *p, uint64_t done)
{
	int64_t now = clock_monotonic_ms();

	if (p->cli == NULL || now - p->shown_ms < 200)
		return;
	p->shown_ms = now;
	show(p, done, now - p->started_ms);
}

void cli_progress_end(struct cli_progress *p)
{
	if (p->cli != NULL && p->shown_ms != 0)
		(void)fputs("\r\033[K", stderr);
	p->cli = NULL;
}
