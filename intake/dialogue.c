#include "intake/dialogue.h"

#include <stdlib.h>
#include <string.h>

#include "intake/dialogue_internal.h"

/* ---- dialogues and desks ---- */

static void
drop_messages(struct dialogue_message **list, size_t *len)
{
	if (*list != NULL)
		explicit_bzero(*list, *len * sizeof(**list));
	free(TAKE(*list));
	*len = 0;
}

void
dialogue_release(struct dialogue *d)
{
	buf_release(&d->answers);
	drop_messages(&d->messages, &d->messages_len);
	explicit_bzero(d, sizeof(*d));
}

enum err
dialogue_copy(const struct dialogue *from, struct dialogue *to)
{
	struct dialogue made = *from;

	dialogue_release(to);
	made.answers = (struct buf){0};
	made.messages = NULL;
	if (from->messages_len > 0) {
		made.messages = reallocarray(NULL, from->messages_len,
		    sizeof(*made.messages));
		if (made.messages == NULL)
			return ERR_NOMEM;
		memcpy(made.messages, from->messages,
		    from->messages_len * sizeof(*made.messages));
	}
	if (buf_append(&made.answers, from->answers.data,
	    from->answers.len) != ERR_OK) {
		dialogue_release(&made);
		return ERR_NOMEM;
	}
	*to = made;
	return ERR_OK;
}

enum err
dialogue_desk_init(struct dialogue_desk *k,
    const struct dialogue_script *script)
{
	struct dialogue_desk made = {.script = script};

	RETURN_IF(answers_builder_init(&made.builder, script->survey));
	made.all = calloc(script->survey->fields_len, sizeof(*made.all));
	if (made.all == NULL) {
		answers_builder_release(&made.builder);
		return ERR_NOMEM;
	}
	*k = made;
	return ERR_OK;
}

void
dialogue_desk_release(struct dialogue_desk *k)
{
	if (k->all != NULL)
		explicit_bzero(k->all, k->script->survey->fields_len *
		    sizeof(*k->all));
	free(k->all);
	answers_builder_release(&k->builder);
	buf_release(&k->packed);
	buf_release(&k->step);
	drop_messages(&k->messages, &k->messages_len);
	*k = (struct dialogue_desk){0};
}

enum err
dialogue_check_field(const struct survey_field *f)
{
	return f->kind == SURVEY_KIND_CODE && f->categories_len >= 2 ?
	    ERR_OK : ERR_RANGE;
}

int
dialogue_speaks_english(const struct dialogue_script *s,
    const struct dialogue *d)
{
	return d->language == 0 ? s->english : d->language == 2;
}

/* ---- the answers so far ---- */

static enum err
open_answers(struct dialogue_desk *k, const struct dialogue *d)
{
	const struct survey *s = k->script->survey;

	answers_clear(&k->builder);
	if (d->answers.len == 0) {
		memset(k->all, 0, s->fields_len * sizeof(*k->all));
		return ERR_OK;
	}
	return answers_decode(s, bytes_buf(&d->answers), k->all);
}

/* The desk's values are the dialogue's from now on. */
static enum err
keep_answers(struct dialogue_desk *k, struct dialogue *d)
{
	buf_clear(&k->packed);
	RETURN_IF(answers_encode(k->script->survey, k->all, &k->packed));
	buf_clear(&d->answers);
	return buf_append(&d->answers, k->packed.data, k->packed.len);
}

/* Only what the builder holds: the answer of this turn. */
static enum err
pack_step(struct dialogue_desk *k, struct dialogue_turn *t)
{
	buf_clear(&k->step);
	RETURN_IF(answers_encode(k->script->survey, k->builder.values,
	    &k->step));
	t->effect = DIALOGUE_STEP;
	t->answers = bytes_buf(&k->step);
	return ERR_OK;
}

static enum err
note_message(struct dialogue *d, uint16_t field, const uint8_t *key)
{
	struct dialogue_message *more;

	for (size_t i = 0; i < d->messages_len; i++)
		if (d->messages[i].field == field) {
			d->messages[i] = d->messages[--d->messages_len];
			break;
		}
	if (key == NULL)
		return ERR_OK;
	more = reallocarray(d->messages, d->messages_len + 1, sizeof(*more));
	if (more == NULL)
		return ERR_NOMEM;
	d->messages = more;
	more[d->messages_len].field = field;
	memcpy(more[d->messages_len++].key, key, DIALOGUE_KEY_LEN);
	return ERR_OK;
}

/* ---- where it goes ---- */

static void
end(struct dialogue *d, enum dialogue_phrase phrase, struct dialogue_turn *t)
{
	d->stage = DIALOGUE_IDLE;
	buf_release(&d->answers);
	drop_messages(&d->messages, &d->messages_len);
	t->phrase = phrase;
}

