#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "survey/answers.h"

#define HEAD "{\"azukari\":\"survey v1\",\"name\":\"t\",\"version\":1," \
	"\"fields\":["
#define CATS "\"categories\":[{\"value\":\"a\"},{\"value\":\"b\"}," \
	"{\"value\":\"c\"}]"

/* One of each kind; the expectations below count on this order. */
static const char each[] = HEAD
    "{\"name\":\"C\",\"type\":\"string\"," CATS "},"
    "{\"name\":\"L\",\"type\":\"list\"," CATS ",\"exclusive\":[\"c\"]},"
    "{\"name\":\"I\",\"type\":\"integer\",\"constraints\":{\"minimum\":10,"
    "\"maximum\":20}},"
    "{\"name\":\"J\",\"type\":\"integer\"},"
    "{\"name\":\"N\",\"type\":\"number\",\"decimals\":1,\"constraints\":"
    "{\"minimum\":35.0,\"maximum\":42.0}},"
    "{\"name\":\"D\",\"type\":\"date\",\"constraints\":{\"minimum\":"
    "\"2020-01-01\"}},"
    "{\"name\":\"B\",\"type\":\"boolean\"},"
    "{\"name\":\"P\",\"type\":\"string\",\"constraints\":{\"pattern\":"
    "\"^[0-9]{7}$\"}},"
    "{\"name\":\"T\",\"type\":\"string\",\"constraints\":{\"maxLength\":5}}"
    "]}";

struct env {
	struct survey *s;
	struct answers_builder b;
	struct buf out;
	struct answers_value *values;
};

static void
env_init(struct env *v, const char *document)
{
	struct err_info info = {{0}};

	memset(v, 0, sizeof(*v));
	if (survey_parse(bytes_str(document), &v->s, &info) != ERR_OK)
		fail_msg("%s", info.message);
	assert_int_equal(answers_builder_init(&v->b, v->s), ERR_OK);
	v->values = calloc(v->s->fields_len, sizeof(*v->values));
	assert_non_null(v->values);
}

static void
env_release(struct env *v)
{
	answers_builder_release(&v->b);
	survey_free(v->s);
	buf_release(&v->out);
	free(v->values);
}

static const struct survey_field *
field(const struct env *v, const char *name)
{
	const struct survey_field *f = survey_find(v->s, bytes_str(name));

	assert_non_null(f);
	return f;
}

static enum err
set(struct env *v, const char *name, const char *text)
{
	return answers_set_text(&v->b, field(v, name), bytes_str(text));
}

static enum err
encode(struct env *v)
{
	buf_clear(&v->out);
	return answers_encode(v->s, v->b.values, &v->out);
}

static void
assert_packed(struct env *v, const char *want, size_t len)
{
	assert_int_equal(encode(v), ERR_OK);
	assert_int_equal(v->out.len, len);
	assert_memory_equal(v->out.data, want, len);
}

/* The bytes of FORMATS 5.2, written down by hand. */
static void
test_exact_bytes(void **state)
{
	struct env v;

	(void)state;
	env_init(&v, each);
	assert_packed(&v, "\1", 1);
	assert_int_equal(set(&v, "C", "b"), ERR_OK);
	assert_packed(&v, "\1\2", 2);
	assert_int_equal(answers_set_list(&v.b, field(&v, "L")), ERR_OK);
	assert_int_equal(answers_add_option(&v.b, field(&v, "L"),
	    bytes_str("b")), ERR_OK);
	assert_packed(&v, "\1\2\5", 3);
	assert_int_equal(answers_set_integer(&v.b, field(&v, "I"), 12),
	    ERR_OK);
	assert_packed(&v, "\1\2\5\5", 4);
	assert_int_equal(answers_set_integer(&v.b, field(&v, "J"), -65),
	    ERR_OK);
	assert_packed(&v, "\1\2\5\5\202\1", 6);
	assert_int_equal(answers_set_real(&v.b, field(&v, "N"), 36.5),
	    ERR_OK);
	assert_packed(&v, "\1\2\5\5\202\1\37", 7);
	/* 2020-09-12 is day 7560 from 2000-01-01: 7561 = 0x1d89. */
	assert_int_equal(set(&v, "D", "2020-09-12"), ERR_OK);
	assert_packed(&v, "\1\2\5\5\202\1\37\x1d\x89", 9);
	assert_int_equal(answers_set_boolean(&v.b, field(&v, "B"), 0),
	    ERR_OK);
	assert_packed(&v, "\1\2\5\5\202\1\37\x1d\x89\1", 10);
	assert_int_equal(set(&v, "P", "0000127"), ERR_OK);
	assert_packed(&v, "\1\2\5\5\202\1\37\x1d\x89\1\200\1", 12);
	assert_int_equal(set(&v, "T", "あx"), ERR_OK);
	assert_packed(&v, "\1\2\5\5\202\1\37\x1d\x89\1\200\1\5\343\201\202x",
	    17);
	env_release(&v);
}

