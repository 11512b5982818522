#include "app/serve/session.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "app/serve/route.h"
#include "core/encode.h"

const struct text_schema session_schema = {
	.kind = "session",
	.keys = (const char *const[]){"origin", "host", "role", "owner",
	    "name", "nonce", "issued", "expires", NULL},
};

struct challenge {
	uint8_t sha256[DIGEST_LEN];     /* of the text */
	int64_t expires_unix_s;         /* 0: free */
	struct serve_caller who;
};

struct token {
	uint8_t sha256[DIGEST_LEN];
	int64_t opened, until;          /* until 0: free */
	uint64_t order;
	struct serve_caller who;
};

struct sessions {
	pthread_mutex_t lock;
	size_t next;                    /* challenge to be replaced */
	uint64_t order;
	struct challenge challenges[SESSION_CHALLENGES_MAX];
	struct token tokens[SESSION_TOKENS_MAX];
};

struct sessions *sessions_new(void)
{
	struct sessions *s = calloc(1, sizeof(*s));

	if (s != NULL)
		pthread_mutex_init(&s->lock, NULL);
	return s;
}

void sessions_free(struct sessions *s)
{
	if (s == NULL)
		return;
	pthread_mutex_destroy(&s->lock);
	secret_wipe(s, sizeof(*s));
	free(s);
}

/* ---- challenges ---- */

static enum err write_challenge(const struct serve_caller *who,
    const struct session_place *place, int64_t now_unix_s, struct buf *out)
{
	struct text_writer w;
	uint8_t nonce[16];

	secret_random(nonce, sizeof(nonce));
	text_begin(&w, &session_schema, out);
	text_put(&w, "origin", place->origin);
	text_put(&w, "host", place->host);
	text_put(&w, "role", route_role_name(who->role));
	text_put(&w, "owner", who->owner[0] == '\0' ? "-" : who->owner);
	text_put(&w, "name", who->name);
	text_put_hex(&w, "nonce", nonce, sizeof(nonce));
	text_put_time(&w, "issued", now_unix_s);
	text_put_time(&w, "expires", now_unix_s + SESSION_CHALLENGE_S);
	return text_end(&w, NULL);
}

enum err sessions_challenge(struct sessions *s,
    const struct serve_caller *who, const struct session_place *place,
    int64_t now_unix_s, struct buf *out)
{
	struct challenge *c;
	size_t start = out->len;
	uint8_t sha256[DIGEST_LEN];

	RETURN_IF(write_challenge(who, place, now_unix_s, out));
	digest_sha256(bytes_of(out->data + start, out->len - start), sha256);
	pthread_mutex_lock(&s->lock);
	c = &s->challenges[s->next];
	s->next = (s->next + 1) % SESSION_CHALLENGES_MAX;
	memcpy(c->sha256, sha256, sizeof(sha256));
	c->expires_unix_s = now_unix_s + SESSION_CHALLENGE_S;
	c->who = *who;
	pthread_mutex_unlock(&s->lock);
	return ERR_OK;
}

enum err sessions_redeem(struct sessions *s, struct bytes text,
    int64_t now_unix_s, struct serve_caller *ret)
{
	uint8_t sha256[DIGEST_LEN];
	enum err e = ERR_NOT_FOUND;

	digest_sha256(text, sha256);
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SESSION_CHALLENGES_MAX; i++) {
		struct challenge *c = &s->challenges[i];

		if (c->expires_unix_s == 0 ||
		    memcmp(c->sha256, sha256, sizeof(sha256)) != 0)
			continue;
		if (c->expires_unix_s >= now_unix_s) {
			*ret = c->who;
			e = ERR_OK;
		}
		*c = (struct challenge){0};
		break;
	}
	pthread_mutex_unlock(&s->lock);
	return e;
}

/* ---- tokens ---- */

static int same_caller(const struct serve_caller *a,
    const struct serve_caller *b)
{
	return a->role == b->role && strcmp(a->owner, b->owner) == 0 &&
	    strcmp(a->name, b->name) == 0;
}

