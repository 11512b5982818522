/* survey/answers_pack.c - packed answers: FORMATS section 5.2, both ways.
 *
 * Cut zero bytes are read as if they were there; whatever the encoder would
 * have written otherwise is refused, so that bytes and answers are one to one.
 */
#include <string.h>

#include "survey/answers.h"

#define VARINT_MAX 10

/* ---- writing ---- */

/* Bytes written so far; the buffer has room for each field beforehand. */
struct packer {
	uint8_t *at;
};

static void
put_varint(struct packer *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p->at++ = (uint8_t)(v | 0x80);
	*p->at++ = (uint8_t)v;
}

static void
put_u16(struct packer *p, uint64_t v)
{
	MUST_HOLD(v <= UINT16_MAX);
	*p->at++ = (uint8_t)(v >> 8);
	*p->at++ = (uint8_t)v;
}

static uint64_t
zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t
unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (~(v & 1) + 1));
}

/* What a number is counted from. */
static int64_t
number_base(const struct survey_field *f)
{
	return f->has_minimum ? f->minimum : 0;
}

static void
put_code(struct packer *p, const struct survey_field *f, uint64_t code)
{
	if (f->categories_len > 254)
		put_u16(p, code);
	else
		*p->at++ = (uint8_t)code;
}

static void
put_list(struct packer *p, const struct survey_field *f,
    const struct answers_value *v)
{
	size_t len = survey_list_bytes(f);
	size_t given = v->answered ? v->bytes.len : 0;

	MUST_HOLD(given <= len);
	if (given > 0)
		memcpy(p->at, v->bytes.data, given);
	memset(p->at + given, 0, len - given);
	p->at += len;
}

static void
put_text(struct packer *p, const struct answers_value *v)
{
	put_varint(p, v->answered ? v->bytes.len + 1 : 0);
	if (v->answered)
		memcpy(p->at, v->bytes.data, v->bytes.len);
	p->at += v->answered ? v->bytes.len : 0;
}

static void
put_value(struct packer *p, const struct survey_field *f,
    const struct answers_value *v)
{
	uint64_t here = v->answered != 0;

	switch (f->kind) {
	case SURVEY_KIND_CODE:
		put_code(p, f, here ? (uint64_t)v->number + 1 : 0);
		break;
	case SURVEY_KIND_LIST:
		put_list(p, f, v);
		break;
	case SURVEY_KIND_INTEGER:
	case SURVEY_KIND_NUMBER:
		put_varint(p, here ?
		    zigzag(v->number - number_base(f)) + 1 : 0);
		break;
	case SURVEY_KIND_DATE:
		put_u16(p, here ?
		    (uint64_t)(v->number - survey_date_base(f)) + 1 : 0);
		break;
	case SURVEY_KIND_BOOLEAN:
		*p->at++ = (uint8_t)(here ? v->number + 1 : 0);
		break;
	case SURVEY_KIND_DIGITS:
		put_varint(p, here ? (uint64_t)v->number + 1 : 0);
		break;
	case SURVEY_KIND_TEXT:
	default:
		put_text(p, v);
		break;
	}
}

/* No value takes more than this. */
static size_t
value_room(const struct survey_field *f, const struct answers_value *v)
{
	if (f->kind == SURVEY_KIND_LIST)
		return survey_list_bytes(f);
	return VARINT_MAX + (v->answered ? v->bytes.len : 0);
}

enum err
answers_encode(const struct survey *s, const struct answers_value *values,
    struct buf *out)
{
	size_t i, room = 1, start = out->len;
	struct packer p;

	for (i = 0; i < s->fields_len; i++)
		room += value_room(&s->fields[i], &values[i]);
	RETURN_IF(buf_reserve(out, room));
	p.at = out->data + start;
	*p.at++ = ANSWERS_FORMAT;
	for (i = 0; i < s->fields_len; i++)
		put_value(&p, &s->fields[i], &values[i]);
	while (p.at[-1] == 0)
		p.at--;
	if ((size_t)(p.at - (out->data + start)) > ANSWERS_PACKED_MAX) {
		explicit_bzero(out->data + start, room);
		return ERR_LIMIT;
	}
	out->len = (size_t)(p.at - out->data);
	out->data[out->len] = '\0';
	return ERR_OK;
}

/* ---- reading ---- */

struct unpacker {
	const uint8_t *at, *end;
};

/* Behind the end lie the zero bytes that were cut. */
static uint8_t
take_u8(struct unpacker *u)
{
	return u->at < u->end ? *u->at++ : 0;
}

static enum err
take_varint(struct unpacker *u, uint64_t *ret)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = take_u8(u);
		if (shift == 63 && byte > 1)
			return ERR_CORRUPT;
		v |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) != 0 && shift < 70);
	/* A last group of zero would be a second way to write it. */
	if ((byte & 0x80) != 0 || (byte == 0 && shift > 7))
		return ERR_CORRUPT;
	*ret = v;
	return ERR_OK;
}

static enum err
take_code(struct unpacker *u, const struct survey_field *f,
    struct answers_value *v)
{
	unsigned code = take_u8(u);

