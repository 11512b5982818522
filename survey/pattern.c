/* survey/pattern.c - one pass, no backtracking: see the header for why that
 * is enough. */
#include "survey/pattern.h"

#include <string.h>

/* More than any text has characters. */
#define PATTERN_UNBOUNDED UINT16_MAX

struct cursor {
	const char *at;
	const char *why;        /* first offence */
};

static int
is_plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr(" -_/:@#", c));
}

static void
set_add(uint64_t set[2], unsigned c)
{
	set[c / 64] |= UINT64_C(1) << (c % 64);
}

static int
set_has(const uint64_t set[2], uint8_t c)
{
	return c < 128 && (set[c / 64] >> (c % 64) & 1);
}

/* One character of a class; a point needs no escape there. */
static int
is_class_char(char c)
{
	return is_plain(c) || c == '.';
}

static enum err
take_class(struct cursor *c, uint64_t set[2])
{
	for (c->at++; *c->at != ']'; c->at++) {
		unsigned first = (unsigned char)*c->at, last = first;

		if (!is_class_char(*c->at)) {
			c->why = "a class may hold letters, digits, spaces and "
			    "-_./:@# only";
			return ERR_UNSUPPORTED;
		}
		if (c->at[1] == '-' && c->at[2] != ']') {
			last = (unsigned char)c->at[2];
			if (!is_class_char(c->at[2]) || last < first) {
				c->why = "a range of a class runs backwards";
				return ERR_UNSUPPORTED;
			}
			c->at += 2;
		}
		for (; first <= last; first++)
			set_add(set, first);
	}
	c->at++;
	return ERR_OK;
}

/* A character as it stands, `\.` for the point, or a class. */
static enum err
take_item(struct cursor *c, uint64_t set[2])
{
	set[0] = set[1] = 0;
	if (*c->at == '[') {
		RETURN_IF(take_class(c, set));
	} else if (c->at[0] == '\\' && c->at[1] == '.') {
		set_add(set, '.');
		c->at += 2;
	} else if (is_plain(*c->at)) {
		set_add(set, (unsigned char)*c->at++);
	} else {
		c->why = "only characters, classes and counts are supported, "
		    "between ^ and $";
		return ERR_UNSUPPORTED;
	}
	if (set[0] != 0 || set[1] != 0)
		return ERR_OK;
	c->why = "a class is empty";
	return ERR_UNSUPPORTED;
}

static int
take_number(struct cursor *c, uint16_t *ret)
{
	unsigned v = 0, digits = 0;

	for (; *c->at >= '0' && *c->at <= '9' && digits < 4; digits++)
		v = v * 10 + (unsigned)(*c->at++ - '0');
	*ret = (uint16_t)v;
	return digits > 0 && v <= PATTERN_COUNT_MAX;
}

static enum err
take_braces(struct cursor *c, struct pattern_item *item)
{
	int ok;

	c->at++;
	ok = take_number(c, &item->min);
	item->max = item->min;
	if (ok && *c->at == ',') {
		c->at++;
		ok = take_number(c, &item->max);
	}
	if (ok && *c->at == '}' && item->max >= item->min && item->max > 0) {
		c->at++;
		return ERR_OK;
	}
	c->why = "a count must be {n} or {n,m} with 0 <= n <= m <= 255, m > 0";
	return ERR_UNSUPPORTED;
}

static enum err
take_count(struct cursor *c, struct pattern_item *item)
{
	item->min = item->max = 1;
	switch (*c->at) {
	case '{':
		return take_braces(c, item);
	case '?':
		item->min = 0;
		break;
	case '*':
		item->min = 0;
		item->max = PATTERN_UNBOUNDED;
		break;
	case '+':
		item->max = PATTERN_UNBOUNDED;
		break;
	default:
		return ERR_OK;
	}
	c->at++;
	return ERR_OK;
}

/* An item that may take more or fewer characters must not compete with what
 * can follow it: all items up to and with the next that cannot be empty. */
static int
is_one_pass(const struct pattern *p)
{
	size_t i, j;

	for (i = 0; i < p->len; i++) {
		const struct pattern_item *a = &p->items[i];

		for (j = i + 1; a->min != a->max && j < p->len; j++) {
			const struct pattern_item *b = &p->items[j];

			if ((a->set[0] & b->set[0]) != 0 ||
			    (a->set[1] & b->set[1]) != 0)
				return 0;
			if (b->min > 0)
				break;
		}
	}
	return 1;
}

static enum err
take_all(struct cursor *c, struct pattern *p)
{
	if (*c->at++ != '^') {
		c->why = "a pattern begins with ^ and ends with $";
		return ERR_UNSUPPORTED;
	}
	while (strcmp(c->at, "$") != 0) {
		struct pattern_item *item = &p->items[p->len];

		if (p->len == PATTERN_ITEMS_MAX) {
			c->why = "a pattern has at most 16 items";
			return ERR_UNSUPPORTED;
		}
		RETURN_IF(take_item(c, item->set));
		RETURN_IF(take_count(c, item));
		p->len++;
	}
	if (p->len > 0 && is_one_pass(p))
		return ERR_OK;
	c->why = p->len == 0 ? "the pattern is empty" :
	    "an item of variable length shares a character with what follows";
	return ERR_UNSUPPORTED;
}

enum err
pattern_parse(const char *text, struct pattern *ret, const char **ret_why)
{
	struct cursor c = {text, NULL};
	struct pattern p = {0};
	enum err e = take_all(&c, &p);

	if (e == ERR_OK)
		*ret = p;
	else if (ret_why != NULL)
		*ret_why = c.why;
	return e;
}

int
pattern_matches(const struct pattern *p, struct bytes text)
{
	size_t i, n, at = 0;

	if (p->len == 0)
		return 1;
	for (i = 0; i < p->len; i++) {
		const struct pattern_item *item = &p->items[i];

		for (n = 0; n < item->max && at < text.len &&
		    set_has(item->set, text.data[at]); n++)
			at++;
		if (n < item->min)
			return 0;
	}
	return at == text.len;
}

unsigned
pattern_digits(const struct pattern *p)
{
	/* Characters 48 to 57. */
	const uint64_t digits = UINT64_C(0x3ff) << 48;

	if (p->len != 1 || p->items[0].min != p->items[0].max ||
	    p->items[0].set[0] != digits || p->items[0].set[1] != 0)
		return 0;
	return p->items[0].min;
}
