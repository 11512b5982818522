/* app/serve/gauges.h - how the gateway stands, for /metrics.
 *
 * Net threads hold no keys, so a thread of its own looks (every 30 seconds,
 * "gauges": {"seconds": N}) and leaves the numbers as text.  Counts of people
 * below ten are given as 0: metrics are no place to look for them.
 */
#ifndef AZUKARI_APP_SERVE_GAUGES_H
#define AZUKARI_APP_SERVE_GAUGES_H

#include "app/serve/serve.h"

extern const struct serve_part gauges_part;

#endif
