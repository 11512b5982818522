/* Dialogues as tables: what is said, and what that brings. */
#include "tests/unit/intake/env.h"

#include "core/json_doc.h"
#include "intake/dialogue.h"
#include "intake/line_say.h"

/* Consent fields, a branch, a list with an option that stands alone, one of
 * each kind, one that is required. */
static const char document[] =
    "{\"azukari\":\"survey v1\",\"name\":\"d\",\"version\":1,\"fields\":["
    "{\"name\":\"OK\",\"type\":\"string\",\"title\":\"同意\",\"categories\":["
    "{\"value\":\"1\",\"label\":\"同意する\"},"
    "{\"value\":\"0\",\"label\":\"同意しない\"}]},"
    "{\"name\":\"C\",\"type\":\"string\",\"title\":\"体調\",\"title_en\":"
    "\"Condition\",\"categories\":[{\"value\":\"9\",\"label\":\"普段通り\","
    "\"label_en\":\"as usual\"},{\"value\":\"1\",\"label\":\"発熱\","
    "\"label_en\":\"fever\"}],\"constraints\":{\"required\":true}},"
    "{\"name\":\"T\",\"type\":\"number\",\"decimals\":1,\"title\":\"体温\","
    "\"constraints\":{\"minimum\":35.0,\"maximum\":42.0},\"only_if\":"
    "{\"field\":\"C\",\"in\":[\"1\"]}},"
    "{\"name\":\"L\",\"type\":\"list\",\"title\":\"症状\",\"categories\":["
    "{\"value\":\"S1\",\"label\":\"のど\"},{\"value\":\"S2\",\"label\":"
    "\"せき\"},{\"value\":\"S0\",\"label\":\"なし\"}],\"exclusive\":"
    "[\"S0\"]},"
    "{\"name\":\"D\",\"type\":\"date\",\"title\":\"日\"},"
    "{\"name\":\"B\",\"type\":\"boolean\",\"title\":\"渡航\"},"
    "{\"name\":\"P\",\"type\":\"string\",\"title\":\"郵便番号\","
    "\"constraints\":{\"pattern\":\"^[0-9]{7}$\"}},"
    "{\"name\":\"X\",\"type\":\"string\",\"title\":\"自由\"}]}";

struct table {
	struct env v;
	struct dialogue_script script;
	struct dialogue_desk desk;
	struct dialogue d;
	int64_t now_ms;
};

static void
table_init(struct table *t)
{
	memset(t, 0, sizeof(*t));
	env_init_with(&t->v, bytes_str(document));
	t->script = (struct dialogue_script){.survey = t->v.survey,
	    .consent_text = bytes_str("説明"), .scopes = {
	    INTAKE_SCOPE_SUPPORT, INTAKE_SCOPE_RESEARCH}, .scopes_len = 2};
	t->script.fields[0] = survey_find(t->v.survey, bytes_str("OK"));
	assert_ok(dialogue_check_field(t->script.fields[0]));
	assert_ok(dialogue_desk_init(&t->desk, &t->script));
	t->now_ms = 1000;
}

static void
table_release(struct table *t)
{
	dialogue_release(&t->d);
	dialogue_desk_release(&t->desk);
	env_release(&t->v);
}

/* The answers of a turn as "C=9 L_S1=1 ..." */
static void
show(struct table *t, struct bytes packed, char *ret, size_t ret_len)
{
	struct answers_value values[SURVEY_FIELDS_MAX];
	const struct survey *s = t->v.survey;
	char scratch[ANSWERS_CELL_MAX], name[SURVEY_COLUMN_NAME_MAX + 1];
	size_t len = 0;

	ret[0] = '\0';
	if (packed.len == 0)
		return;
	assert_ok(answers_decode(s, packed, values));
	for (size_t i = 0; i < s->fields_len; i++)
		for (size_t c = 0; c < s->fields[i].columns; c++) {
			struct bytes cell = answers_cell(&s->fields[i],
			    &values[i], c, scratch);

			if (cell.len == 0)
				continue;
			answers_column_name(&s->fields[i], c, name);
			len += (size_t)snprintf(ret + len, ret_len - len,
			    "%s%s=%.*s", len == 0 ? "" : " ", name,
			    (int)cell.len, (const char *)cell.data);
		}
}

