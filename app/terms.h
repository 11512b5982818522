/* app/terms.h - what the ledger's entries of charters and plans state, so that
 * they can be checked without the documents (FORMATS.md section 10).
 */
#ifndef AZUKARI_APP_TERMS_H
#define AZUKARI_APP_TERMS_H

#include "ledger/entry.h"
#include "policy/charter.h"
#include "policy/plan.h"

/* The last keys of entry `charter`: threshold and seats with their keys. */
enum err terms_put_charter(struct entry_writer *w,
    const struct charter *c) MUST_USE;

/* Does an entry `charter` state what ${c} says?  As terms_match_plan. */
int terms_match_charter(const struct text *entry, const struct charter *c);

/* What a plan is to be carried out as: `export`, `reident`, `rederive`. */
const char *terms_act(const struct plan *p);

/* The last keys of entry `plan`. */
void terms_put_plan(struct entry_writer *w, const struct plan *p);

/* Does an entry `plan` state what ${p} says?  One from before there were terms
 * states nothing and is fine. */
int terms_match_plan(const struct text *entry, const struct plan *p);

#endif
