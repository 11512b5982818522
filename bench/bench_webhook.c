/* bench/bench_webhook.c - signed webhooks, counted and timed.
 *
 *     bench_webhook bare PORT THREADS [CERTIFICATE KEY]
 *         libmicrohttpd alone: reads the body, answers 202; over TLS when a
 *         certificate is given
 *     bench_webhook load PORT CONNECTIONS SECONDS SECRET USERS [setup]
 *         keep-alive connections, each waiting for its answer before the next
 *         request; prints one line of JSON
 *
 * `setup` brings USERS people to question Q04; after it every request is one
 * person's press of a button there: one answer, sealed and indexed by its
 * respondent.  The client shares nothing with the service but HMAC-SHA256.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BODY_MAX (1 << 20)
#define LATENCIES_MAX 20000000
#define PEM_MAX 65536
#define SETUP_USERS 100         /* in one request */

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
	(void)fprintf(stderr, "bench_webhook: %s: %s\n", what,
	    strerror(errno));
	exit(1);
}

/* ---- the bare library ---- */

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *data, size_t *len, void **con_cls)
{
	static int seen;
	struct MHD_Response *r;
	enum MHD_Result done;

	(void)cls;
	(void)url;
	(void)method;
	(void)version;
	(void)data;
	if (*con_cls == NULL) {
		*con_cls = &seen;
		return MHD_YES;
	}
	if (*len > 0) {
		*len = 0;
		return MHD_YES;
	}
	r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	done = MHD_queue_response(connection, MHD_HTTP_ACCEPTED, r);
	MHD_destroy_response(r);
	return done;
}

/* PEM, NUL behind it. */
static char *read_pem(const char *path)
{
	char *text = calloc(1, PEM_MAX + 1);
	FILE *f = fopen(path, "re");

	if (text == NULL || f == NULL || fread(text, 1, PEM_MAX, f) == 0)
		die(path);
	(void)fclose(f);
	return text;
}

static int run_bare(int argc, char **argv)
{
	int tls = argc > 4;
	struct MHD_OptionItem pem[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, tls ? read_pem(argv[4]) : NULL},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? read_pem(argv[5]) : NULL},
		{MHD_OPTION_END, 0, NULL}};
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	    .sin_port = htons((uint16_t)atoi(argv[2]))};
	struct MHD_Daemon *d = MHD_start_daemon(
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO |
	    (tls ? MHD_USE_TLS : 0), 0, NULL, NULL,
	    answer, NULL, MHD_OPTION_SOCK_ADDR, &at,
	    MHD_OPTION_THREAD_POOL_SIZE, (unsigned)atoi(argv[3]),
	    MHD_OPTION_CONNECTION_LIMIT, 4096U, MHD_OPTION_ARRAY,
	    tls ? pem : pem + 2, MHD_OPTION_END);
	sigset_t set;
	int got;

	if (d == NULL)
		die("libmicrohttpd");
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)sigwait(&set, &got);
	MHD_stop_daemon(d);
	free(pem[0].ptr_value);
	free(pem[1].ptr_value);
	return 0;
}

/* ---- requests ---- */

struct client {
	int epoll;
	const char *secret;
	unsigned users, next_user;
	uint64_t event;
	int64_t base_ms;
	int setup;
	uint64_t waiting, done, failed;
	uint32_t *latencies;
};

struct connection {
	int fd;
	char *out;
	size_t out_len, out_at;
	char in[8192];
	size_t in_len;
	int64_t began_us;
};

static size_t put_event(struct client *c, char *at, size_t room,
    unsigned user, const char *rest)
{
	uint64_t n = ++c->event;

	return (size_t)snprintf(at, room, "{\"mode\":\"active\",\"timestamp\":%lld,"
	    "\"source\":{\"type\":\"user\",\"userId\":\"U%032x\"},"
	    "\"webhookEventId\":\"01BENCH%019llu\",\"deliveryContext\":"
	    "{\"isRedelivery\":false},\"replyToken\":\"%032llx\",%s}",
	    (long long)(c->base_ms + (int64_t)(n / 16)), user,
	    (unsigned long long)n, (unsigned long long)n, rest);
}

