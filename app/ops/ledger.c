#include "app/ops/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/configuration.h"
#include "app/ops/witness.h"
#include "app/ops/ledger_facts.h"
#include "app/ops/ledger_papers.h"
#include "app/reconcile.h"
#include "app/witnesses.h"
#include "ledger/entry.h"
#include "ledger/log_check.h"
#include "ledger/misbehaviour.h"

/* ---- a copy ---- */

enum err ledger_open_copy(const struct ledger_copy *copy,
    struct ledger_past *past, struct log **ret, struct outcome *o)
{
	CLEANUP(ledger_past_release) struct ledger_past beside = {0};
	struct note_key key;

	RETURN_IF(witness_read_vkey(copy->vkey, &key, o));
	RETURN_IF(ledger_past_beside(&beside, copy->dir));
	for (size_t i = 0; i < beside.len; i++)
		RETURN_IF(ledger_past_add(past, beside.paths[i], o));
	return ledger_past_open(&beside, copy->dir, &key, copy->origin, ret,
	    o);
}

/* ---- older checkpoints ---- */

/* What proves that this ledger contradicts ${old}, where it can be had. */
static enum err write_proof(const struct ledger_verify_args *args,
    struct bytes old, const struct checkpoint *before, struct outcome *o)
{
	CLEANUP(buf_release) struct buf hashes = {0};
	CLEANUP(buf_release) struct buf file = {0};
	uint8_t root[MERKLE_PROOF_HASH_LEN];
	struct misbehaviour_case c = {.log_key = log_key(args->log),
	    .first = old,
	    .second = log_note(args->log)};

	if (before->size < log_size(args->log)) {
		RETURN_IF(log_root(args->log, before->size, root));
		RETURN_IF(log_consistency(args->log, before->size,
		    log_size(args->log), &hashes));
		c.root_in_second = root;
		c.hashes = bytes_buf(&hashes);
	}
	RETURN_IF(misbehaviour_write(&c, &file));
	RETURN_IF(fs_write_new_file(args->proof, bytes_buf(&file), 0644));
	outcome_add(o, OUTCOME_WARNING,
	    "%s proves it to anyone: azukari witness check %s --log VKEY",
	    "%sは誰に対してもその証拠になります: azukari witness check %s --log VKEY",
	    args->proof, args->proof);
	return ERR_OK;
}

static enum err refuse_old(const struct ledger_verify_args *args,
    const char *path, struct bytes note, const struct checkpoint *old,
    struct outcome *o)
{
	if (old->size > log_size(args->log))
		return outcome_refuse(o, ERR_ROLLBACK,
		    "%s is of %llu entries, the ledger has %llu: entries were removed, or this is an old copy",
		    "%sは%llu件のものですが、台帳は%llu件です。記載が除かれたか、古い写しです",
		    path, (unsigned long long)old->size,
		    (unsigned long long)log_size(args->log));
	if (args->proof != NULL)
		RETURN_IF(write_proof(args, note, old, o));
	else
		outcome_add(o, OUTCOME_HINT,
		    "--proof FILE writes down what proves it to others",
		    "--proof ファイル を指定すると、第三者に示せる証拠を書き出します");
	return outcome_refuse(o, ERR_ROLLBACK,
	    "the first %llu entries are not those that %s was signed for: the ledger contradicts itself",
	    "最初の%llu件は、%sが署名された内容と異なります。この台帳は矛盾しています",
	    (unsigned long long)old->size, path);
}

static enum err check_from(const struct ledger_verify_args *args,
    const char *path, struct outcome *o)
{
	CLEANUP(buf_release) struct buf note = {0};
	uint8_t root[MERKLE_PROOF_HASH_LEN];
	struct checkpoint old;
	enum err e;

	(void)snprintf(o->info.file, sizeof(o->info.file), "%.250s", path);
	RETURN_IF(fs_read_file(path, NOTE_MAX, &note));
	e = checkpoint_verify_origin(bytes_buf(&note), log_key(args->log),
	    log_checkpoint(args->log)->origin, &old);
	if (e != ERR_OK)
		return err_at(&o->info, e, 0,
		    "it is not a checkpoint of this ledger's key");
	o->info.file[0] = '\0';
	if (old.size > log_size(args->log))
		return refuse_old(args, path, bytes_buf(&note), &old, o);
	RETURN_IF(log_root(args->log, old.size, root));
	if (memcmp(root, old.root, sizeof(root)) != 0)
		return refuse_old(args, path, bytes_buf(&note), &old, o);
	outcome_add(o, OUTCOME_CHECK,
	    "%s (%llu entries) is a part of this ledger",
	    "%s（%llu件）は、この台帳の一部です", path,
	    (unsigned long long)old.size);
	return ERR_OK;
}

