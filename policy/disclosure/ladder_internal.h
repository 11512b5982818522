/* policy/disclosure/ladder_internal.h - a ladder's inside. */
#ifndef AZUKARI_POLICY_DISCLOSURE_LADDER_INTERNAL_H
#define AZUKARI_POLICY_DISCLOSURE_LADDER_INTERNAL_H

#include "policy/disclosure/hierarchy.h"
#include "policy/disclosure/ladder.h"
#include "survey/answers.h"
#include "survey/survey.h"

enum ladder_kind {
	LADDER_AS_IS, LADDER_TABLE, LADDER_BANDS, LADDER_DATE, LADDER_PREFIX,
};

enum ladder_unit {
	LADDER_WEEK, LADDER_THIRD, LADDER_MONTH, LADDER_YEAR,
};

struct ladder {
	const struct survey_field *field;   /* borrowed; NULL: of any */
	enum ladder_kind kind;
	unsigned levels;                    /* level 0 included */
	int top_is_one;                     /* the coarsest has one label */
	struct hierarchy *tree;             /* LADDER_TABLE */
	uint32_t other;                     /* leaf + 1 of the value `*` */
	int64_t steps[LADDER_LEVELS_MAX];   /* widths, units or lengths */
	size_t steps_len;
	int has_bottom, has_top;
	int64_t bottom, top;
};

/* Fill a zeroed ladder whose field is set, or is to stay NULL. */
enum err ladder_read_csv(struct ladder *l, struct bytes file,
    struct err_info *info) MUST_USE;
enum err ladder_read_json(struct ladder *l, struct bytes file,
    struct err_info *info) MUST_USE;
/* Label of an answered value at ${level}, appended to ${out}; ${cell} is its
 * text at level 0. */
enum err ladder_label(const struct ladder *l, unsigned level,
    const struct answers_value *v, struct bytes cell,
    struct buf *out) MUST_USE;

#define LADDER_TOP "*"

/* FNV-1a, for tables. */
uint32_t ladder_hash(struct bytes text);

#endif