/* A free place, or that of the oldest; of this caller where it has enough. */
static struct token *place_for(struct sessions *s,
    const struct serve_caller *who, int64_t now_unix_s)
{
	struct token *oldest = &s->tokens[0], *own = NULL, *unused = NULL;
	size_t count = 0;

	for (size_t i = 0; i < SESSION_TOKENS_MAX; i++) {
		struct token *t = &s->tokens[i];

		if (t->until < now_unix_s) {
			unused = unused == NULL ? t : unused;
			continue;
		}
		if (t->order < oldest->order)
			oldest = t;
		if (!same_caller(&t->who, who))
			continue;
		count++;
		if (own == NULL || t->order < own->order)
			own = t;
	}
	if (count >= SESSION_PER_CALLER_MAX)
		return own;
	return unused != NULL ? unused : oldest;
}

static void hash_token(const char *token, uint8_t ret[DIGEST_LEN])
{
	digest_sha256(bytes_str(token), ret);
}

/* "azs_" and 43 characters that need no escape anywhere. */
static enum err new_token(char ret[SESSION_TOKEN_LEN + 1])
{
	CLEANUP(buf_release) struct buf text = {0};
	SECRET_BYTES(raw, 32);

	secret_random(raw, sizeof(raw));
	RETURN_IF(buf_append_str(&text, "azs_"));
	RETURN_IF(encode_b64(raw, sizeof(raw), 0, &text));
	MUST_HOLD(text.len == SESSION_TOKEN_LEN);
	for (size_t i = 0; i < text.len; i++) {
		char c = (char)text.data[i];

		ret[i] = c == '+' ? '-' : c == '/' ? '_' : c;
	}
	ret[text.len] = '\0';
	return ERR_OK;
}

enum err sessions_open(struct sessions *s, const struct serve_caller *who,
    int64_t now_unix_s, int64_t until_unix_s, char ret[SESSION_TOKEN_LEN + 1])
{
	struct token *t;

	RETURN_IF(new_token(ret));
	pthread_mutex_lock(&s->lock);
	t = place_for(s, who, now_unix_s);
	hash_token(ret, t->sha256);
	t->who = *who;
	t->opened = now_unix_s;
	t->until = until_unix_s;
	t->order = ++s->order;
	pthread_mutex_unlock(&s->lock);
	return ERR_OK;
}

static struct token *find(struct sessions *s, const char *token)
{
	uint8_t sha256[DIGEST_LEN];

	hash_token(token, sha256);
	for (size_t i = 0; i < SESSION_TOKENS_MAX; i++)
		if (s->tokens[i].until != 0 && secret_bytes_equal(
		    s->tokens[i].sha256, sha256, sizeof(sha256)))
			return &s->tokens[i];
	return NULL;
}

int sessions_find(struct sessions *s, const char *token, int64_t now_unix_s,
    struct serve_caller *ret)
{
	struct token *t;
	int lives;

	if (strlen(token) != SESSION_TOKEN_LEN)
		return 0;
	pthread_mutex_lock(&s->lock);
	t = find(s, token);
	/* a clock that was set back does not lengthen a session */
	lives = t != NULL && now_unix_s <= t->until && now_unix_s >= t->opened;
	if (lives)
		*ret = t->who;
	pthread_mutex_unlock(&s->lock);
	return lives;
}

void sessions_close(struct sessions *s, const char *token)
{
	struct token *t;

	pthread_mutex_lock(&s->lock);
	t = find(s, token);
	if (t != NULL)
		*t = (struct token){0};
	pthread_mutex_unlock(&s->lock);
}

void sessions_drop_key(struct sessions *s, const uint8_t ssh[32])
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SESSION_TOKENS_MAX; i++)
		if (s->tokens[i].until != 0 &&
		    memcmp(s->tokens[i].who.ssh, ssh, 32) == 0)
			s->tokens[i] = (struct token){0};
	pthread_mutex_unlock(&s->lock);
}

size_t sessions_count(struct sessions *s, int64_t now_unix_s)
{
	size_t count = 0;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SESSION_TOKENS_MAX; i++)
		count += s->tokens[i].until >= now_unix_s &&
		    s->tokens[i].until != 0;
	pthread_mutex_unlock(&s->lock);
	return count;
}
