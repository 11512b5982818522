/* app/ops/officer_memory.h - what an officer's machine remembers
 * (docs/FORMATS.md 8.10).
 *
 * No secrets, but whoever can change it can make the officer forget: it is
 * kept in a folder of mode 0700 and read strictly.
 */
#ifndef AZUKARI_APP_OPS_OFFICER_MEMORY_H
#define AZUKARI_APP_OPS_OFFICER_MEMORY_H

#include "app/consistency.h"
#include "core/fs.h"
#include "keys/bech32.h"
#include "keys/digest.h"
#include "keys/identity.h"

#define OFFICER_MEMORY_PLAN_MAX 64
#define OFFICER_MEMORY_PLANS_MAX 8192

struct officer_memory_plan {
	char id[OFFICER_MEMORY_PLAN_MAX + 1];
	uint8_t sha256[DIGEST_LEN];
	char recipient[BECH32_RECIPIENT_LEN + 1];
};

/* Zeroed is empty. */
struct officer_memory {
	char dir[FS_PATH_MAX];
	char owner[3];
	char origin[NOTE_KEY_NAME_MAX + 1];     /* "" before the first */
	struct consistency_point last;          /* size 0: none yet */
	struct consistency_points older;        /* trees that are in it */
	struct officer_memory_plan *plans;      /* answered; oldest first */
	size_t plans_len;
	struct buf charter, checkpoint, last_plan;      /* empty: none */
};
void officer_memory_release(struct officer_memory *m);  /* CLEANUP-able */

/* What is remembered for ${id} and ${owner} under ${state_dir}; nothing is a
 * fresh start.  ERR_CORRUPT with ${info} naming the file. */
enum err officer_memory_load(const char *state_dir, const struct identity *id,
    const char *owner, struct officer_memory *ret,
    struct err_info *info) MUST_USE;

/* Write what changed; each file is replaced whole, the newest last. */
enum err officer_memory_save(const struct officer_memory *m,
    struct err_info *info) MUST_USE;

/* The tree of ${now} was shown to extend those of ${proven}: it is the last
 * one, unless an older one is meant, which is known already. */
enum err officer_memory_saw(struct officer_memory *m,
    const struct checkpoint *now, struct bytes note,
    const struct consistency_points *proven) MUST_USE;

/* Does ${now}, proven to extend ${proven}, go together with what was seen?
 * ERR_ROLLBACK: another ledger under the same name; ERR_STATE: not proven. */
enum err officer_memory_fits(const struct officer_memory *m,
    const struct checkpoint *now,
    const struct consistency_points *proven) MUST_USE;

/* ERR_EXISTS: the recipient is of another plan answered here; ERR_MISMATCH:
 * the plan's number is of another text. */
enum err officer_memory_plan_fits(const struct officer_memory *m,
    const struct officer_memory_plan *plan) MUST_USE;
/* Once; the oldest is forgotten when there are too many. */
enum err officer_memory_plan_add(struct officer_memory *m,
    const struct officer_memory_plan *plan) MUST_USE;

#endif
