#include "app/ops/officer_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "core/text.h"

#define FILE_MAX ((size_t)4 << 20)
#define KEY_HEX 16

static const char *const keys[] = {"owner", "origin", "size", "root",
	"also-#", "plan-#", NULL};
static const struct text_schema schema = {.kind = "seen", .keys = keys};

void officer_memory_release(struct officer_memory *m)
{
	free(m->plans);
	m->plans = NULL;
	m->plans_len = 0;
	buf_release(&m->charter);
	buf_release(&m->checkpoint);
	buf_release(&m->last_plan);
}

/* ---- reading ---- */

static enum err memory_dir(const char *state_dir, const struct identity *id,
    const char *owner, char ret[FS_PATH_MAX])
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_sha256_hex(bytes_of(identity_public(id)->ssh,
	    sizeof(identity_public(id)->ssh)), hex);
	return fs_path(ret, "%s/%s-%.*s", state_dir, owner, KEY_HEX, hex);
}

/* Absent is empty. */
static enum err read_file(const struct officer_memory *m, const char *name,
    struct buf *out, struct err_info *info)
{
	char path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(fs_path(path, "%s/%s", m->dir, name));
	(void)snprintf(info->file, sizeof(info->file), "%s", name);
	e = fs_read_file(path, FILE_MAX, out);
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	if (e == ERR_OK)
		info->file[0] = '\0';
	return e;
}

/* `SIZE ROOT` */
static enum err parse_point(const char *value, struct consistency_point *ret)
{
	struct bytes rest = bytes_str(value), size, root;
	char text[24];

	if (!text_list_next(&rest, &size) || !text_list_next(&rest, &root) ||
	    rest.len != 0 || size.len == 0 || size.len > 19)
		return ERR_SYNTAX;
	memcpy(text, size.data, size.len);
	text[size.len] = '\0';
	if (strspn(text, "0123456789") != size.len)
		return ERR_SYNTAX;
	ret->size = strtoull(text, NULL, 10);
	return decode_hex(root, ret->root, sizeof(ret->root));
}

/* `PLAN SHA256 RECIPIENT` */
static enum err parse_plan(const char *value, struct officer_memory_plan *ret)
{
	struct bytes rest = bytes_str(value), id, sha256, recipient;

	if (!text_list_next(&rest, &id) || !text_list_next(&rest, &sha256) ||
	    !text_list_next(&rest, &recipient) || rest.len != 0 ||
	    id.len > OFFICER_MEMORY_PLAN_MAX ||
	    recipient.len != BECH32_RECIPIENT_LEN)
		return ERR_SYNTAX;
	*ret = (struct officer_memory_plan){0};
	memcpy(ret->id, id.data, id.len);
	memcpy(ret->recipient, recipient.data, recipient.len);
	return decode_hex(sha256, ret->sha256, sizeof(ret->sha256));
}

static enum err fill_runs(const struct text *t, struct officer_memory *m)
{
	struct consistency_point point;
	struct officer_memory_plan plan;

	for (size_t i = 0; i < text_run_len(t, "also-#"); i++) {
		RETURN_IF(parse_point(text_run_get(t, "also-#", i), &point));
		consistency_add(&m->older, &point);
	}
	for (size_t i = 0; i < text_run_len(t, "plan-#"); i++) {
		RETURN_IF(parse_plan(text_run_get(t, "plan-#", i), &plan));
		RETURN_IF(officer_memory_plan_add(m, &plan));
	}
	return ERR_OK;
}

static enum err fill(const struct text *t, struct officer_memory *m,
    struct err_info *info)
{
	const char *origin = text_get(t, "origin");

	if (strcmp(text_get(t, "owner"), m->owner) != 0 ||
	    strlen(origin) >= sizeof(m->origin))
		return ERR_MISMATCH;
	(void)strcpy(m->origin, strcmp(origin, "-") == 0 ? "" : origin);
	RETURN_IF(text_get_uint(t, "size", 0, MERKLE_PROOF_SIZE_MAX,
	    &m->last.size, info));
	RETURN_IF(text_get_hex(t, "root", m->last.root, sizeof(m->last.root),
	    info));
	return fill_runs(t, m);
}

