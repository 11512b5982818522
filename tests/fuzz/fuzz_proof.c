/* Proof files and requests to witnesses: what parses is written back as it was
 * (but for `extra`). */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "ledger/proof.h"
#include "ledger/witness.h"

static void
check_parsed(const struct proof *p, struct bytes input)
{
	CLEANUP(buf_release) struct buf back = {0};

	MUST_HOLD(proof_write(p->index, bytes_buf(&p->hashes),
	    bytes_buf(&p->note), &back) == ERR_OK);
	if (p->extra.len == 0)
		MUST_HOLD(bytes_equal(bytes_buf(&back), input));
	else
		MUST_HOLD(back.len < input.len);
}

static void
check_request(struct bytes input)
{
	CLEANUP(witness_request_release) struct witness_request r = {0};
	CLEANUP(buf_release) struct buf back = {0};

	if (witness_request_parse_unverified(input, &r) != ERR_OK)
		return;
	MUST_HOLD(buf_printf(&back, "old %llu\n",
	    (unsigned long long)r.old_size) == ERR_OK);
	MUST_HOLD(merkle_proof_put_lines(bytes_buf(&r.hashes), &back) ==
	    ERR_OK);
	MUST_HOLD(buf_append_u8(&back, '\n') == ERR_OK);
	MUST_HOLD(buf_append(&back, r.note.data, r.note.len) == ERR_OK);
	MUST_HOLD(bytes_equal(bytes_buf(&back), input));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(proof_release) struct proof p = {0};
	const uint8_t root[MERKLE_PROOF_HASH_LEN] = {0};
	struct bytes input = bytes_of(data, size);
	uint64_t tree = 0;

	if (proof_parse_unverified(input, &p) == ERR_OK)
		check_parsed(&p, input);
	check_request(input);
	/* any bytes as a path, in trees of any size */
	if (size >= sizeof(tree)) {
		memcpy(&tree, data, sizeof(tree));
		MUST_HOLD(merkle_proof_check_inclusion(tree / 3, tree, root,
		    bytes_of(data + 8, size - 8), root) != ERR_OK ||
		    tree == 1);
		MUST_HOLD(merkle_proof_check_consistency(tree / 3 + 1, root,
		    tree, root, bytes_of(data + 8, size - 8)) != ERR_OK ||
		    tree / 3 + 1 == tree);
	}
	return 0;
}
