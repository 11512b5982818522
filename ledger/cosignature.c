/* ledger/cosignature.c - a witness's word, with its time. */
#include "ledger/cosignature.h"

#include "ledger/note.h"

enum err
cosignature_message(struct bytes text, int64_t unix_s, struct buf *out)
{
	if (unix_s < 0)
		return ERR_RANGE;
	RETURN_IF(buf_printf(out, "cosignature/v1\ntime %lld\n",
	    (long long)unix_s));
	return buf_append(out, text.data, text.len);
}

enum err
cosignature_sign(const struct note *note, const struct note_signer *signer,
    int64_t unix_s, struct buf *out)
{
	if (note_signer_key(signer)->type != NOTE_KEY_COSIGNATURE)
		return ERR_UNSUPPORTED;
	return note_sign_line(note_text_unverified(note), signer, unix_s, out);
}

enum err
cosignature_verify(const struct note *note, const struct note_key *witness,
    int64_t *ret_unix_s)
{
	struct note_verdict verdict;

	if (witness->type != NOTE_KEY_COSIGNATURE)
		return ERR_UNSUPPORTED;
	RETURN_IF(note_verify(note, witness, 1, &verdict));
	if (ret_unix_s != NULL)
		*ret_unix_s = verdict.unix_s;
	return ERR_OK;
}

/* The lines as a note over the same text, which is how they are parsed. */
static enum err
parse_reply(struct bytes text, struct bytes lines, struct note **ret)
{
	CLEANUP(buf_release) struct buf all = {0};

	RETURN_IF(buf_append(&all, text.data, text.len));
	RETURN_IF(buf_append_u8(&all, '\n'));
	RETURN_IF(buf_append(&all, lines.data, lines.len));
	return note_parse(bytes_buf(&all), ret);
}

/* A blank line inside a reply would move the split of text and signatures. */
static enum err
check_reply_split(const struct note *reply, struct bytes text)
{
	return bytes_equal(note_text_unverified(reply), text) ? ERR_OK :
	    ERR_SYNTAX;
}

static const struct note_key *
known_key(const struct note_line *line, const struct note_key *keys,
    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (note_line_is_of(line, &keys[i]))
			return &keys[i];
	return NULL;
}

/* Has one of the first ${count} lines of ${n} that key's name and id? */
static int
has_line(const struct note *n, size_t count, const struct note_key *key)
{
	struct note_line line;
	size_t i;

	for (i = 0; i < count; i++) {
		line = note_line_at(n, i);
		if (note_line_is_of(&line, key))
			return 1;
	}
	return 0;
}

/* Append the lines that are known, good and new to ${out}. */
static enum err
put_new_lines(const struct note *old, const struct note *reply,
    const struct note_key *keys, size_t count, struct buf *out)
{
	const struct note_key *key;
	struct note_line line;
	size_t i, added = 0;

	for (i = 0; i < note_lines(reply); i++) {
		line = note_line_at(reply, i);
		if ((key = known_key(&line, keys, count)) == NULL)
			continue;
		RETURN_IF(note_key_verify(key, note_text_unverified(old),
		    line.signature, NULL));
		if (has_line(old, note_lines(old), key) ||
		    has_line(reply, i, key))
			continue;
		RETURN_IF(note_put_line(line.name, line.id, line.signature,
		    out));
		added++;
	}
	if (note_lines(old) + added > NOTE_SIGNATURES_MAX)
		return ERR_LIMIT;
	return added > 0 ? ERR_OK : ERR_UNTRUSTED;
}

enum err
cosignature_merge(struct bytes note, struct bytes lines,
    const struct note_key *keys, size_t count, struct buf *out)
{
	CLEANUP(note_cleanup) struct note *old = NULL, *reply = NULL;
	CLEANUP(buf_release) struct buf added = {0};

	RETURN_IF(note_parse(note, &old));
	RETURN_IF(parse_reply(note_text_unverified(old), lines, &reply));
	RETURN_IF(check_reply_split(reply, note_text_unverified(old)));
	RETURN_IF(put_new_lines(old, reply, keys, count, &added));
	RETURN_IF(buf_append(out, note.data, note.len));
	return buf_append(out, added.data, added.len);
}
