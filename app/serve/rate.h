/* app/serve/rate.h - how many requests an address may make.
 *
 * A token bucket per address: ${per_second} on average, twice that at once.
 * The table is bounded; an address that was forgotten starts anew.  From any
 * thread.
 */
#ifndef AZUKARI_APP_SERVE_RATE_H
#define AZUKARI_APP_SERVE_RATE_H

#include <stdint.h>

struct rate;
struct rate *rate_new(unsigned per_second);     /* 0: everything is allowed */
void rate_free(struct rate *r);

/* 1 when ${address} may make ${cost} requests now. */
int rate_allows(struct rate *r, const char *address, unsigned cost,
    int64_t now_ms);

#endif
