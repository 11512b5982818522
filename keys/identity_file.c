/* NAME.key and NAME.pub. */
#include <string.h>

#include "core/clock.h"
#include "core/fs.h"
#include "keys/bech32.h"
#include "keys/identity.h"
#include "keys/identity_internal.h"
#include "keys/openssh_key.h"
#include "keys/secret_text.h"
#include "keys/sshsig.h"

#define COMMENT "# "

/* ---- NAME.key ---- */

static enum err
append_text(const struct identity *id, struct secret_text *out)
{
	const struct openssh_key key = {id->sign_seed, id->pub.name,
	    id->check};
	char made[CLOCK_UTC_LEN + 1];

	clock_format_utc(id->made_unix_s, made);
	secret_text_str(out, COMMENT "azukari identity ");
	secret_text_str(out, id->pub.name);
	secret_text_str(out, ", made ");
	secret_text_str(out, made);
	secret_text_str(out, "\n");
	secret_text_age(out, id->open_secret);
	secret_text_str(out, "\n");
	return openssh_key_append(&key, COMMENT, out);
}

/* `# azukari identity NAME, made TIME` */
static enum err
take_heading(struct bytes *rest, struct bytes *ret_name, int64_t *ret_made)
{
	static const char start[] = COMMENT "azukari identity ";
	static const char middle[] = ", made ";
	size_t start_len = sizeof(start) - 1, middle_len = sizeof(middle) - 1;
	struct bytes line;
	const uint8_t *at;

	if (bytes_take_line(rest, &line) != ERR_OK ||
	    line.len < start_len + middle_len + CLOCK_UTC_LEN ||
	    memcmp(line.data, start, start_len) != 0)
		return ERR_SYNTAX;
	at = line.data + line.len - CLOCK_UTC_LEN - middle_len;
	if (memcmp(at, middle, middle_len) != 0)
		return ERR_SYNTAX;
	*ret_name = bytes_of(line.data + start_len,
	    (size_t)(at - line.data) - start_len);
	return clock_parse_utc(bytes_of(at + middle_len, CLOCK_UTC_LEN),
	    ret_made) == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

static enum err
take_age_line(struct bytes *rest, struct secret **ret)
{
	struct bytes line;

	if (bytes_take_line(rest, &line) != ERR_OK)
		return ERR_SYNTAX;
	return bech32_decode_secret(line, ret);
}

/* ERR_SYNTAX unless ${id} written again is exactly ${text}. */
static enum err
check_same_text(const struct identity *id, struct bytes text)
{
	CLEANUP(secret_text_release) struct secret_text again = {0};
	struct bytes b;

	RETURN_IF(secret_text_init(&again, IDENTITY_FILE_MAX));
	RETURN_IF(append_text(id, &again));
	RETURN_IF(secret_text_end(&again, &b));
	if (b.len != text.len || !secret_bytes_equal(b.data, text.data, b.len))
		return ERR_SYNTAX;
	return ERR_OK;
}

enum err
identity_parse_text(struct bytes text, struct identity **ret)
{
	CLEANUP(secret_cleanup) struct secret *open_secret = NULL;
	CLEANUP(secret_cleanup) struct secret *sign_seed = NULL;
	CLEANUP(identity_cleanup) struct identity *id = NULL;
	struct bytes rest = text, name;
	int64_t made;
	uint32_t check;

	RETURN_IF(take_heading(&rest, &name, &made));
	RETURN_IF(take_age_line(&rest, &open_secret));
	RETURN_IF(openssh_key_take(&rest, COMMENT, &sign_seed, &check));
	RETURN_IF(identity_make(name, made, check, TAKE(open_secret),
	    TAKE(sign_seed), &id));
	RETURN_IF(check_same_text(id, text));
	*ret = TAKE(id);
	return ERR_OK;
}

static enum err
seal_text(const struct identity *id, const struct secret *passphrase,
    unsigned log_n, struct buf *out)
{
	CLEANUP(secret_text_release) struct secret_text text = {0};
	struct bytes b;

	RETURN_IF(secret_text_init(&text, IDENTITY_FILE_MAX));
	RETURN_IF(append_text(id, &text));
	RETURN_IF(secret_text_end(&text, &b));
	return age_seal_passphrase_buf(passphrase, log_n, b, out);
}

enum err
identity_write(const struct identity *id, const char *dir,
    const struct secret *passphrase, unsigned log_n)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf pub = {0};
	char key_path[FS_PATH_MAX], pub_path[FS_PATH_MAX];
	enum err e;

	RETURN_IF(fs_path(key_path, "%s/%s.key", dir, id->pub.name));
	RETURN_IF(fs_path(pub_path, "%s/%s.pub", dir, id->pub.name));
	if (fs_exists(key_path) || fs_exists(pub_path))
		return ERR_EXISTS;
	RETURN_IF(seal_text(id, passphrase, log_n, &sealed));
	RETURN_IF(identity_public_append(&id->pub, &pub));
	RETURN_IF(fs_write_new_file(key_path, bytes_buf(&sealed), 0600));
	e = fs_write_new_file(pub_path, bytes_buf(&pub), 0644);
	if (e != ERR_OK)
		(void)!fs_remove(key_path);     /* ours, a moment old */
	return e;
}

