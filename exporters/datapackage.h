/* exporters/datapackage.h - datapackage.json of a payload.
 *
 * Frictionless Data Package v2, written so that readers of v1 work too: codes
 * are strings with `categories` and `constraints.enum`, `primaryKey` is an
 * array, missing values are named.  Two resources, `responses` and `consents`.
 * The text's length does not depend on the digests in it, so it can be known
 * before the data is written.
 */
#ifndef AZUKARI_EXPORTERS_DATAPACKAGE_H
#define AZUKARI_EXPORTERS_DATAPACKAGE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "exporters/column.h"
#include "keys/digest.h"

struct datapackage_file {
	uint64_t bytes;
	uint64_t rows;
	uint8_t sha256[DIGEST_LEN];
};

struct datapackage {
	const char *export_id;          /* EXP-… */
	const char *title, *title_en;   /* of the survey; title_en may be NULL */
	const char *survey;             /* "NAME VERSION" */
	const char *owner_name;
	int64_t created_unix_s;         /* the plan's time of freezing */
	const struct column_set *columns; /* without pseudonym and answer */
	struct datapackage_file responses, consents;
};

/* Appends the document to ${out}.  ERR_NOMEM, ERR_ENCODING. */
enum err datapackage_write(const struct datapackage *d,
    struct buf *out) MUST_USE;

/* What a reader needs of a datapackage.json found in a payload. */
struct datapackage_facts {
	struct datapackage_file responses, consents;
	size_t columns;                 /* of responses.csv, all of them */
	struct buf header;              /* header line of responses.csv, with LF */
};
void datapackage_facts_release(struct datapackage_facts *f);

/* Strict where we rely on it: two resources of these names and paths, bytes,
 * hash, field names.  ERR_SYNTAX, ERR_UNKNOWN, ERR_LIMIT with ${info} (may be
 * NULL); ${ret} is to be released. */
enum err datapackage_parse(struct bytes text, struct datapackage_facts *ret,
    struct err_info *info) MUST_USE;

/* ${text} with the sizes, row counts and digests of both resources replaced
 * (a filtered copy), everything else kept; appended to ${out}. */
enum err datapackage_refit(struct bytes text,
    const struct datapackage_file *responses,
    const struct datapackage_file *consents, struct buf *out) MUST_USE;

#endif
