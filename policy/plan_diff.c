/* policy/plan_diff.c - two plans, line by line. */
#include "policy/plan_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/encode.h"
#include "policy/consent.h"

struct work {
	struct plan_diff *d;
	enum err e;             /* first failure; then nothing is added */
};

/* What a line is called. */
struct name {
	const char *ja, *en;
	int routine;
};

void
plan_diff_release(struct plan_diff *d)
{
	size_t i;

	for (i = 0; i < d->len; i++) {
		free(d->lines[i].before);
		free(d->lines[i].after);
	}
	free(d->lines);
	*d = (struct plan_diff){0};
}

static void
add(struct work *w, const struct name *n, const char *before,
    const char *after)
{
	struct plan_diff_line line = {n->ja, n->en, NULL, NULL, n->routine};
	struct plan_diff_line *lines;

	if (w->e != ERR_OK)
		return;
	w->e = ERR_NOMEM;
	lines = reallocarray(w->d->lines, w->d->len + 1, sizeof(*lines));
	if (lines == NULL)
		return;
	w->d->lines = lines;
	line.before = strdup(before != NULL ? before : "-");
	line.after = strdup(after != NULL ? after : "-");
	if (line.before == NULL || line.after == NULL) {
		free(line.before);
		free(line.after);
		return;
	}
	lines[w->d->len++] = line;
	w->d->notable += !n->routine;
	w->e = ERR_OK;
}

static void
diff_text(struct work *w, struct name n, const char *before,
    const char *after)
{
	if (before == after || (before != NULL && after != NULL &&
	    strcmp(before, after) == 0))
		return;
	add(w, &n, before, after);
}

static void
diff_number(struct work *w, struct name n, uint64_t before, uint64_t after)
{
	char a[24], b[24];

	(void)snprintf(a, sizeof(a), "%llu", (unsigned long long)before);
	(void)snprintf(b, sizeof(b), "%llu", (unsigned long long)after);
	diff_text(w, n, a, b);
}

static void
diff_sha256(struct work *w, struct name n, const uint8_t *before,
    const uint8_t *after)
{
	char a[2 * 32 + 1] = "-", b[2 * 32 + 1] = "-";

	if (before != NULL)
		encode_hex(before, 32, a);
	if (after != NULL)
		encode_hex(after, 32, b);
	diff_text(w, n, a, b);
}

static void
diff_words(struct work *w, struct name n, const struct words *before,
    const struct words *after)
{
	CLEANUP(buf_release) struct buf a = {0}, b = {0};

	if (words_append(before, &a) != ERR_OK ||
	    words_append(after, &b) != ERR_OK) {
		w->e = w->e == ERR_OK ? ERR_NOMEM : w->e;
		return;
	}
	diff_text(w, n, buf_text(&a), buf_text(&b));
}

static void
day_text(int has, int32_t day, char ret[CLOCK_DAY_LEN + 1])
{
	memcpy(ret, "-", 2);
	if (has)
		clock_format_day(day, ret);
}

static void
diff_day(struct work *w, struct name n, const int has[2],
    const int32_t day[2])
{
	char a[CLOCK_DAY_LEN + 1], b[CLOCK_DAY_LEN + 1];

	day_text(has[0], day[0], a);
	day_text(has[1], day[1], b);
	diff_text(w, n, a, b);
}

static void
period_text(const struct plan *p, char ret[2 * CLOCK_DAY_LEN + 3])
{
	clock_format_day(p->period_from_day, ret);
	memcpy(ret + CLOCK_DAY_LEN, "..", 2);
	clock_format_day(p->period_to_day, ret + CLOCK_DAY_LEN + 2);
}

/* ---- columns ---- */

#define COLUMN_TEXT_MAX 80

static const struct plan_column *
find_column(const struct plan *p, const char *field)
{
	size_t i;

	for (i = 0; i < p->columns_len; i++)
		if (strcmp(p->columns[i].field, field) == 0)
			return &p->columns[i];
	return NULL;
}

static void
column_text(const struct plan_column *c, char ret[COLUMN_TEXT_MAX])
{
	if (c->ladder[0] == '\0')
		(void)snprintf(ret, COLUMN_TEXT_MAX, "%s as-is", c->field);
	else
		(void)snprintf(ret, COLUMN_TEXT_MAX, "%s %s %u..%u", c->field,
		    c->ladder, c->from, c->to);
}

