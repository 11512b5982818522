/* app/ops/intake_json.h - a run of intake as JSON, for --json and the service.
 */
#ifndef AZUKARI_APP_OPS_INTAKE_JSON_H
#define AZUKARI_APP_OPS_INTAKE_JSON_H

#include "app/ops/intake_run.h"
#include "core/json_doc.h"

#define INTAKE_JSON_BAD_MAX 1000        /* bad lines told one by one */

/* One bad line: file, line, reason and rule.  The caller owns it. */
struct json_doc *intake_json_bad(const char *file,
    const struct intake_bad *bad);

/* The whole; ${bad} (a list of the above) is taken. */
struct json_doc *intake_json_report(const struct intake_run_report *r,
    int dry_run, struct json_doc *bad);

#endif
