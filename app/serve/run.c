#include "app/serve/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/configuration.h"
#include "app/reconcile.h"
#include "app/serve/hardening.h"
#include "app/serve/notify.h"
#include "app/serve/serve_internal.h"
#include "app/serve/tls.h"
#include "core/clock.h"
#include "vault/db.h"

struct run {
	struct serve *s;
	struct config_listener listeners[CONFIG_LISTENERS_MAX];
	int fds[CONFIG_LISTENERS_MAX];
	size_t fds_len;
	struct outcome *o;
	sigset_t signals;
	unsigned watchdog_s;
};

/* ---- what handlers and parts ask for ---- */

uint64_t serve_keys_moved(struct serve *s)
{
	char path[FS_PATH_MAX];
	struct stat st;

	if (fs_path(path, "%s/keys/gateway.key", s->home_dir) != ERR_OK ||
	    stat(path, &st) != 0)
		return 0;
	return (uint64_t)st.st_ino * 1000003U ^
	    (uint64_t)st.st_mtim.tv_sec * 1000000000U ^
	    (uint64_t)st.st_mtim.tv_nsec;
}

enum err serve_home_open(struct serve *s, struct outcome *o,
    struct home **ret)
{
	CLEANUP(home_seal_release) struct home_seal seal = {0};
	enum err e;

	pthread_mutex_lock(&s->seal_lock);
	e = home_seal_copy(&s->seal, &seal);
	pthread_mutex_unlock(&s->seal_lock);
	RETURN_IF(e);
	return home_open(s->home_dir, &seal, clock_now_unix_s(), o, ret);
}

void *serve_part_state(const struct serve *s, const char *name)
{
	size_t len;
	const struct serve_part *const *parts = parts_all(&len);

	for (size_t i = 0; i < len && i < s->parts_len; i++)
		if (strcmp(parts[i]->name, name) == 0)
			return s->parts[i];
	return NULL;
}

/* ---- before anything is opened ---- */

