/* Every file under data/ loads, and fits what it is for. */
#include "tests/unit/unit.h"

#include "core/fs.h"
#include "core/utf8.h"
#include "intake/csv_map.h"
#include "keys/digest.h"
#include "policy/disclosure/ladder.h"

static void
load(struct buf *out, const char *folder, const char *name)
{
	char path[FS_PATH_MAX];

	assert_non_null(getenv("AZUKARI_SOURCE"));
	assert_ok(fs_path(path, "%s/data/%s/%s", getenv("AZUKARI_SOURCE"),
	    folder, name));
	buf_clear(out);
	assert_ok(fs_read_file(path, 1 << 20, out));
}

static size_t
count_files(const char *folder)
{
	CLEANUP(fs_names_release) struct fs_names names = {0};
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/data/%s", getenv("AZUKARI_SOURCE"),
	    folder));
	assert_ok(fs_list(path, &names));
	return names.len;
}

static struct survey *
load_survey(const char *name)
{
	CLEANUP(buf_release) struct buf text = {0};
	struct err_info info = {.line = 0};
	struct survey *s = NULL;

	load(&text, "surveys", name);
	if (survey_parse(bytes_buf(&text), &s, &info) != ERR_OK)
		fail_msg("%s: %s", name, info.message);
	return s;
}

static void
test_surveys(void **state)
{
	static const char *const names[] = {"corona-v1.json",
	    "tested-v1.json"};
	size_t i, f;

	(void)state;
	assert_int_equal(count_files("surveys"), ARRAY_LEN(names));
	for (i = 0; i < ARRAY_LEN(names); i++) {
		CLEANUP(survey_cleanup) struct survey *s =
		    load_survey(names[i]);

		/* All can be exported: each has its class, both its titles. */
		for (f = 0; f < s->fields_len; f++) {
			assert_int_not_equal(s->fields[f].disclosure,
			    SURVEY_UNCLASSIFIED);
			assert_string_not_equal(s->fields[f].title,
			    s->fields[f].title_en);
		}
	}
}

static void
test_ladders(void **state)
{
	static const struct {
		const char *survey, *ladder, *field;
		unsigned levels;
	} uses[] = {
		{"corona-v1.json", "age.json", "Q08", 5},
		{"corona-v1.json", "date.json", "Q05", 5},
		{"corona-v1.json", "fever-days.json", "Q06", 4},
		{"corona-v1.json", "municipality.json", "Q10b", 3},
		{"corona-v1.json", "occupation.csv", "Q11", 3},
		{"corona-v1.json", "postcode.json", "Q10", 4},
		{"corona-v1.json", "sex.csv", "Q09", 2},
		{"tested-v1.json", "age60.csv", "age_60_and_above", 2},
		{"tested-v1.json", "gender.csv", "gender", 2},
		{"tested-v1.json", "yes-no.csv", "cough", 2},
	};
	CLEANUP(buf_release) struct buf text = {0};
	size_t i;

	(void)state;
	assert_int_equal(count_files("ladders"), ARRAY_LEN(uses));
	for (i = 0; i < ARRAY_LEN(uses); i++) {
		CLEANUP(survey_cleanup) struct survey *s =
		    load_survey(uses[i].survey);
		CLEANUP(ladder_cleanup) struct ladder *l = NULL;
		struct err_info info = {.line = 0};

		load(&text, "ladders", uses[i].ladder);
		if (ladder_parse(bytes_buf(&text), survey_find(s,
		    bytes_str(uses[i].field)), &l, &info) != ERR_OK)
			fail_msg("%s: %s", uses[i].ladder, info.message);
		assert_int_equal(ladder_levels(l), uses[i].levels);
	}
}

static void
test_consent_texts(void **state)
{
	static const char *const names[] = {"open-data.txt",
	    "support-research.txt", "support.txt"};
	CLEANUP(buf_release) struct buf text = {0};
	struct bytes rest, line;
	size_t i;

	(void)state;
	assert_int_equal(count_files("consent-texts"), ARRAY_LEN(names));
	for (i = 0; i < ARRAY_LEN(names); i++) {
		load(&text, "consent-texts", names[i]);
		rest = bytes_buf(&text);
		while (rest.len > 0) {
			assert_ok(bytes_take_line(&rest, &line));
			assert_ok(utf8_check_clean(line, NULL));
		}
	}
}

/* The mapping names the very text that lies here. */
static void
test_mappings(void **state)
{
	CLEANUP(survey_cleanup) struct survey *s =
	    load_survey("tested-v1.json");
	CLEANUP(csv_map_cleanup) struct csv_map *m = NULL;
	CLEANUP(buf_release) struct buf text = {0};
	const struct survey *surveys[] = {s};
	uint8_t texts[1][32];
	struct intake_rules rules = {.surveys = surveys, .surveys_len = 1,
	    .texts = (const uint8_t (*)[32])texts, .texts_len = 1};

	(void)state;
	assert_int_equal(count_files("mappings"), 1);
	load(&text, "consent-texts", "open-data.txt");
	digest_sha256(bytes_buf(&text), texts[0]);
	load(&text, "mappings", "tested.json");
	assert_ok(csv_map_parse(bytes_buf(&text), &rules, &m, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_surveys),
		cmocka_unit_test(test_ladders),
		cmocka_unit_test(test_consent_texts),
		cmocka_unit_test(test_mappings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
