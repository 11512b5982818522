/* ledger/audit.c - entry by entry through the rules, then the tree itself. */
#include "ledger/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/audit_internal.h"

/* Rules that are not about single entries among others. */
static const struct audit_rule form_rule = {
	"form", "every entry is of a known kind and well formed",
	"すべての記載は、既知の種類で正しい形式である",
};
static const struct audit_rule origin_rule = {
	"origin", "the genesis entry names the log of the checkpoint",
	"最初の記載は、チェックポイントの台帳を示す",
};
static const struct audit_rule size_rule = {
	"size", "there are as many entries as the checkpoint says",
	"記載の数は、チェックポイントのとおりである",
};
static const struct audit_rule root_rule = {
	"root", "the entries hash to the root of the checkpoint",
	"記載のハッシュは、チェックポイントの根と一致する",
};

enum err
audit_new(const struct audit_facts *facts, struct audit **ret)
{
	struct audit *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return ERR_NOMEM;
	a->facts = facts;
	*ret = a;
	return ERR_OK;
}

void
audit_free(struct audit *a)
{
	if (a == NULL)
		return;
	audit_state_release(a);
	free(a->findings);
	free(a);
}

void
audit_cleanup(struct audit **a)
{
	audit_free(*a);
}

static enum err
reserve_finding(struct audit *a)
{
	size_t cap = a->findings_cap == 0 ? 16 : a->findings_cap * 2;
	struct audit_finding *more;

	if (a->findings_len == AUDIT_FINDINGS_MAX)
		return ERR_LIMIT;
	if (a->findings_len < a->findings_cap)
		return ERR_OK;
	if ((more = realloc(a->findings, cap * sizeof(*more))) == NULL)
		return ERR_NOMEM;
	a->findings = more;
	a->findings_cap = cap;
	return ERR_OK;
}

static enum err
add_finding(struct audit *a, const struct audit_rule *rule, uint64_t index,
    const char *kind, const char *detail)
{
	struct audit_finding *f;

	RETURN_IF(reserve_finding(a));
	f = &a->findings[a->findings_len++];
	f->rule = rule;
	f->index = index;
	(void)snprintf(f->kind, sizeof(f->kind), "%s", kind);
	(void)snprintf(f->detail, sizeof(f->detail), "%s", detail);
	return ERR_OK;
}

static enum err
check_rules(struct audit *a, const struct audit_event *ev)
{
	const struct audit_check *checks;
	size_t count, i;

	checks = audit_checks(&count);
	for (i = 0; i < count; i++)
		if ((checks[i].kinds >> ev->kind & 1) != 0 &&
		    !checks[i].holds(a, ev))
			RETURN_IF(add_finding(a, &checks[i].rule, ev->index,
			    entry_info(ev->kind)->name, ""));
	return ERR_OK;
}

enum err
audit_add(struct audit *a, struct bytes entry)
{
	CLEANUP(text_cleanup) struct text *text = NULL;
	struct audit_event ev = {.index = a->range.size};
	uint8_t leaf[MERKLE_HASH_LEN];
	struct err_info info = {.line = 0};
	enum err e;

	entry_leaf(entry, leaf);
	merkle_range_add(&a->range, leaf);
	e = entry_parse(entry, &ev.kind, &text, &info);
	if (e == ERR_NOMEM)
		return e;
	if (e != ERR_OK)
		return add_finding(a, &form_rule, ev.index, "entry",
		    info.message);
	ev.text = text;
	audit_state_resolve(a, &ev);
	RETURN_IF(check_rules(a, &ev));
	return audit_state_apply(a, &ev);
}

enum err
audit_finish(struct audit *a, const struct checkpoint *cp)
{
	uint8_t root[MERKLE_HASH_LEN];

	if (strcmp(a->origin, cp->origin) != 0)
		RETURN_IF(add_finding(a, &origin_rule, 0, "ledger", ""));
	if (a->range.size != cp->size)
		return add_finding(a, &size_rule, a->range.size, "ledger",
		    "");
	audit_root(a, root);
	if (memcmp(root, cp->root, sizeof(root)) != 0)
		return add_finding(a, &root_rule, cp->size, "ledger", "");
	return ERR_OK;
}

uint64_t
audit_size(const struct audit *a)
{
	return a->range.size;
}

void
audit_root(const struct audit *a, uint8_t ret[MERKLE_PROOF_HASH_LEN])
{
	merkle_range_root(&a->range, ret);
}

size_t
audit_findings(const struct audit *a)
{
	return a->findings_len;
}

const struct audit_finding *
audit_finding(const struct audit *a, size_t i)
{
	MUST_HOLD(i < a->findings_len);
	return &a->findings[i];
}

size_t
audit_rules(void)
{
	size_t count;

	(void)audit_checks(&count);
	return count + 4;
}

const struct audit_rule *
audit_rule(size_t i)
{
	static const struct audit_rule *const whole[] = {
		&form_rule, &origin_rule, &size_rule, &root_rule,
	};
	const struct audit_check *checks;
	size_t count;

	checks = audit_checks(&count);
	MUST_HOLD(i < count + ARRAY_LEN(whole));
	return i < count ? &checks[i].rule : whole[i - count];
}
