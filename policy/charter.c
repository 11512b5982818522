/* policy/charter.c - the charter's text and the rules it must keep. */
#include "policy/charter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/encode.h"
#include "policy/grammar.h"
#include "policy/values_internal.h"

static const char *const charter_keys[] = {"owner", "owner-name",
    "representative", "version", "previous", "threshold", "seat-#", "origin",
    "gateway-key", "ledger-key", "operator", "created", "nonce", NULL};

static const struct text_schema charter_schema = {"charter", charter_keys};

void
charter_release(struct charter *c)
{
	text_free(c->text);
	free(c->store);
	*c = (struct charter){0};
}

size_t
charter_seat_index(const struct charter *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->seats_len; i++)
		if (strcmp(c->seats[i].name, name) == 0)
			return i;
	return CHARTER_NO_SEAT;
}

const struct charter_seat *
charter_seat(const struct charter *c, const char *name)
{
	size_t i = charter_seat_index(c, name);

	return i == CHARTER_NO_SEAT ? NULL : &c->seats[i];
}

int
charter_has_quorum(const struct charter *c, uint32_t seats)
{
	uint32_t known = (uint32_t)((1ull << c->seats_len) - 1);

	/* A charter without a threshold has no quorum at all. */
	return c->threshold > 0 &&
	    (unsigned)__builtin_popcount(seats & known) >= c->threshold;
}

const char *
charter_warning(const struct charter *c, int japanese)
{
	if (c->threshold != 1)
		return NULL;
	return japanese ? "この憲章では、一人ですべてのデータを出せます。" :
	    "Under this charter one person can release everything.";
}

/* Moves the next item of ${rest} behind ${*store} as a string. */
static const char *
take_word(struct bytes *rest, char **store, size_t words)
{
	struct bytes item, end;
	char *text = *store;
	size_t i;

	end = *rest;
	for (i = 0; i < words; i++)
		if (!text_list_next(rest, &item) || item.len == 0)
			return NULL;
	end.len = (size_t)(item.data + item.len - end.data);
	memcpy(text, end.data, end.len);
	text[end.len] = '\0';
	*store += end.len + 1;
	return text;
}

/* `NAME AGE SPARE ssh-ed25519 BASE64 INSTITUTION` */
static enum err
parse_seat(const char *line, char **store, struct charter_seat *ret)
{
	struct bytes rest = bytes_str(line);
	struct charter_seat s;

	if ((s.name = take_word(&rest, store, 1)) == NULL ||
	    !grammar_is_name(bytes_str(s.name)) ||
	    (s.age = take_word(&rest, store, 1)) == NULL ||
	    !grammar_is_age(bytes_str(s.age)) ||
	    (s.spare = take_word(&rest, store, 1)) == NULL ||
	    (strcmp(s.spare, "-") != 0 &&
	    !grammar_is_age(bytes_str(s.spare))) ||
	    (s.ssh = take_word(&rest, store, 2)) == NULL ||
	    !grammar_is_ssh(bytes_str(s.ssh)) ||
	    rest.len == 0 || rest.data[0] == ' ' ||
	    bytes_equal(rest, bytes_str("-")))
		return ERR_SYNTAX;
	if (strcmp(s.spare, "-") == 0)
		s.spare = NULL;
	memcpy(*store, rest.data, rest.len);
	(*store)[rest.len] = '\0';
	s.institution = *store;
	*store += rest.len + 1;
	*ret = s;
	return ERR_OK;
}

static enum err
parse_seats(struct charter *c, struct err_info *info)
{
	size_t i, len = text_run_len(c->text, "seat-#");
	char *store;

	if (len < 1)
		return err_at(info, ERR_REFUSED, 0, "seat: there is none");
	if (len > CHARTER_SEATS_MAX)
		return err_at(info, ERR_LIMIT, 0, "seat: more than %d seats",
		    CHARTER_SEATS_MAX);
	/* Words take no more room than the lines with a NUL each. */
	if ((c->store = malloc(len * (TEXT_VALUE_MAX + 8))) == NULL)
		return ERR_NOMEM;
	store = c->store;
	for (i = 0; i < len; i++)
		if (parse_seat(text_run_get(c->text, "seat-#", i), &store,
		    &c->seats[i]) != ERR_OK)
			return err_at(info, ERR_SYNTAX, 0, "seat-%02zu: not "
			    "\"NAME AGE SPARE ssh-ed25519 BASE64 "
			    "INSTITUTION\"", i + 1);
	c->seats_len = len;
	return ERR_OK;
}

