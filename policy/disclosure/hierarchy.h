/* policy/disclosure/hierarchy.h - a generalisation hierarchy as ARX writes it:
 * one line per value, `leaf;level 1;...;*`, no header.
 *
 * Checked when read: every line has as many cells, and it is a tree - values
 * that share a label share every coarser one; the message names the label
 * that can become two.  A value may be given twice only with the same line.
 * LF or CRLF, with or without a final one.  What is allowed but looks like a
 * mistake is told as a warning.  An owner's ladder (ladder.h) is the same file
 * with stricter rules.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_HIERARCHY_H
#define AZUKARI_POLICY_DISCLOSURE_HIERARCHY_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define HIERARCHY_LEVELS_MAX 32
#define HIERARCHY_ROWS_MAX ((size_t)4 << 20)
#define HIERARCHY_CELL_MAX 1024
#define HIERARCHY_LADDER_ROWS_MAX 200000
#define HIERARCHY_LADDER_CELL_MAX 256

enum hierarchy_kind {
	HIERARCHY_ARX,          /* what ARX reads */
	HIERARCHY_LADDER,       /* 2 levels or more, no value twice, no empty
	                         * cell, clean UTF-8, the bounds above */
};

struct hierarchy;

/* ERR_SYNTAX (no line, another number of cells), ERR_LIMIT, ERR_RANGE (levels
 * of a ladder), ERR_DUPLICATE (a value with two lines), ERR_MISMATCH (not a
 * tree), ERR_ENCODING. */
enum err hierarchy_parse(struct bytes file, char delimiter,
    enum hierarchy_kind kind, struct hierarchy **ret,
    struct err_info *info) MUST_USE;
void hierarchy_free(struct hierarchy *h);
void hierarchy_cleanup(struct hierarchy **h);

unsigned hierarchy_levels(const struct hierarchy *h);   /* level 0 included */
/* Distinct values, and lines (a line given twice counts twice, as in ARX). */
size_t hierarchy_leaves(const struct hierarchy *h);
size_t hierarchy_lines(const struct hierarchy *h);
/* The number of a value; ERR_NOT_FOUND. */
enum err hierarchy_find(const struct hierarchy *h, struct bytes value,
    uint32_t *ret) MUST_USE;
/* [level][leaf]: number of the leaf's label among that level's, and lines
 * under that label.  Valid while ${h} is. */
const uint32_t *const *hierarchy_labels(const struct hierarchy *h);
const uint32_t *const *hierarchy_sizes(const struct hierarchy *h);
/* How many labels a level has. */
size_t hierarchy_labels_len(const struct hierarchy *h, unsigned level);
/* Text of a leaf's label, NUL-terminated. */
struct bytes hierarchy_text(const struct hierarchy *h, unsigned level,
    uint32_t leaf);

/* Parents with a single child that is not named like them, where siblings
 * have more: often a label spelled in two ways.  The ${i}th of them, NULL
 * behind the last. */
const char *hierarchy_warning(const struct hierarchy *h, size_t i);

#endif
