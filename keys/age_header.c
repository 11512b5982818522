#include "keys/age_header.h"

#include <string.h>

#include "core/encode.h"
#include "core/secret.h"
#include "keys/age.h"
#include "keys/digest.h"

#define LINE_CHARS 64
#define LINE_BYTES 48
#define MAC_CHARS 43
#define SALT_LEN 16

static const char magic[] = "age-encryption.org/";
static const char version_line[] = "age-encryption.org/v1\n";
static const char armour[] = "-----BEGIN AGE";

static int
begins_with(struct bytes b, const char *text)
{
	size_t len = strlen(text);

	return b.len >= len && memcmp(b.data, text, len) == 0;
}

static int
is_text(struct bytes b, const char *text)
{
	return bytes_equal(b, bytes_str(text));
}

/* No line of a stanza begins with three dashes, so the first that does is the
 * last of the header. */
int
age_header_find_end(struct bytes head, size_t *scan, size_t *ret_len)
{
	struct bytes rest = bytes_of(head.data + *scan, head.len - *scan), line;

	while (bytes_take_line(&rest, &line) == ERR_OK) {
		if (begins_with(line, "---") && line.data != head.data) {
			*ret_len = head.len - rest.len;
			return 1;
		}
		*scan = head.len - rest.len;
	}
	return 0;
}

enum err
age_header_explain(struct bytes head)
{
	size_t version_len = sizeof(version_line) - 1;
	size_t len = head.len < version_len ? head.len : version_len;

	if (head.len > 0 && memcmp(head.data, version_line, len) == 0)
		return ERR_TRUNCATED;
	if (begins_with(head, magic) || begins_with(head, armour))
		return ERR_UNSUPPORTED;
	return ERR_SYNTAX;
}

/* Printable ASCII without space, at least one. */
static int
is_word(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] < 33 || b.data[i] > 126)
			return 0;
	return b.len > 0;
}

/* Split `word` or `word rest` at the first space. */
static struct bytes
take_word(struct bytes *line, int *ret_more)
{
	const uint8_t *space = line->len > 0 ?
	    memchr(line->data, ' ', line->len) : NULL;
	struct bytes word = *line;

	*ret_more = space != NULL;
	if (space != NULL) {
		word.len = (size_t)(space - line->data);
		*line = bytes_of(space + 1, line->len - word.len - 1);
	}
	return word;
}

static enum err
parse_opening(struct bytes line, struct age_stanza *ret)
{
	int more = 1;

	if (!begins_with(line, "-> "))
		return ERR_SYNTAX;
	line = bytes_of(line.data + 3, line.len - 3);
	ret->type = take_word(&line, &more);
	if (!is_word(ret->type))
		return ERR_SYNTAX;
	for (ret->args_len = 0; more; ret->args_len++) {
		struct bytes word = take_word(&line, &more);

		if (!is_word(word))
			return ERR_SYNTAX;
		if (ret->args_len < ARRAY_LEN(ret->args))
			ret->args[ret->args_len] = word;
	}
	return ERR_OK;
}

/* Full lines, then a shorter one (maybe empty), each canonical by itself. */
static enum err
parse_body(struct bytes *rest, struct age_stanza *ret)
{
	struct bytes line;
	uint8_t piece[LINE_BYTES];
	size_t len, room;

	ret->body_len = 0;
	do {
		if (bytes_take_line(rest, &line) != ERR_OK ||
		    line.len > LINE_CHARS)
			return ERR_SYNTAX;
		if (decode_b64(line, 0, piece, sizeof(piece), &len) != ERR_OK)
			return ERR_SYNTAX;
		room = ret->body_len < sizeof(ret->body) ?
		    sizeof(ret->body) - ret->body_len : 0;
		memcpy(ret->body + (sizeof(ret->body) - room), piece,
		    len < room ? len : room);
		ret->body_len += len;
	} while (line.len == LINE_CHARS);
	return ERR_OK;
}

enum err
age_header_next(struct bytes *rest, struct age_stanza *ret)
{
	struct bytes line;
	enum err e = bytes_take_line(rest, &line);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_NOT_FOUND : ERR_SYNTAX;
	memset(ret, 0, sizeof(*ret));
	RETURN_IF(parse_opening(line, ret));
	return parse_body(rest, ret);
}

int
age_header_is_x25519(const struct age_stanza *s)
{
	return is_text(s->type, "X25519");
}

int
age_header_is_scrypt(const struct age_stanza *s)
{
	return is_text(s->type, "scrypt");
}

/* Exactly ${len} bytes of base64. */
static enum err
decode_exact(struct bytes text, uint8_t *ret, size_t len)
{
	size_t got;

	if (decode_b64(text, 0, ret, len, &got) != ERR_OK || got != len)
		return ERR_SYNTAX;
	return ERR_OK;
}

enum err
age_header_x25519_args(const struct age_stanza *s, uint8_t ret_share[32])
{
	if (s->args_len != 1 || s->body_len != AGE_HEADER_BODY_LEN)
		return ERR_SYNTAX;
	return decode_exact(s->args[0], ret_share, 32);
}

