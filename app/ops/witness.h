/* app/ops/witness.h - the whole of a witness: no home, no gateway.
 *
 *     DIR/witness.key     its one key file, behind a passphrase
 *     DIR/witness.vkey    its public key, to be handed out
 *     DIR/state           the last checkpoint it cosigned, verbatim
 *
 * A witness cosigns growth and nothing else; where it is shown two trees that
 * contradict each other it writes down the proof (ledger/misbehaviour.h).
 */
#ifndef AZUKARI_APP_OPS_WITNESS_H
#define AZUKARI_APP_OPS_WITNESS_H

#include <stdint.h>

#include "app/outcome.h"
#include "core/fs.h"
#include "core/secret.h"
#include "ledger/note_signer.h"
#include "ledger/witness.h"

#define WITNESS_LOCK_MS 10000

/* Make a witness of ${log} (a ledger's vkey, or a file that begins with it) in
 * ${dir}; ERR_EXISTS when one is there. */
struct witness_init_args {
	const char *dir, *name, *log;
	const struct secret *passphrase;        /* borrowed */
	unsigned log_n;
	int64_t now_unix_s;
};
enum err witness_init(const struct witness_init_args *args,
    struct outcome *o) MUST_USE;

/* An opened witness. */
struct witness_holder {
	char dir[FS_PATH_MAX], state[FS_PATH_MAX];
	struct note_key log;
	struct note_signer *signer;
	struct witness_config config;           /* borrows all of this */
};
void witness_holder_free(struct witness_holder *w);
void witness_holder_cleanup(struct witness_holder **w);

enum err witness_holder_open(const char *dir, const struct secret *passphrase,
    struct witness_holder **ret, struct outcome *o) MUST_USE;

/* Cosign the request in file ${request} into ${answer} (new).  A refusal says
 * why in ${o}; where the request proves that the log contradicts itself, the
 * proof goes to ${answer}.misbehaviour. */
enum err witness_answer(const struct witness_holder *w, const char *request,
    const char *answer, int64_t now_unix_s, struct outcome *o) MUST_USE;

/* Check a proof of misbehaviour under ${log}, as above.  ERR_OK: the log has
 * signed two trees that contradict each other. */
enum err witness_check_misbehaviour(const char *path, const char *log,
    struct outcome *o) MUST_USE;

/* A vkey, or a file whose first line it is, with a sentence where it is
 * neither. */
enum err witness_read_vkey(const char *vkey, struct note_key *ret,
    struct outcome *o) MUST_USE;

#endif
