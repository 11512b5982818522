#include "app/serve/rate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "keys/digest.h"

#define SLOTS 8192
#define WAYS 4

struct slot {
	uint8_t id[16];                 /* of the address, keyed */
	int64_t at_ms;
	int64_t tokens_milli;           /* thousandths of a request */
};

struct rate {
	pthread_mutex_t lock;
	unsigned per_second;
	uint8_t key[32];
	struct slot slots[SLOTS];
};

struct rate *rate_new(unsigned per_second)
{
	struct rate *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	pthread_mutex_init(&r->lock, NULL);
	r->per_second = per_second;
	secret_random(r->key, sizeof(r->key));
	return r;
}

void rate_free(struct rate *r)
{
	if (r == NULL)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static int64_t most(const struct rate *r)
{
	return (int64_t)r->per_second * 2000;
}

/* Its own slot, or the one of its set that was used longest ago. */
static struct slot *slot_of(struct rate *r, const uint8_t id[16],
    int64_t now_ms)
{
	size_t set = ((size_t)id[0] | (size_t)id[1] << 8) % (SLOTS / WAYS);
	struct slot *at = &r->slots[set * WAYS], *oldest = at;

	for (size_t i = 0; i < WAYS; i++) {
		if (memcmp(at[i].id, id, 16) == 0)
			return &at[i];
		if (at[i].at_ms < oldest->at_ms)
			oldest = &at[i];
	}
	memcpy(oldest->id, id, 16);
	oldest->at_ms = now_ms;
	oldest->tokens_milli = most(r);
	return oldest;
}

int rate_allows(struct rate *r, const char *address, unsigned cost,
    int64_t now_ms)
{
	uint8_t id[16];
	struct slot *s;
	int64_t tokens;
	int allowed;

	if (r->per_second == 0)
		return 1;
	digest_kb(id, sizeof(id), r->key, "azk1.serve.rate",
	    bytes_str(address));
	pthread_mutex_lock(&r->lock);
	s = slot_of(r, id, now_ms);
	tokens = s->tokens_milli + (now_ms - s->at_ms) * r->per_second;
	s->tokens_milli = tokens > most(r) ? most(r) : tokens;
	s->at_ms = now_ms;
	allowed = s->tokens_milli >= (int64_t)cost * 1000;
	if (allowed)
		s->tokens_milli -= (int64_t)cost * 1000;
	pthread_mutex_unlock(&r->lock);
	return allowed;
}
