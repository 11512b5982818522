/* survey/account.h - the LINE accounts of spring 2020, with their start days.
 *
 * The owner of an answer is the prefecture whose account took it in at that
 * time, not the one of the resident's postcode.  Residents of prefectures
 * without an account of their own used Kanagawa's, which was open to all 47;
 * those records stay Kanagawa's when the prefecture opens its own later.
 */
#ifndef AZUKARI_SURVEY_ACCOUNT_H
#define AZUKARI_SURVEY_ACCOUNT_H

#include <stdint.h>

#include "survey/prefecture.h"

#define ACCOUNT_KANAGAWA 14

enum account_flag {
	ACCOUNT_IN_LIST_OF_19 = 1,  /* named in the list of 2020-03-30, noon */
	ACCOUNT_START_BY = 2,       /* began on or before `start_day`, day unknown */
	ACCOUNT_SERVES_ALL = 4,     /* open to residents of all prefectures */
	ACCOUNT_JOINT = 8,          /* run together with a city */
	ACCOUNT_SOURCE_DISCREPANCY = 16, /* sources contradict each other: note */
	ACCOUNT_OTHER_SERVICE = 32, /* another service under another name */
};

struct account {
	uint8_t prefecture;       /* row label in the source: its owner */
	int32_t start_day;        /* JST day number (core/clock.h) */
	int32_t start_earliest;   /* equal to start_day where it is known */
	unsigned flags;
	const char *display_name; /* as printed; NULL where not seen */
	const char *note;         /* NULL or one English sentence */
};

/* All accounts by start day; ${ret_len} of them, static. */
const struct account *account_list(size_t *ret_len);

/* The account of ${prefecture} itself; NULL when it had none. */
const struct account *account_of(unsigned prefecture);

/* Whose account served residents of ${prefecture} on ${day}: its own from its
 * start day on, before that Kanagawa's; 0 when there was none yet, or when
 * ${prefecture} is none. */
unsigned account_owner_at(unsigned prefecture, int32_t day);

#endif
