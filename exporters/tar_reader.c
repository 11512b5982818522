#include "exporters/tar.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "core/secret.h"
#include "exporters/tar_guard.h"

/* A multiple of TAR_GUARD_BLOCK; every feed but the last is full. */
#define FEED_BYTES ((size_t)256 << 10)

struct tar_reader {
	struct archive *archive;
	tar_read_fn read;
	void *read_ctx;
	struct tar_rules rules;
	struct tar_guard guard;
	struct tar_member member;
	char name[TAR_NAME_MAX + 1];
	void *names;            /* tsearch tree of all names so far */
	size_t members;
	uint64_t given;         /* bytes of the present file handed out */
	int at_end;             /* the stream is over */
	enum err e;             /* first failure; repeated from then on */
	struct err_info info;
	uint8_t *feed;          /* FEED_BYTES */
};

static int
compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static enum err
fail(struct tar_reader *r, enum err e)
{
	if (r->e == ERR_OK)
		r->e = e;
	return r->e;
}

/* Gives back the remembered failure, its reason into ${info}. */
static enum err
report(const struct tar_reader *r, struct err_info *info)
{
	return r->info.message[0] == '\0' ? r->e :
	    err_at(info, r->e, 0, "%s", r->info.message);
}

/* The next FEED_BYTES (fewer at the end only), past the guard. */
static enum err
feed(struct tar_reader *r, struct bytes *ret)
{
	size_t got, len = 0;

	while (!r->at_end && len < FEED_BYTES) {
		enum err e = r->read(r->read_ctx, r->feed + len,
		    FEED_BYTES - len, &got);

		/* ERR_NOT_FOUND is the word for a clean end, ours only. */
		if (e != ERR_OK)
			return e == ERR_NOT_FOUND ? ERR_IO : e;
		r->at_end = got == 0;
		len += got;
	}
	RETURN_IF(tar_guard_feed(&r->guard, bytes_of(r->feed, len), &r->info));
	if (r->at_end)
		RETURN_IF(tar_guard_end(&r->guard, &r->info));
	*ret = bytes_of(r->feed, len);
	return ERR_OK;
}

static la_ssize_t
on_read(struct archive *a, void *ctx, const void **ret)
{
	struct tar_reader *r = ctx;
	struct bytes piece = {0};

	if (r->e == ERR_OK)
		r->e = feed(r, &piece);
	if (r->e != ERR_OK) {
		archive_set_error(a, 1, "input failed");
		return -1;
	}
	*ret = piece.data;
	return (la_ssize_t)piece.len;
}

static enum err
reader_open(struct tar_reader *r)
{
	struct archive *a;

	if ((r->feed = malloc(FEED_BYTES)) == NULL ||
	    (a = r->archive = archive_read_new()) == NULL)
		return ERR_NOMEM;
	if (archive_read_support_format_tar(a) != ARCHIVE_OK)
		return ERR_NOMEM;
	/* This reads the first bytes; what is wrong with them is told by the
	 * first call of tar_reader_next. */
	if (archive_read_open(a, r, NULL, on_read, NULL) != ARCHIVE_OK)
		(void)fail(r, ERR_SYNTAX);
	return ERR_OK;
}

enum err
tar_reader_new(tar_read_fn read, void *read_ctx, const struct tar_rules *rules,
    struct tar_reader **ret)
{
	CLEANUP(tar_reader_cleanup) struct tar_reader *r = NULL;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return ERR_NOMEM;
	r->read = read;
	r->read_ctx = read_ctx;
	r->rules = *rules;
	tar_guard_init(&r->guard, rules->max_member, rules->max_total);
	RETURN_IF(reader_open(r));
	*ret = TAKE(r);
	return ERR_OK;
}

void
tar_reader_free(struct tar_reader *r)
{
	if (r == NULL)
		return;
	(void)archive_read_free(r->archive);
	tdestroy(r->names, free);
	if (r->feed != NULL)
		secret_wipe(r->feed, FEED_BYTES);
	free(r->feed);
	free(r);
}

void
tar_reader_cleanup(struct tar_reader **r)
{
	tar_reader_free(*r);
}

/* libarchive is done: what is behind the end mark is ours to look at. */
static enum err
reader_end(struct tar_reader *r)
{
	struct bytes piece;

	while (!r->at_end)
		RETURN_IF(feed(r, &piece));
	return ERR_NOT_FOUND;
}

