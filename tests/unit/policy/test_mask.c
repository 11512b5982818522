#include "tests/unit/unit.h"

#include "policy/disclosure/mask.h"

static uint64_t seed = 7;

static unsigned
roll(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

/* Five counts, the first the sum of the others. */
static const size_t parts[] = {1, 2, 3, 4};
static const struct mask_sum one_sum = {0, parts, 4};

static void
mask_one(struct mask_count *c, const uint64_t *values)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 1; i < 5; i++) {
		c[i].value = values[i - 1];
		sum += c[i].value;
	}
	c[0].value = sum;
	assert_ok(mask_counts(c, 5, &one_sum, 1, 10));
}

static void
large_counts_and_zeros_are_shown(void **state)
{
	struct mask_count c[5];
	char text[MASK_TEXT_LEN];
	size_t i;

	(void)state;
	mask_one(c, (uint64_t[]){10, 0, 4000, 99});
	for (i = 0; i < 5; i++)
		assert_int_equal(c[i].state, MASK_SHOWN);
	mask_text(&c[0], 10, text);
	assert_string_equal(text, "4109");
}

static void
a_small_count_takes_another_with_it(void **state)
{
	struct mask_count c[5];
	char text[MASK_TEXT_LEN];

	(void)state;
	mask_one(c, (uint64_t[]){3, 0, 4000, 99});
	mask_text(&c[1], 10, text);
	assert_string_equal(text, "<10");
	/* the smallest that is not 0 goes, the total stays */
	mask_text(&c[4], 10, text);
	assert_string_equal(text, "-");
	assert_int_equal(c[0].state, MASK_SHOWN);
	assert_int_equal(c[2].state, MASK_SHOWN);
	assert_int_equal(c[3].state, MASK_SHOWN);
}

static void
two_small_ones_hide_each_other_only_if_wide_enough(void **state)
{
	struct mask_count c[5];

	(void)state;
	/* 1 + 1: with the rest known both would be 1 */
	mask_one(c, (uint64_t[]){1, 1, 4000, 99});
	assert_int_equal(c[4].state, MASK_HIDDEN);
	/* 9 + 9: the same from above */
	mask_one(c, (uint64_t[]){9, 9, 4000, 99});
	assert_int_equal(c[4].state, MASK_HIDDEN);
	/* 4 + 6: each can be anything from 1 to 9 */
	mask_one(c, (uint64_t[]){4, 6, 4000, 99});
	assert_int_equal(c[3].state, MASK_SHOWN);
	assert_int_equal(c[4].state, MASK_SHOWN);
	assert_int_equal(c[0].state, MASK_SHOWN);
}

static void
the_total_goes_when_nothing_else_is_left(void **state)
{
	const size_t only[] = {1};
	const struct mask_sum sum = {0, only, 1};
	struct mask_count c[2] = {{.value = 5}, {.value = 5}};

	(void)state;
	assert_ok(mask_counts(c, 2, &sum, 1, 10));
	assert_int_equal(c[0].state, MASK_SMALL);
	assert_int_equal(c[1].state, MASK_SMALL);
	c[0].value = c[1].value = 50;
	assert_ok(mask_counts(c, 2, &sum, 1, 10));
	assert_int_equal(c[0].state, MASK_SHOWN);
}

static void
bad_sums_are_refused(void **state)
{
	struct mask_count c[5] = {{.value = 7}, {.value = 7}};
	const size_t outside[] = {5};
	struct mask_sum sum = {0, outside, 1};
	struct mask_count many[MASK_COUNTS_MAX + 1] = {{.value = 0}};

	(void)state;
	assert_err(mask_counts(c, 5, &sum, 1, 10), ERR_RANGE);
	sum = (struct mask_sum){5, parts, 4};
	assert_err(mask_counts(c, 5, &sum, 1, 10), ERR_RANGE);
	c[0].value = 8;
	assert_err(mask_counts(c, 5, &one_sum, 1, 10), ERR_MISMATCH);
	c[0].value = c[1].value = (uint64_t)1 << 50;
	assert_err(mask_counts(c, 5, &one_sum, 1, 10), ERR_LIMIT);
	assert_err(mask_counts(many, ARRAY_LEN(many), NULL, 0, 10),
	    ERR_LIMIT);
}

