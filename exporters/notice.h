/* exporters/notice.h - notice.txt and notice-applied.txt (docs/FORMATS.md 9.3).
 *
 * Members as in form.h.  A text holds at most TEXT_RUN_MAX blocks: more
 * withdrawals than that are several notices, numbered and chained.
 */
#ifndef AZUKARI_EXPORTERS_NOTICE_H
#define AZUKARI_EXPORTERS_NOTICE_H

#include "core/buf.h"
#include "core/err.h"
#include "exporters/form.h"
#include "keys/pseudonym.h"

struct notice {
	const char *number, *previous, *owner, *partner, *project, *export_id;
	const char *plan_sha256, *reason, *scope, *issued, *answer_by;
	struct form_run blocks;       /* 32 hex each */
	struct form_doc doc;
};

/* ERR_SYNTAX also: blocks together with a recall, or neither. */
enum err notice_write(const struct notice *n, struct buf *out,
    struct err_info *info) MUST_USE;
enum err notice_parse(struct bytes bytes, struct notice *ret,
    struct err_info *info) MUST_USE;
void notice_release(struct notice *n);               /* CLEANUP-able */

/* 1 when the whole export is taken back: reason recall, no blocks. */
int notice_is_recall(const struct notice *n);

/* Whom a notice names to who holds the export with this binding. */
struct notice_names {
	char (*items)[PSEUDONYM_TEXT_LEN + 1];  /* sorted bytewise */
	size_t len;
};
void notice_names_release(struct notice_names *n);      /* CLEANUP-able */
/* ${binding_txt} are the bytes of that file.  ERR_MISMATCH with the rule in
 * ${info}: the notice is of another export; as of binding_parse. */
enum err notice_names_open(const struct notice *n, struct bytes binding_txt,
    struct notice_names *ret, struct err_info *info) MUST_USE;
/* 1 when ${name}, PSEUDONYM_TEXT_LEN bytes, is one of them. */
int notice_names_has(const struct notice_names *n, const void *name);

struct notice_applied {
	const char *notice_sha256, *export_id, *partner;
	const char *pseudonyms_removed, *rows_removed, *applied, *nonce;
	struct form_doc doc;
};

enum err notice_applied_write(const struct notice_applied *a, struct buf *out,
    struct err_info *info) MUST_USE;
enum err notice_applied_parse(struct bytes bytes, struct notice_applied *ret,
    struct err_info *info) MUST_USE;
void notice_applied_release(struct notice_applied *a);

#endif
