/* policy/prior.c - texts of earlier releases. */
#include "policy/prior.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "policy/grammar.h"
#include "policy/values_internal.h"

static const char *const prior_keys[] = {"owner", "plan", "release-#",
    "level-#", NULL};
static const char *const one_keys[] = {"owner", "release-#", "level-#", NULL};

const struct text_schema prior_schema = {"prior-releases", prior_keys};
const struct text_schema prior_one_schema = {"release-record", one_keys};

void
prior_release(struct prior *p)
{
	free(p->releases);
	free(p->levels);
	*p = (struct prior){0};
}

enum err
prior_add(struct prior *p, const struct prior_export *r)
{
	struct prior_export *items;

	if (p->len >= PRIOR_MAX)
		return ERR_LIMIT;
	items = reallocarray(p->releases, p->len + 1, sizeof(*items));
	if (items == NULL)
		return ERR_NOMEM;
	p->releases = items;
	p->releases[p->len++] = *r;
	return ERR_OK;
}

enum err
prior_add_level(struct prior *p, const struct decision_level *l)
{
	struct decision_level *items;

	if (p->levels_len >= PLAN_COLUMNS_MAX)
		return ERR_LIMIT;
	items = reallocarray(p->levels, p->levels_len + 1, sizeof(*items));
	if (items == NULL)
		return ERR_NOMEM;
	p->levels = items;
	p->levels[p->levels_len++] = *l;
	return ERR_OK;
}

/* ---- writing ---- */

static void
put_release(struct text_writer *w, size_t i, const struct prior_export *r)
{
	char from[CLOCK_DAY_LEN + 1], to[CLOCK_DAY_LEN + 1], hex[65];
	char line[320];

	clock_format_day(r->from_day, from);
	clock_format_day(r->to_day, to);
	encode_hex(r->record_sha256, 32, hex);
	(void)snprintf(line, sizeof(line), "%s %s %s %s %u %s..%s %s",
	    r->export_id, r->project, r->partner, r->survey,
	    r->survey_version, from, to, r->has_record ? hex : "-");
	text_put_run(w, "release-#", i, line);
}

static void
put_level(struct text_writer *w, size_t i, const struct decision_level *l)
{
	char hex[65], line[128];

	encode_hex(l->ladder_sha256, 32, hex);
	(void)snprintf(line, sizeof(line), "%s %s %u %s", l->field, hex,
	    l->level, policy_date_words[l->date]);
	text_put_run(w, "level-#", i, line);
}

enum err
prior_write(const struct prior *p, struct buf *out, struct err_info *info)
{
	const struct text_schema *schema = p->plan[0] != '\0' ?
	    &prior_schema : &prior_one_schema;
	CLEANUP(prior_release) struct prior back = {0};
	struct text_writer w;
	size_t i, start = out->len;
	enum err e;

	text_begin(&w, schema, out);
	values_put(&w, "owner", p->owner);
	if (p->plan[0] != '\0')
		values_put(&w, "plan", p->plan);
	for (i = 0; i < p->len; i++)
		put_release(&w, i, &p->releases[i]);
	for (i = 0; i < p->levels_len; i++)
		put_level(&w, i, &p->levels[i]);
	if ((e = text_end(&w, info)) == ERR_OK)
		e = prior_parse(bytes_of(out->data + start, out->len - start),
		    schema, &back, info);
	return values_finish(out, start, e);
}

/* ---- reading ---- */

static int
take_name(struct bytes *rest, int (*is)(struct bytes), char *ret, size_t size)
{
	struct bytes item;

	if (!text_list_next(rest, &item) || item.len >= size || !is(item))
		return 0;
	memcpy(ret, item.data, item.len);
	ret[item.len] = '\0';
	return 1;
}

static int
take_period(struct bytes *rest, int32_t *ret_from, int32_t *ret_to)
{
	struct bytes item;

	return text_list_next(rest, &item) &&
	    item.len == 2 * CLOCK_DAY_LEN + 2 &&
	    memcmp(item.data + CLOCK_DAY_LEN, "..", 2) == 0 &&
	    clock_parse_day(bytes_of(item.data, CLOCK_DAY_LEN), ret_from) ==
	    ERR_OK &&
	    clock_parse_day(bytes_of(item.data + CLOCK_DAY_LEN + 2,
	    CLOCK_DAY_LEN), ret_to) == ERR_OK && *ret_from <= *ret_to;
}

static int
take_number(struct bytes *rest, uint64_t max, unsigned *ret)
{
	struct bytes item;
	uint64_t n;

	if (!text_list_next(rest, &item) ||
	    values_uint(item, 0, max, &n) != ERR_OK)
		return 0;
	*ret = (unsigned)n;
	return 1;
}

