#include "intake/line_say.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"

#define LABEL_MAX 20            /* characters of a button */

/* ---- phrases ---- */

static const struct {
	const char *ja, *en;
} phrases[DIALOGUE_PHRASE_COUNT] = {
	[DIALOGUE_SAY_GREETING] = {
		"ご協力ありがとうございます。はじめに説明をお読みください。「撤回」と送ると、いつでも同意を取り消せます。「最初から」「中止」「English」も使えます。",
		"Thank you for taking part. Please read the following first. Send \"withdraw\" at any time to take your consent back; \"restart\", \"cancel\" and \"日本語\" work as well."},
	[DIALOGUE_SAY_AGAIN] = {
		"回答を読み取れませんでした。もう一度お願いします。",
		"That could not be read as an answer. Please try again."},
	[DIALOGUE_SAY_NEEDED] = {
		"この質問への回答は必要です。",
		"This question needs an answer."},
	[DIALOGUE_SAY_ALONE] = {
		"ほかの選択肢と一緒には選べないものが含まれています。もう一度お願いします。",
		"One of these cannot be chosen together with others. Please try again."},
	[DIALOGUE_SAY_WORDS_ONLY] = {
		"文字かボタンでお答えください。画像などは保存していません。",
		"Please answer in words or with a button. Pictures and the like are not kept."},
	[DIALOGUE_SAY_OLD_BUTTON] = {
		"前の質問のボタンです。いまの質問にお答えください。",
		"That button belongs to an earlier question. Please answer this one."},
	[DIALOGUE_SAY_DECLINED] = {
		"承知しました。何も保存していません。気が変わったら「はじめる」と送ってください。",
		"Understood. Nothing was kept. Send \"start\" if you change your mind."},
	[DIALOGUE_SAY_THANKS] = {
		"ありがとうございました。回答を受け付けました。",
		"Thank you. Your answers have been received."},
	[DIALOGUE_SAY_CANCELLED] = {
		"中止しました。途中までの回答は使いません。「はじめる」で再開できます。",
		"Cancelled. The answers so far are not used. Send \"start\" to begin again."},
	[DIALOGUE_SAY_WITHDRAWN] = {
		"同意を取り消しました。今後お預かりした回答は使われず、待機期間のあと消去されます。すでに公表された集計結果は取り消せません。",
		"Your consent has been withdrawn. Your answers are not used any more and are erased after the waiting period. Results that are already published cannot be recalled."},
	[DIALOGUE_SAY_WITHDRAWN_RESEARCH] = {
		"研究への提供の同意を取り消しました。",
		"Your consent to provision for research has been withdrawn."},
	[DIALOGUE_SAY_REFUSED] = {
		"取り消しの手続き中か、取り消し済みのため、回答を受け付けられません。",
		"This cannot be taken in: your consent was withdrawn, and the erasure may be under way."},
};

static const char *
scope_question(uint8_t scope, int english)
{
	switch (scope) {
	case INTAKE_SCOPE_RESEARCH:
		return english ? "Do you agree that your answers are provided to research institutions, under a pseudonym?" :
		    "回答を、仮名にして研究機関へ提供することに同意しますか。";
	case INTAKE_SCOPE_RECONTACT:
		return english ? "Do you agree to be contacted again later?" :
		    "後日あらためてご連絡することに同意しますか。";
	default:
		return english ? "Do you agree to the above?" :
		    "以上に同意しますか。";
	}
}

/* ---- messages ---- */

static void
add_text(struct json_doc *list, const char *text, struct json_doc *buttons)
{
	struct json_doc *m = json_doc_new_object();
	struct json_doc *quick;

	json_doc_set_string(m, "type", "text");
	json_doc_set_string(m, "text", text);
	if (buttons != NULL) {
		quick = json_doc_new_object();
		json_doc_set(quick, "items", buttons);
		json_doc_set(m, "quickReply", quick);
	}
	json_doc_add(list, m);
}

/* Bytes of the first ${max} characters. */
static size_t
characters(const char *text, size_t max)
{
	size_t at = 0;

	while (text[at] != '\0') {
		if (((unsigned char)text[at] & 0xc0) != 0x80 && max-- == 0)
			break;
		at++;
	}
	return at;
}

