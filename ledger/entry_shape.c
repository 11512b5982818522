/* ledger/entry_shape.c - what may stand behind which key of an entry. */
#include "ledger/entry_shape.h"

#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "core/text.h"
#include "keys/age.h"
#include "keys/digest.h"
#include "keys/names.h"
#include "ledger/decimal.h"
#include "ledger/note_key.h"

#define WORD_MAX 128
#define OWNER_NAME_MAX 256
#define SEATS_MAX 16
#define FINGERPRINT "SHA256:"
#define FINGERPRINT_LEN 7
#define SSH_ED25519 "ssh-ed25519 "
#define SSH_ED25519_LEN 12
#define SSH_BLOB_LEN 51         /* length, name, length, 32 key bytes */

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char digits[] = "0123456789";

static int
is_hex(const char *v, size_t bytes)
{
	return strlen(v) == 2 * bytes && strspn(v, "0123456789abcdef") ==
	    2 * bytes;
}

static int
is_digest(const char *v)
{
	return is_hex(v, 32);
}

static int
is_digest_or_none(const char *v)
{
	return strcmp(v, "-") == 0 || is_digest(v);
}

static int
is_hex16(const char *v)
{
	return is_hex(v, 16);
}

static int
is_hex8(const char *v)
{
	return is_hex(v, 8);
}

static int
is_number(const char *v)
{
	uint64_t n;

	return decimal_parse(bytes_str(v), UINT64_MAX, &n) == ERR_OK;
}

static int
is_time(const char *v)
{
	int64_t t;

	return clock_parse_utc(bytes_str(v), &t) == ERR_OK;
}

static int
is_day(const char *v)
{
	int32_t day;

	return clock_parse_day(bytes_str(v), &day) == ERR_OK;
}

static int
is_owner(const char *v)
{
	return strcmp(v, "-") == 0 || names_is_owner(bytes_str(v));
}

static int
is_owner_name(const char *v)
{
	return strlen(v) <= OWNER_NAME_MAX;
}

static int
is_name(const char *v)
{
	return names_is_word(bytes_str(v));
}

/* A survey's `NAME VERSION`. */
static int
is_survey(const char *v)
{
	const char *space = strchr(v, ' ');
	uint64_t version;

	return space != NULL &&
	    names_is_word(bytes_of(v, (size_t)(space - v))) &&
	    decimal_parse(bytes_str(space + 1), UINT16_MAX, &version) ==
	    ERR_OK && version > 0;
}

