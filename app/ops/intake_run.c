#include "app/ops/intake_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/epoch_open.h"
#include "app/ops/sources.h"
#include "app/papers.h"
#include "app/rulebook.h"

#define MAP_MAX ((size_t)1 << 20)

struct run {
	struct home *h;
	const struct intake_run_args *args;
	struct intake_run_report *report;
	struct owner *owner;
	struct register_source source;
	struct rulebook rules;
	struct csv_map *map;
	struct fhir_map *fhir;
	struct ingest *ingest;
};

static void run_release(struct run *r)
{
	ingest_free(TAKE(r->ingest));
	csv_map_free(TAKE(r->map));
	fhir_map_free(TAKE(r->fhir));
	rulebook_release(&r->rules);
	home_owner_close(TAKE(r->owner));
}

static enum err read_fd(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	ssize_t got;

	do
		got = read(*(const int *)ctx, dst, max);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return fs_error(errno);
	*ret_got = (size_t)got;
	return ERR_OK;
}

static void name_file(struct run *r, const char *path)
{
	struct err_info *info = &r->h->outcome->info;

	(void)snprintf(info->file, sizeof(info->file), "%s",
	    path == NULL ? "-" : path);
}

static enum err open_file(struct run *r, const char *path, int *ret)
{
	int fd;

	name_file(r, path);
	if (strcmp(path, "-") == 0)
		fd = dup(STDIN_FILENO);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_at(&r->h->outcome->info, fs_error(errno), 0,
		    "the file cannot be opened: %s", strerror(errno));
	*ret = fd;
	return ERR_OK;
}

/* All are looked at before the first is read: a wrong name costs nothing.
 * (Looked at, not opened: a pipe can be opened only once.) */
static enum err check_files(struct run *r)
{
	for (size_t i = 0; i < r->args->files_len; i++) {
		const char *path = r->args->files[i];
		struct stat st;

		if (strcmp(path, "-") == 0)
			continue;
		name_file(r, path);
		if (access(path, R_OK) != 0 || stat(path, &st) != 0)
			return err_at(&r->h->outcome->info, fs_error(errno), 0,
			    "the file cannot be read: %s", strerror(errno));
		if (S_ISDIR(st.st_mode))
			return err_at(&r->h->outcome->info, ERR_USAGE, 0,
			    "this is a folder");
	}
	name_file(r, "");
	return ERR_OK;
}

static enum err take_file(struct run *r, const char *path)
{
	CLEANUP(fs_fd_cleanup) int fd = -1;
	struct ingest_stream stream = {.read = read_fd, .ctx = &fd,
	    .name = path, .format = r->args->format, .map = r->map,
	    .fhir = r->fhir};
	enum err e;

	RETURN_IF(open_file(r, path, &fd));
	e = ingest_stream(r->ingest, &stream);
	if (e == ERR_OK)
		name_file(r, "");
	return e;
}

static enum err read_map(struct run *r)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct err_info *info = &r->h->outcome->info;
	enum err e;

	if (r->args->map == NULL)
		return ERR_OK;
	name_file(r, r->args->map);
	e = fs_read_file(r->args->map, MAP_MAX, &text);
	if (e == ERR_NOT_FOUND)
		return err_at(info, e, 0, "there is no such file");
	RETURN_IF(e);
	RETURN_IF(r->args->format == INGEST_FHIR ?
	    fhir_map_parse(bytes_buf(&text), &r->rules.rules, &r->fhir,
	    info) :
	    csv_map_parse(bytes_buf(&text), &r->rules.rules, &r->map, info));
	name_file(r, "");
	return ERR_OK;
}

/* Numbers begin anew in each file: the second one's records would be taken for
 * those of the first. */
static enum err refuse_second_count(const struct run *r)
{
	if (r->args->files_len < 2 || r->map == NULL ||
	    !csv_map_counts_rows(r->map))
		return ERR_OK;
	return outcome_refuse(r->h->outcome, ERR_USAGE,
	    "the mapping makes event ids of the record's number: give one file at a time, each with a mapping of another prefix",
	    "この対応表は行番号からイベントIDを作ります。ファイルは1つずつ、接頭辞の異なる対応表で受け入れてください");
}

static enum err prepare(struct run *r)
{
	CLEANUP(paper_charter_release) struct paper_charter charter = {0};
	struct home *h = r->h;
	const char *owner = r->args->owner;

