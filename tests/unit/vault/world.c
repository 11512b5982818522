#include "tests/unit/vault/world.h"

#include "keys/digest.h"
#include "keys/epoch_lists.h"
#include "vault/db_internal.h"

const struct epoch_lists *
world_lists(void)
{
	static char sources[1][NAMES_WORD_MAX + 1] = {"line"};
	static uint8_t texts[9][DIGEST_LEN];
	static const struct epoch_lists l = {
		.opened_unix_s = WORLD_NOON, .sources_len = 1, .texts_len = 9,
		.sources = sources, .texts = texts,
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		world_text((uint8_t)(i + 1), texts[i]);
	return &l;
}

static void
open_files(struct world *w, enum db_open_mode mode)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct erase_open_args args = {.mode = mode, .key = fixture_key(2)};
	char name[64];
	int which;

	snprintf(name, sizeof(name), "%s-vault.db", w->name);
	assert_ok(store_open(fixture_path(name), mode, fixture_key(1), "14",
	    &w->store));
	snprintf(name, sizeof(name), "%s-erase.db", w->name);
	args.path = fixture_path(name);
	args.store = w->store;
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(erase_open(&args, &w->erase, &which));
	assert_int_equal(which, 0);
	assert_ok(db_tx_commit(&tx));
}

void
world_open(struct world *w, const char *name)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	memset(w, 0, sizeof(*w));
	snprintf(w->name, sizeof(w->name), "%s", name);
	open_files(w, DB_CREATE);
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_batch_add(w->store, "line", WORLD_NOON, &w->batch));
	assert_ok(db_tx_commit(&tx));
}

void
world_close(struct world *w)
{
	for (size_t i = 0; i < w->epochs_len; i++)
		segment_builder_release(&w->epochs[i].seg);
	erase_close(w->erase);
	store_close(w->store);
}

void
world_reopen(struct world *w)
{
	erase_close(w->erase);
	store_close(w->store);
	open_files(w, DB_OPEN);
}

void
world_tag(unsigned who, uint8_t ret[STORE_TAG_LEN])
{
	digest_sha256(bytes_of(&who, sizeof(who)), ret);
	memset(ret + 16, 0, STORE_TAG_LEN - 16);        /* store_tag_fit */
}

void
world_make_older(struct world *w)
{
	struct db *const files[] = {store_db(w->store), erase_db(w->erase)};

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		assert_int_equal(sqlite3_exec(files[i]->handle,
		    "UPDATE holder SET layout = 1", NULL, NULL, NULL),
		    SQLITE_OK);
	world_reopen(w);
}

uint32_t
world_respondent(struct world *w, unsigned who)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_respondent found;
	uint8_t tag[STORE_TAG_LEN];
	uint32_t first, count;

	world_tag(who, tag);
	assert_ok(store_respondent_find(w->store, tag, 1, &found, &first,
	    &count));
	if (count == 0)
		return found.number;
	assert_ok(db_tx_begin(erase_db(w->erase), &tx));
	assert_ok(erase_add_range(w->erase, first, count));
	assert_ok(db_tx_commit(&tx));
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_respondent_add(w->store));
	assert_ok(db_tx_commit(&tx));
	return found.number;
}

void
world_text(uint8_t n, uint8_t ret[32])
{
	memset(ret, n, 32);
}

void
world_consent(struct world *w, unsigned who, uint8_t text, uint8_t scopes,
    uint32_t given)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_consent_change c = {
		.number = world_respondent(w, who),
		.consent = {.scopes = scopes, .given_unix_s = given},
	};

	memset(c.consent.text, text, sizeof(c.consent.text));
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_respondent_consent(w->store, &c, 1));
	assert_ok(db_tx_commit(&tx));
}

void
world_withdraw(struct world *w, unsigned who, uint8_t scopes, int64_t at)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_withdrawal row = {
		.number = world_respondent(w, who), .scopes = scopes,
		.at_unix_s = at, .noted_unix_s = at,
		.hold_until_unix_s = at + 86400,
	};

	assert_ok(db_tx_begin(store_db(w->store), &tx));
	row.act = fixture_act(store_db(w->store), ACTLOG_STOP);
	assert_ok(store_respondent_withdraw(w->store, &row));
	assert_ok(actlog_mark_logged(store_db(w->store), row.act, 1));
	assert_ok(db_tx_commit(&tx));
}

