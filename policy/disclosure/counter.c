/* policy/disclosure/counter.c - counting people in the bytes that leave.
 *
 * A reader of its own (quotes, doubled quotes, commas, LF), a table from the
 * exact text of the counted cells to a number of pseudonyms, and the rule that
 * pseudonyms ascend.  Nothing else, so that it can be read in one sitting.
 */
#include "policy/disclosure/counter.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 4096
#define CELL_MAX ((size_t)64 << 10)
#define KEY_MAX ((size_t)256 << 10)
#define PERSON_MAX ((size_t)16 << 20)
#define NO_COLUMN ((size_t)-1)

enum state {
	AT_CELL,        /* before the first character of a cell */
	IN_PLAIN,
	IN_QUOTES,
	AFTER_QUOTE,
};

struct group {
	size_t at, len;         /* its key in `keys` */
	uint64_t people;
	uint64_t last;          /* ordinal of the pseudonym counted last */
};

struct counter {
	char **names;           /* 0: the pseudonym's; then what counts, then
	                         * what is watched */
	size_t names_len, counted;      /* watched ones begin at ${counted} */
	size_t *roles;          /* by column: index in names, or NO_COLUMN */
	size_t columns;
	size_t memory_max;

	enum state state;
	size_t column;
	int in_header;
	struct buf cell;        /* the name or pseudonym being read */
	struct buf key;         /* this row's counted cells, NUL behind each */
	struct buf *into;       /* where this cell's bytes go; NULL: nowhere */

	struct buf pseudonym;   /* of the row before */
	int joined;
	struct buf person;      /* its rows' counted cells, NUL behind each row */
	struct buf seen;        /* its watched cells */
	struct buf watch;       /* those of this row */
	size_t person_rows;
	enum err (*hand_over)(void *ctx, uint32_t group, size_t rows,
	    struct bytes cells);
	void *ctx;
	uint64_t ordinal;       /* of it, from 1 */
	uint64_t rows;
	struct buf keys;
	struct group *groups;
	size_t groups_len, groups_cap;
	uint32_t *slots;        /* group + 1 */
	size_t slots_len;
	enum err failed;
};

void
counter_free(struct counter *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; c->names != NULL && i < c->names_len; i++)
		free(c->names[i]);
	free(c->names);
	free(c->roles);
	buf_release(&c->cell);
	buf_release(&c->key);
	buf_release(&c->pseudonym);
	buf_release(&c->person);
	buf_release(&c->seen);
	buf_release(&c->watch);
	buf_release(&c->keys);
	free(c->groups);
	free(c->slots);
	free(c);
}

void
counter_cleanup(struct counter **c)
{
	counter_free(*c);
	*c = NULL;
}

static const char *
name_of(const struct counter_args *args, size_t i)
{
	if (i == 0)
		return args->pseudonym;
	return i <= args->columns_len ? args->columns[i - 1] :
	    args->watched[i - 1 - args->columns_len];
}

static enum err
copy_names(struct counter *c, const struct counter_args *args)
{
	size_t i;

	c->counted = args->columns_len + 1;
	c->names_len = c->counted + args->watched_len;
	c->names = calloc(c->names_len, sizeof(*c->names));
	c->roles = calloc(COLUMNS_MAX, sizeof(*c->roles));
	if (c->names == NULL || c->roles == NULL)
		return ERR_NOMEM;
	for (i = 0; i < c->names_len; i++) {
		c->names[i] = strdup(name_of(args, i));
		if (c->names[i] == NULL)
			return ERR_NOMEM;
	}
	return ERR_OK;
}

