/* tools/generate/random.c - SplitMix64 and xoshiro256** as published. */
#include "tools/generate/random.h"

static uint64_t
mix(uint64_t z)
{
	z += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t
random_word(uint64_t seed, uint64_t stream, uint64_t index)
{
	return mix(mix(mix(seed) ^ stream) ^ index);
}

void
random_start(struct random *r, uint64_t seed, uint64_t stream, uint64_t index)
{
	uint64_t z = random_word(seed, stream, index);
	int i;

	for (i = 0; i < 4; i++)
		r->s[i] = z = mix(z);
}

static uint64_t
rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

uint64_t
random_next(struct random *r)
{
	uint64_t result = rotate(r->s[1] * 5, 7) * 9;
	uint64_t t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rotate(r->s[3], 45);
	return result;
}

uint32_t
random_below(struct random *r, uint32_t n)
{
	return (uint32_t)((random_next(r) >> 32) * n >> 32);
}

int
random_chance(struct random *r, uint32_t per_million)
{
	return random_below(r, 1000000) < per_million;
}

size_t
random_weighted(struct random *r, const uint16_t *weights, size_t len)
{
	uint32_t sum = 0, at;
	size_t i;

	for (i = 0; i < len; i++)
		sum += weights[i];
	at = random_below(r, sum);
	for (i = 0; at >= weights[i]; i++)
		at -= weights[i];
	return i;
}
