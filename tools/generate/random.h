/* tools/generate/random.h - the same numbers from the same seed, everywhere.
 *
 * SplitMix64 turns a seed and a position into unrelated 64-bit words;
 * xoshiro256** draws from one such start.  Integers only, so that no platform
 * rounds differently.  Neither is fit for keys or pseudonyms, and none are
 * made with them.
 */
#ifndef AZUKARI_TOOLS_GENERATE_RANDOM_H
#define AZUKARI_TOOLS_GENERATE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t s[4];
};

/* A word for (${seed}, ${stream}, ${index}); equal for equal arguments. */
uint64_t random_word(uint64_t seed, uint64_t stream, uint64_t index);

void random_start(struct random *r, uint64_t seed, uint64_t stream,
    uint64_t index);
uint64_t random_next(struct random *r);

/* 0 .. n-1, n > 0. */
uint32_t random_below(struct random *r, uint32_t n);
/* 1 with ${per_million} in a million. */
int random_chance(struct random *r, uint32_t per_million);
/* Index drawn by weights; their sum must not exceed 2^31. */
size_t random_weighted(struct random *r, const uint16_t *weights, size_t len);

#endif
