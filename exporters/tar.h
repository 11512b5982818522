/* exporters/tar.h - ustar containers, written one way and read strictly.
 *
 * libarchive does the format.  The writer is deterministic: same names, sizes
 * and time, same bytes.  The reader takes hostile input: before libarchive sees
 * a byte, a guard (tar_guard.h) has checked that the stream is plain ustar with
 * regular files and folders only, zero padding and nothing behind the end; the
 * caller then allows each member by name, kind and size before its data flows.
 * Neither keeps a member in memory.  Not for use from two threads at once.
 */
#ifndef AZUKARI_EXPORTERS_TAR_H
#define AZUKARI_EXPORTERS_TAR_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

/* Longest member: ustar has eleven octal digits for the size. */
#define TAR_MEMBER_MAX (((uint64_t)8 << 30) - 1)
/* Longest name in bytes; see tar_name_ok. */
#define TAR_NAME_MAX 200
/* Bytes of a member with ${size} bytes of data: header, data, padding. */
#define TAR_MEMBER_BYTES(size) (512 + (((uint64_t)(size) + 511) & ~(uint64_t)511))
/* Bytes of the end mark. */
#define TAR_END_BYTES 1024

/* Names we write and read: components of `[A-Za-z0-9][A-Za-z0-9._-]*` joined
 * by single `/`, none at either end, at most TAR_NAME_MAX bytes, and short
 * enough for ustar's split into prefix (155) and name (100).  1 or 0. */
int tar_name_ok(const char *name);

/* Takes ${bytes} (valid during the call only); an error ends the stream. */
typedef enum err (*tar_write_fn)(void *ctx, struct bytes bytes);

struct tar_writer;

/* A writer whose bytes go to ${write}(${ctx}) (both borrowed until free); all
 * members get mtime ${mtime_unix_s}, uid and gid 0, no names, files 0644,
 * folders 0755.  The caller owns the result.  ERR_RANGE for a time outside
 * 0 .. 8^11-1, ERR_NOMEM. */
enum err tar_writer_new(tar_write_fn write, void *ctx, int64_t mtime_unix_s,
    struct tar_writer **ret) MUST_USE;
void tar_writer_free(struct tar_writer *w);          /* NULL is fine */
void tar_writer_cleanup(struct tar_writer **w);

/* Begin a folder (name without final `/`) or a file of exactly ${size} bytes.
 * ERR_SYNTAX for a name tar_name_ok refuses, ERR_LIMIT above TAR_MEMBER_MAX,
 * ERR_STATE when the file before is not full, else what the sink returned.
 * After any failure the writer only repeats it. */
enum err tar_writer_folder(struct tar_writer *w, const char *name) MUST_USE;
enum err tar_writer_file(struct tar_writer *w, const char *name,
    uint64_t size) MUST_USE;

/* Data of the file begun last; ERR_MISMATCH when it is more than announced. */
enum err tar_writer_data(struct tar_writer *w, struct bytes data) MUST_USE;

/* A whole file at once. */
enum err tar_writer_add(struct tar_writer *w, const char *name,
    struct bytes data) MUST_USE;

/* The two zero blocks.  ERR_MISMATCH when the last file is not full. */
enum err tar_writer_end(struct tar_writer *w) MUST_USE;

/* Up to ${max} bytes into ${dst}; 0 of them means the end. */
typedef enum err (*tar_read_fn)(void *ctx, uint8_t *dst, size_t max,
    size_t *ret_got);

struct tar_member {
	const char *name;       /* without final `/`; valid until the next call */
	int is_folder;
	uint64_t size;          /* bytes; 0 for a folder */
};

/* Whether ${m} may be here: ERR_OK, or the refusal (usually ERR_UNKNOWN) to
 * give back, with a reason naming the member in ${info} (never NULL).
 * ERR_NOT_FOUND is the reader's own word and becomes ERR_UNKNOWN. */
typedef enum err (*tar_allow_fn)(void *ctx, const struct tar_member *m,
    struct err_info *info);

struct tar_rules {
	tar_allow_fn allow;     /* required */
	void *ctx;
	uint64_t max_member;    /* bytes of one member, at most TAR_MEMBER_MAX */
	uint64_t max_total;     /* bytes of the whole container */
	size_t max_members;     /* files and folders together */
};

struct tar_reader;

/* A reader of the bytes ${read}(${read_ctx}) gives, under ${rules} (copied;
 * its ctx and read_ctx are borrowed until free).  The caller owns the result.
 * ERR_NOMEM. */
enum err tar_reader_new(tar_read_fn read, void *read_ctx,
    const struct tar_rules *rules, struct tar_reader **ret) MUST_USE;
void tar_reader_free(struct tar_reader *r);          /* NULL is fine */
void tar_reader_cleanup(struct tar_reader **r);

/* The next member; data left over from the one before is skipped (and still
 * checked).  At the end, after the end mark and with nothing behind it but
 * zero blocks up to a record of 10,240 bytes: ERR_NOT_FOUND.  Otherwise, with
 * a reason in ${info} (may be NULL): ERR_UNSUPPORTED (a link, a device, pax,
 * GNU or old tar), ERR_SYNTAX (a bad name or header, padding,
 * bytes behind the end), ERR_TRUNCATED, ERR_LIMIT, ERR_DUPLICATE, or what
 * ${allow} or ${read} said.  After a failure every call repeats it. */
enum err tar_reader_next(struct tar_reader *r, struct tar_member *ret,
    struct err_info *info) MUST_USE;

/* The next piece of the present file's data, borrowed until the next call on
 * ${r}; length 0 when all of it was given.  Errors as tar_reader_next. */
enum err tar_reader_data(struct tar_reader *r, struct bytes *ret,
    struct err_info *info) MUST_USE;

/* All data of the present file appended to ${out}. */
enum err tar_reader_slurp(struct tar_reader *r, struct buf *out,
    struct err_info *info) MUST_USE;

#endif
