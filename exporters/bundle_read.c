#include "exporters/bundle_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "exporters/bundle_internal.h"
#include "exporters/form.h"
#include "exporters/statement.h"
#include "exporters/tar.h"
#include "exporters/walk.h"

#define MEMBERS_MAX 256
/* A header, padding and the end mark for each member, and some folders. */
#define TOTAL_MAX (TAR_MEMBER_MAX + BUNDLE_PARTS_MAX + \
	(uint64_t)(MEMBERS_MAX + 16) * 1024)
#define READ_BYTES ((size_t)256 << 10)
#define ID_MAX 32

struct member {
	char *name;             /* relative to the folder */
	struct buf bytes;       /* empty for the payload */
};

struct bundle_reader {
	struct member members[MEMBERS_MAX];
	size_t len;
	size_t small_bytes;     /* of all members but the payload */
	struct sums found;      /* digests of what SHA256SUMS must list */
	struct sums listed;
	uint8_t sums_sha256[DIGEST_LEN];
	char folder[ID_MAX];    /* of the tar, or "" */
	char export_id[ID_MAX];
	int papers;             /* travels without the payload */
	int fd;                 /* of the tar, or of the payload */
	uint64_t position;      /* in the tar: where the next header begins */
	struct bundle_payload payload;
};

void
bundle_read_free(struct bundle_reader *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->len; i++) {
		free(r->members[i].name);
		buf_release(&r->members[i].bytes);
	}
	sums_release(&r->found);
	sums_release(&r->listed);
	if (r->fd >= 0)
		(void)close(r->fd);
	free(r);
}

void
bundle_read_cleanup(struct bundle_reader **r)
{
	bundle_read_free(*r);
}

/* A member without its bytes; ${ret} stays valid. */
static enum err
add_member(struct bundle_reader *r, const char *name, struct member **ret)
{
	struct member *m;

	if (r->len >= MEMBERS_MAX)
		return ERR_LIMIT;
	m = &r->members[r->len];
	if ((m->name = strdup(name)) == NULL)
		return ERR_NOMEM;
	r->len++;
	*ret = m;
	return ERR_OK;
}

static const struct member *
find_member(const struct bundle_reader *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->len; i++)
		if (strcmp(r->members[i].name, name) == 0)
			return &r->members[i];
	return NULL;
}

/* ${size} more bytes to be held in memory. */
static enum err
check_small(struct bundle_reader *r, const char *name, uint64_t size,
    struct err_info *info)
{
	if (size > BUNDLE_PART_MAX || size > BUNDLE_PARTS_MAX - r->small_bytes)
		return err_at(info, ERR_LIMIT, 0, "%s is too long", name);
	r->small_bytes += (size_t)size;
	return ERR_OK;
}

/* Digest of a member that SHA256SUMS must list. */
static enum err
note_digest(struct bundle_reader *r, const struct member *m)
{
	return bundle_place_of(m->name) != BUNDLE_LISTED ? ERR_OK :
	    sums_add_bytes(&r->found, m->name, bytes_buf(&m->bytes));
}

static enum err
read_some(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct bundle_reader *r = ctx;
	ssize_t n;

	do
		n = read(r->fd, dst, max);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return ERR_IO;
	*ret_got = (size_t)n;
	return ERR_OK;
}

/* The part of a tar's name behind the folder; "" for the folder itself, NULL
 * when it lies elsewhere.  The first name says what the folder is. */
static const char *
inner_name(struct bundle_reader *r, const char *name)
{
	size_t len = strcspn(name, "/");

	if (r->folder[0] == '\0' && len < ID_MAX) {
		memcpy(r->folder, name, len);
		r->folder[len] = '\0';
		if (!form_is_export(r->folder))
			return NULL;
	}
	if (strlen(r->folder) != len || strncmp(r->folder, name, len) != 0)
		return NULL;
	return name[len] == '\0' ? name + len : name + len + 1;
}

/* Members stand in the order of the format; names of one folder only. */
static enum err
allow(void *ctx, const struct tar_member *m, struct err_info *info)
{
	struct bundle_reader *r = ctx;
	const char *name = inner_name(r, m->name);

	if (name == NULL)
		return err_at(info, ERR_UNKNOWN, 0,
		    "%s lies outside the bundle's folder", m->name);
	if (m->is_folder)
		return name[0] == '\0' || bundle_is_folder(name) ? ERR_OK :
		    err_at(info, ERR_UNKNOWN, 0, "%s is no part of a bundle",
		    m->name);
	if (bundle_place_of(name) == BUNDLE_UNKNOWN)
		return err_at(info, ERR_UNKNOWN, 0, "%s is no part of a bundle",
		    m->name);
	if (r->len > 0 && bundle_order(r->members[r->len - 1].name, name) >= 0)
		return err_at(info, ERR_SYNTAX, 0,
		    "%s does not stand in its place", name);
	if (strcmp(name, BUNDLE_PAYLOAD) == 0)
		return ERR_OK;
	return check_small(r, name, m->size, info);
}

