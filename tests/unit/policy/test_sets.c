#include "tests/unit/unit.h"

#include <string.h>

#include "policy/disclosure/sets.h"

#define PEOPLE 30
#define ITEMS 6
#define LIST 5

static uint64_t seed = 20200401;

static unsigned
roll(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % below;
}

struct sample {
	uint32_t starts[PEOPLE + 1], items[PEOPLE * LIST];
	unsigned has[PEOPLE];           /* bits */
	struct sets_input in;
};

static void
make(struct sample *s)
{
	unsigned i, j, n;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < PEOPLE; i++) {
		n = roll(LIST + 1);
		s->starts[i + 1] = s->starts[i] + n;
		for (j = 0; j < n; j++) {
			s->items[s->starts[i] + j] = roll(2) ? roll(2) :
			    roll(ITEMS);
			s->has[i] |= 1u << s->items[s->starts[i] + j];
		}
	}
	s->in = (struct sets_input){.starts = s->starts, .items = s->items,
	    .people = PEOPLE, .k = 1 + roll(5), .m = 1 + roll(4)};
}

static unsigned
had_by(const struct sample *s, const uint8_t *gone, unsigned set)
{
	unsigned i, n = 0;

	for (i = 0; i < PEOPLE; i++)
		n += !gone[i] && (s->has[i] & set) == set;
	return n;
}

static int
is_rare(const struct sample *s, const uint8_t *gone, unsigned set)
{
	return set != 0 && (unsigned)__builtin_popcount(set) <= s->in.m &&
	    had_by(s, gone, set) < s->in.k;
}

/* Every subset of all items, again and again. */
static void
slow(const struct sample *s, struct sets_result *r, uint8_t *gone)
{
	uint8_t nobody[PEOPLE] = {0}, before[PEOPLE];
	unsigned set, i, n;
	int again = 1;

	memset(r, 0, sizeof(*r));
	memset(gone, 0, PEOPLE);
	for (set = 1; set < 1u << ITEMS; set++) {
		n = had_by(s, nobody, set);
		if (n == 0 || (unsigned)__builtin_popcount(set) > s->in.m)
			continue;
		r->combinations++;
		r->rare += n < s->in.k;
		r->least = r->least == 0 || n < r->least ? n : r->least;
	}
	while (again) {
		again = 0;
		memcpy(before, gone, PEOPLE);
		for (i = 0; i < PEOPLE; i++)
			for (set = 1; set < 1u << ITEMS; set++)
				if (!gone[i] && (s->has[i] & set) == set &&
				    is_rare(s, before, set))
					again = gone[i] = 1;
	}
	for (i = 0; i < PEOPLE; i++)
		r->people_gone += gone[i];
}

static void
random_sets_equal_brute_force(void **state)
{
	uint8_t gone[PEOPLE], expected[PEOPLE];
	struct sets_result r, e;
	struct sample s;
	unsigned i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		make(&s);
		slow(&s, &e, expected);
		assert_ok(sets_check(&s.in, &r, gone));
		assert_memory_equal(gone, expected, PEOPLE);
		assert_memory_equal(&r, &e, sizeof(r));
		assert_ok(sets_check(&s.in, &r, NULL));
		assert_int_equal(r.rare, e.rare);
		assert_int_equal(r.people_gone, 0);
	}
}

static void
numbers_outside_are_refused(void **state)
{
	static const uint32_t starts[] = {0, 1}, items[] = {SETS_ITEMS_MAX};
	struct sets_input in = {.starts = starts, .items = items,
	    .people = 1, .k = 2, .m = 1};
	struct sets_result r;

	(void)state;
	assert_int_equal(sets_check(&in, &r, NULL), ERR_RANGE);
	in.people = 0;
	assert_ok(sets_check(&in, &r, NULL));
	assert_int_equal(r.combinations, 0);
	in.m = SETS_M_MAX + 1;
	assert_int_equal(sets_check(&in, &r, NULL), ERR_RANGE);
	in.m = 1;
	in.k = 0;
	assert_int_equal(sets_check(&in, &r, NULL), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sets_equal_brute_force),
		cmocka_unit_test(numbers_outside_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
