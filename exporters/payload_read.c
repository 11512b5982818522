#include "exporters/payload_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "exporters/files.h"
#include "exporters/payload_read_internal.h"
#include "exporters/payload_source.h"

#define MEMBERS_MAX 1024
#define SMALL_MAX ((size_t)8 << 20)
#define LAST_STAGE 3             /* of need_pipeline */

void
payload_read_result_release(struct payload_read_result *r)
{
	binding_release(&r->binding);
	memset(r, 0, sizeof(*r));
}

static void
opening_free(struct opening **opening)
{
	struct opening *o = *opening;
	size_t i;

	if (o == NULL)
		return;
	/* The threads end before what they use. */
	pipeline_free(o->pipeline);
	tar_reader_free(o->tar);
	payload_source_free(o->source);
	payload_inspector_release(&o->inspector);
	payload_root_release(&o->root);
	consent_counts_release(&o->consents);
	for (i = 0; i < 2; i++) {
		people_release(&o->tables[i].people);
		csv_scan_release(&o->tables[i].scan);
		files_cleanup(&o->tables[i].fd);
	}
	sums_release(&o->found);
	for (i = 0; i < OPENING_TEXTS; i++)
		buf_release(&o->texts[i]);
	if (o->tmp[0] != '\0')
		(void)!fs_remove_tree(o->tmp);
	free(o);
}

static struct opening *
opening_new(struct err_info *info)
{
	struct opening *o = calloc(1, sizeof(*o));
	size_t i;

	if (o == NULL)
		return NULL;
	o->info = info;
	o->place = OPENING_BEFORE;
	for (i = 0; i < 2; i++) {
		o->tables[i].fd = -1;
		o->tables[i].scan.ctx = &o->tables[i];
	}
	return o;
}

/* The place a file has in the container; the next one must stand behind. */
static const char *const fixed_names[] = {
	[OPENING_BAGIT] = "bagit.txt",
	[OPENING_BAG_INFO] = "bag-info.txt",
	[OPENING_BINDING] = "binding.txt",
	[OPENING_RESPONSES] = "data/responses.csv",
	[OPENING_CONSENTS] = "data/consents.csv",
	[OPENING_PACKAGE] = "data/datapackage.json",
	[OPENING_PYTHON] = "load/load.py",
	[OPENING_R] = "load/load.R",
	[OPENING_CONSENT_TEXT] = "consent-texts/",
	[OPENING_MANIFEST] = "manifest-sha256.txt",
	[OPENING_TAGMANIFEST] = "tagmanifest-sha256.txt",
};

static struct opening_table *
table_of(struct opening *o, unsigned tag)
{
	return &o->tables[tag == PAYLOAD_TAG_RESPONSES ? PAYLOAD_RESPONSES :
	    PAYLOAD_CONSENTS];
}

/* Pipeline stage: rows and people. */
static enum err
scan_block(void *ctx, unsigned tag, struct bytes block)
{
	struct opening *o = ctx;
	enum err e = csv_scan_feed(&table_of(o, tag)->scan, block);

	if (e == ERR_CORRUPT || e == ERR_SYNTAX || e == ERR_MISMATCH)
		o->bad_table = fixed_names[tag == PAYLOAD_TAG_RESPONSES ?
		    OPENING_RESPONSES : OPENING_CONSENTS];
	return e;
}

/* Pipeline stage: the tables' bytes into their files. */
static enum err
write_block(void *ctx, unsigned tag, struct bytes block)
{
	struct opening *o = ctx;

	return fs_write_all(table_of(o, tag)->fd, block);
}

static enum err
on_answer(void *ctx, struct bytes head, int *ret_keep)
{
	struct opening_table *t = ctx;
	struct bytes pseudonym, answer;

	(void)ret_keep;
	RETURN_IF(csv_scan_cell(head, 0, &pseudonym));
	RETURN_IF(csv_scan_cell(head, 1, &answer));
	return people_add_answer(&t->people, pseudonym, answer);
}

