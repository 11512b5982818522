#include "tests/unit/keys/epoch_test.h"

#define ALL_THREE 7u

/* Three seats, two needed, and one epoch dealt to them. */
struct setup {
	struct world w;
	struct opened o;
};

static void
setup_release(struct setup *s)
{
	opened_release(&s->o);
	world_release(&s->w);
}

static void
setup_init(struct setup *s)
{
	struct epoch_facts facts = world_facts();

	world_init(&s->w, "seat", 2, 3, 1);
	opened_init(&s->o, &s->w, &facts);
}

static void
labels_are_read(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(buf_release) struct buf again = {0};
	uint8_t value[EPOCH_KEY_LEN];
	struct share sh;

	(void)state;
	setup_init(&s);
	assert_ok(share_parse(bytes_buf(&s.o.text[1]), &sh, value, NULL));
	assert_string_equal(sh.seat, "seat-2");
	assert_int_equal(sh.x, 2);
	assert_int_equal(sh.threshold, 2);
	assert_int_equal(sh.seats, 3);
	assert_string_equal(sh.owner, "14");
	assert_string_equal(sh.subject, "survey corona 1");
	assert_int_equal(sh.day, s.o.dealt.epoch.day);
	assert_memory_equal(sh.commitment, s.o.dealt.epoch.commitment,
	    DIGEST_LEN);
	assert_memory_equal(sh.sha256,
	    s.o.dealt.epoch.dealt.line[1].share_sha256, DIGEST_LEN);
	assert_ok(share_check(&sh, &s.o.dealt.epoch, NULL, NULL));
	assert_ok(share_write(&sh, value, &again));
	assert_true(bytes_equal(bytes_buf(&again), bytes_buf(&s.o.text[1])));
}

static void
the_stock_tools_agree(void **state)
{
	CLEANUP(setup_release) struct setup s;
	uint8_t key[BECH32_SECRET_LEN];
	char dir[FS_PATH_MAX], hex[DIGEST_HEX_LEN + 1];

	(void)state;
	SEATS_NEED("age");
	SEATS_NEED("sha256sum");
	unit_temp_dir(dir, sizeof(dir));
	setup_init(&s);
	bech32_encode_secret(secret_bytes(s.w.secret[0]), key);
	seats_write(dir, "id", bytes_of(key, sizeof(key)));
	seats_write(dir, "share.age", bytes_buf(&s.o.dealt.file[0]));
	digest_to_hex(s.o.dealt.epoch.dealt.line[0].share_sha256, hex);
	assert_int_equal(0, seats_run("cd %s && test \"$(age -d -i id "
	    "share.age | sha256sum)\" = '%s  -'", dir, hex));
	assert_ok(fs_remove_tree(dir));
}

/* ---- combining ---- */

static void
combined_into_a_secret(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(secret_cleanup) struct secret *ek = NULL;
	struct bytes texts[2];
	struct share_set set = {.texts = texts, .len = 2};

	(void)state;
	setup_init(&s);
	set.epoch = &s.o.dealt.epoch;
	texts[0] = bytes_buf(&s.o.text[2]);
	texts[1] = bytes_buf(&s.o.text[0]);
	assert_ok(share_combine(&set, &ek, NULL));
	assert_true(secret_equal(ek, s.o.ek));
	texts[1] = texts[0];
	assert_err(share_combine(&set, &ek, NULL), ERR_DUPLICATE);
}

/* A share text with one thing changed; the wrong one names its seat. */
static void
tampered(const char *from, const char *to, enum err want, const char *says)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(buf_release) struct buf bad = {0};
	struct err_info info = {0};
	uint8_t ek[EPOCH_KEY_LEN] = {0}, zero[EPOCH_KEY_LEN] = {0};

	setup_init(&s);
	seats_replace(bytes_buf(&s.o.text[1]), from, to, &bad);
	buf_release(&s.o.text[1]);
	s.o.text[1] = bad;
	bad = (struct buf){0};
	assert_err(opened_combine(&s.o, &s.o.dealt.epoch, ALL_THREE, ek,
	    &info), want);
	assert_memory_equal(ek, zero, sizeof(ek));
	if (says != NULL && strstr(info.message, says) == NULL)
		fail_msg("'%s' is not in '%s'", says, info.message);
	/* The other two still combine. */
	assert_ok(opened_combine(&s.o, &s.o.dealt.epoch, 5, ek, NULL));
}

