/* The parts of the service that are given everything: front check, ranges,
 * routes, rates, sessions. */
#include "app/serve/front.h"
#include "app/serve/range.h"
#include "app/serve/rate.h"
#include "app/serve/route.h"
#include "app/serve/session.h"
#include "core/secret.h"
#include "tests/unit/unit.h"

/* ---- front ---- */

struct head {
	const char *method, *version, *target;
	const char *headers[8];         /* "name: value" */
	enum front_fault fault;
};

static void put(struct front *f, const char *line)
{
	const char *colon = strchr(line, ':');

	front_header(f, bytes_of(line, (size_t)(colon - line)),
	    bytes_str(colon + 2));
}

static const struct head heads[] = {
	{"GET", "HTTP/1.1", "/a", {"Host: x"}, FRONT_FINE},
	{"POST", "HTTP/1.1", "/a?b=%20c", {"Host: x", "Content-Length: 0"},
	    FRONT_FINE},
	{"POST", "HTTP/1.1", "/a", {"Host: x", "Transfer-Encoding: CHUNKED"},
	    FRONT_FINE},
	{"GET", "HTTP/1.0", "/a", {"Host: x"}, FRONT_VERSION},
	{"PATCH", "HTTP/1.1", "/a", {"Host: x"}, FRONT_METHOD},
	{"get", "HTTP/1.1", "/a", {"Host: x"}, FRONT_METHOD},
	{"GET", "HTTP/1.1", "a", {"Host: x"}, FRONT_TARGET},
	{"GET", "HTTP/1.1", "*", {"Host: x"}, FRONT_TARGET},
	{"GET", "HTTP/1.1", "/a/./b", {"Host: x"}, FRONT_TARGET},
	{"GET", "HTTP/1.1", "/a/..", {"Host: x"}, FRONT_TARGET},
	{"GET", "HTTP/1.1", "/a/..?b", {"Host: x"}, FRONT_TARGET},
	{"GET", "HTTP/1.1", "/a//b", {"Host: x"}, FRONT_TARGET},
	{"GET", "HTTP/1.1", "/a%2fb", {"Host: x"}, FRONT_TARGET},
	{"GET", "HTTP/1.1", "/a\\b", {"Host: x"}, FRONT_TARGET},
	{"GET", "HTTP/1.1", "/a\x7f", {"Host: x"}, FRONT_TARGET},
	{"GET", "HTTP/1.1", "/..a/.b.", {"Host: x"}, FRONT_FINE},
	{"GET", "HTTP/1.1", "/a", {NULL}, FRONT_HOST},
	{"GET", "HTTP/1.1", "/a", {"Host: x", "host: x"}, FRONT_HOST},
	{"GET", "HTTP/1.1", "/a", {"Host: x", "a b: c"}, FRONT_NAME},
	{"GET", "HTTP/1.1", "/a", {"Host: x", "a\xc3\xa9: c"}, FRONT_NAME},
	{"GET", "HTTP/1.1", "/a", {"Host: x", "a: \x01"}, FRONT_VALUE},
	{"GET", "HTTP/1.1", "/a", {"Host: x", "a: \xc3\xa9"}, FRONT_VALUE},
	{"POST", "HTTP/1.1", "/a", {"Host: x", "Content-Length: 1",
	    "content-length: 1"}, FRONT_FRAMING},
	{"POST", "HTTP/1.1", "/a", {"Host: x", "Content-Length: 1",
	    "transfer-encoding: chunked"}, FRONT_FRAMING},
	{"POST", "HTTP/1.1", "/a", {"Host: x", "Content-Length: 1 "},
	    FRONT_LENGTH},
	{"POST", "HTTP/1.1", "/a", {"Host: x",
	    "Content-Length: 1234567890123456789"}, FRONT_LENGTH},
	{"POST", "HTTP/1.1", "/a", {"Host: x", "Transfer-Encoding: gzip"},
	    FRONT_CODING},
	{"POST", "HTTP/1.1", "/a", {"Host: x",
	    "Transfer-Encoding: chunked "}, FRONT_CODING},
	{"POST", "HTTP/1.1", "/a", {"Host: x", "Expect: 200-ok"},
	    FRONT_EXPECT},
	{"GET", "HTTP/1.1", "/a", {"Host: x", "Upgrade: h2c"},
	    FRONT_VERSION},
};

