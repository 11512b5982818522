/* policy/disclosure/risk.c - figures for the report, in whole numbers. */
#include "policy/disclosure/risk.h"

#define PPM 1000000u

/* ${a} parts of ${b} in ${unit}ths, rounded up: a risk is never shown smaller
 * than it is. */
static uint64_t
share(uint64_t a, uint64_t b, uint64_t unit)
{
	if (b == 0)
		return 0;
	/* counts are below 2^40, so the rest times the unit fits */
	return a / b * unit + (a % b * unit + b - 1) / b;
}

void
risk_make(const struct kanon_result *k, struct risk *ret)
{
	struct risk r = {0};

	r.k_achieved = k->groups > 0 ? k->smallest : 0;
	r.groups = k->groups;
	r.rows = k->rows - k->suppressed_rows;
	r.respondents = k->respondents - k->suppressed_respondents;
	r.suppressed_rows = k->suppressed_rows;
	r.suppressed_respondents = k->suppressed_respondents;
	r.suppressed_basis_points = share(k->suppressed_respondents,
	    k->respondents, 10000);
	r.highest_ppm = share(r.groups > 0, k->smallest, PPM);
	r.average_ppm = share(k->groups, k->sum_of_sizes, PPM);
	r.marketer_ppm = r.average_ppm;
	*ret = r;
}