/* At home others may work on: what was cosigned since the walk began is of the
 * ledger as it is now. */
static int grew_meanwhile(const struct ledger_verify_args *args,
    uint64_t size)
{
	CLEANUP(log_cleanup) struct log *log = NULL;

	return args->home != NULL && size > log_size(args->log) &&
	    act_log_reader(args->home, &log) == ERR_OK &&
	    log_size(log) >= size;
}

/* Every checkpoint kept with cosignatures is of this tree, too. */
static enum err check_cosigned(const struct ledger_verify_args *args,
    size_t *ret_len, struct outcome *o)
{
	CLEANUP(witness_notes_release) struct witness_notes n = {0};

	RETURN_IF(witness_notes_list(args->dir, &n));
	for (size_t i = 0; i < n.len; i++) {
		CLEANUP(buf_release) struct buf note = {0};
		uint8_t root[MERKLE_PROOF_HASH_LEN];
		struct checkpoint cp;
		char name[64];

		if (grew_meanwhile(args, n.sizes[i]))
			continue;
		(void)snprintf(name, sizeof(name), "cosigned/%llu",
		    (unsigned long long)n.sizes[i]);
		(void)snprintf(o->info.file, sizeof(o->info.file), "%s",
		    name);
		RETURN_IF(witness_notes_read(args->dir, n.sizes[i], &note));
		if (checkpoint_verify_origin(bytes_buf(&note),
		    log_key(args->log), log_checkpoint(args->log)->origin,
		    &cp) != ERR_OK || cp.size != n.sizes[i])
			return err_at(&o->info, ERR_CORRUPT, 0,
			    "it is not a checkpoint of this ledger of that size");
		o->info.file[0] = '\0';
		if (cp.size > log_size(args->log) ||
		    log_root(args->log, cp.size, root) != ERR_OK ||
		    memcmp(root, cp.root, sizeof(root)) != 0)
			return refuse_old(args, name, bytes_buf(&note), &cp,
			    o);
	}
	*ret_len = n.len;
	return ERR_OK;
}

/* ---- the walk ---- */

void ledger_verified_release(struct ledger_verified *v)
{
	audit_free(v->audit);
	ledger_facts_free(v->facts);
	*v = (struct ledger_verified){0};
}

static enum err add_entry(void *ctx, uint64_t index, struct bytes entry)
{
	(void)index;
	return audit_add(ctx, entry);
}

/* An Azukari ledger begins with its genesis; any other log has no rules that
 * we know, only its tree. */
static enum err is_ours(struct log *log, int *ret)
{
	CLEANUP(buf_release) struct buf entry = {0};
	CLEANUP(text_cleanup) struct text *t = NULL;
	enum entry_kind kind = ENTRY_KINDS;

	*ret = 0;
	if (log_size(log) == 0)
		return ERR_OK;
	RETURN_IF(log_entry(log, 0, &entry));
	*ret = entry_parse(bytes_buf(&entry), &kind, &t, NULL) == ERR_OK &&
	    kind == ENTRY_GENESIS;
	return ERR_OK;
}

static enum err check_tiles(const struct ledger_verify_args *args,
    struct outcome *o)
{
	char at[TILES_PATH_MAX];
	enum err e = log_check_tiles(args->log, at);

	if (e == ERR_CORRUPT && at[0] == '\0')
		return outcome_refuse(o, e,
		    "the entries do not hash to the root of the signed checkpoint",
		    "記載のハッシュが、署名されたチェックポイントの根と一致しません");
	if (e == ERR_CORRUPT || e == ERR_NOT_FOUND || e == ERR_TRUNCATED)
		return outcome_refuse(o, ERR_CORRUPT,
		    "%s is missing, or is not what the entries make it",
		    "%sがないか、記載から計算した内容と一致しません",
		    at[0] == '\0' ? "a tile" : at);
	return e;
}

