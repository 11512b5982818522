/* app/serve/metrics.h - the service in numbers (Prometheus text, 0.0.4). */
#ifndef AZUKARI_APP_SERVE_METRICS_H
#define AZUKARI_APP_SERVE_METRICS_H

#include "app/serve/serve.h"

/* Everything the service and its parts count.  Any thread. */
enum err metrics_write(struct serve *s, int64_t now_unix_s,
    struct buf *out) MUST_USE;

/* `# HELP`, `# TYPE` and one value; ${labels} like `owner="14"` or NULL.  The
 * heading comes only with ${help}. */
struct metrics_line {
	const char *name, *type, *help, *labels;
	double value;
};
void metrics_put(struct buf *out, const struct metrics_line *l);

#endif
