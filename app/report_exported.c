#include <stdio.h>
#include <string.h>

#include "app/job.h"
#include "app/report.h"
#include "core/encode.h"
#include "policy/disclosure/mask.h"

/* Small counts are nobody's business here either. */
enum { CONSIDERED, EXPORTED, NO_CONSENT, WITHDRAWN, SUPPRESSED, PEOPLE,
	COUNTS };

static const char *const count_names[COUNTS] = {
	[CONSIDERED] = "answers considered",
	[EXPORTED] = "answers exported",
	[NO_CONSENT] = "withheld: no consent",
	[WITHDRAWN] = "withheld: withdrawn",
	[SUPPRESSED] = "suppressed answers",
	[PEOPLE] = "respondents exported",
};

/* As the statement in the bundle hides them. */
static enum err mask(const struct job_result *r,
    struct mask_count counts[COUNTS])
{
	static const size_t parts[] = {EXPORTED, NO_CONSENT, WITHDRAWN,
		SUPPRESSED};
	static const struct mask_sum sum = {.total = CONSIDERED,
		.parts = parts, .parts_len = ARRAY_LEN(parts)};

	counts[CONSIDERED].value = r->considered;
	counts[EXPORTED].value = r->rows;
	counts[NO_CONSENT].value = r->no_consent;
	counts[WITHDRAWN].value = r->withdrawn;
	counts[SUPPRESSED].value = r->suppressed_rows;
	counts[PEOPLE].value = r->respondents;
	return mask_counts(counts, COUNTS, &sum, 1, r->minimum_cell);
}

static void put_count(struct json_doc *doc, const char *name,
    const struct mask_count *c, uint64_t min)
{
	char text[MASK_TEXT_LEN];

	mask_text(c, min, text);
	if (c->state == MASK_SHOWN)
		json_doc_set_int(doc, name, (int64_t)c->value);
	else
		json_doc_set_string(doc, name, text);
}

static enum err put_counts(struct json_doc *doc, const struct job_result *r)
{
	struct mask_count counts[COUNTS] = {0};
	char hex[65];

	RETURN_IF(mask(r, counts));
	encode_hex(r->tagmanifest_sha256, 32, hex);
	json_doc_set_string(doc, "tagmanifest_sha256", hex);
	for (size_t i = 0; i < COUNTS; i++)
		put_count(doc, count_names[i], &counts[i], r->minimum_cell);
	json_doc_set_int(doc, "smallest group", (int64_t)r->k_achieved);
	json_doc_set_int(doc, "groups", (int64_t)r->groups);
	return ERR_OK;
}

struct json_doc *report_rederived(const struct job_result *r)
{
	static const uint8_t none[32];
	struct json_doc *doc = json_doc_new_object();
	char hex[65] = "";

	if (memcmp(r->tagmanifest_sha256, none, sizeof(none)) != 0)
		encode_hex(r->tagmanifest_sha256, 32, hex);
	json_doc_set_string(doc, "export", r->export_id);
	json_doc_set_string(doc, "result", r->what);
	json_doc_set_string(doc, "tagmanifest_sha256", hex);
	return doc;
}

enum err report_exported(const struct job_result *r, struct outcome *o,
    struct json_doc **ret)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc =
	    json_doc_new_object();

	json_doc_set_string(doc, "export", r->export_id);
	json_doc_set_string(doc, "bundle", r->path);
	if (r->considered == 0)
		outcome_add(o, OUTCOME_HINT,
		    "it had been built before; its numbers are in the bundle's STATEMENT.txt",
		    "以前に作成されていたものです。件数はSTATEMENT.txtにあります");
	else
		RETURN_IF(put_counts(doc, r));
	json_doc_set_bool(doc, "waits", r->waits);
	if (r->path[0] != '\0')
		outcome_add(o, OUTCOME_DONE, "%s is released: %s",
		    "%sを提供しました: %s", r->export_id, r->path);
	*ret = TAKE(doc);
	return ERR_OK;
}
