#include "tests/unit/unit.h"

#include <math.h>

#include "policy/disclosure/models.h"
#include "policy/disclosure/tally.h"

#define PEOPLE 24
#define ANSWERS 2
#define VALUES 5
#define CLASSES 3
#define OPTIONS 5
#define ROUNDS 3000

static uint64_t seed = 20201123;

static unsigned
roll(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

/* Values 0 to 4 are written as their numbers; the ladder has the branches
 * {0, 1} and {2, 3, 4}; value v of a list is the options that are its bits. */
static const uint32_t branch[VALUES] = {0, 0, 1, 1, 1};
static const uint32_t root[VALUES];
static const uint32_t *const tree[] = {NULL, branch, root};
static const uint32_t places[VALUES] = {0, 1, 2, 3, 4};

struct table {
	size_t starts[PEOPLE + 1];
	uint32_t class_of[PEOPLE], values[PEOPLE * ANSWERS];
	struct model_rule rule;
	struct models_column column;
	uint32_t item_starts[VALUES + 1], items[VALUES * OPTIONS];
	struct models_input in;
	uint8_t gone[PEOPLE];
};

static struct model_rule
any_rule(void)
{
	static const char *const lines[] = {"x distinct 2", "x distinct 3",
	    "x entropy 1.5", "x entropy 2", "x entropy 2.25",
	    "x recursive 0.5 2", "x recursive 2 2", "x recursive 3 3",
	    "x t-equal 0.2", "x t-equal 0.5", "x t-ordered 0.1",
	    "x t-ordered 0.25", "x t-ladder:l 0.125", "x t-ladder:l 0.3",
	    "x k-to-m 1", "x k-to-m 2", "x k-to-m 3"};
	struct model_rule r;

	assert_ok(model_parse(bytes_str(lines[roll(ARRAY_LEN(lines))]), &r));
	return r;
}

static void
make_items(struct table *t)
{
	uint32_t v, i, len = 0;

	for (v = 0; v < VALUES; v++) {
		for (i = 0; i < 3; i++)
			if (v >> i & 1)
				t->items[len++] = i;
		t->item_starts[v + 1] = len;
	}
}

/* Class 2 is of people who answered twice. */
static void
make(struct table *t)
{
	size_t i, a, people = 1 + roll(PEOPLE);

	memset(t, 0, sizeof(*t));
	t->rule = any_rule();
	make_items(t);
	for (i = 0; i < people; i++) {
		t->class_of[i] = roll(CLASSES);
		t->starts[i + 1] = t->starts[i] + 1 + (t->class_of[i] == 2);
		for (a = t->starts[i]; a < t->starts[i + 1]; a++)
			t->values[a] = roll(roll(2) ? 2 : VALUES);
	}
	t->column = (struct models_column){.value_of = t->values,
	    .values = VALUES, .by_place = places, .labels = tree, .levels = 3,
	    .item_starts = t->item_starts, .items = t->items};
	t->in = (struct models_input){.people = people, .starts = t->starts,
	    .k = 1 + roll(4), .rules = &t->rule, .columns = &t->column,
	    .rules_len = 1};
}

/* ---- by definition, in plain numbers ---- */

struct said {
	double n, of[VALUES];
};

static struct said
said(const struct table *t, int class, size_t answer)
{
	struct said s = {0};
	size_t i, a;

	for (i = 0; i < t->in.people; i++)
		for (a = 0; a < t->starts[i + 1] - t->starts[i]; a++)
			if (!t->gone[i] && (class < 0 ||
			    ((int)t->class_of[i] == class && a == answer))) {
				s.of[t->values[t->starts[i] + a]]++;
				s.n++;
			}
	return s;
}

static double
distance(const struct table *t, const struct said *s)
{
	struct said all = said(t, -1, 0);
	double d[VALUES], sum = 0, so_far = 0, left = 0;
	int v, met = 0;

	for (v = 0; v < VALUES; v++) {
		d[v] = s->of[v] / s->n - all.of[v] / all.n;
		met += all.of[v] > 0;
	}
	for (v = 0; v < VALUES; v++) {
		if (t->rule.kind == MODEL_T_ORDERED) {
			so_far += d[v];
			sum += all.of[v] > 0 ? fabs(so_far) : 0;
		} else {
			sum += fabs(d[v]);
			left += v < 2 ? d[v] : 0;
		}
	}
	if (t->rule.kind == MODEL_T_ORDERED)
		return met < 2 ? 0 : sum / (met - 1);
	if (t->rule.kind == MODEL_T_EQUAL)
		return sum / 2;
	return (sum + 2 * fabs(left)) / 4;
}

static int
keeps_recursive(const struct table *t, const struct said *s)
{
	double sorted[VALUES], x, tail = 0;
	unsigned i, k;

	for (i = 0; i < VALUES; i++) {
		for (x = s->of[i], k = i; k > 0 && sorted[k - 1] < x; k--)
			sorted[k] = sorted[k - 1];
		sorted[k] = x;
	}
	for (i = t->rule.whole - 1; i < VALUES; i++)
		tail += sorted[i];
	return sorted[0] * 1000 < tail * t->rule.thousandths;
}

static int
keeps(const struct table *t, const struct said *s)
{
	double entropy = 0;
	unsigned met = 0, v;

	for (v = 0; v < VALUES; v++) {
		met += s->of[v] > 0;
		if (s->of[v] > 0)
			entropy -= s->of[v] / s->n * log(s->of[v] / s->n);
	}
	if (t->rule.kind == MODEL_DISTINCT)
		return met >= t->rule.whole;
	if (t->rule.kind == MODEL_ENTROPY)
		return exp(entropy) >= t->rule.thousandths / 1000.0 - 1e-6;
	if (t->rule.kind == MODEL_RECURSIVE)
		return keeps_recursive(t, s);
	return distance(t, s) <= t->rule.thousandths / 1000.0 + 1e-9;
}

static unsigned
options_of(const struct table *t, size_t person)
{
	unsigned all = 0;
	size_t a;

	for (a = t->starts[person]; a < t->starts[person + 1]; a++)
		all |= t->values[a];
	return all;
}

static int
options_keep(const struct table *t)
{
	unsigned set, n;
	size_t i;

	for (set = 1; set < 8; set++) {
		for (n = 0, i = 0; i < t->in.people; i++)
			n += !t->gone[i] &&
			    (options_of(t, i) & set) == set;
		if ((unsigned)__builtin_popcount(set) <= t->rule.whole &&
		    n > 0 && n < t->in.k)
			return 0;
	}
	return 1;
}

/* 1 when all classes are of k people and keep the rule; or only the rule. */
static int
all_keep(const struct table *t, int with_k)
{
	struct said s;
	size_t answer;
	int class;

	for (class = 0; class < CLASSES; class++)
		for (answer = 0; answer < ANSWERS; answer++) {
			s = said(t, class, answer);
			if (s.n == 0)
				continue;
			if (with_k && s.n < t->in.k)
				return 0;
			if (t->rule.kind != MODEL_SETS && !keeps(t, &s))
				return 0;
		}
	return t->rule.kind != MODEL_SETS || options_keep(t);
}

static int
anybody(const struct table *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->in.people; i++)
		n += !t->gone[i];
	return n > 0;
}

