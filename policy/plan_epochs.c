/* policy/plan_epochs.c - epochs.txt. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "policy/plan.h"
#include "policy/values_internal.h"

static const char *const epochs_keys[] = {"owner", "plan", "epoch-#", NULL};

static const struct text_schema epochs_schema = {"epochs", epochs_keys};

void
plan_epochs_release(struct plan_epochs *e)
{
	text_free(e->text);
	free(e->items);
	*e = (struct plan_epochs){0};
}

enum err
plan_epochs_add(struct plan_epochs *e, const struct plan_epoch *epoch)
{
	struct plan_epoch *items;

	if (e->len >= PLAN_EPOCHS_MAX)
		return ERR_LIMIT;
	/* Room doubles: at every power of two. */
	if ((e->len & (e->len - 1)) == 0) {
		items = reallocarray(e->items, e->len == 0 ? 1 : 2 * e->len,
		    sizeof(*items));
		if (items == NULL)
			return ERR_NOMEM;
		e->items = items;
	}
	e->items[e->len++] = *epoch;
	return ERR_OK;
}

static int
compare(const void *a, const void *b)
{
	const struct plan_epoch *x = a, *y = b;

	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return memcmp(x->id, y->id, sizeof(x->id));
}

/* `EPOCH EPOCH-SHA256 DAY RECORDS ROOT` */
static int
parse_epoch(const char *line, struct plan_epoch *ret)
{
	struct bytes rest = bytes_str(line), id, digest, day, records, root;
	struct bytes none;

	return text_list_next(&rest, &id) &&
	    decode_hex(id, ret->id, sizeof(ret->id)) == ERR_OK &&
	    text_list_next(&rest, &digest) &&
	    decode_hex(digest, ret->sha256, sizeof(ret->sha256)) == ERR_OK &&
	    text_list_next(&rest, &day) &&
	    clock_parse_day(day, &ret->day) == ERR_OK &&
	    text_list_next(&rest, &records) &&
	    values_uint(records, 0, UINT32_MAX, &ret->records) == ERR_OK &&
	    text_list_next(&rest, &root) &&
	    decode_hex(root, ret->root, sizeof(ret->root)) == ERR_OK &&
	    !text_list_next(&rest, &none);
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(((const struct plan_epoch *)a)->id,
	    ((const struct plan_epoch *)b)->id, 16);
}

/* No id twice, also not under two days. */
static enum err
check_ids(const struct plan_epochs *e, struct err_info *info)
{
	struct plan_epoch *sorted;
	size_t i;
	int twice = 0;

	if (e->len < 2)
		return ERR_OK;
	if ((sorted = malloc(e->len * sizeof(*sorted))) == NULL)
		return ERR_NOMEM;
	memcpy(sorted, e->items, e->len * sizeof(*sorted));
	qsort(sorted, e->len, sizeof(*sorted), compare_ids);
	for (i = 1; i < e->len; i++)
		twice |= compare_ids(&sorted[i - 1], &sorted[i]) == 0;
	free(sorted);
	if (twice)
		return err_at(info, ERR_DUPLICATE, 0,
		    "epoch: one is given twice");
	return ERR_OK;
}

static enum err
parse_epochs(struct plan_epochs *e, struct err_info *info)
{
	size_t i, len = text_run_len(e->text, "epoch-#");
	struct plan_epoch one;

	if (len < 1)
		return err_at(info, ERR_SYNTAX, 0, "epoch: there is none");
	for (i = 0; i < len; i++) {
		if (!parse_epoch(text_run_get(e->text, "epoch-#", i), &one))
			return err_at(info, ERR_SYNTAX, 0, "epoch-%02zu: not "
			    "\"EPOCH EPOCH-SHA256 DAY RECORDS ROOT\"", i + 1);
		if (i > 0 && compare(&e->items[i - 1], &one) > 0)
			return err_at(info, ERR_RANGE, 0,
			    "epoch-%02zu: not in order of day, then id",
			    i + 1);
		RETURN_IF(plan_epochs_add(e, &one));
	}
	return check_ids(e, info);
}

enum err
plan_epochs_parse(struct bytes bytes, struct plan_epochs *ret,
    struct err_info *info)
{
	CLEANUP(plan_epochs_release) struct plan_epochs e = {0};

	RETURN_IF(text_parse(bytes, &epochs_schema, &e.text, info));
	RETURN_IF(values_need(e.text, "owner", &values_owner, &e.owner,
	    info));
	RETURN_IF(values_need(e.text, "plan", &values_plan, &e.plan, info));
	RETURN_IF(parse_epochs(&e, info));
	*ret = e;
	e = (struct plan_epochs){0};
	return ERR_OK;
}

static void
put_epoch(struct text_writer *w, size_t i, const struct plan_epoch *e)
{
	CLEANUP(buf_release) struct buf line = {0};
	char id[2 * 16 + 1], digest[2 * 32 + 1], root[2 * 32 + 1];
	char day[CLOCK_DAY_LEN + 1];
	enum err failed;

	encode_hex(e->id, 16, id);
	encode_hex(e->sha256, 32, digest);
	encode_hex(e->root, 32, root);
	clock_format_day(e->day, day);
	failed = buf_printf(&line, "%s %s %s %llu %s", id, digest, day,
	    (unsigned long long)e->records, root);
	if (failed != ERR_OK && w->e == ERR_OK)
		w->e = failed;
	text_put_run(w, "epoch-#", i, buf_text(&line));
}

enum err
plan_epochs_write(struct plan_epochs *e, struct buf *out,
    struct err_info *info)
{
	CLEANUP(plan_epochs_release) struct plan_epochs back = {0};
	struct text_writer w;
	size_t i, start = out->len;
	enum err failed;

	if (e->len > 1)
		qsort(e->items, e->len, sizeof(*e->items), compare);
	text_begin(&w, &epochs_schema, out);
	values_put(&w, "owner", e->owner);
	values_put(&w, "plan", e->plan);
	for (i = 0; i < e->len; i++)
		put_epoch(&w, i, &e->items[i]);
	if ((failed = text_end(&w, info)) == ERR_OK)
		failed = plan_epochs_parse(bytes_of(out->data + start,
		    out->len - start), &back, info);
	return values_finish(out, start, failed);
}
