#include "app/ops/witness_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "ledger/cosignature.h"
#include "ledger/witness.h"

#define SETS_MAX 256
#define BEGUN_MAX 256           /* acts are held back while they are read */

/* The policies that count here, the checkpoints kept, and the ledger. */
struct asking {
	struct home *h;
	char ledger[FS_PATH_MAX];
	struct fs_lock lock;
	struct log *log;
	uint64_t size;                  /* once the log is closed */
	struct witness_set sets[SETS_MAX];
	size_t sets_len;
	struct witness_notes notes;
};

static void asking_free(struct asking **a)
{
	if (*a == NULL)
		return;
	for (size_t i = 0; i < (*a)->sets_len; i++)
		witness_set_release(&(*a)->sets[i]);
	witness_notes_release(&(*a)->notes);
	log_close((*a)->log);
	fs_lock_release(&(*a)->lock);
	free(*a);
}

/* ---- whose word counts ---- */

static int have_set(const struct asking *a, const uint8_t sha256[DIGEST_LEN])
{
	for (size_t i = 0; i < a->sets_len; i++)
		if (memcmp(a->sets[i].sha256, sha256, DIGEST_LEN) == 0)
			return 1;
	return 0;
}

static enum err add_set(struct asking *a, struct witness_set *s)
{
	if (have_set(a, s->sha256))
		return ERR_OK;
	if (a->sets_len == SETS_MAX)
		return ERR_LIMIT;
	a->sets[a->sets_len++] = *s;
	*s = (struct witness_set){0};
	return ERR_OK;
}

static enum err add_owner(void *ctx, const struct register_owner *o)
{
	CLEANUP(witness_set_release) struct witness_set s = {0};
	struct asking *a = ctx;
	enum err e = witness_set_of_owner(a->h, o->code, &s);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	return add_set(a, &s);
}

/* Also those of policies that are no longer in force: an answer may be late. */
static enum err add_document(void *ctx, const struct register_document *doc)
{
	CLEANUP(witness_set_release) struct witness_set s = {0};
	struct asking *a = ctx;

	RETURN_IF(witness_set_load(a->h, doc->sha256, &s));
	return add_set(a, &s);
}

static enum err new_asking(struct home *h, struct asking **ret)
{
	CLEANUP(asking_free) struct asking *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NOMEM;
	a->h = h;
	RETURN_IF(home_path(h, a->ledger, "ledger"));
	RETURN_IF(act_hold(h, &a->lock));
	RETURN_IF(act_log_writer(h, &a->log));
	RETURN_IF(register_owner_each(h->reg, add_owner, a));
	RETURN_IF(witness_notes_list(a->ledger, &a->notes));
	*ret = TAKE(a);
	return ERR_OK;
}

/* ---- what a key has said ---- */

static int has_cosigned(struct bytes note, const struct note_key *key,
    int64_t *ret_unix_s)
{
	CLEANUP(note_cleanup) struct note *n = NULL;

	return note_parse(note, &n) == ERR_OK &&
	    cosignature_verify(n, key, ret_unix_s) == ERR_OK;
}

/* The largest tree of ours that ${key} has cosigned; 0: none. */
static enum err last_of(struct asking *a, const struct note_key *key,
    uint64_t *ret_size, int64_t *ret_unix_s)
{
	*ret_size = 0;
	*ret_unix_s = 0;
	for (size_t i = 0; i < a->notes.len; i++) {
		CLEANUP(buf_release) struct buf note = {0};

		RETURN_IF(witness_notes_read(a->ledger, a->notes.sizes[i],
		    &note));
		if (!has_cosigned(bytes_buf(&note), key, ret_unix_s))
			continue;
		*ret_size = a->notes.sizes[i];
		return ERR_OK;
	}
	return ERR_OK;
}

