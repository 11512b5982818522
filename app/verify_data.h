/* app/verify_data.h - an opened payload held against its statement and against
 * the notices that came since: are its consents the ones that were exported,
 * and has nobody among them withdrawn?
 */
#ifndef AZUKARI_APP_VERIFY_DATA_H
#define AZUKARI_APP_VERIFY_DATA_H

#include "app/verify.h"

struct verify_data_args {
	const struct verify_result *bundle;     /* verified */
	const char *data;               /* EXP-…-data */
	const char *notices;            /* folder of notice texts with .sig, also
	                                 * deeper; NULL: none */
	const char *trust;              /* with notices: the gateway's keys */
	int64_t now_unix_s;
};

/* ERR_MISMATCH: the consents are not those of the statement; ERR_REVOKED: a
 * respondent who has withdrawn is among them, or the export was recalled. */
enum err verify_data(const struct verify_data_args *args,
    struct outcome *o) MUST_USE;

#endif
