#include "tests/unit/keys/seats_test.h"

#include "core/clock.h"
#include "keys/signers.h"

#define MESSAGE "azukari-approval v1\nseat: a\n"
#define NOW 1795334400          /* 2026-11-22T08:00:00Z */

/* The public key of the seed of 32 bytes ${byte}. */
static void
key_of(uint8_t byte, uint8_t ret[SSHSIG_PUBLIC_LEN])
{
	CLEANUP(secret_cleanup) struct secret *seed = seats_secret(byte, 32);

	assert_ok(sshsig_public_of(seed, ret));
}

static struct signers_entry
entry(const char *principal, uint8_t byte)
{
	struct signers_entry e = {
		.namespaces = SIGNERS_NS(SSHSIG_APPROVAL) |
		    SIGNERS_NS(SSHSIG_RELEASE),
	};

	(void)snprintf(e.principal, sizeof(e.principal), "%s", principal);
	key_of(byte, e.public_key);
	return e;
}

static void
sign(uint8_t byte, enum sshsig_ns ns, struct buf *out)
{
	CLEANUP(secret_cleanup) struct secret *seed = seats_secret(byte, 32);

	buf_clear(out);
	assert_ok(sshsig_sign(seed, ns, bytes_str(MESSAGE), out));
}

/* Three principals; the first has an old and a new key. */
static void
make(struct signers *s)
{
	struct signers_entry e = entry("owner-14/a", 1);

	e.valid_before_unix_s = NOW;
	assert_ok(signers_add(s, &e));
	e = entry("owner-14/a", 2);
	e.valid_after_unix_s = NOW;
	assert_ok(signers_add(s, &e));
	e = entry("partner-keio", 3);
	e.namespaces = SIGNERS_NS(SSHSIG_REQUEST);
	assert_ok(signers_add(s, &e));
	e = entry("gateway", 4);
	e.namespaces = SIGNERS_NS(SSHSIG_NS_COUNT) - 1;
	assert_ok(signers_add(s, &e));
}

static enum err
verify_at(const struct signers *s, const char *who, enum sshsig_ns ns,
    int64_t at, const struct buf *sig)
{
	const struct signers_claim claim = {
		.principal = who, .ns = ns, .at_unix_s = at,
	};

	return signers_verify(s, &claim, bytes_buf(sig), bytes_str(MESSAGE));
}

static void
written_and_read_back(void **state)
{
	CLEANUP(signers_release) struct signers a = {0}, b = {0};
	CLEANUP(buf_release) struct buf one = {0}, two = {0};

	(void)state;
	make(&a);
	assert_ok(signers_write(&a, &one));
	assert_ok(signers_parse(bytes_buf(&one), &b, NULL));
	assert_int_equal(b.len, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(a.entries[i].principal,
		    b.entries[i].principal);
		assert_int_equal(a.entries[i].namespaces,
		    b.entries[i].namespaces);
		assert_int_equal(a.entries[i].valid_after_unix_s,
		    b.entries[i].valid_after_unix_s);
		assert_int_equal(a.entries[i].valid_before_unix_s,
		    b.entries[i].valid_before_unix_s);
		assert_memory_equal(a.entries[i].public_key,
		    b.entries[i].public_key, SSHSIG_PUBLIC_LEN);
	}
	assert_ok(signers_write(&b, &two));
	assert_true(bytes_equal(bytes_buf(&one), bytes_buf(&two)));
}