static void heads_are_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		struct front f = {0};

		front_line(&f, heads[i].method, heads[i].version,
		    heads[i].target);
		for (size_t k = 0; heads[i].headers[k] != NULL; k++)
			put(&f, heads[i].headers[k]);
		if (front_end(&f) != heads[i].fault)
			fail_msg("head %zu: %s instead of %s", i,
			    front_name(f.fault), front_name(heads[i].fault));
	}
	for (unsigned f = FRONT_FINE + 1; f < FRONT_FAULTS; f++) {
		assert_true(front_status((enum front_fault)f) >= 400);
		assert_true(strlen(front_name((enum front_fault)f)) > 0);
	}
}

static void heads_are_bounded(void **state)
{
	static char value[FRONT_VALUE_MAX + 2], target[FRONT_TARGET_MAX + 2];
	struct front f = {0};

	(void)state;
	memset(value, 'a', sizeof(value) - 1);
	memset(target, 'a', sizeof(target) - 1);
	target[0] = '/';
	front_header(&f, bytes_str("a"), bytes_of(value, FRONT_VALUE_MAX));
	assert_int_equal(f.fault, FRONT_FINE);
	front_header(&f, bytes_str("a"), bytes_of(value,
	    FRONT_VALUE_MAX + 1));
	assert_int_equal(f.fault, FRONT_HEADERS);
	f = (struct front){0};
	for (int i = 0; i < FRONT_HEADERS_MAX; i++)
		front_header(&f, bytes_str("a"), bytes_str("b"));
	assert_int_equal(f.fault, FRONT_FINE);
	front_header(&f, bytes_str("a"), bytes_str("b"));
	assert_int_equal(f.fault, FRONT_HEADERS);
	f = (struct front){0};
	front_line(&f, "GET", "HTTP/1.1", target);
	assert_int_equal(f.fault, FRONT_TARGET);
	f = (struct front){0};
	target[FRONT_TARGET_MAX] = '\0';
	front_line(&f, "GET", "HTTP/1.1", target);
	assert_int_equal(f.fault, FRONT_FINE);
}

/* ---- ranges ---- */

static const struct {
	const char *range, *if_range, *if_none_match, *if_match;
	unsigned status;
	uint64_t first, len;
} ranges[] = {
	{NULL, NULL, NULL, NULL, 200, 0, 100},
	{"bytes=0-", NULL, NULL, NULL, 206, 0, 100},
	{"bytes=0-0", NULL, NULL, NULL, 206, 0, 1},
	{"Bytes=10-19", NULL, NULL, NULL, 206, 10, 10},
	{"bytes=99-", NULL, NULL, NULL, 206, 99, 1},
	{"bytes=99-1000", NULL, NULL, NULL, 206, 99, 1},
	{"bytes=-1", NULL, NULL, NULL, 206, 99, 1},
	{"bytes=-100", NULL, NULL, NULL, 206, 0, 100},
	{"bytes=-1000", NULL, NULL, NULL, 206, 0, 100},
	{"bytes=-0", NULL, NULL, NULL, 416, 0, 100},
	{"bytes=100-", NULL, NULL, NULL, 416, 0, 100},
	{"bytes=5-4", NULL, NULL, NULL, 200, 0, 100},
	{"bytes=0-1,3-4", NULL, NULL, NULL, 200, 0, 100},
	{"bytes=", NULL, NULL, NULL, 200, 0, 100},
	{"bytes=a-b", NULL, NULL, NULL, 200, 0, 100},
	{"bytes=1-2x", NULL, NULL, NULL, 200, 0, 100},
	{"bytes=1", NULL, NULL, NULL, 200, 0, 100},
	{"bytes=99999999999999999999-", NULL, NULL, NULL, 200, 0, 100},
	{"items=0-1", NULL, NULL, NULL, 200, 0, 100},
	{"bytes=0-0", "\"e\"", NULL, NULL, 206, 0, 1},
	{"bytes=0-0", "\"f\"", NULL, NULL, 200, 0, 100},
	{"bytes=0-0", "W/\"e\"", NULL, NULL, 200, 0, 100},
	{NULL, NULL, "\"e\"", NULL, 304, 0, 0},
	{NULL, NULL, "\"a\", \"e\"", NULL, 304, 0, 0},
	{NULL, NULL, "*", NULL, 304, 0, 0},
	{NULL, NULL, "\"ee\"", NULL, 200, 0, 100},
	{NULL, NULL, NULL, "\"e\"", 200, 0, 100},
	{NULL, NULL, NULL, "\"f\"", 412, 0, 0},
};

static void ranges_are_decided(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		const struct range_asked a = {ranges[i].range,
		    ranges[i].if_range, ranges[i].if_none_match,
		    ranges[i].if_match, "\"e\"", 100};
		struct range_served r;

		range_decide(&a, &r);
		if (r.status != ranges[i].status || ((r.status == 200 ||
		    r.status == 206) && (r.first != ranges[i].first ||
		    r.len != ranges[i].len)))
			fail_msg("range %zu: %u, %llu of %llu", i, r.status,
			    (unsigned long long)r.first,
			    (unsigned long long)r.len);
	}
}