static enum err
remember_name(struct tar_reader *r)
{
	char *name = strdup(r->name);
	char **found;

	if (name == NULL)
		return ERR_NOMEM;
	if ((found = tsearch(name, &r->names, compare_names)) == NULL) {
		free(name);
		return ERR_NOMEM;
	}
	if (*found == name)
		return ERR_OK;
	free(name);
	return err_at(&r->info, ERR_DUPLICATE, 0, "%s is there twice", r->name);
}

static enum err
take_name(struct tar_reader *r, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	size_t len = name == NULL ? 0 : strnlen(name, TAR_NAME_MAX + 2);

	r->member.is_folder = archive_entry_filetype(entry) == AE_IFDIR;
	if (r->member.is_folder && len > 0 && name[len - 1] == '/')
		len--;
	if (len == 0 || len > TAR_NAME_MAX)
		return ERR_SYNTAX;
	memcpy(r->name, name, len);
	r->name[len] = '\0';
	r->member.name = r->name;
	return tar_name_ok(r->name) ? ERR_OK : ERR_SYNTAX;
}

/* The guard has seen to all this; a second look costs nothing. */
static enum err
check_entry(struct tar_reader *r, struct archive_entry *entry)
{
	if (archive_format(r->archive) != ARCHIVE_FORMAT_TAR_USTAR ||
	    archive_filter_count(r->archive) != 1 ||
	    archive_entry_hardlink(entry) != NULL ||
	    archive_entry_symlink(entry) != NULL ||
	    (archive_entry_filetype(entry) != AE_IFREG &&
	    archive_entry_filetype(entry) != AE_IFDIR))
		return err_at(&r->info, ERR_UNSUPPORTED, 0,
		    "only files and folders of a ustar container are read");
	if (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0)
		return ERR_SYNTAX;
	r->member.size = r->member.is_folder ? 0 :
	    (uint64_t)archive_entry_size(entry);
	return ERR_OK;
}

static enum err
take_member(struct tar_reader *r, struct archive_entry *entry)
{
	r->given = 0;
	RETURN_IF(take_name(r, entry));
	RETURN_IF(check_entry(r, entry));
	if (++r->members > r->rules.max_members)
		return err_at(&r->info, ERR_LIMIT, 0, "too many members");
	RETURN_IF(remember_name(r));
	return r->rules.allow(r->rules.ctx, &r->member, &r->info);
}

enum err
tar_reader_next(struct tar_reader *r, struct tar_member *ret,
    struct err_info *info)
{
	struct archive_entry *entry;
	int result;

	if (r->e != ERR_OK)
		return report(r, info);
	result = archive_read_next_header(r->archive, &entry);
	if (result == ARCHIVE_EOF)
		(void)fail(r, reader_end(r));
	else if (result != ARCHIVE_OK)
		(void)fail(r, ERR_SYNTAX);
	else if ((r->e = take_member(r, entry)) == ERR_NOT_FOUND)
		r->e = ERR_UNKNOWN;
	if (r->e != ERR_OK)
		return report(r, info);
	*ret = r->member;
	return ERR_OK;
}

enum err
tar_reader_data(struct tar_reader *r, struct bytes *ret, struct err_info *info)
{
	const void *data = NULL;
	size_t len = 0;
	la_int64_t offset = 0;
	int result;

	if (r->e != ERR_OK)
		return report(r, info);
	if (r->given == r->member.size) {
		*ret = bytes_of(NULL, 0);
		return ERR_OK;
	}
	result = archive_read_data_block(r->archive, &data, &len, &offset);
	if (result != ARCHIVE_OK || offset < 0 || len == 0 ||
	    (uint64_t)offset != r->given || len > r->member.size - r->given) {
		(void)fail(r, result == ARCHIVE_EOF ? ERR_TRUNCATED :
		    ERR_SYNTAX);
		return report(r, info);
	}
	r->given += len;
	*ret = bytes_of(data, len);
	return ERR_OK;
}

enum err
tar_reader_slurp(struct tar_reader *r, struct buf *out, struct err_info *info)
{
	struct bytes piece;

	do {
		RETURN_IF(tar_reader_data(r, &piece, info));
		RETURN_IF(buf_append(out, piece.data, piece.len));
	} while (piece.len > 0);
	return ERR_OK;
}
