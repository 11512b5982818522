#include "tests/unit/vault/fault_vfs.h"

#include <string.h>

#include "vault/db_internal.h"

static enum fault_vfs_kind kind_set;
static unsigned countdown;
static int sticky_set, fired;

void
fault_vfs_set(enum fault_vfs_kind kind, unsigned n, int sticky)
{
	kind_set = kind;
	sticky_set = sticky;
	countdown = n;
	fired = 0;
}

int
fault_vfs_end(void)
{
	countdown = 0;
	return fired;
}

static int
fails(enum fault_vfs_kind kind)
{
	if (kind != kind_set || countdown == 0)
		return 0;
	if (countdown > 1) {
		countdown--;
		return 0;
	}
	if (!sticky_set)
		countdown = 0;
	fired = 1;
	return 1;
}

/* ---- memory ---- */

static sqlite3_mem_methods real_mem;

static void *
mem_malloc(int n)
{
	return fails(FAULT_VFS_MEMORY) ? NULL : real_mem.xMalloc(n);
}

static void *
mem_realloc(void *p, int n)
{
	return fails(FAULT_VFS_MEMORY) ? NULL : real_mem.xRealloc(p, n);
}

/* ---- files: ours in front, the real one behind it in the same memory ---- */

static sqlite3_vfs *real_vfs, shim_vfs;

struct shim {
	sqlite3_file base;
};

static sqlite3_file *
real_of(sqlite3_file *f)
{
	return (sqlite3_file *)(void *)((struct shim *)(void *)f + 1);
}

#define FORWARD(name, params, args)                       \
	static int                                        \
	shim_##name params                                \
	{                                                 \
		return real_of(f)->pMethods->x##name args; \
	}

FORWARD(Close, (sqlite3_file *f), (real_of(f)))
FORWARD(Truncate, (sqlite3_file *f, sqlite3_int64 n), (real_of(f), n))
FORWARD(FileSize, (sqlite3_file *f, sqlite3_int64 *n), (real_of(f), n))
FORWARD(Lock, (sqlite3_file *f, int n), (real_of(f), n))
FORWARD(Unlock, (sqlite3_file *f, int n), (real_of(f), n))
FORWARD(CheckReservedLock, (sqlite3_file *f, int *n), (real_of(f), n))
FORWARD(FileControl, (sqlite3_file *f, int op, void *p), (real_of(f), op, p))
FORWARD(SectorSize, (sqlite3_file *f), (real_of(f)))
FORWARD(DeviceCharacteristics, (sqlite3_file *f), (real_of(f)))
FORWARD(ShmMap, (sqlite3_file *f, int page, int size, int extend,
    void volatile **p), (real_of(f), page, size, extend, p))
FORWARD(ShmLock, (sqlite3_file *f, int at, int n, int flags),
    (real_of(f), at, n, flags))
FORWARD(ShmUnmap, (sqlite3_file *f, int del), (real_of(f), del))

static void
shim_ShmBarrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int
shim_Read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return fails(FAULT_VFS_READ) ? SQLITE_IOERR_READ :
	    real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static int
shim_Write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	return fails(FAULT_VFS_FULL) ? SQLITE_FULL :
	    real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}

static int
shim_Sync(sqlite3_file *f, int flags)
{
	return fails(FAULT_VFS_SYNC) ? SQLITE_IOERR_FSYNC :
	    real_of(f)->pMethods->xSync(real_of(f), flags);
}

static const sqlite3_io_methods shim_methods = {
	.iVersion = 2, .xClose = shim_Close, .xRead = shim_Read,
	.xWrite = shim_Write, .xTruncate = shim_Truncate,
	.xSync = shim_Sync, .xFileSize = shim_FileSize, .xLock = shim_Lock,
	.xUnlock = shim_Unlock, .xCheckReservedLock = shim_CheckReservedLock,
	.xFileControl = shim_FileControl, .xSectorSize = shim_SectorSize,
	.xDeviceCharacteristics = shim_DeviceCharacteristics,
	.xShmMap = shim_ShmMap, .xShmLock = shim_ShmLock,
	.xShmBarrier = shim_ShmBarrier, .xShmUnmap = shim_ShmUnmap,
};

static int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out)
{
	int rc;

	(void)vfs;
	memset(f, 0, sizeof(struct shim));
	rc = real_vfs->xOpen(real_vfs, name, real_of(f), flags, out);
	if (real_of(f)->pMethods != NULL)
		f->pMethods = &shim_methods;
	return rc;
}

void
fault_vfs_install(void)
{
	sqlite3_mem_methods mem;

	MUST_HOLD(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_mem) ==
	    SQLITE_OK);
	mem = real_mem;
	mem.xMalloc = mem_malloc;
	mem.xRealloc = mem_realloc;
	MUST_HOLD(sqlite3_config(SQLITE_CONFIG_MALLOC, &mem) == SQLITE_OK);
	MUST_HOLD(sqlite3_initialize() == SQLITE_OK);
	real_vfs = sqlite3_vfs_find(NULL);
	shim_vfs = *real_vfs;
	shim_vfs.zName = "fault";
	shim_vfs.szOsFile = (int)sizeof(struct shim) + real_vfs->szOsFile;
	shim_vfs.xOpen = shim_open;
	MUST_HOLD(sqlite3_vfs_register(&shim_vfs, 1) == SQLITE_OK);
}
