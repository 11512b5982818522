#include "exporters/binding.h"

#include <string.h>

#include "core/encode.h"
#include "core/text.h"
#include "exporters/form.h"
#include "keys/age.h"

#define SECRET_LEN 32

static const char *const keys[] = {
	"export", "plan-sha256", "request-sha256", "recipient", "salt",
	"notice-key", NULL
};
static const struct text_schema schema = {"binding", keys};

void
binding_release(struct binding *b)
{
	secret_free(b->salt);
	secret_free(b->notice_key);
	memset(b, 0, sizeof(*b));
}

/* What writer and reader ask of the two names. */
static enum err
check_names(const struct binding *b, struct err_info *info)
{
	struct age_recipient recipient;

	if (!form_is_export(b->export_id))
		return err_at(info, ERR_SYNTAX, 0, "export is no export id");
	if (age_recipient_parse(bytes_str(b->recipient), &recipient) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0,
		    "recipient is no age recipient");
	return ERR_OK;
}

enum err
binding_write(const struct binding *b, struct buf *out, struct err_info *info)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct text_writer w;

	RETURN_IF(check_names(b, info));
	MUST_HOLD(secret_len(b->salt) == SECRET_LEN);
	MUST_HOLD(secret_len(b->notice_key) == SECRET_LEN);
	text_begin(&w, &schema, &text);
	text_put(&w, "export", b->export_id);
	text_put_hex(&w, "plan-sha256", b->plan_sha256, DIGEST_LEN);
	text_put_hex(&w, "request-sha256", b->request_sha256, DIGEST_LEN);
	text_put(&w, "recipient", b->recipient);
	text_put_hex(&w, "salt", secret_bytes(b->salt), SECRET_LEN);
	text_put_hex(&w, "notice-key", secret_bytes(b->notice_key), SECRET_LEN);
	RETURN_IF(text_end(&w, info));
	return buf_append(out, text.data, text.len);
}

static enum err
take_secret(const struct text *t, const char *key, struct secret **ret,
    struct err_info *info)
{
	CLEANUP(secret_cleanup) struct secret *s = NULL;

	RETURN_IF(secret_new(SECRET_LEN, &s));
	RETURN_IF(text_get_hex(t, key, secret_bytes_mut(s), SECRET_LEN, info));
	*ret = TAKE(s);
	return ERR_OK;
}

static enum err
take_text(const struct text *t, const char *key, char *ret, size_t max)
{
	const char *value = text_get(t, key);
	size_t len = strlen(value);

	if (len >= max)
		return ERR_SYNTAX;
	memcpy(ret, value, len + 1);
	return ERR_OK;
}

enum err
binding_parse(struct bytes bytes, struct binding *ret, struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	CLEANUP(binding_release) struct binding b = {0};

	RETURN_IF(text_parse(bytes, &schema, &t, info));
	if (take_text(t, "export", b.export_id, sizeof(b.export_id)) !=
	    ERR_OK ||
	    take_text(t, "recipient", b.recipient, sizeof(b.recipient)) !=
	    ERR_OK)
		return err_at(info, ERR_SYNTAX, 0, "a value is too long");
	RETURN_IF(check_names(&b, info));
	RETURN_IF(text_get_hex(t, "plan-sha256", b.plan_sha256, DIGEST_LEN,
	    info));
	RETURN_IF(text_get_hex(t, "request-sha256", b.request_sha256,
	    DIGEST_LEN, info));
	RETURN_IF(take_secret(t, "salt", &b.salt, info));
	RETURN_IF(take_secret(t, "notice-key", &b.notice_key, info));
	*ret = b;
	memset(&b, 0, sizeof(b));       /* transferred */
	return ERR_OK;
}
