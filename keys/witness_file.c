#include "keys/witness_file.h"

#include <string.h>

#include "core/fs.h"
#include "keys/age.h"
#include "keys/secret_text.h"

#define TEXT_MAX ((size_t)2 << 10)
#define SEALED_MAX ((size_t)8 << 10)

static const char heading[] = "azukari-witness-key v1";

void
witness_file_release(struct witness_file *w)
{
	secret_free(w->seed);
	*w = (struct witness_file){.seed = NULL};
}

static enum err
put_text(char *ret, size_t max, struct bytes text)
{
	if (text.len == 0 || text.len > max)
		return ERR_LIMIT;
	memcpy(ret, text.data, text.len);
	ret[text.len] = '\0';
	return ERR_OK;
}

enum err
witness_file_new(const char *name, const char *log, int64_t created_unix_s,
    struct witness_file *ret)
{
	struct witness_file w = {.created_unix_s = created_unix_s};

	RETURN_IF(put_text(w.name, WITNESS_FILE_NAME_MAX, bytes_str(name)));
	RETURN_IF(put_text(w.log, WITNESS_FILE_LOG_MAX, bytes_str(log)));
	RETURN_IF(secret_new_random(32, &w.seed));
	*ret = w;
	return ERR_OK;
}

enum err
witness_file_write(const struct witness_file *w, const char *path,
    const struct secret *passphrase, unsigned log_n)
{
	CLEANUP(secret_text_release) struct secret_text t = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	struct bytes text;

	RETURN_IF(secret_text_init(&t, TEXT_MAX));
	secret_text_str(&t, heading);
	secret_text_str(&t, "\n");
	secret_text_line(&t, "name", w->name);
	secret_text_line(&t, "log", w->log);
	secret_text_time(&t, "created", w->created_unix_s);
	secret_text_key(&t, "seed", w->seed);
	RETURN_IF(secret_text_end(&t, &text));
	RETURN_IF(age_seal_passphrase_buf(passphrase, log_n, text, &sealed));
	return fs_write_new_file(path, bytes_buf(&sealed), 0600);
}

static enum err
parse(struct bytes rest, struct witness_file *ret)
{
	CLEANUP(witness_file_release) struct witness_file w = {.seed = NULL};
	struct bytes value;

	RETURN_IF(secret_text_take_exact(&rest, heading));
	RETURN_IF(secret_text_take(&rest, "name", &value));
	RETURN_IF(put_text(w.name, WITNESS_FILE_NAME_MAX, value));
	RETURN_IF(secret_text_take(&rest, "log", &value));
	RETURN_IF(put_text(w.log, WITNESS_FILE_LOG_MAX, value));
	RETURN_IF(secret_text_take_time(&rest, "created", &w.created_unix_s));
	RETURN_IF(secret_text_take_key(&rest, "seed", &w.seed));
	if (rest.len > 0)
		return ERR_SYNTAX;
	*ret = w;
	w.seed = NULL;          /* it is the caller's now */
	return ERR_OK;
}

enum err
witness_file_read(const char *path, const struct secret *passphrase,
    struct witness_file *ret, struct err_info *info)
{
	CLEANUP(secret_cleanup) struct secret *text = NULL;
	CLEANUP(buf_release) struct buf sealed = {0};
	const struct age_keys keys = {.passphrase = passphrase};
	enum err e = fs_check_private(path);

	if (e == ERR_REFUSED)
		return err_at(info, e, 0,
		    "others may read it: chmod 600");
	RETURN_IF(e);
	RETURN_IF(fs_read_file(path, SEALED_MAX, &sealed));
	RETURN_IF(age_open_secret(&keys, bytes_buf(&sealed), TEXT_MAX, &text));
	e = parse(bytes_of(secret_bytes(text), secret_len(text)), ret);
	if (e == ERR_SYNTAX || e == ERR_LIMIT)
		return err_at(info, ERR_SYNTAX, 0,
		    "it is not a witness's key file");
	return e;
}
