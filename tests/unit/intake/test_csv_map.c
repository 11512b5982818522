#include "tests/unit/intake/env.h"

#include "core/encode.h"
#include "core/fs.h"
#include "intake/counts.h"
#include "intake/csv_map.h"
#include "survey/answers.h"
#include "tests/unit/fault.h"

#define REAL "data/covid-tested-individuals-israel-2020-05.csv.zip"
#define M(rest) "{\"azukari\":\"mapping v1\",\"survey\":\"t\",\"version\":1," \
	rest "}"
#define IDS "\"event\":{\"column\":\"id\"},\"respondent\":{\"row\":\"p-\"},"
#define TIME "\"time\":{\"column\":\"day\",\"format\":\"date\"},"
#define ALL_FIELDS "\"fields\":{" \
	"\"C\":{\"column\":\"c\",\"codes\":{\"one\":\"1\",\"two\":\"2\"}}," \
	"\"L\":{\"columns\":{\"S1\":\"s1\",\"S0\":\"s0\"}," \
	"\"true\":[\"1\",\"yes\"],\"false\":[\"0\"]}," \
	"\"I\":{\"column\":\"i\"},\"N\":{\"column\":\"n\"}," \
	"\"B\":{\"column\":\"b\",\"codes\":{\"Y\":\"true\",\"N\":\"false\"}}," \
	"\"P\":{\"column\":\"p\"},\"T\":{\"column\":\"t\"}," \
	"\"X\":{\"column\":\"x\"}}"
#define MISSING "\"missing\":[\"\",\"None\"],"
#define HEADER "id,day,c,s1,s0,i,n,b,p,t,x,unused\n"

static void
read_all(struct env *v, const char *mapping, struct bytes csv, size_t piece,
    struct intake_batch *batch)
{
	CLEANUP(csv_map_cleanup) struct csv_map *m = NULL;
	CLEANUP(csv_map_reader_cleanup) struct csv_map_reader *r = NULL;
	struct err_info info = {{0}};
	enum err e = csv_map_parse(bytes_str(mapping), &v->rules, &m, &info);

	if (e != ERR_OK)
		fail_msg("%s", info.message);
	env_feed(v, csv, piece);
	assert_ok(csv_map_reader_new(env_read, v, m, "x.csv", &r, &info));
	while (e == ERR_OK)
		e = csv_map_reader_next(r, 100, batch);
	assert_err(e, ERR_NOT_FOUND);
}

/* The first event's answers as JSON would have given them. */
static void
assert_answers(const struct env *v, const struct intake_event *ev,
    const char *field, size_t column, const char *want)
{
	struct answers_value values[16];
	char scratch[ANSWERS_CELL_MAX];
	const struct survey_field *f = survey_find(v->survey,
	    bytes_str(field));

	assert_ok(answers_decode(v->survey, ev->answers, values));
	assert_true(bytes_equal(answers_cell(f, &values[f->index], column,
	    scratch), bytes_str(want)));
}

static void
test_records(void **state)
{
	static const char csv[] = HEADER
	    "a1,2020-03-26,two,yes,0,44,36.5,Y,0123456,\"\xe7\x86\xb1, x\",7,"
	    "u\n"
	    "a2,2020-03-27,None,None,,None,,None,,,,\r\n"
	    "\n"
	    "a3,2020-03-01,one,0,1,,,N,,,,\n";
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	struct env v;

	(void)state;
	env_init(&v);
	read_all(&v, M(MISSING IDS TIME ALL_FIELDS), bytes_str(csv), 7, &b);
	if (b.bad_len > 0)
		fail_msg("%s", b.bad[0].message);
	assert_int_equal(b.events_len, 3);
	assert_int_equal(b.lines, 3);
	assert_true(bytes_equal(b.events[0].event, bytes_str("a1")));
	assert_true(bytes_equal(b.events[0].respondent, bytes_str("p-1")));
	/* Noon in Japan is three in the morning by UTC. */
	assert_int_equal(b.events[0].time_unix_s, 1585191600);
	assert_answers(&v, &b.events[0], "C", 0, "2");
	assert_answers(&v, &b.events[0], "L", 0, "1");
	assert_answers(&v, &b.events[0], "L", 2, "0");
	assert_answers(&v, &b.events[0], "N", 0, "36.5");
	assert_answers(&v, &b.events[0], "B", 0, "true");
	assert_answers(&v, &b.events[0], "P", 0, "0123456");
	assert_answers(&v, &b.events[0], "T", 0, "\xe7\x86\xb1, x");
	assert_true(bytes_equal(b.events[1].answers, bytes_of("\1", 1)));
	assert_true(bytes_equal(b.events[2].respondent, bytes_str("p-3")));
	assert_int_equal(b.events[2].line, 5);
	assert_answers(&v, &b.events[2], "L", 2, "1");
	env_release(&v);
}

