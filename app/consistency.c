#include "app/consistency.h"

#include <stdlib.h>
#include <string.h>

#include "core/encode.h"

static const char *const keys[] = {"origin", "size", "root", "from-#", NULL};
static const struct text_schema schema = {.kind = "consistency", .keys = keys};

int consistency_has(const struct consistency_points *p,
    const struct consistency_point *point)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->items[i].size == point->size &&
		    memcmp(p->items[i].root, point->root,
		    sizeof(point->root)) == 0)
			return 1;
	return 0;
}

void consistency_add(struct consistency_points *p,
    const struct consistency_point *point)
{
	if (consistency_has(p, point))
		return;
	if (p->len == CONSISTENCY_POINTS_MAX) {
		memmove(p->items, p->items + 1,
		    (p->len - 1) * sizeof(p->items[0]));
		p->len--;
	}
	p->items[p->len++] = *point;
}

/* ---- writing ---- */

static enum err write_from(struct log *log, uint64_t old_size,
    uint64_t size, struct buf *out)
{
	CLEANUP(buf_release) struct buf proof = {0};
	uint8_t root[MERKLE_PROOF_HASH_LEN];
	char hex[2 * MERKLE_PROOF_HASH_LEN + 1];

	RETURN_IF(log_root(log, old_size, root));
	RETURN_IF(log_consistency(log, old_size, size, &proof));
	encode_hex(root, sizeof(root), hex);
	RETURN_IF(buf_printf(out, "%llu %s", (unsigned long long)old_size,
	    hex));
	for (size_t at = 0; at < proof.len; at += MERKLE_PROOF_HASH_LEN) {
		RETURN_IF(buf_append_str(out, " "));
		RETURN_IF(encode_b64(proof.data + at, MERKLE_PROOF_HASH_LEN, 1,
		    out));
	}
	return ERR_OK;
}

static enum err write_froms(struct text_writer *w, struct log *log,
    const uint64_t *sizes, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len; i++) {
		CLEANUP(buf_release) struct buf line = {0};

		if (sizes[i] == 0 || sizes[i] > log_size(log))
			continue;
		RETURN_IF(write_from(log, sizes[i], log_size(log), &line));
		text_put_run(w, "from-#", run++, buf_text(&line));
	}
	return ERR_OK;
}

enum err consistency_write(struct log *log, const uint64_t *sizes, size_t len,
    struct buf *out)
{
	const struct checkpoint *now = log_checkpoint(log);
	struct text_writer w;
	size_t start = out->len;
	enum err e;

	text_begin(&w, &schema, out);
	text_put(&w, "origin", now->origin);
	text_put_uint(&w, "size", now->size);
	text_put_hex(&w, "root", now->root, sizeof(now->root));
	e = write_froms(&w, log, sizes, len);
	if (e == ERR_OK)
		e = text_end(&w, NULL);
	if (e != ERR_OK)
		out->len = start;
	return e;
}

/* ---- reading ---- */

static enum err parse_size(struct bytes text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text.len == 0 || text.len > 19 ||
	    (text.data[0] == '0' && text.len > 1))
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return ERR_SYNTAX;
		v = v * 10 + (uint64_t)(text.data[i] - '0');
	}
	*ret = v;
	return ERR_OK;
}

static enum err parse_from(const char *value, struct consistency_point *ret,
    struct buf *proof)
{
	struct bytes rest = bytes_str(value), item;
	uint8_t hash[MERKLE_PROOF_HASH_LEN];
	size_t len;

	if (!text_list_next(&rest, &item))
		return ERR_SYNTAX;
	RETURN_IF(parse_size(item, &ret->size));
	if (!text_list_next(&rest, &item))
		return ERR_SYNTAX;
	RETURN_IF(decode_hex(item, ret->root, sizeof(ret->root)));
	while (text_list_next(&rest, &item)) {
		RETURN_IF(decode_b64(item, 1, hash, sizeof(hash), &len));
		if (len != sizeof(hash))
			return ERR_SYNTAX;
		RETURN_IF(buf_append(proof, hash, sizeof(hash)));
	}
	return ERR_OK;
}

static enum err check_from(const char *value, const struct checkpoint *now,
    struct consistency_points *ret)
{
	CLEANUP(buf_release) struct buf proof = {0};
	struct consistency_point point;

	RETURN_IF(parse_from(value, &point, &proof));
	RETURN_IF(merkle_proof_check_consistency(point.size, point.root,
	    now->size, now->root, bytes_buf(&proof)));
	if (ret->len == CONSISTENCY_POINTS_MAX)
		return ERR_LIMIT;
	ret->items[ret->len++] = point;
	return ERR_OK;
}

static enum err check_now(const struct text *t, const struct checkpoint *now,
    struct err_info *info)
{
	uint8_t root[MERKLE_PROOF_HASH_LEN];
	uint64_t size;

	RETURN_IF(text_get_uint(t, "size", 1, MERKLE_PROOF_SIZE_MAX, &size,
	    info));
	RETURN_IF(text_get_hex(t, "root", root, sizeof(root), info));
	if (strcmp(text_get(t, "origin"), now->origin) != 0 ||
	    size != now->size || memcmp(root, now->root, sizeof(root)) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "it is about another checkpoint than the proofs");
	return ERR_OK;
}

enum err consistency_check(struct bytes text, const struct checkpoint *now,
    struct consistency_points *ret, struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct consistency_points points = {.len = 0};

	RETURN_IF(text_parse(text, &schema, &t, info));
	RETURN_IF(check_now(t, now, info));
	for (size_t i = 0; i < text_run_len(t, "from-#"); i++) {
		enum err e = check_from(text_run_get(t, "from-#", i), now,
		    &points);

		if (e != ERR_OK)
			return err_at(info, e, 0,
			    "from-%02zu: the proof does not hold", i + 1);
	}
	*ret = points;
	return ERR_OK;
}
