#include "tests/unit/unit.h"

#include "core/csv.h"
#include "policy/disclosure/counter.h"

static const char *const two[] = {"age", "sex"};
static const struct counter_args args = {"pseudonym", two, 2, 0};

/* Feeds ${text} in pieces of ${step} bytes. */
static enum err
count(const struct counter_args *a, const char *text, size_t step,
    struct counter_result *ret)
{
	CLEANUP(counter_cleanup) struct counter *c = NULL;
	size_t at, len = strlen(text);
	enum err e = counter_new(a, &c);

	for (at = 0; at < len && e == ERR_OK; at += step)
		e = counter_feed(c, bytes_of(text + at,
		    len - at < step ? len - at : step));
	return e == ERR_OK ? counter_end(c, ret) : e;
}

#define HEAD "pseudonym,answer,age,cough,sex\n"
static const char good[] = HEAD
    "a,1,20,x,1\n"
    "a,2,20,y,1\n"
    "b,1,\"2\"\"0\",\"p,q\nr\",1\n"
    "c,1,20,,1\n"
    "d,1,30,,\"\"\n"
    "d,2,20,,1\n"
    "e,1,30,,\n";

static void
people_are_counted_not_rows(void **state)
{
	struct counter_result r;
	size_t step;

	(void)state;
	for (step = 1; step < sizeof(good); step++) {
		assert_ok(count(&args, good, step, &r));
		assert_int_equal(r.rows, 7);
		assert_int_equal(r.pseudonyms, 5);
		assert_int_equal(r.groups, 3);
		assert_int_equal(r.smallest, 1);
		assert_int_equal(r.largest, 3);
		assert_int_equal(r.sum_of_sizes, 6);
	}
}

static void
any_columns_in_any_order(void **state)
{
	static const char *const last[] = {"x"};
	const struct counter_args none = {"pseudonym", NULL, 0, 0};
	const struct counter_args behind = {"id", last, 1, 0};
	struct counter_result r;

	(void)state;
	assert_ok(count(&none, good, 7, &r));
	assert_int_equal(r.groups, 1);
	assert_int_equal(r.smallest, 5);
	assert_ok(count(&behind, "x,y,id\n1,2,a\n1,3,b\n2,3,b\n", 5, &r));
	assert_int_equal(r.groups, 2);
	assert_int_equal(r.smallest, 1);
	assert_ok(count(&behind, "x,id\n", 5, &r));
	assert_int_equal(r.groups, 0);
	assert_int_equal(r.rows, 0);
	assert_int_equal(r.smallest, 0);
}

/* By pseudonym, all rows in their order, against a plain list. */
static void
joined_rows_are_one(void **state)
{
	const struct counter_args joined = {"pseudonym", two, 2, 0, 1};
	const struct counter_args none = {"pseudonym", NULL, 0, 0, 1};
	static const char rows[] = HEAD
	    "a,1,20,x,1\na,2,30,x,1\n"
	    "b,1,20,y,1\nb,2,30,x,1\n"
	    "c,1,30,x,1\nc,2,20,x,1\n"        /* the other way round */
	    "d,1,20,x,1\n"                    /* only the first */
	    "e,1,20,x,1\ne,2,30,x,1\ne,3,30,x,1\n"
	    "f,1,20,x,1\n";
	struct counter_result r;
	size_t step;

	(void)state;
	for (step = 1; step < sizeof(rows); step += 3) {
		assert_ok(count(&joined, rows, step, &r));
		assert_int_equal(r.rows, 11);
		assert_int_equal(r.pseudonyms, 6);
		assert_int_equal(r.groups, 4);
		assert_int_equal(r.smallest, 1);
		assert_int_equal(r.largest, 2);
		assert_int_equal(r.sum_of_sizes, 6);
	}
	/* without any column the number of rows is what is left */
	assert_ok(count(&none, rows, 9, &r));
	assert_int_equal(r.groups, 3);
	assert_ok(count(&joined, HEAD, 9, &r));
	assert_int_equal(r.groups, 0);
	assert_err(count(&joined, HEAD "a,1,20,x,1\nb,1,20", 9, &r),
	    ERR_TRUNCATED);
}

static void
cells_do_not_run_together(void **state)
{
	struct counter_result r;

	(void)state;
	assert_ok(count(&args, "pseudonym,age,sex\na,1,23\nb,12,3\nc,123,\n"
	    "d,,123\n", 99, &r));
	assert_int_equal(r.groups, 4);
	assert_int_equal(r.smallest, 1);
}

