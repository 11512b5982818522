#include "keys/line_channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "core/fs.h"
#include "core/text.h"
#include "keys/secret_text.h"

#define TEXT_MAX ((size_t)8 << 10)
#define SEALED_MAX ((size_t)16 << 10)
#define LIST_MAX (LINE_CHANNEL_SCOPES_MAX * 80)

static const char heading[] = "azukari-line-channel v1";

void
line_channel_release(struct line_channel *c)
{
	for (size_t i = 0; i < LINE_CHANNEL_SECRETS; i++)
		secret_free(c->secrets[i]);
	secret_free(c->token);
	*c = (struct line_channel){0};
}

enum err
line_channel_path(const char *dir, const char *owner, const char *source,
    char *ret, size_t ret_len)
{
	int len;

	if (!names_is_owner(bytes_str(owner)) ||
	    !names_is_word(bytes_str(source)))
		return ERR_SYNTAX;
	len = snprintf(ret, ret_len, "%s/line-%s-%s.key", dir, owner, source);
	return len < 0 || (size_t)len >= ret_len ? ERR_LIMIT : ERR_OK;
}

enum err
line_channel_parse_secret(struct bytes text, size_t max, struct secret **ret)
{
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.len--;
	if (text.len < 1 || text.len > max ||
	    (text.len == 1 && text.data[0] == '-'))
		return ERR_SYNTAX;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= 0x20 || text.data[i] > 0x7e)
			return ERR_SYNTAX;
	return secret_new_copy(text.data, text.len, ret);
}

/* ---- writing ---- */

/* What is written must be what a reader takes. */
static enum err parse(struct bytes rest, struct line_channel *ret) MUST_USE;

static void
put_secret(struct secret_text *t, const char *key, const struct secret *s)
{
	secret_text_str(t, key);
	secret_text_str(t, ": ");
	if (s == NULL)
		secret_text_str(t, "-");
	else
		secret_text_bytes(t, bytes_of(secret_bytes(s),
		    secret_len(s)));
	secret_text_str(t, "\n");
}

/* "support=Q01 research": a scope, and the field its answer fills. */
static void
put_scopes(struct secret_text *t, const struct line_channel *c)
{
	char list[LIST_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < c->scopes_len; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len,
		    "%s%s%s%s", i == 0 ? "" : " ", c->scopes[i],
		    c->fields[i][0] == '\0' ? "" : "=", c->fields[i]);
	secret_text_line(t, "scopes", list);
}

/* What the channel asks and where: no secret. */
static void
put_settings(struct secret_text *t, const struct line_channel *c)
{
	char hex[2 * DIGEST_LEN + 1];

	encode_hex(c->text_sha256, DIGEST_LEN, hex);
	secret_text_line(t, "destination", c->destination[0] == '\0' ? "-" :
	    c->destination);
	secret_text_line(t, "survey", c->survey);
	secret_text_uint(t, "survey-version", c->survey_version);
	secret_text_line(t, "consent-text", hex);
	put_scopes(t, c);
	secret_text_line(t, "language", c->english ? "en" : "ja");
}

static void
put_all(struct secret_text *t, const struct line_channel *c)
{
	secret_text_str(t, heading);
	secret_text_str(t, "\n");
	secret_text_line(t, "owner", c->owner);
	secret_text_line(t, "source", c->source);
	secret_text_uint(t, "generation", c->generation);
	secret_text_time(t, "created", c->created_unix_s);
	put_settings(t, c);
	put_secret(t, "secret", c->secrets[0]);
	put_secret(t, "old-secret", c->secrets[1]);
	put_secret(t, "token", c->token);
}

static enum err
seal(const struct line_channel *c, const struct age_recipient *to,
    struct buf *out)
{
	CLEANUP(secret_text_release) struct secret_text t = {0};
	struct bytes text;

	RETURN_IF(line_channel_check(c));
	RETURN_IF(secret_text_init(&t, TEXT_MAX));
	put_all(&t, c);
	RETURN_IF(secret_text_end(&t, &text));
	return age_seal_buf(to, 1, text, out);
}

