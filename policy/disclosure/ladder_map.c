/* policy/disclosure/ladder_map.c - one job's dictionary over a ladder.
 *
 * A leaf is a distinct value; its key is the decoded answer's number, or its
 * bytes.  Labels of each level are numbered as they are met.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/ladder_internal.h"

#define LEAVES_DEFAULT ((size_t)4 << 20)
#define TEXTS_MAX ((size_t)1 << 30)
#define DIRECT_LEN 65536        /* numbers found without hashing */
#define NO_ANSWER 0             /* the leaf of no answer, always there */

/* Texts with numbers. */
struct dict {
	struct buf texts;       /* each with a NUL */
	size_t *ends;           /* offset behind each text's NUL */
	size_t len, cap;
	uint32_t *lookup;       /* number + 1 */
	size_t lookup_len;
};

struct level {
	uint32_t *labels;       /* by leaf */
	struct dict dict;
};

struct ladder_map {
	const struct ladder *ladder;
	size_t leaves, leaves_cap, leaves_max;
	int64_t *numbers;       /* key of each leaf, where keys are numbers */
	int64_t direct_first;
	uint32_t *direct;       /* number - direct_first -> leaf */
	uint32_t *lookup;       /* hash of key -> leaf */
	size_t lookup_len;
	struct dict keys;       /* keys that are bytes */
	struct level levels[LADDER_LEVELS_MAX];
};

/* ---- dictionaries ---- */

static void
dict_release(struct dict *d)
{
	buf_release(&d->texts);
	free(d->ends);
	free(d->lookup);
	*d = (struct dict){0};
}

static struct bytes
dict_get(const struct dict *d, size_t i)
{
	size_t start = i == 0 ? 0 : d->ends[i - 1];

	MUST_HOLD(i < d->len);
	return bytes_of(d->texts.data + start, d->ends[i] - start - 1);
}

static size_t
dict_probe(const struct dict *d, struct bytes text)
{
	size_t mask = d->lookup_len - 1, at = ladder_hash(text) & mask;

	while (d->lookup[at] != 0 &&
	    !bytes_equal(text, dict_get(d, d->lookup[at] - 1)))
		at = (at + 1) & mask;
	return at;
}

static enum err
dict_grow(struct dict *d)
{
	size_t i, cap = d->cap == 0 ? 16 : 2 * d->cap;
	uint32_t *lookup;
	size_t *ends;

	if (d->len < d->cap)
		return ERR_OK;
	if ((ends = reallocarray(d->ends, cap, sizeof(*ends))) == NULL)
		return ERR_NOMEM;
	d->ends = ends;
	if ((lookup = calloc(2 * cap, sizeof(*lookup))) == NULL)
		return ERR_NOMEM;
	free(d->lookup);
	d->lookup = lookup;
	d->lookup_len = 2 * cap;
	d->cap = cap;
	d->texts.max = TEXTS_MAX;
	for (i = 0; i < d->len; i++)
		d->lookup[dict_probe(d, dict_get(d, i))] = (uint32_t)i + 1;
	return ERR_OK;
}

/* The number of ${text}, a new one where it is new. */
static enum err
dict_intern(struct dict *d, struct bytes text, uint32_t *ret)
{
	size_t at;

	RETURN_IF(dict_grow(d));
	at = dict_probe(d, text);
	if (d->lookup[at] == 0) {
		RETURN_IF(buf_reserve(&d->texts, text.len + 1));
		RETURN_IF(buf_append(&d->texts, text.data, text.len));
		RETURN_IF(buf_append_u8(&d->texts, '\0'));
		d->ends[d->len++] = d->texts.len;
		d->lookup[at] = (uint32_t)d->len;
	}
	*ret = d->lookup[at] - 1;
	return ERR_OK;
}

/* ---- leaves ---- */

static int
key_is_number(const struct ladder_map *m)
{
	enum survey_kind kind = m->ladder->field->kind;

	return kind != SURVEY_KIND_TEXT && kind != SURVEY_KIND_LIST;
}

static enum err
grow_leaves(struct ladder_map *m)
{
	size_t cap = m->leaves_cap == 0 ? 64 : 2 * m->leaves_cap;
	int64_t *numbers;
	uint32_t *labels;
	unsigned i;

	if (m->leaves < m->leaves_cap)
		return ERR_OK;
	numbers = reallocarray(m->numbers, cap, sizeof(*numbers));
	if (numbers == NULL)
		return ERR_NOMEM;
	m->numbers = numbers;
	for (i = 0; i < m->ladder->levels; i++) {
		labels = reallocarray(m->levels[i].labels, cap,
		    sizeof(*labels));
		if (labels == NULL)
			return ERR_NOMEM;
		m->levels[i].labels = labels;
	}
	m->leaves_cap = cap;
	return ERR_OK;
}

