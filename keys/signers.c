/* keys/signers.c - the allowed_signers register. */
#include "keys/signers.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "keys/names.h"

#define DATE_LEN 15             /* YYYYMMDDHHMMSSZ */

void
signers_release(struct signers *s)
{
	free(s->entries);
	*s = (struct signers){0};
}

static int
starts_with(struct bytes *text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (text->len < len || memcmp(text->data, prefix, len) != 0)
		return 0;
	text->data += len;
	text->len -= len;
	return 1;
}

/* `gateway`, `partner-ID` or `owner-NN/SEAT`. */
static int
is_principal(struct bytes p)
{
	if (bytes_equal(p, bytes_str("gateway")))
		return 1;
	if (p.len > SIGNERS_PRINCIPAL_MAX)
		return 0;
	if (starts_with(&p, "partner-"))
		return names_is_word(p);
	if (!starts_with(&p, "owner-") || p.len < 4 || p.data[2] != '/')
		return 0;
	return names_is_owner(bytes_of(p.data, 2)) &&
	    names_is_word(bytes_of(p.data + 3, p.len - 3));
}

const struct signers_entry *
signers_find(const struct signers *s,
    const uint8_t public_key[SSHSIG_PUBLIC_LEN])
{
	for (size_t i = 0; i < s->len; i++)
		if (memcmp(s->entries[i].public_key, public_key,
		    SSHSIG_PUBLIC_LEN) == 0)
			return &s->entries[i];
	return NULL;
}

/* Instants fit the 14 digits, and the end is not before the beginning. */
static int
dates_hold(const struct signers_entry *e)
{
	const int64_t last = 32503679999;       /* 2999-12-31T23:59:59Z */

	if (e->valid_after_unix_s < 0 || e->valid_before_unix_s < 0 ||
	    e->valid_after_unix_s > last || e->valid_before_unix_s > last)
		return 0;
	return e->valid_before_unix_s == 0 ||
	    e->valid_after_unix_s <= e->valid_before_unix_s;
}

static enum err
grow(struct signers *s)
{
	struct signers_entry *more;
	size_t cap = s->cap == 0 ? 16 : s->cap * 2;

	if (s->len < s->cap)
		return ERR_OK;
	if (s->len >= SIGNERS_MAX)
		return ERR_LIMIT;
	more = reallocarray(s->entries, cap, sizeof(*more));
	if (more == NULL)
		return ERR_NOMEM;
	s->entries = more;
	s->cap = cap;
	return ERR_OK;
}

enum err
signers_add(struct signers *s, const struct signers_entry *entry)
{
	if (memchr(entry->principal, '\0', sizeof(entry->principal)) == NULL ||
	    !is_principal(bytes_str(entry->principal)))
		return ERR_SYNTAX;
	if (entry->namespaces == 0 ||
	    entry->namespaces >= SIGNERS_NS(SSHSIG_NS_COUNT) ||
	    !dates_hold(entry))
		return ERR_RANGE;
	if (signers_find(s, entry->public_key) != NULL)
		return ERR_DUPLICATE;
	RETURN_IF(grow(s));
	s->entries[s->len++] = *entry;
	return ERR_OK;
}

/* ---- reading ---- */

/* The bytes before ${end}, which is eaten; 0 when it does not come. */
static int
take_until(struct bytes *c, char end, struct bytes *ret)
{
	const uint8_t *at;
	size_t len;

	if (c->len == 0 || (at = memchr(c->data, end, c->len)) == NULL)
		return 0;
	len = (size_t)(at - c->data);
	*ret = bytes_of(c->data, len);
	*c = bytes_of(at + 1, c->len - len - 1);
	return 1;
}

/* `YYYYMMDDHHMMSSZ` or `YYYYMMDDZ`, by way of the clock's own reader. */
static enum err
parse_date(struct bytes v, int64_t *ret)
{
	char full[CLOCK_UTC_LEN + 1] = "0000-00-00T00:00:00Z";
	static const uint8_t place[] = {
		0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18,
	};

	if ((v.len != DATE_LEN && v.len != 9) || v.data[v.len - 1] != 'Z')
		return ERR_SYNTAX;
	for (size_t i = 0; i + 1 < v.len; i++)
		full[place[i]] = (char)v.data[i];
	RETURN_IF(clock_parse_utc(bytes_of(full, CLOCK_UTC_LEN), ret));
	return *ret > 0 ? ERR_OK : ERR_RANGE;
}

static enum err
parse_namespaces(struct bytes list, uint32_t *ret)
{
	struct bytes name;
	enum sshsig_ns ns;
	uint32_t set = 0;
	int more;

	do {
		more = take_until(&list, ',', &name);
		if (!more)
			name = list;
		RETURN_IF(sshsig_ns_parse(name, &ns));
		if ((set & SIGNERS_NS(ns)) != 0)
			return ERR_DUPLICATE;
		set |= SIGNERS_NS(ns);
	} while (more);
	*ret = set;
	return ERR_OK;
}

/* One option; each at most once (a value of 0 means not seen yet). */
static enum err
parse_option(struct bytes name, struct bytes value, struct signers_entry *e)
{
	if (bytes_equal(name, bytes_str("namespaces")))
		return e->namespaces != 0 ? ERR_DUPLICATE :
		    parse_namespaces(value, &e->namespaces);
	if (bytes_equal(name, bytes_str("valid-after")))
		return e->valid_after_unix_s != 0 ? ERR_DUPLICATE :
		    parse_date(value, &e->valid_after_unix_s);
	if (bytes_equal(name, bytes_str("valid-before")))
		return e->valid_before_unix_s != 0 ? ERR_DUPLICATE :
		    parse_date(value, &e->valid_before_unix_s);
	return ERR_UNKNOWN;
}

