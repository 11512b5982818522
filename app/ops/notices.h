/* app/ops/notices.h - telling partners whose answers they must drop, and
 * taking in what partners send back. */
#ifndef AZUKARI_APP_OPS_NOTICES_H
#define AZUKARI_APP_OPS_NOTICES_H

#include "app/home.h"

#define NOTICES_ANSWER_DAYS 14

/* Write, sign and log notices for everything queued in the owner's store; one
 * per partner, export and reason.  ${ret_issued} (may be NULL): how many.
 * Files: outbox/notices/PARTNER/OWNER-NNNN/notice.txt and notice.txt.sig. */
enum err notices_issue(struct owner *w, size_t *ret_issued) MUST_USE;

/* A recall of a whole export: the notice without blocks. */
enum err notices_recall(struct home *h, const char *owner,
    const char *export_id) MUST_USE;

/* Take in notice-applied.txt, receipt.txt or destruction.txt (by its first
 * line) with PATH.sig: verified under the partner's key, logged, the duty
 * done. */
enum err notices_accept(struct home *h, const char *path) MUST_USE;

#endif
