/* ledger/proof.c - reading, writing and verifying .tlog-proof files. */
#include "ledger/proof.h"

#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "keys/merkle.h"
#include "ledger/decimal.h"

#define FIRST_LINE_ANY "c2sp.org/tlog-proof@"
#define FIRST_LINE FIRST_LINE_ANY "v1"
#define EXTRA "extra "
#define EXTRA_LEN 6

enum err
proof_write(uint64_t index, struct bytes hashes, struct bytes note,
    struct buf *out)
{
	RETURN_IF(buf_printf(out, FIRST_LINE "\nindex %llu\n",
	    (unsigned long long)index));
	RETURN_IF(merkle_proof_put_lines(hashes, out));
	RETURN_IF(buf_append_u8(out, '\n'));
	return buf_append(out, note.data, note.len);
}

void
proof_release(struct proof *p)
{
	buf_release(&p->hashes);
	buf_release(&p->extra);
	buf_release(&p->note);
}

static int
begins(struct bytes line, const char *with)
{
	size_t len = strlen(with);

	return line.len >= len && memcmp(line.data, with, len) == 0;
}

/* A line is there and ends, or the file is not one. */
static enum err
take_line(struct bytes *rest, struct bytes *ret)
{
	return bytes_take_line(rest, ret) == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

static enum err
parse_version(struct bytes line)
{
	if (bytes_equal(line, bytes_str(FIRST_LINE)))
		return ERR_OK;
	return begins(line, FIRST_LINE_ANY) ? ERR_UNSUPPORTED : ERR_SYNTAX;
}

static enum err
parse_extra(struct bytes line, struct proof *p)
{
	size_t len;

	line.data += EXTRA_LEN;
	line.len -= EXTRA_LEN;
	if (line.len == 0)
		return ERR_SYNTAX;
	if (line.len / 4 > PROOF_EXTRA_MAX / 3)
		return ERR_LIMIT;
	RETURN_IF(buf_reserve(&p->extra, line.len));
	RETURN_IF(decode_b64(line, 1, p->extra.data, line.len, &len));
	p->extra.len = len;
	p->extra.data[len] = '\0';
	return ERR_OK;
}

static enum err
parse_into(struct bytes rest, struct proof *p)
{
	struct bytes line;

	RETURN_IF(take_line(&rest, &line));
	RETURN_IF(parse_version(line));
	RETURN_IF(take_line(&rest, &line));
	if (begins(line, EXTRA)) {
		RETURN_IF(parse_extra(line, p));
		RETURN_IF(take_line(&rest, &line));
	}
	RETURN_IF(decimal_parse_after(line, "index", MERKLE_PROOF_SIZE_MAX,
	    &p->index));
	for (;;) {
		RETURN_IF(take_line(&rest, &line));
		if (line.len == 0)
			break;
		RETURN_IF(merkle_proof_take_line(line, &p->hashes));
	}
	if (rest.len == 0)
		return ERR_SYNTAX;
	return buf_append(&p->note, rest.data, rest.len);
}

enum err
proof_parse_unverified(struct bytes file, struct proof *ret)
{
	CLEANUP(proof_release) struct proof p = {.index = 0};

	if (file.len > PROOF_MAX)
		return ERR_LIMIT;
	RETURN_IF(parse_into(file, &p));
	*ret = p;
	memset(&p, 0, sizeof(p));
	return ERR_OK;
}

static enum err
check_entry(const struct proof *p, struct bytes entry,
    const struct checkpoint *cp)
{
	uint8_t leaf[MERKLE_PROOF_HASH_LEN];

	merkle_leaf(entry, leaf);
	return merkle_proof_check_inclusion(p->index, cp->size, leaf,
	    bytes_buf(&p->hashes), cp->root);
}

enum err
proof_verify(const struct proof *p, struct bytes entry,
    const struct policy_file *policy, struct policy_file_result *ret)
{
	struct policy_file_result result;

	RETURN_IF(policy_file_verify(policy, bytes_buf(&p->note), &result));
	RETURN_IF(check_entry(p, entry, &result.checkpoint));
	*ret = result;
	return ERR_OK;
}

enum err
proof_verify_log(const struct proof *p, struct bytes entry,
    const struct note_key *log_key, struct checkpoint *ret)
{
	struct checkpoint cp;

	RETURN_IF(checkpoint_verify(bytes_buf(&p->note), log_key, &cp));
	RETURN_IF(check_entry(p, entry, &cp));
	*ret = cp;
	return ERR_OK;
}
