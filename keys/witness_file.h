/* keys/witness_file.h - a witness's one key file (docs/FORMATS.md section 10.2).
 *
 * An age file under a passphrase: whose witness it is, for which log, and the
 * seed it cosigns with.  The log's vkey is text here; ledger/ knows its form.
 */
#ifndef AZUKARI_KEYS_WITNESS_FILE_H
#define AZUKARI_KEYS_WITNESS_FILE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"

#define WITNESS_FILE_NAME_MAX 255
#define WITNESS_FILE_LOG_MAX 511

/* Zeroed is empty; owns the seed. */
struct witness_file {
	char name[WITNESS_FILE_NAME_MAX + 1];
	char log[WITNESS_FILE_LOG_MAX + 1];
	int64_t created_unix_s;
	struct secret *seed;            /* 32 bytes */
};
void witness_file_release(struct witness_file *w);      /* CLEANUP-able */

/* A fresh seed for ${name}; texts are copied: ERR_LIMIT. */
enum err witness_file_new(const char *name, const char *log,
    int64_t created_unix_s, struct witness_file *ret) MUST_USE;

/* Write ${path} (mode 0600); ERR_EXISTS when it is there. */
enum err witness_file_write(const struct witness_file *w, const char *path,
    const struct secret *passphrase, unsigned log_n) MUST_USE;

/* Errors as identity_read (keys/identity.h). */
enum err witness_file_read(const char *path, const struct secret *passphrase,
    struct witness_file *ret, struct err_info *info) MUST_USE;

#endif
