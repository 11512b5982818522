/* app/serve/range.h - conditional and partial requests (RFC 9110 13, 14).
 *
 * One range of bytes; a list of several is not served in parts, which a server
 * may decide, and gets the whole.  Pure.
 */
#ifndef AZUKARI_APP_SERVE_RANGE_H
#define AZUKARI_APP_SERVE_RANGE_H

#include <stdint.h>

struct range_asked {
	const char *range, *if_range;           /* header values, or NULL */
	const char *if_none_match, *if_match;
	const char *etag;               /* strong, with its quotes */
	uint64_t bytes;                 /* of the whole */
};

struct range_served {
	unsigned status;                /* 200, 206, 304, 412, 416 */
	uint64_t first, len;
};

void range_decide(const struct range_asked *asked, struct range_served *ret);

#endif
