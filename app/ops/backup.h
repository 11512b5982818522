/* app/ops/backup.h - copies for the day a disk is lost. */
#ifndef AZUKARI_APP_OPS_BACKUP_H
#define AZUKARI_APP_OPS_BACKUP_H

#include "app/home.h"

/* Consistent copies under ${dir}, in two folders that must never lie in one
 * archive: vault-TIME (gateway.db, ledger/, owners/NN/vault.db and recovery/)
 * and erase-TIME (owners/NN/erase.db, keys/erase-NN.key).  Never copied:
 * gateway.key, which is kept elsewhere, and run/.  ERR_EXISTS. */
enum err backup_make(struct home *h, const char *dir) MUST_USE;

#endif
