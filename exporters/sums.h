/* exporters/sums.h - lists as `sha256sum` writes them, read strictly.
 *
 * One line per file: 64 lower-case hex digits, two spaces, name, LF.  Lines are
 * sorted bytewise by name and names are unique.  What `sha256sum -c` overlooks
 * (comment lines, garbage, absolute names, `..`, files that are not listed) is
 * refused here.  A zeroed struct is an empty list.
 */
#ifndef AZUKARI_EXPORTERS_SUMS_H
#define AZUKARI_EXPORTERS_SUMS_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/digest.h"

#define SUMS_ENTRIES_MAX 4096

struct sums_entry {
	char *name;                     /* owned by the list */
	uint8_t digest[DIGEST_LEN];
};

struct sums {
	struct sums_entry *entries;     /* sorted by name */
	size_t len, cap;
};

void sums_release(struct sums *s);      /* CLEANUP-able */

/* Adds one file (name copied).  ERR_SYNTAX for a name tar_name_ok refuses,
 * ERR_DUPLICATE, ERR_LIMIT, ERR_NOMEM; the list is unchanged then. */
enum err sums_add(struct sums *s, const char *name,
    const uint8_t digest[DIGEST_LEN]) MUST_USE;
/* The same with the digest of ${bytes}. */
enum err sums_add_bytes(struct sums *s, const char *name,
    struct bytes bytes) MUST_USE;

/* The digest of ${name}, borrowed until the list changes; NULL when absent. */
const uint8_t *sums_find(const struct sums *s, const char *name);

/* Appends the list's text to ${out}. */
enum err sums_write(const struct sums *s, struct buf *out) MUST_USE;

/* Parses a whole list into ${ret} (an empty list; unchanged on failure).
 * ERR_SYNTAX (also: out of order), ERR_DUPLICATE, ERR_LIMIT, ERR_TRUNCATED
 * (no final LF), with the line in ${info} (may be NULL). */
enum err sums_parse(struct bytes text, struct sums *ret,
    struct err_info *info) MUST_USE;

/* Whether ${found} (what is there) is exactly ${listed}: the same names
 * (ERR_UNKNOWN for one too many, ERR_NOT_FOUND for a missing one) and digests
 * (ERR_MISMATCH).  ${info} (may be NULL) names the file. */
enum err sums_match(const struct sums *listed, const struct sums *found,
    struct err_info *info) MUST_USE;

#endif
