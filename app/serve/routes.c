#include "app/serve/routes.h"

#include "app/serve/jobs.h"

static const struct serve_routes *const groups[] = {
	&health_routes,
	&session_routes,
	&request_routes,
	&plan_routes,
	&officer_routes,
	&export_routes,
	&ledger_routes,
	&line_routes,
	&job_routes,
	&intake_routes,
};

const struct serve_routes *const *routes_all(size_t *ret_len)
{
	*ret_len = ARRAY_LEN(groups);
	return groups;
}
