#include "app/ops/ledger_fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/checkpoint.h"
#include "ledger/tiles.h"

#define TILE_BYTES_MAX ((size_t)TILES_WIDTH * (TILES_ENTRY_MAX + 2))
#define LIST_MAX ((size_t)1 << 20)
#define CONNECT_S 20L
#define STALLED_S 60L
#define TRIES 30                /* of a server that asks to wait */
#define WAIT_S_MAX 10

struct fetching {
	CURL *curl;
	const char *url;
	char dir[FS_PATH_MAX];
	struct outcome *o;
};

static void fetching_release(struct fetching *f)
{
	curl_easy_cleanup(f->curl);
}

int ledger_fetch_is_url(const char *word)
{
	return strncmp(word, "http://", 7) == 0 ||
	    strncmp(word, "https://", 8) == 0;
}

/* ---- one file ---- */

static size_t keep(char *data, size_t one, size_t len, void *ctx)
{
	return buf_append(ctx, data, one * len) == ERR_OK ? one * len : 0;
}

/* Bundles of entries may come compressed; ${max} of `get` is of what they hold. */
static enum err set_options(struct fetching *f, const char *ca)
{
	CURL *c = f->curl;

	if (curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") ||
	    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) ||
	    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S) ||
	    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L) ||
	    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALLED_S) ||
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) ||
	    curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip") ||
	    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep))
		return ERR_NOMEM;
	if (ca != NULL && curl_easy_setopt(c, CURLOPT_CAINFO, ca))
		return ERR_NOMEM;
	return ERR_OK;
}

static enum err refuse(struct fetching *f, const char *url, const char *why)
{
	return outcome_refuse(f->o, ERR_IO, "%s cannot be fetched: %s",
	    "%sを取得できません: %s", url, why);
}

/* 1 when the server asks to come again, after having done so. */
static int waited(struct fetching *f, long status)
{
	curl_off_t after = 0;

	if (status != 429 && status != 503)
		return 0;
	(void)curl_easy_getinfo(f->curl, CURLINFO_RETRY_AFTER, &after);
	(void)sleep(after < 1 ? 1 : after > WAIT_S_MAX ? WAIT_S_MAX :
	    (unsigned)after);
	return 1;
}

/* ERR_NOT_FOUND without a sentence: it is not there. */
static enum err get(struct fetching *f, const char *name, size_t max,
    struct buf *out)
{
	char url[FS_PATH_MAX];
	long status = 0;
	CURLcode done;

	RETURN_IF(fs_path(url, "%s/%s", f->url, name));
	out->max = max;
	if (curl_easy_setopt(f->curl, CURLOPT_URL, url) ||
	    curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, out))
		return ERR_NOMEM;
	for (unsigned i = 0; i < TRIES; i++) {
		buf_clear(out);
		done = curl_easy_perform(f->curl);
		if (done != CURLE_OK)
			return refuse(f, url, curl_easy_strerror(done));
		(void)curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE,
		    &status);
		if (!waited(f, status))
			break;
	}
	if (status == 404)
		return ERR_NOT_FOUND;
	return status == 200 ? ERR_OK : refuse(f, url,
	    "the server did not answer 200");
}

static enum err save(struct fetching *f, const char *name,
    struct bytes bytes)
{
	char path[FS_PATH_MAX];
	char *slash;

	RETURN_IF(fs_path(path, "%s/%s", f->dir, name));
	slash = strrchr(path, '/');
	*slash = '\0';
	RETURN_IF(fs_mkdir_all(path, 0700));
	*slash = '/';
	return fs_write_file(path, bytes, 0600);
}

static enum err fetch_tile(struct fetching *f, const struct tiles_id *id)
{
	CLEANUP(buf_release) struct buf bytes = {0};
	char name[TILES_PATH_MAX];
	struct tiles_id full = {id->level, id->index, TILES_WIDTH};
	enum err e;

	tiles_path(id, name);
	e = get(f, name, TILE_BYTES_MAX, &bytes);
	if (e == ERR_NOT_FOUND && id->width < TILES_WIDTH) {
		/* its full tile may have come meanwhile */
		tiles_path(&full, name);
		buf_clear(&bytes);
		e = get(f, name, TILE_BYTES_MAX, &bytes);
	}
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(f->o, e, "%s has no %s",
		    "%sに%sがありません", f->url, name);
	RETURN_IF(e);
	return save(f, name, bytes_buf(&bytes));
}

