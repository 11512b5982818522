/* bench_ledger DIR [ENTRIES [BATCH]] - the ledger at length: how fast entries
 * are appended (each batch durable, signed and published), how many bytes an
 * entry takes on disk, how fast the whole is verified by the rules, and
 * how an append and a proof grow with the tree.
 *
 * Entries are real ones: plans with their votes and exports do not come by the
 * million, withdrawals and epochs do; so these are withdrawal batches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <ftw.h>

#include "core/fs.h"
#include "core/secret.h"
#include "ledger/audit.h"
#include "ledger/entry.h"
#include "ledger/log.h"
#include "ledger/log_check.h"

#define ORIGIN "bench.example/ledger"
#define NOW 1795334400
#define GATEWAY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwN" \
	"Dg8QERITFBUWFxgZGhscHR4f"

static void
must(enum err e, const char *what)
{
	if (e == ERR_OK)
		return;
	(void)fprintf(stderr, "bench_ledger: %s: %s\n", what, err_name(e));
	exit(1);
}

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- what stands for gateway.db: the last committed state ---- */

struct state {
	uint64_t size;
	uint8_t root[32];
	struct buf checkpoint;
};

static void
commit(struct state *s, struct log_signed staged)
{
	s->size = staged.size;
	memcpy(s->root, staged.root, sizeof(s->root));
	buf_clear(&s->checkpoint);
	must(buf_append(&s->checkpoint, staged.checkpoint.data,
	    staged.checkpoint.len), "commit");
}

/* ---- entries ---- */

static void
genesis(const struct note_signer *signer, struct buf *out)
{
	CLEANUP(buf_release) struct buf vkey = {0};
	struct entry_writer w;

	must(note_key_write(note_signer_key(signer), &vkey), "vkey");
	entry_begin(&w, ENTRY_GENESIS, NOW, NULL, out);
	entry_put(&w, "origin", ORIGIN);
	entry_put(&w, "gateway-key", GATEWAY);
	entry_put(&w, "ledger-key", buf_text(&vkey));
	must(entry_end(&w, NULL), "genesis");
}

static void
withdrawal(uint64_t i, struct buf *out)
{
	struct entry_writer w;
	char batch[17];

	(void)snprintf(batch, sizeof(batch), "%016llx",
	    (unsigned long long)i);
	entry_begin(&w, ENTRY_WITHDRAWAL, NOW, "14", out);
	entry_put(&w, "batch", batch);
	must(entry_end(&w, NULL), "withdrawal");
}

static void
owner(struct buf *out)
{
	struct entry_writer w;

	entry_begin(&w, ENTRY_OWNER, NOW, "14", out);
	entry_put(&w, "owner-name", "Kanagawa");
	must(entry_end(&w, NULL), "owner");
}

/* ---- appending ---- */

static void
append(struct log *log, const struct note_signer *signer, struct state *s,
    uint64_t count)
{
	struct bytes *entries = calloc(count, sizeof(*entries));
	struct buf *texts = calloc(count, sizeof(*texts));
	uint64_t i;

	if (entries == NULL || texts == NULL)
		must(ERR_NOMEM, "append");
	for (i = 0; i < count; i++) {
		uint64_t index = log_size(log) + i;

		if (index == 0)
			genesis(signer, &texts[i]);
		else if (index == 1)
			owner(&texts[i]);
		else
			withdrawal(index, &texts[i]);
		entries[i] = bytes_buf(&texts[i]);
	}
	must(log_stage(log, entries, count), "stage");
	commit(s, log_staged(log));
	must(log_publish(log), "publish");
	for (i = 0; i < count; i++)
		buf_release(&texts[i]);
	free(texts);
	free(entries);
}

static void
tell_single(struct log *log, const struct note_signer *signer,
    struct state *s)
{
	CLEANUP(buf_release) struct buf proof = {0};
	double start = now_s();
	const unsigned times = 50;

	for (unsigned i = 0; i < times; i++)
		append(log, signer, s, 1);
	(void)printf("at %9llu entries: one alone %6.2f ms",
	    (unsigned long long)log_size(log),
	    (now_s() - start) * 1000 / times);
	start = now_s();
	for (unsigned i = 0; i < times; i++) {
		buf_clear(&proof);
		must(log_proof(log, log_size(log) / 3, (struct bytes){0},
		    &proof), "proof");
	}
	(void)printf(", a proof %5zu bytes in %5.2f ms\n", proof.len,
	    (now_s() - start) * 1000 / times);
}

/* ---- on disk ---- */

static struct {
	uint64_t bytes, files;
} disk;

static int
add_file(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)path;
	(void)at;
	if (kind == FTW_F) {
		disk.bytes += (uint64_t)st->st_size;
		disk.files++;
	}
	return 0;
}

/* ---- verifying ---- */

static enum err
add_entry(void *ctx, uint64_t index, struct bytes entry)
{
	(void)index;
	return audit_add(ctx, entry);
}

static void
verify(struct log *log)
{
	CLEANUP(audit_cleanup) struct audit *a = NULL;
	char at[TILES_PATH_MAX];
	double start = now_s(), tiles;

	must(log_check_tiles(log, at), "tiles");
	tiles = now_s() - start;
	must(audit_new(NULL, &a), "audit");
	must(log_each(log, 0, add_entry, a), "each");
	must(audit_finish(a, log_checkpoint(log)), "finish");
	if (audit_findings(a) > 0)
		must(ERR_CORRUPT, audit_finding(a, 0)->rule->name);
	(void)printf("verified %llu entries: tiles and root %.1f s, rules %.1f s, "
	    "together %.0f entries/s\n", (unsigned long long)log_size(log),
	    tiles, now_s() - start - tiles,
	    (double)log_size(log) / (now_s() - start));
}

int
main(int argc, char **argv)
{
	uint64_t total = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
	uint64_t batch = argc > 3 ? strtoull(argv[3], NULL, 10) : 256;
	CLEANUP(note_signer_cleanup) struct note_signer *signer = NULL;
	CLEANUP(secret_cleanup) struct secret *seed = NULL;
	CLEANUP(log_cleanup) struct log *log = NULL;
	struct state state = {0};
	struct log_signed none = {.size = 0};
	struct log_config config = {0};
	uint64_t next = 1000;
	double start, spent = 0;

	if (argc < 2 || batch == 0 || batch > LOG_BATCH_MAX || total < 2)
		return 2;
	must(secret_new_random(NOTE_SIGNER_SEED_LEN, &seed), "seed");
	must(note_signer_new(ORIGIN, NOTE_KEY_ED25519, seed, &signer), "key");
	config = (struct log_config){.dir = argv[1], .signer = signer};
	must(log_open(&config, &none, &log, NULL), "open");
	while (log_size(log) < total) {
		uint64_t left = total - log_size(log);

		start = now_s();
		append(log, signer, &state, left < batch ? left : batch);
		spent += now_s() - start;
		if (log_size(log) >= next) {
			tell_single(log, signer, &state);
			next *= 10;
		}
	}
	(void)printf("appended %llu in batches of %llu: %.0f entries/s\n",
	    (unsigned long long)log_size(log), (unsigned long long)batch,
	    (double)log_size(log) / spent);
	(void)nftw(argv[1], add_file, 16, FTW_PHYS);
	(void)printf("on disk %.1f bytes an entry, %llu files\n",
	    (double)disk.bytes / (double)log_size(log),
	    (unsigned long long)disk.files);
	verify(log);
	buf_release(&state.checkpoint);
	return 0;
}
