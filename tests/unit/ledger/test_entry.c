#include "tests/unit/unit.h"

#include "core/fs.h"
#include "core/secret.h"
#include "keys/merkle.h"
#include "ledger/entry.h"
#include "ledger/entry_shape.h"
#include "ledger/note_key.h"

#define HEX32 "000102030405060708090a0b0c0d0e0f"
#define HEX64 HEX32 "101112131415161718191a1b1c1d1e1f"

#define PRINT "SHA256:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

/* A value that fits each key. */
static const char *
good_value(const char *key)
{
	static char vkey[256];
	static const struct {
		const char *key, *value;
	} values[] = {
		{"origin", "ledger.example/azukari"},
		{"gateway-key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgME"
		    "BQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"},
		{"owner-name", "\xe7\xa5\x9e\xe5\xa5\x88\xe5\xb7\x9d\xe7\x9c\x8c"},
		{"version", "1"}, {"number", "1"}, {"first-byte", "0"}, {"generation", "7"},
		{"erase-generation", "0"}, {"records", "0"},
		{"root", HEX64}, {"consent-root", HEX64}, {"previous", "-"},
		{"survey", "corona 1"}, {"source", "line-14"},
		{"ladder", "age"},
		{"partner", "keio"}, {"seat", "a"}, {"epoch", HEX32},
		{"epoch-kind", "epoch"}, {"plan", "PLAN-2026-0001"},
		{"export", "EXP-2026-12345"},
		{"plan-recipient", "age1m52qm0yx2e045g2pnwqqlmk62ng7ck9hw6wm"
		    "0hmj93enk7dr9a4szetxzf"},
		{"batch", "0123456789abcdef"}, {"why", "expired"},
		{"threshold", "2"}, {"act", "export"}, {"expires",
		    "2026-12-22T08:00:00Z"}, {"denial-rule", "veto"},
		{"byte-release", "no"}, {"seats", "a=" PRINT " bc=" PRINT},
		{"what", "vault"}, {"until", "2029-03-31"},
	};
	size_t i;

	if (strcmp(key, "ledger-key") == 0) {
		const uint8_t raw[NOTE_KEY_PUBLIC_MAX] = {1, 2, 3};
		CLEANUP(buf_release) struct buf b = {0};
		struct note_key k;

		assert_ok(note_key_init("ledger.example/azukari",
		    NOTE_KEY_ED25519, raw, &k));
		assert_ok(note_key_write(&k, &b));
		(void)snprintf(vkey, sizeof(vkey), "%s", buf_text(&b));
		return vkey;
	}
	for (i = 0; i < ARRAY_LEN(values); i++)
		if (strcmp(values[i].key, key) == 0)
			return values[i].value;
	assert_non_null(strstr(key, "-sha256"));
	return HEX64;
}

/* An entry of ${kind}, with ${bad} behind the key ${at} (NULL: all good). */
static enum err
write_entry(enum entry_kind kind, const char *at, const char *bad,
    struct buf *out, struct err_info *info)
{
	const char *const *key = entry_info(kind)->schema.keys + 2;
	struct entry_writer w;

	entry_begin(&w, kind, 1795334400, "14", out);
	for (; strcmp(*key, "nonce") != 0; key++)
		entry_put(&w, entry_key(*key), at != NULL &&
		    strcmp(at, entry_key(*key)) == 0 ? bad :
		    good_value(entry_key(*key)));
	return entry_end(&w, info);
}

static void
every_kind_writes_and_reads_back(void **state)
{
	unsigned kind;

	(void)state;
	for (kind = 0; kind < ENTRY_KINDS; kind++) {
		CLEANUP(buf_release) struct buf b = {0};
		CLEANUP(text_cleanup) struct text *t = NULL;
		struct err_info info = {.line = 0};
		char first[64];
		enum entry_kind got;
		enum err e;

		e = write_entry((enum entry_kind)kind, NULL, NULL, &b, &info);
		if (e != ERR_OK)
			fail_msg("%s: %s", entry_info((enum entry_kind)kind)->
			    name, info.message);
		(void)snprintf(first, sizeof(first),
		    "azukari-entry-%s v1\ntime: 2026-11-22T",
		    entry_info((enum entry_kind)kind)->name);
		assert_memory_equal(b.data, first, strlen(first));
		assert_ok(entry_parse(bytes_buf(&b), &got, &t, NULL));
		assert_int_equal(got, kind);
		assert_string_equal(text_get(t, "owner"), "14");
		assert_int_equal(strlen(text_get(t, "nonce")), 32);
	}
}

