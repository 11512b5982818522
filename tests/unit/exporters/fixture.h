/* tests/unit/exporters/fixture.h - an export to try everything on.
 *
 * A survey with every kind of field, people with answers and consents, a
 * partner's key, and the payload and bundle made of them.  Everything is the
 * same in every run but what encryption draws.
 */
#ifndef AZUKARI_TESTS_UNIT_EXPORTERS_FIXTURE_H
#define AZUKARI_TESTS_UNIT_EXPORTERS_FIXTURE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/rows.h"
#include "core/secret.h"
#include "exporters/binding.h"
#include "exporters/bundle.h"
#include "exporters/column.h"
#include "exporters/payload.h"
#include "exporters/statement.h"
#include "keys/age.h"
#include "keys/pseudonym.h"
#include "survey/survey.h"

#define FIXTURE_EXPORT "EXP-2026-0007"
#define FIXTURE_FROZEN_UNIX_S 1795334400        /* 2026-11-22T08:00:00Z */

/* One table of finished cells, given out in batches. */
struct fixture_table {
	struct buf text;
	struct bytes *cells;
	size_t rows, columns;
	size_t at, batch;
	uint64_t bytes;                 /* as CSV, header included */
};

struct fixture {
	struct survey *survey;
	struct column_set columns;
	struct secret *partner;         /* X25519 secret */
	char recipient[128];
	struct binding binding;
	struct fixture_table responses, consents;
	uint8_t (*pseudonyms)[PSEUDONYM_LEN];   /* in order of the tables */
	size_t people;
	struct buf consent_text;
	struct payload_consent_text text;
	struct payload_spec spec;
	struct payload_result result;   /* of fixture_write_payload */
	char statement_texts[16][80];
	const char *statement_text;     /* consent-text-01, one of these */
};

/* ${people} people; person i gave 1 + i % 3 answers. */
void fixture_init(struct fixture *f, size_t people);
void fixture_release(struct fixture *f);

/* Fresh sources (they can be pulled once). */
void fixture_rewind(struct fixture *f);

/* Writes the payload to ${path} and fills f->result. */
void fixture_write_payload(struct fixture *f, const char *path);

/* A statement that fits f->result; members are borrowed from ${f}. */
void fixture_statement(struct fixture *f, struct statement *ret);

/* The parts of a bundle around it (texts that only look right, but
 * STATEMENT.txt is real). */
#define FIXTURE_PARTS 19
struct fixture_parts {
	struct bundle_part parts[FIXTURE_PARTS];
	size_t len;
	struct buf statement;
};
void fixture_parts(struct fixture *f, struct fixture_parts *ret);
void fixture_parts_release(struct fixture_parts *p);

/* DIR/EXP-….tar, finished; SHA256SUMS signed by the key in DIR/gateway. */
void fixture_bundle(struct fixture *f, const char *dir);

/* The partner's identity as DIR/id, for age(1). */
void fixture_write_identity(const struct fixture *f, const char *dir);

/* Keys to open with. */
struct age_keys fixture_keys(const struct fixture *f,
    const struct secret **storage);

/* Writes ${bytes} at ${at} into a file that is there.  Without waiting for the
 * disk, and never over a file cut to nothing, which a journaling file system
 * flushes when it is closed: there are tens of thousands of these. */
void fixture_overwrite(const char *path, size_t at, struct bytes bytes);

/* 1 when the folder holds nothing at all. */
int fixture_is_empty(const char *dir);

/* Runs a command made like printf; its exit status. */
int fixture_run(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
