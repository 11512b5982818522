#include "app/ops/ledger_papers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/papers.h"
#include "core/json_doc.h"
#include "policy/plan.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)

void ledger_papers_release(struct ledger_papers *p)
{
	for (size_t i = 0; i < p->len; i++)
		buf_release(&p->items[i].bytes);
	free(p->items);
	*p = (struct ledger_papers){0};
}

/* ---- what a text says it is ---- */

static enum err name_charter(struct bytes text, struct ledger_paper_name *ret,
    struct err_info *info)
{
	struct charter c = {0};

	RETURN_IF(charter_parse(text, &c, info));
	(void)snprintf(ret->owner, sizeof(ret->owner), "%s", c.owner);
	ret->version = c.version;
	charter_release(&c);
	return ERR_OK;
}

static enum err name_policy(struct bytes text, struct ledger_paper_name *ret,
    struct err_info *info)
{
	CLEANUP(policy_release) struct policy p = {0};

	RETURN_IF(policy_parse(text, &p, info));
	(void)snprintf(ret->owner, sizeof(ret->owner), "%s", p.owner);
	ret->version = p.version;
	return ERR_OK;
}

static enum err name_plan(struct bytes text, struct ledger_paper_name *ret,
    struct err_info *info)
{
	CLEANUP(plan_release) struct plan p = {0};

	RETURN_IF(plan_parse(text, &p, info));
	(void)snprintf(ret->owner, sizeof(ret->owner), "%s", p.owner);
	(void)snprintf(ret->id, sizeof(ret->id), "%s", p.id);
	return ERR_OK;
}

static int begins(struct bytes text, const char *first)
{
	size_t len = strlen(first);

	return text.len >= len && memcmp(text.data, first, len) == 0;
}

/* Other JSON documents (surveys, ladders) are no papers; what is cut off may
 * have been one. */
static enum err look_for_policy(struct bytes text, int *ret,
    struct err_info *info)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	const char *kind;

	*ret = 0;
	if (!begins(text, "{"))
		return ERR_OK;
	RETURN_IF(json_doc_parse(text, FILE_MAX_BYTES, &doc, info));
	kind = json_doc_string(json_doc_get(doc, "azukari"));
	*ret = kind != NULL && strncmp(kind, "policy ", 7) == 0;
	return ERR_OK;
}

/* ${ret_ours} is 0 where it is none of ours. */
static enum err name_text(struct bytes text, struct ledger_paper_name *ret,
    int *ret_ours, struct err_info *info)
{
	*ret_ours = 1;
	*ret = (struct ledger_paper_name){.kind = ENTRY_CHARTER};
	if (begins(text, "azukari-charter v"))
		return name_charter(text, ret, info);
	ret->kind = ENTRY_PLAN;
	if (begins(text, "azukari-plan v"))
		return name_plan(text, ret, info);
	ret->kind = ENTRY_POLICY;
	RETURN_IF(look_for_policy(text, ret_ours, info));
	return *ret_ours ? name_policy(text, ret, info) : ERR_OK;
}

/* ---- a folder of them ---- */

static enum err place(struct ledger_papers *p, struct ledger_paper **ret)
{
	struct ledger_paper *more;

	if (p->len == LEDGER_PAPERS_MAX)
		return ERR_LIMIT;
	more = reallocarray(p->items, p->len + 1, sizeof(*more));
	if (more == NULL)
		return ERR_NOMEM;
	p->items = more;
	*ret = &more[p->len++];
	**ret = (struct ledger_paper){0};
	return ERR_OK;
}

static int is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static enum err load_one(struct ledger_papers *p, const char *path,
    const char *file, struct err_info *info)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct ledger_paper_name name;
	struct ledger_paper *paper;
	uint8_t sha256[DIGEST_LEN];
	int ours;
	enum err e = fs_read_file(path, FILE_MAX_BYTES, &bytes);

	if (e == ERR_LIMIT) {
		p->others++;
		return ERR_OK;
	}
	RETURN_IF(e);
	RETURN_IF(name_text(bytes_buf(&bytes), &name, &ours, info));
	if (!ours) {
		p->others++;
		return ERR_OK;
	}
	RETURN_IF(place(p, &paper));
	(void)snprintf(paper->file, sizeof(paper->file), "%s", file);
	paper->name = name;
	digest_sha256(bytes_buf(&bytes), sha256);
	digest_to_hex(sha256, paper->sha256);
	paper->bytes = bytes;
	bytes = (struct buf){0};
	return ERR_OK;
}

