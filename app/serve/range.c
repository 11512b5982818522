#include "app/serve/range.h"

#include <string.h>
#include <strings.h>

#include "core/err.h"

/* 1 when ${list} has ${etag}, or is `*`.  By strong comparison. */
static int list_has(const char *list, const char *etag)
{
	size_t len = strlen(etag);

	if (strcmp(list, "*") == 0)
		return 1;
	while (*list != '\0') {
		size_t item;

		list += strspn(list, ", \t");
		item = strcspn(list, ", \t");
		if (item == len && strncmp(list, etag, len) == 0)
			return 1;
		list += item;
	}
	return 0;
}

/* At most 18 digits; 0 when there is none. */
static size_t number(const char *text, uint64_t *ret)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 18)
		return 0;
	*ret = 0;
	for (size_t i = 0; i < len; i++)
		*ret = *ret * 10 + (uint64_t)(text[i] - '0');
	return len;
}

/* The last ${n} bytes. */
static int suffix(const char *text, uint64_t bytes, struct range_served *ret)
{
	uint64_t n;
	size_t len = number(text, &n);

	if (len == 0 || text[len] != '\0')
		return 0;
	if (n == 0 || bytes == 0) {
		ret->status = 416;
		return 1;
	}
	n = n > bytes ? bytes : n;
	*ret = (struct range_served){206, bytes - n, n};
	return 1;
}

/* 0: not one range of bytes, so it does not count. */
static int parse(const char *text, uint64_t bytes, struct range_served *ret)
{
	uint64_t first, last;
	size_t len;

	if (strncasecmp(text, "bytes=", 6) != 0)
		return 0;
	text += 6;
	if (text[0] == '-')
		return suffix(text + 1, bytes, ret);
	len = number(text, &first);
	if (len == 0 || text[len] != '-')
		return 0;
	text += len + 1;
	last = bytes == 0 ? 0 : bytes - 1;
	if (text[0] != '\0') {
		len = number(text, &last);
		if (len == 0 || text[len] != '\0' || last < first)
			return 0;
	}
	if (first >= bytes) {
		ret->status = 416;
		return 1;
	}
	last = last >= bytes ? bytes - 1 : last;
	*ret = (struct range_served){206, first, last - first + 1};
	return 1;
}

void range_decide(const struct range_asked *a, struct range_served *ret)
{
	*ret = (struct range_served){200, 0, a->bytes};
	if (a->if_match != NULL && !list_has(a->if_match, a->etag)) {
		*ret = (struct range_served){412, 0, 0};
		return;
	}
	if (a->if_none_match != NULL && list_has(a->if_none_match, a->etag)) {
		*ret = (struct range_served){304, 0, 0};
		return;
	}
	if (a->range == NULL || (a->if_range != NULL &&
	    strcmp(a->if_range, a->etag) != 0))
		return;
	if (!parse(a->range, a->bytes, ret))
		*ret = (struct range_served){200, 0, a->bytes};
}
