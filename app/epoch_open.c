#include "app/epoch_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/act.h"
#include "app/compact.h"
#include "app/ops/enrol.h"
#include "core/clock.h"

/* ---- the lock of one epoch ---- */

/* Takes the byte ${number} of owners/NN/epoch.lock; ERR_BUSY at once. */
static enum err lock_epoch(const struct owner *w, int64_t number,
    int *ret_fd_plus_one)
{
	CLEANUP(fs_fd_cleanup) int fd = -1;
	struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = (off_t)number, .l_len = 1};
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(w->home, path, "owners/%s/epoch.lock", w->code));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fs_error(errno);
	if (fcntl(fd, F_OFD_SETLK, &range) != 0)
		return errno == EAGAIN || errno == EACCES ? ERR_BUSY :
		    fs_error(errno);
	*ret_fd_plus_one = fd + 1;
	fd = -1;
	return ERR_OK;
}

static void unlock_epoch(int *fd_plus_one)
{
	if (*fd_plus_one != 0)
		(void)close(*fd_plus_one - 1);
	*fd_plus_one = 0;
}

void epoch_opened_release(struct epoch_opened *o)
{
	secret_free(TAKE(o->ek));
	unlock_epoch(&o->lock_plus_one);
}

/* ---- opening ---- */

struct opening {
	struct epoch_opened items[EPOCH_OPEN_MAX];
	struct epoch_dealt dealt[EPOCH_OPEN_MAX];
	size_t len;
};

static void opening_free(struct opening **o)
{
	if (*o == NULL)
		return;
	for (size_t i = 0; i < EPOCH_OPEN_MAX; i++) {
		epoch_opened_release(&(*o)->items[i]);
		epoch_dealt_release(&(*o)->dealt[i]);
	}
	free(*o);
	*o = NULL;
}

static enum err make_facts(const struct owner *w,
    const struct paper_charter *charter, const struct epoch_wanted *wanted,
    struct epoch_facts *ret)
{
	*ret = (struct epoch_facts){.kind = wanted->kind,
	    .opened_unix_s = w->home->now_unix_s, .lists = wanted->lists};
	if (strlen(wanted->subject) > EPOCH_SUBJECT_MAX)
		return ERR_LIMIT;
	memcpy(ret->owner, w->code, sizeof(w->code));
	secret_random(ret->id, sizeof(ret->id));
	(void)strcpy(ret->subject, wanted->subject);
	if (wanted->subject_sha256 != NULL)
		memcpy(ret->subject_sha256, wanted->subject_sha256, DIGEST_LEN);
	else
		digest_sha256(bytes_str(""), ret->subject_sha256);
	memcpy(ret->charter_sha256, charter->paper.sha256, DIGEST_LEN);
	return ERR_OK;
}

static enum err deal_one(const struct owner *w,
    const struct paper_charter *charter, const struct epoch_wanted *wanted,
    struct opening *o)
{
	struct epoch_roster roster;
	struct epoch_facts facts;
	struct epoch_opened *item = &o->items[o->len];

	RETURN_IF(make_facts(w, charter, wanted, &facts));
	RETURN_IF(enrol_roster(&charter->charter, &roster));
	RETURN_IF(secret_new_random(EPOCH_KEY_LEN, &item->ek));
	RETURN_IF(epoch_deal(item->ek, &facts, &roster, &o->dealt[o->len],
	    &w->home->outcome->info));
	o->len++;
	return ERR_OK;
}

static enum store_epoch_kind row_kind(const struct epoch_facts *facts)
{
	switch (facts->kind) {
	case EPOCH_KIND_PROJECT:
		return STORE_EPOCH_PROJECT;
	case EPOCH_KIND_TRIAL:
		return STORE_EPOCH_TRIAL;
	case EPOCH_KIND_EPOCH:
	default:
		return strcmp(facts->subject, "register") == 0 ?
		    STORE_EPOCH_REGISTER : STORE_EPOCH_SURVEY;
	}
}

