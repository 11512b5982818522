/* vault/segment.c - the bytes of a segment. */
#include "vault/segment.h"

#include <string.h>

#include "keys/digest.h"

/* Two bits apart. */
static const uint8_t MAGIC[8] = "azkseg4";
static const uint8_t MAGIC_WIDE[8] = "azkseg2";
static const uint8_t MAGIC_FIRST[8] = "azkseg1";

static uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

#define KIND_SHIFT 13                   /* above the units of a length */

#define NO_RESPONDENT 0xffffffu         /* of three bytes */

/* A removed record has no units: only its id and tag. */
static void
put_entry(uint8_t p[SEGMENT_ENTRY_WIDE], const struct segment_entry *e)
{
	uint32_t units = (e->length - SEGMENT_SEALED_MIN) / SEGMENT_UNIT;
	uint32_t v = (uint32_t)e->kind << KIND_SHIFT | units;

	put_u32(p, e->respondent);
	p[4] = (uint8_t)(e->generation >> 8);
	p[5] = (uint8_t)e->generation;
	p[6] = (uint8_t)(v >> 8);
	p[7] = (uint8_t)v;
}

/* The same without the first byte of respondent and of generation, which are
 * 0, or 0xff and 0 where there is no respondent. */
static void
put_narrow(uint8_t p[SEGMENT_ENTRY_LEN],
    const uint8_t wide[SEGMENT_ENTRY_WIDE])
{
	memcpy(p, wide + 1, 3);
	memcpy(p + 3, wide + 5, 3);
}

static int
needs_wide(const struct segment_entry *e)
{
	return e->generation > UINT8_MAX ||
	    (e->respondent >= NO_RESPONDENT &&
	    e->respondent != SEGMENT_NO_RESPONDENT);
}

static uint32_t
get_respondent(const uint8_t *p, size_t entry_len)
{
	uint32_t v;

	if (entry_len != SEGMENT_ENTRY_LEN)
		return get_u32(p);
	v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
	return v == NO_RESPONDENT ? SEGMENT_NO_RESPONDENT : v;
}

/* respondent u32 | generation u16 | kind | flags | length u32 */
static struct segment_entry
get_first(const uint8_t p[SEGMENT_ENTRY_FIRST])
{
	return (struct segment_entry){
		.respondent = get_u32(p),
		.generation = (uint16_t)(p[4] << 8 | p[5]),
		.kind = p[6], .flags = p[7], .length = get_u32(p + 8),
	};
}

static struct segment_entry
get_entry(const uint8_t *p, size_t entry_len)
{
	if (entry_len == SEGMENT_ENTRY_FIRST)
		return get_first(p);

	const uint8_t *end = p + entry_len;
	uint32_t v = (uint32_t)end[-2] << 8 | end[-1];
	uint32_t units = v & SEGMENT_UNITS_MAX;

	return (struct segment_entry){
		.respondent = get_respondent(p, entry_len),
		.generation = (uint16_t)(entry_len == SEGMENT_ENTRY_WIDE ?
		    p[4] << 8 | p[5] : p[3]),
		.kind = (uint8_t)(v >> KIND_SHIFT),
		.flags = units == 0 ? SEGMENT_REMOVED : 0,
		.length = SEGMENT_SEALED_MIN + units * SEGMENT_UNIT,
	};
}

static int
entry_is_good(const struct segment_entry *e)
{
	if (e->kind < 1 || e->kind > 5 || (e->flags & ~SEGMENT_REMOVED) != 0)
		return 0;
	if ((e->kind == 5) != (e->respondent == SEGMENT_NO_RESPONDENT))
		return 0;
	if (e->flags & SEGMENT_REMOVED)
		return e->length == SEGMENT_SEALED_MIN;
	return e->length > SEGMENT_SEALED_MIN &&
	    e->length <= SEGMENT_SEALED_MAX &&
	    (e->length - SEGMENT_SEALED_MIN) % SEGMENT_UNIT == 0;
}

void
segment_builder_clear(struct segment_builder *b)
{
	buf_clear(&b->entries);
	buf_clear(&b->sealed);
	b->count = b->removed = 0;
	b->wide = 0;
}

