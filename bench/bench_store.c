/* bench/bench_store.c - sealed packed answers into an owner's store and out
 * again through a reader; rows per second and bytes per answer.
 *
 *     bench_store [ANSWERS [RESPONDENTS [BATCH [PACKED]]]]
 *
 * In: tags, event hashes, duplicate check, respondents and their keys, sealing
 * with a key per record, segments, durable commits.  Not in: reading JSON.
 * Out: reading, opening, consent per record, on one thread and on two.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/secret.h"
#include "keys/record.h"
#include "keys/record_plain.h"
#include "tests/unit/vault/fake_grant.h"
#include "vault/actlog.h"
#include "vault/erase.h"
#include "vault/reader.h"
#include "vault/store.h"
#include "vault/store_batch.h"
#include "vault/store_epoch.h"
#include "vault/store_event.h"
#include "vault/store_respondent.h"
#include "vault/store_segment.h"

#define START 1585267200        /* 2020-03-27 */

struct bench {
	char folder[64], store_path[128], erase_path[128];
	struct store *store;
	struct erase *erase;
	struct secret *vault_key, *erase_key, *index_key, *event_key;
	struct record_epoch_keys *epoch_keys;   /* in ${locked} */
	struct secret_pool locked;
	struct store_epoch epoch;
	int64_t batch;
	size_t answers, respondents, batch_len, packed_len;
	/* one batch */
	uint8_t *tags, *events, *seen;
	uint32_t *who, *numbers;
	struct store_respondent *found;
	struct store_consent_change *changes;
	struct secret_pool keys;
	uint16_t *generations;
	double seal_s, store_s, prepare_s;
};

static void
must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	fprintf(stderr, "bench_store: %s: %s\n", what, err_name(e));
	exit(1);
}
#define MUST(call) must((call), #call)

static double
now_s(void)
{
	return (double)clock_monotonic_ms() / 1000.0;
}

