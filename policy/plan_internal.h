/* policy/plan_internal.h - words that reading and writing a plan share. */
#ifndef AZUKARI_POLICY_PLAN_INTERNAL_H
#define AZUKARI_POLICY_PLAN_INTERNAL_H

extern const char *const plan_byte_release_words[];    /* no, required */
extern const char *const plan_key_words[];             /* memory */
extern const char *const plan_denial_words[];          /* veto, vote */
extern const char *const plan_visits_words[];          /* single, joined */

#endif
