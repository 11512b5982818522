#include "exporters/consent_check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/encode.h"
#include "core/fs.h"
#include "core/secret.h"
#include "exporters/binding.h"
#include "exporters/payload_internal.h"
#include "keys/pseudonym.h"

#define TEXT_MAX ((size_t)8 << 20)
#define PIECE ((size_t)64 << 10)
#define LINE_MAX_BYTES ((size_t)64 << 10)

typedef enum err (*piece_fn)(void *ctx, struct bytes piece);

static enum err
read_pieces(int fd, uint8_t *block, piece_fn take, void *ctx)
{
	ssize_t n;

	while ((n = read(fd, block, PIECE)) != 0) {
		if (n < 0)
			return ERR_IO;
		RETURN_IF(take(ctx, bytes_of(block, (size_t)n)));
	}
	return ERR_OK;
}

static enum err
feed_consents(const char *data, piece_fn take, void *ctx)
{
	CLEANUP(fs_fd_cleanup) int fd = -1;
	char path[FS_PATH_MAX];
	uint8_t *block;
	enum err e;

	RETURN_IF(fs_path(path, "%s/data/consents.csv", data));
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return ERR_NOT_FOUND;
	if ((block = malloc(PIECE)) == NULL)
		return ERR_NOMEM;
	e = read_pieces(fd, block, take, ctx);
	free(block);
	return e;
}

/* ---- the root ---- */

static enum err
take_root(void *ctx, struct bytes piece)
{
	return payload_root_feed(ctx, piece);
}

enum err
consent_check_root(const char *data, uint8_t ret[DIGEST_LEN])
{
	CLEANUP(payload_root_release) struct payload_root r = {
		.header_seen = 0};

	RETURN_IF(feed_consents(data, take_root, &r));
	return payload_root_end(&r, ret);
}

/* ---- who has withdrawn ---- */

typedef char name_text[PSEUDONYM_TEXT_LEN + 1];

struct looking {
	name_text *names;               /* sorted */
	size_t len;
	struct buf line;                /* begun */
	unsigned long number;
	unsigned long found;            /* 0: nobody yet */
};

static void
looking_release(struct looking *l)
{
	free(l->names);
	buf_release(&l->line);
}

static int
compare_names(const void *a, const void *b)
{
	return memcmp(a, b, PSEUDONYM_TEXT_LEN);
}

static enum err
open_names(struct looking *l, const struct notice *n,
    struct pseudonym_notice *key)
{
	uint8_t block[PSEUDONYM_BLOCK_LEN], pseudonym[PSEUDONYM_LEN];
	size_t i;

	for (i = 0; i < n->blocks.len; i++) {
		RETURN_IF(decode_hex(bytes_str(n->blocks.items[i]), block,
		    sizeof(block)));
		RETURN_IF(pseudonym_notice_open(key, block, pseudonym));
		pseudonym_format(pseudonym, l->names[i]);
	}
	l->len = n->blocks.len;
	qsort(l->names, l->len, sizeof(*l->names), compare_names);
	return ERR_OK;
}

static enum err
find_names(const char *data, const struct notice *n, struct looking *l,
    struct err_info *info)
{
	CLEANUP(pseudonym_notice_cleanup) struct pseudonym_notice *key = NULL;
	CLEANUP(binding_release) struct binding b = {0};
	CLEANUP(buf_release) struct buf text = {0};
	char plan[DIGEST_HEX_LEN + 1], path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/binding.txt", data));
	RETURN_IF(fs_read_file(path, TEXT_MAX, &text));
	RETURN_IF(binding_parse(bytes_buf(&text), &b, info));
	digest_to_hex(b.plan_sha256, plan);
	if (strcmp(b.export_id, n->export_id) != 0 ||
	    strcmp(plan, n->plan_sha256) != 0)
		return ERR_MISMATCH;
	if (notice_is_recall(n))
		return ERR_STATE;
	if ((l->names = calloc(n->blocks.len + 1, sizeof(*l->names))) == NULL)
		return ERR_NOMEM;
	RETURN_IF(pseudonym_notice_new(secret_bytes(b.notice_key), &key));
	return open_names(l, n, key);
}

static void
end_line(struct looking *l)
{
	l->number++;
	if (l->found == 0 && l->line.len >= PSEUDONYM_TEXT_LEN &&
	    bsearch(l->line.data, l->names, l->len, sizeof(*l->names),
	    compare_names) != NULL)
		l->found = l->number;
	buf_clear(&l->line);
}

static enum err
take_names(void *ctx, struct bytes piece)
{
	struct looking *l = ctx;
	size_t i;

	for (i = 0; i < piece.len; i++) {
		if (piece.data[i] == '\n')
			end_line(l);
		else if (l->line.len == LINE_MAX_BYTES)
			return ERR_LIMIT;
		else
			RETURN_IF(buf_append_u8(&l->line, piece.data[i]));
	}
	return ERR_OK;
}

enum err
consent_check_notice(const char *data, const struct notice *notice,
    unsigned long *ret_line, struct err_info *info)
{
	CLEANUP(looking_release) struct looking l = {.names = NULL};

	RETURN_IF(find_names(data, notice, &l, info));
	RETURN_IF(feed_consents(data, take_names, &l));
	*ret_line = l.found;
	return l.found == 0 ? ERR_OK : ERR_REVOKED;
}
