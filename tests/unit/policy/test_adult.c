/* The Adult data with ARX's ladders: suppressed records and numbers of classes
 * that ARX found for known vectors of levels (public figures). */
#include "tests/unit/unit.h"

#include "core/csv.h"
#include "policy/disclosure/kanon.h"
#include "policy/disclosure/ladder.h"
#include "survey/answers.h"
#include "tests/unit/policy/fixture.h"

#define COLUMNS 9
#define ROWS 30162
#define LEVELS 5

static const char *const names[COLUMNS] = {"sex", "age", "race",
    "marital-status", "education", "native-country", "workclass",
    "occupation", "salary-class"};

/* Nine fields of free text: the values have characters no code has. */
static const char document[] =
    "{\"azukari\":\"survey v1\",\"name\":\"adult\",\"version\":1,"
    "\"title\":\"t\",\"fields\":["
    "{\"name\":\"C0\",\"type\":\"string\"},"
    "{\"name\":\"C1\",\"type\":\"string\"},"
    "{\"name\":\"C2\",\"type\":\"string\"},"
    "{\"name\":\"C3\",\"type\":\"string\"},"
    "{\"name\":\"C4\",\"type\":\"string\"},"
    "{\"name\":\"C5\",\"type\":\"string\"},"
    "{\"name\":\"C6\",\"type\":\"string\"},"
    "{\"name\":\"C7\",\"type\":\"string\"},"
    "{\"name\":\"C8\",\"type\":\"string\"}]}";

static struct survey *survey;
static struct ladder *ladders[COLUMNS];
static struct ladder_map *maps[COLUMNS];
static uint32_t tuples[ROWS * COLUMNS];
static int is_there;

static void
load_ladder(size_t i)
{
	CLEANUP(buf_release) struct buf file = {0};
	char path[512], name[128];
	size_t columns = 1, at;

	(void)snprintf(name, sizeof(name),
	    "vectors/adult/adult_hierarchy_%s.csv", names[i]);
	assert_true(unit_shared(path, sizeof(path), name));
	assert_ok(fixture_read(path, &file));
	if (file.data[file.len - 1] != '\n')
		assert_ok(buf_append_str(&file, "\n"));
	/* a field of free text asks what becomes of all other values */
	for (at = 0; file.data[at] != '\n'; at++)
		columns += file.data[at] == ';';
	while (columns-- > 0)
		assert_ok(buf_append_str(&file, columns > 0 ? "*;" : "*"));
	assert_ok(ladder_parse(bytes_buf(&file), &survey->fields[i],
	    &ladders[i], NULL));
	assert_ok(ladder_map_new(ladders[i], 0, &maps[i]));
}

static void
load_rows(void)
{
	CLEANUP(buf_release) struct buf file = {0};
	CLEANUP(csv_reader_cleanup) struct csv_reader *r = NULL;
	const struct bytes *fields;
	struct bytes rest;
	char path[512];
	size_t row, i, count;
	unsigned long line;

	assert_true(unit_shared(path, sizeof(path),
	    "vectors/adult/adult.csv"));
	assert_ok(fixture_read(path, &file));
	rest = bytes_buf(&file);
	assert_ok(csv_reader_new(csv_read_bytes, &rest, ';', "adult", &r));
	assert_ok(csv_reader_next(r, &fields, &count, &line, NULL));
	for (row = 0; row < ROWS; row++) {
		assert_ok(csv_reader_next(r, &fields, &count, &line, NULL));
		assert_int_equal(count, COLUMNS);
		for (i = 0; i < COLUMNS; i++) {
			struct answers_value v = {1, 0, fields[i]};

			assert_ok(ladder_map_leaf(maps[i], &v,
			    &tuples[row * COLUMNS + i]));
		}
	}
	assert_err(csv_reader_next(r, &fields, &count, &line, NULL),
	    ERR_NOT_FOUND);
}

static int
up(void **state)
{
	char path[512];
	size_t i;

	(void)state;
	is_there = unit_shared(path, sizeof(path), "vectors/adult/adult.csv");
	if (!is_there)
		return 0;
	if (survey_parse(bytes_str(document), &survey, NULL) != ERR_OK)
		return 1;
	for (i = 0; i < COLUMNS; i++)
		load_ladder(i);
	load_rows();
	return 0;
}

static int
down(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COLUMNS; i++) {
		ladder_map_free(TAKE(maps[i]));
		ladder_free(TAKE(ladders[i]));
	}
	survey_free(TAKE(survey));
	return 0;
}

/* k-anonymity over the columns in ${used}; each record is one person. */
struct setup {
	struct kanon_row rows[ROWS];
	uint32_t tuples[ROWS * COLUMNS];
	const uint32_t *labels[COLUMNS][LEVELS];
	size_t labels_len[COLUMNS][LEVELS];
	struct kanon_column columns[COLUMNS];
};

