/* policy/disclosure/ladder.c - what kind of ladder it is, and what a value
 * becomes on it. */
#include "policy/disclosure/ladder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "policy/disclosure/ladder_internal.h"

static const int64_t powers_of_ten[] = {1, 10, 100, 1000, 10000, 100000,
    1000000};

uint32_t
ladder_hash(struct bytes text)
{
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < text.len; i++)
		h = (h ^ text.data[i]) * 16777619u;
	return h ^ h >> 15;
}

static enum err
new_for(const struct survey_field *field, struct ladder **ret)
{
	struct ladder *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_NOMEM;
	l->field = field;
	*ret = l;
	return ERR_OK;
}

enum err
ladder_parse(struct bytes file, const struct survey_field *field,
    struct ladder **ret, struct err_info *info)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;

	if (field != NULL && field->kind == SURVEY_KIND_LIST)
		return err_at(info, ERR_UNSUPPORTED, 0,
		    "%s: a list has no ladder", field->name);
	if (file.len > LADDER_FILE_MAX)
		return err_at(info, ERR_LIMIT, 0,
		    "the ladder is larger than %zu bytes", LADDER_FILE_MAX);
	RETURN_IF(new_for(field, &l));
	if (file.len > 0 && file.data[0] == '{')
		RETURN_IF(ladder_read_json(l, file, info));
	else
		RETURN_IF(ladder_read_csv(l, file, info));
	*ret = TAKE(l);
	return ERR_OK;
}

enum err
ladder_new_as_is(const struct survey_field *field, struct ladder **ret)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;

	RETURN_IF(new_for(field, &l));
	l->kind = LADDER_AS_IS;
	l->levels = 1;
	*ret = TAKE(l);
	return ERR_OK;
}

void
ladder_free(struct ladder *l)
{
	if (l == NULL)
		return;
	hierarchy_free(l->tree);
	free(l);
}

void
ladder_cleanup(struct ladder **l)
{
	ladder_free(*l);
	*l = NULL;
}

unsigned
ladder_levels(const struct ladder *l)
{
	return l->levels;
}

/* ---- labels ---- */

static int64_t
scale(const struct ladder *l)
{
	return l->field->kind == SURVEY_KIND_NUMBER ?
	    powers_of_ten[l->field->decimals] : 1;
}

/* A number as the field's cells have it. */
static enum err
append_number(const struct ladder *l, int64_t v, struct buf *out)
{
	const struct answers_value value = {1, v, {NULL, 0}};
	char scratch[ANSWERS_CELL_MAX];
	struct bytes cell = answers_cell(l->field, &value, 0, scratch);

	return buf_append(out, cell.data, cell.len);
}

static int64_t
floor_to(int64_t v, int64_t width)
{
	int64_t rest = v % width;

	return v - (rest < 0 ? rest + width : rest);
}

/* Bands begin at multiples of their width; top and bottom cut them off, at
 * every level alike, so that levels nest. */
static enum err
label_band(const struct ladder *l, unsigned level, int64_t v, struct buf *out)
{
	int64_t unit = scale(l), width = l->steps[level - 1] * unit;
	int64_t low = floor_to(v, width), high = low + width - 1;

	if (l->has_bottom && v < l->bottom * unit) {
		RETURN_IF(buf_append_str(out, "<"));
		return append_number(l, l->bottom * unit, out);
	}
	if (l->has_top && v >= l->top * unit) {
		RETURN_IF(append_number(l, l->top * unit, out));
		return buf_append_str(out, "+");
	}
	if (l->has_bottom && low < l->bottom * unit)
		low = l->bottom * unit;
	if (l->has_top && high >= l->top * unit)
		high = l->top * unit - 1;
	RETURN_IF(append_number(l, low, out));
	if (high == low)
		return ERR_OK;
	RETURN_IF(buf_append_str(out, "-"));
	return append_number(l, high, out);
}

/* Day number of the Thursday of that day's week: an ISO week belongs to the
 * year its Thursday is in, and, here, to that month. */
static int32_t
thursday(int32_t day)
{
	int y, m, d, weekday;

	clock_day_parts(day, &y, &m, &d, &weekday);
	return day - weekday + 4;
}

static enum err
label_week(int32_t day, struct buf *out)
{
	int y, m, d, weekday;
	int32_t middle = thursday(day), first = middle;
	char january[CLOCK_DAY_LEN + 1];

	clock_day_parts(middle, &y, &m, &d, &weekday);
	(void)snprintf(january, sizeof(january), "%04u-01-01",
	    (unsigned)y % 10000);
	RETURN_IF(clock_parse_date(bytes_str(january), &first));
	return buf_printf(out, "%04d-W%02d", y, (middle - first) / 7 + 1);
}

static enum err
label_date(const struct ladder *l, unsigned level, int32_t day,
    struct buf *out)
{
	int y, m, d, weekday;

	if (l->steps[level - 1] == LADDER_WEEK)
		return label_week(day, out);
	/* Weeks come first where there are any: what is coarser is built on
	 * them, or one week would have two months. */
	if (l->steps[0] == LADDER_WEEK)
		day = thursday(day);
	clock_day_parts(day, &y, &m, &d, &weekday);
	if (l->steps[level - 1] == LADDER_THIRD)
		return buf_printf(out, "%04d-%02d-T%d", y, m,
		    d <= 10 ? 1 : d <= 20 ? 2 : 3);
	if (l->steps[level - 1] == LADDER_MONTH)
		return buf_printf(out, "%04d-%02d", y, m);
	return buf_printf(out, "%04d", y);
}

/* The first so many characters of UTF-8. */
static enum err
label_prefix(const struct ladder *l, unsigned level, struct bytes cell,
    struct buf *out)
{
	int64_t chars = 0;
	size_t n;

	for (n = 0; n < cell.len; n++) {
		if ((cell.data[n] & 0xc0) == 0x80)
			continue;
		if (chars++ == l->steps[level - 1])
			break;
	}
	return buf_append(out, cell.data, n);
}

static enum err
label_table(const struct ladder *l, unsigned level, struct bytes cell,
    struct buf *out)
{
	struct bytes label;
	uint32_t leaf = 0;

	if (hierarchy_find(l->tree, cell, &leaf) != ERR_OK) {
		if (l->other == 0)
			return ERR_UNKNOWN;
		leaf = l->other - 1;
	}
	label = hierarchy_text(l->tree, level, leaf);
	return buf_append(out, label.data, label.len);
}

enum err
ladder_label(const struct ladder *l, unsigned level,
    const struct answers_value *v, struct bytes cell, struct buf *out)
{
	MUST_HOLD(level < l->levels);
	if (level == 0)
		return buf_append(out, cell.data, cell.len);
	if (l->kind == LADDER_TABLE)
		return label_table(l, level, cell, out);
	if (level == l->levels - 1)
		return buf_append_str(out, LADDER_TOP);
	switch (l->kind) {
	case LADDER_BANDS:
		return label_band(l, level, v->number, out);
	case LADDER_DATE:
		return label_date(l, level, (int32_t)v->number, out);
	case LADDER_PREFIX:
		return label_prefix(l, level, cell, out);
	case LADDER_AS_IS:
	case LADDER_TABLE:
	default:
		break;
	}
	MUST_HOLD(l->kind != LADDER_AS_IS);     /* it has level 0 only */
	return ERR_UNKNOWN;
}