void
world_erase(struct world *w, unsigned who)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint32_t number = world_respondent(w, who);
	uint64_t confirmed, intended;

	assert_ok(store_erasure_get(w->store, &confirmed, &intended));
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_erasure_intend(w->store, confirmed + 1));
	int64_t act = fixture_act(store_db(w->store), ACTLOG_STOP);
	assert_ok(store_respondent_erase(w->store, &number, 1, act));
	assert_ok(actlog_mark_logged(store_db(w->store), act, 1));
	assert_ok(db_tx_commit(&tx));
	assert_ok(db_tx_begin(erase_db(w->erase), &tx));
	assert_ok(erase_delete(w->erase, &number, 1, confirmed + 1));
	assert_ok(db_tx_commit(&tx));
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_erasure_confirm(w->store, confirmed + 1));
	assert_ok(db_tx_commit(&tx));
}

size_t
world_epoch(struct world *w, enum store_epoch_kind kind)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	const struct store_share share = {
		.seat = "a", .age_file = bytes_str("a share"),
	};
	size_t place = w->epochs_len++;
	struct world_epoch *e = &w->epochs[place];
	uint8_t ek[32];

	memset(e, 0, sizeof(*e));
	memset(ek, 0x40 + (int)place, sizeof(ek));
	e->row.kind = kind;
	e->row.day = WORLD_DAY + (int32_t)place;
	e->row.opened_unix_s = WORLD_NOON;
	memset(e->row.id, 0x50 + (int)place, sizeof(e->row.id));
	memset(e->row.sha256, 0x60 + (int)place, sizeof(e->row.sha256));
	memset(e->row.subject_sha256, kind == STORE_EPOCH_SURVEY ? 1 : 2, 32);
	snprintf(e->row.subject, sizeof(e->row.subject), "%s",
	    kind == STORE_EPOCH_SURVEY ? "survey corona 1" : "register");
	record_epoch_keys_derive(&e->keys, ek, e->row.sha256,
	    e->row.subject_sha256);
	e->row.act = fixture_logged_act(store_db(w->store), ACTLOG_GRANT);
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_epoch_add(w->store, &e->row, bytes_str("epoch.txt"),
	    &share, 1, &e->row.number));
	assert_ok(db_tx_commit(&tx));
	return place;
}

static void
seal(struct world *w, size_t epoch, unsigned who, enum record_kind kind,
    const struct record_plain *p)
{
	CLEANUP(buf_release) struct buf plain = {0};
	struct world_epoch *e = &w->epochs[epoch];
	uint8_t key[ERASE_KEY_LEN], tag[STORE_TAG_LEN], *room;
	uint32_t number = world_respondent(w, who);
	uint16_t generation;

	world_tag(who, tag);
	assert_ok(erase_get(w->erase, &number, 1, key, &generation));
	assert_true(generation > 0);
	const struct record_ref ref = {key, tag, generation, kind};
	struct segment_entry entry = {
		.respondent = number, .generation = generation,
		.kind = (uint8_t)kind,
	};

	assert_ok(record_plain_build(kind, world_lists(), p, &plain));
	entry.length = (uint32_t)(plain.len + RECORD_OVERHEAD);
	assert_ok(segment_builder_room(&e->seg, &entry, &room));
	assert_ok(record_seal(&e->keys, &ref, bytes_buf(&plain), room));
}

void
world_answer(struct world *w, size_t epoch, const struct world_answer *a)
{
	struct record_plain p = {
		.user_code = RECORD_PLAIN_UTF8, .user = bytes_str("user"),
		.source = bytes_str("line"), .has_consent = a->text != 0,
		.event_unix_s = a->time, .received_unix_s = a->time,
		.body = bytes_str(a->packed),
	};

	if (a->text != 0) {
		memset(p.consent_text, a->text, sizeof(p.consent_text));
		p.consent_scopes = a->scopes;
		p.consent_given_unix_s = a->given;
	}
	seal(w, epoch, a->who, RECORD_RESPONSE, &p);
}

void
world_later_consent(struct world *w, size_t epoch, unsigned who, uint8_t text,
    uint8_t scopes, uint32_t given)
{
	CLEANUP(buf_release) struct buf body = {0};
	struct record_plain_consent c = {.scopes = scopes};
	struct record_plain p = {
		.user_code = RECORD_PLAIN_UTF8, .user = bytes_str("user"),
		.source = bytes_str("line"), .event_unix_s = given,
		.received_unix_s = given,
	};

	world_text(text, c.text_sha256);
	assert_ok(record_plain_consent_write(world_lists(), &c, &body));
	p.body = bytes_buf(&body);
	seal(w, epoch, who, RECORD_CONSENT, &p);
	world_consent(w, who, text, scopes, given);
}

