#include "exporters/payload_read_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "exporters/bag.h"
#include "exporters/datapackage.h"
#include "keys/pseudonym.h"

/* ${hex} of STATEMENT.txt says ${digest}. */
static enum err
check_hex(const char *hex, const uint8_t digest[DIGEST_LEN], const char *what,
    struct err_info *info)
{
	char is[DIGEST_HEX_LEN + 1];

	digest_to_hex(digest, is);
	if (strcmp(hex, is) == 0)
		return ERR_OK;
	return err_at(info, ERR_MISMATCH, 0,
	    "%s is not the one STATEMENT.txt names", what);
}

/* ${text} of STATEMENT.txt says ${n}, where it says a number at all: small
 * counts are not told. */
static enum err
check_count(const char *text, uint64_t n, const char *what,
    struct err_info *info)
{
	char is[24];

	(void)snprintf(is, sizeof(is), "%" PRIu64, n);
	if (text[0] == '<' || text[0] == '-' || strcmp(text, is) == 0)
		return ERR_OK;
	return err_at(info, ERR_MISMATCH, 0,
	    "STATEMENT.txt names another number of %s", what);
}

static enum err
check_binding(const struct binding *b, const struct statement *s,
    struct err_info *info)
{
	uint8_t proof[DIGEST_LEN], commitment[DIGEST_LEN];

	if (strcmp(b->export_id, s->export_id) != 0 ||
	    strcmp(b->recipient, s->recipient) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "binding.txt is of another export or recipient");
	RETURN_IF(check_hex(s->plan_sha256, b->plan_sha256,
	    "the plan of binding.txt", info));
	RETURN_IF(check_hex(s->request_sha256, b->request_sha256,
	    "the request of binding.txt", info));
	pseudonym_receipt_proof(b->export_id, secret_bytes(b->salt), proof);
	pseudonym_receipt_commitment(proof, commitment);
	return check_hex(s->receipt_commitment, commitment,
	    "the receipt commitment", info);
}

static enum err
check_file(const struct datapackage_file *f, const struct opening_table *t,
    const uint8_t digest[DIGEST_LEN], const char *name, struct err_info *info)
{
	if (f->bytes != t->bytes || f->rows != t->people.rows ||
	    memcmp(f->sha256, digest, DIGEST_LEN) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "%s is not the one datapackage.json describes", name);
	return ERR_OK;
}

/* The cells of a heading, one behind the other; none is quoted. */
static struct bytes
next_cell(struct bytes *header)
{
	struct bytes cell = {header->data, 0};

	while (cell.len < header->len && header->data[cell.len] != ',' &&
	    header->data[cell.len] != '\n')
		cell.len++;
	header->data += cell.len;
	header->len -= cell.len;
	if (header->len > 0) {
		header->data++;
		header->len--;
	}
	return cell;
}

/* 1 for FIELD and for FIELD_OPTION. */
static int
is_column_of(struct bytes cell, struct bytes field)
{
	return cell.len >= field.len &&
	    memcmp(cell.data, field.data, field.len) == 0 &&
	    (cell.len == field.len || cell.data[field.len] == '_');
}

#define ITEMS_MAX 256

/* Which item the last column may have been of: names may begin alike. */
struct items {
	struct bytes names[ITEMS_MAX];
	uint8_t reached[ITEMS_MAX];
	size_t len;
};

static enum err
split_items(const char *text, struct items *ret)
{
	size_t len;

	for (; *text != '\0'; text += len + (text[len] != '\0')) {
		if (ret->len == ITEMS_MAX)
			return ERR_LIMIT;
		len = strcspn(text, " ");
		ret->names[ret->len++] = bytes_of((const uint8_t *)text, len);
	}
	return ERR_OK;
}

/* One more column; 0 when it can be of no item here. */
static int
follow(struct items *items, struct bytes cell, int first)
{
	int found = 0, before, same;
	size_t i;

	for (i = items->len; i-- > 0;) {
		before = i == 0 ? first : items->reached[i - 1];
		same = items->reached[i] && cell.len > items->names[i].len;
		items->reached[i] = (before || same) &&
		    is_column_of(cell, items->names[i]);
		found |= items->reached[i];
	}
	return found;
}

/* Behind pseudonym and answer the columns of each item of the statement, in
 * its order; at least one of each and no others. */
static enum err
check_columns(struct bytes header, const char *text, struct err_info *info)
{
	struct items items = {.len = 0};
	int first;

	if (!bytes_equal(next_cell(&header), bytes_str("pseudonym")) ||
	    !bytes_equal(next_cell(&header), bytes_str("answer")))
		return err_at(info, ERR_MISMATCH, 0, "data/responses.csv does "
		    "not begin with pseudonym and answer");
	RETURN_IF(split_items(text, &items));
	for (first = 1; header.len > 0; first = 0)
		if (!follow(&items, next_cell(&header), first))
			return err_at(info, ERR_MISMATCH, 0, "data/responses."
			    "csv has other columns than the items of "
			    "STATEMENT.txt");
	if (items.len == 0 || !items.reached[items.len - 1])
		return err_at(info, ERR_MISMATCH, 0, "data/responses.csv lacks"
		    " columns of the items of STATEMENT.txt");
	return ERR_OK;
}