static enum err load_seen(struct officer_memory *m, struct err_info *info)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	CLEANUP(text_cleanup) struct text *t = NULL;
	enum err e;

	RETURN_IF(read_file(m, "seen.txt", &bytes, info));
	if (bytes.len == 0)
		return ERR_OK;
	e = text_parse(bytes_buf(&bytes), &schema, &t, info);
	if (e == ERR_OK)
		e = fill(t, m, info);
	if (e == ERR_OK || e == ERR_NOMEM)
		return e;
	(void)snprintf(info->file, sizeof(info->file), "seen.txt");
	return ERR_CORRUPT;
}

enum err officer_memory_load(const char *state_dir, const struct identity *id,
    const char *owner, struct officer_memory *ret, struct err_info *info)
{
	CLEANUP(officer_memory_release) struct officer_memory m = {0};

	if (strlen(owner) != 2)
		return ERR_SYNTAX;
	memcpy(m.owner, owner, 3);
	RETURN_IF(memory_dir(state_dir, id, owner, m.dir));
	RETURN_IF(load_seen(&m, info));
	RETURN_IF(read_file(&m, "charter.txt", &m.charter, info));
	RETURN_IF(read_file(&m, "checkpoint", &m.checkpoint, info));
	RETURN_IF(read_file(&m, "last-plan.txt", &m.last_plan, info));
	*ret = m;
	m = (struct officer_memory){0};
	return ERR_OK;
}

/* ---- writing ---- */

static void put_point(struct text_writer *w, const char *key, size_t i,
    const struct consistency_point *p)
{
	char root[2 * sizeof(p->root) + 1], value[sizeof(root) + 24];

	encode_hex(p->root, sizeof(p->root), root);
	(void)snprintf(value, sizeof(value), "%llu %s",
	    (unsigned long long)p->size, root);
	text_put_run(w, key, i, value);
}

static void put_plan(struct text_writer *w, size_t i,
    const struct officer_memory_plan *p)
{
	char hex[DIGEST_HEX_LEN + 1];
	char value[sizeof(*p) + sizeof(hex) + 8];

	digest_to_hex(p->sha256, hex);
	(void)snprintf(value, sizeof(value), "%s %s %s", p->id, hex,
	    p->recipient);
	text_put_run(w, "plan-#", i, value);
}

static enum err seen_text(const struct officer_memory *m, struct buf *out,
    struct err_info *info)
{
	struct text_writer w;

	text_begin(&w, &schema, out);
	text_put(&w, "owner", m->owner);
	text_put(&w, "origin", m->origin[0] == '\0' ? "-" : m->origin);
	text_put_uint(&w, "size", m->last.size);
	text_put_hex(&w, "root", m->last.root, sizeof(m->last.root));
	for (size_t i = 0; i < m->older.len; i++)
		put_point(&w, "also-#", i, &m->older.items[i]);
	for (size_t i = 0; i < m->plans_len; i++)
		put_plan(&w, i, &m->plans[i]);
	return text_end(&w, info);
}

static enum err write_file(const struct officer_memory *m, const char *name,
    const struct buf *bytes)
{
	char path[FS_PATH_MAX];

	if (bytes->len == 0)
		return ERR_OK;
	RETURN_IF(fs_path(path, "%s/%s", m->dir, name));
	return fs_write_file(path, bytes_buf(bytes), 0600);
}

enum err officer_memory_save(const struct officer_memory *m,
    struct err_info *info)
{
	CLEANUP(buf_release) struct buf seen = {0};

	RETURN_IF(seen_text(m, &seen, info));
	RETURN_IF(fs_mkdir_all(m->dir, 0700));
	RETURN_IF(write_file(m, "charter.txt", &m->charter));
	RETURN_IF(write_file(m, "checkpoint", &m->checkpoint));
	RETURN_IF(write_file(m, "last-plan.txt", &m->last_plan));
	return write_file(m, "seen.txt", &seen);
}

