#include "app/verify_report.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/verify_rules.h"
#include "core/csv.h"
#include "core/fs.h"
#include "core/json_doc.h"
#include "exporters/bag.h"
#include "keys/digest.h"

#define PIECE ((size_t)64 << 10)
#define HEADING_MAX ((size_t)1 << 20)
#define TEXT_MAX ((size_t)8 << 20)
#define NUMBER_LEN 24

/* ---- the report ---- */

/* ${key}, where the report gives it, is what the statement says. */
static enum err same_number(const struct json_doc *doc, const char *key,
    const char *stated, struct err_info *info)
{
	const struct json_doc *v = json_doc_get(doc, key);
	char is[NUMBER_LEN];

	if (v == NULL)
		return ERR_OK;
	(void)snprintf(is, sizeof(is), "%" PRId64, json_doc_int(v, -1));
	if (strcmp(is, stated) == 0)
		return ERR_OK;
	return err_at(info, ERR_MISMATCH, 0,
	    "disclosure.json: %s is not what STATEMENT.txt says", key);
}

static int holds(struct bytes text, const char *word)
{
	size_t len = strlen(word), k;

	for (size_t i = 0; i + len <= text.len; i++) {
		for (k = 0; k < len; k++)
			if (tolower(text.data[i + k]) != word[k])
				break;
		if (k == len)
			return 1;
	}
	return 0;
}

/* What a picture that is only looked at has no use for. */
static enum err plain_picture(struct bytes svg, struct err_info *info)
{
	static const char *const active[] = {"<script", "<!", "<foreignobject",
		"<iframe", "<image", "<use", "<style", "<animate", "<set",
		"href", "url(", " on", "javascript:"};

	if (!holds(svg, "<svg"))
		return err_at(info, ERR_SYNTAX, 0,
		    "disclosure.svg is no picture");
	for (size_t i = 0; i < ARRAY_LEN(active); i++)
		if (holds(svg, active[i]))
			return err_at(info, ERR_MISMATCH, 0,
			    "disclosure.svg has a script or a reference");
	return ERR_OK;
}

enum err verify_report(struct bytes json, struct bytes svg,
    const struct statement *s, struct err_info *info)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	const char *text;

	RETURN_IF(json_doc_parse(json, JSON_DOC_SIZE_MAX, &doc, info));
	RETURN_IF(json_doc_need_string(doc, "azukari", "disclosure.json",
	    &text, info));
	if (strcmp(text, "disclosure v1") != 0)
		return err_at(info, ERR_UNSUPPORTED, 0,
		    "disclosure.json is not of version 1");
	RETURN_IF(json_doc_need_string(doc, "export", "disclosure.json",
	    &text, info));
	if (strcmp(text, s->export_id) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "disclosure.json is of another export");
	RETURN_IF(same_number(doc, "k", s->k_asked, info));
#ifndef AZUKARI_MUTATION_VERIFY
	RETURN_IF(same_number(doc, "k_achieved", s->k_achieved, info));
#endif
	return plain_picture(svg, info);
}

/* ---- the heading: which columns count ---- */

struct heading {
	struct csv_reader *reader;
	const char **columns;           /* that count; borrowed from reader */
	size_t len;
};

static void heading_release(struct heading *h)
{
	csv_reader_free(TAKE(h->reader));
	free(h->columns);
}

static enum err read_fd(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	ssize_t n = read(*(int *)ctx, dst, max);

	if (n < 0)
		return ERR_IO;
	*ret_got = (size_t)n;
	return ERR_OK;
}

static int is_field(const struct json_doc *columns, const char *name)
{
	for (size_t i = 0; i < json_doc_len(columns); i++) {
		const char *field = json_doc_string(json_doc_get(
		    json_doc_at(columns, i), "field"));

		if (field != NULL && strcmp(field, name) == 0)
			return 1;
	}
	return 0;
}

/* A column of ${field}: its own, or one of its options. */
static int is_of(const struct json_doc *columns, const char *field,
    const char *name)
{
	size_t len = strlen(field);

	return strcmp(field, name) == 0 || (strncmp(field, name, len) == 0 &&
	    name[len] == '_' && !is_field(columns, name));
}

static enum err add_columns(const struct json_doc *columns,
    const struct bytes *cells, size_t count, struct heading *h)
{
	h->columns = calloc(count + 1, sizeof(*h->columns));
	if (h->columns == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < json_doc_len(columns); i++) {
		const struct json_doc *c = json_doc_at(columns, i);
		const char *field = json_doc_string(json_doc_get(c, "field"));
		const char *class = json_doc_string(json_doc_get(c, "class"));

		if (field == NULL || class == NULL)
			return ERR_SYNTAX;
		if (strcmp(class, "quasi-identifying") != 0)
			continue;
		for (size_t k = 0; k < count && h->len < count; k++)
			if (is_of(columns, field,
			    (const char *)cells[k].data))
				h->columns[h->len++] =
				    (const char *)cells[k].data;
	}
	return ERR_OK;
}

/* ---- counting ---- */

static enum err open_table(const char *data, const char *name, int *ret)
{
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/data/%s", data, name));
	*ret = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return *ret < 0 ? ERR_NOT_FOUND : ERR_OK;
}

static enum err count(const char *data, const char *name,
    const struct counter_args *args, struct counter_result *ret)
{
	CLEANUP(counter_cleanup) struct counter *c = NULL;
	CLEANUP(fs_fd_cleanup) int fd = -1;
	CLEANUP(buf_release) struct buf block = {0};
	size_t got = 0;

	RETURN_IF(open_table(data, name, &fd));
	RETURN_IF(counter_new(args, &c));
	RETURN_IF(buf_reserve(&block, PIECE));
	do {
		RETURN_IF(read_fd(&fd, block.data, PIECE, &got));
		RETURN_IF(counter_feed(c, bytes_of(block.data, got)));
	} while (got > 0);
	return counter_end(c, ret);
}

