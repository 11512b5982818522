/* The bundle around the payload: built and logged here, published by
 * job_publish.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/job_internal.h"
#include "app/step.h"
#include "exporters/bundle.h"
#include "keys/sshsig.h"
#include "ledger/note_key.h"
#include "ledger/proof.h"

#define PARTS_MAX (16 + 4 * JOB_SEATS_MAX)

struct parts {
	struct bundle_part items[PARTS_MAX];
	char names[PARTS_MAX][80];
	struct buf bytes[PARTS_MAX];
	size_t len;
};

static void parts_free(struct parts **p)
{
	for (size_t i = 0; *p != NULL && i < (*p)->len; i++)
		buf_release(&(*p)->bytes[i]);
	free(*p);
}

/* A part whose bytes are to be appended to *ret. */
static enum err part_new(struct parts *p, const char *name,
    struct buf **ret)
{
	if (p->len == PARTS_MAX || strlen(name) >= sizeof(p->names[0]))
		return ERR_LIMIT;
	(void)strcpy(p->names[p->len], name);
	p->bytes[p->len] = (struct buf){0};
	p->items[p->len].name = p->names[p->len];
	*ret = &p->bytes[p->len++];
	return ERR_OK;
}

static enum err part_add(struct parts *p, const char *name,
    const struct buf *from)
{
	struct buf *to;

	RETURN_IF(part_new(p, name, &to));
	return buf_append(to, from->data, from->len);
}

/* ---- approvals, with the proof that they came before ---- */

static enum err approval_proof(struct home *h, struct log *log,
    const struct job_vote *v, const struct buf *note, struct parts *p)
{
	struct actlog_act act;
	struct buf *entry, *proof;
	char name[80];

	RETURN_IF(actlog_get(register_db(h->reg), v->act, &act));
	(void)snprintf(name, sizeof(name), "approvals/%s.entry", v->seat);
	RETURN_IF(part_new(p, name, &entry));
	RETURN_IF(log_entry(log, act.ledger_index, entry));
	(void)snprintf(name, sizeof(name), "approvals/%s.tlog-proof",
	    v->seat);
	RETURN_IF(part_new(p, name, &proof));
	return log_proof(log, act.ledger_index, bytes_buf(note), proof);
}

static enum err add_approvals(struct home *h, const struct job_case *c,
    struct parts *p)
{
	CLEANUP(log_cleanup) struct log *log = NULL;
	CLEANUP(buf_release) struct buf note = {0};
	char name[80];

	RETURN_IF(act_log_reader(h, &log));
	RETURN_IF(job_case_cosigned(h, c, &note));
	for (size_t i = 0; i < c->votes_len; i++) {
		const struct job_vote *v = &c->votes[i];

		(void)snprintf(name, sizeof(name), "approvals/%s.txt",
		    v->seat);
		RETURN_IF(part_add(p, name, &v->text));
		(void)snprintf(name, sizeof(name), "approvals/%s.txt.sig",
		    v->seat);
		RETURN_IF(part_add(p, name, &v->sig));
		RETURN_IF(approval_proof(h, log, v, &note, p));
	}
	return ERR_OK;
}

/* ---- everything that is not the payload ---- */

static enum err add_trust(struct home *h, const struct job_case *c,
    struct parts *p)
{
	struct buf *signers, *vkey, *policy;

	RETURN_IF(part_new(p, "trust/allowed_signers", &signers));
	RETURN_IF(job_papers_signers(h, c, signers));
	RETURN_IF(part_new(p, "trust/ledger.vkey", &vkey));
	RETURN_IF(note_key_write(note_signer_key(h->log_signer), vkey));
	RETURN_IF(buf_append_str(vkey, "\n"));
	RETURN_IF(part_new(p, "trust/witness-policy", &policy));
	if (c->witnesses.file != NULL)
		return buf_append(policy, c->witnesses.bytes.data,
		    c->witnesses.bytes.len);
	RETURN_IF(buf_append_str(policy, "log "));
	RETURN_IF(note_key_write(note_signer_key(h->log_signer), policy));
	return buf_append_str(policy, "\nquorum none\n");
}

