/* What azukari-generate writes is what intake takes: every good line of every
 * prefecture by both readers, every broken one refused, NDJSON and CSV alike.
 */
#include "tests/unit/unit.h"

#include "core/encode.h"
#include "core/fs.h"
#include "intake/counts.h"
#include "intake/csv_map.h"
#include "intake/ndjson.h"

#define TEXT "sha256:" \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const char *program;

static const uint8_t texts[1][32] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    30, 31}};

struct env {
	struct survey *survey;
	const struct survey *surveys[1];
	struct intake_rules rules;
	FILE *in;
};

static int
env_init(void **state)
{
	static struct env v;
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX];

	if (fs_path(path, "%s/data/surveys/corona-v1.json",
	    getenv("AZUKARI_SOURCE")) != ERR_OK ||
	    fs_read_file(path, 1 << 20, &text) != ERR_OK ||
	    survey_parse(bytes_buf(&text), &v.survey, NULL) != ERR_OK)
		return -1;
	v.surveys[0] = v.survey;
	v.rules = (struct intake_rules){.surveys = v.surveys,
	    .surveys_len = 1, .texts = texts, .texts_len = 1,
	    .now_unix_s = 1600000000, .source = "line"};
	*state = &v;
	return 0;
}

static int
env_release(void **state)
{
	struct env *v = *state;

	survey_free(v->survey);
	return 0;
}

static enum err
read_pipe(void *ctx, uint8_t *dst, size_t max, size_t *ret_got)
{
	struct env *v = ctx;

	*ret_got = fread(dst, 1, max, v->in);
	return ferror(v->in) ? ERR_IO : ERR_OK;
}

static void
start(struct env *v, const char *options)
{
	CLEANUP(buf_release) struct buf command = {0};

	assert_ok(buf_printf(&command, "'%s' %s", program, options));
	v->in = popen(buf_text(&command), "r");
	assert_non_null(v->in);
}

static void
read_lines(struct env *v, const char *options, enum ndjson_path path,
    struct intake_counts *counts)
{
	CLEANUP(ndjson_reader_cleanup) struct ndjson_reader *r = NULL;
	CLEANUP(intake_batch_release) struct intake_batch b = {0};

	memset(counts, 0, sizeof(*counts));
	start(v, options);
	assert_ok(ndjson_reader_new(read_pipe, v, &v->rules, path, &r));
	while (ndjson_reader_next(r, 1000, &b) == ERR_OK) {
		intake_counts_add(counts, &b);
		intake_batch_clear(&b);
	}
	assert_int_equal(pclose(v->in), 0);
}

static void
test_all_prefectures(void **state)
{
	struct intake_counts counts;
	char options[256];
	unsigned owner;

	for (owner = 1; owner <= 47; owner++) {
		(void)snprintf(options, sizeof(options), "--owner %02u "
		    "--rows 400 --seed 9 --consent-text " TEXT, owner);
		read_lines(*state, options, NDJSON_FAST, &counts);
		assert_int_equal(counts.responses, 400);
		assert_int_equal(counts.bad, 0);
		assert_in_range(counts.consents, 250, 400);
	}
}

static void
test_both_readers(void **state)
{
	static const char options[] = "--owner 14 --rows 20000 --bad-rate 0.1 "
	    "--withdrawal-rate 0.1 --consent-text " TEXT;
	struct intake_counts fast, reference;
	int i, kinds = 0;

	read_lines(*state, options, NDJSON_FAST, &fast);
	read_lines(*state, options, NDJSON_REFERENCE, &reference);
	assert_int_equal(fast.responses, 20000);
	assert_int_equal(reference.responses, 20000);
	assert_int_equal(fast.consents, reference.consents);
	assert_int_equal(fast.withdrawals, reference.withdrawals);
	assert_int_equal(fast.bad, reference.bad);
	assert_in_range(fast.withdrawals, 800, 2000);
	/* A bad line beside every tenth response or so, and of every kind. */
	assert_in_range(fast.bad, 1800, 3700);
	for (i = 0; i < INTAKE_REASON_COUNT; i++)
		kinds += fast.reasons[i] > 0;
	assert_true(kinds >= 9);
}

