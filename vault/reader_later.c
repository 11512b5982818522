/* vault/reader_later.c - consents given after an answer, for the texts that
 * cover earlier answers: read once from the register epochs of the plan. */
#include "vault/reader_internal.h"

#include <stdlib.h>
#include <string.h>

static enum err
keep(struct reader *r, const struct reader_later *l)
{
	if (r->later_len == r->later_cap) {
		size_t cap = r->later_cap == 0 ? 1024 : r->later_cap * 2;
		void *p = reallocarray(r->later, cap, sizeof(*r->later));

		if (p == NULL)
			return ERR_NOMEM;
		r->later = p;
		r->later_cap = cap;
	}
	r->later[r->later_len++] = *l;
	return ERR_OK;
}

/* Index of an accepted text that covers earlier answers. */
static int
find_text(const struct reader *r, const uint8_t sha256[DIGEST_LEN],
    uint16_t *ret)
{
	for (size_t i = 0; i < grant_texts_len(r->grant) && i < UINT16_MAX; i++)
		if (memcmp(grant_text_sha256(r->grant, i), sha256,
		    DIGEST_LEN) == 0) {
			*ret = (uint16_t)i;
			return reader_judge_text_covers_earlier(r, i);
		}
	return 0;
}

static enum err
take_consent(struct reader *r, const struct epoch_lists *lists,
    uint32_t respondent, struct bytes plain)
{
	struct record_plain p;
	struct record_plain_consent c;
	struct reader_later l = {.respondent = respondent};

	RETURN_IF(record_plain_parse(RECORD_CONSENT, lists, plain, &p));
	RETURN_IF(record_plain_consent_read(lists, p.body, &c));
	if (!find_text(r, c.text_sha256, &l.text))
		return ERR_OK;
	l.scopes = c.scopes;
	l.given_unix_s = p.event_unix_s;
	return keep(r, &l);
}

static enum err
open_consent(struct reader *r, const struct reader_segment *g,
    const struct segment_record *rec, struct secret_pool *plain)
{
	struct record_ref ref;
	int gone;

	if (rec->entry.kind != RECORD_CONSENT ||
	    rec->entry.flags & SEGMENT_REMOVED)
		return ERR_OK;
	RETURN_IF(reader_judge_ref(r, &rec->entry, &ref, &gone));
	if (gone)
		return ERR_OK;
	RETURN_IF(record_open(r->keys[g->epoch], &ref,
	    bytes_of(rec->sealed, rec->entry.length), plain->data));
	return take_consent(r, r->lists[g->epoch], rec->entry.respondent,
	    bytes_of(plain->data, rec->entry.length - RECORD_OVERHEAD));
}

static enum err
read_segment(struct reader *r, const struct reader_segment *g,
    struct buf *bytes, struct secret_pool *plain)
{
	struct segment_view v;
	struct segment_record rec;

	RETURN_IF(reader_pass_read(r->db, g, bytes, &v));
	while (segment_view_next(&v, &rec))
		RETURN_IF(open_consent(r, g, &rec, plain));
	return ERR_OK;
}

static int
by_respondent(const void *a, const void *b)
{
	const struct reader_later *x = a, *y = b;

	if (x->respondent != y->respondent)
		return x->respondent < y->respondent ? -1 : 1;
	return x->given_unix_s < y->given_unix_s ? -1 :
	    x->given_unix_s > y->given_unix_s;
}

enum err
reader_later_collect(struct reader *r)
{
	CLEANUP(secret_pool_release) struct secret_pool plain = {0};
	CLEANUP(buf_release) struct buf bytes = {0};

	if (r->consents.len == 0)
		return ERR_OK;
	RETURN_IF(secret_pool_init(&plain, SEGMENT_SEALED_MAX));
	for (size_t i = 0; i < r->consents.len; i++)
		RETURN_IF(read_segment(r, &r->consents.items[i], &bytes,
		    &plain));
	if (r->later_len > 1)
		qsort(r->later, r->later_len, sizeof(*r->later),
		    by_respondent);
	return ERR_OK;
}

const struct reader_later *
reader_later_find(const struct reader *r, uint32_t respondent)
{
	size_t from = 0, to = r->later_len;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (r->later[mid].respondent < respondent)
			from = mid + 1;
		else
			to = mid;
	}
	return from < r->later_len &&
	    r->later[from].respondent == respondent ? &r->later[from] : NULL;
}
