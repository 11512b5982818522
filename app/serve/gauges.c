#include "app/serve/gauges.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/ops/status.h"
#include "app/ops/witness_ask.h"
#include "app/serve/metrics.h"
#include "app/serve/serve_internal.h"
#include "core/clock.h"

#define SECONDS 30
#define PEOPLE_LEAST 10

struct gauges {
	struct serve *serve;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	int started, stopping;
	int64_t seconds;
	struct buf text;                /* what was seen last */
	int64_t seen_unix_s;
	enum err last;
};

/* ---- the numbers ---- */

struct gauge {
	const char *name, *help;
	size_t offset;                  /* of a uint64_t in status_owner */
	int people;
};
#define AT(member) offsetof(struct status_owner, member)

static const struct gauge gauges[] = {
	{"azukari_respondents", "respondents", AT(counts.respondents), 1},
	{"azukari_respondents_stopping", "withdrawn, key in its hold",
	    AT(counts.stopping), 1},
	{"azukari_respondents_erased", "erased", AT(counts.erased), 1},
	{"azukari_records", "sealed records", AT(counts.records), 1},
	{"azukari_epochs", "epochs", AT(counts.epochs), 0},
	{"azukari_epochs_open", "epochs open", AT(counts.epochs_open), 0},
	{"azukari_batches", "batches taken in", AT(batches), 0},
	{"azukari_quarantined", "lines set aside", AT(counts.quarantined), 0},
	{"azukari_erasures_due", "keys to be deleted", AT(erasures_due), 0},
	{"azukari_notices_due", "removals to tell", AT(counts.notices_due), 0},
	{"azukari_plans_waiting", "plans that wait for officers",
	    AT(plans_waiting), 0},
	{"azukari_receipts_overdue", "receipts overdue",
	    AT(overdue[REGISTER_DUTY_RECEIPT]), 0},
	{"azukari_destructions_overdue", "certificates of destruction overdue",
	    AT(overdue[REGISTER_DUTY_DESTRUCTION]), 0},
	{"azukari_notices_overdue", "answers to notices overdue",
	    AT(overdue[REGISTER_DUTY_NOTICE]), 0},
};

static void put_gauge(struct buf *out, const struct status *st,
    const struct gauge *g)
{
	char label[16];

	for (size_t i = 0; i < st->len; i++) {
		uint64_t n;

		memcpy(&n, (const char *)&st->owners[i] + g->offset,
		    sizeof(n));
		if (g->people && n < PEOPLE_LEAST)
			n = 0;
		(void)snprintf(label, sizeof(label), "owner=\"%s\"",
		    st->owners[i].owner.code);
		metrics_put(out, &(struct metrics_line){g->name, "gauge",
		    i == 0 ? g->help : NULL, label, (double)n});
	}
}

static void put_exports(struct buf *out, const struct status *st)
{
	static const char *const states[] = {"", "started", "built",
	    "released", "recalled", "failed"};
	char label[48];

	for (size_t i = 0; i < st->len; i++)
		for (size_t k = 1; k < ARRAY_LEN(states); k++) {
			(void)snprintf(label, sizeof(label),
			    "owner=\"%s\",state=\"%s\"",
			    st->owners[i].owner.code, states[k]);
			metrics_put(out, &(struct metrics_line){
			    "azukari_exports", "gauge", i == 0 && k == 1 ?
			    "exports by state" : NULL, label,
			    (double)st->owners[i].exports[k]});
		}
}

/* How many entries a witness is behind. */
static enum err put_witness(void *ctx, const struct witness_ask_row *row)
{
	struct buf *out = ctx;
	char label[160];
	int first = strstr(buf_text(out), "azukari_witness_lag") == NULL;

	(void)snprintf(label, sizeof(label), "witness=\"%.128s\"", row->name);
	metrics_put(out, &(struct metrics_line){"azukari_witness_lag_entries",
	    "gauge", first ? "ledger entries a witness has not cosigned" :
	    NULL, label, (double)(row->size - row->cosigned)});
	return ERR_OK;
}

