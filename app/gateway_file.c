/* Files that come from a service: at once, or bit by bit. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/gateway_internal.h"

#define ETAG_MAX 200
#define TRIES 5

struct download {
	struct gateway *g;
	int fd;
	long status;                    /* of the status line */
	char etag[ETAG_MAX + 1];
	const char *etag_path;          /* where it is kept; NULL: nowhere */
	struct buf problem;             /* the body of anything but 200, 206 */
	uint64_t had;                   /* bytes of an earlier try */
	uint64_t got;
};

static void download_release(struct download *d)
{
	fs_fd_cleanup(&d->fd);
	buf_release(&d->problem);
}

static int is_wanted(long status)
{
	return status == 200 || status == 206;
}

/* A whole answer begins the file anew.  Of what the bytes are is known before
 * the first of them is kept. */
static enum err begin(struct download *d)
{
	if (d->etag_path != NULL && d->etag[0] != '\0')
		RETURN_IF(fs_write_file(d->etag_path, bytes_str(d->etag),
		    0600));
	if (d->status != 200 || d->had == 0)
		return ERR_OK;
	d->had = 0;
	return ftruncate(d->fd, 0) == 0 && lseek(d->fd, 0, SEEK_SET) == 0 ?
	    ERR_OK : ERR_IO;
}

static enum err take(struct download *d, struct bytes piece)
{
	if (!is_wanted(d->status))
		return buf_append(&d->problem, piece.data, piece.len);
	if (d->got == 0)
		RETURN_IF(begin(d));
	d->got += piece.len;
	return fs_write_all(d->fd, piece);
}

static size_t on_bytes(char *data, size_t one, size_t len, void *ctx)
{
	struct download *d = ctx;

	d->g->e = take(d, bytes_of(data, one * len));
	return d->g->e == ERR_OK ? one * len : 0;
}

/* "ETag: VALUE" CRLF */
static void take_etag(struct download *d, const char *line, size_t len)
{
	size_t from = 5;

	while (from < len && line[from] == ' ')
		from++;
	while (len > from && isspace((unsigned char)line[len - 1]))
		len--;
	if (len - from > ETAG_MAX || len - from < 2 || line[from] != '"')
		return;
	memcpy(d->etag, line + from, len - from);
	d->etag[len - from] = '\0';
}

static size_t on_header(char *data, size_t one, size_t len, void *ctx)
{
	struct download *d = ctx;
	size_t n = one * len;

	if (n > 12 && strncmp(data, "HTTP/", 5) == 0)
		d->status = (data[9] - '0') * 100 + (data[10] - '0') * 10 +
		    (data[11] - '0');
	else if (n > 5 && strncasecmp(data, "etag:", 5) == 0)
		take_etag(d, data, n);
	return n;
}

static enum err fetch_once(struct download *d, const struct gateway_ask *ask,
    const char *range, const char *if_range)
{
	const struct gateway_more more = {.write = on_bytes,
	    .header = on_header, .ctx = d, .range = range,
	    .if_range = if_range};
	long status = 0;

	d->status = 0;
	d->got = 0;
	RETURN_IF(gateway_exchange(d->g, ask, &more, &status));
	if (status == 416)              /* it was all there already */
		return ERR_OK;
	if (!is_wanted(status))
		return gateway_take(d->g, bytes_buf(&d->problem), status);
	return ERR_OK;
}

enum err gateway_save(struct gateway *g, const struct gateway_ask *ask,
    const char *to)
{
	CLEANUP(download_release) struct download d = {.g = g, .fd = -1,
	    .problem = {.max = GATEWAY_REPLY_MAX}};
	enum err e;

	d.fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (d.fd < 0)
		return outcome_refuse(&g->cli->outcome, ERR_EXISTS,
		    "%s cannot be made; is it there already?",
		    "%sを作れません。すでに存在しませんか", to);
	e = fetch_once(&d, ask, NULL, NULL);
	if (e == ERR_OK)
		e = fs_sync(d.fd);
	if (e != ERR_OK)
		(void)unlink(to);
	return e;
}

/* ---- resuming ---- */

static enum err read_etag(const char *path, char ret[ETAG_MAX + 1])
{
	CLEANUP(buf_release) struct buf text = {0};

	ret[0] = '\0';
	if (!fs_exists(path))
		return ERR_OK;
	RETURN_IF(fs_read_file(path, ETAG_MAX, &text));
	memcpy(ret, buf_text(&text), text.len + 1);
	return ERR_OK;
}

static enum err open_part(struct download *d, const char *part,
    const char *etag)
{
	struct stat st;

	d->fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d->fd < 0 || fstat(d->fd, &st) != 0)
		return ERR_IO;
	/* bytes without knowing of what are worth nothing */
	if (etag[0] == '\0' && ftruncate(d->fd, 0) != 0)
		return ERR_IO;
	d->had = etag[0] == '\0' ? 0 : (uint64_t)st.st_size;
	return lseek(d->fd, (off_t)d->had, SEEK_SET) < 0 ? ERR_IO : ERR_OK;
}

static enum err try_once(struct gateway *g, const char *path,
    const char *part, const char *etag_path)
{
	CLEANUP(download_release) struct download d = {.g = g, .fd = -1,
	    .etag_path = etag_path, .problem = {.max = GATEWAY_REPLY_MAX}};
	const struct gateway_ask ask = {.method = "GET", .path = path};
	char etag[ETAG_MAX + 1], range[40];
	enum err e;

	RETURN_IF(read_etag(etag_path, etag));
	RETURN_IF(open_part(&d, part, etag));
	(void)snprintf(range, sizeof(range), "bytes=%llu-",
	    (unsigned long long)d.had);
	e = fetch_once(&d, &ask, d.had > 0 ? range : NULL,
	    d.had > 0 ? etag : NULL);
	if (e == ERR_OK)
		e = fs_sync(d.fd);
	return e;
}

enum err gateway_resume(struct gateway *g, const char *path,
    const char *part)
{
	char etag_path[FS_PATH_MAX];
	enum err e = ERR_OK;

	RETURN_IF(fs_path(etag_path, "%s.etag", part));
	for (int i = 0; i < TRIES; i++) {
		e = try_once(g, path, part, etag_path);
		if (e != ERR_BUSY)
			return e;
		(void)sleep(1U << i);
	}
	return e;
}