static void
diff_columns(struct work *w, const struct plan *before,
    const struct plan *after)
{
	static const struct name column = {"項目", "item", 0};
	const struct plan_column *other;
	char a[COLUMN_TEXT_MAX], b[COLUMN_TEXT_MAX];
	size_t i;

	for (i = 0; i < after->columns_len; i++) {
		column_text(&after->columns[i], b);
		other = find_column(before, after->columns[i].field);
		if (other != NULL)
			column_text(other, a);
		diff_text(w, column, other != NULL ? a : NULL, b);
	}
	for (i = 0; i < before->columns_len; i++) {
		if (find_column(after, before->columns[i].field) != NULL)
			continue;
		column_text(&before->columns[i], a);
		diff_text(w, column, a, NULL);
	}
}

static const struct plan_text *
find_text(const struct plan *p, const uint8_t *sha256)
{
	size_t i;

	for (i = 0; i < p->texts_len; i++)
		if (memcmp(p->texts[i].sha256, sha256, 32) == 0)
			return &p->texts[i];
	return NULL;
}

static void
diff_texts(struct work *w, const struct plan *before,
    const struct plan *after)
{
	static const struct name text = {"同意文書", "consent text", 0};
	size_t i;

	for (i = 0; i < after->texts_len; i++)
		if (find_text(before, after->texts[i].sha256) == NULL)
			diff_sha256(w, text, NULL, after->texts[i].sha256);
	for (i = 0; i < before->texts_len; i++)
		if (find_text(after, before->texts[i].sha256) == NULL)
			diff_sha256(w, text, before->texts[i].sha256, NULL);
}

/* ---- the whole ---- */

static void
diff_who(struct work *w, const struct plan *a, const struct plan *b)
{
	diff_text(w, (struct name){"所有者", "owner", 0}, a->owner, b->owner);
	diff_text(w, (struct name){"提供先", "partner", 0}, a->partner,
	    b->partner);
	diff_text(w, (struct name){"提供先の機関", "partner's institution", 0},
	    a->partner_institution, b->partner_institution);
	diff_text(w, (struct name){"受取鍵", "recipient key", 0},
	    a->recipient, b->recipient);
	diff_text(w, (struct name){"申請者の署名鍵", "requester's key", 0},
	    a->requester_fingerprint, b->requester_fingerprint);
	diff_text(w, (struct name){"研究課題", "project", 0}, a->project,
	    b->project);
	diff_sha256(w, (struct name){"課題の鍵", "project key", 0},
	    a->project_epoch_sha256, b->project_epoch_sha256);
	diff_number(w, (struct name){"提供の回", "release of the project", 1},
	    a->project_release, b->project_release);
	diff_sha256(w, (struct name){"申請書", "request", 1},
	    a->request_sha256, b->request_sha256);
}

static void
diff_why(struct work *w, const struct plan *a, const struct plan *b)
{
	diff_words(w, (struct name){"目的", "purpose", 0}, &a->purpose,
	    &b->purpose);
	diff_words(w, (struct name){"疾患", "disease", 0}, &a->disease,
	    &b->disease);
	diff_text(w, (struct name){"法的根拠", "legal basis", 0},
	    a->legal_basis, b->legal_basis);
	diff_text(w, (struct name){"倫理審査", "ethics approval", 0},
	    a->ethics_approval, b->ethics_approval);
	diff_day(w, (struct name){"倫理審査の期限", "ethics expiry", 0},
	    (int[2]){a->has_ethics_expiry, b->has_ethics_expiry},
	    (int32_t[2]){a->ethics_expiry_day, b->ethics_expiry_day});
	diff_texts(w, a, b);
	diff_text(w, (struct name){"置き換える提供", "supersedes", 1},
	    a->supersedes, b->supersedes);
}

