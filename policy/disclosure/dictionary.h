/* policy/disclosure/dictionary.h - distinct texts and their numbers, in the
 * order in which they came. */
#ifndef AZUKARI_POLICY_DISCLOSURE_DICTIONARY_H
#define AZUKARI_POLICY_DISCLOSURE_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

/* Zeroed is empty; dictionary_release. */
struct dictionary {
	struct buf all;                 /* each text with a NUL */
	size_t *at;                     /* by number: where in ${all} */
	size_t len, cap;
	uint32_t *slots;                /* number + 1; 0: free */
	size_t mask;
};

void dictionary_release(struct dictionary *d);

/* The number of a text, a new one (d->len before) if need be; 1 in ${ret_new}
 * then.  ERR_NOMEM, ERR_LIMIT (1 GiB of texts). */
enum err dictionary_number(struct dictionary *d, struct bytes text,
    uint32_t *ret, int *ret_new) MUST_USE;
/* ERR_NOT_FOUND. */
enum err dictionary_find(const struct dictionary *d, struct bytes text,
    uint32_t *ret) MUST_USE;
/* NUL-terminated; valid until the next new text. */
struct bytes dictionary_text(const struct dictionary *d, uint32_t number);

#endif