static int is_member(const struct witness_set *s, const struct note_key *key)
{
	for (size_t i = 0; i < policy_file_witnesses(s->file); i++)
		if (note_key_equal(policy_file_witness(s->file, i), key))
			return 1;
	return 0;
}

/* Does a quorum of ${key} that others have begun lack on this checkpoint? */
static int is_begun(const struct asking *a, struct bytes note,
    const struct note_key *key)
{
	struct policy_file_result r;

	if (has_cosigned(note, key, NULL))
		return 0;
	for (size_t i = 0; i < a->sets_len; i++) {
		const struct witness_set *s = &a->sets[i];
		int others = 0;

		if (!is_member(s, key) ||
		    policy_file_verify(s->file, note, &r) != ERR_THRESHOLD)
			continue;
		for (size_t k = 0; k < policy_file_witnesses(s->file); k++)
			others |= has_cosigned(note,
			    policy_file_witness(s->file, k), NULL);
		if (others)
			return 1;
	}
	return 0;
}

/* ---- asking ---- */

struct chosen {
	const struct note_key *key;
	const char *name;
};

static int is_meant(const struct witness_set *s, size_t i,
    const struct witness_ask *ask)
{
	const struct note_key *key = policy_file_witness(s->file, i);

	if (ask->key != NULL)
		return note_key_equal(key, ask->key);
	return ask->witness == NULL ||
	    strcmp(policy_file_witness_name(s->file, i), ask->witness) == 0 ||
	    strcmp(key->name, ask->witness) == 0;
}

static enum err choose(struct asking *a, const struct witness_ask *ask,
    struct chosen *ret)
{
	const char *name = ask->witness;
	struct chosen c = {NULL, NULL};

	for (size_t i = 0; i < a->sets_len; i++)
		for (size_t k = 0; k <
		    policy_file_witnesses(a->sets[i].file); k++) {
			const struct note_key *key =
			    policy_file_witness(a->sets[i].file, k);

			if (!is_meant(&a->sets[i], k, ask) ||
			    (c.key != NULL && note_key_equal(c.key, key)))
				continue;
			if (c.key != NULL)
				return outcome_refuse(a->h->outcome,
				    ERR_USAGE,
				    "there are several witnesses, say which: %s, %s, …; see: azukari ledger witness list",
				    "立会人が複数います。名前を指定してください: %s、%s …（azukari ledger witness list で確認できます）",
				    c.name, policy_file_witness_name(
				    a->sets[i].file, k));
			c = (struct chosen){key,
			    policy_file_witness_name(a->sets[i].file, k)};
		}
	if (c.key == NULL)
		return outcome_refuse(a->h->outcome, ERR_NOT_FOUND,
		    "no policy in force names %s%s",
		    "発効中の方針に%s%sがありません",
		    name == NULL ? "a witness" : "the witness ",
		    name == NULL ? "" : name);
	*ret = c;
	return ERR_OK;
}

/* The checkpoint to ask for: one that others have begun, else the newest.  Of
 * those behind BEGUN_MAX newer ones the others have begun newer ones, too. */
static enum err target_of(struct asking *a, const struct note_key *key,
    uint64_t last, struct buf *out)
{
	for (size_t i = 0; i < a->notes.len && i < BEGUN_MAX &&
	    a->notes.sizes[i] > last; i++) {
		CLEANUP(buf_release) struct buf note = {0};

		RETURN_IF(witness_notes_read(a->ledger, a->notes.sizes[i],
		    &note));
		if (is_begun(a, bytes_buf(&note), key))
			return buf_append(out, note.data, note.len);
	}
	return buf_append(out, log_note(a->log).data, log_note(a->log).len);
}

/* What is asked for is kept, so that the answer finds it. */
static enum err keep(struct asking *a, uint64_t size, struct bytes note)
{
	for (size_t i = 0; i < a->notes.len; i++)
		if (a->notes.sizes[i] == size)
			return ERR_OK;
	return witness_notes_put(a->h, size, note);
}