struct turn {
	const char *said;       /* "!..." is a button, "@..." a picked day */
	enum dialogue_effect effect;
	enum dialogue_phrase phrase;
	const char *asks;       /* field, "consent" or "idle" */
	const char *answers;    /* NULL: not looked at */
	uint8_t scopes;
};

static const char *
asked(const struct table *t)
{
	if (t->d.stage == DIALOGUE_IDLE)
		return "idle";
	if (t->d.stage == DIALOGUE_CONSENT)
		return t->d.scope_at == 0 ? "consent" : "research";
	return t->v.survey->fields[t->d.field].name;
}

/* What is said is always something LINE takes. */
static void
check_reply(struct table *t, const struct dialogue_turn *turn)
{
	CLEANUP(json_doc_cleanup) struct json_doc *list = NULL;

	assert_ok(line_say(&t->desk, &t->d, turn, &list));
	assert_in_range(json_doc_len(list), 1, LINE_SAY_MESSAGES_MAX);
	for (size_t i = 0; i < json_doc_len(list); i++) {
		const struct json_doc *m = json_doc_at(list, i);
		const struct json_doc *items = json_doc_get(json_doc_get(m,
		    "quickReply"), "items");

		assert_in_range(json_doc_string_len(json_doc_get(m, "text")),
		    1, LINE_SAY_TEXT_MAX);
		assert_true(json_doc_len(items) <= LINE_SAY_BUTTONS_MAX);
	}
}

static void
say(struct table *t, const struct turn *row, size_t i)
{
	struct dialogue_said said = {.kind = row->said[0] == '!' ||
	    row->said[0] == '@' ? LINE_POSTBACK : LINE_TEXT,
	    .time_ms = ++t->now_ms};
	uint8_t key[DIALOGUE_KEY_LEN] = {(uint8_t)i};
	struct dialogue_turn turn;
	char answers[512];

	said.text = bytes_str(row->said + (said.kind == LINE_POSTBACK));
	if (row->said[0] == '@') {
		said.date = said.text;
		said.text = bytes_str("a:4");
	}
	if (said.kind == LINE_TEXT)
		said.key = key;
	assert_ok(dialogue_turn(&t->desk, &t->d, &said, &turn));
	show(t, turn.answers, answers, sizeof(answers));
	if (turn.effect != row->effect || turn.phrase != row->phrase ||
	    strcmp(asked(t), row->asks) != 0 || (row->answers != NULL &&
	    strcmp(answers, row->answers) != 0) || turn.scopes != row->scopes)
		fail_msg("%zu (%s): effect %d, phrase %d, asks %s, \"%s\", "
		    "scopes %u", i, row->said, turn.effect, turn.phrase,
		    asked(t), answers, turn.scopes);
	check_reply(t, &turn);
}

static void
run(const struct turn *rows, size_t len)
{
	struct table t;

	table_init(&t);
	for (size_t i = 0; i < len; i++)
		say(&t, &rows[i], i);
	table_release(&t);
}

#define BOTH (INTAKE_SCOPE_SUPPORT | INTAKE_SCOPE_RESEARCH)
#define NO DIALOGUE_SAY_NOTHING
#define AGAIN DIALOGUE_SAY_AGAIN
#define STEP DIALOGUE_STEP
#define NOTED DIALOGUE_NOTED
#define TO_C \
	{"やあ", NOTED, DIALOGUE_SAY_GREETING, "consent", "", 0}, \
	{"同意する", NOTED, NO, "research", "", 0}, \
	{"はい", DIALOGUE_AGREED, NO, "C", NULL, BOTH}

