/* policy/consent.c - scopes, texts, validity. */
#include "policy/consent.h"

#include <string.h>

#include "policy/duo.h"

#define DAY_S 86400

static const struct {
	const char *word;
	uint8_t bit;
} scopes_list[] = {
	{"support", CONSENT_SUPPORT},
	{"research", CONSENT_RESEARCH},
	{"recontact", CONSENT_RECONTACT},
	{"all", CONSENT_ALL},
};

uint8_t
consent_scope_bit(struct bytes word)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(scopes_list); i++)
		if (bytes_equal(word, bytes_str(scopes_list[i].word)))
			return scopes_list[i].bit;
	return 0;
}

enum err
consent_scopes_append(uint8_t scopes, struct buf *out)
{
	size_t i;
	int first = 1;

	if (scopes == 0)
		return ERR_RANGE;
	for (i = 0; i < ARRAY_LEN(scopes_list); i++) {
		if ((scopes & scopes_list[i].bit) == 0)
			continue;
		if (!first)
			RETURN_IF(buf_append_u8(out, ','));
		RETURN_IF(buf_append_str(out, scopes_list[i].word));
		scopes = (uint8_t)(scopes & ~scopes_list[i].bit);
		first = 0;
	}
	return scopes == 0 ? ERR_OK : ERR_RANGE;
}

enum err
consent_scopes_parse(struct bytes text, uint8_t *ret)
{
	struct bytes rest = text, word;
	uint8_t bit, scopes = 0;
	const uint8_t *comma;

	do {
		comma = rest.len > 0 ? memchr(rest.data, ',', rest.len) : NULL;
		word = bytes_of(rest.data, comma != NULL ?
		    (size_t)(comma - rest.data) : rest.len);
		/* One spelling only: bits ascend, as the words do. */
		if ((bit = consent_scope_bit(word)) <= scopes)
			return ERR_SYNTAX;
		scopes |= bit;
		rest.data += word.len + (comma != NULL);
		rest.len -= word.len + (comma != NULL);
	} while (comma != NULL);
	*ret = scopes;
	return ERR_OK;
}

int
consent_scopes_hold(uint8_t given, uint8_t needed)
{
	return (given & CONSENT_ALL) != 0 || (needed & ~given) == 0;
}

int
consent_scopes_hit(uint8_t withdrawn, uint8_t needed)
{
	return (withdrawn & (needed | CONSENT_ALL)) != 0 ||
	    (withdrawn != 0 && (needed & CONSENT_ALL) != 0);
}

static struct duo_list
duo_words(const struct words *w)
{
	return (struct duo_list){w->items, w->len};
}

/* A text says in one list what is allowed and under which conditions. */
static enum duo_answer
match_conditions(const struct consent_text *text,
    const struct duo_purpose *purpose)
{
	enum duo_answer answer = DUO_APPROVE, one;
	size_t i;

	for (i = 0; i < text->purposes.len; i++) {
		if (duo_find(text->purposes.items[i])->kind != DUO_MODIFIER)
			continue;
		one = duo_match_modifier(text->purposes.items[i], purpose);
		answer = one > answer ? one : answer;
	}
	return answer;
}

enum duo_answer
consent_text_covers(const struct consent_text *text,
    const struct duo_purpose *purpose, const struct duo_world *world)
{
	const struct duo_terms terms = {
	    .permissions = duo_words(&text->purposes),
	    .diseases = duo_words(&text->diseases)};
	const struct duo_code *code;
	int permissions = 0;
	size_t i;

	if (!consent_scopes_hold(text->scopes, CONSENT_EXPORT))
		return DUO_DENY;
	for (i = 0; i < purpose->codes.len; i++) {
		code = duo_find(purpose->codes.items[i]);
		if (code == NULL)
			return DUO_DENY;
		if (code->kind != DUO_PERMISSION)
			continue;
		permissions++;
		if (duo_match_permission(&terms, code->id, purpose->diseases,
		    world, NULL) != DUO_APPROVE)
			return DUO_DENY;
	}
	return permissions > 0 ? match_conditions(text, purpose) : DUO_DENY;
}

int64_t
consent_over_unix_s(int64_t given_unix_s, uint32_t valid_days,
    int64_t until_unix_s)
{
	int64_t over = given_unix_s + (int64_t)valid_days * DAY_S;

	return until_unix_s != 0 && until_unix_s < over ? until_unix_s : over;
}
