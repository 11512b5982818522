/* exporters/tar_guard.h - is this stream plain ustar, and nothing else?
 *
 * libarchive reads many dialects: pax and GNU extensions, sparse files, base-256
 * sizes, links, archives without an end, bytes behind the end.  None of them
 * may reach it from outside.  The guard follows the blocks of a stream before
 * libarchive gets them and lets only this pass: ustar headers with a right
 * checksum, of regular files (type 0) and folders (type 5), no link names, no
 * device numbers, octal fields, names as tar_name_ok, zero padding, an end
 * mark, and behind it zero blocks up to a multiple of 10,240 bytes at most.
 * Times, owners and modes are not used by any reader of ours and are free.
 */
#ifndef AZUKARI_EXPORTERS_TAR_GUARD_H
#define AZUKARI_EXPORTERS_TAR_GUARD_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define TAR_GUARD_BLOCK 512

struct tar_guard {
	uint64_t max_member, max_total; /* bytes; set by tar_guard_init */
	uint64_t offset;                /* of the next byte */
	uint64_t data_left;             /* bytes of data until the padding */
	uint64_t padding_left;
	unsigned end_blocks;            /* zero blocks of the end mark: 0 to 2 */
	uint64_t end_offset;            /* behind the end mark */
};

void tar_guard_init(struct tar_guard *g, uint64_t max_member,
    uint64_t max_total);

/* The next bytes of the stream; every call but the last brings a multiple of
 * TAR_GUARD_BLOCK.  ERR_UNSUPPORTED, ERR_SYNTAX, ERR_LIMIT,
 * ERR_TRUNCATED (part of a block) with the reason in ${info}. */
enum err tar_guard_feed(struct tar_guard *g, struct bytes piece,
    struct err_info *info) MUST_USE;

/* The stream is over.  ERR_TRUNCATED when it should not be. */
enum err tar_guard_end(const struct tar_guard *g,
    struct err_info *info) MUST_USE;

#endif