static enum err audit_entries(const struct ledger_verify_args *args,
    struct ledger_verified *v)
{
	RETURN_IF(ledger_facts_new(args, &v->facts));
	RETURN_IF(audit_new(ledger_facts_audit(v->facts), &v->audit));
	RETURN_IF(log_each(args->log, 0, add_entry, v->audit));
	return audit_finish(v->audit, log_checkpoint(args->log));
}

static enum err tell_result(const struct ledger_verify_args *args,
    const struct ledger_verified *v, struct outcome *o)
{
	const char *origin = log_checkpoint(args->log)->origin;

	if (v->audit == NULL) {
		outcome_add(o, OUTCOME_CHECK,
		    "all %llu entries and every tile of %s hash to the signed root",
		    "%2$sの全%1$llu件とすべてのタイルは、署名された根に一致します",
		    (unsigned long long)log_size(args->log), origin);
		outcome_put(o, OUTCOME_WARNING,
		    "this is not an Azukari ledger: only what the C2SP formats define was checked, no rules between entries",
		    "Azukariの台帳ではありません。C2SPの形式が定めるものだけを検査し、記載の間の規則は検査していません");
		return ERR_OK;
	}
	if (audit_findings(v->audit) > 0)
		return ERR_CORRUPT;
	if (audit_unstated(v->audit) > 0)
		outcome_add(o, OUTCOME_WARNING,
		    "how many approvals %zu plans need is neither in the ledger nor in papers: one was asked for; --papers DIR gives charters, policies and plans of that time",
		    "%zu件の計画に必要な承認数は、台帳にも文書にもないため、1名として検査しました。当時の憲章、方針、計画を --papers DIR で指定できます",
		    audit_unstated(v->audit));
	outcome_add(o, OUTCOME_CHECK,
	    "all %llu entries of %s hash to the signed root and keep all %zu rules",
	    "%2$sの全%1$llu件は署名された根に一致し、%3$zuの規則をすべて守っています",
	    (unsigned long long)audit_size(v->audit), origin, audit_rules());
	return ERR_OK;
}

/* At home: the stores' own logs of acts, and what the gateway runs with. */
static enum err check_stores(const struct ledger_verify_args *args,
    struct outcome *o)
{
	uint8_t is[DIGEST_LEN], said[DIGEST_LEN];
	struct reconciled done;
	enum err e;

	RETURN_IF(reconcile_home(args->home, &done));
	outcome_add(o, OUTCOME_CHECK,
	    "all %llu acts of the stores are in the ledger as they say, and no entry is without its act",
	    "保管庫の操作%llu件はすべて台帳の記載と一致し、操作のない記載はありません",
	    (unsigned long long)done.acts);
	RETURN_IF(configuration_of_home(args->home, is));
	e = configuration_last(args->home, NULL, CONFIGURATION_GATEWAY, said);
	if (e == ERR_OK && memcmp(is, said, sizeof(is)) != 0)
		outcome_put(o, OUTCOME_WARNING,
		    "config.json is not what the ledger's last entry about it says; the next act enters it first",
		    "config.json は台帳の最後の記載と異なります。次の操作の前に記載されます");
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err ledger_verify(const struct ledger_verify_args *args,
    struct ledger_verified *ret, struct outcome *o)
{
	int ours = 0;

	*ret = (struct ledger_verified){0};
	for (size_t i = 0; i < args->past.len; i++)
		RETURN_IF(check_from(args, args->past.paths[i], o));
	RETURN_IF(check_cosigned(args, &ret->cosignatures, o));
	RETURN_IF(check_tiles(args, o));
	if (is_ours(args->log, &ours) != ERR_OK)
		return ERR_CORRUPT;
	if (ours || args->home != NULL)
		RETURN_IF(audit_entries(args, ret));
	if (ours && args->papers != NULL)
		RETURN_IF(ledger_papers_settle(args->papers, o));
	RETURN_IF(tell_result(args, ret, o));
	return args->home == NULL ? ERR_OK : check_stores(args, o);
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
