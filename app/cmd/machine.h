/* app/cmd/machine.h - what commands on an officer's own machine share. */
#ifndef AZUKARI_APP_CMD_MACHINE_H
#define AZUKARI_APP_CMD_MACHINE_H

#include "app/cli.h"
#include "core/fs.h"
#include "keys/identity.h"

/* Zeroed; the first four are options as given, each may be NULL. */
struct machine {
	const char *identity, *out, *state, *charter;
	char state_dir[FS_PATH_MAX];
	uint8_t charter_sha256[32];     /* where charter is given */
	struct identity *id;
};
void machine_release(struct machine *m);        /* CLEANUP-able */

/* Refuses --home, finds the state folder ($XDG_STATE_HOME/azukari, else
 * ~/.local/state/azukari) and unlocks the identity.  ERR_USAGE with a
 * sentence; else as unlock_identity. */
enum err machine_prepare(struct cli *cli, struct machine *m,
    int needs_out) MUST_USE;

/* One line typed at the terminal, without its LF, at most ${max} bytes with
 * NUL.  ERR_USAGE with a sentence where there is no terminal; ERR_CANCELLED. */
enum err machine_ask(struct cli *cli, const char *prompt, char *ret,
    size_t max) MUST_USE;

#endif
