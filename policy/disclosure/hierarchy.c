/* policy/disclosure/hierarchy.c - hierarchies as tables of texts. */
#include "policy/disclosure/hierarchy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/utf8.h"
#include "policy/disclosure/dictionary.h"

#define WARNINGS_MAX 32
#define WARNING_LEN 320

struct hierarchy {
	enum hierarchy_kind kind;
	unsigned levels;
	size_t leaves, lines, cap;
	struct dictionary texts[HIERARCHY_LEVELS_MAX];
	uint32_t *labels[HIERARCHY_LEVELS_MAX];         /* by leaf */
	uint32_t *sizes[HIERARCHY_LEVELS_MAX];
	uint32_t *times;                /* lines of each leaf */
	char (*warnings)[WARNING_LEN];
	size_t warnings_len;
};

/* ---- lines ---- */

void
hierarchy_free(struct hierarchy *h)
{
	size_t i;

	if (h == NULL)
		return;
	for (i = 0; i < HIERARCHY_LEVELS_MAX; i++) {
		dictionary_release(&h->texts[i]);
		free(h->labels[i]);
		free(h->sizes[i]);
	}
	free(h->times);
	free(h->warnings);
	free(h);
}

void
hierarchy_cleanup(struct hierarchy **h)
{
	hierarchy_free(*h);
	*h = NULL;
}

static enum err
make_room(struct hierarchy *h)
{
	size_t cap = h->cap == 0 ? 64 : h->cap * 2;
	uint32_t *grown;
	unsigned l;

	if (h->leaves < h->cap)
		return ERR_OK;
	for (l = 0; l < h->levels; l++) {
		grown = realloc(h->labels[l], cap * sizeof(*grown));
		if (grown == NULL)
			return ERR_NOMEM;
		h->labels[l] = grown;
	}
	grown = realloc(h->times, cap * sizeof(*grown));
	if (grown == NULL)
		return ERR_NOMEM;
	h->times = grown;
	h->cap = cap;
	return ERR_OK;
}

static enum err
check_cell(const struct hierarchy *h, struct bytes cell, unsigned long line,
    struct err_info *info)
{
	size_t max = h->kind == HIERARCHY_LADDER ? HIERARCHY_LADDER_CELL_MAX :
	    HIERARCHY_CELL_MAX;
	const char *why = NULL;
	enum err e;

	if (cell.len > max)
		return err_at(info, ERR_LIMIT, line, "a label of more than "
		    "%zu bytes", max);
	if (memchr(cell.data, '\0', cell.len) != NULL)
		return err_at(info, ERR_ENCODING, line, "a NUL byte");
	if (h->kind == HIERARCHY_ARX)
		return ERR_OK;
	if (cell.len == 0)
		return err_at(info, ERR_SYNTAX, line, "an empty cell");
	e = utf8_check_clean(cell, &why);
	if (e != ERR_OK && e != ERR_NOMEM)
		return err_at(info, e, line, "%s", why);
	return e;
}

/* The first line says how many levels there are. */
static enum err
check_line(struct hierarchy *h, const struct bytes *cells, size_t len,
    unsigned long line, struct err_info *info)
{
	size_t lines = h->kind == HIERARCHY_LADDER ?
	    HIERARCHY_LADDER_ROWS_MAX : HIERARCHY_ROWS_MAX;
	size_t i;

	if (h->lines == 0 && h->kind == HIERARCHY_LADDER &&
	    (len < 2 || len > HIERARCHY_LEVELS_MAX))
		return err_at(info, ERR_RANGE, line, "a ladder has 2 to %d "
		    "levels", HIERARCHY_LEVELS_MAX);
	if (h->lines == 0 && len > HIERARCHY_LEVELS_MAX)
		return err_at(info, ERR_LIMIT, line, "more than %d levels",
		    HIERARCHY_LEVELS_MAX);
	if (h->lines == 0)
		h->levels = (unsigned)len;
	if (len != h->levels)
		return err_at(info, ERR_SYNTAX, line, "%zu cells instead of "
		    "%u", len, h->levels);
	if (h->lines == lines)
		return err_at(info, ERR_LIMIT, line, "more than %zu lines",
		    lines);
	for (i = 0; i < len; i++)
		RETURN_IF(check_cell(h, cells[i], line, info));
	return ERR_OK;
}