static void
diff_what(struct work *w, const struct plan *a, const struct plan *b)
{
	char before[2 * CLOCK_DAY_LEN + 3], after[2 * CLOCK_DAY_LEN + 3];

	diff_text(w, (struct name){"調査", "survey", 0}, a->survey_name,
	    b->survey_name);
	diff_number(w, (struct name){"調査の版", "survey version", 0},
	    a->survey_version, b->survey_version);
	diff_sha256(w, (struct name){"調査の文書", "survey document", 0},
	    a->survey_sha256, b->survey_sha256);
	diff_columns(w, a, b);
	diff_sha256(w, (struct name){"一般化の表", "ladders", 0},
	    a->scheme_sha256, b->scheme_sha256);
	period_text(a, before);
	period_text(b, after);
	diff_text(w, (struct name){"期間", "period", 1}, before, after);
	diff_day(w, (struct name){"保管期限", "retention until", 1},
	    (int[2]){1, 1},
	    (int32_t[2]){a->retention_until_day, b->retention_until_day});
	diff_number(w, (struct name){"記録日の数", "epochs", 1}, a->epochs,
	    b->epochs);
}

/* By their places: a rule that moves is one that was changed. */
static void
diff_models(struct work *w, const struct plan *a, const struct plan *b)
{
	char before[MODEL_TEXT_MAX], after[MODEL_TEXT_MAX];
	size_t i;

	for (i = 0; i < a->models_len || i < b->models_len; i++) {
		if (i < a->models_len)
			model_text(&a->models[i], before);
		if (i < b->models_len)
			model_text(&b->models[i], after);
		diff_text(w, (struct name){"開示規則", "rule", 0},
		    i < a->models_len ? before : NULL,
		    i < b->models_len ? after : NULL);
	}
}

static void
diff_rules(struct work *w, const struct plan *a, const struct plan *b)
{
	static const char *const byte_release[] = {"no", "required"};
	static const char *const denial[] = {"veto", "vote"};
	static const char *const visits[] = {"single", "joined"};

	diff_number(w, (struct name){"最小人数 k", "k", 0}, a->k, b->k);
	diff_number(w, (struct name){"抑制の上限", "suppression limit", 0},
	    a->suppression_limit, b->suppression_limit);
	diff_number(w, (struct name){"最小セル", "minimum cell", 0},
	    a->minimum_cell, b->minimum_cell);
	diff_text(w, (struct name){"複数回の回答", "visits", 0},
	    visits[a->visits == PLAN_VISITS_JOINED],
	    visits[b->visits == PLAN_VISITS_JOINED]);
	diff_models(w, a, b);
	diff_text(w, (struct name){"内容確認後の提供", "byte release", 0},
	    byte_release[a->byte_release != 0],
	    byte_release[b->byte_release != 0]);
	diff_text(w, (struct name){"拒否の扱い", "denial rule", 0},
	    denial[a->denial_is_vote != 0], denial[b->denial_is_vote != 0]);
	diff_number(w, (struct name){"方針の版", "policy version", 0},
	    a->policy_version, b->policy_version);
	diff_sha256(w, (struct name){"方針", "policy", 0}, a->policy_sha256,
	    b->policy_sha256);
	diff_sha256(w, (struct name){"憲章", "charter", 0},
	    a->charter_sha256, b->charter_sha256);
	diff_number(w, (struct name){"必要な承認", "approvals needed", 0},
	    a->threshold, b->threshold);
	diff_text(w, (struct name){"台帳", "ledger", 0}, a->ledger_origin,
	    b->ledger_origin);
	diff_text(w, (struct name){"ゲートウェイの鍵", "gateway key", 0},
	    a->gateway_key, b->gateway_key);
	diff_sha256(w, (struct name){"証人の方針", "witness policy", 0},
	    a->has_witness_policy ? a->witness_policy_sha256 : NULL,
	    b->has_witness_policy ? b->witness_policy_sha256 : NULL);
}

enum err
plan_diff_make(const struct plan *before, const struct plan *after,
    struct plan_diff *ret)
{
	CLEANUP(plan_diff_release) struct plan_diff d = {0};
	struct work w = {&d, ERR_OK};

	diff_who(&w, before, after);
	diff_why(&w, before, after);
	diff_what(&w, before, after);
	diff_rules(&w, before, after);
	RETURN_IF(w.e);
	*ret = d;
	d = (struct plan_diff){0};
	return ERR_OK;
}
