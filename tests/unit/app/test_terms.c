/* What a plan's entry states is what its plan.txt says, or no officer's tool
 * goes on: each single difference is seen. */
#include "tests/unit/unit.h"

#include "app/terms.h"

#define AGE "age1m52qm0yx2e045g2pnwqqlmk62ng7ck9hw6wm0hmj93enk7dr9a4szetxzf"
#define SSH "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwN" \
	"Dg8QERITFBUWFxgZGhscHR4f"
#define HEX64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct plan good_plan(void)
{
	struct plan p = {.threshold = 2, .expires_unix_s = 1798000000};

	memset(p.request_sha256, 1, 32);
	memset(p.policy_sha256, 2, 32);
	memset(p.charter_sha256, 3, 32);
	return p;
}

static struct text *entry_of(const struct plan *p, int terms)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct text *t = NULL;
	struct entry_writer w;
	enum entry_kind kind;

	entry_begin(&w, ENTRY_PLAN, 1795334400, "14", &b);
	entry_put(&w, "plan", "PLAN-2026-0001");
	entry_put(&w, "plan-sha256", HEX64);
	entry_put(&w, "export", "EXP-2026-0001");
	entry_put(&w, "plan-recipient", AGE);
	if (terms)
		terms_put_plan(&w, p);
	assert_ok(entry_end(&w, NULL));
	assert_ok(entry_parse(bytes_buf(&b), &kind, &t, NULL));
	return t;
}

static void each_difference_is_seen(void **state)
{
	const struct plan good = good_plan();
	CLEANUP(text_cleanup) struct text *entry = entry_of(&good, 1);
	CLEANUP(text_cleanup) struct text *older = entry_of(&good, 0);
	struct plan p[9];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(p); i++)
		p[i] = good;
	p[0].request_sha256[31] ^= 1;
	p[1].policy_sha256[0] ^= 1;
	p[2].charter_sha256[0] ^= 1;
	p[3].threshold = 1;
	p[4].denial_is_vote = 1;
	p[5].byte_release = 1;
	p[6].expires_unix_s++;
	(void)strcpy(p[7].rederive.export_id, "EXP-2026-0001");
	(void)strcpy(p[8].reident.export_id, "EXP-2026-0001");
	assert_true(terms_match_plan(entry, &good));
	assert_true(terms_match_plan(older, &good));
	for (size_t i = 0; i < ARRAY_LEN(p); i++) {
		CLEANUP(text_cleanup) struct text *own = entry_of(&p[i], 1);

		assert_false(terms_match_plan(entry, &p[i]));
		assert_true(terms_match_plan(own, &p[i]));
	}
}

static void a_charter_states_its_seats(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct charter c = {.threshold = 1, .seats_len = 1,
	    .seats = {{.name = "a", .ssh = SSH}}};
	struct entry_writer w;
	enum entry_kind kind;

	(void)state;
	entry_begin(&w, ENTRY_CHARTER, 1795334400, "14", &b);
	entry_put(&w, "version", "1");
	entry_put(&w, "charter-sha256", HEX64);
	entry_put(&w, "previous", "-");
	assert_ok(terms_put_charter(&w, &c));
	assert_ok(entry_end(&w, NULL));
	assert_ok(entry_parse(bytes_buf(&b), &kind, &t, NULL));
	assert_string_equal(text_get(t, "threshold"), "1");
	/* `ssh-keygen -l` says the same of this key */
	assert_string_equal(text_get(t, "seats"),
	    "a=SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA");
	c.seats[0].ssh = "ssh-ed25519 AAAA";
	assert_int_not_equal(terms_put_charter(&w, &c), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_difference_is_seen),
		cmocka_unit_test(a_charter_states_its_seats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
