/* tools/generate/resident.c - the marginals, as weights and chances. */
#include "tools/generate/resident.h"

#include <string.h>

#include "core/err.h"
#include "tools/generate/place.h"

#define FOLLOW_UPS_MAX 52
#define WITHDRAW_DAYS 14

/* Streams of random words that must not depend on each other. */
enum { STREAM_PLAN = 1, STREAM_PERSON, STREAM_ID, STREAM_TIME, STREAM_REPLY };

static uint64_t
stream(const struct resident_rates *rates, unsigned kind, unsigned round)
{
	return (uint64_t)round << 16 | (uint64_t)kind << 8 | rates->owner;
}

void
resident_plan(const struct resident_rates *rates, uint64_t number,
    struct resident_plan *ret)
{
	struct random r;
	uint32_t wants;

	random_start(&r, rates->seed, stream(rates, STREAM_PLAN, 0), number);
	memset(ret, 0, sizeof(*ret));
	wants = random_below(&r, 1000000);
	ret->gives_research = wants >= rates->no_consent;
	ret->gives_support = wants >= rates->no_consent / 2;
	if (random_chance(&r, rates->withdrawal)) {
		ret->withdraws_after = 1 + random_below(&r, WITHDRAW_DAYS);
		ret->withdraws_all = random_chance(&r, 700000);
		ret->permanent = random_chance(&r, 200000);
	}
	while (ret->follow_ups < FOLLOW_UPS_MAX &&
	    random_chance(&r, rates->follow_up))
		ret->follow_ups++;
}

static void
make_id(const struct resident_rates *rates, uint64_t number, char ret[34])
{
	static const char hex[] = "0123456789abcdef";
	uint64_t word = 0;
	int i;

	ret[0] = 'U';
	for (i = 0; i < 32; i++, word >>= 4) {
		if (i % 16 == 0)
			word = random_word(rates->seed, stream(rates,
			    STREAM_ID, i == 0 ? 0 : 1), number);
		ret[1 + i] = hex[word & 15];
	}
	ret[33] = '\0';
}

/* 15-19, then decades, 80 and over: mean 43.4, deviation 14.0. */
static int
draw_age(struct random *r)
{
	static const uint16_t weights[] = {40, 135, 240, 265, 205, 90, 22, 3};
	static const uint8_t from[] = {15, 20, 30, 40, 50, 60, 70, 80};
	static const uint8_t width[] = {5, 10, 10, 10, 10, 10, 10, 12};
	size_t band = random_weighted(r, weights, ARRAY_LEN(weights));

	return (int)(from[band] + random_below(r, width[band]));
}

static int
draw_sex(struct random *r)
{
	static const uint16_t weights[] = {364, 634, 2};

	return 1 + (int)random_weighted(r, weights, ARRAY_LEN(weights));
}

/* Positions as in the survey: medical, care, food, personal service, outside,
 * office, factory, school, student, public, own, home, none, other, refused. */
static int
draw_occupation(struct random *r, int age, int sex)
{
	static const uint16_t young[] = {10, 8, 60, 40, 10, 40, 20, 5, 780, 5,
	    2, 5, 10, 5, 0};
	static const uint16_t women[] = {80, 60, 45, 95, 25, 290, 40, 40, 5,
	    45, 35, 190, 20, 25, 5};
	static const uint16_t men[] = {35, 20, 30, 55, 100, 380, 150, 35, 5,
	    65, 80, 5, 20, 15, 5};
	static const uint16_t old[] = {10, 15, 15, 30, 30, 60, 45, 5, 0, 5, 90,
	    170, 500, 20, 5};
	const uint16_t *weights = age < 22 ? young : age >= 65 ? old :
	    sex == 2 ? women : men;

	return (int)random_weighted(r, weights, 15);
}

