/* survey/prefecture.h - the 47 prefectures of Japan (JIS X 0401).
 *
 * A prefecture is an owner; its code, 1 to 47, is written with two digits.
 */
#ifndef AZUKARI_SURVEY_PREFECTURE_H
#define AZUKARI_SURVEY_PREFECTURE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define PREFECTURE_COUNT 47

struct prefecture {
	uint8_t code;           /* 1-47 */
	const char *text;       /* "14" */
	const char *ja;         /* 神奈川県 */
	const char *en;         /* Kanagawa */
	uint32_t population;    /* census of 2020-10-01 */
};

/* NULL when ${code} is none; the result is static. */
const struct prefecture *prefecture_get(unsigned code);

/* From exactly two digits; ERR_SYNTAX, ERR_RANGE. */
enum err prefecture_parse(struct bytes text,
    const struct prefecture **ret) MUST_USE;

#endif
