/* policy/disclosure/uniqueness.c - super-population models. */
#include "policy/disclosure/uniqueness.h"

#include <math.h>

#define STEPS_MAX 500
#define ACCURACY 1e-9
#define RULE_FRACTION 0.1       /* Dankar's rule changes the model here */

/* What the models need of a sample. */
struct sizes {
	const struct uniqueness_sample *s;
	double people;          /* in the sample */
	double groups;
	double ones, twos;      /* groups of one and of two people */
	double population;
	double fraction;
};

static void
sizes_init(const struct uniqueness_sample *s, struct sizes *ret)
{
	size_t i;

	*ret = (struct sizes){.s = s};
	for (i = 0; i < s->len; i++) {
		ret->groups += (double)s->classes[i].count;
		ret->people += (double)s->classes[i].size *
		    (double)s->classes[i].count;
		if (s->classes[i].size == 1)
			ret->ones = (double)s->classes[i].count;
		if (s->classes[i].size == 2)
			ret->twos = (double)s->classes[i].count;
	}
	ret->population = fmax((double)s->population, ret->people);
	ret->fraction = ret->people > 0 ? ret->people / ret->population : 1;
}

/* ---- Pitman ---- */

/* psi(x) and its derivative for x > 0: recurrence up to 10, then the
 * asymptotic series. */
static double
digamma(double x)
{
	double sum = 0, y;

	for (; x < 10; x++)
		sum -= 1 / x;
	y = 1 / (x * x);
	return sum + log(x) - 0.5 / x - y * (1.0 / 12 - y * (1.0 / 120 -
	    y * (1.0 / 252 - y * (1.0 / 240 - y * (1.0 / 132)))));
}

static double
trigamma(double x)
{
	double sum = 0, y;

	for (; x < 10; x++)
		sum += 1 / (x * x);
	y = 1 / (x * x);
	return sum + 1 / x + y / 2 + y / x * (1.0 / 6 - y * (1.0 / 30 -
	    y * (1.0 / 42 - y * (1.0 / 30))));
}

/* Derivatives of the likelihood of (theta, alpha), and theirs. */
struct slope {
	double t, a;            /* dL/dtheta, dL/dalpha */
	double tt, ta, aa;      /* second ones */
};

/* sum over i = 1 .. groups-1 of log(theta + i alpha) */
static void
slope_of_groups(const struct sizes *z, double t, double a, struct slope *ret)
{
	double u = z->groups, r = t / a;
	double d = digamma(u + r) - digamma(1 + r);
	double q = trigamma(1 + r) - trigamma(u + r);

	ret->t += d / a;
	ret->a += (u - 1 - r * d) / a;
	ret->tt -= q / (a * a);
	ret->ta -= (d - r * q) / (a * a);
	ret->aa -= (u - 1 - 2 * r * d + r * r * q) / (a * a);
}

/* less sum over i = 1 .. people-1 of log(theta + i); plus, for every group,
 * sum over i = 1 .. size-1 of log(i - alpha) */
static void
slope_of_people(const struct sizes *z, double t, double a, struct slope *ret)
{
	double n = z->people, d1 = digamma(1 - a), q1 = trigamma(1 - a);
	const struct uniqueness_class *c;
	size_t i;

	ret->t -= digamma(n + t) - digamma(1 + t);
	ret->tt += trigamma(1 + t) - trigamma(n + t);
	for (i = 0; i < z->s->len; i++) {
		c = &z->s->classes[i];
		if (c->size < 2)
			continue;
		ret->a -= (double)c->count *
		    (digamma((double)c->size - a) - d1);
		ret->aa -= (double)c->count *
		    (q1 - trigamma((double)c->size - a));
	}
}

static int
is_inside(double t, double a)
{
	return isfinite(t) && isfinite(a) && a > 1e-9 && a < 1 && t > -a;
}

