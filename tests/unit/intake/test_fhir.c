#include "tests/unit/intake/env.h"

#include "intake/fhir.h"

#define ID "\"id\":\"r-1\""
#define WHO "\"subject\":{\"reference\":\"Patient/p1\"}"
#define WHEN "\"authored\":\"2020-03-27T12:34:56+09:00\""
#define QR(rest) "{\"resourceType\":\"QuestionnaireResponse\"," ID \
	",\"status\":\"completed\",\"questionnaire\":" \
	"\"https://example.org/Questionnaire/t|1\"," WHO "," WHEN rest "}"
#define ITEM(link, value) "{\"linkId\":\"" link "\",\"answer\":[{" value "}]}"
#define ONE(link, value) QR(",\"item\":[" ITEM(link, value) "]")
#define CODE(code) "\"valueCoding\":{\"system\":\"urn:x\",\"code\":\"" code \
	"\"}"
#define TEXT_URI "urn:" ENV_TEXT
#define POLICY ",\"policy\":[{\"uri\":\"" TEXT_URI "\"}]"
#define SCOPE ",\"scope\":{\"coding\":[{\"code\":\"research\"}]}"
#define PERMIT ",\"provision\":{\"type\":\"permit\"}"
#define CONSENT(status, rest) "{\"resourceType\":\"Consent\"," ID \
	",\"status\":\"" status "\",\"patient\":{\"reference\":" \
	"\"https://example.org/fhir/Patient/p1\"},\"dateTime\":" \
	"\"2020-03-27\"" rest "}"

static void
parse(struct env *v, const char *line, const struct fhir_map *map,
    struct intake_batch *batch)
{
	CLEANUP(ndjson_reader_cleanup) struct ndjson_reader *r = NULL;

	assert_ok(ndjson_reader_new(env_read, v, &v->rules, NDJSON_FHIR, &r));
	ndjson_reader_map(r, map);
	assert_ok(ndjson_reader_line(r, bytes_str(line), 7, batch));
}

/* What the same answers give as a line of NDJSON. */
static void
same_answers(struct env *v, const struct intake_event *got,
    const char *answers)
{
	CLEANUP(intake_batch_release) struct intake_batch batch = {0};
	char line[1024];

	(void)snprintf(line, sizeof(line), "{\"type\":\"response\",\"event\":"
	    "\"QuestionnaireResponse/r-1\",\"time\":"
	    "\"2020-03-27T12:34:56+09:00\",\"respondent\":\"p1\",\"survey\":"
	    "\"t\",\"version\":1,\"answers\":{%s}}\n", answers);
	env_parse(v, bytes_str(line), NDJSON_REFERENCE, &batch);
	assert_int_equal(batch.events_len, 1);
	assert_true(bytes_equal(got->answers, batch.events[0].answers));
	assert_true(bytes_equal(got->event, batch.events[0].event));
	assert_true(bytes_equal(got->respondent, batch.events[0].respondent));
	assert_int_equal(got->time_unix_s, batch.events[0].time_unix_s);
}

static void
takes_responses(void **state)
{
	static const struct {
		const char *line, *answers;
	} cases[] = {
		{QR(""), ""},
		{QR(",\"item\":[]"), ""},
		{ONE("C", CODE("1")), "\"C\":\"1\""},
		{QR(",\"item\":[{\"linkId\":\"L\",\"answer\":[{" CODE("S1")
		    "},{" CODE("S2") "}]}]"), "\"L\":[\"S1\",\"S2\"]"},
		{ONE("I", "\"valueInteger\":44"), "\"I\":44"},
		{ONE("N", "\"valueDecimal\":36.5"), "\"N\":36.5"},
		{ONE("N", "\"valueDecimal\":36"), "\"N\":36"},
		{ONE("N", "\"valueInteger\":36"), "\"N\":36"},
		{ONE("D", "\"valueDate\":\"2020-03-01\""),
		    "\"D\":\"2020-03-01\""},
		{ONE("B", "\"valueBoolean\":false"), "\"B\":false"},
		{ONE("P", "\"valueString\":\"160-0023\""),
		    "\"P\":\"1600023\""},
		{ONE("T", "\"valueString\":\"\xe7\x86\xb1\""),
		    "\"T\":\"\xe7\x86\xb1\""},
		/* groups, and items that hang on an answer */
		{QR(",\"item\":[{\"linkId\":\"group\",\"text\":\"g\",\"item\":["
		    ITEM("C", CODE("1")) "]}]"), "\"C\":\"1\""},
		{QR(",\"item\":[{\"linkId\":\"C\",\"answer\":[{" CODE("2")
		    ",\"item\":[" ITEM("X", "\"valueInteger\":5") "]}]}]"),
		    "\"C\":\"2\",\"X\":5"},
		/* what every resource may have */
		{QR(",\"meta\":{\"profile\":[\"x\"]},\"text\":{\"status\":"
		    "\"generated\",\"div\":\"<div/>\"},\"contained\":[],"
		    "\"identifier\":{\"value\":\"1\"},\"author\":{},"
		    "\"source\":{},\"encounter\":{},\"basedOn\":[]"), ""},
	};
	struct env v;

	(void)state;
	env_init(&v);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(intake_batch_release) struct intake_batch b = {0};

		parse(&v, cases[i].line, NULL, &b);
		if (b.bad_len > 0)
			fail_msg("%zu: %s", i, b.bad[0].message);
		assert_int_equal(b.events_len, 1);
		assert_int_equal(b.events[0].type, INTAKE_RESPONSE);
		assert_int_equal(b.events[0].line, 7);
		same_answers(&v, &b.events[0], cases[i].answers);
	}
	env_release(&v);
}

