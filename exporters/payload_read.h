/* exporters/payload_read.h - opening a payload: age → zstd → tar → a folder.
 *
 * One streaming pass; other threads look at rows, hash and write (pipeline.h).
 * Everything inside is checked: ciphertext digest, one zstd frame, plain ustar with the expected
 * members in the expected order, both manifests, tagmanifest digest,
 * datapackage.json against the tables, pseudonyms (check character, order, the
 * same people in both tables), answer numbers, consent root, binding, consent
 * texts.  The folder appears by rename when all of it held; on any failure
 * nothing is left.
 */
#ifndef AZUKARI_EXPORTERS_PAYLOAD_READ_H
#define AZUKARI_EXPORTERS_PAYLOAD_READ_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "exporters/binding.h"
#include "exporters/bundle_read.h"
#include "exporters/statement.h"
#include "keys/age.h"

struct payload_read_spec {
	struct bundle_payload payload;          /* file and expected digest */
	const struct statement *statement;      /* of the verified bundle */
	const uint8_t *text_scopes;     /* what a consent to each of its texts
	                                 * must hold (bits of FORMATS 5.1);
	                                 * NULL: nothing is asked */
	const struct age_keys *keys;
	const char *out_dir;    /* EXP-…-data appears in it; must exist */
};

struct payload_read_result {
	struct binding binding;         /* to be released */
	uint64_t rows, respondents;
};

/* Opens the payload.  ERR_EXISTS when the folder is there already, ERR_NO_MATCH
 * (another recipient's), ERR_DECRYPT, ERR_TRUNCATED, ERR_CORRUPT, ERR_MISMATCH
 * (a digest, count or binding is of something else), ERR_UNKNOWN,
 * ERR_NOT_FOUND, ERR_UNSUPPORTED, ERR_LIMIT, ERR_IO, ERR_NO_SPACE; ${info} (may
 * be NULL) names the member and the rule, never a value of the data. */
enum err payload_read(const struct payload_read_spec *spec,
    struct payload_read_result *ret, struct err_info *info) MUST_USE;
void payload_read_result_release(struct payload_read_result *r);

#endif
