/* app/serve/visible.h - what a caller may see: its own.
 *
 * A custodian sees its owner's things, a partner those of its own within the
 * owner, an operator all of them.  Everything else is ERR_NOT_FOUND, without
 * a sentence, as if it were not there.
 */
#ifndef AZUKARI_APP_SERVE_VISIBLE_H
#define AZUKARI_APP_SERVE_VISIBLE_H

#include "app/report.h"
#include "app/serve/serve.h"

/* Borrows from ${q}. */
void visible_filter(const struct serve_request *q, struct report_filter *ret);

enum err visible_plan(struct serve_request *q, const char *plan,
    struct register_plan *ret) MUST_USE;
enum err visible_export(struct serve_request *q, const char *export_id,
    struct register_export *ret) MUST_USE;

/* The row of ${list} whose ${key} is ${value} becomes the result. */
typedef enum err (*visible_list_fn)(struct home *h,
    const struct report_filter *f, struct json_doc **ret);
enum err visible_row(struct serve_request *q, visible_list_fn list,
    const char *key, const char *value) MUST_USE;

#endif