enum err ledger_papers_load(const char *dir, struct ledger_papers *ret,
    struct outcome *o)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	struct err_info *info = &o->info;

	(void)snprintf(info->file, sizeof(info->file), "%.250s", dir);
	RETURN_IF(fs_list(dir, &names));
	for (size_t i = 0; i < names.len; i++) {
		char path[FS_PATH_MAX];

		RETURN_IF(fs_path(path, "%s/%s", dir, names.names[i]));
		(void)snprintf(info->file, sizeof(info->file), "%.250s",
		    names.names[i]);
		if (is_file(path))
			RETURN_IF(load_one(ret, path, names.names[i], info));
	}
	info->file[0] = '\0';
	if (ret->len > 0)
		return ERR_OK;
	return outcome_refuse(o, ERR_NOT_FOUND,
	    "%s holds no charter, policy or plan",
	    "%sに憲章、方針、計画がありません", dir);
}

/* ---- against entries ---- */

static int same_name(const struct ledger_paper_name *a,
    const struct ledger_paper_name *b)
{
	return a->kind == b->kind && strcmp(a->owner, b->owner) == 0 &&
	    a->version == b->version && strcmp(a->id, b->id) == 0;
}

const struct ledger_paper *ledger_papers_find(struct ledger_papers *p,
    const struct ledger_paper_name *name, const char *sha256)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->items[i].name.kind == name->kind &&
		    strcmp(p->items[i].sha256, sha256) == 0) {
			p->items[i].used = 1;
			return &p->items[i];
		}
	for (size_t i = 0; i < p->len; i++)
		if (same_name(&p->items[i].name, name))
			(void)snprintf(p->items[i].instead,
			    sizeof(p->items[i].instead), "%s", sha256);
	return NULL;
}

static void refuse_one(const struct ledger_paper *p, struct outcome *o)
{
	if (p->instead[0] != '\0')
		outcome_add(o, OUTCOME_REASON,
		    "%s was changed: its sha256 is %s, the ledger has %s",
		    "%sは書き換えられています。sha256 は %s ですが、台帳には %s とあります",
		    p->file, p->sha256, p->instead);
	else
		outcome_add(o, OUTCOME_REASON,
		    "%s (sha256 %s) is in no entry of this ledger",
		    "%s（sha256 %s）は、この台帳のどの記載にもありません",
		    p->file, p->sha256);
}

enum err ledger_papers_settle(const struct ledger_papers *p,
    struct outcome *o)
{
	size_t unused = 0;

	for (size_t i = 0; i < p->len; i++)
		if (!p->items[i].used) {
			refuse_one(&p->items[i], o);
			unused++;
		}
	if (unused > 0)
		return ERR_MISMATCH;
	outcome_add(o, OUTCOME_CHECK,
	    "%zu papers are those whose digests the ledger has; %zu files of other kinds were not looked at",
	    "文書%zu件は、台帳にあるダイジェストのものです。ほかの種類のファイル%zu件は見ていません",
	    p->len, p->others);
	return ERR_OK;
}

/* ---- what is published ---- */

struct writing {
	struct home *h;
	const char *dir;
	size_t len;
};

static enum err path_of(const struct writing *w,
    const struct ledger_paper_name *name, char ret[FS_PATH_MAX])
{
	if (name->kind == ENTRY_PLAN)
		return fs_path(ret, "%s/%s-%s.txt", w->dir, name->owner,
		    name->id);
	return fs_path(ret, name->kind == ENTRY_CHARTER ?
	    "%s/charter-%s-%llu.txt" : "%s/policy-%s-%llu.json", w->dir,
	    name->owner, (unsigned long long)name->version);
}

static enum err write_one(void *ctx, const struct register_document *doc)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct writing *w = ctx;
	struct ledger_paper_name name;
	char path[FS_PATH_MAX];
	int ours;

	RETURN_IF(register_document_bytes(w->h->reg, doc->id, &bytes));
	RETURN_IF(name_text(bytes_buf(&bytes), &name, &ours,
	    &w->h->outcome->info));
	MUST_HOLD(ours);
	RETURN_IF(path_of(w, &name, path));
	w->len++;
	return fs_write_new_file(path, bytes_buf(&bytes), 0644);
}

enum err ledger_papers_write(struct home *h, const char *dir)
{
	static const enum register_kind kinds[] = {REGISTER_CHARTER,
	    REGISTER_POLICY, REGISTER_PLAN};
	CLEANUP(fs_names_release) struct fs_names names = {0};
	struct writing w = {.h = h, .dir = dir};

	RETURN_IF(fs_mkdir_all(dir, 0755));
	RETURN_IF(fs_list(dir, &names));
	if (names.len > 0)
		return outcome_refuse(h->outcome, ERR_EXISTS,
		    "%s is not empty", "%sは空ではありません", dir);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct register_query q = {.kind = kinds[i]};

		RETURN_IF(register_document_each(h->reg, &q, write_one, &w));
	}
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%zu charters, policies and plans are written to %s; whoever checks a copy of the ledger takes them with --papers",
	    "憲章、方針、計画%zu件を%sに書き出しました。台帳の写しを検査する人は --papers で使えます",
	    w.len, dir);
	return ERR_OK;
}