static void
takes_consents(void **state)
{
	static const struct {
		const char *line;
		enum intake_type type;
		uint8_t scopes;
		const char *event;
	} cases[] = {
		{CONSENT("active", SCOPE POLICY PERMIT), INTAKE_CONSENT,
		    INTAKE_SCOPE_RESEARCH, "Consent/r-1"},
		{CONSENT("active", SCOPE POLICY ",\"provision\":{\"type\":"
		    "\"permit\",\"purpose\":[{\"code\":\"HRESCH\"},{\"code\":"
		    "\"TREAT\"},{\"code\":\"recontact\"}]}"), INTAKE_CONSENT,
		    INTAKE_SCOPE_RESEARCH | INTAKE_SCOPE_SUPPORT |
		    INTAKE_SCOPE_RECONTACT, "Consent/r-1"},
		{CONSENT("active", SCOPE POLICY PERMIT ",\"meta\":"
		    "{\"versionId\":\"1\"}"), INTAKE_CONSENT,
		    INTAKE_SCOPE_RESEARCH, "Consent/r-1/_history/1"},
		/* back again: never the event of the consent */
		{CONSENT("inactive", SCOPE), INTAKE_WITHDRAWAL,
		    INTAKE_SCOPE_RESEARCH, "Consent/r-1#withdrawn"},
		{CONSENT("inactive", SCOPE ",\"meta\":{\"versionId\":\"2\"}"),
		    INTAKE_WITHDRAWAL, INTAKE_SCOPE_RESEARCH,
		    "Consent/r-1/_history/2"},
		{CONSENT("inactive", SCOPE POLICY ",\"provision\":{\"type\":"
		    "\"permit\",\"period\":{}}"), INTAKE_WITHDRAWAL,
		    INTAKE_SCOPE_RESEARCH, "Consent/r-1#withdrawn"},
		{CONSENT("active", SCOPE POLICY ",\"provision\":{\"type\":"
		    "\"deny\"}"), INTAKE_WITHDRAWAL, INTAKE_SCOPE_RESEARCH,
		    "Consent/r-1#withdrawn"},
	};
	struct env v;

	(void)state;
	env_init(&v);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(intake_batch_release) struct intake_batch b = {0};

		parse(&v, cases[i].line, NULL, &b);
		if (b.bad_len > 0)
			fail_msg("%zu: %s", i, b.bad[0].message);
		assert_int_equal(b.events_len, 1);
		assert_int_equal(b.events[0].type, cases[i].type);
		assert_int_equal(b.events[0].scopes, cases[i].scopes);
		assert_true(bytes_equal(b.events[0].event,
		    bytes_str(cases[i].event)));
		assert_true(bytes_equal(b.events[0].respondent,
		    bytes_str("p1")));
		if (cases[i].type == INTAKE_CONSENT)
			assert_memory_equal(b.events[0].text_sha256,
			    v.text[0], 32);
	}
	env_release(&v);
}

