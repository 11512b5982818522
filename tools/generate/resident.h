/* tools/generate/resident.h - a made-up person, and what they answer.
 *
 * Shares follow the published marginals of the surveys of spring 2020 (see
 * docs/synthetic.md); every person is drawn from (seed, owner, number) alone,
 * so that any of them can be made again without the others.
 */
#ifndef AZUKARI_TOOLS_GENERATE_RESIDENT_H
#define AZUKARI_TOOLS_GENERATE_RESIDENT_H

#include <stdint.h>

#define RESIDENT_NONE (-1)

/* Positions in the survey's lists of options. */
enum { SYMPTOM_NONE = 8, SYMPTOM_REFUSED = 9 };
enum { ILLNESS_NONE = 8, ILLNESS_REFUSED = 9 };
enum { WORRY_NONE = 5 };

struct resident_rates {
	uint64_t seed;
	unsigned owner;
	uint32_t follow_up, withdrawal, no_consent;  /* per million */
};

/* What becomes of a person: cheap, as it is asked again on later days. */
struct resident_plan {
	unsigned follow_ups;        /* weekly, at most */
	unsigned withdraws_after;   /* days; 0: never */
	int withdraws_all, permanent;
	int gives_research, gives_support;
};

struct resident {
	char id[34];                /* "U" and 32 hex digits */
	int home;                   /* prefecture */
	int age, sex;               /* sex: 1, 2, 3 */
	int32_t postcode;           /* RESIDENT_NONE: not told */
	int32_t municipality;
	int quits;                  /* stops at the postcode question */
	int occupation;             /* position of the code, 0-14 */
	uint32_t illnesses;         /* bits by position */
};

struct resident_reply {
	int condition;              /* 1-5 */
	uint32_t symptoms;          /* bits by position */
	int onset_days_ago;         /* RESIDENT_NONE: not asked */
	int fever_days, temperature; /* tenths of a degree */
	int travel, contact, consulted;   /* the codes' digits */
	uint32_t prevention, worries;
	int change;                 /* follow-ups: 1-3 */
	int temperature_now, breath, fluids;
	int advice;                 /* 0-3 */
};

void resident_plan(const struct resident_rates *rates, uint64_t number,
    struct resident_plan *ret);
void resident_make(const struct resident_rates *rates, uint64_t number,
    int32_t day, struct resident *ret);

/* Reply ${round} (0: the first) of that person. */
void resident_reply(const struct resident_rates *rates, uint64_t number,
    const struct resident *who, unsigned round, struct resident_reply *ret);

/* Second of the day in which reply ${round} is given. */
unsigned resident_second(const struct resident_rates *rates, uint64_t number,
    unsigned round);

#endif
