#include "app/ops/ledger.h"

#include <string.h>

#include "app/act.h"
#include "app/papers.h"
#include "policy/plan.h"

#define VKEY_MAX 4096

/* ---- a copy ---- */

static enum err read_vkey(const char *vkey, struct note_key *ret)
{
	CLEANUP(buf_release) struct buf file = {0};
	struct bytes text = bytes_str(vkey);

	if (fs_exists(vkey)) {
		const char *end;

		RETURN_IF(fs_read_file(vkey, VKEY_MAX, &file));
		text = bytes_buf(&file);
		end = memchr(text.data, '\n', text.len);
		if (end != NULL)
			text.len = (size_t)(end - (const char *)text.data);
	}
	return note_key_parse(text, ret);
}

enum err ledger_open_copy(const char *dir, const char *vkey,
    struct log **ret, struct outcome *o)
{
	struct note_key key;
	enum err e = read_vkey(vkey, &key);

	if (e != ERR_OK)
		return outcome_refuse(o, e,
		    "%s is neither a ledger key (NAME+ID+BASE64) nor a file that holds one",
		    "%sは台帳の鍵（NAME+ID+BASE64）でも、それを含むファイルでもありません",
		    vkey);
	e = log_open_reader(dir, &key, NULL, ret);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(o, e, "%s holds no checkpoint",
		    "%sにチェックポイントがありません", dir);
	return e;
}

/* ---- the auditor's walk ---- */

static unsigned plan_threshold(void *ctx, const uint8_t plan_sha256[32])
{
	CLEANUP(paper_release) struct paper p = {0};
	CLEANUP(plan_release) struct plan plan = {0};
	struct register_query q = {.kind = REGISTER_PLAN,
	    .sha256 = plan_sha256};

	if (papers_find(ctx, &q, &p) != ERR_OK ||
	    plan_parse(bytes_buf(&p.bytes), &plan, NULL) != ERR_OK)
		return 0;
	return plan.threshold;
}

static enum err add_entry(void *ctx, uint64_t index, struct bytes entry)
{
	(void)index;
	return audit_add(ctx, entry);
}

enum err ledger_audit(struct home *h, struct log *log,
    struct audit_facts *facts, struct audit **ret)
{
	CLEANUP(audit_cleanup) struct audit *a = NULL;
	size_t findings;

	*facts = (struct audit_facts){plan_threshold, h};
	RETURN_IF(audit_new(h == NULL ? NULL : facts, &a));
	RETURN_IF(log_each(log, 0, add_entry, a));
	RETURN_IF(audit_finish(a, log_checkpoint(log)));
	findings = audit_findings(a);
	*ret = TAKE(a);
	return findings == 0 ? ERR_OK : ERR_CORRUPT;
}

/* ---- proofs ---- */

static enum err write_beside(const char *name, const char *suffix,
    const struct buf *bytes)
{
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s.%s", name, suffix));
	return fs_write_file(path, bytes_buf(bytes), 0644);
}

enum err ledger_prove(struct home *h, uint64_t index, const char *name)
{
	CLEANUP(log_cleanup) struct log *log = NULL;
	CLEANUP(buf_release) struct buf entry = {0};
	CLEANUP(buf_release) struct buf proof = {0};

	RETURN_IF(act_log_reader(h, &log));
	if (index >= log_size(log))
		return outcome_refuse(h->outcome, ERR_RANGE,
		    "the ledger has %llu entries, numbered from 0",
		    "台帳の記載は0から数えて%llu件です",
		    (unsigned long long)log_size(log));
	RETURN_IF(log_entry(log, index, &entry));
	RETURN_IF(log_proof(log, index, (struct bytes){0}, &proof));
	RETURN_IF(write_beside(name, "entry", &entry));
	RETURN_IF(write_beside(name, "tlog-proof", &proof));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%1$s.entry and %1$s.tlog-proof are written",
	    "%1$s.entry と %1$s.tlog-proof を書き出しました", name);
	return ERR_OK;
}