static void
every_kind_has_a_class_a_name_and_known_keys(void **state)
{
	unsigned kind;

	(void)state;
	for (kind = 0; kind < ENTRY_KINDS; kind++) {
		const struct entry_info *i = entry_info((enum entry_kind)kind);
		const char *const *key;
		enum entry_kind found;
		size_t n = 0;

		assert_non_null(i->name);
		assert_true(i->class == ENTRY_GRANT || i->class == ENTRY_STOP);
		assert_ok(entry_find(bytes_str(i->name), &found));
		assert_int_equal(found, kind);
		for (key = i->schema.keys; *key != NULL; key++, n++)
			assert_true(entry_shape_is_known(entry_key(*key)));
		assert_true(n >= 4);
		assert_string_equal(i->schema.keys[0], "time");
		assert_string_equal(i->schema.keys[1], "owner");
		assert_string_equal(i->schema.keys[n - 1], "nonce");
	}
}

static void
nonces_are_fresh(void **state)
{
	CLEANUP(buf_release) struct buf a = {0}, b = {0};
	uint8_t leaf_a[32], leaf_b[32];

	(void)state;
	assert_ok(write_entry(ENTRY_BACKUP, NULL, NULL, &a, NULL));
	assert_ok(write_entry(ENTRY_BACKUP, NULL, NULL, &b, NULL));
	entry_leaf(bytes_buf(&a), leaf_a);
	entry_leaf(bytes_buf(&b), leaf_b);
	assert_memory_not_equal(leaf_a, leaf_b, 32);
	merkle_leaf(bytes_buf(&a), leaf_b);
	assert_memory_equal(leaf_a, leaf_b, 32);
}

static void
acts_of_the_gateway_have_no_owner(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	CLEANUP(text_cleanup) struct text *t = NULL;
	enum entry_kind kind;
	struct entry_writer w;

	(void)state;
	entry_begin(&w, ENTRY_BACKUP, 0, NULL, &b);
	entry_put(&w, "what", "gateway");
	assert_ok(entry_end(&w, NULL));
	assert_ok(entry_parse(bytes_buf(&b), &kind, &t, NULL));
	assert_string_equal(text_get(t, "owner"), "-");
}

