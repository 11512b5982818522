#include "tests/unit/keys/epoch_test.h"

#include "keys/arrangement.h"

struct setup {
	struct world w;
	struct opened o;
	struct epoch_seats seats;
	struct buf text;
};

static void
setup_release(struct setup *s)
{
	buf_release(&s->text);
	opened_release(&s->o);
	world_release(&s->w);
}

static void
setup_init(struct setup *s)
{
	struct epoch_facts facts = world_facts();

	memset(s, 0, sizeof(*s));
	world_init(&s->w, "seat", 2, 3, 1);
	opened_init(&s->o, &s->w, &facts);
	s->seats = s->o.dealt.epoch.dealt;
	memset(s->seats.charter_sha256, 0xd1, DIGEST_LEN);
	assert_ok(arrangement_write(&s->o.dealt.epoch, 1, &s->seats, &s->text,
	    NULL));
}

static void
written_and_read_back(void **state)
{
	CLEANUP(setup_release) struct setup s;
	const struct epoch *e = &s.o.dealt.epoch;
	uint8_t sha256[DIGEST_LEN];
	struct arrangement a;

	(void)state;
	setup_init(&s);
	assert_ok(arrangement_parse(bytes_buf(&s.text), e, &a, NULL));
	assert_string_equal(a.owner, "14");
	assert_memory_equal(a.epoch, e->facts.id, EPOCH_ID_LEN);
	assert_memory_equal(a.epoch_sha256, e->sha256, DIGEST_LEN);
	assert_int_equal(a.number, 1);
	assert_int_equal(a.seats.threshold, 2);
	assert_int_equal(a.seats.len, 3);
	assert_memory_equal(a.seats.charter_sha256, s.seats.charter_sha256,
	    DIGEST_LEN);
	for (size_t i = 0; i < 3; i++)
		assert_memory_equal(&a.seats.line[i], &s.seats.line[i],
		    sizeof(a.seats.line[i]));
	digest_sha256(bytes_buf(&s.text), sha256);
	assert_memory_equal(a.sha256, sha256, DIGEST_LEN);
}

static void
texts_that_are_refused(void **state)
{
	static const struct {
		const char *from, *to;
		enum err want;
	} cases[] = {
		{"arrangement v1", "arrangement v3", ERR_SYNTAX},
		{"owner: 14", "owner: 15", ERR_MISMATCH},
		{"owner: 14", "owner: 1", ERR_SYNTAX},
		{"epoch: 00", "epoch: 10", ERR_MISMATCH},
		{"number: 1", "number: 0", ERR_RANGE},
		{"threshold: 2", "threshold: 4", ERR_RANGE},
		{"seats: 3", "seats: 2", ERR_MISMATCH},
		{"share-03: seat-3", "share-03: seat-1", ERR_DUPLICATE},
		{"share-03", "share-04", ERR_SYNTAX},
	};
	CLEANUP(setup_release) struct setup s;
	CLEANUP(buf_release) struct buf bad = {0};
	struct arrangement a;

	(void)state;
	setup_init(&s);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum err got;

		seats_replace(bytes_buf(&s.text), cases[i].from, cases[i].to,
		    &bad);
		got = arrangement_parse(bytes_buf(&bad), &s.o.dealt.epoch, &a,
		    NULL);
		if (got != cases[i].want)
			fail_msg("%s: %s", cases[i].to, err_name(got));
	}
	for (size_t len = 0; len < s.text.len; len++)
		assert_true(arrangement_parse(bytes_of(s.text.data, len),
		    &s.o.dealt.epoch, &a, NULL) != ERR_OK);
	while (s.text.len <= EPOCH_TEXT_MAX)
		assert_ok(buf_append_str(&s.text, "x: y\n"));
	assert_err(arrangement_parse(bytes_buf(&s.text), &s.o.dealt.epoch, &a,
	    NULL), ERR_LIMIT);
}

static void
another_epoch_s_arrangement(void **state)
{
	CLEANUP(setup_release) struct setup s, t;
	struct arrangement a;

	(void)state;
	setup_init(&s);
	setup_init(&t);
	assert_err(arrangement_parse(bytes_buf(&s.text), &t.o.dealt.epoch, &a,
	    NULL), ERR_MISMATCH);
}

static void
what_is_not_written(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	setup_init(&s);
	assert_err(arrangement_write(&s.o.dealt.epoch, 0, &s.seats, &out,
	    NULL), ERR_RANGE);
	s.seats.threshold = 9;
	assert_err(arrangement_write(&s.o.dealt.epoch, 1, &s.seats, &out,
	    NULL), ERR_RANGE);
	s.seats.threshold = 2;
	s.seats.line[1] = s.seats.line[0];
	assert_err(arrangement_write(&s.o.dealt.epoch, 1, &s.seats, &out,
	    NULL), ERR_DUPLICATE);
	assert_int_equal(out.len, 0);
}

static void
the_digest_of_many(void **state)
{
	struct arrangement list[3] = {{.number = 1}, {.number = 2},
	    {.number = 3}};
	uint8_t got[DIGEST_LEN], want[DIGEST_LEN];
	char lines[512];

	(void)state;
	for (int i = 0; i < 3; i++) {
		memset(list[i].epoch, 3 - i, EPOCH_ID_LEN);
		memset(list[i].sha256, 0x30 + i, DIGEST_LEN);
	}
	(void)snprintf(lines, sizeof(lines),
	    "01010101010101010101010101010101 %s\n"
	    "02020202020202020202020202020202 %s\n"
	    "03030303030303030303030303030303 %s\n",
	    "3232323232323232323232323232323232323232323232323232323232323232",
	    "3131313131313131313131313131313131313131313131313131313131313131",
	    "3030303030303030303030303030303030303030303030303030303030303030");
	digest_sha256(bytes_str(lines), want);
	assert_ok(arrangement_digest(list, 3, got));
	assert_memory_equal(got, want, DIGEST_LEN);
	list[1] = list[0];
	assert_err(arrangement_digest(list, 3, got), ERR_DUPLICATE);
	assert_ok(arrangement_digest(list, 0, got));
	digest_sha256(bytes_str(""), want);
	assert_memory_equal(got, want, DIGEST_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read_back),
		cmocka_unit_test(texts_that_are_refused),
		cmocka_unit_test(another_epoch_s_arrangement),
		cmocka_unit_test(what_is_not_written),
		cmocka_unit_test(the_digest_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
