#include "tests/unit/keys/epoch_test.h"

#include "keys/handover.h"

#define EPOCHS 3

/* Three epochs of one owner; seat 2 goes to a successor with a spare. */
struct setup {
	struct world seats, successor;
	struct opened epoch[EPOCHS];
	struct handover_facts facts;
};

static void
setup_release(struct setup *s)
{
	for (size_t i = 0; i < EPOCHS; i++)
		opened_release(&s->epoch[i]);
	world_release(&s->seats);
	world_release(&s->successor);
}

static void
setup_init(struct setup *s)
{
	struct epoch_facts facts = world_facts();

	world_init(&s->seats, "seat", 2, 3, 1);
	world_init(&s->successor, "new", 1, 2, 1);
	for (size_t i = 0; i < EPOCHS; i++) {
		facts.id[0] = (uint8_t)(0x80 + i);
		opened_init(&s->epoch[i], &s->seats, &facts);
	}
	s->facts = (struct handover_facts){.owner = "14", .seat = "seat-2"};
	memset(s->facts.old_charter_sha256, 0xc4, DIGEST_LEN);
	memset(s->facts.new_charter_sha256, 0xc5, DIGEST_LEN);
	memset(s->facts.nonce, 0x11, HANDOVER_NONCE_LEN);
	memcpy(s->facts.successor, s->successor.age[0],
	    sizeof(s->facts.successor));
}

static enum err
add(struct handover *h, const struct setup *s, size_t seat, size_t epoch,
    size_t file, struct buf *out, struct err_info *info)
{
	const struct secret *const ids[] = {s->seats.secret[seat]};
	const struct age_keys keys = {
		.identities = ids, .identities_len = 1,
	};
	const struct handover_item item = {
		.epoch = &s->epoch[epoch].dealt.epoch,
		.file = bytes_buf(&s->epoch[epoch].dealt.file[file]),
	};

	return handover_add(h, &keys, &item, out, info);
}

static void
the_successor_takes_over(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(handover_release) struct handover h = {.to_len = 0};
	CLEANUP(handover_list_release) struct handover_list mine = {.len = 0};
	CLEANUP(buf_release) struct buf text = {0};
	struct handover_text parsed;

	(void)state;
	setup_init(&s);
	assert_ok(handover_begin(&h, &s.facts, s.successor.age[1]));
	for (size_t i = 0; i < EPOCHS; i++) {
		CLEANUP(buf_release) struct buf file = {0}, a = {0}, b = {0};
		struct opened *o = &s.epoch[i];
		uint8_t ek[EPOCH_KEY_LEN];

		assert_ok(add(&h, &s, 1, i, 1, &file, NULL));
		/* Successor and spare read the very bytes that were dealt. */
		assert_ok(world_open(&s.successor, 0, bytes_buf(&file), &a));
		assert_ok(world_open(&s.successor, 1, bytes_buf(&file), &b));
		assert_true(bytes_equal(bytes_buf(&a), bytes_buf(&b)));
		assert_true(bytes_equal(bytes_buf(&a),
		    bytes_buf(&o->text[1])));
		assert_err(world_open(&s.seats, 1, bytes_buf(&file), &b),
		    ERR_NO_MATCH);
		buf_release(&o->text[1]);
		o->text[1] = a;
		a = (struct buf){0};
		assert_ok(opened_combine(o, &o->dealt.epoch, 6, ek, NULL));
		assert_memory_equal(ek, secret_bytes(o->ek), sizeof(ek));
		assert_ok(handover_list_add(&mine, o->dealt.epoch.facts.id,
		    o->dealt.epoch.dealt.line[1].share_sha256));
	}
	assert_ok(handover_finish(&h, &text, NULL));
	assert_ok(handover_parse(bytes_buf(&text), &parsed, NULL));
	assert_string_equal(parsed.facts.owner, "14");
	assert_string_equal(parsed.facts.seat, "seat-2");
	assert_string_equal(parsed.facts.successor, s.successor.age[0]);
	assert_memory_equal(parsed.facts.old_charter_sha256,
	    s.facts.old_charter_sha256, DIGEST_LEN);
	assert_memory_equal(parsed.facts.new_charter_sha256,
	    s.facts.new_charter_sha256, DIGEST_LEN);
	assert_memory_equal(parsed.facts.nonce, s.facts.nonce,
	    HANDOVER_NONCE_LEN);
	assert_int_equal(parsed.shares, EPOCHS);
	assert_ok(handover_check_list(&parsed, &mine));
}