	if (f->categories_len > 254)
		code = code << 8 | take_u8(u);
	if (code > f->categories_len)
		return ERR_CORRUPT;
	v->answered = code != 0;
	v->number = code != 0 ? (int64_t)code - 1 : 0;
	return ERR_OK;
}

static enum err
take_number(struct unpacker *u, const struct survey_field *f,
    struct answers_value *v)
{
	uint64_t raw;

	RETURN_IF(take_varint(u, &raw));
	v->answered = raw != 0;
	if (raw == 0)
		return ERR_OK;
	v->number = unzigzag(raw - 1);
	if (__builtin_add_overflow(v->number, number_base(f), &v->number) ||
	    v->number < f->minimum || v->number > f->maximum)
		return ERR_CORRUPT;
	return ERR_OK;
}

static enum err
take_date(struct unpacker *u, const struct survey_field *f,
    struct answers_value *v)
{
	unsigned raw = (unsigned)take_u8(u) << 8;

	raw |= take_u8(u);
	v->answered = raw != 0;
	if (raw == 0)
		return ERR_OK;
	v->number = (int64_t)raw - 1 + survey_date_base(f);
	if (v->number < f->minimum || v->number > f->maximum)
		return ERR_CORRUPT;
	return ERR_OK;
}

static enum err
take_boolean(struct unpacker *u, struct answers_value *v)
{
	unsigned raw = take_u8(u);

	if (raw > 2)
		return ERR_CORRUPT;
	v->answered = raw != 0;
	v->number = raw == 2;
	return ERR_OK;
}

static enum err
take_digits(struct unpacker *u, const struct survey_field *f,
    struct answers_value *v)
{
	static const uint64_t limits[] = {1, 10, 100, 1000, 10000, 100000,
	    1000000, 10000000, 100000000, 1000000000, 10000000000,
	    100000000000, 1000000000000, 10000000000000, 100000000000000,
	    1000000000000000, 10000000000000000, 100000000000000000,
	    1000000000000000000};
	uint64_t raw;

	RETURN_IF(take_varint(u, &raw));
	if (raw > limits[f->digits])
		return ERR_CORRUPT;
	v->answered = raw != 0;
	v->number = raw != 0 ? (int64_t)raw - 1 : 0;
	return ERR_OK;
}

static enum err
take_text(struct unpacker *u, struct answers_value *v)
{
	uint64_t raw;

	RETURN_IF(take_varint(u, &raw));
	v->answered = raw != 0;
	if (raw == 0)
		return ERR_OK;
	raw--;
	if (raw == 0 || raw > SURVEY_TEXT_MAX ||
	    raw > (uint64_t)(u->end - u->at) ||
	    memchr(u->at, '\0', (size_t)raw) != NULL)
		return ERR_CORRUPT;
	v->bytes = bytes_of(u->at, (size_t)raw);
	u->at += raw;
	return ERR_OK;
}

static int
is_zero(const uint8_t *bytes, size_t len)
{
	uint8_t any = 0;

	while (len-- > 0)
		any |= *bytes++;
	return any == 0;
}

static enum err
take_list(struct unpacker *u, const struct survey_field *f,
    struct answers_value *v)
{
	size_t len = survey_list_bytes(f), left = (size_t)(u->end - u->at);
	unsigned spare = (unsigned)(len * 8 - (f->categories_len + 1));

	if (left > len)
		left = len;
	v->bytes = bytes_of(u->at, left);
	u->at += left;
	v->answered = left > 0 && (v->bytes.data[0] & 1) != 0;
	if (left == len && v->bytes.data[len - 1] >> (8 - spare) != 0 &&
	    spare > 0)
		return ERR_CORRUPT;
	if (v->answered)
		return ERR_OK;
	if (!is_zero(v->bytes.data, left))
		return ERR_CORRUPT;
	v->bytes = bytes_of(NULL, 0);
	return ERR_OK;
}

static enum err
take_value(struct unpacker *u, const struct survey_field *f,
    struct answers_value *v)
{
	*v = (struct answers_value){0};
	switch (f->kind) {
	case SURVEY_KIND_CODE:
		return take_code(u, f, v);
	case SURVEY_KIND_LIST:
		return take_list(u, f, v);
	case SURVEY_KIND_INTEGER:
	case SURVEY_KIND_NUMBER:
		return take_number(u, f, v);
	case SURVEY_KIND_DATE:
		return take_date(u, f, v);
	case SURVEY_KIND_BOOLEAN:
		return take_boolean(u, v);
	case SURVEY_KIND_DIGITS:
		return take_digits(u, f, v);
	case SURVEY_KIND_TEXT:
	default:
		return take_text(u, v);
	}
}

enum err
answers_decode(const struct survey *s, struct bytes packed,
    struct answers_value *ret)
{
	struct unpacker u = {packed.data, packed.data + packed.len};
	size_t i;

	if (packed.len == 0 || packed.len > ANSWERS_PACKED_MAX ||
	    take_u8(&u) != ANSWERS_FORMAT)
		return ERR_CORRUPT;
	if (packed.data[packed.len - 1] == 0)
		return ERR_CORRUPT;
	for (i = 0; i < s->fields_len; i++)
		RETURN_IF(take_value(&u, &s->fields[i], &ret[i]));
	return u.at == u.end ? ERR_OK : ERR_CORRUPT;
}