static void
refuses_each_by_its_rule(void **state)
{
	static const struct {
		const char *line;
		enum intake_reason want;
	} cases[] = {
		{"x", INTAKE_REASON_JSON}, {"[]", INTAKE_REASON_JSON},
		{"{}", INTAKE_REASON_TYPE},
		{"{\"resourceType\":\"Patient\"}", INTAKE_REASON_TYPE},
		{"{\"resourceType\":\"Consent\",\"resourceType\":\"Consent\"}",
		    INTAKE_REASON_JSON},
		{QR(",\"modifierExtension\":[]"), INTAKE_REASON_RESOURCE},
		{QR(",\"implicitRules\":\"x\""), INTAKE_REASON_RESOURCE},
		{QR(",\"surprise\":1"), INTAKE_REASON_MEMBER},
		{"{\"resourceType\":\"QuestionnaireResponse\"," ID
		    ",\"status\":\"in-progress\"}", INTAKE_REASON_RESOURCE},
		{"{\"resourceType\":\"QuestionnaireResponse\","
		    "\"status\":\"completed\"}", INTAKE_REASON_EVENT},
		{"{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"a b\","
		    "\"status\":\"completed\"}", INTAKE_REASON_EVENT},
		{"{\"resourceType\":\"QuestionnaireResponse\"," ID
		    ",\"status\":\"completed\"," WHEN "}",
		    INTAKE_REASON_RESPONDENT},
		{"{\"resourceType\":\"QuestionnaireResponse\"," ID
		    ",\"status\":\"completed\",\"subject\":{\"reference\":"
		    "\"#contained\"}}", INTAKE_REASON_RESPONDENT},
		{"{\"resourceType\":\"QuestionnaireResponse\"," ID
		    ",\"status\":\"completed\",\"subject\":{\"reference\":"
		    "\"NotPatient/1\"}}", INTAKE_REASON_RESPONDENT},
		{"{\"resourceType\":\"QuestionnaireResponse\"," ID
		    ",\"status\":\"completed\"," WHO "}", INTAKE_REASON_TIME},
		{"{\"resourceType\":\"QuestionnaireResponse\"," ID
		    ",\"status\":\"completed\"," WHO ",\"authored\":\"2020-03\""
		    "}", INTAKE_REASON_TIME},
		{"{\"resourceType\":\"QuestionnaireResponse\"," ID
		    ",\"status\":\"completed\"," WHO "," WHEN "}",
		    INTAKE_REASON_SURVEY},
		{"{\"resourceType\":\"QuestionnaireResponse\"," ID
		    ",\"status\":\"completed\"," WHO "," WHEN
		    ",\"questionnaire\":\"https://example.org/t\"}",
		    INTAKE_REASON_SURVEY},
		{"{\"resourceType\":\"QuestionnaireResponse\"," ID
		    ",\"status\":\"completed\"," WHO "," WHEN
		    ",\"questionnaire\":\"https://example.org/t|2\"}",
		    INTAKE_REASON_SURVEY},
		{QR(",\"item\":{}"), INTAKE_REASON_MEMBER},
		{QR(",\"item\":[{}]"), INTAKE_REASON_MEMBER},
		{QR(",\"item\":[{\"linkId\":\"C\",\"_text\":{}}]"),
		    INTAKE_REASON_MEMBER},
		{QR(",\"item\":[{\"linkId\":\"C\",\"answer\":[{}]}]"),
		    INTAKE_REASON_MEMBER},
		{QR(",\"item\":[{\"linkId\":\"C\",\"answer\":[{" CODE("1")
		    ",\"valueInteger\":1}]}]"), INTAKE_REASON_ANSWER_TYPE},
		{ONE("nobody", CODE("1")), INTAKE_REASON_FIELD},
		{ONE("C", CODE("9")), INTAKE_REASON_CODE},
		{ONE("C", "\"valueString\":\"1\""),
		    INTAKE_REASON_ANSWER_TYPE},
		{ONE("I", CODE("1")), INTAKE_REASON_ANSWER_TYPE},
		{ONE("I", "\"valueDecimal\":1.5"), INTAKE_REASON_ANSWER_TYPE},
		{ONE("I", "\"valueInteger\":1.5"), INTAKE_REASON_ANSWER_TYPE},
		{ONE("I", "\"valueInteger\":999"), INTAKE_REASON_VALUE},
		{ONE("D", "\"valueString\":\"2020-03-01\""),
		    INTAKE_REASON_ANSWER_TYPE},
		{ONE("D", "\"valueDateTime\":\"2020-03-01\""),
		    INTAKE_REASON_ANSWER_TYPE},
		{ONE("T", "\"valueDate\":\"2020-03-01\""),
		    INTAKE_REASON_ANSWER_TYPE},
		{ONE("B", "\"valueBoolean\":1"), INTAKE_REASON_ANSWER_TYPE},
		{ONE("P", "\"valueString\":\"16-00023\""),
		    INTAKE_REASON_VALUE},
		{QR(",\"item\":[" ITEM("C", CODE("1")) "," ITEM("C", CODE("2"))
		    "]"), INTAKE_REASON_VALUE},
		{QR(",\"item\":[{\"linkId\":\"L\",\"answer\":[{" CODE("S0")
		    "},{" CODE("S1") "}]}]"), INTAKE_REASON_EXCLUSIVE},
		{ONE("C", CODE("2")), INTAKE_REASON_REQUIRED},
		{QR(",\"item\":[" ITEM("X", "\"valueInteger\":5") "]"),
		    INTAKE_REASON_ONLY_IF},
		{CONSENT("draft", SCOPE POLICY PERMIT),
		    INTAKE_REASON_RESOURCE},
		{CONSENT("active", SCOPE POLICY), INTAKE_REASON_RESOURCE},
		{CONSENT("active", SCOPE POLICY ",\"provision\":{}"),
		    INTAKE_REASON_RESOURCE},
		{CONSENT("active", SCOPE POLICY ",\"provision\":{\"type\":"
		    "\"permit\",\"period\":{\"end\":\"2020-04-01\"}}"),
		    INTAKE_REASON_RESOURCE},
		{CONSENT("active", SCOPE POLICY ",\"provision\":{\"type\":"
		    "\"permit\",\"provision\":[]}"), INTAKE_REASON_RESOURCE},
		{CONSENT("active", POLICY PERMIT), INTAKE_REASON_SCOPE},
		{CONSENT("active", ",\"scope\":{\"coding\":[{\"code\":"
		    "\"adr\"}]}" POLICY PERMIT), INTAKE_REASON_SCOPE},
		{CONSENT("inactive", ""), INTAKE_REASON_SCOPE},
		{CONSENT("active", SCOPE PERMIT), INTAKE_REASON_CONSENT_TEXT},
		{CONSENT("active", SCOPE PERMIT ",\"policy\":[{\"uri\":"
		    "\"https://example.org/policy\"}]"),
		    INTAKE_REASON_CONSENT_TEXT},
		{CONSENT("active", SCOPE PERMIT ",\"policy\":[{\"uri\":\""
		    TEXT_URI "\"},{\"uri\":\"" TEXT_URI "\"}]"),
		    INTAKE_REASON_CONSENT_TEXT},
		{CONSENT("active", SCOPE PERMIT ",\"policy\":[{\"uri\":"
		    "\"urn:sha256:11\"}]"), INTAKE_REASON_MEMBER},
	};
	struct env v;

	(void)state;
	env_init(&v);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(intake_batch_release) struct intake_batch b = {0};

		parse(&v, cases[i].line, NULL, &b);
		assert_int_equal(b.events_len, 0);
		assert_int_equal(b.bad_len, 1);
		if (b.bad[0].reason != cases[i].want)
			fail_msg("%zu: %d, not %d: %s", i, b.bad[0].reason,
			    cases[i].want, b.bad[0].message);
	}
	env_release(&v);
}

