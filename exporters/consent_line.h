/* exporters/consent_line.h - a line of consents.csv (FORMATS 9.2):
 * `pseudonym,text,scopes,YYYY,receipt`, and how many consented to each text.
 */
#ifndef AZUKARI_EXPORTERS_CONSENT_LINE_H
#define AZUKARI_EXPORTERS_CONSENT_LINE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "exporters/statement.h"

/* The file's first line, with its LF. */
#define CONSENT_LINE_HEADER "pseudonym,text,scopes,day,receipt\n"

struct consent_counts {
	const struct statement *statement;      /* its consent-text-# */
	const uint8_t *scopes;                  /* each must hold; or NULL */
	uint64_t *people;                       /* of each, in its order */
};

/* ${statement} is borrowed.  ERR_NOMEM. */
enum err consent_counts_init(struct consent_counts *c,
    const struct statement *statement) MUST_USE;
void consent_counts_release(struct consent_counts *c);  /* CLEANUP-able */

/* The next line with its LF; its pseudonym is left to people.h.  ERR_SYNTAX:
 * another form; ERR_MISMATCH: a text that the statement does not list, or
 * scopes that do not hold what this text must. */
enum err consent_counts_add(struct consent_counts *c,
    struct bytes line) MUST_USE;

/* Once all were added: as many people of each text as the statement tells.
 * ERR_MISMATCH. */
enum err consent_counts_end(const struct consent_counts *c,
    struct err_info *info) MUST_USE;

/* In ${ret} the digest of text ${i} of the statement, if somebody consented to
 * it, else "".  0 behind the last one. */
int consent_counts_text(const struct consent_counts *c, size_t i,
    char ret[65]);

#endif