/* One step of Newton's method, halved until it stays inside. */
static int
pitman_step(const struct sizes *z, double *t, double *a, double *ret_moved)
{
	struct slope s = {0};
	double det, dt, da, part;

	slope_of_groups(z, *t, *a, &s);
	slope_of_people(z, *t, *a, &s);
	det = s.tt * s.aa - s.ta * s.ta;
	if (!isfinite(det) || det == 0)
		return 0;
	dt = (s.t * s.aa - s.a * s.ta) / det;
	da = (s.a * s.tt - s.t * s.ta) / det;
	for (part = 1; part > 1e-6; part /= 2)
		if (is_inside(*t - part * dt, *a - part * da))
			break;
	if (part <= 1e-6)
		return 0;
	*t -= part * dt;
	*a -= part * da;
	*ret_moved = fabs(part * dt) / (1 + fabs(*t)) + fabs(part * da);
	return 1;
}

static void
pitman_begin(const struct sizes *z, double *t, double *a)
{
	double n = z->people, u = z->groups, c1 = z->ones;
	double c = c1 * (c1 - 1) / (z->twos > 0 ? z->twos : 1);

	*t = (n * u * c - c1 * (n - 1) * (2 * u + c)) /
	    (2 * c1 * u + c1 * c - n * c);
	*a = (*t * (c1 - n) + (n - 1) * c1) / (n * u);
	if (!is_inside(*t, *a)) {
		*t = 1;
		*a = 0.5;
	}
}

static double
pitman(const struct sizes *z)
{
	double t, a, moved = 1, people;
	int i;

	pitman_begin(z, &t, &a);
	for (i = 0; i < STEPS_MAX && moved > ACCURACY; i++)
		if (!pitman_step(z, &t, &a, &moved))
			return NAN;
	if (moved > ACCURACY)
		return NAN;
	people = exp(lgamma(t + 1) - lgamma(t + a) +
	    a * log(z->population));
	return people >= 0 && people <= z->population ? people : NAN;
}

/* ---- Zayatz ---- */