static void
a_changed_share_names_its_seat(void **state)
{
	(void)state;
	tampered("x: 2", "x: 3", ERR_SHARE, "seat-2");
	tampered("kind: epoch\nowner: 14", "kind: epoch\nowner: 13",
	    ERR_MISMATCH, "owner");
	tampered("epoch: 00", "epoch: 01", ERR_MISMATCH, "epoch");
	tampered("corona 1", "corona 2", ERR_MISMATCH, "subject");
	tampered("subject-sha256: 5a", "subject-sha256: 5b", ERR_MISMATCH,
	    "subject-sha256");
	tampered("day: 2020-03-27", "day: 2020-03-28", ERR_MISMATCH, "day");
	tampered("charter-sha256: c4", "charter-sha256: c5", ERR_MISMATCH,
	    "charter-sha256");
	tampered("threshold: 2", "threshold: 1", ERR_MISMATCH, "threshold");
	tampered("seats: 3", "seats: 4", ERR_MISMATCH, "seats");
	tampered("seat: seat-2", "seat: seat-1", ERR_SHARE, "seat-1");
	tampered("seat: seat-2", "seat: other", ERR_MISMATCH, "other");
	tampered("x: 2", "x: 0", ERR_RANGE, NULL);
	tampered("x: 2", "x: 256", ERR_RANGE, NULL);
	tampered("share v1", "share v2", ERR_SYNTAX, NULL);
	tampered("owner: 14", "owner: 99", ERR_SYNTAX, NULL);
	tampered("seat: seat-2", "seat: Seat", ERR_SYNTAX, NULL);
}

