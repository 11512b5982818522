/* app/serve/route.h - from method and path to a row of the table. */
#ifndef AZUKARI_APP_SERVE_ROUTE_H
#define AZUKARI_APP_SERVE_ROUTE_H

#include "app/serve/serve.h"

/* Values of {name}, in order; as in struct serve_request. */
struct route_params {
	char values[SERVE_PARAMS_MAX][SERVE_PARAM_LEN + 1];
	size_t len;
};

/* 1 when ${path} (no query) is one of ${pattern}; else ${ret} is of no use. */
int route_matches(const char *pattern, const char *path,
    struct route_params *ret);

/* The row for ${method} and ${path} in the table of routes.c; HEAD finds GET.
 * NULL: none, and ${ret_path_known} says whether another method is; then ${ret}
 * is of no use. */
const struct serve_route *route_find(const char *method, const char *path,
    struct route_params *ret, int *ret_path_known);

/* The whole table, row by row: NULL behind the last. */
const struct serve_route *route_at(size_t i);

/* Is ${type} (a Content-Type, parameters allowed: charset=utf-8 only) taken by
 * the route? */
int route_takes(const struct serve_route *r, const char *type);

/* "custodian", "partner", ... of one role bit; NULL for another number. */
const char *route_role_name(enum serve_role role);

#endif
