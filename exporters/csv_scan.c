#include "exporters/csv_scan.h"

#include <string.h>

#include "core/csv.h"
#include "core/secret.h"

/* Bytes of ${piece} up to the end of the present record, LF included, and in
 * ${ret_end} whether it ends there. */
static size_t
find_end(struct csv_scan *s, struct bytes piece, int *ret_end)
{
	const uint8_t *at = piece.data, *end = piece.data + piece.len;
	const uint8_t *lf, *quote;

	*ret_end = 0;
	while (at < end) {
		lf = memchr(at, '\n', (size_t)(end - at));
		quote = memchr(at, '"', (size_t)((lf == NULL ? end : lf) - at));
		if (quote != NULL) {
			s->in_quotes = !s->in_quotes;
			at = quote + 1;
			continue;
		}
		if (lf == NULL)
			return piece.len;
		at = lf + 1;
		if (!s->in_quotes) {
			*ret_end = 1;
			break;
		}
	}
	return (size_t)(at - piece.data);
}

static enum err
out(struct csv_scan *s, struct bytes piece)
{
	if (s->bytes == NULL || piece.len == 0)
		return ERR_OK;
	return s->bytes(s->ctx, piece);
}

static enum err
decide(struct csv_scan *s)
{
	struct bytes head = {s->head, s->head_len};

	s->keep = 1;
	s->decided = 1;
	RETURN_IF(s->record(s->ctx, head, &s->keep));
	return s->keep ? out(s, head) : ERR_OK;
}

/* More bytes of the present record; ${end}: the last ones. */
static enum err
take(struct csv_scan *s, struct bytes piece, int end)
{
	size_t n = 0;

	if (!s->decided) {
		n = CSV_SCAN_HEAD - s->head_len;
		n = piece.len < n ? piece.len : n;
		memcpy(s->head + s->head_len, piece.data, n);
		s->head_len += n;
		if (s->head_len == CSV_SCAN_HEAD || end)
			RETURN_IF(decide(s));
	}
	if (s->decided && s->keep)
		RETURN_IF(out(s, bytes_of(piece.data + n, piece.len - n)));
	if (end) {
		s->records++;
		s->head_len = 0;
		s->decided = 0;
	}
	return ERR_OK;
}

static enum err
take_header(struct csv_scan *s, struct bytes piece, int end)
{
	if (s->header.len + piece.len > CSV_RECORD_MAX)
		return ERR_LIMIT;
	s->header_done = end;
	RETURN_IF(buf_append(&s->header, piece.data, piece.len));
	return out(s, piece);
}

enum err
csv_scan_feed(struct csv_scan *s, struct bytes piece)
{
	struct bytes record;
	int end;

	while (piece.len > 0) {
		record = bytes_of(piece.data, find_end(s, piece, &end));
		RETURN_IF(s->header_done ? take(s, record, end) :
		    take_header(s, record, end));
		piece.data += record.len;
		piece.len -= record.len;
	}
	return ERR_OK;
}

enum err
csv_scan_end(const struct csv_scan *s)
{
	return s->header_done && !s->in_quotes && !s->decided &&
	    s->head_len == 0 ? ERR_OK : ERR_TRUNCATED;
}

void
csv_scan_release(struct csv_scan *s)
{
	buf_release(&s->header);
	secret_wipe(s, sizeof(*s));
}

enum err
csv_scan_cell(struct bytes head, unsigned i, struct bytes *ret)
{
	const uint8_t *lf = memchr(head.data, '\n', head.len);
	const uint8_t *end = lf != NULL ? lf : head.data + head.len;
	const uint8_t *from = head.data, *comma;

	for (;; i--, from = comma + 1) {
		comma = memchr(from, ',', (size_t)(end - from));
		if (i == 0 || comma == NULL)
			break;
	}
	/* The last cell of a line ends with the line. */
	if (i > 0 || (comma == NULL && lf == NULL))
		return ERR_CORRUPT;
	*ret = bytes_of(from, (size_t)((comma != NULL ? comma : lf) - from));
	return memchr(head.data, '"', (size_t)(ret->data + ret->len -
	    head.data)) == NULL ? ERR_OK : ERR_CORRUPT;
}