/* On the day itself noon may lie ahead: never later than now. */
static void
test_noon(void **state)
{
	static const struct {
		int64_t now, want;      /* want < 0: refused */
	} cases[] = {
		{1585256400, 1585256400},       /* 06:00 in Japan */
		{1585278000 + 60, 1585278000},  /* a minute past noon */
		{1585234799, -1},               /* the day before, 23:59:59 */
	};
	size_t i;
	struct env v;

	(void)state;
	env_init(&v);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(intake_batch_release) struct intake_batch b = {0};

		v.rules.now_unix_s = cases[i].now;
		read_all(&v, M(IDS TIME "\"fields\":{\"I\":{\"column\":\"i\"}"
		    "}"), bytes_str("id,day,i\na,2020-03-27,1\n"), 0, &b);
		assert_int_equal(b.bad_len, cases[i].want < 0);
		if (cases[i].want < 0)
			assert_int_equal(b.bad[0].reason, INTAKE_REASON_TIME);
		else
			assert_int_equal(b.events[0].time_unix_s,
			    cases[i].want);
	}
	env_release(&v);
}

static void
test_consent(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	static const char mapping[] = M(
	    "\"event\":{\"row\":\"r-\"},\"respondent\":{\"column\":\"who\"},"
	    "\"time\":{\"column\":\"at\",\"format\":\"rfc3339\"},"
	    "\"delimiter\":\";\",\"consent\":{\"text\":\"" ENV_TEXT "\","
	    "\"scopes\":[\"support\",\"research\"]},"
	    "\"fields\":{\"I\":{\"column\":\"i\"}}");
	struct env v;

	(void)state;
	env_init(&v);
	read_all(&v, mapping, bytes_str("who;at;i\nU1;2020-03-01T00:00:00Z;5"
	    "\nU2;2020-03-01T00:00:00Z;500\n"), 0, &b);
	assert_int_equal(b.events_len, 2);
	assert_int_equal(b.events[0].type, INTAKE_CONSENT);
	assert_true(bytes_equal(b.events[0].event,
	    bytes_str("r-1#consent")));
	assert_int_equal(b.events[0].scopes, 3);
	assert_memory_equal(b.events[0].text_sha256, v.text[0], 32);
	assert_int_equal(b.events[1].type, INTAKE_RESPONSE);
	assert_true(bytes_equal(b.events[1].event, bytes_str("r-1")));
	assert_true(bytes_equal(b.events[1].respondent, bytes_str("U1")));
	/* The bad record leaves no consent behind. */
	assert_int_equal(b.bad_len, 1);
	assert_int_equal(b.bad[0].reason, INTAKE_REASON_VALUE);
	env_release(&v);
}

static void
test_digits(void **state)
{
	static const struct {
		const char *text, *want;        /* want NULL: refused */
	} cases[] = {
		{"0123456", "0123456"}, {"012-3456", "0123456"},
		{"\xef\xbc\x90\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94"
		    "\xef\xbc\x95\xef\xbc\x96", "0123456"},
		{"\xef\xbc\x90\xef\xbc\x91\xef\xbc\x92\xef\xbc\x8d\xef\xbc\x93"
		    "\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96", "0123456"},
		{"012\xe2\x80\x90""3456", "0123456"},
		{"012\xe2\x88\x92""3456", "0123456"},
		{"01-23456", NULL}, {"012--3456", NULL}, {"-0123456", NULL},
		{"012345-6", NULL}, {"012-345", NULL}, {"01234567", NULL},
		{"012 3456", NULL}, {"abc", NULL}, {"\xef\xbc", NULL},
		{"00000000000000000000000000000000000000000", NULL},
	};
	struct env v;
	size_t i;

	(void)state;
	env_init(&v);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(intake_batch_release) struct intake_batch b = {0};
		CLEANUP(buf_release) struct buf csv = {0};

		assert_ok(buf_printf(&csv, "id,day,p\na,2020-03-01,%s\n",
		    cases[i].text));
		read_all(&v, M(IDS TIME "\"fields\":{\"P\":{\"column\":\"p\"}"
		    "}"), bytes_buf(&csv), 0, &b);
		assert_int_equal(b.events_len, cases[i].want != NULL);
		assert_int_equal(b.bad_len, cases[i].want == NULL);
		if (cases[i].want != NULL)
			assert_answers(&v, &b.events[0], "P", 0,
			    cases[i].want);
	}
	env_release(&v);
}

