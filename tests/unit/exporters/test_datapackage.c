#include "tests/unit/unit.h"

#include <fcntl.h>

#include "core/fs.h"
#include "core/json_doc.h"
#include "exporters/datapackage.h"
#include "exporters/loaders.h"
#include "exporters/payload_read.h"
#include "tests/unit/exporters/fixture.h"

/* An opened payload in DIR/EXP-…-data. */
struct scene {
	struct fixture f;
	char dir[256];
};

static void
scene_init(struct scene *s, size_t people)
{
	struct statement statement;
	const struct secret *identity;
	struct age_keys keys;
	struct payload_read_spec spec = {.statement = &statement,
		.keys = &keys, .out_dir = s->dir};
	struct payload_read_result r;
	char path[FS_PATH_MAX];

	unit_temp_dir(s->dir, sizeof(s->dir));
	fixture_init(&s->f, people);
	assert_ok(fs_path(path, "%s/payload", s->dir));
	fixture_write_payload(&s->f, path);
	fixture_statement(&s->f, &statement);
	keys = fixture_keys(&s->f, &identity);
	spec.payload.fd = open(path, O_RDONLY);
	spec.payload.bytes = s->f.result.bytes;
	memcpy(spec.payload.sha256, s->f.result.sha256, DIGEST_LEN);
	assert_ok(payload_read(&spec, &r, NULL));
	(void)close(spec.payload.fd);
	payload_read_result_release(&r);
}

static void
scene_release(struct scene *s)
{
	fixture_release(&s->f);
	assert_ok(fs_remove_tree(s->dir));
}

/* Runs a script of this folder on the opened payload; its exit code. */
static int
check(const struct scene *s, const char *script)
{
	const char *source = getenv("AZUKARI_SOURCE");
	int status;

	status = fixture_run("/usr/bin/python3 -B "
	    "%s/tests/unit/exporters/%s %s/" FIXTURE_EXPORT "-data > %s/log "
	    "2>&1", source != NULL ? source : ".", script, s->dir, s->dir);
	assert_true(WIFEXITED(status));
	status = WEXITSTATUS(status);
	if (status != 0 && status != 77)
		(void)fixture_run("cat %s/log", s->dir);
	return status;
}

static void
test_package_is_valid(void **state)
{
	CLEANUP(scene_release) struct scene s;
	int status;

	(void)state;
	scene_init(&s, 60);
	if ((status = check(&s, "check_package.py")) == 77)
		UNIT_SKIP("python3-jsonschema is not installed");
	assert_int_equal(status, 0);
}

/* The check itself sees faults. */
static void
test_check_has_teeth(void **state)
{
	static const char *const damages[] = {
		"s/\"path\": \"responses.csv\"/\"path\": \"..\\/r.csv\"/",
		"s/\"value\": \"01\"/\"value\": 1/",
		"s/\"type\": \"number\"/\"type\": \"decimal\"/",
		"s/\"encoding\"/\"enc\"/", "s/\"rows\": 60/\"rows\": 61/",
		"s/\"hash\": \"sha256:/&0/", "s/\"maximum\": 42.5/\"maximum\": 36/",
		"s/\"name\": \"Q13\"/\"name\": \"Q14\"/",
	};
	CLEANUP(scene_release) struct scene s;
	size_t i;

	(void)state;
	scene_init(&s, 60);
	if (check(&s, "check_package.py") == 77)
		UNIT_SKIP("python3-jsonschema is not installed");
	for (i = 0; i < ARRAY_LEN(damages); i++) {
		assert_int_equal(fixture_run("cd %s/" FIXTURE_EXPORT
		    "-data/data && cp datapackage.json ../../keep && cp *.csv "
		    "../.. && sed -i '%s' datapackage.json && ! cmp -s "
		    "datapackage.json ../../keep", s.dir, damages[i]), 0);
		assert_int_not_equal(fixture_run("/usr/bin/python3 -B "
		    "%s/tests/unit/exporters/check_package.py %s/"
		    FIXTURE_EXPORT "-data > /dev/null 2>&1",
		    getenv("AZUKARI_SOURCE"), s.dir), 0);
		assert_int_equal(fixture_run("cd %s && cp keep " FIXTURE_EXPORT
		    "-data/data/datapackage.json", s.dir), 0);
	}
}

static void
test_load_py(void **state)
{
	CLEANUP(scene_release) struct scene s;
	int status;

	(void)state;
	scene_init(&s, 60);
	if ((status = check(&s, "check_load.py")) == 77)
		UNIT_SKIP("python3-pandas is not installed");
	assert_int_equal(status, 0);
	/* By itself it prints what it found. */
	assert_int_equal(fixture_run("/usr/bin/python3 -B %s/" FIXTURE_EXPORT
	    "-data/load/load.py | tail -n 1 | grep -qx '120 answers of 60 "
	    "people'", s.dir), 0);
}

