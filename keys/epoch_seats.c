/* keys/epoch_seats.c - who holds shares: rosters, and lines of texts. */
#include <stdio.h>
#include <string.h>

#include "keys/epoch_internal.h"

const struct epoch_line *
epoch_seats_find(const struct epoch_seats *seats, const char *seat)
{
	for (size_t i = 0; i < seats->len; i++)
		if (strcmp(seats->line[i].seat, seat) == 0)
			return &seats->line[i];
	return NULL;
}

/* ---- rosters ---- */

/* Recipients seen so far, to find one that comes twice. */
struct seen {
	struct age_recipient list[2 * EPOCH_SEATS_MAX];
	size_t len;
};

static enum err
see(struct seen *seen, const char *age)
{
	struct age_recipient *r = &seen->list[seen->len];

	RETURN_IF(age_recipient_parse(bytes_str(age), r));
	for (size_t i = 0; i < seen->len; i++)
		if (age_recipient_equal(r, &seen->list[i]))
			return ERR_DUPLICATE;
	seen->len++;
	return ERR_OK;
}

static enum err
check_recipients(const struct epoch_seat *seat, struct seen *seen,
    struct err_info *info)
{
	enum err e = see(seen, seat->age);

	if (e == ERR_OK && seat->spare != NULL)
		e = see(seen, seat->spare);
	if (e == ERR_DUPLICATE)
		return err_at(info, e, 0,
		    "seat %s: its recipient is given twice", seat->name);
	if (e != ERR_OK)
		return err_at(info, e, 0,
		    "seat %s: not an age1... recipient", seat->name);
	return ERR_OK;
}

static enum err
check_seat(const struct epoch_roster *roster, size_t i, struct seen *seen,
    struct err_info *info)
{
	const struct epoch_seat *seat = &roster->seat[i];

	if (!names_is_word(bytes_str(seat->name)))
		return err_at(info, ERR_SYNTAX, 0,
		    "seat %zu: not a name (a-z, 0-9 and -)", i + 1);
	if (seat->x == 0)
		return err_at(info, ERR_RANGE, 0, "seat %s: x must not be 0",
		    seat->name);
	for (size_t j = 0; j < i; j++)
		if (strcmp(seat->name, roster->seat[j].name) == 0 ||
		    seat->x == roster->seat[j].x)
			return err_at(info, ERR_DUPLICATE, 0,
			    "seat %s: its name or its x is given twice",
			    seat->name);
	return check_recipients(seat, seen, info);
}

enum err
epoch_roster_check(const struct epoch_roster *roster, struct err_info *info)
{
	struct seen seen = {.len = 0};

	if (roster->len < 1 || roster->len > EPOCH_SEATS_MAX ||
	    roster->threshold < 1 || roster->threshold > roster->len)
		return err_at(info, ERR_RANGE, 0,
		    "threshold and seats: must be 1 <= t <= n <= %d",
		    EPOCH_SEATS_MAX);
	for (size_t i = 0; i < roster->len; i++)
		RETURN_IF(check_seat(roster, i, &seen, info));
	return ERR_OK;
}

enum err
epoch_seat_recipients(const struct epoch_seat *seat,
    struct age_recipient ret[AGE_RECIPIENTS_MAX], size_t *ret_len)
{
	RETURN_IF(age_recipient_parse(bytes_str(seat->age), &ret[0]));
	*ret_len = 1;
	if (seat->spare == NULL)
		return ERR_OK;
	RETURN_IF(age_recipient_parse(bytes_str(seat->spare), &ret[1]));
	*ret_len = 2;
	return ERR_OK;
}

/* ---- lines of a text ---- */

enum err
epoch_seats_get_counts(const struct text *t, unsigned *ret_threshold,
    size_t *ret_seats, struct err_info *info)
{
	uint64_t threshold, seats;

	RETURN_IF(text_get_uint(t, "seats", 1, EPOCH_SEATS_MAX, &seats, info));
	RETURN_IF(text_get_uint(t, "threshold", 1, seats, &threshold, info));
	*ret_threshold = (unsigned)threshold;
	*ret_seats = (size_t)seats;
	return ERR_OK;
}

/* `SEAT AGE SHA256` */
static enum err
parse_line(const char *value, struct epoch_line *ret)
{
	struct bytes rest = bytes_str(value), seat, age, sha256, more;
	uint8_t key[32];

	if (!text_list_next(&rest, &seat) || !text_list_next(&rest, &age) ||
	    !text_list_next(&rest, &sha256) || text_list_next(&rest, &more) ||
	    !names_is_word(seat) ||
	    bech32_decode_recipient(age, key) != ERR_OK ||
	    digest_from_hex(sha256, ret->share_sha256) != ERR_OK)
		return ERR_SYNTAX;
	memcpy(ret->seat, seat.data, seat.len);
	ret->seat[seat.len] = '\0';
	memcpy(ret->age, age.data, age.len);
	ret->age[age.len] = '\0';
	return ERR_OK;
}

static enum err
get_line(const struct text *t, size_t i, struct epoch_seats *seats,
    struct err_info *info)
{
	struct epoch_line *line = &seats->line[i];

	if (parse_line(text_run_get(t, "share-#", i), line) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0,
		    "share-%02zu: not SEAT AGE SHA256", i + 1);
	for (size_t j = 0; j < i; j++)
		if (strcmp(line->seat, seats->line[j].seat) == 0 ||
		    strcmp(line->age, seats->line[j].age) == 0)
			return err_at(info, ERR_DUPLICATE, 0,
			    "share-%02zu: a seat or a recipient twice", i + 1);
	return ERR_OK;
}

enum err
epoch_seats_get(const struct text *t, struct epoch_seats *ret,
    struct err_info *info)
{
	struct epoch_seats s = {0};

	RETURN_IF(text_get_hex(t, "charter-sha256", s.charter_sha256,
	    sizeof(s.charter_sha256), info));
	RETURN_IF(epoch_seats_get_counts(t, &s.threshold, &s.len, info));
	if (text_run_len(t, "share-#") != s.len)
		return err_at(info, ERR_MISMATCH, 0,
		    "share-#: not as many lines as seats");
	for (size_t i = 0; i < s.len; i++)
		RETURN_IF(get_line(t, i, &s, info));
	*ret = s;
	return ERR_OK;
}

void
epoch_seats_put_counts(struct text_writer *w, const struct epoch_seats *seats)
{
	text_put_hex(w, "charter-sha256", seats->charter_sha256,
	    sizeof(seats->charter_sha256));
	text_put_uint(w, "threshold", seats->threshold);
	text_put_uint(w, "seats", seats->len);
}

void
epoch_seats_put_lines(struct text_writer *w, const struct epoch_seats *seats)
{
	char hex[DIGEST_HEX_LEN + 1];
	char value[NAMES_WORD_MAX + BECH32_RECIPIENT_LEN + sizeof(hex) + 3];

	for (size_t i = 0; i < seats->len; i++) {
		const struct epoch_line *line = &seats->line[i];

		digest_to_hex(line->share_sha256, hex);
		(void)snprintf(value, sizeof(value), "%s %s %s", line->seat,
		    line->age, hex);
		text_put_run(w, "share-#", i, value);
	}
}
