/* Every allocation and disk operation of the files with keys in them failing
 * in its turn: the exact cause, nothing leaked (the sanitizer build sees to
 * that), a file on disk absent or whole. */
#include "tests/unit/keys/keys_test.h"

#include "keys/erase_key.h"
#include "keys/gateway_key.h"
#include "keys/identity.h"
#include "keys/plan_key.h"
#include "keys/recovery.h"
#include "tests/unit/fault.h"

#define FAULT_MAX 1000
#define TEST_LOG_N 1

struct place {
	char dir[FS_PATH_MAX], path[FS_PATH_MAX];
	struct secret *pass;
	struct gateway_key *gw;
	struct erase_key erase;
};

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	keys_test_mkdir(p->dir);
	p->pass = keys_test_secret("p");
	assert_ok(gateway_key_new("h/p", 0, &p->gw));
	assert_ok(gateway_key_add_owner(p->gw, "14"));
	assert_ok(erase_key_new("14", 0, &p->erase));
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	keys_test_rmdir(p->dir);
	secret_free(p->pass);
	gateway_key_free(p->gw);
	erase_key_release(&p->erase);
	free(p);
	return 0;
}

/* Runs ${operation} with the 1st, 2nd, ... call of ${kind} failing until none
 * is left to fail; ${after} looks at what each failure left. */
static unsigned
fail_each(struct place *p, enum fault_kind kind, enum err want,
    enum err (*operation)(struct place *), void (*after)(struct place *))
{
	unsigned n;

	for (n = 1; n < FAULT_MAX; n++) {
		enum err e;
		int fired;

		fault_set(kind, n);
		e = operation(p);
		fired = fault_end();
		assert_err(e, fired ? want : ERR_OK);
		if (after != NULL)
			after(p);
		if (!fired)
			break;
	}
	assert_true(n < FAULT_MAX);
	return n - 1;
}

static enum err
do_age(struct place *p)
{
	CLEANUP(buf_release) struct buf sealed = {0};
	CLEANUP(buf_release) struct buf opened = {0};
	CLEANUP(secret_cleanup) struct secret *s = NULL;
	const struct secret *own = gateway_key_open_secret(p->gw);
	const struct age_keys keys = {.identities = &own, .identities_len = 1};
	const struct age_keys pass = {.passphrase = p->pass};

	RETURN_IF(age_seal_buf(gateway_key_recipient(p->gw), 1,
	    bytes_str("text"), &sealed));
	RETURN_IF(age_open_buf(&keys, bytes_buf(&sealed), &opened));
	RETURN_IF(age_open_secret(&keys, bytes_buf(&sealed), 10, &s));
	buf_clear(&sealed);
	RETURN_IF(age_seal_passphrase_buf(p->pass, TEST_LOG_N,
	    bytes_str("text"), &sealed));
	RETURN_IF(age_open_buf(&pass, bytes_buf(&sealed), &opened));
	return recovery_seal(p->gw, &p->erase, 0,
	    gateway_key_recipient(p->gw), 1, &sealed);
}

static enum err
do_identity(struct place *p)
{
	CLEANUP(identity_cleanup) struct identity *id = NULL;
	CLEANUP(identity_cleanup) struct identity *got = NULL;
	struct identity_public pub;
	char path[FS_PATH_MAX];

	RETURN_IF(identity_generate("a", 0, &id));
	RETURN_IF(identity_write(id, p->dir, p->pass, TEST_LOG_N));
	RETURN_IF(fs_path(path, "%s/a.key", p->dir));
	RETURN_IF(identity_read(path, p->pass, &got, NULL));
	RETURN_IF(fs_path(path, "%s/a.pub", p->dir));
	return identity_public_read(path, &pub, NULL);
}

/* Both files, each absent or whole; then out of the way. */
static void
after_identity(struct place *p)
{
	CLEANUP(identity_cleanup) struct identity *got = NULL;
	struct identity_public pub;
	char path[FS_PATH_MAX];

	assert_ok(fs_path(path, "%s/a.key", p->dir));
	if (fs_exists(path))
		assert_ok(identity_read(path, p->pass, &got, NULL));
	assert_ok(fs_remove(path));
	assert_ok(fs_path(path, "%s/a.pub", p->dir));
	if (fs_exists(path))
		assert_ok(identity_public_read(path, &pub, NULL));
	assert_ok(fs_remove(path));
}