static void
begin(struct dialogue *d, enum dialogue_phrase phrase,
    struct dialogue_turn *t)
{
	end(d, phrase, t);
	d->stage = DIALOGUE_CONSENT;
	d->scope_at = 0;
	d->given = 0;
}

static int
is_consent_field(const struct dialogue_script *s, const struct survey_field *f)
{
	for (size_t i = 0; i < s->scopes_len; i++)
		if (s->fields[i] == f)
			return 1;
	return 0;
}

/* All is answered; a rule that does not hold sends back to its field. */
static enum err
complete(struct dialogue_desk *k, struct dialogue *d, struct dialogue_turn *t)
{
	const struct survey *s = k->script->survey;
	const struct survey_field *f = NULL;

	RETURN_IF(open_answers(k, d));
	memcpy(k->builder.values, k->all,
	    s->fields_len * sizeof(*k->all));
	if (answers_check(&k->builder, &f) != ERR_OK) {
		d->field = (uint16_t)f->index;
		t->phrase = DIALOGUE_SAY_NEEDED;
		return ERR_OK;
	}
	buf_clear(&k->packed);
	RETURN_IF(answers_encode(s, k->all, &k->packed));
	drop_messages(&k->messages, &k->messages_len);
	k->messages = TAKE(d->messages);
	k->messages_len = d->messages_len;
	d->messages_len = 0;
	end(d, DIALOGUE_SAY_THANKS, t);
	t->effect = DIALOGUE_COMPLETE;
	t->answers = bytes_buf(&k->packed);
	return ERR_OK;
}

/* The next field to ask, from ${from} on. */
static enum err
go_on(struct dialogue_desk *k, struct dialogue *d, size_t from,
    struct dialogue_turn *t)
{
	const struct survey *s = k->script->survey;

	for (size_t i = from; i < s->fields_len; i++) {
		const struct survey_field *f = &s->fields[i];

		if (is_consent_field(k->script, f) || k->all[i].answered ||
		    !answers_asked(s, k->all, f))
			continue;
		d->stage = DIALOGUE_ASKING;
		d->field = (uint16_t)i;
		return ERR_OK;
	}
	return complete(k, d, t);
}

/* ---- consent ---- */

static enum err
fill_consent_fields(struct dialogue_desk *k, const struct dialogue *d)
{
	const struct dialogue_script *s = k->script;

	for (size_t i = 0; i < s->scopes_len; i++) {
		const struct survey_field *f = s->fields[i];
		size_t option = d->given & s->scopes[i] ? 0 : 1;

		if (f == NULL || !answers_asked(s->survey, k->all, f))
			continue;
		RETURN_IF(answers_set_text(&k->builder, f,
		    f->categories[option].value));
		k->all[f->index] = k->builder.values[f->index];
	}
	return ERR_OK;
}

static enum err
agreed(struct dialogue_desk *k, struct dialogue *d, struct dialogue_turn *t)
{
	RETURN_IF(open_answers(k, d));
	RETURN_IF(fill_consent_fields(k, d));
	RETURN_IF(keep_answers(k, d));
	RETURN_IF(open_answers(k, d));
	RETURN_IF(go_on(k, d, 0, t));
	/* a survey of nothing but consent has no answers to wait for */
	if (t->effect != DIALOGUE_COMPLETE)
		t->effect = DIALOGUE_AGREED;
	t->scopes = d->given;
	return ERR_OK;
}

static enum err
answer_consent(struct dialogue_desk *k, struct dialogue *d, int yes,
    struct dialogue_turn *t)
{
	if (!yes && d->scope_at == 0) {
		end(d, DIALOGUE_SAY_DECLINED, t);
		return ERR_OK;
	}
	if (yes)
		d->given |= k->script->scopes[d->scope_at];
	if (++d->scope_at < k->script->scopes_len)
		return ERR_OK;
	return agreed(k, d, t);
}

static enum err
turn_consent(struct dialogue_desk *k, struct dialogue *d, struct bytes text,
    struct dialogue_turn *t)
{
	struct dialogue_button b = dialogue_button_of(text);
	enum dialogue_word word = dialogue_word_of(text);

	if (b.what == 'c' && b.field == d->scope_at && b.option <= 1)
		return answer_consent(k, d, b.option == 1, t);
	if (b.what != 0) {
		t->phrase = DIALOGUE_SAY_OLD_BUTTON;
		return ERR_OK;
	}
	if (word == WORD_YES || word == WORD_NO)
		return answer_consent(k, d, word == WORD_YES, t);
	t->phrase = DIALOGUE_SAY_AGAIN;
	return ERR_OK;
}

/* ---- questions ---- */

