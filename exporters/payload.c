#include "exporters/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "exporters/bag.h"
#include "exporters/csv_out.h"
#include "exporters/datapackage.h"
#include "exporters/loaders.h"
#include "exporters/payload_internal.h"
#include "exporters/people.h"
#include "exporters/pipeline.h"
#include "exporters/sums.h"
#include "exporters/tar.h"

#define CONSENT_COLUMNS 5
static const char *const consent_columns[CONSENT_COLUMNS] = {
	"pseudonym", "text", "scopes", "day", "receipt"
};

/* Stages of the pipeline. */
enum { INSPECT, ROOT, SINK, STAGES };

struct job {
	const struct payload_spec *spec;
	struct payload_inspector inspector;
	struct payload_root root;
	struct payload_sink *sink;              /* NULL: re-deriving */
	struct pipeline *pipeline;
	struct tar_writer *tar;
	uint64_t plain_bytes;
	struct people responses, consents;
	struct buf texts[PAYLOAD_TEXTS];
	const struct payload_consent_text **consent_texts;      /* by digest */
	struct sums payload_files, tag_files;   /* the two manifests */
	const char **header;                    /* of responses.csv */
	char name[TAR_NAME_MAX + 1];            /* of the member being written */
};

static void
job_release(struct job *j)
{
	size_t i;

	/* Threads end before what they use. */
	tar_writer_free(j->tar);
	pipeline_free(j->pipeline);
	payload_sink_free(j->sink);
	payload_inspector_release(&j->inspector);
	payload_root_release(&j->root);
	people_release(&j->responses);
	people_release(&j->consents);
	for (i = 0; i < PAYLOAD_TEXTS; i++)
		buf_release(&j->texts[i]);
	free(j->consent_texts);
	sums_release(&j->payload_files);
	sums_release(&j->tag_files);
	free(j->header);
}

static enum err
on_tar(void *ctx, struct bytes bytes)
{
	struct job *j = ctx;

	j->plain_bytes += bytes.len;
	return pipeline_put(j->pipeline, bytes);
}

static enum err
make_header(const struct column_set *set, const char ***ret)
{
	const char **names = calloc(set->len + COLUMN_FIXED, sizeof(*names));
	size_t i;

	if (names == NULL)
		return ERR_NOMEM;
	names[0] = COLUMN_PSEUDONYM;
	names[1] = COLUMN_ANSWER;
	for (i = 0; i < set->len; i++)
		names[COLUMN_FIXED + i] = set->columns[i].name;
	*ret = names;
	return ERR_OK;
}

enum err
payload_header_bytes(const struct column_set *columns,
    uint64_t *ret_responses, uint64_t *ret_consents)
{
	const char **names;

	RETURN_IF(make_header(columns, &names));
	*ret_responses = csv_out_header_len(names, columns->len + COLUMN_FIXED);
	*ret_consents = csv_out_header_len(consent_columns, CONSENT_COLUMNS);
	free(names);
	return ERR_OK;
}

/* 26 groups of five bits, the last one padded with two zero bits.  A group's
 * place in ASCII is its value + 6 modulo 32; of the last one, whose values are
 * multiples of 4, the upper three bits say it all.  ${back} undoes it.  In
 * place is fine. */
static void
turn_groups(const uint8_t *from, int back, uint8_t *to)
{
	uint32_t window = 0, out = 0, add = back ? 32 - 6 : 6;
	unsigned have = 0, filled = 0, byte = 0, at = 0, i;

	for (i = 0; i < 26; i++) {
		if (i == 25)
			add = back ? 32 - 4 : 4;
		for (; have < 5; have += 8)
			window = window << 8 |
			    (byte < PSEUDONYM_LEN ? from[byte++] : 0u);
		have -= 5;
		out = out << 5 | ((window >> have) + add) % 32;
		filled += 5;
		if (i == 25) {
			out >>= 2;
			filled -= 2;
		}
		if (filled >= 8) {
			filled -= 8;
			to[at++] = (uint8_t)(out >> filled);
		}
	}
}

void
payload_order_key(const uint8_t pseudonym[PSEUDONYM_LEN],
    uint8_t ret[PSEUDONYM_LEN])
{
	turn_groups(pseudonym, 0, ret);
}

void
payload_order_undo(const uint8_t key[PSEUDONYM_LEN],
    uint8_t ret[PSEUDONYM_LEN])
{
	turn_groups(key, 1, ret);
}

