/* vault/store_respondent.h - respondents: tag to dense number, consent state.
 *
 * One packed entry per respondent, in blocks, so that an export reads all of
 * them in one pass.  The entry is an index: the consent that counts is sealed
 * with each answer; here stand what is in force now and, apart, every scope
 * that was withdrawn and when.
 *
 * New respondents are made in two steps, because their keys must be durable
 * in erase.db first:
 *   store_respondent_find    all numbers of a batch, new ones assigned
 *   erase_add                keys of the new ones, committed
 *   store_respondent_add     in the store's transaction
 */
#ifndef AZUKARI_VAULT_STORE_RESPONDENT_H
#define AZUKARI_VAULT_STORE_RESPONDENT_H

#include <stdint.h>

#include "core/err.h"
#include "vault/store.h"

#define STORE_TAG_LEN 32        /* in memory; see store_tag_fit */
#define STORE_TEXT_LEN 32       /* SHA256 of a consent text */
#define STORE_RESPONDENTS_MAX 16000000u

enum store_respondent_state {
	STORE_ACTIVE = 0,
	STORE_STOPPING = 1,     /* all withdrawn; key deleted when hold ends */
	STORE_ERASED = 2,       /* key deleted (or about to be) */
	STORE_STOP_LISTED = 3,  /* erased for good; nothing more is taken in */
};

#define STORE_SCOPE_SUPPORT 1
#define STORE_SCOPE_RESEARCH 2
#define STORE_SCOPE_RECONTACT 4
#define STORE_SCOPE_ALL 128

struct store_consent {
	uint8_t text[STORE_TEXT_LEN];
	uint8_t scopes;                 /* in force; 0: none */
	uint32_t given_unix_s;
};

struct store_respondent {
	uint32_t number;                /* from 0, dense */
	uint16_t generation;            /* from 1; of the key now in use */
	uint8_t state;                  /* enum store_respondent_state */
	uint8_t fresh;                  /* not in the store yet */
	struct store_consent consent;   /* in force now */
};

/* As this store keeps tags: of a full one (record_tag) the first half, then
 * zero bytes; whole in a store made before (docs/FORMATS.md 5).  Everything
 * that is done with a tag, sealing included, is done with what this leaves. */
void store_tag_fit(const struct store *s, uint8_t tag[STORE_TAG_LEN]);

/* Numbers and states of ${len} tags (32 bytes each, one behind the other, in
 * any order, repeats allowed) into ${ret}[i].  Unknown tags get the next
 * numbers, fresh = 1, generation 1, the same number for a repeated tag.
 * ${ret_first}: the number all fresh ones begin with, ${ret_count}: how many.
 * Nothing is written; the numbers hold until the next find.  ERR_LIMIT above
 * STORE_RESPONDENTS_MAX. */
enum err store_respondent_find(struct store *s,
    const uint8_t *tags, size_t len,
    struct store_respondent *ret, uint32_t *ret_first,
    uint32_t *ret_count) MUST_USE;

/* The same for one tag that must be known; ERR_NOT_FOUND. */
enum err store_respondent_get(struct store *s,
    const uint8_t tag[STORE_TAG_LEN], struct store_respondent *ret) MUST_USE;
/* By number; also its tag. */
enum err store_respondent_get_number(struct store *s, uint32_t number,
    struct store_respondent *ret, uint8_t ret_tag[STORE_TAG_LEN]) MUST_USE;

/* Transaction: insert the fresh ones of the last find, without consent.
 * ERR_STATE when the store moved since. */
enum err store_respondent_add(struct store *s) MUST_USE;

/* Transaction: new consents of active respondents (those of others are passed
 * over: an erased one is revived first).  One is kept only where it was not
 * given before the one in force and not before a withdrawal of all its scopes.
 * Scopes withdrawn later than it was given stay out.  Several for one number:
 * the order given is the order they came in. */
struct store_consent_change {
	uint32_t number;
	struct store_consent consent;
};
enum err store_respondent_consent(struct store *s,
    const struct store_consent_change *changes, size_t len) MUST_USE;

/* Transaction: a withdrawal, at once.  ${scopes} with STORE_SCOPE_ALL makes an
 * active respondent STOPPING until ${hold_until}; ${permanent} is kept for the
 * erasure.  ${act} is a stop act of this store. */
struct store_withdrawal {
	uint32_t number;
	uint8_t scopes;
	uint8_t permanent;
	int64_t at_unix_s;              /* its own time */
	int64_t noted_unix_s;           /* when it is taken in: now */
	int64_t hold_until_unix_s;
	int64_t act;
};
enum err store_respondent_withdraw(struct store *s,
    const struct store_withdrawal *w) MUST_USE;

/* Respondents whose hold ended at or before ${now} (INT64_MAX: all that are
 * stopping), in order of number. */
typedef enum err (*store_number_fn)(void *ctx, uint32_t number);
enum err store_respondent_each_stopping(struct store *s, int64_t now_unix_s,
    store_number_fn each, void *ctx) MUST_USE;
/* Transaction: mark erased (stop-listed where permanent was asked).  Their
 * keys are deleted next (erase_delete); start-up repeats what stopped between,
 * from store_respondent_each_erased. */
enum err store_respondent_erase(struct store *s, const uint32_t *numbers,
    size_t len, int64_t act) MUST_USE;
enum err store_respondent_each_erased(struct store *s, store_number_fn each,
    void *ctx) MUST_USE;
/* By the time they were taken in, whatever their own time:
 * how many withdrawals of all scopes since ${since}, for the rate alarm; */
enum err store_respondent_withdrawn_since(struct store *s, int64_t since_unix_s,
    uint64_t *ret) MUST_USE;
/* is there any withdrawal at all since ${since}; */
enum err store_respondent_any_withdrawn_since(struct store *s,
    int64_t since_unix_s, int *ret) MUST_USE;
/* did this respondent withdraw one of ${scopes} (or all) since ${since}. */
enum err store_respondent_withdrew_since(struct store *s, uint32_t number,
    uint8_t scopes, int64_t since_unix_s, int *ret) MUST_USE;

/* Transaction: an erased one consents again.  Raises the generation, whose
 * key must be durable in erase.db (erase_add of that generation).  ERR_STATE
 * unless erased; ERR_REFUSED when stop-listed. */
enum err store_respondent_revive(struct store *s, uint32_t number) MUST_USE;

/* Last withdrawal of each scope (unix s, 0: never), for one respondent. */
struct store_withdrawn {
	uint32_t number;
	uint32_t support_unix_s, research_unix_s, recontact_unix_s;
};
enum err store_respondent_withdrawn(struct store *s, uint32_t number,
    struct store_withdrawn *ret) MUST_USE;
/* The same of everybody who withdrew anything, in order of number. */
typedef enum err (*store_withdrawn_fn)(void *ctx,
    const struct store_withdrawn *w);
enum err store_respondent_each_withdrawn(struct store *s,
    store_withdrawn_fn each, void *ctx) MUST_USE;

#endif
