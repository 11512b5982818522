/* tools/generate/schedule.c - persons per day, in whole numbers. */
#include "tools/generate/schedule.h"

#define MILLION UINT64_C(1000000)

/* New persons on day ${d}, in parts: a rush, then a long tail. */
static uint64_t
weight(unsigned d)
{
	return 40000 / (4 + d) + 200;
}

/* Replies a person of day ${d} gives until the end, per million. */
static uint64_t
replies(unsigned d, unsigned days, uint32_t follow_up)
{
	uint64_t sum = MILLION, chance = MILLION;
	unsigned week;

	for (week = 7; d + week < days && chance > 0; week += 7) {
		chance = chance * follow_up / MILLION;
		sum += chance;
	}
	return sum;
}

void
schedule_make(struct schedule *s, int32_t first_day, unsigned days,
    uint64_t responses, uint32_t follow_up)
{
	uint64_t weights = 0, expected = 0, sum = 0, persons;
	unsigned d;

	s->first_day = first_day;
	s->days = days;
	for (d = 0; d < days; d++) {
		weights += weight(d);
		expected += weight(d) * replies(d, days, follow_up);
	}
	/* At most 10^12 replies and weights of about 10^6: all fits. */
	persons = responses * MILLION / (expected / weights);
	s->starts[0] = 0;
	for (d = 0; d < days; d++) {
		sum += weight(d);
		s->starts[d + 1] = persons * sum / weights;
	}
}
