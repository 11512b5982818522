/* intake/ndjson_fast.c - a strict scanner for exactly the lines we take.
 *
 * One pass over the bytes, straight into the draft, no tree in between.  It
 * accepts what the reference accepts and makes the same event of it; strings
 * need no check of their encoding here, as each is either compared with known
 * ASCII words or held to the rules of clean text when it is kept.  `answers`
 * that come before survey and version are stepped over and read at the end.
 */
#include <endian.h>
#include <string.h>

#include "core/utf8.h"
#include "intake/json_fault.h"
#include "intake/ndjson_internal.h"

#define SEEN_WORDS (SURVEY_FIELDS_MAX / 64)
#define EXACT_DIGITS 15         /* see survey_scale_real */

struct scanner {
	const uint8_t *at, *end;
	uint8_t *scratch;       /* room for what escapes stand for */
	struct draft *d;
	const uint8_t *answers; /* stepped over, to be read at the end */
	const uint8_t *answers_end;
	uint64_t seen[SEEN_WORDS];
};

static enum err
not_json(struct scanner *s)
{
	return draft_refuse(s->d, INTAKE_REASON_JSON,
	    JSON_FAULT_GENERAL);
}

static void
skip_space(struct scanner *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' ||
	    *s->at == '\r' || *s->at == '\n'))
		s->at++;
}

/* The next character that is not space; 0 at the end. */
static uint8_t
peek(struct scanner *s)
{
	skip_space(s);
	return s->at < s->end ? *s->at : 0;
}

static enum err
expect(struct scanner *s, uint8_t c)
{
	if (peek(s) != c)
		return not_json(s);
	s->at++;
	return ERR_OK;
}

static int
take_word(struct scanner *s, const char *word, size_t len)
{
	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return 0;
	s->at += len;
	return 1;
}

/* ---- strings ---- */

static enum err
take_hex4(struct scanner *s, uint32_t *ret)
{
	uint32_t v = 0;
	int i;

	if (s->end - s->at < 4)
		return not_json(s);
	for (i = 0; i < 4; i++) {
		uint8_t c = *s->at++;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return not_json(s);
	}
	*ret = v;
	return ERR_OK;
}

/* Behind `\u`: one character, which may take a second escape. */
static enum err
take_unicode(struct scanner *s, uint32_t *ret)
{
	uint32_t low;

	RETURN_IF(take_hex4(s, ret));
	if (*ret < 0xd800 || *ret > 0xdfff)
		return *ret != 0 ? ERR_OK : not_json(s);
	if (*ret > 0xdbff || !take_word(s, "\\u", 2))
		return not_json(s);
	RETURN_IF(take_hex4(s, &low));
	if (low < 0xdc00 || low > 0xdfff)
		return not_json(s);
	*ret = 0x10000 + ((*ret - 0xd800) << 10) + (low - 0xdc00);
	return ERR_OK;
}

/* What stands behind a backslash, as UTF-8. */
static enum err
take_escape(struct scanner *s, uint8_t **to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint32_t c;

	if (s->at == s->end)
		return not_json(s);
	c = *s->at++;
	if (c == 'u') {
		RETURN_IF(take_unicode(s, &c));
		*to = utf8_put(*to, c);
		return ERR_OK;
	}
	if (c == 0 || (found = strchr(from, (int)c)) == NULL)
		return not_json(s);
	*(*to)++ = (uint8_t)into[found - from];
	return ERR_OK;
}

/* From ${start} on with escapes in it: built in the scratch room, which is as
 * long as the line and so never too short. */
static enum err
take_escaped(struct scanner *s, const uint8_t *start, struct bytes *ret)
{
	size_t before = (size_t)(s->at - start);
	uint8_t *to = s->scratch;

	memcpy(to, start, before);
	to += before;
	while (s->at < s->end && *s->at != '"') {
		if (*s->at < 0x20)
			return not_json(s);
		if (*s->at != '\\') {
			*to++ = *s->at++;
			continue;
		}
		s->at++;
		RETURN_IF(take_escape(s, &to));
	}
	if (s->at == s->end)
		return not_json(s);
	s->at++;
	*ret = bytes_of(s->scratch, (size_t)(to - s->scratch));
	s->scratch = to;
	return ERR_OK;
}