static void
test_from_greeting_to_thanks(void **state)
{
	static const struct turn rows[] = {
		TO_C,
		{"2", STEP, NO, "T", "C=1", 0},
		{"３８．５", STEP, NO, "L", "T=38.5", 0},
		{"1、2", STEP, NO, "D", "L_S1=1 L_S2=1 L_S0=0", 0},
		{"2020/3/7", STEP, NO, "B", "D=2020-03-07", 0},
		{"はい", STEP, NO, "P", "B=true", 0},
		{"１６０－００２３", STEP, NO, "X", "P=1600023", 0},
		{"熱がある", DIALOGUE_COMPLETE, DIALOGUE_SAY_THANKS, "idle",
		    "OK=1 C=1 T=38.5 L_S1=1 L_S2=1 L_S0=0 D=2020-03-07 "
		    "B=true P=1600023 X=熱がある", 0},
	};

	(void)state;
	run(rows, ARRAY_LEN(rows));
}

static void
test_buttons_only(void **state)
{
	static const struct turn rows[] = {
		{"!s", NOTED, DIALOGUE_SAY_GREETING, "consent", "", 0},
		{"!c:0:1", NOTED, NO, "research", "", 0},
		{"!c:1:0", DIALOGUE_AGREED, NO, "C", NULL,
		    INTAKE_SCOPE_SUPPORT},
		{"!a:1:0", STEP, NO, "L", "C=9", 0},    /* no fever, no T */
		{"!d:3", NOTED, AGAIN, "L", "", 0},     /* nothing chosen */
		{"!a:3:0", STEP, NO, "L", "L_S1=1 L_S2=0 L_S0=0", 0},
		{"!a:3:1", STEP, NO, "L", "L_S1=1 L_S2=1 L_S0=0", 0},
		{"!a:3:0", STEP, NO, "L", "L_S1=0 L_S2=1 L_S0=0", 0},
		{"!a:3:2", STEP, NO, "L", "L_S1=0 L_S2=0 L_S0=1", 0},
		{"!a:3:0", STEP, NO, "L", "L_S1=1 L_S2=0 L_S0=0", 0},
		{"!d:3", NOTED, NO, "D", "", 0},
		{"@2020-03-07", STEP, NO, "B", "D=2020-03-07", 0},
		{"!k:5", NOTED, NO, "P", "", 0},
		{"!k:6", NOTED, NO, "X", "", 0},
		{"!k:7", DIALOGUE_COMPLETE, DIALOGUE_SAY_THANKS, "idle",
		    "OK=1 C=9 L_S1=1 L_S2=0 L_S0=0 D=2020-03-07", 0},
	};

	(void)state;
	run(rows, ARRAY_LEN(rows));
}

static void
test_what_is_no_answer(void **state)
{
	static const struct turn rows[] = {
		{"x", NOTED, DIALOGUE_SAY_GREETING, "consent", "", 0},
		{"maybe", NOTED, AGAIN, "consent", "", 0},
		{"!a:1:0", NOTED, DIALOGUE_SAY_OLD_BUTTON, "consent", "", 0},
		{"!c:1:1", NOTED, DIALOGUE_SAY_OLD_BUTTON, "consent", "", 0},
		{"!c:0:1", NOTED, NO, "research", "", 0},
		{"!c:0:1", NOTED, DIALOGUE_SAY_OLD_BUTTON, "research", "", 0},
		{"no", DIALOGUE_AGREED, NO, "C", NULL, INTAKE_SCOPE_SUPPORT},
		{"3", NOTED, AGAIN, "C", "", 0},
		{"0", NOTED, AGAIN, "C", "", 0},
		{"9", NOTED, AGAIN, "C", "", 0},        /* a code, no place */
		{"!a:1:7", NOTED, AGAIN, "C", "", 0},
		{"!a:3:0", NOTED, DIALOGUE_SAY_OLD_BUTTON, "C", "", 0},
		{"答えない", NOTED, DIALOGUE_SAY_NEEDED, "C", "", 0},
		{"!k:1", NOTED, DIALOGUE_SAY_NEEDED, "C", "", 0},
		{"発熱", STEP, NO, "T", "C=1", 0},
		{"50", NOTED, AGAIN, "T", "", 0},
		{"38.55", NOTED, AGAIN, "T", "", 0},
		{"hot", NOTED, AGAIN, "T", "", 0},
		{"skip", NOTED, NO, "L", "", 0},
		{"1 3", NOTED, DIALOGUE_SAY_ALONE, "L", "", 0},
		{"のど 8", NOTED, AGAIN, "L", "", 0},
		{"なし", STEP, NO, "D", "L_S1=0 L_S2=0 L_S0=1", 0},
		{"2020-02-30", NOTED, AGAIN, "D", "", 0},
		{"3/7", NOTED, AGAIN, "D", "", 0},
		{"2020年3月7日", STEP, NO, "B", NULL, 0},
		{"たぶん", NOTED, AGAIN, "B", "", 0},
		{"2", STEP, NO, "P", "B=false", 0},
		{"123", NOTED, AGAIN, "P", "", 0},
	};

	(void)state;
	run(rows, ARRAY_LEN(rows));
}