static void hold_signals(struct run *r)
{
	sigemptyset(&r->signals);
	sigaddset(&r->signals, SIGTERM);
	sigaddset(&r->signals, SIGINT);
	sigaddset(&r->signals, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &r->signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static enum config_listener_kind kind_named(const char *name)
{
	return strcmp(name, "plain") == 0 ? CONFIG_PLAIN :
	    strcmp(name, "local") == 0 ? CONFIG_LOCAL : CONFIG_TLS;
}

static void take_handed(struct run *r)
{
	struct notify_socket given[NOTIFY_SOCKETS_MAX];
	size_t len = notify_sockets(given);

	for (size_t i = 0; i < len && r->fds_len < CONFIG_LISTENERS_MAX; i++) {
		struct config_listener *l = &r->listeners[r->fds_len];

		l->kind = kind_named(given[i].name);
		(void)snprintf(l->address, sizeof(l->address), "handed over");
		r->fds[r->fds_len++] = given[i].fd;
	}
}

/* Sockets of the service manager in place of those of the file. */
static enum err open_sockets(struct run *r)
{
	const struct config *c = r->s->config;

	take_handed(r);
	for (size_t i = 0; r->fds_len < CONFIG_LISTENERS_MAX &&
	    i < c->listeners_len; i++) {
		size_t at = r->fds_len;
		int known = 0;

		for (size_t k = 0; k < at; k++)
			known |= strcmp(r->listeners[k].address,
			    "handed over") == 0 &&
			    r->listeners[k].kind == c->listeners[i].kind;
		if (known)
			continue;
		r->listeners[at] = c->listeners[i];
		RETURN_IF(listen_open(&r->listeners[at], &r->fds[at],
		    &r->o->info));
		r->fds_len++;
	}
	if (r->fds_len == 0)
		return outcome_refuse(r->o, ERR_USAGE,
		    "nowhere to listen: give \"listen\", \"plain\" or \"local\" in the service's file",
		    "待ち受け先がありません。設定に \"listen\"、\"plain\"、\"local\" のいずれかを書いてください");
	return ERR_OK;
}

static enum err load_certificate(const struct config *c,
    struct err_info *info)
{
	const struct tls_files files = {c->certificate, c->key, c->user};

	if (c->certificate[0] == '\0')
		return ERR_OK;
	return tls_load(&files, clock_now_unix_s(), info);
}

static enum err give_up(struct run *r)
{
	const struct config *c = r->s->config;
	struct hardening_report report;
	char folder[FS_PATH_MAX], cert[FS_PATH_MAX], key[FS_PATH_MAX];
	const struct hardening_paths paths = {
		.write = {r->s->home_dir}, .write_len = 1,
		.read = {"/usr", "/lib", "/lib64", "/etc", "/proc", "/sys",
		    "/dev", "/run/systemd/resolve", folder, cert, key},
		.read_len = 11};

	RETURN_IF(fs_folder_of(r->s->config_path, folder));
	RETURN_IF(fs_folder_of(c->certificate, cert));
	RETURN_IF(fs_folder_of(c->key, key));
	if (hardening_drop(c->user) != ERR_OK)
		return outcome_refuse(r->o, ERR_REFUSED,
		    "cannot become user %s", "ユーザー%sに切り替えられません",
		    c->user);
	hardening_process(&paths, &report);
	serve_log("hardened", "seccomp", report.seccomp, "landlock",
	    report.landlock, NULL);
	return ERR_OK;
}

/* ---- the inside ---- */

static enum err enter_one(struct home *h, const char *what,
    const uint8_t sha256[DIGEST_LEN])
{
	char hex[DIGEST_HEX_LEN + 1];
	int entered;

	RETURN_IF(configuration_enter(h, what, sha256, &entered));
	digest_to_hex(sha256, hex);
	if (entered)
		serve_log("configuration-entered", "what", what, "sha256",
		    hex, NULL);
	return ERR_OK;
}

/* Another configuration than the ledger's last entry says is entered before
 * it counts. */
static enum err enter_configuration(struct home *h, const struct config *c)
{
	uint8_t sha256[DIGEST_LEN];

	RETURN_IF(configuration_of_home(h, sha256));
	RETURN_IF(enter_one(h, CONFIGURATION_GATEWAY, sha256));
	return enter_one(h, CONFIGURATION_SERVICE, c->sha256);
}

/* The home opens, tells one story, and its ledger knows what it runs with. */
static enum err prove_home(struct run *r)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	struct reconciled done;

	RETURN_IF(serve_home_open(r->s, r->o, &h));
	(void)snprintf(r->s->origin, sizeof(r->s->origin), "%s",
	    gateway_key_origin(h->keys));
	RETURN_IF(reconcile_home(h, &done));
	return enter_configuration(h, r->s->config);
}

static enum err start_parts(struct run *r)
{
	struct serve *s = r->s;
	size_t len;
	const struct serve_part *const *parts = parts_all(&len);

	MUST_HOLD(len <= PARTS_MAX);
	for (size_t i = 0; i < len; i++) {
		RETURN_IF(parts[i]->start(s, config_section(s->config,
		    parts[i]->name), r->o, &s->parts[i]));
		s->parts_len++;
	}
	return ERR_OK;
}

static void stop_parts(struct serve *s)
{
	size_t len;
	const struct serve_part *const *parts = parts_all(&len);

	while (s->parts_len > 0) {
		size_t i = --s->parts_len;

		if (parts[i]->stop != NULL)
			parts[i]->stop(s->parts[i]);
		s->parts[i] = NULL;
	}
}

static void drain_parts(struct serve *s)
{
	size_t len;
	const struct serve_part *const *parts = parts_all(&len);

	for (size_t i = s->parts_len; i > 0; i--)
		if (parts[i - 1]->drain != NULL)
			parts[i - 1]->drain(s->parts[i - 1]);
}

static enum err start_net(struct run *r)
{
	static const char *const kinds[] = {"tls", "plain", "local"};
	enum err e = net_start(r->s, r->listeners, r->fds, r->fds_len,
	    &r->s->net);

	for (size_t i = 0; i < r->fds_len; i++) {
		r->fds[i] = -1;         /* taken in any case */
		if (e == ERR_OK)
			serve_log("listening", "address",
			    r->listeners[i].address, "kind",
			    kinds[r->listeners[i].kind], NULL);
	}
	return e;
}

static enum err start(struct run *r)
{
	struct serve *s = r->s;

	db_memory_limit((uint64_t)s->limits.cache_mib << 20);
	RETURN_IF(prove_home(r));
	s->sessions = sessions_new();
	s->rate = rate_new(s->limits.requests_per_second);
	s->conns = conns_new();
	if (s->sessions == NULL || s->rate == NULL || s->conns == NULL)
		return ERR_NOMEM;
	RETURN_IF(desk_start(s, &s->desk));
	RETURN_IF(start_parts(r));
	return start_net(r);
}

/* ---- reload ---- */

static void reload_parts(struct run *r, const struct config *c)
{
	size_t len;
	const struct serve_part *const *parts = parts_all(&len);

	for (size_t i = 0; i < r->s->parts_len; i++) {
		CLEANUP(outcome_release) struct outcome o = {0};
		enum err e = parts[i]->reload == NULL ? ERR_OK :
		    parts[i]->reload(r->s->parts[i], config_section(c,
		    parts[i]->name), &o);

		if (e != ERR_OK)
			serve_log("reload-refused", "part", parts[i]->name,
			    "error", err_name(e), NULL);
	}
}

static enum err enter_reloaded(struct run *r, const struct config *c)
{
	CLEANUP(outcome_release) struct outcome o = {0};
	CLEANUP(home_cleanup) struct home *h = NULL;

	RETURN_IF(serve_home_open(r->s, &o, &h));
	return enter_configuration(h, c);
}

/* People, certificate, parts; sockets and limits stay as they were.  What is
 * refused leaves the old in force. */
static void reload(struct run *r)
{
	CLEANUP(config_cleanup) struct config *c = NULL;
	struct err_info info = {0};
	enum err e = config_load(r->s->config_path, &c, &info);

	if (e == ERR_OK)
		e = load_certificate(c, &info);
	if (e == ERR_OK)
		e = enter_reloaded(r, c);
	if (e != ERR_OK) {
		serve_log("reload-refused", "error", err_name(e), "rule",
		    info.message, NULL);
		return;
	}
	reload_parts(r, c);
	pthread_rwlock_wrlock(&r->s->config_lock);
	config_free(r->s->config);
	r->s->config = TAKE(c);
	pthread_rwlock_unlock(&r->s->config_lock);
	serve_log("reloaded", NULL);
}

/* ---- running, and the end ---- */

static void tick(struct run *r)
{
	struct serve *s = r->s;
	size_t len, closed;
	const struct serve_part *const *parts = parts_all(&len);

	closed = conns_reap(s->conns, clock_monotonic_ms());
	atomic_fetch_add(&s->counters.slow_closed, closed);
	for (size_t i = 0; i < s->parts_len; i++)
		if (parts[i]->tick != NULL)
			parts[i]->tick(s->parts[i], clock_now_unix_s());
}

static int wait_signal(const struct run *r)
{
	const struct timespec second = {.tv_nsec = 250000000};

	return sigtimedwait(&r->signals, NULL, &second);
}

static void serve_until_told(struct run *r)
{
	int64_t sign_ms = 0;

	for (;;) {
		int got = wait_signal(r);
		int64_t now = clock_monotonic_ms();

		if (got == SIGTERM || got == SIGINT)
			return;
		if (got == SIGHUP) {
			notify_send("RELOADING=1");
			reload(r);
			notify_send("READY=1");
		}
		tick(r);
		if (r->watchdog_s > 0 && now >= sign_ms) {
			notify_send("WATCHDOG=1");
			sign_ms = now + (int64_t)r->watchdog_s * 1000;
		}
	}
}

/* No new connections; what was begun goes on until the time is over. */
static int drain(struct run *r)
{
	struct serve *s = r->s;
	int64_t until = clock_monotonic_ms() +
	    (int64_t)s->limits.drain_seconds * 1000;

	atomic_store(&s->draining, 1);
	net_quiesce(s->net);
	serve_log("draining", NULL);
	notify_send("STOPPING=1");
	while (atomic_load(&s->requests_open) > 0 &&
	    clock_monotonic_ms() < until) {
		(void)usleep(20000);
		(void)conns_reap(s->conns, clock_monotonic_ms());
	}
	drain_parts(s);
	return atomic_load(&s->requests_open) == 0;
}

static void release(struct run *r)
{
	struct serve *s = r->s;

	net_stop(TAKE(s->net));
	tls_release();
	desk_stop(TAKE(s->desk));
	stop_parts(s);
	conns_free(TAKE(s->conns));
	rate_free(TAKE(s->rate));
	sessions_free(TAKE(s->sessions));
	config_free(TAKE(s->config));
	home_seal_release(&s->seal);
	for (size_t i = 0; i < r->fds_len; i++)
		fs_fd_cleanup(&r->fds[i]);
	pthread_rwlock_destroy(&s->config_lock);
	pthread_mutex_destroy(&s->seal_lock);
	free(s);
}

static enum err prepare(struct run *r, const struct run_args *args)
{
	struct serve *s = r->s;

	RETURN_IF(fs_path(s->home_dir, "%s", args->home_dir));
	RETURN_IF(fs_path(s->config_path, "%s", args->config_path));
	RETURN_IF(config_load(s->config_path, &s->config, &r->o->info));
	s->limits = s->config->limits;
	RETURN_IF(open_sockets(r));
	RETURN_IF(load_certificate(s->config, &r->o->info));
	return give_up(r);
}

enum err run_service(const struct run_args *args, struct outcome *o)
{
	struct serve *s = calloc(1, sizeof(*s));
	struct run r = {.s = s, .o = o,
	    .watchdog_s = notify_watchdog_seconds()};
	enum err e;

	if (s == NULL)
		return ERR_NOMEM;
	s->seal = *args->seal;
	*args->seal = (struct home_seal){0};
	s->started_unix_s = clock_now_unix_s();
	pthread_mutex_init(&s->seal_lock, NULL);
	pthread_rwlock_init(&s->config_lock, NULL);
	hold_signals(&r);
	e = prepare(&r, args);
	if (e == ERR_OK)
		e = start(&r);
	if (e == ERR_OK) {
		serve_log("ready", NULL);
		notify_send("READY=1");
		serve_until_told(&r);
		if (!drain(&r)) {
			/* a request that will not end: the next start repairs
			 * what it leaves, as after a crash */
			serve_log("stopped", "requests", "cut off", NULL);
			_exit(0);
		}
		serve_log("stopped", NULL);
	}
	release(&r);
	return e;
}
