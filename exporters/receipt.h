/* exporters/receipt.h - what a partner signs: receipt.txt, destruction.txt.
 *
 * Members as in form.h; docs/FORMATS.md 9.4.
 */
#ifndef AZUKARI_EXPORTERS_RECEIPT_H
#define AZUKARI_EXPORTERS_RECEIPT_H

#include "core/buf.h"
#include "core/err.h"
#include "exporters/form.h"

struct receipt {
	const char *export_id, *sha256sums_sha256, *request_sha256;
	const char *partner, *recipient, *receipt_proof, *received, *nonce;
	struct form_doc doc;
};

enum err receipt_write(const struct receipt *r, struct buf *out,
    struct err_info *info) MUST_USE;
enum err receipt_parse(struct bytes bytes, struct receipt *ret,
    struct err_info *info) MUST_USE;
void receipt_release(struct receipt *r);             /* CLEANUP-able */

struct receipt_destruction {
	const char *export_id, *sha256sums_sha256, *partner;
	const char *method, *copies, *destroyed, *nonce;
	struct form_doc doc;
};

enum err receipt_destruction_write(const struct receipt_destruction *d,
    struct buf *out, struct err_info *info) MUST_USE;
enum err receipt_destruction_parse(struct bytes bytes,
    struct receipt_destruction *ret, struct err_info *info) MUST_USE;
void receipt_destruction_release(struct receipt_destruction *d);

#endif