enum err
line_channel_settings(const struct line_channel *c,
    uint8_t ret_sha256[DIGEST_LEN])
{
	CLEANUP(secret_text_release) struct secret_text t = {0};
	struct bytes text;

	RETURN_IF(secret_text_init(&t, TEXT_MAX));
	put_settings(&t, c);
	RETURN_IF(secret_text_end(&t, &text));
	digest_sha256(text, ret_sha256);
	return ERR_OK;
}

enum err
line_channel_check(const struct line_channel *c)
{
	CLEANUP(secret_text_release) struct secret_text t = {0};
	CLEANUP(line_channel_release) struct line_channel again = {0};
	struct bytes text;

	RETURN_IF(secret_text_init(&t, TEXT_MAX));
	put_all(&t, c);
	RETURN_IF(secret_text_end(&t, &text));
	return parse(text, &again);
}

enum err
line_channel_write(const struct gateway_key *gateway, const char *dir,
    const struct line_channel *c)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(line_channel_path(dir, c->owner, c->source, path,
	    sizeof(path)));
	RETURN_IF(seal(c, gateway_key_recipient(gateway), &sealed));
	return fs_write_file(path, bytes_buf(&sealed), 0600);
}

/* ---- reading ---- */

static enum err
take_name(struct bytes *rest, const char *key, char *ret, size_t ret_len)
{
	struct bytes v;

	RETURN_IF(secret_text_take(rest, key, &v));
	if (v.len >= ret_len)
		return ERR_SYNTAX;
	memcpy(ret, v.data, v.len);
	ret[v.len] = '\0';
	return ERR_OK;
}

static enum err
take_secret(struct bytes *rest, const char *key, size_t max,
    struct secret **ret)
{
	struct bytes v;

	RETURN_IF(secret_text_take(rest, key, &v));
	if (v.len == 1 && v.data[0] == '-')
		return ERR_OK;
	return line_channel_parse_secret(v, max, ret);
}

static int
is_scope(const char *name)
{
	return strcmp(name, "support") == 0 || strcmp(name, "research") == 0 ||
	    strcmp(name, "recontact") == 0;
}

static enum err
add_scope(struct line_channel *c, struct bytes item)
{
	size_t at = c->scopes_len, len = 0;

	if (at == LINE_CHANNEL_SCOPES_MAX)
		return ERR_SYNTAX;
	while (len < item.len && item.data[len] != '=')
		len++;
	if (len > NAMES_WORD_MAX ||
	    item.len - len > LINE_CHANNEL_FIELD_MAX + 1)
		return ERR_SYNTAX;
	memcpy(c->scopes[at], item.data, len);
	if (item.len > len)
		memcpy(c->fields[at], item.data + len + 1,
		    item.len - len - 1);
	if (!is_scope(c->scopes[at]) ||
	    (item.len > len && c->fields[at][0] == '\0'))
		return ERR_SYNTAX;
	for (size_t i = 0; i < at; i++)
		if (strcmp(c->scopes[i], c->scopes[at]) == 0)
			return ERR_SYNTAX;
	c->scopes_len++;
	return ERR_OK;
}

static enum err
take_scopes(struct bytes *rest, struct line_channel *c)
{
	struct bytes list, item;

	RETURN_IF(secret_text_take(rest, "scopes", &list));
	while (text_list_next(&list, &item))
		RETURN_IF(add_scope(c, item));
	return c->scopes_len == 0 ? ERR_SYNTAX : ERR_OK;
}

static enum err
take_survey(struct bytes *rest, struct line_channel *c)
{
	uint64_t version;
	struct bytes hex;

	RETURN_IF(take_name(rest, "survey", c->survey, sizeof(c->survey)));
	RETURN_IF(secret_text_take_uint(rest, "survey-version", &version));
	if (!names_is_word(bytes_str(c->survey)) || version < 1 ||
	    version > 65535)
		return ERR_SYNTAX;
	c->survey_version = (unsigned)version;
	RETURN_IF(secret_text_take(rest, "consent-text", &hex));
	return decode_hex(hex, c->text_sha256, DIGEST_LEN);
}

static int
is_destination(const char *text)
{
	return strlen(text) == LINE_CHANNEL_ID_LEN && text[0] == 'U' &&
	    strspn(text + 1, "0123456789abcdef") == LINE_CHANNEL_ID_LEN - 1;
}

