/* intake/dialogue_words.c - what people write when they mean something. */
#include <string.h>
#include <strings.h>

#include "intake/dialogue_internal.h"

static const struct {
	const char *text;
	enum dialogue_word word;
} words[] = {
	{"はい", WORD_YES}, {"同意", WORD_YES}, {"同意する", WORD_YES},
	{"同意します", WORD_YES}, {"yes", WORD_YES}, {"agree", WORD_YES},
	{"i agree", WORD_YES}, {"ok", WORD_YES},
	{"いいえ", WORD_NO}, {"同意しない", WORD_NO},
	{"同意しません", WORD_NO}, {"no", WORD_NO},
	{"do not agree", WORD_NO}, {"disagree", WORD_NO},
	{"答えない", WORD_SKIP}, {"答えたくない", WORD_SKIP},
	{"スキップ", WORD_SKIP}, {"skip", WORD_SKIP},
	{"prefer not to answer", WORD_SKIP},
	{"決定", WORD_DONE}, {"done", WORD_DONE},
	{"はじめる", WORD_BEGIN}, {"始める", WORD_BEGIN},
	{"開始", WORD_BEGIN}, {"start", WORD_BEGIN},
	{"最初から", WORD_BEGIN}, {"やり直す", WORD_BEGIN},
	{"やり直し", WORD_BEGIN}, {"restart", WORD_BEGIN},
	{"中止", WORD_CANCEL}, {"やめる", WORD_CANCEL},
	{"cancel", WORD_CANCEL}, {"stop", WORD_CANCEL},
	{"日本語", WORD_JAPANESE}, {"japanese", WORD_JAPANESE},
	{"英語", WORD_ENGLISH}, {"english", WORD_ENGLISH},
	{"撤回", WORD_WITHDRAW}, {"撤回する", WORD_WITHDRAW},
	{"同意撤回", WORD_WITHDRAW}, {"同意を撤回", WORD_WITHDRAW},
	{"同意を撤回する", WORD_WITHDRAW}, {"同意の撤回", WORD_WITHDRAW},
	{"データ削除", WORD_WITHDRAW}, {"データを削除", WORD_WITHDRAW},
	{"削除", WORD_WITHDRAW}, {"withdraw", WORD_WITHDRAW},
	{"withdraw consent", WORD_WITHDRAW}, {"delete", WORD_WITHDRAW},
	{"delete my data", WORD_WITHDRAW},
	{"研究の撤回", WORD_WITHDRAW_RESEARCH},
	{"研究への提供を撤回", WORD_WITHDRAW_RESEARCH},
	{"研究への提供をやめる", WORD_WITHDRAW_RESEARCH},
	{"withdraw research", WORD_WITHDRAW_RESEARCH},
};

static int
is_space(struct bytes text, size_t at, size_t *ret_len)
{
	static const char wide[] = "\xe3\x80\x80";      /* U+3000 */
	const uint8_t *p = text.data + at;

	*ret_len = 1;
	if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r')
		return 1;
	*ret_len = 3;
	return text.len - at >= 3 && memcmp(p, wide, 3) == 0;
}

struct bytes
dialogue_trim(struct bytes text)
{
	size_t len;

	while (text.len > 0 && is_space(text, 0, &len))
		text = bytes_of(text.data + len, text.len - len);
	while (text.len > 0) {
		if (is_space(text, text.len - 1, &len) && len == 1)
			text.len--;
		else if (text.len >= 3 && is_space(text, text.len - 3, &len) &&
		    len == 3)
			text.len -= 3;
		else
			break;
	}
	return text;
}

enum dialogue_word
dialogue_word_of(struct bytes text)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i].text) == text.len &&
		    strncasecmp(words[i].text, (const char *)text.data,
		    text.len) == 0)
			return words[i].word;
	return WORD_NONE;
}

int
dialogue_is_withdrawal(struct bytes text, uint8_t *ret_scopes)
{
	enum dialogue_word word = dialogue_word_of(dialogue_trim(text));

	if (word == WORD_WITHDRAW)
		*ret_scopes = INTAKE_SCOPE_ALL;
	else if (word == WORD_WITHDRAW_RESEARCH)
		*ret_scopes = INTAKE_SCOPE_RESEARCH;
	return word == WORD_WITHDRAW || word == WORD_WITHDRAW_RESEARCH;
}

/* Up to four digits behind a colon. */
static int
take_number(struct bytes *rest, size_t *ret)
{
	size_t n = 0, i;

	if (rest->len < 2 || rest->data[0] != ':')
		return 0;
	for (i = 1; i < rest->len && i < 5; i++) {
		if (rest->data[i] < '0' || rest->data[i] > '9')
			break;
		n = n * 10 + (size_t)(rest->data[i] - '0');
	}
	if (i == 1)
		return 0;
	*ret = n;
	*rest = bytes_of(rest->data + i, rest->len - i);
	return 1;
}

struct dialogue_button
dialogue_button_of(struct bytes data)
{
	static const struct dialogue_button none = {0};
	struct dialogue_button b = {0};
	struct bytes rest;

	if (data.len < 3 || memchr("cakd", data.data[0], 4) == NULL)
		return none;
	b.what = (char)data.data[0];
	rest = bytes_of(data.data + 1, data.len - 1);
	b.option = SIZE_MAX;
	if (!take_number(&rest, &b.field))
		return none;
	if (rest.len > 0 && !take_number(&rest, &b.option))
		return none;
	return rest.len == 0 ? b : none;
}
