#include "app/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "app/ingest_internal.h"

const char *ingest_refusal_text(enum ingest_refusal r, int japanese)
{
	static const struct {
		const char *en, *ja;
	} texts[INGEST_REFUSED_COUNT] = {
		[INGEST_REFUSED_STOPPING] = {
			"everything withdrawn, erasure under way",
			"すべて撤回済み（消去の手続き中）"},
		[INGEST_REFUSED_ERASED] = {
			"erased, and no new consent",
			"消去済みで、新しい同意がない"},
		[INGEST_REFUSED_STOP_LISTED] = {
			"withdrew for good", "恒久的に撤回済み"},
		[INGEST_REFUSED_OLDER] = {
			"older than the withdrawal of everything",
			"すべての撤回より前のもの"},
	};

	MUST_HOLD(r < INGEST_REFUSED_COUNT);
	return japanese ? texts[r].ja : texts[r].en;
}

enum err ingest_close_abandoned(struct owner *w)
{
	return epoch_close_abandoned(w, NULL);
}

enum err ingest_epochs_day(const struct ingest *g, int32_t *ret_day)
{
	for (size_t i = 0; i < g->epochs.len; i++)
		if (g->epochs.items[i].is_open) {
			*ret_day = g->epochs.items[i].opened.row.day;
			return ERR_OK;
		}
	return ERR_NOT_FOUND;
}

static enum err prepare(struct ingest *g)
{
	struct owner *w = g->args.owner;
	size_t surveys = g->args.rules->surveys_len;

	RETURN_IF(ingest_epochs_init(&g->epochs, surveys));
	g->wanted = calloc(surveys + 1, 1);
	if (g->wanted == NULL)
		return ERR_NOMEM;
	RETURN_IF(withdraw_terms_load(w, &g->terms));
	return g->args.dry_run ? ERR_OK : ingest_close_abandoned(w);
}

enum err ingest_begin(const struct ingest_args *args, struct ingest **ret)
{
	CLEANUP(ingest_cleanup) struct ingest *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return ERR_NOMEM;
	g->args = *args;
	if (g->args.batch_lines == 0)
		g->args.batch_lines = INGEST_BATCH_LINES;
	RETURN_IF(prepare(g));
	*ret = TAKE(g);
	return ERR_OK;
}

static void tell_bad(const struct ingest *g,
    const struct ingest_stream *stream, const struct intake_batch *b)
{
	if (g->args.bad == NULL)
		return;
	for (size_t i = 0; i < b->bad_len; i++)
		g->args.bad(g->args.ctx, stream->name, &b->bad[i]);
}

/* The stream's own failure; what the stores fail with is not about it. */
static enum err end_of_stream(const struct ingest *g, enum err e)
{
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	return err_at(&g->args.owner->home->outcome->info, e, 0,
	    "the input cannot be read to its end; what came before is stored");
}

static enum err take_in(struct ingest *g, const struct ingest_stream *stream,
    struct ingest_pipe *pipe)
{
	const struct ingest_slot *slot;

	for (;;) {
		slot = ingest_pipe_take(pipe);
		if (slot->e != ERR_OK)
			return end_of_stream(g, slot->e);
		RETURN_IF(ingest_store_batch(g, slot));
		tell_bad(g, stream, &slot->batch);
		ingest_pipe_give(pipe);
		if (g->args.progress != NULL)
			g->args.progress(g->args.ctx, &g->counts);
	}
}

enum err ingest_stream(struct ingest *g, const struct ingest_stream *stream)
{
	CLEANUP(ingest_pipe_close) struct ingest_pipe pipe = {0};

	MUST_HOLD(!g->ended);
	RETURN_IF(ingest_pipe_open(&pipe, &g->args, stream));
	return take_in(g, stream, &pipe);
}

/* The batch's row gets its end. */
static enum err end_batch(struct ingest *g)
{
	CLEANUP(act_abort) struct act a = {0};
	struct owner *w = g->args.owner;
	struct store_batch end = {.number = g->batch,
	    .ended_unix_s = w->home->now_unix_s};

	if (g->batch == 0)
		return ERR_OK;
	RETURN_IF(act_data_begin(w->home, store_db(w->store), &a));
	RETURN_IF(store_batch_count(w->store, &end));
	return act_data_commit(&a);
}

enum err ingest_end(struct ingest *g)
{
	enum err e;

	if (g->ended)
		return ERR_OK;
	g->ended = 1;
	e = ingest_epochs_close(&g->epochs, g->args.owner);
	RETURN_IF(e);
	return end_batch(g);
}

void ingest_free(struct ingest *g)
{
	if (g == NULL)
		return;
	/* What cannot be closed now is closed at the next run. */
	if (g->epochs.items != NULL && !g->ended)
		(void)!ingest_end(g);
	ingest_epochs_release(&g->epochs);
	ingest_people_release(&g->people);
	ingest_judge_release(&g->judgement);
	ingest_keys_release(&g->keys);
	ingest_seal_release(&g->sealer);
	free(g->places);
	free(g->events);
	free(g->wanted);
	epoch_lists_release(&g->needed);
	free(g);
}

void ingest_cleanup(struct ingest **g)
{
	ingest_free(*g);
	*g = NULL;
}

const struct ingest_counts *ingest_so_far(const struct ingest *g)
{
	return &g->counts;
}

int64_t ingest_batch_number(const struct ingest *g)
{
	return g->batch;
}