static void
what_is_not_ours_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} cases[] = {
		{"", ERR_TRUNCATED},
		{"pseudonym,age,sex", ERR_TRUNCATED},
		{HEAD "a,1,20,x,1", ERR_TRUNCATED},
		{HEAD "a,1,20,x,", ERR_TRUNCATED},
		{HEAD "\"a", ERR_TRUNCATED},
		{HEAD "a,1,20,x\n", ERR_MISMATCH},
		{HEAD "a,1,20,x,1,2\n", ERR_MISMATCH},
		{HEAD "a,1,20,x,1,\n", ERR_MISMATCH},
		{HEAD "\n", ERR_MISMATCH},
		{HEAD ",1,20,x,1\n", ERR_MISMATCH},
		{HEAD "b,1,20,x,1\na,1,20,x,1\n", ERR_MISMATCH},
		{HEAD "a,1,2,x,1\nb,1,2,x,1\na,1,2,x,1\n", ERR_MISMATCH},
		{HEAD "aa,1,2,x,1\na,1,2,x,1\n", ERR_MISMATCH},
		{HEAD "a,1,2,x,1\r\n", ERR_SYNTAX},
		{HEAD "a,1,\r,x,1\n", ERR_SYNTAX},
		{HEAD "a,1,2\"0,x,1\n", ERR_SYNTAX},
		{HEAD "a,1,20,x\"y,1\n", ERR_SYNTAX},
		{HEAD "a,1,\"20\"0,x,1\n", ERR_SYNTAX},
		{HEAD "a,1,20,\"x\"y,1\n", ERR_SYNTAX},
		{"pseudonym,age\n", ERR_NOT_FOUND},
		{"id,age,sex\n", ERR_NOT_FOUND},
		{"pseudonym,age,sex,age\n", ERR_MISMATCH},
		{"pseudonym,pseudonym,age,sex\n", ERR_MISMATCH},
		{"\n", ERR_NOT_FOUND},
	};
	struct counter_result r;
	size_t i, step;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		for (step = 1; step < 40; step += 19)
			assert_err(count(&args, cases[i].text, step, &r),
			    cases[i].want);
}

static void
a_nul_is_refused_everywhere(void **state)
{
	static const char nul_row[] = HEAD "a,1,2\0,x,1\n";
	static const char nul_quoted[] = HEAD "a,1,\"2\0\",x,1\n";
	static const char nul_skipped[] = HEAD "a,1,2,x\0,1\n";
	const struct bytes texts[] = {
	    bytes_of(nul_row, sizeof(nul_row) - 1),
	    bytes_of(nul_quoted, sizeof(nul_quoted) - 1),
	    bytes_of(nul_skipped, sizeof(nul_skipped) - 1)};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(counter_cleanup) struct counter *c = NULL;
		struct counter_result r;

		assert_ok(counter_new(&args, &c));
		assert_err(counter_feed(c, texts[i]), ERR_SYNTAX);
		/* once failed, it stays failed */
		assert_err(counter_feed(c, bytes_str("a\n")), ERR_SYNTAX);
		assert_err(counter_end(c, &r), ERR_SYNTAX);
	}
}

static void
memory_is_bounded_by_groups(void **state)
{
	struct counter_args small = {"pseudonym", two, 2, 200000};
	CLEANUP(counter_cleanup) struct counter *c = NULL;
	struct counter_result r;
	char row[64];
	enum err e;
	int i;

	(void)state;
	/* many rows of few groups fit */
	assert_ok(counter_new(&small, &c));
	assert_ok(counter_feed(c, bytes_str("pseudonym,age,sex\n")));
	for (i = 0; i < 100000; i++) {
		(void)snprintf(row, sizeof(row), "%06d,%d,1\n", i, i % 90);
		assert_ok(counter_feed(c, bytes_str(row)));
	}
	assert_ok(counter_end(c, &r));
	assert_int_equal(r.groups, 90);
	counter_free(TAKE(c));
	/* many groups do not */
	assert_ok(counter_new(&small, &c));
	assert_ok(counter_feed(c, bytes_str("pseudonym,age,sex\n")));
	for (i = 0, e = ERR_OK; i < 100000 && e == ERR_OK; i++) {
		(void)snprintf(row, sizeof(row), "%06d,%d,1\n", i, i);
		e = counter_feed(c, bytes_str(row));
	}
	assert_err(e, ERR_LIMIT);
	assert_in_range(i, 1000, 10000);
}

/* Whatever our CSV writer makes is read back cell by cell: two columns as one
 * group key against a plain list of what was written. */
static void
what_our_writer_makes_is_read(void **state)
{
	static const char *const cells[] = {"", "a", "\"", ",", "\n", "\r",
	    "a\"b", "\"\"", " x ", "神奈川,県"};
	CLEANUP(buf_release) struct buf csv = {0};
	struct counter_result r;
	size_t i, j;
	char name[16];

	(void)state;
	assert_ok(buf_append_str(&csv, "pseudonym,age,sex\n"));
	for (i = 0; i < 2 * ARRAY_LEN(cells) * ARRAY_LEN(cells); i++) {
		j = i / 2;
		(void)snprintf(name, sizeof(name), "%04zu", i);
		assert_ok(buf_append_str(&csv, name));
		assert_ok(buf_append_u8(&csv, ','));
		assert_ok(csv_append_field(&csv,
		    bytes_str(cells[j / ARRAY_LEN(cells)]), ','));
		assert_ok(buf_append_u8(&csv, ','));
		assert_ok(csv_append_field(&csv,
		    bytes_str(cells[j % ARRAY_LEN(cells)]), ','));
		assert_ok(buf_append_u8(&csv, '\n'));
	}
	assert_ok(count(&args, buf_text(&csv), 11, &r));
	assert_int_equal(r.groups, ARRAY_LEN(cells) * ARRAY_LEN(cells));
	assert_int_equal(r.smallest, 2);
	assert_int_equal(r.largest, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_are_counted_not_rows),
		cmocka_unit_test(any_columns_in_any_order),
		cmocka_unit_test(joined_rows_are_one),
		cmocka_unit_test(cells_do_not_run_together),
		cmocka_unit_test(what_is_not_ours_is_refused),
		cmocka_unit_test(a_nul_is_refused_everywhere),
		cmocka_unit_test(memory_is_bounded_by_groups),
		cmocka_unit_test(what_our_writer_makes_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
