/* What the ledger's unit tests share: keys made of one byte, notes, folders. */
#ifndef AZUKARI_TESTS_UNIT_LEDGER_TEST_H
#define AZUKARI_TESTS_UNIT_LEDGER_TEST_H

#include "tests/unit/unit.h"

#include "core/fs.h"
#include "core/secret.h"
#include "ledger/log.h"
#include "ledger/note.h"

#define TEST_ORIGIN "ledger.example/azukari"
#define TEST_WITNESS "witness.example/w"

/* A signer whose seed is ${byte} thirty-two times. */
static inline struct note_signer *
test_signer(const char *name, uint8_t type, uint8_t byte)
{
	struct note_signer *signer;
	struct secret *seed;

	assert_ok(secret_new(NOTE_SIGNER_SEED_LEN, &seed));
	memset(secret_bytes_mut(seed), byte, NOTE_SIGNER_SEED_LEN);
	assert_ok(note_signer_new(name, type, seed, &signer));
	secret_free(seed);
	return signer;
}

static inline struct note_signer *
test_log_signer(void)
{
	return test_signer(TEST_ORIGIN, NOTE_KEY_ED25519, 1);
}

/* Witness number ${i}, named TEST_WITNESS and the number. */
static inline struct note_signer *
test_witness(unsigned i)
{
	char name[64];

	(void)snprintf(name, sizeof(name), TEST_WITNESS "%u", i);
	return test_signer(name, NOTE_KEY_COSIGNATURE, (uint8_t)(100 + i));
}

/* The n-th entry of test logs; lengths vary. */
static inline void
test_entry(uint64_t i, struct buf *out)
{
	buf_clear(out);
	assert_ok(buf_printf(out, "entry %llu%.*s\n", (unsigned long long)i,
	    (int)(i % 7), "......."));
}

#endif
