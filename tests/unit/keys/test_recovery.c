#include "tests/unit/keys/keys_test.h"

#include "core/text.h"
#include "keys/recovery.h"

/* docs/FORMATS.md section 4.5, read as any signed text is. */
static const char *const keys_in_order[] = {"owner", "gateway-origin",
    "created", "vault-key", "erase-key", "erase-generation", "index-key",
    "event-key", "cipher", NULL};
static const struct text_schema schema = {"recovery", keys_in_order};

static void
assert_key(const struct text *t, const char *key, const struct secret *want)
{
	uint8_t got[32];

	assert_ok(text_get_hex(t, key, got, sizeof(got), NULL));
	assert_memory_equal(got, secret_bytes(want), sizeof(got));
}

static void
test_each_key_under_its_name(void **state)
{
	CLEANUP(gateway_key_cleanup) struct gateway_key *gw = NULL;
	CLEANUP(erase_key_release) struct erase_key erase = {0};
	CLEANUP(secret_cleanup) struct secret *seat = NULL;
	CLEANUP(secret_cleanup) struct secret *spare = NULL;
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct age_recipient to[2];
	struct age_keys keys = {.identities_len = 1};

	(void)state;
	assert_ok(gateway_key_new("h/p", 0, &gw));
	assert_ok(gateway_key_add_owner(gw, "13"));
	assert_ok(gateway_key_add_owner(gw, "14"));
	assert_ok(erase_key_new("14", 0, &erase));
	erase.generation = 7;
	assert_ok(age_secret_new(&seat));
	assert_ok(age_secret_new(&spare));
	assert_ok(age_secret_recipient(seat, &to[0]));
	assert_ok(age_secret_recipient(spare, &to[1]));
	assert_ok(recovery_seal(gw, &erase, 1795334400, to, 2, &sealed));
	keys.identities = (const struct secret *const *)&spare;
	assert_ok(age_open_buf(&keys, bytes_buf(&sealed), &text));
	buf_clear(&text);
	keys.identities = (const struct secret *const *)&seat;
	assert_ok(age_open_buf(&keys, bytes_buf(&sealed), &text));
	assert_ok(text_parse(bytes_buf(&text), &schema, &t, NULL));
	assert_string_equal(text_get(t, "owner"), "14");
	assert_string_equal(text_get(t, "gateway-origin"), "h/p");
	assert_string_equal(text_get(t, "created"), "2026-11-22T08:00:00Z");
	assert_string_equal(text_get(t, "erase-generation"), "7");
	assert_string_equal(text_get(t, "cipher"), "PRAGMA "
	    "cipher_compatibility = 3; PRAGMA cipher_page_size = 16384");
	assert_key(t, "vault-key", gateway_key_vault_key(gw, "14"));
	assert_key(t, "erase-key", erase.key);
	assert_key(t, "index-key", gateway_key_index_key(gw, "14"));
	assert_key(t, "event-key", gateway_key_event_key(gw, "14"));
}

static void
test_refusals(void **state)
{
	CLEANUP(gateway_key_cleanup) struct gateway_key *gw = NULL;
	CLEANUP(erase_key_release) struct erase_key erase = {0};
	CLEANUP(buf_release) struct buf sealed = {0};
	const struct age_recipient *to;

	(void)state;
	assert_ok(gateway_key_new("h/p", 0, &gw));
	to = gateway_key_recipient(gw);
	assert_ok(erase_key_new("14", 0, &erase));
	assert_err(recovery_seal(gw, &erase, 0, to, 1, &sealed),
	    ERR_NOT_FOUND);
	assert_ok(gateway_key_add_owner(gw, "14"));
	assert_err(recovery_seal(gw, &erase, 0, to, 0, &sealed), ERR_RANGE);
	assert_int_equal(sealed.len, 0);
	assert_ok(recovery_seal(gw, &erase, 0, to, 1, &sealed));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_key_under_its_name),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