static void
is_bounded_in_depth(void **state)
{
	CLEANUP(buf_release) struct buf line = {0};
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	struct env v;

	(void)state;
	env_init(&v);
	assert_ok(buf_append_str(&line, QR("")));
	line.len--;                     /* the closing brace */
	for (int i = 0; i < 9; i++)
		assert_ok(buf_append_str(&line, i == 0 ?
		    ",\"item\":[{\"linkId\":\"g\"" :
		    ",\"item\":[{\"linkId\":\"g\""));
	for (int i = 0; i < 9; i++)
		assert_ok(buf_append_str(&line, "}]"));
	assert_ok(buf_append_str(&line, "}"));
	parse(&v, buf_text(&line), NULL, &b);
	assert_int_equal(b.bad_len, 1);
	assert_int_equal(b.bad[0].reason, INTAKE_REASON_TOO_LONG);
	env_release(&v);
}

#define MAP(rest) "{\"azukari\":\"fhir mapping v1\"" rest "}"
#define MAP_T ",\"survey\":\"t\",\"version\":1,\"questionnaire\":\"urn:q\""

static void
maps_names(void **state)
{
	static const char map_text[] = MAP(MAP_T ",\"subject_system\":"
	    "\"urn:line\",\"items\":{\"/1\":\"C\"},\"codes\":{\"C\":{"
	    "\"LA1\":\"ab\"}},\"texts\":{\"https://example.org/p\":\"" ENV_TEXT
	    "\"},\"scopes\":{\"everything\":[\"support\",\"research\"]}");
	static const char response[] = "{\"resourceType\":"
	    "\"QuestionnaireResponse\"," ID ",\"status\":\"amended\","
	    "\"questionnaire\":\"urn:q\",\"subject\":{\"identifier\":{"
	    "\"system\":\"urn:line\",\"value\":\"U1\"}}," WHEN ",\"item\":["
	    ITEM("/1", CODE("LA1")) "]}";
	static const char consent[] = "{\"resourceType\":\"Consent\"," ID
	    ",\"status\":\"active\",\"patient\":{\"identifier\":{\"system\":"
	    "\"urn:line\",\"value\":\"U1\"}},\"dateTime\":\"2020-03-27\","
	    "\"scope\":{\"coding\":[{\"code\":\"everything\"}]},\"policy\":[{"
	    "\"uri\":\"https://example.org/p\"}]" PERMIT "}";
	CLEANUP(fhir_map_cleanup) struct fhir_map *map = NULL;
	CLEANUP(intake_batch_release) struct intake_batch b = {0};
	struct env v;

	(void)state;
	env_init(&v);
	assert_ok(fhir_map_parse(bytes_str(map_text), &v.rules, &map, NULL));
	parse(&v, response, map, &b);
	parse(&v, consent, map, &b);
	parse(&v, ONE("C", CODE("1")), map, &b);        /* no identifier */
	if (b.events_len != 2)
		fail_msg("%s", b.bad[0].message);
	assert_true(bytes_equal(b.events[0].respondent, bytes_str("U1")));
	assert_int_equal(b.events[1].scopes, INTAKE_SCOPE_SUPPORT |
	    INTAKE_SCOPE_RESEARCH);
	assert_int_equal(b.bad_len, 1);
	assert_int_equal(b.bad[0].reason, INTAKE_REASON_RESPONDENT);
	env_release(&v);
}