/* ---- what is written, tallied ---- */

static void
write_cells(const struct table *t, uint32_t value, struct buf *csv)
{
	if (t->rule.kind == MODEL_SETS)
		assert_ok(buf_printf(csv, ",%u,%u,%u\n", value & 1,
		    value >> 1 & 1, value >> 2 & 1));
	else
		assert_ok(buf_printf(csv, ",%u\n", value));
}

static void
write_rows(const struct table *t, struct buf *csv)
{
	size_t i, a;

	assert_ok(buf_append_str(csv, t->rule.kind == MODEL_SETS ?
	    "pseudonym,answer,class,x_a,x_b,x_c\n" :
	    "pseudonym,answer,class,x\n"));
	for (i = 0; i < t->in.people; i++)
		for (a = t->starts[i]; !t->gone[i] && a < t->starts[i + 1];
		    a++) {
			assert_ok(buf_printf(csv, "p%02zu,%zu,%u", i,
			    a - t->starts[i] + 1, t->class_of[i]));
			write_cells(t, t->values[a], csv);
		}
}

static enum err
tallied(const struct table *t)
{
	static const char *const plain[] = {"x"};
	static const char *const options[] = {"x_a", "x_b", "x_c"};
	static const char *const counted[] = {"class"};
	static const char *const low[] = {"low", "*"}, *const high[] =
	    {"high", "*"};
	static const struct tally_path paths[] = {{"0", low}, {"1", low},
	    {"2", high}, {"3", high}, {"4", high}};
	struct tally_rule rule = {.rule = t->rule, .columns = plain,
	    .columns_len = 1, .order = TALLY_NUMBERS, .paths = paths,
	    .paths_len = 5, .levels = 2};
	struct counter_args args = {"pseudonym", counted, 1, 0, 1, NULL, 0,
	    NULL, NULL};
	CLEANUP(tally_cleanup) struct tally *tally = NULL;
	CLEANUP(counter_cleanup) struct counter *c = NULL;
	CLEANUP(buf_release) struct buf csv = {0};
	struct counter_result r;
	size_t at;

	if (t->rule.kind == MODEL_SETS) {
		rule.columns = options;
		rule.columns_len = 3;
	}
	assert_ok(tally_new(&rule, 1, t->in.k, &tally));
	tally_watch(tally, &args);
	assert_ok(counter_new(&args, &c));
	write_rows(t, &csv);
	assert_ok(counter_feed(c, bytes_buf(&csv)));
	assert_ok(counter_end(c, &r));
	return tally_end(tally, &at);
}

