#include "app/serve/visible.h"

#include <string.h>

void visible_filter(const struct serve_request *q, struct report_filter *ret)
{
	const struct serve_caller *c = &q->caller;

	*ret = (struct report_filter){0};
	if (c->role == SERVE_OPERATOR)
		return;
	ret->owner = c->owner;
	if (c->role == SERVE_PARTNER)
		ret->partner = c->name;
}

static int is_theirs(const struct serve_request *q, const char *owner,
    const char *partner)
{
	struct report_filter f;

	visible_filter(q, &f);
	return (f.owner == NULL || strcmp(f.owner, owner) == 0) &&
	    (f.partner == NULL || strcmp(f.partner, partner) == 0);
}

enum err visible_plan(struct serve_request *q, const char *plan,
    struct register_plan *ret)
{
	struct register_plan p;

	RETURN_IF(register_plan_get(q->home->reg, plan, &p));
	if (!is_theirs(q, p.owner, p.partner))
		return ERR_NOT_FOUND;
	*ret = p;
	return ERR_OK;
}

enum err visible_export(struct serve_request *q, const char *export_id,
    struct register_export *ret)
{
	struct register_export e;

	RETURN_IF(register_export_get(q->home->reg, export_id, &e));
	if (!is_theirs(q, e.owner, e.partner))
		return ERR_NOT_FOUND;
	*ret = e;
	return ERR_OK;
}

enum err visible_row(struct serve_request *q, visible_list_fn list,
    const char *key, const char *value)
{
	CLEANUP(json_doc_cleanup) struct json_doc *rows = NULL;
	struct report_filter f;

	visible_filter(q, &f);
	RETURN_IF(list(q->home, &f, &rows));
	for (size_t i = 0; i < json_doc_len(rows); i++) {
		const struct json_doc *row = json_doc_at(rows, i);

		if (strcmp(json_doc_string(json_doc_get(row, key)),
		    value) == 0) {
			q->result = json_doc_copy(row);
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}
