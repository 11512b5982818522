/* intake/dialogue.h - a conversation that fills in a survey, turn by turn.
 *
 * The consent text comes first, scope by scope; then the questions in the
 * order of the survey document, those of a branch only where it is taken; an
 * answer that does not fit is asked for again.  The machine is pure: a turn is
 * a function of the dialogue so far and what was said.  It writes nothing and
 * sends nothing: the caller stores what a turn brought, and only then says it
 * (intake/line_say.h).
 *
 * One thread uses a desk; a script may be shared.
 */
#ifndef AZUKARI_INTAKE_DIALOGUE_H
#define AZUKARI_INTAKE_DIALOGUE_H

#include <stdint.h>

#include "intake/event.h"
#include "intake/line_event.h"
#include "survey/answers.h"

#define DIALOGUE_SCOPES_MAX 3
#define DIALOGUE_KEY_LEN 16             /* a keyed hash of a message's id */

/* What is asked.  Everything is borrowed and outlives its users. */
struct dialogue_script {
	const struct survey *survey;
	struct bytes consent_text;      /* as it was registered */
	uint8_t text_sha256[32];
	/* asked in this order; declining the first ends the dialogue */
	uint8_t scopes[DIALOGUE_SCOPES_MAX];
	/* the field a scope's answer fills: its first category for yes, its
	 * second for no; NULL: none.  Such a field is not asked again. */
	const struct survey_field *fields[DIALOGUE_SCOPES_MAX];
	size_t scopes_len;
	int english;                    /* to begin with */
};

/* ERR_RANGE unless ${f} can hold a yes and a no. */
enum err dialogue_check_field(const struct survey_field *f) MUST_USE;

enum dialogue_stage {
	DIALOGUE_IDLE = 0, DIALOGUE_CONSENT, DIALOGUE_ASKING,
};

/* The message an answer came from, so that it can be taken back. */
struct dialogue_message {
	uint8_t key[DIALOGUE_KEY_LEN];
	uint16_t field;
};

/* One person's dialogue; zeroed is one that has not begun. */
struct dialogue {
	uint8_t stage;                  /* enum dialogue_stage */
	uint8_t language;               /* 0: the script's, 1 ja, 2 en */
	uint8_t scope_at;               /* CONSENT: which is asked */
	uint8_t given;                  /* scopes so far */
	uint16_t field;                 /* ASKING: which */
	int64_t last_ms;                /* of the latest thing said */
	struct buf answers;             /* packed, so far */
	struct dialogue_message *messages;
	size_t messages_len;
};
void dialogue_release(struct dialogue *d);      /* wipes; CLEANUP-able */
/* ${to} is released first.  ERR_NOMEM leaves it empty. */
enum err dialogue_copy(const struct dialogue *from,
    struct dialogue *to) MUST_USE;

/* Scratch of one thread for one script. */
struct dialogue_desk {
	const struct dialogue_script *script;
	struct answers_builder builder;
	struct answers_value *all;      /* one per field */
	struct buf packed, step;
	struct dialogue_message *messages;      /* of the dialogue just ended */
	size_t messages_len;
};
enum err dialogue_desk_init(struct dialogue_desk *k,
    const struct dialogue_script *script) MUST_USE;
void dialogue_desk_release(struct dialogue_desk *k);    /* wipes */

/* What a turn brought. */
enum dialogue_effect {
	DIALOGUE_NOTED,         /* nothing to keep */
	DIALOGUE_STEP,          /* an answer to one question */
	DIALOGUE_AGREED,        /* a consent */
	DIALOGUE_COMPLETE,      /* all answers */
	DIALOGUE_WITHDREW,
};

/* What is said before the next question. */
enum dialogue_phrase {
	DIALOGUE_SAY_NOTHING,
	DIALOGUE_SAY_GREETING,
	DIALOGUE_SAY_AGAIN,             /* that was no answer to this */
	DIALOGUE_SAY_NEEDED,            /* this one cannot be skipped */
	DIALOGUE_SAY_ALONE,             /* an option that stands alone */
	DIALOGUE_SAY_WORDS_ONLY,        /* no pictures */
	DIALOGUE_SAY_OLD_BUTTON,        /* of another question */
	DIALOGUE_SAY_DECLINED,
	DIALOGUE_SAY_THANKS,
	DIALOGUE_SAY_CANCELLED,
	DIALOGUE_SAY_WITHDRAWN,
	DIALOGUE_SAY_WITHDRAWN_RESEARCH,
	DIALOGUE_SAY_REFUSED,           /* after a withdrawal; by the caller */
	DIALOGUE_PHRASE_COUNT
};

struct dialogue_turn {
	enum dialogue_effect effect;
	enum dialogue_phrase phrase;
	int silent;             /* nothing is to be said at all */
	int late;               /* older than what was said before: no effect */
	uint8_t scopes;         /* AGREED, WITHDREW; COMPLETE where nothing but
	                         * consent was asked: both */
	struct bytes answers;   /* STEP: only that one; COMPLETE: all.  Of the
	                         * desk, until the next turn */
};

/* What was said; ${key} of its message, NULL where it has none. */
struct dialogue_said {
	enum line_kind kind;
	struct bytes text, date;
	int64_t time_ms;
	const uint8_t *key;
};

/* One turn of ${d}.  ERR_NOMEM, ERR_LIMIT (more answers than can be packed);
 * ${d} is then to be thrown away.  ERR_CORRUPT: ${d} is of another survey. */
enum err dialogue_turn(struct dialogue_desk *k, struct dialogue *d,
    const struct dialogue_said *said, struct dialogue_turn *ret) MUST_USE;

/* The answer that came from message ${key} is forgotten and asked for again.
 * ERR_NOT_FOUND when this dialogue has none from it. */
enum err dialogue_unsend(struct dialogue_desk *k, struct dialogue *d,
    const uint8_t key[DIALOGUE_KEY_LEN]) MUST_USE;

/* 1 for words that always withdraw something, in any stage: its scopes. */
int dialogue_is_withdrawal(struct bytes text, uint8_t *ret_scopes);

int dialogue_speaks_english(const struct dialogue_script *s,
    const struct dialogue *d);

#endif
