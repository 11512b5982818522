/* tests/unit/policy/texts.h - what every signed text of policy/ must stand:
 * each flipped bit and each cut is refused, or reads back as exactly itself. */
#ifndef AZUKARI_TESTS_POLICY_TEXTS_H
#define AZUKARI_TESTS_POLICY_TEXTS_H

#include "core/buf.h"
#include "core/err.h"

/* Reads ${bytes} and, when that goes well, writes what it read to ${out}. */
typedef enum err (*texts_again_fn)(struct bytes bytes, struct buf *out,
    struct err_info *info);

void texts_reads_back(const char *text, texts_again_fn again);
void texts_flip_every_bit(const char *text, texts_again_fn again);
void texts_cut_everywhere(const char *text, texts_again_fn again);

struct texts_case {
	const char *from, *to;
	enum err want;
	const char *names;      /* what the message must say */
};
/* Replaces ${from} by ${to} in ${text} for each case. */
void texts_offences(const char *text, texts_again_fn again,
    const struct texts_case *cases, size_t len);

#endif
