/* app/ops/ladders.h - ladders made by rule, and looked at, without a home.
 *
 * What is written is read back by the same reader that an owner's ladder or
 * `azukari disclosure` goes through before there is a file.
 */
#ifndef AZUKARI_APP_OPS_LADDERS_H
#define AZUKARI_APP_OPS_LADDERS_H

#include "app/outcome.h"
#include "policy/disclosure/builder.h"

enum ladders_form {
	LADDERS_ARX,            /* CSV, a line for each value */
	LADDERS_OWNER,          /* as `owner ladder` takes it: JSON where it is
	                         * computed, else CSV with a row `*` */
};

struct ladders_out {
	const char *path;       /* a new file */
	enum ladders_form form;
	char delimiter;         /* of the first form; the second has `;` */
};

/* Whole numbers; ${first} to ${last} for the first form only. */
enum err ladders_numbers(const struct builder_bands *b, int64_t first,
    int64_t last, const struct ladders_out *to, struct outcome *o) MUST_USE;
enum err ladders_days(int weeks, int32_t first, int32_t last,
    const struct ladders_out *to, struct outcome *o) MUST_USE;

struct ladders_places {
	const char *const *files;       /* KEN_ALL, JIGYOSYO */
	size_t files_len;
	const char *areas;              /* or NULL */
	uint64_t prefectures;           /* as in builder_places_how */
	int leave_crossing;
};
enum err ladders_postcodes(const struct ladders_places *p,
    const struct ladders_out *to, struct outcome *o) MUST_USE;

struct ladders_found {
	char sha256[65];
	unsigned levels;
	size_t values;          /* 0: computed */
};
/* Is it a tree?  With ${survey} and ${field} (both or neither): is it a ladder
 * of that field, with a place for every value?  Warnings are told. */
enum err ladders_check(const char *path, const char *survey,
    const char *field, char delimiter, struct ladders_found *ret,
    struct outcome *o) MUST_USE;

#endif
