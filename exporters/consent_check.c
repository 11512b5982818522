#include "exporters/consent_check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/fs.h"
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

struct looking {
	struct notice_names names;
	struct buf line;                /* begun */
	unsigned long number;
	unsigned long found;            /* 0: nobody yet */
};

static void
looking_release(struct looking *l)
{
	notice_names_release(&l->names);
	buf_release(&l->line);
}

static enum err
find_names(const char *data, const struct notice *n, struct looking *l,
    struct err_info *info)
{
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/binding.txt", data));
	RETURN_IF(fs_read_file(path, TEXT_MAX, &text));
	RETURN_IF(notice_names_open(n, bytes_buf(&text), &l->names, info));
	return notice_is_recall(n) ? ERR_STATE : ERR_OK;
}

static void
end_line(struct looking *l)
{
	l->number++;
	if (l->found == 0 && l->line.len >= PSEUDONYM_TEXT_LEN &&
	    notice_names_has(&l->names, l->line.data))
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
	CLEANUP(looking_release) struct looking l = {.number = 0};

	RETURN_IF(find_names(data, notice, &l, info));
	RETURN_IF(feed_consents(data, take_names, &l));
	*ret_line = l.found;
	return l.found == 0 ? ERR_OK : ERR_REVOKED;
}
