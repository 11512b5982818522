/* keys/epoch_head.c - the labels that epoch.txt and share texts share. */
#include <string.h>

#include "core/clock.h"
#include "keys/epoch_internal.h"

static const char *const kinds[] = {
	[EPOCH_KIND_EPOCH] = "epoch",
	[EPOCH_KIND_PROJECT] = "project",
	[EPOCH_KIND_TRIAL] = "trial",
};

const char *
epoch_kind_name(enum epoch_kind kind)
{
	MUST_HOLD((size_t)kind < ARRAY_LEN(kinds));
	return kinds[kind];
}

enum err
epoch_kind_parse(struct bytes name, enum epoch_kind *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (bytes_equal(name, bytes_str(kinds[i]))) {
			*ret = (enum epoch_kind)i;
			return ERR_OK;
		}
	return ERR_UNKNOWN;
}

/* 1 to 65535 without needless zeros. */
static int
is_version(struct bytes v)
{
	unsigned n = 0;

	if (v.len < 1 || v.len > 5 || v.data[0] == '0')
		return 0;
	for (size_t i = 0; i < v.len; i++) {
		if (v.data[i] < '0' || v.data[i] > '9')
			return 0;
		n = n * 10 + (unsigned)(v.data[i] - '0');
	}
	return n <= 65535;
}

/* Splits a subject into at most three items; 0 when there are more. */
static size_t
split(const char *subject, struct bytes item[3])
{
	struct bytes rest = bytes_str(subject), more;
	size_t n = 0;

	while (n < 3 && text_list_next(&rest, &item[n]))
		n++;
	return text_list_next(&rest, &more) ? 0 : n;
}

/* The subject's grammar, for this kind. */
static int
subject_fits(enum epoch_kind kind, const char *subject)
{
	struct bytes item[3];
	size_t n = split(subject, item);

	switch (kind) {
	case EPOCH_KIND_EPOCH:
		if (n == 1)
			return bytes_equal(item[0], bytes_str("register"));
		return n == 3 && bytes_equal(item[0], bytes_str("survey")) &&
		    names_is_word(item[1]) && is_version(item[2]);
	case EPOCH_KIND_PROJECT:
		if (n == 1)
			return bytes_equal(item[0], bytes_str("memory"));
		return n == 3 && bytes_equal(item[0], bytes_str("project")) &&
		    names_is_word(item[1]) && names_is_word(item[2]);
	case EPOCH_KIND_TRIAL:
		return n == 1 && bytes_equal(item[0], bytes_str("trial"));
	}
	return 0;
}

/* Where the subject is no document, its digest is that of nothing. */
static int
digest_fits(const struct epoch_head *h)
{
	uint8_t nothing[DIGEST_LEN];

	if (strcmp(h->subject, "register") != 0 &&
	    strcmp(h->subject, "memory") != 0 &&
	    strcmp(h->subject, "trial") != 0)
		return 1;
	digest_sha256(bytes_of(NULL, 0), nothing);
	return memcmp(nothing, h->subject_sha256, DIGEST_LEN) == 0;
}

enum err
epoch_head_check(const struct epoch_head *h, struct err_info *info)
{
	if ((size_t)h->kind >= ARRAY_LEN(kinds))
		return err_at(info, ERR_UNKNOWN, 0, "an unknown kind of epoch");
	if (!names_is_owner(bytes_str(h->owner)))
		return err_at(info, ERR_SYNTAX, 0, "owner: not 01 to 47");
	if (!subject_fits(h->kind, h->subject))
		return err_at(info, ERR_MISMATCH, 0,
		    "subject: not one for kind %s", kinds[h->kind]);
	if (!digest_fits(h))
		return err_at(info, ERR_MISMATCH, 0,
		    "subject-sha256: not the digest of nothing");
	return ERR_OK;
}

enum err
epoch_head_owner(const struct text *t, const char *key,
    char ret[NAMES_OWNER_LEN + 1], struct err_info *info)
{
	const char *value = text_get(t, key);

	if (!names_is_owner(bytes_str(value)))
		return err_at(info, ERR_SYNTAX, 0, "%s: not 01 to 47", key);
	memcpy(ret, value, NAMES_OWNER_LEN + 1);
	return ERR_OK;
}

enum err
epoch_head_word(const struct text *t, const char *key,
    char ret[NAMES_WORD_MAX + 1], struct err_info *info)
{
	const char *value = text_get(t, key);

	if (!names_is_word(bytes_str(value)))
		return err_at(info, ERR_SYNTAX, 0,
		    "%s: not a name (a-z, 0-9 and -)", key);
	memcpy(ret, value, strlen(value) + 1);
	return ERR_OK;
}

static enum err
get_subject(const struct text *t, char ret[EPOCH_SUBJECT_MAX + 1],
    struct err_info *info)
{
	const char *value = text_get(t, "subject");

	if (strlen(value) > EPOCH_SUBJECT_MAX)
		return err_at(info, ERR_SYNTAX, 0, "subject: too long");
	memcpy(ret, value, strlen(value) + 1);
	return ERR_OK;
}

enum err
epoch_head_get(const struct text *t, struct epoch_head *ret,
    struct err_info *info)
{
	struct epoch_head h = {0};

	if (epoch_kind_parse(bytes_str(text_get(t, "kind")), &h.kind) !=
	    ERR_OK)
		return err_at(info, ERR_UNKNOWN, 0,
		    "kind: not epoch, project or trial");
	RETURN_IF(epoch_head_owner(t, "owner", h.owner, info));
	RETURN_IF(text_get_hex(t, "epoch", h.id, sizeof(h.id), info));
	RETURN_IF(get_subject(t, h.subject, info));
	RETURN_IF(text_get_hex(t, "subject-sha256", h.subject_sha256,
	    sizeof(h.subject_sha256), info));
	if (clock_parse_day(bytes_str(text_get(t, "day")), &h.day) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0,
		    "day: not a day like 2020-04-01");
	RETURN_IF(epoch_head_check(&h, info));
	*ret = h;
	return ERR_OK;
}

void
epoch_head_put(struct text_writer *w, const struct epoch_head *h)
{
	char day[CLOCK_DAY_LEN + 1];

	clock_format_day(h->day, day);
	text_put(w, "kind", epoch_kind_name(h->kind));
	text_put(w, "owner", h->owner);
	text_put_hex(w, "epoch", h->id, sizeof(h->id));
	text_put(w, "subject", h->subject);
	text_put_hex(w, "subject-sha256", h->subject_sha256,
	    sizeof(h->subject_sha256));
	text_put(w, "day", day);
}
