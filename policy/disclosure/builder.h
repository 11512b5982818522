/* policy/disclosure/builder.h - ladders made by rule, as an owner registers
 * them (ladder.h; FORMATS 7) and as ARX's hierarchies (hierarchy.h).
 *
 * Every function appends to ${out}; on failure what was appended is of no use.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_BUILDER_H
#define AZUKARI_POLICY_DISCLOSURE_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define BUILDER_LEVELS_MAX 16
#define BUILDER_VALUES_MAX 1000000
#define BUILDER_PREFECTURES 47

/* ---- numbers and days ---- */

/* Whole numbers in bands; what is below ${bottom} is one band, and what is
 * not below ${top} another. */
struct builder_bands {
	int64_t widths[BUILDER_LEVELS_MAX];
	size_t widths_len;
	int has_bottom, has_top;
	int64_t bottom, top;
};
/* The JSON ladder.  What it says is checked where it is read. */
enum err builder_bands(const struct builder_bands *b,
    struct buf *out) MUST_USE;
/* Of days: by weeks or thirds of a month, then month, year. */
enum err builder_days(int weeks, struct buf *out) MUST_USE;

enum builder_values {
	BUILDER_NUMBERS, BUILDER_DAYS,  /* days are clock.h's numbers */
};
/* What the JSON ladder ${json} makes of each value from ${first} to ${last},
 * as lines `value;level 1;...;*`.  ERR_RANGE (first behind last, days outside
 * of years of four digits), ERR_LIMIT (too many), or as of ladder_parse. */
enum err builder_expand(struct bytes json, enum builder_values kind,
    int64_t first, int64_t last, char delimiter, struct buf *out,
    struct err_info *info) MUST_USE;

/* ---- places ---- */

/* Japanese postcodes: 7 digits -> municipality (JIS X 0402, 5 digits) ->
 * health-centre area -> secondary medical area -> prefecture (2 digits) -> *.
 * No table is shipped; they are given:
 *
 *  - Japan Post's KEN_ALL (15 columns) and JIGYOSYO (13 columns), Shift_JIS or
 *    UTF-8: only the columns of digits are looked at;
 *  - `municipality,health-centre area,secondary medical area`, a code having 5
 *    digits, or 6 with its check digit.  A first line without a code is a
 *    heading.  An empty cell: the level below stands in.  Without this table
 *    the ladder goes from municipality to prefecture.
 *
 * A postcode of several municipalities of one prefecture becomes them joined,
 * `14101+14102`, and likewise their areas: what is told is never finer than
 * what is known.  A postcode in two prefectures nests in none. */
struct builder_places;

enum err builder_places_new(struct builder_places **ret) MUST_USE;
void builder_places_free(struct builder_places *p);
void builder_places_cleanup(struct builder_places **p);
/* ERR_SYNTAX with the line. */
enum err builder_places_add(struct builder_places *p, struct bytes file,
    struct err_info *info) MUST_USE;
/* ERR_SYNTAX; ERR_DUPLICATE: a municipality with two lines. */
enum err builder_places_areas(struct builder_places *p, struct bytes file,
    char delimiter, struct err_info *info) MUST_USE;

struct builder_places_how {
	uint64_t prefectures;           /* bit 1 to 47; 0: all.  Postcodes with
	                                 * no place in these are left out */
	int leave_crossing;             /* so are those in two prefectures */
	int with_rest;                  /* a row `*`: all that is not listed, as
	                                 * a ladder of a field needs */
	char delimiter;
};
struct builder_places_count {
	size_t postcodes, joined, crossing;
};
/* ERR_MISMATCH: postcodes in two prefectures (the message names them), or an
 * area in two larger ones or two prefectures (it is named); ERR_NOT_FOUND: a
 * municipality that the table of areas lacks; ERR_LIMIT: more than fits in a
 * ladder; ERR_SYNTAX: no postcode at all. */
enum err builder_places_write(struct builder_places *p,
    const struct builder_places_how *how, struct buf *out,
    struct builder_places_count *ret, struct err_info *info) MUST_USE;
/* The ${i}th postcode that lies in two prefectures; -1 behind the last.  After
 * builder_places_write. */
int32_t builder_places_crossing(const struct builder_places *p, size_t i);

#endif
