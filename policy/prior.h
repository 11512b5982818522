/* policy/prior.h - what was released before: prior-releases.txt, and the text
 * that is kept of each release (FORMATS 8.17, 9.6).
 *
 * Both hold no answers: which exports, to whom, of what, the digest of the
 * sealed record of each, and the levels at which the project's columns were
 * released first and stay.
 */
#ifndef AZUKARI_POLICY_PRIOR_H
#define AZUKARI_POLICY_PRIOR_H

#include <stdint.h>

#include "core/text.h"
#include "policy/decision.h"

#define PRIOR_MAX TEXT_RUN_MAX

struct prior_export {
	char export_id[41], project[33], partner[33], survey[33];
	unsigned survey_version;
	int32_t from_day, to_day;
	int has_record;             /* 0: an earlier version kept none */
	uint8_t record_sha256[32];
};

/* Zeroed is empty. */
struct prior {
	char owner[3];
	char plan[41];              /* "" in the text of one release */
	struct prior_export *releases;
	size_t len;
	struct decision_level *levels;  /* columns with a ladder */
	size_t levels_len;
};
void prior_release(struct prior *p);        /* CLEANUP-able */

/* Copied.  ERR_NOMEM, ERR_LIMIT. */
enum err prior_add(struct prior *p, const struct prior_export *r) MUST_USE;
enum err prior_add_level(struct prior *p,
    const struct decision_level *l) MUST_USE;

extern const struct text_schema prior_schema, prior_one_schema;

/* prior-releases.txt where p->plan is set, else the text of one release.
 * Writing appends; reading takes either.  As of text_parse; ERR_SYNTAX names
 * the line; ERR_DUPLICATE for an export or field given twice. */
enum err prior_write(const struct prior *p, struct buf *out,
    struct err_info *info) MUST_USE;
enum err prior_parse(struct bytes bytes, const struct text_schema *schema,
    struct prior *ret, struct err_info *info) MUST_USE;

#endif