static void
test_words_of_every_stage(void **state)
{
	static const struct turn rows[] = {
		{"x", NOTED, DIALOGUE_SAY_GREETING, "consent", "", 0},
		{"English", NOTED, NO, "consent", "", 0},
		{"Do not agree", NOTED, DIALOGUE_SAY_DECLINED, "idle", "", 0},
		{"start", NOTED, NO, "consent", "", 0},
		{"yes", NOTED, NO, "research", "", 0},
		{"yes", DIALOGUE_AGREED, NO, "C", NULL, BOTH},
		{"as usual", STEP, NO, "L", "C=9", 0},
		{"restart", NOTED, NO, "consent", "", 0},
		{"cancel", NOTED, DIALOGUE_SAY_CANCELLED, "idle", "", 0},
		{" 撤回　", DIALOGUE_WITHDREW, DIALOGUE_SAY_WITHDRAWN, "idle", "",
		    INTAKE_SCOPE_ALL},
		TO_C,
		{"withdraw research", DIALOGUE_WITHDREW,
		    DIALOGUE_SAY_WITHDRAWN_RESEARCH, "idle", "",
		    INTAKE_SCOPE_RESEARCH},
	};

	(void)state;
	run(rows, ARRAY_LEN(rows));
}

/* Answers come in any order; what is older than what was said has no effect,
 * but a withdrawal always has. */
static void
test_late(void **state)
{
	static const struct turn rows[] = {TO_C};
	struct dialogue_said said = {.kind = LINE_TEXT,
	    .text = bytes_str("2"), .time_ms = 1};
	struct dialogue_turn turn;
	struct table t;

	(void)state;
	table_init(&t);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		say(&t, &rows[i], i);
	assert_ok(dialogue_turn(&t.desk, &t.d, &said, &turn));
	assert_int_equal(turn.late, 1);
	assert_int_equal(turn.silent, 1);
	assert_int_equal(turn.effect, DIALOGUE_NOTED);
	assert_string_equal(asked(&t), "C");
	said.text = bytes_str("撤回");
	assert_ok(dialogue_turn(&t.desk, &t.d, &said, &turn));
	assert_int_equal(turn.effect, DIALOGUE_WITHDREW);
	assert_int_equal(turn.silent, 0);
	table_release(&t);
}

