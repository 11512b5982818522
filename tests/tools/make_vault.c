/* make_vault DIR: an owner's vault with everything a recovery has to cope with:
 * all types of answers, all kinds of records, an erased respondent, one who came
 * back, a removed record, an epoch that was redistributed and one still open.
 * Writes vault.db, erase.db, recovery/SEAT.age, SEAT.id, survey.json. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fs.h"
#include "keys/arrangement.h"
#include "keys/record_plain.h"
#include "keys/recovery.h"
#include "keys/redistribute.h"
#include "survey/answers.h"
#include "vault/actlog.h"
#include "vault/erase.h"
#include "vault/store_batch.h"
#include "vault/store_epoch.h"
#include "vault/store_respondent.h"
#include "vault/store_segment.h"

#define SEATS 3
#define NOON 1585278000         /* 2020-03-27, 12:00 in Japan */

#define MUST(expr)                                                     \
	do {                                                           \
		enum err must_e_ = (expr);                             \
		if (must_e_ != ERR_OK) {                               \
			fprintf(stderr, "line %d: %s: %s\n", __LINE__, \
			    #expr, err_name(must_e_));                 \
			exit(1);                                       \
		}                                                      \
	} while (0)

static const char survey_json[] =
    "{\"azukari\":\"survey v1\",\"name\":\"t\",\"version\":1,\"fields\":["
    "{\"name\":\"C\",\"type\":\"string\",\"categories\":[{\"value\":\"a\"},"
    "{\"value\":\"b\"}]},"
    "{\"name\":\"L\",\"type\":\"list\",\"categories\":[{\"value\":\"S1\"},"
    "{\"value\":\"S2\"},{\"value\":\"S3\"},{\"value\":\"S4\"},{\"value\":"
    "\"S5\"},{\"value\":\"S6\"},{\"value\":\"S7\"},{\"value\":\"S8\"}]},"
    "{\"name\":\"I\",\"type\":\"integer\",\"constraints\":{\"minimum\":10}},"
    "{\"name\":\"J\",\"type\":\"integer\"},"
    "{\"name\":\"N\",\"type\":\"number\",\"decimals\":1,\"constraints\":"
    "{\"minimum\":35.5}},"
    "{\"name\":\"D\",\"type\":\"date\"},"
    "{\"name\":\"B\",\"type\":\"boolean\"},"
    "{\"name\":\"P\",\"type\":\"string\",\"constraints\":{\"pattern\":"
    "\"^[0-9]{7}$\"}},"
    "{\"name\":\"T\",\"type\":\"string\",\"constraints\":{\"maxLength\":9}}"
    "]}\n";

static const char *const people[] = {
	"U0123456789abcdef0123456789abcdef", "患者 2", "erased", "returned",
};

/* An epoch in the making. */
struct open_epoch {
	struct store_epoch row;
	struct epoch_dealt dealt;
	struct record_epoch_keys keys;
	struct epoch_lists lists;
	struct segment_builder segment;
};

struct made {
	const char *dir;
	struct secret *seat[SEATS];
	char age[SEATS][BECH32_RECIPIENT_LEN + 1];
	struct gateway_key *gateway;
	struct erase_key erase_key;
	struct store *store;
	struct erase *erase;
	struct survey *survey;
	struct epoch_roster roster;
	int64_t batch;
	uint8_t acts;
};

static const char *const names[SEATS] = {"a", "b", "c"};

static void
write_file(const struct made *m, const char *name, struct bytes bytes)
{
	char path[FS_PATH_MAX];

	MUST(fs_path(path, "%s/%s", m->dir, name));
	MUST(fs_write_file(path, bytes, 0600));
}

/* ---- people who open, and what is sealed to them ---- */

static void
make_seat(struct made *m, size_t i)
{
	uint8_t text[BECH32_SECRET_LEN + 1];
	struct age_recipient r;
	char name[16];

	MUST(age_secret_new(&m->seat[i]));
	MUST(age_secret_recipient(m->seat[i], &r));
	bech32_encode_recipient(r.key, m->age[i]);
	bech32_encode_secret(secret_bytes(m->seat[i]), text);
	text[BECH32_SECRET_LEN] = '\n';
	(void)snprintf(name, sizeof(name), "%s.id", names[i]);
	write_file(m, name, bytes_of(text, sizeof(text)));
	m->roster.seat[i] = (struct epoch_seat){
		.name = names[i], .age = m->age[i], .x = (uint8_t)(i + 1),
	};
}

static void
make_recovery(const struct made *m, size_t i)
{
	CLEANUP(buf_release) struct buf file = {0};
	struct age_recipient to;
	char name[32];

	MUST(age_recipient_parse(bytes_str(m->age[i]), &to));
	MUST(recovery_seal(m->gateway, &m->erase_key, NOON, &to, 1, &file));
	(void)snprintf(name, sizeof(name), "recovery/%s.age", names[i]);
	write_file(m, name, bytes_buf(&file));
}

static void
make_keys(struct made *m)
{
	char path[FS_PATH_MAX];

	MUST(gateway_key_new("ledger.example/azukari", NOON, &m->gateway));
	MUST(gateway_key_add_owner(m->gateway, "14"));
	MUST(erase_key_new("14", NOON, &m->erase_key));
	MUST(fs_path(path, "%s/recovery", m->dir));
	MUST(fs_mkdir(path, 0700));
	m->roster.threshold = 2;
	m->roster.len = SEATS;
	for (size_t i = 0; i < SEATS; i++) {
		make_seat(m, i);
		make_recovery(m, i);
	}
}

/* ---- stores ---- */

/* Inside a transaction on the store; logged at once. */
static int64_t
act(struct made *m, enum actlog_class class_)
{
	struct actlog_act a = {
		.class_ = class_, .kind = "test", .entry = bytes_str("entry"),
	};
	int64_t id = 0;

	a.leaf[0] = ++m->acts;
	MUST(actlog_add(store_db(m->store), &a, &id));
	MUST(actlog_mark_logged(store_db(m->store), id, (uint64_t)id));
	return id;
}

static void
open_stores(struct made *m)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	char vault[FS_PATH_MAX], erase[FS_PATH_MAX];
	struct erase_open_args args = {
		.path = erase, .mode = DB_CREATE, .key = m->erase_key.key,
	};
	int which;

	MUST(fs_path(vault, "%s/vault.db", m->dir));
	MUST(fs_path(erase, "%s/erase.db", m->dir));
	MUST(store_open(vault, DB_CREATE, gateway_key_vault_key(m->gateway,
	    "14"), "14", &m->store));
	args.store = m->store;
	MUST(db_tx_begin(store_db(m->store), &tx));
	MUST(erase_open(&args, &m->erase, &which));
	MUST(store_batch_add(m->store, "line", NOON, &m->batch));
	MUST(db_tx_commit(&tx));
}

