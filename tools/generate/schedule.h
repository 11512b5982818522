/* tools/generate/schedule.h - who answers when.
 *
 * Persons are numbered in the order of their first day, many at the start and
 * fewer later; follow-ups come each week after.  Days come in order; within a
 * day first replies stand before follow-ups and these before withdrawals.
 */
#ifndef AZUKARI_TOOLS_GENERATE_SCHEDULE_H
#define AZUKARI_TOOLS_GENERATE_SCHEDULE_H

#include <stdint.h>

#define SCHEDULE_DAYS_MAX 3660

struct schedule {
	int32_t first_day;
	unsigned days;
	uint64_t starts[SCHEDULE_DAYS_MAX + 1];  /* first person of each day */
};

/* As many persons as will give about ${responses} replies when each goes on
 * answering weekly with ${follow_up} per million. */
void schedule_make(struct schedule *s, int32_t first_day, unsigned days,
    uint64_t responses, uint32_t follow_up);

#endif
