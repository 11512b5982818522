#include "app/serve/route.h"

#include <string.h>
#include <strings.h>

#include "app/serve/routes.h"

static int put_value(struct route_params *p, const char *text, size_t len)
{
	if (len == 0 || len > SERVE_PARAM_LEN || p->len == SERVE_PARAMS_MAX)
		return 0;
	memcpy(p->values[p->len], text, len);
	p->values[p->len][len] = '\0';
	p->len++;
	return 1;
}

/* All routes are tried for each request, so one that does not match costs no
 * more than the letters it shares with the path. */
int route_matches(const char *pattern, const char *path,
    struct route_params *ret)
{
	ret->len = 0;
	while (*pattern != '\0') {
		size_t len;

		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return 0;
			continue;
		}
		len = pattern[1] == '*' ? strlen(path) : strcspn(path, "/");
		if (!put_value(ret, path, len))
			return 0;
		path += len;
		pattern += strcspn(pattern, "}") + 1;
	}
	return *path == '\0';
}

const struct serve_route *route_at(size_t i)
{
	size_t groups = 0;
	const struct serve_routes *const *all = routes_all(&groups);

	for (size_t g = 0; g < groups; g++) {
		if (i < all[g]->len)
			return &all[g]->rows[i];
		i -= all[g]->len;
	}
	return NULL;
}

const struct serve_route *route_find(const char *method, const char *path,
    struct route_params *ret, int *ret_path_known)
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
	const struct serve_route *r;

	*ret_path_known = 0;
	for (size_t i = 0; (r = route_at(i)) != NULL; i++) {
		if (!route_matches(r->path, path, ret))
			continue;
		*ret_path_known = 1;
		if (strcmp(r->method, wanted) == 0)
			return r;
	}
	return NULL;
}

/* Behind the media type nothing, or the one charset there is. */
static int parameters_are_fine(const char *rest)
{
	rest += strspn(rest, " \t");
	if (*rest == '\0')
		return 1;
	if (*rest != ';')
		return 0;
	rest++;
	rest += strspn(rest, " \t");
	return strcasecmp(rest, "charset=utf-8") == 0 ||
	    strcasecmp(rest, "charset=\"utf-8\"") == 0;
}

int route_takes(const struct serve_route *r, const char *type)
{
	const char *at = r->takes;

	if (at == NULL)
		return 0;
	if (*at == '\0')
		return 1;
	if (type == NULL)
		return 0;
	while (*at != '\0') {
		size_t len = strcspn(at, " ");

		if (strncasecmp(type, at, len) == 0 &&
		    parameters_are_fine(type + len))
			return 1;
		at += len;
		at += strspn(at, " ");
	}
	return 0;
}

const char *route_role_name(enum serve_role role)
{
	switch (role) {
	case SERVE_CUSTODIAN:
		return "custodian";
	case SERVE_PARTNER:
		return "partner";
	case SERVE_AUDITOR:
		return "auditor";
	case SERVE_OPERATOR:
		return "operator";
	case SERVE_SOURCE:
		return "source";
	case SERVE_LOCAL:
		return "local";
	case SERVE_ANYONE:
	default:
		return NULL;
	}
}