/* A bad record is set aside as it stood, whatever stands around it. */
static void
test_bad_records(void **state)
{
	static const struct {
		const char *raw;
		enum intake_reason want;
	} cases[] = {
		{"b,2020-03-01,three,,,,,,,,,", INTAKE_REASON_CODE},
		{"b,2020-03-01,,maybe,,,,,,,,", INTAKE_REASON_CODE},
		{"b,2020-03-01,,1,1,,,,,,,", INTAKE_REASON_EXCLUSIVE},
		{"b,2020-03-01,two,,,,,,,,,", INTAKE_REASON_REQUIRED},
		{"b,2020-03-01,one,,,,,,,,3,", INTAKE_REASON_ONLY_IF},
		{"b,2020-03-01,,,,x,,,,,,", INTAKE_REASON_VALUE},
		{"b,2020-03-01,,,,,1.25,,,,,", INTAKE_REASON_VALUE},
		{"b,2020-03-01,,,,,,,,123456789,,", INTAKE_REASON_VALUE},
		{"b,2020-03-01,,,,,,,,\"a\nb\",,", INTAKE_REASON_ENCODING},
		{"b,2020-02-30,,,,,,,,,,", INTAKE_REASON_TIME},
		{"b,2020-03-28,,,,,,,,,,", INTAKE_REASON_TIME},
		{",2020-03-01,,,,,,,,,,", INTAKE_REASON_EVENT},
		{"b,2020-03-01,,,,,,,,,", INTAKE_REASON_CSV},
		{"b,2020-03-01,,,,,,,,,,,", INTAKE_REASON_CSV},
		{"b,2020-03-01,a\"b,,,,,,,,,", INTAKE_REASON_CSV},
		{"b,2020-03-01,\"a\nb\"c,,,,,,,,,", INTAKE_REASON_CSV},
		{"b,2020-03-01,\xff,,,,,,,,,", INTAKE_REASON_ENCODING},
		{"b,2020-03-01,\"x\n\xff\",,,,,,,,,", INTAKE_REASON_ENCODING},
	};
	static const char good[] = "g,2020-03-01,,,,,,,,,,\n";
	size_t i, piece;
	struct env v;

	(void)state;
	env_init(&v);
	for (i = 0; i < ARRAY_LEN(cases); i++)
		for (piece = 0; piece < 4; piece++) {
			CLEANUP(intake_batch_release)
			    struct intake_batch b = {0};
			CLEANUP(buf_release) struct buf csv = {0};

			assert_ok(buf_printf(&csv, "%s%s%s%s%s%s", HEADER,
			    good, cases[i].raw, piece & 1 ? "\r\n" : "\n",
			    good, good));
			read_all(&v, M(IDS TIME ALL_FIELDS), bytes_buf(&csv),
			    piece * 5, &b);
			assert_int_equal(b.events_len, 3);
			assert_int_equal(b.bad_len, 1);
			if (b.bad[0].reason != cases[i].want)
				fail_msg("%s: %s", cases[i].raw,
				    b.bad[0].message);
			assert_int_equal(b.bad[0].line, 3);
			assert_true(bytes_equal(b.bad[0].raw,
			    bytes_str(cases[i].raw)));
			assert_null(strstr(b.bad[0].message, "three"));
		}
	env_release(&v);
}