static enum err
on_person(void *ctx, struct bytes head, int *ret_keep)
{
	struct opening_table *t = ctx;
	struct bytes pseudonym;

	(void)ret_keep;
	RETURN_IF(csv_scan_cell(head, 0, &pseudonym));
	RETURN_IF(people_add_person(&t->people, pseudonym));
	return consent_counts_add(t->consents, head);
}

static int
is_consent_text(const char *name)
{
	return strncmp(name, "consent-texts/", 14) == 0 &&
	    strspn(name + 14, "0123456789abcdef") == DIGEST_HEX_LEN &&
	    strcmp(name + 14 + DIGEST_HEX_LEN, ".txt") == 0;
}

static enum opening_place
place_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(fixed_names); i++)
		if (strcmp(name, fixed_names[i]) == 0 &&
		    i != OPENING_CONSENT_TEXT)
			return (enum opening_place)i;
	return is_consent_text(name) ? OPENING_CONSENT_TEXT : OPENING_PLACES;
}

static int
is_folder_name(const char *name)
{
	return name[0] == '\0' || strcmp(name, "data") == 0 ||
	    strcmp(name, "load") == 0 || strcmp(name, "consent-texts") == 0;
}

/* The name behind "EXP-…-data/"; NULL for anything outside. */
static const char *
inner_name(const struct opening *o, const char *name)
{
	size_t len = strlen(o->folder_name);

	if (strncmp(name, o->folder_name, len) != 0)
		return NULL;
	return name[len] == '\0' ? name + len :
	    name[len] == '/' ? name + len + 1 : NULL;
}

static enum err
allow(void *ctx, const struct tar_member *m, struct err_info *info)
{
	struct opening *o = ctx;
	const char *name = inner_name(o, m->name);
	enum opening_place place;

	if (name == NULL)
		return err_at(info, ERR_MISMATCH, 0,
		    "%s is not of this export", m->name);
	if (m->is_folder)
		return is_folder_name(name) ? ERR_OK : err_at(info,
		    ERR_UNKNOWN, 0, "%s is no part of a payload", m->name);
	if ((place = place_of(name)) == OPENING_PLACES)
		return err_at(info, ERR_UNKNOWN, 0,
		    "%s is no part of a payload", m->name);
	if (place < o->place || (place == o->place &&
	    (place != OPENING_CONSENT_TEXT ||
	    strcmp(o->last_text, name) >= 0)))
		return err_at(info, ERR_SYNTAX, 0,
		    "%s does not stand in its place", m->name);
	if (place > o->place + 1 && !(o->place + 1 == OPENING_CONSENT_TEXT &&
	    place == OPENING_MANIFEST)) {
		o->missing = fixed_names[o->place + 1];
		return ERR_SYNTAX;
	}
	if (place != OPENING_RESPONSES && place != OPENING_CONSENTS &&
	    m->size > SMALL_MAX)
		return err_at(info, ERR_LIMIT, 0, "%s is too long", m->name);
	return ERR_OK;
}

static enum err
create_file(struct opening *o, const char *name, int *ret_fd)
{
	char root[FS_PATH_MAX];

	RETURN_IF(fs_path(root, "%s/%s", o->tmp, o->folder_name));
	return files_create(root, name, ret_fd);
}

static enum err
write_small(struct opening *o, const char *name, struct bytes bytes)
{
	CLEANUP(files_cleanup) int fd = -1;

	RETURN_IF(create_file(o, name, &fd));
	RETURN_IF(fs_write_all(fd, bytes));
	return files_close(&fd);
}

/* A file that is named after its own digest. */
static enum err
check_text_name(const char *name, struct bytes bytes, struct err_info *info)
{
	char hex[DIGEST_HEX_LEN + 1];

	digest_sha256_hex(bytes, hex);
	if (strncmp(name + strlen("consent-texts/"), hex, DIGEST_HEX_LEN) == 0)
		return ERR_OK;
	return err_at(info, ERR_MISMATCH, 0, "%s holds another text", name);
}

