/* exporters/notice_names.c - the pseudonyms behind a notice's blocks. */
#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "core/secret.h"
#include "exporters/binding.h"
#include "exporters/notice.h"

void
notice_names_release(struct notice_names *n)
{
	free(n->items);
	*n = (struct notice_names){0};
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, PSEUDONYM_TEXT_LEN);
}

int
notice_names_has(const struct notice_names *n, const void *name)
{
	return n->len > 0 && bsearch(name, n->items, n->len,
	    sizeof(*n->items), compare) != NULL;
}

static enum err
open_all(const struct notice *n, struct pseudonym_notice *key,
    struct notice_names *names)
{
	uint8_t block[PSEUDONYM_BLOCK_LEN], pseudonym[PSEUDONYM_LEN];

	for (; names->len < n->blocks.len; names->len++) {
		RETURN_IF(decode_hex(bytes_str(n->blocks.items[names->len]),
		    block, sizeof(block)));
		RETURN_IF(pseudonym_notice_open(key, block, pseudonym));
		pseudonym_format(pseudonym, names->items[names->len]);
	}
	if (names->len > 1)
		qsort(names->items, names->len, sizeof(*names->items),
		    compare);
	return ERR_OK;
}

static enum err
check_binding(const struct notice *n, const struct binding *b,
    struct err_info *info)
{
	char plan[DIGEST_HEX_LEN + 1];

	digest_to_hex(b->plan_sha256, plan);
	if (strcmp(b->export_id, n->export_id) == 0 &&
	    strcmp(plan, n->plan_sha256) == 0)
		return ERR_OK;
	return err_at(info, ERR_MISMATCH, 0,
	    "the notice is of another export");
}

enum err
notice_names_open(const struct notice *n, struct bytes binding_txt,
    struct notice_names *ret, struct err_info *info)
{
	CLEANUP(pseudonym_notice_cleanup) struct pseudonym_notice *key = NULL;
	CLEANUP(notice_names_release) struct notice_names names = {0};
	CLEANUP(binding_release) struct binding b = {0};

	RETURN_IF(binding_parse(binding_txt, &b, info));
	RETURN_IF(check_binding(n, &b, info));
	names.items = calloc(n->blocks.len + 1, sizeof(*names.items));
	if (names.items == NULL)
		return ERR_NOMEM;
	RETURN_IF(pseudonym_notice_new(secret_bytes(b.notice_key), &key));
	RETURN_IF(open_all(n, key, &names));
	*ret = names;
	names = (struct notice_names){0};
	return ERR_OK;
}
