#include "app/serve/jobs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "app/job.h"
#include "app/ops/plans.h"
#include "app/report.h"
#include "app/serve/body.h"
#include "app/serve/metrics.h"
#include "app/serve/serve_internal.h"
#include "app/serve/visible.h"
#include "core/clock.h"

#define NICENESS 10
#define AGAIN_S 10

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_WAITING, JOB_DONE, JOB_FAILED,
	JOB_CANCELLED };

static const char *const state_names[] = {"queued", "running", "waiting",
	"done", "failed", "cancelled"};

struct entry {
	char plan[REGISTER_NAME_MAX + 1];
	enum job_state state;
	const char *stage;              /* static */
	uint64_t done;
	int64_t since_unix_s, again_ms;
	int cancel;
	int recalled;                   /* of a service that died */
	struct json_doc *end;           /* its outcome, once it has one */
	struct json_doc *result;
};

struct jobs {
	struct serve *serve;
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_t thread;
	int started, stopping;
	int more_remembered;            /* than there were places for */
	struct job_options options;
	struct entry entries[JOBS_MAX];
	size_t len;
	struct entry *running;          /* NULL: none */
};

/* ---- the list; with the lock held ---- */

static struct entry *find(struct jobs *j, const char *plan)
{
	for (size_t i = 0; i < j->len; i++)
		if (strcmp(j->entries[i].plan, plan) == 0)
			return &j->entries[i];
	return NULL;
}

static int is_over(const struct entry *e)
{
	return e->state >= JOB_DONE;
}

static void clear(struct entry *e)
{
	json_doc_free(TAKE(e->end));
	json_doc_free(TAKE(e->result));
}

/* A new place, or that of the oldest job that is over. */
static struct entry *place(struct jobs *j)
{
	struct entry *oldest = NULL;

	if (j->len < JOBS_MAX)
		return &j->entries[j->len++];
	for (size_t i = 0; i < j->len; i++)
		if (is_over(&j->entries[i]) && (oldest == NULL ||
		    j->entries[i].since_unix_s < oldest->since_unix_s))
			oldest = &j->entries[i];
	if (oldest != NULL)
		clear(oldest);
	return oldest;
}

static enum err enqueue(struct jobs *j, const char *plan, int64_t now_unix_s,
    int recalled)
{
	struct entry *e = find(j, plan);

	if (e != NULL && !is_over(e))
		return ERR_OK;          /* it is under way */
	if (e == NULL)
		e = place(j);
	else
		clear(e);
	if (e == NULL)
		return ERR_BUSY;
	*e = (struct entry){.stage = "", .since_unix_s = now_unix_s,
	    .recalled = recalled};
	(void)snprintf(e->plan, sizeof(e->plan), "%s", plan);
	pthread_cond_signal(&j->more);
	return ERR_OK;
}

static struct entry *next(struct jobs *j)
{
	int64_t now = clock_monotonic_ms();

	for (size_t i = 0; i < j->len; i++)
		if (j->entries[i].state == JOB_QUEUED ||
		    (j->entries[i].state == JOB_WAITING &&
		    j->entries[i].again_ms <= now))
			return &j->entries[i];
	return NULL;
}

/* ---- remembered while under way ---- */

static enum err memory_path(const struct jobs *j, const char *plan,
    char ret[FS_PATH_MAX])
{
	return fs_path(ret, "%s/run/jobs%s%s", j->serve->home_dir,
	    plan[0] == '\0' ? "" : "/", plan);
}

static enum err remember(const struct jobs *j, const char *plan)
{
	char path[FS_PATH_MAX];

	RETURN_IF(memory_path(j, plan, path));
	return fs_write_file(path, bytes_str(""), 0600);
}

static void forget(const struct jobs *j, const char *plan)
{
	char path[FS_PATH_MAX];

	if (memory_path(j, plan, path) == ERR_OK)
		(void)!fs_remove(path);
}

