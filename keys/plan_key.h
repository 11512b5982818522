/* keys/plan_key.h - the secret of a plan's recipient, while the plan lives.
 *
 * HOME/run/plans/PLAN.key, sealed to the gateway's own recipient; never in a
 * backup, destroyed when the plan ends.
 */
#ifndef AZUKARI_KEYS_PLAN_KEY_H
#define AZUKARI_KEYS_PLAN_KEY_H

#include "core/err.h"
#include "core/secret.h"
#include "keys/gateway_key.h"

/* A fresh secret, written to ${path} (ERR_EXISTS); its recipient goes into the
 * plan. */
enum err plan_key_create(const struct gateway_key *gateway, const char *path,
    struct age_recipient *ret) MUST_USE;

/* The secret; the caller owns it.  ERR_NOT_FOUND, else as keys/age.h. */
enum err plan_key_read(const struct gateway_key *gateway, const char *path,
    struct secret **ret) MUST_USE;

/* Overwrite as far as possible and remove; absent is fine. */
enum err plan_key_destroy(const char *path) MUST_USE;

#endif