static void
tag_of(const struct made *m, size_t who, uint8_t ret[RECORD_TAG_LEN])
{
	record_tag(gateway_key_index_key(m->gateway, "14"), "14", "line",
	    bytes_str(people[who]), ret);
	store_tag_fit(m->store, ret);
}

static void
add_people(struct made *m)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_respondent found[ARRAY_LEN(people)];
	uint8_t tags[ARRAY_LEN(people) * RECORD_TAG_LEN];
	uint32_t first, count;

	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		tag_of(m, i, tags + i * RECORD_TAG_LEN);
	MUST(store_respondent_find(m->store, tags, ARRAY_LEN(people), found,
	    &first, &count));
	MUST(db_tx_begin(erase_db(m->erase), &tx));
	MUST(erase_add_range(m->erase, first, count));
	MUST(db_tx_commit(&tx));
	MUST(db_tx_begin(store_db(m->store), &tx));
	MUST(store_respondent_add(m->store));
	MUST(db_tx_commit(&tx));
}

static void
erase_one(struct made *m, uint32_t who, uint64_t generation)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	MUST(db_tx_begin(store_db(m->store), &tx));
	MUST(store_erasure_intend(m->store, generation));
	MUST(store_respondent_erase(m->store, &who, 1, act(m, ACTLOG_STOP)));
	MUST(db_tx_commit(&tx));
	MUST(db_tx_begin(erase_db(m->erase), &tx));
	MUST(erase_delete(m->erase, &who, 1, generation));
	MUST(db_tx_commit(&tx));
	MUST(db_tx_begin(store_db(m->store), &tx));
	MUST(store_erasure_confirm(m->store, generation));
	MUST(db_tx_commit(&tx));
}