/* The line of a value that is there already must say the same. */
static enum err
same_line(struct hierarchy *h, uint32_t leaf, const struct bytes *cells,
    unsigned long line, struct err_info *info)
{
	unsigned l;

	if (h->kind == HIERARCHY_LADDER)
		return err_at(info, ERR_DUPLICATE, line, "\"%.64s\" is given "
		    "twice", (const char *)cells[0].data);
	for (l = 1; l < h->levels; l++)
		if (!bytes_equal(cells[l], dictionary_text(&h->texts[l],
		    h->labels[l][leaf])))
			return err_at(info, ERR_DUPLICATE, line, "\"%.64s\" "
			    "is given twice: it can become \"%.64s\" or "
			    "\"%.64s\"", (const char *)cells[0].data,
			    (const char *)dictionary_text(&h->texts[l],
			    h->labels[l][leaf]).data,
			    (const char *)cells[l].data);
	h->times[leaf]++;
	return ERR_OK;
}

static enum err
add_line(struct hierarchy *h, const struct bytes *cells, size_t len,
    unsigned long line, struct err_info *info)
{
	uint32_t leaf, label;
	int is_new;
	unsigned l;

	RETURN_IF(check_line(h, cells, len, line, info));
	h->lines++;
	RETURN_IF(make_room(h));
	RETURN_IF(dictionary_number(&h->texts[0], cells[0], &leaf, &is_new));
	if (!is_new)
		return same_line(h, leaf, cells, line, info);
	h->labels[0][leaf] = leaf;
	h->times[leaf] = 1;
	for (l = 1; l < h->levels; l++) {
		RETURN_IF(dictionary_number(&h->texts[l], cells[l], &label,
		    &is_new));
		h->labels[l][leaf] = label;
	}
	h->leaves++;
	return ERR_OK;
}

static enum err
read_lines(struct hierarchy *h, struct bytes file, char delimiter,
    struct err_info *info)
{
	CLEANUP(csv_reader_cleanup) struct csv_reader *r = NULL;
	const struct bytes *cells;
	unsigned long line;
	size_t count;
	enum err e;

	RETURN_IF(csv_reader_new(csv_read_bytes, &file, delimiter, "", &r));
	for (;;) {
		e = csv_reader_next(r, &cells, &count, &line, info);
		if (e == ERR_NOT_FOUND)
			break;
		RETURN_IF(e);
		RETURN_IF(add_line(h, cells, count, line, info));
	}
	if (h->lines == 0)
		return err_at(info, ERR_SYNTAX, 0, "an empty hierarchy");
	return ERR_OK;
}

/* ---- a tree ---- */

static enum err
warn(struct hierarchy *h, unsigned level, uint32_t parent, uint32_t child)
{
	if (h->warnings == NULL)
		h->warnings = calloc(WARNINGS_MAX, sizeof(*h->warnings));
	if (h->warnings == NULL)
		return ERR_NOMEM;
	if (h->warnings_len == WARNINGS_MAX)
		return ERR_OK;
	(void)snprintf(h->warnings[h->warnings_len++], WARNING_LEN,
	    "\"%.96s\" of level %u has a single child, \"%.96s\"",
	    (const char *)dictionary_text(&h->texts[level], parent).data, level,
	    (const char *)dictionary_text(&h->texts[level - 1], child).data);
	return ERR_OK;
}

struct step {
	uint32_t *parent;               /* by label, + 1 */
	uint32_t *children, *child;     /* by parent: how many, the last */
};

static void
step_release(struct step *s)
{
	free(s->parent);
	free(s->children);
	free(s->child);
}

static enum err
check_parents(struct hierarchy *h, unsigned level, struct step *s,
    struct err_info *info)
{
	uint32_t label, up;
	size_t i;

	for (i = 0; i < h->leaves; i++) {
		label = h->labels[level][i];
		up = h->labels[level + 1][i];
		if (s->parent[label] == up + 1)
			continue;
		if (s->parent[label] != 0)
			return err_at(info, ERR_MISMATCH, 0, "not a tree: "
			    "\"%.64s\" of level %u can become \"%.64s\" or "
			    "\"%.64s\"", (const char *)dictionary_text(
			    &h->texts[level], label).data, level,
			    (const char *)dictionary_text(&h->texts[level + 1],
			    s->parent[label] - 1).data, (const char *)
			    dictionary_text(&h->texts[level + 1], up).data);
		s->parent[label] = up + 1;
		s->children[up]++;
		s->child[up] = label;
	}
	return ERR_OK;
}

