#include "exporters/sums.h"

#include <stdlib.h>
#include <string.h>

#include "exporters/tar.h"

void
sums_release(struct sums *s)
{
	size_t i;

	for (i = 0; i < s->len; i++)
		free(s->entries[i].name);
	free(s->entries);
	memset(s, 0, sizeof(*s));
}

/* Where ${name} is (1), or where it belongs (0). */
static int
find(const struct sums *s, const char *name, size_t *ret_at)
{
	size_t low = 0, high = s->len, mid;
	int order;

	while (low < high) {
		mid = low + (high - low) / 2;
		order = strcmp(s->entries[mid].name, name);
		if (order == 0) {
			*ret_at = mid;
			return 1;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_at = low;
	return 0;
}

static enum err
make_room(struct sums *s)
{
	size_t cap = s->cap == 0 ? 32 : s->cap * 2;
	struct sums_entry *entries;

	if (s->len >= SUMS_ENTRIES_MAX)
		return ERR_LIMIT;
	if (s->len < s->cap)
		return ERR_OK;
	entries = reallocarray(s->entries, cap, sizeof(*entries));
	if (entries == NULL)
		return ERR_NOMEM;
	s->entries = entries;
	s->cap = cap;
	return ERR_OK;
}

enum err
sums_add(struct sums *s, const char *name, const uint8_t digest[DIGEST_LEN])
{
	struct sums_entry entry;
	size_t at;

	if (!tar_name_ok(name))
		return ERR_SYNTAX;
	if (find(s, name, &at))
		return ERR_DUPLICATE;
	RETURN_IF(make_room(s));
	if ((entry.name = strdup(name)) == NULL)
		return ERR_NOMEM;
	memcpy(entry.digest, digest, DIGEST_LEN);
	memmove(s->entries + at + 1, s->entries + at,
	    (s->len - at) * sizeof(entry));
	s->entries[at] = entry;
	s->len++;
	return ERR_OK;
}

enum err
sums_add_bytes(struct sums *s, const char *name, struct bytes bytes)
{
	uint8_t digest[DIGEST_LEN];

	digest_sha256(bytes, digest);
	return sums_add(s, name, digest);
}

const uint8_t *
sums_find(const struct sums *s, const char *name)
{
	size_t at;

	return find(s, name, &at) ? s->entries[at].digest : NULL;
}

enum err
sums_write(const struct sums *s, struct buf *out)
{
	char hex[DIGEST_HEX_LEN + 1];
	size_t i;

	for (i = 0; i < s->len; i++) {
		digest_to_hex(s->entries[i].digest, hex);
		RETURN_IF(buf_printf(out, "%s  %s\n", hex, s->entries[i].name));
	}
	return ERR_OK;
}

/* One line, which must stand behind all lines before it. */
static enum err
parse_line(struct bytes line, unsigned long number, struct sums *s,
    struct err_info *info)
{
	char name[TAR_NAME_MAX + 1];
	uint8_t digest[DIGEST_LEN];
	size_t name_len, at;

	if (line.len <= DIGEST_HEX_LEN + 2 ||
	    memcmp(line.data + DIGEST_HEX_LEN, "  ", 2) != 0 ||
	    digest_from_hex(bytes_of(line.data, DIGEST_HEX_LEN), digest) !=
	    ERR_OK)
		return err_at(info, ERR_SYNTAX, number,
		    "a line is 64 hex digits, two spaces and a name");
	name_len = line.len - DIGEST_HEX_LEN - 2;
	if (name_len > TAR_NAME_MAX ||
	    memchr(line.data, '\0', line.len) != NULL)
		return err_at(info, ERR_SYNTAX, number, "a bad file name");
	memcpy(name, line.data + DIGEST_HEX_LEN + 2, name_len);
	name[name_len] = '\0';
	if (!tar_name_ok(name))
		return err_at(info, ERR_SYNTAX, number, "a bad file name");
	if (find(s, name, &at))
		return err_at(info, ERR_DUPLICATE, number, "%s is listed twice",
		    name);
	if (at != s->len)
		return err_at(info, ERR_SYNTAX, number,
		    "%s is not in sorted order", name);
	return sums_add(s, name, digest);
}

enum err
sums_parse(struct bytes text, struct sums *ret, struct err_info *info)
{
	CLEANUP(sums_release) struct sums s = {0};
	struct bytes line;
	unsigned long number = 0;
	enum err e;

	while ((e = bytes_take_line(&text, &line)) == ERR_OK) {
		if (s.len >= SUMS_ENTRIES_MAX)
			return err_at(info, ERR_LIMIT, number,
			    "more than %d files", SUMS_ENTRIES_MAX);
		RETURN_IF(parse_line(line, ++number, &s, info));
	}
	if (e == ERR_TRUNCATED)
		return err_at(info, e, number + 1, "the last line has no end");
	if (e != ERR_NOT_FOUND)
		return e;
	sums_release(ret);
	*ret = s;
	memset(&s, 0, sizeof(s));       /* transferred */
	return ERR_OK;
}

enum err
sums_match(const struct sums *listed, const struct sums *found,
    struct err_info *info)
{
	const uint8_t *digest;
	size_t i;

	for (i = 0; i < found->len; i++)
		if (sums_find(listed, found->entries[i].name) == NULL)
			return err_at(info, ERR_UNKNOWN, 0,
			    "%s is there but not listed",
			    found->entries[i].name);
	for (i = 0; i < listed->len; i++) {
		digest = sums_find(found, listed->entries[i].name);
		if (digest == NULL)
			return err_at(info, ERR_NOT_FOUND, 0, "%s is missing",
			    listed->entries[i].name);
		if (memcmp(digest, listed->entries[i].digest, DIGEST_LEN) != 0)
			return err_at(info, ERR_MISMATCH, 0,
			    "%s has another digest than listed",
			    listed->entries[i].name);
	}
	return ERR_OK;
}
