/* A decision on files alone: what would be refused, before the ethics board
 * has met. */
#include <stdio.h>
#include <stdlib.h>

#include "app/docket.h"
#include "app/ops/ask.h"

#define FILE_MAX ((size_t)16 << 20)

static void docket_free(struct docket **d)
{
	if (*d == NULL)
		return;
	docket_release(*d);
	free(*d);
}

static enum err read_file(const char *path, struct buf *out,
    struct outcome *o)
{
	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", path);
	out->max = FILE_MAX;
	return fs_read_file(path, FILE_MAX, out);
}

/* As if all had signed who must. */
static enum err put_rules(struct docket *d, const struct ask_files *f,
    struct outcome *o)
{
	CLEANUP(buf_release) struct buf charter = {0};
	CLEANUP(buf_release) struct buf policy = {0};
	CLEANUP(buf_release) struct buf survey = {0};
	uint32_t all;

	RETURN_IF(read_file(f->charter, &charter, o));
	RETURN_IF(docket_put_charter(d, bytes_buf(&charter), 1, &o->info));
	all = ((uint32_t)1 << d->charter.seats_len) - 1;
	RETURN_IF(read_file(f->policy, &policy, o));
	RETURN_IF(docket_put_policy(d, bytes_buf(&policy), all, &o->info));
	RETURN_IF(read_file(f->survey, &survey, o));
	return docket_put_survey(d, bytes_buf(&survey), &o->info);
}

static enum err put_request(struct docket *d, const char *path,
    struct outcome *o)
{
	CLEANUP(buf_release) struct buf request = {0};

	RETURN_IF(read_file(path, &request, o));
	RETURN_IF(docket_put_request(d, bytes_buf(&request), bytes_str(""),
	    &o->info));
	d->dcase.facts.request_signature_ok = 1;
	return ERR_OK;
}

static enum err put_ladders(struct docket *d, const struct ask_files *f,
    struct outcome *o)
{
	for (size_t i = 0; i < f->ladders_len; i++) {
		CLEANUP(buf_release) struct buf bytes = {0};

		RETURN_IF(read_file(f->ladders[i].path, &bytes, o));
		RETURN_IF(docket_put_ladder(d, f->ladders[i].name,
		    bytes_buf(&bytes)));
	}
	return ERR_OK;
}

enum err ask_check(const struct ask_files *files, int64_t now_unix_s,
    struct decision *ret, struct outcome *o)
{
	CLEANUP(docket_free) struct docket *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return ERR_NOMEM;
	RETURN_IF(put_request(d, files->request, o));
	RETURN_IF(put_rules(d, files, o));
	RETURN_IF(put_ladders(d, files, o));
	o->info.file[0] = '\0';
	docket_close(d, now_unix_s);
	return decision_make(&d->dcase, ret);
}