/* Values that would let something else than its word into the ledger. */
static void
values_of_another_shape_are_refused(void **state)
{
	static const struct {
		enum entry_kind kind;
		const char *key, *value;
	} bad[] = {
		{ENTRY_GENESIS, "origin", "ledger example"},
		{ENTRY_GENESIS, "origin", "ledger+example"},
		{ENTRY_GENESIS, "origin", "\xe7\xa5\x9e"},
		{ENTRY_GENESIS, "gateway-key", "ssh-ed25519 AAAA"},
		{ENTRY_GENESIS, "gateway-key", "ssh-rsa AAAA"},
		{ENTRY_GENESIS, "ledger-key", "x+00000000+AAAA"},
		{ENTRY_CHARTER, "version", "01"},
		{ENTRY_CHARTER, "version", "one"},
		{ENTRY_CHARTER, "charter-sha256", "-"},
		{ENTRY_CHARTER, "charter-sha256", HEX32},
		{ENTRY_CHARTER, "previous", "none"},
		{ENTRY_SURVEY, "survey", "corona"},
		{ENTRY_SURVEY, "survey", "corona 0"},
		{ENTRY_SURVEY, "survey", "corona 1 2"},
		{ENTRY_SURVEY, "survey", "Corona 1"},
		{ENTRY_SOURCE, "source", "LINE"},
		{ENTRY_EPOCH_OPENED, "epoch-kind", "other"},
		{ENTRY_EPOCH_OPENED, "epoch", HEX64},
		{ENTRY_PLAN, "plan", "PLAN-2026-001"},
		{ENTRY_PLAN, "plan", "PLAN-2026-00001"},
		{ENTRY_PLAN, "plan", "EXP-2026-0001"},
		{ENTRY_PLAN, "plan", "PLAN-26-0001"},
		{ENTRY_PLAN, "export", "EXP-2026-0001x"},
		{ENTRY_PLAN, "plan-recipient", "age1x"},
		{ENTRY_PLAN, "plan-recipient", "age1m52qm0yx2e045g2pnwqqlmk62ng7ck9hw6wm"
		    "0hmj93enk7dr9a4szetxzq"},
		{ENTRY_PLAN_ENDED, "why", "because"},
		{ENTRY_PLAN_ENDED, "why", "Expired"},
		{ENTRY_EXPORT_FAILED, "why", "a sentence of some person"},
		{ENTRY_WITHDRAWAL, "batch", "0123456789ABCDEF"},
		{ENTRY_WITHDRAWAL, "batch", HEX32},
		{ENTRY_BACKUP, "what", "two words"},
		{ENTRY_BACKUP, "what", "9"},
		{ENTRY_CHARTER, "threshold", "0"},
		{ENTRY_CHARTER, "threshold", "17"},
		{ENTRY_CHARTER, "threshold", "3"},      /* of two seats */
		{ENTRY_CHARTER, "seats", "a"},
		{ENTRY_CHARTER, "seats", "a=" PRINT " a=" PRINT},
		{ENTRY_CHARTER, "seats", "a=" PRINT "A bc=" PRINT},
		{ENTRY_CHARTER, "seats", "a=MD5:00 bc=" PRINT},
		{ENTRY_CHARTER, "seats", "A=" PRINT " bc=" PRINT},
		{ENTRY_PLAN, "act", "leak"},
		{ENTRY_PLAN, "denial-rule", "no"},
		{ENTRY_PLAN, "byte-release", "yes"},
		{ENTRY_PLAN, "expires", "2026-12-22"},
		{ENTRY_PLAN, "threshold", "-"},
		{ENTRY_CONFIGURATION, "what", "-"},
		{ENTRY_CONFIGURATION, "configuration-sha256", "-"},
		{ENTRY_APPROVAL, "seat", "A"},
		{ENTRY_APPROVAL, "seat", "-"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		CLEANUP(buf_release) struct buf b = {0};
		struct err_info info = {.line = 0};

		assert_ok(buf_append_str(&b, "before"));
		if (write_entry(bad[i].kind, bad[i].key, bad[i].value, &b,
		    &info) != ERR_RANGE ||
		    strstr(info.message, bad[i].key) == NULL)
			if (strcmp(info.message, "no such end of a plan") != 0
			    && strstr(info.message, "fewer seats") == NULL)
				fail_msg("case %zu: %s", i, info.message);
		assert_string_equal(buf_text(&b), "before");
	}
}

static void
missing_and_misplaced_keys_are_refused(void **state)
{
	CLEANUP(buf_release) struct buf b = {0};
	struct entry_writer w;

	(void)state;
	entry_begin(&w, ENTRY_SOURCE, 0, "14", &b);
	entry_put(&w, "source", "line");
	assert_int_not_equal(entry_end(&w, NULL), ERR_OK);
	entry_begin(&w, ENTRY_SOURCE, 0, "14", &b);
	entry_put(&w, "namespace-sha256", HEX64);
	entry_put(&w, "source", "line");
	assert_int_not_equal(entry_end(&w, NULL), ERR_OK);
	entry_begin(&w, ENTRY_SOURCE, 0, "48", &b);
	entry_put(&w, "source", "line");
	entry_put(&w, "namespace-sha256", HEX64);
	assert_err(entry_end(&w, NULL), ERR_RANGE);
	assert_int_equal(b.len, 0);
}

/* Entries from before these keys were: none of them, or all. */
static void
what_came_later_is_there_as_a_whole(void **state)
{
	static const char *const terms[] = {"act", "request-sha256",
	    "policy-sha256", "charter-sha256", "threshold", "denial-rule",
	    "byte-release", "expires"};
	unsigned n, i;

	(void)state;
	for (n = 0; n <= ARRAY_LEN(terms); n++) {
		CLEANUP(buf_release) struct buf b = {0};
		struct entry_writer w;

		entry_begin(&w, ENTRY_PLAN, 0, "14", &b);
		entry_put(&w, "plan", good_value("plan"));
		entry_put(&w, "plan-sha256", HEX64);
		entry_put(&w, "export", good_value("export"));
		entry_put(&w, "plan-recipient", good_value("plan-recipient"));
		for (i = 0; i < n; i++)
			entry_put(&w, terms[i], good_value(terms[i]));
		assert_err(entry_end(&w, NULL), n == 0 ||
		    n == ARRAY_LEN(terms) ? ERR_OK : ERR_SYNTAX);
	}
}

static enum err
parse(const char *text)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	enum entry_kind kind;

	return entry_parse(bytes_str(text), &kind, &t, NULL);
}

#define BODY "time: 2026-11-22T08:00:00Z\nowner: -\nwhat: gateway\n" \
	"nonce: " HEX32 "\n"

static void
first_lines_say_what_it_is(void **state)
{
	CLEANUP(buf_release) struct buf big = {0};

	(void)state;
	assert_ok(parse("azukari-entry-backup v1\n" BODY));
	assert_err(parse("azukari-entry-backup v2\n" BODY), ERR_UNSUPPORTED);
	assert_err(parse("azukari-entry-backup v10\n" BODY), ERR_UNSUPPORTED);
	assert_err(parse("azukari-entry-backups v1\n" BODY), ERR_UNKNOWN);
	assert_err(parse("azukari-entry- v1\n" BODY), ERR_UNKNOWN);
	assert_err(parse("azukari-entry-backup\n" BODY), ERR_SYNTAX);
	assert_err(parse("azukari-entry-backup  v1\n" BODY),
	    ERR_UNSUPPORTED);
	assert_err(parse("azukari-plan v1\n" BODY), ERR_SYNTAX);
	assert_err(parse(""), ERR_SYNTAX);
	assert_err(parse("azukari-entry-backup v1"), ERR_SYNTAX);
	assert_ok(buf_append_str(&big, "azukari-entry-backup v1\n" BODY));
	while (big.len <= ENTRY_MAX)
		assert_ok(buf_append_str(&big, BODY));
	assert_err(parse(buf_text(&big)), ERR_LIMIT);
}

