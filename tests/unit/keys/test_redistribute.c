#include "tests/unit/keys/epoch_test.h"

#include "keys/arrangement.h"
#include "keys/redistribute.h"

/* An epoch of old seats, the new seats, and what goes between them. */
struct setup {
	struct world old, new;
	struct opened o;
	struct redistribute_plan plan;
	struct redistribute_files dealt[WORLD_SEATS];   /* by dealer */
	struct redistribute_new got[WORLD_SEATS];       /* by new seat */
	struct epoch_seats seats;                       /* the arrangement */
};

static void
setup_release(struct setup *s)
{
	for (size_t i = 0; i < WORLD_SEATS; i++) {
		redistribute_files_release(&s->dealt[i]);
		redistribute_new_release(&s->got[i]);
	}
	opened_release(&s->o);
	world_release(&s->old);
	world_release(&s->new);
}

/* From t of n to t2 of n2; the dealers are the last t old seats. */
static void
setup_init(struct setup *s, unsigned t, size_t n, unsigned t2, size_t n2)
{
	struct epoch_facts facts = world_facts();

	memset(s, 0, sizeof(*s));
	world_init(&s->old, "old", t, n, 3);
	world_init(&s->new, "new", t2, n2, 1);
	opened_init(&s->o, &s->old, &facts);
	s->plan.epoch = &s->o.dealt.epoch;
	s->plan.to = &s->new.roster;
	memset(s->plan.new_charter_sha256, 0xd1, DIGEST_LEN);
	s->plan.dealers_len = t;
	for (size_t i = 0; i < t; i++)
		s->plan.dealers[i] = s->old.roster.seat[n - t + i].x;
}

static void
deal_all(struct setup *s)
{
	size_t first = s->old.roster.len - s->plan.dealers_len;

	for (size_t d = 0; d < s->plan.dealers_len; d++)
		assert_ok(redistribute_deal(&s->plan,
		    bytes_buf(&s->o.text[first + d]), &s->dealt[d], NULL));
}

/* What new seat ${seat} opens of the dealers' files. */
struct opened_pieces {
	struct buf text[WORLD_SEATS];
	struct bytes bytes[WORLD_SEATS];
};

static void
pieces_release(struct opened_pieces *p)
{
	for (size_t i = 0; i < WORLD_SEATS; i++)
		buf_release(&p->text[i]);
}

static void
open_pieces(const struct setup *s, size_t seat, struct opened_pieces *p)
{
	memset(p, 0, sizeof(*p));
	for (size_t d = 0; d < s->plan.dealers_len; d++) {
		assert_int_equal(s->dealt[d].len, s->new.roster.len);
		assert_ok(world_open(&s->new, seat,
		    bytes_buf(&s->dealt[d].file[seat]), &p->text[d]));
		p->bytes[d] = bytes_buf(&p->text[d]);
	}
}

static void
receive_all(struct setup *s)
{
	memcpy(s->seats.charter_sha256, s->plan.new_charter_sha256,
	    DIGEST_LEN);
	s->seats.threshold = s->new.roster.threshold;
	s->seats.len = s->new.roster.len;
	for (size_t i = 0; i < s->new.roster.len; i++) {
		CLEANUP(pieces_release) struct opened_pieces p;
		const struct redistribute_set set = {
			.plan = &s->plan, .seat = i, .texts = p.bytes,
			.len = s->plan.dealers_len,
		};

		open_pieces(s, i, &p);
		assert_ok(redistribute_receive(&set, &s->got[i], NULL));
		s->seats.line[i] = s->got[i].line;
	}
}

/* Combine the new shares in ${set}, as opened from the new seats' files. */
static enum err
combine_new(const struct setup *s, const struct epoch_seats *in_force,
    unsigned set, uint8_t ret[EPOCH_KEY_LEN], struct err_info *info)
{
	CLEANUP(pieces_release) struct opened_pieces p;
	struct share_set shares = {
		.epoch = s->plan.epoch, .in_force = in_force,
		.texts = p.bytes,
	};

	memset(&p, 0, sizeof(p));
	for (size_t i = 0; i < s->new.roster.len; i++) {
		if (!(set & (1u << i)))
			continue;
		assert_ok(world_open(&s->new, i, bytes_buf(&s->got[i].file),
		    &p.text[i]));
		assert_true(bytes_equal(bytes_buf(&p.text[i]),
		    bytes_buf(&s->got[i].share_text)));
		p.bytes[shares.len++] = bytes_buf(&p.text[i]);
	}
	return share_combine_into(&shares, ret, info);
}

