/* policy/disclosure/builder_places.c - ladders of Japanese postcodes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/utf8.h"
#include "policy/disclosure/builder.h"
#include "policy/disclosure/dictionary.h"
#include "policy/disclosure/hierarchy.h"

#define PLACES_MAX 1000000
#define KEN_ALL_COLUMNS 15
#define KEN_ALL_POSTCODE 2
#define JIGYOSYO_COLUMNS 13
#define JIGYOSYO_POSTCODE 7
#define TOWNS_MAX 16            /* of one postcode */
#define NAMED_MAX 8             /* in a message */

struct place {
	uint32_t postcode, town;
};
struct area {
	uint32_t town, centre, region;  /* numbers of names; 0 is "" */
};

struct builder_places {
	struct place *places;
	size_t len, cap;
	struct area *areas;             /* by town, once sorted */
	size_t areas_len, areas_cap;
	struct dictionary names;
	uint32_t *crossing;
	size_t crossing_len, crossing_cap;
};

enum err
builder_places_new(struct builder_places **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret == NULL ? ERR_NOMEM : ERR_OK;
}

void
builder_places_free(struct builder_places *p)
{
	if (p == NULL)
		return;
	free(p->places);
	free(p->areas);
	free(p->crossing);
	dictionary_release(&p->names);
	free(p);
}

void
builder_places_cleanup(struct builder_places **p)
{
	builder_places_free(*p);
	*p = NULL;
}

/* ---- reading ---- */

/* One record after the other to ${take}. */
typedef enum err (*take_fn)(struct builder_places *p,
    const struct bytes *cells, size_t count, unsigned long line,
    struct err_info *info);

static enum err
read_records(struct builder_places *p, struct bytes file, char delimiter,
    take_fn take, struct err_info *info)
{
	CLEANUP(csv_reader_cleanup) struct csv_reader *r = NULL;
	const struct bytes *cells;
	unsigned long line;
	size_t count;
	enum err e;

	RETURN_IF(csv_reader_new(csv_read_bytes, &file, delimiter, "places", &r));
	for (;;) {
		e = csv_reader_next(r, &cells, &count, &line, info);
		if (e == ERR_NOT_FOUND)
			return ERR_OK;
		RETURN_IF(e);
		if (count > 1 || cells[0].len > 0)
			RETURN_IF(take(p, cells, count, line, info));
	}
}

static int
digits(struct bytes text, size_t len, uint32_t *ret)
{
	size_t i;

	*ret = 0;
	for (i = 0; i < text.len && i < len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return 0;
		*ret = *ret * 10 + (uint32_t)(text.data[i] - '0');
	}
	return text.len == len;
}

/* JIS X 0402: 5 digits, the first two a prefecture; or 6 with the check digit
 * (weights 6 to 2, 11 less the rest of 11, its last digit). */
static int
town_code(struct bytes text, uint32_t *ret)
{
	uint32_t all = 0, rest, sum = 0, weight;

	if (digits(text, 6, &all)) {
		*ret = all / 10;
		for (rest = *ret, weight = 2; weight <= 6; weight++) {
			sum += weight * (rest % 10);
			rest /= 10;
		}
		if ((11 - sum % 11) % 10 != all % 10)
			return 0;
	} else if (!digits(text, 5, ret)) {
		return 0;
	}
	return *ret / 1000 >= 1 && *ret / 1000 <= BUILDER_PREFECTURES;
}

static enum err
grow(void **array, size_t len, size_t *cap, size_t size)
{
	size_t more = *cap == 0 ? 1024 : *cap * 2;
	void *grown;

	if (len < *cap)
		return ERR_OK;
	if ((grown = reallocarray(*array, more, size)) == NULL)
		return ERR_NOMEM;
	*array = grown;
	*cap = more;
	return ERR_OK;
}

