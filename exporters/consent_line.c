#include "exporters/consent_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/digest.h"
#include "keys/pseudonym.h"

#define YEAR_LEN 4

/* In the order in which they are written: bit 0, 1, 2 (FORMATS 5.1). */
static const char *const scope_words[] = {"support", "research", "recontact"};

enum err
consent_counts_init(struct consent_counts *c,
    const struct statement *statement)
{
	c->statement = statement;
	c->people = calloc(statement->consent_texts.len + 1,
	    sizeof(*c->people));
	return c->people == NULL ? ERR_NOMEM : ERR_OK;
}

void
consent_counts_release(struct consent_counts *c)
{
	free(c->people);
	memset(c, 0, sizeof(*c));
}

int
consent_counts_text(const struct consent_counts *c, size_t i, char ret[65])
{
	ret[0] = '\0';
	if (i >= c->statement->consent_texts.len)
		return 0;
	if (c->people[i] > 0)
		(void)snprintf(ret, DIGEST_HEX_LEN + 1, "%s",
		    c->statement->consent_texts.items[i]);
	return 1;
}

/* Takes ${len} digits, in decimal or lower-case hex, and ${end} behind them. */
static int
take_digits(struct bytes *line, size_t len, int hex, char end)
{
	size_t i, bad = 0;
	uint8_t letters = hex ? 6 : 0;

	if (line->len < len + 1 || line->data[len] != (uint8_t)end)
		return 0;
	for (i = 0; i < len; i++)
		bad += (uint8_t)(line->data[i] - '0') > 9 &&
		    (uint8_t)(line->data[i] - 'a') >= letters;
	if (bad > 0)
		return 0;
	line->data += len + 1;
	line->len -= len + 1;
	return 1;
}

static int
take_word(struct bytes *line, const char *word)
{
	size_t len = strlen(word);

	if (line->len < len || memcmp(line->data, word, len) != 0)
		return 0;
	line->data += len;
	line->len -= len;
	return 1;
}

/* One scope, or several joined by commas and therefore quoted. */
static int
take_scopes(struct bytes *line, uint8_t *ret)
{
	int quoted = take_word(line, "\"");
	unsigned words = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(scope_words); i++) {
		struct bytes before = *line;

		if (words > 0 && (!quoted || !take_word(line, ",")))
			break;
		if (take_word(line, scope_words[i])) {
			*ret |= (uint8_t)(1u << i);
			words++;
		} else {
			*line = before;
		}
	}
	if (words == 0 || quoted != (words > 1))
		return 0;
	return (!quoted || take_word(line, "\"")) && take_word(line, ",");
}

static int
find_text(const struct consent_counts *c, struct bytes digest, size_t *ret)
{
	const struct form_run *texts = &c->statement->consent_texts;
	size_t i;

	for (i = 0; i < texts->len; i++)
		if (strncmp(texts->items[i], (const char *)digest.data,
		    DIGEST_HEX_LEN) == 0) {
			*ret = i;
			return 1;
		}
	return 0;
}

enum err
consent_counts_add(struct consent_counts *c, struct bytes line)
{
	struct bytes digest;
	uint8_t scopes = 0;
	size_t text;

	if (line.len < PSEUDONYM_TEXT_LEN + 1)
		return ERR_SYNTAX;
	line.data += PSEUDONYM_TEXT_LEN;
	line.len -= PSEUDONYM_TEXT_LEN;
	if (!take_word(&line, ","))
		return ERR_SYNTAX;
	digest = line;
	if (!take_digits(&line, DIGEST_HEX_LEN, 1, ',') ||
	    !take_scopes(&line, &scopes) ||
	    !take_digits(&line, YEAR_LEN, 0, ',') ||
	    !take_digits(&line, (size_t)2 * PSEUDONYM_RECEIPT_LEN, 1,
	    '\n') || line.len != 0)
		return ERR_SYNTAX;
	if (!find_text(c, digest, &text) || (c->scopes != NULL &&
	    (scopes & c->scopes[text]) != c->scopes[text]))
		return ERR_MISMATCH;
	c->people[text]++;
	return ERR_OK;
}

enum err
consent_counts_end(const struct consent_counts *c, struct err_info *info)
{
	const struct form_run *texts = &c->statement->consent_texts;
	const char *told;
	char is[24];
	size_t i;

	for (i = 0; i < texts->len; i++) {
		told = strchr(texts->items[i], ' ');
		if (told == NULL || told[1] == '<' || told[1] == '-')
			continue;
		(void)snprintf(is, sizeof(is), "%" PRIu64, c->people[i]);
		if (strcmp(told + 1, is) != 0)
			return err_at(info, ERR_MISMATCH, 0, "data/consents.csv"
			    " has another number of consents to a text than "
			    "STATEMENT.txt");
	}
	return ERR_OK;
}
