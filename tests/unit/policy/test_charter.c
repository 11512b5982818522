#include "tests/unit/unit.h"

#include "policy/charter.h"
#include "tests/unit/policy/fixture.h"
#include "tests/unit/policy/texts.h"

static enum err
again(struct bytes bytes, struct buf *out, struct err_info *info)
{
	CLEANUP(charter_release) struct charter c = {0};

	RETURN_IF(charter_parse(bytes, &c, info));
	return charter_write(&c, out, info);
}

#define ONE_SEAT "seat-01: a " FIXTURE_AGE_0 " " FIXTURE_AGE_3 " " \
	FIXTURE_SSH_0 " 神奈川県 健康医療局\n"
#define SEAT_2 "seat-02: b " FIXTURE_AGE_1 " - " FIXTURE_SSH_1 \
	" 神奈川県 総務局\n"
#define SEAT_3 "seat-03: c " FIXTURE_AGE_2 " - " FIXTURE_SSH_2 \
	" 神奈川県 個人情報保護審査会\n"

static void
values_are_read(void **state)
{
	CLEANUP(charter_release) struct charter c = {0};

	(void)state;
	assert_ok(charter_parse(bytes_str(fixture_charter), &c, NULL));
	assert_string_equal(c.owner, "14");
	assert_string_equal(c.owner_name, "神奈川県");
	assert_int_equal(c.threshold, 2);
	assert_int_equal(c.seats_len, 3);
	assert_string_equal(c.seats[0].name, "a");
	assert_string_equal(c.seats[0].age, FIXTURE_AGE_0);
	assert_string_equal(c.seats[0].spare, FIXTURE_AGE_3);
	assert_string_equal(c.seats[0].ssh, FIXTURE_SSH_0);
	assert_string_equal(c.seats[0].institution, "神奈川県 健康医療局");
	assert_null(c.seats[1].spare);
	assert_string_equal(c.operator_name, "株式会社運用");
	assert_int_equal(charter_seat_index(&c, "c"), 2);
	assert_ptr_equal(charter_seat(&c, "b"), &c.seats[1]);
	assert_null(charter_seat(&c, "d"));
	assert_null(charter_warning(&c, 1));
	texts_reads_back(fixture_charter, again);
}

static void
every_rule_has_its_refusal(void **state)
{
	static const struct texts_case cases[] = {
		{"threshold: 2", "threshold: 0", ERR_REFUSED, "anybody"},
		{"threshold: 2", "threshold: 1", ERR_REFUSED, "threshold"},
		{"threshold: 2", "threshold: 4", ERR_REFUSED, "4 of 3"},
		{"threshold: 2", "threshold: -1", ERR_SYNTAX, "threshold"},
		{"threshold: 2\n", "", ERR_SYNTAX, NULL},
		{"threshold: 2", "threshold: 02", ERR_SYNTAX, "threshold"},
		{"owner: 14", "owner: 48", ERR_SYNTAX, "owner"},
		{"owner: 14", "owner: 14\nowner: 14", ERR_DUPLICATE, "owner"},
		{"owner-name: 神奈川県", "owner-name: -", ERR_SYNTAX,
		    "owner-name"},
		{"version: 1", "version: 0", ERR_RANGE, "version"},
		{"version: 1", "version: 2", ERR_RANGE, "previous"},
		{"previous: -", "previous: " "0000000000000000000000000000000000"
		    "000000000000000000000000000000", ERR_RANGE, "previous"},
		{"previous: -", "previous: 00", ERR_SYNTAX, "previous"},
		{"seat-02: b", "seat-02: a", ERR_DUPLICATE, "name"},
		{"seat-02: b", "seat-02: B", ERR_SYNTAX, "seat-02"},
		{FIXTURE_AGE_1, FIXTURE_AGE_0, ERR_DUPLICATE, "age"},
		{FIXTURE_AGE_1, FIXTURE_AGE_3, ERR_DUPLICATE, "age"},
		{FIXTURE_AGE_3, FIXTURE_AGE_1, ERR_DUPLICATE, "age"},
		{FIXTURE_AGE_3, FIXTURE_AGE_0, ERR_DUPLICATE, "spare"},
		{FIXTURE_SSH_1, FIXTURE_SSH_0, ERR_DUPLICATE, "ssh"},
		{FIXTURE_SSH_1, FIXTURE_SSH_3, ERR_DUPLICATE, "gateway"},
		{" - " FIXTURE_SSH_1, " " FIXTURE_SSH_1, ERR_SYNTAX,
		    "seat-02"},
		{" - " FIXTURE_SSH_1, " -  " FIXTURE_SSH_1, ERR_SYNTAX,
		    "seat-02"},
		{FIXTURE_SSH_1 " 神奈川県 総務局", FIXTURE_SSH_1, ERR_SYNTAX,
		    "seat-02"},
		{FIXTURE_SSH_1 " 神奈川県 総務局", FIXTURE_SSH_1 " -",
		    ERR_SYNTAX, "seat-02"},
		{"神奈川県 総務局", "株式会社運用", ERR_REFUSED, "operator"},
		{"神奈川県 総務局", "株式会社 運用", ERR_REFUSED,
		    "operator"},
		{"operator: 株式会社運用", "operator: 神奈川県 総務局",
		    ERR_REFUSED, "seat-02"},
		{"seat-02", "seat-04", ERR_SYNTAX, "seat-02"},
		{ONE_SEAT SEAT_2 SEAT_3, "", ERR_REFUSED, "seat"},
		{"origin: gateway.example/log", "origin: gateway", ERR_SYNTAX,
		    "origin"},
		{"origin: gateway.example/log", "origin: gateway.example/lo",
		    ERR_RANGE, "ledger-key"},
		{"gateway-key: ssh-ed25519", "gateway-key: ssh-rsa",
		    ERR_SYNTAX, "gateway-key"},
		{"+1a2b3c4d+", "+1a2b3c4d", ERR_SYNTAX, "ledger-key"},
		{"created: 2020", "created: 20200", ERR_SYNTAX, "created"},
		{"nonce: 00", "nonce: ", ERR_SYNTAX, "nonce"},
		{"nonce: 00", "color: red\nnonce: 00", ERR_UNKNOWN, "color"},
		{"azukari-charter v1", "azukari-charter v2", ERR_SYNTAX, NULL},
		{"健康", "健\xe2\x80\xae康", ERR_ENCODING, NULL},
	};

	(void)state;
	texts_offences(fixture_charter, again, cases, ARRAY_LEN(cases));
}