static void
who_may_sign_what_and_when(void **state)
{
	CLEANUP(signers_release) struct signers s = {0};
	CLEANUP(buf_release) struct buf sig = {0};

	(void)state;
	make(&s);
	sign(1, SSHSIG_APPROVAL, &sig);
	assert_ok(verify_at(&s, "owner-14/a", SSHSIG_APPROVAL, NOW, &sig));
	assert_ok(verify_at(&s, "owner-14/a", SSHSIG_APPROVAL, 1, &sig));
	assert_err(verify_at(&s, "owner-14/a", SSHSIG_APPROVAL, NOW + 1, &sig),
	    ERR_EXPIRED);
	assert_err(verify_at(&s, "owner-14/b", SSHSIG_APPROVAL, NOW, &sig),
	    ERR_UNTRUSTED);
	assert_err(verify_at(&s, "owner-14/a", SSHSIG_RELEASE, NOW, &sig),
	    ERR_MISMATCH);
	sign(2, SSHSIG_APPROVAL, &sig);
	assert_ok(verify_at(&s, "owner-14/a", SSHSIG_APPROVAL, NOW, &sig));
	assert_err(verify_at(&s, "owner-14/a", SSHSIG_APPROVAL, NOW - 1, &sig),
	    ERR_EXPIRED);
	sign(3, SSHSIG_APPROVAL, &sig);         /* not in its namespaces */
	assert_err(verify_at(&s, "partner-keio", SSHSIG_APPROVAL, NOW, &sig),
	    ERR_UNTRUSTED);
	sign(9, SSHSIG_APPROVAL, &sig);         /* nobody's key */
	assert_err(verify_at(&s, "owner-14/a", SSHSIG_APPROVAL, NOW, &sig),
	    ERR_UNTRUSTED);
	for (int ns = 0; ns < SSHSIG_NS_COUNT; ns++) {
		sign(4, (enum sshsig_ns)ns, &sig);
		assert_ok(verify_at(&s, "gateway", (enum sshsig_ns)ns, NOW,
		    &sig));
	}
}

static void
a_signature_over_something_else(void **state)
{
	const struct signers_claim claim = {
		.principal = "gateway", .ns = SSHSIG_EXPORT, .at_unix_s = NOW,
	};
	CLEANUP(signers_release) struct signers s = {0};
	CLEANUP(buf_release) struct buf sig = {0};

	(void)state;
	make(&s);
	sign(4, SSHSIG_EXPORT, &sig);
	assert_ok(signers_verify(&s, &claim, bytes_buf(&sig),
	    bytes_str(MESSAGE)));
	assert_err(signers_verify(&s, &claim, bytes_buf(&sig),
	    bytes_str("else")), ERR_SIGNATURE);
}

static void
an_expired_forgery_is_a_forgery(void **state)
{
	const struct signers_claim claim = {
		.principal = "owner-14/a", .ns = SSHSIG_APPROVAL,
		.at_unix_s = NOW + 5,
	};
	CLEANUP(signers_release) struct signers s = {0};
	CLEANUP(buf_release) struct buf sig = {0};

	(void)state;
	make(&s);
	sign(1, SSHSIG_APPROVAL, &sig);
	assert_err(signers_verify(&s, &claim, bytes_buf(&sig),
	    bytes_str("else")), ERR_SIGNATURE);
}

/* ---- reading ---- */

static enum err
parse(const char *text, unsigned long *line)
{
	CLEANUP(signers_release) struct signers s = {0};
	struct err_info info = {0};
	enum err e = signers_parse(bytes_str(text), &s, &info);

	*line = info.line;
	if (e != ERR_OK) {
		assert_true(info.message[0] != '\0');
		assert_int_equal(s.len, 0);
	}
	return e;
}

#define NS "namespaces=\"approval@azukari\""
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmV" \
	"R3auvr57kkIe6mkURtIs"

