/* exporters/pipeline.h - blocks of bytes that pass a chain of threads.
 *
 * One producer (the caller's thread) fills blocks; each stage is a thread that
 * looks at every block in order.  A ring of a few blocks, in locked memory,
 * lies between the first and the last of them, so nobody runs far ahead.  The
 * first failure anywhere ends everything and is what every call returns.
 */
#ifndef AZUKARI_EXPORTERS_PIPELINE_H
#define AZUKARI_EXPORTERS_PIPELINE_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define PIPELINE_STAGES_MAX 4
#define PIPELINE_BLOCK_BYTES ((size_t)256 << 10)
#define PIPELINE_BLOCKS 12

/* What a stage does with a block: ${tag} is the producer's word for what is in
 * it.  Runs on the stage's own thread. */
typedef enum err (*pipeline_fn)(void *ctx, unsigned tag, struct bytes block);

struct pipeline_stage {
	pipeline_fn run;
	void *ctx;              /* borrowed until pipeline_free */
};

struct pipeline;

/* Starts one thread for each of ${count} (1 to PIPELINE_STAGES_MAX) stages
 * (copied).  ERR_NOMEM, ERR_MEMORY_LOCK.  The caller owns the result. */
enum err pipeline_new(const struct pipeline_stage *stages, size_t count,
    struct pipeline **ret) MUST_USE;

/* Stops all threads, whatever they are at, and wipes the blocks. */
void pipeline_free(struct pipeline *p);              /* NULL is fine */
void pipeline_cleanup(struct pipeline **p);

/* Bytes for the stages; a block holds bytes of one tag only. */
enum err pipeline_put(struct pipeline *p, struct bytes bytes) MUST_USE;
/* What follows has tag ${tag} (at first 0). */
enum err pipeline_tag(struct pipeline *p, unsigned tag) MUST_USE;

/* Waits until the stages up to ${stage} have seen all that was put.  What they
 * did is visible to the caller then. */
enum err pipeline_wait(struct pipeline *p, size_t stage) MUST_USE;

#endif
