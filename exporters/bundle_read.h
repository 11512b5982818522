/* exporters/bundle_read.h - a bundle as a stranger gets it, read strictly.
 *
 * From a tar file or an unpacked folder.  Everything is hostile until the
 * signature over SHA256SUMS is verified, which is the caller's: this reader
 * proves that the files are exactly those SHA256SUMS names, with those
 * digests, plus the unlisted kinds, and nothing else.  One pass, the payload
 * is never held in memory.
 */
#ifndef AZUKARI_EXPORTERS_BUNDLE_READ_H
#define AZUKARI_EXPORTERS_BUNDLE_READ_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "exporters/sums.h"
#include "keys/digest.h"

struct bundle_reader;

/* Opens and checks ${path}.  ERR_NOT_FOUND (no such bundle, or a member is
 * missing), ERR_UNKNOWN (a member too many), ERR_MISMATCH (a digest, a folder
 * name), ERR_DUPLICATE, ERR_SYNTAX, ERR_UNSUPPORTED, ERR_CORRUPT,
 * ERR_TRUNCATED, ERR_LIMIT, ERR_IO; ${info} (may be NULL) names the member.
 * The caller owns the result. */
enum err bundle_read_open(const char *path, struct bundle_reader **ret,
    struct err_info *info) MUST_USE;
/* The same for the folder bundle_build made: signature, entry and proof may be
 * missing still. */
enum err bundle_read_open_unsealed(const char *path,
    struct bundle_reader **ret, struct err_info *info) MUST_USE;
/* The same for a bundle that travels without its payload, as officers see it
 * before it is released: all else is there, the payload's digest is taken from
 * SHA256SUMS. */
enum err bundle_read_open_papers(const char *path,
    struct bundle_reader **ret, struct err_info *info) MUST_USE;
void bundle_read_free(struct bundle_reader *r);      /* NULL is fine */
void bundle_read_cleanup(struct bundle_reader **r);

/* The export id of STATEMENT.txt (and, in a tar, of the folder's name). */
const char *bundle_read_export_id(const struct bundle_reader *r);

/* The bytes of a member (not the payload), borrowed until free.
 * ERR_NOT_FOUND leaves ${ret} alone. */
enum err bundle_read_member(const struct bundle_reader *r, const char *name,
    struct bytes *ret) MUST_USE;

/* Names of all members in order of the bundle; NULL behind the last. */
const char *bundle_read_name_at(const struct bundle_reader *r, size_t i);

/* The parsed SHA256SUMS and the digest of its bytes, borrowed until free. */
const struct sums *bundle_read_sums(const struct bundle_reader *r);
const uint8_t *bundle_read_sums_sha256(const struct bundle_reader *r);

/* Where the payload lies: a descriptor (borrowed until free) of the file that
 * was checked, first byte and length.  Its bytes may have changed since: who
 * reads them again checks ${sha256} again. */
struct bundle_payload {
	int fd;
	uint64_t offset, bytes;
	uint8_t sha256[DIGEST_LEN];
};
void bundle_read_payload(const struct bundle_reader *r,
    struct bundle_payload *ret);

#endif