static enum err
hash_payload(struct bundle_reader *r, struct tar_reader *tar,
    const struct tar_member *m, struct err_info *info)
{
	CLEANUP(digest_stream_release) struct digest_stream digest = {0};
	struct bytes piece;

	RETURN_IF(digest_stream_init(&digest));
	do {
		RETURN_IF(tar_reader_data(tar, &piece, info));
		if (piece.len > 0)
			digest_stream_update(&digest, piece);
	} while (piece.len > 0);
	RETURN_IF(digest_stream_end(&digest, r->payload.sha256));
	r->payload.fd = r->fd;
	r->payload.offset = r->position + 512;
	r->payload.bytes = m->size;
	return sums_add(&r->found, BUNDLE_PAYLOAD, r->payload.sha256);
}

static enum err
take_member(struct bundle_reader *r, struct tar_reader *tar,
    const struct tar_member *m, struct err_info *info)
{
	const char *name = inner_name(r, m->name);
	struct member *member;

	if (!m->is_folder) {
		RETURN_IF(add_member(r, name, &member));
		if (strcmp(name, BUNDLE_PAYLOAD) == 0) {
			RETURN_IF(hash_payload(r, tar, m, info));
		} else {
			RETURN_IF(tar_reader_slurp(tar, &member->bytes, info));
			RETURN_IF(note_digest(r, member));
		}
	}
	r->position += TAR_MEMBER_BYTES(m->size);
	return ERR_OK;
}

static enum err
read_tar(struct bundle_reader *r, struct err_info *info)
{
	CLEANUP(tar_reader_cleanup) struct tar_reader *tar = NULL;
	struct tar_rules rules = {
		.allow = allow, .ctx = r, .max_member = TAR_MEMBER_MAX,
		.max_total = TOTAL_MAX, .max_members = MEMBERS_MAX,
	};
	struct tar_member m;
	enum err e;

	RETURN_IF(tar_reader_new(read_some, r, &rules, &tar));
	while ((e = tar_reader_next(tar, &m, info)) == ERR_OK)
		RETURN_IF(take_member(r, tar, &m, info));
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
hash_payload_file(struct bundle_reader *r, const char *path,
    struct err_info *info)
{
	CLEANUP(digest_stream_release) struct digest_stream digest = {0};
	uint8_t *block;
	size_t n = 1;
	enum err e = ERR_OK;

	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r->fd < 0)
		return err_at(info, ERR_IO, 0, BUNDLE_PAYLOAD
		    " cannot be read");
	RETURN_IF(digest_stream_init(&digest));
	if ((block = malloc(READ_BYTES)) == NULL)
		return ERR_NOMEM;
	while (e == ERR_OK && n > 0)
		if ((e = read_some(r, block, READ_BYTES, &n)) == ERR_OK) {
			digest_stream_update(&digest, bytes_of(block, n));
			r->payload.bytes += n;
		}
	free(block);
	RETURN_IF(e);
	RETURN_IF(digest_stream_end(&digest, r->payload.sha256));
	r->payload.fd = r->fd;
	return sums_add(&r->found, BUNDLE_PAYLOAD, r->payload.sha256);
}

static enum err
take_file(void *ctx, const char *path, const char *name, struct err_info *info)
{
	struct bundle_reader *r = ctx;
	struct member *m;
	uint64_t size;

	if (bundle_place_of(name) == BUNDLE_UNKNOWN)
		return err_at(info, ERR_UNKNOWN, 0, "%s is no part of a bundle",
		    name);
	RETURN_IF(add_member(r, name, &m));
	if (strcmp(name, BUNDLE_PAYLOAD) == 0)
		return hash_payload_file(r, path, info);
	RETURN_IF(fs_size(path, &size));
	RETURN_IF(check_small(r, name, size, info));
	RETURN_IF(fs_read_file(path, (size_t)size, &m->bytes));
	return note_digest(r, m);
}

static int
compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return bundle_order(x->name, y->name);
}

static enum err
read_folder(struct bundle_reader *r, const char *path, struct err_info *info)
{
	RETURN_IF(walk_folder(path, take_file, r, info));
	qsort(r->members, r->len, sizeof(r->members[0]), compare_members);
	return ERR_OK;
}