static struct kanon *
open_kanon(struct setup *s, const size_t *used, size_t len, unsigned k,
    unsigned limit)
{
	struct kanon *ret = NULL;
	size_t i, row;
	unsigned level, levels;

	for (i = 0; i < len; i++) {
		levels = ladder_levels(ladders[used[i]]);
		for (level = 0; level < levels; level++) {
			s->labels[i][level] =
			    ladder_map_level(maps[used[i]], level);
			s->labels_len[i][level] =
			    ladder_map_labels(maps[used[i]], level);
		}
		s->columns[i] = (struct kanon_column){0, levels - 1,
		    s->labels[i], s->labels_len[i],
		    ladder_map_leaves(maps[used[i]])};
	}
	for (row = 0; row < ROWS; row++) {
		s->rows[row] = (struct kanon_row){(uint32_t)row,
		    (uint32_t)row};
		for (i = 0; i < len; i++)
			s->tuples[row * len + i] =
			    tuples[row * COLUMNS + used[i]];
	}
	assert_ok(kanon_new(&(struct kanon_input){.rows = s->rows,
	    .rows_len = ROWS, .tuples = s->tuples, .tuples_len = ROWS,
	    .columns = s->columns, .columns_len = len, .k = k,
	    .limit = limit}, &ret));
	return ret;
}

static void
known_vectors_suppress_what_arx_found(void **state)
{
	static const struct {
		size_t len, used[COLUMNS];
		unsigned levels[COLUMNS];
		unsigned suppressed;
	} cases[] = {
		{2, {0, 1}, {0, 1}, 0},
		{2, {0, 1}, {0, 0}, 22},
		{3, {0, 1, 2}, {0, 4, 0}, 0},
		{3, {0, 1, 2}, {0, 0, 0}, 425},
		{4, {0, 1, 2, 4}, {0, 4, 1, 0}, 0},
		{4, {0, 1, 2, 4}, {0, 2, 0, 0}, 596},
		{9, {0, 1, 2, 3, 4, 5, 6, 7, 8},
		    {0, 4, 1, 1, 3, 2, 2, 1, 0}, 0},
		{9, {0, 1, 2, 3, 4, 5, 6, 7, 8},
		    {0, 3, 0, 1, 1, 1, 1, 2, 0}, 1178},
		{9, {0, 1, 2, 3, 4, 5, 6, 7, 8},
		    {0, 3, 0, 0, 2, 1, 1, 1, 0}, 2553},
	};
	struct setup *s;
	struct kanon_result r;
	size_t i;

	(void)state;
	if (!is_there)
		UNIT_SKIP("no vectors/adult");
	s = calloc(1, sizeof(*s));
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(kanon_cleanup) struct kanon *k = open_kanon(s,
		    cases[i].used, cases[i].len, 5, 400);

		assert_ok(kanon_evaluate(k, cases[i].levels, &r));
		assert_int_equal(r.suppressed_respondents,
		    cases[i].suppressed);
		assert_int_equal(r.suppressed_rows, cases[i].suppressed);
		assert_true(r.groups == 0 || r.smallest >= 5);
	}
	free(s);
}

static void
raw_data_has_the_known_classes_and_risk(void **state)
{
	static const size_t all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
	static const unsigned levels[COLUMNS];
	CLEANUP(kanon_cleanup) struct kanon *k = NULL;
	struct kanon_result r;
	struct setup *s;

	(void)state;
	if (!is_there)
		UNIT_SKIP("no vectors/adult");
	s = calloc(1, sizeof(*s));
	k = open_kanon(s, all, COLUMNS, 1, 0);
	assert_ok(kanon_evaluate(k, levels, &r));
	assert_int_equal(r.groups, 19502);
	/* the average prosecutor risk is groups over people, 0.64657516 */
	assert_int_equal(r.sum_of_sizes, 30162);
	assert_int_equal(r.smallest, 1);
	kanon_free(TAKE(k));
	free(s);
}

static void
the_search_finds_what_arx_found(void **state)
{
	static const size_t three[] = {0, 1, 2};
	struct kanon_result r;
	struct setup *s;
	struct kanon *k;

	(void)state;
	if (!is_there)
		UNIT_SKIP("no vectors/adult");
	s = calloc(1, sizeof(*s));
	k = open_kanon(s, three, 3, 5, 0);
	assert_ok(kanon_search(k, &r));
	assert_int_equal(r.suppressed_respondents, 0);
	assert_int_equal(r.levels[0], 0);
	assert_int_equal(r.levels[1], 4);
	assert_int_equal(r.levels[2], 0);
	kanon_free(k);
	k = open_kanon(s, three, 3, 5, 400);
	assert_ok(kanon_search(k, &r));
	assert_int_equal(r.suppressed_respondents, 425);
	assert_int_equal(r.levels[0] + r.levels[1] + r.levels[2], 0);
	kanon_free(k);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_vectors_suppress_what_arx_found),
		cmocka_unit_test(raw_data_has_the_known_classes_and_risk),
		cmocka_unit_test(the_search_finds_what_arx_found),
	};

	return cmocka_run_group_tests(tests, up, down);
}
