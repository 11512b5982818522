#include "exporters/receipt.h"

#include <stddef.h>
#include <string.h>

static const struct form_field receipt_fields[] = {
	{"export", offsetof(struct receipt, export_id), FORM_EXPORT},
	{"sha256sums-sha256", offsetof(struct receipt, sha256sums_sha256),
	    FORM_HEX32},
	{"request-sha256", offsetof(struct receipt, request_sha256),
	    FORM_HEX32},
	{"partner", offsetof(struct receipt, partner), FORM_NAME},
	{"recipient", offsetof(struct receipt, recipient), FORM_AGE},
	{"receipt-proof", offsetof(struct receipt, receipt_proof),
	    FORM_HEX32},
	{"received", offsetof(struct receipt, received), FORM_TIME},
	{"nonce", offsetof(struct receipt, nonce), FORM_HEX16},
};
static const struct form_type receipt_type = {
	"receipt", receipt_fields, ARRAY_LEN(receipt_fields)
};

static const struct form_field destruction_fields[] = {
	{"export", offsetof(struct receipt_destruction, export_id),
	    FORM_EXPORT},
	{"sha256sums-sha256", offsetof(struct receipt_destruction, sha256sums_sha256),
	    FORM_HEX32},
	{"partner", offsetof(struct receipt_destruction, partner), FORM_NAME},
	{"method", offsetof(struct receipt_destruction, method), FORM_TEXT},
	{"copies", offsetof(struct receipt_destruction, copies), FORM_TEXT},
	{"destroyed", offsetof(struct receipt_destruction, destroyed),
	    FORM_TIME},
	{"nonce", offsetof(struct receipt_destruction, nonce), FORM_HEX16},
};
static const struct form_type destruction_type = {
	"destruction", destruction_fields, ARRAY_LEN(destruction_fields)
};

enum err
receipt_write(const struct receipt *r, struct buf *out,
    struct err_info *info)
{
	return form_write(&receipt_type, r, out, info);
}

enum err
receipt_parse(struct bytes bytes, struct receipt *ret,
    struct err_info *info)
{
	struct receipt r = {0};

	RETURN_IF(form_parse(&receipt_type, bytes, &r, &r.doc, info));
	*ret = r;
	return ERR_OK;
}

void
receipt_release(struct receipt *r)
{
	form_release(&r->doc);
	memset(r, 0, sizeof(*r));
}

enum err
receipt_destruction_write(const struct receipt_destruction *d, struct buf *out,
    struct err_info *info)
{
	return form_write(&destruction_type, d, out, info);
}

enum err
receipt_destruction_parse(struct bytes bytes, struct receipt_destruction *ret,
    struct err_info *info)
{
	struct receipt_destruction d = {0};

	RETURN_IF(form_parse(&destruction_type, bytes, &d, &d.doc, info));
	*ret = d;
	return ERR_OK;
}

void
receipt_destruction_release(struct receipt_destruction *d)
{
	form_release(&d->doc);
	memset(d, 0, sizeof(*d));
}
