/* policy/values.c - values of signed texts. */
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "policy/duo.h"
#include "policy/grammar.h"
#include "policy/values_internal.h"

const struct values_kind values_any = {NULL, "a text"};
const struct values_kind values_owner = {grammar_is_owner,
    "a prefecture code from 01 to 47"};
const struct values_kind values_name = {grammar_is_name,
    "a name of lower-case letters, digits and -"};
const struct values_kind values_plan = {grammar_is_plan,
    "a plan id like PLAN-2026-0001"};
const struct values_kind values_export = {grammar_is_export,
    "an export id like EXP-2026-0001"};
const struct values_kind values_request = {grammar_is_request,
    "a request id like REQ-1"};
const struct values_kind values_age = {grammar_is_age,
    "a recipient age1..."};
const struct values_kind values_ssh = {grammar_is_ssh,
    "a key \"ssh-ed25519 BASE64\""};
const struct values_kind values_fingerprint = {grammar_is_fingerprint,
    "a fingerprint SHA256:..."};
const struct values_kind values_origin = {grammar_is_origin,
    "a name like host/path"};
const struct values_kind values_vkey = {grammar_is_vkey,
    "a ledger key NAME+ID+KEY"};

static int
is_none(const char *value)
{
	return strcmp(value, "-") == 0;
}

enum err
values_need(const struct text *t, const char *key,
    const struct values_kind *kind, const char **ret, struct err_info *info)
{
	const char *value = text_get(t, key);

	if (is_none(value) || (kind->is != NULL &&
	    !kind->is(bytes_str(value))))
		return err_at(info, ERR_SYNTAX, 0, "%s: not %s", key,
		    kind->what);
	*ret = value;
	return ERR_OK;
}

enum err
values_optional(const struct text *t, const char *key,
    const struct values_kind *kind, const char **ret, struct err_info *info)
{
	if (is_none(text_get(t, key))) {
		*ret = NULL;
		return ERR_OK;
	}
	return values_need(t, key, kind, ret, info);
}

enum err
values_optional_sha256(const struct text *t, const char *key, int *ret_has,
    uint8_t ret[32], struct err_info *info)
{
	*ret_has = !is_none(text_get(t, key));
	return *ret_has ? text_get_hex(t, key, ret, 32, info) : ERR_OK;
}

enum err
values_day(const struct text *t, const char *key, int32_t *ret,
    struct err_info *info)
{
	enum err e = clock_parse_day(bytes_str(text_get(t, key)), ret);

	if (e != ERR_OK)
		return err_at(info, e, 0, "%s: not a day like 2020-04-01",
		    key);
	return ERR_OK;
}

enum err
values_optional_day(const struct text *t, const char *key, int *ret_has,
    int32_t *ret, struct err_info *info)
{
	*ret_has = !is_none(text_get(t, key));
	return *ret_has ? values_day(t, key, ret, info) : ERR_OK;
}

enum err
values_period(const struct text *t, const char *key, int32_t *ret_from,
    int32_t *ret_to, struct err_info *info)
{
	struct bytes rest = bytes_str(text_get(t, key)), from, dots;
	int32_t a, b;

	if (rest.len != 2 * CLOCK_DAY_LEN + 2 ||
	    bytes_take(&rest, CLOCK_DAY_LEN, &from) != ERR_OK ||
	    bytes_take(&rest, 2, &dots) != ERR_OK ||
	    !bytes_equal(dots, bytes_str("..")) ||
	    clock_parse_day(from, &a) != ERR_OK ||
	    clock_parse_day(rest, &b) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0, "%s: not a period like "
		    "2020-04-01..2020-04-30", key);
	if (a > b)
		return err_at(info, ERR_RANGE, 0,
		    "%s: ends before it begins", key);
	*ret_from = a;
	*ret_to = b;
	return ERR_OK;
}

enum err
values_words(const struct text *t, const char *key, size_t max,
    struct words *ret, struct err_info *info)
{
	enum err e = words_parse(text_get(t, key), max, ret);

	switch ((int)e) {
	case ERR_OK:
		return ERR_OK;
	case ERR_DUPLICATE:
		return err_at(info, e, 0, "%s: something is named twice", key);
	case ERR_LIMIT:
		return err_at(info, e, 0, "%s: more than %zu items", key, max);
	case ERR_SYNTAX:
		return err_at(info, e, 0,
		    "%s: items must be separated by one space", key);
	default:
		return e;
	}
}