static enum err
take_small(struct opening *o, enum opening_place place, const char *name)
{
	CLEANUP(buf_release) struct buf other = {0};
	struct buf *to = &other;

	if (place == OPENING_BAGIT)
		to = &o->texts[OPENING_TEXT_BAGIT];
	else if (place == OPENING_BAG_INFO)
		to = &o->texts[OPENING_TEXT_BAG_INFO];
	else if (place == OPENING_BINDING)
		to = &o->texts[OPENING_TEXT_BINDING];
	else if (place == OPENING_PACKAGE)
		to = &o->texts[OPENING_TEXT_PACKAGE];
	else if (place == OPENING_MANIFEST)
		to = &o->texts[OPENING_TEXT_MANIFEST];
	else if (place == OPENING_TAGMANIFEST)
		to = &o->texts[OPENING_TEXT_TAGMANIFEST];
	RETURN_IF(tar_reader_slurp(o->tar, to, o->info));
	if (place == OPENING_CONSENT_TEXT) {
		RETURN_IF(check_text_name(name, bytes_buf(to), o->info));
		memcpy(o->last_text, name, strlen(name) + 1);
	}
	if (place != OPENING_TAGMANIFEST)
		RETURN_IF(sums_add_bytes(&o->found, name, bytes_buf(to)));
	if (place == OPENING_PACKAGE)
		o->data_bytes += to->len;
	return write_small(o, name, bytes_buf(to));
}

/* Threads and their memory, once there is something for them. */
static enum err
need_pipeline(struct opening *o)
{
	const struct pipeline_stage stages[] = {
		{scan_block, o}, {payload_inspector_run, &o->inspector},
		{payload_root_run, &o->root}, {write_block, o},
	};

	return o->pipeline != NULL ? ERR_OK :
	    pipeline_new(stages, ARRAY_LEN(stages), &o->pipeline);
}

/* A table: looked at, hashed and written by the other threads. */
static enum err
take_table(struct opening *o, enum payload_which which, const char *name)
{
	struct opening_table *t = &o->tables[which];
	struct bytes piece;

	RETURN_IF(create_file(o, name, &t->fd));
	RETURN_IF(need_pipeline(o));
	RETURN_IF(pipeline_tag(o->pipeline, which == PAYLOAD_RESPONSES ?
	    PAYLOAD_TAG_RESPONSES : PAYLOAD_TAG_CONSENTS));
	do {
		RETURN_IF(tar_reader_data(o->tar, &piece, o->info));
		RETURN_IF(pipeline_put(o->pipeline, piece));
		t->bytes += piece.len;
	} while (piece.len > 0);
	o->data_bytes += t->bytes;
	return ERR_OK;
}

static enum err
take_member(struct opening *o, const struct tar_member *m)
{
	const char *name = inner_name(o, m->name);

	if (m->is_folder)
		return ERR_OK;
	o->place = place_of(name);
	if (o->place == OPENING_RESPONSES)
		return take_table(o, PAYLOAD_RESPONSES, name);
	if (o->place == OPENING_CONSENTS)
		return take_table(o, PAYLOAD_CONSENTS, name);
	return take_small(o, o->place, name);
}

static enum err
read_members(struct opening *o)
{
	struct tar_member m;
	enum err e;

	while ((e = tar_reader_next(o->tar, &m, o->info)) == ERR_OK)
		RETURN_IF(take_member(o, &m));
	if (e == ERR_NOT_FOUND && o->place != OPENING_TAGMANIFEST)
		o->missing = fixed_names[o->place + 1];
	if (o->missing != NULL)
		return err_at(o->info, ERR_NOT_FOUND, 0, "%s is missing",
		    o->missing);
	return e == ERR_NOT_FOUND ? payload_source_end(o->source) : e;
}