/* The heading of consents.csv, and the texts its lines are of. */
static enum err
check_consents(const struct opening *o, struct err_info *info)
{
	struct bytes header =
	    bytes_buf(&o->tables[PAYLOAD_CONSENTS].scan.header);
	char digest[DIGEST_HEX_LEN + 1], name[128];
	size_t i;

	if (!bytes_equal(header, bytes_str(CONSENT_LINE_HEADER)))
		return err_at(info, ERR_MISMATCH, 0,
		    "data/consents.csv has other columns");
	for (i = 0; consent_counts_text(&o->consents, i, digest); i++) {
		if (digest[0] == '\0')
			continue;
		(void)snprintf(name, sizeof(name), "consent-texts/%s.txt",
		    digest);
		if (sums_find(&o->found, name) == NULL)
			return err_at(info, ERR_NOT_FOUND, 0, "%s is missing",
			    name);
	}
	return consent_counts_end(&o->consents, info);
}

static enum err
check_tables(struct opening *o, struct err_info *info)
{
	CLEANUP(datapackage_facts_release) struct datapackage_facts f = {0};
	struct opening_table *t = o->tables;
	uint8_t digests[2][DIGEST_LEN];

	RETURN_IF(csv_scan_end(&t[PAYLOAD_RESPONSES].scan));
	RETURN_IF(csv_scan_end(&t[PAYLOAD_CONSENTS].scan));
	RETURN_IF(digest_stream_end(&o->inspector.tables[PAYLOAD_RESPONSES],
	    digests[PAYLOAD_RESPONSES]));
	RETURN_IF(digest_stream_end(&o->inspector.tables[PAYLOAD_CONSENTS],
	    digests[PAYLOAD_CONSENTS]));
	RETURN_IF(sums_add(&o->found, "data/responses.csv",
	    digests[PAYLOAD_RESPONSES]));
	RETURN_IF(sums_add(&o->found, "data/consents.csv",
	    digests[PAYLOAD_CONSENTS]));
	RETURN_IF(datapackage_parse(bytes_buf(&o->texts[OPENING_TEXT_PACKAGE]),
	    &f, info));
	RETURN_IF(check_file(&f.responses, &t[PAYLOAD_RESPONSES],
	    digests[PAYLOAD_RESPONSES], "data/responses.csv", info));
	RETURN_IF(check_file(&f.consents, &t[PAYLOAD_CONSENTS],
	    digests[PAYLOAD_CONSENTS], "data/consents.csv", info));
	if (!bytes_equal(bytes_buf(&f.header),
	    bytes_buf(&t[PAYLOAD_RESPONSES].scan.header)))
		return err_at(info, ERR_MISMATCH, 0, "data/responses.csv does "
		    "not have the columns of datapackage.json");
	if (people_compare(&t[PAYLOAD_RESPONSES].people,
	    &t[PAYLOAD_CONSENTS].people) != ERR_OK)
		return err_at(info, ERR_MISMATCH, 0, "data/responses.csv and "
		    "data/consents.csv name different people");
	return ERR_OK;
}

static enum err
check_bag(const struct opening *o, const char *export_id,
    struct err_info *info)
{
	const struct bag_texts t = {
		.bagit = bytes_buf(&o->texts[OPENING_TEXT_BAGIT]),
		.bag_info = bytes_buf(&o->texts[OPENING_TEXT_BAG_INFO]),
		.manifest = bytes_buf(&o->texts[OPENING_TEXT_MANIFEST]),
		.tagmanifest = bytes_buf(&o->texts[OPENING_TEXT_TAGMANIFEST]),
		.payload_bytes = o->data_bytes,
	};

	RETURN_IF(bag_info_is_of(t.bag_info, export_id, info));
	return bag_check(&t, &o->found, info);
}

static enum err
check_statement(struct opening *o, const struct payload_read_spec *spec,
    const struct payload_read_result *r)
{
	const struct statement *s = spec->statement;
	uint8_t digest[DIGEST_LEN];

	digest_sha256(bytes_buf(&o->texts[OPENING_TEXT_TAGMANIFEST]), digest);
	RETURN_IF(check_hex(s->inner_tagmanifest_sha256, digest,
	    "tagmanifest-sha256.txt", o->info));
	RETURN_IF(check_columns(bytes_buf(
	    &o->tables[PAYLOAD_RESPONSES].scan.header), s->items, o->info));
	RETURN_IF(check_consents(o, o->info));
	RETURN_IF(payload_root_end(&o->root, digest));
	RETURN_IF(check_hex(s->consent_root, digest, "the consent root",
	    o->info));
	RETURN_IF(check_count(s->payload_bytes, spec->payload.bytes, "bytes",
	    o->info));
	RETURN_IF(check_count(s->rows_exported, r->rows, "rows", o->info));
	RETURN_IF(check_count(s->respondents_exported, r->respondents,
	    "respondents", o->info));
	return check_binding(&r->binding, s, o->info);
}

enum err
payload_read_check(struct opening *o, const struct payload_read_spec *spec,
    struct payload_read_result *ret)
{
	RETURN_IF(check_tables(o, o->info));
	RETURN_IF(check_bag(o, spec->statement->export_id, o->info));
	RETURN_IF(binding_parse(bytes_buf(&o->texts[OPENING_TEXT_BINDING]),
	    &ret->binding, o->info));
	ret->rows = o->tables[PAYLOAD_RESPONSES].people.rows;
	ret->respondents = o->tables[PAYLOAD_CONSENTS].people.persons;
	return check_statement(o, spec, ret);
}