/* The last record without a line end, and a quoted one that never ends. */
static void
test_unfinished(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	struct env v;

	(void)state;
	env_init(&v);
	read_all(&v, M(IDS TIME ALL_FIELDS), bytes_str(HEADER
	    "g,2020-03-01,,,,,,,,,,\nb,\"2020\n-03"), 3, &b);
	assert_int_equal(b.events_len, 1);
	assert_int_equal(b.bad_len, 1);
	assert_true(bytes_equal(b.bad[0].raw, bytes_str("b,\"2020\n-03")));
	env_release(&v);
}

/* Records far beyond every bound: what follows is read at its place. */
static void
test_huge_record(void **state)
{
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	CLEANUP(buf_release) struct buf csv = {0};
	static char filler[1 << 20];
	struct env v;
	int i;

	(void)state;
	memset(filler, 'x', sizeof(filler));
	assert_ok(buf_append_str(&csv, HEADER "b,\"\n\n"));
	for (i = 0; i < 12; i++)
		assert_ok(buf_append(&csv, filler, sizeof(filler)));
	assert_ok(buf_append_str(&csv, "\ng,2020-03-01,,,,,,,,,,\n"
	    "b,2020-13-01,,,,,,,,,,\n"));
	env_init(&v);
	read_all(&v, M(IDS TIME ALL_FIELDS), bytes_buf(&csv), 0, &b);
	assert_int_equal(b.events_len, 1);
	assert_int_equal(b.events[0].line, 5);
	assert_int_equal(b.bad_len, 2);
	assert_int_equal(b.bad[0].reason, INTAKE_REASON_CSV);
	assert_true(b.bad[0].raw_cut);
	assert_true(bytes_equal(b.bad[1].raw,
	    bytes_str("b,2020-13-01,,,,,,,,,,")));
	env_release(&v);
}

static enum err
read_once(struct env *v, struct intake_batch *b)
{
	CLEANUP(csv_map_cleanup) struct csv_map *m = NULL;
	CLEANUP(csv_map_reader_cleanup) struct csv_map_reader *r = NULL;

	RETURN_IF(csv_map_parse(bytes_str(M(IDS TIME ALL_FIELDS)), &v->rules,
	    &m, NULL));
	env_feed(v, bytes_str(HEADER "g,2020-03-01,one,1,0,,,,,,,\nb,x\n"), 0);
	RETURN_IF(csv_map_reader_new(env_read, v, m, "x.csv", &r, NULL));
	return csv_map_reader_next(r, 10, b);
}

static void
test_memory_fails(void **state)
{
	unsigned n, failed = 0;
	enum err e = ERR_NOMEM;
	struct env v;

	(void)state;
	env_init(&v);
	for (n = 1; e != ERR_OK; n++) {
		CLEANUP(intake_batch_release) struct intake_batch b = {0};

		fault_set(FAULT_MEMORY, n);
		e = read_once(&v, &b);
		if (!fault_end())
			break;
		assert_err(e, ERR_NOMEM);
		failed++;
	}
	assert_ok(e);
	assert_true(failed > 20);
	env_release(&v);
}

#define FIELD_I "\"fields\":{\"I\":{\"column\":\"i\"}}"
#define FIELD(text) M(IDS TIME "\"fields\":{" text "}")
#define LIST(rest) FIELD("\"L\":{\"columns\":{\"S1\":\"a\"}" rest "}")

