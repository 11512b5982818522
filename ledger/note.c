/* ledger/note.c - reading and writing signed notes. */
#include "ledger/note.h"

#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "core/utf8.h"

#define EM_DASH_SPACE "\xe2\x80\x94 "
#define EM_DASH_SPACE_LEN 4
#define BASE64_MAX ((NOTE_KEY_ID_LEN + NOTE_SIGNATURE_LEN_MAX + 2) / 3 * 4)

/* A signature line; the decoded bytes lie in note.decoded. */
struct line {
	struct bytes name;
	size_t at, len;         /* id and signature */
};

struct note {
	struct buf bytes;
	struct buf decoded;
	size_t text_len;
	size_t count;
	struct line lines[NOTE_SIGNATURES_MAX];
};

void
note_free(struct note *n)
{
	if (n == NULL)
		return;
	buf_release(&n->bytes);
	buf_release(&n->decoded);
	free(n);
}

void
note_cleanup(struct note **n)
{
	note_free(*n);
}

/* What any text of a note must be. */
static enum err
check_characters(struct bytes bytes)
{
	size_t i;

	if (!utf8_is_valid(bytes))
		return ERR_ENCODING;
	for (i = 0; i < bytes.len; i++)
		if (bytes.data[i] < 0x20 && bytes.data[i] != '\n')
			return ERR_ENCODING;
	return ERR_OK;
}

/* Length of the text: up to and with the first LF of the last "LF LF". */
static enum err
find_text_end(struct bytes all, size_t *ret_len)
{
	size_t i;

	for (i = all.len; i >= 2; i--)
		if (all.data[i - 1] == '\n' && all.data[i - 2] == '\n') {
			*ret_len = i - 1;
			return ERR_OK;
		}
	return ERR_SYNTAX;
}

/* Append the ${len} decoded bytes of a line's base64 to ${out}. */
static enum err
decode_signature(struct bytes text, struct buf *out, size_t *ret_len)
{
	size_t len;

	if (text.len > BASE64_MAX)
		return ERR_LIMIT;
	RETURN_IF(buf_reserve(out, text.len));
	RETURN_IF(decode_b64(text, 1, out->data + out->len, text.len, &len));
	if (len <= NOTE_KEY_ID_LEN)
		return ERR_SYNTAX;
	out->len += len;
	out->data[out->len] = '\0';
	*ret_len = len;
	return ERR_OK;
}

static enum err
parse_line(struct note *n, struct bytes text)
{
	struct line line = {.at = n->decoded.len};
	const uint8_t *space;

	if (n->count == NOTE_SIGNATURES_MAX)
		return ERR_LIMIT;
	if (text.len < EM_DASH_SPACE_LEN ||
	    memcmp(text.data, EM_DASH_SPACE, EM_DASH_SPACE_LEN) != 0)
		return ERR_SYNTAX;
	text.data += EM_DASH_SPACE_LEN;
	text.len -= EM_DASH_SPACE_LEN;
	if ((space = memchr(text.data, ' ', text.len)) == NULL)
		return ERR_SYNTAX;
	line.name = bytes_of(text.data, (size_t)(space - text.data));
	if (line.name.len > NOTE_KEY_NAME_MAX)
		return ERR_LIMIT;
	if (!note_key_is_name(line.name))
		return ERR_SYNTAX;
	RETURN_IF(decode_signature(bytes_of(space + 1,
	    text.len - line.name.len - 1), &n->decoded, &line.len));
	n->lines[n->count++] = line;
	return ERR_OK;
}

