/* tools/generate/place.h - where synthetic residents live.
 *
 * Real are the prefecture, the range of its postcodes' first three digits and
 * the first two digits of its municipality codes; everything behind is made
 * up, with a few crowded places and many small ones.
 */
#ifndef AZUKARI_TOOLS_GENERATE_PLACE_H
#define AZUKARI_TOOLS_GENERATE_PLACE_H

#include "tools/generate/random.h"

/* Home of someone who uses the account of ${owner} on ${day}. */
unsigned place_home(struct random *r, unsigned owner, int32_t day);

/* Seven digits, and five digits after JIS X 0402. */
uint32_t place_postcode(struct random *r, unsigned prefecture);
uint32_t place_municipality(struct random *r, unsigned prefecture);

#endif