/* ---- */

static enum err
settle(struct table *t)
{
	CLEANUP(models_cleanup) struct models *m = NULL;

	RETURN_IF(models_new(&t->in, &m));
	return models_settle(m, t->class_of, CLASSES, t->gone);
}

static void
what_is_left_keeps_every_rule(void **state)
{
	struct table t, before;
	unsigned i, settled = 0, untouched = 0, tallies[2] = {0};

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		make(&t);
		before = t;
		/* the tally against the definition, whatever there is */
		assert_int_equal(tallied(&before) == ERR_OK,
		    all_keep(&before, 0));
		tallies[all_keep(&before, 0)]++;
		assert_ok(settle(&t));
		if (all_keep(&before, 1)) {
			assert_memory_equal(t.gone, before.gone, PEOPLE);
			untouched++;
			continue;
		}
		assert_true(memcmp(t.gone, before.gone, PEOPLE) != 0);
		if (!anybody(&t))
			continue;
		assert_true(all_keep(&t, 1));
		assert_ok(tallied(&t));
		settled++;
	}
	/* every way of ending was met often */
	assert_true(settled > ROUNDS / 10);
	assert_true(untouched > ROUNDS / 20);
	assert_true(tallies[0] > ROUNDS / 5 && tallies[1] > ROUNDS / 5);
}

static void
whoever_is_gone_beforehand_stays_gone(void **state)
{
	struct table t;
	unsigned i, k;

	(void)state;
	for (i = 0; i < 300; i++) {
		uint8_t gone[PEOPLE];

		make(&t);
		for (k = 0; k < t.in.people; k++)
			t.gone[k] = (uint8_t)(roll(4) == 0);
		memcpy(gone, t.gone, sizeof(gone));
		assert_ok(settle(&t));
		for (k = 0; k < t.in.people; k++)
			assert_true(t.gone[k] >= gone[k]);
		assert_true(!anybody(&t) || all_keep(&t, 1));
	}
}