/* Of all threads: what a busy machine leaves of it is another matter. */
static double
cpu_s(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static uint64_t
size_of(const char *path)
{
	uint64_t len = 0;

	if (fs_exists(path))
		MUST(fs_size(path, &len));
	return len;
}

static void
new_key(struct secret **ret)
{
	MUST(secret_new_random(32, ret));
}

static int64_t
logged(struct db *db, enum actlog_class class_)
{
	struct actlog_act act = {
		.class_ = class_, .kind = "bench", .entry = bytes_str("x"),
	};
	int64_t id;

	secret_random(act.leaf, sizeof(act.leaf));
	MUST(actlog_add(db, &act, &id));
	MUST(actlog_mark_logged(db, id, 1));
	return id;
}

static void
open_stores(struct bench *b)
{
	struct erase_open_args args = {
		.path = b->erase_path, .mode = DB_CREATE,
	};
	struct db_tx tx = {0};
	int which;

	strcpy(b->folder, "/tmp/azukari-bench-XXXXXX");
	if (mkdtemp(b->folder) == NULL)
		must(ERR_IO, "mkdtemp");
	snprintf(b->store_path, sizeof(b->store_path), "%s/vault.db",
	    b->folder);
	snprintf(b->erase_path, sizeof(b->erase_path), "%s/erase.db",
	    b->folder);
	new_key(&b->vault_key);
	new_key(&b->erase_key);
	new_key(&b->index_key);
	new_key(&b->event_key);
	MUST(store_open(b->store_path, DB_CREATE, b->vault_key, "14",
	    &b->store));
	args.key = b->erase_key;
	args.store = b->store;
	MUST(db_tx_begin(store_db(b->store), &tx));
	MUST(erase_open(&args, &b->erase, &which));
	MUST(db_tx_commit(&tx));
}

static void
open_epoch(struct bench *b)
{
	struct store_share share = {
		.seat = "a", .age_file = bytes_str("share"),
	};
	struct db_tx tx = {0};
	uint8_t ek[32];

	b->epoch.kind = STORE_EPOCH_SURVEY;
	strcpy(b->epoch.subject, "survey corona 1");
	secret_random(b->epoch.id, sizeof(b->epoch.id));
	secret_random(b->epoch.sha256, sizeof(b->epoch.sha256));
	secret_random(b->epoch.subject_sha256, 32);
	secret_random(ek, sizeof(ek));
	MUST(secret_pool_init(&b->locked, sizeof(*b->epoch_keys)));
	b->epoch_keys = (struct record_epoch_keys *)(void *)b->locked.data;
	record_epoch_keys_derive(b->epoch_keys, ek, b->epoch.sha256,
	    b->epoch.subject_sha256);
	MUST(db_tx_begin(store_db(b->store), &tx));
	b->epoch.act = logged(store_db(b->store), ACTLOG_GRANT);
	MUST(store_epoch_add(b->store, &b->epoch, bytes_str("epoch"), &share,
	    1, &b->epoch.number));
	MUST(store_batch_add(b->store, "line", START, &b->batch));
	MUST(db_tx_commit(&tx));
}

static void
make_arrays(struct bench *b)
{
	size_t n = b->batch_len;

	b->tags = calloc(n, 32);
	b->events = calloc(n, STORE_EVENT_LEN);
	b->seen = calloc(n, 1);
	b->who = calloc(n, sizeof(*b->who));
	b->numbers = calloc(n, sizeof(*b->numbers));
	b->found = calloc(n, sizeof(*b->found));
	b->changes = calloc(n, sizeof(*b->changes));
	b->generations = calloc(n, sizeof(*b->generations));
	MUST(secret_pool_init(&b->keys, n * 32));
}

/* ---- in ---- */

static void
identify(struct bench *b, size_t from, size_t n)
{
	char user[40], event[40];

	for (size_t i = 0; i < n; i++) {
		/* first everybody once, then at random */
		b->who[i] = (uint32_t)(from + i < b->respondents ? from + i :
		    (size_t)random() % b->respondents);
		snprintf(user, sizeof(user), "U%032x", b->who[i] * 2654435761u);
		record_tag(b->index_key, "14", "line", bytes_str(user),
		    b->tags + i * 32);
		store_tag_fit(b->store, b->tags + i * 32);
		snprintf(event, sizeof(event), "01HX%zu", from + i);
		record_event(b->event_key, "line", bytes_str(event),
		    b->events + i * STORE_EVENT_LEN);
	}
}

static void
make_keys(struct bench *b, uint32_t first, uint32_t count, size_t n)
{
	struct db_tx tx = {0};

	if (count > 0) {
		MUST(db_tx_begin(erase_db(b->erase), &tx));
		MUST(erase_add_range(b->erase, first, count));
		MUST(db_tx_commit(&tx));
	}
	for (size_t i = 0; i < n; i++)
		b->numbers[i] = b->found[i].number;
	MUST(erase_get(b->erase, b->numbers, n, b->keys.data,
	    b->generations));
}

static const struct epoch_lists *
lists(void)
{
	static char sources[1][NAMES_WORD_MAX + 1] = {"line"};
	static uint8_t texts[1][DIGEST_LEN] = {{7}};
	static const struct epoch_lists l = {
		.opened_unix_s = START + 50, .sources_len = 1, .texts_len = 1,
		.sources = sources, .texts = texts,
	};

	return &l;
}

static void
build_plain(const struct bench *b, size_t i, struct buf *plain)
{
	uint8_t user[16], packed[256];
	struct record_plain p = {
		.user_code = RECORD_PLAIN_LINE,
		.user = {user, sizeof(user)},
		.source = bytes_str("line"), .has_consent = 1,
		.consent_text = {7}, .consent_scopes = 3,
		.consent_given_unix_s = START,
		.event_unix_s = START + 60 + (uint32_t)i,
		.received_unix_s = START + 70,
		.body = {packed, b->packed_len},
	};

	memset(user, (int)b->who[i], sizeof(user));
	memset(packed, 1, sizeof(packed));
	memcpy(packed + 1, &b->who[i], sizeof(b->who[i]));
	buf_clear(plain);
	MUST(record_plain_build(RECORD_RESPONSE, lists(), &p, plain));
}

static void
flush_segment(struct bench *b, struct segment_builder *seg)
{
	const struct store_segment head = {
		.epoch = b->epoch.number, .batch = b->batch,
		.first_answer_day = 18348, .last_answer_day = 18348,
	};
	int64_t number;
	double t = now_s();

	if (seg->count > 0)
		MUST(store_segment_add(b->store, &head, seg, &number));
	segment_builder_clear(seg);
	b->store_s += now_s() - t;
	b->seal_s -= now_s() - t;
}

static void
seal_one(struct bench *b, size_t i, struct segment_builder *seg,
    struct buf *plain)
{
	const struct record_ref ref = {
		.respondent_key = b->keys.data + i * 32,
		.tag = b->tags + i * 32, .generation = b->generations[i],
		.kind = RECORD_RESPONSE,
	};
	struct segment_entry entry = {
		.respondent = b->found[i].number,
		.generation = b->generations[i], .kind = RECORD_RESPONSE,
	};
	uint8_t *room;

	build_plain(b, i, plain);
	entry.length = (uint32_t)(plain->len + RECORD_OVERHEAD);
	if (segment_builder_len(seg) + entry.length > SEGMENT_BYTES_GOAL)
		flush_segment(b, seg);
	MUST(segment_builder_room(seg, &entry, &room));
	MUST(record_seal(b->epoch_keys, &ref, bytes_buf(plain), room));
}

static void
take_in(struct bench *b, size_t from, size_t n, struct segment_builder *seg,
    struct buf *plain)
{
	struct db_tx tx = {0};
	uint32_t first, count;
	size_t changes = 0;
	double t0 = now_s(), t1, t2;

	identify(b, from, n);
	b->prepare_s += (t1 = now_s()) - t0;
	MUST(store_event_check(b->store, b->events, n, b->seen));
	for (size_t i = 0; i < n; i++)
		if (b->seen[i])
			must(ERR_DUPLICATE, "event");
	MUST(store_respondent_find(b->store, b->tags, n, b->found, &first,
	    &count));
	make_keys(b, first, count, n);
	MUST(db_tx_begin(store_db(b->store), &tx));
	MUST(store_respondent_add(b->store));
	for (size_t i = 0; i < n; i++)
		if (b->found[i].consent.scopes == 0)
			b->changes[changes++] = (struct store_consent_change){
				.number = b->found[i].number,
				.consent = {.text = {7}, .scopes = 3,
				    .given_unix_s = START},
			};
	MUST(store_respondent_consent(b->store, b->changes, changes));
	MUST(store_event_add(b->store, b->events, n));
	b->store_s += (t2 = now_s()) - t1;
	for (size_t i = 0; i < n; i++)
		seal_one(b, i, seg, plain);
	b->seal_s += now_s() - t2;
	flush_segment(b, seg);
	t1 = now_s();
	MUST(db_tx_commit(&tx));
	b->store_s += now_s() - t1;
}

static double
run_in(struct bench *b)
{
	CLEANUP(segment_builder_release) struct segment_builder seg = {0};
	CLEANUP(buf_release) struct buf plain = {0};
	struct db_tx tx = {0};
	double t = now_s();

	for (size_t from = 0; from < b->answers; from += b->batch_len)
		take_in(b, from, b->answers - from < b->batch_len ?
		    b->answers - from : b->batch_len, &seg, &plain);
	MUST(db_tx_begin(store_db(b->store), &tx));
	MUST(store_epoch_close(b->store, b->epoch.number, START + 86400,
	    logged(store_db(b->store), ACTLOG_STOP), &b->epoch));
	MUST(db_tx_commit(&tx));
	return now_s() - t;
}

/* ---- out ---- */

static void
fill_grant(const struct bench *b, struct grant *g)
{
	*g = (struct grant){
		.owner = "14", .epochs_len = 1, .texts = {{7}, {9}},
		.valid_s = INT64_C(1) << 40,
		.end_unix_s = INT64_C(1) << 40,
		.expires_unix_s = INT64_C(1) << 40,
	};
	memcpy(g->survey_sha256, b->epoch.subject_sha256, 32);
	memcpy(g->epochs[0].id, b->epoch.id, 16);
	memcpy(g->epochs[0].sha256, b->epoch.sha256, 32);
	memcpy(g->epochs[0].root, b->epoch.root, 32);
	g->epochs[0].records = b->epoch.records;
}

static double
one_pass(struct reader *r, uint64_t *ret_rows)
{
	struct reader_batch batch;
	uint64_t rows = 0, bytes = 0;
	double t = now_s();

	do {
		MUST(reader_next(r, &batch));
		rows += batch.len;
		for (size_t i = 0; i < batch.len; i++)
			bytes += batch.records[i].packed.len;
	} while (batch.len > 0);
	*ret_rows = bytes == 0 ? 0 : rows;
	return now_s() - t;
}

static void
run_out(struct bench *b, unsigned threads)
{
	struct reader_args args = {
		.store = b->store, .erase = b->erase,
		.now_unix_s = START + 100000, .threads = threads,
		.epochs_len = 1,
	};
	struct reader_epoch epoch = {.keys = b->epoch_keys,
	    .lists = lists()};
	struct reader *r = NULL;
	struct grant g;
	uint64_t rows;
	double open, first, second, cpu;

	fill_grant(b, &g);
	memcpy(epoch.id, b->epoch.id, 16);
	args.grant = &g;
	args.epochs = &epoch;
	open = now_s();
	MUST(reader_open(&args, &r));
	open = now_s() - open;
	first = one_pass(r, &rows);
	MUST(reader_rewind(r, NULL, 0));
	cpu = cpu_s();
	second = one_pass(r, &rows);
	cpu = cpu_s() - cpu;
	reader_close(r);
	printf("out, %u thread%s: open %.2f s, pass %.2f s, again %.2f s, "
	    "%.0f rows/s, %.0f rows/cpu-s\n", threads,
	    threads == 1 ? "" : "s", open, first, second,
	    (double)rows / second, (double)rows / cpu);
}

/* What the bytes are for; the rest is pages that are not full, and heads. */
static void
print_split(const struct bench *b, uint64_t total)
{
	CLEANUP(store_segment_list_release) struct store_segment_list l = {0};
	double n = (double)b->answers, sealed = 0, directory;
	double events = (double)STORE_EVENT_LEN * n;
	double entries = 42.0 * (double)b->respondents;
	double keys = (2.0 + ERASE_KEY_LEN) * (double)b->respondents;

	MUST(store_segment_list(b->store, 0, 0, &l));
	for (size_t i = 0; i < l.len; i++)
		sealed += l.items[i].bytes;
	directory = SEGMENT_ENTRY_LEN * n + (double)(SEGMENT_HEAD_LEN * l.len);
	sealed -= directory;
	printf("      sealed %.1f, directory %.1f, events %.1f, respondents "
	    "%.1f, their keys %.1f, pages %.1f\n", sealed / n, directory / n,
	    events / n, entries / n, keys / n,
	    ((double)total - sealed - directory - events - entries - keys) / n);
}

static void
print_sizes(const struct bench *b)
{
	double n = (double)b->answers;
	uint64_t vault, erase;

	MUST(db_checkpoint(store_db(b->store)));
	MUST(db_checkpoint(erase_db(b->erase)));
	vault = size_of(b->store_path);
	erase = size_of(b->erase_path);
	printf("disk: vault.db %.1f, erase.db %.1f, together %.1f bytes an "
	    "answer\n", (double)vault / n, (double)erase / n,
	    (double)(vault + erase) / n);
	print_split(b, vault + erase);
}

static size_t
argument(int argc, char **argv, int i, size_t fallback)
{
	return argc > i ? strtoul(argv[i], NULL, 10) : fallback;
}

int
main(int argc, char **argv)
{
	struct bench b = {
		.answers = argument(argc, argv, 1, 1000000),
		.respondents = argument(argc, argv, 2, 600000),
		.batch_len = argument(argc, argv, 3, 50000),
		.packed_len = argument(argc, argv, 4, 60),
	};
	struct rusage usage;
	double s, cpu;

	MUST(secret_process_init(NULL));
	open_stores(&b);
	open_epoch(&b);
	make_arrays(&b);
	cpu = cpu_s();
	s = run_in(&b);
	cpu = cpu_s() - cpu;
	printf("in: %zu answers of %zu respondents, %zu packed bytes: %.2f s, "
	    "%.0f rows/s, %.0f rows/cpu-s\n", b.answers, b.respondents,
	    b.packed_len, s, (double)b.answers / s, (double)b.answers / cpu);
	printf("    ids %.2f s, sealing %.2f s, store %.2f s\n", b.prepare_s,
	    b.seal_s, b.store_s);
	print_sizes(&b);
	run_out(&b, 1);
	run_out(&b, 2);
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("memory: %ld MiB at most\n", usage.ru_maxrss / 1024);
	erase_close(b.erase);
	store_close(b.store);
	MUST(fs_remove_tree(b.folder));
	return 0;
}
