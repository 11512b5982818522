/* tests/unit/vault/fault_vfs.h - SQLite's own memory and files, failing on
 * demand: what tests/unit/fault.h cannot reach, because it lies inside the
 * library. */
#ifndef AZUKARI_TESTS_VAULT_FAULT_VFS_H
#define AZUKARI_TESTS_VAULT_FAULT_VFS_H

enum fault_vfs_kind {
	FAULT_VFS_MEMORY,       /* an allocation of SQLite gives nothing */
	FAULT_VFS_FULL,         /* a write finds the disk full */
	FAULT_VFS_SYNC,         /* a sync fails */
	FAULT_VFS_READ,         /* a read fails */
};

/* Before anything else of SQLite is used in the process. */
void fault_vfs_install(void);
/* The ${n}th operation of that kind fails, and all that follow while
 * ${sticky}. */
void fault_vfs_set(enum fault_vfs_kind kind, unsigned n, int sticky);
/* Nothing fails any more; 1 when a failure had come. */
int fault_vfs_end(void);

#endif
