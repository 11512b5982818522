#include "app/witnesses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/papers.h"
#include "core/encode.h"
#include "ledger/cosignature.h"
#include "ledger/decimal.h"

/* ---- policies ---- */

void witness_set_release(struct witness_set *s)
{
	policy_file_free(s->file);
	buf_release(&s->bytes);
	*s = (struct witness_set){0};
}

static enum err check_set(struct home *h, const struct policy_file *file)
{
	const struct note_key *own = note_signer_key(h->log_signer);
	int named = 0;

	for (size_t i = 0; i < policy_file_logs(file); i++)
		named |= note_key_equal(policy_file_log(file, i), own);
	if (!named)
		return outcome_refuse(h->outcome, ERR_MISMATCH,
		    "the witness policy does not name the key of this ledger",
		    "立会人の方針に、この台帳の鍵がありません");
	if (policy_file_quorum_is_none(file))
		return outcome_refuse(h->outcome, ERR_REFUSED,
		    "the witness policy asks for nobody: to have no witnesses, leave witnesses.policy_sha256 null",
		    "立会人の方針が誰の副署も求めていません。立会人を置かない場合は witnesses.policy_sha256 を null にしてください");
	return ERR_OK;
}

enum err witness_set_take(struct home *h, struct bytes bytes,
    struct witness_set *ret)
{
	CLEANUP(witness_set_release) struct witness_set s = {0};

	RETURN_IF(policy_file_parse(bytes, &s.file, &h->outcome->info));
	RETURN_IF(check_set(h, s.file));
	RETURN_IF(buf_append(&s.bytes, bytes.data, bytes.len));
	digest_sha256(bytes, s.sha256);
	*ret = s;
	s = (struct witness_set){0};
	return ERR_OK;
}

/* FOLDER/list names its other files, for who fetches them over HTTP. */
static enum err write_list(struct home *h, const char *folder)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(h, path, "ledger/%s", folder));
	RETURN_IF(fs_list(path, &names));
	for (size_t i = 0; i < names.len; i++)
		if (strspn(names.names[i], "0123456789abcdef") ==
		    strlen(names.names[i]))
			RETURN_IF(buf_printf(&text, "%s\n", names.names[i]));
	RETURN_IF(home_path(h, path, "ledger/%s/list", folder));
	return fs_write_file(path, bytes_buf(&text), 0644);
}

/* For everyone who has a copy of the ledger. */
static enum err publish_set(struct home *h, const struct witness_set *s)
{
	char path[FS_PATH_MAX], hex[DIGEST_HEX_LEN + 1];

	digest_to_hex(s->sha256, hex);
	RETURN_IF(home_path(h, path, "ledger/witness-policy/%s", hex));
	if (fs_exists(path))
		return ERR_OK;
	RETURN_IF(home_path(h, path, "ledger/witness-policy"));
	RETURN_IF(fs_mkdir_all(path, 0755));
	RETURN_IF(home_path(h, path, "ledger/witness-policy/%s", hex));
	RETURN_IF(fs_write_file(path, bytes_buf(&s->bytes), 0644));
	return write_list(h, "witness-policy");
}

enum err witness_set_load(struct home *h, const uint8_t sha256[DIGEST_LEN],
    struct witness_set *ret)
{
	CLEANUP(paper_release) struct paper p = {0};
	const struct register_query q = {.kind = REGISTER_WITNESS_POLICY,
	    .sha256 = sha256};

	RETURN_IF(papers_find(h, &q, &p));
	RETURN_IF(witness_set_take(h, bytes_buf(&p.bytes), ret));
	return publish_set(h, ret);
}

enum err witness_set_of_owner(struct home *h, const char *owner,
    struct witness_set *ret)
{
	struct policy p = {0};
	enum err e;

	RETURN_IF(papers_policy(h, owner, &p));
	e = p.has_witness_policy ?
	    witness_set_load(h, p.witness_policy_sha256, ret) : ERR_NOT_FOUND;
	policy_release(&p);
	return e;
}

/* ---- checkpoints that were cosigned ---- */

void witness_notes_release(struct witness_notes *n)
{
	free(n->sizes);
	*n = (struct witness_notes){0};
}

static int larger_first(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? 1 : *x > *y ? -1 : 0;
}

