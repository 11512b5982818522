/* policy/decision_internal.h - the parts a decision is made of. */
#ifndef AZUKARI_POLICY_DECISION_INTERNAL_H
#define AZUKARI_POLICY_DECISION_INTERNAL_H

#include "policy/decision.h"

/* Clocks of two machines may differ by so much. */
#define DECISION_SKEW_S 600

/* Each adds its reasons and, where it has any, its part of the plan. */
enum err decision_judge_purpose(const struct decision_case *c,
    struct decision *d) MUST_USE;
enum err decision_judge_texts(const struct decision_case *c,
    struct decision *d) MUST_USE;
enum err decision_judge_fields(const struct decision_case *c,
    struct decision *d) MUST_USE;

/* 1 when the request names an approval of an ethics board in force. */
int decision_has_ethics(const struct decision_case *c);

/* A plan frozen then may last until this second, not included. */
int64_t decision_expires_max(const struct decision_case *c,
    int64_t frozen_unix_s);

/* Verdict from what the reasons weigh. */
void decision_weigh(struct decision *d);

/* Texts for reasons. */
#define DECISION_TEXT_MAX 24
void decision_day_text(int32_t day, char ret[DECISION_TEXT_MAX]);
void decision_time_text(int64_t unix_s, char ret[DECISION_TEXT_MAX]);
void decision_number_text(int64_t n, char ret[DECISION_TEXT_MAX]);

#endif