static int
take_digest(struct bytes *rest, uint8_t ret[32])
{
	struct bytes item;

	return text_list_next(rest, &item) &&
	    decode_hex(item, ret, 32) == ERR_OK;
}

/* `-` only in the list: what is kept of one release is its record. */
static int
take_record(struct bytes *rest, int is_list, struct prior_export *r)
{
	struct bytes after = *rest, item;

	if (is_list && text_list_next(&after, &item) &&
	    bytes_equal(item, bytes_str("-"))) {
		*rest = after;
		return 1;
	}
	r->has_record = 1;
	return take_digest(rest, r->record_sha256);
}

static int
take_date(struct bytes *rest, unsigned *ret)
{
	struct bytes item;

	if (!text_list_next(rest, &item))
		return 0;
	for (*ret = 0; policy_date_words[*ret] != NULL; ++*ret)
		if (bytes_equal(item, bytes_str(policy_date_words[*ret])))
			return 1;
	return 0;
}

static int
parse_release(const char *line, int is_list, struct prior_export *r)
{
	struct bytes rest = bytes_str(line), none;

	*r = (struct prior_export){0};
	return take_name(&rest, grammar_is_export, r->export_id,
	    sizeof(r->export_id)) &&
	    take_name(&rest, grammar_is_name, r->project,
	    sizeof(r->project)) &&
	    take_name(&rest, grammar_is_name, r->partner,
	    sizeof(r->partner)) &&
	    take_name(&rest, grammar_is_name, r->survey, sizeof(r->survey)) &&
	    take_number(&rest, 65535, &r->survey_version) &&
	    take_period(&rest, &r->from_day, &r->to_day) &&
	    take_record(&rest, is_list, r) && !text_list_next(&rest, &none);
}

static int
parse_level(const char *line, struct decision_level *l)
{
	struct bytes rest = bytes_str(line), none;

	return take_name(&rest, grammar_is_field, l->field,
	    sizeof(l->field)) && take_digest(&rest, l->ladder_sha256) &&
	    take_number(&rest, PLAN_LEVEL_MAX, &l->level) &&
	    take_date(&rest, &l->date) && !text_list_next(&rest, &none);
}

static enum err
parse_releases(const struct text *t, struct prior *p, struct err_info *info)
{
	size_t i, j, len = text_run_len(t, "release-#");
	struct prior_export r;

	for (i = 0; i < len; i++) {
		if (!parse_release(text_run_get(t, "release-#", i),
		    p->plan[0] != '\0', &r))
			return err_at(info, ERR_SYNTAX, 0, "release-%02zu: not "
			    "\"EXPORT PROJECT PARTNER SURVEY VERSION FROM..TO "
			    "SHA256\"", i + 1);
		for (j = 0; j < p->len; j++)
			if (strcmp(p->releases[j].export_id, r.export_id) == 0)
				return err_at(info, ERR_DUPLICATE, 0,
				    "release-%02zu: given twice", i + 1);
		RETURN_IF(prior_add(p, &r));
	}
	return ERR_OK;
}

static enum err
parse_levels(const struct text *t, struct prior *p, struct err_info *info)
{
	size_t i, j, len = text_run_len(t, "level-#");
	struct decision_level l;

	for (i = 0; i < len; i++) {
		if (!parse_level(text_run_get(t, "level-#", i), &l))
			return err_at(info, ERR_SYNTAX, 0,
			    "level-%02zu: not \"FIELD SHA256 LEVEL DATE\"", i + 1);
		for (j = 0; j < p->levels_len; j++)
			if (strcmp(p->levels[j].field, l.field) == 0)
				return err_at(info, ERR_DUPLICATE, 0,
				    "level-%02zu: given twice", i + 1);
		RETURN_IF(prior_add_level(p, &l));
	}
	return ERR_OK;
}

enum err
prior_parse(struct bytes bytes, const struct text_schema *schema,
    struct prior *ret, struct err_info *info)
{
	CLEANUP(prior_release) struct prior p = {0};
	CLEANUP(text_cleanup) struct text *t = NULL;
	const char *owner, *plan;

	RETURN_IF(text_parse(bytes, schema, &t, info));
	RETURN_IF(values_need(t, "owner", &values_owner, &owner, info));
	memcpy(p.owner, owner, 3);
	if (schema == &prior_schema) {
		RETURN_IF(values_need(t, "plan", &values_plan, &plan, info));
		(void)snprintf(p.plan, sizeof(p.plan), "%s", plan);
	}
	RETURN_IF(parse_releases(t, &p, info));
	RETURN_IF(parse_levels(t, &p, info));
	*ret = p;
	p = (struct prior){0};
	return ERR_OK;
}