/* One or two decimal digits without a leading zero. */
static enum err
parse_log_n(struct bytes text, unsigned *ret)
{
	unsigned value = 0;

	if (text.len < 1 || text.len > 2 || text.data[0] == '0')
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return ERR_SYNTAX;
		value = value * 10 + (text.data[i] - (unsigned)'0');
	}
	*ret = value;
	return ERR_OK;
}

enum err
age_header_scrypt_args(const struct age_stanza *s, uint8_t ret_salt[SALT_LEN],
    unsigned *ret_log_n)
{
	if (s->args_len != 2 || s->body_len != AGE_HEADER_BODY_LEN)
		return ERR_SYNTAX;
	RETURN_IF(decode_exact(s->args[0], ret_salt, SALT_LEN));
	return parse_log_n(s->args[1], ret_log_n);
}

static enum err
check_shape(const struct age_stanza *s)
{
	uint8_t bytes[32];
	unsigned log_n;

	if (age_header_is_x25519(s))
		return age_header_x25519_args(s, bytes);
	if (age_header_is_scrypt(s))
		return age_header_scrypt_args(s, bytes, &log_n);
	return ERR_OK;
}

static enum err
check_stanzas(struct age_header *h)
{
	struct bytes rest = h->stanzas;
	struct age_stanza s;
	enum err e;

	while ((e = age_header_next(&rest, &s)) == ERR_OK) {
		RETURN_IF(check_shape(&s));
		h->x25519 += (size_t)age_header_is_x25519(&s);
		h->scrypt += (size_t)age_header_is_scrypt(&s);
		h->other += (size_t)(!age_header_is_x25519(&s) &&
		    !age_header_is_scrypt(&s));
	}
	if (e != ERR_NOT_FOUND)
		return e;
	/* A passphrase next to keys could not be told from one alone. */
	if (h->scrypt > 0 && h->scrypt + h->x25519 + h->other != 1)
		return ERR_SYNTAX;
	return h->scrypt + h->x25519 + h->other > 0 ? ERR_OK : ERR_SYNTAX;
}

/* `--- ` and 43 characters, from its three dashes on. */
static enum err
parse_mac_line(struct bytes line, uint8_t ret[32])
{
	if (line.len != 4 + MAC_CHARS || !begins_with(line, "--- "))
		return ERR_SYNTAX;
	return decode_exact(bytes_of(line.data + 4, MAC_CHARS), ret, 32);
}

enum err
age_header_parse(struct bytes head, struct age_header *ret)
{
	size_t version_len = sizeof(version_line) - 1;
	size_t scan = 0, len, dashes;

	memset(ret, 0, sizeof(*ret));
	if (!age_header_find_end(head, &scan, &len))
		return ERR_SYNTAX;
	if (!begins_with(head, version_line)) {
		enum err e = age_header_explain(head);

		return e == ERR_TRUNCATED ? ERR_SYNTAX : e;
	}
	for (dashes = len - 1; head.data[dashes - 1] != '\n'; dashes--)
		;
	RETURN_IF(parse_mac_line(bytes_of(head.data + dashes, len - dashes - 1),
	    ret->mac));
	ret->len = len;
	ret->maced = bytes_of(head.data, dashes + 3);
	ret->stanzas = bytes_of(head.data + version_len, dashes - version_len);
	return check_stanzas(ret);
}

enum err
age_header_begin(struct buf *out)
{
	return buf_append_str(out, version_line);
}

static enum err
append_body(const uint8_t body[AGE_HEADER_BODY_LEN], struct buf *out)
{
	RETURN_IF(buf_append_str(out, "\n"));
	RETURN_IF(encode_b64(body, AGE_HEADER_BODY_LEN, 0, out));
	return buf_append_str(out, "\n");
}

enum err
age_header_append_x25519(const uint8_t share[32],
    const uint8_t body[AGE_HEADER_BODY_LEN], struct buf *out)
{
	RETURN_IF(buf_append_str(out, "-> X25519 "));
	RETURN_IF(encode_b64(share, 32, 0, out));
	return append_body(body, out);
}

enum err
age_header_append_scrypt(const uint8_t salt[SALT_LEN], unsigned log_n,
    const uint8_t body[AGE_HEADER_BODY_LEN], struct buf *out)
{
	RETURN_IF(buf_append_str(out, "-> scrypt "));
	RETURN_IF(encode_b64(salt, SALT_LEN, 0, out));
	RETURN_IF(buf_printf(out, " %u", log_n));
	return append_body(body, out);
}

enum err
age_header_mac(const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN],
    struct bytes maced, uint8_t ret[32])
{
	SECRET_BYTES(key, 32);

	RETURN_IF(digest_hkdf_sha256(
	    bytes_of(file_key, AGE_HEADER_FILE_KEY_LEN), bytes_of(NULL, 0),
	    bytes_str("header"), key, sizeof(key)));
	digest_hmac_sha256(bytes_of(key, sizeof(key)), maced, ret);
	return ERR_OK;
}

enum err
age_header_end(const uint8_t file_key[AGE_HEADER_FILE_KEY_LEN],
    struct buf *out)
{
	uint8_t mac[32];

	RETURN_IF(buf_append_str(out, "---"));
	RETURN_IF(age_header_mac(file_key, bytes_buf(out), mac));
	RETURN_IF(buf_append_str(out, " "));
	RETURN_IF(encode_b64(mac, sizeof(mac), 0, out));
	return buf_append_str(out, "\n");
}
