/* The engine on Adult and on made-up surveys: wall and processor time, vectors
 * evaluated, memory.
 *
 *   bench_disclosure adult SHARED        the cases of the reference
 *   bench_disclosure survey ROWS LIMIT   7 quasi-identifiers, 8,100 vectors
 *   bench_disclosure wide ROWS QI        up to 16 quasi-identifiers
 *   bench_disclosure write ROWS DIR      the survey as files, for the command
 *
 * bench/README.md has what came out, beside the reference.
 *
 * The surveys are made up and nearly every row of theirs is distinct.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "app/ops/disclosure.h"

static double
now_ms(clockid_t clock)
{
	struct timespec t = {0};

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double
memory_mb(void)
{
	struct rusage u = {0};

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_maxrss / 1024;
}

static void
run(const char *name, const struct engine_input *in)
{
	CLEANUP(engine_cleanup) struct engine *e = NULL;
	double wall = now_ms(CLOCK_MONOTONIC);
	double cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID);
	struct engine_result r;
	enum err err = engine_new(in, &e);
	double built = now_ms(CLOCK_MONOTONIC);

	if (err == ERR_OK)
		err = engine_search(e, &r);
	if (err != ERR_OK) {
		printf("%s: %s\n", name, err_name(err));
		return;
	}
	printf("%-28s %9.1f ms (encode %.1f; processor %.1f)  loss %.10f  "
	    "suppressed %llu  evaluated %llu of %.0f  distinct %llu  %.0f "
	    "MB\n", name, now_ms(CLOCK_MONOTONIC) - wall, built - wall,
	    now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu, r.loss,
	    (unsigned long long)r.suppressed_rows,
	    (unsigned long long)r.nodes_evaluated, r.nodes,
	    (unsigned long long)r.tuples, memory_mb());
}

/* ---- Adult ---- */

static int
adult(const char *shared)
{
	static const double limits[] = {0, 0.04, 1};
	static struct disclosure_table t;
	struct engine_column columns[16];
	struct outcome o = {0};
	char file[1100], dir[1024], name[64];
	struct disclosure_args a = {.file = file, .hierarchies = dir,
	    .delimiter = ';', .quasi = "sex,age,race,marital-status,"
	    "education,native-country,workclass,occupation,salary-class"};
	size_t i, again;

	(void)snprintf(dir, sizeof(dir), "%s/vectors/adult", shared);
	(void)snprintf(file, sizeof(file), "%s/adult.csv", dir);
	if (disclosure_table_read(&a, &t, &o) != ERR_OK)
		return 1;
	for (i = 0; i < t.columns_len; i++) {
		const struct hierarchy *h = t.columns[i].hierarchy;

		columns[i] = (struct engine_column){
		    .levels = hierarchy_levels(h),
		    .to = hierarchy_levels(h) - 1,
		    .labels = hierarchy_labels(h),
		    .leaves = hierarchy_leaves(h),
		    .sizes = hierarchy_sizes(h), .weight = 1};
	}
	for (i = 0; i < ARRAY_LEN(limits); i++)
		for (again = 0; again < 5; again++) {
			(void)snprintf(name, sizeof(name),
			    "Adult 9 QI, %.0f %%", limits[i] * 100);
			run(name, &(struct engine_input){.columns = columns,
			    .columns_len = t.columns_len, .tuples = t.leaves,
			    .tuples_len = t.rows, .rows_len = t.rows,
			    .k = 5, .limit = limits[i]});
		}
	disclosure_table_release(&t);
	outcome_release(&o);
	return 0;
}

/* ---- made up ---- */

static uint64_t seed = 88172645463325252u;

