/* policy/disclosure/report.h - what the control of an export came to, for
 * people (text), machines (JSON) and at a glance (SVG); FORMATS 9.5.
 *
 * Counts come masked (mask.h): what is not shown there is shown nowhere, and a
 * figure that would give it away is written `-` (JSON: null).  Suppressed rows
 * do not leave, so every figure is over what leaves; the one other reading,
 * ARX's, in which they stand as `*` and are one group, is given beside it.
 */
#ifndef AZUKARI_POLICY_DISCLOSURE_REPORT_H
#define AZUKARI_POLICY_DISCLOSURE_REPORT_H

#include "core/buf.h"
#include "policy/disclosure/mask.h"
#include "policy/disclosure/uniqueness.h"

/* Counts of a report; the statement uses some of them too. */
enum report_count {
	REPORT_ROWS,            /* considered */
	REPORT_ROWS_OUT,
	REPORT_NO_CONSENT,      /* rows */
	REPORT_WITHDRAWN,       /* rows */
	REPORT_ROWS_SUPPRESSED,
	REPORT_PEOPLE,          /* covered by consent */
	REPORT_PEOPLE_OUT,
	REPORT_PEOPLE_SUPPRESSED,
	REPORT_AT_RISK,         /* people in a group below k, as answered */
	REPORT_SAFE,            /* the others; never written */
	REPORT_UNIQUE,          /* people alone in a group, as answered */
	REPORT_NOT_UNIQUE,      /* never written */
	REPORT_COUNTS
};

/* Groups of equal cells; a person counts once in each of theirs. */
struct report_groups {
	uint64_t groups, smallest, largest;
	uint64_t memberships;           /* sum of the sizes */
	struct uniqueness unique;       /* estimated for the population */
};

struct report_column {
	const char *field;
	const char *disclosure;         /* its class */
	const char *ladder;             /* "" where it goes as it is */
	unsigned level, from, to;
	uint64_t values, labels;        /* distinct ones, before and after */
	double loss;                    /* 0 to 1; quasi-identifying only */
	uint64_t domain;                /* values of the ladder's domain; 0: they
	                                 * cannot be listed */
	double loss_of_domain;          /* over these; else as ${loss} */
	int quasi;
};

struct report {
	const char *export_id;
	unsigned k, suppression_limit;  /* as planned; basis points */
	uint64_t k_achieved;            /* as the statement has it: of the table
	                                 * alone, consents aside */
	int joined;                     /* all answers of a person are one */
	const char *const *rules;       /* beside k, as the plan has them */
	size_t rules_len;
	uint64_t minimum_cell;
	const struct mask_count *counts;        /* REPORT_COUNTS, masked */
	struct report_groups before, after;     /* as answered; as it leaves */
	double loss, loss_of_domain;
	/* by how much less, at most, other levels of the plan lose; 0: these
	 * are proved to lose the least */
	double gap;
	const struct report_column *columns;
	size_t columns_len;
	uint64_t population;
	const char *population_source;  /* "census 2020-10-01, prefecture 14" */
	const char *dates;              /* how dates leave; "" where none do */
	const char *dates_ja;
};

/* Each appends its document; the same input gives the same bytes.  ERR_LIMIT,
 * ERR_NOMEM. */
enum err report_text(const struct report *r, struct buf *out) MUST_USE;
enum err report_json(const struct report *r, struct buf *out) MUST_USE;
enum err report_svg(const struct report *r, struct buf *out) MUST_USE;

/* ARX's Loss of one column of ${rows} rows over ${leaves} leaves, of which
 * the cells' labels cover ${covered} in all (a suppressed row covers all). */
double report_loss(double covered, double rows, double leaves);
/* And of all: the geometric mean of one plus each, less one; over the values
 * that occur, or the domains. */
double report_loss_all(const struct report_column *columns, size_t len,
    int of_domain);

#endif
