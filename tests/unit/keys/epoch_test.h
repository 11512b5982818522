/* An owner with seats, and epochs dealt to them, for the tests of shares. */
#ifndef AZUKARI_TESTS_UNIT_KEYS_EPOCH_TEST_H
#define AZUKARI_TESTS_UNIT_KEYS_EPOCH_TEST_H

#include "tests/unit/keys/seats_test.h"

#include "keys/age.h"
#include "keys/epoch.h"
#include "keys/share.h"

#define WORLD_SEATS 16

/* Seats with their secrets; the strings a roster borrows. */
struct world {
	struct epoch_roster roster;
	struct secret *secret[WORLD_SEATS];
	char name[WORLD_SEATS][NAMES_WORD_MAX + 1];
	char age[WORLD_SEATS][BECH32_RECIPIENT_LEN + 1];
};

static inline void
world_release(struct world *w)
{
	for (size_t i = 0; i < WORLD_SEATS; i++)
		secret_free(w->secret[i]);
}

/* ${n} seats named PREFIX-1, ..., with x from ${x} on. */
static inline void
world_init(struct world *w, const char *prefix, unsigned t, size_t n,
    uint8_t x)
{
	memset(w, 0, sizeof(*w));
	w->roster.threshold = t;
	w->roster.len = n;
	for (size_t i = 0; i < n; i++) {
		struct age_recipient r;

		assert_ok(age_secret_new(&w->secret[i]));
		assert_ok(age_secret_recipient(w->secret[i], &r));
		bech32_encode_recipient(r.key, w->age[i]);
		(void)snprintf(w->name[i], sizeof(w->name[i]), "%s-%zu",
		    prefix, i + 1);
		w->roster.seat[i] = (struct epoch_seat){
			.name = w->name[i], .age = w->age[i],
			.x = (uint8_t)(x + i),
		};
	}
}

static inline struct epoch_facts
world_facts(void)
{
	struct epoch_facts f = {
		.kind = EPOCH_KIND_EPOCH, .owner = "14",
		.subject = "survey corona 1",
		.opened_unix_s = 1585278000,    /* 2020-03-27 12:00 in Japan */
	};

	for (uint8_t i = 0; i < EPOCH_ID_LEN; i++)
		f.id[i] = i;
	memset(f.subject_sha256, 0x5a, DIGEST_LEN);
	memset(f.charter_sha256, 0xc4, DIGEST_LEN);
	return f;
}

/* An open with the secret of seat ${i}. */
static inline enum err
world_open(const struct world *w, size_t i, struct bytes file,
    struct buf *out)
{
	const struct secret *const ids[] = {w->secret[i]};
	const struct age_keys keys = {
		.identities = ids, .identities_len = 1,
	};

	return share_open(&keys, file, out);
}

/* An epoch with its key and the opened share texts. */
struct opened {
	struct secret *ek;
	struct epoch_dealt dealt;
	struct buf text[WORLD_SEATS];
};

static inline void
opened_release(struct opened *o)
{
	secret_free(o->ek);
	epoch_dealt_release(&o->dealt);
	for (size_t i = 0; i < WORLD_SEATS; i++)
		buf_release(&o->text[i]);
}

static inline void
opened_init(struct opened *o, const struct world *w,
    const struct epoch_facts *facts)
{
	memset(o, 0, sizeof(*o));
	assert_ok(secret_new_random(EPOCH_KEY_LEN, &o->ek));
	assert_ok(epoch_deal(o->ek, facts, &w->roster, &o->dealt, NULL));
	for (size_t i = 0; i < w->roster.len; i++)
		assert_ok(world_open(w, i, bytes_buf(&o->dealt.file[i]),
		    &o->text[i]));
}

/* Combine the shares whose bits are set. */
static inline enum err
opened_combine(const struct opened *o, const struct epoch *epoch,
    unsigned set, uint8_t ret[EPOCH_KEY_LEN], struct err_info *info)
{
	struct bytes texts[WORLD_SEATS];
	struct share_set s = {.epoch = epoch, .texts = texts};

	for (size_t i = 0; i < WORLD_SEATS; i++)
		if (set & (1u << i))
			texts[s.len++] = bytes_buf(&o->text[i]);
	return share_combine_into(&s, ret, info);
}

#endif