void
segment_builder_release(struct segment_builder *b)
{
	buf_release(&b->entries);
	buf_release(&b->sealed);
	b->count = b->removed = 0;
	b->wide = 0;
}

size_t
segment_builder_len(const struct segment_builder *b)
{
	return SEGMENT_HEAD_LEN + b->sealed.len + (size_t)b->count *
	    (b->wide ? SEGMENT_ENTRY_WIDE : SEGMENT_ENTRY_LEN);
}

enum err
segment_builder_room(struct segment_builder *b,
    const struct segment_entry *entry, uint8_t **ret)
{
	if (!entry_is_good(entry))
		return ERR_RANGE;
	if (b->count >= SEGMENT_RECORDS_MAX || SEGMENT_HEAD_LEN +
	    b->entries.len + SEGMENT_ENTRY_WIDE + b->sealed.len +
	    entry->length > SEGMENT_BYTES_MAX)
		return ERR_LIMIT;
	RETURN_IF(buf_reserve(&b->entries, SEGMENT_ENTRY_WIDE));
	RETURN_IF(buf_reserve(&b->sealed, entry->length));
	put_entry(b->entries.data + b->entries.len, entry);
	b->entries.len += SEGMENT_ENTRY_WIDE;
	b->wide |= needs_wide(entry);
	*ret = b->sealed.data + b->sealed.len;
	b->sealed.len += entry->length;
	b->count++;
	b->removed += (entry->flags & SEGMENT_REMOVED) != 0;
	return ERR_OK;
}

enum err
segment_builder_add(struct segment_builder *b,
    const struct segment_entry *entry, const uint8_t *sealed)
{
	uint8_t *room;

	RETURN_IF(segment_builder_room(b, entry, &room));
	memcpy(room, sealed, entry->length);
	return ERR_OK;
}

static enum err
append_narrow(const struct segment_builder *b, struct buf *out)
{
	uint8_t entry[SEGMENT_ENTRY_LEN];

	for (size_t i = 0; i < b->entries.len; i += SEGMENT_ENTRY_WIDE) {
		put_narrow(entry, b->entries.data + i);
		RETURN_IF(buf_append(out, entry, sizeof(entry)));
	}
	return ERR_OK;
}

enum err
segment_builder_finish(const struct segment_builder *b, struct buf *out)
{
	if (b->count == 0)
		return ERR_STATE;
	RETURN_IF(buf_reserve(out, segment_builder_len(b)));
	RETURN_IF(buf_append(out, b->wide ? MAGIC_WIDE : MAGIC,
	    sizeof(MAGIC)));
	RETURN_IF(buf_append_u32be(out, b->count));
	RETURN_IF(b->wide ? buf_append(out, b->entries.data, b->entries.len) :
	    append_narrow(b, out));
	return buf_append(out, b->sealed.data, b->sealed.len);
}

static enum err
check_entries(struct bytes b, uint32_t count, size_t entry_len)
{
	size_t at = SEGMENT_HEAD_LEN + (size_t)count * entry_len;

	if (count == 0 || count > SEGMENT_RECORDS_MAX || at > b.len)
		return ERR_CORRUPT;
	for (uint32_t i = 0; i < count; i++) {
		const struct segment_entry e = get_entry(b.data +
		    SEGMENT_HEAD_LEN + (size_t)i * entry_len, entry_len);

		if (!entry_is_good(&e) || e.length > b.len - at)
			return ERR_CORRUPT;
		at += e.length;
	}
	return at == b.len ? ERR_OK : ERR_CORRUPT;
}

/* 0: a magic that nobody writes. */
static size_t
entry_len_of(const uint8_t magic[sizeof(MAGIC)])
{
	if (memcmp(magic, MAGIC, sizeof(MAGIC)) == 0)
		return SEGMENT_ENTRY_LEN;
	if (memcmp(magic, MAGIC_WIDE, sizeof(MAGIC)) == 0)
		return SEGMENT_ENTRY_WIDE;
	return memcmp(magic, MAGIC_FIRST, sizeof(MAGIC)) == 0 ?
	    SEGMENT_ENTRY_FIRST : 0;
}