/* An earlier minimum is where a field's dates begin. */
static void
test_dates_of_birth(void **state)
{
	struct env v;

	(void)state;
	env_init(&v, HEAD "{\"name\":\"D\",\"type\":\"date\","
	    "\"constraints\":{\"minimum\":\"1900-01-01\"}}]}");
	assert_int_equal(set(&v, "D", "1900-01-01"), ERR_OK);
	assert_packed(&v, "\1\0\1", 3);
	assert_int_equal(answers_decode(v.s, bytes_buf(&v.out), v.values),
	    ERR_OK);
	assert_int_equal(v.values[0].number, -25567);
	answers_clear(&v.b);
	assert_int_equal(set(&v, "D", "2079-06-05"), ERR_OK);
	assert_packed(&v, "\1\xff\xff", 3);
	assert_int_equal(answers_decode(v.s, bytes_buf(&v.out), v.values),
	    ERR_OK);
	answers_clear(&v.b);
	assert_int_equal(set(&v, "D", "2079-06-06"), ERR_RANGE);
	assert_int_equal(set(&v, "D", "1899-12-31"), ERR_RANGE);
	assert_int_equal(set(&v, "D", "1900-02-29"), ERR_SYNTAX);
	assert_int_equal(set(&v, "D", "0000-01-01"), ERR_SYNTAX);
	env_release(&v);
}

/* A zero byte inside a number at the end is cut, and read back. */
static void
test_cut_inside_a_value(void **state)
{
	struct env v;

	(void)state;
	env_init(&v, HEAD "{\"name\":\"D\",\"type\":\"date\"}]}");
	/* Day 255 from 2000-01-01: 256 = 0x0100. */
	assert_int_equal(set(&v, "D", "2000-09-12"), ERR_OK);
	assert_packed(&v, "\1\1", 2);
	assert_int_equal(answers_decode(v.s, bytes_buf(&v.out), v.values),
	    ERR_OK);
	assert_int_equal(v.values[0].number, SURVEY_DATE_FIRST + 255);
	assert_int_equal(answers_decode(v.s, bytes_of("\1\1\0", 3), v.values),
	    ERR_CORRUPT);
	env_release(&v);
}

