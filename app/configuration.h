/* app/configuration.h - what an operator can change, as entries of the ledger.
 *
 * An owner's rules are documents that its seats sign; these are the operator's:
 * HOME/config.json (`gateway`), the service's file (`service`) and what a LINE
 * channel asks (`line-SOURCE`).  The ledger has a digest of each, so that an
 * auditor sees when something changed and can ask to be shown what.  config.json
 * is entered when a home is made, and whenever it has other bytes by the first
 * act that follows (act_begin); serve.json by the service that reads it.
 */
#ifndef AZUKARI_APP_CONFIGURATION_H
#define AZUKARI_APP_CONFIGURATION_H

#include "app/act.h"
#include "keys/digest.h"

#define CONFIGURATION_GATEWAY "gateway"
#define CONFIGURATION_SERVICE "service"

/* Of the last entry about ${what} of ${owner} (NULL: the gateway);
 * ERR_NOT_FOUND before the first. */
enum err configuration_last(struct home *h, const char *owner,
    const char *what, uint8_t ret_sha256[DIGEST_LEN]) MUST_USE;

/* Within an act: an entry if the last one says something else. */
enum err configuration_put(struct act *a, const char *owner,
    const char *what, const uint8_t sha256[DIGEST_LEN]) MUST_USE;

/* The same as an act of its own, in the ledger on return.  ${ret_entered}: 1
 * where the last entry said something else, or there was none. */
enum err configuration_enter(struct home *h, const char *what,
    const uint8_t sha256[DIGEST_LEN], int *ret_entered) MUST_USE;

/* Of the bytes of HOME/config.json. */
enum err configuration_of_home(struct home *h,
    uint8_t ret_sha256[DIGEST_LEN]) MUST_USE;

#endif
