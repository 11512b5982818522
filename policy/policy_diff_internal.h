/* policy/policy_diff_internal.h - collecting differences. */
#ifndef AZUKARI_POLICY_POLICY_DIFF_INTERNAL_H
#define AZUKARI_POLICY_POLICY_DIFF_INTERNAL_H

#include "policy/policy_diff.h"

struct policy_diff_work {
	struct policy_diff *d;
	enum err e;             /* first failure; then nothing is added */
};

/* NULL stands for nothing. */
void policy_diff_add(struct policy_diff_work *w, enum policy_diff_way way,
    const char *place, const char *before, const char *after);
/* ${more}: which way a larger number goes. */
void policy_diff_number(struct policy_diff_work *w, const char *place,
    int64_t before, int64_t after, enum policy_diff_way more);
void policy_diff_switch(struct policy_diff_work *w, const char *place,
    const char *const words[2], int before, int after);
void policy_diff_text(struct policy_diff_work *w, const char *place,
    const char *before, const char *after);
/* ${more}: which way an added word goes. */
void policy_diff_words(struct policy_diff_work *w, const char *place,
    const struct words *before, const struct words *after,
    enum policy_diff_way more);

/* Surveys, ladders, partners, consent texts, release. */
void policy_diff_lists(struct policy_diff_work *w, const struct policy *a,
    const struct policy *b);

#endif