int64_t
world_flush(struct world *w, size_t epoch)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct world_epoch *e = &w->epochs[epoch];
	const struct store_segment head = {
		.epoch = e->row.number, .batch = w->batch,
		.first_answer_day = WORLD_DAY, .last_answer_day = WORLD_DAY,
	};
	int64_t number;

	assert_ok(db_tx_begin(store_db(w->store), &tx));
	assert_ok(store_segment_add(w->store, &head, &e->seg, &number));
	assert_ok(db_tx_commit(&tx));
	segment_builder_clear(&e->seg);
	return number;
}

void
world_close_epoch(struct world *w, size_t epoch)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct world_epoch *e = &w->epochs[epoch];

	if (e->seg.count > 0)
		(void)world_flush(w, epoch);
	assert_ok(db_tx_begin(store_db(w->store), &tx));
	int64_t act = fixture_act(store_db(w->store), ACTLOG_STOP);
	assert_ok(store_epoch_close(w->store, e->row.number, WORLD_NOON + 9,
	    act, &e->row));
	assert_ok(actlog_mark_logged(store_db(w->store), act, 1));
	assert_ok(db_tx_commit(&tx));
}

void
world_grant(const struct world *w, struct grant *g)
{
	*g = (struct grant){
		.owner = "14", .valid_s = 365 * 86400,
		.from_unix_s = WORLD_NOON - 86400,
		.end_unix_s = WORLD_NOON + 20 * 86400,
		.expires_unix_s = WORLD_NOW + 86400,
	};
	world_text(1, g->texts[0]);
	world_text(2, g->texts[1]);
	memset(g->survey_sha256, 1, sizeof(g->survey_sha256));
	for (size_t i = 0; i < w->epochs_len; i++) {
		const struct store_epoch *e = &w->epochs[i].row;
		struct grant_epoch *to = &g->epochs[g->epochs_len];

		if (!e->closed)
			continue;
		g->epochs_len++;
		memcpy(to->id, e->id, sizeof(to->id));
		memcpy(to->sha256, e->sha256, sizeof(to->sha256));
		memcpy(to->root, e->root, sizeof(to->root));
		to->records = e->records;
		to->day = e->day;
	}
}

enum err
world_reader(struct world *w, const struct grant *g, unsigned threads,
    struct reader **ret)
{
	struct reader_epoch epochs[FAKE_EPOCHS_MAX];
	struct reader_args args = {
		.store = w->store, .erase = w->erase, .grant = g,
		.epochs = epochs, .now_unix_s = WORLD_NOW, .threads = threads,
	};

	for (size_t i = 0; i < w->epochs_len; i++) {
		if (!w->epochs[i].row.closed)
			continue;
		memcpy(epochs[args.epochs_len].id, w->epochs[i].row.id, 16);
		epochs[args.epochs_len].lists = world_lists();
		epochs[args.epochs_len++].keys = &w->epochs[i].keys;
	}
	return reader_open(&args, ret);
}

enum err
world_read_all(struct reader *r, struct buf *out)
{
	struct reader_batch b;

	for (;;) {
		RETURN_IF(reader_next(r, &b));
		if (b.len == 0)
			return ERR_OK;
		for (size_t i = 0; i < b.len; i++) {
			RETURN_IF(buf_append(out, b.records[i].packed.data,
			    b.records[i].packed.len));
			RETURN_IF(buf_append_str(out, ";"));
		}
	}
}

void
world_put(struct world *w, size_t epoch, struct world_answer a)
{
	world_answer(w, epoch, &a);
}

struct world_answer
world_good(unsigned who, const char *packed)
{
	return (struct world_answer){
		.who = who, .text = 1, .scopes = STORE_SCOPE_RESEARCH,
		.given = WORLD_NOON - 3600, .time = WORLD_NOON,
		.packed = packed,
	};
}

void
world_consents(struct world *w, unsigned who)
{
	world_consent(w, who, 1, STORE_SCOPE_RESEARCH, WORLD_NOON - 3600);
}