static void fill_row(const struct epoch *e, int64_t act,
    struct store_epoch *ret)
{
	*ret = (struct store_epoch){.kind = row_kind(&e->facts), .day = e->day,
	    .opened_unix_s = e->facts.opened_unix_s, .act = act};
	memcpy(ret->id, e->facts.id, sizeof(ret->id));
	memcpy(ret->sha256, e->sha256, sizeof(ret->sha256));
	memcpy(ret->subject_sha256, e->facts.subject_sha256,
	    sizeof(ret->subject_sha256));
	memcpy(ret->charter_sha256, e->facts.charter_sha256,
	    sizeof(ret->charter_sha256));
	(void)strncpy(ret->subject, e->facts.subject,
	    sizeof(ret->subject) - 1);
}

static enum err put_rows(struct owner *w, const struct epoch_dealt *dealt,
    int64_t act, struct epoch_opened *item)
{
	struct store_share shares[EPOCH_SEATS_MAX] = {0};

	for (size_t i = 0; i < dealt->len; i++) {
		(void)strncpy(shares[i].seat, dealt->epoch.dealt.line[i].seat,
		    STORE_NAME_MAX);
		shares[i].age_file = bytes_buf(&dealt->file[i]);
	}
	fill_row(&dealt->epoch, act, &item->row);
	RETURN_IF(store_epoch_add(w->store, &item->row,
	    bytes_buf(&dealt->text), shares, dealt->len, &item->row.number));
	return lock_epoch(w, item->row.number, &item->lock_plus_one);
}

static enum err put_opened(struct owner *w, struct act *a,
    const struct epoch_dealt *dealt, struct epoch_opened *item)
{
	const struct epoch *e = &dealt->epoch;
	struct entry_writer entry;
	int64_t act;

	act_entry(a, ENTRY_EPOCH_OPENED, w->code, &entry);
	entry_put_hex(&entry, "epoch", e->facts.id, EPOCH_ID_LEN);
	entry_put_hex(&entry, "epoch-sha256", e->sha256, DIGEST_LEN);
	entry_put(&entry, "epoch-kind", epoch_kind_name(e->facts.kind));
	RETURN_IF(act_entry_end(a, &entry, &act));
	return put_rows(w, dealt, act, item);
}

/* Between reading the charter and now another one may have come into force:
 * asked under the lock of all acts. */
static enum err still_in_force(struct home *h, const char *owner,
    const struct paper_charter *charter)
{
	struct register_query q = {.kind = REGISTER_CHARTER, .owner = owner};
	struct register_document row;

	RETURN_IF(register_document_find(h->reg, &q, &row));
	return memcmp(row.sha256, charter->paper.sha256, DIGEST_LEN) == 0 ?
	    ERR_OK : ERR_CHANGED;
}

enum err epoch_open_all(struct owner *w, const struct paper_charter *charter,
    const struct epoch_wanted *wanted, size_t len, struct epoch_opened *ret)
{
	CLEANUP(opening_free) struct opening *o = calloc(1, sizeof(*o));
	CLEANUP(act_abort) struct act a = {0};

	if (o == NULL)
		return ERR_NOMEM;
	if (len == 0 || len > EPOCH_OPEN_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < len; i++)
		RETURN_IF(deal_one(w, charter, &wanted[i], o));
	RETURN_IF(act_begin(w->home, store_db(w->store), &a));
	RETURN_IF(still_in_force(w->home, w->code, charter));
	for (size_t i = 0; i < len; i++)
		RETURN_IF(put_opened(w, &a, &o->dealt[i], &o->items[i]));
	RETURN_IF(act_commit(&a));
	for (size_t i = 0; i < len; i++)
		RETURN_IF(store_epoch_get(w->store, o->items[i].row.number,
		    &o->items[i].row));
	memcpy(ret, o->items, len * sizeof(*ret));
	memset(o->items, 0, sizeof(o->items));
	return ERR_OK;
}

enum err epoch_open(struct owner *w, const struct paper_charter *charter,
    const struct epoch_wanted *wanted, struct epoch_opened *ret)
{
	return epoch_open_all(w, charter, wanted, 1, ret);
}