/* ---- routes ---- */

static void patterns_match(void **state)
{
	struct route_params p;

	(void)state;
	assert_true(route_matches("/v1/plans/{plan}/packet",
	    "/v1/plans/PLAN-1/packet", &p));
	assert_string_equal(p.values[0], "PLAN-1");
	assert_false(route_matches("/v1/plans/{plan}/packet",
	    "/v1/plans/PLAN-1/packet/", &p));
	assert_false(route_matches("/v1/plans/{plan}/packet",
	    "/v1/plans//packet", &p));
	assert_false(route_matches("/v1/plans/{plan}", "/v1/plans/a/b", &p));
	assert_true(route_matches("/t/{*}", "/t/0/x001/234.p/5", &p));
	assert_string_equal(p.values[0], "0/x001/234.p/5");
	assert_false(route_matches("/t/{*}", "/t/", &p));
}

/* Every row can be found, by its own method only, and no row hides another. */
static void every_route_is_found(void **state)
{
	const struct serve_route *r;

	(void)state;
	for (size_t i = 0; (r = route_at(i)) != NULL; i++) {
		char path[256];
		size_t n = 0;
		struct route_params p;
		int known = 0;

		for (const char *c = r->path; *c != '\0'; c++) {
			if (*c == '{')
				c += strcspn(c, "}");
			path[n++] = *c == '}' ? 'x' : *c;
		}
		path[n] = '\0';
		assert_ptr_equal(route_find(r->method, path, &p, &known), r);
		assert_null(route_find("PUT", path, &p, &known));
		assert_int_equal(known, 1);
		assert_non_null(r->operation);
		assert_non_null(r->run);
		assert_true((r->takes == NULL) == (r->body_max == 0));
	}
	assert_true(route_at(20) != NULL);
}

static void types_are_taken(void **state)
{
	static const struct serve_route r = {.takes = "a/b c/d"};
	static const struct serve_route any = {.takes = ""}, none = {0};

	(void)state;
	assert_true(route_takes(&r, "a/b"));
	assert_true(route_takes(&r, "C/D; charset=UTF-8"));
	assert_true(route_takes(&r, "a/b ;charset=\"utf-8\""));
	assert_false(route_takes(&r, "a/bc"));
	assert_false(route_takes(&r, "a/b; charset=x"));
	assert_false(route_takes(&r, "a/b; boundary=x"));
	assert_false(route_takes(&r, NULL));
	assert_true(route_takes(&any, NULL));
	assert_false(route_takes(&none, "a/b"));
}

/* ---- rates ---- */

