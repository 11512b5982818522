/* What somebody is asked to sign, or has signed, beside the papers: a list of
 * erasures, the text of a drill, a challenge; and the JSON that the service is
 * handed with signed texts, claims and jobs. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "app/ops/drill.h"
#include "app/ops/erasure_order.h"
#include "app/serve/body.h"
#include "app/serve/session.h"

#define NOW 1790000000

static void
check_erasure(struct bytes in)
{
	CLEANUP(erasure_order_text_release) struct erasure_order_text t = {0};
	struct err_info info = {.line = 0};

	if (erasure_order_parse(in, &t, &info) != ERR_OK) {
		MUST_HOLD(info.message[0] != '\0' && t.text == NULL);
		return;
	}
	MUST_HOLD(t.tags_len > 0 && strlen(t.owner) > 0);
	MUST_HOLD(bytes_equal(text_bytes(t.text), in));
	for (size_t i = 1; i < t.tags_len; i++)
		MUST_HOLD(memcmp(t.tags[i - 1], t.tags[i], STORE_TAG_LEN) < 0);
}

static void
check_drill(struct bytes in)
{
	CLEANUP(drill_text_release) struct drill_text d = {0};
	struct err_info info = {.line = 0};

	if (drill_text_parse(in, &d, &info) != ERR_OK) {
		MUST_HOLD(info.message[0] != '\0' && d.text == NULL);
		return;
	}
	MUST_HOLD(d.ledger_size > 0);
	MUST_HOLD(bytes_equal(text_bytes(d.text), in));
}

/* A challenge is only what was given out, whatever it looks like. */
static void
check_session(struct bytes in)
{
	static struct sessions *sessions;
	CLEANUP(text_cleanup) struct text *t = NULL;
	const struct session_place place = {"gateway.example/2026", "localhost"};
	const struct serve_caller who = {.role = SERVE_CUSTODIAN,
	    .owner = "14", .name = "a"};
	CLEANUP(buf_release) struct buf given = {0};
	struct serve_caller found = {0};

	if (text_parse(in, &session_schema, &t, NULL) == ERR_OK)
		MUST_HOLD(bytes_equal(text_bytes(t), in));
	if (sessions == NULL)
		sessions = sessions_new();
	MUST_HOLD(sessions != NULL);
	MUST_HOLD(sessions_challenge(sessions, &who, &place, NOW, &given) ==
	    ERR_OK);
	MUST_HOLD(sessions_redeem(sessions, in, NOW, &found) ==
	    ERR_NOT_FOUND);
	MUST_HOLD(sessions_redeem(sessions, bytes_buf(&given), NOW, &found) ==
	    ERR_OK && strcmp(found.name, "a") == 0);
	MUST_HOLD(sessions_redeem(sessions, bytes_buf(&given), NOW, &found) ==
	    ERR_NOT_FOUND);
}

/* The host of an address is a host, and never anybody's before an "@". */
static void
check_host(const char *text)
{
	char host[SESSION_HOST_MAX + 1];

	if (!session_host_of(text, host))
		return;
	MUST_HOLD(session_is_host(host) && strlen(host) <= SESSION_HOST_MAX);
	MUST_HOLD(strchr(host, '@') == NULL && strchr(host, '/') == NULL);
}

static void
check_body(struct bytes in)
{
	static const char *const keys[] = {"plan", "owner", "request", "days",
	    "text", "signature", "shares", "role", "name", "host",
	    "challenge", NULL};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	struct serve_request q = {.serve = NULL};
	const char *text;

	MUST_HOLD(buf_append(&q.body, in.data, in.len) == ERR_OK);
	if (body_json(&q, keys, &doc) == ERR_OK)
		for (size_t i = 0; keys[i] != NULL; i++)
			if (body_text(&q, doc, keys[i], &text) == ERR_OK)
				MUST_HOLD(strlen(text) <= in.len);
	outcome_release(&q.outcome);
	buf_release(&q.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	char *text = malloc(size + 1);

	MUST_HOLD(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_host(text);
	free(text);
	check_erasure(in);
	check_drill(in);
	check_session(in);
	check_body(in);
	return 0;
}
