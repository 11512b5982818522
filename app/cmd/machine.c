#include "app/cmd/machine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/unlock.h"
#include "core/encode.h"

void machine_release(struct machine *m)
{
	identity_free(TAKE(m->id));
}

static enum err refuse_home(struct cli *cli)
{
	if (!cli->home_given)
		return ERR_OK;
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "an officer's keys are never used at the gateway: no --home here. Take the packet to your own machine",
	    "保管官の鍵をゲートウェイで使ってはいけません。--home は指定できません。ファイルを自分の機械に移してください");
}

/* $XDG_STATE_HOME/azukari, else ~/.local/state/azukari */
static enum err find_state(struct cli *cli, struct machine *c)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (c->state != NULL)
		return fs_path(c->state_dir, "%s", c->state);
	if (xdg != NULL && xdg[0] == '/')
		return fs_path(c->state_dir, "%s/azukari", xdg);
	if (home != NULL && home[0] == '/')
		return fs_path(c->state_dir, "%s/.local/state/azukari", home);
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "where may this machine remember what was approved? give --state DIR",
	    "承認の記録を置く場所を --state DIR で指定してください");
}

static enum err parse_charter(struct cli *cli, struct machine *c)
{
	if (c->charter == NULL ||
	    decode_hex(bytes_str(c->charter), c->charter_sha256, 32) == ERR_OK)
		return ERR_OK;
	return outcome_refuse(&cli->outcome, ERR_USAGE,
	    "--charter-sha256 takes the 64 digits that sha256sum charter.txt prints",
	    "--charter-sha256 には sha256sum charter.txt が示す64桁を指定してください");
}

enum err machine_prepare(struct cli *cli, struct machine *c, int needs_out)
{
	RETURN_IF(refuse_home(cli));
	if (c->identity == NULL || (needs_out && c->out == NULL))
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    needs_out ? "give --identity FILE.key and -o FILE" :
		    "give --identity FILE.key",
		    needs_out ? "--identity FILE.key と -o FILE を指定してください" :
		    "--identity FILE.key を指定してください");
	RETURN_IF(find_state(cli, c));
	RETURN_IF(parse_charter(cli, c));
	return unlock_identity(cli, c->identity, &c->id);
}

enum err machine_ask(struct cli *cli, const char *prompt, char *ret,
    size_t max)
{
	CLEANUP(fs_fd_cleanup) int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	size_t len = 0;
	char c = '\0';

	if (fd < 0)
		return outcome_refuse(&cli->outcome, ERR_USAGE,
		    "there is no terminal to ask at; scripts give --yes",
		    "確認を求める端末がありません。スクリプトでは --yes を指定してください");
	RETURN_IF(fs_write_all(fd, bytes_str(prompt)));
	while (read(fd, &c, 1) == 1 && c != '\n' && len + 1 < max)
		ret[len++] = c;
	ret[len] = '\0';
	return c == '\n' ? ERR_OK : ERR_CANCELLED;
}
