/* policy/model.h - a rule on one released column beyond k, as one line.
 *
 * The same line stands in the policy (`disclosure.rules`), in plan.txt, in
 * STATEMENT.txt and in the report (FORMATS 7.1):
 *
 *   FIELD distinct L         FIELD t-equal T
 *   FIELD entropy L          FIELD t-ordered T
 *   FIELD recursive C L      FIELD t-ladder:NAME T
 *   FIELD k-to-m M
 *
 * L of distinct and recursive and M are whole numbers; the others have up to
 * three decimals, in their shortest form, so that all that is compared later is
 * compared in whole thousandths.
 */
#ifndef AZUKARI_POLICY_MODEL_H
#define AZUKARI_POLICY_MODEL_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define MODEL_RULES_MAX 8
#define MODEL_TEXT_MAX 128

enum model_kind {
	MODEL_DISTINCT,                 /* at least l values */
	MODEL_ENTROPY,                  /* entropy of values >= log l */
	MODEL_RECURSIVE,                /* r1 < c (rl + ... + rm) */
	MODEL_T_EQUAL,                  /* distance to what leaves <= t */
	MODEL_T_ORDERED,
	MODEL_T_LADDER,
	MODEL_SETS,                     /* any m options: k people or nobody */
};

struct model_rule {
	char field[33];
	enum model_kind kind;
	char ladder[33];                /* MODEL_T_LADDER; else "" */
	unsigned whole;                 /* l or m; 0 where there is none */
	unsigned thousandths;           /* of c, t or entropy's l; else 0 */
};

/* ERR_SYNTAX: not one of these lines, or not in its one form; ERR_UNKNOWN: no
 * such rule; ERR_RANGE: a number outside its bounds. */
enum err model_parse(struct bytes line, struct model_rule *ret) MUST_USE;
/* The line, without LF; always fits. */
void model_text(const struct model_rule *r, char ret[MODEL_TEXT_MAX]);
int model_equal(const struct model_rule *a, const struct model_rule *b);
/* In words, for officers and reports (FIELD is not in it). */
const char *model_words(enum model_kind kind, int japanese);

#endif
