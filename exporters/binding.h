/* exporters/binding.h - binding.txt: what ties a payload to its plan.
 *
 * Inside the encryption only.  Its salt proves, in a receipt, that the payload
 * was opened; its notice key turns the blocks of a notice into pseudonyms.
 */
#ifndef AZUKARI_EXPORTERS_BINDING_H
#define AZUKARI_EXPORTERS_BINDING_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"
#include "keys/digest.h"

#define BINDING_EXPORT_MAX 32

struct binding {
	char export_id[BINDING_EXPORT_MAX];
	uint8_t plan_sha256[DIGEST_LEN];
	uint8_t request_sha256[DIGEST_LEN];
	char recipient[128];            /* age1… */
	struct secret *salt;            /* 32 bytes, owned */
	struct secret *notice_key;      /* 32 bytes, owned */
};

/* Wipes and frees the two secrets.  CLEANUP-able. */
void binding_release(struct binding *b);

/* Append the text.  ERR_SYNTAX naming the key. */
enum err binding_write(const struct binding *b, struct buf *out,
    struct err_info *info) MUST_USE;
/* ${ret} is to be released; untouched on failure. */
enum err binding_parse(struct bytes bytes, struct binding *ret,
    struct err_info *info) MUST_USE;

#endif
