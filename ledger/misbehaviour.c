/* ledger/misbehaviour.c - making and checking proofs of a split view. */
#include "ledger/misbehaviour.h"

#include <string.h>

#include "core/encode.h"
#include "core/text.h"

static const char *const keys[] = {"origin", "first", "second",
	"root-in-second", "proof", NULL};
static const struct text_schema schema = {.kind = "misbehaviour",
	.keys = keys};

/* The whole question, asked of the parts. */
static enum err
contradiction(const struct misbehaviour_case *c, struct misbehaviour *ret)
{
	struct misbehaviour m;

	RETURN_IF(checkpoint_verify(c->first, c->log_key, &m.first));
	RETURN_IF(checkpoint_verify(c->second, c->log_key, &m.second));
	if (m.first.size == m.second.size) {
		if (c->root_in_second != NULL || c->hashes.len > 0 ||
		    memcmp(m.first.root, m.second.root,
		    sizeof(m.first.root)) == 0)
			return ERR_REFUSED;
	} else if (m.first.size > m.second.size || m.first.size == 0 ||
	    c->root_in_second == NULL ||
	    memcmp(c->root_in_second, m.first.root,
	    sizeof(m.first.root)) == 0 ||
	    merkle_proof_check_consistency(m.first.size, c->root_in_second,
	    m.second.size, m.second.root, c->hashes) != ERR_OK) {
		return ERR_REFUSED;
	}
	*ret = m;
	return ERR_OK;
}

/* ---- writing ---- */

/* The note with the log's own signature only: witnesses are not accused. */
static enum err
put_note(const struct note_key *log_key, struct bytes bytes, struct buf *out)
{
	CLEANUP(note_cleanup) struct note *n = NULL;
	struct bytes text;
	size_t i;

	RETURN_IF(note_parse(bytes, &n));
	text = note_text_unverified(n);
	RETURN_IF(buf_append(out, text.data, text.len));
	RETURN_IF(buf_append_u8(out, '\n'));
	for (i = 0; i < note_lines(n); i++) {
		const struct note_line line = note_line_at(n, i);

		if (note_line_is_of(&line, log_key))
			return note_put_line(line.name, line.id,
			    line.signature, out);
	}
	return ERR_UNTRUSTED;
}

static enum err
put_base64(struct text_writer *w, const char *key,
    const struct note_key *log_key, struct bytes note)
{
	CLEANUP(buf_release) struct buf own = {0}, text = {0};

	RETURN_IF(put_note(log_key, note, &own));
	RETURN_IF(encode_b64(own.data, own.len, 1, &text));
	text_put(w, key, buf_text(&text));
	return ERR_OK;
}

static enum err
put_hashes(struct text_writer *w, struct bytes hashes)
{
	CLEANUP(buf_release) struct buf list = {0};
	size_t at;

	for (at = 0; at + MERKLE_PROOF_HASH_LEN <= hashes.len;
	    at += MERKLE_PROOF_HASH_LEN) {
		if (at > 0)
			RETURN_IF(buf_append_u8(&list, ' '));
		RETURN_IF(encode_b64(hashes.data + at, MERKLE_PROOF_HASH_LEN,
		    1, &list));
	}
	text_put(w, "proof", list.len > 0 ? buf_text(&list) : "-");
	return ERR_OK;
}

static enum err
put_all(struct text_writer *w, const struct misbehaviour_case *c,
    const struct misbehaviour *m)
{
	text_put(w, "origin", m->first.origin);
	RETURN_IF(put_base64(w, "first", c->log_key, c->first));
	RETURN_IF(put_base64(w, "second", c->log_key, c->second));
	if (c->root_in_second != NULL)
		text_put_hex(w, "root-in-second", c->root_in_second,
		    MERKLE_PROOF_HASH_LEN);
	else
		text_put(w, "root-in-second", "-");
	RETURN_IF(put_hashes(w, c->hashes));
	return text_end(w, NULL);
}

enum err
misbehaviour_write(const struct misbehaviour_case *c, struct buf *out)
{
	struct misbehaviour m;
	struct text_writer w;
	size_t start = out->len;
	enum err e;

	RETURN_IF(contradiction(c, &m));
	text_begin(&w, &schema, out);
	e = put_all(&w, c, &m);
	if (e != ERR_OK)
		out->len = start;
	return e;
}

/* ---- checking ---- */

static enum err
take_base64(const struct text *t, const char *key, struct buf *out,
    struct err_info *info)
{
	struct bytes value = bytes_str(text_get(t, key));
	size_t len;

	RETURN_IF(buf_reserve(out, value.len / 4 * 3 + 3));
	if (decode_b64(value, 1, out->data, value.len / 4 * 3 + 3,
	    &len) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0, "%s: it is not base64",
		    key);
	out->len = len;
	return ERR_OK;
}

static enum err
take_hashes(const struct text *t, struct buf *out, struct err_info *info)
{
	struct bytes rest = bytes_str(text_get(t, "proof")), item;

	if (bytes_equal(rest, bytes_str("-")))
		return ERR_OK;
	while (text_list_next(&rest, &item))
		if (merkle_proof_take_line(item, out) != ERR_OK)
			return err_at(info, ERR_SYNTAX, 0,
			    "proof: it is not a list of hashes");
	return ERR_OK;
}

static enum err
check_text(const struct text *t, const struct note_key *log_key,
    struct misbehaviour *ret, struct err_info *info)
{
	CLEANUP(buf_release) struct buf first = {0}, second = {0};
	CLEANUP(buf_release) struct buf hashes = {0};
	uint8_t root[MERKLE_PROOF_HASH_LEN];
	struct misbehaviour_case c = {.log_key = log_key};

	RETURN_IF(take_base64(t, "first", &first, info));
	RETURN_IF(take_base64(t, "second", &second, info));
	RETURN_IF(take_hashes(t, &hashes, info));
	if (strcmp(text_get(t, "root-in-second"), "-") != 0) {
		RETURN_IF(text_get_hex(t, "root-in-second", root,
		    sizeof(root), info));
		c.root_in_second = root;
	}
	if (strcmp(text_get(t, "origin"), log_key->name) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "origin: it is about another log");
	c.first = bytes_buf(&first);
	c.second = bytes_buf(&second);
	c.hashes = bytes_buf(&hashes);
	return contradiction(&c, ret);
}

enum err
misbehaviour_check(struct bytes file, const struct note_key *log_key,
    struct misbehaviour *ret, struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;

	if (file.len > MISBEHAVIOUR_MAX)
		return err_at(info, ERR_LIMIT, 0, "the file is too long");
	RETURN_IF(text_parse(file, &schema, &t, info));
	return check_text(t, log_key, ret, info);
}
