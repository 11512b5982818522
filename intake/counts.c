/* intake/counts.c - sums over batches. */
#include "intake/counts.h"

void
intake_counts_add(struct intake_counts *c, const struct intake_batch *batch)
{
	size_t i;

	c->lines += batch->lines;
	c->bad += batch->bad_len;
	for (i = 0; i < batch->events_len; i++) {
		enum intake_type type = batch->events[i].type;

		c->responses += type == INTAKE_RESPONSE;
		c->consents += type == INTAKE_CONSENT;
		c->withdrawals += type == INTAKE_WITHDRAWAL;
	}
	for (i = 0; i < batch->bad_len; i++)
		c->reasons[batch->bad[i].reason]++;
}
