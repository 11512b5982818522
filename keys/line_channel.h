/* keys/line_channel.h - a LINE channel of a source: how it talks, its secrets.
 *
 * HOME/keys/line-OWNER-SOURCE.key, sealed to the gateway's own recipient
 * (docs/FORMATS.md section 3).  LINE gives a channel one secret; a new one
 * replaces the old at once, so two are kept until the old one is dropped: what
 * was signed before the change still verifies.
 */
#ifndef AZUKARI_KEYS_LINE_CHANNEL_H
#define AZUKARI_KEYS_LINE_CHANNEL_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/secret.h"
#include "keys/digest.h"
#include "keys/gateway_key.h"
#include "keys/names.h"

#define LINE_CHANNEL_SECRETS 2
#define LINE_CHANNEL_SECRET_MAX 128     /* characters */
#define LINE_CHANNEL_TOKEN_MAX 1024
#define LINE_CHANNEL_ID_LEN 33          /* U and 32 hex digits */
#define LINE_CHANNEL_SCOPES_MAX 3
#define LINE_CHANNEL_FIELD_MAX 32

struct line_channel {
	char owner[NAMES_OWNER_LEN + 1];
	char source[NAMES_WORD_MAX + 1];
	uint64_t generation;            /* rises with every change */
	int64_t created_unix_s;         /* of this generation */
	char destination[LINE_CHANNEL_ID_LEN + 1];      /* "": any */
	char survey[NAMES_WORD_MAX + 1];
	unsigned survey_version;
	uint8_t text_sha256[DIGEST_LEN];
	/* asked one by one; without the first there is no dialogue */
	char scopes[LINE_CHANNEL_SCOPES_MAX][NAMES_WORD_MAX + 1];
	/* the survey's field that the answer fills; "": none */
	char fields[LINE_CHANNEL_SCOPES_MAX][LINE_CHANNEL_FIELD_MAX + 1];
	size_t scopes_len;
	int english;                    /* else Japanese */
	struct secret *secrets[LINE_CHANNEL_SECRETS];   /* newest first */
	struct secret *token;           /* NULL: nothing can be sent */
};
/* Wipes; CLEANUP-able. */
void line_channel_release(struct line_channel *c);

/* ERR_SYNTAX for what the format cannot hold. */
enum err line_channel_check(const struct line_channel *c) MUST_USE;

/* SHA-256 of the lines from `destination` to `language`: what the channel asks,
 * without its secrets (FORMATS.md section 10, `configuration`). */
enum err line_channel_settings(const struct line_channel *c,
    uint8_t ret_sha256[DIGEST_LEN]) MUST_USE;

/* Write into ${dir} (HOME/keys), durable on return, replacing what is there.
 * ERR_SYNTAX for what the format cannot hold. */
enum err line_channel_write(const struct gateway_key *gateway,
    const char *dir, const struct line_channel *c) MUST_USE;

/* ERR_NOT_FOUND: no such channel; ERR_MISMATCH: another's file; otherwise as
 * gateway_key_read. */
enum err line_channel_read(const struct gateway_key *gateway,
    const char *dir, const char *owner, const char *source,
    struct line_channel *ret) MUST_USE;

/* The file's path. */
enum err line_channel_path(const char *dir, const char *owner,
    const char *source, char *ret, size_t ret_len) MUST_USE;

/* A channel's secret or access token: 1 to ${max} printable characters, one LF
 * at the end left out.  ERR_SYNTAX; the caller owns ${ret}. */
enum err line_channel_parse_secret(struct bytes text, size_t max,
    struct secret **ret) MUST_USE;

/* Is ${signature} (base64) the HMAC-SHA256 of ${body} under one of the
 * channel's secrets?  In constant time; ERR_SIGNATURE.
 * (Messaging API reference, "Signature validation".) */
enum err line_channel_verify(const struct line_channel *c, struct bytes body,
    struct bytes signature) MUST_USE;

#endif