static enum err refuse_done(struct asking *a, const struct chosen *c)
{
	return outcome_refuse(a->h->outcome, ERR_STATE,
	    "%s has cosigned all %llu entries of the ledger already",
	    "%sは台帳の全%llu件にすでに副署しています", c->name,
	    (unsigned long long)log_size(a->log));
}

/* The witness knows more of this ledger than there is. */
static enum err refuse_ahead(struct asking *a, const struct chosen *c,
    uint64_t from)
{
	outcome_add(a->h->outcome, OUTCOME_HINT,
	    "ask the witness for its file `state` and give it to: azukari ledger witness accept",
	    "立会人から state ファイルを受け取り、azukari ledger witness accept に渡してください");
	return outcome_refuse(a->h->outcome, ERR_ROLLBACK,
	    "%s has seen %llu entries of this ledger, which has %llu: an older copy of this home was put back, or somebody else signs with its key",
	    "%sはこの台帳を%llu件まで見ていますが、今は%llu件しかありません。古い写しに戻されたか、他の誰かがその鍵で署名しています",
	    c->name, (unsigned long long)from,
	    (unsigned long long)log_size(a->log));
}

enum err witness_ask_text(struct home *h, const struct witness_ask *ask,
    struct buf *out, uint64_t *ret_size)
{
	CLEANUP(asking_free) struct asking *a = NULL;
	CLEANUP(buf_release) struct buf note = {0};
	struct checkpoint cp;
	struct chosen c = {NULL, NULL};
	uint64_t last;
	int64_t when;

	RETURN_IF(new_asking(h, &a));
	RETURN_IF(choose(a, ask, &c));
	if (ask->from >= 0)
		last = (uint64_t)ask->from;
	else
		RETURN_IF(last_of(a, c.key, &last, &when));
	if (last > log_size(a->log))
		return refuse_ahead(a, &c, last);
	if (ask->from < 0 && last == log_size(a->log))
		return refuse_done(a, &c);
	RETURN_IF(target_of(a, c.key, last, &note));
	RETURN_IF(checkpoint_verify(bytes_buf(&note),
	    note_signer_key(h->log_signer), &cp));
	RETURN_IF(witness_request_write(a->log, last, bytes_buf(&note), out));
	*ret_size = cp.size;
	return keep(a, cp.size, bytes_buf(&note));
}

/* ---- answers ---- */

/* The keys of all policies that were ever in force. */
static enum err all_keys(struct asking *a, struct note_key *keys,
    size_t *ret_len)
{
	const struct register_query q = {.kind = REGISTER_WITNESS_POLICY};
	size_t len = 0, i;

	RETURN_IF(register_document_each(a->h->reg, &q, add_document, a));
	for (size_t s = 0; s < a->sets_len; s++)
		for (size_t k = 0; k <
		    policy_file_witnesses(a->sets[s].file); k++) {
			const struct note_key *key =
			    policy_file_witness(a->sets[s].file, k);

			for (i = 0; i < len; i++)
				if (note_key_equal(&keys[i], key))
					break;
			if (i < len)
				continue;
			if (len == NOTE_KEYS_MAX)
				return ERR_LIMIT;
			keys[len++] = *key;
		}
	*ret_len = len;
	return ERR_OK;
}

struct answer {
	struct bytes lines;
	struct note_key keys[NOTE_KEYS_MAX];
	size_t keys_len;
	struct buf merged;              /* the checkpoint with the new lines */
	uint64_t size;
};

static void answer_free(struct answer **w)
{
	if (*w != NULL)
		buf_release(&(*w)->merged);
	free(*w);
}

static enum err refuse_answer(struct home *h, enum err e)
{
	struct outcome *o = h->outcome;