/* When the canary (contrib/canary.py) last came through; 0: never. */
static void put_canary(const struct home *h, struct buf *out)
{
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX];
	double seen = 0.0;

	if (home_path(h, path, "run/canary") == ERR_OK && fs_exists(path) &&
	    fs_read_file(path, 32, &text) == ERR_OK)
		seen = (double)strtoull(buf_text(&text), NULL, 10);
	metrics_put(out, &(struct metrics_line){
	    "azukari_canary_success_seconds", "gauge",
	    "when the canary came through (unix time); 0: never", NULL,
	    seen});
}

static void status_free(struct status **s)
{
	free(*s);
}

static enum err look(struct gauges *g, struct outcome *o, struct buf *out)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(status_free) struct status *st = calloc(1, sizeof(*st));

	if (st == NULL)
		return ERR_NOMEM;
	RETURN_IF(serve_home_open(g->serve, o, &h));
	RETURN_IF(status_load(h, NULL, st));
	for (size_t i = 0; i < ARRAY_LEN(gauges); i++)
		put_gauge(out, st, &gauges[i]);
	put_exports(out, st);
	metrics_put(out, &(struct metrics_line){"azukari_ledger_entries",
	    "gauge", "entries of the ledger", NULL,
	    (double)st->ledger_size});
	put_canary(h, out);
	return witness_ask_each(h, put_witness, out);
}

/* ---- the thread ---- */

static void look_once(struct gauges *g)
{
	CLEANUP(outcome_release) struct outcome o = {0};
	struct buf text = {0};
	enum err e = look(g, &o, &text);

	/* busy is no illness: another writer has the floor */
	atomic_store(&g->serve->unwell, e != ERR_OK && e != ERR_BUSY);
	pthread_mutex_lock(&g->lock);
	if (e != ERR_OK && e != g->last)
		serve_log("gauges-failed", "error", err_name(e), NULL);
	g->last = e;
	if (e == ERR_OK) {
		buf_release(&g->text);
		g->text = text;
		text = (struct buf){0};
		g->seen_unix_s = clock_now_unix_s();
	}
	pthread_mutex_unlock(&g->lock);
	buf_release(&text);
}

static void *watch(void *arg)
{
	struct gauges *g = arg;
	int stopping = 0;

	while (!stopping) {
		struct timespec until;

		look_once(g);
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += g->seconds;
		pthread_mutex_lock(&g->lock);
		if (!g->stopping)
			(void)pthread_cond_clockwait(&g->wake, &g->lock,
			    CLOCK_MONOTONIC, &until);
		stopping = g->stopping;
		pthread_mutex_unlock(&g->lock);
	}
	return NULL;
}

/* ---- the part ---- */

static void stop(void *part)
{
	struct gauges *g = part;

	if (g == NULL)
		return;
	pthread_mutex_lock(&g->lock);
	g->stopping = 1;
	pthread_cond_broadcast(&g->wake);
	pthread_mutex_unlock(&g->lock);
	if (g->started)
		(void)pthread_join(g->thread, NULL);
	buf_release(&g->text);
	pthread_cond_destroy(&g->wake);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static void cleanup(struct gauges **g)
{
	stop(*g);
}

static enum err start(struct serve *s, const struct json_doc *section,
    struct outcome *o, void **ret)
{
	static const char *const keys[] = {"seconds", NULL};
	CLEANUP(cleanup) struct gauges *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return ERR_NOMEM;
	g->serve = s;
	g->seconds = SECONDS;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->wake, NULL);
	if (section != NULL) {
		RETURN_IF(json_doc_only(section, keys, "serve: gauges",
		    &o->info));
		RETURN_IF(json_doc_need_int(section, "seconds", 1, 3600,
		    "serve: gauges", &g->seconds, &o->info));
	}
	if (pthread_create(&g->thread, NULL, watch, g) != 0)
		return ERR_NOMEM;
	g->started = 1;
	*ret = TAKE(g);
	return ERR_OK;
}

static void metrics(void *part, struct buf *out)
{
	struct gauges *g = part;

	pthread_mutex_lock(&g->lock);
	(void)!buf_append(out, buf_text(&g->text), g->text.len);
	metrics_put(out, &(struct metrics_line){"azukari_gauges_seen_seconds",
	    "gauge", "when these were looked at (unix time); 0: not yet",
	    NULL, (double)g->seen_unix_s});
	pthread_mutex_unlock(&g->lock);
}

const struct serve_part gauges_part = {.name = "gauges", .start = start,
	.stop = stop, .metrics = metrics};
