/* ledger/witness.c - requests for cosignatures, and the one who grants them. */
#include "ledger/witness.h"

#include <string.h>

#include "core/fs.h"
#include "ledger/cosignature.h"
#include "ledger/decimal.h"
#include "ledger/log_internal.h"
#include "ledger/misbehaviour.h"

#define STATE_MODE 0600

/* The size of ${note}, once it is a checkpoint of the log's own tree. */
static enum err
own_size(struct log *l, struct bytes note, uint64_t *ret_size)
{
	uint8_t root[MERKLE_PROOF_HASH_LEN];
	struct checkpoint cp;

	RETURN_IF(checkpoint_verify(note, &l->key, &cp));
	RETURN_IF(log_root(l, cp.size, root));
	if (memcmp(root, cp.root, sizeof(root)) != 0)
		return ERR_ROLLBACK;
	*ret_size = cp.size;
	return ERR_OK;
}

enum err
witness_request_write(struct log *l, uint64_t old_size, struct bytes note,
    struct buf *out)
{
	CLEANUP(buf_release) struct buf hashes = {0};
	uint64_t size;

	if (note.len == 0)
		note = log_note(l);
	RETURN_IF(own_size(l, note, &size));
	RETURN_IF(log_consistency(l, old_size, size, &hashes));
	RETURN_IF(buf_printf(out, "old %llu\n",
	    (unsigned long long)old_size));
	RETURN_IF(merkle_proof_put_lines(bytes_buf(&hashes), out));
	RETURN_IF(buf_append_u8(out, '\n'));
	return buf_append(out, note.data, note.len);
}

void
witness_request_release(struct witness_request *r)
{
	buf_release(&r->hashes);
	buf_release(&r->note);
}

static enum err
parse_into(struct bytes rest, struct witness_request *r)
{
	struct bytes line;

	if (bytes_take_line(&rest, &line) != ERR_OK)
		return ERR_SYNTAX;
	RETURN_IF(decimal_parse_after(line, "old", MERKLE_PROOF_SIZE_MAX,
	    &r->old_size));
	for (;;) {
		if (bytes_take_line(&rest, &line) != ERR_OK)
			return ERR_SYNTAX;
		if (line.len == 0)
			break;
		RETURN_IF(merkle_proof_take_line(line, &r->hashes));
	}
	if (rest.len == 0)
		return ERR_SYNTAX;
	return buf_append(&r->note, rest.data, rest.len);
}

enum err
witness_request_parse_unverified(struct bytes body,
    struct witness_request *ret)
{
	CLEANUP(witness_request_release) struct witness_request r = {0};

	if (body.len > WITNESS_REQUEST_MAX)
		return ERR_LIMIT;
	RETURN_IF(parse_into(body, &r));
	*ret = r;
	memset(&r, 0, sizeof(r));
	return ERR_OK;
}

/* Growth from what is known; from nothing, any first tree will do. */
static enum err
check_growth(const struct witness_request *r, const struct checkpoint *old,
    const struct checkpoint *cp)
{
	if (old->size == cp->size)
		return memcmp(old->root, cp->root, sizeof(cp->root)) != 0 ?
		    ERR_ROLLBACK : r->hashes.len == 0 ? ERR_OK :
		    ERR_MISMATCH;
	if (old->size == 0)
		return r->hashes.len == 0 ? ERR_OK : ERR_MISMATCH;
	return merkle_proof_check_consistency(old->size, old->root, cp->size,
	    cp->root, bytes_buf(&r->hashes));
}

enum err
witness_request_verify(const struct witness_request *r,
    const struct note_key *log_key, const struct checkpoint *old,
    struct checkpoint *ret)
{
	struct checkpoint cp;

	RETURN_IF(checkpoint_verify(bytes_buf(&r->note), log_key, &cp));
	if (cp.size == 0 || r->old_size > cp.size)
		return ERR_RANGE;
	if (r->old_size != old->size)
		return ERR_STATE;
	RETURN_IF(check_growth(r, old, &cp));
	*ret = cp;
	return ERR_OK;
}

enum err
witness_state(const struct witness_config *config, struct checkpoint *ret)
{
	CLEANUP(buf_release) struct buf file = {0};
	struct checkpoint cp = {.size = 0};
	enum err e = fs_read_file(config->state_path, NOTE_MAX, &file);

	if (e == ERR_NOT_FOUND) {
		*ret = cp;
		return ERR_OK;
	}
	RETURN_IF(e == ERR_LIMIT ? ERR_CORRUPT : e);
	e = checkpoint_verify(bytes_buf(&file), config->log_key, &cp);
	if (e != ERR_OK)
		return e == ERR_NOMEM ? e : ERR_CORRUPT;
	*ret = cp;
	return ERR_OK;
}

static enum err
take_lock(const struct witness_config *config, struct fs_lock *ret)
{
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s.lock", config->state_path));
	return fs_lock_take(path, config->wait_ms, ret);
}

static enum err
sign(const struct witness_config *config, struct bytes note,
    int64_t now_unix_s, struct buf *out)
{
	CLEANUP(note_cleanup) struct note *n = NULL;

	RETURN_IF(note_parse(note, &n));
	return cosignature_sign(n, config->signer, now_unix_s, out);
}