static void
add_button(struct json_doc *buttons, const char *type, const char *label,
    const char *key, const char *value)
{
	struct json_doc *item = json_doc_new_object();
	struct json_doc *action = json_doc_new_object();
	char cut[LABEL_MAX * 4 + 1];

	(void)snprintf(cut, sizeof(cut), "%.*s",
	    (int)characters(label, LABEL_MAX), label);
	json_doc_set_string(item, "type", "action");
	json_doc_set_string(action, "type", type);
	json_doc_set_string(action, "label", cut);
	json_doc_set_string(action, key, value);
	if (strcmp(type, "postback") == 0)
		json_doc_set_string(action, "displayText", label);
	if (strcmp(type, "datetimepicker") == 0)
		json_doc_set_string(action, "mode", "date");
	json_doc_set(item, "action", action);
	json_doc_add(buttons, item);
}

/* ---- consent ---- */

/* As many whole characters as one message holds. */
static size_t
piece(struct bytes rest)
{
	size_t len = rest.len;

	if (len <= LINE_SAY_TEXT_MAX)
		return len;
	len = LINE_SAY_TEXT_MAX;
	while (len > 0 && (rest.data[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static enum err
add_consent_text(struct json_doc *list, struct bytes rest)
{
	while (rest.len > 0) {
		CLEANUP(buf_release) struct buf text = {0};
		size_t len = piece(rest);

		RETURN_IF(buf_append(&text, rest.data, len));
		add_text(list, buf_text(&text), NULL);
		rest = bytes_of(rest.data + len, rest.len - len);
	}
	return ERR_OK;
}

static enum err
say_consent(const struct dialogue_script *s, const struct dialogue *d,
    int english, struct json_doc *list)
{
	struct json_doc *buttons = json_doc_new_array();
	char data[16];

	if (d->scope_at == 0)
		RETURN_IF(add_consent_text(list, s->consent_text));
	(void)snprintf(data, sizeof(data), "c:%u:1", d->scope_at);
	add_button(buttons, "postback", english ? "agree" : "同意する",
	    "data", data);
	(void)snprintf(data, sizeof(data), "c:%u:0", d->scope_at);
	add_button(buttons, "postback", english ? "do not agree" :
	    "同意しない", "data", data);
	add_text(list, scope_question(s->scopes[d->scope_at], english),
	    buttons);
	return ERR_OK;
}

/* ---- questions ---- */

static enum err
add_options(const struct survey_field *f, const struct answers_value *v,
    int english, struct buf *text)
{
	for (size_t i = 0; i < f->categories_len; i++) {
		const struct survey_category *c = &f->categories[i];
		const char *label = english ? c->label_en : c->label;

		if (text->len + strlen(label) + 100 > LINE_SAY_TEXT_MAX)
			return buf_append_str(text, "\n…");
		RETURN_IF(buf_printf(text, "\n%zu. %s%s", i + 1, label,
		    f->kind == SURVEY_KIND_LIST && v->answered &&
		    answers_list_has(v, i) ? " ✓" : ""));
	}
	return ERR_OK;
}

static void
show_number(const struct survey_field *f, int64_t number, char ret[24])
{
	int64_t unit = 1;

	for (unsigned i = 0; i < f->decimals; i++)
		unit *= 10;
	if (f->kind == SURVEY_KIND_NUMBER && f->decimals > 0)
		(void)snprintf(ret, 24, "%s%lld.%0*lld", number < 0 ? "-" : "",
		    (long long)(number < 0 ? -number : number) / unit,
		    (int)f->decimals,
		    (long long)((number < 0 ? -number : number) % unit));
	else
		(void)snprintf(ret, 24, "%lld", (long long)number);
}

/* What fits, where the title does not say. */
static enum err
add_hint(const struct survey_field *f, int english, struct buf *text)
{
	char low[24], high[24];

	switch (f->kind) {
	case SURVEY_KIND_LIST:
		return buf_append_str(text, english ?
		    "\n(several are possible, such as 1,3)" :
		    "\n（複数選べます。例 1,3）");
	case SURVEY_KIND_DATE:
		return buf_append_str(text, english ?
		    "\n(a day, such as 2020-03-27)" :
		    "\n（日付。例 2020-03-27）");
	case SURVEY_KIND_INTEGER:
	case SURVEY_KIND_NUMBER:
		if (!f->has_minimum || !f->has_maximum)
			return buf_append_str(text, english ? "\n(a number)" :
			    "\n（数字）");
		show_number(f, f->minimum, low);
		show_number(f, f->maximum, high);
		return buf_printf(text, english ? "\n(%s to %s)" :
		    "\n（%s〜%s）", low, high);
	case SURVEY_KIND_DIGITS:
		return buf_printf(text, english ? "\n(%u digits)" :
		    "\n（数字%u桁）", f->digits);
	case SURVEY_KIND_CODE:
	case SURVEY_KIND_BOOLEAN:
	case SURVEY_KIND_TEXT:
	default:
		return ERR_OK;
	}
}

static void
add_option_buttons(const struct survey_field *f, int english,
    struct json_doc *buttons)
{
	size_t extra = f->kind == SURVEY_KIND_LIST ? 2 : 1;
	char data[32];

	/* some, but not all, would look like all */
	if (f->categories_len + extra > LINE_SAY_BUTTONS_MAX)
		return;
	for (size_t i = 0; i < f->categories_len; i++) {
		const struct survey_category *c = &f->categories[i];

		(void)snprintf(data, sizeof(data), "a:%zu:%zu", f->index, i);
		add_button(buttons, "postback", english ? c->label_en :
		    c->label, "data", data);
	}
}

static struct json_doc *
make_buttons(const struct survey_field *f, const struct answers_value *v,
    int english)
{
	struct json_doc *buttons = json_doc_new_array();
	char data[32];

	add_option_buttons(f, english, buttons);
	(void)snprintf(data, sizeof(data), "a:%zu", f->index);
	if (f->kind == SURVEY_KIND_DATE)
		add_button(buttons, "datetimepicker", english ?
		    "choose a day" : "日付を選ぶ", "data", data);
	if (f->kind == SURVEY_KIND_BOOLEAN) {
		add_button(buttons, "message", english ? "yes" : "はい",
		    "text", english ? "yes" : "はい");
		add_button(buttons, "message", english ? "no" : "いいえ",
		    "text", english ? "no" : "いいえ");
	}
	(void)snprintf(data, sizeof(data), "d:%zu", f->index);
	if (f->kind == SURVEY_KIND_LIST && v->answered)
		add_button(buttons, "postback", english ? "done" : "決定",
		    "data", data);
	(void)snprintf(data, sizeof(data), "k:%zu", f->index);
	if (!f->required)
		add_button(buttons, "postback", english ?
		    "prefer not to answer" : "答えない", "data", data);
	if (json_doc_len(buttons) > 0)
		return buttons;
	json_doc_free(buttons);
	return NULL;
}

static enum err
say_question(struct dialogue_desk *k, const struct dialogue *d, int english,
    struct json_doc *list)
{
	CLEANUP(buf_release) struct buf text = {0};
	const struct survey *s = k->script->survey;
	const struct survey_field *f = &s->fields[d->field];
	const char *title = english ? f->title_en : f->title;

	memset(k->all, 0, s->fields_len * sizeof(*k->all));
	if (d->answers.len > 0)
		RETURN_IF(answers_decode(s, bytes_buf(&d->answers), k->all));
	RETURN_IF(buf_append(&text, title, characters(title, 1000)));
	RETURN_IF(add_options(f, &k->all[f->index], english, &text));
	RETURN_IF(add_hint(f, english, &text));
	add_text(list, buf_text(&text), make_buttons(f, &k->all[f->index],
	    english));
	return ERR_OK;
}

/* ---- a reply ---- */

static void
say_begin(int english, const char *phrase, struct json_doc *list)
{
	struct json_doc *buttons = json_doc_new_array();

	add_button(buttons, "message", english ? "start" : "はじめる", "text",
	    english ? "start" : "はじめる");
	add_text(list, phrase, buttons);
}

enum err
line_say(struct dialogue_desk *k, const struct dialogue *d,
    const struct dialogue_turn *t, struct json_doc **ret)
{
	CLEANUP(json_doc_cleanup) struct json_doc *list = NULL;
	int english = dialogue_speaks_english(k->script, d);
	const char *phrase = english ? phrases[t->phrase].en :
	    phrases[t->phrase].ja;

	if (t->silent)
		return ERR_STATE;
	list = json_doc_new_array();
	if (d->stage == DIALOGUE_IDLE) {
		MUST_HOLD(phrase != NULL);
		say_begin(english, phrase, list);
	} else {
		if (phrase != NULL)
			add_text(list, phrase, NULL);
		RETURN_IF(d->stage == DIALOGUE_CONSENT ?
		    say_consent(k->script, d, english, list) :
		    say_question(k, d, english, list));
	}
	*ret = TAKE(list);
	return ERR_OK;
}
