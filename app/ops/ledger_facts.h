/* app/ops/ledger_facts.h - what an auditor's walk knows beside the entries: from
 * a home's documents or published papers, and from cosigned checkpoints.
 */
#ifndef AZUKARI_APP_OPS_LEDGER_FACTS_H
#define AZUKARI_APP_OPS_LEDGER_FACTS_H

#include "app/ops/ledger.h"

struct ledger_facts;

/* ${args} is borrowed until ledger_facts_free. */
enum err ledger_facts_new(const struct ledger_verify_args *args,
    struct ledger_facts **ret) MUST_USE;
void ledger_facts_free(struct ledger_facts *f);

/* For audit_new. */
const struct audit_facts *ledger_facts_audit(const struct ledger_facts *f);

#endif
