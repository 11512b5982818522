/* exporters/readme.h - README.txt of a bundle: how to open and check it.
 *
 * Japanese and English, three blocks of commands (Linux, macOS, Windows) that
 * work as they stand, signature first, files instead of pipes.
 */
#ifndef AZUKARI_EXPORTERS_README_H
#define AZUKARI_EXPORTERS_README_H

#include "core/buf.h"
#include "core/err.h"

/* Marks around the Linux block; a test cuts it out and runs it. */
#define README_LINUX_BEGIN "# ---- Linux begin ----"
#define README_LINUX_END "# ---- Linux end ----"

/* Append the text.  ERR_SYNTAX for a bad export id, ERR_NOMEM. */
enum err readme_write(const char *export_id, struct buf *out) MUST_USE;

#endif
