#include "app/serve/intake.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ops/intake_json.h"
#include "app/serve/routes.h"
#include "keys/names.h"

#define SOURCES_MAX 256
#define MAPS_MAX 64
#define BATCH_LINES 8192        /* memory of a stream, and of what it repeats */

struct source {
	char owner[NAMES_OWNER_LEN + 1];
	char name[NAMES_WORD_MAX + 1];
	uint8_t certificate[DIGEST_LEN];
};

struct map {
	char name[NAMES_WORD_MAX + 1];
	char path[FS_PATH_MAX];
};

struct list {
	struct source sources[SOURCES_MAX];
	size_t sources_len;
	struct map maps[MAPS_MAX];
	size_t maps_len;
};

struct intake {
	pthread_rwlock_t lock;
	struct list *list;              /* replaced by a reload */
	_Atomic uint64_t streams, lines, taken, bad, known;
};

/* ---- settings ---- */

static enum err take_source(const struct json_doc *v, struct list *l,
    struct err_info *info)
{
	static const char *const keys[] = {"owner", "source", "certificate",
	    NULL};
	static const char where[] = "serve: intake: a source";
	struct source *s = &l->sources[l->sources_len];
	const char *owner, *name, *hex;

	if (l->sources_len == SOURCES_MAX)
		return err_at(info, ERR_LIMIT, 0, "serve: intake: more than "
		    "%d sources", SOURCES_MAX);
	RETURN_IF(json_doc_only(v, keys, where, info));
	RETURN_IF(json_doc_need_string(v, "owner", where, &owner, info));
	RETURN_IF(json_doc_need_string(v, "source", where, &name, info));
	RETURN_IF(json_doc_need_string(v, "certificate", where, &hex, info));
	if (!names_is_owner(bytes_str(owner)) ||
	    !names_is_word(bytes_str(name)) ||
	    digest_from_hex(bytes_str(hex), s->certificate) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0, "%s: an owner's code, a "
		    "source's name, and 64 hex digits", where);
	memcpy(s->owner, owner, sizeof(s->owner));
	memcpy(s->name, name, strlen(name) + 1);
	l->sources_len++;
	return ERR_OK;
}

static enum err take_maps(const struct json_doc *maps, struct list *l,
    struct err_info *info)
{
	const char *name = json_doc_next_key(maps, NULL);

	for (; name != NULL; name = json_doc_next_key(maps, name)) {
		struct map *m = &l->maps[l->maps_len];
		const char *path = json_doc_string(json_doc_get(maps, name));

		if (l->maps_len == MAPS_MAX || path == NULL ||
		    path[0] != '/' || strlen(path) >= FS_PATH_MAX ||
		    !names_is_word(bytes_str(name)))
			return err_at(info, ERR_SYNTAX, 0, "serve: intake: "
			    "maps are at most %d names with absolute paths",
			    MAPS_MAX);
		memcpy(m->name, name, strlen(name) + 1);
		memcpy(m->path, path, strlen(path) + 1);
		l->maps_len++;
	}
	return ERR_OK;
}

static void free_list(struct list **l)
{
	free(*l);
}

static enum err take_list(const struct json_doc *section, struct list **ret,
    struct err_info *info)
{
	static const char *const keys[] = {"sources", "maps", NULL};
	CLEANUP(free_list) struct list *l = calloc(1, sizeof(*l));
	const struct json_doc *sources = json_doc_get(section, "sources");

	if (l == NULL)
		return ERR_NOMEM;
	if (section != NULL)
		RETURN_IF(json_doc_only(section, keys, "serve: intake", info));
	for (size_t i = 0; i < json_doc_len(sources); i++)
		RETURN_IF(take_source(json_doc_at(sources, i), l, info));
	if (json_doc_get(section, "maps") != NULL)
		RETURN_IF(take_maps(json_doc_get(section, "maps"), l, info));
	*ret = TAKE(l);
	return ERR_OK;
}

/* ---- the part ---- */

static enum err start(struct serve *s, const struct json_doc *section,
    struct outcome *o, void **ret)
{
	struct intake *in = calloc(1, sizeof(*in));
	enum err e;

	(void)s;
	if (in == NULL)
		return ERR_NOMEM;
	e = take_list(section, &in->list, &o->info);
	if (e != ERR_OK) {
		free(in);
		return e;
	}
	pthread_rwlock_init(&in->lock, NULL);
	*ret = in;
	return ERR_OK;
}

static void stop(void *part)
{
	struct intake *in = part;

	if (in == NULL)
		return;
	pthread_rwlock_destroy(&in->lock);
	free(in->list);
	free(in);
}

static enum err reload(void *part, const struct json_doc *section,
    struct outcome *o)
{
	struct intake *in = part;
	struct list *fresh = NULL, *old;

	RETURN_IF(take_list(section, &fresh, &o->info));
	pthread_rwlock_wrlock(&in->lock);
	old = in->list;
	in->list = fresh;
	pthread_rwlock_unlock(&in->lock);
	free(old);
	return ERR_OK;
}

