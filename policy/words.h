/* policy/words.h - a list that is one value: items separated by one space. */
#ifndef AZUKARI_POLICY_WORDS_H
#define AZUKARI_POLICY_WORDS_H

#include "core/buf.h"
#include "core/err.h"

struct words {
	char *store;             /* owned; the items point into it */
	const char **items;
	size_t len;
};

/* Splits ${value} (copied).  `-` alone is the empty list.  ERR_SYNTAX on an
 * empty item, ERR_DUPLICATE, ERR_LIMIT above ${max} items, ERR_NOMEM; ${ret}
 * is untouched on failure.  The caller owns the result. */
enum err words_parse(const char *value, size_t max, struct words *ret)
    MUST_USE;
/* Adds a copy of ${item} at the end: ERR_DUPLICATE, ERR_NOMEM. */
enum err words_add(struct words *w, const char *item) MUST_USE;
/* Appends the list as one value; `-` when empty. */
enum err words_append(const struct words *w, struct buf *out) MUST_USE;
int words_has(const struct words *w, const char *item);
int words_equal(const struct words *a, const struct words *b);
void words_release(struct words *w);         /* CLEANUP-able */

#endif
