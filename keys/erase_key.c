#include "keys/erase_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/fs.h"
#include "keys/names.h"
#include "keys/secret_text.h"

#define TEXT_MAX ((size_t)1 << 10)
#define SEALED_MAX ((size_t)4 << 10)

static const char heading[] = "azukari-erase-key v1";

void
erase_key_release(struct erase_key *k)
{
	secret_free(k->key);
	*k = (struct erase_key){0};
}

static enum err
fresh(struct bytes owner, uint64_t generation, int64_t created_unix_s,
    struct erase_key *ret)
{
	struct erase_key k = {.generation = generation,
	    .created_unix_s = created_unix_s};

	if (!names_is_owner(owner))
		return ERR_SYNTAX;
	memcpy(k.owner, owner.data, 2);
	RETURN_IF(secret_new_random(32, &k.key));
	*ret = k;
	return ERR_OK;
}

enum err
erase_key_new(const char *owner, int64_t created_unix_s, struct erase_key *ret)
{
	return fresh(bytes_str(owner), 1, created_unix_s, ret);
}

enum err
erase_key_next(const struct erase_key *prior, int64_t created_unix_s,
    struct erase_key *ret)
{
	return fresh(bytes_str(prior->owner), prior->generation + 1,
	    created_unix_s, ret);
}

static enum err
path_of(const char *dir, enum erase_key_which which, const char *owner,
    char ret[FS_PATH_MAX])
{
	if (!names_is_owner(bytes_str(owner)))
		return ERR_SYNTAX;
	return fs_path(ret, "%s/erase-%s.key%s", dir, owner,
	    which == ERASE_KEY_NEXT ? ".next" : "");
}

static enum err
seal(const struct erase_key *k, const struct age_recipient *to,
    struct buf *out)
{
	CLEANUP(secret_text_release) struct secret_text t = {0};
	struct bytes text;

	RETURN_IF(secret_text_init(&t, TEXT_MAX));
	secret_text_str(&t, heading);
	secret_text_str(&t, "\n");
	secret_text_line(&t, "owner", k->owner);
	secret_text_uint(&t, "generation", k->generation);
	secret_text_time(&t, "created", k->created_unix_s);
	secret_text_key(&t, "key", k->key);
	RETURN_IF(secret_text_end(&t, &text));
	return age_seal_buf(to, 1, text, out);
}

enum err
erase_key_write(const struct gateway_key *gateway, const char *dir,
    enum erase_key_which which, const struct erase_key *k)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(path_of(dir, which, k->owner, path));
	RETURN_IF(seal(k, gateway_key_recipient(gateway), &sealed));
	if (which == ERASE_KEY_CURRENT)
		return fs_write_new_file(path, bytes_buf(&sealed), 0600);
	return fs_write_file(path, bytes_buf(&sealed), 0600);
}

static enum err
parse(struct bytes rest, const char *owner, struct erase_key *ret)
{
	CLEANUP(erase_key_release) struct erase_key k = {0};
	struct bytes name;

	RETURN_IF(secret_text_take_exact(&rest, heading));
	RETURN_IF(secret_text_take(&rest, "owner", &name));
	if (!names_is_owner(name))
		return ERR_SYNTAX;
	memcpy(k.owner, name.data, 2);
	RETURN_IF(secret_text_take_uint(&rest, "generation", &k.generation));
	RETURN_IF(secret_text_take_time(&rest, "created", &k.created_unix_s));
	RETURN_IF(secret_text_take_key(&rest, "key", &k.key));
	if (rest.len > 0 || k.generation == 0)
		return ERR_SYNTAX;
	if (strcmp(k.owner, owner) != 0)
		return ERR_MISMATCH;
	*ret = k;
	k.key = NULL;           /* it is the caller's now */
	return ERR_OK;
}

enum err
erase_key_read(const struct gateway_key *gateway, const char *dir,
    enum erase_key_which which, const char *owner, struct erase_key *ret)
{
	CLEANUP(secret_cleanup) struct secret *text = NULL;
	CLEANUP(buf_release) struct buf sealed = {0};
	const struct secret *own = gateway_key_open_secret(gateway);
	const struct age_keys keys = {.identities = &own, .identities_len = 1};
	char path[FS_PATH_MAX];

	RETURN_IF(path_of(dir, which, owner, path));
	RETURN_IF(fs_check_private(path));
	RETURN_IF(fs_read_file(path, SEALED_MAX, &sealed));
	RETURN_IF(age_open_secret(&keys, bytes_buf(&sealed), TEXT_MAX, &text));
	return parse(bytes_of(secret_bytes(text), secret_len(text)), owner,
	    ret);
}

/* Zeros over a file that has lost its name but is still open. */
static enum err
overwrite(int fd)
{
	static const uint8_t zeros[SEALED_MAX];
	struct stat st;

	if (fstat(fd, &st) != 0 || (size_t)st.st_size > sizeof(zeros))
		return ERR_IO;
	RETURN_IF(fs_write_all(fd, bytes_of(zeros, (size_t)st.st_size)));
	return fs_sync(fd);
}

enum err
erase_key_promote(const char *dir, const char *owner)
{
	CLEANUP(fs_fd_cleanup) int old = -1;
	char current[FS_PATH_MAX], next[FS_PATH_MAX];

	RETURN_IF(path_of(dir, ERASE_KEY_CURRENT, owner, current));
	RETURN_IF(path_of(dir, ERASE_KEY_NEXT, owner, next));
	if (!fs_exists(next))
		return ERR_NOT_FOUND;
	/* The name must never stand for a file without a key, so the old key
	 * is overwritten only once the new one has its name. */
	old = open(current, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (old < 0 && errno != ENOENT)
		return fs_error(errno);
	RETURN_IF(fs_rename(next, current));
	return old < 0 ? ERR_OK : overwrite(old);
}

enum err
erase_key_drop_next(const char *dir, const char *owner)
{
	char next[FS_PATH_MAX];

	RETURN_IF(path_of(dir, ERASE_KEY_NEXT, owner, next));
	return fs_shred(next);
}
