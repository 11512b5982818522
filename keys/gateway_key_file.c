/* HOME/keys/gateway.key, and the key file that may open it. */
#include <stdio.h>
#include <string.h>

#include "core/fs.h"
#include "keys/bech32.h"
#include "keys/gateway_key.h"
#include "keys/gateway_key_internal.h"
#include "keys/secret_text.h"

#define TEXT_MAX ((size_t)16 << 10)
#define SEALED_MAX ((size_t)32 << 10)
#define HEX_KEY 64
#define OWNER_KEY_MAX 32        /* `owner-01`, with room for any number */
/* `14` and three keys, each behind a space. */
#define OWNER_LINE (2 + 3 * (1 + HEX_KEY))

static const char heading[] = "azukari-gateway-key v1";

static void
owner_key(size_t i, char ret[OWNER_KEY_MAX])
{
	(void)snprintf(ret, OWNER_KEY_MAX, "owner-%02zu", i + 1);
}

static void
put_owner(struct secret_text *t, size_t i, const struct gateway_key_owner *o)
{
	const struct secret *const keys[] = {o->vault_key, o->index_key,
	    o->event_key};
	char key[OWNER_KEY_MAX];

	owner_key(i, key);
	secret_text_str(t, key);
	secret_text_str(t, ": ");
	secret_text_str(t, o->owner);
	for (size_t j = 0; j < ARRAY_LEN(keys); j++) {
		secret_text_str(t, " ");
		secret_text_hex(t, secret_bytes(keys[j]), 32);
	}
	secret_text_str(t, "\n");
}

static void
put_text(struct secret_text *t, const struct gateway_key *k)
{
	secret_text_str(t, heading);
	secret_text_str(t, "\n");
	secret_text_line(t, "origin", k->origin);
	secret_text_time(t, "created", k->created_unix_s);
	secret_text_key(t, "export-seed", k->export_seed);
	secret_text_key(t, "ledger-seed", k->ledger_seed);
	secret_text_str(t, "recipient: ");
	secret_text_age(t, k->open_secret);
	secret_text_str(t, "\n");
	secret_text_key(t, "register-key", k->register_key);
	for (size_t i = 0; i < k->owners_len; i++)
		put_owner(t, i, &k->owners[i]);
}

enum err
gateway_key_seal_text(const struct gateway_key *k,
    const struct gateway_key_seal *seal, struct buf *out)
{
	CLEANUP(secret_text_release) struct secret_text t = {0};
	struct bytes text;

	if ((seal->passphrase == NULL) == (seal->recipient == NULL))
		return ERR_USAGE;
	RETURN_IF(secret_text_init(&t, TEXT_MAX));
	put_text(&t, k);
	RETURN_IF(secret_text_end(&t, &text));
	if (seal->recipient != NULL)
		return age_seal_buf(seal->recipient, 1, text, out);
	return age_seal_passphrase_buf(seal->passphrase, seal->log_n, text,
	    out);
}

enum err
gateway_key_write(const struct gateway_key *k, const char *path,
    const struct gateway_key_seal *seal, int replace)
{
	CLEANUP(buf_release) struct buf sealed = {0};

	if (!replace && fs_exists(path))
		return ERR_EXISTS;
	RETURN_IF(gateway_key_seal_text(k, seal, &sealed));
	return replace ? fs_write_file(path, bytes_buf(&sealed), 0600) :
	    fs_write_new_file(path, bytes_buf(&sealed), 0600);
}

/* ---- reading ---- */

static enum err
take_heading(struct bytes *rest)
{
	static const char kind[] = "azukari-gateway-key ";
	struct bytes whole = *rest, line;

	if (secret_text_take_exact(rest, heading) == ERR_OK)
		return ERR_OK;
	if (bytes_take_line(&whole, &line) == ERR_OK &&
	    line.len >= sizeof(kind) - 1 &&
	    memcmp(line.data, kind, sizeof(kind) - 1) == 0)
		return ERR_UNSUPPORTED;
	return ERR_SYNTAX;
}

