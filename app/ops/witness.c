#include "app/ops/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/witness_file.h"
#include "ledger/misbehaviour.h"

#define VKEY_MAX 4096

/* ---- keys ---- */

static enum err vkey_of(const char *vkey, struct note_key *ret)
{
	CLEANUP(buf_release) struct buf file = {0};
	struct bytes text = bytes_str(vkey), rest, line;

	if (fs_exists(vkey)) {
		RETURN_IF(fs_read_file(vkey, VKEY_MAX, &file));
		rest = text = bytes_buf(&file);
		if (bytes_take_line(&rest, &line) == ERR_OK)
			text = line;
	}
	return note_key_parse(text, ret);
}

enum err witness_read_vkey(const char *vkey, struct note_key *ret,
    struct outcome *o)
{
	enum err e = vkey_of(vkey, ret);

	if (e == ERR_OK || e == ERR_NOMEM)
		return e;
	return outcome_refuse(o, e,
	    "%s is neither a ledger key (NAME+ID+BASE64) nor a file that begins with one",
	    "%sは台帳の鍵（NAME+ID+BASE64）でも、それで始まるファイルでもありません",
	    vkey);
}

static enum err write_vkey(const char *dir, const struct note_key *key)
{
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(note_key_write(key, &text));
	RETURN_IF(buf_append_u8(&text, '\n'));
	RETURN_IF(fs_path(path, "%s/witness.vkey", dir));
	return fs_write_file(path, bytes_buf(&text), 0644);
}

/* ---- init ---- */

static enum err check_names(const struct witness_init_args *args,
    const struct note_key *log, struct outcome *o)
{
	if (log->type != NOTE_KEY_ED25519)
		return outcome_refuse(o, ERR_UNSUPPORTED,
		    "%s is the key of a witness, not of a ledger",
		    "%sは立会人の鍵で、台帳の鍵ではありません", args->log);
	if (!note_key_is_name(bytes_str(args->name)))
		return outcome_refuse(o, ERR_SYNTAX,
		    "%s cannot be a witness's name: HOST/PATH without spaces or +",
		    "%sは立会人の名前に使えません。空白と + のない HOST/PATH にしてください",
		    args->name);
	return ERR_OK;
}

static enum err make_files(const struct witness_init_args *args,
    const struct note_key *log)
{
	CLEANUP(witness_file_release) struct witness_file file = {.seed = NULL};
	CLEANUP(note_signer_cleanup) struct note_signer *signer = NULL;
	CLEANUP(buf_release) struct buf vkey = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(note_key_write(log, &vkey));
	RETURN_IF(witness_file_new(args->name, buf_text(&vkey),
	    args->now_unix_s, &file));
	RETURN_IF(note_signer_new(args->name, NOTE_KEY_COSIGNATURE, file.seed,
	    &signer));
	RETURN_IF(fs_mkdir_all(args->dir, 0700));
	RETURN_IF(fs_path(path, "%s/witness.key", args->dir));
	RETURN_IF(witness_file_write(&file, path, args->passphrase,
	    args->log_n));
	return write_vkey(args->dir, note_signer_key(signer));
}

enum err witness_init(const struct witness_init_args *args, struct outcome *o)
{
	struct note_key log;
	enum err e;

	RETURN_IF(witness_read_vkey(args->log, &log, o));
	RETURN_IF(check_names(args, &log, o));
	e = make_files(args, &log);
	if (e == ERR_EXISTS)
		return outcome_refuse(o, e, "%s holds a witness already",
		    "%sにはすでに立会人の鍵があります", args->dir);
	RETURN_IF(e);
	outcome_add(o, OUTCOME_DONE,
	    "%1$s/witness.key (keep it, with its passphrase) and %1$s/witness.vkey (hand it to the ledger's owners): %2$s cosigns %3$s",
	    "%1$s/witness.key（パスフレーズとともに保管）と%1$s/witness.vkey（所有者に渡す）を作りました。%2$sは%3$sに副署します",
	    args->dir, args->name, log.name);
	return ERR_OK;
}

