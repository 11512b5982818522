#include "exporters/statement.h"

#include <stddef.h>
#include <string.h>

static const struct form_field statement_fields[] = {
	{"export", offsetof(struct statement, export_id), FORM_EXPORT},
	{"plan-sha256", offsetof(struct statement, plan_sha256), FORM_HEX32},
	{"request-sha256", offsetof(struct statement, request_sha256),
	    FORM_HEX32},
	{"project", offsetof(struct statement, project), FORM_NAME},
	{"project-release", offsetof(struct statement, project_release),
	    FORM_UINT},
	{"supersedes", offsetof(struct statement, supersedes),
	    FORM_EXPORT_OR_NONE},
	{"owner", offsetof(struct statement, owner), FORM_OWNER},
	{"owner-name", offsetof(struct statement, owner_name), FORM_TEXT},
	{"representative", offsetof(struct statement, representative),
	    FORM_TEXT},
	{"partner", offsetof(struct statement, partner), FORM_NAME},
	{"recipient-name", offsetof(struct statement, recipient_name),
	    FORM_TEXT},
	{"recipient-address", offsetof(struct statement, recipient_address),
	    FORM_TEXT},
	{"recipient-representative", offsetof(struct statement, recipient_representative),
	    FORM_TEXT},
	{"investigator", offsetof(struct statement, investigator), FORM_TEXT},
	{"recipient", offsetof(struct statement, recipient), FORM_AGE},
	{"requester-fingerprint", offsetof(struct statement, requester_fingerprint),
	    FORM_TEXT},
	{"legal-basis", offsetof(struct statement, legal_basis), FORM_TEXT},
	{"purpose", offsetof(struct statement, purpose), FORM_TEXT},
	{"disease", offsetof(struct statement, disease), FORM_TEXT},
	{"ethics-approval", offsetof(struct statement, ethics_approval),
	    FORM_TEXT},
	{"ethics-expiry", offsetof(struct statement, ethics_expiry),
	    FORM_DAY_OR_NONE},
	{"items", offsetof(struct statement, items), FORM_TEXT},
	{"period", offsetof(struct statement, period), FORM_TEXT},
	{"acquisition", offsetof(struct statement, acquisition), FORM_TEXT},
	{"survey", offsetof(struct statement, survey), FORM_TEXT},
	{"rows-considered", offsetof(struct statement, rows_considered),
	    FORM_COUNT},
	{"rows-exported", offsetof(struct statement, rows_exported),
	    FORM_COUNT},
	{"respondents-exported", offsetof(struct statement, respondents_exported),
	    FORM_COUNT},
	{"withheld-no-consent", offsetof(struct statement, withheld_no_consent),
	    FORM_COUNT},
	{"withheld-withdrawn", offsetof(struct statement, withheld_withdrawn),
	    FORM_COUNT},
	{"suppressed", offsetof(struct statement, suppressed), FORM_COUNT},
	{"consent-text-#", offsetof(struct statement, consent_texts),
	    FORM_RUN},
	{"consent-root", offsetof(struct statement, consent_root),
	    FORM_HEX32},
	{"pseudonym-scheme", offsetof(struct statement, pseudonym_scheme),
	    FORM_TEXT},
	{"k-asked", offsetof(struct statement, k_asked), FORM_UINT},
	{"k-achieved", offsetof(struct statement, k_achieved), FORM_TEXT},
	{"suppression-limit", offsetof(struct statement, suppression_limit),
	    FORM_UINT},
	{"rule-#", offsetof(struct statement, rules), FORM_RUN},
	{"level-#", offsetof(struct statement, levels), FORM_RUN},
	{"inner-tagmanifest-sha256", offsetof(struct statement, inner_tagmanifest_sha256),
	    FORM_HEX32},
	{"receipt-commitment", offsetof(struct statement, receipt_commitment),
	    FORM_HEX32},
	{"payload-bytes", offsetof(struct statement, payload_bytes),
	    FORM_UINT},
	{"notice-book-sha256", offsetof(struct statement, notice_book_sha256),
	    FORM_HEX32},
	{"transfer", offsetof(struct statement, transfer), FORM_TEXT},
	{"third-country", offsetof(struct statement, third_country),
	    FORM_TEXT},
	{"destruction", offsetof(struct statement, destruction), FORM_TEXT},
	{"retention-until", offsetof(struct statement, retention_until),
	    FORM_DAY},
	{"witnesses", offsetof(struct statement, witnesses), FORM_TEXT},
	{"created", offsetof(struct statement, created), FORM_TIME},
	{"cite-as", offsetof(struct statement, cite_as), FORM_TEXT},
	{"cite-as-en", offsetof(struct statement, cite_as_en), FORM_TEXT},
	{"software", offsetof(struct statement, software), FORM_TEXT},
};
static const struct form_type statement_type = {
	"statement", statement_fields, ARRAY_LEN(statement_fields)
};

enum err
statement_write(const struct statement *s, struct buf *out,
    struct err_info *info)
{
	return form_write(&statement_type, s, out, info);
}

enum err
statement_parse(struct bytes bytes, struct statement *ret,
    struct err_info *info)
{
	struct statement s = {0};

	RETURN_IF(form_parse(&statement_type, bytes, &s, &s.doc, info));
	*ret = s;
	return ERR_OK;
}

void
statement_release(struct statement *s)
{
	form_release(&s->doc);
	memset(s, 0, sizeof(*s));
}
