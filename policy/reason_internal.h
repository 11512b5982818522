/* policy/reason_internal.h - the table of sentences. */
#ifndef AZUKARI_POLICY_REASON_INTERNAL_H
#define AZUKARI_POLICY_REASON_INTERNAL_H

#include "policy/reason.h"

struct reason_text {
	const char *word;
	enum reason_weight weight;
	const char *ja, *en, *change_ja, *change_en;
};

extern const struct reason_text reason_texts[REASON_END];

#endif