static size_t put_text(struct client *c, char *at, size_t room, unsigned user,
    const char *text)
{
	char rest[200];

	(void)snprintf(rest, sizeof(rest), "\"type\":\"message\",\"message\":"
	    "{\"id\":\"%llu\",\"type\":\"text\",\"text\":\"%s\"}",
	    (unsigned long long)(c->event + 1), text);
	return put_event(c, at, room, user, rest);
}

static size_t put_setup(struct client *c, char *body, size_t room)
{
	static const char *const texts[] = {"start", "yes", "yes", "1"};
	size_t len = 0;

	for (unsigned i = 0; i < SETUP_USERS && c->next_user < c->users; i++) {
		for (size_t t = 0; t < 4; t++) {
			if (len > 0)
				body[len++] = ',';
			c->event += 16; /* in this order */
			len += put_text(c, body + len, room - len,
			    c->next_user, texts[t]);
		}
		c->next_user++;
	}
	return len;
}

static size_t put_press(struct client *c, char *body, size_t room)
{
	char rest[100];
	unsigned user = c->next_user++ % c->users;

	(void)snprintf(rest, sizeof(rest), "\"type\":\"postback\","
	    "\"postback\":{\"data\":\"a:3:%u\"}", (unsigned)(c->event % 8));
	return put_event(c, body, room, user, rest);
}

static void sign(const char *secret, const char *body, size_t len,
    char ret[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)])
{
	crypto_auth_hmacsha256_state s;
	uint8_t mac[32];

	crypto_auth_hmacsha256_init(&s, (const uint8_t *)secret,
	    strlen(secret));
	crypto_auth_hmacsha256_update(&s, (const uint8_t *)body, len);
	crypto_auth_hmacsha256_final(&s, mac);
	sodium_bin2base64(ret, sodium_base64_ENCODED_LEN(32,
	    sodium_base64_VARIANT_ORIGINAL), mac, 32,
	    sodium_base64_VARIANT_ORIGINAL);
}

static void make_request(struct client *c, struct connection *k)
{
	static char body[BODY_MAX];
	char signature[sodium_base64_ENCODED_LEN(32,
	    sodium_base64_VARIANT_ORIGINAL)];
	size_t len = (size_t)snprintf(body, sizeof(body),
	    "{\"destination\":\"U%032x\",\"events\":[", 0);

	len += c->setup ? put_setup(c, body + len, sizeof(body) - len - 4) :
	    put_press(c, body + len, sizeof(body) - len - 4);
	body[len++] = ']';
	body[len++] = '}';
	sign(c->secret, body, len, signature);
	k->out_len = (size_t)snprintf(k->out, BODY_MAX, "POST /line/line "
	    "HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
	    "X-Line-Signature: %s\r\nContent-Length: %zu\r\n\r\n", signature,
	    len);
	memcpy(k->out + k->out_len, body, len);
	k->out_len += len;
	k->out_at = k->in_len = 0;
	k->began_us = now_us();
	c->waiting++;
}

/* ---- connections ---- */

