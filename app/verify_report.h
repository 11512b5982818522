/* app/verify_report.h - disclosure.json, disclosure.svg and the tables of an
 * opened payload: is k what was promised (FORMATS 9.2, 9.5)?
 */
#ifndef AZUKARI_APP_VERIFY_REPORT_H
#define AZUKARI_APP_VERIFY_REPORT_H

#include "app/verify.h"

/* The report is of this export and says what the statement says; the picture
 * has neither script nor reference.  ERR_SYNTAX and the like, ERR_MISMATCH,
 * the rule in ${info}. */
enum err verify_report(struct bytes json, struct bytes svg,
    const struct statement *s, struct err_info *info) MUST_USE;

/* The opened folder ${data}: a valid bag, the very one that the statement
 * names, and in no group of the columns that the report calls quasi-identifying
 * fewer respondents than the statement says.  A copy to which notices were
 * applied is another bag and may have smaller groups: only its form counts.
 * ERR_MISMATCH, ERR_SYNTAX, ERR_NOT_FOUND, ... named in o->info. */
enum err verify_report_data(const struct verify_result *bundle,
    const char *data, struct outcome *o) MUST_USE;

#endif