static void
revive(struct made *m, uint32_t who)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	const uint16_t generation = 2;

	MUST(db_tx_begin(erase_db(m->erase), &tx));
	MUST(erase_add(m->erase, &who, &generation, 1));
	MUST(db_tx_commit(&tx));
	MUST(db_tx_begin(store_db(m->store), &tx));
	MUST(store_respondent_revive(m->store, who));
	MUST(db_tx_commit(&tx));
}

/* ---- epochs ---- */

static struct epoch_facts
facts_of(uint8_t number, const char *subject)
{
	struct epoch_facts f = {
		.kind = EPOCH_KIND_EPOCH, .owner = "14",
		.opened_unix_s = NOON + 86400 * number,
	};

	memset(f.id, number, sizeof(f.id));
	memset(f.charter_sha256, 0xc4, DIGEST_LEN);
	(void)snprintf(f.subject, sizeof(f.subject), "%s", subject);
	digest_sha256(bytes_str(strcmp(subject, "register") == 0 ? "" :
	    survey_json), f.subject_sha256);
	return f;
}

static void
store_epoch(struct made *m, struct open_epoch *e)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct store_share shares[SEATS];
	const struct epoch *t = &e->dealt.epoch;

	memset(shares, 0, sizeof(shares));
	for (size_t i = 0; i < SEATS; i++) {
		(void)snprintf(shares[i].seat, sizeof(shares[i].seat), "%s",
		    names[i]);
		shares[i].age_file = bytes_buf(&e->dealt.file[i]);
	}
	e->row.kind = strcmp(t->facts.subject, "register") == 0 ?
	    STORE_EPOCH_REGISTER : STORE_EPOCH_SURVEY;
	e->row.day = t->day;
	e->row.opened_unix_s = t->facts.opened_unix_s;
	memcpy(e->row.id, t->facts.id, EPOCH_ID_LEN);
	memcpy(e->row.sha256, t->sha256, DIGEST_LEN);
	memcpy(e->row.subject_sha256, t->facts.subject_sha256, DIGEST_LEN);
	memcpy(e->row.charter_sha256, t->facts.charter_sha256, DIGEST_LEN);
	memcpy(e->row.subject, t->facts.subject, sizeof(t->facts.subject));
	MUST(db_tx_begin(store_db(m->store), &tx));
	e->row.act = act(m, ACTLOG_GRANT);
	MUST(store_epoch_add(m->store, &e->row, bytes_buf(&e->dealt.text),
	    shares, SEATS, &e->row.number));
	MUST(db_tx_commit(&tx));
}

static void
open_epoch(struct made *m, uint8_t number, const char *subject,
    struct open_epoch *ret)
{
	CLEANUP(secret_cleanup) struct secret *ek = NULL;
	struct epoch_facts facts = facts_of(number, subject);
	uint8_t text[DIGEST_LEN];

