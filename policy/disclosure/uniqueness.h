/* policy/disclosure/uniqueness.h - how many of the population stand alone.
 *
 * From the sizes of a sample's groups, super-population models estimate how
 * many people of the whole population share their combination with nobody:
 *
 *   Pitman   N. Hoshino, Applying Pitman's sampling formula to microdata
 *            disclosure risk assessment, 2001
 *   Zayatz   L. Zayatz, Estimation of the number of unique population elements
 *            using a sample, 1991
 *   SNB      G. Chen, S. Keller-McNulty, Estimation of identification
 *            disclosure risk in microdata, 1998 (slide negative binomial); the
 *            number of groups by Shlosser's estimator as modified by P. Haas
 *            and L. Stokes, 1998
 *
 * and the rule of F. Dankar et al., 2012, chooses among them: up to a tenth
 * sampled Pitman, or Zayatz where it has no solution; above that the smaller
 * of Zayatz and SNB.  These are estimates for a report; nothing is decided by
 * them.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_UNIQUENESS_H
#define AZUKARI_POLICY_DISCLOSURE_UNIQUENESS_H

#include <stddef.h>
#include <stdint.h>

/* So many groups of that size. */
struct uniqueness_class {
	uint64_t size, count;
};

/* Classes by rising size, each once; none may be empty. */
struct uniqueness_sample {
	const struct uniqueness_class *classes;
	size_t len;
	uint64_t population;    /* people; taken as the sample where smaller */
};

enum uniqueness_model {
	UNIQUENESS_NONE,        /* no sample unique: none is estimated */
	UNIQUENESS_PITMAN,
	UNIQUENESS_ZAYATZ,
	UNIQUENESS_SNB,
};

struct uniqueness {
	enum uniqueness_model model;    /* that the rule chose */
	double people;                  /* unique in the population */
};

void uniqueness_estimate(const struct uniqueness_sample *s,
    struct uniqueness *ret);

/* One model alone; not a number (NAN) where it has no solution. */
double uniqueness_pitman(const struct uniqueness_sample *s);
double uniqueness_zayatz(const struct uniqueness_sample *s);
double uniqueness_snb(const struct uniqueness_sample *s);

/* "Pitman", "Zayatz", "SNB", "none". */
const char *uniqueness_name(enum uniqueness_model model);

#endif
