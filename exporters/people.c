#include "exporters/people.h"

#include <string.h>

enum err
people_init(struct people *p)
{
	memset(p, 0, sizeof(*p));
	return digest_stream_init(&p->names);
}

void
people_release(struct people *p)
{
	digest_stream_release(&p->names);
	memset(p, 0, sizeof(*p));
}

static void
flush(struct people *p)
{
	digest_stream_update(&p->names, bytes_of(p->staged, p->staged_len));
	p->staged_len = 0;
}

static enum err
next_person(struct people *p, struct bytes pseudonym)
{
	if (p->persons > 0 &&
	    memcmp(p->last, pseudonym.data, PSEUDONYM_TEXT_LEN) >= 0)
		return ERR_CORRUPT;
	if (pseudonym_check(pseudonym) != ERR_OK)
		return ERR_CORRUPT;
	memcpy(p->last, pseudonym.data, PSEUDONYM_TEXT_LEN);
	p->persons++;
	if (p->staged_len + PSEUDONYM_TEXT_LEN > sizeof(p->staged))
		flush(p);
	memcpy(p->staged + p->staged_len, pseudonym.data, PSEUDONYM_TEXT_LEN);
	p->staged_len += PSEUDONYM_TEXT_LEN;
	return ERR_OK;
}

/* ${text} is ${n} in decimal, without leading zeros. */
static int
is_number(struct bytes text, uint64_t n)
{
	size_t i = text.len;

	if (i == 0)
		return 0;
	do {
		if (text.data[--i] != '0' + n % 10)
			return 0;
		n /= 10;
	} while (i > 0 && n > 0);
	return i == 0 && n == 0;
}

enum err
people_add_answer(struct people *p, struct bytes pseudonym,
    struct bytes answer)
{
	if (pseudonym.len != PSEUDONYM_TEXT_LEN)
		return ERR_CORRUPT;
	if (p->persons > 0 &&
	    memcmp(p->last, pseudonym.data, PSEUDONYM_TEXT_LEN) == 0) {
		p->answer++;
	} else {
		RETURN_IF(next_person(p, pseudonym));
		p->answer = 1;
	}
	p->rows++;
	return is_number(answer, p->answer) ? ERR_OK : ERR_CORRUPT;
}

enum err
people_add_person(struct people *p, struct bytes pseudonym)
{
	if (pseudonym.len != PSEUDONYM_TEXT_LEN)
		return ERR_CORRUPT;
	p->rows++;
	return next_person(p, pseudonym);
}

enum err
people_compare(struct people *responses, struct people *consents)
{
	uint8_t a[DIGEST_LEN], b[DIGEST_LEN];

	flush(responses);
	flush(consents);
	RETURN_IF(digest_stream_end(&responses->names, a));
	RETURN_IF(digest_stream_end(&consents->names, b));
	return responses->persons == consents->persons &&
	    memcmp(a, b, DIGEST_LEN) == 0 ? ERR_OK : ERR_MISMATCH;
}
