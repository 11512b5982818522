#include "tests/unit/keys/epoch_test.h"

#include "core/clock.h"

static void
deal(unsigned t, size_t n, uint8_t x)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(opened_release) struct opened o;
	struct epoch_facts facts = world_facts();

	world_init(&w, "seat", t, n, x);
	opened_init(&o, &w, &facts);
	assert_int_equal(o.dealt.len, n);
	for (unsigned set = 0; set < 1u << n; set++) {
		unsigned got = (unsigned)__builtin_popcount(set);
		uint8_t ek[EPOCH_KEY_LEN] = {0};

		if (got > t + 1 || (n > 5 && got != t))
			continue;
		if (got < t) {
			assert_err(opened_combine(&o, &o.dealt.epoch, set, ek,
			    NULL), ERR_THRESHOLD);
			continue;
		}
		assert_ok(opened_combine(&o, &o.dealt.epoch, set, ek, NULL));
		assert_memory_equal(ek, secret_bytes(o.ek), sizeof(ek));
	}
}

static void
every_subset_gives_the_key(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 5; n++)
		for (unsigned t = 1; t <= n; t++)
			deal(t, n, 1);
	deal(4, 7, 249);
}

static void
sixteen_seats(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(opened_release) struct opened o;
	struct epoch_facts facts = world_facts();
	uint8_t ek[EPOCH_KEY_LEN];

	(void)state;
	world_init(&w, "s", 8, 16, 100);        /* 12870 subsets: sampled */
	opened_init(&o, &w, &facts);
	assert_ok(opened_combine(&o, &o.dealt.epoch, 0xff00, ek, NULL));
	assert_memory_equal(ek, secret_bytes(o.ek), sizeof(ek));
	assert_err(opened_combine(&o, &o.dealt.epoch, 0x00fe, ek, NULL),
	    ERR_THRESHOLD);
}

static void
what_epoch_txt_says(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(opened_release) struct opened o;
	struct epoch_facts facts = world_facts();
	const struct epoch *e = &o.dealt.epoch;
	struct epoch parsed;
	uint8_t sha256[DIGEST_LEN];

	(void)state;
	world_init(&w, "seat", 2, 3, 1);
	opened_init(&o, &w, &facts);
	assert_ok(epoch_parse(bytes_buf(&o.dealt.text), &parsed, NULL));
	assert_memory_equal(parsed.sha256, e->sha256, DIGEST_LEN);
	digest_sha256(bytes_buf(&o.dealt.text), sha256);
	assert_memory_equal(parsed.sha256, sha256, DIGEST_LEN);
	assert_int_equal(parsed.facts.kind, EPOCH_KIND_EPOCH);
	assert_string_equal(parsed.facts.owner, "14");
	assert_memory_equal(parsed.facts.id, facts.id, EPOCH_ID_LEN);
	assert_string_equal(parsed.facts.subject, facts.subject);
	assert_int_equal(parsed.facts.opened_unix_s, facts.opened_unix_s);
	assert_int_equal(parsed.day, clock_jst_day(facts.opened_unix_s));
	assert_int_equal(parsed.dealt.threshold, 2);
	assert_int_equal(parsed.dealt.len, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(parsed.dealt.line[i].seat, w.name[i]);
		assert_string_equal(parsed.dealt.line[i].age, w.age[i]);
		digest_sha256(bytes_buf(&o.text[i]), sha256);
		assert_memory_equal(parsed.dealt.line[i].share_sha256, sha256,
		    DIGEST_LEN);
	}
	assert_ptr_equal(epoch_seats_find(&parsed.dealt, "seat-2"),
	    &parsed.dealt.line[1]);
	assert_null(epoch_seats_find(&parsed.dealt, "seat-4"));
	assert_non_null(strstr(buf_text(&o.dealt.text), "\nday: 2020-03-27\n"));
}

