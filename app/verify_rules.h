/* app/verify_rules.h - the rules on answers that a statement names, held
 * against the opened table (FORMATS 7.1).
 */
#ifndef AZUKARI_APP_VERIFY_RULES_H
#define AZUKARI_APP_VERIFY_RULES_H

#include "app/outcome.h"
#include "core/json_doc.h"
#include "exporters/statement.h"
#include "policy/disclosure/tally.h"

struct verify_rules {
	struct tally_rule rules[MODEL_RULES_MAX];
	const char **names[MODEL_RULES_MAX];    /* of the table's columns */
	size_t len, unknown;            /* unknown: order or ladder is needed */
	struct tally *tally;            /* NULL: there are none */
};
void verify_rules_release(struct verify_rules *v);      /* CLEANUP-able */

/* Is ${name} a column of that field? */
typedef int (*verify_rules_is_of_fn)(const struct json_doc *columns,
    const char *field, const char *name);

/* The rules of ${s} on the table whose heading is ${cells}, which is borrowed;
 * sets what ${args} need.  ERR_SYNTAX: a rule that is none; ERR_NOT_FOUND: one
 * on no column. */
enum err verify_rules_open(const struct statement *s,
    const struct json_doc *columns, const struct bytes *cells, size_t len,
    verify_rules_is_of_fn is_of, struct counter_args *args,
    struct verify_rules *ret) MUST_USE;

/* Once the table is counted.  ERR_MISMATCH with a sentence. */
enum err verify_rules_judge(struct verify_rules *v, struct outcome *o)
    MUST_USE;

#endif