static enum err
skip(struct dialogue_desk *k, struct dialogue *d, struct dialogue_turn *t)
{
	const struct survey_field *f = &k->script->survey->fields[d->field];

	if (f->required) {
		t->phrase = DIALOGUE_SAY_NEEDED;
		return ERR_OK;
	}
	RETURN_IF(open_answers(k, d));
	k->all[d->field] = (struct answers_value){0};
	RETURN_IF(keep_answers(k, d));
	RETURN_IF(open_answers(k, d));
	return go_on(k, d, (size_t)d->field + 1, t);
}

/* The builder holds the answer; ${stay} where there may be more to it. */
static enum err
keep_answer(struct dialogue_desk *k, struct dialogue *d,
    const struct dialogue_said *said, int stay, struct dialogue_turn *t)
{
	size_t field = d->field;

	k->all[field] = k->builder.values[field];
	RETURN_IF(keep_answers(k, d));
	RETURN_IF(note_message(d, (uint16_t)field, said->key));
	RETURN_IF(pack_step(k, t));
	if (stay)
		return ERR_OK;
	RETURN_IF(open_answers(k, d));
	return go_on(k, d, field + 1, t);
}

static void
say_again(enum err e, const struct survey_field *f, struct dialogue_turn *t)
{
	t->phrase = e == ERR_DUPLICATE && f->kind == SURVEY_KIND_LIST ?
	    DIALOGUE_SAY_ALONE : DIALOGUE_SAY_AGAIN;
}

/* What a typed answer may be wrong in; everything else is a failure. */
static int
is_wrong_answer(enum err e)
{
	return e == ERR_MISMATCH || e == ERR_RANGE || e == ERR_UNKNOWN ||
	    e == ERR_SYNTAX || e == ERR_LIMIT || e == ERR_ENCODING ||
	    e == ERR_DUPLICATE;
}

static enum err
typed(struct dialogue_desk *k, struct dialogue *d,
    const struct dialogue_said *said, struct bytes text,
    struct dialogue_turn *t)
{
	const struct survey_field *f = &k->script->survey->fields[d->field];
	enum err e;

	RETURN_IF(open_answers(k, d));
	e = dialogue_read_answer(k, f, text);
	if (is_wrong_answer(e)) {
		say_again(e, f, t);
		return ERR_OK;
	}
	RETURN_IF(e);
	return keep_answer(k, d, said, 0, t);
}

/* The list as it stands is the answer. */
static enum err
list_done(struct dialogue_desk *k, struct dialogue *d, struct dialogue_turn *t)
{
	RETURN_IF(open_answers(k, d));
	if (!k->all[d->field].answered) {
		t->phrase = DIALOGUE_SAY_AGAIN;
		return ERR_OK;
	}
	return go_on(k, d, (size_t)d->field + 1, t);
}

static enum err
pressed(struct dialogue_desk *k, struct dialogue *d,
    const struct dialogue_said *said, struct dialogue_button b,
    struct dialogue_turn *t)
{
	const struct survey_field *f = &k->script->survey->fields[d->field];

	if (b.what == 'c' || b.field != f->index) {
		t->phrase = DIALOGUE_SAY_OLD_BUTTON;
		return ERR_OK;
	}
	if (b.what == 'k')
		return skip(k, d, t);
	if (b.what == 'd')
		return list_done(k, d, t);
	if (f->kind == SURVEY_KIND_DATE)
		return typed(k, d, said, said->date, t);
	if (b.option >= f->categories_len) {
		t->phrase = DIALOGUE_SAY_AGAIN;
		return ERR_OK;
	}
	RETURN_IF(open_answers(k, d));
	if (f->kind == SURVEY_KIND_LIST) {
		RETURN_IF(dialogue_toggle(k, f, b.option));
		return keep_answer(k, d, said, 1, t);
	}
	RETURN_IF(answers_set_text(&k->builder, f,
	    f->categories[b.option].value));
	return keep_answer(k, d, said, 0, t);
}

/* A label of the question is an answer, whatever else the word means. */
static int
is_label(const struct survey_field *f, struct bytes text)
{
	for (size_t i = 0; i < f->categories_len; i++)
		if (bytes_equal(text, bytes_str(f->categories[i].label)) ||
		    bytes_equal(text, bytes_str(f->categories[i].label_en)))
			return 1;
	return 0;
}

static enum err
turn_asking(struct dialogue_desk *k, struct dialogue *d,
    const struct dialogue_said *said, struct bytes text,
    struct dialogue_turn *t)
{
	const struct survey_field *f = &k->script->survey->fields[d->field];
	struct dialogue_button b = dialogue_button_of(text);
	enum dialogue_word word = dialogue_word_of(text);

	if (said->kind == LINE_POSTBACK && b.what != 0)
		return pressed(k, d, said, b, t);
	if (word == WORD_SKIP && !is_label(f, text))
		return skip(k, d, t);
	if (word == WORD_DONE && f->kind == SURVEY_KIND_LIST &&
	    !is_label(f, text))
		return list_done(k, d, t);
	return typed(k, d, said, text, t);
}