static void
one_seat_may_decide_alone_and_is_warned(void **state)
{
	CLEANUP(charter_release) struct charter c = {0};

	(void)state;
	assert_ok(charter_parse(bytes_str(fixture_with(fixture_with(
	    fixture_charter, SEAT_2 SEAT_3, ""), "threshold: 2",
	    "threshold: 1")), &c, NULL));
	assert_non_null(strstr(charter_warning(&c, 0), "one person"));
	assert_non_null(strstr(charter_warning(&c, 1), "一人"));
}

static void
seventeen_seats_are_too_many(void **state)
{
	CLEANUP(charter_release) struct charter c = {0};
	char seats[8192] = "";
	size_t i, len = 0;

	(void)state;
	for (i = 0; i < 17; i++)
		len += (size_t)snprintf(seats + len, sizeof(seats) - len,
		    "seat-%02zu: s%zu " FIXTURE_AGE_0 " - " FIXTURE_SSH_0
		    " x\n", i + 1, i);
	assert_err(charter_parse(bytes_str(fixture_with(fixture_charter,
	    ONE_SEAT SEAT_2 SEAT_3, seats)), &c, NULL), ERR_LIMIT);
}

static void
bits_and_cuts(void **state)
{
	(void)state;
	texts_flip_every_bit(fixture_charter, again);
	texts_cut_everywhere(fixture_charter, again);
}

static void
what_could_not_be_read_is_not_written(void **state)
{
	CLEANUP(charter_release) struct charter c = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct err_info info = {0};

	(void)state;
	assert_ok(charter_parse(bytes_str(fixture_charter), &c, NULL));
	assert_ok(buf_append_str(&out, "before"));
	c.threshold = 0;
	assert_err(charter_write(&c, &out, &info), ERR_REFUSED);
	assert_string_equal(buf_text(&out), "before");
	c.threshold = 2;
	c.owner_name = "a\nb";
	assert_err(charter_write(&c, &out, &info), ERR_ENCODING);
	c.owner_name = NULL;
	assert_err(charter_write(&c, &out, &info), ERR_SYNTAX);
	assert_string_equal(buf_text(&out), "before");
	c.owner_name = "神奈川県";
	assert_ok(charter_write(&c, &out, &info));
}

/* ---- changes ---- */

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define NEXT "version: 2\nprevious: " ZEROS
#define FIRST "version: 1\nprevious: -"

static struct charter old, next;
static const uint8_t old_sha256[32];

static struct charter_change
change(const char *from, const char *to, uint32_t old_seats,
    uint32_t new_seats)
{
	const struct charter_signers signers = {old_seats, new_seats};
	struct charter_change ret = {0};
	const char *text = fixture_with(fixture_charter, FIRST, NEXT);

	charter_release(&old);
	charter_release(&next);
	assert_ok(charter_parse(bytes_str(fixture_charter), &old, NULL));
	if (from != NULL)
		text = fixture_with(text, from, to);
	assert_ok(charter_parse(bytes_str(text), &next, NULL));
	assert_ok(charter_change_check(&old, old_sha256, &next, signers,
	    &ret));
	return ret;
}

static int
down(void **state)
{
	(void)state;
	charter_release(&old);
	charter_release(&next);
	return 0;
}