/* Among the 8 bytes of ${word} (first byte lowest): a bit in the top of each
 * that is a quote, a backslash or below space.  A byte above the first such
 * one may be marked wrongly by the borrow, the first never. */
static uint64_t
special_bytes(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = ones << 7;
	uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\';

	return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
	    ((word - ones * 0x20) & ~word)) & tops;
}

/* On to the next quote, backslash or control character. */
static void
skip_plain(struct scanner *s)
{
	uint64_t word, found;

	while (s->end - s->at >= 8) {
		memcpy(&word, s->at, sizeof(word));
		found = special_bytes(le64toh(word));
		if (found != 0) {
			s->at += (unsigned)__builtin_ctzll(found) / 8;
			return;
		}
		s->at += 8;
	}
	while (s->at < s->end && *s->at != '"' && *s->at != '\\' &&
	    *s->at >= 0x20)
		s->at++;
}

/* Behind the opening quote. */
static enum err
take_string(struct scanner *s, struct bytes *ret)
{
	const uint8_t *start = s->at;

	skip_plain(s);
	if (s->at < s->end && *s->at == '\\')
		return take_escaped(s, start, ret);
	if (s->at == s->end || *s->at != '"')
		return not_json(s);
	*ret = bytes_of(start, (size_t)(s->at - start));
	s->at++;
	return ERR_OK;
}

/* ---- numbers ---- */

/* A number's digits as they stand: ${value} holds them all, ${places} of them
 * behind the point. */
struct number {
	int negative, real;
	unsigned digits, places;
	int64_t value;
};

static void
take_digits(struct scanner *s, struct number *n)
{
	for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
		if (n->digits < EXACT_DIGITS)
			n->value = n->value * 10 + (*s->at - '0');
		n->digits++;
	}
}

/* ERR_UNSUPPORTED for what is beyond 15 digits or has an exponent. */
static enum err
take_number(struct scanner *s, struct number *ret)
{
	struct number n = {0};
	const uint8_t *first;

	n.negative = take_word(s, "-", 1);
	first = s->at;
	take_digits(s, &n);
	if (s->at == first || (*first == '0' && s->at - first > 1))
		return not_json(s);
	if (s->at < s->end && *s->at == '.') {
		first = ++s->at;
		n.real = 1;
		take_digits(s, &n);
		if (s->at == first)
			return not_json(s);
		n.places = (unsigned)(s->at - first);
	}
	if (n.digits > EXACT_DIGITS ||
	    (s->at < s->end && (*s->at == 'e' || *s->at == 'E')))
		return ERR_UNSUPPORTED;
	*ret = n;
	return ERR_OK;
}

static enum err
set_number(struct scanner *s, const struct survey_field *f,
    const struct number *n)
{
	static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000,
	    1000000};
	int64_t v = n->negative ? -n->value : n->value;
	unsigned places = n->places;

	if (!n->real)
		return answers_set_integer(s->d->builder, f, v);
	if (f->kind != SURVEY_KIND_NUMBER)
		return ERR_MISMATCH;
	for (; places > f->decimals; places--, v /= 10)
		if (v % 10 != 0)
			return ERR_RANGE;
	if (__builtin_mul_overflow(v, powers[f->decimals - places], &v))
		return ERR_RANGE;
	return answers_set_scaled(s->d->builder, f, v);
}

/* ---- answers ---- */

static enum err
take_list(struct scanner *s, const struct survey_field *f)
{
	struct answers_builder *b = s->d->builder;
	struct bytes code;
	uint8_t c;

	s->at++;
	RETURN_IF(draft_answer(s->d, f, answers_set_list(b, f)));
	if (peek(s) == ']') {
		s->at++;
		return ERR_OK;
	}
	for (;;) {
		c = peek(s);
		if (c == 0 || c == ']')
			return not_json(s);
		if (c != '"')
			return draft_answer(s->d, f, ERR_MISMATCH);
		s->at++;
		RETURN_IF(take_string(s, &code));
		RETURN_IF(draft_answer(s->d, f, answers_add_option(b, f,
		    code)));
		if (peek(s) != ',')
			return expect(s, ']');
		s->at++;
	}
}