	memset(ret, 0, sizeof(*ret));
	memset(text, 0xdd, sizeof(text));
	MUST(epoch_lists_add_source(&ret->lists, bytes_str("form")));
	MUST(epoch_lists_add_source(&ret->lists, bytes_str("line")));
	MUST(epoch_lists_add_text(&ret->lists, text));
	memset(text, 0xee, sizeof(text));
	MUST(epoch_lists_add_text(&ret->lists, text));
	ret->lists.opened_unix_s = facts.opened_unix_s;
	facts.lists = &ret->lists;
	MUST(secret_new_random(EPOCH_KEY_LEN, &ek));
	MUST(epoch_deal(ek, &facts, &m->roster, &ret->dealt, NULL));
	record_epoch_keys_derive(&ret->keys, secret_bytes(ek),
	    ret->dealt.epoch.sha256, facts.subject_sha256);
	store_epoch(m, ret);
}

static void
flush(struct made *m, struct open_epoch *e, int closing)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	const struct store_segment head = {
		.epoch = e->row.number, .batch = m->batch,
		.first_answer_day = e->row.day, .last_answer_day = e->row.day,
	};
	int64_t number;

	MUST(db_tx_begin(store_db(m->store), &tx));
	if (e->segment.count > 0)
		MUST(store_segment_add(m->store, &head, &e->segment,
		    &number));
	if (closing)
		MUST(store_epoch_close(m->store, e->row.number, NOON + 9,
		    act(m, ACTLOG_STOP), &e->row));
	MUST(db_tx_commit(&tx));
	segment_builder_clear(&e->segment);
}

/* From three seats to the first two, dealt by b and c. */
static void
redistribute(struct made *m, struct open_epoch *e)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct epoch_roster to = m->roster;
	struct redistribute_plan plan = {
		.epoch = &e->dealt.epoch, .to = &to,
		.dealers = {2, 3}, .dealers_len = 2,
	};
	struct redistribute_files files[2] = {{.len = 0}, {.len = 0}};
	struct redistribute_new got[2];
	struct epoch_seats seats = {.threshold = 2, .len = 2};
	struct store_share shares[2];

	to.len = 2;
	memset(plan.new_charter_sha256, 0xd1, DIGEST_LEN);
	memcpy(seats.charter_sha256, plan.new_charter_sha256, DIGEST_LEN);
	memset(got, 0, sizeof(got));
	memset(shares, 0, sizeof(shares));
	for (size_t d = 0; d < 2; d++) {
		CLEANUP(buf_release) struct buf share = {0};
		const struct secret *const ids[] = {m->seat[d + 1]};
		const struct age_keys keys = {
			.identities = ids, .identities_len = 1,
		};

		MUST(share_open(&keys, bytes_buf(&e->dealt.file[d + 1]),
		    &share));
		MUST(redistribute_deal(&plan, bytes_buf(&share), &files[d],
		    NULL));
	}
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(buf_release) struct buf one = {0}, two = {0};
		const struct secret *const ids[] = {m->seat[i]};
		const struct age_keys keys = {
			.identities = ids, .identities_len = 1,
		};
		struct bytes texts[2];
		const struct redistribute_set set = {
			.plan = &plan, .seat = i, .texts = texts, .len = 2,
		};

		MUST(share_open(&keys, bytes_buf(&files[0].file[i]), &one));
		MUST(share_open(&keys, bytes_buf(&files[1].file[i]), &two));
		texts[0] = bytes_buf(&one);
		texts[1] = bytes_buf(&two);
		MUST(redistribute_receive(&set, &got[i], NULL));
		seats.line[i] = got[i].line;
		memcpy(shares[i].seat, got[i].line.seat,
		    sizeof(got[i].line.seat));
		shares[i].age_file = bytes_buf(&got[i].file);
	}
	MUST(arrangement_write(&e->dealt.epoch, 1, &seats, &text, NULL));
	MUST(db_tx_begin(store_db(m->store), &tx));
	MUST(store_epoch_arrange(m->store, e->row.number, 1, bytes_buf(&text),
	    shares, 2, act(m, ACTLOG_GRANT)));
	MUST(db_tx_commit(&tx));
	for (size_t i = 0; i < 2; i++) {
		redistribute_files_release(&files[i]);
		redistribute_new_release(&got[i]);
	}
}

