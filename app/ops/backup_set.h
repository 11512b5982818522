/* app/ops/backup_set.h - one of the two folders of a backup, and its list
 * backup.txt (docs/FORMATS.md 3.1).
 *
 * Files lie in a set under the names they have in a home.  The list names each
 * with its digest, so that a file of another backup among them is seen.
 */
#ifndef AZUKARI_APP_OPS_BACKUP_SET_H
#define AZUKARI_APP_OPS_BACKUP_SET_H

#include "core/buf.h"
#include "core/fs.h"
#include "core/text.h"
#include "keys/digest.h"

#define BACKUP_SET_LIST "backup.txt"
#define BACKUP_SET_ID_LEN 16
#define BACKUP_SET_ORIGIN_MAX 255

enum backup_set_kind { BACKUP_SET_VAULT, BACKUP_SET_ERASE };

struct backup_set_head {
	enum backup_set_kind kind;
	uint8_t id[BACKUP_SET_ID_LEN];  /* both sets of a backup have the same */
	char origin[BACKUP_SET_ORIGIN_MAX + 1];
	int64_t taken_unix_s;
	uint64_t ledger_size;
	uint8_t ledger_root[DIGEST_LEN];
};

/* List every file under ${dir} and write its backup.txt, which makes it a set.
 * ERR_LIMIT, ERR_IO. */
enum err backup_set_close(const char *dir,
    const struct backup_set_head *head, struct err_info *info) MUST_USE;

struct backup_set {
	struct backup_set_head head;
	char dir[FS_PATH_MAX];
	struct text *text;
};
void backup_set_release(struct backup_set *s);          /* CLEANUP-able */

/* Read the list of ${dir}.  ERR_NOT_FOUND; else as text_parse; ERR_UNKNOWN for
 * a file that does not belong into a set of its kind; ${info} names it. */
enum err backup_set_open(const char *dir, struct backup_set *ret,
    struct err_info *info) MUST_USE;

/* The same of a list's bytes, said to be of ${dir}. */
enum err backup_set_parse(struct bytes list, const char *dir,
    struct backup_set *ret, struct err_info *info) MUST_USE;

/* How many files are in it; the ${i}th, by its name under a home (borrowed). */
size_t backup_set_len(const struct backup_set *s);
enum err backup_set_line(const struct backup_set *s, size_t i,
    uint8_t sha256[DIGEST_LEN], const char **ret_name,
    struct err_info *info) MUST_USE;

/* Copy all listed files under ${home} but config.json, each checked against its digest while it is read: ERR_MISMATCH.
 * What was copied is left on failure. */
enum err backup_set_copy(const struct backup_set *s, const char *home,
    struct err_info *info) MUST_USE;
/* config.json alone: it makes a folder a home. */
enum err backup_set_copy_config(const struct backup_set *s, const char *home,
    struct err_info *info) MUST_USE;

#endif
