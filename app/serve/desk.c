/* The threads that hold keys: each with an open home of its own, running one
 * handler at a time. */
#include <stdlib.h>
#include <string.h>

#include "app/papers.h"
#include "app/serve/route.h"
#include "app/serve/serve_internal.h"
#include "core/clock.h"
#include "keys/sshsig.h"

#define WAITING_MAX 256

struct lane {
	struct serve_wire *first, **last;
	size_t len;
};

struct desk {
	struct serve *serve;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct lane desk, stream;
	int stopping;
	pthread_t threads[64];
	size_t threads_len;
};

/* What one thread runs with. */
struct worker {
	struct desk *desk;
	struct lane *lane;
	struct home *home;
	struct outcome outcome;         /* of opening it */
	uint64_t keys_moved;
};

/* ---- the home of a thread ---- */

static void close_home(struct worker *w)
{
	home_close(TAKE(w->home));
	outcome_release(&w->outcome);
}

static enum err ready_home(struct worker *w)
{
	uint64_t moved = serve_keys_moved(w->desk->serve);

	if (w->home != NULL && moved == w->keys_moved)
		return ERR_OK;
	close_home(w);
	w->keys_moved = moved;
	return serve_home_open(w->desk->serve, &w->outcome, &w->home);
}

/* After these the databases are opened anew, which repairs what was left. */
static int is_hard(enum err e)
{
	return e == ERR_CORRUPT || e == ERR_IO || e == ERR_NO_SPACE ||
	    e == ERR_STORE || e == ERR_NOMEM || e == ERR_CRYPTO;
}

/* ---- who it is, once more ---- */

static enum err seat_key(struct home *h, const struct serve_caller *who,
    uint8_t ret[32])
{
	CLEANUP(paper_charter_release) struct paper_charter c = {0};
	const struct charter_seat *seat;

	RETURN_IF(papers_charter(h, who->owner, &c));
	seat = charter_seat(&c.charter, who->name);
	if (seat == NULL)
		return ERR_NOT_FOUND;
	return sshsig_public_parse(bytes_str(seat->ssh), ret);
}

static enum err partner_key(struct home *h, const struct serve_caller *who,
    uint8_t ret[32])
{
	CLEANUP(policy_release) struct policy p = {0};
	const struct policy_partner *partner;

	RETURN_IF(papers_policy(h, who->owner, &p));
	partner = policy_find_partner(&p, who->name);
	if (partner == NULL)
		return ERR_NOT_FOUND;
	return sshsig_public_parse(bytes_str(partner->ssh), ret);
}

static enum err person_key(struct serve *s, const struct serve_caller *who,
    uint8_t ret[32])
{
	const struct config_person *p;

	pthread_rwlock_rdlock(&s->config_lock);
	p = config_person(s->config, who->role, who->name);
	if (p != NULL)
		memcpy(ret, p->ssh, sizeof(p->ssh));
	pthread_rwlock_unlock(&s->config_lock);
	return p == NULL ? ERR_NOT_FOUND : ERR_OK;
}

enum err serve_caller_key(struct serve *s, struct home *h,
    const struct serve_caller *who, uint8_t ret[32])
{
	struct register_owner known;

	if (who->role == SERVE_OPERATOR || who->role == SERVE_AUDITOR)
		return person_key(s, who, ret);
	RETURN_IF(register_owner_get(h->reg, who->owner, &known));
	if (who->role == SERVE_CUSTODIAN)
		return seat_key(h, who, ret);
	if (who->role == SERVE_PARTNER)
		return partner_key(h, who, ret);
	return ERR_NOT_FOUND;
}

static enum err caller_holds(struct serve_request *q)
{
	uint8_t key[32];
	enum err e;

	if (q->caller.role == SERVE_ANYONE)
		return ERR_OK;
	e = serve_caller_key(q->serve, q->home, &q->caller, key);
	if (e == ERR_OK && secret_bytes_equal(key, q->caller.ssh, sizeof(key)))
		return ERR_OK;
	sessions_drop_key(q->serve->sessions, q->caller.ssh);
	return ERR_NOT_FOUND;
}

/* ---- running ---- */

static enum err run_handler(struct worker *w, struct serve_request *q)
{
	struct home *h;
	enum err e;

