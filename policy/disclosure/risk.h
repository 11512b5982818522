/* policy/disclosure/risk.h - figures for the disclosure report.
 *
 * Journalist risk equals prosecutor risk here: the sample itself is taken as
 * the population, which never understates it.  Risks are in millionths, so
 * that the report is the same on every machine.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_RISK_H
#define AZUKARI_POLICY_DISCLOSURE_RISK_H

#include "policy/disclosure/kanon.h"

struct risk {
	uint64_t k_achieved;            /* 0 when nothing leaves */
	uint64_t groups;
	uint64_t rows, respondents;             /* that leave */
	uint64_t suppressed_rows, suppressed_respondents;
	uint64_t suppressed_basis_points;       /* of respondents, rounded up */
	uint64_t highest_ppm;           /* 1 / smallest group */
	uint64_t average_ppm;           /* expected over a random member of a
	                                 * random group: groups / members */
	uint64_t marketer_ppm;          /* expected share re-identified when all
	                                 * are attacked: equal to the average */
};

void risk_make(const struct kanon_result *k, struct risk *ret);

#endif
