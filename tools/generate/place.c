/* tools/generate/place.c - homes, postcodes, municipalities. */
#include "survey/account.h"
#include "tools/generate/place.h"

#define TOWNS 180               /* per three digits of a postcode */
#define MUNICIPALITIES 35
#define STAYERS 900000          /* live where their account is, per million */

/* First three digits of postcodes, from and to. */
static const struct {
	uint16_t from, to;
} ranges[PREFECTURE_COUNT] = {
	{40, 99}, {30, 39}, {20, 29}, {980, 989}, {10, 19}, {990, 999},
	{960, 979}, {300, 319}, {320, 329}, {370, 379}, {330, 369}, {260, 299},
	{100, 208}, {210, 259}, {940, 959}, {930, 939}, {920, 929}, {910, 919},
	{400, 409}, {380, 399}, {500, 509}, {410, 439}, {440, 498}, {510, 519},
	{520, 529}, {600, 629}, {530, 599}, {650, 679}, {630, 639}, {640, 649},
	{680, 689}, {690, 699}, {700, 719}, {720, 739}, {740, 759}, {770, 779},
	{760, 769}, {790, 799}, {780, 789}, {800, 839}, {840, 849}, {850, 859},
	{860, 869}, {870, 879}, {880, 889}, {890, 899}, {900, 909},
};

/* Anyone of the country, by population. */
static unsigned
anywhere(struct random *r)
{
	uint64_t people = 0, at;
	unsigned p;

	for (p = 1; p <= PREFECTURE_COUNT; p++)
		people += prefecture_get(p)->population;
	at = random_below(r, (uint32_t)people);
	for (p = 1; at >= prefecture_get(p)->population; p++)
		at -= prefecture_get(p)->population;
	return p;
}

/* Someone from elsewhere is there because this account serves their home, or,
 * one in four, by chance. */
unsigned
place_home(struct random *r, unsigned owner, int32_t day)
{
	unsigned home;

	if (random_chance(r, STAYERS))
		return owner;
	home = anywhere(r);
	return account_owner_at(home, day) == owner || random_below(r, 4) == 0
	    ? home : owner;
}

/* 0 .. n-1, the low ones far more often. */
static uint32_t
crowded(struct random *r, uint32_t n)
{
	uint32_t a = random_below(r, n), b = random_below(r, n);
	uint32_t c = random_below(r, n);

	a = a < b ? a : b;
	return a < c ? a : c;
}

uint32_t
place_postcode(struct random *r, unsigned prefecture)
{
	uint32_t from = ranges[prefecture - 1].from;
	uint32_t width = ranges[prefecture - 1].to - from + 1u;
	uint32_t area = from + crowded(r, width);

	return area * 10000 + crowded(r, TOWNS) * 7 % 10000;
}

uint32_t
place_municipality(struct random *r, unsigned prefecture)
{
	return prefecture * 1000 + 201 + crowded(r, MUNICIPALITIES);
}
