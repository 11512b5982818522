/* keys/epoch_internal.h - what epoch.txt, share texts and arrangements have in
 * common: the labels of an epoch, and the lines of its seats. */
#ifndef AZUKARI_KEYS_EPOCH_INTERNAL_H
#define AZUKARI_KEYS_EPOCH_INTERNAL_H

#include "core/text.h"
#include "keys/age.h"
#include "keys/epoch.h"

/* The first six keys of epoch.txt and of a share text. */
#define EPOCH_HEAD_KEYS \
	"kind", "owner", "epoch", "subject", "subject-sha256", "day"
struct epoch_head {
	enum epoch_kind kind;
	char owner[NAMES_OWNER_LEN + 1];
	uint8_t id[EPOCH_ID_LEN];
	char subject[EPOCH_SUBJECT_MAX + 1];
	uint8_t subject_sha256[DIGEST_LEN];
	int32_t day;
};

/* Names, subject and kind fit together: ERR_SYNTAX, ERR_MISMATCH. */
enum err epoch_head_check(const struct epoch_head *h,
    struct err_info *info) MUST_USE;
enum err epoch_head_get(const struct text *t, struct epoch_head *ret,
    struct err_info *info) MUST_USE;
void epoch_head_put(struct text_writer *w, const struct epoch_head *h);

/* Copies ${value} if it is an owner or a word; ERR_SYNTAX naming ${key}. */
enum err epoch_head_owner(const struct text *t, const char *key,
    char ret[NAMES_OWNER_LEN + 1], struct err_info *info) MUST_USE;
enum err epoch_head_word(const struct text *t, const char *key,
    char ret[NAMES_WORD_MAX + 1], struct err_info *info) MUST_USE;

/* The lines of the lists (NULL: none); read ones are added to ${ret}.
 * ERR_SYNTAX, ERR_DUPLICATE, ERR_LIMIT, ERR_MISMATCH (kind). */
void epoch_lists_put(struct text_writer *w, const struct epoch_lists *l);
enum err epoch_lists_get(const struct text *t, enum epoch_kind kind,
    struct epoch_lists *ret, struct err_info *info) MUST_USE;

/* epoch.txt of ${e} (whose sha256 is not used), appended; and its labels. */
enum err epoch_text_write(const struct epoch *e, struct buf *out,
    struct err_info *info) MUST_USE;
void epoch_text_head(const struct epoch *e, struct epoch_head *ret);

/* Keys `threshold` and `seats`: 1 <= t <= n <= 16. */
enum err epoch_seats_get_counts(const struct text *t, unsigned *ret_threshold,
    size_t *ret_seats, struct err_info *info) MUST_USE;
/* Keys `charter-sha256`, `threshold`, `seats`, `share-#`. */
enum err epoch_seats_get(const struct text *t, struct epoch_seats *ret,
    struct err_info *info) MUST_USE;
void epoch_seats_put_counts(struct text_writer *w,
    const struct epoch_seats *seats);
void epoch_seats_put_lines(struct text_writer *w,
    const struct epoch_seats *seats);

/* Recipients of a seat of a checked roster: 1, or 2 with a spare. */
enum err epoch_seat_recipients(const struct epoch_seat *seat,
    struct age_recipient ret[AGE_RECIPIENTS_MAX], size_t *ret_len) MUST_USE;

#endif
