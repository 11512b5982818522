/* exporters/people.h - whether two tables name the same people, in order.
 *
 * For writing and for reading: pseudonyms are well formed and ascend bytewise
 * as text; the answers of one person are numbered 1, 2, …; the list of people
 * of both tables has the same digest.
 */
#ifndef AZUKARI_EXPORTERS_PEOPLE_H
#define AZUKARI_EXPORTERS_PEOPLE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/digest.h"
#include "keys/pseudonym.h"

struct people {
	uint8_t last[PSEUDONYM_TEXT_LEN];
	uint64_t answer;        /* number of the person's last answer */
	uint64_t rows, persons;
	struct digest_stream names;     /* of all pseudonyms in order */
	uint8_t staged[64 * PSEUDONYM_TEXT_LEN];
	size_t staged_len;
};

/* ERR_NOMEM, ERR_CRYPTO.  A zeroed struct may be released. */
enum err people_init(struct people *p) MUST_USE;
void people_release(struct people *p);               /* CLEANUP-able */

/* The next row of responses, or of consents (one for each person).
 * ERR_CORRUPT when it may not stand here. */
enum err people_add_answer(struct people *p, struct bytes pseudonym,
    struct bytes answer) MUST_USE;
enum err people_add_person(struct people *p, struct bytes pseudonym) MUST_USE;

/* Ends both.  ERR_MISMATCH unless they name the same people. */
enum err people_compare(struct people *responses,
    struct people *consents) MUST_USE;

#endif
