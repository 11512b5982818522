/* app/ops/intake_run.h - taking files of answers in. */
#ifndef AZUKARI_APP_OPS_INTAKE_RUN_H
#define AZUKARI_APP_OPS_INTAKE_RUN_H

#include "app/home.h"
#include "app/ingest.h"

struct intake_run_args {
	const char *owner;
	const char *source;             /* NULL: the owner's only one */
	const char *const *files;       /* paths; "-" is standard input */
	size_t files_len;
	intake_read_fn read;            /* not NULL: one stream, no files */
	void *read_ctx;
	enum ingest_format format;
	const char *map;                /* mapping file, of CSV or FHIR */
	int dry_run;
	size_t batch_lines;             /* per transaction; 0: the usual */
	/* as in struct ingest_args; may be NULL */
	void (*progress)(void *ctx, const struct ingest_counts *so_far);
	void (*bad)(void *ctx, const char *file, const struct intake_bad *bad);
	void *ctx;
};

struct intake_run_report {
	struct ingest_counts counts;
	char source[REGISTER_NAME_MAX + 1];
	int64_t batch;                  /* 0: nothing was stored */
};

/* Take in all files as one run.  ${ret} is filled also on failure, as far as
 * the run came.  ERR_SYNTAX when all went well but for bad lines. */
enum err intake_run(struct home *h, const struct intake_run_args *args,
    struct intake_run_report *ret) MUST_USE;

/* Close every open epoch of the owner that no living process fills. */
enum err intake_run_close_epochs(struct home *h, const char *owner) MUST_USE;

#endif
