/* app/pack.h - a handful of small files that travel as one (a ustar).
 *
 * Packets to officers and their answers (docs/FORMATS.md 8.4, 8.8, 8.9): one
 * folder, small files, each read whole into memory that is wiped.
 */
#ifndef AZUKARI_APP_PACK_H
#define AZUKARI_APP_PACK_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define PACK_NAME_MAX 120
#define PACK_BYTES_MAX ((uint64_t)512 << 20)
#define PACK_FILES_MAX 65536

struct pack_file {
	char name[PACK_NAME_MAX + 1];   /* without the folder */
	struct buf bytes;
};

/* Zeroed is empty. */
struct pack {
	char folder[PACK_NAME_MAX + 1];
	struct pack_file *files;
	size_t len, cap;
	uint32_t *index;                /* by name; private to pack.c */
	size_t index_len;
};
void pack_release(struct pack *p);

/* Add a copy.  ERR_SYNTAX (name), ERR_DUPLICATE, ERR_LIMIT, ERR_NOMEM. */
enum err pack_add(struct pack *p, const char *name, struct bytes bytes)
    MUST_USE;
enum err pack_add_numbered(struct pack *p, const char *folder, size_t number,
    const char *suffix, struct bytes bytes) MUST_USE;

/* By name, NULL when absent; pack_need names the missing one in ${info}. */
const struct pack_file *pack_find(const struct pack *p, const char *name);
const struct pack_file *pack_find_numbered(const struct pack *p,
    const char *folder, size_t number, const char *suffix);
enum err pack_need(const struct pack *p, const char *name,
    struct bytes *ret, struct err_info *info) MUST_USE;

/* Write the ustar, files in the order they were added, with mode 0600;
 * ERR_EXISTS when ${path} is there. */
enum err pack_write(const struct pack *p, const char *path,
    int64_t mtime_unix_s) MUST_USE;

/* Read one from ${path}: everything in one folder, bounded, strict. */
enum err pack_read(const char *path, struct pack *ret,
    struct err_info *info) MUST_USE;

#endif
