/* keys/record_plain.c - the plaintext of a record, format 2. */
#include "keys/record_plain.h"

#include <string.h>

#include "core/encode.h"
#include "keys/record_plain_internal.h"

#define LINE_TEXT_LEN (1 + 2 * RECORD_PLAIN_LINE_LEN)
#define PAD_MARK 0x80

/* ---- the user id ---- */

/* `U` and 32 lower-case hex digits. */
static int
unpack_line(struct bytes text, uint8_t ret[RECORD_PLAIN_LINE_LEN])
{
	return text.len == LINE_TEXT_LEN && text.data[0] == 'U' &&
	    decode_hex(bytes_of(text.data + 1, text.len - 1), ret,
	    RECORD_PLAIN_LINE_LEN) == ERR_OK;
}

enum err
record_plain_set_user(struct record_plain *p, struct bytes text,
    uint8_t store[RECORD_PLAIN_LINE_LEN])
{
	if (text.len < 1 || text.len > RECORD_PLAIN_USER_MAX)
		return ERR_RANGE;
	if (unpack_line(text, store)) {
		p->user_code = RECORD_PLAIN_LINE;
		p->user = bytes_of(store, RECORD_PLAIN_LINE_LEN);
	} else {
		p->user_code = RECORD_PLAIN_UTF8;
		p->user = text;
	}
	return ERR_OK;
}

enum err
record_plain_get_user(const struct record_plain *p, struct buf *out)
{
	char text[LINE_TEXT_LEN + 1] = "U";
	enum err e;

	if (p->user_code == RECORD_PLAIN_NOBODY)
		return ERR_OK;
	if (p->user_code == RECORD_PLAIN_UTF8)
		return buf_append(out, p->user.data, p->user.len);
	encode_hex(p->user.data, RECORD_PLAIN_LINE_LEN, text + 1);
	e = buf_append(out, text, LINE_TEXT_LEN);
	secret_wipe(text, sizeof(text));
	return e;
}

/* Nobody exactly in quarantine; a LINE id never in its long form. */
static int
user_fits(enum record_kind kind, const struct record_plain *p)
{
	uint8_t packed[RECORD_PLAIN_LINE_LEN];

	if ((p->user_code == RECORD_PLAIN_NOBODY) !=
	    (kind == RECORD_QUARANTINE))
		return 0;
	switch (p->user_code) {
	case RECORD_PLAIN_NOBODY:
		return p->user.len == 0;
	case RECORD_PLAIN_LINE:
		return p->user.len == RECORD_PLAIN_LINE_LEN;
	case RECORD_PLAIN_UTF8:
		return p->user.len >= 1 &&
		    p->user.len <= RECORD_PLAIN_USER_MAX &&
		    !unpack_line(p->user, packed);
	}
	return 0;
}

/* ---- times: differences, so that near ones are short ---- */

/* A varint of zigzag(v): 0, -1, 1, -2, ... */
static enum err
put_delta(int64_t v, struct buf *out)
{
	uint64_t z = ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);

	for (; z >= 0x80; z >>= 7)
		RETURN_IF(buf_append_u8(out, (uint8_t)(z | 0x80)));
	return buf_append_u8(out, (uint8_t)z);
}

#define DELTA_BYTES_MAX 5               /* of two times that fit a u32 */

/* ${base} and a difference give a time that fits a u32, or nothing. */
static enum err
take_time(struct bytes *c, int64_t base, uint32_t *ret)
{
	uint64_t z = 0;
	uint8_t byte = 0x80;
	unsigned n;
	int64_t v;

	for (n = 0; n < DELTA_BYTES_MAX && byte >= 0x80; n++) {
		RETURN_IF(bytes_take_u8(c, &byte));
		z |= (uint64_t)(byte & 0x7f) << (7 * n);
	}
	if (byte >= 0x80 || (byte == 0 && n > 1))
		return ERR_CORRUPT;
	v = base + (int64_t)(z >> 1) * (z & 1 ? -1 : 1) - (int64_t)(z & 1);
	if (v < 0 || v > (int64_t)UINT32_MAX)
		return ERR_CORRUPT;
	*ret = (uint32_t)v;
	return ERR_OK;
}

static int
opened_fits(const struct epoch_lists *lists)
{
	return lists->opened_unix_s >= 0 &&
	    lists->opened_unix_s <= (int64_t)UINT32_MAX;
}

/* ---- writing ---- */

static enum err
put_user(const struct record_plain *p, struct buf *out)
{
	RETURN_IF(buf_append_u8(out, (uint8_t)p->user_code));
	if (p->user_code == RECORD_PLAIN_UTF8)
		RETURN_IF(buf_append_u8(out, (uint8_t)p->user.len));
	return buf_append(out, p->user.data, p->user.len);
}

static enum err
put_source(const struct epoch_lists *lists, const struct record_plain *p,
    struct buf *out)
{
	uint8_t source = epoch_lists_source(lists, p->source);

	if (source == 0 && (lists->sources_len > 0 || p->source.len > 0))
		return ERR_UNKNOWN;
	return buf_append_u8(out, source);
}

/* received since the epoch was opened; how long before that the event was. */
static enum err
put_times(const struct epoch_lists *lists, const struct record_plain *p,
    struct buf *out)
{
	RETURN_IF(put_delta((int64_t)p->received_unix_s -
	    lists->opened_unix_s, out));
	return put_delta((int64_t)p->event_unix_s -
	    (int64_t)p->received_unix_s, out);
}

static enum err
put_consent(const struct epoch_lists *lists, const struct record_plain *p,
    struct buf *out)
{
	uint8_t text;