/* ---- closing ---- */

static enum err put_closed(struct owner *w, struct act *a,
    const struct store_epoch *row, struct store_epoch *ret)
{
	struct entry_writer entry;
	uint8_t root[STORE_SHA256_LEN];
	uint64_t records;
	int64_t act;

	RETURN_IF(store_epoch_sum(w->store, row->number, &records, root));
	act_entry(a, ENTRY_EPOCH_CLOSED, w->code, &entry);
	entry_put_hex(&entry, "epoch", row->id, sizeof(row->id));
	entry_put_hex(&entry, "epoch-sha256", row->sha256,
	    sizeof(row->sha256));
	entry_put_uint(&entry, "records", records);
	entry_put_hex(&entry, "root", root, sizeof(root));
	RETURN_IF(act_entry_end(a, &entry, &act));
	return store_epoch_close(w->store, row->number,
	    w->home->now_unix_s, act, ret);
}

enum err epoch_close_all(struct owner *w, const int64_t *numbers, size_t len,
    struct store_epoch *ret)
{
	CLEANUP(act_abort) struct act a = {0};
	struct store_epoch row;

	if (len > EPOCH_OPEN_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < len; i++) {
		RETURN_IF(store_epoch_get(w->store, numbers[i], &row));
		if (!row.closed)
			RETURN_IF(compact_join(w, numbers[i]));
	}
	RETURN_IF(act_begin(w->home, store_db(w->store), &a));
	for (size_t i = 0; i < len; i++) {
		RETURN_IF(store_epoch_get(w->store, numbers[i], &row));
		if (!row.closed)
			RETURN_IF(put_closed(w, &a, &row, &row));
		if (ret != NULL)
			ret[i] = row;
	}
	return a.len == 0 ? ERR_OK : act_commit(&a);
}

/* ---- what was left open ---- */

struct abandoned {
	struct owner *w;
	int64_t numbers[EPOCH_OPEN_MAX];
	int locks[EPOCH_OPEN_MAX];
	size_t len;
};

static void abandoned_release(struct abandoned *a)
{
	for (size_t i = 0; i < a->len; i++)
		unlock_epoch(&a->locks[i]);
	a->len = 0;
}

static enum err collect_abandoned(void *ctx, const struct store_epoch *e)
{
	struct abandoned *a = ctx;
	enum err err;

	if (a->len == EPOCH_OPEN_MAX || (e->kind != STORE_EPOCH_SURVEY &&
	    e->kind != STORE_EPOCH_REGISTER))
		return ERR_OK;
	err = lock_epoch(a->w, e->number, &a->locks[a->len]);
	if (err == ERR_BUSY)
		return ERR_OK;
	RETURN_IF(err);
	a->numbers[a->len++] = e->number;
	return ERR_OK;
}

/* One act's worth. */
static enum err close_some(struct owner *w, size_t *ret_closed)
{
	CLEANUP(abandoned_release) struct abandoned a = {.w = w};
	struct store_epoch_query q = {.filter = STORE_EPOCHS_OPEN};

	RETURN_IF(store_epoch_each(w->store, &q, collect_abandoned, &a));
	*ret_closed = a.len;
	return a.len == 0 ? ERR_OK :
	    epoch_close_all(w, a.numbers, a.len, NULL);
}

enum err epoch_close_abandoned(struct owner *w, size_t *ret_closed)
{
	size_t closed, total = 0;

	do {
		RETURN_IF(close_some(w, &closed));
		total += closed;
	} while (closed == EPOCH_OPEN_MAX);
	if (total > 0)
		outcome_add(w->home->outcome, OUTCOME_WARNING,
		    "%zu epochs that an interrupted intake had left open were closed; all that was taken in is kept",
		    "中断された受け入れが残した%zu個の期間を閉じました。受け入れ済みの記録は保たれています",
		    total);
	if (ret_closed != NULL)
		*ret_closed = total;
	return ERR_OK;
}
