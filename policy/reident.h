/* policy/reident.h - a plan that re-identifies instead of exporting: pseudonyms
 * of one earlier export go back to the owner's own seats (FORMATS 8.18).
 *
 * It is a plan like any other: frozen, approved by t seats, carried out with
 * their shares; three lines of it say what for.
 */
#ifndef AZUKARI_POLICY_REIDENT_H
#define AZUKARI_POLICY_REIDENT_H

#include <stdint.h>

#include "core/text.h"

#define REIDENT_MAX 10000           /* pseudonyms of one plan */

struct reident {
	char export_id[41];         /* "": this plan exports */
	int with_answers;           /* for a respondent's own request */
	uint64_t count;
	uint8_t sha256[32];         /* of pseudonyms.txt */
	const char *reason;
};

/* The optional lines of plan.txt; nothing where ${r} is of an export. */
void reident_put(struct text_writer *w, const struct reident *r);
/* ${ret} zeroed; its strings live as long as ${t}.  ERR_SYNTAX. */
enum err reident_get(const struct text *t, struct reident *ret,
    struct err_info *info) MUST_USE;

#endif
