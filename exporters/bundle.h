/* exporters/bundle.h - putting a bundle together, in two steps.
 *
 * 1 bundle_build: a folder DIR/EXP-…/ with every part, the payload (moved, not
 *   copied) and SHA256SUMS; appears by rename.  Its SHA256SUMS is then signed,
 *   logged and cosigned, which may take hours.
 * 2 bundle_finish: checks the folder again, adds signature, entry, proof and
 *   byte-release signatures, and writes the tar; appears by rename.
 * Members and their order: docs/FORMATS.md section 9.
 */
#ifndef AZUKARI_EXPORTERS_BUNDLE_H
#define AZUKARI_EXPORTERS_BUNDLE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "keys/digest.h"

#define BUNDLE_PAYLOAD "payload.tar.zst.age"
#define BUNDLE_SUMS "SHA256SUMS"
/* Longest part but the payload, and all of them together, in bytes. */
#define BUNDLE_PART_MAX ((size_t)4 << 20)
#define BUNDLE_PARTS_MAX ((size_t)64 << 20)

/* Where a name of a bundle belongs: its place in the listed order. */
enum bundle_place {
	BUNDLE_UNKNOWN = 0,
	BUNDLE_LISTED,          /* in SHA256SUMS */
	BUNDLE_UNLISTED,        /* SHA256SUMS itself and what was added after */
};
/* ${name} relative to the folder. */
enum bundle_place bundle_place_of(const char *name);
/* Negative, 0, positive as ${a} stands before, at or behind ${b} in a bundle;
 * both must have a place. */
int bundle_order(const char *a, const char *b);

struct bundle_part {
	const char *name;       /* relative to the folder */
	struct bytes bytes;
};

struct bundle_spec {
	const char *export_id;
	const struct bundle_part *parts;  /* any order; README.txt is made here */
	size_t part_count;
	const char *payload_path;         /* moved into the folder */
	uint8_t payload_sha256[DIGEST_LEN];
};

/* Makes DIR/EXP-…/ (ERR_EXISTS when it is there).  Appends the bytes of
 * SHA256SUMS to ${ret_sums}.  Refused: a part without a place or twice, a
 * missing part (README.txt apart), an approval without its three companions,
 * the payload's name among the parts: ERR_UNKNOWN, ERR_DUPLICATE,
 * ERR_NOT_FOUND, ERR_LIMIT, naming the part in ${info} (may be NULL).  The
 * payload's digest is taken on trust here and checked by bundle_finish. */
enum err bundle_build(const char *dir, const struct bundle_spec *spec,
    struct buf *ret_sums, struct err_info *info) MUST_USE;

/* What was made over SHA256SUMS. */
struct bundle_seals {
	struct bytes sig, entry, proof;
	const struct bundle_part *releases;     /* release/SEAT.sig, or none */
	size_t release_count;
};

/* Reads the folder bundle_build made, checks every file against its SHA256SUMS
 * (which must have the digest ${sums_sha256}) while packing, and makes
 * ${tar_path} with members of mtime ${frozen_unix_s}.  The folder stays.
 * ERR_MISMATCH, ERR_UNKNOWN, ERR_NOT_FOUND, ERR_EXISTS, ERR_IO, naming the file
 * in ${info}; nothing is left at ${tar_path} then. */
struct bundle_target {
	const char *folder;             /* DIR/EXP-… */
	const char *tar_path;
	int64_t frozen_unix_s;
	uint8_t sums_sha256[DIGEST_LEN];
};
enum err bundle_finish(const struct bundle_target *target,
    const struct bundle_seals *seals, struct err_info *info) MUST_USE;

#endif
