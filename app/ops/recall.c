#include "app/ops/recall.h"

#include <stdlib.h>
#include <string.h>

#include "app/ops/notices.h"
#include "exporters/notice.h"

enum err recall_rows(struct act *a, const struct register_export *e,
    const char *why)
{
	struct home *h = a->home;
	struct register_built built;
	struct entry_writer w;
	int64_t act;

	if (e->state != REGISTER_EXPORT_BUILT &&
	    e->state != REGISTER_EXPORT_RELEASED)
		return ERR_STATE;
	RETURN_IF(register_export_get_built(h->reg, e->id, &built));
	act_entry(a, ENTRY_RECALL, e->owner, &w);
	entry_put(&w, "export", e->id);
	entry_put_hex(&w, "sha256sums-sha256", built.sha256sums_sha256,
	    sizeof(built.sha256sums_sha256));
	RETURN_IF(act_entry_end(a, &w, &act));
	return register_export_move(h->reg, e->id, REGISTER_EXPORT_RECALLED,
	    why, h->now_unix_s, act);
}

/* ---- files, then the notice ---- */

static enum err remove_files(struct home *h, const char *export_id)
{
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(h, path, "outbox/%s.tar", export_id));
	RETURN_IF(fs_remove(path));
	RETURN_IF(home_path(h, path, "tmp/%s", export_id));
	return fs_remove_tree(path);
}

struct search {
	struct home *h;
	const char *export_id;
	int found;
};

static enum err look_at(void *ctx, const struct register_document *doc)
{
	struct search *s = ctx;
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(notice_release) struct notice n = {0};

	RETURN_IF(register_document_bytes(s->h->reg, doc->id, &text));
	RETURN_IF(notice_parse(bytes_buf(&text), &n, &s->h->outcome->info));
	if (strcmp(n.export_id, s->export_id) == 0 &&
	    strcmp(n.reason, "recall") == 0)
		s->found = 1;
	return ERR_OK;
}

/* A bundle that never left needs no notice: its plan was not done. */
static enum err owes_notice(struct home *h, const struct register_export *e,
    int *ret)
{
	const struct register_query q = {.kind = REGISTER_NOTICE,
	    .owner = e->owner, .subject = e->partner};
	struct search s = {.h = h, .export_id = e->id};
	struct register_plan p;

	RETURN_IF(register_plan_get(h->reg, e->plan, &p));
	RETURN_IF(register_document_each(h->reg, &q, look_at, &s));
	*ret = p.state == REGISTER_PLAN_DONE && !s.found;
	return ERR_OK;
}

enum err recall_carry_out(struct home *h, const struct register_export *e)
{
	int owed = 0;

	RETURN_IF(remove_files(h, e->id));
	RETURN_IF(owes_notice(h, e, &owed));
	return owed ? notices_recall(h, e->owner, e->id) : ERR_OK;
}

/* ---- repair ---- */

struct recalled {
	struct register_export *items;
	size_t len;
};

static void recalled_release(struct recalled *r)
{
	free(r->items);
}

static enum err collect(void *ctx, const struct register_export *e)
{
	struct recalled *r = ctx;
	struct register_export *items = reallocarray(r->items, r->len + 1,
	    sizeof(*items));

	if (items == NULL)
		return ERR_NOMEM;
	r->items = items;
	r->items[r->len++] = *e;
	return ERR_OK;
}

enum err recall_repair(struct home *h)
{
	CLEANUP(recalled_release) struct recalled r = {0};
	const struct register_export_query q = {
		.state = REGISTER_EXPORT_RECALLED};

	RETURN_IF(register_export_each(h->reg, &q, collect, &r));
	for (size_t i = 0; i < r.len; i++)
		RETURN_IF(recall_carry_out(h, &r.items[i]));
	return ERR_OK;
}