static void
test_load_r(void **state)
{
	CLEANUP(scene_release) struct scene s;

	(void)state;
	if (fixture_run("command -v Rscript > /dev/null") != 0)
		UNIT_SKIP("R is not installed");
	scene_init(&s, 60);
	assert_int_equal(fixture_run("cd %s/" FIXTURE_EXPORT "-data && "
	    "LC_ALL=C.UTF-8 Rscript -e 'source(\"load/load.R\", encoding = "
	    "\"UTF-8\"); t <- load_export(); stopifnot(nrow(t$responses) == "
	    "120, nrow(t$consents) == 60, levels(t$responses$Q03)[1] == "
	    "\"01\", is.logical(t$responses$Q13), class(t$responses$Q05) == "
	    "\"Date\", is.numeric(t$responses$Q07)); u <- load_export(labels "
	    "= \"en\"); stopifnot(levels(u$responses$Q03)[1] == \"01 as usual\")'",
	    s.dir), 0);
}

/* ---- texts that try to be code ---- */

static void
test_loaders_quote(void **state)
{
	CLEANUP(column_set_release) struct column_set set = {0};
	CLEANUP(buf_release) struct buf py = {0};
	CLEANUP(buf_release) struct buf r = {0};
	const struct column_category codes[] = {
		{"1", "\"); import os; os.system(\"x\") #", NULL},
		{"2", "back\\slash\\", "tab\there"},
	};
	const struct column c = {
		.name = "if", .field = "if", .type = COLUMN_STRING,
		.categories = codes, .category_count = 2, .rule = "as-is",
	};

	(void)state;
	assert_ok(column_set_add(&set, &c));
	assert_ok(loaders_python("EXP-2026-0007", &set, &py));
	assert_non_null(strstr(buf_text(&py),
	    "(\"1\", \"\\\"); import os; os.system(\\\"x\\\") #\", "
	    "\"\\\"); import os; os.system(\\\"x\\\") #\"),"));
	assert_non_null(strstr(buf_text(&py),
	    "(\"2\", \"back\\\\slash\\\\\", \"tab\\x09here\"),"));
	assert_ok(loaders_r("EXP-2026-0007", &set, &r));
	assert_non_null(strstr(buf_text(&r), "`if` = list(code = c(\"1\", "
	    "\"2\"),\n    ja = c(\"\\\"); import os"));
}

/* ---- columns ---- */

static void
test_columns_of_survey(void **state)
{
	static const char *const names[] = {
		"Q03", "Q04_S1", "Q04_S2", "Q04_S0", "Q05", "Q07", "Q08",
		"Q13", "Q20"
	};
	CLEANUP(fixture_release) struct fixture f;
	const struct column *c;
	size_t i;

	(void)state;
	fixture_init(&f, 1);
	assert_int_equal(f.columns.len, ARRAY_LEN(names));
	for (i = 0; i < ARRAY_LEN(names); i++)
		assert_string_equal(f.columns.columns[i].name, names[i]);
	c = f.columns.columns;
	assert_string_equal(c[0].categories[0].label_en, "as usual");
	assert_int_equal(c[1].type, COLUMN_FLAG);
	assert_string_equal(c[1].title, "症状: 発熱");
	assert_string_equal(c[1].field, "Q04");
	assert_string_equal(c[5].minimum, "35.0");
	assert_string_equal(c[5].maximum, "42.5");
	/* Generalised: bands are texts, and the survey's bounds are gone. */
	assert_int_equal(c[6].type, COLUMN_STRING);
	assert_null(c[6].minimum);
	assert_string_equal(c[6].rule, "ladder:age");
	assert_int_equal(c[6].level, 2);
	assert_string_equal(c[8].description, "何でも");
}

static void
test_columns_refuse(void **state)
{
	CLEANUP(column_set_release) struct column_set set = {0};
	struct column c = {.name = "Q1", .field = "Q1", .rule = "as-is"};

	(void)state;
	assert_ok(column_set_add(&set, &c));
	assert_err(column_set_add(&set, &c), ERR_DUPLICATE);
	c.name = "pseudonym";
	assert_err(column_set_add(&set, &c), ERR_DUPLICATE);
	c.name = "answer";
	assert_err(column_set_add(&set, &c), ERR_DUPLICATE);
	c.name = "1Q";
	assert_err(column_set_add(&set, &c), ERR_SYNTAX);
	c.name = "Q,1";
	assert_err(column_set_add(&set, &c), ERR_SYNTAX);
	c.name = "";
	assert_err(column_set_add(&set, &c), ERR_SYNTAX);
	assert_int_equal(set.len, 1);
}

/* ---- reading the document back ---- */

static void
make_package(struct fixture *f, struct buf *out)
{
	struct datapackage d = {
		.export_id = FIXTURE_EXPORT, .title = "t", .survey = "s 1",
		.owner_name = "o", .created_unix_s = FIXTURE_FROZEN_UNIX_S,
		.columns = &f->columns, .responses = {100, 5, {1}},
		.consents = {200, 6, {2}},
	};

	assert_ok(datapackage_write(&d, out));
}

