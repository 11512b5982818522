/* tests/unit/vault/world.h - an owner's store with people and answers in it.
 *
 * Respondent N has a tag of 32 bytes derived from N.  Every helper asserts. */
#ifndef AZUKARI_TESTS_VAULT_WORLD_H
#define AZUKARI_TESTS_VAULT_WORLD_H

#include "tests/unit/vault/fake_grant.h"
#include "tests/unit/vault/fixture.h"

#include "keys/record.h"
#include "keys/record_plain.h"
#include "vault/erase.h"
#include "vault/reader.h"
#include "vault/store.h"
#include "vault/store_batch.h"
#include "vault/store_epoch.h"
#include "vault/store_respondent.h"
#include "vault/store_segment.h"

#define WORLD_DAY 18348                 /* 2020-03-27 */
#define WORLD_NOON 1585278000           /* 12:00 in Japan on that day */
#define WORLD_NOW (WORLD_NOON + 30 * 86400)

struct world_epoch {
	struct store_epoch row;
	struct record_epoch_keys keys;
	struct segment_builder seg;
};

struct world {
	char name[32];
	struct store *store;
	struct erase *erase;
	int64_t batch;
	struct world_epoch epochs[FAKE_EPOCHS_MAX];
	size_t epochs_len;
};

/* Files NAME-vault.db (key 1) and NAME-erase.db (key 2), owner 14. */
void world_open(struct world *w, const char *name);
void world_close(struct world *w);
void world_reopen(struct world *w);     /* closes and opens again */

/* As files were laid out before (docs/FORMATS.md 5.4), while nothing is in them
 * yet; reopens. */
void world_make_older(struct world *w);
void world_tag(unsigned who, uint8_t ret[STORE_TAG_LEN]);
/* Their number; made with a key when new. */
uint32_t world_respondent(struct world *w, unsigned who);
void world_consent(struct world *w, unsigned who, uint8_t text,
    uint8_t scopes, uint32_t given);
void world_withdraw(struct world *w, unsigned who, uint8_t scopes, int64_t at);
/* All of PROTOCOL 6: marked, deleted, confirmed; not rotated. */
void world_erase(struct world *w, unsigned who);

/* Opened and logged; ${kind} survey or register.  Its place in epochs. */
size_t world_epoch(struct world *w, enum store_epoch_kind kind);
/* Seal into an epoch's segment; world_flush inserts the segment. */
struct world_answer {
	unsigned who;
	uint8_t text, scopes;           /* text 0: no consent */
	uint32_t given, time;
	const char *packed;
};
void world_answer(struct world *w, size_t epoch,
    const struct world_answer *a);
void world_put(struct world *w, size_t epoch, struct world_answer a);
/* An answer at noon under text 1 and scope research, given in the morning; and
 * that consent in force in the index, too. */
struct world_answer world_good(unsigned who, const char *packed);
void world_consents(struct world *w, unsigned who);
void world_later_consent(struct world *w, size_t epoch, unsigned who,
    uint8_t text, uint8_t scopes, uint32_t given);
int64_t world_flush(struct world *w, size_t epoch);
void world_close_epoch(struct world *w, size_t epoch);

/* What every epoch lists: source `line`, and texts of one repeated byte 1 to 9.
 * Static. */
const struct epoch_lists *world_lists(void);

/* A grant over all closed epochs as they are now. */
void world_grant(const struct world *w, struct grant *g);
/* Text ${n} as a digest: its first byte repeated. */
void world_text(uint8_t n, uint8_t ret[32]);

enum err world_reader(struct world *w, const struct grant *g,
    unsigned threads, struct reader **ret);
/* Appends `packed;` of all answers in the order they come. */
enum err world_read_all(struct reader *r, struct buf *out);

#endif
