/* policy/disclosure/report_internal.h - figures the three documents share. */
#ifndef AZUKARI_POLICY_DISCLOSURE_REPORT_INTERNAL_H
#define AZUKARI_POLICY_DISCLOSURE_REPORT_INTERNAL_H

#include <stdio.h>

#include "policy/disclosure/report.h"

/* A figure, or nothing where it would give a hidden count away. */
struct report_figure {
	int shown;
	double value;
};

struct report_risks {
	struct report_figure highest, average;
	struct report_figure size;              /* average, in people */
	struct report_figure star_highest, star_average;    /* ARX's reading */
};

int report_shows(const struct report *r, enum report_count c);
struct report_risks report_risks(const struct report *r);
struct report_figure report_share(const struct report *r,
    enum report_count part, enum report_count of);
/* Unique people over the population. */
struct report_figure report_population(const struct report *r,
    const struct report_groups *g, int is_before);
/* The sample over the population. */
struct report_figure report_fraction(const struct report *r);

#endif
