/* app/ops/ledger_year.h - what happened in a period, as the ledger tells it.
 *
 * For the auditor's year: releases by partner and people, approvals by seat and
 * how long they took, what was refused, recalled, changed, owed and destroyed.
 * At home names and numbers of people come from the documents; of a copy only
 * what entries say.
 */
#ifndef AZUKARI_APP_OPS_LEDGER_YEAR_H
#define AZUKARI_APP_OPS_LEDGER_YEAR_H

#include "app/home.h"
#include "ledger/entry.h"
#include "ledger/log.h"

#define LEDGER_YEAR_PEOPLE_MAX 24
#define LEDGER_YEAR_ROWS_MAX 100000

struct ledger_year_args {
	struct home *home;      /* NULL: a copy */
	struct log *log;
	const char *owner;      /* NULL: all */
	int32_t first_day, last_day;    /* JST, both included */
	int64_t now_unix_s;
};

struct ledger_year_release {
	char export[REGISTER_NAME_MAX + 1], owner[3];
	char partner[REGISTER_NAME_MAX + 1];    /* "": not known */
	char people[LEDGER_YEAR_PEOPLE_MAX];    /* as in the statement; "" */
	int64_t released_unix_s, receipt_unix_s, destroyed_unix_s;
	int64_t recalled_unix_s;
	int32_t destroy_until;                  /* day; 0: not known */
};

struct ledger_year_seat {
	char owner[3], seat[REGISTER_NAME_MAX + 1];
	uint64_t approvals, denials, revocations;
	int64_t total_s, longest_s;     /* from plan to approval */
};

struct ledger_year_event {
	enum entry_kind kind;
	char owner[3];
	char what[96];                  /* "2", "a", "keio", "EXP-2026-0001" */
	char plan[REGISTER_NAME_MAX + 1];       /* that it is about; "" */
	int64_t at_unix_s;
};

/* A notice to a partner, and whether its answer came. */
struct ledger_year_notice {
	char owner[3], partner[REGISTER_NAME_MAX + 1];
	char number[24], sha256[65];
	int64_t at_unix_s, answered_unix_s;     /* 0: not yet */
};

struct ledger_year {
	uint64_t entries;               /* in the period */
	uint64_t kinds[ENTRY_KINDS];    /* by kind, in the period */
	struct ledger_year_release *releases;   /* all until the last day */
	size_t releases_len;
	struct ledger_year_seat *seats;
	size_t seats_len;
	struct ledger_year_event *events;       /* changes, stops, notices */
	size_t events_len;
	struct ledger_year_notice *notices;     /* all until the last day */
	size_t notices_len;
};
void ledger_year_release(struct ledger_year *y);        /* CLEANUP-able */

/* `2026-04..2027-03` as days; ERR_SYNTAX, ERR_RANGE. */
enum err ledger_year_period(const char *text, int32_t *ret_first,
    int32_t *ret_last) MUST_USE;

/* Walk the ledger.  ERR_SYNTAX, ERR_UNKNOWN with a sentence where it is not one
 * of ours; ERR_CORRUPT as log_each; ERR_LIMIT above
 * LEDGER_YEAR_ROWS_MAX rows of a kind. */
enum err ledger_year_read(const struct ledger_year_args *args,
    struct ledger_year *ret, struct outcome *o) MUST_USE;

#endif