static enum err
do_gateway(struct place *p)
{
	CLEANUP(gateway_key_cleanup) struct gateway_key *k = NULL;
	CLEANUP(gateway_key_cleanup) struct gateway_key *got = NULL;
	const struct gateway_key_seal seal = {.passphrase = p->pass,
	    .log_n = TEST_LOG_N};
	const struct age_keys keys = {.passphrase = p->pass};

	RETURN_IF(gateway_key_new("h/p", 0, &k));
	RETURN_IF(gateway_key_add_owner(k, "14"));
	RETURN_IF(gateway_key_write(k, p->path, &seal, 1));
	return gateway_key_read(p->path, &keys, &got, NULL);
}

/* Replacing it never loses it: the old one or the new one, with its owner. */
static void
after_gateway(struct place *p)
{
	CLEANUP(gateway_key_cleanup) struct gateway_key *got = NULL;
	const struct age_keys keys = {.passphrase = p->pass};

	assert_ok(gateway_key_read(p->path, &keys, &got, NULL));
	assert_int_equal(gateway_key_owners(got), 1);
}

static enum err
do_rotation(struct place *p)
{
	CLEANUP(erase_key_release) struct erase_key next = {0};
	CLEANUP(erase_key_release) struct erase_key got = {0};

	RETURN_IF(erase_key_next(&p->erase, 0, &next));
	RETURN_IF(erase_key_write(p->gw, p->dir, ERASE_KEY_NEXT, &next));
	RETURN_IF(erase_key_promote(p->dir, "14"));
	return erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "14", &got);
}

/* Whatever failed, the name of the key in force stands for a whole key. */
static void
after_rotation(struct place *p)
{
	CLEANUP(erase_key_release) struct erase_key got = {0};

	assert_ok(erase_key_read(p->gw, p->dir, ERASE_KEY_CURRENT, "14",
	    &got));
	assert_in_range(got.generation, 1, 2);
}

static enum err
do_plan(struct place *p)
{
	CLEANUP(secret_cleanup) struct secret *got = NULL;
	struct age_recipient r;

	RETURN_IF(plan_key_destroy(p->path));
	RETURN_IF(plan_key_create(p->gw, p->path, &r));
	return plan_key_read(p->gw, p->path, &got);
}

static void
test_memory(void **state)
{
	struct place *p = *state;

	assert_ok(fs_path(p->path, "%s/k", p->dir));
	assert_in_range(fail_each(p, FAULT_MEMORY, ERR_NOMEM, do_age, NULL),
	    20, 200);
	assert_in_range(fail_each(p, FAULT_MEMORY, ERR_NOMEM, do_identity,
	    after_identity), 20, 200);
	assert_in_range(fail_each(p, FAULT_MEMORY, ERR_NOMEM, do_gateway,
	    NULL), 20, 200);
	assert_in_range(fail_each(p, FAULT_MEMORY, ERR_NOMEM, do_plan, NULL),
	    10, 200);
	assert_in_range(fail_each(p, FAULT_MEMORY, ERR_NOMEM, do_rotation,
	    NULL), 10, 200);
}

static void
test_disk(void **state)
{
	struct place *p = *state;

	assert_ok(fs_path(p->path, "%s/k", p->dir));
	assert_ok(do_gateway(p));
	assert_ok(erase_key_write(p->gw, p->dir, ERASE_KEY_CURRENT,
	    &p->erase));
	assert_in_range(fail_each(p, FAULT_DISK, ERR_NO_SPACE, do_identity,
	    after_identity), 6, 40);
	assert_in_range(fail_each(p, FAULT_DISK, ERR_NO_SPACE, do_gateway,
	    after_gateway), 3, 20);
	assert_in_range(fail_each(p, FAULT_DISK, ERR_NO_SPACE, do_rotation,
	    after_rotation), 6, 40);
	assert_in_range(fail_each(p, FAULT_DISK, ERR_NO_SPACE, do_plan, NULL),
	    3, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