/* "EXP-…-data/NAME". */
static enum err
member_name(struct job *j, const char *name)
{
	int len = snprintf(j->name, sizeof(j->name), "%s-data%s%s",
	    j->spec->binding->export_id, name[0] == '\0' ? "" : "/", name);

	return len > 0 && (size_t)len < sizeof(j->name) ? ERR_OK : ERR_LIMIT;
}

static enum err
put_folder(struct job *j, const char *name)
{
	RETURN_IF(member_name(j, name));
	return tar_writer_folder(j->tar, j->name);
}

/* A small file, with its line in the manifest it belongs to. */
static enum err
put_file(struct job *j, const char *name, struct bytes bytes)
{
	struct sums *list = bag_is_payload(name) ? &j->payload_files :
	    &j->tag_files;

	RETURN_IF(sums_add_bytes(list, name, bytes));
	RETURN_IF(member_name(j, name));
	return tar_writer_add(j->tar, j->name, bytes);
}

static enum err
on_csv(void *ctx, struct bytes bytes)
{
	struct job *j = ctx;

	return tar_writer_data(j->tar, bytes);
}

static enum err
check_responses(struct job *j, const struct rows_batch *batch)
{
	const struct bytes *cells = batch->cells;
	size_t i;

	for (i = 0; i < batch->rows; i++, cells += batch->columns)
		RETURN_IF(people_add_answer(&j->responses, cells[0],
		    cells[1]));
	return ERR_OK;
}

/* A consent is one line: its leaf is the line as it stands. */
static enum err
check_consents(struct job *j, const struct rows_batch *batch)
{
	const struct bytes *cells = batch->cells;
	size_t i, k;

	for (i = 0; i < batch->rows; i++, cells += batch->columns) {
		RETURN_IF(people_add_person(&j->consents, cells[0]));
		for (k = 0; k < batch->columns; k++)
			if (cells[k].len > 0 && memchr(cells[k].data, '\n',
			    cells[k].len) != NULL)
				return ERR_CORRUPT;
	}
	return ERR_OK;
}

/* Pulls all rows of ${which} through ${out}. */
static enum err
pump(struct job *j, enum payload_which which, struct csv_out *out)
{
	const struct payload_table *t = which == PAYLOAD_RESPONSES ?
	    &j->spec->responses : &j->spec->consents;
	size_t columns = which == PAYLOAD_RESPONSES ?
	    j->spec->columns->len + COLUMN_FIXED : CONSENT_COLUMNS;
	struct rows_batch batch;

	for (;;) {
		RETURN_IF(t->source.next(t->source.ctx, &batch));
		if (batch.rows == 0)
			break;
		if (batch.columns != columns)
			return ERR_MISMATCH;
		RETURN_IF(which == PAYLOAD_RESPONSES ?
		    check_responses(j, &batch) : check_consents(j, &batch));
		RETURN_IF(csv_out_batch(out, &batch));
	}
	RETURN_IF(csv_out_end(out));
	return csv_out_rows(out) == t->rows && csv_out_bytes(out) == t->bytes ?
	    ERR_OK : ERR_MISMATCH;
}

static enum err
put_table(struct job *j, enum payload_which which, const char *name,
    const char *const *header)
{
	CLEANUP(csv_out_cleanup) struct csv_out *out = NULL;
	const struct payload_table *t = which == PAYLOAD_RESPONSES ?
	    &j->spec->responses : &j->spec->consents;

	RETURN_IF(csv_out_new(on_csv, j, which == PAYLOAD_RESPONSES ?
	    j->spec->columns->len + COLUMN_FIXED : CONSENT_COLUMNS, &out));
	RETURN_IF(member_name(j, name));
	RETURN_IF(tar_writer_file(j->tar, j->name, t->bytes));
	RETURN_IF(pipeline_tag(j->pipeline, which == PAYLOAD_RESPONSES ?
	    PAYLOAD_TAG_RESPONSES : PAYLOAD_TAG_CONSENTS));
	RETURN_IF(csv_out_header(out, header));
	RETURN_IF(pump(j, which, out));
	return pipeline_tag(j->pipeline, PAYLOAD_TAG_REST);
}

/* datapackage.json with the digests as far as they are known. */
static enum err
make_package(struct job *j, const uint8_t (*digests)[DIGEST_LEN])
{
	const struct payload_spec *s = j->spec;
	struct datapackage d = {
		.export_id = s->binding->export_id,
		.title = s->title, .title_en = s->title_en,
		.survey = s->survey, .owner_name = s->owner_name,
		.created_unix_s = s->frozen_unix_s, .columns = s->columns,
		.responses = {.bytes = s->responses.bytes,
			.rows = s->responses.rows},
		.consents = {.bytes = s->consents.bytes,
			.rows = s->consents.rows},
	};

	if (digests != NULL) {
		memcpy(d.responses.sha256, digests[PAYLOAD_RESPONSES],
		    DIGEST_LEN);
		memcpy(d.consents.sha256, digests[PAYLOAD_CONSENTS],
		    DIGEST_LEN);
	}
	buf_clear(&j->texts[PAYLOAD_PACKAGE]);
	return datapackage_write(&d, &j->texts[PAYLOAD_PACKAGE]);
}

