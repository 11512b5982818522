#include "exporters/bundle_internal.h"

#include <stdio.h>
#include <string.h>

#include "exporters/tar.h"
#include "keys/names.h"

/* docs/FORMATS.md section 9.  A name with `*` stands for one of each seat. */
static const struct place {
	const char *name;
	enum bundle_place kind;
} places[] = {
	{BUNDLE_README, BUNDLE_LISTED},
	{BUNDLE_STATEMENT, BUNDLE_LISTED},
	{"request.txt", BUNDLE_LISTED},
	{"request.txt.sig", BUNDLE_LISTED},
	{"plan.txt", BUNDLE_LISTED},
	{"plan.txt.sig", BUNDLE_LISTED},
	{"approvals/*", BUNDLE_LISTED},
	{"disclosure.txt", BUNDLE_LISTED},
	{"disclosure.json", BUNDLE_LISTED},
	{"disclosure.svg", BUNDLE_LISTED},
	{BUNDLE_PAYLOAD, BUNDLE_LISTED},
	{"trust/allowed_signers", BUNDLE_LISTED},
	{"trust/ledger.vkey", BUNDLE_LISTED},
	{"trust/witness-policy", BUNDLE_LISTED},
	{BUNDLE_SUMS, BUNDLE_UNLISTED},
	{BUNDLE_SUMS ".sig", BUNDLE_UNLISTED},
	{BUNDLE_SUMS ".entry", BUNDLE_UNLISTED},
	{BUNDLE_SUMS ".tlog-proof", BUNDLE_UNLISTED},
	{"release/*", BUNDLE_UNLISTED},
};

/* Files of one seat, in their order. */
static const char *const approval_files[] = {
	".txt", ".txt.sig", ".entry", ".tlog-proof"
};
static const char *const release_files[] = {".sig"};

/* Where a name stands: its place, and there its seat and file. */
struct position {
	size_t place;
	struct bytes seat;
	size_t file;
};

/* ${name} behind `approvals/` or `release/` is SEAT and one of ${files}. */
static int
split_seat(const char *name, const char *const *files, size_t count,
    struct position *ret)
{
	const char *dot = strchr(name, '.');
	size_t i;

	if (dot == NULL)
		return 0;
	ret->seat = bytes_of(name, (size_t)(dot - name));
	for (i = 0; i < count; i++)
		if (strcmp(dot, files[i]) == 0) {
			ret->file = i;
			return names_is_word(ret->seat);
		}
	return 0;
}

static int
matches(size_t place, const char *name, struct position *ret)
{
	const char *pattern = places[place].name;
	size_t len = strlen(pattern);

	ret->place = place;
	ret->seat = bytes_of(NULL, 0);
	ret->file = 0;
	if (pattern[len - 1] != '*')
		return strcmp(name, pattern) == 0;
	if (strncmp(name, pattern, len - 1) != 0)
		return 0;
	return pattern[0] == 'a' ?
	    split_seat(name + len - 1, approval_files,
	    ARRAY_LEN(approval_files), ret) :
	    split_seat(name + len - 1, release_files,
	    ARRAY_LEN(release_files), ret);
}

static int
find(const char *name, struct position *ret)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(places); i++)
		if (matches(i, name, ret))
			return 1;
	return 0;
}

enum bundle_place
bundle_place_of(const char *name)
{
	struct position p;

	return find(name, &p) ? places[p.place].kind : BUNDLE_UNKNOWN;
}

static int
compare_seats(struct bytes a, struct bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n == 0 ? 0 : memcmp(a.data, b.data, n);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

int
bundle_order(const char *a, const char *b)
{
	struct position x, y;
	int order;

	MUST_HOLD(find(a, &x) && find(b, &y));
	if (x.place != y.place)
		return x.place < y.place ? -1 : 1;
	if ((order = compare_seats(x.seat, y.seat)) != 0)
		return order;
	return (x.file > y.file) - (x.file < y.file);
}

int
bundle_is_folder(const char *name)
{
	return strcmp(name, "approvals") == 0 || strcmp(name, "trust") == 0 ||
	    strcmp(name, "release") == 0;
}

/* All files of the seat ${p} is of. */
static enum err
seat_complete(const struct sums *listed, const struct position *p,
    struct err_info *info)
{
	char name[TAR_NAME_MAX];
	size_t i;

	for (i = 0; i < ARRAY_LEN(approval_files); i++) {
		(void)snprintf(name, sizeof(name), "approvals/%.*s%s",
		    (int)p->seat.len, (const char *)p->seat.data,
		    approval_files[i]);
		if (sums_find(listed, name) == NULL)
			return err_at(info, ERR_NOT_FOUND, 0, "%s is missing",
			    name);
	}
	return ERR_OK;
}

enum err
bundle_complete(const struct sums *listed, struct err_info *info)
{
	size_t i, seats = 0;
	struct position p;

	for (i = 0; i < ARRAY_LEN(places); i++)
		if (places[i].kind == BUNDLE_LISTED &&
		    strchr(places[i].name, '*') == NULL &&
		    sums_find(listed, places[i].name) == NULL)
			return err_at(info, ERR_NOT_FOUND, 0, "%s is missing",
			    places[i].name);
	for (i = 0; i < listed->len; i++) {
		if (!find(listed->entries[i].name, &p) ||
		    places[p.place].kind != BUNDLE_LISTED)
			return err_at(info, ERR_UNKNOWN, 0,
			    "%s is no part of a bundle",
			    listed->entries[i].name);
		if (p.seat.len == 0)
			continue;
		seats++;
		RETURN_IF(seat_complete(listed, &p, info));
	}
	return seats > 0 ? ERR_OK : err_at(info, ERR_NOT_FOUND, 0,
	    "approvals are missing");
}