static void
lines_that_are_refused(void **state)
{
	static const struct {
		const char *line;
		enum err want;
	} cases[] = {
		{"owner-14/a " NS " " KEY "\n", ERR_OK},
		{"owner-14/a " NS ",valid-after=\"20260401Z\" " KEY "\n",
		    ERR_OK},
		{"owner-14/a valid-before=\"20270331235959Z\"," NS " " KEY "\n",
		    ERR_OK},
		{"owner-14/a " NS " " KEY, ERR_SYNTAX},
		{"owner-14/a " NS " " KEY "\r\n", ERR_SYNTAX},
		{"owner-14/a " NS " " KEY " comment\n", ERR_SYNTAX},
		{"owner-14/a " NS "  " KEY "\n", ERR_UNSUPPORTED},
		{" owner-14/a " NS " " KEY "\n", ERR_SYNTAX},
		{"owner-14/a " KEY "\n", ERR_SYNTAX},
		{"owner-14/a cert-authority," NS " " KEY "\n", ERR_UNKNOWN},
		{"owner-14/a " NS ",cert-authority " KEY "\n", ERR_SYNTAX},
		{"owner-14/a touch=\"1\"," NS " " KEY "\n", ERR_UNKNOWN},
		{"owner-14/a valid-after=\"20260401Z\" " KEY "\n", ERR_SYNTAX},
		{"owner-14/a " NS "," NS " " KEY "\n", ERR_DUPLICATE},
		{"owner-14/a namespaces=\"\" " KEY "\n", ERR_UNKNOWN},
		{"owner-14/a namespaces=\"*\" " KEY "\n", ERR_UNKNOWN},
		{"owner-14/a namespaces=\"file\" " KEY "\n", ERR_UNKNOWN},
		{"owner-14/a namespaces=\"*@azukari\" " KEY "\n", ERR_UNKNOWN},
		{"owner-14/a namespaces=\"plan@azukari,\" " KEY "\n",
		    ERR_UNKNOWN},
		{"owner-14/a namespaces=\"plan@azukari,plan@azukari\" " KEY
		    "\n", ERR_DUPLICATE},
		{"* " NS " " KEY "\n", ERR_SYNTAX},
		{"owner-* " NS " " KEY "\n", ERR_SYNTAX},
		{"owner-14/? " NS " " KEY "\n", ERR_SYNTAX},
		{"!owner-14/a " NS " " KEY "\n", ERR_SYNTAX},
		{"owner-14/a,gateway " NS " " KEY "\n", ERR_SYNTAX},
		{"owner-48/a " NS " " KEY "\n", ERR_SYNTAX},
		{"owner-14 " NS " " KEY "\n", ERR_SYNTAX},
		{"owner-14/ " NS " " KEY "\n", ERR_SYNTAX},
		{"owner-14/A " NS " " KEY "\n", ERR_SYNTAX},
		{"partner- " NS " " KEY "\n", ERR_SYNTAX},
		{"gateway2 " NS " " KEY "\n", ERR_SYNTAX},
		{"\"gateway\" " NS " " KEY "\n", ERR_SYNTAX},
		{"gateway " NS ",valid-after=\"20260401\" " KEY "\n",
		    ERR_SYNTAX},
		{"gateway " NS ",valid-after=\"202604010800Z\" " KEY "\n",
		    ERR_SYNTAX},
		{"gateway " NS ",valid-after=\"20260431Z\" " KEY "\n",
		    ERR_RANGE},
		{"gateway " NS ",valid-after=\"19700101Z\" " KEY "\n",
		    ERR_RANGE},
		{"gateway " NS ",valid-after=\"20270401Z\",valid-before=\""
		    "20260401Z\" " KEY "\n", ERR_RANGE},
		{"gateway " NS ",valid-after=\"20260401Z\",valid-after=\""
		    "20260401Z\" " KEY "\n", ERR_DUPLICATE},
		{"gateway " NS " ssh-rsa AAAA\n", ERR_UNSUPPORTED},
		{"gateway " NS " " KEY "=\n", ERR_SYNTAX},
		{"gateway\n", ERR_SYNTAX},
		{"gateway " NS "\n", ERR_SYNTAX},
		{"gateway namespaces=\"plan@azukari " KEY "\n", ERR_SYNTAX},
		{"gateway namespaces=plan@azukari " KEY "\n", ERR_SYNTAX},
		{"gateway " NS " " KEY "\nowner-14/a " NS " " KEY "\n",
		    ERR_DUPLICATE},
	};
	uint8_t seven[SSHSIG_PUBLIC_LEN];
	char text[SSHSIG_PUBLIC_TEXT_LEN + 1];
	unsigned long line;

	(void)state;
	key_of(7, seven);
	sshsig_public_format(seven, text);
	assert_string_equal(KEY, text);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (parse(cases[i].line, &line) != cases[i].want)
			fail_msg("%s -> %s", cases[i].line,
			    err_name(parse(cases[i].line, &line)));
}

static void
the_line_is_named(void **state)
{
	unsigned long line;

	(void)state;
	assert_ok(parse("", &line));
	assert_ok(parse("# nobody yet\n\n", &line));
	assert_err(parse("# a\n\ngateway " NS " " KEY "\nnonsense\n", &line),
	    ERR_SYNTAX);
	assert_int_equal(line, 4);
	assert_err(parse("gateway " NS " " KEY "\ngateway " NS " " KEY "\n",
	    &line), ERR_DUPLICATE);
	assert_int_equal(line, 2);
	assert_err(parse("gateway " NS " " KEY, &line), ERR_SYNTAX);
	assert_int_equal(line, 1);
}

static void
every_truncation_is_refused(void **state)
{
	CLEANUP(signers_release) struct signers s = {0}, got = {0};
	CLEANUP(buf_release) struct buf text = {0};
	struct bytes rest, line;

	(void)state;
	make(&s);
	assert_ok(signers_write(&s, &text));
	rest = bytes_buf(&text);
	while (bytes_take_line(&rest, &line) == ERR_OK)
		for (size_t len = 1; len < line.len; len++)
			assert_err(signers_parse(bytes_of(line.data, len),
			    &got, NULL), ERR_SYNTAX);
}