static void
a_minimum_of_one_hides_nothing(void **state)
{
	struct mask_count c[5] = {{.value = 1}, {.value = 1}};
	uint64_t min;

	(void)state;
	for (min = 0; min < 2; min++) {
		assert_ok(mask_counts(c, 5, &one_sum, 1, min));
		assert_int_equal(c[0].state, MASK_SHOWN);
		assert_int_equal(c[1].state, MASK_SHOWN);
	}
}

/* ---- the attacker: tries every value that the shown figures allow ---- */

#define MIN 4
#define MOST 14

struct attack {
	struct mask_count c[7];
	uint64_t guess[7], low[7], high[7];
};

/* considered = exported + two kinds of withheld; exported = kept + suppressed */
static const size_t considered[] = {1, 2, 3};
static const size_t exported[] = {4, 5};
static const struct mask_sum two_sums[] = {{0, considered, 3},
    {1, exported, 2}};

static void
allowed(const struct attack *a, size_t i, uint64_t *from, uint64_t *to)
{
	*from = *to = a->c[i].value;
	if (a->c[i].state == MASK_SMALL) {
		*from = 1;
		*to = MIN - 1;
	} else if (a->c[i].state == MASK_HIDDEN) {
		*from = 0;
		*to = 3 * MOST;
	}
}

static int
is_possible(const struct attack *a, size_t i)
{
	uint64_t from, to;

	allowed(a, i, &from, &to);
	return a->guess[i] >= from && a->guess[i] <= to;
}

static void
learn(struct attack *a)
{
	size_t i;

	a->guess[1] = a->guess[4] + a->guess[5];
	a->guess[0] = a->guess[1] + a->guess[2] + a->guess[3];
	if (!is_possible(a, 0) || !is_possible(a, 1))
		return;
	for (i = 0; i < 6; i++) {
		a->low[i] = a->guess[i] < a->low[i] ? a->guess[i] : a->low[i];
		a->high[i] = a->guess[i] > a->high[i] ? a->guess[i] :
		    a->high[i];
	}
}

static void
guess_from(struct attack *a, size_t at)
{
	static const size_t free_ones[] = {2, 3, 4, 5};
	uint64_t from, to, v;

	if (at == ARRAY_LEN(free_ones)) {
		learn(a);
		return;
	}
	allowed(a, free_ones[at], &from, &to);
	for (v = from; v <= to; v++) {
		a->guess[free_ones[at]] = v;
		guess_from(a, at + 1);
	}
}

static void
no_attacker_learns_more_of_a_small_count(void **state)
{
	struct attack a;
	int round;
	size_t i;

	(void)state;
	for (round = 0; round < 400; round++) {
		memset(&a, 0, sizeof(a));
		for (i = 2; i < 6; i++)
			a.c[i].value = roll(3) ? roll(MOST) : roll(MIN + 1);
		a.c[1].value = a.c[4].value + a.c[5].value;
		a.c[0].value = a.c[1].value + a.c[2].value + a.c[3].value;
		memset(a.low, 0xff, sizeof(a.low));
		assert_ok(mask_counts(a.c, 6, two_sums, 2, MIN));
		guess_from(&a, 0);
		for (i = 0; i < 6; i++) {
			if (a.c[i].value > 0 && a.c[i].value < MIN)
				assert_int_equal(a.c[i].state, MASK_SMALL);
			if (a.c[i].state != MASK_SMALL)
				continue;
			/* a sum that is small itself says that its parts are */
			if (i == 2 || i == 3 || a.c[1].state != MASK_SMALL) {
				if (a.c[0].state == MASK_SMALL)
					continue;
				assert_int_equal(a.low[i], 1);
				assert_int_equal(a.high[i], MIN - 1);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(large_counts_and_zeros_are_shown),
		cmocka_unit_test(a_small_count_takes_another_with_it),
		cmocka_unit_test(
		    two_small_ones_hide_each_other_only_if_wide_enough),
		cmocka_unit_test(the_total_goes_when_nothing_else_is_left),
		cmocka_unit_test(bad_sums_are_refused),
		cmocka_unit_test(a_minimum_of_one_hides_nothing),
		cmocka_unit_test(no_attacker_learns_more_of_a_small_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