static void
lines_have_one_form(void **state)
{
	static const struct { const char *line; enum err want; } cases[] = {
		{"Q03 distinct 2", ERR_OK}, {"Q03 distinct 1000", ERR_OK},
		{"Q03 entropy 1.001", ERR_OK}, {"Q03 entropy 2", ERR_OK},
		{"Q03 recursive 0.5 2", ERR_OK},
		{"Q03 recursive 12.125 10", ERR_OK},
		{"Q03 t-equal 0.001", ERR_OK}, {"Q03 t-ordered 0.999", ERR_OK},
		{"Q03 t-ladder:age-5 0.25", ERR_OK}, {"Q03 k-to-m 4", ERR_OK},
		{"", ERR_SYNTAX}, {"Q03", ERR_SYNTAX}, {"Q03 ", ERR_SYNTAX},
		{"Q03 distinct", ERR_SYNTAX}, {"Q03 distinct 2 ", ERR_SYNTAX},
		{"Q03 distinct 2 3", ERR_SYNTAX}, {" Q03 distinct 2", ERR_SYNTAX},
		{"Q03 distinct 1", ERR_RANGE}, {"Q03 distinct 1001", ERR_RANGE},
		{"Q03 distinct 2.5", ERR_SYNTAX}, {"Q03 distinct +2", ERR_SYNTAX},
		{"Q03 distinct 99999999999", ERR_SYNTAX},
		{"Q03 entropy 1", ERR_RANGE}, {"Q03 entropy 2.0", ERR_SYNTAX},
		{"Q03 entropy 2.", ERR_SYNTAX}, {"Q03 entropy .5", ERR_SYNTAX},
		{"Q03 entropy 1.0001", ERR_SYNTAX},
		{"Q03 entropy 1000.001", ERR_RANGE},
		{"Q03 recursive 3", ERR_SYNTAX}, {"Q03 recursive 0 2", ERR_RANGE},
		{"Q03 recursive 3 1", ERR_RANGE}, {"Q03 t-equal 0", ERR_RANGE},
		{"Q03 t-equal 1", ERR_RANGE}, {"Q03 t-equal -0.1", ERR_SYNTAX},
		{"Q03 t-ladder 0.1", ERR_UNKNOWN},
		{"Q03 t-ladder: 0.1", ERR_SYNTAX},
		{"Q03 t-ladder:Age 0.1", ERR_SYNTAX}, {"Q03 k-to-m 0", ERR_RANGE},
		{"Q03 k-to-m 5", ERR_RANGE}, {"Q03 Distinct 2", ERR_UNKNOWN},
		{"3Q distinct 2", ERR_SYNTAX}, {"Q03\tdistinct 2", ERR_SYNTAX}};
	char text[MODEL_TEXT_MAX];
	struct model_rule r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		enum err e = model_parse(bytes_str(cases[i].line), &r);

		if (e != cases[i].want)
			fail_msg("%s: %s", cases[i].line, err_name(e));
		if (e != ERR_OK)
			continue;
		model_text(&r, text);
		assert_string_equal(text, cases[i].line);
	}
}

static void
watched_columns_are_in_order(void **state)
{
	static const char *const counted[] = {"class"};
	static const char *const watched[] = {"x", "y"};
	struct counter_args args = {"pseudonym", counted, 1, 0, 1, watched, 2,
	    NULL, NULL};
	CLEANUP(counter_cleanup) struct counter *c = NULL;

	(void)state;
	assert_ok(counter_new(&args, &c));
	assert_ok(counter_feed(c, bytes_str("pseudonym,x,class,y\n"
	    "a,1,2,3\n")));
	counter_free(TAKE(c));
	assert_ok(counter_new(&args, &c));
	assert_err(counter_feed(c, bytes_str("pseudonym,y,class,x\n")),
	    ERR_MISMATCH);
	counter_free(TAKE(c));
	args.joined = 0;
	assert_err(counter_new(&args, &c), ERR_RANGE);
}

static void
numbers_outside_are_refused(void **state)
{
	struct table t;

	(void)state;
	do
		make(&t);
	while (t.rule.kind != MODEL_T_LADDER);
	t.values[0] = VALUES;
	assert_err(settle(&t), ERR_RANGE);
	t.values[0] = 0;
	t.column.levels = 2;            /* two roots */
	assert_err(settle(&t), ERR_RANGE);
	t.column.levels = 3;
	t.class_of[0] = CLASSES;
	assert_err(settle(&t), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_keeps_every_rule),
		cmocka_unit_test(whoever_is_gone_beforehand_stays_gone),
		cmocka_unit_test(lines_have_one_form),
		cmocka_unit_test(watched_columns_are_in_order),
		cmocka_unit_test(numbers_outside_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