static void push(struct client *c, struct connection *k)
{
	while (k->out_at < k->out_len) {
		ssize_t n = send(k->fd, k->out + k->out_at,
		    k->out_len - k->out_at, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			die("send");
		k->out_at += (size_t)n;
	}
	struct epoll_event ev = {.events = k->out_at < k->out_len ?
	    EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = k};
	if (epoll_ctl(c->epoll, EPOLL_CTL_MOD, k->fd, &ev) != 0)
		die("epoll_ctl");
}

/* 1 when the whole answer is here. */
static int is_whole(struct connection *k)
{
	char *end, *length;

	k->in[k->in_len] = '\0';
	end = strstr(k->in, "\r\n\r\n");
	if (end == NULL)
		return 0;
	length = strcasestr(k->in, "\r\ncontent-length:");
	return length == NULL || length > end ||
	    k->in_len >= (size_t)(end - k->in) + 4 + (size_t)atol(length + 17);
}

static void pull(struct client *c, struct connection *k, int64_t until)
{
	ssize_t n = recv(k->fd, k->in + k->in_len,
	    sizeof(k->in) - 1 - k->in_len, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("the server hung up");
	k->in_len += (size_t)n;
	if (!is_whole(k))
		return;
	c->waiting--;
	if (strncmp(k->in, "HTTP/1.1 20", 11) != 0)
		c->failed++;
	else if (c->done < LATENCIES_MAX)
		c->latencies[c->done++] = (uint32_t)(now_us() - k->began_us);
	if (c->setup ? c->next_user < c->users : now_us() < until) {
		make_request(c, k);
		push(c, k);
	} else {
		k->in_len = 0;
	}
}

static void open_connection(struct client *c, struct connection *k,
    unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	    .sin_port = htons((uint16_t)port)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = k};
	int one = 1;

	k->fd = socket(AF_INET, SOCK_STREAM, 0);
	k->out = malloc(BODY_MAX);
	if (k->fd < 0 || k->out == NULL ||
	    connect(k->fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		die("connect");
	(void)setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fcntl(k->fd, F_SETFL, O_NONBLOCK) != 0 ||
	    epoll_ctl(c->epoll, EPOLL_CTL_ADD, k->fd, &ev) != 0)
		die("epoll");
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void report(struct client *c, double seconds)
{
	struct rusage r;

	(void)getrusage(RUSAGE_SELF, &r);
	qsort(c->latencies, c->done, sizeof(*c->latencies), compare);
	(void)printf("{\"requests\":%llu,\"unanswered\":%llu,\"failed\":%llu,\"per_s\":%.0f,"
	    "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"client_cpu_s\":%.2f}\n",
	    (unsigned long long)c->done, (unsigned long long)c->waiting,
	    (unsigned long long)c->failed,
	    (double)c->done / seconds,
	    c->done == 0 ? 0 : c->latencies[c->done / 2] / 1000.0,
	    c->done == 0 ? 0 : c->latencies[c->done * 99 / 100] / 1000.0,
	    (double)r.ru_utime.tv_sec + (double)r.ru_utime.tv_usec / 1e6 +
	    (double)r.ru_stime.tv_sec + (double)r.ru_stime.tv_usec / 1e6);
}

static void loop(struct client *c, int64_t until)
{
	struct epoll_event events[256];

	while (c->waiting > 0 && now_us() < until + 10000000) {
		int n = epoll_wait(c->epoll, events, 256, 1000);

		for (int i = 0; i < n; i++) {
			struct connection *k = events[i].data.ptr;

			if (events[i].events & EPOLLOUT)
				push(c, k);
			if (events[i].events & (EPOLLIN | EPOLLHUP))
				pull(c, k, until);
		}
	}
}

static int run_load(int argc, char **argv)
{
	unsigned port = (unsigned)atoi(argv[2]), len = (unsigned)atoi(argv[3]);
	struct client c = {.epoll = epoll_create1(0), .secret = argv[5],
	    .users = (unsigned)atoi(argv[6]), .setup = argc > 7,
	    .latencies = malloc(LATENCIES_MAX * sizeof(uint32_t))};
	struct connection *list = calloc(len, sizeof(*list));
	int64_t began, until;

	if (list == NULL || c.latencies == NULL || sodium_init() < 0)
		die("memory");
	/* later than the setup's, not later than now */
	c.base_ms = ((int64_t)time(NULL) - (c.setup ? 7200 : 3600)) * 1000;
	c.event = c.setup ? 0 : (uint64_t)time(NULL) << 32;
	c.base_ms -= (int64_t)(c.event / 16);
	for (unsigned i = 0; i < len; i++)
		open_connection(&c, &list[i], port);
	began = now_us();
	until = began + (int64_t)atoi(argv[4]) * 1000000;
	for (unsigned i = 0; i < len && (!c.setup ||
	    c.next_user < c.users); i++) {
		make_request(&c, &list[i]);
		push(&c, &list[i]);
	}
	loop(&c, until);
	report(&c, (double)(now_us() - began) / 1e6);
	return c.failed > 0 || c.waiting > 0;
}

int main(int argc, char **argv)
{
	if ((argc == 4 || argc == 6) && strcmp(argv[1], "bare") == 0)
		return run_bare(argc, argv);
	if (argc >= 7 && strcmp(argv[1], "load") == 0)
		return run_load(argc, argv);
	(void)fprintf(stderr, "usage: bench_webhook bare PORT THREADS [CERTIFICATE KEY] | "
	    "load PORT CONNECTIONS SECONDS SECRET USERS [setup]\n");
	return 2;
}
