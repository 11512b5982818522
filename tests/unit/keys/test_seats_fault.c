/* Every allocation of these operations fails once: the cause is ERR_NOMEM, what
 * the caller handed in is as it was, and nothing leaks. */
#include "tests/unit/keys/epoch_test.h"

#include "keys/arrangement.h"
#include "keys/handover.h"
#include "keys/redistribute.h"
#include "keys/signers.h"
#include "keys/sshsig.h"
#include "tests/unit/fault.h"

#define ENOUGH 5000

/* The stage: two seats and an epoch of theirs, and a successor. */
struct stage {
	struct world w, next;
	struct opened o;
	struct buf out;
};

static void
stage_release(struct stage *s)
{
	buf_release(&s->out);
	opened_release(&s->o);
	world_release(&s->w);
	world_release(&s->next);
}

static void
stage_init(struct stage *s)
{
	struct epoch_facts facts = world_facts();

	memset(s, 0, sizeof(*s));
	world_init(&s->w, "seat", 2, 2, 1);
	world_init(&s->next, "next", 2, 2, 1);
	opened_init(&s->o, &s->w, &facts);
}

/* Runs ${act} until no allocation is left to fail; how many failed. */
static unsigned
each_failure(enum err (*act)(struct stage *), struct stage *s)
{
	for (unsigned n = 1; n < ENOUGH; n++) {
		enum err e;
		int failed;

		buf_release(&s->out);
		fault_set(FAULT_MEMORY, n);
		e = act(s);
		failed = fault_end();
		if (!failed) {
			assert_ok(e);
			assert_true(s->out.len > 0);
			return n - 1;
		}
		assert_err(e, ERR_NOMEM);
		assert_int_equal(s->out.len, 0);
	}
	fail_msg("never through");
	return 0;
}

static void
run(enum err (*act)(struct stage *))
{
	CLEANUP(stage_release) struct stage s;

	stage_init(&s);
	assert_true(each_failure(act, &s) > 0);
}

static enum err
deal(struct stage *s)
{
	struct epoch_facts facts = world_facts();
	struct epoch_dealt d = {.len = 0};
	enum err e = epoch_deal(s->o.ek, &facts, &s->w.roster, &d, NULL);

	if (e != ERR_OK)
		assert_null(d.text.data);
	else
		e = buf_append(&s->out, d.text.data, d.text.len);
	epoch_dealt_release(&d);
	return e;
}

static enum err
combine(struct stage *s)
{
	CLEANUP(secret_cleanup) struct secret *ek = NULL;
	const struct bytes texts[] = {
		bytes_buf(&s->o.text[0]), bytes_buf(&s->o.text[1]),
	};
	const struct share_set set = {
		.epoch = &s->o.dealt.epoch, .texts = texts, .len = 2,
	};
	enum err e = share_combine(&set, &ek, NULL);

	if (e != ERR_OK) {
		assert_null(ek);
		return e;
	}
	return buf_append_str(&s->out, "combined");
}

static enum err
hand_over(struct stage *s)
{
	CLEANUP(handover_release) struct handover h = {.to_len = 0};
	CLEANUP(buf_release) struct buf file = {0};
	const struct secret *const ids[] = {s->w.secret[0]};
	const struct age_keys keys = {
		.identities = ids, .identities_len = 1,
	};
	const struct handover_item item = {
		.epoch = &s->o.dealt.epoch,
		.file = bytes_buf(&s->o.dealt.file[0]),
	};
	struct handover_facts facts = {.owner = "14", .seat = "seat-1"};
	enum err e;

	memcpy(facts.successor, s->next.age[0], sizeof(facts.successor));
	RETURN_IF(handover_begin(&h, &facts, NULL));
	e = handover_add(&h, &keys, &item, &file, NULL);
	assert_true((e == ERR_OK) == (file.len > 0));
	assert_true((e == ERR_OK) == (h.list.len == 1));
	RETURN_IF(e);
	return handover_finish(&h, &s->out, NULL);
}

static enum err
redistribute(struct stage *s)
{
	struct redistribute_files f = {.len = 0};
	struct redistribute_plan plan = {
		.epoch = &s->o.dealt.epoch, .to = &s->next.roster,
		.dealers = {1, 2}, .dealers_len = 2,
	};
	enum err e = redistribute_deal(&plan, bytes_buf(&s->o.text[0]), &f,
	    NULL);

	if (e != ERR_OK)
		assert_int_equal(f.len, 0);
	else
		e = buf_append(&s->out, f.file[0].data, f.file[0].len);
	redistribute_files_release(&f);
	return e;
}

static enum err
arrange(struct stage *s)
{
	return arrangement_write(&s->o.dealt.epoch, 1,
	    &s->o.dealt.epoch.dealt, &s->out, NULL);
}

static enum err
sign(struct stage *s)
{
	CLEANUP(buf_release) struct buf armour = {0};
	uint8_t key[SSHSIG_PUBLIC_LEN];

	RETURN_IF(sshsig_public_of(s->w.secret[0], key));
	RETURN_IF(sshsig_sign(s->w.secret[0], SSHSIG_APPROVAL,
	    bytes_str("text"), &armour));
	RETURN_IF(sshsig_check(bytes_buf(&armour), SSHSIG_APPROVAL, key,
	    bytes_str("text")));
	return buf_append(&s->out, armour.data, armour.len);
}

static enum err
keep_register(struct stage *s)
{
	CLEANUP(signers_release) struct signers a = {0}, b = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct signers_entry e = {
		.principal = "gateway",
		.namespaces = SIGNERS_NS(SSHSIG_EXPORT),
	};

	RETURN_IF(sshsig_public_of(s->w.secret[0], e.public_key));
	RETURN_IF(signers_add(&a, &e));
	RETURN_IF(signers_write(&a, &text));
	RETURN_IF(signers_parse(bytes_buf(&text), &b, NULL));
	assert_int_equal(b.len, 1);
	return buf_append(&s->out, text.data, text.len);
}

#define FAULT_TEST(name, act)                   \
	static void                             \
	name(void **state)                      \
	{                                       \
		(void)state;                    \
		run(act);                       \
	}

FAULT_TEST(dealing, deal)
FAULT_TEST(combining, combine)
FAULT_TEST(handing_over, hand_over)
FAULT_TEST(redistributing, redistribute)
FAULT_TEST(arranging, arrange)
FAULT_TEST(signing, sign)
FAULT_TEST(registers, keep_register)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dealing),
		cmocka_unit_test(combining),
		cmocka_unit_test(handing_over),
		cmocka_unit_test(redistributing),
		cmocka_unit_test(arranging),
		cmocka_unit_test(signing),
		cmocka_unit_test(registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
