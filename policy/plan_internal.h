/* policy/plan_internal.h - what the files about plans share. */
#ifndef AZUKARI_POLICY_PLAN_INTERNAL_H
#define AZUKARI_POLICY_PLAN_INTERNAL_H

#include "policy/plan.h"

extern const char *const plan_byte_release_words[];    /* no, required */
extern const char *const plan_key_words[];             /* memory */
extern const char *const plan_denial_words[];          /* veto, vote */
extern const char *const plan_visits_words[];          /* single, joined */

/* The same columns with the same ladders, levels and dates; the same consent
 * texts for the same scopes: 1, else 0. */
int plan_same_columns(const struct plan *a, const struct plan *b);
int plan_same_texts(const struct plan *a, const struct plan *b);

#endif