static void
test_events_that_say_nothing(void **state)
{
	static const struct {
		enum line_kind kind;
		enum dialogue_phrase phrase;
		int silent;
		const char *asks;
	} cases[] = {
		{LINE_FOLLOW, DIALOGUE_SAY_GREETING, 0, "consent"},
		{LINE_UNFOLLOW, NO, 1, "C"},    /* no withdrawal */
		{LINE_UNSEND, NO, 1, "C"},
		{LINE_UNKNOWN, NO, 1, "C"},
		{LINE_OTHER_MESSAGE, DIALOGUE_SAY_WORDS_ONLY, 0, "C"},
	};
	static const struct turn rows[] = {TO_C};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct dialogue_said said = {.kind = cases[i].kind,
		    .time_ms = 9999};
		struct dialogue_turn turn;
		struct table t;

		table_init(&t);
		for (size_t n = 0; n < ARRAY_LEN(rows); n++)
			say(&t, &rows[n], n);
		assert_ok(dialogue_turn(&t.desk, &t.d, &said, &turn));
		assert_int_equal(turn.effect, NOTED);
		assert_int_equal(turn.phrase, cases[i].phrase);
		assert_int_equal(turn.silent, cases[i].silent);
		assert_string_equal(asked(&t), cases[i].asks);
		table_release(&t);
	}
}

static void
test_unsend(void **state)
{
	static const struct turn rows[] = {
		TO_C,
		{"2", STEP, NO, "T", "C=1", 0},         /* message 3 */
		{"38", STEP, NO, "L", "T=38.0", 0},     /* message 4 */
		{"1", STEP, NO, "D", NULL, 0},
	};
	static const struct turn then[] = {
		{"1", STEP, NO, "D", "C=9", 0},         /* asked again: no T */
		{"skip", NOTED, NO, "B", "", 0},
		{"skip", NOTED, NO, "P", "", 0},
		{"skip", NOTED, NO, "X", "", 0},
		{"skip", DIALOGUE_COMPLETE, DIALOGUE_SAY_THANKS, "idle",
		    "OK=1 C=9 L_S1=1 L_S2=0 L_S0=0", 0},
	};
	uint8_t key[DIALOGUE_KEY_LEN] = {3}, nobody[DIALOGUE_KEY_LEN] = {99};
	CLEANUP(dialogue_release) struct dialogue copy = {0};
	struct table t;

	(void)state;
	table_init(&t);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		say(&t, &rows[i], i);
	assert_ok(dialogue_copy(&t.d, &copy));
	assert_err(dialogue_unsend(&t.desk, &t.d, nobody), ERR_NOT_FOUND);
	assert_ok(dialogue_unsend(&t.desk, &t.d, key));
	assert_err(dialogue_unsend(&t.desk, &t.d, key), ERR_NOT_FOUND);
	assert_string_equal(asked(&t), "C");
	for (size_t i = 0; i < ARRAY_LEN(then); i++)
		say(&t, &then[i], 20 + i);
	/* messages of the answers, for whoever unsends one later */
	assert_int_equal(t.desk.messages_len, 3);
	/* the copy is as it was */
	assert_ok(dialogue_unsend(&t.desk, &copy, key));
	table_release(&t);
}

/* Every branch of the survey the generator fills: skipping ends it. */
static void
test_skipping_ends(void **state)
{
	struct table t;
	struct turn row = {.said = "skip"};
	static const struct turn rows[] = {TO_C,
	    {"1", STEP, NO, "L", "C=9", 0}};

	(void)state;
	table_init(&t);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		say(&t, &rows[i], i);
	for (int i = 0; i < 10 && t.d.stage == DIALOGUE_ASKING; i++) {
		struct dialogue_said said = {.kind = LINE_TEXT,
		    .text = bytes_str(row.said), .time_ms = ++t.now_ms};
		struct dialogue_turn turn;

		assert_ok(dialogue_turn(&t.desk, &t.d, &said, &turn));
	}
	assert_int_equal(t.d.stage, DIALOGUE_IDLE);
	table_release(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_greeting_to_thanks),
		cmocka_unit_test(test_buttons_only),
		cmocka_unit_test(test_what_is_no_answer),
		cmocka_unit_test(test_words_of_every_stage),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_events_that_say_nothing),
		cmocka_unit_test(test_unsend),
		cmocka_unit_test(test_skipping_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