	RETURN_IF(ready_home(w));
	h = w->home;
	h->outcome = &q->outcome;
	h->now_unix_s = q->now_unix_s;
	q->home = h;
	e = caller_holds(q);
	if (e == ERR_OK)
		e = q->route->run(q);
	q->home = NULL;
	h->outcome = &w->outcome;
	serve_scrub(q->serve, &q->outcome);
	if (is_hard(e)) {
		serve_log("handler-failed", "operation", q->route->operation,
		    "error", err_name(e), NULL);
		close_home(w);
	}
	return e;
}

static void run_one(struct worker *w, struct serve_wire *wire)
{
	struct serve_counters *c = &w->desk->serve->counters;
	int64_t began = clock_monotonic_ms();
	enum err e = run_handler(w, &wire->q);

	atomic_fetch_add(&c->desk_runs, 1);
	atomic_fetch_add(&c->desk_ms, (uint64_t)(clock_monotonic_ms() -
	    began));
	wire_done(wire, e);
}

static struct serve_wire *next_wire(struct worker *w)
{
	struct desk *d = w->desk;
	struct serve_wire *wire;

	pthread_mutex_lock(&d->lock);
	while (w->lane->first == NULL && !d->stopping)
		pthread_cond_wait(&d->more, &d->lock);
	wire = w->lane->first;
	if (wire != NULL) {
		w->lane->first = wire->next;
		if (wire->next == NULL)
			w->lane->last = &w->lane->first;
		wire->next = NULL;
		w->lane->len--;
	}
	pthread_mutex_unlock(&d->lock);
	return wire;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct serve_wire *wire;

	while ((wire = next_wire(w)) != NULL)
		run_one(w, wire);
	close_home(w);
	free(w);
	return NULL;
}

/* ---- the pool ---- */

static enum err add_thread(struct desk *d, struct lane *lane)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return ERR_NOMEM;
	w->desk = d;
	w->lane = lane;
	if (pthread_create(&d->threads[d->threads_len], NULL, work, w) != 0) {
		free(w);
		return ERR_NOMEM;
	}
	d->threads_len++;
	return ERR_OK;
}

enum err desk_start(struct serve *s, struct desk **ret)
{
	struct desk *d = calloc(1, sizeof(*d));
	enum err e = ERR_OK;

	if (d == NULL)
		return ERR_NOMEM;
	d->serve = s;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->more, NULL);
	d->desk.last = &d->desk.first;
	d->stream.last = &d->stream.first;
	for (unsigned i = 0; e == ERR_OK && i < s->limits.desks; i++)
		e = add_thread(d, &d->desk);
	for (unsigned i = 0; e == ERR_OK && i < s->limits.streams; i++)
		e = add_thread(d, &d->stream);
	if (e != ERR_OK) {
		desk_stop(d);
		return e;
	}
	*ret = d;
	return ERR_OK;
}

int desk_put(struct desk *d, struct serve_wire *w)
{
	struct lane *lane = w->q.route->lane == SERVE_STREAM ? &d->stream :
	    &d->desk;
	/* a stream that would wait holds nothing but its connection */
	size_t most = lane == &d->stream ? d->serve->limits.streams :
	    WAITING_MAX;
	int put = 0;

	pthread_mutex_lock(&d->lock);
	if (lane->len < most && !d->stopping) {
		*lane->last = w;
		lane->last = &w->next;
		lane->len++;
		put = 1;
		pthread_cond_broadcast(&d->more);
	}
	pthread_mutex_unlock(&d->lock);
	return put;
}

size_t desk_waiting(struct desk *d)
{
	size_t len;

	pthread_mutex_lock(&d->lock);
	len = d->desk.len + d->stream.len;
	pthread_mutex_unlock(&d->lock);
	return len;
}

void desk_stop(struct desk *d)
{
	if (d == NULL)
		return;
	pthread_mutex_lock(&d->lock);
	d->stopping = 1;
	pthread_cond_broadcast(&d->more);
	pthread_mutex_unlock(&d->lock);
	for (size_t i = 0; i < d->threads_len; i++)
		(void)pthread_join(d->threads[i], NULL);
	pthread_cond_destroy(&d->more);
	pthread_mutex_destroy(&d->lock);
	free(d);
}