static double
log_choose(double n, double k)
{
	return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* That a sample holds exactly one of a population's group of ${size}. */
static double
one_of(const struct sizes *z, double size)
{
	double n = z->people, rest = z->population - size;

	if (n - 1 > rest)
		return 0;
	return exp(log(size) + log_choose(rest, n - 1) -
	    log_choose(z->population, n));
}

static double
zayatz(const struct sizes *z)
{
	double all = 0, alone = z->ones / z->groups * one_of(z, 1);
	size_t i;

	for (i = 0; i < z->s->len; i++)
		all += (double)z->s->classes[i].count / z->groups *
		    one_of(z, (double)z->s->classes[i].size);
	return all > 0 ? z->ones * (alone / all) / z->fraction : NAN;
}

/* ---- SNB ---- */

/* Groups in the population. */
static double
shlosser(const struct sizes *z)
{
	double f = z->fraction, m = 0, n = 0, above = 0, below = 0, i, c;
	const struct uniqueness_class *k;
	size_t at;

	for (at = 0; at < z->s->len; at++) {
		k = &z->s->classes[at];
		i = (double)k->size;
		c = (double)k->count;
		m += i * f * f * pow(1 - f * f, i - 1) * c;
		n += pow(1 - f, i) * (pow(1 + f, i) - 1) * c;
		above += pow(1 - f, i) * c;
		below += i * f * pow(1 - f, i - 1) * c;
	}
	return z->groups + z->ones * (m / n) * (above / below) *
	    (above / below);
}

/* Expected groups of one and of two in the sample, less those there are. */
static void
snb_miss(const struct sizes *z, double k, const double x[2], double ret[2])
{
	double f = z->fraction, a = x[0], b = x[1], d = (1 - f) * (1 - b);

	ret[0] = k * f * pow(b / (1 - d), a) * (a * d / (1 - d) + 1) -
	    z->ones;
	ret[1] = k * f * f * a * pow(b, a) * (1 - b) *
	    (2 - (1 - a) * d) / (2 * pow(1 - d, a + 2)) - z->twos;
}

static int
snb_is_inside(const double x[2])
{
	return isfinite(x[0]) && isfinite(x[1]) && x[0] > 0 && x[1] > 0 &&
	    x[1] < 1;
}

static double
size_of(const double y[2])
{
	return hypot(y[0], y[1]);
}

/* A step of Newton's method with slopes by differences; shorter until the miss
 * is smaller. */
static int
snb_step(const struct sizes *z, double k, double x[2])
{
	double y[2], by_a[2], by_b[2], next[2], miss[2], det, da, db, part;
	const double h = 1e-7;
	const double xa[2] = {x[0] * (1 + h), x[1]};
	const double xb[2] = {x[0], x[1] * (1 - h)};

	snb_miss(z, k, x, y);
	snb_miss(z, k, xa, by_a);
	snb_miss(z, k, xb, by_b);
	det = (by_a[0] - y[0]) * (by_b[1] - y[1]) -
	    (by_a[1] - y[1]) * (by_b[0] - y[0]);
	if (!isfinite(det) || det == 0)
		return 0;
	da = (y[0] * (by_b[1] - y[1]) - y[1] * (by_b[0] - y[0])) / det *
	    (xa[0] - x[0]);
	db = (y[1] * (by_a[0] - y[0]) - y[0] * (by_a[1] - y[1])) / det *
	    (xb[1] - x[1]);
	for (part = 1; part > 1e-9; part /= 2) {
		next[0] = x[0] - part * da;
		next[1] = x[1] - part * db;
		snb_miss(z, k, next, miss);
		if (snb_is_inside(next) && size_of(miss) < size_of(y)) {
			x[0] = next[0];
			x[1] = next[1];
			return 1;
		}
	}
	return 0;
}

static double
snb(const struct sizes *z)
{
	double k = shlosser(z), x[2] = {1, 0.5}, y[2], people;
	int i;

	if (!isfinite(k))
		return NAN;
	for (i = 0; i < STEPS_MAX && snb_step(z, k, x); i++)
		;
	snb_miss(z, k, x, y);
	if (!(size_of(y) <= 1e-6 * (1 + z->ones + z->twos)))
		return NAN;
	people = k * pow(x[1], x[0]);
	return people >= 0 && people <= z->population ? people : NAN;
}

/* ---- one model, and the rule ---- */

static double
by_model(const struct uniqueness_sample *s,
    double (*model)(const struct sizes *))
{
	struct sizes z;

	sizes_init(s, &z);
	return z.ones > 0 ? model(&z) : 0;
}

double
uniqueness_pitman(const struct uniqueness_sample *s)
{
	return by_model(s, pitman);
}

double
uniqueness_zayatz(const struct uniqueness_sample *s)
{
	return by_model(s, zayatz);
}

double
uniqueness_snb(const struct uniqueness_sample *s)
{
	return by_model(s, snb);
}

static int
is_valid(double people)
{
	return isfinite(people) && people > 0;
}

void
uniqueness_estimate(const struct uniqueness_sample *s, struct uniqueness *ret)
{
	struct uniqueness u = {0};
	struct sizes z;
	double people;

	sizes_init(s, &z);
	*ret = u;
	if (!(z.ones > 0))
		return;
	u.model = UNIQUENESS_ZAYATZ;
	u.people = zayatz(&z);
	people = z.fraction <= RULE_FRACTION ? pitman(&z) : snb(&z);
	if (is_valid(people) && (z.fraction <= RULE_FRACTION ||
	    !is_valid(u.people) || people <= u.people)) {
		u.model = z.fraction <= RULE_FRACTION ? UNIQUENESS_PITMAN :
		    UNIQUENESS_SNB;
		u.people = people;
	}
	if (!is_valid(u.people))
		u.people = 0;
	*ret = u;
}

const char *
uniqueness_name(enum uniqueness_model model)
{
	static const char *const names[] = {"none", "Pitman", "Zayatz",
	    "SNB"};

	return names[model];
}
