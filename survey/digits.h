/* survey/digits.h - numbers as people in Japan type them.
 *
 * Full-width digits are digits, and a postcode is often written NNN-NNNN, with
 * any of the hyphens that keyboards have.
 */
#ifndef AZUKARI_SURVEY_DIGITS_H
#define AZUKARI_SURVEY_DIGITS_H

#include "core/buf.h"
#include "survey/survey.h"

#define DIGITS_ROOM 32

/* ${text} for a field of n digits: full-width ones as ASCII and, where n is 7,
 * the hyphen of NNN-NNNN left out, in ${room}, which the result then borrows.
 * What is anything else is returned as it is, to be refused as such. */
struct bytes digits_plain(const struct survey_field *f, struct bytes text,
    char room[DIGITS_ROOM]);

/* Full-width digits, signs and points as ASCII, for fields that are numbers or
 * dates; otherwise as digits_plain. */
struct bytes digits_narrow(struct bytes text, char room[DIGITS_ROOM]);

#endif
