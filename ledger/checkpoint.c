/* ledger/checkpoint.c - the three lines that stand for a whole log. */
#include "ledger/checkpoint.h"

#include <string.h>

#include "core/encode.h"
#include "ledger/decimal.h"

/* Ours is a key's name; that of a log of others may be any line, and is then
 * compared with what was asked for. */
static enum err
parse_origin(struct bytes line, int any, struct checkpoint *cp)
{
	if (line.len > NOTE_KEY_NAME_MAX)
		return ERR_LIMIT;
	if (any ? line.len == 0 || memchr(line.data, '\0', line.len) != NULL :
	    !note_key_is_name(line))
		return ERR_SYNTAX;
	memcpy(cp->origin, line.data, line.len);
	return ERR_OK;
}

static enum err
parse_root(struct bytes line, struct checkpoint *cp)
{
	CLEANUP(buf_release) struct buf root = {0};

	RETURN_IF(merkle_proof_take_line(line, &root));
	memcpy(cp->root, root.data, sizeof(cp->root));
	return ERR_OK;
}

/* Lines we do not know: allowed, but never empty. */
static enum err
skip_extensions(struct bytes text)
{
	struct bytes line;
	enum err e;

	while ((e = bytes_take_line(&text, &line)) == ERR_OK)
		if (line.len == 0)
			return ERR_SYNTAX;
	return e == ERR_NOT_FOUND ? ERR_OK : ERR_SYNTAX;
}

static enum err
parse(struct bytes text, int any_origin, struct checkpoint *ret)
{
	struct checkpoint cp = {.size = 0};
	struct bytes origin, size, root;

	if (bytes_take_line(&text, &origin) != ERR_OK ||
	    bytes_take_line(&text, &size) != ERR_OK ||
	    bytes_take_line(&text, &root) != ERR_OK)
		return ERR_SYNTAX;
	RETURN_IF(parse_origin(origin, any_origin, &cp));
	RETURN_IF(decimal_parse(size, MERKLE_PROOF_SIZE_MAX, &cp.size));
	RETURN_IF(parse_root(root, &cp));
	RETURN_IF(skip_extensions(text));
	*ret = cp;
	return ERR_OK;
}

enum err
checkpoint_parse_unverified(struct bytes text, struct checkpoint *ret)
{
	return parse(text, 0, ret);
}

enum err
checkpoint_write(const struct checkpoint *cp, struct buf *out)
{
	RETURN_IF(buf_printf(out, "%s\n%llu\n", cp->origin,
	    (unsigned long long)cp->size));
	RETURN_IF(encode_b64(cp->root, sizeof(cp->root), 1, out));
	return buf_append_u8(out, '\n');
}

enum err
checkpoint_sign(const struct checkpoint *cp, const struct note_signer *signer,
    struct buf *out)
{
	CLEANUP(buf_release) struct buf text = {0};
	const struct note_key *key = note_signer_key(signer);

	if (cp->size == 0)
		return ERR_REFUSED;
	if (key->type != NOTE_KEY_ED25519)
		return ERR_UNSUPPORTED;
	if (strcmp(key->name, cp->origin) != 0)
		return ERR_MISMATCH;
	RETURN_IF(checkpoint_write(cp, &text));
	return note_sign(bytes_buf(&text), signer, 0, out);
}

enum err
checkpoint_verify(struct bytes note, const struct note_key *log_key,
    struct checkpoint *ret)
{
	return checkpoint_verify_origin(note, log_key, log_key->name, ret);
}

enum err
checkpoint_verify_origin(struct bytes note, const struct note_key *log_key,
    const char *origin, struct checkpoint *ret)
{
	CLEANUP(note_cleanup) struct note *n = NULL;
	struct checkpoint cp;

	if (log_key->type != NOTE_KEY_ED25519)
		return ERR_UNSUPPORTED;
	RETURN_IF(note_parse(note, &n));
	RETURN_IF(note_verify(n, log_key, 1, NULL));
	RETURN_IF(parse(note_text_unverified(n), 1, &cp));
	if (strcmp(cp.origin, origin) != 0)
		return ERR_MISMATCH;
	*ret = cp;
	return ERR_OK;
}

int
checkpoint_equal(const struct checkpoint *a, const struct checkpoint *b)
{
	return strcmp(a->origin, b->origin) == 0 && a->size == b->size &&
	    memcmp(a->root, b->root, sizeof(a->root)) == 0;
}
