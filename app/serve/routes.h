/* app/serve/routes.h - the one table of routes, in groups: one file per
 * group, one `struct serve_routes` in it, declared here and listed in
 * routes.c. */
#ifndef AZUKARI_APP_SERVE_ROUTES_H
#define AZUKARI_APP_SERVE_ROUTES_H

#include "app/serve/serve.h"

extern const struct serve_routes health_routes;
extern const struct serve_routes export_routes;
extern const struct serve_routes ledger_routes;
extern const struct serve_routes officer_routes;
extern const struct serve_routes plan_routes;
extern const struct serve_routes request_routes;
extern const struct serve_routes session_routes;
extern const struct serve_routes line_routes;
extern const struct serve_routes intake_routes;

/* All groups; ${ret_len} of them. */
const struct serve_routes *const *routes_all(size_t *ret_len);

#endif