enum err
counter_new(const struct counter_args *args, struct counter **ret)
{
	CLEANUP(counter_cleanup) struct counter *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return ERR_NOMEM;
	if (args->columns_len >= COLUMNS_MAX ||
	    args->watched_len >= COLUMNS_MAX - args->columns_len)
		return ERR_LIMIT;
	if (args->watched_len > 0 && !args->joined)
		return ERR_RANGE;
	c->hand_over = args->person;
	c->ctx = args->ctx;
	c->seen.max = PERSON_MAX;
	c->watch.max = PERSON_MAX;
	RETURN_IF(copy_names(c, args));
	c->joined = args->joined;
	c->person.max = PERSON_MAX;
	c->memory_max = args->memory_max == 0 ? COUNTER_MEMORY_DEFAULT :
	    args->memory_max;
	c->cell.max = CELL_MAX;
	c->key.max = KEY_MAX;
	c->keys.max = c->memory_max;
	c->in_header = 1;
	c->into = &c->cell;
	*ret = TAKE(c);
	return ERR_OK;
}

/* ---- groups ---- */

static uint64_t
hash(const uint8_t *data, size_t len)
{
	uint64_t h = 14695981039346656037u ^ len, word;

	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	for (; len > 0; data++, len--)
		h = (h ^ *data) * 1099511628211u;
	return h ^ h >> 29;
}

static size_t
find_slot(const struct counter *c, const uint8_t *key, size_t len)
{
	size_t mask = c->slots_len - 1, at = (size_t)hash(key, len) & mask;
	const struct group *g;

	for (; c->slots[at] != 0; at = (at + 1) & mask) {
		g = &c->groups[c->slots[at] - 1];
		if (g->len == len && (len == 0 ||
		    memcmp(c->keys.data + g->at, key, len) == 0))
			break;
	}
	return at;
}

static enum err
grow(struct counter *c)
{
	size_t i, cap = c->groups_cap == 0 ? 1024 : 2 * c->groups_cap;
	struct group *groups;
	uint32_t *slots;

	if (c->groups_len < c->groups_cap)
		return ERR_OK;
	if (cap * (sizeof(*groups) + 2 * sizeof(*slots)) + c->keys.len >
	    c->memory_max)
		return ERR_LIMIT;
	groups = reallocarray(c->groups, cap, sizeof(*groups));
	if (groups == NULL)
		return ERR_NOMEM;
	c->groups = groups;
	if ((slots = calloc(2 * cap, sizeof(*slots))) == NULL)
		return ERR_NOMEM;
	free(c->slots);
	c->slots = slots;
	c->slots_len = 2 * cap;
	c->groups_cap = cap;
	for (i = 0; i < c->groups_len; i++)
		slots[find_slot(c, c->keys.data + groups[i].at,
		    groups[i].len)] = (uint32_t)i + 1;
	return ERR_OK;
}

static enum err
add_group(struct counter *c, const struct buf *key, size_t slot)
{
	size_t start = c->keys.len;

	RETURN_IF(buf_append(&c->keys, key->data, key->len));
	c->groups[c->groups_len] = (struct group){start, key->len, 0, 0};
	c->slots[slot] = (uint32_t)++c->groups_len;
	return ERR_OK;
}

/* Cells hold no NUL, so with one behind each no two rows of different cells
 * have one key. */
static enum err
count_key(struct counter *c, const struct buf *key, uint32_t *ret_group)
{
	struct group *g;
	size_t slot;

	RETURN_IF(grow(c));
	slot = find_slot(c, key->data, key->len);
	if (c->slots[slot] == 0)
		RETURN_IF(add_group(c, key, slot));
	g = &c->groups[c->slots[slot] - 1];
	if (g->last != c->ordinal) {
		g->last = c->ordinal;
		g->people++;
	}
	*ret_group = c->slots[slot] - 1;
	return ERR_OK;
}

/* Joined, a pseudonym is counted when its last row is behind it. */
static enum err
count_person(struct counter *c)
{
	uint32_t group;

	if (!c->joined || c->ordinal == 0)
		return ERR_OK;
	RETURN_IF(count_key(c, &c->person, &group));
	if (c->hand_over != NULL)
		RETURN_IF(c->hand_over(c->ctx, group, c->person_rows,
		    bytes_buf(&c->seen)));
	c->person.len = c->seen.len = c->person_rows = 0;
	return ERR_OK;
}

