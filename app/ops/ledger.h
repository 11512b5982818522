/* app/ops/ledger.h - reading the ledger, at home or as a copy. */
#ifndef AZUKARI_APP_OPS_LEDGER_H
#define AZUKARI_APP_OPS_LEDGER_H

#include "app/home.h"
#include "ledger/audit.h"
#include "ledger/log.h"

/* A copy of a ledger (a folder of tiles) under ${vkey}: the key's text, or a
 * file whose first line it is. */
enum err ledger_open_copy(const char *dir, const char *vkey,
    struct log **ret, struct outcome *o) MUST_USE;

/* Walk the whole ledger: every rule that entries can show, and the root of
 * the published checkpoint.  At home (${h} not NULL) the thresholds of the
 * plans are known too.  ${facts} is filled and must outlive ${ret}, which holds
 * the findings and is the caller's; the verdict is ERR_OK or, with findings,
 * ERR_CORRUPT. */
enum err ledger_audit(struct home *h, struct log *log,
    struct audit_facts *facts, struct audit **ret) MUST_USE;

/* Write ${name}.entry and ${name}.tlog-proof of entry ${index} under the
 * published checkpoint.  ERR_RANGE with a sentence. */
enum err ledger_prove(struct home *h, uint64_t index,
    const char *name) MUST_USE;

#endif
