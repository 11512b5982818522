/* intake/line_scan.c - the JSON of a webhook, in one pass and in place.
 *
 * A tree of it cost more than all else that is done with an answer before it
 * is stored.  Members we know are picked by table; all others are stepped over,
 * but must be JSON too.  What escapes stand for is shorter than they are, so
 * strings are unescaped where they lie, with a NUL behind each.
 */
#include "intake/line_scan_internal.h"

#include <string.h>

#include "core/json_doc.h"
#include "core/utf8.h"

struct scanner {
	uint8_t *at;                    /* a NUL stands at the end */
	unsigned depth;
	struct line_batch *batch;
	enum err (*event)(struct line_batch *b, const struct line_raw *raw);
};

enum want { WANT_TEXT, WANT_INT, WANT_TRUTH, WANT_OBJECT, WANT_EVENTS };

struct member {
	const char *name;
	size_t len;
	enum want want;
	size_t offset;                  /* in struct line_raw */
	const struct member *inside;
	unsigned bit;                   /* of `seen` */
};

#define MEMBER(name, want, offset, inside, bit) \
	{name, sizeof(name) - 1, want, offset, inside, bit}
#define TEXT(name, to, bit) \
	MEMBER(name, WANT_TEXT, offsetof(struct line_raw, to), NULL, bit)
#define OBJECT(name, inside, bit) MEMBER(name, WANT_OBJECT, 0, inside, bit)
#define END {NULL, 0, WANT_TEXT, 0, NULL, 0}

static const struct member source_members[] = {
	TEXT("type", source_type, 0), TEXT("userId", user, 1), END};
static const struct member message_members[] = {
	TEXT("id", message_id, 2), TEXT("type", message_type, 3),
	TEXT("text", text, 4), END};
static const struct member params_members[] = {TEXT("date", date, 5), END};
static const struct member postback_members[] = {
	TEXT("data", data, 6), OBJECT("params", params_members, 7), END};
static const struct member unsend_members[] = {
	TEXT("messageId", unsent, 8), END};
static const struct member context_members[] = {
	MEMBER("isRedelivery", WANT_TRUTH, offsetof(struct line_raw,
	    redelivered), NULL, 9), END};
static const struct member event_members[] = {
	TEXT("type", type, 10), TEXT("mode", mode, 11),
	MEMBER("timestamp", WANT_INT, offsetof(struct line_raw, time_ms), NULL,
	    12),
	OBJECT("source", source_members, 13), TEXT("webhookEventId", id, 14),
	OBJECT("deliveryContext", context_members, 15),
	TEXT("replyToken", reply_token, 16),
	OBJECT("message", message_members, 17),
	OBJECT("postback", postback_members, 18),
	OBJECT("unsend", unsend_members, 19), END};
static const struct member body_members[] = {
	TEXT("destination", destination, 20),
	MEMBER("events", WANT_EVENTS, 0, NULL, 21), END};

static enum err scan_value(struct scanner *s, const struct member *m,
    struct line_raw *raw);

static uint8_t
peek(struct scanner *s)
{
	while (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' ||
	    *s->at == '\r')
		s->at++;
	return *s->at;
}

/* ---- strings ---- */

