/* app/report.h - results as data, the same for `--json` and for the service.
 *
 * A command prints a table out of it, the service sends it; `--gateway` makes
 * the command print what the service sent.  Nothing here changes anything.
 */
#ifndef AZUKARI_APP_REPORT_H
#define AZUKARI_APP_REPORT_H

#include "app/ballot.h"
#include "app/home.h"
#include "app/ops/accept.h"
#include "app/ops/byterelease.h"
#include "core/json_doc.h"
#include "policy/decision.h"

/* Whose things; NULL: all. */
struct report_filter {
	const char *owner, *partner;
};

/* What is returned belongs to the caller (json_doc_free). */

/* Plans and how their votes stand: an array. */
enum err report_plans(struct home *h, const struct report_filter *f,
    struct json_doc **ret) MUST_USE;
enum err report_requests(struct home *h, const struct report_filter *f,
    struct json_doc **ret) MUST_USE;
enum err report_exports(struct home *h, const struct report_filter *f,
    struct json_doc **ret) MUST_USE;
/* {"ledger_size": …, "owners": […]}; warnings of what needs a person are told
 * in h->outcome, those of ${owner} only where it is given. */
enum err report_status(struct home *h, const char *owner,
    struct json_doc **ret) MUST_USE;

/* One decision: a row into the array ${rows}, a sentence and every reason
 * into ${o}.  ${owner} "-" is none in particular. */
void report_decided(struct json_doc *rows, struct outcome *o,
    const char *owner, const struct decision *d);

/* An accepted answer, and where its plan stands now and who is next. */
struct json_doc *report_accepted(const struct accept_result *r);
/* A seat's signature or refusal of a finished bundle. */
struct json_doc *report_byterelease(const struct byterelease_result *r);
enum err report_next(struct home *h, const char *plan) MUST_USE;

/* What an export did, small counts hidden as in its statement; and a sentence
 * into ${o}. */
struct job_result;
enum err report_exported(const struct job_result *r, struct outcome *o,
    struct json_doc **ret) MUST_USE;

/* What computing an export again gave. */
struct json_doc *report_rederived(const struct job_result *r);

/* How many seats have approved and released. */
struct report_standing {
	unsigned approved, released, needed;
	unsigned bytes, bytes_needed;   /* byte release of a built bundle */
};
enum err report_standing(struct home *h, const struct ballot *b,
    struct report_standing *ret) MUST_USE;
/* 1 when this seat's shares are here. */
int report_has_released(struct home *h, const struct ballot *b,
    const char *seat);

#endif