static void
the_commitment_is_to_this_key(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(opened_release) struct opened o;
	struct epoch_facts facts = world_facts();
	uint8_t ek[EPOCH_KEY_LEN];

	(void)state;
	world_init(&w, "seat", 2, 3, 1);
	opened_init(&o, &w, &facts);
	memcpy(ek, secret_bytes(o.ek), sizeof(ek));
	assert_ok(epoch_check_key(&o.dealt.epoch, ek));
	for (size_t i = 0; i < 8 * sizeof(ek); i++) {
		ek[i / 8] ^= (uint8_t)(1u << (i % 8));
		assert_err(epoch_check_key(&o.dealt.epoch, ek), ERR_MISMATCH);
		ek[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
}

static void
known_commitment(void **state)
{
	/* python3: hashlib.blake2b(LP(...), key=bytes(range(32)),
	 * person=b"azk1.epoch.com", digest_size=32), facts of world_facts. */
	static const char want[] =
	    "e3c325a8b7043b2aa2f7657267093bd5c4f62b55157f853f079a7efb18b7259c";
	struct epoch_facts facts = world_facts();
	uint8_t ek[EPOCH_KEY_LEN], got[DIGEST_LEN];
	char hex[DIGEST_HEX_LEN + 1];

	(void)state;
	for (uint8_t i = 0; i < sizeof(ek); i++)
		ek[i] = i;
	epoch_commit(ek, &facts, got);
	digest_to_hex(got, hex);
	assert_string_equal(hex, want);
}

static void
a_spare_opens_too(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(opened_release) struct opened o;
	struct epoch_facts facts = world_facts();
	CLEANUP(buf_release) struct buf text = {0};

	(void)state;
	world_init(&w, "seat", 1, 2, 1);
	w.roster.len = 1;                       /* seat 2 is seat 1's spare */
	w.roster.seat[0].spare = w.age[1];
	opened_init(&o, &w, &facts);
	assert_ok(world_open(&w, 1, bytes_buf(&o.dealt.file[0]), &text));
	assert_true(bytes_equal(bytes_buf(&text), bytes_buf(&o.text[0])));
}

static void
nobody_else_opens(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(opened_release) struct opened o;
	struct epoch_facts facts = world_facts();

	(void)state;
	world_init(&w, "seat", 2, 3, 1);
	opened_init(&o, &w, &facts);
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 3; j++) {
			CLEANUP(buf_release) struct buf text = {0};

			if (i == j)
				continue;
			assert_err(world_open(&w, i,
			    bytes_buf(&o.dealt.file[j]), &text), ERR_NO_MATCH);
			assert_int_equal(text.len, 0);
		}
}

/* ---- what cannot be dealt ---- */

static enum err
try_deal(const struct epoch_facts *facts, const struct epoch_roster *roster,
    size_t key_len)
{
	CLEANUP(secret_cleanup) struct secret *ek = NULL;
	struct epoch_dealt dealt = {.len = 0};
	enum err e;

	assert_ok(secret_new_random(key_len, &ek));
	e = epoch_deal(ek, facts, roster, &dealt, NULL);
	if (e != ERR_OK)
		assert_null(dealt.text.data);
	epoch_dealt_release(&dealt);
	return e;
}

static void
rosters_that_are_refused(void **state)
{
	CLEANUP(world_release) struct world w;
	struct epoch_facts facts = world_facts();
	struct epoch_roster r;
	struct err_info info = {0};

	(void)state;
	world_init(&w, "seat", 2, 3, 1);
	assert_ok(try_deal(&facts, &w.roster, 32));
	assert_err(try_deal(&facts, &w.roster, 31), ERR_CRYPTO);
	r = w.roster, r.threshold = 0;
	assert_err(try_deal(&facts, &r, 32), ERR_RANGE);
	r = w.roster, r.threshold = 4;
	assert_err(try_deal(&facts, &r, 32), ERR_RANGE);
	r = w.roster, r.len = 0;
	assert_err(try_deal(&facts, &r, 32), ERR_RANGE);
	r = w.roster, r.len = 17;
	assert_err(try_deal(&facts, &r, 32), ERR_RANGE);
	r = w.roster, r.seat[1].x = 0;
	assert_err(try_deal(&facts, &r, 32), ERR_RANGE);
	r = w.roster, r.seat[1].x = r.seat[2].x;
	assert_err(try_deal(&facts, &r, 32), ERR_DUPLICATE);
	r = w.roster, r.seat[1].name = "seat-1";
	assert_err(try_deal(&facts, &r, 32), ERR_DUPLICATE);
	r = w.roster, r.seat[1].name = "Seat";
	assert_err(try_deal(&facts, &r, 32), ERR_SYNTAX);
	r = w.roster, r.seat[1].age = r.seat[0].age;
	assert_err(try_deal(&facts, &r, 32), ERR_DUPLICATE);
	r = w.roster, r.seat[1].spare = r.seat[2].age;
	assert_err(try_deal(&facts, &r, 32), ERR_DUPLICATE);
	r = w.roster, r.seat[1].spare = r.seat[1].age;
	assert_err(epoch_roster_check(&r, &info), ERR_DUPLICATE);
	assert_non_null(strstr(info.message, "seat-2"));
	r = w.roster, r.seat[1].spare = "age1nonsense";
	assert_err(try_deal(&facts, &r, 32), ERR_SYNTAX);
	r = w.roster, r.seat[1].age = "ssh-ed25519 AAAA";
	assert_err(try_deal(&facts, &r, 32), ERR_SYNTAX);
}

static void
subjects_fit_their_kind(void **state)
{
	static const struct {
		enum epoch_kind kind;
		const char *subject;
		int nothing;    /* digest of nothing, not of a document */
		enum err want;
	} cases[] = {
		{EPOCH_KIND_EPOCH, "survey corona 65535", 0, ERR_OK},
		{EPOCH_KIND_EPOCH, "survey corona 1", 1, ERR_OK},
		{EPOCH_KIND_EPOCH, "register", 1, ERR_OK},
		{EPOCH_KIND_EPOCH, "register", 0, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "survey corona", 0, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "survey corona 0", 0, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "survey corona 01", 0, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "survey corona 65536", 0, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "survey corona 1x", 0, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "survey Corona 1", 0, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "survey corona 1 2", 0, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "survey  corona 1", 0, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "trial", 1, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "project p keio", 0, ERR_MISMATCH},
		{EPOCH_KIND_EPOCH, "", 0, ERR_MISMATCH},
		{EPOCH_KIND_PROJECT, "project p keio", 0, ERR_OK},
		{EPOCH_KIND_PROJECT, "project p", 0, ERR_MISMATCH},
		{EPOCH_KIND_PROJECT, "survey corona 1", 0, ERR_MISMATCH},
		{EPOCH_KIND_TRIAL, "trial", 1, ERR_OK},
		{EPOCH_KIND_TRIAL, "trial", 0, ERR_MISMATCH},
		{EPOCH_KIND_TRIAL, "register", 1, ERR_MISMATCH},
		{(enum epoch_kind)7, "trial", 1, ERR_UNKNOWN},
	};
	CLEANUP(world_release) struct world w;

	(void)state;
	world_init(&w, "seat", 1, 1, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct epoch_facts f = world_facts();

		f.kind = cases[i].kind;
		(void)snprintf(f.subject, sizeof(f.subject), "%s",
		    cases[i].subject);
		if (cases[i].nothing)
			digest_sha256(bytes_str(""), f.subject_sha256);
		if (try_deal(&f, &w.roster, 32) != cases[i].want)
			fail_msg("%zu: %s", i, cases[i].subject);
	}
}

static void
owners_must_be_prefectures(void **state)
{
	CLEANUP(world_release) struct world w;
	struct epoch_facts f = world_facts();

	(void)state;
	world_init(&w, "seat", 1, 1, 1);
	memcpy(f.owner, "48", 3);
	assert_err(try_deal(&f, &w.roster, 32), ERR_SYNTAX);
}

static void
kinds_have_names(void **state)
{
	enum epoch_kind k;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_ok(epoch_kind_parse(bytes_str(epoch_kind_name(
		    (enum epoch_kind)i)), &k));
		assert_int_equal(k, i);
	}
	assert_err(epoch_kind_parse(bytes_str("other"), &k), ERR_UNKNOWN);
}