enum err
values_one_of(const struct text *t, const char *key, const char *const *words,
    size_t *ret, struct err_info *info)
{
	const char *value = text_get(t, key);
	size_t i;

	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], value) == 0) {
			*ret = i;
			return ERR_OK;
		}
	}
	return err_at(info, ERR_UNKNOWN, 0, "%s: a word nobody defined", key);
}

enum err
values_uint(struct bytes text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i;

	if (text.len < 1 || text.len > 18 ||
	    (text.len > 1 && text.data[0] == '0'))
		return ERR_SYNTAX;
	for (i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return ERR_SYNTAX;
		v = v * 10 + (uint64_t)(text.data[i] - '0');
	}
	if (v < min || v > max)
		return ERR_RANGE;
	*ret = v;
	return ERR_OK;
}

enum err
values_survey(const struct text *t, const char *key, char ret_name[33],
    unsigned *ret_version, uint8_t *ret_sha256, struct err_info *info)
{
	struct bytes rest = bytes_str(text_get(t, key)), name = {0};
	struct bytes version = {0}, digest = {0}, none;
	uint8_t sha256[32];
	uint64_t v;

	if (!text_list_next(&rest, &name) || !grammar_is_name(name) ||
	    !text_list_next(&rest, &version) ||
	    values_uint(version, 1, 65535, &v) != ERR_OK ||
	    (ret_sha256 != NULL && (!text_list_next(&rest, &digest) ||
	    decode_hex(digest, sha256, sizeof(sha256)) != ERR_OK)) ||
	    text_list_next(&rest, &none))
		return err_at(info, ERR_SYNTAX, 0, "%s: not \"NAME VERSION%s\"",
		    key, ret_sha256 != NULL ? " SHA256" : "");
	memcpy(ret_name, name.data, name.len);
	ret_name[name.len] = '\0';
	*ret_version = (unsigned)v;
	if (ret_sha256 != NULL)
		memcpy(ret_sha256, sha256, sizeof(sha256));
	return ERR_OK;
}

enum err
values_purpose(const struct text *t, struct words *ret_purpose,
    struct words *ret_disease, struct err_info *info)
{
	size_t i;

	RETURN_IF(values_words(t, "purpose", 32, ret_purpose, info));
	RETURN_IF(values_words(t, "disease", 64, ret_disease, info));
	if (ret_purpose->len == 0)
		return err_at(info, ERR_SYNTAX, 0,
		    "purpose: at least one DUO code is needed");
	for (i = 0; i < ret_purpose->len; i++)
		if (duo_find(ret_purpose->items[i]) == NULL)
			return err_at(info, ERR_UNKNOWN, 0,
			    "purpose: item %zu is no DUO code", i + 1);
	for (i = 0; i < ret_disease->len; i++)
		if (!grammar_is_disease(bytes_str(ret_disease->items[i])))
			return err_at(info, ERR_SYNTAX, 0, "disease: item %zu "
			    "is not of the form MONDO:0100096", i + 1);
	return ERR_OK;
}

void
values_put(struct text_writer *w, const char *key, const char *value)
{
	text_put(w, key, value != NULL ? value : "-");
}

void
values_put_words(struct text_writer *w, const char *key,
    const struct words *words)
{
	CLEANUP(buf_release) struct buf list = {0};
	enum err e = words_append(words, &list);

	if (e != ERR_OK && w->e == ERR_OK)
		w->e = e;
	text_put(w, key, buf_text(&list));
}

void
values_put_day(struct text_writer *w, const char *key, int has, int32_t day)
{
	char text[CLOCK_DAY_LEN + 1] = "-";

	if (has)
		clock_format_day(day, text);
	text_put(w, key, text);
}

void
values_put_period(struct text_writer *w, const char *key, int32_t from,
    int32_t to)
{
	char a[CLOCK_DAY_LEN + 1], b[CLOCK_DAY_LEN + 1];

	clock_format_day(from, a);
	clock_format_day(to, b);
	text_put_format(w, key, "%s..%s", a, b);
}

void
values_put_sha256(struct text_writer *w, const char *key, int has,
    const uint8_t sha256[32])
{
	if (has)
		text_put_hex(w, key, sha256, 32);
	else
		text_put(w, key, "-");
}

enum err
values_finish(struct buf *out, size_t len, enum err e)
{
	if (e != ERR_OK && out->len > len) {
		out->len = len;
		out->data[len] = '\0';
	}
	return e;
}