/* ---- records ---- */

/* Whose record of which kind; who is ARRAY_LEN(people) for nobody. */
struct entry {
	size_t who;
	enum record_kind kind;
	struct bytes body;
};

static void
plain_of(const struct open_epoch *e, const struct entry *in, struct buf *out)
{
	uint8_t store[RECORD_PLAIN_LINE_LEN];
	struct record_plain p = {
		.source = bytes_str("line"),
		.has_consent = in->kind == RECORD_RESPONSE,
		.consent_scopes = RECORD_PLAIN_SUPPORT | RECORD_PLAIN_RESEARCH,
		.consent_given_unix_s = NOON - 60,
		.event_unix_s = NOON, .received_unix_s = NOON + 5,
		.body = in->body,
	};

	memset(p.consent_text, 0xee, DIGEST_LEN);
	if (in->who < ARRAY_LEN(people))
		MUST(record_plain_set_user(&p, bytes_str(people[in->who]),
		    store));
	MUST(record_plain_build(in->kind, &e->lists, &p, out));
}

static void
put(struct made *m, struct open_epoch *e, const struct entry *in)
{
	CLEANUP(buf_release) struct buf plain = {0};
	SECRET_BYTES(key, RECORD_KEY_LEN);
	uint8_t tag[RECORD_TAG_LEN], *room;
	uint16_t generation = 0;
	uint32_t number = (uint32_t)in->who;
	struct record_ref ref = {.kind = in->kind};
	struct segment_entry s = {
		.respondent = SEGMENT_NO_RESPONDENT, .kind = (uint8_t)in->kind,
	};

	if (in->who < ARRAY_LEN(people)) {
		MUST(erase_get(m->erase, &number, 1, key, &generation));
		tag_of(m, in->who, tag);
		ref.respondent_key = key;
		ref.tag = tag;
		ref.generation = generation;
		s.respondent = number;
		s.generation = generation;
	}
	plain_of(e, in, &plain);
	s.length = (uint32_t)(plain.len + RECORD_OVERHEAD);
	MUST(segment_builder_room(&e->segment, &s, &room));
	MUST(record_seal(&e->keys, &ref, bytes_buf(&plain), room));
}

static void
put_answers(struct made *m, struct open_epoch *e, size_t who,
    struct answers_builder *b)
{
	CLEANUP(buf_release) struct buf packed = {0};
	struct entry in = {.who = who, .kind = RECORD_RESPONSE};

	MUST(answers_check(b, NULL));
	MUST(answers_encode(m->survey, b->values, &packed));
	in.body = bytes_buf(&packed);
	put(m, e, &in);
	answers_clear(b);
}

static const struct survey_field *
field(const struct made *m, const char *name)
{
	return survey_find(m->survey, bytes_str(name));
}

static void
fill_all(const struct made *m, struct answers_builder *b)
{
	MUST(answers_set_text(b, field(m, "C"), bytes_str("b")));
	MUST(answers_set_list(b, field(m, "L")));
	MUST(answers_add_option(b, field(m, "L"), bytes_str("S1")));
	MUST(answers_add_option(b, field(m, "L"), bytes_str("S8")));
	MUST(answers_set_integer(b, field(m, "I"), 310));
	MUST(answers_set_integer(b, field(m, "J"), -5));
	MUST(answers_set_scaled(b, field(m, "N"), 368));
	MUST(answers_set_text(b, field(m, "D"), bytes_str("2020-03-27")));
	MUST(answers_set_boolean(b, field(m, "B"), 0));
	MUST(answers_set_text(b, field(m, "P"), bytes_str("0010001")));
	MUST(answers_set_text(b, field(m, "T"), bytes_str("咳")));
}

static void
put_one(struct made *m, struct open_epoch *e, size_t who, const char *code)
{
	CLEANUP(answers_builder_release) struct answers_builder b = {0};

	MUST(answers_builder_init(&b, m->survey));
	MUST(answers_set_text(&b, field(m, "C"), bytes_str(code)));
	put_answers(m, e, who, &b);
}

