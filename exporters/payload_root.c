#include "exporters/payload_internal.h"

#include <string.h>

#include "core/csv.h"

#define LEAF_PREFIX "azukari-consent-v1\n"

/* A whole line without its LF. */
static void
add_leaf(struct payload_root *r, struct bytes line)
{
	struct bytes parts[2] = {bytes_str(LEAF_PREFIX), line};
	uint8_t leaf[MERKLE_HASH_LEN];

	if (r->header_seen++ == 0)
		return;
	r->header_seen = 1;
	merkle_leaf_parts(parts, 2, leaf);
	merkle_range_add(&r->range, leaf);
}

enum err
payload_root_feed(struct payload_root *r, struct bytes piece)
{
	const uint8_t *lf;
	size_t n;

	while (piece.len > 0) {
		lf = memchr(piece.data, '\n', piece.len);
		n = lf == NULL ? piece.len : (size_t)(lf - piece.data);
		if (r->line.len + n > CSV_RECORD_MAX)
			return ERR_LIMIT;
		if (lf == NULL)
			return buf_append(&r->line, piece.data, n);
		if (r->line.len > 0) {
			RETURN_IF(buf_append(&r->line, piece.data, n));
			add_leaf(r, bytes_buf(&r->line));
			buf_clear(&r->line);
		} else {
			add_leaf(r, bytes_of(piece.data, n));
		}
		piece.data += n + 1;
		piece.len -= n + 1;
	}
	return ERR_OK;
}

enum err
payload_root_end(const struct payload_root *r, uint8_t ret[DIGEST_LEN])
{
	if (r->line.len > 0 || !r->header_seen)
		return ERR_TRUNCATED;
	merkle_range_root(&r->range, ret);
	return ERR_OK;
}

void
payload_root_release(struct payload_root *r)
{
	buf_release(&r->line);
	memset(r, 0, sizeof(*r));
}

enum err
payload_root_run(void *ctx, unsigned tag, struct bytes block)
{
	return tag == PAYLOAD_TAG_CONSENTS ? payload_root_feed(ctx, block) :
	    ERR_OK;
}
