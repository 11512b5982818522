/* Commands that only a service answers. */
#include <stdio.h>
#include <string.h>

#include "app/cmd/commands.h"
#include "app/gateway.h"
#include "app/verify.h"
#include "core/clock.h"

static enum err need_gateway(struct cli *cli)
{
	if (cli->gateway != NULL)
		return ERR_OK;
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "which service? give --gateway URL",
	    "サービスを --gateway URL で指定してください");
}

/* ---- session ---- */

static enum err run_session(struct cli *cli, struct cli_args args)
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;
	const char *out = NULL;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity},
		{"-o", CLI_TEXT, &out},
	};
	CLEANUP(buf_release) struct buf line = {0};

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 0, 0));
	RETURN_IF(need_gateway(cli));
	if (out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the file for the token: -o FILE",
		    "トークンのファイルを -o FILE で指定してください");
	RETURN_IF(gateway_open(cli, &g));
	RETURN_IF(buf_printf(&line, "%s\n", gateway_token(g)));
	RETURN_IF(fs_write_file(out, bytes_buf(&line), 0600));
	outcome_add(&cli->outcome, OUTCOME_DONE,
	    "the token is in %s until %s", "トークンを%sに書きました（%sまで有効）",
	    out, json_doc_string(json_doc_get(cli->result, "expires")));
	json_doc_free(TAKE(cli->result));
	return ERR_OK;
}

/* ---- fetch ---- */

static enum err verify_part(struct cli *cli, const char *part,
    const char *trust)
{
	struct verify_args v = {.trust = trust, .bundle = part,
	    .now_unix_s = clock_now_unix_s()};

	return verify_bundle(&v, NULL, &cli->outcome);
}

/* Only what verifies gets its name. */
static enum err finish(struct cli *cli, const char *part, const char *out,
    const char *trust)
{
	char etag[FS_PATH_MAX];
	enum err e = verify_part(cli, part, trust);

	RETURN_IF(fs_path(etag, "%s.etag", part));
	if (e != ERR_OK) {
		RETURN_IF(fs_remove(part));
		RETURN_IF(fs_remove(etag));
		return e;
	}
	RETURN_IF(fs_rename(part, out));
	RETURN_IF(fs_remove(etag));
	outcome_add(&cli->outcome, OUTCOME_DONE, "%s is here and verifies",
	    "%sを受け取り、検証に成功しました", out);
	return ERR_OK;
}

static enum err run_fetch(struct cli *cli, struct cli_args args)
{
	CLEANUP(gateway_cleanup) struct gateway *g = NULL;
	const char *out = NULL, *trust = NULL;
	const struct cli_option options[] = {
		{"--identity", CLI_TEXT, &cli->identity},
		{"--trust", CLI_TEXT, &trust},
		{"-o", CLI_TEXT, &out},
	};
	char part[FS_PATH_MAX], path[FS_PATH_MAX];

	RETURN_IF(cli_options(cli, &args, options, ARRAY_LEN(options), 1, 1));
	RETURN_IF(need_gateway(cli));
	if (out == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "give the bundle's file: -o FILE",
		    "保存先を -o FILE で指定してください");
	if (fs_exists(out))
		return outcome_refuse(&cli->outcome, ERR_EXISTS,
		    "%s is there already", "%sはすでに存在します", out);
	RETURN_IF(fs_path(part, "%s.part", out));
	RETURN_IF(fs_path(path, "/v1/exports/%s/bundle", args.items[0]));
	RETURN_IF(gateway_open(cli, &g));
	json_doc_free(TAKE(cli->result));
	RETURN_IF(gateway_resume(g, path, part));
	return finish(cli, part, out, trust);
}

static const struct cli_command rows[] = {
	{"session",
	    "--gateway URL --as WHO --identity FILE.key -o FILE",
	    "prove who one is; the token, for curl and --token-file",
	    "本人であることを示し、トークンを得る", run_session, 1},
	{"fetch",
	    "EXPORT --gateway URL --as partner:OWNER/ID --identity PI.key -o FILE [--trust DIR]",
	    "fetch a released bundle, going on where it ended, and verify it",
	    "提供されたファイルを受け取り、検証する", run_fetch, 1},
};

const struct commands_group remote_commands = {rows, ARRAY_LEN(rows)};