static void
the_first_charter_needs_all_seats(void **state)
{
	struct charter_signers signers = {0, 0};
	struct charter_change c;
	uint32_t seats;

	(void)state;
	charter_release(&old);
	assert_ok(charter_parse(bytes_str(fixture_charter), &old, NULL));
	for (seats = 0; seats < 8; seats++) {
		signers.new_seats = seats;
		assert_ok(charter_change_check(NULL, NULL, &old, signers, &c));
		assert_int_equal(c.new_must, 7);
		assert_int_equal(c.new_missing, 7 & ~seats);
		assert_int_equal(c.in_force, seats == 7);
	}
	/* signatures under an older charter are worth nothing here */
	signers = (struct charter_signers){7, 0};
	assert_ok(charter_change_check(NULL, NULL, &old, signers, &c));
	assert_false(c.in_force);
}

static void
a_change_needs_t_of_the_old(void **state)
{
	struct charter_change c;
	uint32_t seats;

	(void)state;
	for (seats = 0; seats < 8; seats++) {
		c = change("representative: 神奈川県知事",
		    "representative: 黒岩", seats, seats);
		assert_int_equal(c.new_must, 0);
		assert_int_equal(c.old_needed, 2);
		assert_int_equal(c.in_force, __builtin_popcount(seats) >= 2);
	}
	/* bits of seats that do not exist count for nothing */
	assert_false(change(NULL, NULL, 0xfffffff8u | 1, 0).in_force);
}

static void
new_keys_must_sign_themselves(void **state)
{
	struct charter_change c;

	(void)state;
	c = change(FIXTURE_SSH_1, FIXTURE_SSH_5, 7, 0);
	assert_int_equal(c.new_must, 2);
	assert_false(c.in_force);
	assert_true(change(FIXTURE_SSH_1, FIXTURE_SSH_5, 3, 2).in_force);
	assert_false(change(FIXTURE_SSH_1, FIXTURE_SSH_5, 1, 2).in_force);
	assert_int_equal(change(FIXTURE_AGE_1, FIXTURE_AGE_5, 7, 0).new_must,
	    2);
	/* another spare is another key; no spare is none */
	assert_int_equal(change(FIXTURE_AGE_3, FIXTURE_AGE_5, 7, 0).new_must,
	    1);
	assert_int_equal(change(FIXTURE_AGE_3, "-", 7, 0).new_must, 0);
	assert_int_equal(change(FIXTURE_AGE_1 " -", FIXTURE_AGE_1 " "
	    FIXTURE_AGE_6, 7, 0).new_must, 2);
	/* a seat under another name is another seat */
	assert_int_equal(change("seat-02: b", "seat-02: d", 7, 0).new_must,
	    2);
	/* keys that change places change hands */
	assert_int_equal(change(SEAT_2 SEAT_3,
	    "seat-02: b " FIXTURE_AGE_2 " - " FIXTURE_SSH_2 " x\n"
	    "seat-03: c " FIXTURE_AGE_1 " - " FIXTURE_SSH_1 " x\n", 7,
	    0).new_must, 6);
}

static void
a_charter_follows_its_predecessor_only(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"owner: 14", "owner: 13"},
		{NEXT, "version: 3\nprevious: " ZEROS},
		{"previous: 0", "previous: 1"},
		{NEXT, FIRST},
	};
	const struct charter_signers all = {7, 7};
	struct charter_change c;
	size_t i;

	(void)state;
	(void)change(NULL, NULL, 7, 7);
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(charter_release) struct charter bad = {0};

		assert_ok(charter_parse(bytes_str(fixture_with(fixture_with(
		    fixture_charter, FIRST, NEXT), cases[i].from,
		    cases[i].to)), &bad, NULL));
		assert_err(charter_change_check(&old, old_sha256, &bad, all,
		    &c), ERR_MISMATCH);
	}
	assert_err(charter_change_check(NULL, NULL, &next, all, &c),
	    ERR_MISMATCH);
}

static void
a_quorum_counts_known_seats_once(void **state)
{
	struct charter none = {.threshold = 0, .seats_len = 3};

	(void)state;
	(void)change(NULL, NULL, 7, 7);
	assert_false(charter_has_quorum(&old, 0));
	assert_false(charter_has_quorum(&old, 4));
	assert_false(charter_has_quorum(&old, 0xfffffff8u));
	assert_true(charter_has_quorum(&old, 5));
	assert_true(charter_has_quorum(&old, 7));
	assert_false(charter_has_quorum(&none, 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(every_rule_has_its_refusal),
		cmocka_unit_test(one_seat_may_decide_alone_and_is_warned),
		cmocka_unit_test(seventeen_seats_are_too_many),
		cmocka_unit_test(bits_and_cuts),
		cmocka_unit_test(what_could_not_be_read_is_not_written),
		cmocka_unit_test(the_first_charter_needs_all_seats),
		cmocka_unit_test(a_change_needs_t_of_the_old),
		cmocka_unit_test(new_keys_must_sign_themselves),
		cmocka_unit_test(a_charter_follows_its_predecessor_only),
		cmocka_unit_test(a_quorum_counts_known_seats_once),
	};

	return cmocka_run_group_tests(tests, NULL, down);
}