static enum err
parse_values(struct charter *c, struct err_info *info)
{
	const struct text *t = c->text;
	uint64_t threshold;

	RETURN_IF(values_need(t, "owner", &values_owner, &c->owner, info));
	RETURN_IF(values_need(t, "owner-name", &values_any, &c->owner_name,
	    info));
	RETURN_IF(values_need(t, "representative", &values_any,
	    &c->representative, info));
	RETURN_IF(text_get_uint(t, "version", 1, INT32_MAX, &c->version,
	    info));
	RETURN_IF(values_optional_sha256(t, "previous", &c->has_previous,
	    c->previous, info));
	RETURN_IF(text_get_uint(t, "threshold", 0, UINT32_MAX, &threshold,
	    info));
	c->threshold = (unsigned)threshold;
	RETURN_IF(parse_seats(c, info));
	RETURN_IF(values_need(t, "origin", &values_origin, &c->origin, info));
	RETURN_IF(values_need(t, "gateway-key", &values_ssh, &c->gateway_key,
	    info));
	RETURN_IF(values_need(t, "ledger-key", &values_vkey, &c->ledger_key,
	    info));
	RETURN_IF(values_need(t, "operator", &values_any, &c->operator_name,
	    info));
	RETURN_IF(text_get_time(t, "created", &c->created_unix_s, info));
	return text_get_hex(t, "nonce", c->nonce, sizeof(c->nonce), info);
}

static enum err
check_threshold(const struct charter *c, struct err_info *info)
{
	if (c->threshold == 0)
		return err_at(info, ERR_REFUSED, 0,
		    "threshold: 0 would let anybody decide");
	if (c->threshold > c->seats_len)
		return err_at(info, ERR_REFUSED, 0, "threshold: %u of %zu "
		    "seats can never be reached", c->threshold, c->seats_len);
	if (c->threshold == 1 && c->seats_len > 1)
		return err_at(info, ERR_REFUSED, 0, "threshold: 1 is only "
		    "allowed where there is one seat");
	return ERR_OK;
}

static int
same_recipient(const char *a, const struct charter_seat *s)
{
	return strcmp(a, s->age) == 0 ||
	    (s->spare != NULL && strcmp(a, s->spare) == 0);
}

/* What two seats may not share; NULL when they share nothing. */
static const char *
shared(const struct charter_seat *a, const struct charter_seat *b)
{
	if (strcmp(a->name, b->name) == 0)
		return "name";
	if (strcmp(a->ssh, b->ssh) == 0)
		return "ssh key";
	if (same_recipient(a->age, b) ||
	    (a->spare != NULL && same_recipient(a->spare, b)))
		return "age recipient";
	return NULL;
}

static enum err
check_seat(const struct charter *c, size_t i, struct err_info *info)
{
	const struct charter_seat *s = &c->seats[i];
	const char *what;
	size_t j;

	for (j = 0; j < i; j++)
		if ((what = shared(s, &c->seats[j])) != NULL)
			return err_at(info, ERR_DUPLICATE, 0, "seat-%02zu: "
			    "its %s is that of seat-%02zu", i + 1, what,
			    j + 1);
	if (s->spare != NULL && strcmp(s->age, s->spare) == 0)
		return err_at(info, ERR_DUPLICATE, 0,
		    "seat-%02zu: the spare is the key itself", i + 1);
	if (strcmp(s->ssh, c->gateway_key) == 0)
		return err_at(info, ERR_DUPLICATE, 0,
		    "seat-%02zu: its ssh key is the gateway's", i + 1);
	if (grammar_same_institution(s->institution, c->operator_name))
		return err_at(info, ERR_REFUSED, 0, "seat-%02zu: the operator "
		    "of the gateway may hold no seat", i + 1);
	return ERR_OK;
}

static enum err
check_rules(const struct charter *c, struct err_info *info)
{
	size_t i;

	RETURN_IF(check_threshold(c, info));
	if ((c->version == 1) != !c->has_previous)
		return err_at(info, ERR_RANGE, 0, "previous: must be - for "
		    "version 1, and a digest for every other");
	if (strncmp(c->ledger_key, c->origin, strlen(c->origin)) != 0 ||
	    c->ledger_key[strlen(c->origin)] != '+')
		return err_at(info, ERR_RANGE, 0,
		    "ledger-key: its name is not the origin");
	for (i = 0; i < c->seats_len; i++)
		RETURN_IF(check_seat(c, i, info));
	return ERR_OK;
}

