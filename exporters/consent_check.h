/* exporters/consent_check.h - whose consents an opened payload stands on.
 *
 * The consent root recomputed from data/consents.csv, and whether anybody whom
 * a notice names still has a receipt in it.  Nothing is changed.
 */
#ifndef AZUKARI_EXPORTERS_CONSENT_CHECK_H
#define AZUKARI_EXPORTERS_CONSENT_CHECK_H

#include <stdint.h>

#include "core/err.h"
#include "exporters/notice.h"
#include "keys/digest.h"

/* The root over the lines of ${data}/data/consents.csv (docs/FORMATS.md 9.2).
 * ERR_NOT_FOUND, ERR_TRUNCATED, ERR_LIMIT, ERR_IO. */
enum err consent_check_root(const char *data,
    uint8_t ret[DIGEST_LEN]) MUST_USE;

/* Is nobody of ${notice} in ${data}?  ERR_REVOKED: line ${ret_line} of
 * consents.csv (the header is 1) is of a person who has withdrawn.  ERR_STATE:
 * the notice recalls the export as a whole; ERR_MISMATCH: it is of another
 * export (nothing was looked at). */
enum err consent_check_notice(const char *data, const struct notice *notice,
    unsigned long *ret_line, struct err_info *info) MUST_USE;

#endif