static enum err
take_owner(struct bytes *rest, struct gateway_key *k)
{
	struct gateway_key_owner *o;
	struct bytes v;
	char key[OWNER_KEY_MAX];
	enum err e;

	owner_key(k->owners_len, key);
	RETURN_IF(secret_text_take(rest, key, &v));
	if (v.len != OWNER_LINE)
		return ERR_SYNTAX;
	e = gateway_key_make_owner(k, bytes_of(v.data, 2), &o);
	if (e != ERR_OK)
		return e == ERR_EXISTS ? ERR_DUPLICATE : e;
	struct secret **const keys[] = {&o->vault_key, &o->index_key,
	    &o->event_key};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const uint8_t *at = v.data + 2 + i * (1 + HEX_KEY);

		if (at[0] != ' ')
			return ERR_SYNTAX;
		RETURN_IF(secret_text_parse_key(bytes_of(at + 1, HEX_KEY),
		    keys[i]));
	}
	return ERR_OK;
}

static enum err
take_text(struct bytes *rest, struct gateway_key **ret)
{
	CLEANUP(gateway_key_cleanup) struct gateway_key *k = NULL;
	struct bytes origin;
	int64_t created;

	RETURN_IF(take_heading(rest));
	RETURN_IF(secret_text_take(rest, "origin", &origin));
	RETURN_IF(secret_text_take_time(rest, "created", &created));
	RETURN_IF(gateway_key_make(origin, created, &k));
	RETURN_IF(secret_text_take_key(rest, "export-seed", &k->export_seed));
	RETURN_IF(secret_text_take_key(rest, "ledger-seed", &k->ledger_seed));
	RETURN_IF(secret_text_take_age(rest, "recipient", &k->open_secret));
	RETURN_IF(age_secret_recipient(k->open_secret, &k->recipient));
	RETURN_IF(secret_text_take_key(rest, "register-key",
	    &k->register_key));
	while (rest->len > 0)
		RETURN_IF(take_owner(rest, k));
	*ret = TAKE(k);
	return ERR_OK;
}

/* Which line ${rest} stands behind, for a message. */
static unsigned long
line_before(struct bytes text, struct bytes rest)
{
	unsigned long line = 0;

	for (size_t i = 0; i < text.len - rest.len; i++)
		line += text.data[i] == '\n';
	return line;
}

enum err
gateway_key_parse_text(struct bytes text, struct gateway_key **ret,
    struct err_info *info)
{
	struct bytes rest = text;
	enum err e = take_text(&rest, ret);

	if (e == ERR_OK)
		return ERR_OK;
	return err_at(info, e, line_before(text, rest), "%s",
	    "this line of the gateway key is not what it should be");
}

enum err
gateway_key_read(const char *path, const struct age_keys *keys,
    struct gateway_key **ret, struct err_info *info)
{
	CLEANUP(secret_cleanup) struct secret *text = NULL;
	CLEANUP(buf_release) struct buf sealed = {0};
	enum err e = fs_check_private(path);

	if (e == ERR_REFUSED)
		return err_at(info, e, 0, "%s", "the gateway key must be a "
		    "regular file that only its owner can read (mode 0600)");
	RETURN_IF(e);
	RETURN_IF(fs_read_file(path, SEALED_MAX, &sealed));
	RETURN_IF(age_open_secret(keys, bytes_buf(&sealed), TEXT_MAX, &text));
	return gateway_key_parse_text(
	    bytes_of(secret_bytes(text), secret_len(text)), ret, info);
}

/* ---- the key file ---- */

enum err
gateway_key_file_write(const char *path, const struct secret *secret)
{
	SECRET_BYTES(line, BECH32_SECRET_LEN + 1);

	MUST_HOLD(secret_len(secret) == 32);
	bech32_encode_secret(secret_bytes(secret), line);
	line[BECH32_SECRET_LEN] = '\n';
	return fs_write_new_file(path, bytes_of(line, sizeof(line)), 0600);
}

/* Exactly one key among comments and empty lines. */
static enum err
parse_key_file(struct bytes rest, struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *found = NULL;
	struct bytes line;
	enum err e;

	while ((e = bytes_take_line(&rest, &line)) == ERR_OK) {
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (found != NULL)
			return ERR_DUPLICATE;
		RETURN_IF(bech32_decode_secret(line, &found));
	}
	if (e != ERR_NOT_FOUND || found == NULL)
		return ERR_SYNTAX;
	*ret = TAKE(found);
	return ERR_OK;
}

enum err
gateway_key_file_read(const char *path, struct secret **ret)
{
	CLEANUP(secret_cleanup) struct secret *text = NULL;

	RETURN_IF(secret_text_read_file(path, TEXT_MAX, &text));
	return parse_key_file(bytes_of(secret_bytes(text), secret_len(text)),
	    ret);
}
