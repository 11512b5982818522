/* The levels that lose the least under rules beside k, against every vector
 * tried: small tables at random, every rule, also two at a time. */
#include "tests/unit/unit.h"

#include "policy/disclosure/models_search.h"

#define PEOPLE 40
#define COLUMNS 4               /* the last: how many answers, as they are */
#define LEAVES 6
#define LEVELS 3
#define VALUES 5
#define ROUNDS 4000

static uint64_t seed = 20210401;

static unsigned
roll(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

static const uint32_t branch[VALUES] = {0, 0, 1, 1, 1};
static const uint32_t root[VALUES];
static const uint32_t *const tree[] = {NULL, branch, root};
static const uint32_t places[VALUES] = {3, 0, 1, 4, 2};

struct world {
	/* columns */
	uint32_t label[COLUMNS][LEVELS][LEAVES], size[COLUMNS][LEVELS][LEAVES];
	const uint32_t *labels[COLUMNS][LEVELS], *sizes[COLUMNS][LEVELS];
	size_t labels_len[LEVELS];
	struct kanon_column columns[COLUMNS];
	/* people */
	size_t people;
	uint32_t tuples[PEOPLE * COLUMNS];
	struct kanon_row rows[PEOPLE];
	size_t starts[PEOPLE + 1];
	uint32_t values[2][PEOPLE * 2];
	/* rules */
	uint32_t item_starts[VALUES + 1], items[VALUES * 3];
	struct model_rule rules[2];
	struct models_column answers[2];
	struct models_input in;
	struct kanon_input count;
};

static struct model_rule
any_rule(void)
{
	static const char *const lines[] = {"x distinct 2", "x distinct 3",
	    "x entropy 1.5", "x entropy 2.25", "x recursive 0.5 2",
	    "x recursive 2 2", "x recursive 3 3", "x t-equal 0.2",
	    "x t-equal 0.35", "x t-ordered 0.1", "x t-ordered 0.25",
	    "x t-ladder:l 0.125", "x t-ladder:l 0.3", "x k-to-m 1",
	    "x k-to-m 2"};
	struct model_rule r;

	assert_ok(model_parse(bytes_str(lines[roll(ARRAY_LEN(lines))]), &r));
	return r;
}

/* Each leaf a label of its own, then pairs or threes, then one. */
static void
make_column(struct world *w, size_t c)
{
	unsigned l, i, k, wide = 2 + roll(2), step = c + 1 < COLUMNS;

	for (l = 0; l < LEVELS; l++) {
		for (i = 0; i < LEAVES; i++)
			w->label[c][l][i] = l == 0 ? i : l == 1 ? i / wide : 0;
		for (i = 0; i < LEAVES; i++)
			for (k = 0; k < LEAVES; k++)
				w->size[c][l][i] += w->label[c][l][i] ==
				    w->label[c][l][k];
		w->labels[c][l] = w->label[c][l];
		w->sizes[c][l] = w->size[c][l];
		w->labels_len[l] = LEAVES;
	}
	w->columns[c] = (struct kanon_column){.to = step ? LEVELS - 1 : 0,
	    .labels = w->labels[c], .labels_len = w->labels_len,
	    .leaves = LEAVES, .sizes = w->sizes[c], .domain = LEAVES};
}

static void
make_people(struct world *w)
{
	size_t i, c, a;

	w->people = 4 + roll(PEOPLE - 4);
	for (i = 0; i < w->people; i++) {
		uint32_t *leaf = w->tuples + i * COLUMNS;

		for (c = 0; c + 1 < COLUMNS; c++)
			leaf[c] = roll(roll(3) ? 2 : LEAVES);
		leaf[c] = roll(5) == 0;
		w->rows[i] = (struct kanon_row){(uint32_t)i, (uint32_t)i};
		w->starts[i + 1] = w->starts[i] + 1 + leaf[c];
		for (a = w->starts[i]; a < w->starts[i + 1]; a++) {
			w->values[0][a] = roll(roll(2) ? 2 : VALUES);
			w->values[1][a] = roll(roll(2) ? 3 : VALUES);
		}
	}
}

static void
make_rules(struct world *w)
{
	uint32_t v, i, len = 0;
	size_t r;

	for (v = 0; v < VALUES; v++) {
		for (i = 0; i < 3; i++)
			if (v >> i & 1)
				w->items[len++] = i;
		w->item_starts[v + 1] = len;
	}
	for (r = 0; r < 2; r++) {
		w->rules[r] = any_rule();
		w->answers[r] = (struct models_column){
		    .value_of = w->values[r], .values = VALUES,
		    .by_place = places, .labels = tree, .levels = 3,
		    .item_starts = w->item_starts, .items = w->items};
	}
	w->in = (struct models_input){.people = w->people,
	    .starts = w->starts, .k = 1 + roll(3), .rules = w->rules,
	    .columns = w->answers, .rules_len = 1 + roll(2)};
}

static void
make(struct world *w)
{
	static const unsigned limits[] = {0, 400, 1500, 3000, 6000, 10000};
	size_t c;

	memset(w, 0, sizeof(*w));
	for (c = 0; c < COLUMNS; c++)
		make_column(w, c);
	make_people(w);
	make_rules(w);
	w->count = (struct kanon_input){.rows = w->rows,
	    .rows_len = w->people, .tuples = w->tuples,
	    .tuples_len = w->people, .columns = w->columns,
	    .columns_len = COLUMNS, .k = w->in.k,
	    .limit = limits[roll(ARRAY_LEN(limits))]};
}

static const uint32_t *
leaves(const void *world, uint32_t tuple)
{
	return ((const struct world *)world)->tuples + tuple * COLUMNS;
}

/* Every vector; 2 when none will do. */
static double
least_of_all(const struct models_table *t, struct models_found *ret)
{
	unsigned v[COLUMNS] = {0};
	struct models_found f;
	uint8_t gone[PEOPLE];
	double least = 2;
	unsigned i;

	for (i = 0; i < LEVELS * LEVELS * LEVELS; i++) {
		v[0] = i / (LEVELS * LEVELS);
		v[1] = i / LEVELS % LEVELS;
		v[2] = i % LEVELS;
		assert_ok(models_try(t, v, gone, &f));
		if (f.suppressed > t->allowed || f.suppressed == t->people ||
		    f.loss >= least)
			continue;
		least = f.loss;
		*ret = f;
	}
	return least;
}

static unsigned outcomes[2], spared;

static void
one_world(void)
{
	CLEANUP(kanon_cleanup) struct kanon *k = NULL;
	CLEANUP(models_cleanup) struct models *m = NULL;
	struct models_found found, best = {.suppressed = 0};
	struct models_table t;
	struct world w;
	double least;
	enum err e;

	make(&w);
	assert_ok(kanon_new(&w.count, &k));
	assert_ok(models_new(&w.in, &m));
	t = (struct models_table){.kanon = k, .models = m, .rows = w.rows,
	    .people = w.people, .columns = w.columns, .columns_len = COLUMNS,
	    .leaves = leaves, .ctx = &w,
	    .allowed = w.people * w.count.limit / 10000};
	least = least_of_all(&t, &best);
	e = models_search(&t, &found);
	outcomes[e == ERR_OK]++;
	if (least > 1.5) {
		assert_err(e, ERR_REFUSED);
		return;
	}
	assert_ok(e);
	assert_true(found.loss == least && found.bound == least);
	assert_true(found.suppressed <= t.allowed);
	spared += found.vectors < LEVELS * LEVELS * LEVELS;
}

static void
no_vector_loses_less(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < ROUNDS; i++)
		one_world();
	assert_true(outcomes[0] > ROUNDS / 20 && outcomes[1] > ROUNDS / 4);
	assert_true(spared > ROUNDS / 4);
}

