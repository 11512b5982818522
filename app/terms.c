#include "app/terms.h"

#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "keys/sshsig.h"

static enum err add_seat(const struct charter_seat *s, struct buf *out)
{
	uint8_t key[SSHSIG_PUBLIC_LEN];
	char print[SSHSIG_FINGERPRINT_LEN + 1];

	RETURN_IF(sshsig_public_parse(bytes_str(s->ssh), key));
	sshsig_fingerprint(key, print);
	return buf_printf(out, "%s%s=%s", out->len > 0 ? " " : "", s->name,
	    print);
}

static enum err list_seats(const struct charter *c, struct buf *out)
{
	for (size_t i = 0; i < c->seats_len; i++)
		RETURN_IF(add_seat(&c->seats[i], out));
	return ERR_OK;
}

enum err terms_put_charter(struct entry_writer *w, const struct charter *c)
{
	CLEANUP(buf_release) struct buf seats = {0};

	RETURN_IF(list_seats(c, &seats));
	entry_put_uint(w, "threshold", c->threshold);
	entry_put(w, "seats", buf_text(&seats));
	return ERR_OK;
}

const char *terms_act(const struct plan *p)
{
	if (p->reident.export_id[0] != '\0')
		return "reident";
	return plan_rederives(p) ? "rederive" : "export";
}

static const char *denial_of(const struct plan *p)
{
	return p->denial_is_vote ? "vote" : "veto";
}

static const char *bytes_of_plan(const struct plan *p)
{
	return p->byte_release ? "required" : "no";
}

void terms_put_plan(struct entry_writer *w, const struct plan *p)
{
	char expires[CLOCK_UTC_LEN + 1];

	clock_format_utc(p->expires_unix_s, expires);
	entry_put(w, "act", terms_act(p));
	entry_put_hex(w, "request-sha256", p->request_sha256, 32);
	entry_put_hex(w, "policy-sha256", p->policy_sha256, 32);
	entry_put_hex(w, "charter-sha256", p->charter_sha256, 32);
	entry_put_uint(w, "threshold", p->threshold);
	entry_put(w, "denial-rule", denial_of(p));
	entry_put(w, "byte-release", bytes_of_plan(p));
	entry_put(w, "expires", expires);
}

static int says(const struct text *entry, const char *key, const char *value)
{
	return strcmp(text_get(entry, key), value) == 0;
}

static int says_digest(const struct text *entry, const char *key,
    const uint8_t sha256[32])
{
	char hex[65];

	encode_hex(sha256, 32, hex);
	return says(entry, key, hex);
}

static int says_number(const struct text *entry, const char *key, uint64_t n)
{
	uint64_t said;

	return text_get_uint(entry, key, 0, UINT64_MAX, &said, NULL) ==
	    ERR_OK && said == n;
}

int terms_match_charter(const struct text *entry, const struct charter *c)
{
	CLEANUP(buf_release) struct buf seats = {0};

	if (text_get(entry, "threshold") == NULL)
		return 1;
	return list_seats(c, &seats) == ERR_OK &&
	    says(entry, "seats", buf_text(&seats)) &&
	    says_number(entry, "threshold", c->threshold);
}

int terms_match_plan(const struct text *entry, const struct plan *p)
{
	char expires[CLOCK_UTC_LEN + 1];

	if (text_get(entry, "threshold") == NULL)
		return 1;
	clock_format_utc(p->expires_unix_s, expires);
	return says(entry, "act", terms_act(p)) &&
	    says_digest(entry, "request-sha256", p->request_sha256) &&
	    says_digest(entry, "policy-sha256", p->policy_sha256) &&
	    says_digest(entry, "charter-sha256", p->charter_sha256) &&
	    says_number(entry, "threshold", p->threshold) &&
	    says(entry, "denial-rule", denial_of(p)) &&
	    says(entry, "byte-release", bytes_of_plan(p)) &&
	    says(entry, "expires", expires);
}
