/* Ladders and hierarchies: made, written, looked at. */
#include "app/ops/ladders.h"

#include <stdio.h>
#include <string.h>

#include "core/fs.h"
#include "keys/digest.h"
#include "policy/disclosure/hierarchy.h"
#include "policy/disclosure/ladder.h"
#include "survey/survey.h"

#define SOURCE_FILE_MAX ((size_t)64 << 20)
#define HIERARCHY_FILE_MAX ((size_t)512 << 20)

static void name_file(struct outcome *o, const char *path)
{
	(void)snprintf(o->info.file, sizeof(o->info.file), "%s", path);
}

static enum err write_out(const struct ladders_out *to, struct bytes text,
    struct outcome *o)
{
	name_file(o, to->path);
	RETURN_IF(fs_write_new_file(to->path, text, 0644));
	outcome_add(o, OUTCOME_DONE, "written: %s", "書き出しました：%s",
	    to->path);
	return ERR_OK;
}

/* A computed ladder in the form asked for. */
static enum err put_computed(const struct buf *json, enum builder_values kind,
    int64_t first, int64_t last, const struct ladders_out *to,
    struct outcome *o)
{
	CLEANUP(buf_release) struct buf lines = {.max = HIERARCHY_FILE_MAX};

	/* read once in either form, so that what is wrong is told */
	RETURN_IF(builder_expand(bytes_buf(json), kind, first,
	    to->form == LADDERS_ARX ? last : first, to->delimiter, &lines,
	    &o->info));
	return write_out(to, bytes_buf(to->form == LADDERS_ARX ? &lines :
	    json), o);
}

enum err ladders_numbers(const struct builder_bands *b, int64_t first,
    int64_t last, const struct ladders_out *to, struct outcome *o)
{
	CLEANUP(buf_release) struct buf json = {0};

	RETURN_IF(builder_bands(b, &json));
	return put_computed(&json, BUILDER_NUMBERS, first, last, to, o);
}

enum err ladders_days(int weeks, int32_t first, int32_t last,
    const struct ladders_out *to, struct outcome *o)
{
	CLEANUP(buf_release) struct buf json = {0};

	RETURN_IF(builder_days(weeks, &json));
	return put_computed(&json, BUILDER_DAYS, first, last, to, o);
}

/* ---- places ---- */

static enum err read_places(const struct ladders_places *in,
    struct builder_places *p, struct outcome *o)
{
	for (size_t i = 0; i < in->files_len; i++) {
		CLEANUP(buf_release) struct buf file = {
			.max = SOURCE_FILE_MAX};

		name_file(o, in->files[i]);
		RETURN_IF(fs_read_file(in->files[i], SOURCE_FILE_MAX, &file));
		RETURN_IF(builder_places_add(p, bytes_buf(&file), &o->info));
	}
	if (in->areas != NULL) {
		CLEANUP(buf_release) struct buf file = {
			.max = SOURCE_FILE_MAX};

		name_file(o, in->areas);
		RETURN_IF(fs_read_file(in->areas, SOURCE_FILE_MAX, &file));
		RETURN_IF(builder_places_areas(p, bytes_buf(&file), ',',
		    &o->info));
	}
	return ERR_OK;
}

static void tell_places(const struct builder_places *p,
    const struct builder_places_count *n, struct outcome *o)
{
	outcome_add(o, OUTCOME_CHECK, "%zu postcodes, %zu of them of several "
	    "municipalities; every one nests in one prefecture",
	    "郵便番号%zu件（複数の市区町村にまたがるもの%zu件）。すべて一つの都道府県に収まります",
	    n->postcodes, n->joined);
	for (size_t i = 0; builder_places_crossing(p, i) >= 0; i++)
		outcome_add(o, OUTCOME_WARNING,
		    "%07d lies in two prefectures and is left out",
		    "%07dは二つの都道府県にまたがるため除きました",
		    (int)builder_places_crossing(p, i));
}

