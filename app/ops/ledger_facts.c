#include "app/ops/ledger_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ops/ledger_papers.h"
#include "app/papers.h"
#include "app/terms.h"
#include "app/witnesses.h"
#include "core/encode.h"
#include "policy/plan.h"

struct ledger_facts {
	const struct ledger_verify_args *args;
	struct audit_facts facts;
	struct witness_notes notes;     /* largest first */
	int notes_read;
	/* the policy asked for last */
	char policy_sha256[65];
	struct policy_file *policy;
};

/* ---- documents, by their digests ---- */

/* The bytes of a charter, policy or plan; ERR_NOT_FOUND. */
static enum err document(struct ledger_facts *f,
    const struct ledger_paper_name *name, const char *hex, struct buf *out)
{
	CLEANUP(paper_release) struct paper p = {0};
	uint8_t sha256[DIGEST_LEN];
	const struct register_query q = {.kind = name->kind == ENTRY_PLAN ?
	    REGISTER_PLAN : name->kind == ENTRY_POLICY ? REGISTER_POLICY :
	    REGISTER_CHARTER, .sha256 = sha256};
	const struct ledger_paper *paper;

	if (f->args->home != NULL) {
		RETURN_IF(digest_from_hex(bytes_str(hex), sha256));
		RETURN_IF(papers_find(f->args->home, &q, &p));
		return buf_append(out, p.bytes.data, p.bytes.len);
	}
	if (f->args->papers == NULL || (paper = ledger_papers_find(
	    f->args->papers, name, hex)) == NULL)
		return ERR_NOT_FOUND;
	return buf_append(out, paper->bytes.data, paper->bytes.len);
}

static enum err load_charter(struct ledger_facts *f, const char *hex,
    struct charter *ret)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	const struct ledger_paper_name name = {.kind = ENTRY_CHARTER};

	RETURN_IF(document(f, &name, hex, &bytes));
	return charter_parse(bytes_buf(&bytes), ret, NULL);
}

static enum err load_plan(struct ledger_facts *f, const char *hex,
    struct plan *ret)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	const struct ledger_paper_name name = {.kind = ENTRY_PLAN};

	RETURN_IF(document(f, &name, hex, &bytes));
	return plan_parse(bytes_buf(&bytes), ret, NULL);
}

/* ---- terms ---- */

static int plan_terms(void *ctx, const char *plan_sha256,
    struct audit_plan_terms *ret)
{
	CLEANUP(plan_release) struct plan p = {0};

	if (load_plan(ctx, plan_sha256, &p) != ERR_OK)
		return 0;
	*ret = (struct audit_plan_terms){.threshold = p.threshold,
	    .expires_unix_s = p.expires_unix_s,
	    .byte_release = p.byte_release, .veto = !p.denial_is_vote};
	(void)snprintf(ret->act, sizeof(ret->act), "%s", terms_act(&p));
	encode_hex(p.request_sha256, DIGEST_LEN, ret->request);
	encode_hex(p.policy_sha256, DIGEST_LEN, ret->policy);
	encode_hex(p.charter_sha256, DIGEST_LEN, ret->charter);
	return 1;
}

static unsigned charter_terms(void *ctx, const char *charter_sha256,
    size_t *ret_seats)
{
	struct charter c = {0};
	unsigned threshold;

	*ret_seats = 0;
	if (load_charter(ctx, charter_sha256, &c) != ERR_OK)
		return 0;
	threshold = c.threshold;
	*ret_seats = c.seats_len;
	charter_release(&c);
	return threshold;
}

static int seat_exists(void *ctx, const char *charter_sha256,
    const char *seat)
{
	struct charter c = {0};
	int known;

	if (load_charter(ctx, charter_sha256, &c) != ERR_OK)
		return -1;
	known = charter_seat(&c, seat) != NULL;
	charter_release(&c);
	return known;
}

/* ---- does an entry say what its document says? ---- */

static int says(const struct text *entry, const char *key, const char *value)
{
	return strcmp(text_get(entry, key), value) == 0;
}

static int same_version(const struct text *entry, uint64_t version,
    const uint8_t *previous)
{
	char number[24], hex[DIGEST_HEX_LEN + 1] = "-";

	(void)snprintf(number, sizeof(number), "%llu",
	    (unsigned long long)version);
	if (previous != NULL)
		encode_hex(previous, DIGEST_LEN, hex);
	return says(entry, "version", number) &&
	    says(entry, "previous", hex);
}

static int charter_agrees(struct ledger_facts *f, struct bytes bytes,
    const struct text *entry)
{
	struct charter c = {0};
	int same;

	if (charter_parse(bytes, &c, NULL) != ERR_OK)
		return -1;
	same = says(entry, "owner", c.owner) && same_version(entry,
	    c.version, c.has_previous ? c.previous : NULL) &&
	    strcmp(c.origin, log_checkpoint(f->args->log)->origin) == 0 &&
	    terms_match_charter(entry, &c);
	charter_release(&c);
	return same;
}

static int policy_agrees(struct ledger_facts *f, struct bytes bytes,
    const struct text *entry)
{
	CLEANUP(policy_release) struct policy p = {0};

	(void)f;
	if (policy_parse(bytes, &p, NULL) != ERR_OK)
		return -1;
	return says(entry, "owner", p.owner) && same_version(entry, p.version,
	    p.has_previous ? p.previous : NULL);
}

