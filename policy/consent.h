/* policy/consent.h - what a consent text allows, and for how long.
 *
 * Scopes are bits, as sealed beside every answer (FORMATS 5.1).
 */
#ifndef AZUKARI_POLICY_CONSENT_H
#define AZUKARI_POLICY_CONSENT_H

#include <stdint.h>

#include "policy/duo.h"
#include "policy/words.h"

#define CONSENT_SUPPORT 1u
#define CONSENT_RESEARCH 2u
#define CONSENT_RECONTACT 4u
#define CONSENT_ALL 128u

/* The scope a release to a partner needs. */
#define CONSENT_EXPORT CONSENT_RESEARCH

/* `support`, `research`, `recontact`, `all`; 0 when unknown. */
uint8_t consent_scope_bit(struct bytes word);
/* Words joined by `,` in the order above; empty sets are ERR_RANGE. */
enum err consent_scopes_append(uint8_t scopes, struct buf *out) MUST_USE;
/* The reverse: strict order, no repeats.  ERR_SYNTAX. */
enum err consent_scopes_parse(struct bytes text, uint8_t *ret) MUST_USE;
/* 1 when ${given} holds every scope of ${needed} (`all` holds each). */
int consent_scopes_hold(uint8_t given, uint8_t needed);
/* 1 when ${withdrawn} takes away any scope of ${needed}. */
int consent_scopes_hit(uint8_t withdrawn, uint8_t needed);

/* One accepted text, as the policy lists it. */
struct consent_text {
	uint8_t sha256[32];
	const char *title;
	uint8_t scopes;
	struct words purposes, diseases;
	uint32_t valid_days;
	int covers_earlier;
};

/* Does what the respondent read cover this purpose?  DUO_DENY also when the
 * text does not ask for the scope a release needs. */
enum duo_answer consent_text_covers(const struct consent_text *text,
    const struct duo_purpose *purpose, const struct duo_world *world);

/* The first second at which a consent is over: the shorter of the text's
 * validity and the consent's own end (${until_unix_s}, 0 for none). */
int64_t consent_over_unix_s(int64_t given_unix_s, uint32_t valid_days,
    int64_t until_unix_s);

#endif
