#include "tests/unit/vault/fixture.h"

#include "vault/register.h"
#include "vault/register_internal.h"

static struct register_store *
open_register(const char *name)
{
	struct register_store *r = NULL;

	assert_ok(register_open(fixture_path(name), DB_CREATE, fixture_key(1),
	    &r));
	return r;
}

static void
test_open(void **state)
{
	struct register_store *r = open_register("o");

	(void)state;
	register_close(r);
	assert_err(register_open(fixture_path("o"), DB_OPEN, fixture_key(2),
	    &r), ERR_DECRYPT);
	assert_ok(register_open(fixture_path("o"), DB_OPEN, fixture_key(1),
	    &r));
	register_close(r);
	register_close(NULL);
}

static enum err
append_owner(void *ctx, const struct register_owner *o)
{
	return buf_printf(ctx, "%s %s\n", o->code, o->name);
}

static void
test_owners(void **state)
{
	struct register_store *r = open_register("owners");
	const struct register_owner kanagawa = {"14", "神奈川県", 7};
	const struct register_owner saitama = {"11", "埼玉県", 8};
	struct register_owner got;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf out = {0};
	int64_t act;

	(void)state;
	assert_err(register_owner_add(r, &kanagawa, 1), ERR_STATE);
	assert_ok(db_tx_begin(register_db(r), &tx));
	act = fixture_act(register_db(r), ACTLOG_GRANT);
	assert_ok(register_owner_add(r, &kanagawa, act));
	assert_err(register_owner_add(r, &kanagawa, act), ERR_EXISTS);
	assert_err(register_owner_add(r, &saitama, 99), ERR_NOT_FOUND);
	assert_ok(register_owner_add(r, &saitama, act));
	assert_ok(db_tx_commit(&tx));
	assert_err(register_owner_get(r, "14", &got), ERR_NOT_FOUND);
	fixture_log(register_db(r), act);
	assert_ok(register_owner_get(r, "14", &got));
	assert_string_equal(got.name, "神奈川県");
	assert_int_equal(got.added_unix_s, 7);
	assert_ok(register_owner_each(r, append_owner, &out));
	assert_string_equal(buf_text(&out), "11 埼玉県\n14 神奈川県\n");
	register_close(r);
}

static struct register_document
document(enum register_kind kind, const char *name, uint64_t version,
    uint8_t digest)
{
	struct register_document d = {
		.kind = kind, .owner = "14", .version = version,
		.sha256 = {digest}, .added_unix_s = digest,
	};

	snprintf(d.name, sizeof(d.name), "%s", name);
	return d;
}

/* Added under a logged grant unless ${expected} says why not. */
static int64_t
add(struct register_store *r, struct register_document d, const char *text,
    enum err expected)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	int64_t id = 0;

	assert_ok(db_tx_begin(register_db(r), &tx));
	d.act = fixture_act(register_db(r), ACTLOG_GRANT);
	assert_err(register_document_add(r, &d, bytes_str(text), &id),
	    expected);
	assert_ok(actlog_mark_logged(register_db(r), d.act, 1));
	if (expected == ERR_OK)
		assert_ok(db_tx_commit(&tx));
	return id;
}

static enum err
append_document(void *ctx, const struct register_document *d)
{
	return buf_printf(ctx, "%s %d ", d->name, (int)d->version);
}

static void
test_documents(void **state)
{
	struct register_store *r = open_register("documents");
	CLEANUP(buf_release) struct buf out = {0};
	struct register_query q = {.kind = REGISTER_SURVEY, .owner = "14"};
	struct register_document got;
	int64_t id;
	uint8_t digest[32] = {2};

	(void)state;
	add(r, document(REGISTER_SURVEY, "corona", 1, 1), "one", ERR_OK);
	id = add(r, document(REGISTER_SURVEY, "corona", 2, 2), "two", ERR_OK);
	add(r, document(REGISTER_SURVEY, "tested", 1, 3), "three", ERR_OK);
	/* the same digest, and the same name and version, only once */
	add(r, document(REGISTER_SURVEY, "other", 9, 2), "two", ERR_EXISTS);
	add(r, document(REGISTER_SURVEY, "corona", 2, 9), "x", ERR_EXISTS);
	add(r, document(REGISTER_LADDER, "age", 0, 2), "two", ERR_OK);
	add(r, document(REGISTER_LADDER, "age", 0, 4), "new", ERR_OK);
	add(r, document(REGISTER_SURVEY, "x", 1, 7), "", ERR_LIMIT);
	add(r, document(REGISTER_KIND_END, "x", 1, 7), "x", ERR_RANGE);
	add(r, document((enum register_kind)0, "x", 1, 7), "x", ERR_RANGE);
	q.name = "corona";
	assert_ok(register_document_find(r, &q, &got));
	assert_int_equal(got.id, id);
	assert_int_equal(got.version, 2);
	assert_int_equal(got.sha256[0], 2);
	assert_ok(register_document_bytes(r, id, &out));
	assert_string_equal(buf_text(&out), "two");
	q.version = 1;
	assert_ok(register_document_find(r, &q, &got));
	assert_int_equal(got.sha256[0], 1);
	q.version = 3;
	assert_err(register_document_find(r, &q, &got), ERR_NOT_FOUND);
	q = (struct register_query){.kind = REGISTER_SURVEY,
	    .sha256 = digest};
	assert_ok(register_document_find(r, &q, &got));
	assert_int_equal(got.id, id);
	q.owner = "13";
	assert_err(register_document_find(r, &q, &got), ERR_NOT_FOUND);
	q = (struct register_query){.kind = REGISTER_SURVEY, .subject = "x"};
	assert_err(register_document_find(r, &q, &got), ERR_NOT_FOUND);
	q.subject = NULL;
	buf_clear(&out);
	assert_ok(register_document_each(r, &q, append_document, &out));
	assert_string_equal(buf_text(&out), "corona 1 corona 2 tested 1 ");
	assert_err(register_document_bytes(r, 99, &out), ERR_NOT_FOUND);
	register_close(r);
}