static enum err
take_place(struct builder_places *p, const struct bytes *cells, size_t count,
    unsigned long line, struct err_info *info)
{
	struct place place;
	void *array = p->places;
	size_t at = count == KEN_ALL_COLUMNS ? KEN_ALL_POSTCODE :
	    JIGYOSYO_POSTCODE;

	if (count != KEN_ALL_COLUMNS && count != JIGYOSYO_COLUMNS)
		return err_at(info, ERR_SYNTAX, line, "%zu columns; KEN_ALL "
		    "has %d, JIGYOSYO %d", count, KEN_ALL_COLUMNS,
		    JIGYOSYO_COLUMNS);
	if (!digits(cells[at], 7, &place.postcode))
		return err_at(info, ERR_SYNTAX, line, "column %zu is no "
		    "postcode of 7 digits", at + 1);
	if (cells[0].len != 5 || !town_code(cells[0], &place.town))
		return err_at(info, ERR_SYNTAX, line, "column 1 is no JIS "
		    "code of 5 digits, 01 to 47 first");
	if (p->len == PLACES_MAX)
		return err_at(info, ERR_LIMIT, line, "more than %d lines",
		    PLACES_MAX);
	RETURN_IF(grow(&array, p->len, &p->cap, sizeof(place)));
	p->places = array;
	p->places[p->len++] = place;
	return ERR_OK;
}

/* In Shift_JIS no comma, quote or line end is part of a character, and no
 * digit follows a lead byte: digits and cells are the same without the rest. */
static enum err
only_ascii(struct bytes file, struct buf *out)
{
	size_t i;

	out->max = file.len + 1;
	RETURN_IF(buf_append(out, file.data, file.len));
	for (i = 0; i < out->len; i++)
		if (out->data[i] >= 0x80)
			out->data[i] = '?';
	return ERR_OK;
}

enum err
builder_places_add(struct builder_places *p, struct bytes file,
    struct err_info *info)
{
	CLEANUP(buf_release) struct buf ascii = {0};

	if (!utf8_is_valid(file)) {
		RETURN_IF(only_ascii(file, &ascii));
		file = bytes_buf(&ascii);
	}
	return read_records(p, file, ',', take_place, info);
}

static enum err
take_area(struct builder_places *p, const struct bytes *cells, size_t count,
    unsigned long line, struct err_info *info)
{
	void *array = p->areas;
	struct area area;
	int is_new;

	if (count != 3)
		return err_at(info, ERR_SYNTAX, line, "%zu cells instead of 3",
		    count);
	if (!town_code(cells[0], &area.town)) {
		if (line == 1)
			return ERR_OK;
		return err_at(info, ERR_SYNTAX, line, "a municipality is a "
		    "JIS code of 5 digits, or 6 with its check digit, 01 to 47 "
		    "first");
	}
	RETURN_IF(dictionary_number(&p->names, bytes_str(""), &area.centre,
	    &is_new));
	RETURN_IF(dictionary_number(&p->names, cells[1], &area.centre,
	    &is_new));
	RETURN_IF(dictionary_number(&p->names, cells[2], &area.region,
	    &is_new));
	RETURN_IF(grow(&array, p->areas_len, &p->areas_cap, sizeof(area)));
	p->areas = array;
	p->areas[p->areas_len++] = area;
	return ERR_OK;
}

static int
by_town(const void *a, const void *b)
{
	const struct area *x = a, *y = b;

	return x->town < y->town ? -1 : x->town > y->town;
}

enum err
builder_places_areas(struct builder_places *p, struct bytes file,
    char delimiter, struct err_info *info)
{
	size_t i;

	RETURN_IF(read_records(p, file, delimiter, take_area, info));
	if (p->areas_len == 0)
		return err_at(info, ERR_SYNTAX, 0, "an empty table of areas");
	qsort(p->areas, p->areas_len, sizeof(*p->areas), by_town);
	for (i = 1; i < p->areas_len; i++)
		if (p->areas[i].town == p->areas[i - 1].town)
			return err_at(info, ERR_DUPLICATE, 0, "municipality "
			    "%05u is given twice", p->areas[i].town);
	return ERR_OK;
}

