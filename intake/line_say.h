/* intake/line_say.h - what a dialogue says next, as LINE's messages. */
#ifndef AZUKARI_INTAKE_LINE_SAY_H
#define AZUKARI_INTAKE_LINE_SAY_H

#include "core/json_doc.h"
#include "intake/dialogue.h"

#define LINE_SAY_MESSAGES_MAX 5         /* of one reply */
#define LINE_SAY_TEXT_MAX 4800          /* bytes; LINE takes 5000 characters */
#define LINE_SAY_BUTTONS_MAX 13
/* A consent text longer than this cannot be shown in one reply. */
#define LINE_SAY_CONSENT_MAX ((LINE_SAY_MESSAGES_MAX - 2) * LINE_SAY_TEXT_MAX)

/* The messages after turn ${t} of ${d}: 1 to LINE_SAY_MESSAGES_MAX, a list the
 * caller frees.  Nothing the person said stands in them.  ERR_STATE: the turn
 * is silent. */
enum err line_say(struct dialogue_desk *k, const struct dialogue *d,
    const struct dialogue_turn *t, struct json_doc **ret) MUST_USE;

#endif
