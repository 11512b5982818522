/* core/err.c - names of causes, positions in input, broken invariants. */
#include "core/err.h"

#include <stdio.h>
#include <stdlib.h>

const char *
err_name(enum err e)
{
#define NAME(x) case x: return #x
	switch (e) {
	NAME(ERR_OK);
	NAME(ERR_USAGE);
	NAME(ERR_REFUSED);
	NAME(ERR_EXPIRED);
	NAME(ERR_REVOKED);
	NAME(ERR_STATE);
	NAME(ERR_THRESHOLD);
	NAME(ERR_NOT_FOUND);
	NAME(ERR_EXISTS);
	NAME(ERR_SYNTAX);
	NAME(ERR_ENCODING);
	NAME(ERR_LIMIT);
	NAME(ERR_RANGE);
	NAME(ERR_UNKNOWN);
	NAME(ERR_DUPLICATE);
	NAME(ERR_UNSUPPORTED);
	NAME(ERR_TRUNCATED);
	NAME(ERR_CORRUPT);
	NAME(ERR_MISMATCH);
	NAME(ERR_ROLLBACK);
	NAME(ERR_SIGNATURE);
	NAME(ERR_UNTRUSTED);
	NAME(ERR_DECRYPT);
	NAME(ERR_NO_MATCH);
	NAME(ERR_PASSPHRASE);
	NAME(ERR_SHARE);
	NAME(ERR_CRYPTO);
	NAME(ERR_MEMORY_LOCK);
	NAME(ERR_IO);
	NAME(ERR_NO_SPACE);
	NAME(ERR_STORE);
	NAME(ERR_NOT_ENCRYPTED);
	NAME(ERR_BUSY);
	NAME(ERR_NOMEM);
	NAME(ERR_CHANGED);
	NAME(ERR_CANCELLED);
	}
#undef NAME
	return "ERR_?";
}

void
err_note(struct err_info *info, unsigned long line, const char *fmt, ...)
{
	va_list ap;

	if (info == NULL)
		return;
	info->line = line;
	va_start(ap, fmt);
	if (vsnprintf(info->message, sizeof(info->message), fmt, ap) < 0)
		info->message[0] = '\0';
	va_end(ap);
}

void
err_broken_invariant(const char *file, int line, const char *cond)
{
	/* The one place below app/ that prints: nobody is left to be told. */
	fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, cond);
	abort();
}
