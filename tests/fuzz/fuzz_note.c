/* Notes: what parses can be put together again; what is signed verifies. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "core/secret.h"
#include "ledger/checkpoint.h"
#include "ledger/cosignature.h"
#include "ledger/note.h"

static struct note_signer *
signer_of(const char *name, uint8_t type)
{
	CLEANUP(secret_cleanup) struct secret *seed = NULL;
	struct note_signer *s = NULL;

	MUST_HOLD(secret_new(NOTE_SIGNER_SEED_LEN, &seed) == ERR_OK);
	MUST_HOLD(note_signer_new(name, type, seed, &s) == ERR_OK);
	return s;
}

/* Text, blank line and the lines made anew are the bytes that came in. */
static void
check_parsed(const struct note *n)
{
	CLEANUP(buf_release) struct buf back = {0};
	struct bytes text = note_text_unverified(n);
	struct note_line line;
	size_t i;

	MUST_HOLD(buf_append(&back, text.data, text.len) == ERR_OK);
	MUST_HOLD(buf_append_u8(&back, '\n') == ERR_OK);
	for (i = 0; i < note_lines(n); i++) {
		line = note_line_at(n, i);
		MUST_HOLD(note_put_line(line.name, line.id, line.signature,
		    &back) == ERR_OK);
	}
	MUST_HOLD(bytes_equal(bytes_buf(&back), note_bytes(n)));
}

/* Any text that can be signed verifies, and is given back as it was. */
static void
check_signed(struct bytes text, const struct note_signer *s)
{
	CLEANUP(note_cleanup) struct note *n = NULL;
	CLEANUP(buf_release) struct buf out = {0};
	struct checkpoint cp;

	if (note_sign(text, s, 77, &out) != ERR_OK || out.len > NOTE_MAX)
		return;
	MUST_HOLD(note_parse(bytes_buf(&out), &n) == ERR_OK);
	MUST_HOLD(bytes_equal(note_text_unverified(n), text));
	MUST_HOLD(note_verify(n, note_signer_key(s), 1, NULL) == ERR_OK);
	if (checkpoint_parse_unverified(text, &cp) == ERR_OK)
		MUST_HOLD(cp.size <= MERKLE_PROOF_SIZE_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct note_signer *log, *witness;
	CLEANUP(note_cleanup) struct note *n = NULL;
	CLEANUP(buf_release) struct buf merged = {0};
	struct bytes input = bytes_of(data, size);
	struct note_key key;

	if (log == NULL) {
		log = signer_of("a", NOTE_KEY_ED25519);
		witness = signer_of("w", NOTE_KEY_COSIGNATURE);
	}
	if (note_parse(input, &n) == ERR_OK) {
		check_parsed(n);
		MUST_HOLD(note_verify(n, note_signer_key(log), 1, NULL) !=
		    ERR_OK);
		(void)!cosignature_merge(input, input,
		    note_signer_key(witness), 1, &merged);
	}
	check_signed(input, log);
	check_signed(input, witness);
	(void)!note_key_parse(input, &key);
	return 0;
}