/* The id is what STATEMENT.txt says; a tar's folder must say the same. */
static enum err
take_export_id(struct bundle_reader *r, struct err_info *info)
{
	CLEANUP(statement_release) struct statement s = {0};
	const struct member *m = find_member(r, BUNDLE_STATEMENT);

	RETURN_IF(statement_parse(bytes_buf(&m->bytes), &s, info));
	if (strlen(s.export_id) >= ID_MAX || (r->folder[0] != '\0' &&
	    strcmp(r->folder, s.export_id) != 0))
		return err_at(info, ERR_MISMATCH, 0,
		    BUNDLE_STATEMENT " is of another export than the folder");
	memcpy(r->export_id, s.export_id, strlen(s.export_id) + 1);
	return ERR_OK;
}

static enum err
check_seals(const struct bundle_reader *r, struct err_info *info)
{
	static const char *const seals[] = {
		BUNDLE_SUMS ".sig", BUNDLE_SUMS ".entry",
		BUNDLE_SUMS ".tlog-proof"
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(seals); i++)
		if (find_member(r, seals[i]) == NULL)
			return err_at(info, ERR_NOT_FOUND, 0, "%s is missing",
			    seals[i]);
	return ERR_OK;
}

/* A payload that does not travel is what SHA256SUMS says. */
static enum err
believe_payload(struct bundle_reader *r, struct err_info *info)
{
	const uint8_t *digest = sums_find(&r->listed, BUNDLE_PAYLOAD);

	if (!r->papers)
		return ERR_OK;
	if (find_member(r, BUNDLE_PAYLOAD) != NULL)
		return err_at(info, ERR_UNKNOWN, 0,
		    BUNDLE_PAYLOAD " does not belong here");
	return digest == NULL ? ERR_OK :
	    sums_add(&r->found, BUNDLE_PAYLOAD, digest);
}

static enum err
check_all(struct bundle_reader *r, struct err_info *info)
{
	const struct member *sums = find_member(r, BUNDLE_SUMS);
	struct err_info why = {0};
	enum err e;

	if (sums == NULL)
		return err_at(info, ERR_NOT_FOUND, 0, BUNDLE_SUMS
		    " is missing");
	digest_sha256(bytes_buf(&sums->bytes), r->sums_sha256);
	e = sums_parse(bytes_buf(&sums->bytes), &r->listed, &why);
	if (e != ERR_OK)
		return err_at(info, e, why.line, BUNDLE_SUMS ": %.300s",
		    why.message);
	RETURN_IF(believe_payload(r, info));
	RETURN_IF(sums_match(&r->listed, &r->found, info));
	RETURN_IF(bundle_complete(&r->listed, info));
	return take_export_id(r, info);
}

static enum err
open_any(const char *path, int papers, struct bundle_reader **ret,
    struct err_info *info)
{
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r =
	    calloc(1, sizeof(*r));
	struct stat st;

	if (r == NULL)
		return ERR_NOMEM;
	r->fd = -1;
	r->papers = papers;
	if (stat(path, &st) != 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	if (S_ISDIR(st.st_mode)) {
		RETURN_IF(read_folder(r, path, info));
	} else {
		if ((r->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
			return ERR_IO;
		RETURN_IF(read_tar(r, info));
	}
	RETURN_IF(check_all(r, info));
	*ret = TAKE(r);
	return ERR_OK;
}

enum err
bundle_read_open(const char *path, struct bundle_reader **ret,
    struct err_info *info)
{
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r = NULL;

	RETURN_IF(open_any(path, 0, &r, info));
	RETURN_IF(check_seals(r, info));
	*ret = TAKE(r);
	return ERR_OK;
}

enum err
bundle_read_open_unsealed(const char *path, struct bundle_reader **ret,
    struct err_info *info)
{
	return open_any(path, 0, ret, info);
}

enum err
bundle_read_open_papers(const char *path, struct bundle_reader **ret,
    struct err_info *info)
{
	CLEANUP(bundle_read_cleanup) struct bundle_reader *r = NULL;

	RETURN_IF(open_any(path, 1, &r, info));
	RETURN_IF(check_seals(r, info));
	*ret = TAKE(r);
	return ERR_OK;
}

const char *
bundle_read_export_id(const struct bundle_reader *r)
{
	return r->export_id;
}

enum err
bundle_read_member(const struct bundle_reader *r, const char *name,
    struct bytes *ret)
{
	const struct member *m = find_member(r, name);

	if (m == NULL || strcmp(name, BUNDLE_PAYLOAD) == 0)
		return ERR_NOT_FOUND;
	*ret = bytes_buf(&m->bytes);
	return ERR_OK;
}

const char *
bundle_read_name_at(const struct bundle_reader *r, size_t i)
{
	return i < r->len ? r->members[i].name : NULL;
}

const struct sums *
bundle_read_sums(const struct bundle_reader *r)
{
	return &r->listed;
}

const uint8_t *
bundle_read_sums_sha256(const struct bundle_reader *r)
{
	return r->sums_sha256;
}

void
bundle_read_payload(const struct bundle_reader *r, struct bundle_payload *ret)
{
	*ret = r->payload;
}