static void
every_flipped_bit_is_refused(void **state)
{
	CLEANUP(setup_release) struct setup s;
	uint8_t ek[EPOCH_KEY_LEN];
	struct buf *text = &s.o.text[0];

	(void)state;
	setup_init(&s);
	for (size_t i = 0; i < 8 * text->len; i++) {
		text->data[i / 8] ^= (uint8_t)(1u << (i % 8));
		if (opened_combine(&s.o, &s.o.dealt.epoch, ALL_THREE, ek,
		    NULL) == ERR_OK)
			fail_msg("bit %zu", i);
		text->data[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
	assert_ok(opened_combine(&s.o, &s.o.dealt.epoch, ALL_THREE, ek, NULL));
}

static void
shares_of_another_epoch_or_owner(void **state)
{
	CLEANUP(setup_release) struct setup s, t;
	struct bytes texts[2];
	struct share_set set = {.texts = texts, .len = 2};
	struct err_info info = {0};
	uint8_t ek[EPOCH_KEY_LEN];

	(void)state;
	setup_init(&s);
	setup_init(&t);                 /* same labels, but another key */
	set.epoch = &s.o.dealt.epoch;
	texts[0] = bytes_buf(&s.o.text[0]);
	texts[1] = bytes_buf(&t.o.text[1]);
	assert_err(share_combine_into(&set, ek, &info), ERR_MISMATCH);
	assert_non_null(strstr(info.message, "seat-2"));
	assert_non_null(strstr(info.message, "key-commitment"));
	/* The gateway swaps the age files of two seats. */
	texts[1] = bytes_buf(&s.o.text[0]);
	assert_err(share_combine_into(&set, ek, &info), ERR_DUPLICATE);
}

/* Every digest holds, yet epoch.txt commits to another key: what a gateway
 * that lies when dealing could make.  Nothing is given out. */
static void
a_key_that_was_not_committed_to(void **state)
{
	CLEANUP(setup_release) struct setup s;
	struct err_info info = {0};
	uint8_t ek[EPOCH_KEY_LEN] = {0}, zero[EPOCH_KEY_LEN] = {0},
	    value[EPOCH_KEY_LEN];
	struct epoch forged;
	struct share sh;

	(void)state;
	setup_init(&s);
	forged = s.o.dealt.epoch;
	forged.commitment[0] ^= 1;
	for (size_t i = 0; i < 3; i++) {
		assert_ok(share_parse(bytes_buf(&s.o.text[i]), &sh, value,
		    NULL));
		sh.commitment[0] ^= 1;
		buf_clear(&s.o.text[i]);
		assert_ok(share_write(&sh, value, &s.o.text[i]));
		digest_sha256(bytes_buf(&s.o.text[i]),
		    forged.dealt.line[i].share_sha256);
	}
	assert_err(opened_combine(&s.o, &forged, ALL_THREE, ek, &info),
	    ERR_SHARE);
	assert_memory_equal(ek, zero, sizeof(ek));
	assert_non_null(strstr(info.message, "commits"));
}

static void
too_many_and_too_few(void **state)
{
	CLEANUP(setup_release) struct setup s;
	struct bytes texts[17];
	struct share_set set = {.texts = texts, .len = 17};
	uint8_t ek[EPOCH_KEY_LEN];

	(void)state;
	setup_init(&s);
	for (size_t i = 0; i < 17; i++)
		texts[i] = bytes_buf(&s.o.text[i % 3]);
	set.epoch = &s.o.dealt.epoch;
	assert_err(share_combine_into(&set, ek, NULL), ERR_LIMIT);
	assert_err(opened_combine(&s.o, set.epoch, 0, ek, NULL),
	    ERR_THRESHOLD);
	assert_err(opened_combine(&s.o, set.epoch, 2, ek, NULL),
	    ERR_THRESHOLD);
}

/* t-1 shares and everything public: for each of the 256 values the first byte
 * of the missing share can have, another first byte of the key results. */
static void
one_share_leaves_every_key_possible(void **state)
{
	CLEANUP(setup_release) struct setup s;
	uint8_t values[2 * EPOCH_KEY_LEN], ek[EPOCH_KEY_LEN], seen[256] = {0};
	static const uint8_t xs[] = {1, 2};
	struct share sh;

	(void)state;
	setup_init(&s);
	assert_ok(share_parse(bytes_buf(&s.o.text[0]), &sh, values, NULL));
	memset(values + EPOCH_KEY_LEN, 0, EPOCH_KEY_LEN);
	for (unsigned v = 0; v < 256; v++) {
		values[EPOCH_KEY_LEN] = (uint8_t)v;
		assert_ok(shamir_combine(bytes_of(xs, 2), values,
		    EPOCH_KEY_LEN, ek));
		seen[ek[0]]++;
	}
	for (unsigned v = 0; v < 256; v++)
		assert_int_equal(seen[v], 1);
}

/* ---- lists ---- */

static void
a_list_is_split_byte_exact(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(buf_release) struct buf list = {0};
	struct bytes rest, text;

	(void)state;
	setup_init(&s);
	for (size_t i = 0; i < 3; i++)
		assert_ok(buf_append(&list, s.o.text[i].data,
		    s.o.text[i].len));
	rest = bytes_buf(&list);
	for (size_t i = 0; i < 3; i++) {
		assert_ok(share_next(&rest, &text));
		assert_true(bytes_equal(text, bytes_buf(&s.o.text[i])));
	}
	assert_err(share_next(&rest, &text), ERR_NOT_FOUND);
	rest = bytes_str("hello\n");
	assert_err(share_next(&rest, &text), ERR_SYNTAX);
	rest = bytes_of(list.data + 1, list.len - 1);
	assert_err(share_next(&rest, &text), ERR_SYNTAX);
	buf_clear(&list);
	assert_ok(buf_append_str(&list, "azukari-share v1\n"));
	while (list.len <= SHARE_TEXT_MAX)
		assert_ok(buf_append_str(&list, "x: 1\n"));
	rest = bytes_buf(&list);
	assert_err(share_next(&rest, &text), ERR_LIMIT);
	assert_int_equal(rest.len, list.len);
}

static void
released_to_a_plan(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(world_release) struct world plan;
	CLEANUP(buf_release) struct buf list = {0}, sealed = {0}, got = {0};
	const struct secret *ids[1];
	const struct age_keys keys = {.identities = ids, .identities_len = 1};
	struct age_recipient to;

	(void)state;
	setup_init(&s);
	world_init(&plan, "plan", 1, 1, 1);
	ids[0] = plan.secret[0];
	assert_ok(buf_append(&list, s.o.text[0].data, s.o.text[0].len));
	assert_ok(buf_append(&list, s.o.text[1].data, s.o.text[1].len));
	assert_ok(age_recipient_parse(bytes_str(plan.age[0]), &to));
	assert_ok(share_seal(&to, 1, bytes_buf(&list), &sealed));
	assert_ok(age_open_buf(&keys, bytes_buf(&sealed), &got));
	assert_true(bytes_equal(bytes_buf(&got), bytes_buf(&list)));
}

static void
files_that_do_not_open(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(buf_release) struct buf got = {0}, big = {0}, sealed = {0};
	struct buf *file = &s.o.dealt.file[0];
	struct age_recipient to;

	(void)state;
	setup_init(&s);
	assert_err(world_open(&s.w, 1, bytes_buf(file), &got), ERR_NO_MATCH);
	file->data[file->len - 1] ^= 1;
	assert_err(world_open(&s.w, 0, bytes_buf(file), &got), ERR_DECRYPT);
	assert_err(world_open(&s.w, 0, bytes_of(file->data, file->len - 1),
	    &got), ERR_DECRYPT);
	/* Texts longer than any share, and files longer than any. */
	assert_ok(age_recipient_parse(bytes_str(s.w.age[0]), &to));
	while (big.len <= SHARE_TEXT_MAX)
		assert_ok(buf_append_str(&big, "line\n"));
	assert_ok(share_seal(&to, 1, bytes_buf(&big), &sealed));
	assert_err(world_open(&s.w, 0, bytes_buf(&sealed), &got), ERR_LIMIT);
	while (sealed.len <= SHARE_FILE_MAX)
		assert_ok(buf_append_u8(&sealed, 0));
	assert_err(world_open(&s.w, 0, bytes_buf(&sealed), &got), ERR_LIMIT);
	assert_int_equal(got.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_read),
		cmocka_unit_test(the_stock_tools_agree),
		cmocka_unit_test(combined_into_a_secret),
		cmocka_unit_test(a_changed_share_names_its_seat),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(shares_of_another_epoch_or_owner),
		cmocka_unit_test(a_key_that_was_not_committed_to),
		cmocka_unit_test(too_many_and_too_few),
		cmocka_unit_test(one_share_leaves_every_key_possible),
		cmocka_unit_test(a_list_is_split_byte_exact),
		cmocka_unit_test(released_to_a_plan),
		cmocka_unit_test(files_that_do_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