static enum err recall_all(struct jobs *j)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char path[FS_PATH_MAX];

	j->more_remembered = 0;
	RETURN_IF(memory_path(j, "", path));
	RETURN_IF(fs_mkdir_all(path, 0700));
	RETURN_IF(fs_list(path, &names));
	for (size_t i = 0; i < names.len; i++)
		if (strncmp(names.names[i], "PLAN-", 5) == 0 &&
		    strlen(names.names[i]) <= REGISTER_NAME_MAX)
			j->more_remembered |= enqueue(j, names.names[i],
			    clock_now_unix_s(), 1) != ERR_OK;
	return ERR_OK;
}

/* ---- the thread ---- */

static void on_progress(void *ctx, const char *stage, uint64_t done)
{
	struct jobs *j = ctx;

	pthread_mutex_lock(&j->lock);
	j->running->stage = stage;
	j->running->done = done;
	pthread_mutex_unlock(&j->lock);
}

static int is_cancelled(void *ctx)
{
	struct jobs *j = ctx;
	int cancel;

	pthread_mutex_lock(&j->lock);
	cancel = j->running->cancel || j->stopping;
	pthread_mutex_unlock(&j->lock);
	return cancel;
}

/* A service that died may have been through, all but forgetting the job: then
 * there is nothing left that job_run would do. */
static int was_through(struct home *h, const char *plan)
{
	struct register_plan p;
	struct register_export e;

	if (register_plan_get(h->reg, plan, &p) != ERR_OK ||
	    register_export_get(h->reg, p.export_id, &e) != ERR_OK ||
	    (e.state != REGISTER_EXPORT_RELEASED &&
	    e.state != REGISTER_EXPORT_RECALLED))
		return 0;
	outcome_release(h->outcome);
	outcome_add(h->outcome, OUTCOME_DONE,
	    "%s was released before the service died",
	    "%sは、サービスが停止する前に提供済みです", p.export_id);
	return 1;
}

static enum err carry_out(struct jobs *j, const struct entry *entry,
    struct outcome *o, struct json_doc **ret)
{
	const char *plan = entry->plan;
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct job_options options = j->options;
	struct job_result r;
	enum err e;

	options.progress = on_progress;
	options.cancelled = is_cancelled;
	options.progress_ctx = j;
	RETURN_IF(serve_home_open(j->serve, o, &h));
	RETURN_IF(plans_expire(h));
	e = job_run(h, plan, &options, &r);
	if (e == ERR_STATE && entry->recalled && was_through(h, plan))
		return ERR_OK;
	RETURN_IF(e);
	serve_scrub(j->serve, o);
	/* where the bundle lies is the gateway's own business */
	if (r.path[0] != '\0')
		(void)snprintf(r.path, sizeof(r.path), "%s.tar", r.export_id);
	return report_exported(&r, o, ret);
}

static enum job_state state_after(const struct entry *e, enum err end)
{
	if (end == ERR_OK)
		return JOB_DONE;
	if (end == ERR_CANCELLED)
		return JOB_CANCELLED;
	if ((end == ERR_BUSY || end == ERR_CHANGED) && !e->cancel)
		return JOB_WAITING;
	return JOB_FAILED;
}

static void settle(struct jobs *j, struct entry *e, enum err end,
    const struct outcome *o, struct json_doc *result)
{
	pthread_mutex_lock(&j->lock);
	clear(e);
	e->state = state_after(e, end);
	e->since_unix_s = clock_now_unix_s();
	e->again_ms = clock_monotonic_ms() + AGAIN_S * 1000;
	e->end = json_doc_new_object();
	outcome_json(o, end, e->end);
	e->result = result;
	j->running = NULL;
	/* what the end of the service cut off is begun again by the next */
	if (is_over(e) && !(e->state == JOB_CANCELLED && !e->cancel))
		forget(j, e->plan);
	/* before anybody sees it, or puts another job in its place */
	serve_log("job", "plan", e->plan, "state", state_names[e->state],
	    "error", end == ERR_OK ? "" : err_name(end), NULL);
	pthread_mutex_unlock(&j->lock);
}

