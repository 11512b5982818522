/* core/utf8.h - what text we take and show (libunistring inside).
 *
 * "Clean" text is valid UTF-8 in NFC without characters of Unicode classes Cc,
 * Cf, Zl, Zp, Cs, Co, Cn: what is displayed is what is signed.
 */
#ifndef AZUKARI_CORE_UTF8_H
#define AZUKARI_CORE_UTF8_H

#include "core/buf.h"
#include "core/err.h"

int utf8_is_valid(struct bytes text);

/* Writes ${c}, a character and no half of a pair (at most U+10FFFF), to ${to},
 * which has room for 4 bytes; where the next one goes. */
uint8_t *utf8_put(uint8_t *to, uint32_t c);

/* ERR_ENCODING and, in ${ret_why} (borrowed, static; may be NULL), the rule. */
enum err utf8_check_clean(struct bytes text, const char **ret_why) MUST_USE;

/* Columns a terminal uses for ${text} (East Asian wide = 2); for tables. */
size_t utf8_width(const char *text);

#endif
