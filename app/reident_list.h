/* app/reident_list.h - pseudonyms.txt: pseudonyms as a partner writes them, one
 * a line.
 *
 * Written they are sorted, each once, with LF.  Read they may come in any order
 * with empty lines between; a wrong check character is a typo, and told with
 * its line.
 */
#ifndef AZUKARI_APP_REIDENT_LIST_H
#define AZUKARI_APP_REIDENT_LIST_H

#include "core/buf.h"
#include "keys/pseudonym.h"

struct reident_list {
	uint8_t (*items)[PSEUDONYM_LEN];        /* sorted bytewise */
	size_t len;
};
void reident_list_release(struct reident_list *l);      /* CLEANUP-able */

/* ERR_MISMATCH: a typo; ERR_SYNTAX: no pseudonym; ERR_DUPLICATE; ERR_LIMIT;
 * ERR_RANGE: none at all. */
enum err reident_list_read(struct bytes text, struct reident_list *ret,
    struct err_info *info) MUST_USE;
enum err reident_list_write(const struct reident_list *l,
    struct buf *out) MUST_USE;
/* Index of a pseudonym; l->len when it is not there. */
size_t reident_list_find(const struct reident_list *l,
    const uint8_t pseudonym[PSEUDONYM_LEN]);

#endif