enum err
segment_view_open(struct bytes bytes, struct segment_view *ret)
{
	size_t entry_len;
	uint32_t count;

	if (bytes.len < SEGMENT_HEAD_LEN || bytes.len > SEGMENT_BYTES_MAX)
		return ERR_CORRUPT;
	entry_len = entry_len_of(bytes.data);
	if (entry_len == 0)
		return ERR_UNSUPPORTED;
	count = get_u32(bytes.data + sizeof(MAGIC));
	RETURN_IF(check_entries(bytes, count, entry_len));
	*ret = (struct segment_view){
		.bytes = bytes, .entry_len = entry_len, .count = count,
		.at = SEGMENT_HEAD_LEN + (size_t)count * entry_len,
	};
	return ERR_OK;
}

uint32_t
segment_view_peek(const struct segment_view *v, uint32_t ahead)
{
	if (ahead >= v->count - v->next)
		return SEGMENT_NO_RESPONDENT;
	return get_respondent(v->bytes.data + SEGMENT_HEAD_LEN +
	    (size_t)(v->next + ahead) * v->entry_len, v->entry_len);
}

int
segment_view_next(struct segment_view *v, struct segment_record *ret)
{
	if (v->next == v->count)
		return 0;
	ret->entry = get_entry(v->bytes.data + SEGMENT_HEAD_LEN +
	    (size_t)v->next * v->entry_len, v->entry_len);
	ret->sealed = v->bytes.data + v->at;
	v->at += ret->entry.length;
	v->next++;
	return 1;
}

/* Id and Poly1305 tag, one behind the other. */
static void
stub_of(const struct segment_record *r,
    uint8_t ret[SEGMENT_ID_LEN + SEGMENT_TAG_LEN])
{
	memcpy(ret, r->sealed, SEGMENT_ID_LEN);
	memcpy(ret + SEGMENT_ID_LEN,
	    r->sealed + r->entry.length - SEGMENT_TAG_LEN, SEGMENT_TAG_LEN);
}

enum err
segment_leaf(struct bytes bytes, uint8_t ret[SEGMENT_LEAF_LEN])
{
	CLEANUP(buf_release) struct buf stubs = {0};
	struct segment_view v;
	struct segment_record r;
	uint8_t stub[SEGMENT_ID_LEN + SEGMENT_TAG_LEN];

	RETURN_IF(segment_view_open(bytes, &v));
	RETURN_IF(buf_reserve(&stubs, 1 + (size_t)v.count * sizeof(stub)));
	RETURN_IF(buf_append_u8(&stubs, 0));
	while (segment_view_next(&v, &r)) {
		stub_of(&r, stub);
		RETURN_IF(buf_append(&stubs, stub, sizeof(stub)));
	}
	digest_sha256(bytes_buf(&stubs), ret);
	return ERR_OK;
}

static enum err
add_stub(struct segment_builder *to, const struct segment_record *r)
{
	uint8_t stub[SEGMENT_ID_LEN + SEGMENT_TAG_LEN];
	struct segment_entry e = r->entry;

	stub_of(r, stub);
	e.flags |= SEGMENT_REMOVED;
	e.length = sizeof(stub);
	return segment_builder_add(to, &e, stub);
}

enum err
segment_rewrite(struct bytes from, segment_drop_fn drop, void *ctx,
    struct buf *out, uint32_t *ret_dropped)
{
	CLEANUP(segment_builder_release) struct segment_builder to = {0};
	struct segment_view v;
	struct segment_record r;
	uint32_t dropped = 0;

	RETURN_IF(segment_view_open(from, &v));
	while (segment_view_next(&v, &r)) {
		if (!(r.entry.flags & SEGMENT_REMOVED) &&
		    drop(ctx, v.next - 1, &r)) {
			RETURN_IF(add_stub(&to, &r));
			dropped++;
		} else {
			RETURN_IF(segment_builder_add(&to, &r.entry,
			    r.sealed));
		}
	}
	RETURN_IF(segment_builder_finish(&to, out));
	*ret_dropped = dropped;
	return ERR_OK;
}