	if (!p->has_consent)
		return buf_append_u8(out, 0);
	text = epoch_lists_text(lists, p->consent_text);
	if (text == 0)
		return ERR_UNKNOWN;
	RETURN_IF(buf_append_u8(out, text));
	RETURN_IF(buf_append_u8(out, p->consent_scopes));
	return put_delta((int64_t)p->consent_given_unix_s -
	    (int64_t)p->event_unix_s, out);
}

/* 0x80, then zeros to the next multiple of the block. */
static enum err
put_padding(size_t start, struct buf *out)
{
	static const uint8_t padding[RECORD_BLOCK] = {PAD_MARK};
	size_t len = out->len - start;

	return buf_append(out, padding, RECORD_BLOCK - len % RECORD_BLOCK);
}

static enum err
put_all(const struct epoch_lists *lists, const struct record_plain *p,
    struct buf *out)
{
	size_t start = out->len;

	RETURN_IF(buf_append_u8(out, RECORD_FORMAT));
	RETURN_IF(put_user(p, out));
	RETURN_IF(put_source(lists, p, out));
	RETURN_IF(put_times(lists, p, out));
	RETURN_IF(put_consent(lists, p, out));
	RETURN_IF(buf_append(out, p->body.data, p->body.len));
	RETURN_IF(put_padding(start, out));
	return out->len - start <= RECORD_PLAIN_MAX ? ERR_OK : ERR_RANGE;
}

/* Back to ${len} bytes, wiping what goes. */
static void
take_back(struct buf *out, size_t len)
{
	if (out->len > len)
		secret_wipe(out->data + len, out->len - len);
	out->len = len;
}

enum err
record_plain_build(enum record_kind kind, const struct epoch_lists *lists,
    const struct record_plain *p, struct buf *out)
{
	size_t start = out->len;
	enum err e;

	if (!user_fits(kind, p) || !opened_fits(lists) ||
	    p->body.len > RECORD_PLAIN_MAX)
		return ERR_RANGE;
	if ((e = put_all(lists, p, out)) != ERR_OK)
		take_back(out, start);
	return e;
}

/* ---- reading ---- */

static enum err
take_user(struct bytes *c, struct record_plain *ret)
{
	uint8_t code, len = 0;

	RETURN_IF(bytes_take_u8(c, &code));
	if (code == RECORD_PLAIN_UTF8)
		RETURN_IF(bytes_take_u8(c, &len));
	else if (code == RECORD_PLAIN_LINE)
		len = RECORD_PLAIN_LINE_LEN;
	else if (code != RECORD_PLAIN_NOBODY)
		return ERR_CORRUPT;
	ret->user_code = (enum record_plain_code)code;
	return bytes_take(c, len, &ret->user);
}

static enum err
take_source(struct bytes *c, const struct epoch_lists *lists,
    struct record_plain *ret)
{
	uint8_t n;

	RETURN_IF(bytes_take_u8(c, &n));
	if (n > lists->sources_len || (n == 0) != (lists->sources_len == 0))
		return ERR_CORRUPT;
	ret->source = n == 0 ? bytes_of(NULL, 0) :
	    bytes_str(lists->sources[n - 1]);
	return ERR_OK;
}

static enum err
take_consent(struct bytes *c, const struct epoch_lists *lists,
    struct record_plain *ret)
{
	uint8_t n;

	RETURN_IF(bytes_take_u8(c, &n));
	ret->has_consent = n != 0;
	if (n == 0)
		return ERR_OK;
	if (n > lists->texts_len)
		return ERR_CORRUPT;
	memcpy(ret->consent_text, lists->texts[n - 1], DIGEST_LEN);
	RETURN_IF(bytes_take_u8(c, &ret->consent_scopes));
	return take_time(c, ret->event_unix_s, &ret->consent_given_unix_s);
}

/* Without the padding, which is 1 to ${block} bytes: the mark, then zeros. */
static enum err
cut_padding(struct bytes *c, size_t block)
{
	size_t len = c->len;

	if (len == 0 || len % block != 0 || len > RECORD_PLAIN_MAX)
		return ERR_TRUNCATED;
	while (len > c->len - block && c->data[len - 1] == 0)
		len--;
	if (len == c->len - block || c->data[len - 1] != PAD_MARK)
		return ERR_CORRUPT;
	c->len = len - 1;
	return ERR_OK;
}

/* Source, times and consent, which lists make short. */
static enum err
take_facts(struct bytes *c, const struct epoch_lists *lists,
    struct record_plain *ret)
{
	if (!opened_fits(lists))
		return ERR_CORRUPT;
	RETURN_IF(take_source(c, lists, ret));
	RETURN_IF(take_time(c, lists->opened_unix_s, &ret->received_unix_s));
	RETURN_IF(take_time(c, ret->received_unix_s, &ret->event_unix_s));
	return take_consent(c, lists, ret);
}

enum err
record_plain_parse(enum record_kind kind, const struct epoch_lists *lists,
    struct bytes plain, struct record_plain *ret)
{
	struct record_plain p = {.user_code = RECORD_PLAIN_NOBODY};
	int first = lists->of_first_format;
	struct bytes c = plain;
	uint8_t format;

	RETURN_IF(cut_padding(&c, first ? RECORD_BLOCK_FIRST : RECORD_BLOCK));
	RETURN_IF(bytes_take_u8(&c, &format));
	if (format != (first ? RECORD_FORMAT_FIRST : RECORD_FORMAT))
		return ERR_UNSUPPORTED;
	RETURN_IF(take_user(&c, &p));
	if (!user_fits(kind, &p))
		return ERR_CORRUPT;
	RETURN_IF(first ? record_plain_first_take(&c, lists, &p) :
	    take_facts(&c, lists, &p));
	p.body = c;
	*ret = p;
	return ERR_OK;
}
