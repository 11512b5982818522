/* app/ops/backup.h - copies for the day a disk is lost. */
#ifndef AZUKARI_APP_OPS_BACKUP_H
#define AZUKARI_APP_OPS_BACKUP_H

#include "app/home.h"

/* Consistent copies under ${dir}, in two folders that must never lie in one
 * archive: vault-TIME (config.json, gateway.db, ledger/, owners/NN/vault.db and
 * recovery/) and erase-TIME (owners/NN/erase.db, keys/erase-NN.key), each with
 * its backup.txt.  Never copied: gateway.key, which is kept elsewhere, run/ and
 * outbox/.
 *
 * Others may work meanwhile: acts wait while register and ledger are copied,
 * erasures until all is; intake goes on, and what it adds after the copy began
 * is not in it.  ERR_EXISTS, ERR_BUSY; a folder without backup.txt is left on
 * failure, and is no backup. */
enum err backup_make(struct home *h, const char *dir) MUST_USE;

#endif
