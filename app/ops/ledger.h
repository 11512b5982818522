/* app/ops/ledger.h - reading the ledger, at home or as a copy. */
#ifndef AZUKARI_APP_OPS_LEDGER_H
#define AZUKARI_APP_OPS_LEDGER_H

#include "app/home.h"
#include "app/ops/ledger_past.h"
#include "ledger/audit.h"
#include "ledger/log.h"

/* A copy of a ledger: a folder of tiles, and the checkpoints beside them. */
struct ledger_copy {
	const char *dir;
	const char *vkey;       /* its text, or a file whose first line it is */
	const char *origin;     /* NULL: the key's name */
};

/* Opens it at the largest of its checkpoints; those that lie beside the tiles
 * are added to ${past}.  Errors of ledger_past_open. */
enum err ledger_open_copy(const struct ledger_copy *copy,
    struct ledger_past *past, struct log **ret, struct outcome *o) MUST_USE;

/* ---- the whole ledger, as an auditor checks it ---- */

#define LEDGER_RECEIPT_DAYS 30

struct ledger_papers;           /* app/ops/ledger_papers.h */

struct ledger_verify_args {
	struct home *home;      /* its documents give more facts; NULL: a copy */
	const char *dir;        /* of the tiles */
	struct log *log;        /* open for reading; borrowed */
	struct ledger_past past;        /* older checkpoints; borrowed */
	struct ledger_papers *papers;   /* published ones, for a copy; or NULL */
	const char *proof;      /* where a proof of misbehaviour goes; or NULL */
	int64_t now_unix_s;
};

struct ledger_verified {
	struct audit *audit;    /* NULL where the ledger is not one of ours */
	size_t cosignatures;    /* checkpoints that are kept with some */
	/* private */
	struct ledger_facts *facts;
};
void ledger_verified_release(struct ledger_verified *v);        /* CLEANUP-able */

/* Check everything: older checkpoints are prefixes (else ERR_ROLLBACK and,
 * where it can be had, a proof of misbehaviour), every tile, the root, and on
 * a ledger of ours every rule.  With findings ERR_CORRUPT; ${ret} is to be
 * released in any case.  What held is told in ${o}. */
enum err ledger_verify(const struct ledger_verify_args *args,
    struct ledger_verified *ret, struct outcome *o) MUST_USE;

/* Write ${name}.entry and ${name}.tlog-proof of entry ${index} under the
 * published checkpoint.  ERR_RANGE with a sentence. */
enum err ledger_prove(struct home *h, uint64_t index,
    const char *name) MUST_USE;

#endif
