/* Two releases side by side: the record, what both have in common, and what a
 * difference may not isolate. */
#include "tests/unit/unit.h"

#include "policy/disclosure/memory.h"

#define K 5

/* Tokens as a keyed hash would give them: different for every label. */
static void
fill_column(struct memory_column *c, const char *field, unsigned level,
    unsigned levels, size_t labels)
{
	size_t i, at;

	*c = (struct memory_column){.level = level, .levels = levels,
	    .labels = labels};
	(void)snprintf(c->field, sizeof(c->field), "%s", field);
	c->tokens = calloc(labels * levels + 1, MEMORY_TOKEN_LEN);
	assert_non_null(c->tokens);
	for (i = 0; i < labels; i++)
		for (at = 0; at < levels; at++) {
			uint8_t *t = c->tokens + (i * levels + at) *
			    MEMORY_TOKEN_LEN;
			/* two labels of a level share one of the next */
			unsigned up = level + (unsigned)at;

			t[0] = (uint8_t)field[1];
			t[1] = (uint8_t)up;
			t[2] = (uint8_t)((i << level) >> up);
			t[3] = (uint8_t)(t[2] * 7 + t[1] * 31 + t[0]);
		}
}

/* Two columns, every combination a group of ${people}. */
static void
fill_release(struct memory_release *r, unsigned level, size_t labels,
    uint32_t people)
{
	size_t i, n = labels * 3;

	*r = (struct memory_release){.rows_max = 1, .columns_len = 2,
	    .groups_len = n};
	fill_column(&r->columns[0], "Q08", level, 4 - level, labels);
	fill_column(&r->columns[1], "Q11", 0, 1, 3);
	r->labels = calloc(2 * n, sizeof(*r->labels));
	r->groups = calloc(n, sizeof(*r->groups));
	assert_non_null(r->labels);
	assert_non_null(r->groups);
	for (i = 0; i < n; i++) {
		r->labels[2 * i] = (uint32_t)(i / 3);
		r->labels[2 * i + 1] = (uint32_t)(i % 3);
		r->groups[i] = (struct memory_group){people, people};
	}
}

static void
test_record(void **state)
{
	CLEANUP(memory_release_free) struct memory_release a, b = {0};
	CLEANUP(buf_release) struct buf one = {0};
	CLEANUP(buf_release) struct buf two = {0};
	size_t i;

	(void)state;
	fill_release(&a, 1, 4, 9);
	assert_ok(memory_write(&a, &one));
	assert_ok(memory_read(bytes_buf(&one), &b));
	assert_ok(memory_write(&b, &two));
	assert_true(bytes_equal(bytes_buf(&one), bytes_buf(&two)));
	for (i = 0; i < one.len; i++) {
		struct memory_release c = {0};

		assert_true(memory_read(bytes_of(one.data, i), &c) != ERR_OK);
	}
	one.data[0] ^= 1;
	memory_release_free(&b);
	assert_err(memory_read(bytes_buf(&one), &b), ERR_UNSUPPORTED);
}

static void
test_meet(void **state)
{
	CLEANUP(memory_release_free) struct memory_release fine, coarse;
	CLEANUP(memory_meet_release) struct memory_meet m = {0};
	struct memory_cell cells[6] = {0};
	size_t i;

	(void)state;
	/* 8 labels at level 1 are 4 at level 2, 2 at level 3 */
	fill_release(&fine, 1, 4, 9);
	fill_release(&coarse, 2, 2, 20);
	assert_ok(memory_meet_make(&fine, &coarse, &m));
	assert_int_equal(m.cells, 6);
	memory_cells_before(&fine, &m, cells);
	for (i = 0; i < 6; i++) {
		assert_int_equal(cells[i].rows_before, 18);
		assert_int_equal(cells[i].people_before, 9);
	}
	for (i = 0; i < fine.groups_len; i++)
		assert_int_equal(m.before[i],
		    m.now[(i / 3 / 2) * 3 + i % 3]);
}

/* Nothing in common: all are one group. */
static void
test_apart(void **state)
{
	CLEANUP(memory_release_free) struct memory_release a, b;
	CLEANUP(memory_meet_release) struct memory_meet m = {0};

	(void)state;
	fill_release(&a, 1, 4, 9);
	fill_release(&b, 1, 4, 9);
	a.columns[0].ladder_sha256[0] = 1;
	b.columns[1].field[0] = 'R';
	assert_ok(memory_meet_make(&a, &b, &m));
	assert_int_equal(m.cells, 1);
}

/* ---- what isolates ---- */

static enum memory_finding
judge(struct memory_cell cell, uint32_t rows_max, uint64_t left_out,
    uint64_t others)
{
	/* beside a cell in which nothing changed */
	const struct memory_cell cells[2] = {{50, 50, 50, 50, 0}, cell};
	const struct memory_question q = {cells, 2, K, rows_max,
	    {left_out, others}};

	return memory_judge(&q);
}

#define CELL(before, kept, added) \
	(struct memory_cell){before, before, kept, kept, added}

static void
test_added(void **state)
{
	(void)state;
	assert_int_equal(judge(CELL(20, 20, 0), 1, 0, 0), MEMORY_FINE);
	assert_int_equal(judge(CELL(20, 20, 1), 1, 0, 0), MEMORY_NEW);
	assert_int_equal(judge(CELL(20, 20, K - 1), 1, 0, 0), MEMORY_NEW);
	assert_int_equal(judge(CELL(20, 20, K), 1, 0, 0), MEMORY_FINE);
	assert_int_equal(judge(CELL(0, 0, 1), 1, 0, 0), MEMORY_NEW);
	assert_int_equal(judge(CELL(20, 21, 0), 1, 0, 0), MEMORY_MORE);
	assert_int_equal(judge(CELL(20, 20 + K, 0), 1, 0, 0), MEMORY_FINE);
	/* a withdrawal explains nobody who is new */
	assert_int_equal(judge(CELL(20, 20, 1), 1, 9, 0), MEMORY_NEW);
}

static void
test_missing(void **state)
{
	const struct memory_cell apart[1] = {{50, 50, 0, 0, 0}};
	const struct memory_question q = {apart, 1, K, 1, {0, 3}};

	(void)state;
	assert_int_equal(judge(CELL(20, 19, 0), 1, 0, 0), MEMORY_LOST);
	assert_int_equal(judge(CELL(20, 19, 0), 1, 1, 0), MEMORY_FINE);
	assert_int_equal(judge(CELL(20, 18, 0), 1, 1, 0), MEMORY_LOST);
	assert_int_equal(judge(CELL(20, 20 - K, 0), 1, 0, 0), MEMORY_FINE);
	/* five rows may be one person's */
	assert_int_equal(judge((struct memory_cell){20, 10, 15, 9, 0}, 5, 0,
	    0), MEMORY_LOST);
	assert_int_equal(judge((struct memory_cell){20, 10, 15, 9, 0}, 5, 1,
	    0), MEMORY_FINE);
	assert_int_equal(judge((struct memory_cell){20, 10, 15, 10 - K, 0}, 5,
	    0, 0), MEMORY_FINE);
	assert_int_equal(judge(CELL(20, 20, 0), 1, 0, 1), MEMORY_GONE);
	assert_int_equal(judge(CELL(20, 20, 0), 1, 0, K), MEMORY_FINE);
	/* without a row in common nothing can be taken away */
	assert_int_equal(memory_judge(&q), MEMORY_FINE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_meet),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_added),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
