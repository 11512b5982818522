/* app/ops/enrol.h - from nothing to a live owner: home, identities, charter.
 *
 * Enrolment goes by files (docs/FORMATS.md 8.9): the gateway packs, each
 * custodian joins on their own machine (proving both their keys on a trial
 * share), the gateway activates once all n have joined.
 */
#ifndef AZUKARI_APP_OPS_ENROL_H
#define AZUKARI_APP_OPS_ENROL_H

#include "app/home.h"
#include "app/pack.h"
#include "keys/epoch.h"
#include "keys/identity.h"

#define ENROL_SEATS_MAX 16

struct enrol_seat {
	const char *pub;                /* path of NAME.pub */
	const char *spare_pub;          /* path, or NULL */
	const char *institution;
};

struct enrol_owner {
	const char *code, *name, *representative;
	unsigned threshold;
	struct enrol_seat seats[ENROL_SEATS_MAX];
	size_t seats_len;
};

/* Register the owner, make its stores, draft its charter and deal the trial
 * key.  ERR_EXISTS when the owner is enrolled; everything charter_parse
 * refuses. */
enum err enrol_owner_add(struct home *h, const struct enrol_owner *owner)
    MUST_USE;

/* Write the packet for one seat. */
enum err enrol_pack(struct home *h, const char *owner, const char *seat,
    const char *path) MUST_USE;

/* On the custodian's machine: check the packet, open the trial share, sign
 * the charter; the answer goes to ${path}.  ${ret_sheet} gets the page to read
 * aloud: who, which keys, what is lost when seats are lost. */
enum err enrol_join(const char *packet, const struct identity *id,
    const char *path, int64_t now_unix_s, struct buf *ret_sheet,
    struct outcome *o) MUST_USE;

/* Put the charter in force with the answers of all n seats. */
enum err enrol_activate(struct home *h, const char *owner,
    const char *const *answers, size_t len) MUST_USE;

/* The seats of a charter as those who receive shares: x = position from 1. */
struct charter;
enum err enrol_roster(const struct charter *charter,
    struct epoch_roster *ret) MUST_USE;

#endif