/* Words of a program, not of people. */
static int
is_word(const char *v)
{
	size_t len = strlen(v);
	char first[2] = {v[0], '\0'};

	return len <= WORD_MAX && strpbrk(first, lower) != NULL &&
	    strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* `PREFIX-YYYY-NNNN`, more digits where there are more than 9999. */
static int
is_numbered(const char *v, const char *prefix)
{
	size_t len = strlen(prefix), n;

	if (strncmp(v, prefix, len) != 0 || strspn(v + len, digits) != 4 ||
	    v[len + 4] != '-')
		return 0;
	v += len + 5;
	n = strspn(v, digits);
	return v[n] == '\0' && n >= 4 && n <= 9 && (n == 4 || v[0] != '0');
}

static int
is_plan(const char *v)
{
	return is_numbered(v, "PLAN-");
}

static int
is_export(const char *v)
{
	return is_numbered(v, "EXP-");
}

static int
is_epoch_kind(const char *v)
{
	return strcmp(v, "epoch") == 0 || strcmp(v, "project") == 0 ||
	    strcmp(v, "trial") == 0;
}

static int
is_threshold(const char *v)
{
	uint64_t n;

	return decimal_parse(bytes_str(v), SEATS_MAX, &n) == ERR_OK && n > 0;
}

/* `NAME=SHA256:BASE64`, as `ssh-keygen -l` prints the seat's key. */
static int
is_seat(struct bytes item)
{
	const uint8_t *equals = memchr(item.data, '=', item.len);
	struct bytes name = item, print;
	uint8_t raw[DIGEST_LEN + 1];
	size_t len;

	if (equals == NULL)
		return 0;
	name.len = (size_t)(equals - item.data);
	print = bytes_of(equals + 1, item.len - name.len - 1);
	return names_is_word(name) && print.len > FINGERPRINT_LEN &&
	    memcmp(print.data, FINGERPRINT, FINGERPRINT_LEN) == 0 &&
	    decode_b64(bytes_of(print.data + FINGERPRINT_LEN,
	    print.len - FINGERPRINT_LEN), 0, raw, sizeof(raw), &len) ==
	    ERR_OK && len == DIGEST_LEN;
}

static int
same_seat(struct bytes a, struct bytes b)
{
	size_t len = strcspn((const char *)a.data, "=");

	return len == strcspn((const char *)b.data, "=") &&
	    memcmp(a.data, b.data, len) == 0;
}

/* A list of seats, none twice. */
static int
is_seats(const char *v)
{
	struct bytes rest = bytes_str(v), item, seen[SEATS_MAX];
	size_t i, n = 0;

	while (text_list_next(&rest, &item)) {
		if (n == SEATS_MAX || !is_seat(item))
			return 0;
		for (i = 0; i < n; i++)
			if (same_seat(seen[i], item))
				return 0;
		seen[n++] = item;
	}
	return n > 0;
}

static int
is_byte_release(const char *v)
{
	return strcmp(v, "no") == 0 || strcmp(v, "required") == 0;
}

static int
is_denial_rule(const char *v)
{
	return strcmp(v, "veto") == 0 || strcmp(v, "vote") == 0;
}

static int
is_act(const char *v)
{
	return strcmp(v, "export") == 0 || strcmp(v, "reident") == 0 ||
	    strcmp(v, "rederive") == 0;
}

static int
is_age_recipient(const char *v)
{
	struct age_recipient recipient;

	return age_recipient_parse(bytes_str(v), &recipient) == ERR_OK;
}

static int
is_ssh_key(const char *v)
{
	uint8_t blob[SSH_BLOB_LEN + 2];
	size_t len;

	return strncmp(v, SSH_ED25519, SSH_ED25519_LEN) == 0 &&
	    decode_b64(bytes_str(v + SSH_ED25519_LEN), 1, blob, sizeof(blob),
	    &len) == ERR_OK && len == SSH_BLOB_LEN &&
	    memcmp(blob, "\0\0\0\x0bssh-ed25519\0\0\0\x20", 19) == 0;
}

static int
is_origin(const char *v)
{
	size_t i;

	for (i = 0; v[i] != '\0'; i++)
		if (v[i] <= ' ' || v[i] > '~' || v[i] == '+')
			return 0;
	return i > 0 && i <= NOTE_KEY_NAME_MAX;
}

static int
is_log_vkey(const char *v)
{
	struct note_key key;

	return note_key_parse(bytes_str(v), &key) == ERR_OK &&
	    key.type == NOTE_KEY_ED25519;
}

static const struct {
	const char *key;
	int (*is)(const char *value);
} shapes[] = {
	{"time", is_time}, {"owner", is_owner}, {"nonce", is_hex16},
	{"origin", is_origin}, {"gateway-key", is_ssh_key},
	{"ledger-key", is_log_vkey}, {"owner-name", is_owner_name},
	{"version", is_number}, {"number", is_number},
	{"first-byte", is_number},
	{"generation", is_number}, {"erase-generation", is_number},
	{"records", is_number}, {"previous", is_digest_or_none},
	{"root", is_digest}, {"consent-root", is_digest},
	{"charter-sha256", is_digest}, {"policy-sha256", is_digest},
	{"witness-policy-sha256", is_digest}, {"until", is_day},
	{"survey-sha256", is_digest}, {"text-sha256", is_digest},
	{"ladder-sha256", is_digest}, {"ladder", is_name},
	{"namespace-sha256", is_digest}, {"epoch-sha256", is_digest},
	{"request-sha256", is_digest}, {"request-sig-sha256", is_digest},
	{"plan-sha256", is_digest}, {"approval-sha256", is_digest},
	{"release-sha256", is_digest}, {"sig-sha256", is_digest},
	{"drill-sha256", is_digest},
	{"record-sha256", is_digest}, {"pseudonyms-sha256", is_digest},
	{"answer-sha256", is_digest},
	{"tagmanifest-sha256", is_digest_or_none},
	{"sha256sums-sha256", is_digest},
	{"notice-book-sha256", is_digest}, {"notice-sha256", is_digest},
	{"old-charter-sha256", is_digest},
	{"new-charter-sha256", is_digest}, {"shares-sha256", is_digest},
	{"arrangements-sha256", is_digest},
	{"survey", is_survey}, {"source", is_name}, {"partner", is_name},
	{"seat", is_name}, {"epoch", is_hex16},
	{"epoch-kind", is_epoch_kind}, {"plan", is_plan},
	{"export", is_export}, {"plan-recipient", is_age_recipient},
	{"configuration-sha256", is_digest}, {"threshold", is_threshold},
	{"seats", is_seats}, {"act", is_act}, {"expires", is_time},
	{"denial-rule", is_denial_rule}, {"byte-release", is_byte_release},
	{"batch", is_hex8}, {"why", is_word}, {"what", is_word},
};

static size_t
find(const char *key)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(shapes); i++)
		if (strcmp(shapes[i].key, key) == 0)
			break;
	return i;
}

int
entry_shape_is_known(const char *key)
{
	return find(key) < ARRAY_LEN(shapes);
}

enum err
entry_shape_check(const char *key, const char *value)
{
	size_t i = find(key);

	MUST_HOLD(i < ARRAY_LEN(shapes));
	return shapes[i].is(value) ? ERR_OK : ERR_RANGE;
}