/* ---- one postcode ---- */

static int
by_postcode(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->postcode != y->postcode)
		return x->postcode < y->postcode ? -1 : 1;
	return x->town < y->town ? -1 : x->town > y->town;
}

/* The labels of a postcode's towns on one level, each once, in order. */
struct joined {
	struct bytes parts[TOWNS_MAX];
	size_t len;
};

static void
join(struct joined *j, struct bytes part)
{
	size_t i, at = 0;

	for (i = 0; i < j->len; i++) {
		if (bytes_equal(j->parts[i], part))
			return;
		at += strcmp((const char *)j->parts[i].data,
		    (const char *)part.data) < 0;
	}
	for (i = j->len++; i > at; i--)
		j->parts[i] = j->parts[i - 1];
	j->parts[at] = part;
}

static enum err
put_joined(const struct joined *j, char delimiter, struct buf *label,
    struct buf *out)
{
	size_t i;

	buf_clear(label);
	for (i = 0; i < j->len; i++) {
		if (i > 0)
			RETURN_IF(buf_append_u8(label, '+'));
		RETURN_IF(buf_append(label, j->parts[i].data,
		    j->parts[i].len));
	}
	RETURN_IF(buf_append_u8(out, (uint8_t)delimiter));
	return csv_append_field(out, bytes_buf(label), delimiter);
}

struct writing {
	struct builder_places *p;
	const struct builder_places_how *how;
	struct buf label;
	struct buf *out;
	struct err_info *info;
};

/* The names of a town on the three lower levels. */
static enum err
names_of(const struct writing *w, uint32_t town, char code[8],
    struct bytes ret[3])
{
	const struct area key = {.town = town}, *a;

	(void)snprintf(code, 8, "%05u", town % 100000);
	ret[0] = ret[1] = ret[2] = bytes_str(code);
	if (w->p->areas_len == 0)
		return ERR_OK;
	a = bsearch(&key, w->p->areas, w->p->areas_len, sizeof(*a), by_town);
	if (a == NULL)
		return err_at(w->info, ERR_NOT_FOUND, 0, "municipality %s is "
		    "not in the table of areas", code);
	if (a->centre > 0)
		ret[1] = dictionary_text(&w->p->names, a->centre);
	ret[2] = a->region > 0 ? dictionary_text(&w->p->names, a->region) :
	    ret[1];
	return ERR_OK;
}

static enum err
put_postcode(struct writing *w, const struct place *towns, size_t len)
{
	char codes[TOWNS_MAX][8];
	struct joined levels[3] = {{.len = 0}};
	struct bytes names[3];
	size_t i, l, levels_len = w->p->areas_len > 0 ? 3 : 1;

	for (i = 0; i < len; i++) {
		RETURN_IF(names_of(w, towns[i].town, codes[i], names));
		for (l = 0; l < levels_len; l++)
			join(&levels[l], names[l]);
	}
	RETURN_IF(buf_printf(w->out, "%07u", towns[0].postcode));
	for (l = 0; l < levels_len; l++)
		RETURN_IF(put_joined(&levels[l], w->how->delimiter, &w->label,
		    w->out));
	return buf_printf(w->out, "%c%02u%c*\n", w->how->delimiter,
	    towns[0].town / 1000, w->how->delimiter);
}

/* ---- all of them ---- */

static int
is_asked_for(const struct builder_places_how *how, const struct place *towns,
    size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((how->prefectures >> (towns[i].town / 1000) & 1) != 0)
			return 1;
	return how->prefectures == 0;
}

static enum err
note_crossing(struct builder_places *p, uint32_t postcode)
{
	void *array = p->crossing;

	RETURN_IF(grow(&array, p->crossing_len, &p->crossing_cap,
	    sizeof(*p->crossing)));
	p->crossing = array;
	p->crossing[p->crossing_len++] = postcode;
	return ERR_OK;
}