static void
refuses_mappings(void **state)
{
	static const struct {
		const char *text;
		enum err want;
	} cases[] = {
		{"x", ERR_SYNTAX}, {"[]", ERR_SYNTAX}, {"{}", ERR_SYNTAX},
		{"{\"azukari\":\"mapping v1\"}", ERR_UNSUPPORTED},
		{MAP(",\"more\":1"), ERR_UNKNOWN},
		{MAP(",\"items\":{}"), ERR_SYNTAX},
		{MAP(",\"questionnaire\":\"urn:q\""), ERR_SYNTAX},
		{MAP(",\"survey\":\"t\",\"version\":1"), ERR_SYNTAX},
		{MAP(",\"survey\":\"t\",\"version\":9,\"questionnaire\":"
		    "\"urn:q\""), ERR_NOT_FOUND},
		{MAP(MAP_T ",\"items\":[]"), ERR_SYNTAX},
		{MAP(MAP_T ",\"items\":{\"1\":2}"), ERR_SYNTAX},
		{MAP(MAP_T ",\"items\":{\"1\":\"nobody\"}"), ERR_UNKNOWN},
		{MAP(MAP_T ",\"items\":{\"1\":\"C\",\"2\":\"C\"}"),
		    ERR_DUPLICATE},
		{MAP(MAP_T ",\"codes\":{\"nobody\":{}}"), ERR_UNKNOWN},
		{MAP(MAP_T ",\"codes\":{\"I\":{}}"), ERR_SYNTAX},
		{MAP(MAP_T ",\"codes\":{\"C\":{\"x\":\"9\"}}"), ERR_UNKNOWN},
		{MAP(",\"texts\":{\"u\":\"sha256:00\"}"), ERR_SYNTAX},
		{MAP(",\"texts\":{\"u\":\"sha256:"
		    "ffffffffffffffffffffffffffffffff"
		    "ffffffffffffffffffffffffffffffff\"}"), ERR_NOT_FOUND},
		{MAP(",\"scopes\":{\"x\":[]}"), ERR_SYNTAX},
		{MAP(",\"scopes\":{\"x\":[\"all\"]}"), ERR_SYNTAX},
		{MAP(",\"subject_system\":\"\""), ERR_SYNTAX},
	};
	struct env v;

	(void)state;
	env_init(&v);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fhir_map *map = NULL;
		struct err_info info = {.line = 0};
		enum err e = fhir_map_parse(bytes_str(cases[i].text),
		    &v.rules, &map, &info);

		if (e != cases[i].want)
			fail_msg("%zu: %s: %s", i, err_name(e), info.message);
		assert_null(map);
		assert_true(info.message[0] != '\0');
	}
	env_release(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_responses),
		cmocka_unit_test(takes_consents),
		cmocka_unit_test(refuses_each_by_its_rule),
		cmocka_unit_test(is_bounded_in_depth),
		cmocka_unit_test(maps_names),
		cmocka_unit_test(refuses_mappings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