/* Rates per million by position H1-H8. */
static uint32_t
draw_illnesses(struct random *r, int age, int sex)
{
	static const uint32_t rates[8] = {40000, 15000, 40000, 2000, 12000,
	    90000, 10000, 50000};
	uint32_t bits = 0, rate;
	unsigned i;

	if (random_chance(r, 10000))
		return 1u << ILLNESS_REFUSED;
	for (i = 0; i < ARRAY_LEN(rates); i++) {
		rate = rates[i];
		if (i == 6)             /* pregnant */
			rate = sex == 2 && age >= 20 && age < 45 ?
			    rate * 3 : 0;
		else if (age < 40)
			rate /= 3;
		else if (age >= 60)
			rate *= 2;
		if (random_chance(r, rate))
			bits |= 1u << i;
	}
	return bits != 0 ? bits : 1u << ILLNESS_NONE;
}

void
resident_make(const struct resident_rates *rates, uint64_t number, int32_t day,
    struct resident *ret)
{
	struct random r;
	uint32_t told;

	random_start(&r, rates->seed, stream(rates, STREAM_PERSON, 0), number);
	make_id(rates, number, ret->id);
	ret->home = (int)place_home(&r, rates->owner, day);
	ret->age = draw_age(&r);
	ret->sex = draw_sex(&r);
	ret->occupation = draw_occupation(&r, ret->age, ret->sex);
	ret->illnesses = draw_illnesses(&r, ret->age, ret->sex);
	ret->postcode = ret->municipality = RESIDENT_NONE;
	told = random_below(&r, 100);
	ret->quits = told >= 94;
	if (told < 82)
		ret->postcode = (int32_t)place_postcode(&r,
		    (unsigned)ret->home);
	else if (!ret->quits)
		ret->municipality = (int32_t)place_municipality(&r,
		    (unsigned)ret->home);
}

/* Fever of four days and more: about 0.1 percent of all, as published. */
static void
draw_illness_course(struct random *r, struct resident_reply *ret)
{
	static const uint16_t days[] = {0, 30, 25, 15, 9, 6, 4, 3, 2, 2, 1};
	static const uint8_t extras[] = {1, 2, 3, 4, 5, 6, 7};
	unsigned i;

	ret->onset_days_ago = (int)random_below(r, 12);
	if (ret->condition == 2) {
		ret->symptoms |= 1u << 0;
		ret->fever_days = (int)random_weighted(r, days,
		    ARRAY_LEN(days));
		ret->temperature = 375 + (int)random_below(r, 20);
		if (random_chance(r, 30000))
			ret->fever_days = 99;
	}
	if (ret->condition == 3)
		ret->symptoms |= 1u << (1 + random_below(r, 2));
	if (ret->condition == 4)
		ret->symptoms |= 1u << 3;
	for (i = 0; i < ARRAY_LEN(extras); i++)
		if (random_chance(r, 90000))
			ret->symptoms |= 1u << extras[i];
	if (ret->symptoms == 0)
		ret->symptoms = 1u << 7;
}

/* Ill now: 2.2 to 4.4 percent, most around Tokyo in the middle ages. */
static void
draw_condition(struct random *r, const struct resident *who,
    struct resident_reply *ret)
{
	static const uint16_t kinds[] = {14, 31, 31, 24};
	uint32_t ill = who->home >= 11 && who->home <= 14 ? 36000 : 26000;

	if (who->age >= 25 && who->age < 45)
		ill += 8000;
	if (!random_chance(r, ill)) {
		ret->condition = 1;
		ret->symptoms = random_chance(r, 8000) ?
		    1u << SYMPTOM_REFUSED : 1u << SYMPTOM_NONE;
		return;
	}
	ret->condition = 2 + (int)random_weighted(r, kinds, ARRAY_LEN(kinds));
	draw_illness_course(r, ret);
}

/* Office work from home: by region, as the third national round had it. */
static uint32_t
telework_rate(const struct resident *who)
{
	if (who->occupation != 5 && who->occupation != 10)
		return 30000;
	switch (who->home) {
	case 13:
		return 519000;
	case 14:
		return 440000;
	case 12:
		return 360000;
	case 11:
		return 326000;
	case 27:
	case 28:
	case 40:
		return 240000;
	default:
		return 60000;
	}
}

