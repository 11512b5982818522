/* The service. */
#include "app/cmd/commands.h"
#include "app/serve/run.h"
#include "app/unlock.h"

static enum err run_serve(struct cli *cli, struct cli_args args)
{
	CLEANUP(home_seal_release) struct home_seal seal = {0};
	const char *config = NULL;
	const struct cli_option options[] = {
		{"--config", CLI_TEXT, &config},
	};
	char path[FS_PATH_MAX];
	struct run_args r = {.config_path = path, .seal = &seal};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 0));
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
	{"serve", "[--config FILE]",
	    "the HTTPS service: intake, requests, approvals, fetch",
	    "HTTPSサービスを動かす", run_serve},
};

const struct commands_group serve_commands = {rows, ARRAY_LEN(rows)};
