/* The service. */
#include <stdio.h>

#include "app/cmd/commands.h"
#include "app/serve/route.h"
#include "app/serve/run.h"
#include "app/unlock.h"

/* The table of routes, for who compares it with docs/openapi.json. */
static enum err show_routes(struct cli *cli)
{
	const struct serve_route *r;

	cli->result = json_doc_new_array();
	for (size_t i = 0; (r = route_at(i)) != NULL; i++) {
		struct json_doc *row = json_doc_new_object();
		struct json_doc *who = json_doc_new_array();

		for (unsigned bit = 1; bit <= SERVE_LOCAL; bit <<= 1)
			if ((r->who & bit) != 0)
				json_doc_add_string(who,
				    route_role_name((enum serve_role)bit));
		json_doc_set_string(row, "method", r->method);
		json_doc_set_string(row, "path", r->path);
		json_doc_set_string(row, "operation", r->operation);
		json_doc_set(row, "who", who);
		json_doc_set_string(row, "takes", r->takes == NULL ? "-" :
		    r->takes);
		json_doc_set_int(row, "body_max", (int64_t)r->body_max);
		json_doc_add(cli->result, row);
		if (!cli->json)
			(void)printf("%-6s %s\n", r->method, r->path);
	}
	return ERR_OK;
}

static enum err run_serve(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_seal_release) struct home_seal seal = {0};
	const char *config = NULL;
	int routes = 0;
	const struct cli_option options[] = {
		{"--config", CLI_TEXT, &config},
		{"--routes", CLI_FLAG, &routes},
	};
	char path[FS_PATH_MAX];
	struct run_args r = {.config_path = path, .seal = &seal};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 0));
	if (routes)
		return show_routes(cli);
	if (cli->home == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "which home? give --home DIR or set AZUKARI_HOME",
		    "ホームを --home DIR か AZUKARI_HOME で指定してください");
	RETURN_IF(config == NULL ?
	    fs_path(path, "%s/serve.json", cli->home) :
	    fs_path(path, "%s", config));
	if (!fs_exists(path))
		return outcome_refuse(&cli->outcome, ERR_NOT_FOUND,
		    "%s is not there; azukari(1) says what it holds",
		    "%sがありません。内容は azukari(1) を見てください", path);
	RETURN_IF(unlock_seal(cli, cli->home, 0, &seal));
	r.home_dir = cli->home;
	return run_service(&r, &cli->outcome);
}

static const struct cli_command rows[] = {
	{"serve", "[--config FILE] | --routes",
	    "the HTTPS service: intake, requests, approvals, fetch",
	    "HTTPSサービスを動かす", run_serve},
};

const struct commands_group serve_commands = {rows, ARRAY_LEN(rows)};