static void
test_refused_values(void **state)
{
	static const struct {
		const char *name, *text;
		enum err want;
	} texts[] = {
		{"C", "d", ERR_UNKNOWN}, {"C", "", ERR_UNKNOWN},
		{"L", "a", ERR_MISMATCH}, {"I", "12", ERR_MISMATCH},
		{"N", "36.5", ERR_MISMATCH}, {"B", "true", ERR_MISMATCH},
		{"D", "2019-12-31", ERR_RANGE}, {"D", "2020-02-30", ERR_SYNTAX},
		{"D", "2200-01-01", ERR_RANGE}, {"D", "20200101", ERR_SYNTAX},
		{"D", "2020-01-01Z", ERR_SYNTAX},
		{"P", "123456", ERR_SYNTAX}, {"P", "12345678", ERR_SYNTAX},
		{"P", "12345a7", ERR_SYNTAX}, {"T", "", ERR_SYNTAX},
		{"T", "abcdef", ERR_LIMIT}, {"T", "ああああああ", ERR_LIMIT},
		{"T", "a\tb", ERR_ENCODING}, {"T", "\xff", ERR_ENCODING},
		{"T", "a\xe2\x80\xae", ERR_ENCODING},
	};
	struct env v;
	size_t i;

	(void)state;
	env_init(&v, each);
	for (i = 0; i < ARRAY_LEN(texts); i++)
		if (set(&v, texts[i].name, texts[i].text) != texts[i].want)
			fail_msg("%s %s", texts[i].name, texts[i].text);
	assert_int_equal(answers_set_integer(&v.b, field(&v, "I"), 9),
	    ERR_RANGE);
	assert_int_equal(answers_set_integer(&v.b, field(&v, "I"), 21),
	    ERR_RANGE);
	assert_int_equal(answers_set_integer(&v.b, field(&v, "J"),
	    SURVEY_NUMBER_MAX + 1), ERR_RANGE);
	assert_int_equal(answers_set_integer(&v.b, field(&v, "J"),
	    INT64_MIN), ERR_RANGE);
	assert_int_equal(answers_set_integer(&v.b, field(&v, "N"),
	    INT64_MAX), ERR_RANGE);
	assert_int_equal(answers_set_integer(&v.b, field(&v, "T"), 1),
	    ERR_MISMATCH);
	assert_int_equal(answers_set_real(&v.b, field(&v, "J"), 1.0),
	    ERR_MISMATCH);
	assert_int_equal(answers_set_real(&v.b, field(&v, "N"), 36.55),
	    ERR_RANGE);
	assert_int_equal(answers_set_real(&v.b, field(&v, "N"), 42.1),
	    ERR_RANGE);
	assert_int_equal(answers_set_real(&v.b, field(&v, "N"), 1e300),
	    ERR_RANGE);
	assert_int_equal(answers_set_boolean(&v.b, field(&v, "C"), 1),
	    ERR_MISMATCH);
	assert_int_equal(answers_set_list(&v.b, field(&v, "C")),
	    ERR_MISMATCH);
	/* Nothing of all that was kept. */
	assert_packed(&v, "\1", 1);
	env_release(&v);
}

static void
test_twice_is_refused(void **state)
{
	struct env v;

	(void)state;
	env_init(&v, each);
	assert_int_equal(set(&v, "C", "a"), ERR_OK);
	assert_int_equal(set(&v, "C", "b"), ERR_DUPLICATE);
	assert_int_equal(answers_set_list(&v.b, field(&v, "L")), ERR_OK);
	assert_int_equal(answers_set_list(&v.b, field(&v, "L")),
	    ERR_DUPLICATE);
	assert_int_equal(answers_add_option(&v.b, field(&v, "L"),
	    bytes_str("a")), ERR_OK);
	assert_int_equal(answers_add_option(&v.b, field(&v, "L"),
	    bytes_str("a")), ERR_DUPLICATE);
	assert_int_equal(answers_add_option(&v.b, field(&v, "L"),
	    bytes_str("x")), ERR_UNKNOWN);
	assert_packed(&v, "\1\1\3", 3);
	env_release(&v);
}

static void
test_rules_across_fields(void **state)
{
	const struct survey_field *at = NULL;
	struct env v;

	(void)state;
	env_init(&v, HEAD
	    "{\"name\":\"C\",\"type\":\"string\"," CATS ",\"constraints\":"
	    "{\"required\":true}},"
	    "{\"name\":\"L\",\"type\":\"list\"," CATS ",\"exclusive\":["
	    "\"c\"]},"
	    "{\"name\":\"X\",\"type\":\"boolean\",\"only_if\":{\"field\":"
	    "\"L\",\"in\":[\"a\",\"c\"]},\"constraints\":{\"required\":true}},"
	    "{\"name\":\"Y\",\"type\":\"integer\",\"only_if\":{\"field\":"
	    "\"X\",\"in\":[true]}}]}");
	assert_int_equal(answers_check(&v.b, &at), ERR_NOT_FOUND);
	assert_string_equal(at->name, "C");
	assert_int_equal(set(&v, "C", "a"), ERR_OK);
	assert_int_equal(answers_check(&v.b, NULL), ERR_OK);
	/* X is asked, and required, once L has a or c. */
	assert_int_equal(answers_set_list(&v.b, field(&v, "L")), ERR_OK);
	assert_int_equal(answers_check(&v.b, NULL), ERR_OK);
	assert_int_equal(answers_add_option(&v.b, field(&v, "L"),
	    bytes_str("c")), ERR_OK);
	assert_int_equal(answers_check(&v.b, &at), ERR_NOT_FOUND);
	assert_string_equal(at->name, "X");
	assert_int_equal(answers_set_boolean(&v.b, field(&v, "X"), 0),
	    ERR_OK);
	assert_int_equal(answers_check(&v.b, NULL), ERR_OK);
	assert_int_equal(answers_set_integer(&v.b, field(&v, "Y"), 1),
	    ERR_OK);
	assert_int_equal(answers_check(&v.b, &at), ERR_STATE);
	assert_string_equal(at->name, "Y");
	assert_int_equal(answers_add_option(&v.b, field(&v, "L"),
	    bytes_str("b")), ERR_OK);
	assert_int_equal(answers_check(&v.b, &at), ERR_RANGE);
	assert_string_equal(at->name, "L");
	answers_clear(&v.b);
	assert_int_equal(set(&v, "C", "a"), ERR_OK);
	assert_int_equal(answers_set_boolean(&v.b, field(&v, "X"), 1),
	    ERR_OK);
	assert_int_equal(answers_check(&v.b, &at), ERR_STATE);
	assert_string_equal(at->name, "X");
	env_release(&v);
}