/* ---- opening ---- */

void witness_holder_free(struct witness_holder *w)
{
	if (w == NULL)
		return;
	note_signer_free(w->signer);
	free(w);
}

void witness_holder_cleanup(struct witness_holder **w)
{
	witness_holder_free(*w);
}

static enum err read_key(struct witness_holder *w,
    const struct secret *passphrase, struct err_info *info)
{
	CLEANUP(witness_file_release) struct witness_file file = {.seed = NULL};
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/witness.key", w->dir));
	(void)snprintf(info->file, sizeof(info->file), "%.250s", path);
	RETURN_IF(witness_file_read(path, passphrase, &file, info));
	RETURN_IF(note_key_parse(bytes_str(file.log), &w->log));
	RETURN_IF(note_signer_new(file.name, NOTE_KEY_COSIGNATURE, file.seed,
	    &w->signer));
	info->file[0] = '\0';
	return ERR_OK;
}

enum err witness_holder_open(const char *dir, const struct secret *passphrase,
    struct witness_holder **ret, struct outcome *o)
{
	CLEANUP(witness_holder_cleanup) struct witness_holder *w =
	    calloc(1, sizeof(*w));

	if (w == NULL)
		return ERR_NOMEM;
	RETURN_IF(fs_path(w->dir, "%s", dir));
	RETURN_IF(fs_path(w->state, "%s/state", dir));
	RETURN_IF(read_key(w, passphrase, &o->info));
	w->config = (struct witness_config){.state_path = w->state,
	    .log_key = &w->log, .signer = w->signer,
	    .wait_ms = WITNESS_LOCK_MS};
	*ret = TAKE(w);
	return ERR_OK;
}

/* ---- cosigning ---- */

static enum err refuse_smaller(const struct witness_holder *w,
    struct bytes request, uint64_t cosigned, struct outcome *o)
{
	CLEANUP(witness_request_release) struct witness_request r = {0};

	RETURN_IF(witness_request_parse_unverified(request, &r));
	outcome_add(o, OUTCOME_HINT,
	    "the gateway asks again with: azukari ledger witness request --from %llu",
	    "ゲートウェイで azukari ledger witness request --from %llu を実行して、もう一度依頼してください",
	    (unsigned long long)cosigned);
	return outcome_refuse(o, ERR_STATE,
	    "this witness has cosigned %llu entries of %s; the request begins at %llu",
	    "この立会人は%2$sの%1$llu件まで副署しています。依頼は%3$llu件目から始まっています",
	    (unsigned long long)cosigned, w->log.name,
	    (unsigned long long)r.old_size);
}

static enum err refuse_contradiction(enum err e, struct outcome *o)
{
	outcome_add(o, OUTCOME_HINT,
	    "do not cosign; tell the owners and the other witnesses",
	    "副署せず、所有者と他の立会人に知らせてください");
	return outcome_refuse(o, e,
	    "the ledger contradicts what this witness cosigned: entries were changed or removed, or different ledgers are shown to different people",
	    "この台帳は、この立会人が副署したものと矛盾します。記載が変更・削除されたか、相手によって違う台帳が示されています");
}

static enum err refuse(const struct witness_holder *w, enum err e,
    struct bytes request, uint64_t cosigned, struct outcome *o)
{
	if (e == ERR_STATE)
		return refuse_smaller(w, request, cosigned, o);
	if (e == ERR_ROLLBACK || e == ERR_MISMATCH)
		return refuse_contradiction(e, o);
	if (e == ERR_RANGE)
		return outcome_refuse(o, e,
		    "the request is for a tree that is smaller than where it begins: a ledger only grows",
		    "依頼された台帳は、その始点より小さくなっています。台帳は増えるだけのはずです");
	if (e == ERR_UNTRUSTED || e == ERR_SIGNATURE)
		return outcome_refuse(o, e,
		    "the checkpoint is not signed by the key of %s",
		    "チェックポイントは%sの鍵で署名されていません", w->log.name);
	if (e == ERR_SYNTAX || e == ERR_LIMIT || e == ERR_ENCODING)
		return outcome_refuse(o, e,
		    "this is not a request to a witness",
		    "立会人への依頼の形式ではありません");
	return e;
}

