/* policy/model.c - reading and writing the lines of model.h. */
#include "policy/model.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "policy/grammar.h"

#define LADDER_PREFIX "t-ladder:"
#define WHOLE_MAX 1000
#define DECIMAL_MAX 1000000     /* 1000.000 */

static const struct {
	const char *word;
	int has_decimal, has_whole;
	unsigned whole_least, whole_most;
	unsigned least, most;           /* of the decimal, in thousandths */
} kinds[] = {
	[MODEL_DISTINCT] = {"distinct", 0, 1, 2, WHOLE_MAX, 0, 0},
	[MODEL_ENTROPY] = {"entropy", 1, 0, 0, 0, 1001, DECIMAL_MAX},
	[MODEL_RECURSIVE] = {"recursive", 1, 1, 2, WHOLE_MAX, 1, DECIMAL_MAX},
	[MODEL_T_EQUAL] = {"t-equal", 1, 0, 0, 0, 1, 999},
	[MODEL_T_ORDERED] = {"t-ordered", 1, 0, 0, 0, 1, 999},
	[MODEL_T_LADDER] = {LADDER_PREFIX, 1, 0, 0, 0, 1, 999},
	[MODEL_SETS] = {"k-to-m", 0, 1, 1, 4, 0, 0},
};

/* ---- numbers ---- */

static int
digits(struct bytes *b, size_t most, unsigned *ret, size_t *ret_len)
{
	size_t n = 0;

	*ret = 0;
	while (n < b->len && b->data[n] >= '0' && b->data[n] <= '9') {
		if (n == most)
			return 0;
		*ret = *ret * 10 + (unsigned)(b->data[n++] - '0');
	}
	b->data += n;
	b->len -= n;
	*ret_len = n;
	return n > 0;
}

/* `3`, without needless zeros. */
static enum err
parse_whole(struct bytes b, unsigned least, unsigned most, unsigned *ret)
{
	struct bytes all = b;
	size_t len;

	if (!digits(&b, 7, ret, &len) || b.len > 0 ||
	    (len > 1 && all.data[0] == '0'))
		return ERR_SYNTAX;
	return *ret < least || *ret > most ? ERR_RANGE : ERR_OK;
}

/* `2`, `2.5`, `0.125`: at most three decimals, the last one not 0. */
static enum err
parse_decimal(struct bytes b, unsigned least, unsigned most, unsigned *ret)
{
	struct bytes all = b;
	unsigned whole, part = 0;
	size_t len, decimals = 0;

	if (!digits(&b, 4, &whole, &len) || (len > 1 && all.data[0] == '0'))
		return ERR_SYNTAX;
	if (b.len > 0) {
		if (b.data[0] != '.')
			return ERR_SYNTAX;
		b.data++;
		b.len--;
		if (!digits(&b, 3, &part, &decimals) || b.len > 0 ||
		    part % 10 == 0)
			return ERR_SYNTAX;
	}
	for (; decimals < 3; decimals++)
		part *= 10;
	*ret = whole * 1000 + part;
	return *ret < least || *ret > most ? ERR_RANGE : ERR_OK;
}

/* ---- lines ---- */

static void
copy(char ret[33], struct bytes b)
{
	memcpy(ret, b.data, b.len);
	ret[b.len] = '\0';
}

static enum err
parse_kind(struct bytes word, struct model_rule *r)
{
	size_t i, prefix = sizeof(LADDER_PREFIX) - 1;
	struct bytes head;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		r->kind = (enum model_kind)i;
		if (i != MODEL_T_LADDER &&
		    bytes_equal(word, bytes_str(kinds[i].word)))
			return ERR_OK;
	}
	r->kind = MODEL_T_LADDER;
	if (bytes_take(&word, prefix, &head) != ERR_OK ||
	    !bytes_equal(head, bytes_str(LADDER_PREFIX)))
		return ERR_UNKNOWN;
	if (!grammar_is_name(word) || word.len > 32)
		return ERR_SYNTAX;
	copy(r->ladder, word);
	return ERR_OK;
}