static void rates_are_kept(void **state)
{
	struct rate *r = rate_new(10), *free_for_all = rate_new(0);
	int allowed = 0;

	(void)state;
	assert_non_null(r);
	for (int i = 0; i < 100; i++)
		allowed += rate_allows(r, "192.0.2.1", 1, 1000);
	assert_int_equal(allowed, 20);
	assert_int_equal(rate_allows(r, "192.0.2.2", 1, 1000), 1);
	assert_int_equal(rate_allows(r, "192.0.2.1", 1, 1099), 0);
	assert_int_equal(rate_allows(r, "192.0.2.1", 1, 1200), 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(rate_allows(free_for_all, "x", 1, 0), 1);
	rate_free(r);
	rate_free(free_for_all);
}

/* ---- sessions ---- */

#define NOW 1600000000

static const struct serve_caller seat_a = {.role = SERVE_CUSTODIAN,
	.owner = "14", .name = "a", .ssh = {1}};

static const struct session_place place = {"o.example/x", "h.example"};

static void challenges_are_used_once(void **state)
{
	struct sessions *s = sessions_new();
	CLEANUP(buf_release) struct buf text = {0};
	struct serve_caller who = {0};

	(void)state;
	assert_ok(sessions_challenge(s, &seat_a, &place, NOW, &text));
	assert_non_null(strstr(buf_text(&text), "owner: 14\nname: a\n"));
	assert_err(sessions_redeem(s, bytes_of(text.data, text.len - 1), NOW,
	    &who), ERR_NOT_FOUND);
	assert_ok(sessions_redeem(s, bytes_buf(&text), NOW, &who));
	assert_string_equal(who.name, "a");
	assert_err(sessions_redeem(s, bytes_buf(&text), NOW, &who),
	    ERR_NOT_FOUND);
	buf_clear(&text);
	assert_ok(sessions_challenge(s, &seat_a, &place, NOW, &text));
	assert_err(sessions_redeem(s, bytes_buf(&text),
	    NOW + SESSION_CHALLENGE_S + 1, &who), ERR_NOT_FOUND);
	/* too late is used up, too */
	assert_err(sessions_redeem(s, bytes_buf(&text), NOW, &who),
	    ERR_NOT_FOUND);
	/* many others do not let an old one stay for ever */
	buf_clear(&text);
	assert_ok(sessions_challenge(s, &seat_a, &place, NOW, &text));
	for (int i = 0; i < SESSION_CHALLENGES_MAX; i++) {
		CLEANUP(buf_release) struct buf other = {0};

		assert_ok(sessions_challenge(s, &seat_a, &place, NOW,
		    &other));
	}
	assert_err(sessions_redeem(s, bytes_buf(&text), NOW, &who),
	    ERR_NOT_FOUND);
	sessions_free(s);
}

static void tokens_live_and_die(void **state)
{
	struct sessions *s = sessions_new();
	char first[SESSION_TOKEN_LEN + 1], token[SESSION_TOKEN_LEN + 1];
	struct serve_caller who = {0};

	(void)state;
	assert_ok(sessions_open(s, &seat_a, NOW, NOW + 60, first));
	assert_int_equal(sessions_find(s, first, NOW + 60, &who), 1);
	assert_string_equal(who.owner, "14");
	assert_int_equal(sessions_find(s, first, NOW + 61, &who), 0);
	/* a clock that was set back gives nothing */
	assert_int_equal(sessions_find(s, first, NOW - 1, &who), 0);
	for (size_t i = 0; i < SESSION_TOKEN_LEN; i++) {
		memcpy(token, first, sizeof(token));
		token[i] ^= 1;
		assert_int_equal(sessions_find(s, token, NOW, &who), 0);
	}
	assert_int_equal(sessions_find(s, "", NOW, &who), 0);
	/* of one caller only so many; the oldest goes */
	for (int i = 0; i < SESSION_PER_CALLER_MAX; i++)
		assert_ok(sessions_open(s, &seat_a, NOW, NOW + 60, token));
	assert_int_equal(sessions_find(s, first, NOW, &who), 0);
	assert_int_equal(sessions_find(s, token, NOW, &who), 1);
	assert_int_equal(sessions_count(s, NOW), SESSION_PER_CALLER_MAX);
	sessions_close(s, token);
	assert_int_equal(sessions_find(s, token, NOW, &who), 0);
	sessions_drop_key(s, seat_a.ssh);
	assert_int_equal(sessions_count(s, NOW), 0);
	sessions_free(s);
}

static void hosts_of_addresses(void **state)
{
	static const struct {
		const char *url, *host;
	} cases[] = {
		{"https://h.example", "h.example"},
		{"https://H.Example:8443/x", "h.example"},
		{"http://127.0.0.1:80", "127.0.0.1"},
		{"https://[2001:DB8::1]:443/", "[2001:db8::1]"},
		{"https://a@b@h.example:1", "h.example"},
		{"https://h.example?x@evil", "h.example"},
		{"https://h.example#@evil", "h.example"},
		{"https://", NULL}, {"h.example", NULL}, {"https://:1", NULL},
		{"https://a b", NULL}, {"https://[::1", NULL},
		{"https://\xe7\xa5\x9e.example", NULL},
		{"https://-x", NULL}, {"https://h_x", NULL},
	};
	char got[SESSION_HOST_MAX + 1], url[400] = "https://";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int is = session_host_of(cases[i].url, got);

		assert_int_equal(is, cases[i].host != NULL);
		if (is)
			assert_string_equal(got, cases[i].host);
	}
	memset(url + 8, 'a', SESSION_HOST_MAX + 1);
	assert_false(session_host_of(url, got));
	url[8 + SESSION_HOST_MAX] = '\0';
	assert_true(session_host_of(url, got));
	assert_true(session_is_loopback("localhost"));
	assert_false(session_is_loopback("localhost.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_judged),
		cmocka_unit_test(heads_are_bounded),
		cmocka_unit_test(ranges_are_decided),
		cmocka_unit_test(patterns_match),
		cmocka_unit_test(every_route_is_found),
		cmocka_unit_test(types_are_taken),
		cmocka_unit_test(rates_are_kept),
		cmocka_unit_test(challenges_are_used_once),
		cmocka_unit_test(hosts_of_addresses),
		cmocka_unit_test(tokens_live_and_die),
	};

	if (secret_process_init(NULL) != ERR_OK)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
