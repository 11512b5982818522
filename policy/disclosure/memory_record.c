/* policy/disclosure/memory_record.c - the record's plaintext.
 *
 * "azkmem1\0" | u32 rows_max | u16 columns | each: LP(field) | 32 ladder digest
 * | u16 level | u16 levels | u32 labels | tokens || u32 groups | each: u32
 * label of every column, u32 people, u32 rows
 */
#include <stdlib.h>
#include <string.h>

#include "policy/disclosure/memory.h"

#define MAGIC "azkmem1"         /* with its NUL */
#define LABELS_MAX ((size_t)1 << 24)
#define GROUPS_MAX ((size_t)1 << 27)

static size_t
tokens_len(const struct memory_column *c)
{
	return c->labels * c->levels * MEMORY_TOKEN_LEN;
}

static enum err
write_column(const struct memory_column *c, struct buf *out)
{
	RETURN_IF(buf_append_lp_str(out, c->field));
	RETURN_IF(buf_append(out, c->ladder_sha256,
	    sizeof(c->ladder_sha256)));
	RETURN_IF(buf_append_u16be(out, (uint16_t)c->level));
	RETURN_IF(buf_append_u16be(out, (uint16_t)c->levels));
	RETURN_IF(buf_append_u32be(out, (uint32_t)c->labels));
	return buf_append(out, c->tokens, tokens_len(c));
}

enum err
memory_write(const struct memory_release *r, struct buf *out)
{
	size_t i, g;

	if (r->columns_len > MEMORY_COLUMNS_MAX || r->groups_len > GROUPS_MAX)
		return ERR_LIMIT;
	RETURN_IF(buf_append(out, MAGIC, 8));
	RETURN_IF(buf_append_u32be(out, r->rows_max));
	RETURN_IF(buf_append_u16be(out, (uint16_t)r->columns_len));
	for (i = 0; i < r->columns_len; i++)
		RETURN_IF(write_column(&r->columns[i], out));
	RETURN_IF(buf_append_u32be(out, (uint32_t)r->groups_len));
	for (g = 0; g < r->groups_len; g++) {
		for (i = 0; i < r->columns_len; i++)
			RETURN_IF(buf_append_u32be(out,
			    r->labels[g * r->columns_len + i]));
		RETURN_IF(buf_append_u32be(out, r->groups[g].people));
		RETURN_IF(buf_append_u32be(out, r->groups[g].rows));
	}
	return ERR_OK;
}

/* ---- and back ---- */

static enum err
read_field(struct bytes *rest, char ret[MEMORY_FIELD_MAX + 1])
{
	struct bytes text;
	uint32_t len;

	RETURN_IF(bytes_take_u32be(rest, &len));
	if (len > MEMORY_FIELD_MAX)
		return ERR_RANGE;
	RETURN_IF(bytes_take(rest, len, &text));
	if (memchr(text.data, '\0', len) != NULL)
		return ERR_RANGE;
	memcpy(ret, text.data, len);
	ret[len] = '\0';
	return ERR_OK;
}

static enum err
read_column(struct bytes *rest, struct memory_column *c)
{
	struct bytes piece;
	uint16_t level, levels;
	uint32_t labels;

	RETURN_IF(read_field(rest, c->field));
	RETURN_IF(bytes_take(rest, sizeof(c->ladder_sha256), &piece));
	memcpy(c->ladder_sha256, piece.data, piece.len);
	RETURN_IF(bytes_take_u16be(rest, &level));
	RETURN_IF(bytes_take_u16be(rest, &levels));
	RETURN_IF(bytes_take_u32be(rest, &labels));
	if (levels < 1 || levels > MEMORY_LEVELS_MAX || labels > LABELS_MAX)
		return ERR_RANGE;
	c->level = level;
	c->levels = levels;
	c->labels = labels;
	RETURN_IF(bytes_take(rest, tokens_len(c), &piece));
	c->tokens = malloc(piece.len + 1);
	if (c->tokens == NULL)
		return ERR_NOMEM;
	memcpy(c->tokens, piece.data, piece.len);
	return ERR_OK;
}

static enum err
read_group(struct bytes *rest, struct memory_release *r, size_t g)
{
	uint32_t *label;
	size_t i;

	for (i = 0; i < r->columns_len; i++) {
		label = &r->labels[g * r->columns_len + i];
		RETURN_IF(bytes_take_u32be(rest, label));
		if (*label >= r->columns[i].labels)
			return ERR_RANGE;
	}
	RETURN_IF(bytes_take_u32be(rest, &r->groups[g].people));
	return bytes_take_u32be(rest, &r->groups[g].rows);
}

static enum err
read_groups(struct bytes *rest, struct memory_release *r)
{
	uint32_t groups;
	size_t g;

	RETURN_IF(bytes_take_u32be(rest, &groups));
	if (rest->len != groups * (r->columns_len + 2) * sizeof(uint32_t))
		return ERR_TRUNCATED;
	r->labels = calloc(groups * r->columns_len + 1, sizeof(*r->labels));
	r->groups = calloc((size_t)groups + 1, sizeof(*r->groups));
	if (r->labels == NULL || r->groups == NULL)
		return ERR_NOMEM;
	r->groups_len = groups;
	for (g = 0; g < groups; g++)
		RETURN_IF(read_group(rest, r, g));
	return ERR_OK;
}

enum err
memory_read(struct bytes plain, struct memory_release *ret)
{
	CLEANUP(memory_release_free) struct memory_release r = {0};
	struct bytes magic;
	uint16_t columns;
	size_t i;

	RETURN_IF(bytes_take(&plain, 8, &magic));
	if (memcmp(magic.data, MAGIC, 8) != 0)
		return ERR_UNSUPPORTED;
	RETURN_IF(bytes_take_u32be(&plain, &r.rows_max));
	RETURN_IF(bytes_take_u16be(&plain, &columns));
	if (columns > MEMORY_COLUMNS_MAX)
		return ERR_RANGE;
	for (i = 0; i < columns; i++) {
		r.columns_len++;
		RETURN_IF(read_column(&plain, &r.columns[i]));
	}
	RETURN_IF(read_groups(&plain, &r));
	*ret = r;
	r = (struct memory_release){0};
	return ERR_OK;
}
