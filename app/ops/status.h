/* app/ops/status.h - how a gateway stands, in numbers. */
#ifndef AZUKARI_APP_OPS_STATUS_H
#define AZUKARI_APP_OPS_STATUS_H

#include "app/home.h"
#include "vault/register_plan.h"

#define STATUS_OWNERS_MAX 47

struct status_owner {
	struct register_owner owner;
	unsigned seats, threshold;      /* 0: its charter is not in force */
	uint64_t charter_version;       /* 0: none */
	uint64_t policy_version;        /* 0: none */
	struct store_counts counts;
	uint64_t batches;
	uint64_t plans_waiting, plans_started;
	uint64_t plans_outdated;        /* of these: of an earlier version */
	uint64_t exports[REGISTER_EXPORT_FAILED + 1];   /* by state */
	uint64_t bytes_waiting;         /* built ones that wait for byte release */
	uint64_t open_duties[REGISTER_DUTY_NOTICE + 1]; /* by kind */
	uint64_t overdue[REGISTER_DUTY_NOTICE + 1];     /* of these */
	uint64_t drills_due;            /* seats */
	uint64_t erasures_due;          /* their hold is over */
};

struct status {
	struct status_owner owners[STATUS_OWNERS_MAX];
	size_t len;
	uint64_t ledger_size;
};

/* Fill ${ret}, with all owners or ${owner} alone (may be NULL).  What needs a
 * person is said in h->outcome, as warnings: among it seats whose keys have
 * shown nothing for more than DRILL_DUE_DAYS (drill.h). */
enum err status_load(struct home *h, const char *owner,
    struct status *ret) MUST_USE;

#endif