	if (e == ERR_SIGNATURE)
		return outcome_refuse(o, e,
		    "the cosignature is of none of the checkpoints that were asked for, or it is bad",
		    "この副署は、依頼したどのチェックポイントのものでもないか、正しくありません");
	if (e == ERR_UNTRUSTED)
		return outcome_refuse(o, e,
		    "no witness of an owner's policy made this cosignature",
		    "この副署は、所有者の方針にあるどの立会人のものでもありません");
	if (e == ERR_EXISTS)
		return outcome_refuse(o, e,
		    "this cosignature was taken in before",
		    "この副署は、すでに受け付けています");
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(o, e,
		    "no witness has been asked yet; see: azukari ledger witness request",
		    "まだ立会人に依頼していません。azukari ledger witness request を見てください");
	if (e == ERR_SYNTAX || e == ERR_ENCODING || e == ERR_LIMIT)
		return outcome_refuse(o, e,
		    "this is not the answer of a witness",
		    "立会人の回答の形式ではありません");
	return e;
}

/* Is one of the lines by a key we know, so that "nothing new" means "again"? */
static int is_known(const struct answer *w, struct bytes note)
{
	CLEANUP(buf_release) struct buf all = {0};
	CLEANUP(note_cleanup) struct note *n = NULL;

	if (buf_append(&all, note.data, note.len) != ERR_OK ||
	    buf_append(&all, w->lines.data, w->lines.len) != ERR_OK ||
	    note_parse(bytes_buf(&all), &n) != ERR_OK)
		return 0;
	for (size_t i = 0; i < note_lines(n); i++) {
		const struct note_line line = note_line_at(n, i);

		for (size_t k = 0; k < w->keys_len; k++)
			if (note_line_is_of(&line, &w->keys[k]))
				return 1;
	}
	return 0;
}

/* Which of the kept checkpoints is it about? */
static enum err merge(struct asking *a, struct answer *w)
{
	enum err e = ERR_NOT_FOUND;

	for (size_t i = 0; i < a->notes.len; i++) {
		CLEANUP(buf_release) struct buf note = {0};

		RETURN_IF(witness_notes_read(a->ledger, a->notes.sizes[i],
		    &note));
		buf_clear(&w->merged);
		e = cosignature_merge(bytes_buf(&note), w->lines, w->keys,
		    w->keys_len, &w->merged);
		w->size = a->notes.sizes[i];
		if (e == ERR_UNTRUSTED && is_known(w, bytes_buf(&note)))
			e = ERR_EXISTS;
		if (e != ERR_SIGNATURE)
			return e;
	}
	return e;
}

/* A witness whose clock is ahead would stop every grant here. */
static enum err check_time(struct home *h, const struct answer *w)
{
	if (witness_notes_time(bytes_buf(&w->merged)) <=
	    h->now_unix_s + WITNESSES_CLOCK_SLACK_S)
		return ERR_OK;
	return outcome_refuse(h->outcome, ERR_RANGE,
	    "the cosignature is dated more than ten minutes in the future: the witness's clock is wrong, or this machine's",
	    "副署の日時が10分以上先です。立会人の時計か、この機械の時計が狂っています");
}

static enum err store(struct asking *a, const struct answer *w)
{
	struct bytes note = bytes_buf(&w->merged);

	RETURN_IF(witnesses_saw(a->h, note, 0));
	RETURN_IF(witness_notes_put(a->h, w->size, note));
	if (w->size == log_size(a->log))
		RETURN_IF(log_store_cosigned(a->log, note));
	return ERR_OK;
}

static void tell(struct asking *a, const struct answer *w)
{
	struct policy_file_result r;
	size_t reached = 0;

	for (size_t i = 0; i < a->sets_len; i++)
		reached += policy_file_verify(a->sets[i].file,
		    bytes_buf(&w->merged), &r) == ERR_OK;
	outcome_add(a->h->outcome, OUTCOME_DONE,
	    "the cosignature of the first %llu entries is taken in; quorum reached: %zu of %zu policies",
	    "最初の%llu件への副署を受け付けました。必要数に達した方針: %zu/%zu",
	    (unsigned long long)w->size, reached, a->sets_len);
}

