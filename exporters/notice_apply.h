/* exporters/notice_apply.h - at the partner: withdrawn people leave the data.
 *
 * Reads an opened payload folder (a valid bag), turns the blocks of a notice
 * into pseudonyms with the notice key of its binding.txt, and writes a copy
 * without their rows: again a valid bag, with the notice kept under notices/.
 * The folder itself is not changed.
 */
#ifndef AZUKARI_EXPORTERS_NOTICE_APPLY_H
#define AZUKARI_EXPORTERS_NOTICE_APPLY_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "exporters/notice.h"

struct notice_apply_result {
	uint64_t pseudonyms_removed;    /* of those named, how many were there */
	uint64_t rows_removed;          /* of responses.csv */
	uint64_t rows_left, pseudonyms_left;
};

/* Writes ${to} (must not exist; appears by rename, nothing is left on failure)
 * from ${from}.  ${notice} is one that was parsed from verified bytes; these
 * bytes stand in the copy as notices/NUMBER.txt.  ERR_MISMATCH: the notice is
 * of another export or plan; ERR_STATE: a recall (destroy the data instead), or
 * a notice that was applied before; ERR_EXISTS; errors of bag_check_folder. */
enum err notice_apply(const char *from, const char *to,
    const struct notice *notice, struct notice_apply_result *ret,
    struct err_info *info) MUST_USE;

#endif