static const struct {
	const char *text;
	enum err want;
	const char *says;
} refused[] = {
	{"[]", ERR_SYNTAX, "object"},
	{"{\"azukari\":\"mapping v2\"}", ERR_UNSUPPORTED, "mapping v1"},
	{M("\"colour\":1"), ERR_UNKNOWN, "colour"},
	{"{\"azukari\":\"mapping v1\",\"survey\":\"t\",\"version\":2}",
	    ERR_NOT_FOUND, "t/2"},
	{M("\"delimiter\":\"ab\""), ERR_SYNTAX, "delimiter"},
	{M("\"delimiter\":\"\\\"\""), ERR_SYNTAX, "delimiter"},
	{M("\"delimiter\":\"\xe3\x80\x81\""), ERR_SYNTAX, "delimiter"},
	{M("\"missing\":\"\""), ERR_SYNTAX, "missing"},
	{M("\"missing\":[1]"), ERR_SYNTAX, "missing"},
	{M("\"missing\":[\"\",\"\"]"), ERR_DUPLICATE, "missing"},
	{M(TIME FIELD_I), ERR_SYNTAX, "event"},
	{M("\"event\":{}," TIME FIELD_I), ERR_SYNTAX, "event"},
	{M("\"event\":{\"row\":\"a\",\"column\":\"b\"}," TIME FIELD_I),
	    ERR_SYNTAX, "event"},
	{M("\"event\":{\"row\":\"\\u0001\"}," TIME FIELD_I), ERR_SYNTAX,
	    "row"},
	{M("\"event\":{\"column\":\"\"}," TIME FIELD_I), ERR_SYNTAX,
	    "column"},
	{M(IDS FIELD_I), ERR_SYNTAX, "time"},
	{M(IDS "\"time\":{\"column\":\"a\",\"format\":\"unix\"}," FIELD_I),
	    ERR_UNKNOWN, "format"},
	{M(IDS TIME "\"consent\":{\"text\":\"x\",\"scopes\":[\"support\"]},"
	    FIELD_I), ERR_SYNTAX, "consent"},
	{M(IDS TIME "\"consent\":{\"text\":\"sha256:ff0102030405060708090a0b"
	    "0c0d0e0f101112131415161718191a1b1c1d1e1f\",\"scopes\":"
	    "[\"support\"]}," FIELD_I), ERR_NOT_FOUND, "digest"},
	{M(IDS TIME "\"consent\":{\"text\":\"" ENV_TEXT "\",\"scopes\":[]},"
	    FIELD_I), ERR_SYNTAX, "scopes"},
	{M(IDS TIME "\"consent\":{\"text\":\"" ENV_TEXT "\",\"scopes\":"
	    "[\"all\"]}," FIELD_I), ERR_SYNTAX, "scopes"},
	{M(IDS TIME "\"fields\":{}"), ERR_SYNTAX, "fields"},
	{FIELD("\"Z\":{\"column\":\"z\"}"), ERR_UNKNOWN, "no field Z"},
	{FIELD("\"I\":\"i\""), ERR_SYNTAX, "I:"},
	{FIELD("\"I\":{}"), ERR_SYNTAX, "column"},
	{FIELD("\"I\":{\"columns\":{}}"), ERR_UNKNOWN, "columns"},
	{FIELD("\"C\":{\"column\":\"c\",\"codes\":[]}"), ERR_SYNTAX, "codes"},
	{FIELD("\"C\":{\"column\":\"c\",\"codes\":{\"a\":1}}"), ERR_SYNTAX,
	    "codes"},
	{FIELD("\"C\":{\"column\":\"c\",\"codes\":{\"a\":\"3\"}}"), ERR_RANGE,
	    "field C"},
	{FIELD("\"I\":{\"column\":\"c\",\"codes\":{\"a\":\"999\"}}"),
	    ERR_RANGE, "field I"},
	{FIELD("\"L\":{\"column\":\"l\"}"), ERR_UNKNOWN, "column"},
	{FIELD("\"L\":{\"columns\":{\"S7\":\"a\"},\"true\":[\"1\"],"
	    "\"false\":[\"0\"]}"), ERR_UNKNOWN, "option"},
	{LIST(""), ERR_SYNTAX, "list"},
	{LIST(",\"true\":[\"1\"]"), ERR_SYNTAX, "list"},
	{LIST(",\"true\":[\"1\"],\"false\":[\"1\"]"), ERR_DUPLICATE, "true"},
};

static void
test_refused_mappings(void **state)
{
	struct env v;
	size_t i;

	(void)state;
	env_init(&v);
	for (i = 0; i < ARRAY_LEN(refused); i++) {
		CLEANUP(csv_map_cleanup) struct csv_map *m = NULL;
		struct err_info info = {.file = "m.json"};
		enum err e = csv_map_parse(bytes_str(refused[i].text),
		    &v.rules, &m, &info);

		if (e != refused[i].want ||
		    strstr(info.message, refused[i].says) == NULL)
			fail_msg("%s: %s: %s", refused[i].text, err_name(e),
			    info.message);
		assert_null(m);
	}
	env_release(&v);
}