static enum err
take_word_answer(struct scanner *s, const struct survey_field *f)
{
	struct answers_builder *b = s->d->builder;

	if (take_word(s, "null", 4))
		return ERR_OK;
	if (take_word(s, "true", 4))
		return draft_answer(s->d, f, answers_set_boolean(b, f, 1));
	if (take_word(s, "false", 5))
		return draft_answer(s->d, f, answers_set_boolean(b, f, 0));
	return not_json(s);
}

static enum err
take_answer(struct scanner *s, const struct survey_field *f)
{
	struct bytes text;
	struct number n;
	uint8_t c = peek(s);

	if (c == '"') {
		s->at++;
		RETURN_IF(take_string(s, &text));
		return draft_answer(s->d, f, answers_set_text(s->d->builder,
		    f, text));
	}
	if (c == '-' || (c >= '0' && c <= '9')) {
		RETURN_IF(take_number(s, &n));
		return draft_answer(s->d, f, set_number(s, f, &n));
	}
	if (c == '[')
		return take_list(s, f);
	if (c == '{')
		return draft_answer(s->d, f, ERR_MISMATCH);
	return take_word_answer(s, f);
}

static enum err
see_field(struct scanner *s, const struct survey_field *f)
{
	uint64_t *word = &s->seen[f->index / 64];
	uint64_t bit = UINT64_C(1) << (f->index % 64);

	if (*word & bit)
		return not_json(s);
	*word |= bit;
	return ERR_OK;
}

/* 1, and past it, when the key is exactly the name of ${f}.  Bytes are
 * compared here: a call of memcmp costs more than most names are long. */
static int
take_name(struct scanner *s, const struct survey_field *f)
{
	size_t i;

	if ((size_t)(s->end - s->at) <= f->name_len ||
	    s->at[f->name_len] != '"')
		return 0;
	for (i = 0; i < f->name_len; i++)
		if (s->at[i] != (uint8_t)f->name[i])
			return 0;
	s->at += f->name_len + 1;
	return 1;
}

/* Behind the opening quote of a key.  Most lines have their fields in the
 * survey's order, so ${guess} is tried before the table. */
static enum err
take_field(struct scanner *s, size_t guess, const struct survey_field **ret)
{
	const struct survey *survey = s->d->builder->survey;
	const struct survey_field *f = &survey->fields[guess];
	struct bytes key;

	if (guess >= survey->fields_len || !take_name(s, f)) {
		RETURN_IF(take_string(s, &key));
		f = survey_find(survey, key);
	}
	if (f == NULL)
		return draft_refuse(s->d, INTAKE_REASON_FIELD,
		    "answers: a field the survey has not");
	RETURN_IF(see_field(s, f));
	*ret = f;
	return expect(s, ':');
}

static enum err
take_answers(struct scanner *s)
{
	const struct survey_field *f = NULL;

	RETURN_IF(draft_find_survey(s->d));
	RETURN_IF(expect(s, '{'));
	if (peek(s) == '}') {
		s->at++;
		return ERR_OK;
	}
	for (;;) {
		RETURN_IF(expect(s, '"'));
		RETURN_IF(take_field(s, f != NULL ? f->index + 1 : 0, &f));
		RETURN_IF(take_answer(s, f));
		if (peek(s) != ',')
			return expect(s, '}');
		s->at++;
	}
}

/* Over `answers` to where it must end; the real reading is still to come. */
static enum err
step_over(struct scanner *s)
{
	struct bytes ignored;
	uint8_t *scratch = s->scratch;
	unsigned depth = 0;
	uint8_t c;

	s->answers = s->at;
	do {
		if (s->at == s->end)
			return not_json(s);
		c = *s->at++;
		if (c == '"')
			RETURN_IF(take_string(s, &ignored));
		else if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
	} while (depth > 0);
	s->scratch = scratch;
	s->answers_end = s->at;
	return ERR_OK;
}

static enum err
read_stepped_over(struct scanner *s)
{
	const uint8_t *at = s->at;

	s->at = s->answers;
	RETURN_IF(take_answers(s));
	if (s->at != s->answers_end)
		return not_json(s);
	s->at = at;
	return ERR_OK;
}

/* ---- members ---- */