static enum err count_consents(const char *data, struct counter_result *ret)
{
	static const char *const columns[] = {"text", "scopes", "day"};
	const struct counter_args args = {.pseudonym = "pseudonym",
	    .columns = columns, .columns_len = ARRAY_LEN(columns)};

	return count(data, "consents.csv", &args, ret);
}

/* Whether all answers of a respondent count together. */
static int counts_joined(const struct statement *s)
{
	for (size_t i = 0; i < s->rules.len; i++)
		if (strcmp(s->rules.items[i], "visits joined") == 0)
			return 1;
	return 0;
}

static enum err count_responses(const struct verify_result *bundle,
    const char *data, const struct json_doc *columns,
    struct verify_rules *rules, struct counter_result *ret,
    struct err_info *info)
{
	CLEANUP(heading_release) struct heading h = {.len = 0};
	CLEANUP(fs_fd_cleanup) int fd = -1;
	struct counter_args args = {.pseudonym = "pseudonym",
	    .joined = counts_joined(&bundle->statement)};
	const struct bytes *cells;
	unsigned long line;
	size_t len;

	RETURN_IF(open_table(data, "responses.csv", &fd));
	RETURN_IF(csv_reader_new(read_fd, &fd, ',', "responses.csv",
	    &h.reader));
	RETURN_IF(csv_reader_next(h.reader, &cells, &len, &line, info));
	RETURN_IF(add_columns(columns, cells, len, &h));
	args.columns = h.columns;
	args.columns_len = h.len;
	if (args.joined)
		RETURN_IF(verify_rules_open(&bundle->statement, columns,
		    cells, len, is_of, &args, rules));
	return count(data, "responses.csv", &args, ret);
}

static enum err enough(const struct counter_result *responses,
    const struct counter_result *consents, const struct statement *s,
    struct outcome *o)
{
	unsigned long long stated = strtoull(s->k_achieved, NULL, 10);
	unsigned long long asked = strtoull(s->k_asked, NULL, 10);

	if (responses->rows == 0)
		return ERR_OK;
	if (responses->smallest != stated || consents->smallest < asked)
		return outcome_refuse(o, ERR_MISMATCH,
		    "the smallest group of the tables has %llu respondents, of the consents %llu, where STATEMENT.txt says %llu",
		    "表の最小の集団は%llu人、同意の最小の集団は%llu人で、STATEMENT.txtの記載%llu人と異なります",
		    (unsigned long long)responses->smallest,
		    (unsigned long long)consents->smallest, stated);
	outcome_add(o, OUTCOME_CHECK,
	    "no group of the quasi-identifying columns has fewer than %llu respondents",
	    "準識別子のどの集団にも%llu人以上の回答者がいます", stated);
	return ERR_OK;
}

static enum err not_a_table(enum err e, struct outcome *o)
{
	return e == ERR_OK || o->info.message[0] != '\0' ? e :
	    err_at(&o->info, e, 0,
	    "the tables are not CSV as an export writes it");
}

static enum err check_groups(const struct verify_result *bundle,
    const char *data, int is_copy, struct outcome *o)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	const struct json_doc *columns;
	CLEANUP(verify_rules_release) struct verify_rules rules = {.len = 0};
	struct counter_result responses, consents;
	struct bytes json;

	RETURN_IF(bundle_read_member(bundle->reader, "disclosure.json",
	    &json));
	RETURN_IF(json_doc_parse(json, JSON_DOC_SIZE_MAX, &doc, &o->info));
	columns = json_doc_get(doc, "columns");
	RETURN_IF(not_a_table(count_responses(bundle, data, columns, &rules,
	    &responses, &o->info), o));
	RETURN_IF(not_a_table(count_consents(data, &consents), o));
	if (is_copy)
		return ERR_OK;
	if (columns != NULL) {
		RETURN_IF(enough(&responses, &consents, &bundle->statement,
		    o));
		return verify_rules_judge(&rules, o);
	}
	outcome_put(o, OUTCOME_WARNING,
	    "disclosure.json does not say which columns are quasi-identifying: groups were not counted",
	    "disclosure.jsonに準識別子の列が書かれていないため、集団の人数は数えていません");
	return ERR_OK;
}

/* ---- the bag ---- */

static enum err check_tagmanifest(const char *data, const char *stated,
    struct err_info *info)
{
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX], hex[DIGEST_HEX_LEN + 1];

	RETURN_IF(fs_path(path, "%s/tagmanifest-sha256.txt", data));
	RETURN_IF(fs_read_file(path, TEXT_MAX, &text));
	digest_sha256_hex(bytes_buf(&text), hex);
	if (strcmp(hex, stated) == 0)
		return ERR_OK;
	return err_at(info, ERR_MISMATCH, 0,
	    "tagmanifest-sha256.txt is not the one STATEMENT.txt names");
}

enum err verify_report_data(const struct verify_result *bundle,
    const char *data, struct outcome *o)
{
	char path[FS_PATH_MAX];
	int is_copy;

	(void)snprintf(o->info.file, sizeof(o->info.file), "%.250s", data);
	RETURN_IF(fs_path(path, "%s/notices", data));
	is_copy = fs_exists(path);
	RETURN_IF(bag_check_folder(data, &o->info));
	if (!is_copy)
		RETURN_IF(check_tagmanifest(data,
		    bundle->statement.inner_tagmanifest_sha256, &o->info));
	RETURN_IF(check_groups(bundle, data, is_copy, o));
	o->info.file[0] = '\0';
	return ERR_OK;
}
