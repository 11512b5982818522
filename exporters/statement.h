/* exporters/statement.h - STATEMENT.txt: the third-party-provision record.
 *
 * Values are texts as they stand in the file (docs/FORMATS.md 9.1); see
 * form.h for who owns them.  A count is digits, `<N` or `-`: what may be
 * said is decided before it comes here.
 */
#ifndef AZUKARI_EXPORTERS_STATEMENT_H
#define AZUKARI_EXPORTERS_STATEMENT_H

#include "core/buf.h"
#include "core/err.h"
#include "exporters/form.h"

struct statement {
	const char *export_id, *plan_sha256, *request_sha256;
	const char *project, *project_release, *supersedes;
	const char *owner, *owner_name, *representative;
	const char *partner, *recipient_name, *recipient_address;
	const char *recipient_representative, *investigator;
	const char *recipient, *requester_fingerprint;
	const char *legal_basis, *purpose, *disease;
	const char *ethics_approval, *ethics_expiry;
	const char *items, *period, *acquisition, *survey;
	const char *rows_considered, *rows_exported, *respondents_exported;
	const char *withheld_no_consent, *withheld_withdrawn, *suppressed;
	struct form_run consent_texts;        /* `SHA256 RESPONDENTS` */
	const char *consent_root, *pseudonym_scheme;
	const char *k_asked, *k_achieved, *suppression_limit;
	struct form_run rules;                /* of disclosure, beside k */
	struct form_run levels;               /* `FIELD LEVEL` */
	const char *inner_tagmanifest_sha256, *receipt_commitment;
	const char *payload_bytes, *notice_book_sha256;
	const char *transfer, *third_country, *destruction, *retention_until;
	const char *witnesses, *created, *cite_as, *cite_as_en, *software;
	struct form_doc doc;
};

/* Append the text.  ERR_SYNTAX naming the key in ${info} (may be NULL). */
enum err statement_write(const struct statement *s, struct buf *out,
    struct err_info *info) MUST_USE;
/* ${ret} is to be released; untouched on failure. */
enum err statement_parse(struct bytes bytes, struct statement *ret,
    struct err_info *info) MUST_USE;
void statement_release(struct statement *s);         /* CLEANUP-able */

#endif