/* All texts; Payload-Oxum needs the length of datapackage.json, which is the
 * same whatever its digests are. */
static enum err
make_texts(struct job *j)
{
	const struct payload_spec *s = j->spec;
	struct bag_info info = {
		.export_id = s->binding->export_id,
		.owner_name = s->owner_name,
		.day = clock_jst_day(s->frozen_unix_s),
		.payload_files = 3,
	};

	RETURN_IF(make_package(j, NULL));
	info.payload_bytes = s->responses.bytes + s->consents.bytes +
	    j->texts[PAYLOAD_PACKAGE].len;
	RETURN_IF(bag_info_write(&info, &j->texts[PAYLOAD_BAG_INFO]));
	RETURN_IF(binding_write(s->binding, &j->texts[PAYLOAD_BINDING], NULL));
	RETURN_IF(loaders_python(s->binding->export_id, s->columns,
	    &j->texts[PAYLOAD_PYTHON]));
	return loaders_r(s->binding->export_id, s->columns,
	    &j->texts[PAYLOAD_R]);
}

static int
compare_texts(const void *a, const void *b)
{
	const struct payload_consent_text *const *x = a, *const *y = b;

	return memcmp((*x)->sha256, (*y)->sha256, DIGEST_LEN);
}

static enum err
sort_consent_texts(struct job *j)
{
	size_t i, n = j->spec->consent_text_count;
	uint8_t digest[DIGEST_LEN];

	j->consent_texts = calloc(n + 1, sizeof(*j->consent_texts));
	if (j->consent_texts == NULL)
		return ERR_NOMEM;
	for (i = 0; i < n; i++) {
		j->consent_texts[i] = &j->spec->consent_texts[i];
		digest_sha256(j->consent_texts[i]->text, digest);
		if (memcmp(digest, j->consent_texts[i]->sha256, DIGEST_LEN) !=
		    0)
			return ERR_MISMATCH;
	}
	qsort(j->consent_texts, n, sizeof(*j->consent_texts), compare_texts);
	return ERR_OK;
}

static enum err
put_consent_texts(struct job *j)
{
	char hex[DIGEST_HEX_LEN + 1], name[128];
	size_t i;

	if (j->spec->consent_text_count == 0)
		return ERR_OK;
	RETURN_IF(put_folder(j, "consent-texts"));
	for (i = 0; i < j->spec->consent_text_count; i++) {
		digest_to_hex(j->consent_texts[i]->sha256, hex);
		(void)snprintf(name, sizeof(name), "consent-texts/%s.txt", hex);
		RETURN_IF(put_file(j, name, j->consent_texts[i]->text));
	}
	return ERR_OK;
}

/* Both tables, and their digests as soon as the inspector has seen the last
 * byte. */
static enum err
put_tables(struct job *j)
{
	uint8_t digests[2][DIGEST_LEN];
	size_t len = j->texts[PAYLOAD_PACKAGE].len;
	struct payload_inspector *i = &j->inspector;

	RETURN_IF(put_table(j, PAYLOAD_RESPONSES, "data/responses.csv",
	    j->header));
	RETURN_IF(put_table(j, PAYLOAD_CONSENTS, "data/consents.csv",
	    consent_columns));
	RETURN_IF(pipeline_wait(j->pipeline, INSPECT));
	RETURN_IF(digest_stream_end(&i->tables[PAYLOAD_RESPONSES],
	    digests[PAYLOAD_RESPONSES]));
	RETURN_IF(digest_stream_end(&i->tables[PAYLOAD_CONSENTS],
	    digests[PAYLOAD_CONSENTS]));
	RETURN_IF(sums_add(&j->payload_files, "data/responses.csv",
	    digests[PAYLOAD_RESPONSES]));
	RETURN_IF(sums_add(&j->payload_files, "data/consents.csv",
	    digests[PAYLOAD_CONSENTS]));
	RETURN_IF(make_package(j, (const uint8_t (*)[DIGEST_LEN])digests));
	MUST_HOLD(j->texts[PAYLOAD_PACKAGE].len == len);
	return put_file(j, "data/datapackage.json",
	    bytes_buf(&j->texts[PAYLOAD_PACKAGE]));
}