static enum err
count_row(struct counter *c)
{
	uint32_t group;

	if (!c->joined)
		return count_key(c, &c->key, &group);
	c->person_rows++;
	RETURN_IF(buf_append(&c->seen, c->watch.data, c->watch.len));
	c->watch.len = 0;
	RETURN_IF(buf_append(&c->person, c->key.data, c->key.len));
	return buf_append(&c->person, (const uint8_t *)"", 1);
}

/* Pseudonyms ascend: the same one again, or a larger one. */
static enum err
check_order(struct counter *c)
{
	const struct buf *now = &c->cell;
	size_t shorter = now->len < c->pseudonym.len ? now->len :
	    c->pseudonym.len;
	int order;

	if (now->len == 0)
		return ERR_MISMATCH;
	order = shorter == 0 ? 1 :
	    memcmp(now->data, c->pseudonym.data, shorter);
	if (order == 0 && now->len != c->pseudonym.len)
		order = now->len > c->pseudonym.len ? 1 : -1;
	if (order < 0)
		return ERR_MISMATCH;
	if (order == 0)
		return ERR_OK;
	RETURN_IF(count_person(c));
	c->ordinal++;
	buf_clear(&c->pseudonym);
	return buf_append(&c->pseudonym, now->data, now->len);
}

/* ---- rows and cells ---- */

static enum err
name_column(struct counter *c)
{
	size_t i;

	if (c->column >= COLUMNS_MAX)
		return ERR_LIMIT;
	c->roles[c->column] = NO_COLUMN;
	for (i = 0; i < c->names_len; i++) {
		if (!bytes_equal(bytes_buf(&c->cell),
		    bytes_str(c->names[i])))
			continue;
		if (c->roles[c->column] != NO_COLUMN)
			return ERR_MISMATCH;
		c->roles[c->column] = i;
	}
	return ERR_OK;
}

/* Where the bytes of the column that begins now belong. */
static void
begin_cell(struct counter *c)
{
	size_t role;

	c->state = AT_CELL;
	c->into = NULL;
	if (c->in_header) {
		c->cell.len = 0;
		c->into = &c->cell;
	} else if (c->column < c->columns) {
		role = c->roles[c->column];
		if (role == 0) {
			c->cell.len = 0;
			c->into = &c->cell;
		} else if (role != NO_COLUMN) {
			c->into = role < c->counted ? &c->key : &c->watch;
		}
	}
}

static enum err
add(struct counter *c, const uint8_t *bytes, size_t len)
{
	struct buf *b = c->into;

	if (b == NULL)
		return ERR_OK;
	if (len >= b->cap - b->len || len > b->max - b->len)
		return buf_append(b, bytes, len);
	/* most cells are a few bytes long and there is room */
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
	return ERR_OK;
}

static enum err
end_cell(struct counter *c)
{
	if (c->in_header)
		RETURN_IF(name_column(c));
	else if (c->column >= c->columns)
		return ERR_MISMATCH;
	else if (c->into == &c->key || c->into == &c->watch)
		RETURN_IF(add(c, (const uint8_t *)"", 1));
	c->column++;
	begin_cell(c);
	return ERR_OK;
}

/* Each name stands for exactly one column; watched ones are in order. */
static enum err
end_header(struct counter *c)
{
	size_t i, j, found, next = c->counted;

	c->columns = c->column;
	c->in_header = 0;
	for (i = 0; i < c->names_len; i++) {
		found = 0;
		for (j = 0; j < c->columns; j++)
			found += c->roles[j] == i;
		if (found != 1)
			return found == 0 ? ERR_NOT_FOUND : ERR_MISMATCH;
	}
	for (j = 0; j < c->columns; j++)
		if (c->roles[j] != NO_COLUMN && c->roles[j] >= c->counted &&
		    c->roles[j] != next++)
			return ERR_MISMATCH;
	return ERR_OK;
}

static enum err
end_row(struct counter *c)
{
	RETURN_IF(end_cell(c));
	if (c->in_header) {
		RETURN_IF(end_header(c));
	} else {
		if (c->column != c->columns)
			return ERR_MISMATCH;
		RETURN_IF(check_order(c));
		RETURN_IF(count_row(c));
		c->rows++;
	}
	c->column = 0;
	c->key.len = 0;
	begin_cell(c);
	return ERR_OK;
}