/* ---- all of them ---- */

static enum err fetch_level(struct fetching *f, int level, uint64_t size)
{
	uint64_t count = tiles_count(level, size), at;
	struct tiles_id id;

	for (at = 0; at < count; at += TILES_WIDTH) {
		RETURN_IF(tiles_id_at(level, at, size, &id));
		RETURN_IF(fetch_tile(f, &id));
	}
	return ERR_OK;
}

static enum err fetch_tiles(struct fetching *f, uint64_t size)
{
	RETURN_IF(fetch_level(f, TILES_ENTRIES, size));
	for (int level = 0; level <= TILES_LEVEL_MAX &&
	    tiles_count(level, size) > 0; level++)
		RETURN_IF(fetch_level(f, level, size));
	return ERR_OK;
}

static int is_listed_name(struct bytes line)
{
	if (line.len == 0 || line.len > 64)
		return 0;
	for (size_t i = 0; i < line.len; i++)
		if (strchr("0123456789abcdef", line.data[i]) == NULL ||
		    line.data[i] == '\0')
			return 0;
	return 1;
}

/* FOLDER/list names what else there is; without it there is nothing. */
static enum err fetch_listed(struct fetching *f, const char *folder)
{
	CLEANUP(buf_release) struct buf list = {0};
	struct bytes rest, line;
	char name[128];
	enum err e;

	(void)snprintf(name, sizeof(name), "%s/list", folder);
	e = get(f, name, LIST_MAX, &list);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	rest = bytes_buf(&list);
	while (bytes_take_line(&rest, &line) == ERR_OK) {
		CLEANUP(buf_release) struct buf bytes = {0};

		if (!is_listed_name(line))
			return refuse(f, name, "it is not a list of names");
		(void)snprintf(name, sizeof(name), "%s/%.*s", folder,
		    (int)line.len, (const char *)line.data);
		e = get(f, name, NOTE_MAX, &bytes);
		if (e == ERR_NOT_FOUND)
			continue;
		RETURN_IF(e);
		RETURN_IF(save(f, name, bytes_buf(&bytes)));
	}
	return ERR_OK;
}

/* The checkpoint as it is now, held to the log's key. */
static enum err fetch_checkpoint(struct fetching *f,
    const struct ledger_fetch_from *from, struct checkpoint *ret)
{
	const struct note_key *key = from->key;
	const char *origin = from->origin == NULL ? key->name : from->origin;
	CLEANUP(buf_release) struct buf note = {0};
	enum err e = get(f, "checkpoint", NOTE_MAX, &note);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(f->o, e, "%s holds no checkpoint",
		    "%sにチェックポイントがありません", f->url);
	RETURN_IF(e);
	e = checkpoint_verify_origin(bytes_buf(&note), key, origin, ret);
	if (e != ERR_OK)
		return outcome_refuse(f->o, e,
		    "the checkpoint of %s is not signed by the key of %s",
		    "%sのチェックポイントは%sの鍵で署名されていません",
		    f->url, key->name);
	return save(f, "checkpoint", bytes_buf(&note));
}

/* A ledger grows while it is fetched: what witnesses cosigned comes first, so
 * that none of it is larger than the checkpoint. */
static enum err fetch_all(struct fetching *f,
    const struct ledger_fetch_from *from)
{
	struct checkpoint cp;

	RETURN_IF(fetch_checkpoint(f, from, &cp));
	RETURN_IF(fetch_listed(f, "cosigned"));
	RETURN_IF(fetch_listed(f, "witness-policy"));
	RETURN_IF(fetch_checkpoint(f, from, &cp));
	return fetch_tiles(f, cp.size);
}

enum err ledger_fetch(const struct ledger_fetch_from *from,
    char ret_dir[FS_PATH_MAX], struct outcome *o)
{
	CLEANUP(fetching_release) struct fetching f = {.url = from->url, .o = o,
	    .curl = curl_easy_init()};
	const char *tmp = getenv("TMPDIR");

	ret_dir[0] = '\0';
	if (f.curl == NULL)
		return ERR_NOMEM;
	RETURN_IF(fs_path(f.dir, "%s/azukari-ledger-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp));
	if (mkdtemp(f.dir) == NULL)
		return ERR_IO;
	(void)snprintf(ret_dir, FS_PATH_MAX, "%s", f.dir);
	RETURN_IF(set_options(&f, from->ca));
	return fetch_all(&f, from);
}