/* ---- what cannot be read ---- */

static enum err
parse_with(const struct opened *o, const char *from, const char *to)
{
	CLEANUP(buf_release) struct buf bad = {0};
	struct epoch e;

	seats_replace(bytes_buf(&o->dealt.text), from, to, &bad);
	return epoch_parse(bytes_buf(&bad), &e, NULL);
}

static void
texts_that_are_refused(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(opened_release) struct opened o;
	struct epoch_facts facts = world_facts();
	char line[256];

	(void)state;
	world_init(&w, "seat", 2, 3, 1);
	opened_init(&o, &w, &facts);
	assert_err(parse_with(&o, "epoch v1", "epoch v2"), ERR_SYNTAX);
	assert_err(parse_with(&o, "kind: epoch", "kind: week"), ERR_UNKNOWN);
	assert_err(parse_with(&o, "kind: epoch", "kind: trial"), ERR_MISMATCH);
	assert_err(parse_with(&o, "owner: 14", "owner: 77"), ERR_SYNTAX);
	assert_err(parse_with(&o, "epoch: 00", "epoch: 0"), ERR_SYNTAX);
	assert_err(parse_with(&o, "epoch: 0", "epoch: F"), ERR_SYNTAX);
	assert_err(parse_with(&o, "day: 2020-03-27", "day: 2020-03-28"),
	    ERR_MISMATCH);
	assert_err(parse_with(&o, "day: 2020-03-27", "day: 2020-3-27"),
	    ERR_SYNTAX);
	assert_err(parse_with(&o, "opened: 2020-03-27T03:00:00Z",
	    "opened: 2020-03-27T16:00:00Z"), ERR_MISMATCH);
	assert_err(parse_with(&o, "threshold: 2", "threshold: 0"), ERR_RANGE);
	assert_err(parse_with(&o, "threshold: 2", "threshold: 4"), ERR_RANGE);
	assert_err(parse_with(&o, "threshold: 2\n", ""), ERR_SYNTAX);
	assert_err(parse_with(&o, "seats: 3", "seats: 2"), ERR_MISMATCH);
	assert_err(parse_with(&o, "seats: 3", "seats: 4"), ERR_MISMATCH);
	assert_err(parse_with(&o, "seats: 3", "seats: 17"), ERR_RANGE);
	assert_err(parse_with(&o, "seat-2 age1", "seat-1 age1"),
	    ERR_DUPLICATE);
	assert_err(parse_with(&o, "seat-2 age1", "seat-2 age2"), ERR_SYNTAX);
	assert_err(parse_with(&o, "seat-2 age1", "Seat age1"), ERR_SYNTAX);
	assert_err(parse_with(&o, "seat-2 age1", "seat-2  age1"), ERR_SYNTAX);
	(void)snprintf(line, sizeof(line), "seat-2 %s", w.age[0]);
	assert_err(parse_with(&o, "seat-2 ", line), ERR_SYNTAX);
}