static void
load_mapping(struct env *v, struct buf *out)
{
	static char piece[1 << 14];
	size_t n;

	start(v, "--format mapping --consent-text " TEXT);
	while ((n = fread(piece, 1, sizeof(piece), v->in)) > 0)
		assert_ok(buf_append(out, piece, n));
	assert_int_equal(pclose(v->in), 0);
}

static void
test_csv(void **state)
{
	CLEANUP(csv_map_cleanup) struct csv_map *m = NULL;
	CLEANUP(csv_map_reader_cleanup) struct csv_map_reader *r = NULL;
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	CLEANUP(buf_release) struct buf mapping = {0};
	struct intake_counts counts = {0};
	struct err_info info = {{0}};
	struct env *v = *state;

	load_mapping(v, &mapping);
	if (csv_map_parse(bytes_buf(&mapping), &v->rules, &m, &info) != ERR_OK)
		fail_msg("%s", info.message);
	start(v, "--owner 13 --rows 5000 --format csv --bad-rate 0.1");
	assert_ok(csv_map_reader_new(read_pipe, v, m, "csv", &r, &info));
	while (csv_map_reader_next(r, 1000, &b) == ERR_OK) {
		intake_counts_add(&counts, &b);
		intake_batch_clear(&b);
	}
	assert_int_equal(pclose(v->in), 0);
	assert_int_equal(counts.responses, 5000);
	assert_int_equal(counts.consents, 5000);
	assert_in_range(counts.bad, 400, 600);
}

/* The same persons give the same packed answers in both formats. */
static void
collect(struct intake_batch *b, struct buf *out)
{
	size_t i;

	for (i = 0; i < b->events_len; i++)
		if (b->events[i].type == INTAKE_RESPONSE) {
			assert_ok(buf_append_lp(out, b->events[i].event.data,
			    b->events[i].event.len));
			assert_ok(buf_append_lp(out,
			    b->events[i].answers.data,
			    b->events[i].answers.len));
		}
	intake_batch_clear(b);
}

static void
test_formats_agree(void **state)
{
	CLEANUP(csv_map_cleanup) struct csv_map *m = NULL;
	CLEANUP(csv_map_reader_cleanup) struct csv_map_reader *r = NULL;
	CLEANUP(ndjson_reader_cleanup) struct ndjson_reader *lines = NULL;
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	CLEANUP(buf_release) struct buf mapping = {0}, one = {0}, two = {0};
	struct env *v = *state;

	load_mapping(v, &mapping);
	assert_ok(csv_map_parse(bytes_buf(&mapping), &v->rules, &m, NULL));
	start(v, "--owner 26 --rows 3000 --format csv");
	assert_ok(csv_map_reader_new(read_pipe, v, m, "csv", &r, NULL));
	while (csv_map_reader_next(r, 1000, &b) == ERR_OK)
		collect(&b, &one);
	assert_int_equal(pclose(v->in), 0);
	start(v, "--owner 26 --rows 3000 --consent-text " TEXT);
	assert_ok(ndjson_reader_new(read_pipe, v, &v->rules, NDJSON_FAST,
	    &lines));
	while (ndjson_reader_next(lines, 1000, &b) == ERR_OK)
		collect(&b, &two);
	assert_int_equal(pclose(v->in), 0);
	assert_true(one.len > 3000 * 30);
	assert_true(bytes_equal(bytes_buf(&one), bytes_buf(&two)));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_prefectures),
		cmocka_unit_test(test_both_readers),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_formats_agree),
	};

	if (argc != 2)
		return 2;
	program = argv[1];
	return cmocka_run_group_tests(tests, env_init, env_release);
}
