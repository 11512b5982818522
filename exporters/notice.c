#include "exporters/notice.h"

#include <stddef.h>
#include <string.h>

static const struct form_field notice_fields[] = {
	{"number", offsetof(struct notice, number), FORM_UINT},
	{"previous", offsetof(struct notice, previous), FORM_HEX32_OR_NONE},
	{"owner", offsetof(struct notice, owner), FORM_OWNER},
	{"partner", offsetof(struct notice, partner), FORM_NAME},
	{"project", offsetof(struct notice, project), FORM_NAME},
	{"export", offsetof(struct notice, export_id), FORM_EXPORT},
	{"plan-sha256", offsetof(struct notice, plan_sha256), FORM_HEX32},
	{"reason", offsetof(struct notice, reason), FORM_REASON},
	{"scope", offsetof(struct notice, scope), FORM_TEXT},
	{"issued", offsetof(struct notice, issued), FORM_TIME},
	{"answer-by", offsetof(struct notice, answer_by), FORM_DAY},
	{"block-#", offsetof(struct notice, blocks), FORM_RUN_HEX16},
};
static const struct form_type notice_type = {
	"notice", notice_fields, ARRAY_LEN(notice_fields)
};

static const struct form_field applied_fields[] = {
	{"notice-sha256", offsetof(struct notice_applied, notice_sha256),
	    FORM_HEX32},
	{"export", offsetof(struct notice_applied, export_id), FORM_EXPORT},
	{"partner", offsetof(struct notice_applied, partner), FORM_NAME},
	{"pseudonyms-removed", offsetof(struct notice_applied, pseudonyms_removed),
	    FORM_UINT},
	{"rows-removed", offsetof(struct notice_applied, rows_removed),
	    FORM_UINT},
	{"applied", offsetof(struct notice_applied, applied), FORM_TIME},
	{"nonce", offsetof(struct notice_applied, nonce), FORM_HEX16},
};
static const struct form_type applied_type = {
	"notice-applied", applied_fields, ARRAY_LEN(applied_fields)
};

int
notice_is_recall(const struct notice *n)
{
	return strcmp(n->reason, "recall") == 0 && n->blocks.len == 0;
}

/* A recall takes back the whole export and names nobody; everything else
 * names somebody.  Notices count from 1, the first follows none. */
static enum err
check_notice(const struct notice *n, struct err_info *info)
{
	int first = n->number != NULL && strcmp(n->number, "1") == 0;
	int none = n->previous != NULL && strcmp(n->previous, "-") == 0;

	if (n->reason == NULL || n->number == NULL ||
	    (strcmp(n->reason, "recall") == 0) != (n->blocks.len == 0))
		return err_at(info, ERR_SYNTAX, 0,
		    "a recall has no blocks, other notices have some");
	if (strcmp(n->number, "0") == 0 || first != none)
		return err_at(info, ERR_SYNTAX, 0,
		    "notice 1 follows none, every other one a notice");
	return ERR_OK;
}

enum err
notice_write(const struct notice *n, struct buf *out,
    struct err_info *info)
{
	RETURN_IF(check_notice(n, info));
	return form_write(&notice_type, n, out, info);
}

enum err
notice_parse(struct bytes bytes, struct notice *ret,
    struct err_info *info)
{
	CLEANUP(notice_release) struct notice n = {0};

	RETURN_IF(form_parse(&notice_type, bytes, &n, &n.doc, info));
	RETURN_IF(check_notice(&n, info));
	*ret = n;
	memset(&n, 0, sizeof(n));       /* transferred */
	return ERR_OK;
}

void
notice_release(struct notice *n)
{
	form_release(&n->doc);
	memset(n, 0, sizeof(*n));
}

enum err
notice_applied_write(const struct notice_applied *a, struct buf *out,
    struct err_info *info)
{
	return form_write(&applied_type, a, out, info);
}

enum err
notice_applied_parse(struct bytes bytes, struct notice_applied *ret,
    struct err_info *info)
{
	struct notice_applied a = {0};

	RETURN_IF(form_parse(&applied_type, bytes, &a, &a.doc, info));
	*ret = a;
	return ERR_OK;
}

void
notice_applied_release(struct notice_applied *a)
{
	form_release(&a->doc);
	memset(a, 0, sizeof(*a));
}