/* Distinct towns of the postcode at ${at}, moved together from there on;
 * ${ret_next} is behind its last line. */
static enum err
towns_of(struct writing *w, size_t at, size_t *ret_len, size_t *ret_next)
{
	struct place *p = w->p->places;
	size_t i = at, len = 0;

	for (; i < w->p->len && p[i].postcode == p[at].postcode; i++)
		if (len == 0 || p[at + len - 1].town != p[i].town)
			p[at + len++] = p[i];
	*ret_len = len;
	*ret_next = i;
	if (len > TOWNS_MAX)
		return err_at(w->info, ERR_LIMIT, 0, "postcode %07u is of "
		    "more than %d municipalities", p[at].postcode, TOWNS_MAX);
	return ERR_OK;
}

static enum err
put_all(struct writing *w, struct builder_places_count *n)
{
	struct place *p = w->p->places;
	size_t at, len = 0, next = 0;

	for (at = 0; at < w->p->len; at = next) {
		RETURN_IF(towns_of(w, at, &len, &next));
		if (!is_asked_for(w->how, p + at, len))
			continue;
		if (p[at].town / 1000 != p[at + len - 1].town / 1000) {
			n->crossing++;
			RETURN_IF(note_crossing(w->p, p[at].postcode));
			continue;
		}
		n->postcodes++;
		n->joined += len > 1;
		RETURN_IF(put_postcode(w, p + at, len));
	}
	return ERR_OK;
}

static enum err
put_rest(const struct writing *w)
{
	size_t i, cells = w->p->areas_len > 0 ? 6 : 4;

	for (i = 0; i < cells; i++)
		RETURN_IF(buf_printf(w->out, i > 0 ? "%c*" : "*",
		    w->how->delimiter));
	return buf_append_u8(w->out, '\n');
}

/* The message names them, or the first. */
static enum err
refuse_crossing(const struct builder_places *p, struct err_info *info)
{
	CLEANUP(buf_release) struct buf names = {0};
	size_t i;

	for (i = 0; i < p->crossing_len && i < NAMED_MAX; i++)
		RETURN_IF(buf_printf(&names, "%s%07u", i > 0 ? ", " : "",
		    p->crossing[i]));
	if (i < p->crossing_len)
		RETURN_IF(buf_append_str(&names, ", ..."));
	return err_at(info, ERR_MISMATCH, 0, "%zu postcodes lie in two "
	    "prefectures and nest in none: %s", p->crossing_len,
	    buf_text(&names));
}

static enum err
check_written(const struct writing *w, size_t begun)
{
	CLEANUP(hierarchy_cleanup) struct hierarchy *check = NULL;

	return hierarchy_parse(bytes_of(w->out->data + begun,
	    w->out->len - begun), w->how->delimiter, HIERARCHY_LADDER, &check,
	    w->info);
}

static enum err
write_all(struct writing *w, struct builder_places_count *n)
{
	size_t begun = w->out->len;

	RETURN_IF(put_all(w, n));
	if (n->crossing > 0 && !w->how->leave_crossing)
		return refuse_crossing(w->p, w->info);
	if (n->postcodes == 0)
		return err_at(w->info, ERR_SYNTAX, 0, "no postcode");
	if (w->how->with_rest)
		RETURN_IF(put_rest(w));
	return check_written(w, begun);
}

enum err
builder_places_write(struct builder_places *p,
    const struct builder_places_how *how, struct buf *out,
    struct builder_places_count *ret, struct err_info *info)
{
	struct writing w = {.p = p, .how = how, .out = out, .info = info};
	enum err e;

	*ret = (struct builder_places_count){0};
	p->crossing_len = 0;
	if (p->len > 0)
		qsort(p->places, p->len, sizeof(*p->places), by_postcode);
	e = write_all(&w, ret);
	buf_release(&w.label);
	return e;
}

int32_t
builder_places_crossing(const struct builder_places *p, size_t i)
{
	return i < p->crossing_len ? (int32_t)p->crossing[i] : -1;
}
