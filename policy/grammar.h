/* policy/grammar.h - the grammars of FORMATS 1.1 and of keys as text.
 *
 * Every test answers 1 or 0 and accepts exactly one spelling of a thing, so
 * that equal strings are equal things.
 */
#ifndef AZUKARI_POLICY_GRAMMAR_H
#define AZUKARI_POLICY_GRAMMAR_H

#include <stdint.h>

#include "core/buf.h"

#define GRAMMAR_SHA256_LEN 32
#define GRAMMAR_ID_LEN 16

int grammar_is_owner(struct bytes text);       /* 01 to 47 */
int grammar_is_name(struct bytes text);        /* [a-z][a-z0-9-]{0,31} */
int grammar_is_field(struct bytes text);       /* [A-Za-z][A-Za-z0-9_]{0,31} */
int grammar_is_request(struct bytes text);     /* REQ-... */
int grammar_is_plan(struct bytes text);        /* PLAN-YYYY-NNNN */
int grammar_is_export(struct bytes text);      /* EXP-YYYY-NNNN */
int grammar_is_origin(struct bytes text);      /* host/path */

/* 1 when ${plan} and ${export_id} share year and number. */
int grammar_plan_matches_export(const char *plan, const char *export_id);

/* An X25519 recipient of age: `age1...`, checksum and padding included. */
int grammar_is_age(struct bytes text);

/* `ssh-ed25519 BASE64` without a comment, the key blob well formed. */
int grammar_is_ssh(struct bytes text);

/* `SHA256:` and 43 characters, as ssh-keygen prints a fingerprint. */
int grammar_is_fingerprint(struct bytes text);

/* A C2SP vkey: `NAME+8 hex+BASE64` of an Ed25519 key; form only. */
int grammar_is_vkey(struct bytes text);

/* `MONDO:` and 7 digits. */
int grammar_is_disease(struct bytes text);

/* Two institutions are one when they are equal after ASCII letters are
 * folded and every kind of space is dropped. */
int grammar_same_institution(const char *a, const char *b);

#endif
