/* app/serve/parts.h - all parts of the service, in the order they start. */
#ifndef AZUKARI_APP_SERVE_PARTS_H
#define AZUKARI_APP_SERVE_PARTS_H

#include "app/serve/serve.h"

#define PARTS_MAX 16

/* ${ret_len} of them, at most PARTS_MAX. */
const struct serve_part *const *parts_all(size_t *ret_len);

#endif