static enum err
parse_lines(struct note *n, struct bytes lines)
{
	struct bytes line;
	enum err e;

	while ((e = bytes_take_line(&lines, &line)) == ERR_OK)
		RETURN_IF(parse_line(n, line));
	if (e == ERR_TRUNCATED || n->count == 0)
		return ERR_SYNTAX;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
note_parse(struct bytes bytes, struct note **ret)
{
	CLEANUP(note_cleanup) struct note *n = NULL;
	struct bytes all;

	if (bytes.len > NOTE_MAX)
		return ERR_LIMIT;
	RETURN_IF(check_characters(bytes));
	if ((n = calloc(1, sizeof(*n))) == NULL)
		return ERR_NOMEM;
	RETURN_IF(buf_append(&n->bytes, bytes.data, bytes.len));
	all = bytes_buf(&n->bytes);
	RETURN_IF(find_text_end(all, &n->text_len));
	RETURN_IF(parse_lines(n, bytes_of(all.data + n->text_len + 1,
	    all.len - n->text_len - 1)));
	*ret = TAKE(n);
	return ERR_OK;
}

struct bytes
note_text_unverified(const struct note *n)
{
	return bytes_of(n->bytes.data, n->text_len);
}

struct bytes
note_bytes(const struct note *n)
{
	return bytes_buf(&n->bytes);
}

size_t
note_lines(const struct note *n)
{
	return n->count;
}

struct note_line
note_line_at(const struct note *n, size_t i)
{
	const struct line *line = &n->lines[i];
	const uint8_t *raw;

	MUST_HOLD(i < n->count);
	raw = n->decoded.data + line->at;
	return (struct note_line){
		.name = line->name, .id = raw,
		.signature = bytes_of(raw + NOTE_KEY_ID_LEN,
		    line->len - NOTE_KEY_ID_LEN),
	};
}

int
note_line_is_of(const struct note_line *line, const struct note_key *key)
{
	return bytes_equal(line->name, bytes_str(key->name)) &&
	    memcmp(line->id, key->id, NOTE_KEY_ID_LEN) == 0;
}

/* Verify all lines of one key. */
static enum err
verify_key(const struct note *n, const struct note_key *key,
    struct note_verdict *verdict)
{
	struct note_line line;
	int64_t unix_s;
	size_t i;

	for (i = 0; i < n->count; i++) {
		line = note_line_at(n, i);
		if (!note_line_is_of(&line, key))
			continue;
		RETURN_IF(note_key_verify(key, note_text_unverified(n),
		    line.signature, &unix_s));
		if (!verdict->verified || unix_s < verdict->unix_s)
			verdict->unix_s = unix_s;
		verdict->verified = 1;
	}
	return ERR_OK;
}

enum err
note_verify(const struct note *n, const struct note_key *keys, size_t count,
    struct note_verdict *ret_verdicts)
{
	struct note_verdict verdicts[NOTE_KEYS_MAX] = {{0}};
	int any = 0;
	size_t i;

	if (count > NOTE_KEYS_MAX)
		return ERR_LIMIT;
	if (ret_verdicts != NULL)
		memset(ret_verdicts, 0, count * sizeof(*ret_verdicts));
	for (i = 0; i < count; i++) {
		RETURN_IF(verify_key(n, &keys[i], &verdicts[i]));
		any |= verdicts[i].verified;
	}
	if (!any)
		return ERR_UNTRUSTED;
	if (ret_verdicts != NULL)
		memcpy(ret_verdicts, verdicts, count * sizeof(*verdicts));
	return ERR_OK;
}

enum err
note_put_line(struct bytes name, const uint8_t id[NOTE_KEY_ID_LEN],
    struct bytes signature, struct buf *out)
{
	CLEANUP(buf_release) struct buf raw = {0};

	RETURN_IF(buf_append(&raw, id, NOTE_KEY_ID_LEN));
	RETURN_IF(buf_append(&raw, signature.data, signature.len));
	RETURN_IF(buf_append(out, EM_DASH_SPACE, EM_DASH_SPACE_LEN));
	RETURN_IF(buf_append(out, name.data, name.len));
	RETURN_IF(buf_append_u8(out, ' '));
	RETURN_IF(encode_b64(raw.data, raw.len, 1, out));
	return buf_append_u8(out, '\n');
}

enum err
note_sign_line(struct bytes text, const struct note_signer *signer,
    int64_t unix_s, struct buf *out)
{
	CLEANUP(buf_release) struct buf signature = {0};
	const struct note_key *key = note_signer_key(signer);

	RETURN_IF(check_characters(text));
	if (text.len == 0 || text.data[text.len - 1] != '\n')
		return ERR_SYNTAX;
	RETURN_IF(note_signer_sign(signer, text, unix_s, &signature));
	return note_put_line(bytes_str(key->name), key->id,
	    bytes_buf(&signature), out);
}

enum err
note_sign(struct bytes text, const struct note_signer *signer, int64_t unix_s,
    struct buf *out)
{
	CLEANUP(buf_release) struct buf line = {0};

	RETURN_IF(note_sign_line(text, signer, unix_s, &line));
	RETURN_IF(buf_append(out, text.data, text.len));
	RETURN_IF(buf_append_u8(out, '\n'));
	return buf_append(out, line.data, line.len);
}