/* Single children are normal where nothing is joined at all, and for a label
 * that only goes on. */
static enum err
warn_of_single_children(struct hierarchy *h, unsigned level,
    const struct step *s)
{
	size_t parents = h->texts[level + 1].len, i;

	if (parents == h->texts[level].len)
		return ERR_OK;
	for (i = 0; i < parents; i++)
		if (s->children[i] == 1 && parents > 1 && !bytes_equal(
		    dictionary_text(&h->texts[level + 1], (uint32_t)i),
		    dictionary_text(&h->texts[level], s->child[i])))
			RETURN_IF(warn(h, level + 1, (uint32_t)i,
			    s->child[i]));
	return ERR_OK;
}

static enum err
check_level(struct hierarchy *h, unsigned level, struct err_info *info)
{
	CLEANUP(step_release) struct step s = {0};

	s.parent = calloc(h->texts[level].len + 1, sizeof(*s.parent));
	s.children = calloc(h->texts[level + 1].len + 1, sizeof(*s.children));
	s.child = calloc(h->texts[level + 1].len + 1, sizeof(*s.child));
	if (s.parent == NULL || s.children == NULL || s.child == NULL)
		return ERR_NOMEM;
	RETURN_IF(check_parents(h, level, &s, info));
	return warn_of_single_children(h, level, &s);
}

static enum err
count_sizes(struct hierarchy *h, unsigned level)
{
	uint32_t *count = calloc(h->texts[level].len + 1, sizeof(*count));
	size_t i;

	h->sizes[level] = calloc(h->leaves + 1, sizeof(*count));
	if (count == NULL || h->sizes[level] == NULL) {
		free(count);
		return ERR_NOMEM;
	}
	for (i = 0; i < h->leaves; i++)
		count[h->labels[level][i]] += h->times[i];
	for (i = 0; i < h->leaves; i++)
		h->sizes[level][i] = count[h->labels[level][i]];
	free(count);
	return ERR_OK;
}

static enum err
complete(struct hierarchy *h, struct err_info *info)
{
	unsigned l;

	for (l = 0; l + 1 < h->levels; l++)
		RETURN_IF(check_level(h, l, info));
	for (l = 0; l < h->levels; l++)
		RETURN_IF(count_sizes(h, l));
	return ERR_OK;
}

enum err
hierarchy_parse(struct bytes file, char delimiter, enum hierarchy_kind kind,
    struct hierarchy **ret, struct err_info *info)
{
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return ERR_NOMEM;
	h->kind = kind;
	RETURN_IF(read_lines(h, file, delimiter, info));
	RETURN_IF(complete(h, info));
	*ret = TAKE(h);
	return ERR_OK;
}

/* ---- looking ---- */

unsigned
hierarchy_levels(const struct hierarchy *h)
{
	return h->levels;
}

size_t
hierarchy_leaves(const struct hierarchy *h)
{
	return h->leaves;
}

size_t
hierarchy_lines(const struct hierarchy *h)
{
	return h->lines;
}

enum err
hierarchy_find(const struct hierarchy *h, struct bytes value, uint32_t *ret)
{
	return dictionary_find(&h->texts[0], value, ret);
}

const uint32_t *const *
hierarchy_labels(const struct hierarchy *h)
{
	return (const uint32_t *const *)h->labels;
}

const uint32_t *const *
hierarchy_sizes(const struct hierarchy *h)
{
	return (const uint32_t *const *)h->sizes;
}

size_t
hierarchy_labels_len(const struct hierarchy *h, unsigned level)
{
	return h->texts[level].len;
}

struct bytes
hierarchy_text(const struct hierarchy *h, unsigned level, uint32_t leaf)
{
	return dictionary_text(&h->texts[level], h->labels[level][leaf]);
}

const char *
hierarchy_warning(const struct hierarchy *h, size_t i)
{
	return i < h->warnings_len ? h->warnings[i] : NULL;
}