/* ---- the lists ---- */

static enum err
lists_with(const struct opened *o, const char *from, const char *to)
{
	CLEANUP(buf_release) struct buf bad = {0};
	CLEANUP(epoch_lists_release) struct epoch_lists got = {0};
	enum err e;

	seats_replace(bytes_buf(&o->dealt.text), from, to, &bad);
	e = epoch_lists_parse(bytes_buf(&bad), &got, NULL);
	assert_true(e == ERR_OK || got.sources == NULL);
	return e;
}

static void
fill_lists(struct epoch_lists *l, size_t sources, size_t texts)
{
	uint8_t sha256[DIGEST_LEN] = {0};
	char name[32];

	for (size_t i = 0; i < sources; i++) {
		(void)snprintf(name, sizeof(name), "source-%zu", i);
		assert_ok(epoch_lists_add_source(l, bytes_str(name)));
	}
	for (size_t i = 0; i < texts; i++) {
		sha256[0] = (uint8_t)i;
		assert_ok(epoch_lists_add_text(l, sha256));
	}
}

static void
lists_come_back(void **state)
{
	static const size_t lens[][2] = {{0, 0}, {1, 0}, {2, 3}, {255, 255}};

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(lens); k++) {
		CLEANUP(world_release) struct world w;
		CLEANUP(opened_release) struct opened o;
		CLEANUP(epoch_lists_release) struct epoch_lists l = {0};
		CLEANUP(epoch_lists_release) struct epoch_lists got = {0};
		struct epoch_facts facts = world_facts();

		fill_lists(&l, lens[k][0], lens[k][1]);
		facts.lists = &l;
		world_init(&w, "seat", 16, 16, 1);
		opened_init(&o, &w, &facts);
		assert_true(o.dealt.text.len <= EPOCH_TEXT_MAX);
		assert_null(o.dealt.epoch.facts.lists);
		assert_ok(epoch_lists_parse(bytes_buf(&o.dealt.text), &got,
		    NULL));
		assert_int_equal(got.opened_unix_s, facts.opened_unix_s);
		assert_int_equal(got.of_first_format, lens[k][0] == 0);
		assert_int_equal(got.sources_len, lens[k][0]);
		assert_int_equal(got.texts_len, lens[k][1]);
		for (size_t i = 0; i < got.sources_len; i++)
			assert_int_equal(epoch_lists_source(&l,
			    bytes_str(got.sources[i])), i + 1);
		for (size_t i = 0; i < got.texts_len; i++)
			assert_int_equal(epoch_lists_text(&l, got.texts[i]),
			    i + 1);
	}
}

