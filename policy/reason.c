/* policy/reason.c - lists of reasons. */
#include "policy/reason.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "policy/reason_internal.h"

#define REASONS_MAX 10000

static const struct reason_text *
text_of(enum reason_code code)
{
	MUST_HOLD(code > 0 && code < REASON_END);
	return &reason_texts[code];
}

const char *
reason_word(enum reason_code code)
{
	return text_of(code)->word;
}

enum reason_weight
reason_weight_of(enum reason_code code)
{
	return text_of(code)->weight;
}

static void
release(struct reason *r)
{
	free(r->rule);
	free(r->ja);
	free(r->en);
	free(r->change_ja);
	free(r->change_en);
}

void
reasons_release(struct reasons *r)
{
	size_t i;

	for (i = 0; i < r->len; i++)
		release(&r->items[i]);
	free(r->items);
	*r = (struct reasons){0};
}

int
reasons_have(const struct reasons *r, enum reason_code code)
{
	size_t i;

	for (i = 0; i < r->len; i++)
		if (r->items[i].code == code)
			return 1;
	return 0;
}

size_t
reasons_count(const struct reasons *r, enum reason_weight weight)
{
	size_t i, n = 0;

	for (i = 0; i < r->len; i++)
		n += r->items[i].weight == weight;
	return n;
}

/* ${template} with {1} and {2} filled in; NULL when there is no memory. */
static char *
fill(const char *template, const char *a, const char *b)
{
	CLEANUP(buf_release) struct buf out = {0};
	const char *p = template, *with;
	enum err e = ERR_OK;

	for (; *p != '\0' && e == ERR_OK; p++) {
		if (p[0] != '{' || (p[1] != '1' && p[1] != '2')) {
			e = buf_append(&out, p, 1);
			continue;
		}
		with = p[1] == '1' ? a : b;
		e = buf_append_str(&out, with != NULL ? with : "-");
		p += 2;
	}
	return e == ERR_OK ? strdup(buf_text(&out)) : NULL;
}

static enum err
make_room(struct reasons *r)
{
	size_t cap = r->cap == 0 ? 16 : r->cap * 2;
	struct reason *items;

	if (r->len < r->cap)
		return ERR_OK;
	if (r->len >= REASONS_MAX)
		return ERR_LIMIT;
	if ((items = reallocarray(r->items, cap, sizeof(*items))) == NULL)
		return ERR_NOMEM;
	r->items = items;
	r->cap = cap;
	return ERR_OK;
}

enum err
reasons_add(struct reasons *r, enum reason_code code, const char *rule,
    const char *a, const char *b)
{
	const struct reason_text *t = text_of(code);
	struct reason n = {.code = code, .weight = t->weight};

	RETURN_IF(make_room(r));
	n.rule = strdup(rule);
	n.ja = fill(t->ja, a, b);
	n.en = fill(t->en, a, b);
	n.change_ja = fill(t->change_ja, a, b);
	n.change_en = fill(t->change_en, a, b);
	if (n.rule == NULL || n.ja == NULL || n.en == NULL ||
	    n.change_ja == NULL || n.change_en == NULL) {
		release(&n);
		return ERR_NOMEM;
	}
	r->items[r->len++] = n;
	return ERR_OK;
}