static void
assert_cell(struct env *v, const char *name, size_t column, const char *want)
{
	char scratch[ANSWERS_CELL_MAX];
	const struct survey_field *f = field(v, name);
	struct bytes got = answers_cell(f, &v->b.values[f->index], column,
	    scratch);

	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.data, want, got.len);
}

static void
test_cells(void **state)
{
	struct env v;

	(void)state;
	env_init(&v, each);
	assert_cell(&v, "C", 0, "");
	assert_cell(&v, "L", 1, "");
	assert_cell(&v, "D", 0, "");
	assert_int_equal(set(&v, "C", "c"), ERR_OK);
	assert_cell(&v, "C", 0, "c");
	assert_int_equal(answers_set_list(&v.b, field(&v, "L")), ERR_OK);
	assert_int_equal(answers_add_option(&v.b, field(&v, "L"),
	    bytes_str("b")), ERR_OK);
	assert_cell(&v, "L", 0, "0");
	assert_cell(&v, "L", 1, "1");
	assert_int_equal(answers_set_integer(&v.b, field(&v, "J"),
	    -SURVEY_NUMBER_MAX), ERR_OK);
	assert_cell(&v, "J", 0, "-999999999999999");
	assert_int_equal(answers_set_integer(&v.b, field(&v, "N"), 36),
	    ERR_OK);
	assert_cell(&v, "N", 0, "36.0");
	assert_int_equal(set(&v, "D", "2024-02-29"), ERR_OK);
	assert_cell(&v, "D", 0, "2024-02-29");
	assert_int_equal(answers_set_boolean(&v.b, field(&v, "B"), 1),
	    ERR_OK);
	assert_cell(&v, "B", 0, "true");
	assert_int_equal(set(&v, "P", "0000042"), ERR_OK);
	assert_cell(&v, "P", 0, "0000042");
	assert_int_equal(set(&v, "T", "熱"), ERR_OK);
	assert_cell(&v, "T", 0, "熱");
	env_release(&v);
}

static void
test_cells_are_read(void **state)
{
	static const struct {
		const char *name, *text, *again;  /* again NULL: refused */
		enum err want;
	} cases[] = {
		{"J", "-0", "0", ERR_OK}, {"J", "007", "7", ERR_OK},
		{"J", "1.0", NULL, ERR_RANGE}, {"J", "", NULL, ERR_SYNTAX},
		{"J", "-", NULL, ERR_SYNTAX}, {"J", "+1", NULL, ERR_SYNTAX},
		{"J", " 1", NULL, ERR_SYNTAX}, {"J", "1e3", NULL, ERR_SYNTAX},
		{"J", "1000000000000000", NULL, ERR_RANGE},
		{"N", "36.5", "36.5", ERR_OK}, {"N", "36", "36.0", ERR_OK},
		{"N", "36.", NULL, ERR_SYNTAX}, {"N", ".5", NULL, ERR_SYNTAX},
		{"N", "36.55", NULL, ERR_RANGE}, {"N", "3.6.5", NULL,
		    ERR_SYNTAX}, {"N", "34.9", NULL, ERR_RANGE},
		{"B", "true", "true", ERR_OK}, {"B", "1", NULL, ERR_SYNTAX},
		{"L", "a", NULL, ERR_MISMATCH},
		{"C", "a", "a", ERR_OK}, {"D", "2020-05-01", "2020-05-01",
		    ERR_OK}, {"P", "0000000", "0000000", ERR_OK},
	};
	struct env v;
	size_t i;

	(void)state;
	env_init(&v, each);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		const struct survey_field *f = field(&v, cases[i].name);
		enum err e;

		answers_clear(&v.b);
		e = answers_set_cell(&v.b, f, bytes_str(cases[i].text));
		if (e != cases[i].want)
			fail_msg("%s %s: %s", cases[i].name, cases[i].text,
			    err_name(e));
		if (cases[i].again != NULL)
			assert_cell(&v, cases[i].name, 0, cases[i].again);
	}
	env_release(&v);
}

