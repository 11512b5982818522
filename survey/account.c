/* survey/account.c - the accounts as their sources have them.
 *
 * Days are written as day numbers; the macro keeps them readable: all lie in
 * 2020.  Where only "there by the list of 30 March" is known, that is the
 * start day: nothing is claimed for an account before it is known to be there.
 */
#include "survey/account.h"

#define NEW_YEAR_2020 18262
/* Day of 2020, a leap year; ${m} from 3 on (153 m' + 2) / 5 as in clock.c. */
#define DAY(m, d) \
	(NEW_YEAR_2020 + 60 + (153 * ((m) - 3) + 2) / 5 + (d) - 1)
#define LISTED ACCOUNT_IN_LIST_OF_19

static const struct account accounts[] = {
	{14, DAY(3, 5), DAY(3, 5), LISTED | ACCOUNT_SERVES_ALL,
	    "新型コロナ対策パーソナルサポート(行政)",
	    "The first account; open to residents of all 47 prefectures."},
	{23, DAY(3, 17), DAY(3, 17), LISTED, NULL, NULL},
	{25, DAY(3, 18), DAY(3, 18), LISTED, NULL, NULL},
	{26, DAY(3, 19), DAY(3, 19), LISTED, NULL, NULL},
	{11, DAY(3, 24), DAY(3, 24), LISTED, NULL,
	    "Day of the prefecture's own page about it."},
	{24, DAY(3, 24), DAY(3, 24), LISTED, NULL, NULL},
	{31, DAY(3, 25), DAY(3, 25), LISTED, NULL, NULL},
	{5, DAY(3, 27), DAY(3, 25), LISTED | ACCOUNT_START_BY, NULL,
	    "Between 25 and 27 March, by its place in the source's order."},
	{7, DAY(3, 27), DAY(3, 27), LISTED, NULL, NULL},
	{13, DAY(3, 27), DAY(3, 27), LISTED,
	    "東京都 新型コロナ対策パーソナルサポート", NULL},
	{40, DAY(3, 27), DAY(3, 27), LISTED | ACCOUNT_JOINT,
	    "福岡-新型コロナ対策パーソナルサポート",
	    "Run by the prefecture and the city of Fukuoka together."},
	{4, DAY(3, 30), DAY(3, 30), LISTED, NULL, NULL},
	{18, DAY(3, 30), DAY(3, 5), LISTED | ACCOUNT_START_BY |
	    ACCOUNT_SOURCE_DISCREPANCY,
	    "大阪府-新型コロナ対策パーソナルサポート",
	    "The source's row is labelled Fukui but prints an account name of "
	    "Osaka; the list of 30 March has Fukui and not Osaka, so the row "
	    "is read as Fukui's and the printed name is kept as it stands."},
	{20, DAY(3, 30), DAY(3, 5), LISTED | ACCOUNT_START_BY, NULL, NULL},
	{21, DAY(3, 30), DAY(3, 5), LISTED | ACCOUNT_START_BY, NULL, NULL},
	{28, DAY(3, 30), DAY(3, 5), LISTED | ACCOUNT_START_BY, NULL, NULL},
	{32, DAY(3, 30), DAY(3, 5), LISTED | ACCOUNT_START_BY, NULL, NULL},
	{37, DAY(3, 30), DAY(3, 5), LISTED | ACCOUNT_START_BY, NULL, NULL},
	{42, DAY(3, 30), DAY(3, 5), LISTED | ACCOUNT_START_BY, NULL, NULL},
	{3, DAY(4, 30), DAY(4, 30), 0,
	    "岩手県-新型コロナ対策パーソナルサポート", NULL},
	{10, DAY(7, 22), DAY(7, 22), ACCOUNT_OTHER_SERVICE,
	    "群馬県デジタル窓口",
	    "The prefecture's general account, used for this service too."},
	{9, DAY(8, 20), DAY(8, 20), 0,
	    "栃木県-新型コロナ対策パーソナルサポート", NULL},
};

const struct account *
account_list(size_t *ret_len)
{
	*ret_len = ARRAY_LEN(accounts);
	return accounts;
}

const struct account *
account_of(unsigned prefecture)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(accounts); i++)
		if (accounts[i].prefecture == prefecture)
			return &accounts[i];
	return NULL;
}

static int
has_started(unsigned prefecture, int32_t day)
{
	const struct account *a = account_of(prefecture);

	return a != NULL && day >= a->start_day;
}

unsigned
account_owner_at(unsigned prefecture, int32_t day)
{
	if (prefecture_get(prefecture) == NULL)
		return 0;
	if (has_started(prefecture, day))
		return prefecture;
	return has_started(ACCOUNT_KANAGAWA, day) ? ACCOUNT_KANAGAWA : 0;
}