enum err witness_notes_list(const char *ledger, struct witness_notes *ret)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	CLEANUP(witness_notes_release) struct witness_notes n = {0};
	char dir[FS_PATH_MAX];
	enum err e;

	RETURN_IF(fs_path(dir, "%s/cosigned", ledger));
	e = fs_list(dir, &names);
	RETURN_IF(e == ERR_NOT_FOUND ? ERR_OK : e);
	n.sizes = calloc(names.len + 1, sizeof(*n.sizes));
	if (n.sizes == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < names.len; i++)
		if (decimal_parse(bytes_str(names.names[i]),
		    MERKLE_PROOF_SIZE_MAX, &n.sizes[n.len]) == ERR_OK)
			n.len++;
	qsort(n.sizes, n.len, sizeof(*n.sizes), larger_first);
	*ret = n;
	n = (struct witness_notes){0};
	return ERR_OK;
}

enum err witness_notes_read(const char *ledger, uint64_t size,
    struct buf *out)
{
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/cosigned/%llu", ledger,
	    (unsigned long long)size));
	return fs_read_file(path, NOTE_MAX, out);
}

enum err witness_notes_put(struct home *h, uint64_t size, struct bytes note)
{
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(h, path, "ledger/cosigned"));
	RETURN_IF(fs_mkdir_all(path, 0755));
	RETURN_IF(home_path(h, path, "ledger/cosigned/%llu",
	    (unsigned long long)size));
	RETURN_IF(fs_write_file(path, note, 0644));
	return write_list(h, "cosigned");
}

int64_t witness_notes_time(struct bytes note)
{
	CLEANUP(note_cleanup) struct note *n = NULL;
	int64_t latest = 0;

	if (note_parse(note, &n) != ERR_OK)
		return 0;
	for (size_t i = 0; i < note_lines(n); i++) {
		struct bytes sig = note_line_at(n, i).signature;
		uint64_t at = 0;

		if (sig.len == COSIGNATURE_LEN &&
		    bytes_take_u64be(&sig, &at) == ERR_OK &&
		    at <= INT64_MAX && (int64_t)at > latest)
			latest = (int64_t)at;
	}
	return latest;
}

/* ---- has the quorum spoken? ---- */

enum err witness_set_note(struct home *h, const struct witness_set *s,
    uint64_t index, struct buf *out)
{
	CLEANUP(witness_notes_release) struct witness_notes n = {0};
	struct policy_file_result result;
	char ledger[FS_PATH_MAX];

	RETURN_IF(home_path(h, ledger, "ledger"));
	RETURN_IF(witness_notes_list(ledger, &n));
	for (size_t i = 0; i < n.len && n.sizes[i] > index; i++) {
		CLEANUP(buf_release) struct buf note = {0};

		RETURN_IF(witness_notes_read(ledger, n.sizes[i], &note));
		if (policy_file_verify(s->file, bytes_buf(&note),
		    &result) == ERR_OK && result.checkpoint.size > index)
			return buf_append(out, note.data, note.len);
	}
	return ERR_NOT_FOUND;
}

/* How many of the set cosigned ${note}, and the names of the others. */
static enum err count_missing(const struct witness_set *s, struct bytes note,
    size_t *ret_cosigned, struct buf *missing)
{
	CLEANUP(note_cleanup) struct note *n = NULL;

	RETURN_IF(note_parse(note, &n));
	*ret_cosigned = 0;
	for (size_t i = 0; i < policy_file_witnesses(s->file); i++) {
		if (cosignature_verify(n, policy_file_witness(s->file, i),
		    NULL) == ERR_OK) {
			(*ret_cosigned)++;
			continue;
		}
		if (missing->len > 0)
			RETURN_IF(buf_append_str(missing, ", "));
		RETURN_IF(buf_append_str(missing,
		    policy_file_witness_name(s->file, i)));
	}
	return ERR_OK;
}

/* The best of the checkpoints that hold entry ${index}. */
static enum err best_note(struct home *h, const struct witness_set *s,
    uint64_t index, size_t *ret_cosigned, struct buf *ret_missing)
{
	CLEANUP(witness_notes_release) struct witness_notes n = {0};
	char ledger[FS_PATH_MAX];

	RETURN_IF(home_path(h, ledger, "ledger"));
	RETURN_IF(witness_notes_list(ledger, &n));
	for (size_t i = 0; i < n.len && n.sizes[i] > index; i++) {
		CLEANUP(buf_release) struct buf note = {0};
		CLEANUP(buf_release) struct buf missing = {0};
		size_t cosigned = 0;

		RETURN_IF(witness_notes_read(ledger, n.sizes[i], &note));
		if (count_missing(s, bytes_buf(&note), &cosigned,
		    &missing) != ERR_OK)
			continue;
		if (cosigned < *ret_cosigned && ret_missing->len > 0)
			continue;
		*ret_cosigned = cosigned;
		buf_clear(ret_missing);
		RETURN_IF(buf_append(ret_missing, missing.data,
		    missing.len));
	}
	return ERR_OK;
}