	RETURN_IF(home_owner_open(h, owner, &r->owner));
	/* nothing is taken in for an owner whose seats have not all joined */
	RETURN_IF(papers_charter(h, owner, &charter));
	RETURN_IF(sources_pick(h, owner, r->args->source, &r->source));
	memcpy(r->report->source, r->source.source,
	    sizeof(r->report->source));
	RETURN_IF(rulebook_load(h, owner, r->source.source, &r->rules));
	if (r->rules.surveys_len == 0)
		return outcome_refuse(h->outcome, ERR_STATE,
		    "owner %s has no survey yet; see: azukari owner survey",
		    "所有者%sには調査がまだありません。azukari owner survey を見てください",
		    owner);
	RETURN_IF(read_map(r));
	RETURN_IF(refuse_second_count(r));
	return check_files(r);
}

typedef const uint8_t (*const_digests)[DIGEST_LEN];

static enum err begin(struct run *r)
{
	struct ingest_args args = {.owner = r->owner,
	    .rules = &r->rules.rules,
	    .survey_sha256 = (const_digests)r->rules.survey_sha256,
	    .id_namespace = r->source.id_namespace,
	    .dry_run = r->args->dry_run,
	    .batch_lines = r->args->batch_lines, .progress = r->args->progress,
	    .bad = r->args->bad, .ctx = r->args->ctx};

	return ingest_begin(&args, &r->ingest);
}

static enum err take_stream(struct run *r)
{
	const struct ingest_stream stream = {.read = r->args->read,
	    .ctx = r->args->read_ctx, .name = "-", .format = r->args->format,
	    .map = r->map, .fhir = r->fhir};

	return ingest_stream(r->ingest, &stream);
}

static void warn_of_count(const struct run *r)
{
	if (r->map == NULL || !csv_map_counts_rows(r->map) ||
	    r->report->counts.duplicates == 0)
		return;
	outcome_add(r->h->outcome, OUTCOME_WARNING,
	    "known already are records whose number came before under this mapping's prefix, whatever is in them: another file needs another prefix",
	    "「受け入れ済み」は、この対応表の接頭辞と同じ番号の行がすでにあることだけを示し、内容は比べていません。別のファイルには別の接頭辞が必要です");
}

static enum err take_all(struct run *r)
{
	if (r->args->read != NULL)
		return take_stream(r);
	for (size_t i = 0; i < r->args->files_len; i++)
		RETURN_IF(take_file(r, r->args->files[i]));
	return ERR_OK;
}

/* Epochs are closed on every way out; the first failure is the one told. */
static enum err take_and_end(struct run *r)
{
	enum err e, ended;

	RETURN_IF(begin(r));
	e = take_all(r);
	ended = ingest_end(r->ingest);
	r->report->counts = *ingest_so_far(r->ingest);
	r->report->batch = ingest_batch_number(r->ingest);
	return e != ERR_OK ? e : ended;
}

static enum err tell_bad(const struct run *r)
{
	uint64_t bad = r->report->counts.read.bad;

	if (bad == 0)
		return ERR_OK;
	if (r->args->dry_run)
		return outcome_refuse(r->h->outcome, ERR_SYNTAX,
		    "%llu lines are bad; nothing was stored",
		    "%llu行に誤りがあります。何も保存していません",
		    (unsigned long long)bad);
	return outcome_refuse(r->h->outcome, ERR_SYNTAX,
	    "%llu lines are bad; they are sealed in quarantine, everything else was taken in",
	    "%llu行に誤りがあり、隔離して封をしました。他はすべて受け入れました",
	    (unsigned long long)bad);
}

enum err intake_run(struct home *h, const struct intake_run_args *args,
    struct intake_run_report *ret)
{
	CLEANUP(run_release) struct run r = {
		.h = h, .args = args, .report = ret};

	*ret = (struct intake_run_report){0};
	RETURN_IF(prepare(&r));
	RETURN_IF(take_and_end(&r));
	warn_of_count(&r);
	return tell_bad(&r);
}

enum err intake_run_close_epochs(struct home *h, const char *owner)
{
	CLEANUP(home_owner_cleanup) struct owner *w = NULL;
	size_t closed = 0;

	RETURN_IF(home_owner_open(h, owner, &w));
	RETURN_IF(epoch_close_abandoned(w, &closed));
	if (closed == 0)
		outcome_add(h->outcome, OUTCOME_DONE,
		    "owner %s has no open epoch that could be closed",
		    "所有者%sに閉じられる期間はありません", owner);
	return ERR_OK;
}
