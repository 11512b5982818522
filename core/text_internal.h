/* core/text_internal.h - what reader and writer of signed texts share. */
#ifndef AZUKARI_CORE_TEXT_INTERNAL_H
#define AZUKARI_CORE_TEXT_INTERNAL_H

#include "core/buf.h"
#include "core/err.h"

/* A schema key taken apart. */
struct text_key {
	const char *name;       /* without `?` */
	size_t base_len;        /* of the name, for a run without `#` */
	int run, optional;
};
struct text_key text_key_of(const char *schema_key);

/* The rules for one value; ${ret_why} (static) is set with every failure but
 * ERR_NOMEM. */
enum err text_check_value(struct bytes value, const char **ret_why) MUST_USE;

#endif