static uint32_t
draw_prevention(struct random *r, const struct resident *who)
{
	uint32_t rates[12] = {890000, 853000, 610000, 533000, 300000, 420000,
	    260000, 480000, 665000, 350000, 0, 70000};
	uint32_t bits = 0;
	unsigned i;

	rates[10] = telework_rate(who);
	for (i = 0; i < ARRAY_LEN(rates); i++)
		if (random_chance(r, rates[i]))
			bits |= 1u << i;
	return bits;
}

/* Health, income, relations, depressed, no interest. */
static uint32_t
draw_worries(struct random *r, const struct resident *who)
{
	uint32_t rates[5] = {268000, 270000, 93000, 87000, 83000};
	uint32_t bits = 0;
	unsigned i;

	if (who->occupation == 2)
		rates[1] = 640000;
	if (who->occupation == 3 || who->occupation == 4)
		rates[1] = 700000;
	if (who->occupation == 8) {
		rates[0] = 189000;
		rates[2] = 129000;
		rates[3] = 144000;
		rates[4] = 130000;
	}
	for (i = 0; i < ARRAY_LEN(rates); i++)
		if (random_chance(r, rates[i]))
			bits |= 1u << i;
	return bits != 0 ? bits : 1u << WORRY_NONE;
}

/* The advice of the time: four days of fever, two for those at risk, or
 * strong fatigue or breathlessness: call a centre. */
static int
advise(const struct resident *who, const struct resident_reply *reply)
{
	int risk = who->age >= 65 || (who->illnesses & 0x5f) != 0;
	int days = reply->fever_days == 99 ? 0 : reply->fever_days;

	if ((reply->symptoms & 1u << 4) && days >= 4)
		return 3;
	if (days >= (risk ? 2 : 4) || (reply->symptoms & (1u << 2 | 1u << 4)))
		return 2;
	return reply->condition != 1;
}

static void
draw_follow_up(struct random *r, struct resident_reply *ret)
{
	static const uint16_t well[] = {5, 93, 2}, ill[] = {45, 40, 15};
	static const uint16_t three[] = {90, 8, 2};

	ret->change = 1 + (int)random_weighted(r,
	    ret->condition == 1 ? well : ill, 3);
	ret->temperature_now = 360 + (int)random_below(r, 10);
	if (ret->condition == 2)
		ret->temperature_now = 372 + (int)random_below(r, 20);
	ret->breath = ret->symptoms & 1u << 4 ? 1 +
	    (int)random_below(r, 2) : 0;
	ret->fluids = ret->condition == 1 ? 0 :
	    (int)random_weighted(r, three, 3);
}

void
resident_reply(const struct resident_rates *rates, uint64_t number,
    const struct resident *who, unsigned round, struct resident_reply *ret)
{
	static const uint16_t travel[] = {983, 7, 10};
	static const uint16_t contact[] = {9500, 10, 25, 35, 380, 50};
	static const int contact_codes[] = {0, 1, 2, 3, 8, 9};
	static const uint16_t consulted[] = {970, 12, 16, 2};
	struct random r;

	random_start(&r, rates->seed, stream(rates, STREAM_REPLY, round),
	    number);
	memset(ret, 0, sizeof(*ret));
	ret->onset_days_ago = ret->fever_days = ret->temperature =
	    RESIDENT_NONE;
	draw_condition(&r, who, ret);
	ret->travel = (int)random_weighted(&r, travel, ARRAY_LEN(travel));
	if (ret->travel == 2)
		ret->travel = 9;
	ret->contact = contact_codes[random_weighted(&r, contact,
	    ARRAY_LEN(contact))];
	ret->consulted = (int)random_weighted(&r, consulted,
	    ARRAY_LEN(consulted));
	ret->prevention = draw_prevention(&r, who);
	ret->worries = draw_worries(&r, who);
	if (round > 0)
		draw_follow_up(&r, ret);
	ret->advice = advise(who, ret);
}

/* From six in the morning to the last minutes before midnight. */
unsigned
resident_second(const struct resident_rates *rates, uint64_t number,
    unsigned round)
{
	struct random r;

	random_start(&r, rates->seed, stream(rates, STREAM_TIME, round),
	    number);
	return 6 * 3600 + random_below(&r, 18 * 3600 - 300);
}