static enum err
append_signature(void *ctx, const char *signer, struct bytes armour)
{
	return buf_printf(ctx, "%s %.*s\n", signer, (int)armour.len,
	    armour.data);
}

static void
test_signatures(void **state)
{
	struct register_store *r = open_register("signatures");
	struct register_document d = document(REGISTER_POLICY, "", 1, 1);
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf out = {0};
	struct register_document got;
	const struct register_query q = {.kind = REGISTER_POLICY};
	int64_t id;

	(void)state;
	assert_ok(db_tx_begin(register_db(r), &tx));
	d.act = fixture_act(register_db(r), ACTLOG_GRANT);
	assert_ok(register_document_add(r, &d, bytes_str("policy"), &id));
	assert_ok(register_signature_add(r, id, "b", bytes_str("sig b"),
	    d.act));
	assert_ok(register_signature_add(r, id, "a", bytes_str("sig a"),
	    d.act));
	assert_err(register_signature_add(r, id, "a", bytes_str("sig a"),
	    d.act), ERR_EXISTS);
	assert_err(register_signature_add(r, id, "c", bytes_str(""), d.act),
	    ERR_LIMIT);
	assert_err(register_signature_add(r, 99, "c", bytes_str("x"), d.act),
	    ERR_NOT_FOUND);
	assert_ok(db_tx_commit(&tx));
	assert_ok(register_signature_each(r, id, append_signature, &out));
	assert_int_equal(out.len, 0);
	assert_err(register_document_find(r, &q, &got), ERR_NOT_FOUND);
	assert_err(register_document_bytes(r, id, &out), ERR_NOT_FOUND);
	fixture_log(register_db(r), d.act);
	assert_ok(register_document_find(r, &q, &got));
	assert_ok(register_signature_each(r, id, append_signature, &out));
	assert_string_equal(buf_text(&out), "a sig a\nb sig b\n");
	register_close(r);
}

static void
test_void(void **state)
{
	struct register_store *r = open_register("void");
	struct register_document d = document(REGISTER_POLICY, "", 1, 1);
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	int64_t id;

	(void)state;
	assert_ok(db_tx_begin(register_db(r), &tx));
	d.act = fixture_act(register_db(r), ACTLOG_GRANT);
	assert_ok(register_document_add(r, &d, bytes_str("policy"), &id));
	assert_ok(register_signature_add(r, id, "a", bytes_str("sig"), d.act));
	assert_ok(db_tx_commit(&tx));
	assert_ok(db_tx_begin(register_db(r), &tx));
	assert_ok(actlog_mark_void(register_db(r), d.act));
	assert_ok(db_tx_commit(&tx));
	/* its place is free again */
	add(r, document(REGISTER_POLICY, "", 1, 1), "policy", ERR_OK);
	register_close(r);
}

/* A stop act's document stands before it is in the ledger. */
static void
test_stop_is_visible_at_once(void **state)
{
	struct register_store *r = open_register("stop");
	struct register_document d = document(REGISTER_DENIAL, "a", 0, 1), got;
	const struct register_query q = {.kind = REGISTER_DENIAL};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	int64_t id;

	(void)state;
	assert_ok(db_tx_begin(register_db(r), &tx));
	d.act = fixture_act(register_db(r), ACTLOG_STOP);
	assert_ok(register_document_add(r, &d, bytes_str("no"), &id));
	assert_ok(db_tx_commit(&tx));
	assert_ok(register_document_find(r, &q, &got));
	assert_int_equal(got.id, id);
	register_close(r);
}

static void
test_drafts(void **state)
{
	struct register_store *r = open_register("drafts");
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	assert_err(register_draft_put(r, "14", "charter", bytes_str("a")),
	    ERR_STATE);
	assert_ok(db_tx_begin(register_db(r), &tx));
	assert_ok(register_draft_put(r, "14", "charter", bytes_str("a")));
	assert_ok(register_draft_put(r, "14", "charter", bytes_str("b")));
	assert_ok(register_draft_put(r, "14", "another", bytes_str("c")));
	assert_ok(register_draft_put(r, "13", "charter", bytes_str("d")));
	assert_ok(register_draft_get(r, "14", "charter", &out));
	assert_string_equal(buf_text(&out), "b");
	buf_clear(&out);
	assert_ok(register_draft_each(r, "14", append_signature, &out));
	assert_string_equal(buf_text(&out), "another c\ncharter b\n");
	assert_ok(register_draft_remove(r, "14", "charter"));
	assert_ok(register_draft_remove(r, "14", "charter"));
	assert_err(register_draft_get(r, "14", "charter", &out),
	    ERR_NOT_FOUND);
	assert_ok(db_tx_commit(&tx));
	register_close(r);
}

