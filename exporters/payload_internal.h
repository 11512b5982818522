/* exporters/payload_internal.h - the two ends of the payload's pipeline. */
#ifndef AZUKARI_EXPORTERS_PAYLOAD_INTERNAL_H
#define AZUKARI_EXPORTERS_PAYLOAD_INTERNAL_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "exporters/payload.h"
#include "keys/digest.h"
#include "keys/merkle.h"

/* What a block of the tar holds. */
enum payload_tag {
	PAYLOAD_TAG_REST = 0,
	PAYLOAD_TAG_RESPONSES,
	PAYLOAD_TAG_CONSENTS,
};

/* Hashes both tables and feeds the tap.  A zeroed struct may be released. */
struct payload_inspector {
	payload_tap_fn tap;
	void *tap_ctx;
	struct digest_stream tables[2];         /* by enum payload_which */
};
enum err payload_inspector_init(struct payload_inspector *i,
    payload_tap_fn tap, void *tap_ctx) MUST_USE;
void payload_inspector_release(struct payload_inspector *i);
/* A pipeline stage. */
enum err payload_inspector_run(void *ctx, unsigned tag,
    struct bytes block) MUST_USE;

/* The consent root: a stage of its own, for a leaf and a node of every person
 * cost more than hashing both tables.  To be zeroed first. */
struct payload_root {
	struct buf line;                        /* begun, not yet ended */
	int header_seen;
	struct merkle_range range;
};
void payload_root_release(struct payload_root *r);
/* A pipeline stage. */
enum err payload_root_run(void *ctx, unsigned tag, struct bytes block) MUST_USE;
/* The lines of consents.csv, however cut: the first is the header and left out.
 * ERR_LIMIT for a line above CSV_RECORD_MAX. */
enum err payload_root_feed(struct payload_root *r, struct bytes piece) MUST_USE;
/* ERR_TRUNCATED when the last line has no end. */
enum err payload_root_end(const struct payload_root *r,
    uint8_t ret[DIGEST_LEN]) MUST_USE;

/* zstd → age → SHA-256 → descriptor. */
struct payload_sink;
enum err payload_sink_new(const char *recipient, int fd,
    struct payload_sink **ret) MUST_USE;
void payload_sink_free(struct payload_sink *s);      /* NULL is fine */
void payload_sink_cleanup(struct payload_sink **s);
/* A pipeline stage. */
enum err payload_sink_run(void *ctx, unsigned tag, struct bytes block) MUST_USE;
/* The last frame, the last chunk; what was written. */
enum err payload_sink_end(struct payload_sink *s, uint8_t ret[DIGEST_LEN],
    uint64_t *ret_bytes) MUST_USE;

/* Everything but the tables, made before the first row is asked for. */
enum payload_text {
	PAYLOAD_BAG_INFO, PAYLOAD_BINDING, PAYLOAD_PACKAGE, PAYLOAD_PYTHON,
	PAYLOAD_R, PAYLOAD_TEXTS
};

#endif
