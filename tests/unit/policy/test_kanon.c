#include "tests/unit/unit.h"

#include "policy/disclosure/kanon.h"
#include "policy/disclosure/kanon_internal.h"

#define COLUMNS 3
#define LEVELS 3
#define LEAVES 6
#define ROWS 40
#define PEOPLE 14

static uint64_t seed = 20200305;

static unsigned
roll(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

/* A small random table with everything it points to. */
struct table {
	struct kanon_row rows[ROWS], unsorted[ROWS];
	uint32_t tuples[ROWS * COLUMNS];
	uint32_t labels[COLUMNS][LEVELS][LEAVES];
	const uint32_t *level_of[COLUMNS][LEVELS];
	size_t labels_len[COLUMNS][LEVELS];
	struct kanon_column columns[COLUMNS];
	struct kanon_input in;
};

/* Random trees: a level's label decides the next one's. */
static void
make_column(struct table *t, size_t c, size_t radix)
{
	uint32_t parent[LEAVES];
	size_t level, leaf;

	for (leaf = 0; leaf < LEAVES; leaf++)
		t->labels[c][0][leaf] = (uint32_t)leaf;
	for (level = 1; level < LEVELS; level++) {
		for (leaf = 0; leaf < LEAVES; leaf++)
			parent[leaf] = level == LEVELS - 1 && roll(2) ? 0 :
			    roll(LEAVES);
		for (leaf = 0; leaf < LEAVES; leaf++)
			t->labels[c][level][leaf] =
			    parent[t->labels[c][level - 1][leaf]];
	}
	for (level = 0; level < LEVELS; level++) {
		t->level_of[c][level] = t->labels[c][level];
		t->labels_len[c][level] = radix;
	}
	t->columns[c] = (struct kanon_column){0, LEVELS - 1, t->level_of[c],
	    t->labels_len[c], LEAVES};
	if (roll(3) == 0)
		t->columns[c].from = roll(LEVELS);
}

static void
make_table(struct table *t)
{
	size_t i, columns = roll(COLUMNS + 1), people = 1 + roll(PEOPLE);
	size_t radix = roll(2) ? LEAVES : (size_t)1 << (10 + roll(22));

	memset(t, 0, sizeof(*t));
	for (i = 0; i < columns; i++)
		make_column(t, i, radix);
	t->in = (struct kanon_input){.rows = t->rows,
	    .rows_len = roll(ROWS + 1), .tuples = t->tuples,
	    .tuples_len = 1 + roll(ROWS), .columns = t->columns,
	    .columns_len = columns, .k = 1 + roll(5),
	    .limit = roll(2) ? roll(10001) : 0};
	for (i = 0; i < t->in.tuples_len * columns; i++)
		t->tuples[i] = roll(1 + roll(LEAVES));
	for (i = 0; i < t->in.rows_len; i++) {
		t->rows[i].respondent = 3 * roll((unsigned)people);
		t->rows[i].tuple = roll((unsigned)t->in.tuples_len);
	}
	memcpy(t->unsorted, t->rows, sizeof(t->rows));
}

/* ---- the same by hand: no index, no queue, all again each time ---- */

struct brute {
	int gone[3 * PEOPLE];
	struct kanon_result r;
};

static int
same_group(const struct table *t, const unsigned *levels, uint32_t a,
    uint32_t b)
{
	const uint32_t *x = t->tuples + a * t->in.columns_len;
	const uint32_t *y = t->tuples + b * t->in.columns_len;
	size_t c;

	for (c = 0; c < t->in.columns_len; c++)
		if (t->labels[c][levels[c]][x[c]] !=
		    t->labels[c][levels[c]][y[c]])
			return 0;
	return 1;
}

/* People that stay, in the group of row ${row}. */
static unsigned
people_in_group(const struct table *t, const struct brute *b,
    const unsigned *levels, size_t row)
{
	int seen[3 * PEOPLE] = {0};
	unsigned n = 0;
	size_t i;

	for (i = 0; i < t->in.rows_len; i++) {
		uint32_t who = t->unsorted[i].respondent;

		if (b->gone[who] || seen[who] || !same_group(t, levels,
		    t->unsorted[i].tuple, t->unsorted[row].tuple))
			continue;
		seen[who] = 1;
		n++;
	}
	return n;
}

static void
brute_suppress(const struct table *t, const unsigned *levels,
    struct brute *b)
{
	size_t i;
	int changed = 1;

	while (changed) {
		changed = 0;
		for (i = 0; i < t->in.rows_len; i++) {
			uint32_t who = t->unsorted[i].respondent;

			if (!b->gone[who] && people_in_group(t, b, levels,
			    i) < t->in.k)
				changed = b->gone[who] = 1;
		}
	}
}

/* 1 when no earlier row that stays is of this row's group. */
static int
is_first_of_group(const struct table *t, const struct brute *b,
    const unsigned *levels, size_t row)
{
	size_t i;

	for (i = 0; i < row; i++)
		if (!b->gone[t->unsorted[i].respondent] && same_group(t,
		    levels, t->unsorted[i].tuple, t->unsorted[row].tuple))
			return 0;
	return 1;
}

static void
brute_count(const struct table *t, const unsigned *levels, struct brute *b)
{
	int seen[3 * PEOPLE] = {0};
	size_t i;
	unsigned n;

	b->r.rows = t->in.rows_len;
	for (i = 0; i < t->in.rows_len; i++) {
		uint32_t who = t->unsorted[i].respondent;

		b->r.respondents += !seen[who];
		b->r.suppressed_respondents += !seen[who] && b->gone[who];
		b->r.suppressed_rows += (uint64_t)b->gone[who];
		seen[who] = 1;
		if (b->gone[who] || !is_first_of_group(t, b, levels, i))
			continue;
		n = people_in_group(t, b, levels, i);
		b->r.smallest = b->r.groups == 0 || n < b->r.smallest ? n :
		    b->r.smallest;
		b->r.largest = n > b->r.largest ? n : b->r.largest;
		b->r.sum_of_sizes += n;
		b->r.groups++;
	}
}

static void
brute_evaluate(const struct table *t, const unsigned *levels,
    struct brute *b)
{
	memset(b, 0, sizeof(*b));
	brute_suppress(t, levels, b);
	brute_count(t, levels, b);
	memcpy(b->r.levels, levels, t->in.columns_len * sizeof(*levels));
}

static void
assert_same(const struct table *t, const struct kanon *k,
    const struct kanon_result *r, const struct brute *b)
{
	struct kanon_result plain = *r;
	size_t i;

	plain.vectors = 0;
	plain.loss = plain.bound = 0;
	assert_memory_equal(&plain, &b->r, sizeof(plain));
	for (i = 0; i < t->in.rows_len; i++)
		assert_int_equal(kanon_is_suppressed(k,
		    t->unsorted[i].respondent),
		    b->gone[t->unsorted[i].respondent]);
}

static void
random_vector(const struct table *t, unsigned *levels)
{
	size_t c;

	for (c = 0; c < t->in.columns_len; c++)
		levels[c] = t->columns[c].from + roll(t->columns[c].to -
		    t->columns[c].from + 1);
}

static void
every_evaluation_equals_brute_force(void **state)
{
	struct table t;
	struct brute b;
	struct kanon_result r;
	unsigned levels[COLUMNS];
	int i, j;

	(void)state;
	for (i = 0; i < 4000; i++) {
		CLEANUP(kanon_cleanup) struct kanon *k = NULL;

		make_table(&t);
		assert_ok(kanon_new(&t.in, &k));
		for (j = 0; j < 4; j++) {
			random_vector(&t, levels);
			assert_ok(kanon_evaluate(k, levels, &r));
			brute_evaluate(&t, levels, &b);
			assert_same(&t, k, &r, &b);
		}
	}
}

static int
keeps_to_limit(const struct table *t, const struct brute *b)
{
	return b->r.suppressed_respondents < b->r.respondents &&
	    b->r.suppressed_respondents * 10000 <=
	    b->r.respondents * t->in.limit;
}

/* 1 when some vector will do. */
static int
brute_search(const struct table *t, struct brute *b)
{
	unsigned levels[COLUMNS], n, ok, rest;
	size_t c;

	for (n = 0; n < LEVELS * LEVELS * LEVELS; n++) {
		for (rest = n, ok = 1, c = COLUMNS; c-- > 0; rest /= LEVELS) {
			levels[c] = rest % LEVELS;
			ok &= c >= t->in.columns_len ? levels[c] == 0 :
			    levels[c] >= t->columns[c].from;
		}
		if (!ok)
			continue;
		brute_evaluate(t, levels, b);
		if (keeps_to_limit(t, b))
			return 1;
	}
	return 0;
}

static void
what_a_search_finds_equals_brute_force(void **state)
{
	struct table t;
	struct brute b;
	struct kanon_result r;
	int i, found = 0;

	(void)state;
	for (i = 0; i < 3000; i++) {
		CLEANUP(kanon_cleanup) struct kanon *k = NULL;

		make_table(&t);
		assert_ok(kanon_new(&t.in, &k));
		if (!brute_search(&t, &b)) {
			assert_err(kanon_search(k, &r), ERR_REFUSED);
			continue;
		}
		assert_ok(kanon_search(k, &r));
		brute_evaluate(&t, r.levels, &b);
		assert_true(keeps_to_limit(&t, &b));
		assert_true(r.bound == r.loss);     /* none is better */
		assert_same(&t, k, &r, &b);
		found++;
	}
	/* the tables are such that both ends are met */
	assert_in_range(found, 500, 2500);
}

/* ---- cases of which the outcome is known ---- */

#define N 100000

static const uint32_t identity[4] = {0, 1, 2, 3};
static const uint32_t *const only_level[] = {identity};

static void
follow_ups_count_once(void **state)
{
	/* one person answers three times; the other two once each */
	struct kanon_row rows[] = {{5, 0}, {5, 0}, {5, 0}, {6, 0}, {7, 0}};
	const uint32_t tuples[] = {0};
	const size_t lens[] = {4};
	const struct kanon_column column = {0, 0, only_level, lens, 4};
	struct kanon_input in = {.rows = rows, .rows_len = 5,
	    .tuples = tuples, .tuples_len = 1, .columns = &column,
	    .columns_len = 1, .k = 4, .limit = 10000};
	CLEANUP(kanon_cleanup) struct kanon *k = NULL;
	struct kanon_result r;
	unsigned level = 0;

	(void)state;
	assert_ok(kanon_new(&in, &k));
	assert_ok(kanon_evaluate(k, &level, &r));
	assert_int_equal(r.suppressed_respondents, 3);
	assert_int_equal(r.suppressed_rows, 5);
	assert_int_equal(r.groups, 0);
	kanon_free(TAKE(k));
	in.k = 3;
	assert_ok(kanon_new(&in, &k));
	assert_ok(kanon_evaluate(k, &level, &r));
	assert_int_equal(r.suppressed_respondents, 0);
	assert_int_equal(r.smallest, 3);
	assert_int_equal(r.rows, 5);
	assert_true(kanon_is_suppressed(k, 4));
	assert_false(kanon_is_suppressed(k, 5));
	assert_true(kanon_is_suppressed(k, 4000000000u));
}

/* Respondent i is in groups i and i + 1; k = 2.  The first group has one
 * person, so all fall, one after the other, whichever way they are numbered. */
static void
a_chain_falls_to_its_end(int backwards)
{
	struct kanon_row *rows = calloc(2 * N, sizeof(*rows));
	uint32_t *tuples = calloc(N + 1, sizeof(*tuples));
	uint32_t *labels = calloc(N + 1, sizeof(*labels));
	const uint32_t *const levels_of[] = {labels};
	const size_t lens[] = {N + 1};
	const struct kanon_column column = {0, 0, levels_of, lens, N + 1};
	CLEANUP(kanon_cleanup) struct kanon *k = NULL;
	struct kanon_result r;
	unsigned level = 0;
	uint32_t i;

	for (i = 0; i <= N; i++)
		tuples[i] = labels[i] = i;
	for (i = 0; i < N; i++) {
		rows[2 * i].respondent = rows[2 * i + 1].respondent =
		    backwards ? N - i : i;
		rows[2 * i].tuple = i;
		rows[2 * i + 1].tuple = i + 1;
	}
	assert_ok(kanon_new(&(struct kanon_input){.rows = rows,
	    .rows_len = 2 * N, .tuples = tuples, .tuples_len = N + 1,
	    .columns = &column, .columns_len = 1, .k = 2, .limit = 0}, &k));
	assert_ok(kanon_evaluate(k, &level, &r));
	assert_int_equal(r.suppressed_respondents, N);
	assert_int_equal(r.groups, 0);
	assert_err(kanon_search(k, &r), ERR_REFUSED);
	assert_int_equal(r.suppressed_respondents, N);
	free(rows);
	free(tuples);
	free(labels);
}

static void
chains_of_any_length_and_order_are_followed(void **state)
{
	(void)state;
	a_chain_falls_to_its_end(0);
	a_chain_falls_to_its_end(1);
}

static void
no_columns_is_one_group(void **state)
{
	struct kanon_row rows[] = {{1, 0}, {2, 0}, {2, 1}};
	const uint32_t nothing = 0;
	struct kanon_input in = {.rows = rows, .rows_len = 3,
	    .tuples = &nothing, .tuples_len = 2, .k = 2};
	CLEANUP(kanon_cleanup) struct kanon *k = NULL;
	struct kanon_result r;
	const uint8_t *kept;
	size_t len;

	(void)state;
	assert_ok(kanon_new(&in, &k));
	assert_ok(kanon_search(k, &r));
	assert_int_equal(r.groups, 1);
	assert_int_equal(r.smallest, 2);
	kept = kanon_kept(k, &len);
	assert_int_equal(len, 1);
	assert_int_equal(kept[0], 1 << 1 | 1 << 2);
}

static void
nobody_left_is_refused(void **state)
{
	struct kanon_row rows[] = {{1, 0}};
	const uint32_t nothing = 0;
	struct kanon_input in = {.rows = rows, .rows_len = 1,
	    .tuples = &nothing, .tuples_len = 1, .k = 2, .limit = 10000};
	CLEANUP(kanon_cleanup) struct kanon *k = NULL;
	struct kanon_result r;

	(void)state;
	assert_ok(kanon_new(&in, &k));
	assert_err(kanon_search(k, &r), ERR_REFUSED);
	assert_int_equal(r.suppressed_respondents, 1);
	kanon_free(TAKE(k));
	in.rows_len = 0;
	assert_ok(kanon_new(&in, &k));
	assert_err(kanon_search(k, &r), ERR_REFUSED);
	assert_int_equal(r.respondents, 0);
}

static void
the_limit_is_of_people_and_exact(void **state)
{
	/* 20 people: 19 in group 0, one in group 1 */
	struct kanon_row rows[20];
	const uint32_t tuples[] = {0, 1};
	const size_t lens[] = {4};
	const struct kanon_column column = {0, 0, only_level, lens, 4};
	struct kanon_input in = {.rows = rows, .rows_len = 20,
	    .tuples = tuples, .tuples_len = 2, .columns = &column,
	    .columns_len = 1, .k = 2};
	struct kanon_result r;
	unsigned i;

	(void)state;
	for (i = 0; i < 20; i++)
		rows[i] = (struct kanon_row){i, i == 7};
	for (in.limit = 499; in.limit <= 501; in.limit++) {
		CLEANUP(kanon_cleanup) struct kanon *k = NULL;

		assert_ok(kanon_new(&in, &k));
		assert_err(kanon_search(k, &r), in.limit < 500 ?
		    ERR_REFUSED : ERR_OK);
		assert_true(kanon_is_suppressed(k, 7));
		assert_false(kanon_is_suppressed(k, 8));
	}
}

static void
numbers_outside_their_tables_are_refused(void **state)
{
	struct table t;
	struct kanon *k = NULL;
	struct kanon_result r;
	unsigned levels[COLUMNS] = {LEVELS};

	(void)state;
	do
		make_table(&t);
	while (t.in.columns_len == 0 || t.in.rows_len == 0);
	t.in.k = 0;
	assert_err(kanon_new(&t.in, &k), ERR_RANGE);
	t.in.k = 2;
	t.in.limit = 10001;
	assert_err(kanon_new(&t.in, &k), ERR_RANGE);
	t.in.limit = 0;
	t.rows[0].tuple = (uint32_t)t.in.tuples_len;
	assert_err(kanon_new(&t.in, &k), ERR_RANGE);
	t.rows[0].tuple = 0;
	t.tuples[0] = LEAVES;
	assert_err(kanon_new(&t.in, &k), ERR_RANGE);
	t.tuples[0] = 0;
	t.rows[0].respondent = UINT32_MAX;
	assert_err(kanon_new(&t.in, &k), ERR_RANGE);
	t.rows[0].respondent = 0;
	t.labels[0][LEVELS - 1][0] = (uint32_t)LEAVES;
	t.labels_len[0][LEVELS - 1] = LEAVES;
	assert_err(kanon_new(&t.in, &k), ERR_RANGE);
	t.labels[0][LEVELS - 1][0] = 0;
	t.labels_len[0][LEVELS - 1] = (size_t)UINT32_MAX + 1;
	assert_err(kanon_new(&t.in, &k), ERR_RANGE);
	t.labels_len[0][LEVELS - 1] = LEAVES;
	t.columns[0].to = KANON_LEVELS_MAX;
	assert_err(kanon_new(&t.in, &k), ERR_RANGE);
	t.columns[0].to = LEVELS - 1;
	t.in.columns_len = KANON_COLUMNS_MAX + 1;
	assert_err(kanon_new(&t.in, &k), ERR_LIMIT);
	t.in.columns_len = 1;
	assert_ok(kanon_new(&t.in, &k));
	assert_err(kanon_evaluate(k, levels, &r), ERR_RANGE);
	kanon_free(k);
}

/* Eight columns of four levels each: 65,536 vectors, of which only the
 * coarsest will do; bounds must find it without trying them. */
static void
a_wide_search_is_bounded(void **state)
{
	static const uint32_t level_0[] = {0, 1}, level_3[] = {0, 0};
	static const uint32_t *const of[] = {level_0, level_0, level_0,
	    level_3};
	static const size_t lens[] = {2, 2, 2, 1};
	struct kanon_column columns[8];
	struct kanon_row rows[256];
	uint32_t tuples[256 * 8];
	struct kanon_input in = {.rows = rows, .rows_len = 256,
	    .tuples = tuples, .tuples_len = 256, .columns = columns,
	    .columns_len = 8, .k = 256, .limit = 0};
	CLEANUP(kanon_cleanup) struct kanon *k = NULL;
	struct kanon_result r;
	unsigned i, c;

	(void)state;
	for (c = 0; c < 8; c++)
		columns[c] = (struct kanon_column){0, 3, of, lens, 2};
	for (i = 0; i < 256; i++) {
		rows[i] = (struct kanon_row){i, i};
		for (c = 0; c < 8; c++)
			tuples[i * 8 + c] = i >> c & 1;
	}
	assert_ok(kanon_new(&in, &k));
	assert_ok(kanon_search(k, &r));
	for (c = 0; c < 8; c++)
		assert_int_equal(r.levels[c], 3);
	assert_in_range(r.vectors, 2, 30);
}

/* Pairs of columns tell people apart, single ones do not: bounds by column
 * find nothing among the 923,521 vectors. */
static void
pairs_of_columns_do_not_blow_up_a_search(void **state)
{
	static const uint32_t fine[] = {0, 1}, coarse[] = {0, 0};
	static const uint32_t *of[31];
	static size_t lens[31];
	struct kanon_column columns[4];
	struct kanon_row rows[4];
	uint32_t tuples[4 * 4];
	struct kanon_input in = {.rows = rows, .rows_len = 4,
	    .tuples = tuples, .tuples_len = 4, .columns = columns,
	    .columns_len = 4, .k = 2, .limit = 0};
	CLEANUP(kanon_cleanup) struct kanon *k = NULL;
	struct kanon_result r;
	unsigned i, c;

	(void)state;
	for (i = 0; i < 31; i++) {
		of[i] = i < 30 ? fine : coarse;
		lens[i] = 2;
	}
	for (c = 0; c < 4; c++)
		columns[c] = (struct kanon_column){0, 30, of, lens, 2};
	for (i = 0; i < 4; i++) {
		rows[i] = (struct kanon_row){i, i};
		for (c = 0; c < 4; c++)
			tuples[i * 4 + c] = i >> (c & 1) & 1;
	}
	assert_ok(kanon_new(&in, &k));
	assert_ok(kanon_search(k, &r));
	for (c = 0; c < 4; c++)
		assert_int_equal(r.levels[c], c & 1 ? 0 : 30);
	assert_true(r.bound == r.loss);
	assert_in_range(r.vectors, 2, KANON_VECTORS_MAX);
}

static int
compare_rows(const void *a, const void *b)
{
	const struct kanon_row *x = a, *y = b;

	if (x->respondent != y->respondent)
		return x->respondent < y->respondent ? -1 : 1;
	return x->tuple < y->tuple ? -1 : x->tuple > y->tuple;
}

static void
rows_are_sorted_whatever_their_order(void **state)
{
	enum { MANY = 5000 };
	struct kanon_row *rows = calloc(MANY, sizeof(*rows));
	struct kanon_row *same = calloc(MANY, sizeof(*same));
	size_t i, len;
	unsigned wide, round;

	(void)state;
	for (round = 0; round < 30; round++) {
		len = roll(2) ? MANY : roll(100);
		wide = roll(31) + 1;
		for (i = 0; i < len; i++)
			rows[i] = (struct kanon_row){
			    roll(1u << (wide - 1)) * (roll(3) + 1),
			    roll(1 + roll(1000))};
		memcpy(same, rows, len * sizeof(*rows));
		kanon_sort(rows, len);
		qsort(same, len, sizeof(*same), compare_rows);
		assert_memory_equal(rows, same, len * sizeof(*rows));
	}
	free(rows);
	free(same);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_evaluation_equals_brute_force),
		cmocka_unit_test(what_a_search_finds_equals_brute_force),
		cmocka_unit_test(follow_ups_count_once),
		cmocka_unit_test(chains_of_any_length_and_order_are_followed),
		cmocka_unit_test(no_columns_is_one_group),
		cmocka_unit_test(nobody_left_is_refused),
		cmocka_unit_test(the_limit_is_of_people_and_exact),
		cmocka_unit_test(numbers_outside_their_tables_are_refused),
		cmocka_unit_test(a_wide_search_is_bounded),
		cmocka_unit_test(pairs_of_columns_do_not_blow_up_a_search),
		cmocka_unit_test(rows_are_sorted_whatever_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