static void run_one(struct jobs *j, struct entry *e)
{
	CLEANUP(outcome_release) struct outcome o = {0};
	struct json_doc *result = NULL;
	enum err end = carry_out(j, e, &o, &result);

	serve_scrub(j->serve, &o);
	settle(j, e, end, &o, result);
}

static void wait_a_second(struct jobs *j)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	(void)pthread_cond_clockwait(&j->more, &j->lock, CLOCK_MONOTONIC,
	    &until);
}

static void *work(void *arg)
{
	struct jobs *j = arg;

	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
	pthread_mutex_lock(&j->lock);
	while (!j->stopping) {
		struct entry *e = next(j);

		if (e == NULL) {
			/* a folder that cannot be read is looked at again */
			if (j->more_remembered)
				(void)!recall_all(j);
			wait_a_second(j);
			continue;
		}
		e->state = JOB_RUNNING;
		j->running = e;
		pthread_mutex_unlock(&j->lock);
		run_one(j, e);
		pthread_mutex_lock(&j->lock);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

/* ---- the part ---- */

static enum err read_section(struct jobs *j, const struct json_doc *v,
    struct err_info *info)
{
	static const char *const keys[] = {"arena_mib", "threads", NULL};
	int64_t arena = 128, threads = 1;

	if (v != NULL) {
		RETURN_IF(json_doc_only(v, keys, "serve: jobs", info));
		if (json_doc_get(v, "arena_mib") != NULL)
			RETURN_IF(json_doc_need_int(v, "arena_mib", 1, 4095,
			    "serve: jobs", &arena, info));
		if (json_doc_get(v, "threads") != NULL)
			RETURN_IF(json_doc_need_int(v, "threads", 1, 2,
			    "serve: jobs", &threads, info));
	}
	j->options.arena_bytes = (size_t)arena << 20;
	j->options.threads = (unsigned)threads;
	return ERR_OK;
}

static void stop(void *part)
{
	struct jobs *j = part;

	if (j == NULL)
		return;
	pthread_mutex_lock(&j->lock);
	j->stopping = 1;
	pthread_cond_broadcast(&j->more);
	pthread_mutex_unlock(&j->lock);
	if (j->started)
		(void)pthread_join(j->thread, NULL);
	for (size_t i = 0; i < j->len; i++)
		clear(&j->entries[i]);
	pthread_cond_destroy(&j->more);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

static void cleanup(struct jobs **j)
{
	stop(*j);
}

static enum err start(struct serve *s, const struct json_doc *section,
    struct outcome *o, void **ret)
{
	CLEANUP(cleanup) struct jobs *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return ERR_NOMEM;
	j->serve = s;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->more, NULL);
	RETURN_IF(read_section(j, section, &o->info));
	RETURN_IF(recall_all(j));
	if (pthread_create(&j->thread, NULL, work, j) != 0)
		return ERR_NOMEM;
	j->started = 1;
	*ret = TAKE(j);
	return ERR_OK;
}

static void metrics(void *part, struct buf *out)
{
	struct jobs *j = part;
	size_t counts[ARRAY_LEN(state_names)] = {0};
	char label[32];

	pthread_mutex_lock(&j->lock);
	for (size_t i = 0; i < j->len; i++)
		counts[j->entries[i].state]++;
	pthread_mutex_unlock(&j->lock);
	for (size_t i = 0; i < ARRAY_LEN(state_names); i++) {
		(void)snprintf(label, sizeof(label), "state=\"%s\"",
		    state_names[i]);
		metrics_put(out, &(struct metrics_line){"azukari_jobs",
		    "gauge", i == 0 ? "export jobs of this process" : NULL,
		    label, (double)counts[i]});
	}
}

const struct serve_part jobs_part = {.name = "jobs", .start = start,
	.stop = stop, .metrics = metrics};

/* ---- routes ---- */

static struct json_doc *row_of(const struct entry *e)
{
	struct json_doc *row = json_doc_new_object();
	char since[CLOCK_UTC_LEN + 1];

	clock_format_utc(e->since_unix_s, since);
	json_doc_set_string(row, "plan", e->plan);
	json_doc_set_string(row, "state", state_names[e->state]);
	json_doc_set_string(row, "since", since);
	json_doc_set_string(row, "stage", e->stage);
	json_doc_set_int(row, "done", (int64_t)e->done);
	if (e->end != NULL)
		json_doc_set(row, "outcome", json_doc_copy(e->end));
	if (e->result != NULL)
		json_doc_set(row, "result", json_doc_copy(e->result));
	return row;
}

static struct jobs *jobs_of(const struct serve_request *q)
{
	return serve_part_state(q->serve, "jobs");
}

static enum err post_job(struct serve_request *q)
{
	static const char *const keys[] = {"plan", NULL};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	struct jobs *j = jobs_of(q);
	struct register_plan p;
	const char *plan;
	enum err e;

	RETURN_IF(body_json(q, keys, &doc));
	RETURN_IF(body_text(q, doc, "plan", &plan));
	RETURN_IF(visible_plan(q, plan, &p));
	pthread_mutex_lock(&j->lock);
	/* one step with what forgets a job of this plan that ends just now */
	e = remember(j, p.id);
	if (e == ERR_OK)
		e = enqueue(j, p.id, q->now_unix_s, 0);
	if (e == ERR_OK)
		q->result = row_of(find(j, p.id));
	else if (!j->more_remembered)
		forget(j, p.id);
	pthread_mutex_unlock(&j->lock);
	q->reply.status = 202;
	return e;
}

static enum err get_jobs(struct serve_request *q)
{
	struct jobs *j = jobs_of(q);

	q->result = json_doc_new_array();
	pthread_mutex_lock(&j->lock);
	for (size_t i = 0; i < j->len; i++)
		json_doc_add(q->result, row_of(&j->entries[i]));
	pthread_mutex_unlock(&j->lock);
	return ERR_OK;
}

static enum err one_job(struct serve_request *q, int cancel)
{
	struct jobs *j = jobs_of(q);
	struct entry *e;

	pthread_mutex_lock(&j->lock);
	e = find(j, q->params[0]);
	if (e != NULL && cancel && !is_over(e)) {
		e->cancel = 1;
		if (e != j->running) {
			e->state = JOB_CANCELLED;
			forget(j, e->plan);
		}
	}
	if (e != NULL)
		q->result = row_of(e);
	pthread_mutex_unlock(&j->lock);
	return e == NULL ? ERR_NOT_FOUND : ERR_OK;
}

static enum err get_job(struct serve_request *q)
{
	return one_job(q, 0);
}

static enum err delete_job(struct serve_request *q)
{
	return one_job(q, 1);
}

static const struct serve_route rows[] = {
	{.method = "POST", .path = "/v1/jobs", .who = SERVE_OPERATOR,
	    .lane = SERVE_DESK, .takes = BODY_JSON, .body_max = 4096,
	    .run = post_job, .operation = "startJob"},
	{.method = "GET", .path = "/v1/jobs", .who = SERVE_OPERATOR,
	    .lane = SERVE_DESK, .run = get_jobs, .operation = "listJobs"},
	{.method = "GET", .path = "/v1/jobs/{plan}", .who = SERVE_OPERATOR,
	    .lane = SERVE_DESK, .run = get_job, .operation = "showJob"},
	{.method = "DELETE", .path = "/v1/jobs/{plan}",
	    .who = SERVE_OPERATOR, .lane = SERVE_DESK, .run = delete_job,
	    .operation = "cancelJob"},
};

const struct serve_routes job_routes = {rows, ARRAY_LEN(rows)};