/* A byte outside quotes that is not plain. */
static enum err
take_outside(struct counter *c, uint8_t b)
{
	if (b == ',')
		return end_cell(c);
	if (b == '\n')
		return end_row(c);
	/* Our writer makes neither a bare quote nor a CR outside quotes. */
	if (b != '"' || c->state == IN_PLAIN)
		return ERR_SYNTAX;
	if (c->state == AT_CELL) {
		c->state = IN_QUOTES;
		return ERR_OK;
	}
	c->state = IN_QUOTES;           /* a doubled quote */
	return add(c, &b, 1);
}

/* Bytes that mean something outside quotes, and within. */
static const uint8_t stops_outside[256] = {[0] = 1, ['\n'] = 1, ['\r'] = 1,
    ['"'] = 1, [','] = 1};
static const uint8_t stops_within[256] = {[0] = 1, ['"'] = 1};

static size_t
plain_run(const struct counter *c, struct bytes b)
{
	const uint8_t *stops = c->state == IN_QUOTES ? stops_within :
	    stops_outside;
	size_t n = 0;

	while (n < b.len && !stops[b.data[n]])
		n++;
	return n;
}

/* As many plain bytes as there are, or one that is not. */
static enum err
take_some(struct counter *c, struct bytes *rest)
{
	size_t n = plain_run(c, *rest);
	struct bytes run;

	if (n > 0) {
		if (c->state == AFTER_QUOTE)
			return ERR_SYNTAX;
		if (c->state == AT_CELL)
			c->state = IN_PLAIN;
		RETURN_IF(bytes_take(rest, n, &run));
		return add(c, run.data, n);
	}
	RETURN_IF(bytes_take(rest, 1, &run));
	if (c->state != IN_QUOTES)
		return take_outside(c, run.data[0]);
	if (run.data[0] != '"')
		return ERR_SYNTAX;
	c->state = AFTER_QUOTE;
	return ERR_OK;
}

/* Cells that do not count, as long as they are plain: only commas matter.
 * What is not plain, columns that count, and the last column with the end of
 * its row are left to take_some. */
static void
skip_cells(struct counter *c, struct bytes *rest)
{
	const uint8_t *p = rest->data, *end = p + rest->len, *start = p;
	const size_t *roles = c->roles;
	size_t column = c->column, last = c->columns - 1;

	while (column < last && roles[column] == NO_COLUMN) {
		while (p < end && !stops_outside[*p])
			p++;
		if (p == end || *p != ',')
			break;
		start = ++p;
		column++;
	}
	if (column != c->column) {
		c->column = column;
		begin_cell(c);
	}
	if (p > start)
		c->state = IN_PLAIN;
	rest->data = p;
	rest->len = (size_t)(end - p);
}

enum err
counter_feed(struct counter *c, struct bytes piece)
{
	while (piece.len > 0 && c->failed == ERR_OK) {
		if (c->columns > 0 && !c->in_header &&
		    (c->state == AT_CELL || c->state == IN_PLAIN))
			skip_cells(c, &piece);
		if (piece.len > 0)
			c->failed = take_some(c, &piece);
	}
	return c->failed;
}

enum err
counter_end(struct counter *c, struct counter_result *ret)
{
	struct counter_result r = {.rows = c->rows,
	    .pseudonyms = c->ordinal, .groups = c->groups_len};
	size_t i;
	uint64_t people;

	RETURN_IF(c->failed);
	if (c->in_header || c->column != 0 || c->state != AT_CELL)
		return c->failed = ERR_TRUNCATED;
	RETURN_IF(c->failed = count_person(c));
	c->joined = 0;          /* asked again, it is not counted again */
	for (i = 0; i < c->groups_len; i++) {
		people = c->groups[i].people;
		r.smallest = i == 0 || people < r.smallest ? people :
		    r.smallest;
		r.largest = people > r.largest ? people : r.largest;
		r.sum_of_sizes += people;
	}
	*ret = r;
	return ERR_OK;
}
