/* policy/disclosure/builder.h - hierarchies made by rule, written as ARX's CSV
 * (hierarchy.h reads them back and checks the tree).
 *
 * Every function appends lines `value;level 1;...;*` to ${out}; on failure
 * what was appended is of no use.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_BUILDER_H
#define AZUKARI_POLICY_DISCLOSURE_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define BUILDER_LEVELS_MAX 16
#define BUILDER_VALUES_MAX 1000000

/* Whole numbers from ${first} to ${last} in bands. */
struct builder_bands {
	int64_t first, last;
	/* widths of the levels, each a multiple of the one before; bands begin
	 * at multiples of their width */
	const uint32_t *widths;
	size_t widths_len;
	/* everything up to ${bottom} is one band, `<=bottom`, and everything
	 * from ${top} on `>=top`, on every level but the first */
	int has_bottom, has_top;
	int64_t bottom, top;
};
/* ERR_RANGE: first behind last, a width of 0 or no multiple, bottom or top
 * outside or crossing; ERR_LIMIT: too many values or levels. */
enum err builder_numbers(const struct builder_bands *b,
    struct buf *out) MUST_USE;
/* Ages 0 to 120 in bands of 5, 10 and 20 years, 90 and above one band. */
enum err builder_ages(struct buf *out) MUST_USE;

enum builder_days {
	BUILDER_THIRDS,         /* day, third of a month, month, year, * */
	BUILDER_WEEKS,          /* day, week (its Monday), *: weeks lie in no
	                         * month or year */
};
/* Every day from ${first} to ${last} (clock.h's numbers).  ERR_RANGE,
 * ERR_LIMIT. */
enum err builder_dates(int32_t first, int32_t last, enum builder_days how,
    struct buf *out) MUST_USE;

/* Japanese postcodes, from a table that is given: lines of
 * `postcode;municipality;health-centre area;secondary medical area`, where a
 * postcode has 7 digits and a municipality is its JIS X 0402 code of 5 digits,
 * whose first two are the prefecture.  Areas may be empty: then the level
 * above stands in.  Written is postcode, municipality, health-centre area,
 * secondary medical area, prefecture, *.
 *
 * ERR_SYNTAX (line), ERR_DUPLICATE (a postcode with two municipalities: it
 * would lie in two places, as three real ones do), ERR_MISMATCH (an area in two
 * larger areas or prefectures; the message names it).  No table is shipped:
 * there is no public one from municipality to health centre. */
enum err builder_postcodes(struct bytes table, char delimiter,
    struct buf *out, struct err_info *info) MUST_USE;

#endif