static enum err
put_manifests(struct job *j, struct payload_result *r)
{
	CLEANUP(buf_release) struct buf manifest = {0};
	CLEANUP(buf_release) struct buf tagmanifest = {0};

	RETURN_IF(sums_write(&j->payload_files, &manifest));
	RETURN_IF(put_file(j, "manifest-sha256.txt", bytes_buf(&manifest)));
	RETURN_IF(sums_write(&j->tag_files, &tagmanifest));
	digest_sha256(bytes_buf(&tagmanifest), r->tagmanifest_sha256);
	RETURN_IF(member_name(j, "tagmanifest-sha256.txt"));
	return tar_writer_add(j->tar, j->name, bytes_buf(&tagmanifest));
}

static enum err
put_members(struct job *j, struct payload_result *r)
{
	RETURN_IF(put_folder(j, ""));
	RETURN_IF(put_file(j, "bagit.txt", bytes_str(BAG_DECLARATION)));
	RETURN_IF(put_file(j, "bag-info.txt",
	    bytes_buf(&j->texts[PAYLOAD_BAG_INFO])));
	RETURN_IF(put_file(j, "binding.txt",
	    bytes_buf(&j->texts[PAYLOAD_BINDING])));
	RETURN_IF(put_folder(j, "data"));
	RETURN_IF(put_tables(j));
	RETURN_IF(put_folder(j, "load"));
	RETURN_IF(put_file(j, "load/load.py",
	    bytes_buf(&j->texts[PAYLOAD_PYTHON])));
	RETURN_IF(put_file(j, "load/load.R", bytes_buf(&j->texts[PAYLOAD_R])));
	RETURN_IF(put_consent_texts(j));
	RETURN_IF(put_manifests(j, r));
	return tar_writer_end(j->tar);
}

static enum err
check_spec(const struct payload_spec *s)
{
	if (s->responses.rows == 0 || s->consents.rows == 0)
		return ERR_REFUSED;
	if (s->responses.bytes > TAR_MEMBER_MAX ||
	    s->consents.bytes > TAR_MEMBER_MAX)
		return ERR_LIMIT;
	return ERR_OK;
}

static enum err
prepare(struct job *j, int fd)
{
	struct pipeline_stage stages[STAGES] = {
		[INSPECT] = {payload_inspector_run, &j->inspector},
		[ROOT] = {payload_root_run, &j->root},
	};
	const struct payload_spec *s = j->spec;

	RETURN_IF(check_spec(s));
	RETURN_IF(sort_consent_texts(j));
	RETURN_IF(make_header(s->columns, &j->header));
	RETURN_IF(make_texts(j));
	RETURN_IF(people_init(&j->responses));
	RETURN_IF(people_init(&j->consents));
	RETURN_IF(payload_inspector_init(&j->inspector, s->tap, s->tap_ctx));
	RETURN_IF(tar_writer_new(on_tar, j, s->frozen_unix_s, &j->tar));
	if (fd >= 0)
		RETURN_IF(payload_sink_new(s->binding->recipient, fd,
		    &j->sink));
	stages[SINK] = (struct pipeline_stage){payload_sink_run, j->sink};
	return pipeline_new(stages, fd >= 0 ? STAGES : SINK, &j->pipeline);
}

/* ${fd} -1: nothing is written. */
static enum err
run(const struct payload_spec *spec, int fd, struct payload_result *ret)
{
	CLEANUP(job_release) struct job j = {.spec = spec};
	struct payload_result r = {0};

	RETURN_IF(prepare(&j, fd));
	RETURN_IF(put_members(&j, &r));
	RETURN_IF(people_compare(&j.responses, &j.consents));
	RETURN_IF(pipeline_wait(j.pipeline, fd >= 0 ? SINK : ROOT));
	RETURN_IF(payload_root_end(&j.root, r.consent_root));
	if (fd >= 0)
		RETURN_IF(payload_sink_end(j.sink, r.sha256, &r.bytes));
	r.plain_bytes = j.plain_bytes;
	r.rows = j.responses.rows;
	r.respondents = j.consents.persons;
	*ret = r;
	return ERR_OK;
}

enum err
payload_write(const struct payload_spec *spec, int fd,
    struct payload_result *ret)
{
	MUST_HOLD(fd >= 0);
	return run(spec, fd, ret);
}

enum err
payload_rederive(const struct payload_spec *spec, struct payload_result *ret)
{
	return run(spec, -1, ret);
}