/* The first survey epoch: two segments, and in the first a removed record. */
static void
first_epoch(struct made *m, struct open_epoch *e)
{
	CLEANUP(answers_builder_release) struct answers_builder b = {0};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	uint8_t id[SEGMENT_ID_LEN];

	MUST(answers_builder_init(&b, m->survey));
	put_one(m, e, 1, "a");                  /* to be removed */
	memcpy(id, e->segment.sealed.data, sizeof(id));
	fill_all(m, &b);
	put_answers(m, e, 0, &b);
	put_one(m, e, 2, "a");
	flush(m, e, 0);
	MUST(db_tx_begin(store_db(m->store), &tx));
	MUST(store_segment_remove(m->store, 1, id));
	MUST(db_tx_commit(&tx));
	put_one(m, e, 3, "a");
	put_one(m, e, 1, "b");
	flush(m, e, 1);
}

static void
register_epoch(struct made *m, struct open_epoch *e)
{
	CLEANUP(buf_release) struct buf c = {0}, w = {0}, q = {0};
	struct record_plain_consent consent = {.scopes = 3};
	const struct record_plain_withdrawal withdrawal = {
		.scopes = RECORD_PLAIN_RECONTACT, .permanent = 0,
	};
	const struct record_plain_quarantine line = {
		.reason = bytes_str("unknown-field"),
		.line = bytes_str("{\"type\":\"response\"}"),
	};
	struct entry in = {.who = 0, .kind = RECORD_CONSENT};

	memset(consent.text_sha256, 0xee, DIGEST_LEN);
	MUST(record_plain_consent_write(&e->lists, &consent, &c));
	MUST(record_plain_withdrawal_write(&withdrawal, &w));
	MUST(record_plain_quarantine_write(&line, &q));
	in.body = bytes_buf(&c);
	put(m, e, &in);
	in = (struct entry){1, RECORD_WITHDRAWAL, bytes_buf(&w)};
	put(m, e, &in);
	in = (struct entry){ARRAY_LEN(people), RECORD_QUARANTINE,
	    bytes_buf(&q)};
	put(m, e, &in);
	flush(m, e, 0);
}

static void
fill(struct made *m)
{
	static struct open_epoch survey, reg, again;

	open_epoch(m, 1, "survey t 1", &survey);
	first_epoch(m, &survey);
	open_epoch(m, 2, "register", &reg);
	register_epoch(m, &reg);
	erase_one(m, 2, 1);
	erase_one(m, 3, 2);
	revive(m, 3);
	open_epoch(m, 3, "survey t 1", &again);
	put_one(m, &again, 3, "b");
	flush(m, &again, 1);
	redistribute(m, &again);
	epoch_lists_release(&survey.lists);
	epoch_lists_release(&reg.lists);
	epoch_lists_release(&again.lists);
	epoch_dealt_release(&survey.dealt);
	epoch_dealt_release(&reg.dealt);
	epoch_dealt_release(&again.dealt);
	segment_builder_release(&survey.segment);
	segment_builder_release(&reg.segment);
	segment_builder_release(&again.segment);
}

int
main(int argc, char **argv)
{
	struct made m = {.dir = argc == 2 ? argv[1] : NULL};

	if (m.dir == NULL) {
		fprintf(stderr, "usage: make_vault DIR\n");
		return 2;
	}
	MUST(survey_parse(bytes_str(survey_json), &m.survey, NULL));
	write_file(&m, "survey.json", bytes_str(survey_json));
	make_keys(&m);
	open_stores(&m);
	add_people(&m);
	fill(&m);
	erase_close(m.erase);
	store_close(m.store);
	survey_free(m.survey);
	gateway_key_free(m.gateway);
	erase_key_release(&m.erase_key);
	for (size_t i = 0; i < SEATS; i++)
		secret_free(m.seat[i]);
	return 0;
}