static void
lists_that_are_refused(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(opened_release) struct opened o;
	CLEANUP(epoch_lists_release) struct epoch_lists l = {0};
	struct epoch_facts facts = world_facts();

	(void)state;
	fill_lists(&l, 2, 2);
	facts.lists = &l;
	world_init(&w, "seat", 2, 3, 1);
	opened_init(&o, &w, &facts);
	assert_ok(lists_with(&o, "source-02: source-1", "source-02: other"));
	assert_err(lists_with(&o, "source-02: source-1",
	    "source-02: source-0"), ERR_DUPLICATE);
	assert_err(lists_with(&o, "source-02: source-1", "source-02: Line"),
	    ERR_SYNTAX);
	assert_err(lists_with(&o, "source-02: ", "source-03: "), ERR_SYNTAX);
	assert_err(lists_with(&o, "consent-text-02: 01", "consent-text-02: 00"),
	    ERR_DUPLICATE);
	assert_err(lists_with(&o, "consent-text-02: 01", "consent-text-02: 0"),
	    ERR_SYNTAX);
	assert_err(lists_with(&o, "consent-text-02: 01", "consent-text-02: 0G"),
	    ERR_SYNTAX);
	/* the same through epoch_parse */
	assert_err(parse_with(&o, "source-02: source-1", "source-02: Line"),
	    ERR_SYNTAX);
}

static void
lists_only_where_records_are(void **state)
{
	CLEANUP(epoch_lists_release) struct epoch_lists l = {0};
	CLEANUP(epoch_dealt_release) struct epoch_dealt dealt = {0};
	CLEANUP(secret_cleanup) struct secret *ek = NULL;
	CLEANUP(world_release) struct world w;
	struct epoch_facts facts = world_facts();

	(void)state;
	world_init(&w, "seat", 2, 3, 1);
	assert_ok(secret_new_random(EPOCH_KEY_LEN, &ek));
	facts.kind = EPOCH_KIND_TRIAL;
	(void)strcpy(facts.subject, "trial");
	digest_sha256(bytes_str(""), facts.subject_sha256);
	facts.lists = &l;
	assert_ok(epoch_deal(ek, &facts, &w.roster, &dealt, NULL));
	fill_lists(&l, 1, 0);
	assert_err(epoch_deal(ek, &facts, &w.roster, &dealt, NULL),
	    ERR_MISMATCH);
}

