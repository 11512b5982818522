#include "app/serve/witness_post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exchange {
	CURL *easy;                     /* NULL: not under way */
	struct buf request, answer;
};

struct witness_post {
	CURLM *multi;
	const char *ca;
	int open;                       /* slots under way */
	struct exchange slots[WITNESS_POST_SLOTS];
};

static void close_exchange(struct witness_post *p, struct exchange *x)
{
	if (x->easy == NULL)
		return;
	(void)curl_multi_remove_handle(p->multi, x->easy);
	curl_easy_cleanup(x->easy);
	x->easy = NULL;
	p->open--;
}

void witness_post_free(struct witness_post *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < WITNESS_POST_SLOTS; i++) {
		close_exchange(p, &p->slots[i]);
		buf_release(&p->slots[i].request);
		buf_release(&p->slots[i].answer);
	}
	if (p->multi != NULL)
		(void)curl_multi_cleanup(p->multi);
	free(p);
}

enum err witness_post_new(const char *ca, struct witness_post **ret)
{
	struct witness_post *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NOMEM;
	p->ca = ca;
	p->multi = curl_multi_init();
	/* Two witnesses of one host are two connections. */
	if (p->multi == NULL || curl_multi_setopt(p->multi,
	    CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) != CURLM_OK) {
		witness_post_free(p);
		return ERR_NOMEM;
	}
	*ret = p;
	return ERR_OK;
}

/* ---- one exchange ---- */

static size_t keep(char *data, size_t one, size_t len, void *ctx)
{
	return buf_append(ctx, data, one * len) == ERR_OK ? one * len : 0;
}

static size_t pass(char *data, size_t one, size_t len, void *ctx)
{
	(void)data;
	(void)ctx;
	return one * len;
}

static int is_usable(const char *url)
{
	return strncmp(url, "https://", 8) == 0 ||
	    strncmp(url, "http://127.0.0.1:", 17) == 0;
}

static CURLcode set_body(CURL *c, struct exchange *x)
{
	CURLcode e = curl_easy_setopt(c, CURLOPT_POST, 1L);

	e = e ? e : curl_easy_setopt(c, CURLOPT_POSTFIELDS, x->request.data);
	e = e ? e : curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)x->request.len);
	e = e ? e : curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
	e = e ? e : curl_easy_setopt(c, CURLOPT_WRITEDATA, &x->answer);
	return e ? e : curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, pass);
}

/* QUICK_EXIT: a name that nobody looks up is left to its own thread when the
 * time is over; without it the end would wait for that thread, and everybody
 * else with it. */
static CURLcode set_way(CURL *c, const struct witness_post *p,
    const char *url, int64_t ms)
{
	CURLcode e = curl_easy_setopt(c, CURLOPT_URL, url);

	e = e ? e : curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
	e = e ? e : curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	e = e ? e : curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)ms);
	e = e ? e : curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	e = e ? e : curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	if (p->ca[0] != '\0')
		e = e ? e : curl_easy_setopt(c, CURLOPT_CAINFO, p->ca);
	return e;
}

enum err witness_post_begin(struct witness_post *p, size_t slot,
    const char *base, struct buf *request, int64_t ms)
{
	struct exchange *x = &p->slots[slot];
	char url[WITNESS_POST_URL_MAX + 32];
	size_t len = strlen(base);

	MUST_HOLD(slot < WITNESS_POST_SLOTS && x->easy == NULL);
	buf_release(&x->request);
	buf_release(&x->answer);
	x->answer.max = WITNESS_POST_ANSWER_MAX;
	x->request = *request;
	*request = (struct buf){0};
	while (len > 0 && base[len - 1] == '/')
		len--;
	if (len >= WITNESS_POST_URL_MAX || !is_usable(base))
		return ERR_SYNTAX;
	(void)snprintf(url, sizeof(url), "%.*s/add-checkpoint", (int)len,
	    base);
	if ((x->easy = curl_easy_init()) == NULL)
		return ERR_NOMEM;
	p->open++;
	if (set_body(x->easy, x) != CURLE_OK ||
	    set_way(x->easy, p, url, ms < 1 ? 1 : ms) != CURLE_OK ||
	    curl_multi_add_handle(p->multi, x->easy) != CURLM_OK) {
		close_exchange(p, x);
		return ERR_NOMEM;
	}
	return ERR_OK;
}

/* ---- all of them ---- */

enum err witness_post_wait(struct witness_post *p, int64_t ms)
{
	int running = 0, moved = 0;

	if (curl_multi_perform(p->multi, &running) != CURLM_OK)
		return ERR_IO;
	if (running < p->open)          /* one is over, and not told yet */
		return ERR_OK;
	if (ms > 0 && curl_multi_poll(p->multi, NULL, 0, (int)ms, &moved) !=
	    CURLM_OK)
		return ERR_IO;
	return curl_multi_perform(p->multi, &running) == CURLM_OK ? ERR_OK :
	    ERR_IO;
}

void witness_post_wake(struct witness_post *p)
{
	(void)curl_multi_wakeup(p->multi);
}

static size_t slot_of(const struct witness_post *p, const CURL *easy)
{
	size_t i = 0;

	while (i < WITNESS_POST_SLOTS && p->slots[i].easy != easy)
		i++;
	MUST_HOLD(i < WITNESS_POST_SLOTS);
	return i;
}

int witness_post_next(struct witness_post *p, struct witness_post_done *ret)
{
	int left = 0;
	CURLMsg *m = curl_multi_info_read(p->multi, &left);
	struct exchange *x;

	if (m == NULL || m->msg != CURLMSG_DONE)
		return 0;
	*ret = (struct witness_post_done){
		.slot = slot_of(p, m->easy_handle)};
	x = &p->slots[ret->slot];
	if (m->data.result == CURLE_OK)
		(void)curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE,
		    &ret->status);
	close_exchange(p, x);
	ret->answer = bytes_buf(&x->answer);
	return 1;
}