/* ---- properties over random surveys ---- */

static unsigned
roll(unsigned n)
{
	return (unsigned)rand() % n;
}

static void
append_categories(struct buf *b, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		assert_int_equal(buf_printf(b, "%s{\"value\":\"c%u\"}",
		    i ? "," : ",\"categories\":[", i), ERR_OK);
	assert_int_equal(buf_append_str(b, "]"), ERR_OK);
}

static void
append_field(struct buf *b, unsigned i)
{
	static const char *const types[] = {"string", "list", "integer",
	    "number", "date", "boolean", "string", "string"};
	unsigned t = roll(ARRAY_LEN(types));

	assert_int_equal(buf_printf(b, "%s{\"name\":\"f%u\",\"type\":\"%s\"",
	    i ? "," : "", i, types[t]), ERR_OK);
	if (t == 0 || t == 1)
		append_categories(b, roll(8) ? 1 + roll(20) : 250 + roll(40));
	if (t == 2 && roll(2))
		assert_int_equal(buf_printf(b, ",\"constraints\":{\"minimum\""
		    ":%d}", (int)roll(100) - 50), ERR_OK);
	if (t == 3)
		assert_int_equal(buf_printf(b, ",\"decimals\":%u", roll(7)),
		    ERR_OK);
	if (t == 6)
		assert_int_equal(buf_printf(b, ",\"constraints\":{\"pattern\""
		    ":\"^[0-9]{%u}$\"}", 1 + roll(18)), ERR_OK);
	assert_int_equal(buf_append_str(b, "}"), ERR_OK);
}

static void
random_survey(struct env *v)
{
	CLEANUP(buf_release) struct buf text = {0};
	unsigned i, count = 1 + roll(12);

	assert_int_equal(buf_append_str(&text, HEAD), ERR_OK);
	for (i = 0; i < count; i++)
		append_field(&text, i);
	assert_int_equal(buf_append_str(&text, "]}"), ERR_OK);
	env_init(v, buf_text(&text));
}

static int64_t
random_number(const struct survey_field *f)
{
	int64_t n = (int64_t)rand() << (rand() % 20);

	if (rand() & 1)
		n = -n;
	n %= SURVEY_NUMBER_MAX;
	if (n < f->minimum)
		n = f->minimum;
	return roll(8) ? n : roll(2) ? f->minimum : f->maximum;
}

static void
random_text(struct env *v, const struct survey_field *f)
{
	static const char *const texts[] = {"x", "回答", "a b", "0",
	    "ずっと咳が出ています"};

	assert_int_equal(answers_set_text(&v->b, f,
	    bytes_str(texts[roll(ARRAY_LEN(texts))])), ERR_OK);
}

