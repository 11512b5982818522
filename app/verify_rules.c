#include "app/verify_rules.h"

#include <stdlib.h>

void verify_rules_release(struct verify_rules *v)
{
	tally_free(v->tally);
	for (size_t i = 0; i < MODEL_RULES_MAX; i++)
		free(v->names[i]);
	*v = (struct verify_rules){.len = 0};
}

/* An order or a ladder is not in a bundle. */
static int is_known(enum model_kind kind)
{
	return kind != MODEL_T_ORDERED && kind != MODEL_T_LADDER;
}

static enum err add_rule(struct verify_rules *v, const struct model_rule *rule,
    const struct json_doc *columns, const struct bytes *cells, size_t len,
    verify_rules_is_of_fn is_of)
{
	const char **names = calloc(len + 1, sizeof(*names));
	size_t n = 0;

	if (names == NULL)
		return ERR_NOMEM;
	v->names[v->len] = names;
	for (size_t i = 0; i < len; i++)
		if (is_of(columns, rule->field, (const char *)cells[i].data))
			names[n++] = (const char *)cells[i].data;
	v->rules[v->len++] = (struct tally_rule){.rule = *rule,
	    .columns = names, .columns_len = n};
	return n == 0 ? ERR_NOT_FOUND : ERR_OK;
}

enum err verify_rules_open(const struct statement *s,
    const struct json_doc *columns, const struct bytes *cells, size_t len,
    verify_rules_is_of_fn is_of, struct counter_args *args,
    struct verify_rules *ret)
{
	for (size_t i = 1; i < s->rules.len; i++) {
		struct model_rule rule;

		if (i > MODEL_RULES_MAX)
			return ERR_LIMIT;
		RETURN_IF(model_parse(bytes_str(s->rules.items[i]), &rule));
		if (is_known(rule.kind))
			RETURN_IF(add_rule(ret, &rule, columns, cells, len,
			    is_of));
		else
			ret->unknown++;
	}
	if (ret->len == 0)
		return ERR_OK;
	RETURN_IF(tally_new(ret->rules, ret->len,
	    strtoull(s->k_asked, NULL, 10), &ret->tally));
	tally_watch(ret->tally, args);
	return ERR_OK;
}

enum err verify_rules_judge(struct verify_rules *v, struct outcome *o)
{
	char text[MODEL_TEXT_MAX];
	size_t rule = 0;
	enum err e = v->tally == NULL ? ERR_OK : tally_end(v->tally, &rule);

	if (e == ERR_REFUSED) {
		model_text(&v->rules[rule].rule, text);
		return outcome_refuse(o, ERR_MISMATCH,
		    "the rule \"%s\" of STATEMENT.txt does not hold for the table",
		    "STATEMENT.txtの規則「%s」が表で満たされていません", text);
	}
	RETURN_IF(e);
	if (v->len > 0)
		outcome_add(o, OUTCOME_CHECK,
		    "%zu rules on answers hold in every group of the table",
		    "回答の規則%zu件が、表のどの集団でも満たされています", v->len);
	if (v->unknown > 0)
		outcome_add(o, OUTCOME_WARNING,
		    "%zu rules need the owner's order or ladder of values and were not computed again",
		    "値の順序や区分表が必要な規則%zu件は、計算し直していません",
		    v->unknown);
	return ERR_OK;
}