static enum err
take_head(struct bytes *rest, struct line_channel *c)
{
	RETURN_IF(secret_text_take_exact(rest, heading));
	RETURN_IF(take_name(rest, "owner", c->owner, sizeof(c->owner)));
	RETURN_IF(take_name(rest, "source", c->source, sizeof(c->source)));
	RETURN_IF(secret_text_take_uint(rest, "generation", &c->generation));
	RETURN_IF(secret_text_take_time(rest, "created",
	    &c->created_unix_s));
	RETURN_IF(take_name(rest, "destination", c->destination,
	    sizeof(c->destination)));
	if (strcmp(c->destination, "-") == 0)
		c->destination[0] = '\0';
	else if (!is_destination(c->destination))
		return ERR_SYNTAX;
	return names_is_owner(bytes_str(c->owner)) &&
	    names_is_word(bytes_str(c->source)) && c->generation > 0 ?
	    ERR_OK : ERR_SYNTAX;
}

static enum err
take_all(struct bytes rest, struct line_channel *c)
{
	char language[4];

	RETURN_IF(take_head(&rest, c));
	RETURN_IF(take_survey(&rest, c));
	RETURN_IF(take_scopes(&rest, c));
	RETURN_IF(take_name(&rest, "language", language, sizeof(language)));
	c->english = strcmp(language, "en") == 0;
	if (!c->english && strcmp(language, "ja") != 0)
		return ERR_SYNTAX;
	RETURN_IF(take_secret(&rest, "secret", LINE_CHANNEL_SECRET_MAX,
	    &c->secrets[0]));
	RETURN_IF(take_secret(&rest, "old-secret", LINE_CHANNEL_SECRET_MAX,
	    &c->secrets[1]));
	RETURN_IF(take_secret(&rest, "token", LINE_CHANNEL_TOKEN_MAX,
	    &c->token));
	return rest.len > 0 || c->secrets[0] == NULL ? ERR_SYNTAX : ERR_OK;
}

static enum err
parse(struct bytes rest, struct line_channel *ret)
{
	struct line_channel c = {0};
	enum err e = take_all(rest, &c);

	if (e != ERR_OK) {
		line_channel_release(&c);
		return e;
	}
	*ret = c;
	return ERR_OK;
}

enum err
line_channel_read(const struct gateway_key *gateway, const char *dir,
    const char *owner, const char *source, struct line_channel *ret)
{
	CLEANUP(secret_cleanup) struct secret *text = NULL;
	CLEANUP(buf_release) struct buf sealed = {0};
	const struct secret *own = gateway_key_open_secret(gateway);
	const struct age_keys keys = {.identities = &own, .identities_len = 1};
	struct line_channel c;
	char path[FS_PATH_MAX];

	RETURN_IF(line_channel_path(dir, owner, source, path, sizeof(path)));
	RETURN_IF(fs_check_private(path));
	RETURN_IF(fs_read_file(path, SEALED_MAX, &sealed));
	RETURN_IF(age_open_secret(&keys, bytes_buf(&sealed), TEXT_MAX, &text));
	RETURN_IF(parse(bytes_of(secret_bytes(text), secret_len(text)), &c));
	if (strcmp(c.owner, owner) != 0 || strcmp(c.source, source) != 0) {
		line_channel_release(&c);
		return ERR_MISMATCH;
	}
	*ret = c;
	return ERR_OK;
}

/* ---- signatures ---- */

static int
is_mac(const struct secret *key, struct bytes body,
    const uint8_t mac[DIGEST_LEN])
{
	SECRET_BYTES(want, DIGEST_LEN);

	digest_hmac_sha256(bytes_of(secret_bytes(key), secret_len(key)), body,
	    want);
	return secret_bytes_equal(want, mac, DIGEST_LEN);
}

enum err
line_channel_verify(const struct line_channel *c, struct bytes body,
    struct bytes signature)
{
	uint8_t mac[DIGEST_LEN];
	size_t len = 0;
	int found = 0;

	if (decode_b64(signature, 1, mac, sizeof(mac), &len) != ERR_OK ||
	    len != sizeof(mac))
		return ERR_SIGNATURE;
	for (size_t i = 0; i < LINE_CHANNEL_SECRETS; i++)
		if (c->secrets[i] != NULL)
			found |= is_mac(c->secrets[i], body, mac);
	return found ? ERR_OK : ERR_SIGNATURE;
}