/* ---- the ledger ---- */

static struct consistency_point point_of(const struct checkpoint *c)
{
	struct consistency_point p = {.size = c->size};

	memcpy(p.root, c->root, sizeof(p.root));
	return p;
}

static int same_point(const struct consistency_point *a,
    const struct consistency_point *b)
{
	return a->size == b->size &&
	    memcmp(a->root, b->root, sizeof(a->root)) == 0;
}

/* A tree of the same size but another root: two ledgers under one name. */
static int contradicts(const struct consistency_point *seen,
    const struct consistency_points *proven,
    const struct consistency_point *now)
{
	if (seen->size == now->size)
		return !same_point(seen, now);
	for (size_t i = 0; i < proven->len; i++)
		if (proven->items[i].size == seen->size &&
		    !same_point(&proven->items[i], seen))
			return 1;
	return 0;
}

enum err officer_memory_fits(const struct officer_memory *m,
    const struct checkpoint *now, const struct consistency_points *proven)
{
	const struct consistency_point p = point_of(now);

	if (m->last.size == 0)
		return ERR_OK;
	if (strcmp(m->origin, now->origin) != 0 ||
	    contradicts(&m->last, proven, &p))
		return ERR_ROLLBACK;
	for (size_t i = 0; i < m->older.len; i++)
		if (contradicts(&m->older.items[i], proven, &p))
			return ERR_ROLLBACK;
	if (same_point(&m->last, &p) || consistency_has(proven, &m->last) ||
	    consistency_has(&m->older, &p))
		return ERR_OK;
	return ERR_STATE;
}

enum err officer_memory_saw(struct officer_memory *m,
    const struct checkpoint *now, struct bytes note,
    const struct consistency_points *proven)
{
	const struct consistency_point p = point_of(now);

	if (p.size < m->last.size)
		return ERR_OK;
	(void)snprintf(m->origin, sizeof(m->origin), "%s", now->origin);
	for (size_t i = 0; i < proven->len; i++)
		if (proven->items[i].size < p.size)
			consistency_add(&m->older, &proven->items[i]);
	if (m->last.size > 0 && m->last.size < p.size)
		consistency_add(&m->older, &m->last);
	m->last = p;
	buf_clear(&m->checkpoint);
	return buf_append(&m->checkpoint, note.data, note.len);
}

/* ---- plans ---- */

enum err officer_memory_plan_fits(const struct officer_memory *m,
    const struct officer_memory_plan *plan)
{
	for (size_t i = 0; i < m->plans_len; i++) {
		const struct officer_memory_plan *p = &m->plans[i];
		int same_id = strcmp(p->id, plan->id) == 0;
		int same_text = memcmp(p->sha256, plan->sha256,
		    DIGEST_LEN) == 0;

		if (same_id && !same_text)
			return ERR_MISMATCH;
		if (!same_text && strcmp(p->recipient, plan->recipient) == 0)
			return ERR_EXISTS;
	}
	return ERR_OK;
}

enum err officer_memory_plan_add(struct officer_memory *m,
    const struct officer_memory_plan *plan)
{
	struct officer_memory_plan *plans;

	for (size_t i = 0; i < m->plans_len; i++)
		if (memcmp(&m->plans[i], plan, sizeof(*plan)) == 0)
			return ERR_OK;
	if (m->plans_len == OFFICER_MEMORY_PLANS_MAX) {
		memmove(m->plans, m->plans + 1,
		    (m->plans_len - 1) * sizeof(*m->plans));
		m->plans_len--;
	}
	plans = reallocarray(m->plans, m->plans_len + 1, sizeof(*plans));
	if (plans == NULL)
		return ERR_NOMEM;
	m->plans = plans;
	m->plans[m->plans_len++] = *plan;
	return ERR_OK;
}