static uint32_t
roll(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

/* Unequal: low numbers are far more frequent, as in life. */
static uint32_t
skewed(uint32_t below)
{
	uint32_t a = roll(below), b = roll(below);

	return a * (uint64_t)b / below < below ?
	    (uint32_t)((uint64_t)a * b / below) : 0;
}

struct made {
	struct engine_column columns[16];
	uint32_t *labels[16][ENGINE_LEVELS_MAX];
	const uint32_t *level_of[16][ENGINE_LEVELS_MAX];
	uint32_t *tuples;
};

/* Each level joins ${fan} neighbours; the last is everything. */
static void
make_column(struct made *m, size_t c, uint32_t leaves, unsigned levels,
    uint32_t fan)
{
	uint32_t width = 1, i;
	unsigned l;

	for (l = 0; l < levels; l++, width *= fan) {
		m->labels[c][l] = calloc(leaves, sizeof(uint32_t));
		for (i = 0; i < leaves; i++)
			m->labels[c][l][i] = l + 1 == levels && l > 0 ? 0 :
			    i / width;
		m->level_of[c][l] = m->labels[c][l];
	}
	m->columns[c] = (struct engine_column){.levels = levels,
	    .to = levels - 1, .labels = m->level_of[c], .leaves = leaves,
	    .weight = 1};
}

static int
go(struct made *m, size_t columns, size_t rows, double limit,
    const char *name)
{
	size_t i, c;

	m->tuples = malloc(rows * columns * sizeof(uint32_t));
	if (m->tuples == NULL)
		return 1;
	for (i = 0; i < rows; i++)
		for (c = 0; c < columns; c++)
			m->tuples[i * columns + c] = skewed((uint32_t)
			    m->columns[c].leaves);
	run(name, &(struct engine_input){.columns = m->columns,
	    .columns_len = columns, .tuples = m->tuples, .tuples_len = rows,
	    .rows_len = rows, .k = 5, .limit = limit});
	return 0;
}

/* A symptom survey. */
static const struct {
	const char *name;
	uint32_t leaves, fan;
	unsigned levels;
} shape[] = {
	{"age", 100, 5, 5}, {"sex", 2, 2, 2}, {"postcode", 5000, 10, 6},
	{"job", 20, 5, 3}, {"household", 8, 3, 3}, {"day", 365, 7, 5},
	{"symptom", 16, 4, 3},
};

static int
write_hierarchy(const char *dir, const struct made *m, size_t c)
{
	char path[1100];
	FILE *f;
	uint32_t i;
	unsigned l;

	(void)snprintf(path, sizeof(path), "%s/survey_hierarchy_%s.csv", dir,
	    shape[c].name);
	if ((f = fopen(path, "w")) == NULL)
		return 1;
	for (i = 0; i < shape[c].leaves; i++) {
		fprintf(f, "%u", i);
		for (l = 1; l + 1 < shape[c].levels; l++)
			fprintf(f, ";%u.%u", l, m->labels[c][l][i]);
		fprintf(f, ";*\n");
	}
	return fclose(f) != 0;
}

static int
write_survey(size_t rows, const char *dir)
{
	static struct made m;
	char path[1100];
	size_t i, c;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/survey.csv", dir);
	if ((f = fopen(path, "w")) == NULL)
		return 1;
	for (c = 0; c < ARRAY_LEN(shape); c++) {
		make_column(&m, c, shape[c].leaves, shape[c].levels,
		    shape[c].fan);
		if (write_hierarchy(dir, &m, c) != 0)
			return 1;
		fprintf(f, "%s%s", c > 0 ? ";" : "", shape[c].name);
	}
	for (i = 0; i < rows; i++)
		for (c = 0; c < ARRAY_LEN(shape); c++)
			fprintf(f, "%c%u", c > 0 ? ';' : '\n',
			    skewed(shape[c].leaves));
	return fclose(f) != 0;
}

static int
survey(size_t rows, double limit)
{
	static struct made m;
	char name[64];
	size_t c;

	for (c = 0; c < ARRAY_LEN(shape); c++)
		make_column(&m, c, shape[c].leaves, shape[c].levels,
		    shape[c].fan);
	(void)snprintf(name, sizeof(name), "survey %zu, %.3g %%", rows,
	    limit * 100);
	return go(&m, ARRAY_LEN(shape), rows, limit, name);
}

static int
wide(size_t rows, size_t columns)
{
	static struct made m;
	char name[64];
	size_t c;

	for (c = 0; c < columns; c++)
		make_column(&m, c, 4 + 3 * (uint32_t)c, 2 + (unsigned)c % 3, 4);
	(void)snprintf(name, sizeof(name), "wide %zu x %zu, 2 %%", rows,
	    columns);
	return go(&m, columns, rows, 0.02, name);
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "adult") == 0)
		return adult(argv[2]);
	if (argc == 4 && strcmp(argv[1], "survey") == 0)
		return survey(strtoul(argv[2], NULL, 10), atof(argv[3]));
	if (argc == 4 && strcmp(argv[1], "write") == 0)
		return write_survey(strtoul(argv[2], NULL, 10), argv[3]);
	if (argc == 4 && strcmp(argv[1], "wide") == 0 && atoi(argv[3]) <= 16)
		return wide(strtoul(argv[2], NULL, 10),
		    strtoul(argv[3], NULL, 10));
	fprintf(stderr, "adult SHARED | survey ROWS LIMIT | wide ROWS QI | "
	    "write ROWS DIR\n");
	return 2;
}