static enum err add_report(const struct report *r, struct parts *p)
{
	struct buf *text, *json, *svg;

	RETURN_IF(part_new(p, "disclosure.txt", &text));
	RETURN_IF(report_text(r, text));
	RETURN_IF(part_new(p, "disclosure.json", &json));
	RETURN_IF(report_json(r, json));
	RETURN_IF(part_new(p, "disclosure.svg", &svg));
	return report_svg(r, svg);
}

static enum err add_all(struct home *h, const struct job_case *c,
    const struct job_scan *s, const struct job_built *b, struct parts *p)
{
	struct buf *statement;

	RETURN_IF(part_new(p, "STATEMENT.txt", &statement));
	RETURN_IF(job_papers_statement(h, c, s, b, statement));
	RETURN_IF(add_report(&b->figures.report, p));
	RETURN_IF(part_add(p, "request.txt", &c->docket.request_bytes));
	RETURN_IF(part_add(p, "request.txt.sig", &c->docket.request_sig));
	RETURN_IF(part_add(p, "plan.txt", &c->plan_text));
	RETURN_IF(part_add(p, "plan.txt.sig", &c->plan_sig));
	RETURN_IF(add_approvals(h, c, p));
	RETURN_IF(add_trust(h, c, p));
	for (size_t i = 0; i < p->len; i++)
		p->items[i].bytes = bytes_buf(&p->bytes[i]);
	return ERR_OK;
}

/* ---- the act ---- */

/* A bundle that is built again has texts of the same name: the next version.
 * ERR_EXISTS: of these very bytes. */
static enum err next_version(struct home *h, struct register_document *doc)
{
	const struct register_query q = {.kind = doc->kind,
	    .owner = doc->owner, .name = doc->name};
	struct register_query same = q;
	struct register_document last;
	enum err e;

	same.sha256 = doc->sha256;
	e = register_document_find(h->reg, &same, &last);
	if (e == ERR_NOT_FOUND)
		e = register_document_find(h->reg, &q, &last);
	else if (e == ERR_OK)
		return ERR_EXISTS;
	if (e == ERR_OK)
		doc->version = last.version + 1;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err put_text(struct home *h, const struct job_case *c,
    enum register_kind kind, struct bytes bytes, int64_t act)
{
	struct register_document doc = {.kind = kind,
	    .added_unix_s = h->now_unix_s, .act = act};
	int64_t id;
	enum err e;