static enum err accept_lines(struct asking *a, struct bytes lines)
{
	CLEANUP(answer_free) struct answer *w = calloc(1, sizeof(*w));
	enum err e;

	if (w == NULL)
		return ERR_NOMEM;
	w->lines = lines;
	RETURN_IF(all_keys(a, w->keys, &w->keys_len));
	e = merge(a, w);
	if (e != ERR_OK)
		return refuse_answer(a->h, e);
	RETURN_IF(check_time(a->h, w));
	RETURN_IF(store(a, w));
	tell(a, w);
	return ERR_OK;
}

/* What a witness holds must be a part of this ledger. */
static enum err accept_state(struct asking *a, const struct checkpoint *cp,
    struct bytes note)
{
	uint8_t root[MERKLE_PROOF_HASH_LEN];
	int contradicts = cp->size > log_size(a->log);

	if (!contradicts) {
		RETURN_IF(log_root(a->log, cp->size, root));
		contradicts = memcmp(root, cp->root, sizeof(root)) != 0;
	}
	RETURN_IF(witnesses_saw(a->h, note, contradicts));
	if (contradicts)
		return outcome_refuse(a->h->outcome, ERR_ROLLBACK,
		    "the witness holds a checkpoint of %llu entries that this ledger (%llu) does not contain: an older copy was put back, or the ledger was changed; from now on nothing is signed here",
		    "立会人の持つ%llu件のチェックポイントは、この台帳（%llu件）に含まれません。古い写しに戻されたか、台帳が書き換えられています。以後ここでは何も署名しません",
		    (unsigned long long)cp->size,
		    (unsigned long long)log_size(a->log));
	outcome_add(a->h->outcome, OUTCOME_DONE,
	    "what the witness holds (%llu entries) is a part of this ledger",
	    "立会人の持つ%llu件は、この台帳の一部です",
	    (unsigned long long)cp->size);
	return ERR_OK;
}

enum err witness_ask_accept(struct home *h, struct bytes answer)
{
	CLEANUP(asking_free) struct asking *a = NULL;
	struct checkpoint cp;

	RETURN_IF(new_asking(h, &a));
	if (checkpoint_verify(answer, note_signer_key(h->log_signer),
	    &cp) == ERR_OK)
		return accept_state(a, &cp, answer);
	return accept_lines(a, answer);
}

/* ---- who there is ---- */

/* Each key once. */
static int seen_before(const struct asking *a, size_t set, size_t at)
{
	const struct note_key *key = policy_file_witness(a->sets[set].file,
	    at);

	for (size_t i = 0; i < set; i++)
		if (is_member(&a->sets[i], key))
			return 1;
	return 0;
}

static enum err one_row(struct asking *a, const struct witness_set *s,
    size_t k, witness_ask_fn each, void *ctx)
{
	struct witness_ask_row row = {
		.name = policy_file_witness_name(s->file, k),
		.url = policy_file_witness_url(s->file, k),
		.key = policy_file_witness(s->file, k),
		.size = a->size};

	RETURN_IF(last_of(a, row.key, &row.cosigned, &row.unix_s));
	return each(ctx, &row);
}

enum err witness_ask_each(struct home *h, witness_ask_fn each, void *ctx)
{
	CLEANUP(asking_free) struct asking *a = NULL;

	RETURN_IF(new_asking(h, &a));
	/* ${each} may act; what it sees stays as it was. */
	a->size = log_size(a->log);
	log_close(TAKE(a->log));
	fs_lock_release(&a->lock);
	for (size_t i = 0; i < a->sets_len; i++)
		for (size_t k = 0; k <
		    policy_file_witnesses(a->sets[i].file); k++)
			if (!seen_before(a, i, k))
				RETURN_IF(one_row(a, &a->sets[i], k, each,
				    ctx));
	return ERR_OK;
}
