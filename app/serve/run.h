/* app/serve/run.h - the service from start to end. */
#ifndef AZUKARI_APP_SERVE_RUN_H
#define AZUKARI_APP_SERVE_RUN_H

#include "app/home.h"

struct run_args {
	const char *home_dir, *config_path;
	struct home_seal *seal;         /* taken */
};

/* Serve until SIGTERM or SIGINT, then drain: no new connections, what was
 * begun is finished, epochs are closed.  SIGHUP reads certificate and
 * configuration again.  ERR_OK after a clean end. */
enum err run_service(const struct run_args *args,
    struct outcome *o) MUST_USE;

#endif
