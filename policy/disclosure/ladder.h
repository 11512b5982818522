/* policy/disclosure/ladder.h - generalisation ladders (FORMATS 7).
 *
 * A ladder maps each value of a field to one label per level; level 0 is the
 * value itself.  It is a tree: values that share a label of one level share
 * the label of every coarser one.  Parsing proves that for the whole file and
 * that every value the survey's field can take has a place; the message names
 * the offending value (a code of the survey, never an answer).
 *
 * A ladder_map is one job's dictionary over a ladder: dense numbers for the
 * values met (leaves) and for the labels of each level.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_LADDER_H
#define AZUKARI_POLICY_DISCLOSURE_LADDER_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define LADDER_LEVELS_MAX 32
#define LADDER_FILE_MAX ((size_t)8 << 20)

struct survey_field;
struct answers_value;
struct ladder;

/* Parse a ladder file, CSV or JSON (which begins with `{`), for one field, or,
 * ${field} being NULL, for any: then only what holds for every field is
 * checked, and the ladder says its levels and no labels.
 * ERR_SYNTAX, ERR_ENCODING, ERR_LIMIT, ERR_UNKNOWN (JSON member, or a value the
 * field does not have), ERR_DUPLICATE (value twice), ERR_NOT_FOUND (a value of
 * the field is missing), ERR_MISMATCH (not a tree), ERR_RANGE (numbers of a
 * JSON ladder), ERR_UNSUPPORTED (kind does not fit the field's type).  ${field}
 * is borrowed and must outlive the ladder. */
enum err ladder_parse(struct bytes file, const struct survey_field *field,
    struct ladder **ret, struct err_info *info) MUST_USE;

/* The ladder of a field released as is: level 0 only.  Works for every type,
 * also lists. */
enum err ladder_new_as_is(const struct survey_field *field,
    struct ladder **ret) MUST_USE;
void ladder_free(struct ladder *l);
void ladder_cleanup(struct ladder **l);

/* Number of levels, level 0 included; the coarsest is ladder_levels - 1. */
unsigned ladder_levels(const struct ladder *l);

/* ---- one job's dictionary ---- */

struct ladder_map;

/* ${l} is borrowed.  ${leaves_max} bounds the distinct values (0: 4 Mi). */
enum err ladder_map_new(const struct ladder *l, size_t leaves_max,
    struct ladder_map **ret) MUST_USE;
void ladder_map_free(struct ladder_map *m);
void ladder_map_cleanup(struct ladder_map **m);

/* The leaf of a decoded answer of the ladder's field; no answer is leaf 0.  It
 * keeps apart from every answer, but for a coarsest level that is one label
 * for all.  ERR_LIMIT above leaves_max, ERR_NOMEM; ERR_UNKNOWN for a value that
 * the ladder's file lacks (a parsed ladder lacks none). */
enum err ladder_map_leaf(struct ladder_map *m, const struct answers_value *v,
    uint32_t *ret) MUST_USE;
size_t ladder_map_leaves(const struct ladder_map *m);

/* Label numbers of every leaf at ${level}: ladder_map_leaves entries, each
 * below ladder_map_labels; valid until the next ladder_map_leaf. */
const uint32_t *ladder_map_level(const struct ladder_map *m, unsigned level);
size_t ladder_map_labels(const struct ladder_map *m, unsigned level);
/* Text of a label; "" for no answer; valid until the next ladder_map_leaf.  At
 * level 0 it is the cell as survey/answers.h writes it; of a list, which has
 * no one cell, the codes of its options separated by one space. */
struct bytes ladder_map_label(const struct ladder_map *m, unsigned level,
    uint32_t label);

/* How many values of the whole domain each label of ${m} (by ${l}) covers at
 * ${level}: ladder_map_labels numbers to ${under}; no answer is one value more.
 * The domain is a table's rows, a field's categories, or its numbers or days
 * from minimum to maximum, where there are at most HIERARCHY_LADDER_ROWS_MAX.
 * 0 in ${ret_domain}: it cannot be listed.  ERR_NOMEM. */
enum err ladder_domain(const struct ladder *l, const struct ladder_map *m,
    unsigned level, uint64_t *under, uint64_t *ret_domain) MUST_USE;

#endif