/* `name="value"[,name="value"]... `, up to and including the space. */
static enum err
parse_options(struct bytes *line, struct signers_entry *e)
{
	struct bytes name, value;
	uint8_t next;

	do {
		if (!take_until(line, '=', &name) || !starts_with(line, "\"") ||
		    !take_until(line, '"', &value))
			return ERR_SYNTAX;
		RETURN_IF(parse_option(name, value, e));
		if (bytes_take_u8(line, &next) != ERR_OK)
			return ERR_SYNTAX;
	} while (next == ',');
	return next == ' ' && e->namespaces != 0 ? ERR_OK : ERR_SYNTAX;
}

static enum err
parse_line(struct bytes line, struct signers *s)
{
	struct signers_entry e = {0};
	struct bytes principal;

	if (!take_until(&line, ' ', &principal) || !is_principal(principal))
		return ERR_SYNTAX;
	memcpy(e.principal, principal.data, principal.len);
	RETURN_IF(parse_options(&line, &e));
	RETURN_IF(sshsig_public_parse(line, e.public_key));
	return signers_add(s, &e);
}

static const char *
why(enum err e)
{
	switch ((int)e) {
	case ERR_UNKNOWN:
		return "an option or a namespace that is not in the list";
	case ERR_UNSUPPORTED:
		return "only ssh-ed25519 keys are taken";
	case ERR_DUPLICATE:
		return "an option, a namespace or a key stands here twice";
	case ERR_RANGE:
		return "a date outside the calendar, or an end before its "
		    "beginning";
	case ERR_LIMIT:
		return "too many keys";
	default:
		return "not `PRINCIPAL namespaces=\"...\" ssh-ed25519 BASE64`";
	}
}

enum err
signers_parse(struct bytes file, struct signers *ret, struct err_info *info)
{
	CLEANUP(signers_release) struct signers s = {0};
	struct bytes line;
	unsigned long number = 0;
	enum err e;

	if (file.len > SIGNERS_SIZE_MAX)
		return err_at(info, ERR_LIMIT, 0, "the register is too long");
	while ((e = bytes_take_line(&file, &line)) == ERR_OK) {
		number++;
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if ((e = parse_line(line, &s)) != ERR_OK)
			return err_at(info, e, number, "%s", why(e));
	}
	if (e != ERR_NOT_FOUND)
		return err_at(info, ERR_SYNTAX, number + 1,
		    "the last line does not end");
	signers_release(ret);
	*ret = s;
	s = (struct signers){0};        /* moved */
	return ERR_OK;
}

/* ---- writing ---- */

static enum err
write_date(const char *option, int64_t unix_s, struct buf *out)
{
	char t[CLOCK_UTC_LEN + 1];

	if (unix_s == 0)
		return ERR_OK;
	clock_format_utc(unix_s, t);
	return buf_printf(out, ",%s=\"%.4s%.2s%.2s%.2s%.2s%.2sZ\"", option,
	    t, t + 5, t + 8, t + 11, t + 14, t + 17);
}

static enum err
write_entry(const struct signers_entry *e, struct buf *out)
{
	char key[SSHSIG_PUBLIC_TEXT_LEN + 1];
	const char *comma = "";

	RETURN_IF(buf_printf(out, "%s namespaces=\"", e->principal));
	for (unsigned ns = 0; ns < SSHSIG_NS_COUNT; ns++)
		if ((e->namespaces & SIGNERS_NS(ns)) != 0) {
			RETURN_IF(buf_printf(out, "%s%s", comma,
			    sshsig_ns_name((enum sshsig_ns)ns)));
			comma = ",";
		}
	RETURN_IF(buf_append_str(out, "\""));
	RETURN_IF(write_date("valid-after", e->valid_after_unix_s, out));
	RETURN_IF(write_date("valid-before", e->valid_before_unix_s, out));
	sshsig_public_format(e->public_key, key);
	return buf_printf(out, " %s\n", key);
}

enum err
signers_write(const struct signers *s, struct buf *out)
{
	for (size_t i = 0; i < s->len; i++)
		RETURN_IF(write_entry(&s->entries[i], out));
	return ERR_OK;
}

/* ---- verifying ---- */

enum err
signers_verify(const struct signers *s, const struct signers_claim *claim,
    struct bytes armour, struct bytes message)
{
	const struct signers_entry *e;
	struct sshsig sig;

	RETURN_IF(sshsig_parse(armour, claim->ns, &sig));
	e = signers_find(s, sig.public_key);
	if (e == NULL || strcmp(e->principal, claim->principal) != 0 ||
	    (e->namespaces & SIGNERS_NS(claim->ns)) == 0)
		return ERR_UNTRUSTED;
	RETURN_IF(sshsig_verify(&sig, message));
	if (claim->at_unix_s < e->valid_after_unix_s ||
	    (e->valid_before_unix_s != 0 &&
	    claim->at_unix_s > e->valid_before_unix_s))
		return ERR_EXPIRED;
	return ERR_OK;
}
