#include "app/serve/front.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	unsigned status;
} faults[FRONT_FAULTS] = {
	[FRONT_FINE] = {"fine", 200},
	[FRONT_METHOD] = {"method", 501},
	[FRONT_VERSION] = {"version", 505},
	[FRONT_TARGET] = {"target", 400},
	[FRONT_LINES] = {"lines", 400},
	[FRONT_NAME] = {"header-name", 400},
	[FRONT_VALUE] = {"header-value", 400},
	[FRONT_HEADERS] = {"headers-too-large", 431},
	[FRONT_HOST] = {"host", 400},
	[FRONT_LENGTH] = {"content-length", 400},
	[FRONT_CODING] = {"transfer-encoding", 501},
	[FRONT_FRAMING] = {"framing", 400},
	[FRONT_EXPECT] = {"expect", 417},
};

const char *front_name(enum front_fault f)
{
	MUST_HOLD(f < FRONT_FAULTS);
	return faults[f].name;
}

unsigned front_status(enum front_fault f)
{
	MUST_HOLD(f < FRONT_FAULTS);
	return faults[f].status;
}

void front_fault(struct front *f, enum front_fault fault)
{
	if (f->fault == FRONT_FINE)
		f->fault = fault;
}

static int is_token(struct bytes b)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < b.len; i++) {
		int c = b.data[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z'))
			continue;
		if (c == '\0' || strchr(others, c) == NULL)
			return 0;
	}
	return b.len > 0;
}

static int is_value(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if ((b.data[i] < 0x20 && b.data[i] != '\t') ||
		    b.data[i] >= 0x7f)
			return 0;
	return 1;
}

static int is_named(struct bytes name, const char *what)
{
	return name.len == strlen(what) &&
	    strncasecmp((const char *)name.data, what, name.len) == 0;
}

/* ---- the request line ---- */

static int method_is_known(const char *method)
{
	static const char *const known[] = {"GET", "HEAD", "POST", "PUT",
	    "DELETE"};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i], method) == 0)
			return 1;
	return 0;
}

static int ends_segment(char c)
{
	return c == '\0' || c == '/' || c == '?';
}

/* Empty, `.` or `..`, but for the last one, which may be empty. */
static int segment_is_odd(const char *s)
{
	if (s[0] == '/')
		return 1;
	if (s[0] != '.')
		return 0;
	return ends_segment(s[1]) || (s[1] == '.' && ends_segment(s[2]));
}

/* Ids need no escapes, so a path has none; nor has it empty or dotted
 * segments, which two readers may resolve differently. */
static int target_is_plain(const char *target)
{
	size_t path = strcspn(target, "?");

	if (target[0] != '/')
		return 0;
	for (const char *c = target; *c != '\0'; c++)
		if (*c <= 0x20 || *c >= 0x7f || strchr("\"#<>\\^`{|}", *c))
			return 0;
	for (size_t i = 0; i < path; i++)
		if (target[i] == '%' ||
		    (target[i] == '/' && segment_is_odd(target + i + 1)))
			return 0;
	return 1;
}

void front_line(struct front *f, const char *method, const char *version,
    const char *target)
{
	if (strcmp(version, "HTTP/1.1") != 0)
		front_fault(f, FRONT_VERSION);
	if (!method_is_known(method))
		front_fault(f, FRONT_METHOD);
	if (strlen(target) > FRONT_TARGET_MAX || !target_is_plain(target))
		front_fault(f, FRONT_TARGET);
}

/* ---- headers ---- */

static void take_length(struct front *f, struct bytes value)
{
	uint64_t n = 0;

	f->lengths++;
	if (value.len == 0 || value.len > 18) {
		front_fault(f, FRONT_LENGTH);
		return;
	}
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			front_fault(f, FRONT_LENGTH);
		n = n * 10 + (uint64_t)(value.data[i] - '0');
	}
	f->length = n;
}

static void take_coding(struct front *f, struct bytes value)
{
	f->codings++;
	f->chunked = is_named(value, "chunked");
	if (!f->chunked)
		front_fault(f, FRONT_CODING);
}

void front_header(struct front *f, struct bytes name, struct bytes value)
{
	f->headers++;
	f->bytes += name.len + value.len + 4;
	if (!is_token(name)) {
		front_fault(f, FRONT_NAME);
		return;
	}
	if (!is_value(value))
		front_fault(f, FRONT_VALUE);
	if (f->headers > FRONT_HEADERS_MAX || name.len > FRONT_NAME_MAX ||
	    value.len > FRONT_VALUE_MAX || f->bytes > FRONT_HEADERS_BYTES_MAX)
		front_fault(f, FRONT_HEADERS);
	if (is_named(name, "host"))
		f->hosts++;
	else if (is_named(name, "content-length"))
		take_length(f, value);
	else if (is_named(name, "transfer-encoding"))
		take_coding(f, value);
	else if (is_named(name, "expect") && !is_named(value, "100-continue"))
		front_fault(f, FRONT_EXPECT);
	else if (is_named(name, "upgrade") || is_named(name, "http2-settings"))
		front_fault(f, FRONT_VERSION);
}

enum front_fault front_end(struct front *f)
{
	if (f->lengths + f->codings > 1)
		front_fault(f, FRONT_FRAMING);
	if (f->hosts != 1)
		front_fault(f, FRONT_HOST);
	return f->fault;
}

int front_has_body(const struct front *f)
{
	return f->chunked || f->length > 0;
}