enum err
identity_read(const char *path, const struct secret *passphrase,
    struct identity **ret, struct err_info *info)
{
	CLEANUP(secret_cleanup) struct secret *text = NULL;
	CLEANUP(buf_release) struct buf sealed = {0};
	const struct age_keys keys = {.passphrase = passphrase};
	enum err e;

	if ((e = fs_check_private(path)) == ERR_REFUSED)
		return err_at(info, e, 0, "%s", "a key file must be a regular "
		    "file that only its owner can read (mode 0600)");
	RETURN_IF(e);
	RETURN_IF(fs_read_file(path, IDENTITY_FILE_MAX, &sealed));
	e = age_open_secret(&keys, bytes_buf(&sealed), IDENTITY_FILE_MAX,
	    &text);
	if (e == ERR_OK)
		e = identity_parse_text(
		    bytes_of(secret_bytes(text), secret_len(text)), ret);
	if (e == ERR_SYNTAX || e == ERR_NO_MATCH)
		return err_at(info, ERR_SYNTAX, 0, "%s",
		    "this is not an identity file of azukari");
	return e;
}

/* ---- NAME.pub ---- */

enum err
identity_public_append(const struct identity_public *pub, struct buf *out)
{
	char age[BECH32_RECIPIENT_LEN + 1];
	char ssh[SSHSIG_PUBLIC_TEXT_LEN + 1];

	bech32_encode_recipient(pub->age.key, age);
	sshsig_public_format(pub->ssh, ssh);
	return buf_printf(out, "%s\n%s %s\n", age, ssh, pub->name);
}

/* `ssh-ed25519 BASE64 NAME` */
static enum err
parse_ssh_line(struct bytes line, struct identity_public *ret)
{
	struct bytes key = line, name;

	if (line.len < SSHSIG_PUBLIC_TEXT_LEN + 2 ||
	    line.data[SSHSIG_PUBLIC_TEXT_LEN] != ' ')
		return ERR_SYNTAX;
	key.len = SSHSIG_PUBLIC_TEXT_LEN;
	name = bytes_of(line.data + key.len + 1, line.len - key.len - 1);
	if (!identity_name_is_valid(name))
		return ERR_SYNTAX;
	memcpy(ret->name, name.data, name.len);
	return sshsig_public_parse(key, ret->ssh);
}

enum err
identity_public_parse(struct bytes text, struct identity_public *ret,
    struct err_info *info)
{
	struct identity_public got = {0};
	struct bytes rest = text, line;
	enum err e;

	if (bytes_take_line(&rest, &line) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 1, "no line age1...");
	if ((e = age_recipient_parse(line, &got.age)) != ERR_OK)
		return err_at(info, e, 1, "not an age1... recipient");
	if (bytes_take_line(&rest, &line) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 2, "no line ssh-ed25519 ...");
	if ((e = parse_ssh_line(line, &got)) != ERR_OK)
		return err_at(info, e, 2, "not `ssh-ed25519 BASE64 NAME`");
	if (rest.len > 0)
		return err_at(info, ERR_SYNTAX, 3, "more than two lines");
	*ret = got;
	return ERR_OK;
}

enum err
identity_public_read(const char *path, struct identity_public *ret,
    struct err_info *info)
{
	CLEANUP(buf_release) struct buf text = {0};

	RETURN_IF(fs_read_file(path, IDENTITY_FILE_MAX, &text));
	return identity_public_parse(bytes_buf(&text), ret, info);
}
