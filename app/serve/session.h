/* app/serve/session.h - who is on the line: challenges and tokens.
 *
 * A caller asks for a challenge (a text that names who it claims to be),
 * signs it in the namespace `session@azukari` and gets a token: 32 random
 * bytes, kept here as SHA-256 only and in memory only, bound to role, owner,
 * name and key, for a few minutes.  A token reads what its owner may read and
 * approves nothing: every act that changes state carries its own signature.
 *
 * A challenge is given to anybody, whether such a person exists or not, and
 * can be used once.  All functions may be called from any thread.
 */
#ifndef AZUKARI_APP_SERVE_SESSION_H
#define AZUKARI_APP_SERVE_SESSION_H

#include <stdint.h>

#include "app/serve/serve.h"
#include "core/text.h"

#define SESSION_TOKEN_LEN 47            /* "azs_" and 43 of base64url */
#define SESSION_CHALLENGE_S 120
#define SESSION_CHALLENGES_MAX 4096
#define SESSION_TOKENS_MAX 4096
#define SESSION_PER_CALLER_MAX 16

extern const struct text_schema session_schema;

struct sessions;
struct sessions *sessions_new(void);    /* NULL: no memory */
void sessions_free(struct sessions *s);

/* Where one asks.  The host is the one in the address the caller uses, which
 * it compares before it signs: nobody can pass a challenge on from a service of
 * another name. */
struct session_place {
	const char *origin;             /* of the gateway */
	const char *host;               /* see session_is_host */
};

#define SESSION_HOST_MAX 253

/* 1 for a host as it stands in an address, in small letters: a name, an IPv4
 * address, or an IPv6 address in brackets. */
int session_is_host(const char *host);
/* Of this machine itself: always a name of the service. */
int session_is_loopback(const char *host);
/* The host of an address ("https://HOST:PORT/…"), in small letters; 0 when
 * there is none. */
int session_host_of(const char *url, char ret[SESSION_HOST_MAX + 1]);

/* A fresh challenge for ${who} (its role, owner and name), appended to
 * ${out}.  When too many wait, the oldest is forgotten. */
enum err sessions_challenge(struct sessions *s,
    const struct serve_caller *who, const struct session_place *place,
    int64_t now_unix_s, struct buf *out) MUST_USE;

/* The challenge ${text} comes back: it is used up, and ${ret} is who it was
 * for (without a key).  ERR_NOT_FOUND: not one of ours, used, or too old. */
enum err sessions_redeem(struct sessions *s, struct bytes text,
    int64_t now_unix_s, struct serve_caller *ret) MUST_USE;

/* A token for a proven caller.  Of one caller at most SESSION_PER_CALLER_MAX
 * live; the oldest goes. */
enum err sessions_open(struct sessions *s, const struct serve_caller *who,
    int64_t now_unix_s, int64_t until_unix_s,
    char ret[SESSION_TOKEN_LEN + 1]) MUST_USE;

/* 1 and who it is, when ${token} lives. */
int sessions_find(struct sessions *s, const char *token, int64_t now_unix_s,
    struct serve_caller *ret);

/* Forget one; all of those whose key is no longer in force are forgotten with
 * sessions_drop_key. */
void sessions_close(struct sessions *s, const char *token);
void sessions_drop_key(struct sessions *s, const uint8_t ssh[32]);
size_t sessions_count(struct sessions *s, int64_t now_unix_s);

#endif
