/* policy/disclosure/builder.c - ladders of numbers and days. */
#include "policy/disclosure/builder.h"

#include "core/csv.h"
#include "policy/disclosure/ladder_internal.h"

enum err
builder_bands(const struct builder_bands *b, struct buf *out)
{
	size_t i;

	if (b->widths_len > BUILDER_LEVELS_MAX)
		return ERR_LIMIT;
	RETURN_IF(buf_append_str(out, "{\"azukari\":\"ladder v1\","
	    "\"kind\":\"bands\",\"levels\":["));
	for (i = 0; i < b->widths_len; i++)
		RETURN_IF(buf_printf(out, "%s%lld", i > 0 ? "," : "",
		    (long long)b->widths[i]));
	RETURN_IF(buf_append_str(out, "]"));
	if (b->has_bottom)
		RETURN_IF(buf_printf(out, ",\"bottom\":%lld",
		    (long long)b->bottom));
	if (b->has_top)
		RETURN_IF(buf_printf(out, ",\"top\":%lld",
		    (long long)b->top));
	return buf_append_str(out, "}\n");
}

enum err
builder_days(int weeks, struct buf *out)
{
	return buf_printf(out, "{\"azukari\":\"ladder v1\",\"kind\":\"date\","
	    "\"levels\":[\"%s\",\"month\",\"year\"]}\n",
	    weeks ? "week" : "third");
}

/* ---- every value ---- */

static enum err
check_range(enum builder_values kind, int64_t first, int64_t last)
{
	if (first > last || first < -SURVEY_NUMBER_MAX ||
	    last > SURVEY_NUMBER_MAX)
		return ERR_RANGE;
	/* years of four digits */
	if (kind == BUILDER_DAYS && (first < -700000 || last > 2900000))
		return ERR_RANGE;
	return last - first >= BUILDER_VALUES_MAX ? ERR_LIMIT : ERR_OK;
}

static enum err
expand_value(const struct ladder *l, int64_t value, char delimiter,
    struct buf *label, struct buf *out)
{
	const struct answers_value v = {.answered = 1, .number = value};
	char scratch[ANSWERS_CELL_MAX];
	struct bytes cell = answers_cell(l->field, &v, 0, scratch);
	unsigned level;

	for (level = 0; level < l->levels; level++) {
		buf_clear(label);
		RETURN_IF(ladder_label(l, level, &v, cell, label));
		if (level > 0)
			RETURN_IF(buf_append_u8(out, (uint8_t)delimiter));
		RETURN_IF(csv_append_field(out, bytes_buf(label), delimiter));
	}
	return buf_append_u8(out, '\n');
}

enum err
builder_expand(struct bytes json, enum builder_values kind, int64_t first,
    int64_t last, char delimiter, struct buf *out, struct err_info *info)
{
	const struct survey_field field = {.name = "value",
	    .kind = kind == BUILDER_DAYS ? SURVEY_KIND_DATE :
	    SURVEY_KIND_INTEGER};
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;
	CLEANUP(buf_release) struct buf label = {0};
	int64_t value;

	RETURN_IF(check_range(kind, first, last));
	RETURN_IF(ladder_parse(json, &field, &l, info));
	for (value = first; value <= last; value++)
		RETURN_IF(expand_value(l, value, delimiter, &label, out));
	return ERR_OK;
}
