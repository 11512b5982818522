#include "app/unlock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "keys/passphrase.h"

/* A passphrase that did not come out of its file, told with the rule. */
static enum err named(struct cli *cli, enum err e)
{
	struct err_info *info = &cli->outcome.info;

	if (e == ERR_OK || cli->passphrase_file == NULL)
		return e;
	(void)snprintf(info->file, sizeof(info->file), "%s",
	    cli->passphrase_file);
	return err_at(info, e, 0,
	    "a passphrase file holds one line, 1 to %d bytes without control characters, and only its owner can read it (mode 0600)",
	    PASSPHRASE_MAX);
}

enum err unlock_passphrase(struct cli *cli, const char *prompt_en,
    const char *prompt_ja, int fresh, struct secret **ret)
{
	struct passphrase_from from = {
		.source = fresh ? PASSPHRASE_TERMINAL_CONFIRM :
		    PASSPHRASE_TERMINAL,
		.prompt = cli_say(cli, prompt_en, prompt_ja),
		.again = cli_say(cli, "once more: ", "もう一度: "),
	};
	enum err e;

	if (cli->passphrase_file != NULL) {
		from.source = PASSPHRASE_FILE;
		from.path = cli->passphrase_file;
	} else if (cli->passphrase_fd >= 0) {
		from.source = PASSPHRASE_DESCRIPTOR;
		from.fd = cli->passphrase_fd;
	}
	e = passphrase_read(&from, ret);
	if (e != ERR_OK && cli->passphrase_file == NULL &&
	    cli->passphrase_fd < 0 && !isatty(STDIN_FILENO))
		outcome_add(&cli->outcome, OUTCOME_HINT,
		    "there is no terminal to ask at: give --passphrase-file FILE",
		    "尋ねる端末がありません。--passphrase-file で指定してください");
	return named(cli, e);
}

/* The key file to use: an option, or what the home notes. */
static enum err key_file_path(const struct cli *cli, const char *dir,
    char ret[FS_PATH_MAX])
{
	ret[0] = '\0';
	if (cli->key_file != NULL)
		return fs_path(ret, "%s", cli->key_file);
	if (dir == NULL)
		return ERR_OK;
	return home_key_file(dir, ret);
}

/* One that home notes may be on a mount that is not there, or, in an older
 * home, be named from the folder that init was called in. */
static enum err read_key_file(struct cli *cli, const char *path, int fresh,
    struct secret **ret)
{
	enum err e;

	if (fresh && !fs_exists(path)) {
		RETURN_IF(age_secret_new(ret));
		return gateway_key_file_write(path, *ret);
	}
	e = gateway_key_file_read(path, ret);
	if (e == ERR_NOT_FOUND)
		outcome_add(&cli->outcome, OUTCOME_HINT,
		    "the gateway's key file is not there: say where it is with --key-file",
		    "ゲートウェイの鍵ファイルがありません。--key-file で場所を指定してください");
	return e;
}

enum err unlock_seal(struct cli *cli, const char *dir, int fresh,
    struct home_seal *ret)
{
	char path[FS_PATH_MAX];

	*ret = (struct home_seal){.log_n = AGE_LOG_N_DEFAULT};
	RETURN_IF(key_file_path(cli, dir, path));
	if (path[0] == '\0')
		return unlock_passphrase(cli, "gateway passphrase: ",
		    "ゲートウェイのパスフレーズ: ", fresh, &ret->passphrase);
	(void)snprintf(cli->outcome.info.file, sizeof(cli->outcome.info.file),
	    "%s", path);
	RETURN_IF(read_key_file(cli, path, fresh, &ret->key_file_secret));
	cli->outcome.info.file[0] = '\0';
	return ERR_OK;
}

enum err unlock_home(struct cli *cli, struct home **ret)
{
	CLEANUP(home_seal_release) struct home_seal seal = {0};
	char path[FS_PATH_MAX];

	if (cli->home == NULL)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "which home? give --home DIR or set AZUKARI_HOME",
		    "ホームを --home DIR か AZUKARI_HOME で指定してください");
	RETURN_IF(fs_path(path, "%s/config.json", cli->home));
	if (!fs_exists(path))
		return outcome_refuse(&cli->outcome, ERR_NOT_FOUND,
		    "%s is not a gateway's home; see: azukari init",
		    "%sはゲートウェイのホームではありません。azukari init を見てください",
		    cli->home);
	RETURN_IF(unlock_seal(cli, cli->home, 0, &seal));
	return home_open(cli->home, &seal, clock_now_unix_s(), &cli->outcome,
	    ret);
}

enum err unlock_identity(struct cli *cli, const char *path,
    struct identity **ret)
{
	CLEANUP(secret_cleanup) struct secret *passphrase = NULL;

	(void)snprintf(cli->outcome.info.file, sizeof(cli->outcome.info.file),
	    "%s", path);
	if (!fs_exists(path))
		return err_at(&cli->outcome.info, ERR_NOT_FOUND, 0,
		    "there is no such identity file");
	RETURN_IF(unlock_passphrase(cli, "passphrase of the identity: ",
	    "本人鍵のパスフレーズ: ", 0, &passphrase));
	RETURN_IF(identity_read(path, passphrase, ret, &cli->outcome.info));
	cli->outcome.info.file[0] = '\0';
	return ERR_OK;
}
