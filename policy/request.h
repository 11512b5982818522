/* policy/request.h - what a partner asks for: request.txt (FORMATS 8.1). */
#ifndef AZUKARI_POLICY_REQUEST_H
#define AZUKARI_POLICY_REQUEST_H

#include <stdint.h>

#include "core/text.h"
#include "policy/words.h"

#define REQUEST_FIELDS_MAX 256

/* Strings are borrowed: from `text` when parsed (until request_release), from
 * the caller when filled to be written.  The lists are owned in both cases. */
struct request {
	struct text *text;
	const char *id, *project, *title;
	const char *partner, *institution, *investigator;
	struct words purpose;       /* DUO codes, at least one */
	struct words disease;       /* MONDO ids, may be empty */
	const char *legal_basis;
	const char *ethics_approval;        /* NULL: none */
	int has_ethics_expiry;
	int32_t ethics_expiry_day;
	struct words owners;        /* at least one */
	char survey_name[33];
	unsigned survey_version;
	struct words fields;        /* at least one */
	int32_t period_from_day, period_to_day;
	const char *recipient;      /* age1... */
	const char *requester_key;  /* "ssh-ed25519 BASE64" */
	int32_t retention_until_day;
	const char *supersedes;     /* export id, or NULL */
	int64_t created_unix_s, expires_unix_s;
	uint8_t nonce[16];
};

/* Errors as of text_parse; ERR_RANGE, ERR_SYNTAX, ERR_UNKNOWN (a DUO code
 * nobody knows), ERR_DUPLICATE for values; ${info} (may be NULL) names the
 * key.  ERR_RANGE also where days or times run backwards. */
enum err request_parse(struct bytes bytes, struct request *ret,
    struct err_info *info) MUST_USE;
void request_release(struct request *r);        /* CLEANUP-able */

/* Appends the text; refuses what request_parse would. */
enum err request_write(const struct request *r, struct buf *out,
    struct err_info *info) MUST_USE;

#endif
