/* app/unlock.h - getting at keys from the command line. */
#ifndef AZUKARI_APP_UNLOCK_H
#define AZUKARI_APP_UNLOCK_H

#include "app/cli.h"
#include "app/home.h"
#include "keys/identity.h"

/* How to open the gateway's key file: --key-file, else the key file noted in
 * config.json of ${dir} (NULL: none), else a passphrase.  ${fresh} asks for a
 * new passphrase twice.  The caller owns the result. */
enum err unlock_seal(struct cli *cli, const char *dir, int fresh,
    struct home_seal *ret) MUST_USE;

/* Open the home of --home or AZUKARI_HOME. */
enum err unlock_home(struct cli *cli, struct home **ret) MUST_USE;

/* Read a person's identity file, asking for its passphrase. */
enum err unlock_identity(struct cli *cli, const char *path,
    struct identity **ret) MUST_USE;

/* A passphrase by the given options, or from the terminal. */
enum err unlock_passphrase(struct cli *cli, const char *prompt_en,
    const char *prompt_ja, int fresh, struct secret **ret) MUST_USE;

#endif