/* A list's options as their codes, separated by one space. */
static enum err
list_text(const struct survey_field *f, const struct answers_value *v,
    struct buf *out)
{
	size_t i;

	for (i = 0; i < f->categories_len; i++) {
		if (!answers_list_has(v, i))
			continue;
		if (out->len > 0)
			RETURN_IF(buf_append_u8(out, ' '));
		RETURN_IF(buf_append(out, f->categories[i].value.data,
		    f->categories[i].value.len));
	}
	return out->len > 0 ? ERR_OK : buf_append_u8(out, '-');
}

/* ${v}'s text at level 0; never empty for an answer. */
static enum err
cell_text(const struct ladder_map *m, const struct answers_value *v,
    struct buf *out)
{
	const struct survey_field *f = m->ladder->field;
	char scratch[ANSWERS_CELL_MAX];
	struct bytes cell;

	if (f->kind == SURVEY_KIND_LIST)
		return list_text(f, v, out);
	cell = answers_cell(f, v, 0, scratch);
	return buf_append(out, cell.data, cell.len);
}

/* No answer stays apart, except where the last level is one for all. */
static enum err
no_answer_label(const struct ladder *l, unsigned level, struct buf *out)
{
	struct bytes top;

	if (level == 0 || level != l->levels - 1 || !l->top_is_one)
		return ERR_OK;
	if (l->kind != LADDER_TABLE)
		return buf_append_str(out, LADDER_TOP);
	top = hierarchy_text(l->tree, level, 0);
	return buf_append(out, top.data, top.len);
}

static enum err
label_leaf(struct ladder_map *m, const struct answers_value *v,
    size_t leaf)
{
	CLEANUP(buf_release) struct buf cell = {0}, text = {0};
	unsigned i;

	if (v->answered)
		RETURN_IF(cell_text(m, v, &cell));
	for (i = 0; i < m->ladder->levels; i++) {
		buf_clear(&text);
		if (v->answered)
			RETURN_IF(ladder_label(m->ladder, i, v,
			    bytes_buf(&cell), &text));
		else
			RETURN_IF(no_answer_label(m->ladder, i, &text));
		RETURN_IF(dict_intern(&m->levels[i].dict, bytes_buf(&text),
		    &m->levels[i].labels[leaf]));
	}
	return ERR_OK;
}

static enum err
add_leaf(struct ladder_map *m, const struct answers_value *v, uint32_t *ret)
{
	if (m->leaves >= m->leaves_max)
		return ERR_LIMIT;
	RETURN_IF(grow_leaves(m));
	RETURN_IF(label_leaf(m, v, m->leaves));
	m->numbers[m->leaves] = v->number;
	*ret = (uint32_t)m->leaves++;
	return ERR_OK;
}

static uint64_t
hash_number(int64_t v)
{
	uint64_t h = (uint64_t)v * 0x9e3779b97f4a7c15u;

	return h ^ h >> 32;
}

static size_t
number_probe(const struct ladder_map *m, int64_t v)
{
	size_t mask = m->lookup_len - 1, at = (size_t)hash_number(v) & mask;

	while (m->lookup[at] != 0 && m->numbers[m->lookup[at]] != v)
		at = (at + 1) & mask;
	return at;
}

static enum err
grow_lookup(struct ladder_map *m)
{
	size_t i, len = 256;
	uint32_t *lookup;

	if (m->leaves * 2 < m->lookup_len)
		return ERR_OK;
	/* Leaves that were found without it count too, so it may have to grow
	 * by more than one doubling. */
	while (len <= 2 * m->leaves)
		len *= 2;
	if ((lookup = calloc(len, sizeof(*lookup))) == NULL)
		return ERR_NOMEM;
	free(m->lookup);
	m->lookup = lookup;
	m->lookup_len = len;
	for (i = NO_ANSWER + 1; i < m->leaves; i++)
		m->lookup[number_probe(m, m->numbers[i])] = (uint32_t)i;
	return ERR_OK;
}

