/* intake/dialogue_internal.h - words people use, and answers in words. */
#ifndef AZUKARI_INTAKE_DIALOGUE_INTERNAL_H
#define AZUKARI_INTAKE_DIALOGUE_INTERNAL_H

#include "intake/dialogue.h"

enum dialogue_word {
	WORD_NONE, WORD_YES, WORD_NO, WORD_SKIP, WORD_DONE, WORD_BEGIN,
	WORD_CANCEL, WORD_JAPANESE, WORD_ENGLISH, WORD_WITHDRAW,
	WORD_WITHDRAW_RESEARCH,
};

/* Without spaces (also full-width ones) at both ends. */
struct bytes dialogue_trim(struct bytes text);

/* Of the whole text, ASCII letters in either case. */
enum dialogue_word dialogue_word_of(struct bytes text);

/* Buttons: "c:SCOPE:1", "a:FIELD:CATEGORY", "k:FIELD" skip, "d:FIELD" done,
 * numbers in decimal; anything else is read as words. */
struct dialogue_button {
	char what;              /* 0: no button of ours */
	size_t field, option;
};
struct dialogue_button dialogue_button_of(struct bytes data);

/* Set ${f} in the cleared builder of ${k} from words.  The causes are those of
 * answers_set_*; ERR_DUPLICATE here: an option that must stand alone. */
enum err dialogue_read_answer(struct dialogue_desk *k,
    const struct survey_field *f, struct bytes text) MUST_USE;
/* Turn one option of the list ${f} over; one that stands alone drives the
 * others away and the other way round. */
enum err dialogue_toggle(struct dialogue_desk *k,
    const struct survey_field *f, size_t option) MUST_USE;

#endif