enum err
charter_parse(struct bytes bytes, struct charter *ret, struct err_info *info)
{
	CLEANUP(charter_release) struct charter c = {0};

	RETURN_IF(text_parse(bytes, &charter_schema, &c.text, info));
	RETURN_IF(parse_values(&c, info));
	RETURN_IF(check_rules(&c, info));
	*ret = c;
	c = (struct charter){0};
	return ERR_OK;
}

static void
put_seats(struct text_writer *w, const struct charter *c)
{
	const struct charter_seat *s;
	size_t i;
	char line[TEXT_VALUE_MAX + 1];
	int len;

	for (i = 0; i < c->seats_len; i++) {
		s = &c->seats[i];
		len = snprintf(line, sizeof(line), "%s %s %s %s %s", s->name,
		    s->age, s->spare != NULL ? s->spare : "-", s->ssh,
		    s->institution);
		/* A line cut short would parse: an empty one does not. */
		if (len < 0 || (size_t)len >= sizeof(line))
			line[0] = '\0';
		text_put_run(w, "seat-#", i, line);
	}
}

enum err
charter_write(const struct charter *c, struct buf *out, struct err_info *info)
{
	CLEANUP(charter_release) struct charter back = {0};
	struct text_writer w;
	size_t start = out->len;
	enum err e;

	text_begin(&w, &charter_schema, out);
	values_put(&w, "owner", c->owner);
	values_put(&w, "owner-name", c->owner_name);
	values_put(&w, "representative", c->representative);
	text_put_uint(&w, "version", c->version);
	values_put_sha256(&w, "previous", c->has_previous, c->previous);
	text_put_uint(&w, "threshold", c->threshold);
	put_seats(&w, c);
	values_put(&w, "origin", c->origin);
	values_put(&w, "gateway-key", c->gateway_key);
	values_put(&w, "ledger-key", c->ledger_key);
	values_put(&w, "operator", c->operator_name);
	text_put_time(&w, "created", c->created_unix_s);
	text_put_hex(&w, "nonce", c->nonce, sizeof(c->nonce));
	if ((e = text_end(&w, info)) == ERR_OK)
		e = charter_parse(bytes_of(out->data + start,
		    out->len - start), &back, info);
	return values_finish(out, start, e);
}

/* 1 when the seat stands in ${old} with exactly these keys. */
static int
seat_is_old(const struct charter *old, const struct charter_seat *s)
{
	const struct charter_seat *o =
	    old != NULL ? charter_seat(old, s->name) : NULL;

	if (o == NULL || strcmp(o->ssh, s->ssh) != 0 ||
	    strcmp(o->age, s->age) != 0)
		return 0;
	return s->spare == NULL ||
	    (o->spare != NULL && strcmp(o->spare, s->spare) == 0);
}

static int
follows_on(const struct charter *old, const uint8_t *old_sha256,
    const struct charter *next)
{
	if (old == NULL)
		return next->version == 1 && !next->has_previous;
	return strcmp(old->owner, next->owner) == 0 &&
	    next->version == old->version + 1 && next->has_previous &&
	    memcmp(next->previous, old_sha256, 32) == 0 &&
	    strcmp(old->origin, next->origin) == 0;
}

enum err
charter_change_check(const struct charter *old, const uint8_t *old_sha256,
    const struct charter *next, struct charter_signers signers,
    struct charter_change *ret)
{
	struct charter_change c = {0};
	size_t i;

	MUST_HOLD((old == NULL) == (old_sha256 == NULL));
	if (!follows_on(old, old_sha256, next))
		return ERR_MISMATCH;
	for (i = 0; i < next->seats_len; i++)
		if (!seat_is_old(old, &next->seats[i]))
			c.new_must |= 1u << i;
	c.new_missing = c.new_must & ~signers.new_seats;
	c.in_force = c.new_missing == 0;
	if (old != NULL) {
		c.old_needed = old->threshold;
		c.old_signed = signers.old_seats &
		    (uint32_t)((1ull << old->seats_len) - 1);
		c.in_force = c.in_force &&
		    charter_has_quorum(old, c.old_signed);
	}
	*ret = c;
	return ERR_OK;
}
