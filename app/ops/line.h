/* app/ops/line.h - the LINE channel of a source: what it asks, its secrets. */
#ifndef AZUKARI_APP_OPS_LINE_H
#define AZUKARI_APP_OPS_LINE_H

#include "app/home.h"
#include "keys/line_channel.h"

/* What is to change; NULL leaves it as it is.  A new channel needs survey,
 * text, scopes and a secret. */
struct line_change {
	const char *owner, *source;
	const char *survey;             /* "corona 1" */
	const char *text;               /* "sha256:..." of a registered text */
	const char *scopes;             /* "support=Q01 research" */
	const char *language;           /* "ja" or "en" */
	const char *destination;        /* "U..."; "-" for any */
	const char *secret_file, *token_file;   /* private files */
	int rotate;                     /* the secret there was stays valid too */
	int drop_old;                   /* the older of two secrets is not any more */
};

/* Make or change the channel, as one logged act (key-rotation).  ERR_SYNTAX,
 * ERR_NOT_FOUND (source, survey, text, field), ERR_USAGE, ERR_REFUSED (a file
 * others can read) with a sentence. */
enum err line_set(struct home *h, const struct line_change *change) MUST_USE;

/* ERR_NOT_FOUND with a sentence. */
enum err line_get(struct home *h, const char *owner, const char *source,
    struct line_channel *ret) MUST_USE;

#endif