static enum err all_names(const struct witness_set *s, struct buf *out)
{
	for (size_t i = 0; i < policy_file_witnesses(s->file); i++) {
		if (i > 0)
			RETURN_IF(buf_append_str(out, ", "));
		RETURN_IF(buf_append_str(out,
		    policy_file_witness_name(s->file, i)));
	}
	return ERR_OK;
}

enum err witness_set_wait(struct home *h, const struct witness_set *s,
    uint64_t index, const char *about)
{
	CLEANUP(buf_release) struct buf missing = {0};
	size_t cosigned = 0;

	RETURN_IF(best_note(h, s, index, &cosigned, &missing));
	if (missing.len == 0)
		RETURN_IF(all_names(s, &missing));
	outcome_add(h->outcome, OUTCOME_HINT,
	    "azukari ledger witness request -o FILE asks a witness; azukari ledger witness accept ANSWER takes the answer in; then run this again",
	    "azukari ledger witness request -o ファイル で立会人に依頼し、azukari ledger witness accept 回答 で受け付けた後、もう一度実行してください");
	return outcome_refuse(h->outcome, ERR_BUSY,
	    "%s waits for its witnesses: entry %llu of the ledger is not cosigned by their quorum; %zu of %zu have cosigned, missing: %s",
	    "%sは立会人の副署を待っています。台帳の記載%lluに必要な数の副署がありません。副署済み%zu/%zu、未着: %s",
	    about, (unsigned long long)index, cosigned,
	    policy_file_witnesses(s->file), buf_text(&missing));
}

/* ---- what a witness has seen ---- */

static enum err read_seen(struct home *h, struct buf *note,
    struct checkpoint *ret)
{
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(h, path, "witness/seen"));
	RETURN_IF(fs_read_file(path, NOTE_MAX, note));
	return checkpoint_verify(bytes_buf(note),
	    note_signer_key(h->log_signer), ret);
}

enum err witnesses_saw(struct home *h, struct bytes note, int contradicts)
{
	CLEANUP(buf_release) struct buf old = {0};
	struct checkpoint before, now;
	char path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(checkpoint_verify(note, note_signer_key(h->log_signer),
	    &now));
	e = read_seen(h, &old, &before);
	if (e == ERR_OK && before.size > now.size && !contradicts)
		return ERR_OK;
	RETURN_IF(e == ERR_NOT_FOUND ? ERR_OK : e);
	RETURN_IF(home_path(h, path, "witness"));
	RETURN_IF(fs_mkdir_all(path, 0700));
	RETURN_IF(home_path(h, path, "witness/seen"));
	return fs_write_file(path, note, 0600);
}

static enum err rolled_back(struct home *h, const struct checkpoint *seen,
    const struct log *log)
{
	if (seen->size > log_size(log))
		return err_at(&h->outcome->info, ERR_ROLLBACK, 0,
		    "a witness has seen %llu entries of this ledger, which "
		    "has %llu now: an older copy of the ledger and of the "
		    "register was put back; nothing is signed any more",
		    (unsigned long long)seen->size,
		    (unsigned long long)log_size(log));
	return err_at(&h->outcome->info, ERR_ROLLBACK, 0,
	    "the first %llu entries of this ledger are not those that a "
	    "witness has seen; nothing is signed any more",
	    (unsigned long long)seen->size);
}

enum err witnesses_check(struct home *h, struct log *log,
    int64_t *ret_unix_s)
{
	CLEANUP(buf_release) struct buf note = {0};
	uint8_t root[MERKLE_PROOF_HASH_LEN];
	struct checkpoint seen;
	enum err e = read_seen(h, &note, &seen);

	*ret_unix_s = 0;
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	if (e != ERR_OK)
		return err_at(&h->outcome->info, e == ERR_NOMEM ? e :
		    ERR_CORRUPT, 0,
		    "witness/seen is not a checkpoint of this ledger");
	if (seen.size > log_size(log))
		return rolled_back(h, &seen, log);
	RETURN_IF(log_root(log, seen.size, root));
	if (memcmp(root, seen.root, sizeof(root)) != 0)
		return rolled_back(h, &seen, log);
	*ret_unix_s = witness_notes_time(bytes_buf(&note));
	return ERR_OK;
}