static void
full_lists_take_no_more(void **state)
{
	CLEANUP(epoch_lists_release) struct epoch_lists l = {0}, copy = {0};
	uint8_t sha256[DIGEST_LEN];

	(void)state;
	fill_lists(&l, 255, 255);
	memset(sha256, 0xee, sizeof(sha256));
	assert_err(epoch_lists_add_text(&l, sha256), ERR_LIMIT);
	assert_err(epoch_lists_add_source(&l, bytes_str("more")), ERR_LIMIT);
	assert_ok(epoch_lists_add_text(&l, l.texts[7]));
	assert_int_equal(l.texts_len, 255);
	assert_int_equal(epoch_lists_text(&l, sha256), 0);
	assert_int_equal(epoch_lists_text(&l, l.texts[254]), 255);
	assert_ok(epoch_lists_copy(&l, &copy));
	assert_int_equal(epoch_lists_source(&copy, bytes_str("source-254")),
	    255);
}

static void
every_truncation_is_refused(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(opened_release) struct opened o;
	struct epoch_facts facts = world_facts();
	struct epoch e;

	(void)state;
	world_init(&w, "seat", 2, 3, 1);
	opened_init(&o, &w, &facts);
	for (size_t len = 0; len < o.dealt.text.len; len++)
		if (epoch_parse(bytes_of(o.dealt.text.data, len), &e, NULL) ==
		    ERR_OK)
			fail_msg("cut at %zu", len);
}

/* A flipped bit is refused at once or makes another epoch: its digest, which
 * the ledger has, is never the same. */
static void
every_flipped_bit_makes_another_epoch(void **state)
{
	CLEANUP(world_release) struct world w;
	CLEANUP(opened_release) struct opened o;
	struct epoch_facts facts = world_facts();
	uint8_t ek[EPOCH_KEY_LEN];
	struct epoch e;
	size_t parsed = 0;

	(void)state;
	world_init(&w, "seat", 2, 2, 1);
	opened_init(&o, &w, &facts);
	for (size_t i = 0; i < 8 * o.dealt.text.len; i++) {
		o.dealt.text.data[i / 8] ^= (uint8_t)(1u << (i % 8));
		if (epoch_parse(bytes_buf(&o.dealt.text), &e, NULL) == ERR_OK) {
			parsed++;
			assert_memory_not_equal(e.sha256,
			    o.dealt.epoch.sha256, DIGEST_LEN);
			/* Whatever it says, the shares do not make its key,
			 * but where only the opening time or a recipient
			 * moved: those no share text carries. */
			if (opened_combine(&o, &e, 3, ek, NULL) == ERR_OK)
				assert_memory_equal(&e.commitment,
				    &o.dealt.epoch.commitment, DIGEST_LEN);
		}
		o.dealt.text.data[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
	assert_true(parsed > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_subset_gives_the_key),
		cmocka_unit_test(sixteen_seats),
		cmocka_unit_test(what_epoch_txt_says),
		cmocka_unit_test(the_commitment_is_to_this_key),
		cmocka_unit_test(known_commitment),
		cmocka_unit_test(a_spare_opens_too),
		cmocka_unit_test(nobody_else_opens),
		cmocka_unit_test(rosters_that_are_refused),
		cmocka_unit_test(subjects_fit_their_kind),
		cmocka_unit_test(owners_must_be_prefectures),
		cmocka_unit_test(kinds_have_names),
		cmocka_unit_test(texts_that_are_refused),
		cmocka_unit_test(lists_come_back),
		cmocka_unit_test(lists_that_are_refused),
		cmocka_unit_test(lists_only_where_records_are),
		cmocka_unit_test(full_lists_take_no_more),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_flipped_bit_makes_another_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
