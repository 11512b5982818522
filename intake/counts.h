/* intake/counts.h - what a run took in, for reports and dry runs. */
#ifndef AZUKARI_INTAKE_COUNTS_H
#define AZUKARI_INTAKE_COUNTS_H

#include "intake/event.h"

struct intake_counts {
	uint64_t lines;
	uint64_t responses, consents, withdrawals;
	uint64_t bad;
	uint64_t reasons[INTAKE_REASON_COUNT];
};

/* Add what ${batch} holds. */
void intake_counts_add(struct intake_counts *c, const struct intake_batch *batch);

#endif
