/* app/ops/ledger_papers.h - charters, policies and plans published beside a
 * ledger, for whoever checks a copy of it.
 *
 * The ledger has their digests.  Entries from before they stated terms of their
 * own (threshold, seats, expiry, ...) are judged by these; every later one is
 * held to its paper.  A paper is believed only where an entry has its digest.
 */
#ifndef AZUKARI_APP_OPS_LEDGER_PAPERS_H
#define AZUKARI_APP_OPS_LEDGER_PAPERS_H

#include "app/home.h"
#include "ledger/entry.h"

#define LEDGER_PAPERS_MAX 10000

/* What a paper says it is: `charter`, `policy` (by version) or `plan` (by
 * id). */
struct ledger_paper_name {
	enum entry_kind kind;
	char owner[3];
	uint64_t version;
	char id[REGISTER_NAME_MAX + 1];
};

struct ledger_paper {
	char file[256];
	struct ledger_paper_name name;
	struct buf bytes;
	char sha256[65];
	int used;               /* an entry has its digest */
	char instead[65];       /* what the entry of that name has; "": none */
};

struct ledger_papers {
	struct ledger_paper *items;
	size_t len;
	size_t others;          /* files of other kinds, not looked at */
};
void ledger_papers_release(struct ledger_papers *p);    /* CLEANUP-able */

/* Every file of ${dir} that is one.  ERR_NOT_FOUND where there is none, errors
 * of the parsers with the file's name, ERR_LIMIT. */
enum err ledger_papers_load(const char *dir, struct ledger_papers *ret,
    struct outcome *o) MUST_USE;

/* The one of that digest, which is used now; NULL: none, and one that has the
 * same ${name} is remembered for the refusal. */
const struct ledger_paper *ledger_papers_find(struct ledger_papers *p,
    const struct ledger_paper_name *name, const char *sha256);

/* After the walk: ERR_MISMATCH with a sentence for each paper that is of no
 * entry. */
enum err ledger_papers_settle(const struct ledger_papers *p,
    struct outcome *o) MUST_USE;

/* Write all of a home's into the new folder ${dir}: what an operator
 * publishes.  ERR_EXISTS where it is there and not empty. */
enum err ledger_papers_write(struct home *h, const char *dir) MUST_USE;

#endif