enum err
model_parse(struct bytes line, struct model_rule *ret)
{
	struct model_rule r = {0};
	struct bytes rest = line, item;
	char text[MODEL_TEXT_MAX];

	if (!text_list_next(&rest, &item) || !grammar_is_field(item) ||
	    item.len > 32)
		return ERR_SYNTAX;
	copy(r.field, item);
	if (!text_list_next(&rest, &item))
		return ERR_SYNTAX;
	RETURN_IF(parse_kind(item, &r));
	if (kinds[r.kind].has_decimal) {
		if (!text_list_next(&rest, &item))
			return ERR_SYNTAX;
		RETURN_IF(parse_decimal(item, kinds[r.kind].least,
		    kinds[r.kind].most, &r.thousandths));
	}
	if (kinds[r.kind].has_whole) {
		if (!text_list_next(&rest, &item))
			return ERR_SYNTAX;
		RETURN_IF(parse_whole(item, kinds[r.kind].whole_least,
		    kinds[r.kind].whole_most, &r.whole));
	}
	/* one form: what writing gives */
	model_text(&r, text);
	if (!bytes_equal(line, bytes_str(text)))
		return ERR_SYNTAX;
	*ret = r;
	return ERR_OK;
}

static size_t
put_decimal(unsigned thousandths, char ret[16])
{
	int len = snprintf(ret, 16, "%u", thousandths / 1000);
	unsigned part = thousandths % 1000;

	if (part > 0) {
		len += snprintf(ret + len, 16 - (size_t)len, ".%03u", part);
		while (ret[len - 1] == '0')
			ret[--len] = '\0';
	}
	return (size_t)len;
}

void
model_text(const struct model_rule *r, char ret[MODEL_TEXT_MAX])
{
	char decimal[16] = "", whole[16] = "";

	if (kinds[r->kind].has_decimal)
		put_decimal(r->thousandths, decimal);
	if (kinds[r->kind].has_whole)
		(void)snprintf(whole, sizeof(whole), "%u", r->whole);
	(void)snprintf(ret, MODEL_TEXT_MAX, "%s %s%s%s%s%s%s", r->field,
	    kinds[r->kind].word, r->ladder, decimal[0] != '\0' ? " " : "",
	    decimal, whole[0] != '\0' ? " " : "", whole);
}

int
model_equal(const struct model_rule *a, const struct model_rule *b)
{
	return strcmp(a->field, b->field) == 0 && a->kind == b->kind &&
	    strcmp(a->ladder, b->ladder) == 0 && a->whole == b->whole &&
	    a->thousandths == b->thousandths;
}

const char *
model_words(enum model_kind kind, int japanese)
{
	static const char *const words[][2] = {
		[MODEL_DISTINCT] = {"so many different values among those who are alike",
		    "同じ特徴の人々の中の異なる値の数"},
		[MODEL_ENTROPY] = {"values among those who are alike as even as this many equally frequent ones",
		    "同じ特徴の人々の中の値の多様さ（同頻度の値の数に換算）"},
		[MODEL_RECURSIVE] = {"no value too frequent among those who are alike (c, l)",
		    "同じ特徴の人々の中で突出した値がないこと（c, l）"},
		[MODEL_T_EQUAL] = {"values among those who are alike no farther from everybody's than this",
		    "同じ特徴の人々の値の分布と全体の分布との距離の上限"},
		[MODEL_T_ORDERED] = {"the same, values in their order",
		    "同上、値の順序を考慮"},
		[MODEL_T_LADDER] = {"the same, values by their ladder",
		    "同上、値の区分表を考慮"},
		[MODEL_SETS] = {"so many options known of somebody fit k people",
		    "この数までの選択肢を知られても、当てはまる人がk人以上"},
	};

	return words[kind][japanese != 0];
}
