/* policy/disclosure/models_search.h - the levels that lose the least where
 * there are rules beside k.
 *
 * The engine's boxes (engine_search.c) with models.h as judge.  Who is gone for
 * k is gone under rules, too, so bounds for k alone bound these; and
 * models_least says who else must go in all vectors below one.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_MODELS_SEARCH_H
#define AZUKARI_POLICY_DISCLOSURE_MODELS_SEARCH_H

#include "policy/disclosure/kanon.h"
#include "policy/disclosure/models.h"

/* Everybody is one row: person i of ${models} is rows[i].  All is borrowed. */
struct models_table {
	struct kanon *kanon;
	struct models *models;
	const struct kanon_row *rows;   /* by respondent */
	size_t people;
	const struct kanon_column *columns;     /* with sizes */
	size_t columns_len;
	const uint32_t *(*leaves)(const void *ctx, uint32_t tuple);
	const void *ctx;
	uint64_t allowed;               /* people who may be suppressed */
};

struct models_found {
	unsigned levels[KANON_COLUMNS_MAX];
	uint64_t suppressed;
	uint64_t for_k;                 /* of whom for k alone */
	double loss;                    /* as ENGINE_LOSS; not set where
	                                 * ${for_k} is more than is allowed */
	double bound;                   /* of a search: no vector loses less */
	uint64_t vectors;
};

/* One vector: who is gone under all rules, a byte a person.  ERR_OK whatever
 * comes out; where k alone takes too many, nothing else is looked at. */
enum err models_try(const struct models_table *t, const unsigned *levels,
    uint8_t *gone, struct models_found *ret) MUST_USE;

/* The vector within the columns' levels with the least loss that keeps to
 * ${allowed} and leaves somebody; of equals as engine.h says.  ERR_REFUSED:
 * there is none; ERR_LIMIT: none was found within KANON_VECTORS_MAX. */
enum err models_search(const struct models_table *t,
    struct models_found *ret) MUST_USE;

#endif