static void
test_refused_headers(void **state)
{
	static const struct {
		const char *csv;
		enum err want;
	} cases[] = {
		{"", ERR_TRUNCATED}, {"id,day\n", ERR_NOT_FOUND},
		{"id,i\n", ERR_NOT_FOUND}, {"day,i\n", ERR_NOT_FOUND},
		{"id,day,i,i\n", ERR_DUPLICATE}, {"id,day,\"i\n", ERR_SYNTAX},
		{"id,day,i,\xff\n", ERR_ENCODING},
		{"id,day,i,other,other\n", ERR_OK},
		{"\xef\xbb\xbfid,day,i\r\n", ERR_OK},
	};
	CLEANUP(csv_map_cleanup) struct csv_map *m = NULL;
	struct env v;
	size_t i;

	(void)state;
	env_init(&v);
	assert_ok(csv_map_parse(bytes_str(M(IDS TIME FIELD_I)), &v.rules, &m,
	    NULL));
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(csv_map_reader_cleanup)
		    struct csv_map_reader *r = NULL;
		struct err_info info = {{0}};

		env_feed(&v, bytes_str(cases[i].csv), 1);
		assert_err(csv_map_reader_new(env_read, &v, m, "h.csv", &r,
		    &info), cases[i].want);
	}
	env_release(&v);
}

static void
load(const char *name, struct buf *out)
{
	char path[FS_PATH_MAX];

	assert_non_null(getenv("AZUKARI_SOURCE"));
	assert_ok(fs_path(path, "%s/%s", getenv("AZUKARI_SOURCE"), name));
	assert_ok(fs_read_file(path, 1 << 20, out));
}

/* The consent text the mapping names counts as known. */
static void
take_digest(struct env *v, const char *mapping)
{
	const char *at = strstr(mapping, "sha256:");

	assert_non_null(at);
	assert_ok(decode_hex(bytes_of(at + 7, 64), v->text[0], 32));
}

/* gzip reads a zip of one member. */
static void
unzip(const char *path, struct buf *out)
{
	CLEANUP(buf_release) struct buf command = {0};
	static char piece[1 << 16];
	FILE *f;
	size_t n;

	assert_ok(buf_printf(&command, "gzip -dc <'%s'", path));
	assert_non_null(f = popen(buf_text(&command), "r"));
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		assert_ok(buf_append(out, piece, n));
	assert_int_equal(pclose(f), 0);
}

/* Published records of real people in another shape: all of them fit. */
static void
test_real_file(void **state)
{
	CLEANUP(buf_release) struct buf document = {0}, mapping = {0};
	CLEANUP(buf_release) struct buf csv = {0};
	CLEANUP(csv_map_cleanup) struct csv_map *m = NULL;
	CLEANUP(csv_map_reader_cleanup) struct csv_map_reader *r = NULL;
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	struct intake_counts counts = {0};
	struct err_info info = {{0}};
	char path[FS_PATH_MAX];
	struct env v;

	(void)state;
	if (!unit_shared(path, sizeof(path), REAL))
		UNIT_SKIP("no file %s", path);
	load("data/surveys/tested-v1.json", &document);
	load("data/mappings/tested.json", &mapping);
	unzip(path, &csv);
	env_init_with(&v, bytes_buf(&document));
	v.rules.now_unix_s = 1700000000;
	take_digest(&v, buf_text(&mapping));
	if (csv_map_parse(bytes_buf(&mapping), &v.rules, &m, &info) != ERR_OK)
		fail_msg("%s", info.message);
	env_feed(&v, bytes_buf(&csv), 0);
	assert_ok(csv_map_reader_new(env_read, &v, m, "real", &r, &info));
	while (csv_map_reader_next(r, 10000, &b) == ERR_OK) {
		intake_counts_add(&counts, &b);
		intake_batch_clear(&b);
	}
	assert_int_equal(counts.lines, 278848);
	assert_int_equal(counts.responses, 278848);
	assert_int_equal(counts.consents, 278848);
	assert_int_equal(counts.bad, 0);
	env_release(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_noon),
		cmocka_unit_test(test_consent),
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_unfinished),
		cmocka_unit_test(test_huge_record),
		cmocka_unit_test(test_memory_fails),
		cmocka_unit_test(test_refused_mappings),
		cmocka_unit_test(test_refused_headers),
		cmocka_unit_test(test_real_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