	memcpy(doc.owner, c->row.owner, 3);
	(void)snprintf(doc.name, sizeof(doc.name), "%s", c->row.export_id);
	digest_sha256(bytes, doc.sha256);
	e = next_version(h, &doc);
	if (e == ERR_EXISTS)
		return ERR_OK;          /* these very bytes are there */
	RETURN_IF(e);
	return register_document_add(h->reg, &doc, bytes, &id);
}

static const struct buf *part_bytes(const struct parts *p, const char *name)
{
	for (size_t i = 0; i < p->len; i++)
		if (strcmp(p->names[i], name) == 0)
			return &p->bytes[i];
	return NULL;
}

static enum err put_texts(struct home *h, const struct job_case *c,
    const struct parts *p, struct bytes sums, struct bytes sig, int64_t act)
{
	struct register_document doc = {.kind = REGISTER_SHA256SUMS,
	    .added_unix_s = h->now_unix_s, .act = act};
	int64_t id;

	RETURN_IF(put_text(h, c, REGISTER_STATEMENT,
	    bytes_buf(part_bytes(p, "STATEMENT.txt")), act));
	RETURN_IF(put_text(h, c, REGISTER_DISCLOSURE,
	    bytes_buf(part_bytes(p, "disclosure.txt")), act));
	memcpy(doc.owner, c->row.owner, 3);
	(void)snprintf(doc.name, sizeof(doc.name), "%s", c->row.export_id);
	digest_sha256(sums, doc.sha256);
	RETURN_IF(next_version(h, &doc));
	RETURN_IF(register_document_add(h->reg, &doc, sums, &id));
	return register_signature_add(h->reg, id, "gateway", sig, act);
}

static enum err log_exported(struct home *h, const struct job_case *c,
    const struct job_scan *s, const struct job_built *b,
    const struct parts *p, struct bytes sums)
{
	CLEANUP(act_abort) struct act a = {0};
	CLEANUP(buf_release) struct buf sig = {0};
	struct register_built row = {.bytes = b->payload.bytes,
	    .rows = s->kept_rows, .respondents = s->kept_respondents};
	struct entry_writer w;
	int64_t act;

	digest_sha256(sums, row.sha256sums_sha256);
	memcpy(row.consent_root, b->payload.consent_root, 32);
	memcpy(row.notice_book_sha256, b->notice_book_sha256, 32);
	(void)snprintf(row.file, sizeof(row.file), "%.59s.tar",
	    c->row.export_id);
	RETURN_IF(sshsig_sign(gateway_key_export_seed(h->keys), SSHSIG_EXPORT,
	    sums, &sig));
	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	RETURN_IF(job_memory_check_again(s->memory));
	act_entry(&a, ENTRY_EXPORTED, c->row.owner, &w);
	entry_put(&w, "export", c->row.export_id);
	entry_put_hex(&w, "plan-sha256", c->row.sha256, DIGEST_LEN);
	entry_put_hex(&w, "sha256sums-sha256", row.sha256sums_sha256, 32);
	entry_put_hex(&w, "consent-root", row.consent_root, 32);
	entry_put_hex(&w, "notice-book-sha256", row.notice_book_sha256, 32);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(put_texts(h, c, p, sums, bytes_buf(&sig), act));
	RETURN_IF(put_text(h, c, REGISTER_RELEASE_RECORD,
	    bytes_buf(&b->record_text), act));
	RETURN_IF(register_export_built(h->reg, c->row.export_id, &row,
	    h->now_unix_s, act));
	RETURN_IF(act_commit(&a));
	step_reached(STEP_JOB_EXPORTED);
	return ERR_OK;
}

enum err job_work_path(const struct home *h, const char *export_id,
    char ret[FS_PATH_MAX])
{
	return home_path(h, ret, "tmp/%s", export_id);
}

enum err job_work_remove(const struct home *h, const char *export_id)
{
	char path[FS_PATH_MAX];

	RETURN_IF(job_work_path(h, export_id, path));
	return fs_remove_tree(path);
}

enum err job_work_begin(const struct home *h, const char *export_id)
{
	char path[FS_PATH_MAX];

	RETURN_IF(job_work_remove(h, export_id));
	RETURN_IF(job_work_path(h, export_id, path));
	return fs_mkdir(path, 0700);
}

enum err job_bundle_build(struct home *h, const struct job_case *c,
    const struct job_scan *s, const struct job_built *b)
{
	CLEANUP(parts_free) struct parts *p = calloc(1, sizeof(*p));
	CLEANUP(buf_release) struct buf sums = {0};
	char dir[FS_PATH_MAX], payload[FS_PATH_MAX];
	struct bundle_spec spec = {.export_id = c->row.export_id,
	    .payload_path = payload};

	if (p == NULL)
		return ERR_NOMEM;
	RETURN_IF(add_all(h, c, s, b, p));
	spec.parts = p->items;
	spec.part_count = p->len;
	memcpy(spec.payload_sha256, b->payload.sha256, DIGEST_LEN);
	RETURN_IF(job_work_path(h, c->row.export_id, dir));
	RETURN_IF(home_path(h, payload, "tmp/%s/payload", c->row.export_id));
	RETURN_IF(bundle_build(dir, &spec, &sums, &h->outcome->info));
	step_reached(STEP_JOB_BUILT);
	return log_exported(h, c, s, b, p, bytes_buf(&sums));
}