static void
random_value(struct env *v, const struct survey_field *f)
{
	char text[32];
	unsigned i;

	switch (f->kind) {
	case SURVEY_KIND_CODE:
		assert_int_equal(answers_set_text(&v->b, f, f->categories[
		    roll((unsigned)f->categories_len)].value), ERR_OK);
		break;
	case SURVEY_KIND_LIST:
		assert_int_equal(answers_set_list(&v->b, f), ERR_OK);
		for (i = 0; i < f->categories_len; i++)
			if (roll(3) == 0)
				assert_int_equal(answers_add_option(&v->b, f,
				    f->categories[i].value), ERR_OK);
		break;
	case SURVEY_KIND_INTEGER:
		assert_int_equal(answers_set_integer(&v->b, f,
		    random_number(f)), ERR_OK);
		break;
	case SURVEY_KIND_NUMBER:
		assert_int_equal(answers_set_scaled(&v->b, f,
		    random_number(f)), ERR_OK);
		break;
	case SURVEY_KIND_DATE:
		(void)snprintf(text, sizeof(text), "20%02u-%02u-%02u",
		    roll(99), 1 + roll(12), 1 + roll(28));
		assert_int_equal(answers_set_text(&v->b, f, bytes_str(text)),
		    ERR_OK);
		break;
	case SURVEY_KIND_BOOLEAN:
		assert_int_equal(answers_set_boolean(&v->b, f,
		    (int)roll(2)), ERR_OK);
		break;
	case SURVEY_KIND_DIGITS:
		for (i = 0; i < f->digits; i++)
			text[i] = (char)('0' + roll(10));
		assert_int_equal(answers_set_text(&v->b, f, bytes_of(text,
		    f->digits)), ERR_OK);
		break;
	case SURVEY_KIND_TEXT:
	default:
		random_text(v, f);
		break;
	}
}

static void
random_answers(struct env *v)
{
	size_t i;

	answers_clear(&v->b);
	for (i = 0; i < v->s->fields_len; i++)
		if (roll(4) != 0)
			random_value(v, &v->s->fields[i]);
}

static int
is_same_cell(const struct survey_field *f, const struct answers_value *a,
    const struct answers_value *b, size_t column)
{
	char one[ANSWERS_CELL_MAX], two[ANSWERS_CELL_MAX];

	return bytes_equal(answers_cell(f, a, column, one),
	    answers_cell(f, b, column, two));
}

static void
assert_same(const struct env *v)
{
	size_t i, c;

	for (i = 0; i < v->s->fields_len; i++) {
		const struct survey_field *f = &v->s->fields[i];

		assert_int_equal(v->values[i].answered,
		    v->b.values[i].answered);
		assert_int_equal(v->values[i].number, v->b.values[i].number);
		for (c = 0; c < f->columns; c++)
			assert_true(is_same_cell(f, &v->values[i],
			    &v->b.values[i], c));
	}
}

/* What is read from its own cells is the same answer. */
static void
assert_cells_read_back(struct env *v)
{
	CLEANUP(answers_builder_release) struct answers_builder again = {0};
	char scratch[ANSWERS_CELL_MAX];
	size_t i;

	assert_int_equal(answers_builder_init(&again, v->s), ERR_OK);
	for (i = 0; i < v->s->fields_len; i++) {
		const struct survey_field *f = &v->s->fields[i];
		struct bytes cell = answers_cell(f, &v->b.values[i], 0,
		    scratch);

		if (f->kind == SURVEY_KIND_LIST || cell.len == 0)
			continue;
		assert_int_equal(answers_set_cell(&again, f, cell), ERR_OK);
		assert_true(is_same_cell(f, &again.values[i],
		    &v->b.values[i], 0));
	}
}

static void
test_round_trip(void **state)
{
	CLEANUP(buf_release) struct buf again = {0};
	unsigned i, j;

	(void)state;
	srand(11);
	for (i = 0; i < 300; i++) {
		struct env v;

		random_survey(&v);
		for (j = 0; j < 20; j++) {
			random_answers(&v);
			assert_int_equal(encode(&v), ERR_OK);
			assert_int_equal(answers_decode(v.s,
			    bytes_buf(&v.out), v.values), ERR_OK);
			assert_same(&v);
			assert_cells_read_back(&v);
			buf_clear(&again);
			assert_int_equal(answers_encode(v.s, v.values,
			    &again), ERR_OK);
			assert_true(bytes_equal(bytes_buf(&again),
			    bytes_buf(&v.out)));
		}
		env_release(&v);
	}
}

/* Whatever bytes decode must be the very bytes their values encode to. */
static unsigned
assert_canonical(struct env *v, struct bytes packed)
{
	CLEANUP(buf_release) struct buf again = {0};

	if (answers_decode(v->s, packed, v->values) != ERR_OK)
		return 0;
	assert_int_equal(answers_encode(v->s, v->values, &again), ERR_OK);
	assert_true(bytes_equal(bytes_buf(&again), packed));
	return 1;
}

