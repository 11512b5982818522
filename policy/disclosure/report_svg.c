/* policy/disclosure/report_svg.c - disclosure.svg: one strip for the rows, one
 * for each column.
 *
 * Static shapes and names only: no script, no link, no font, no animation.  A
 * hidden count has no width of its own.
 */
#include "policy/disclosure/report_internal.h"

#define WIDTH 640
#define LEFT 150
#define STRIP 440
#define LINE 26
#define TOP 58

struct part {
	enum report_count count;
	const char *colour, *name;
};

static const struct part parts[] = {
	{REPORT_ROWS_OUT, "#3b7dd8", "exported"},
	{REPORT_ROWS_SUPPRESSED, "#e08a2e", "suppressed"},
	{REPORT_NO_CONSENT, "#b9b9b9", "no consent"},
	{REPORT_WITHDRAWN, "#7d7d7d", "withdrawn"},
};

static enum err
put_box(struct buf *out, unsigned x, unsigned y, unsigned width,
    const char *colour)
{
	if (width == 0)
		return ERR_OK;
	return buf_printf(out,
	    "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"16\" fill=\"%s\"/>\n",
	    x, y, width, colour);
}

static enum err
put_label(struct buf *out, unsigned x, unsigned y, const char *text)
{
	return buf_printf(out, "<text x=\"%u\" y=\"%u\">%s</text>\n", x, y,
	    text);
}

/* What a strip has room for; 0 for what is hidden. */
static unsigned
width_of(const struct report *r, enum report_count part)
{
	uint64_t all = r->counts[REPORT_ROWS].value;

	if (all == 0 || !report_shows(r, part) ||
	    !report_shows(r, REPORT_ROWS))
		return 0;
	return (unsigned)(r->counts[part].value * STRIP / all);
}

static enum err
put_rows(const struct report *r, struct buf *out)
{
	unsigned x = LEFT, key = LEFT;
	char text[96], count[MASK_TEXT_LEN];
	size_t i;

	RETURN_IF(put_label(out, 10, TOP + 13, "rows / 回答"));
	RETURN_IF(put_box(out, LEFT, TOP, STRIP, "#eeeeee"));
	for (i = 0; i < ARRAY_LEN(parts); i++) {
		unsigned width = width_of(r, parts[i].count);

		RETURN_IF(put_box(out, x, TOP, width, parts[i].colour));
		x += width;
		mask_text(&r->counts[parts[i].count], r->minimum_cell, count);
		(void)snprintf(text, sizeof(text), "%s %s%s", parts[i].name,
		    count[0] == '<' ? "&lt;" : "",
		    count[0] == '<' ? count + 1 : count);
		RETURN_IF(put_box(out, key, TOP + 22, 8, parts[i].colour));
		RETURN_IF(put_label(out, key + 12, TOP + 35, text));
		key += 120;
	}
	return ERR_OK;
}

/* Steps of the ladder up to the level that leaves. */
static enum err
put_column(const struct report_column *c, unsigned y, struct buf *out)
{
	unsigned steps = c->to + 1, width = STRIP / steps, i;
	char text[96];

	RETURN_IF(put_label(out, 10, y + 13, c->field));
	if (!c->quasi || c->ladder[0] == '\0')
		return put_label(out, LEFT, y + 13, "as it is / そのまま");
	for (i = 0; i < steps; i++)
		RETURN_IF(put_box(out, LEFT + i * width, y, width - 2,
		    i <= c->level ? "#e0b13a" : "#eeeeee"));
	(void)snprintf(text, sizeof(text), "%u: %llu to %llu values", c->level,
	    (unsigned long long)c->values, (unsigned long long)c->labels);
	return put_label(out, LEFT + 4, y + 13, text);
}

enum err
report_svg(const struct report *r, struct buf *out)
{
	unsigned y = TOP + 66;
	unsigned height = y + LINE * (unsigned)(r->columns_len +
	    r->rules_len) + 10;
	size_t i;

	RETURN_IF(buf_printf(out,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
	    "viewBox=\"0 0 %u %u\" font-family=\"sans-serif\" font-size=\"12\">\n"
	    "<title>%s</title>\n"
	    "<rect width=\"%u\" height=\"%u\" fill=\"#ffffff\"/>\n",
	    WIDTH, height, WIDTH, height, r->export_id, WIDTH, height));
	RETURN_IF(buf_printf(out,
	    "<text x=\"10\" y=\"22\" font-size=\"15\">%s: k %u, Loss %.4f</text>\n",
	    r->export_id, r->k, r->loss));
	RETURN_IF(put_label(out, 10, 42,
	    "what was coarsened and what was left out / 粗くしたもの、除いたもの"));
	RETURN_IF(put_rows(r, out));
	for (i = 0; i < r->columns_len; i++, y += LINE)
		RETURN_IF(put_column(&r->columns[i], y, out));
	for (i = 0; i < r->rules_len; i++, y += LINE) {
		RETURN_IF(put_label(out, 10, y + 13, "rule / 規則"));
		RETURN_IF(put_label(out, LEFT, y + 13, r->rules[i]));
	}
	return buf_append_str(out, "</svg>\n");
}