static enum err
start(struct opening *o, const struct payload_read_spec *spec)
{
	const struct tar_rules rules = {
		.allow = allow, .ctx = o, .max_member = TAR_MEMBER_MAX,
		.max_total = 2 * (TAR_MEMBER_MAX + 1) + MEMBERS_MAX * SMALL_MAX,
		.max_members = MEMBERS_MAX,
	};

	RETURN_IF(people_init(&o->tables[PAYLOAD_RESPONSES].people));
	RETURN_IF(people_init(&o->tables[PAYLOAD_CONSENTS].people));
	RETURN_IF(consent_counts_init(&o->consents, spec->statement));
	o->consents.scopes = spec->text_scopes;
	o->tables[PAYLOAD_CONSENTS].consents = &o->consents;
	RETURN_IF(payload_inspector_init(&o->inspector, NULL, NULL));
	RETURN_IF(payload_source_new(&spec->payload, spec->keys, &o->source));
	return tar_reader_new(payload_source_read, o->source, &rules, &o->tar);
}

static enum err
make_folder(struct opening *o, const struct payload_read_spec *spec)
{
	char path[FS_PATH_MAX];
	int len = snprintf(o->folder_name, sizeof(o->folder_name), "%s-data",
	    spec->statement->export_id);

	if (len < 0 || (size_t)len >= sizeof(o->folder_name))
		return ERR_LIMIT;
	RETURN_IF(fs_path(o->target, "%s/%s", spec->out_dir, o->folder_name));
	if (fs_exists(o->target))
		return err_at(o->info, ERR_EXISTS, 0, "%s is there already",
		    o->target);
	RETURN_IF(fs_path(o->tmp, "%s/.opening-XXXXXX", spec->out_dir));
	RETURN_IF(files_temp_dir(o->tmp));
	RETURN_IF(fs_path(path, "%s/%s", o->tmp, o->folder_name));
	return mkdir(path, 0700) == 0 ? ERR_OK : fs_error(errno);
}

static enum err
publish(struct opening *o)
{
	char path[FS_PATH_MAX];

	RETURN_IF(files_close(&o->tables[PAYLOAD_RESPONSES].fd));
	RETURN_IF(files_close(&o->tables[PAYLOAD_CONSENTS].fd));
	RETURN_IF(fs_path(path, "%s/%s", o->tmp, o->folder_name));
	RETURN_IF(files_publish(path, o->target));
	(void)rmdir(o->tmp);            /* empty now */
	o->tmp[0] = '\0';
	return ERR_OK;
}

static enum err
open_all(struct opening *o, const struct payload_read_spec *spec,
    struct payload_read_result *ret)
{
	RETURN_IF(make_folder(o, spec));
	RETURN_IF(start(o, spec));
	RETURN_IF(read_members(o));
	RETURN_IF(pipeline_wait(o->pipeline, LAST_STAGE));
	RETURN_IF(payload_read_check(o, spec, ret));
	return publish(o);
}

/* What a stage found is told once the threads have ended. */
static enum err
explain(struct opening *o, enum err e)
{
	pipeline_free(TAKE(o->pipeline));
	if (o->bad_table == NULL)
		return e;
	if (e == ERR_SYNTAX)
		return err_at(o->info, e, 0, "%s: a line is not of the form "
		    "pseudonym,text,scopes,YYYY,receipt", o->bad_table);
	if (e == ERR_MISMATCH)
		return err_at(o->info, e, 0, "%s: a consent to a text, or "
		    "with scopes, that the plan does not accept",
		    o->bad_table);
	return e != ERR_CORRUPT ? e : err_at(o->info, e, 0, "%s: a pseudonym or answer number is "
	    "wrong or out of order", o->bad_table);
}

enum err
payload_read(const struct payload_read_spec *spec,
    struct payload_read_result *ret, struct err_info *info)
{
	CLEANUP(opening_free) struct opening *o = opening_new(info);
	CLEANUP(payload_read_result_release) struct payload_read_result r =
	    {0};
	enum err e;

	if (o == NULL)
		return ERR_NOMEM;
	o->tables[PAYLOAD_RESPONSES].scan.record = on_answer;
	o->tables[PAYLOAD_CONSENTS].scan.record = on_person;
	if ((e = open_all(o, spec, &r)) != ERR_OK)
		return explain(o, e);
	*ret = r;
	memset(&r, 0, sizeof(r));       /* transferred */
	return ERR_OK;
}
