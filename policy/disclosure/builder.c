/* policy/disclosure/builder.c - hierarchies made by rule. */
#include "policy/disclosure/builder.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/csv.h"
#include "policy/disclosure/hierarchy.h"

/* ---- numbers ---- */

static enum err
check_widths(const struct builder_bands *b)
{
	size_t i;

	if (b->widths_len > BUILDER_LEVELS_MAX)
		return ERR_LIMIT;
	for (i = 0; i < b->widths_len; i++)
		if (b->widths[i] == 0 || (i > 0 &&
		    b->widths[i] % b->widths[i - 1] != 0))
			return ERR_RANGE;
	return ERR_OK;
}

static enum err
check_bands(const struct builder_bands *b)
{
	if (b->first > b->last || b->first < -(INT64_C(1) << 40) ||
	    b->last > INT64_C(1) << 40)
		return ERR_RANGE;
	if (b->last - b->first >= BUILDER_VALUES_MAX)
		return ERR_LIMIT;
	if ((b->has_bottom && (b->bottom < b->first || b->bottom > b->last)) ||
	    (b->has_top && (b->top < b->first || b->top > b->last)) ||
	    (b->has_bottom && b->has_top && b->bottom >= b->top))
		return ERR_RANGE;
	return check_widths(b);
}

static int64_t
floor_to(int64_t value, int64_t width)
{
	int64_t rest = value % width;

	return value - (rest < 0 ? rest + width : rest);
}

/* Bands next to the ends are cut there, so that they never lie in two. */
static enum err
band_label(const struct builder_bands *b, int64_t value, uint32_t width,
    struct buf *out)
{
	int64_t from = floor_to(value, width), to = from + width - 1;
	int64_t low = b->has_bottom ? b->bottom + 1 : b->first;
	int64_t high = b->has_top ? b->top - 1 : b->last;

	if (b->has_bottom && value <= b->bottom)
		return buf_printf(out, ";<=%lld", (long long)b->bottom);
	if (b->has_top && value >= b->top)
		return buf_printf(out, ";>=%lld", (long long)b->top);
	from = from < low ? low : from;
	to = to > high ? high : to;
	return buf_printf(out, ";%lld-%lld", (long long)from, (long long)to);
}

enum err
builder_numbers(const struct builder_bands *b, struct buf *out)
{
	int64_t value;
	size_t i;

	RETURN_IF(check_bands(b));
	for (value = b->first; value <= b->last; value++) {
		RETURN_IF(buf_printf(out, "%lld", (long long)value));
		for (i = 0; i < b->widths_len; i++)
			RETURN_IF(band_label(b, value, b->widths[i], out));
		RETURN_IF(buf_append_str(out, ";*\n"));
	}
	return ERR_OK;
}

enum err
builder_ages(struct buf *out)
{
	static const uint32_t widths[] = {5, 10, 20};
	const struct builder_bands b = {.first = 0, .last = 120,
	    .widths = widths, .widths_len = 3, .has_top = 1, .top = 90};

	return builder_numbers(&b, out);
}

/* ---- days ---- */

static enum err
day_thirds(int32_t day, struct buf *out)
{
	int year, month, mday, weekday, third;
	char text[CLOCK_DAY_LEN + 1];

	clock_format_day(day, text);
	clock_day_parts(day, &year, &month, &mday, &weekday);
	third = mday <= 10 ? 1 : mday <= 20 ? 2 : 3;
	return buf_printf(out, "%s;%04d-%02d/%d;%04d-%02d;%04d;*\n", text,
	    year, month, third, year, month, year);
}

static enum err
day_week(int32_t day, struct buf *out)
{
	char text[CLOCK_DAY_LEN + 1], monday[CLOCK_DAY_LEN + 1];
	int year, month, mday, weekday;

	clock_format_day(day, text);
	clock_day_parts(day, &year, &month, &mday, &weekday);
	clock_format_day(day - (weekday - 1), monday);
	return buf_printf(out, "%s;%s/7;*\n", text, monday);
}

enum err
builder_dates(int32_t first, int32_t last, enum builder_days how,
    struct buf *out)
{
	int32_t day;

	/* years of four digits */
	if (first > last || first < -300000 || last > 2900000)
		return ERR_RANGE;
	if (last - first >= BUILDER_VALUES_MAX)
		return ERR_LIMIT;
	for (day = first; day <= last; day++)
		RETURN_IF(how == BUILDER_WEEKS ? day_week(day, out) :
		    day_thirds(day, out));
	return ERR_OK;
}

/* ---- postcodes ---- */

static int
is_digits(struct bytes text, size_t len)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return 0;
	return text.len == len;
}

static enum err
read_memory(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct bytes *rest = ctx, piece = {NULL, 0};
	size_t len = rest->len < max ? rest->len : max;

	RETURN_IF(bytes_take(rest, len, &piece));
	if (len > 0)
		memcpy(dst, piece.data, len);
	*ret_got = len;
	return ERR_OK;
}

/* Labels of one line, each with its kind, so that an area and a municipality
 * of the same name stay two. */
static enum err
postcode_line(const struct bytes *cells, size_t count, unsigned long line,
    struct buf *out, struct err_info *info)
{
	struct bytes town, centre, area;

	if (count != 4)
		return err_at(info, ERR_SYNTAX, line, "%zu cells instead of 4",
		    count);
	if (!is_digits(cells[0], 7))
		return err_at(info, ERR_SYNTAX, line, "a postcode has 7 "
		    "digits");
	if (!is_digits(cells[1], 5) || memcmp(cells[1].data, "01", 2) < 0 ||
	    memcmp(cells[1].data, "47", 2) > 0)
		return err_at(info, ERR_SYNTAX, line, "a municipality is a "
		    "JIS code of 5 digits, 01 to 47 first");
	town = cells[1];
	centre = cells[2].len > 0 ? cells[2] : town;
	area = cells[3].len > 0 ? cells[3] : centre;
	RETURN_IF(csv_append_field(out, cells[0], ';'));
	RETURN_IF(buf_append_u8(out, ';'));
	RETURN_IF(csv_append_field(out, town, ';'));
	RETURN_IF(buf_append_u8(out, ';'));
	RETURN_IF(csv_append_field(out, centre, ';'));
	RETURN_IF(buf_append_u8(out, ';'));
	RETURN_IF(csv_append_field(out, area, ';'));
	return buf_printf(out, ";%.2s;*\n", (const char *)town.data);
}

enum err
builder_postcodes(struct bytes table, char delimiter, struct buf *out,
    struct err_info *info)
{
	CLEANUP(hierarchy_cleanup) struct hierarchy *check = NULL;
	CLEANUP(csv_reader_cleanup) struct csv_reader *r = NULL;
	const struct bytes *cells;
	size_t count, begun = out->len;
	unsigned long line;
	enum err e;

	RETURN_IF(csv_reader_new(read_memory, &table, delimiter, "postcodes",
	    &r));
	for (;;) {
		e = csv_reader_next(r, &cells, &count, &line, info);
		if (e == ERR_NOT_FOUND)
			break;
		RETURN_IF(e);
		RETURN_IF(postcode_line(cells, count, line, out, info));
	}
	/* a tree whose roots are prefectures nests in them */
	return hierarchy_parse(bytes_of(out->data + begun, out->len - begun),
	    ';', &check, info);
}