static void
end_to_end(unsigned t, size_t n, unsigned t2, size_t n2)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(buf_release) struct buf text = {0};
	uint8_t ek[EPOCH_KEY_LEN];
	struct arrangement a;

	setup_init(&s, t, n, t2, n2);
	deal_all(&s);
	receive_all(&s);
	assert_ok(arrangement_write(s.plan.epoch, 1, &s.seats, &text, NULL));
	assert_ok(arrangement_parse(bytes_buf(&text), s.plan.epoch, &a, NULL));
	for (unsigned set = 0; set < 1u << n2; set++) {
		if ((unsigned)__builtin_popcount(set) < t2)
			assert_err(combine_new(&s, &a.seats, set, ek, NULL),
			    ERR_THRESHOLD);
		else {
			assert_ok(combine_new(&s, &a.seats, set, ek, NULL));
			assert_memory_equal(ek, secret_bytes(s.o.ek),
			    sizeof(ek));
		}
	}
	/* Not under the old seats; the old shares not under the new. */
	assert_err(combine_new(&s, NULL, (1u << t2) - 1, ek, NULL),
	    ERR_MISMATCH);
	assert_ok(opened_combine(&s.o, s.plan.epoch, (1u << t) - 1, ek, NULL));
	assert_memory_equal(ek, secret_bytes(s.o.ek), sizeof(ek));
}

static void
thresholds_and_numbers_change(void **state)
{
	(void)state;
	end_to_end(2, 3, 2, 3);
	end_to_end(2, 3, 3, 5);
	end_to_end(3, 5, 2, 3);
	end_to_end(1, 1, 2, 3);
	end_to_end(2, 2, 1, 1);
	end_to_end(4, 4, 4, 4);
}

/* The second redistribution starts from the first one's arrangement. */
static void
twice_in_a_row(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(world_release) struct world third;
	struct redistribute_plan again;
	struct epoch_seats seats = {.threshold = 2, .len = 2};
	struct share_set set = {.len = 2};
	struct bytes texts[2];
	struct redistribute_new got[2] = {{.file = {0}}, {.file = {0}}};
	uint8_t ek[EPOCH_KEY_LEN];

	(void)state;
	setup_init(&s, 2, 3, 2, 3);
	deal_all(&s);
	receive_all(&s);
	world_init(&third, "third", 2, 2, 40);
	again = s.plan;
	again.in_force = &s.seats;
	again.to = &third.roster;
	memset(again.new_charter_sha256, 0xe2, DIGEST_LEN);
	again.dealers[0] = 1;
	again.dealers[1] = 3;
	for (size_t d = 0; d < 2; d++) {
		redistribute_files_release(&s.dealt[d]);
		assert_ok(redistribute_deal(&again, bytes_buf(
		    &s.got[2 * d].share_text), &s.dealt[d], NULL));
	}
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(pieces_release) struct opened_pieces p = {.text =
		    {{0}}};
		const struct redistribute_set rs = {
			.plan = &again, .seat = i, .texts = p.bytes, .len = 2,
		};

		for (size_t d = 0; d < 2; d++) {
			assert_ok(world_open(&third, i,
			    bytes_buf(&s.dealt[d].file[i]), &p.text[d]));
			p.bytes[d] = bytes_buf(&p.text[d]);
		}
		assert_ok(redistribute_receive(&rs, &got[i], NULL));
		seats.line[i] = got[i].line;
		texts[i] = bytes_buf(&got[i].share_text);
	}
	memcpy(seats.charter_sha256, again.new_charter_sha256, DIGEST_LEN);
	set.epoch = again.epoch;
	set.in_force = &seats;
	set.texts = texts;
	assert_ok(share_combine_into(&set, ek, NULL));
	assert_memory_equal(ek, secret_bytes(s.o.ek), sizeof(ek));
	for (size_t i = 0; i < 2; i++)
		redistribute_new_release(&got[i]);
}

/* Adds 1 to the value at the end of a share or subshare text: its last digit,
 * in front of the final LF. */
static void
other_value(struct buf *text)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *last = &text->data[text->len - 2];
	const char *at = strchr(digits, *last);

	assert_non_null(at);
	*last = (uint8_t)digits[(at - digits) ^ 1];
}

/* ---- dealing ---- */

static enum err
try_deal(const struct redistribute_plan *plan, const struct buf *text,
    struct err_info *info)
{
	struct redistribute_files f = {.len = 0};
	enum err e = redistribute_deal(plan, bytes_buf(text), &f, info);