static void
test_facts(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(datapackage_facts_release) struct datapackage_facts facts = {0};

	(void)state;
	fixture_init(&f, 1);
	make_package(&f, &text);
	assert_ok(datapackage_parse(bytes_buf(&text), &facts, NULL));
	assert_int_equal(facts.responses.bytes, 100);
	assert_int_equal(facts.consents.rows, 6);
	assert_int_equal(facts.consents.sha256[0], 2);
	assert_int_equal(facts.columns, 11);
	assert_string_equal(buf_text(&facts.header),
	    "pseudonym,answer,Q03,Q04_S1,Q04_S2,Q04_S0,Q05,Q07,Q08,Q13,Q20\n");
}

static void
test_facts_refuse(void **state)
{
	static const struct {
		const char *from, *to;
		enum err want;
	} cases[] = {
		{"\"responses\"", "\"answers\"", ERR_UNKNOWN},
		{"\"responses.csv\"", "\"/etc/passwd\"", ERR_UNKNOWN},
		{"\"consents.csv\"", "\"responses.csv\"", ERR_UNKNOWN},
		{"\"hash\": \"sha256:", "\"hash\": \"sha512:", ERR_SYNTAX},
		{"\"bytes\": 100", "\"bytes\": -1", ERR_RANGE},
		{"\"bytes\": 100", "\"bytes\": \"100\"", ERR_SYNTAX},
		{"\"rows\": 5", "\"row\": 5", ERR_SYNTAX},
		{"\"fields\"", "\"field\"", ERR_SYNTAX},
		{"\"resources\"", "\"resource\"", ERR_UNKNOWN},
	};
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf text = {0};
	size_t i;

	(void)state;
	fixture_init(&f, 1);
	make_package(&f, &text);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(buf_release) struct buf bad = {0};
		struct datapackage_facts facts = {0};
		struct err_info info = {0};
		const char *at = strstr(buf_text(&text), cases[i].from);

		assert_non_null(at);
		assert_ok(buf_append(&bad, text.data,
		    (size_t)(at - buf_text(&text))));
		assert_ok(buf_append_str(&bad, cases[i].to));
		assert_ok(buf_append_str(&bad, at + strlen(cases[i].from)));
		assert_err(datapackage_parse(bytes_buf(&bad), &facts, &info),
		    cases[i].want);
		assert_true(info.message[0] != '\0');
	}
	assert_int_not_equal(datapackage_parse(bytes_str("[]"),
	    &(struct datapackage_facts){0}, NULL), ERR_OK);
	assert_int_not_equal(datapackage_parse(bytes_str(""),
	    &(struct datapackage_facts){0}, NULL), ERR_OK);
}

static void
test_refit(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf same = {0};
	CLEANUP(buf_release) struct buf other = {0};
	CLEANUP(datapackage_facts_release) struct datapackage_facts facts = {0};
	const struct datapackage_file a = {100, 5, {1}}, b = {200, 6, {2}};
	const struct datapackage_file c = {7, 8, {9}};

	(void)state;
	fixture_init(&f, 1);
	make_package(&f, &text);
	assert_ok(datapackage_refit(bytes_buf(&text), &a, &b, &same));
	assert_string_equal(buf_text(&same), buf_text(&text));
	assert_ok(datapackage_refit(bytes_buf(&text), &a, &c, &other));
	assert_ok(datapackage_parse(bytes_buf(&other), &facts, NULL));
	assert_int_equal(facts.responses.bytes, 100);
	assert_int_equal(facts.consents.bytes, 7);
	assert_int_equal(facts.consents.rows, 8);
	assert_int_equal(facts.consents.sha256[0], 9);
}

/* The length is known before the digests are. */
static void
test_length_is_independent_of_digests(void **state)
{
	CLEANUP(fixture_release) struct fixture f;
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(buf_release) struct buf other = {0};
	struct datapackage_file a = {100, 5, {0}}, b = {200, 6, {0}};

	(void)state;
	fixture_init(&f, 1);
	make_package(&f, &text);
	memset(a.sha256, 0xff, DIGEST_LEN);
	memset(b.sha256, 0x10, DIGEST_LEN);
	assert_ok(datapackage_refit(bytes_buf(&text), &a, &b, &other));
	assert_int_equal(other.len, text.len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_package_is_valid),
		cmocka_unit_test(test_check_has_teeth),
		cmocka_unit_test(test_load_py),
		cmocka_unit_test(test_load_r),
		cmocka_unit_test(test_loaders_quote),
		cmocka_unit_test(test_columns_of_survey),
		cmocka_unit_test(test_columns_refuse),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_facts_refuse),
		cmocka_unit_test(test_refit),
		cmocka_unit_test(test_length_is_independent_of_digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