/* The gateway's list must be the predecessor's: same epochs, same order. */
static void
another_list_is_refused(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(handover_release) struct handover h = {.to_len = 0};
	CLEANUP(handover_list_release) struct handover_list turned = {.len =
	    0}, fewer = {.len = 0};
	CLEANUP(buf_release) struct buf text = {0}, file = {0};
	struct handover_text parsed;

	(void)state;
	setup_init(&s);
	assert_ok(handover_begin(&h, &s.facts, NULL));
	assert_ok(add(&h, &s, 1, 0, 1, &file, NULL));
	assert_ok(add(&h, &s, 1, 1, 1, &file, NULL));
	assert_ok(handover_finish(&h, &text, NULL));
	assert_ok(handover_parse(bytes_buf(&text), &parsed, NULL));
	for (size_t i = 0; i < 2; i++) {
		const struct epoch *e = &s.epoch[1 - i].dealt.epoch;

		assert_ok(handover_list_add(&turned, e->facts.id,
		    e->dealt.line[1].share_sha256));
	}
	assert_err(handover_check_list(&parsed, &turned), ERR_MISMATCH);
	assert_ok(handover_list_add(&fewer, s.epoch[0].dealt.epoch.facts.id,
	    s.epoch[0].dealt.epoch.dealt.line[1].share_sha256));
	assert_err(handover_check_list(&parsed, &fewer), ERR_MISMATCH);
}

static void
only_ones_own_shares(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(handover_release) struct handover h = {.to_len = 0};
	CLEANUP(buf_release) struct buf out = {0}, text = {0};
	struct err_info info = {0};
	struct epoch other;

	(void)state;
	setup_init(&s);
	assert_ok(handover_begin(&h, &s.facts, NULL));
	/* A file of another seat does not open; opened by that seat it is not
	 * this one's. */
	assert_err(add(&h, &s, 1, 0, 0, &out, &info), ERR_NO_MATCH);
	assert_err(add(&h, &s, 0, 0, 0, &out, &info), ERR_MISMATCH);
	assert_non_null(strstr(info.message, "seat-1"));
	/* A share the epoch does not know. */
	other = s.epoch[0].dealt.epoch;
	s.epoch[0].dealt.epoch.dealt.line[1].share_sha256[0] ^= 1;
	assert_err(add(&h, &s, 1, 0, 1, &out, &info), ERR_SHARE);
	s.epoch[0].dealt.epoch = other;
	memcpy(h.facts.owner, "13", 3);
	assert_err(add(&h, &s, 1, 0, 1, &out, &info), ERR_MISMATCH);
	assert_int_equal(out.len, 0);
	assert_err(handover_finish(&h, &text, NULL), ERR_STATE);
	assert_int_equal(text.len, 0);
}

static void
facts_that_are_refused(void **state)
{
	CLEANUP(setup_release) struct setup s;
	struct handover h = {.to_len = 0};

	(void)state;
	setup_init(&s);
	assert_err(handover_begin(&h, &s.facts, s.successor.age[0]),
	    ERR_DUPLICATE);
	assert_err(handover_begin(&h, &s.facts, "age1x"), ERR_SYNTAX);
	s.facts.successor[10] ^= 1;
	assert_err(handover_begin(&h, &s.facts, NULL), ERR_SYNTAX);
	s.facts.successor[10] ^= 1;
	s.facts.seat[0] = 'S';
	assert_err(handover_begin(&h, &s.facts, NULL), ERR_SYNTAX);
	s.facts.seat[0] = 's';
	s.facts.owner[0] = '9';
	assert_err(handover_begin(&h, &s.facts, NULL), ERR_SYNTAX);
}

static void
texts_that_are_refused(void **state)
{
	static const struct {
		const char *from, *to;
		enum err want;
	} cases[] = {
		{"handover v1", "handover v2", ERR_SYNTAX},
		{"owner: 14", "owner: 00", ERR_SYNTAX},
		{"seat: seat-2", "seat: Seat", ERR_SYNTAX},
		{"successor: age1", "successor: age2", ERR_SYNTAX},
		{"shares: 1", "shares: 0", ERR_RANGE},
		{"shares: 1\n", "", ERR_SYNTAX},
		{"nonce: 1", "nonce: ", ERR_SYNTAX},
	};
	CLEANUP(setup_release) struct setup s;
	CLEANUP(handover_release) struct handover h = {.to_len = 0};
	CLEANUP(buf_release) struct buf text = {0}, file = {0}, bad = {0};
	struct handover_text t;

	(void)state;
	setup_init(&s);
	assert_ok(handover_begin(&h, &s.facts, NULL));
	assert_ok(add(&h, &s, 1, 0, 1, &file, NULL));
	assert_ok(handover_finish(&h, &text, NULL));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		seats_replace(bytes_buf(&text), cases[i].from, cases[i].to,
		    &bad);
		assert_err(handover_parse(bytes_buf(&bad), &t, NULL),
		    cases[i].want);
	}
	for (size_t len = 0; len < text.len; len++)
		assert_true(handover_parse(bytes_of(text.data, len), &t,
		    NULL) != ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_successor_takes_over),
		cmocka_unit_test(another_list_is_refused),
		cmocka_unit_test(only_ones_own_shares),
		cmocka_unit_test(facts_that_are_refused),
		cmocka_unit_test(texts_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
