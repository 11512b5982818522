/* make_log DIR SIZE... - a ledger for other people's programs to check.
 *
 * Makes DIR/ledger and grows it to each SIZE in turn.  Beside it: log.vkey,
 * witness1.vkey, witness2.vkey, policy; per SIZE a checkpoint-SIZE, cosigned
 * by both witnesses, and consistency-OLD-SIZE (`old N`, hashes, blank line,
 * checkpoint); of the last tree NUMBER.entry and NUMBER.tlog-proof for some
 * entries.  Keys are random and forgotten.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fs.h"
#include "core/secret.h"
#include "ledger/cosignature.h"
#include "ledger/entry.h"
#include "ledger/log.h"

#define ORIGIN "ledger.example/azukari"

struct maker {
	const char *dir;
	struct note_signer *signer, *witness[2];
	struct log *log;
};

static enum err
put_file(const struct maker *m, const char *name, const struct buf *b)
{
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/%s", m->dir, name));
	return fs_write_file(path, bytes_buf(b), 0644);
}

static enum err
new_signer(const char *name, uint8_t type, struct note_signer **ret)
{
	CLEANUP(secret_cleanup) struct secret *seed = NULL;

	RETURN_IF(secret_new_random(NOTE_SIGNER_SEED_LEN, &seed));
	return note_signer_new(name, type, seed, ret);
}

static enum err
put_key(const struct maker *m, const char *file, const char *word,
    const struct note_signer *s, struct buf *policy)
{
	CLEANUP(buf_release) struct buf b = {0};

	RETURN_IF(note_key_write(note_signer_key(s), &b));
	RETURN_IF(buf_append_u8(&b, '\n'));
	RETURN_IF(buf_printf(policy, "%s %s", word, buf_text(&b)));
	return put_file(m, file, &b);
}

static enum err
make_keys(struct maker *m)
{
	CLEANUP(buf_release) struct buf policy = {0};

	RETURN_IF(new_signer(ORIGIN, NOTE_KEY_ED25519, &m->signer));
	RETURN_IF(new_signer("witness.example/one", NOTE_KEY_COSIGNATURE,
	    &m->witness[0]));
	RETURN_IF(new_signer("witness.example/two", NOTE_KEY_COSIGNATURE,
	    &m->witness[1]));
	RETURN_IF(put_key(m, "log.vkey", "log", m->signer, &policy));
	RETURN_IF(put_key(m, "witness1.vkey", "witness one", m->witness[0],
	    &policy));
	RETURN_IF(put_key(m, "witness2.vkey", "witness two", m->witness[1],
	    &policy));
	RETURN_IF(buf_append_str(&policy,
	    "group both all one two\nquorum both\n"));
	return put_file(m, "policy", &policy);
}

/* Entries as they are in life: of different lengths, each with its nonce. */
static enum err
make_entry(uint64_t i, struct buf *out)
{
	struct entry_writer w;
	char word[64];

	(void)snprintf(word, sizeof(word), "part-%llu-%.*s",
	    (unsigned long long)i, (int)(i % 20), "xxxxxxxxxxxxxxxxxxxx");
	entry_begin(&w, ENTRY_BACKUP, 1795334400 + (int64_t)i, NULL, out);
	entry_put(&w, "what", word);
	return entry_end(&w, NULL);
}

static enum err
append_batch(struct maker *m, size_t count)
{
	CLEANUP(buf_release) struct buf texts = {0};
	static struct bytes entries[LOG_BATCH_MAX];
	size_t i, at;

	for (i = 0; i < count; i++) {
		at = texts.len;
		RETURN_IF(make_entry(log_size(m->log) + i, &texts));
		entries[i].len = texts.len - at;
	}
	for (i = 0, at = 0; i < count; at += entries[i++].len)
		entries[i].data = texts.data + at;
	RETURN_IF(log_stage(m->log, entries, count));
	return log_publish(m->log);
}

