#include "app/ops/ledger_check.h"

#include <stdio.h>

#include "app/ops/witness.h"
#include "core/fs.h"
#include "ledger/entry.h"

static enum err read_in(const char *path, size_t max, struct buf *out,
    struct outcome *o)
{
	(void)snprintf(o->info.file, sizeof(o->info.file), "%.250s", path);
	RETURN_IF(fs_read_file(path, max, out));
	return ERR_OK;
}

static enum err under_policy(const struct ledger_check_args *args,
    const struct proof *p, struct bytes entry, struct checkpoint *ret,
    struct outcome *o)
{
	CLEANUP(policy_file_cleanup) struct policy_file *policy = NULL;
	CLEANUP(buf_release) struct buf bytes = {0};
	struct policy_file_result r;

	RETURN_IF(read_in(args->policy, POLICY_FILE_MAX, &bytes, o));
	RETURN_IF(policy_file_parse(bytes_buf(&bytes), &policy, &o->info));
	o->info.file[0] = '\0';
	RETURN_IF(proof_verify(p, entry, policy, &r));
	*ret = r.checkpoint;
	return ERR_OK;
}

static enum err under_key(const struct ledger_check_args *args,
    const struct proof *p, struct bytes entry, struct checkpoint *ret,
    struct outcome *o)
{
	struct note_key key;

	o->info.file[0] = '\0';
	RETURN_IF(witness_read_vkey(args->vkey, &key, o));
	return proof_verify_log(p, entry, &key, ret);
}

static enum err refuse(const struct ledger_check_args *args, enum err e,
    struct outcome *o)
{
	if (e == ERR_MISMATCH || e == ERR_RANGE)
		return outcome_refuse(o, e,
		    "%s does not prove that %s is in the log: another entry, place or tree",
		    "%sは、%sが台帳にあることの証明になりません（別の記載、位置、または木です）",
		    args->proof, args->entry);
	if (e == ERR_SIGNATURE || e == ERR_UNTRUSTED || e == ERR_THRESHOLD)
		return outcome_refuse(o, e,
		    "the checkpoint in %s is not signed by the key and the witnesses asked for",
		    "%sのチェックポイントに、求められた鍵または立会人の署名がありません",
		    args->proof);
	return e;
}

enum err ledger_check(const struct ledger_check_args *args,
    uint64_t *ret_index, struct checkpoint *ret, struct outcome *o)
{
	CLEANUP(buf_release) struct buf entry = {0};
	CLEANUP(buf_release) struct buf file = {0};
	CLEANUP(proof_release) struct proof p = {0};
	enum err e;

	RETURN_IF(read_in(args->entry, ENTRY_MAX, &entry, o));
	RETURN_IF(read_in(args->proof, PROOF_MAX, &file, o));
	RETURN_IF(proof_parse_unverified(bytes_buf(&file), &p));
	e = args->policy != NULL ?
	    under_policy(args, &p, bytes_buf(&entry), ret, o) :
	    under_key(args, &p, bytes_buf(&entry), ret, o);
	if (e != ERR_OK)
		return refuse(args, e, o);
	*ret_index = p.index;
	return ERR_OK;
}
