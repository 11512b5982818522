/* policy/disclosure/ladder_domain.c - what of a ladder's domain a label
 * covers. */
#include "policy/disclosure/dictionary.h"
#include "policy/disclosure/ladder_internal.h"

#define VALUES_MAX HIERARCHY_LADDER_ROWS_MAX
#define NO_ANSWER 0     /* a map's first leaf */

struct counting {
	const struct ladder *ladder;
	unsigned level;
	struct dictionary labels;       /* of the map; numbers are its own */
	struct buf text;
	uint64_t *under, domain;
};

/* The map's labels in their order, so that numbers are the same. */
static enum err
take_labels(const struct ladder_map *m, struct counting *c)
{
	size_t len = ladder_map_labels(m, c->level), i;
	uint32_t number;
	int is_new;

	for (i = 0; i < len; i++) {
		RETURN_IF(dictionary_number(&c->labels, ladder_map_label(m,
		    c->level, (uint32_t)i), &number, &is_new));
		c->under[i] = 0;
	}
	return ERR_OK;
}

static void
count_label(struct counting *c, struct bytes label)
{
	uint32_t number;

	c->domain++;
	if (dictionary_find(&c->labels, label, &number) == ERR_OK)
		c->under[number]++;
}

static enum err
count_value(struct counting *c, int64_t value)
{
	const struct answers_value v = {.answered = 1, .number = value};
	char scratch[ANSWERS_CELL_MAX];
	struct bytes cell = answers_cell(c->ladder->field, &v, 0, scratch);

	buf_clear(&c->text);
	RETURN_IF(ladder_label(c->ladder, c->level, &v, cell, &c->text));
	count_label(c, bytes_buf(&c->text));
	return ERR_OK;
}

static enum err
count_values(struct counting *c, int64_t first, int64_t last)
{
	int64_t v;

	if (last - first >= VALUES_MAX)
		return ERR_OK;
	for (v = first; v <= last; v++)
		RETURN_IF(count_value(c, v));
	return ERR_OK;
}

static enum err
count_table(struct counting *c)
{
	const struct hierarchy *tree = c->ladder->tree;
	uint32_t leaf;

	for (leaf = 0; leaf < hierarchy_leaves(tree); leaf++)
		count_label(c, hierarchy_text(tree, c->level, leaf));
	return ERR_OK;
}

static enum err
count_all(struct counting *c)
{
	const struct survey_field *f = c->ladder->field;

	if (c->ladder->kind == LADDER_TABLE)
		return count_table(c);
	if (f->kind == SURVEY_KIND_CODE)
		return count_values(c, 0, (int64_t)f->categories_len - 1);
	if (f->kind == SURVEY_KIND_BOOLEAN)
		return count_values(c, 0, 1);
	if (f->has_minimum && f->has_maximum &&
	    (f->kind == SURVEY_KIND_INTEGER || f->kind == SURVEY_KIND_NUMBER ||
	    f->kind == SURVEY_KIND_DATE))
		return count_values(c, f->minimum, f->maximum);
	return ERR_OK;
}

enum err
ladder_domain(const struct ladder *l, const struct ladder_map *m,
    unsigned level, uint64_t *under, uint64_t *ret_domain)
{
	struct counting c = {.ladder = l, .level = level, .under = under};
	enum err e = take_labels(m, &c);
	size_t i;

	if (e == ERR_OK)
		e = count_all(&c);
	if (e == ERR_OK && c.domain > 0) {
		under[ladder_map_level(m, level)[NO_ANSWER]]++;
		c.domain++;
		/* a value that a table does not list is its own at level 0 */
		for (i = 0; i < ladder_map_labels(m, level); i++)
			under[i] += under[i] == 0;
	}
	*ret_domain = c.domain;
	dictionary_release(&c.labels);
	buf_release(&c.text);
	return e;
}