static enum err
cosign(struct maker *m)
{
	CLEANUP(note_cleanup) struct note *n = NULL;
	CLEANUP(buf_release) struct buf note = {0};
	unsigned i;

	RETURN_IF(note_parse(log_note(m->log), &n));
	RETURN_IF(buf_append(&note, log_note(m->log).data,
	    log_note(m->log).len));
	for (i = 0; i < 2; i++)
		RETURN_IF(cosignature_sign(n, m->witness[i],
		    1795334500 + i, &note));
	return log_store_cosigned(m->log, bytes_buf(&note));
}

static enum err
put_consistency(struct maker *m, uint64_t old)
{
	CLEANUP(buf_release) struct buf hashes = {0}, b = {0};
	char name[64];

	(void)snprintf(name, sizeof(name), "consistency-%llu-%llu",
	    (unsigned long long)old, (unsigned long long)log_size(m->log));
	RETURN_IF(log_consistency(m->log, old, log_size(m->log), &hashes));
	RETURN_IF(buf_printf(&b, "old %llu\n", (unsigned long long)old));
	RETURN_IF(merkle_proof_put_lines(bytes_buf(&hashes), &b));
	RETURN_IF(buf_append_u8(&b, '\n'));
	RETURN_IF(buf_append(&b, log_note(m->log).data,
	    log_note(m->log).len));
	return put_file(m, name, &b);
}

static enum err
grow(struct maker *m, uint64_t size)
{
	CLEANUP(buf_release) struct buf note = {0};
	uint64_t old = log_size(m->log), left;
	char name[64];

	while ((left = size - log_size(m->log)) > 0)
		RETURN_IF(append_batch(m, left < LOG_BATCH_MAX ?
		    (size_t)left : LOG_BATCH_MAX));
	RETURN_IF(cosign(m));
	(void)snprintf(name, sizeof(name), "checkpoint-%llu",
	    (unsigned long long)size);
	RETURN_IF(buf_append(&note, log_note(m->log).data,
	    log_note(m->log).len));
	RETURN_IF(put_file(m, name, &note));
	return old > 0 ? put_consistency(m, old) : ERR_OK;
}

static enum err
put_proof(struct maker *m, uint64_t index)
{
	CLEANUP(buf_release) struct buf entry = {0}, proof = {0};
	char name[64];

	RETURN_IF(log_entry(m->log, index, &entry));
	RETURN_IF(log_proof(m->log, index, bytes_of(NULL, 0), &proof));
	(void)snprintf(name, sizeof(name), "%llu.entry",
	    (unsigned long long)index);
	RETURN_IF(put_file(m, name, &entry));
	(void)snprintf(name, sizeof(name), "%llu.tlog-proof",
	    (unsigned long long)index);
	return put_file(m, name, &proof);
}

/* The first, the last, and some between. */
static enum err
put_proofs(struct maker *m)
{
	uint64_t size = log_size(m->log), step = size / 5 + 1, i;

	for (i = 0; i < size; i += step)
		RETURN_IF(put_proof(m, i));
	return put_proof(m, size - 1);
}

static enum err
run(struct maker *m, char **sizes)
{
	struct log_config config = {.dir = NULL};
	const struct log_signed nothing = {.size = 0};
	char path[FS_PATH_MAX];
	uint64_t size;

	RETURN_IF(make_keys(m));
	RETURN_IF(fs_path(path, "%s/ledger", m->dir));
	config.dir = path;
	config.signer = m->signer;
	RETURN_IF(log_open(&config, &nothing, &m->log, NULL));
	for (; *sizes != NULL; sizes++) {
		size = strtoull(*sizes, NULL, 10);
		if (size <= log_size(m->log))
			return ERR_USAGE;
		RETURN_IF(grow(m, size));
	}
	return put_proofs(m);
}

int
main(int argc, char **argv)
{
	struct maker m = {.dir = argc > 1 ? argv[1] : NULL};
	enum err e;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: make_log DIR SIZE...\n");
		return 2;
	}
	e = run(&m, argv + 2);
	log_close(m.log);
	note_signer_free(m.signer);
	note_signer_free(m.witness[0]);
	note_signer_free(m.witness[1]);
	if (e != ERR_OK)
		(void)fprintf(stderr, "make_log: %s\n", err_name(e));
	return e == ERR_OK ? 0 : 1;
}