static void metrics(void *part, struct buf *out)
{
	struct intake *in = part;
	const struct {
		const char *name;
		uint64_t v;
	} rows[] = {
		{"streams_total", atomic_load(&in->streams)},
		{"lines_total", atomic_load(&in->lines)},
		{"taken_total", atomic_load(&in->taken)},
		{"known_total", atomic_load(&in->known)},
		{"bad_total", atomic_load(&in->bad)},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		(void)!buf_printf(out, "azukari_batch_%s %llu\n",
		    rows[i].name, (unsigned long long)rows[i].v);
}

const struct serve_part intake_part = {.name = "intake", .start = start,
	.stop = stop, .metrics = metrics, .reload = reload};

/* ---- who, and what ---- */

/* An operator, or the source that this certificate is of. */
static int is_allowed(struct intake *in, const struct serve_request *q)
{
	int allowed = q->caller.role == SERVE_OPERATOR;

	if (!q->has_client_cert)
		return allowed;
	pthread_rwlock_rdlock(&in->lock);
	for (size_t i = 0; i < in->list->sources_len; i++) {
		const struct source *s = &in->list->sources[i];

		if (strcmp(s->owner, q->params[0]) == 0 &&
		    strcmp(s->name, q->params[1]) == 0 &&
		    memcmp(s->certificate, q->client_cert_sha256,
		    DIGEST_LEN) == 0)
			allowed = 1;
	}
	pthread_rwlock_unlock(&in->lock);
	return allowed;
}

/* The path of the mapping asked for; "" when none is. */
static enum err find_map(struct intake *in, const struct serve_request *q,
    char ret[FS_PATH_MAX])
{
	char name[SERVE_QUERY_MAX];
	enum err e = ERR_NOT_FOUND;

	ret[0] = '\0';
	if (!serve_query(q, "map", name))
		return ERR_OK;
	pthread_rwlock_rdlock(&in->lock);
	for (size_t i = 0; i < in->list->maps_len; i++)
		if (strcmp(in->list->maps[i].name, name) == 0) {
			memcpy(ret, in->list->maps[i].path, FS_PATH_MAX);
			e = ERR_OK;
		}
	pthread_rwlock_unlock(&in->lock);
	return e;
}

static enum ingest_format format_of(const struct serve_request *q)
{
	const char *type = serve_header(q, "Content-Type");

	if (strncasecmp(type, "text/csv", 8) == 0)
		return INGEST_CSV;
	if (strncasecmp(type, "application/fhir+ndjson", 23) == 0)
		return INGEST_FHIR;
	return INGEST_NDJSON;
}

/* ---- a stream ---- */

struct told {
	struct json_doc *bad;
	size_t len;
};

static void tell_bad(void *ctx, const char *file, const struct intake_bad *bad)
{
	struct told *t = ctx;

	if (t->len++ < INTAKE_JSON_BAD_MAX)
		json_doc_add(t->bad, intake_json_bad(file, bad));
}

static enum err read_body(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	return serve_body_read(ctx, dst, max, ret_got);
}

static void count(struct intake *in, const struct ingest_counts *c)
{
	atomic_fetch_add(&in->streams, 1);
	atomic_fetch_add(&in->lines, c->read.lines);
	atomic_fetch_add(&in->taken, c->responses + c->consents +
	    c->withdrawals);
	atomic_fetch_add(&in->bad, c->read.bad);
	atomic_fetch_add(&in->known, c->duplicates);
}

/* Bad lines are in the report; the request did what it should. */
static enum err run_stream(struct intake *in, struct serve_request *q,
    struct intake_run_args *args)
{
	struct told told = {.bad = json_doc_new_array()};
	struct intake_run_report report = {0};
	enum err e;

	args->bad = tell_bad;
	args->ctx = &told;
	e = intake_run(q->home, args, &report);
	count(in, &report.counts);
	if (e != ERR_OK && !(e == ERR_SYNTAX && report.counts.read.bad > 0)) {
		json_doc_free(told.bad);
		return e;
	}
	q->result = intake_json_report(&report, args->dry_run, told.bad);
	return ERR_OK;
}

/* What the disk or the store fails with is for the operator; the sender tries
 * again, and what was stored is known by its event ids. */
static enum err told_as(struct serve_request *q, enum err e)
{
	if (e != ERR_NO_SPACE && e != ERR_IO && e != ERR_STORE &&
	    e != ERR_BUSY && e != ERR_CHANGED)
		return e;
	serve_log("batch-not-stored", "owner", q->params[0], "source",
	    q->params[1], "error", err_name(e), NULL);
	q->reply.retry_after_s = 5;
	return ERR_BUSY;
}

static enum err post_lines(struct serve_request *q)
{
	struct intake *in = serve_part_state(q->serve, "intake");
	struct intake_run_args args = {.owner = q->params[0],
	    .source = q->params[1], .read = read_body, .read_ctx = q,
	    .batch_lines = BATCH_LINES};
	char map[FS_PATH_MAX], dry[SERVE_QUERY_MAX];

	if (in == NULL || !is_allowed(in, q))
		return ERR_NOT_FOUND;
	args.format = format_of(q);
	if (find_map(in, q, map) != ERR_OK)
		return outcome_refuse(&q->outcome, ERR_USAGE,
		    "there is no mapping of this name in the service's file",
		    "設定にこの名前の対応表はありません");
	args.map = map[0] == '\0' ? NULL : map;
	if ((args.format == INGEST_CSV) != (args.map != NULL) &&
	    args.format != INGEST_FHIR)
		return outcome_refuse(&q->outcome, ERR_USAGE,
		    "CSV, and only CSV, needs ?map=NAME; FHIR may have one",
		    "CSVには（CSVのときだけ）?map=NAME が必要です。FHIRでは任意です");
	args.dry_run = serve_query(q, "dry_run", dry) &&
	    strcmp(dry, "1") == 0;
	return told_as(q, run_stream(in, q, &args));
}

static const struct serve_route rows[] = {
	{.method = "POST", .path = "/v1/intake/{owner}/{source}",
	    .who = SERVE_SOURCE | SERVE_OPERATOR, .lane = SERVE_STREAM,
	    .takes = "application/x-ndjson application/fhir+ndjson text/csv",
	    .body_max = UINT64_C(64) << 30, .run = post_lines,
	    .operation = "takeLines"},
};

const struct serve_routes intake_routes = {rows, ARRAY_LEN(rows)};