static enum err
number_leaf(struct ladder_map *m, const struct answers_value *v,
    uint32_t *ret)
{
	uint64_t offset = (uint64_t)v->number - (uint64_t)m->direct_first;
	uint32_t *slot;

	if (offset < DIRECT_LEN) {
		slot = &m->direct[offset];
	} else {
		RETURN_IF(grow_lookup(m));
		slot = &m->lookup[number_probe(m, v->number)];
	}
	/* Leaf 0 is no answer, so 0 means "not met yet". */
	if (*slot == 0)
		RETURN_IF(add_leaf(m, v, slot));
	*ret = *slot;
	return ERR_OK;
}

/* A list's bit set without what was cut: two ways to write it are one. */
static struct bytes
key_bytes(const struct answers_value *v)
{
	struct bytes b = v->bytes;

	while (b.len > 0 && b.data[b.len - 1] == 0)
		b.len--;
	return b;
}

static enum err
bytes_leaf(struct ladder_map *m, const struct answers_value *v, uint32_t *ret)
{
	struct bytes key = m->ladder->field->kind == SURVEY_KIND_LIST ?
	    key_bytes(v) : v->bytes;
	size_t known = m->keys.len;
	uint32_t n, leaf;

	RETURN_IF(dict_intern(&m->keys, key, &n));
	/* Leaves and keys run in step, one behind for "no answer". */
	if (n == known) {
		enum err e = add_leaf(m, v, &leaf);

		if (e != ERR_OK) {
			m->keys.lookup[dict_probe(&m->keys, key)] = 0;
			m->keys.len = known;
			m->keys.texts.len = known == 0 ? 0 :
			    m->keys.ends[known - 1];
			return e;
		}
		MUST_HOLD(leaf == n + 1);
	}
	*ret = n + 1;
	return ERR_OK;
}

enum err
ladder_map_leaf(struct ladder_map *m, const struct answers_value *v,
    uint32_t *ret)
{
	if (!v->answered) {
		*ret = NO_ANSWER;
		return ERR_OK;
	}
	return key_is_number(m) ? number_leaf(m, v, ret) :
	    bytes_leaf(m, v, ret);
}

/* ---- the whole ---- */

static int64_t
first_direct(const struct survey_field *f)
{
	if (f->kind == SURVEY_KIND_DATE)
		return survey_date_base(f);
	return f->has_minimum ? f->minimum : 0;
}

enum err
ladder_map_new(const struct ladder *l, size_t leaves_max,
    struct ladder_map **ret)
{
	CLEANUP(ladder_map_cleanup) struct ladder_map *m =
	    calloc(1, sizeof(*m));
	const struct answers_value none = {0};
	uint32_t leaf;

	if (m == NULL)
		return ERR_NOMEM;
	m->ladder = l;
	m->leaves_max = leaves_max == 0 ? LEAVES_DEFAULT : leaves_max;
	m->direct_first = first_direct(l->field);
	m->direct = calloc(DIRECT_LEN, sizeof(*m->direct));
	if (m->direct == NULL)
		return ERR_NOMEM;
	RETURN_IF(grow_lookup(m));
	RETURN_IF(add_leaf(m, &none, &leaf));
	MUST_HOLD(leaf == NO_ANSWER);
	*ret = TAKE(m);
	return ERR_OK;
}

void
ladder_map_free(struct ladder_map *m)
{
	unsigned i;

	if (m == NULL)
		return;
	for (i = 0; i < LADDER_LEVELS_MAX; i++) {
		free(m->levels[i].labels);
		dict_release(&m->levels[i].dict);
	}
	free(m->numbers);
	free(m->direct);
	free(m->lookup);
	dict_release(&m->keys);
	free(m);
}

void
ladder_map_cleanup(struct ladder_map **m)
{
	ladder_map_free(*m);
	*m = NULL;
}

size_t
ladder_map_leaves(const struct ladder_map *m)
{
	return m->leaves;
}

const uint32_t *
ladder_map_level(const struct ladder_map *m, unsigned level)
{
	MUST_HOLD(level < m->ladder->levels);
	return m->levels[level].labels;
}

size_t
ladder_map_labels(const struct ladder_map *m, unsigned level)
{
	MUST_HOLD(level < m->ladder->levels);
	return m->levels[level].dict.len;
}

struct bytes
ladder_map_label(const struct ladder_map *m, unsigned level, uint32_t label)
{
	MUST_HOLD(level < m->ladder->levels);
	return dict_get(&m->levels[level].dict, label);
}