	assert_true(e == ERR_OK || f.file[0].data == NULL);
	redistribute_files_release(&f);
	return e;
}

static void
plans_that_are_refused(void **state)
{
	CLEANUP(setup_release) struct setup s;
	struct redistribute_plan p;
	struct epoch_roster to;
	struct err_info info = {0};

	(void)state;
	setup_init(&s, 2, 3, 2, 3);             /* dealers 4 and 5 */
	assert_ok(try_deal(&s.plan, &s.o.text[1], NULL));
	assert_err(try_deal(&s.plan, &s.o.text[0], &info), ERR_MISMATCH);
	assert_non_null(strstr(info.message, "old-1"));
	p = s.plan, p.dealers_len = 1;
	assert_err(try_deal(&p, &s.o.text[1], NULL), ERR_RANGE);
	p = s.plan, p.dealers_len = 3, p.dealers[2] = 6;
	assert_err(try_deal(&p, &s.o.text[1], NULL), ERR_RANGE);
	p = s.plan, p.dealers[0] = 5, p.dealers[1] = 4;
	assert_err(try_deal(&p, &s.o.text[1], NULL), ERR_RANGE);
	p = s.plan, p.dealers[0] = 5;
	assert_err(try_deal(&p, &s.o.text[1], NULL), ERR_DUPLICATE);
	p = s.plan, p.dealers[0] = 0;
	assert_err(try_deal(&p, &s.o.text[1], NULL), ERR_RANGE);
	to = s.new.roster, to.seat[1].x = to.seat[0].x;
	p = s.plan, p.to = &to;
	assert_err(try_deal(&p, &s.o.text[1], NULL), ERR_DUPLICATE);
	to = s.new.roster, to.threshold = 4;
	assert_err(try_deal(&p, &s.o.text[1], NULL), ERR_RANGE);
	/* A share that is not the epoch's is not dealt on. */
	other_value(&s.o.text[1]);
	assert_err(try_deal(&s.plan, &s.o.text[1], &info), ERR_SHARE);
}

/* ---- receiving ---- */

/* Receives as new seat 1 with dealer 0's text changed. */
static void
tampered(const char *from, const char *to, enum err want)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(pieces_release) struct opened_pieces p;
	CLEANUP(buf_release) struct buf bad = {0};
	struct redistribute_set set = {.seat = 1, .len = 2};
	struct err_info info = {0};
	enum err got;

	setup_init(&s, 2, 3, 2, 3);
	deal_all(&s);
	open_pieces(&s, 1, &p);
	seats_replace(p.bytes[0], from, to, &bad);
	p.bytes[0] = bytes_buf(&bad);
	set.plan = &s.plan;
	set.texts = p.bytes;
	got = redistribute_receive(&set, &s.got[1], &info);
	if (got != want)
		fail_msg("%s -> %s: %s", from, to, err_name(got));
	assert_null(s.got[1].file.data);
	if (want == ERR_MISMATCH && strstr(info.message, "old-2") == NULL &&
	    strstr(info.message, "else") == NULL)
		fail_msg("no dealer in: %s", info.message);
}

static void
a_changed_subshare_names_its_dealer(void **state)
{
	(void)state;
	tampered("owner: 14", "owner: 13", ERR_MISMATCH);
	tampered("epoch: 00", "epoch: 01", ERR_MISMATCH);
	tampered("old-charter-sha256: c4", "old-charter-sha256: c5",
	    ERR_MISMATCH);
	tampered("new-charter-sha256: d1", "new-charter-sha256: d2",
	    ERR_MISMATCH);
	tampered("from-seat: old-2", "from-seat: else", ERR_MISMATCH);
	tampered("from-x: 4", "from-x: 3", ERR_MISMATCH);
	tampered("from-x: 4", "from-x: 5", ERR_DUPLICATE);
	tampered("from-seat: old-2", "from-seat: old-3", ERR_DUPLICATE);
	tampered("dealers: 4 5", "dealers: 3 4", ERR_MISMATCH);
	tampered("dealers: 4 5", "dealers: 4 5 6", ERR_MISMATCH);
	tampered("\nseat: new-2", "\nseat: new-1", ERR_MISMATCH);
	tampered("\nx: 2", "\nx: 1", ERR_MISMATCH);
	tampered("threshold: 2", "threshold: 1", ERR_MISMATCH);
	tampered("seats: 3", "seats: 4", ERR_MISMATCH);
	tampered("threshold: 2", "threshold: 4", ERR_RANGE);
	tampered("subshare v1", "subshare v2", ERR_SYNTAX);
	tampered("from-x: 4", "from-x: 0", ERR_RANGE);
	tampered("from-seat: old-2", "from-seat: Old", ERR_SYNTAX);
}

