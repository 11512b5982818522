/* The dialogues of a channel: by respondent, the least used first to go. */
#include <stdlib.h>
#include <string.h>

#include "app/serve/line_internal.h"

#define SLOTS_LEAST 1024

/* A dialogue as it was before the batch. */
struct line_undo {
	struct line_entry *entry;
	struct dialogue before;
};

enum err line_table_init(struct line_table *t, size_t max,
    struct line_counters *counters)
{
	*t = (struct line_table){.max = max, .counters = counters};
	t->slots = calloc(SLOTS_LEAST, sizeof(struct line_entry *));
	if (t->slots == NULL)
		return ERR_NOMEM;
	t->slots_len = SLOTS_LEAST;
	return ERR_OK;
}

static void drop_undo(struct line_table *t)
{
	for (size_t i = 0; i < t->undo_len; i++)
		dialogue_release(&t->undo[i].before);
	t->undo_len = 0;
}

static void free_entry(struct line_entry *e)
{
	dialogue_release(&e->d);
	secret_wipe(e, sizeof(*e));
	free(e);
}

void line_table_release(struct line_table *t)
{
	struct line_entry *e, *older;

	drop_undo(t);
	for (e = t->newest; e != NULL; e = older) {
		older = e->older;
		free_entry(e);
	}
	free(t->undo);
	free(t->slots);
	*t = (struct line_table){0};
}

/* ---- order of use ---- */

static void unlink_entry(struct line_table *t, struct line_entry *e)
{
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		t->newest = e->older;
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		t->oldest = e->newer;
	e->newer = e->older = NULL;
}

static void link_newest(struct line_table *t, struct line_entry *e)
{
	e->older = t->newest;
	if (t->newest != NULL)
		t->newest->newer = e;
	else
		t->oldest = e;
	t->newest = e;
}

/* ---- by respondent ---- */

/* Tags are keyed hashes: any bits of them will do. */
static size_t home_of(const struct line_table *t, const uint8_t *tag)
{
	uint64_t h;

	memcpy(&h, tag, sizeof(h));
	return (size_t)h & (t->slots_len - 1);
}

static size_t find_slot(const struct line_table *t, const uint8_t *tag)
{
	size_t at = home_of(t, tag);

	while (t->slots[at] != NULL &&
	    memcmp(t->slots[at]->tag, tag, sizeof(t->slots[at]->tag)) != 0)
		at = (at + 1) & (t->slots_len - 1);
	return at;
}

static enum err grow(struct line_table *t)
{
	struct line_table more = {.slots_len = 2 * t->slots_len};

	more.slots = calloc(more.slots_len, sizeof(struct line_entry *));
	if (more.slots == NULL)
		return ERR_NOMEM;
	for (struct line_entry *e = t->newest; e != NULL; e = e->older)
		more.slots[find_slot(&more, e->tag)] = e;
	free(t->slots);
	t->slots = more.slots;
	t->slots_len = more.slots_len;
	return ERR_OK;
}

/* What follows in the same run of slots moves up where it may. */
static void remove_slot(struct line_table *t, size_t at)
{
	size_t mask = t->slots_len - 1, next = at;

	for (;;) {
		size_t home;

		next = (next + 1) & mask;
		if (t->slots[next] == NULL)
			break;
		home = home_of(t, t->slots[next]->tag);
		if (((next - home) & mask) < ((next - at) & mask))
			continue;
		t->slots[at] = t->slots[next];
		at = next;
	}
	t->slots[at] = NULL;
}

static void remove_entry(struct line_table *t, struct line_entry *e)
{
	remove_slot(t, find_slot(t, e->tag));
	unlink_entry(t, e);
	free_entry(e);
	t->len--;
	atomic_fetch_sub(&t->counters->dialogues, 1);
}

/* ---- batches ---- */

void line_table_begin(struct line_table *t)
{
	drop_undo(t);
	t->batch++;
}

static enum err note_before(struct line_table *t, struct line_entry *e)
{
	if (e->touched == t->batch)
		return ERR_OK;
	if (t->undo_len == t->undo_cap) {
		size_t cap = t->undo_cap == 0 ? 64 : 2 * t->undo_cap;
		void *more = reallocarray(t->undo, cap, sizeof(*t->undo));

		if (more == NULL)
			return ERR_NOMEM;
		t->undo = more;
		t->undo_cap = cap;
	}
	t->undo[t->undo_len] = (struct line_undo){.entry = e};
	RETURN_IF(dialogue_copy(&e->d, &t->undo[t->undo_len].before));
	t->undo_len++;
	e->touched = t->batch;
	return ERR_OK;
}

static enum err add_entry(struct line_table *t, const uint8_t *tag,
    struct line_entry **ret)
{
	struct line_entry *e;

	if (2 * (t->len + 1) > t->slots_len)
		RETURN_IF(grow(t));
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return ERR_NOMEM;
	memcpy(e->tag, tag, sizeof(e->tag));
	t->slots[find_slot(t, tag)] = e;
	link_newest(t, e);
	t->len++;
	atomic_fetch_add(&t->counters->dialogues, 1);
	*ret = e;
	return ERR_OK;
}

enum err line_table_get(struct line_table *t, const uint8_t *tag,
    int64_t now_unix_s, struct line_entry **ret)
{
	struct line_entry *e = t->slots[find_slot(t, tag)];

	if (e == NULL)
		RETURN_IF(add_entry(t, tag, &e));
	RETURN_IF(note_before(t, e));
	unlink_entry(t, e);
	link_newest(t, e);
	e->used_unix_s = now_unix_s;
	*ret = e;
	return ERR_OK;
}

void line_table_undo(struct line_table *t)
{
	for (size_t i = 0; i < t->undo_len; i++) {
		struct line_undo *u = &t->undo[i];

		dialogue_release(&u->entry->d);
		u->entry->d = u->before;
		u->before = (struct dialogue){0};
	}
	t->undo_len = 0;
}

void line_table_sweep(struct line_table *t, int64_t before_unix_s)
{
	drop_undo(t);
	while (t->oldest != NULL && (t->len > t->max ||
	    t->oldest->used_unix_s < before_unix_s)) {
		if (t->oldest->d.stage != DIALOGUE_IDLE)
			atomic_fetch_add(&t->counters->dialogues_dropped, 1);
		remove_entry(t, t->oldest);
	}
}