static int
hex_value(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four digits at ${at}; -1: not so. */
static int32_t
hex_unit(const uint8_t *at)
{
	int32_t v = 0;

	for (int i = 0; i < 4; i++) {
		if (hex_value(at[i]) < 0)
			return -1;
		v = v << 4 | hex_value(at[i]);
	}
	return v;
}

/* Half a pair, and NUL, stand for no character: U+FFFD in its place, as an
 * answer is not refused for the half of an emoji. */
static enum err
take_unicode(struct scanner *s, uint8_t **to)
{
	int32_t c = hex_unit(s->at), low;

	if (c < 0)
		return ERR_SYNTAX;
	s->at += 4;
	if (c >= 0xd800 && c < 0xdc00 && s->at[0] == '\\' &&
	    s->at[1] == 'u') {
		low = hex_unit(s->at + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			s->at += 6;
			*to = utf8_put(*to, 0x10000U +
			    ((uint32_t)(c - 0xd800) << 10) +
			    (uint32_t)(low - 0xdc00));
			return ERR_OK;
		}
	}
	if (c == 0 || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	*to = utf8_put(*to, (uint32_t)c);
	return ERR_OK;
}

static enum err
take_escape(struct scanner *s, uint8_t **to)
{
	static const char from[] = "\"\\/bfnrt", is[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint8_t c = *s->at;

	if (c == '\0')
		return ERR_SYNTAX;
	s->at++;
	if (c == 'u')
		return take_unicode(s, to);
	found = strchr(from, c);
	if (found == NULL)
		return ERR_SYNTAX;
	*(*to)++ = (uint8_t)is[found - from];
	return ERR_OK;
}

/* At the quote; what it holds, until the text is released. */
static enum err
scan_string(struct scanner *s, struct bytes *ret)
{
	uint8_t *from = ++s->at, *to = from, high = 0;

	for (;;) {
		uint8_t c = *s->at;

		if (c < 0x20)
			return ERR_SYNTAX;
		s->at++;
		if (c == '"')
			break;
		if (c == '\\') {
			RETURN_IF(take_escape(s, &to));
			high |= 0x80;
		} else {
			high |= c;
			*to++ = c;
		}
	}
	*ret = bytes_of(from, (size_t)(to - from));
	if ((high & 0x80) && !utf8_is_valid(*ret))
		return ERR_ENCODING;
	*to = '\0';             /* at the closing quote, at the latest */
	return ERR_OK;
}

/* ---- numbers and words ---- */

static enum err
scan_digits(struct scanner *s)
{
	if (*s->at < '0' || *s->at > '9')
		return ERR_SYNTAX;
	while (*s->at >= '0' && *s->at <= '9')
		s->at++;
	return ERR_OK;
}

/* ${ret} is untouched where it is no whole number of 64 bits. */
static void
take_int(const uint8_t *from, const uint8_t *end, int64_t *ret)
{
	int minus = *from == '-';
	int64_t v = 0;

	for (from += minus; from < end; from++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, *from - '0', &v))
			return;
	if (!minus && v == INT64_MIN)
		return;
	*ret = minus ? v : -v;
}

static enum err
scan_number(struct scanner *s, int64_t *ret)
{
	const uint8_t *from = s->at;
	int whole = 1;

	s->at += *s->at == '-';
	if (*s->at == '0')
		s->at++;
	else
		RETURN_IF(scan_digits(s));
	if (*s->at == '.') {
		s->at++;
		whole = 0;
		RETURN_IF(scan_digits(s));
	}
	if (*s->at == 'e' || *s->at == 'E') {
		s->at++;
		whole = 0;
		s->at += *s->at == '+' || *s->at == '-';
		RETURN_IF(scan_digits(s));
	}
	if (whole)
		take_int(from, s->at, ret);
	return ERR_OK;
}

static enum err
scan_word(struct scanner *s, int *ret_truth)
{
	static const char *const words[] = {"false", "true", "null"};

	for (int i = 0; i < 3; i++) {
		size_t len = strlen(words[i]);

		if (strncmp((const char *)s->at, words[i], len) != 0)
			continue;
		s->at += len;
		if (i < 2)
			*ret_truth = i;
		return ERR_OK;
	}
	return ERR_SYNTAX;
}

/* ---- lists and objects ---- */

static enum err
deeper(struct scanner *s)
{
	s->at++;
	return ++s->depth > JSON_DOC_DEPTH_MAX ? ERR_LIMIT : ERR_OK;
}

/* After a member or an element: 1 when there is another. */
static enum err
scan_next(struct scanner *s, uint8_t close, int *ret_more)
{
	uint8_t c = peek(s);

	if (c != ',' && c != close)
		return ERR_SYNTAX;
	s->at++;
	s->depth -= c == close;
	*ret_more = c == ',';
	return ERR_OK;
}

static enum err
scan_element(struct scanner *s, int is_event)
{
	static const struct member event = OBJECT("", event_members, 0);
	const struct bytes none = bytes_of("", 0);
	struct line_raw raw = {.type = none, .mode = none, .id = none,
	    .reply_token = none, .source_type = none, .user = none,
	    .message_id = none, .message_type = none, .text = none,
	    .data = none, .date = none, .unsent = none, .time_ms = -1};

	if (!is_event)
		return scan_value(s, NULL, NULL);
	RETURN_IF(scan_value(s, &event, &raw));
	return s->event(s->batch, &raw);
}

static enum err
scan_list(struct scanner *s, int of_events)
{
	int more = 1;

	RETURN_IF(deeper(s));
	if (peek(s) == ']') {
		s->at++;
		s->depth--;
		return ERR_OK;
	}
	while (more) {
		RETURN_IF(scan_element(s, of_events));
		RETURN_IF(scan_next(s, ']', &more));
	}
	return ERR_OK;
}

/* A member of ours that is there twice could be read in two ways. */
static enum err
find_member(const struct member *members, struct bytes name,
    struct line_raw *raw, const struct member **ret)
{
	*ret = NULL;
	for (const struct member *m = members; m != NULL && m->name != NULL;
	    m++)
		if (name.len == m->len &&
		    memcmp(name.data, m->name, m->len) == 0)
			*ret = m;
	if (*ret == NULL)
		return ERR_OK;
	if (raw->seen & UINT32_C(1) << (*ret)->bit)
		return ERR_SYNTAX;
	raw->seen |= UINT32_C(1) << (*ret)->bit;
	return ERR_OK;
}

static enum err
scan_object(struct scanner *s, const struct member *members,
    struct line_raw *raw)
{
	const struct member *m;
	struct bytes name;
	int more = 1;

	RETURN_IF(deeper(s));
	if (peek(s) == '}') {
		s->at++;
		s->depth--;
		return ERR_OK;
	}
	while (more) {
		if (peek(s) != '"')
			return ERR_SYNTAX;
		RETURN_IF(scan_string(s, &name));
		RETURN_IF(find_member(members, name, raw, &m));
		if (peek(s) != ':')
			return ERR_SYNTAX;
		s->at++;
		RETURN_IF(scan_value(s, m, raw));
		RETURN_IF(scan_next(s, '}', &more));
	}
	return ERR_OK;
}

/* ---- any value ---- */

static void *
place_of(const struct member *m, enum want want, struct line_raw *raw,
    void *otherwise)
{
	return m != NULL && m->want == want ? (char *)raw + m->offset :
	    otherwise;
}

/* A member of ours whose value is of another kind counts as absent. */
static enum err
scan_value(struct scanner *s, const struct member *m, struct line_raw *raw)
{
	struct bytes text;
	int64_t number;
	int truth;

	switch (peek(s)) {
	case '"':
		return scan_string(s, place_of(m, WANT_TEXT, raw, &text));
	case '{':
		return scan_object(s, m != NULL && m->want == WANT_OBJECT ?
		    m->inside : NULL, raw);
	case '[':
		if (m != NULL && m->want == WANT_EVENTS)
			s->batch->is_list = 1;
		return scan_list(s, m != NULL && m->want == WANT_EVENTS);
	case 't':
	case 'f':
	case 'n':
		return scan_word(s, place_of(m, WANT_TRUTH, raw, &truth));
	default:
		return scan_number(s, place_of(m, WANT_INT, raw, &number));
	}
}

enum err
line_scan(struct line_batch *b, enum err (*event)(struct line_batch *b,
    const struct line_raw *raw))
{
	static const struct member body = OBJECT("", body_members, 0);
	struct scanner s = {.at = b->text.data, .batch = b, .event = event};
	struct line_raw raw = {.destination = bytes_of("", 0)};

	RETURN_IF(scan_value(&s, &body, &raw));
	if (peek(&s) != '\0')
		return ERR_SYNTAX;
	b->destination = raw.destination;
	return ERR_OK;
}
