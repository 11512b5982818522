#include "tests/unit/keys/seats_test.h"

#include <sodium.h>

#include "keys/sshsig.h"
#include "keys/sshsig_internal.h"

#define MESSAGE "azukari-plan v1\nplan: PLAN-2026-0001\n"

/* A signature of ours over MESSAGE by the seed of 32 bytes 0x07. */
static void
sign(enum sshsig_ns ns, struct buf *out)
{
	CLEANUP(secret_cleanup) struct secret *seed = seats_secret(7, 32);

	assert_ok(sshsig_sign(seed, ns, bytes_str(MESSAGE), out));
}

static void
public_of_seven(uint8_t ret[SSHSIG_PUBLIC_LEN])
{
	CLEANUP(secret_cleanup) struct secret *seed = seats_secret(7, 32);

	assert_ok(sshsig_public_of(seed, ret));
}

static void
what_is_signed_verifies(void **state)
{
	uint8_t key[SSHSIG_PUBLIC_LEN], other[SSHSIG_PUBLIC_LEN] = {1};

	(void)state;
	public_of_seven(key);
	for (int i = 0; i < SSHSIG_NS_COUNT; i++) {
		CLEANUP(buf_release) struct buf sig = {0};
		enum sshsig_ns ns = (enum sshsig_ns)i, wrong =
		    (enum sshsig_ns)((i + 1) % SSHSIG_NS_COUNT);

		sign(ns, &sig);
		assert_ok(sshsig_check(bytes_buf(&sig), ns, key,
		    bytes_str(MESSAGE)));
		assert_err(sshsig_check(bytes_buf(&sig), wrong, key,
		    bytes_str(MESSAGE)), ERR_MISMATCH);
		assert_err(sshsig_check(bytes_buf(&sig), ns, other,
		    bytes_str(MESSAGE)), ERR_UNTRUSTED);
		assert_err(sshsig_check(bytes_buf(&sig), ns, key,
		    bytes_str(MESSAGE " ")), ERR_SIGNATURE);
		assert_err(sshsig_check(bytes_buf(&sig), ns, key,
		    bytes_str("")), ERR_SIGNATURE);
	}
}

static void
a_digest_signs_as_its_message_does(void **state)
{
	CLEANUP(secret_cleanup) struct secret *seed = seats_secret(7, 32);
	CLEANUP(secret_cleanup) struct secret *shorter = seats_secret(7, 31);
	CLEANUP(buf_release) struct buf a = {0}, b = {0};
	uint8_t sha512[SSHSIG_DIGEST_LEN], key[SSHSIG_PUBLIC_LEN];
	struct sshsig sig;

	(void)state;
	sign(SSHSIG_PLAN, &a);
	sshsig_hash(bytes_str(MESSAGE), sha512);
	assert_ok(sshsig_sign_digest(seed, SSHSIG_PLAN, sha512, &b));
	assert_true(bytes_equal(bytes_buf(&a), bytes_buf(&b)));
	assert_ok(sshsig_parse(bytes_buf(&a), SSHSIG_PLAN, &sig));
	assert_ok(sshsig_verify_digest(&sig, sha512));
	sha512[63] ^= 1;
	assert_err(sshsig_verify_digest(&sig, sha512), ERR_SIGNATURE);
	assert_err(sshsig_sign(shorter, SSHSIG_PLAN, bytes_str(MESSAGE), &b),
	    ERR_CRYPTO);
	assert_err(sshsig_public_of(shorter, key), ERR_CRYPTO);
	assert_true(bytes_equal(bytes_buf(&a), bytes_buf(&b)));
}

static void
namespaces_are_a_closed_list(void **state)
{
	enum sshsig_ns ns;

	(void)state;
	for (int i = 0; i < SSHSIG_NS_COUNT; i++) {
		const char *name = sshsig_ns_name((enum sshsig_ns)i);

		assert_ok(sshsig_ns_parse(bytes_str(name), &ns));
		assert_int_equal(ns, i);
		assert_string_equal(strchr(name, '@'), "@azukari");
	}
	assert_err(sshsig_ns_parse(bytes_str("file"), &ns), ERR_UNKNOWN);
	assert_err(sshsig_ns_parse(bytes_str(""), &ns), ERR_UNKNOWN);
	assert_err(sshsig_ns_parse(bytes_str("plan@azukar"), &ns),
	    ERR_UNKNOWN);
	assert_err(sshsig_ns_parse(bytes_of("plan@azukari", 13), &ns),
	    ERR_UNKNOWN);
}