enum err ladders_postcodes(const struct ladders_places *in,
    const struct ladders_out *to, struct outcome *o)
{
	CLEANUP(builder_places_cleanup) struct builder_places *p = NULL;
	CLEANUP(buf_release) struct buf lines = {.max = LADDER_FILE_MAX};
	struct builder_places_how how = {.prefectures = in->prefectures,
	    .leave_crossing = in->leave_crossing,
	    .with_rest = to->form == LADDERS_OWNER,
	    .delimiter = to->delimiter};
	struct builder_places_count n = {0};
	enum err e;

	RETURN_IF(builder_places_new(&p));
	RETURN_IF(read_places(in, p, o));
	name_file(o, in->areas != NULL ? in->areas : in->files[0]);
	e = builder_places_write(p, &how, &lines, &n, &o->info);
	if (e == ERR_MISMATCH && n.crossing > 0 && !in->leave_crossing)
		outcome_add(o, OUTCOME_HINT,
		    "--leave-crossing leaves them out: they become * as all "
		    "that is not listed",
		    "--leave-crossing を付けると除かれ、一覧にない値と同じく*になります");
	RETURN_IF(e);
	RETURN_IF(write_out(to, bytes_buf(&lines), o));
	tell_places(p, &n, o);
	return ERR_OK;
}

/* ---- looking ---- */

static enum err read_survey(const char *path, struct survey **ret,
    struct outcome *o)
{
	CLEANUP(buf_release) struct buf text = {.max = SOURCE_FILE_MAX};

	name_file(o, path);
	RETURN_IF(fs_read_file(path, SOURCE_FILE_MAX, &text));
	return survey_parse(bytes_buf(&text), ret, &o->info);
}

static enum err check_for_field(struct bytes file, const char *path,
    const char *survey, const char *field, struct ladders_found *ret,
    struct outcome *o)
{
	CLEANUP(survey_cleanup) struct survey *s = NULL;
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;
	const struct survey_field *f;

	RETURN_IF(read_survey(survey, &s, o));
	if ((f = survey_find(s, bytes_str(field))) == NULL)
		return outcome_refuse(o, ERR_NOT_FOUND,
		    "the survey has no field %s",
		    "調査に項目%sがありません", field);
	name_file(o, path);
	RETURN_IF(ladder_parse(file, f, &l, &o->info));
	ret->levels = ladder_levels(l);
	return ERR_OK;
}

static enum err check_hierarchy(struct bytes file, char delimiter,
    struct ladders_found *ret, struct outcome *o)
{
	CLEANUP(hierarchy_cleanup) struct hierarchy *h = NULL;
	const char *warning;

	RETURN_IF(hierarchy_parse(file, delimiter, HIERARCHY_ARX, &h,
	    &o->info));
	ret->levels = hierarchy_levels(h);
	ret->values = hierarchy_leaves(h);
	for (size_t i = 0; (warning = hierarchy_warning(h, i)) != NULL; i++)
		outcome_add(o, OUTCOME_WARNING, "%s: %s", "%s：%s",
		    o->info.file, warning);
	return ERR_OK;
}

static enum err check_computed(struct bytes file, struct ladders_found *ret,
    struct outcome *o)
{
	CLEANUP(ladder_cleanup) struct ladder *l = NULL;

	RETURN_IF(ladder_parse(file, NULL, &l, &o->info));
	ret->levels = ladder_levels(l);
	return ERR_OK;
}

enum err ladders_check(const char *path, const char *survey,
    const char *field, char delimiter, struct ladders_found *ret,
    struct outcome *o)
{
	CLEANUP(buf_release) struct buf file = {.max = HIERARCHY_FILE_MAX};
	int computed, for_field = field != NULL;

	name_file(o, path);
	RETURN_IF(fs_read_file(path, HIERARCHY_FILE_MAX, &file));
	computed = file.len > 0 && file.data[0] == '{';
	digest_sha256_hex(bytes_buf(&file), ret->sha256);
	if (for_field)
		RETURN_IF(check_for_field(bytes_buf(&file), path, survey,
		    field, ret, o));
	if (computed)
		return for_field ? ERR_OK : check_computed(bytes_buf(&file),
		    ret, o);
	return check_hierarchy(bytes_buf(&file), for_field ? ';' : delimiter,
	    ret, o);
}