static void
all_dealers_once(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(pieces_release) struct opened_pieces p;
	struct redistribute_set set = {.seat = 0, .len = 1};

	(void)state;
	setup_init(&s, 2, 3, 2, 3);
	deal_all(&s);
	open_pieces(&s, 0, &p);
	set.plan = &s.plan;
	set.texts = p.bytes;
	assert_err(redistribute_receive(&set, &s.got[0], NULL),
	    ERR_THRESHOLD);
	set.len = 2;
	p.bytes[1] = p.bytes[0];
	assert_err(redistribute_receive(&set, &s.got[0], NULL),
	    ERR_DUPLICATE);
	p.bytes[1] = bytes_buf(&p.text[1]);
	assert_ok(redistribute_receive(&set, &s.got[0], NULL));
	/* Another seat's subshares. */
	set.seat = 1;
	assert_err(redistribute_receive(&set, &s.got[1], NULL), ERR_MISMATCH);
}

static void
a_subshare_of_another_epoch(void **state)
{
	CLEANUP(setup_release) struct setup s, t;
	CLEANUP(pieces_release) struct opened_pieces p, q;
	struct redistribute_set set = {.seat = 0, .len = 2};
	struct err_info info = {0};

	(void)state;
	setup_init(&s, 2, 3, 2, 3);
	setup_init(&t, 2, 3, 2, 3);     /* the same labels, another key */
	deal_all(&s);
	deal_all(&t);
	open_pieces(&s, 0, &p);
	open_pieces(&t, 0, &q);
	set.plan = &s.plan;
	set.texts = p.bytes;
	p.bytes[1] = q.bytes[1];
	assert_err(redistribute_receive(&set, &s.got[0], &info),
	    ERR_MISMATCH);
	assert_non_null(strstr(info.message, "old-3"));
	assert_non_null(strstr(info.message, "epoch-sha256"));
}

/* A dealer that deals something else is found when the new shares are put
 * together, by the commitment to the key. */
static void
a_lying_dealer_is_found_at_the_end(void **state)
{
	CLEANUP(setup_release) struct setup s;
	uint8_t ek[EPOCH_KEY_LEN];

	(void)state;
	setup_init(&s, 2, 3, 2, 3);
	deal_all(&s);
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(pieces_release) struct opened_pieces p;
		struct redistribute_set set = {.plan = &s.plan, .seat = i,
		    .len = 2};

		/* The same error for every seat is the sharing of another
		 * value; errors of their own might cancel out. */
		open_pieces(&s, i, &p);
		other_value(&p.text[0]);
		set.texts = p.bytes;
		assert_ok(redistribute_receive(&set, &s.got[i], NULL));
		s.seats.line[i] = s.got[i].line;
	}
	memcpy(s.seats.charter_sha256, s.plan.new_charter_sha256, DIGEST_LEN);
	s.seats.threshold = 2;
	s.seats.len = 3;
	assert_err(combine_new(&s, &s.seats, 3, ek, NULL), ERR_SHARE);
}

static void
every_truncation_is_refused(void **state)
{
	CLEANUP(setup_release) struct setup s;
	CLEANUP(pieces_release) struct opened_pieces p;
	struct redistribute_set set = {.seat = 0, .len = 2};
	size_t whole;

	(void)state;
	setup_init(&s, 2, 2, 2, 2);
	deal_all(&s);
	open_pieces(&s, 0, &p);
	set.plan = &s.plan;
	set.texts = p.bytes;
	whole = p.bytes[1].len;
	for (size_t len = 0; len < whole; len++) {
		p.bytes[1].len = len;
		if (redistribute_receive(&set, &s.got[0], NULL) == ERR_OK)
			fail_msg("cut at %zu", len);
	}
	p.bytes[1].len = whole;
	assert_ok(redistribute_receive(&set, &s.got[0], NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_and_numbers_change),
		cmocka_unit_test(twice_in_a_row),
		cmocka_unit_test(plans_that_are_refused),
		cmocka_unit_test(a_changed_subshare_names_its_dealer),
		cmocka_unit_test(all_dealers_once),
		cmocka_unit_test(a_subshare_of_another_epoch),
		cmocka_unit_test(a_lying_dealer_is_found_at_the_end),
		cmocka_unit_test(every_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
