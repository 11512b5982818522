/* app/serve/line_run_internal.h - between line_run.c and line_batch.c. */
#ifndef AZUKARI_APP_SERVE_LINE_RUN_INTERNAL_H
#define AZUKARI_APP_SERVE_LINE_RUN_INTERNAL_H

#include "app/serve/line_internal.h"
#include "core/clock.h"
#include "keys/record.h"

/* An event of the batch. */
struct line_item {
	const struct line_event *ev;
	struct line_request *request;
	size_t arrival;
	uint8_t tag[RECORD_TAG_LEN];
	uint8_t message[RECORD_MESSAGE_LEN];
	int has_message;
	int seen, unsent;
	size_t first, count;            /* of the given events that are its */
	struct buf said;                /* messages for the reply; empty: none */
	struct line_entry *entry;       /* NULL: no turn was taken */
};

/* Close the run's epochs; the next batch begins others. */
void line_run_end(struct line_run *r);

#endif