/* A checkpoint of another ledger is no contradiction, only not ours. */
static enum err refuse_foreign(const struct witness_holder *w,
    struct outcome *o)
{
	return outcome_refuse(o, ERR_MISMATCH,
	    "the request is about another ledger than %s",
	    "依頼は%sとは別の台帳についてのものです", w->log.name);
}

static enum err keep_proof(const struct witness_holder *w,
    struct bytes request, const char *answer, struct outcome *o)
{
	CLEANUP(buf_release) struct buf proof = {0};
	char path[FS_PATH_MAX];

	if (witness_misbehaviour(&w->config, request, &proof) != ERR_OK)
		return ERR_OK;
	RETURN_IF(fs_path(path, "%s.misbehaviour", answer));
	RETURN_IF(fs_write_file(path, bytes_buf(&proof), 0644));
	outcome_add(o, OUTCOME_WARNING,
	    "%s proves it to anyone: azukari witness check %s --log VKEY",
	    "%sは誰に対してもその証拠になります: azukari witness check %s --log VKEY",
	    path, path);
	return ERR_OK;
}

enum err witness_answer(const struct witness_holder *w, const char *request,
    const char *answer, int64_t now_unix_s, struct outcome *o)
{
	CLEANUP(buf_release) struct buf body = {0};
	CLEANUP(witness_reply_release) struct witness_reply reply = {0};
	uint64_t size = 0;
	enum err e;

	if (fs_exists(answer))
		return outcome_refuse(o, ERR_EXISTS, "%s is there already",
		    "%sはすでに存在します", answer);
	RETURN_IF(fs_read_file(request, WITNESS_REQUEST_MAX, &body));
	e = witness_reply_make(&w->config, bytes_buf(&body), now_unix_s,
	    &reply);
	if (e == ERR_NOT_FOUND)
		return refuse_foreign(w, o);
	if (e == ERR_ROLLBACK || e == ERR_MISMATCH)
		RETURN_IF(keep_proof(w, bytes_buf(&body), answer, o));
	if (e == ERR_STATE)
		size = strtoull(buf_text(&reply.body), NULL, 10);
	if (e != ERR_OK)
		return refuse(w, e, bytes_buf(&body), size, o);
	RETURN_IF(fs_write_new_file(answer, bytes_buf(&reply.body), 0644));
	outcome_add(o, OUTCOME_DONE,
	    "%s holds the cosignature; hand it to the gateway: azukari ledger witness accept",
	    "%sに副署を書き出しました。ゲートウェイに渡してください: azukari ledger witness accept",
	    answer);
	return ERR_OK;
}

/* ---- a proof that a ledger contradicts itself ---- */

enum err witness_check_misbehaviour(const char *path, const char *log,
    struct outcome *o)
{
	CLEANUP(buf_release) struct buf file = {0};
	struct misbehaviour m;
	struct note_key key;
	enum err e;

	RETURN_IF(witness_read_vkey(log, &key, o));
	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", path);
	RETURN_IF(fs_read_file(path, MISBEHAVIOUR_MAX, &file));
	e = misbehaviour_check(bytes_buf(&file), &key, &m, &o->info);
	if (e == ERR_REFUSED)
		return outcome_refuse(o, e,
		    "%s proves nothing: its two checkpoints do not contradict each other",
		    "%sは何の証拠にもなりません。2つのチェックポイントは矛盾していません",
		    path);
	RETURN_IF(e);
	o->info.file[0] = '\0';
	outcome_add(o, OUTCOME_CHECK,
	    "%s has signed two ledgers that cannot both be true: one of %llu entries, one of %llu",
	    "%sは、両立しない2つの台帳（%llu件と%llu件）に署名しています",
	    key.name, (unsigned long long)m.first.size,
	    (unsigned long long)m.second.size);
	return ERR_OK;
}