static int plan_agrees(struct ledger_facts *f, struct bytes bytes,
    const struct text *entry)
{
	CLEANUP(plan_release) struct plan p = {0};

	if (plan_parse(bytes, &p, NULL) != ERR_OK)
		return -1;
	return says(entry, "owner", p.owner) && says(entry, "plan", p.id) &&
	    says(entry, "export", p.export_id) &&
	    says(entry, "plan-recipient", p.plan_recipient) &&
	    strcmp(p.ledger_origin, log_checkpoint(f->args->log)->origin) ==
	    0 && terms_match_plan(entry, &p);
}

static int agrees(void *ctx, enum entry_kind kind, const struct text *entry)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	struct ledger_paper_name name = {.kind = kind};
	const char *key = kind == ENTRY_PLAN ? "plan-sha256" :
	    kind == ENTRY_POLICY ? "policy-sha256" : "charter-sha256";

	(void)snprintf(name.owner, sizeof(name.owner), "%s",
	    text_get(entry, "owner"));
	if (kind == ENTRY_PLAN)
		(void)snprintf(name.id, sizeof(name.id), "%s",
		    text_get(entry, "plan"));
	else
		name.version = strtoull(text_get(entry, "version"), NULL, 10);
	if (document(ctx, &name, text_get(entry, key), &bytes) != ERR_OK)
		return -1;
	return kind == ENTRY_PLAN ? plan_agrees(ctx, bytes_buf(&bytes), entry) :
	    kind == ENTRY_POLICY ? policy_agrees(ctx, bytes_buf(&bytes),
	    entry) : charter_agrees(ctx, bytes_buf(&bytes), entry);
}

/* ---- cosigned checkpoints ---- */

static enum err read_policy(struct ledger_facts *f, const char *hex)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	uint8_t want[DIGEST_LEN], got[DIGEST_LEN];
	char path[FS_PATH_MAX];

	if (f->policy != NULL && strcmp(f->policy_sha256, hex) == 0)
		return ERR_OK;
	policy_file_free(TAKE(f->policy));
	RETURN_IF(digest_from_hex(bytes_str(hex), want));
	RETURN_IF(fs_path(path, "%s/witness-policy/%s", f->args->dir, hex));
	RETURN_IF(fs_read_file(path, POLICY_FILE_MAX, &bytes));
	digest_sha256(bytes_buf(&bytes), got);
	if (memcmp(want, got, DIGEST_LEN) != 0)
		return ERR_MISMATCH;
	(void)snprintf(f->policy_sha256, sizeof(f->policy_sha256), "%s", hex);
	return policy_file_parse(bytes_buf(&bytes), &f->policy, NULL);
}

static enum err read_notes(struct ledger_facts *f)
{
	if (f->notes_read)
		return ERR_OK;
	RETURN_IF(witness_notes_list(f->args->dir, &f->notes));
	f->notes_read = 1;
	return ERR_OK;
}

/* A checkpoint of this very tree that the quorum cosigned. */
static int counts(const struct ledger_facts *f, uint64_t size)
{
	CLEANUP(buf_release) struct buf note = {0};
	struct policy_file_result r;
	uint8_t root[MERKLE_PROOF_HASH_LEN];

	return witness_notes_read(f->args->dir, size, &note) == ERR_OK &&
	    policy_file_verify(f->policy, bytes_buf(&note), &r) == ERR_OK &&
	    r.checkpoint.size == size &&
	    log_root(f->args->log, size, root) == ERR_OK &&
	    memcmp(root, r.checkpoint.root, sizeof(root)) == 0;
}

/* How many of the sizes, which fall, are above ${index}. */
static size_t above(const struct witness_notes *n, uint64_t index)
{
	size_t low = 0, high = n->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (n->sizes[middle] > index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first one behind the entry will usually do, however many there are. */
static int cosigned(void *ctx, const char *policy_sha256, uint64_t index,
    uint64_t size)
{
	struct ledger_facts *f = ctx;

	if (read_policy(f, policy_sha256) != ERR_OK ||
	    read_notes(f) != ERR_OK)
		return 0;
	for (size_t i = above(&f->notes, index); i-- > 0 &&
	    f->notes.sizes[i] <= size;)
		if (counts(f, f->notes.sizes[i]))
			return 1;
	return 0;
}

/* ---- all of them ---- */

enum err ledger_facts_new(const struct ledger_verify_args *args,
    struct ledger_facts **ret)
{
	struct ledger_facts *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NOMEM;
	f->args = args;
	f->facts = (struct audit_facts){.plan = plan_terms, .ctx = f,
	    .charter = charter_terms, .agrees = agrees,
	    .seat_exists = seat_exists, .cosigned = cosigned,
	    .now_unix_s = args->now_unix_s};
	*ret = f;
	return ERR_OK;
}

void ledger_facts_free(struct ledger_facts *f)
{
	if (f == NULL)
		return;
	witness_notes_release(&f->notes);
	policy_file_free(f->policy);
	free(f);
}

const struct audit_facts *ledger_facts_audit(const struct ledger_facts *f)
{
	return &f->facts;
}
