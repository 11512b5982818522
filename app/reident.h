/* app/reident.h - carrying out a plan that re-identifies (FORMATS 8.18).
 *
 * The order is that of an export: decide → ledger (`reident-started`) → shares
 * become keys → the pseudonyms are found among those of the one export, and
 * only their records are opened, under the grant → the answer is sealed to each
 * seat that approved → ledger (`reidentified`) → the plan's secrets go.  The
 * gateway keeps nothing of the answer and cannot open it.
 */
#ifndef AZUKARI_APP_REIDENT_H
#define AZUKARI_APP_REIDENT_H

#include "app/home.h"

struct reident_result {
	char export_id[REGISTER_NAME_MAX + 1];
	uint64_t pseudonyms;
	uint64_t found;         /* of whom something could be opened; the others
	                         * have withdrawn or been erased */
	unsigned seats;
};

/* Write ${dir}/PLAN-SEAT.age for each seat that approved ${plan}.  ERR_STATE,
 * ERR_REFUSED, ERR_THRESHOLD as of job_run; ERR_NOT_FOUND with a sentence when
 * a pseudonym is none of that export, which ends the plan. */
enum err reident_run(struct home *h, const char *plan, const char *dir,
    struct reident_result *ret) MUST_USE;

#endif