/* ---- a turn ---- */

/* Words that mean the same in every stage; 1 when it was one. */
static int
turn_anywhere(const struct dialogue_desk *k, struct dialogue *d,
    struct bytes text, struct dialogue_turn *t)
{
	const struct survey_field *f = d->stage == DIALOGUE_ASKING ?
	    &k->script->survey->fields[d->field] : NULL;

	if (f != NULL && is_label(f, text))
		return 0;
	switch (dialogue_word_of(text)) {
	case WORD_BEGIN:
		begin(d, DIALOGUE_SAY_NOTHING, t);
		return 1;
	case WORD_CANCEL:
		end(d, DIALOGUE_SAY_CANCELLED, t);
		return 1;
	case WORD_JAPANESE:
	case WORD_ENGLISH:
		d->language = dialogue_word_of(text) == WORD_ENGLISH ? 2 : 1;
		if (d->stage == DIALOGUE_IDLE)
			begin(d, DIALOGUE_SAY_NOTHING, t);
		return 1;
	case WORD_NONE:
	case WORD_YES:
	case WORD_NO:
	case WORD_SKIP:
	case WORD_DONE:
	case WORD_WITHDRAW:
	case WORD_WITHDRAW_RESEARCH:
	default:
		return 0;
	}
}

static enum err
turn_words(struct dialogue_desk *k, struct dialogue *d,
    const struct dialogue_said *said, struct dialogue_turn *t)
{
	struct bytes text = dialogue_trim(said->text);

	if (dialogue_is_withdrawal(text, &t->scopes)) {
		end(d, t->scopes == INTAKE_SCOPE_ALL ?
		    DIALOGUE_SAY_WITHDRAWN : DIALOGUE_SAY_WITHDRAWN_RESEARCH,
		    t);
		t->effect = DIALOGUE_WITHDREW;
		return ERR_OK;
	}
	if (t->late || turn_anywhere(k, d, text, t))
		return ERR_OK;
	if (d->stage == DIALOGUE_CONSENT)
		return turn_consent(k, d, text, t);
	if (d->stage == DIALOGUE_ASKING)
		return turn_asking(k, d, said, text, t);
	begin(d, dialogue_button_of(text).what != 0 ?
	    DIALOGUE_SAY_OLD_BUTTON : DIALOGUE_SAY_GREETING, t);
	return ERR_OK;
}

enum err
dialogue_turn(struct dialogue_desk *k, struct dialogue *d,
    const struct dialogue_said *said, struct dialogue_turn *ret)
{
	struct dialogue_turn t = {.effect = DIALOGUE_NOTED,
	    .phrase = DIALOGUE_SAY_NOTHING,
	    .late = said->time_ms < d->last_ms};
	enum err e = ERR_OK;

	if (!t.late)
		d->last_ms = said->time_ms;
	if (said->kind == LINE_TEXT || said->kind == LINE_POSTBACK)
		e = turn_words(k, d, said, &t);
	else if (said->kind == LINE_FOLLOW && !t.late)
		begin(d, DIALOGUE_SAY_GREETING, &t);
	else if (said->kind == LINE_OTHER_MESSAGE)
		t.phrase = DIALOGUE_SAY_WORDS_ONLY;
	t.silent = (t.late && t.effect != DIALOGUE_WITHDREW) ||
	    said->kind == LINE_UNFOLLOW || said->kind == LINE_UNSEND ||
	    said->kind == LINE_UNKNOWN;
	RETURN_IF(e);
	*ret = t;
	return ERR_OK;
}

/* ---- taking back ---- */

static enum err
forget_answer(struct dialogue_desk *k, struct dialogue *d, uint16_t field)
{
	const struct survey *s = k->script->survey;

	RETURN_IF(open_answers(k, d));
	k->all[field] = (struct answers_value){0};
	for (size_t i = field; i < s->fields_len; i++)
		if (!answers_asked(s, k->all, &s->fields[i]))
			k->all[i] = (struct answers_value){0};
	RETURN_IF(keep_answers(k, d));
	if (d->stage == DIALOGUE_ASKING)
		d->field = field;
	return ERR_OK;
}

enum err
dialogue_unsend(struct dialogue_desk *k, struct dialogue *d,
    const uint8_t key[DIALOGUE_KEY_LEN])
{
	for (size_t i = 0; i < d->messages_len; i++) {
		uint16_t field = d->messages[i].field;

		if (memcmp(d->messages[i].key, key, DIALOGUE_KEY_LEN) != 0)
			continue;
		RETURN_IF(note_message(d, field, NULL));
		return forget_answer(k, d, field);
	}
	return ERR_NOT_FOUND;
}