/* ---- malformed ones ---- */

/* The blob inside an armour of ours, and the armour of any blob. */
static void
unwrap(struct bytes armour, struct buf *blob)
{
	CLEANUP(buf_release) struct buf b64 = {0};
	struct bytes line;
	size_t len;

	assert_ok(bytes_take_line(&armour, &line));
	for (;;) {
		assert_ok(bytes_take_line(&armour, &line));
		if (line.data[0] == '-')
			break;
		assert_ok(buf_append(&b64, line.data, line.len));
	}
	assert_ok(buf_reserve(blob, b64.len));
	assert_ok(decode_b64(bytes_buf(&b64), 1, blob->data, b64.len, &len));
	blob->len = len;
}

static void
wrap_lines(struct bytes blob, size_t width, struct buf *out)
{
	CLEANUP(buf_release) struct buf b64 = {0};

	buf_clear(out);
	assert_ok(encode_b64(blob.data, blob.len, 1, &b64));
	assert_ok(buf_append_str(out, "-----BEGIN SSH SIGNATURE-----\n"));
	for (size_t i = 0; i < b64.len; i += width) {
		size_t n = b64.len - i < width ? b64.len - i : width;

		assert_ok(buf_append(out, b64.data + i, n));
		assert_ok(buf_append_u8(out, '\n'));
	}
	assert_ok(buf_append_str(out, "-----END SSH SIGNATURE-----\n"));
}

static void
wrap(struct bytes blob, struct buf *out)
{
	wrap_lines(blob, 70, out);
}

static enum err
check(struct bytes armour)
{
	uint8_t key[SSHSIG_PUBLIC_LEN];

	public_of_seven(key);
	return sshsig_check(armour, SSHSIG_PLAN, key, bytes_str(MESSAGE));
}