/* docs/FORMATS.md section 10, the table of kinds. */

struct row {
	char kinds[64], class[16], keys[512];
};

/* Cell ${n} of a line `| a | b | c |` without its spaces at both ends. */
static void
cell(const char *line, unsigned n, char *ret, size_t max)
{
	const char *end;

	for (; n > 0; n--)
		line = strchr(line, '|') + 1;
	line += 1 + strspn(line + 1, " ");
	end = strchr(line, '|');
	assert_non_null(end);
	while (end > line && end[-1] == ' ')
		end--;
	(void)snprintf(ret, max, "%.*s", (int)(end - line), line);
}

/* The next key of ${keys} (` · ` between, remarks in brackets left out). */
static int
next_key(const char **keys, char *ret, size_t max)
{
	size_t len, depth = 0;
	const char *p = *keys;

	while (*p == ' ' || memcmp(p, "\xc2\xb7", 2) == 0)
		p += *p == ' ' ? 1 : 2;
	len = strcspn(p, " ");
	if (*p == '\0')
		return 0;
	(void)snprintf(ret, max, "%.*s", (int)len, p);
	p += len;
	while (*p != '\0' && (depth > 0 || memcmp(p, "\xc2\xb7", 2) != 0)) {
		depth += *p == '(' ? 1 : 0;
		depth -= *p == ')' ? 1 : 0;
		p++;
	}
	*keys = p;
	return 1;
}

static void
compare_kind(const char *name, const struct row *row)
{
	const char *keys = row->keys;
	const struct entry_info *info;
	const char *const *want;
	enum entry_kind kind;
	char key[64];

	if (entry_find(bytes_str(name), &kind) != ERR_OK)
		fail_msg("documented but not known: %s", name);
	info = entry_info(kind);
	assert_string_equal(row->class, info->class == ENTRY_GRANT ?
	    "grant" : "stop");
	want = info->schema.keys + 2;
	while (next_key(&keys, key, sizeof(key)))
		assert_string_equal(key, *want++);
	assert_string_equal(*want, "nonce");
}

static unsigned
compare_row(const char *line)
{
	struct row row;
	char *name, *rest;
	unsigned n = 0;

	cell(line, 1, row.kinds, sizeof(row.kinds));
	cell(line, 2, row.class, sizeof(row.class));
	cell(line, 3, row.keys, sizeof(row.keys));
	for (rest = row.kinds; (name = strtok_r(rest, ", ", &rest)) != NULL;
	    n++)
		compare_kind(name, &row);
	return n;
}

static void
the_document_has_the_same_table(void **state)
{
	CLEANUP(buf_release) struct buf doc = {0};
	char path[FS_PATH_MAX], line[1024];
	const char *at;
	unsigned n = 0;

	(void)state;
	assert_ok(fs_path(path, "%s/docs/FORMATS.md",
	    getenv("AZUKARI_SOURCE") != NULL ? getenv("AZUKARI_SOURCE") :
	    "."));
	assert_ok(fs_read_file(path, 1 << 20, &doc));
	at = strstr(buf_text(&doc), "\n| kind | class | keys |\n");
	assert_non_null(at);
	at = strchr(at + 1, '\n') + 1;          /* the rule below the head */
	for (at = strchr(at, '\n') + 1; *at == '|';
	    at = strchr(at, '\n') + 1) {
		(void)snprintf(line, sizeof(line), "%.*s",
		    (int)strcspn(at, "\n"), at);
		n += compare_row(line);
	}
	assert_int_equal(n, ENTRY_KINDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_writes_and_reads_back),
		cmocka_unit_test(every_kind_has_a_class_a_name_and_known_keys),
		cmocka_unit_test(nonces_are_fresh),
		cmocka_unit_test(acts_of_the_gateway_have_no_owner),
		cmocka_unit_test(values_of_another_shape_are_refused),
		cmocka_unit_test(missing_and_misplaced_keys_are_refused),
		cmocka_unit_test(what_came_later_is_there_as_a_whole),
		cmocka_unit_test(first_lines_say_what_it_is),
		cmocka_unit_test(the_document_has_the_same_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
