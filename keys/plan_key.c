#include "keys/plan_key.h"

#include <string.h>

#include "core/buf.h"
#include "core/fs.h"
#include "keys/bech32.h"
#include "keys/secret_text.h"

#define LINE_LEN (BECH32_SECRET_LEN + 1)
#define SEALED_MAX ((size_t)4 << 10)

static enum err
seal(const struct secret *secret, const struct age_recipient *to,
    struct buf *out)
{
	SECRET_BYTES(line, LINE_LEN);

	bech32_encode_secret(secret_bytes(secret), line);
	line[LINE_LEN - 1] = '\n';
	return age_seal_buf(to, 1, bytes_of(line, sizeof(line)), out);
}

enum err
plan_key_create(const struct gateway_key *gateway, const char *path,
    struct age_recipient *ret)
{
	CLEANUP(secret_cleanup) struct secret *secret = NULL;
	CLEANUP(buf_release) struct buf sealed = {0};
	struct age_recipient recipient;

	RETURN_IF(age_secret_new(&secret));
	RETURN_IF(age_secret_recipient(secret, &recipient));
	RETURN_IF(seal(secret, gateway_key_recipient(gateway), &sealed));
	RETURN_IF(fs_write_new_file(path, bytes_buf(&sealed), 0600));
	*ret = recipient;
	return ERR_OK;
}

enum err
plan_key_read(const struct gateway_key *gateway, const char *path,
    struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *text = NULL;
	CLEANUP(buf_release) struct buf sealed = {0};
	const struct secret *own = gateway_key_open_secret(gateway);
	const struct age_keys keys = {.identities = &own, .identities_len = 1};
	struct bytes rest, line;

	RETURN_IF(fs_check_private(path));
	RETURN_IF(fs_read_file(path, SEALED_MAX, &sealed));
	RETURN_IF(age_open_secret(&keys, bytes_buf(&sealed), LINE_LEN, &text));
	rest = bytes_of(secret_bytes(text), secret_len(text));
	if (bytes_take_line(&rest, &line) != ERR_OK || rest.len > 0)
		return ERR_SYNTAX;
	return bech32_decode_secret(line, ret);
}

enum err
plan_key_destroy(const char *path)
{
	return fs_shred(path);
}
