/* app/serve/jobs.h - exports beside intake, one at a time.
 *
 * A job is a plan that is being carried out by a thread of its own, which
 * yields to everything else.  It is remembered in HOME/run/jobs/PLAN while it
 * is under way: a service that was killed begins it again (the same plan,
 * snapshot and keys give the same payload).  A job that waits for witnesses or
 * for another process is tried again.
 */
#ifndef AZUKARI_APP_SERVE_JOBS_H
#define AZUKARI_APP_SERVE_JOBS_H

#include "app/serve/serve.h"

#define JOBS_MAX 64

extern const struct serve_part jobs_part;
extern const struct serve_routes job_routes;

#endif
