/* app/ops/sources.h - where an owner's lines come from.
 *
 * A source has a namespace for its user ids: the blind index of a respondent
 * is over both, so the same person reached through two sources of one
 * namespace is one respondent.
 */
#ifndef AZUKARI_APP_OPS_SOURCES_H
#define AZUKARI_APP_OPS_SOURCES_H

#include "app/home.h"

#define SOURCES_NAMESPACE_MAX 64

/* Register a source.  ERR_REFUSED: ids of that namespace can be guessed
 * (telephone numbers, patient numbers, ...), and the policy in force does not
 * accept such ids; ERR_SYNTAX; ERR_EXISTS. */
enum err sources_add(struct home *h, const char *owner, const char *source,
    const char *id_namespace) MUST_USE;

/* The source ${name}, or the owner's only one when ${name} is NULL.
 * ERR_NOT_FOUND, ERR_USAGE with a sentence. */
enum err sources_pick(struct home *h, const char *owner, const char *name,
    struct register_source *ret) MUST_USE;

#endif