static enum err
take_version(struct scanner *s)
{
	struct number n;
	uint8_t c = peek(s);

	if (c != '-' && (c < '0' || c > '9'))
		return draft_refuse(s->d, INTAKE_REASON_MEMBER,
		    "version: must be a whole number");
	RETURN_IF(take_number(s, &n));
	if (n.real)
		return draft_refuse(s->d, INTAKE_REASON_MEMBER,
		    "version: must be a whole number");
	s->d->version = n.negative ? -n.value : n.value;
	return ERR_OK;
}

static enum err
take_scopes(struct scanner *s)
{
	struct bytes name;

	if (peek(s) != '[')
		return draft_refuse(s->d, INTAKE_REASON_MEMBER,
		    "scopes: must be a list");
	s->at++;
	if (peek(s) == ']') {
		s->at++;
		return ERR_OK;
	}
	for (;;) {
		if (peek(s) != '"')
			return draft_refuse(s->d, INTAKE_REASON_MEMBER,
			    "scopes: must be a string");
		s->at++;
		RETURN_IF(take_string(s, &name));
		RETURN_IF(draft_add_scope(s->d, name));
		if (peek(s) != ',')
			return expect(s, ']');
		s->at++;
	}
}

static enum err
take_permanent(struct scanner *s)
{
	skip_space(s);
	if (take_word(s, "true", 4))
		s->d->permanent = 1;
	else if (!take_word(s, "false", 5))
		return draft_refuse(s->d, INTAKE_REASON_MEMBER,
		    "permanent: must be true or false");
	return ERR_OK;
}

static enum err
take_string_member(struct scanner *s, unsigned bit)
{
	struct draft *d = s->d;
	struct bytes text;

	if (peek(s) != '"')
		return draft_refuse(d, INTAKE_REASON_MEMBER,
		    "a member must be a string");
	s->at++;
	RETURN_IF(take_string(s, &text));
	switch (bit) {
	case DRAFT_TYPE:
		return draft_set_type(d, text);
	case DRAFT_EVENT:
		return draft_set_event(d, text);
	case DRAFT_TIME:
		return draft_set_time_text(d, text);
	case DRAFT_RESPONDENT:
		return draft_set_respondent(d, text);
	case DRAFT_TEXT:
		return draft_set_text(d, text);
	default:
		d->survey_name = text;
		return ERR_OK;
	}
}

static int
knows_survey(const struct draft *d)
{
	return (d->seen & (DRAFT_SURVEY | DRAFT_VERSION)) ==
	    (DRAFT_SURVEY | DRAFT_VERSION);
}

static enum err
take_member(struct scanner *s)
{
	struct bytes key;
	unsigned bit;

	RETURN_IF(expect(s, '"'));
	RETURN_IF(take_string(s, &key));
	bit = draft_member_bit(key);
	RETURN_IF(draft_see(s->d, bit));
	RETURN_IF(expect(s, ':'));
	switch (bit) {
	case DRAFT_VERSION:
		return take_version(s);
	case DRAFT_SCOPES:
		return take_scopes(s);
	case DRAFT_PERMANENT:
		return take_permanent(s);
	case DRAFT_ANSWERS:
		if (peek(s) != '{')
			return draft_refuse(s->d, INTAKE_REASON_MEMBER,
			    "answers: must be an object");
		return knows_survey(s->d) ? take_answers(s) : step_over(s);
	default:
		return take_string_member(s, bit);
	}
}

static enum err
take_object(struct scanner *s)
{
	RETURN_IF(expect(s, '{'));
	if (peek(s) == '}') {
		s->at++;
		return ERR_OK;
	}
	for (;;) {
		RETURN_IF(take_member(s));
		if (peek(s) != ',')
			return expect(s, '}');
		s->at++;
	}
}

enum err
ndjson_fast_parse(struct draft *d, struct bytes line, uint8_t *scratch)
{
	struct scanner s = {.at = line.data, .end = line.data + line.len,
	    .scratch = scratch, .d = d};

	RETURN_IF(take_object(&s));
	skip_space(&s);
	if (s.at != s.end)
		return not_json(&s);
	if (s.answers != NULL && knows_survey(d))
		return read_stepped_over(&s);
	return ERR_OK;
}