/* What is said of all finer classes is true of each. */
static void
what_is_certain_happens(void **state)
{
	uint8_t certain[PEOPLE], gone[PEOPLE];
	uint32_t class_of[PEOPLE], fine[PEOPLE], forced[PEOPLE];
	unsigned round, told = 0;
	uint64_t least, n;
	struct world w;
	size_t i;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		CLEANUP(models_cleanup) struct models *m = NULL;

		make(&w);
		assert_ok(models_new(&w.in, &m));
		memset(certain, 0, sizeof(certain));
		memset(gone, 0, sizeof(gone));
		for (i = 0; i < w.people; i++) {
			class_of[i] = roll(2) * 2 + w.tuples[i * COLUMNS + 3];
			fine[i] = class_of[i] + 4 * roll(3);
		}
		assert_ok(models_least(m, class_of, PEOPLE, w.people / 4,
		    certain, forced));
		for (least = 0, i = 0; i < w.people; i++)
			least += certain[i];
		for (i = 0; i < PEOPLE; i++)
			least += forced[i];
		assert_ok(models_settle(m, fine, PEOPLE, gone));
		for (n = 0, i = 0; i < w.people; i++)
			n += gone[i];
		told += least > 0 && n <= w.people / 4;
		if (n > w.people / 4)
			continue;       /* said of those within the limit */
		assert_true(least <= n);
		for (i = 0; i < w.people; i++)
			assert_true(gone[i] >= certain[i]);
	}
	assert_true(told > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_vector_loses_less),
		cmocka_unit_test(what_is_certain_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
