/* tests/fuzz/fuzz_line.c - any bytes as the body of a webhook, and what comes
 * out of it as a dialogue: nothing may crash, what a turn brings can be decoded
 * again, and whatever is said is something LINE takes. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "intake/line_say.h"
#include "tests/unit/intake/line_reference.h"

static const char document[] =
    "{\"azukari\":\"survey v1\",\"name\":\"t\",\"version\":1,\"fields\":["
    "{\"name\":\"OK\",\"type\":\"string\",\"categories\":[{\"value\":\"1\"},"
    "{\"value\":\"0\"}]},"
    "{\"name\":\"C\",\"type\":\"string\",\"categories\":[{\"value\":\"1\"},"
    "{\"value\":\"2\"}],\"constraints\":{\"required\":true}},"
    "{\"name\":\"L\",\"type\":\"list\",\"categories\":[{\"value\":\"S1\"},"
    "{\"value\":\"S2\"},{\"value\":\"S0\"}],\"exclusive\":[\"S0\"]},"
    "{\"name\":\"N\",\"type\":\"number\",\"decimals\":1,\"only_if\":"
    "{\"field\":\"C\",\"in\":[\"2\"]}},"
    "{\"name\":\"D\",\"type\":\"date\"},{\"name\":\"B\",\"type\":\"boolean\"},"
    "{\"name\":\"P\",\"type\":\"string\",\"constraints\":{\"pattern\":"
    "\"^[0-9]{7}$\"}},{\"name\":\"T\",\"type\":\"string\"}]}";

static void
check_answers(const struct survey *s, struct bytes packed)
{
	struct answers_value values[SURVEY_FIELDS_MAX];

	MUST_HOLD(packed.len == 0 || answers_decode(s, packed, values) ==
	    ERR_OK);
}

static void
check_reply(struct dialogue_desk *k, const struct dialogue *d,
    const struct dialogue_turn *t)
{
	struct json_doc *list = NULL;

	if (t->silent)
		return;
	MUST_HOLD(line_say(k, d, t, &list) == ERR_OK);
	MUST_HOLD(json_doc_len(list) >= 1 &&
	    json_doc_len(list) <= LINE_SAY_MESSAGES_MAX);
	json_doc_free(list);
}

/* All of them said by one person, twice. */
static void
talk(struct dialogue_desk *k, const struct line_batch *b)
{
	struct dialogue d = {0};
	struct dialogue_turn t;
	uint8_t key[DIALOGUE_KEY_LEN] = {0};

	for (size_t i = 0; i < 2 * b->len; i++) {
		const struct line_event *ev = &b->events[i % b->len];
		const struct dialogue_said said = {.kind = ev->kind,
		    .text = ev->text, .date = ev->date,
		    .time_ms = ev->time_ms, .key = key};

		key[0] = (uint8_t)i;
		if (ev->skip != LINE_TAKEN)
			continue;
		MUST_HOLD(dialogue_turn(k, &d, &said, &t) == ERR_OK);
		check_answers(k->script->survey, t.answers);
		check_answers(k->script->survey, bytes_buf(&d.answers));
		check_reply(k, &d, &t);
	}
	for (int i = 0; i < 256; i++) {
		key[0] = (uint8_t)i;
		(void)!dialogue_unsend(k, &d, key);
		check_answers(k->script->survey, bytes_buf(&d.answers));
	}
	dialogue_release(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct survey *s;        /* parsed once, kept to the end */
	static struct dialogue_script script;
	static struct dialogue_desk desk;
	struct line_batch batch = {0};

	if (s == NULL) {
		MUST_HOLD(survey_parse(bytes_str(document), &s, NULL) ==
		    ERR_OK);
		script = (struct dialogue_script){.survey = s,
		    .consent_text = bytes_str("text"),
		    .scopes = {INTAKE_SCOPE_SUPPORT, INTAKE_SCOPE_RESEARCH},
		    .fields = {&s->fields[0]}, .scopes_len = 2};
		MUST_HOLD(dialogue_desk_init(&desk, &script) == ERR_OK);
	}
	MUST_HOLD(line_reference_agrees(bytes_of(data, size)));
	if (line_batch_parse(bytes_of(data, size), &batch) == ERR_OK)
		talk(&desk, &batch);
	line_batch_release(&batch);
	return 0;
}