static void
test_hostile_bytes(void **state)
{
	unsigned i, bit, taken = 0, tried = 0;
	size_t at;

	(void)state;
	srand(12);
	for (i = 0; i < 200; i++) {
		struct env v;

		random_survey(&v);
		random_answers(&v);
		assert_int_equal(encode(&v), ERR_OK);
		for (at = 0; at < v.out.len; at++) {
			taken += assert_canonical(&v, bytes_of(v.out.data,
			    at));
			for (bit = 0; bit < 8; bit++, tried++) {
				v.out.data[at] ^= (uint8_t)(1u << bit);
				taken += assert_canonical(&v,
				    bytes_buf(&v.out));
				v.out.data[at] ^= (uint8_t)(1u << bit);
			}
		}
		env_release(&v);
	}
	assert_true(taken > 0 && taken < tried);
}

/* Every string of up to three bytes behind the format byte. */
static void
test_all_short_bytes(void **state)
{
	static const char *const documents[] = {
		HEAD "{\"name\":\"I\",\"type\":\"integer\"}]}",
		HEAD "{\"name\":\"L\",\"type\":\"list\"," CATS "},"
		    "{\"name\":\"T\",\"type\":\"string\"}]}",
		HEAD "{\"name\":\"B\",\"type\":\"boolean\"},{\"name\":\"P\","
		    "\"type\":\"string\",\"constraints\":{\"pattern\":"
		    "\"^[0-9]{2}$\"}}]}",
	};
	uint8_t bytes[4] = {1};
	unsigned i, n;
	size_t len;

	(void)state;
	for (i = 0; i < ARRAY_LEN(documents); i++) {
		unsigned taken = 0;
		struct env v;

		env_init(&v, documents[i]);
		for (len = 1; len <= 3; len++)
			for (n = 0; n < 1u << 8 * (len - 1); n++) {
				bytes[1] = (uint8_t)n;
				bytes[2] = (uint8_t)(n >> 8);
				taken += assert_canonical(&v, bytes_of(bytes,
				    len));
			}
		assert_true(taken >= 9);
		env_release(&v);
	}
}

static void
test_format_byte(void **state)
{
	struct env v;

	(void)state;
	env_init(&v, each);
	assert_int_equal(answers_decode(v.s, bytes_of("", 0), v.values),
	    ERR_CORRUPT);
	assert_int_equal(answers_decode(v.s, bytes_of("\2", 1), v.values),
	    ERR_CORRUPT);
	assert_int_equal(answers_decode(v.s, bytes_of("\1\1\0", 3), v.values),
	    ERR_CORRUPT);
	assert_int_equal(answers_decode(v.s, bytes_of("\1", 1), v.values),
	    ERR_OK);
	env_release(&v);
}

static void
test_too_much(void **state)
{
	CLEANUP(buf_release) struct buf text = {0};
	char long_text[SURVEY_TEXT_MAX + 2];
	struct env v;
	unsigned i;

	(void)state;
	assert_int_equal(buf_append_str(&text, HEAD), ERR_OK);
	for (i = 0; i < 17; i++)
		assert_int_equal(buf_printf(&text, "%s{\"name\":\"f%u\","
		    "\"type\":\"string\"}", i ? "," : "", i), ERR_OK);
	assert_int_equal(buf_append_str(&text, "]}"), ERR_OK);
	env_init(&v, buf_text(&text));
	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(answers_set_text(&v.b, &v.s->fields[0],
	    bytes_of(long_text, SURVEY_TEXT_MAX + 1)), ERR_LIMIT);
	for (i = 0; i < 17; i++) {
		assert_int_equal(encode(&v), i < 16 ? ERR_OK : ERR_LIMIT);
		assert_int_equal(answers_set_text(&v.b, &v.s->fields[i],
		    bytes_of(long_text, SURVEY_TEXT_MAX)), ERR_OK);
	}
	env_release(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_bytes),
		cmocka_unit_test(test_dates_of_birth),
		cmocka_unit_test(test_cut_inside_a_value),
		cmocka_unit_test(test_refused_values),
		cmocka_unit_test(test_twice_is_refused),
		cmocka_unit_test(test_rules_across_fields),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_cells_are_read),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_all_short_bytes),
		cmocka_unit_test(test_format_byte),
		cmocka_unit_test(test_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
