/* app/rulebook.h - what an owner's lines are held against, from the register:
 * its surveys, and the consent texts it has shown. */
#ifndef AZUKARI_APP_RULEBOOK_H
#define AZUKARI_APP_RULEBOOK_H

#include "app/home.h"
#include "intake/rules.h"
#include "keys/digest.h"

/* Zeroed is empty.  `rules` borrows from the rest. */
struct rulebook {
	struct survey **surveys;
	uint8_t (*survey_sha256)[DIGEST_LEN];   /* of the same, in order */
	size_t surveys_len, surveys_cap;
	uint8_t (*texts)[DIGEST_LEN];
	size_t texts_len, texts_cap;
	char source[REGISTER_NAME_MAX + 1];
	struct intake_rules rules;
};
void rulebook_release(struct rulebook *r);      /* CLEANUP-able */

/* For lines of ${source}.  ERR_CORRUPT when a stored document is not what its
 * digest says. */
enum err rulebook_load(struct home *h, const char *owner, const char *source,
    struct rulebook *ret) MUST_USE;

#endif