static void
every_flipped_bit_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf sig = {0}, blob = {0}, bad = {0};

	(void)state;
	sign(SSHSIG_PLAN, &sig);
	unwrap(bytes_buf(&sig), &blob);
	wrap(bytes_buf(&blob), &bad);
	assert_true(bytes_equal(bytes_buf(&sig), bytes_buf(&bad)));
	assert_ok(check(bytes_buf(&bad)));
	for (size_t i = 0; i < blob.len * 8; i++) {
		blob.data[i / 8] ^= (uint8_t)(1u << (i % 8));
		wrap(bytes_buf(&blob), &bad);
		if (check(bytes_buf(&bad)) == ERR_OK)
			fail_msg("bit %zu of the blob", i);
		blob.data[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
	for (size_t i = 0; i < sig.len * 8; i++) {
		sig.data[i / 8] ^= (uint8_t)(1u << (i % 8));
		if (check(bytes_buf(&sig)) == ERR_OK)
			fail_msg("bit %zu of the armour", i);
		sig.data[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
	assert_ok(check(bytes_buf(&sig)));
}

static void
every_truncation_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf sig = {0}, blob = {0}, bad = {0};

	(void)state;
	sign(SSHSIG_PLAN, &sig);
	unwrap(bytes_buf(&sig), &blob);
	for (size_t len = 0; len < sig.len; len++)
		assert_err(check(bytes_of(sig.data, len)), ERR_SYNTAX);
	for (size_t cut = 1; cut < sig.len; cut++)
		assert_err(check(bytes_of(sig.data + cut, sig.len - cut)),
		    ERR_SYNTAX);
	for (size_t len = 0; len < blob.len; len++) {
		wrap(bytes_of(blob.data, len), &bad);
		assert_err(check(bytes_buf(&bad)), ERR_SYNTAX);
	}
	assert_ok(buf_append_u8(&blob, 0));
	wrap(bytes_buf(&blob), &bad);
	assert_err(check(bytes_buf(&bad)), ERR_SYNTAX);
}

static void
armour_has_one_spelling(void **state)
{
	static const char *const swaps[][2] = {
		{"-----BEGIN SSH SIGNATURE-----\n",
		    "-----BEGIN SSH SIGNATURE-----\r\n"},
		{"-----BEGIN SSH SIGNATURE-----\n", "hello\n"},
		{"-----BEGIN SSH SIGNATURE-----\n",
		    "-----BEGIN SSH SIGNATURE----- \n"},
		{"-----END SSH SIGNATURE-----\n",
		    "-----END SSH SIGNATURE-----"},
		{"-----END SSH SIGNATURE-----\n",
		    "-----END SSH SIGNATURE-----\nx"},
		{"-----END SSH SIGNATURE-----\n",
		    "-----END SSH SIGNATURE-----\n\n"},
		{"-----END SSH SIGNATURE-----\n",
		    "\n-----END SSH SIGNATURE-----\n"},
		{"\nU1NI", "\n U1NI"},
		{"\nU1NI", "\n\nU1NI"},
		{"\nU1NI", "\nU1N\nI"},
	};
	CLEANUP(buf_release) struct buf sig = {0}, bad = {0}, blob = {0};

	(void)state;
	sign(SSHSIG_PLAN, &sig);
	for (size_t i = 0; i < ARRAY_LEN(swaps); i++) {
		seats_replace(bytes_buf(&sig), swaps[i][0], swaps[i][1], &bad);
		assert_err(check(bytes_buf(&bad)), ERR_SYNTAX);
	}
	unwrap(bytes_buf(&sig), &blob);
	for (size_t width = 1; width < 400; width++) {
		wrap_lines(bytes_buf(&blob), width, &bad);
		if (width != 70 && bad.len <= SSHSIG_ARMOUR_MAX)
			assert_err(check(bytes_buf(&bad)), ERR_SYNTAX);
	}
	buf_clear(&bad);
	assert_ok(buf_append(&bad, sig.data, sig.len));
	while (bad.len <= SSHSIG_ARMOUR_MAX)
		assert_ok(buf_append_u8(&bad, '\n'));
	assert_err(check(bytes_buf(&bad)), ERR_LIMIT);
}

/* The parts of a blob, each as hex of its bytes without length. */
struct parts {
	const char *magic, *version, *key_type, *ns, *reserved, *hash,
	    *sig_type;
	size_t key_len, sig_len;
};

static const struct parts good = {
	.magic = "SSHSIG", .version = "00000001", .key_type = "ssh-ed25519",
	.ns = "plan@azukari", .reserved = "", .hash = "sha512",
	.sig_type = "ssh-ed25519", .key_len = 32, .sig_len = 64,
};

static void
typed(const char *type, size_t len, struct buf *out)
{
	CLEANUP(buf_release) struct buf inner = {0};
	uint8_t zeros[128] = {0};

	assert_ok(buf_append_lp_str(&inner, type));
	assert_ok(buf_append_lp(&inner, zeros, len));
	assert_ok(buf_append_lp(out, inner.data, inner.len));
}

static enum err
parse_parts(const struct parts *with)
{
	const struct parts p = *with;
	CLEANUP(buf_release) struct buf blob = {0}, armour = {0};
	struct sshsig sig;

	assert_ok(buf_append_str(&blob, p.magic));
	seats_hex(p.version, &blob);
	typed(p.key_type, p.key_len, &blob);
	assert_ok(buf_append_lp_str(&blob, p.ns));
	assert_ok(buf_append_lp_str(&blob, p.reserved));
	assert_ok(buf_append_lp_str(&blob, p.hash));
	typed(p.sig_type, p.sig_len, &blob);
	wrap(bytes_buf(&blob), &armour);
	return sshsig_parse(bytes_buf(&armour), SSHSIG_PLAN, &sig);
}

/* One part other than it should be. */
#define REFUSED(part, value, want)                       \
	do {                                             \
		p = good;                                \
		p.part = (value);                        \
		assert_err(parse_parts(&p), want);       \
	} while (0)

static void
parts_out_of_order(void **state)
{
	struct parts p;
	char long_ns[100];

	(void)state;
	memset(long_ns, 'a', sizeof(long_ns));
	long_ns[sizeof(long_ns) - 1] = '\0';
	assert_ok(parse_parts(&good));
	REFUSED(magic, "SSHSIh", ERR_SYNTAX);
	REFUSED(version, "00000000", ERR_UNSUPPORTED);
	REFUSED(version, "00000002", ERR_UNSUPPORTED);
	REFUSED(key_type, "ssh-rsa", ERR_UNSUPPORTED);
	REFUSED(key_type, "ssh-ed25519-cert-v01", ERR_UNSUPPORTED);
	REFUSED(sig_type, "ssh-ed448", ERR_UNSUPPORTED);
	REFUSED(key_len, 31, ERR_SYNTAX);
	REFUSED(key_len, 33, ERR_SYNTAX);
	REFUSED(sig_len, 63, ERR_SYNTAX);
	REFUSED(sig_len, 65, ERR_SYNTAX);
	REFUSED(hash, "sha256", ERR_UNSUPPORTED);
	REFUSED(hash, "", ERR_UNSUPPORTED);
	REFUSED(reserved, "x", ERR_UNSUPPORTED);
	REFUSED(ns, "", ERR_SYNTAX);
	REFUSED(ns, long_ns, ERR_SYNTAX);
	REFUSED(ns, "file", ERR_UNKNOWN);
	REFUSED(ns, "plan@azukari ", ERR_UNKNOWN);
	REFUSED(ns, "policy@azukari", ERR_MISMATCH);
}

static void
a_length_beyond_the_end(void **state)
{
	CLEANUP(buf_release) struct buf sig = {0}, blob = {0}, bad = {0};

	(void)state;
	sign(SSHSIG_PLAN, &sig);
	unwrap(bytes_buf(&sig), &blob);
	memset(blob.data + 10, 0xff, 4);        /* of the public key string */
	wrap(bytes_buf(&blob), &bad);
	assert_err(check(bytes_buf(&bad)), ERR_SYNTAX);
}

static void
a_small_order_key_signs_nothing(void **state)
{
	struct sshsig sig = {.ns = SSHSIG_PLAN};

	(void)state;
	/* The neutral element as key and R, 0 as S: holds for every message
	 * where a verifier lets such keys pass. */
	sig.public_key[0] = 1;
	sig.signature_unverified[0] = 1;
	assert_err(sshsig_verify(&sig, bytes_str(MESSAGE)), ERR_SIGNATURE);
}

/* ---- public keys as text ---- */

static void
public_keys_as_text(void **state)
{
	uint8_t key[SSHSIG_PUBLIC_LEN], got[SSHSIG_PUBLIC_LEN];
	char text[SSHSIG_PUBLIC_TEXT_LEN + 1];
	CLEANUP(buf_release) struct buf bad = {0};

	(void)state;
	public_of_seven(key);
	sshsig_public_format(key, text);
	assert_int_equal(strlen(text), SSHSIG_PUBLIC_TEXT_LEN);
	assert_ok(sshsig_public_parse(bytes_str(text), got));
	assert_memory_equal(key, got, sizeof(key));
	for (size_t len = 0; len < SSHSIG_PUBLIC_TEXT_LEN; len++)
		assert_err(sshsig_public_parse(bytes_of(text, len), got),
		    len == 12 || memchr(text, ' ', len) == NULL ||
		    len > 12 ? ERR_SYNTAX : ERR_UNSUPPORTED);
	assert_ok(buf_append_str(&bad, text));
	assert_ok(buf_append_str(&bad, " comment"));
	assert_err(sshsig_public_parse(bytes_buf(&bad), got), ERR_SYNTAX);
	assert_err(sshsig_public_parse(bytes_str("ssh-rsa AAAA"), got),
	    ERR_UNSUPPORTED);
	assert_err(sshsig_public_parse(bytes_str("hello"), got), ERR_SYNTAX);
	/* The blob names another type than the text does; a longer key. */
	seats_replace(bytes_str(text), "ssh-ed25519 AAAAC3", "ssh-ed25519 AAAAC4",
	    &bad);
	assert_err(sshsig_public_parse(bytes_buf(&bad), got), ERR_SYNTAX);
	seats_replace(bytes_str(text), "AAAAI", "AAAAJ", &bad);
	assert_err(sshsig_public_parse(bytes_buf(&bad), got), ERR_SYNTAX);
}

/* ---- OpenSSH's own ---- */

struct foreign {
	struct buf pub, sig, ns, data;
};

static void
foreign_release(struct foreign *f)
{
	buf_release(&f->pub);
	buf_release(&f->sig);
	buf_release(&f->ns);
	buf_release(&f->data);
}

/* 0 when the vectors are not there. */
static int
foreign_read(const char *kind, struct foreign *f)
{
	char dir[FS_PATH_MAX], name[64];

	if (!unit_shared(dir, sizeof(dir), "vectors/sshsig"))
		return 0;
	(void)snprintf(name, sizeof(name), "%s.pub", kind);
	seats_read(dir, name, &f->pub);
	(void)snprintf(name, sizeof(name), "%s.sig", kind);
	seats_read(dir, name, &f->sig);
	seats_read(dir, "namespace", &f->ns);
	seats_read(dir, "signed-data", &f->data);
	return 1;
}

static void
the_ed25519_vector_of_openssh_holds(void **state)
{
	CLEANUP(foreign_release) struct foreign f = {0};
	uint8_t sha512[SSHSIG_DIGEST_LEN], key[SSHSIG_PUBLIC_LEN];
	struct sshsig_any any;
	struct sshsig sig;

	(void)state;
	if (!foreign_read("ed25519", &f))
		UNIT_SKIP("no vectors/sshsig under AZUKARI_SHARED");
	assert_ok(sshsig_any_parse(bytes_buf(&f.sig), &any));
	assert_true(bytes_equal(bytes_str(any.ns), bytes_buf(&f.ns)));
	assert_ok(sshsig_public_parse(bytes_of(f.pub.data,
	    SSHSIG_PUBLIC_TEXT_LEN), key));
	assert_memory_equal(key, any.public_key, sizeof(key));
	sshsig_hash(bytes_buf(&f.data), sha512);
	assert_ok(sshsig_any_verify(&any, sha512));
	sha512[0] ^= 0x80;
	assert_err(sshsig_any_verify(&any, sha512), ERR_SIGNATURE);
	/* Its namespace is none of ours. */
	assert_err(sshsig_parse(bytes_buf(&f.sig), SSHSIG_PLAN, &sig),
	    ERR_UNKNOWN);
}

static void
other_key_types_of_openssh_are_refused(void **state)
{
	static const char *const kinds[] = {"rsa", "ecdsa", "ed25519_sk"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		CLEANUP(foreign_release) struct foreign f = {0};
		struct sshsig_any any;

		if (!foreign_read(kinds[i], &f))
			UNIT_SKIP("no vectors/sshsig under AZUKARI_SHARED");
		assert_err(sshsig_any_parse(bytes_buf(&f.sig), &any),
		    ERR_UNSUPPORTED);
	}
}

/* ---- ssh-keygen, both ways ---- */

/* The seed in an unencrypted OpenSSH private key file. */
static struct secret *
seed_of_file(const char *dir, const char *name)
{
	CLEANUP(buf_release) struct buf file = {0}, b64 = {0}, blob = {0};
	struct bytes rest, line;
	struct secret *seed = NULL;
	const uint8_t *at;
	size_t len;

	seats_read(dir, name, &file);
	rest = bytes_buf(&file);
	while (bytes_take_line(&rest, &line) == ERR_OK)
		if (line.data[0] != '-')
			assert_ok(buf_append(&b64, line.data, line.len));
	assert_ok(buf_reserve(&blob, b64.len));
	assert_ok(decode_b64(bytes_buf(&b64), 1, blob.data, b64.len, &len));
	/* The second mention of the type is in the private part: type, public
	 * key, then seed and public key as one string of 64 bytes. */
	at = memmem(blob.data, len, "ssh-ed25519", 11);
	assert_non_null(at);
	at = memmem(at + 1, len - (size_t)(at + 1 - blob.data), "ssh-ed25519",
	    11);
	assert_non_null(at);
	assert_ok(secret_new_copy(at + 11 + 4 + 32 + 4, 32, &seed));
	return seed;
}

static void
ours_is_what_ssh_keygen_writes(void **state)
{
	CLEANUP(buf_release) struct buf theirs = {0}, ours = {0}, pub = {0},
	    print = {0};
	CLEANUP(secret_cleanup) struct secret *seed = NULL;
	char dir[FS_PATH_MAX], text[SSHSIG_PUBLIC_TEXT_LEN + 1],
	    fingerprint[SSHSIG_FINGERPRINT_LEN + 1];
	uint8_t key[SSHSIG_PUBLIC_LEN];

	(void)state;
	SEATS_NEED("ssh-keygen");
	unit_temp_dir(dir, sizeof(dir));
	seats_write(dir, "message", bytes_str(MESSAGE));
	assert_int_equal(0, seats_run("cd %s && ssh-keygen -q -t ed25519 "
	    "-N '' -C '' -f key && ssh-keygen -q -Y sign -n plan@azukari "
	    "-f key message 2>err && ssh-keygen -l -f key.pub >print", dir));
	seats_read(dir, "message.sig", &theirs);
	seed = seed_of_file(dir, "key");
	assert_ok(sshsig_public_of(seed, key));
	assert_ok(sshsig_sign(seed, SSHSIG_PLAN, bytes_str(MESSAGE), &ours));
	assert_true(bytes_equal(bytes_buf(&ours), bytes_buf(&theirs)));
	assert_ok(sshsig_check(bytes_buf(&theirs), SSHSIG_PLAN, key,
	    bytes_str(MESSAGE)));
	seats_read(dir, "key.pub", &pub);
	sshsig_public_format(key, text);
	assert_memory_equal(pub.data, text, strlen(text));
	seats_read(dir, "print", &print);
	sshsig_fingerprint(key, fingerprint);
	assert_non_null(strstr(buf_text(&print), fingerprint));
	assert_ok(fs_remove_tree(dir));
}

static void
ssh_keygen_with_another_hash_is_refused(void **state)
{
	CLEANUP(buf_release) struct buf sig = {0};
	char dir[FS_PATH_MAX];
	struct sshsig got;

	(void)state;
	SEATS_NEED("ssh-keygen");
	unit_temp_dir(dir, sizeof(dir));
	seats_write(dir, "message", bytes_str(MESSAGE));
	assert_int_equal(0, seats_run("cd %s && ssh-keygen -q -t ed25519 "
	    "-N '' -C '' -f key && ssh-keygen -q -Y sign -n plan@azukari "
	    "-O hashalg=sha256 -f key message 2>err", dir));
	seats_read(dir, "message.sig", &sig);
	assert_err(sshsig_parse(bytes_buf(&sig), SSHSIG_PLAN, &got),
	    ERR_UNSUPPORTED);
	assert_ok(fs_remove_tree(dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_verifies),
		cmocka_unit_test(a_digest_signs_as_its_message_does),
		cmocka_unit_test(namespaces_are_a_closed_list),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(armour_has_one_spelling),
		cmocka_unit_test(parts_out_of_order),
		cmocka_unit_test(a_length_beyond_the_end),
		cmocka_unit_test(a_small_order_key_signs_nothing),
		cmocka_unit_test(public_keys_as_text),
		cmocka_unit_test(the_ed25519_vector_of_openssh_holds),
		cmocka_unit_test(other_key_types_of_openssh_are_refused),
		cmocka_unit_test(ours_is_what_ssh_keygen_writes),
		cmocka_unit_test(ssh_keygen_with_another_hash_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