/* Under the lock: compare, make the line, store, and only then hand it out. */
static enum err
cosign_locked(const struct witness_config *config,
    const struct witness_request *r, int64_t now_unix_s, uint64_t *ret_size,
    struct buf *out)
{
	CLEANUP(buf_release) struct buf line = {0};
	struct bytes note = bytes_buf(&r->note);
	struct checkpoint old, cp;
	enum err e;

	RETURN_IF(witness_state(config, &old));
	e = witness_request_verify(r, config->log_key, &old, &cp);
	if (e == ERR_STATE)
		*ret_size = old.size;
	RETURN_IF(e);
	RETURN_IF(sign(config, note, now_unix_s, &line));
	if (cp.size > old.size)
		RETURN_IF(fs_write_file(config->state_path, note,
		    STATE_MODE));
	*ret_size = cp.size;
	return buf_append(out, line.data, line.len);
}

enum err
witness_cosign(const struct witness_config *config, struct bytes request,
    int64_t now_unix_s, uint64_t *ret_size, struct buf *out)
{
	CLEANUP(witness_request_release) struct witness_request r = {0};
	CLEANUP(fs_lock_release) struct fs_lock lock = {0};

	RETURN_IF(witness_request_parse_unverified(request, &r));
	RETURN_IF(take_lock(config, &lock));
	return cosign_locked(config, &r, now_unix_s, ret_size, out);
}

/* ---- over HTTP ---- */

void
witness_reply_release(struct witness_reply *r)
{
	buf_release(&r->body);
}

/* The statuses that C2SP tlog-witness gives to each cause; what is not listed
 * is a malformed request. */
static const struct {
	enum err cause;
	unsigned status;
} statuses[] = {
	{ERR_OK, 200},
	{ERR_STATE, 409},
	{ERR_UNTRUSTED, 403}, {ERR_SIGNATURE, 403},
	{ERR_MISMATCH, 422}, {ERR_ROLLBACK, 422},
	{ERR_BUSY, 503},
	{ERR_CORRUPT, 500}, {ERR_IO, 500}, {ERR_NO_SPACE, 500},
	{ERR_NOMEM, 500}, {ERR_UNSUPPORTED, 500},
};

static unsigned
status_of(enum err e)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].cause == e)
			return statuses[i].status;
	return 400;
}

/* A checkpoint of another log than this witness's? */
static int
is_foreign(const struct witness_config *config, struct bytes request)
{
	CLEANUP(witness_request_release) struct witness_request r = {0};
	CLEANUP(note_cleanup) struct note *n = NULL;
	struct checkpoint cp;

	return witness_request_parse_unverified(request, &r) == ERR_OK &&
	    note_parse(bytes_buf(&r.note), &n) == ERR_OK &&
	    checkpoint_parse_unverified(note_text_unverified(n), &cp) ==
	    ERR_OK && strcmp(cp.origin, config->log_key->name) != 0;
}

enum err
witness_reply_make(const struct witness_config *config, struct bytes request,
    int64_t now_unix_s, struct witness_reply *ret)
{
	uint64_t size = 0;
	enum err e;

	*ret = (struct witness_reply){.status = 404};
	if (is_foreign(config, request))
		return ERR_NOT_FOUND;
	e = witness_cosign(config, request, now_unix_s, &size, &ret->body);
	ret->status = status_of(e);
	if (e == ERR_OK)
		ret->content_type = "text/plain; charset=utf-8";
	if (e != ERR_STATE)
		return e;
	ret->content_type = "text/x.tlog.size";
	if (buf_printf(&ret->body, "%llu\n", (unsigned long long)size) !=
	    ERR_OK)
		ret->status = 500;
	return e;
}

/* ---- a log that contradicts itself ---- */

/* The smaller tree first. */
static enum err
accuse(const struct note_key *log_key, struct bytes old, struct bytes note,
    const struct witness_request *r, struct buf *out)
{
	uint8_t root[MERKLE_PROOF_HASH_LEN];
	struct misbehaviour_case c = {.log_key = log_key, .first = old,
	    .second = note};
	struct checkpoint before, now;

	RETURN_IF(checkpoint_verify(old, log_key, &before));
	RETURN_IF(checkpoint_verify(note, log_key, &now));
	if (before.size != now.size) {
		if (before.size != r->old_size)
			return ERR_NOT_FOUND;
		RETURN_IF(merkle_proof_old_root(before.size, now.size,
		    now.root, bytes_buf(&r->hashes), root));
		c.root_in_second = root;
		c.hashes = bytes_buf(&r->hashes);
	}
	return misbehaviour_write(&c, out);
}

enum err
witness_misbehaviour(const struct witness_config *config,
    struct bytes request, struct buf *out)
{
	CLEANUP(witness_request_release) struct witness_request r = {0};
	CLEANUP(buf_release) struct buf old = {0};
	enum err e = ERR_NOT_FOUND;

	if (witness_request_parse_unverified(request, &r) == ERR_OK &&
	    fs_read_file(config->state_path, NOTE_MAX, &old) == ERR_OK)
		e = accuse(config->log_key, bytes_buf(&old),
		    bytes_buf(&r.note), &r, out);
	return e == ERR_OK || e == ERR_NOMEM ? e : ERR_NOT_FOUND;
}