static enum err
append_source(void *ctx, const struct register_source *s)
{
	return buf_printf(ctx, "%s/%s %s\n", s->owner, s->source,
	    s->id_namespace);
}

static void
test_sources(void **state)
{
	struct register_store *r = open_register("sources");
	struct register_source s = {"14", "line", "line-14", 0}, got;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf out = {0};

	(void)state;
	assert_ok(db_tx_begin(register_db(r), &tx));
	s.act = fixture_act(register_db(r), ACTLOG_GRANT);
	assert_ok(register_source_add(r, &s));
	assert_err(register_source_add(r, &s), ERR_EXISTS);
	assert_ok(db_tx_commit(&tx));
	assert_err(register_source_get(r, "14", "line", &got), ERR_NOT_FOUND);
	fixture_log(register_db(r), s.act);
	assert_ok(register_source_get(r, "14", "line", &got));
	assert_string_equal(got.id_namespace, "line-14");
	assert_err(register_source_get(r, "13", "line", &got), ERR_NOT_FOUND);
	assert_ok(register_source_each(r, "14", append_source, &out));
	assert_string_equal(buf_text(&out), "14/line line-14\n");
	register_close(r);
}

static void
test_signed(void **state)
{
	struct register_store *r = open_register("signed");
	struct register_signed s = {.size = 5, .root = {1}}, got = {9, {9}};
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	CLEANUP(buf_release) struct buf cp = {0};

	(void)state;
	assert_ok(buf_append_str(&cp, "old"));
	assert_ok(register_signed_get(r, &got, &cp));
	assert_int_equal(got.size, 0);
	assert_int_equal(cp.len, 0);
	assert_err(register_signed_put(r, &s, bytes_str("c5")), ERR_STATE);
	assert_ok(db_tx_begin(register_db(r), &tx));
	assert_ok(register_signed_put(r, &s, bytes_str("c5")));
	assert_ok(register_signed_put(r, &s, bytes_str("c5 cosigned")));
	s.root[0] = 2;
	assert_err(register_signed_put(r, &s, bytes_str("fork")),
	    ERR_ROLLBACK);
	s.size = 4;
	assert_err(register_signed_put(r, &s, bytes_str("c4")), ERR_ROLLBACK);
	s.size = UINT64_MAX;
	assert_err(register_signed_put(r, &s, bytes_str("x")), ERR_RANGE);
	s.size = 6;
	assert_ok(register_signed_put(r, &s, bytes_str("c6")));
	assert_ok(db_tx_commit(&tx));
	assert_ok(register_signed_get(r, &got, &cp));
	assert_int_equal(got.size, 6);
	assert_int_equal(got.root[0], 2);
	assert_string_equal(buf_text(&cp), "c6");
	register_close(r);
}

static void
put_seen(struct register_store *r, struct db *other)
{
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};

	assert_ok(db_tx_begin(register_db(r), &tx));
	assert_ok(register_seen_put(r, "14", other));
	assert_ok(db_tx_commit(&tx));
}

static void
test_seen(void **state)
{
	struct register_store *r = open_register("seen");
	struct db *store = fixture_db(DB_STORE, "seen-store");
	struct db *another = fixture_db(DB_STORE, "another-store");
	struct db *erase = fixture_db(DB_ERASE, "seen-erase"), *old = NULL;
	CLEANUP(db_tx_rollback) struct db_tx tx = {0};
	struct db_open_args args = {
		.kind = DB_STORE, .mode = DB_OPEN, .key = fixture_key(1),
	};

	(void)state;
	assert_err(register_seen_check(r, "14", store), ERR_NOT_FOUND);
	put_seen(r, store);
	assert_ok(register_seen_check(r, "14", store));
	assert_err(register_seen_check(r, "14", erase), ERR_NOT_FOUND);
	assert_err(register_seen_check(r, "13", store), ERR_NOT_FOUND);
	assert_err(register_seen_check(r, "14", another), ERR_MISMATCH);
	assert_ok(db_copy_to(store, fixture_path("old-store")));
	assert_ok(db_tx_begin(store, &tx));
	assert_ok(db_set_generation(store, 4));
	assert_ok(db_tx_commit(&tx));
	assert_ok(register_seen_check(r, "14", store));
	put_seen(r, store);
	args.path = fixture_path("old-store");
	assert_ok(db_open(&args, &old));
	assert_err(register_seen_check(r, "14", old), ERR_ROLLBACK);
	db_close(old);
	db_close(erase);
	db_close(another);
	db_close(store);
	register_close(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_void),
		cmocka_unit_test(test_stop_is_visible_at_once),
		cmocka_unit_test(test_drafts),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_seen),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