static void
entries_that_are_not_taken(void **state)
{
	CLEANUP(signers_release) struct signers s = {0};
	struct signers_entry e = entry("owner-14/a", 1);

	(void)state;
	assert_ok(signers_add(&s, &e));
	assert_err(signers_add(&s, &e), ERR_DUPLICATE);
	e = entry("somebody", 2);
	assert_err(signers_add(&s, &e), ERR_SYNTAX);
	e = entry("gateway", 2);
	e.namespaces = 0;
	assert_err(signers_add(&s, &e), ERR_RANGE);
	e.namespaces = SIGNERS_NS(SSHSIG_NS_COUNT);
	assert_err(signers_add(&s, &e), ERR_RANGE);
	e = entry("gateway", 2);
	e.valid_after_unix_s = -1;
	assert_err(signers_add(&s, &e), ERR_RANGE);
	e.valid_after_unix_s = 10;
	e.valid_before_unix_s = 9;
	assert_err(signers_add(&s, &e), ERR_RANGE);
	e = entry("gateway", 2);
	memset(e.principal, 'a', sizeof(e.principal));
	assert_err(signers_add(&s, &e), ERR_SYNTAX);
	assert_int_equal(s.len, 1);
	assert_null(signers_find(&s, e.public_key));
	assert_ptr_equal(signers_find(&s, s.entries[0].public_key),
	    &s.entries[0]);
}

/* ---- ssh-keygen with our register ---- */

static int
ssh_keygen_verifies(const char *dir, const char *who, const char *ns,
    const char *at)
{
	return seats_run("cd %s && TZ=Asia/Tokyo ssh-keygen -Y verify "
	    "-f allowed -I %s -n %s -s sig -O verify-time=%s <message "
	    ">out 2>&1", dir, who, ns, at);
}

static void
ssh_keygen_uses_the_register_as_it_is(void **state)
{
	CLEANUP(signers_release) struct signers s = {0};
	CLEANUP(buf_release) struct buf text = {0}, sig = {0};
	char dir[FS_PATH_MAX];

	(void)state;
	SEATS_NEED("ssh-keygen");
	unit_temp_dir(dir, sizeof(dir));
	make(&s);
	assert_ok(signers_write(&s, &text));
	seats_write(dir, "allowed", bytes_buf(&text));
	seats_write(dir, "message", bytes_str(MESSAGE));
	sign(1, SSHSIG_APPROVAL, &sig);
	seats_write(dir, "sig", bytes_buf(&sig));
	assert_int_equal(0, ssh_keygen_verifies(dir, "owner-14/a",
	    "approval@azukari", "20261122080000Z"));
	/* One second later the key is over: same verdict as ours. */
	assert_int_not_equal(0, ssh_keygen_verifies(dir, "owner-14/a",
	    "approval@azukari", "20261122080001Z"));
	assert_int_not_equal(0, ssh_keygen_verifies(dir, "partner-keio",
	    "approval@azukari", "20261122080000Z"));
	assert_int_not_equal(0, ssh_keygen_verifies(dir, "owner-14/a",
	    "release@azukari", "20261122080000Z"));
	sign(2, SSHSIG_RELEASE, &sig);
	seats_write(dir, "sig", bytes_buf(&sig));
	assert_int_equal(0, ssh_keygen_verifies(dir, "owner-14/a",
	    "release@azukari", "20261122080000Z"));
	assert_int_not_equal(0, ssh_keygen_verifies(dir, "owner-14/a",
	    "release@azukari", "20261122075959Z"));
	sign(3, SSHSIG_APPROVAL, &sig);
	seats_write(dir, "sig", bytes_buf(&sig));
	assert_int_not_equal(0, ssh_keygen_verifies(dir, "partner-keio",
	    "approval@azukari", "20261122080000Z"));
	assert_ok(fs_remove_tree(dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read_back),
		cmocka_unit_test(who_may_sign_what_and_when),
		cmocka_unit_test(a_signature_over_something_else),
		cmocka_unit_test(an_expired_forgery_is_a_forgery),
		cmocka_unit_test(lines_that_are_refused),
		cmocka_unit_test(the_line_is_named),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(entries_that_are_not_taken),
		cmocka_unit_test(ssh_keygen_uses_the_register_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
