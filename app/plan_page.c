/* A plan in plain words.  Only what was checked is handed in. */
#include "app/plan_page.h"

#include <stdio.h>

#include "core/clock.h"
#include "policy/duo.h"

struct page {
	const struct plan_page *in;
	int japanese;
	struct buf *out;
	enum err e;                     /* first failure */
};

static const char *say(const struct page *p, const char *en, const char *ja)
{
	return p->japanese ? ja : en;
}

static void put(struct page *p, const char *text)
{
	if (p->e == ERR_OK && text != NULL)
		p->e = buf_append_str(p->out, text);
}

static void put_number(struct page *p, uint64_t v)
{
	if (p->e == ERR_OK)
		p->e = buf_printf(p->out, "%llu", (unsigned long long)v);
}

/* `  label: `; the value and an LF follow. */
static void label(struct page *p, const char *en, const char *ja)
{
	put(p, "  ");
	put(p, say(p, en, ja));
	put(p, say(p, ": ", "："));
}

static void line(struct page *p, const char *en, const char *ja,
    const char *value)
{
	label(p, en, ja);
	put(p, value == NULL ? say(p, "none", "なし") : value);
	put(p, "\n");
}

static void put_day(struct page *p, int32_t day)
{
	char text[CLOCK_DAY_LEN + 1];

	clock_format_day(day, text);
	put(p, text);
}

/* ---- who ---- */

static void who(struct page *p)
{
	const struct plan *plan = p->in->plan;
	const struct request *r = &p->in->docket->request;
	const struct policy_partner *partner =
	    policy_find_partner(&p->in->docket->policy, plan->partner);

	label(p, "to", "提供先");
	if (partner != NULL)
		put(p, p->japanese || partner->name_en == NULL ?
		    partner->name : partner->name_en);
	put(p, say(p, " (", "（"));
	put(p, plan->partner_institution);
	put(p, say(p, ")\n", "）\n"));
	line(p, "investigator", "研究責任者", r->investigator);
	line(p, "key fingerprint", "署名鍵の指紋",
	    plan->requester_fingerprint);
	line(p, "study", "研究課題", r->title);
}

/* ---- why ---- */

static void purpose(struct page *p)
{
	const struct words *codes = &p->in->plan->purpose;

	label(p, "purpose", "目的");
	for (size_t i = 0; i < codes->len; i++) {
		const struct duo_code *c = duo_find(codes->items[i]);

		put(p, i == 0 ? "" : say(p, "; ", "、"));
		if (c != NULL) {
			put(p, say(p, c->en, c->ja));
			put(p, " ");
		}
		put(p, codes->items[i]);
	}
	put(p, "\n");
	label(p, "diseases", "疾患");
	if (p->in->plan->disease.len == 0)
		put(p, say(p, "none named", "指定なし"));
	for (size_t i = 0; i < p->in->plan->disease.len; i++) {
		put(p, i == 0 ? "" : " ");
		put(p, p->in->plan->disease.items[i]);
	}
	put(p, "\n");
}

static void why(struct page *p)
{
	const struct plan *plan = p->in->plan;

	purpose(p);
	line(p, "legal basis", "法的根拠", plan->legal_basis);
	line(p, "ethics approval", "倫理審査", plan->ethics_approval);
	if (plan->has_ethics_expiry) {
		label(p, "ethics approval ends", "倫理審査の期限");
		put_day(p, plan->ethics_expiry_day);
		put(p, "\n");
	}
	label(p, "kept there until", "提供先での保管期限");
	put_day(p, plan->retention_until_day);
	put(p, "\n");
}

/* ---- what ---- */

/* How a date leaves, and what a calendar date can give away. */
static void date_way(struct page *p, const struct survey_field *f,
    const struct plan_column *c)
{
	enum policy_date_mode mode = (enum policy_date_mode)c->date;

	if (f == NULL || f->kind != SURVEY_KIND_DATE)
		return;
	put(p, say(p, "      date: ", "      日付："));
	put(p, policy_date_text(mode, p->japanese));
	if (mode == POLICY_DATE_AS_IS) {
		put(p, say(p, "; ", "。"));
		put(p, policy_date_warning(p->japanese));
	}
	put(p, "\n");
}

static void column(struct page *p, const struct plan_column *c)
{
	const struct survey_field *f = survey_find(p->in->docket->survey,
	    bytes_str(c->field));

	put(p, "    ");
	put(p, c->field);
	if (f != NULL) {
		put(p, " ");
		put(p, say(p, f->title_en, f->title));
	}
	if (c->ladder[0] == '\0') {
		put(p, say(p, " - as it is\n", " ― そのまま\n"));
		date_way(p, f, c);
		return;
	}
	put(p, say(p, " - coarsened: ", " ― 粗くして提供："));
	put(p, c->ladder);
	put(p, say(p, ", levels ", "、段階"));
	put_number(p, c->from);
	put(p, say(p, " to ", "から"));
	put_number(p, c->to);
	put(p, "\n");
	date_way(p, f, c);
}

static void items(struct page *p)
{
	const struct plan *plan = p->in->plan;

	label(p, "answers of", "回答の期間");
	put_day(p, plan->period_from_day);
	put(p, say(p, " to ", "から"));
	put_day(p, plan->period_to_day);
	put(p, say(p, ", survey ", "、調査 "));
	put(p, say(p, p->in->docket->survey->title_en,
	    p->in->docket->survey->title));
	put(p, "\n");
	label(p, "items", "項目");
	put_number(p, plan->columns_len);
	put(p, "\n");
	for (size_t i = 0; i < plan->columns_len; i++)
		column(p, &plan->columns[i]);
}

static void models(struct page *p)
{
	const struct plan *plan = p->in->plan;
	char text[MODEL_TEXT_MAX];

	if (plan->models_len == 0)
		return;
	label(p, "and beside that", "加えて");
	put(p, "\n");
	for (size_t i = 0; i < plan->models_len; i++) {
		model_text(&plan->models[i], text);
		put(p, "    ");
		put(p, text);
		put(p, say(p, " - ", " ― "));
		put(p, model_words(plan->models[i].kind, p->japanese));
		put(p, "\n");
	}
}

static void how_many(struct page *p)
{
	const struct plan *plan = p->in->plan;
	uint64_t most = p->in->respondents_max;
	char text[32];

	if (most == 0 || p->in->records < most)
		most = p->in->records;
	label(p, "people", "人数");
	put(p, say(p, "at most ", "最大"));
	put_number(p, most);
	put(p, say(p, "; everyone is one of at least ",
	    "人、同じ特徴の人が必ず"));
	put_number(p, plan->k);
	put(p, say(p, " alike\n", "人以上\n"));
	label(p, "whoever answered several times", "何度も回答した人");
	put(p, plan->visits == PLAN_VISITS_JOINED ?
	    say(p, "is alike only in all answers together, their number and order\n",
	    "全回答とその回数・順序を合わせて同じ特徴かどうかを見ます\n") :
	    say(p, "is looked at one answer at a time: WHOEVER KNOWS SEVERAL OF THEM may find fewer people alike\n",
	    "回答ごとに別々に見ます。複数の回答を知る者には、より少ない人数に絞られ得ます\n"));
	models(p);
	label(p, "left out for that, at most", "そのために除く割合の上限");
	(void)snprintf(text, sizeof(text), "%u.%02u %%\n",
	    plan->suppression_limit / 100, plan->suppression_limit % 100);
	put(p, text);
	label(p, "consent texts", "同意文");
	put_number(p, plan->texts_len);
	put(p, "\n");
	for (size_t i = 0; i < plan->texts_len; i++) {
		const struct consent_text *t = policy_find_text(
		    &p->in->docket->policy, plan->texts[i].sha256);

		put(p, "    ");
		put(p, t == NULL ? "?" : t->title);
		put(p, "\n");
	}
}

/* ---- what was released before ---- */

static void one_before(struct page *p, const struct prior_export *e)
{
	put(p, "    ");
	put(p, e->export_id);
	put(p, " ");
	put(p, e->project);
	put(p, say(p, ", to ", "、提供先 "));
	put(p, e->partner);
	put(p, ", ");
	put(p, e->survey);
	put(p, " ");
	put_day(p, e->from_day);
	put(p, say(p, " to ", "から"));
	put_day(p, e->to_day);
	if (!e->has_record)
		put(p, say(p, ": by an earlier version, which kept no record; NOT COMPARED",
		    "：以前の版による提供で記録がなく、比較されません"));
	put(p, "\n");
}

static void before(struct page *p)
{
	const struct prior *prior = &p->in->docket->prior;

	label(p, "released before", "これまでの提供");
	put_number(p, prior->len);
	put(p, say(p, "; whoever holds two must not be able to single out fewer than ",
	    "件。2つを比べても"));
	put_number(p, p->in->plan->k);
	put(p, say(p, " people, else the export is refused\n",
	    "人未満を特定できない場合だけ提供します\n"));
	for (size_t i = 0; i < prior->len; i++)
		one_before(p, &prior->releases[i]);
	if (prior->levels_len == 0)
		return;
	label(p, "levels fixed by this project's first release",
	    "この課題の初回で決まった段階");
	for (size_t i = 0; i < prior->levels_len; i++) {
		put(p, i == 0 ? "" : ", ");
		put(p, prior->levels[i].field);
		put(p, " ");
		put_number(p, prior->levels[i].level);
	}
	put(p, "\n");
}

static void heading(struct page *p)
{
	const struct charter *c = &p->in->docket->charter;

	put(p, c->owner_name);
	put(p, say(p, " (", "（"));
	put(p, c->owner);
	if (plan_rederives(p->in->plan))
		put(p, say(p, "): a plan to compute an earlier export again, ",
		    "）の提供済みの内容を計算し直す計画 "));
	else
		put(p, say(p, "): a plan to hand out answers, ",
		    "）の回答を提供する計画 "));
	put(p, p->in->plan->id);
	put(p, "\n");
}

/* Another thing than handing out: said first. */
static void reidentifies(struct page *p)
{
	const struct reident *r = &p->in->plan->reident;

	if (r->export_id[0] == '\0')
		return;
	put(p, say(p, "  RE-IDENTIFICATION: this plan hands nothing out. ",
	    "  再識別：この計画は提供ではありません。"));
	put_number(p, r->count);
	put(p, say(p, " pseudonyms of ", "件の仮名（"));
	put(p, r->export_id);
	put(p, r->with_answers ?
	    say(p, " become known, with their answers, to the seats that approve; reason: ",
	    "のもの）の本人と回答を、承認した席だけが知ることになります。理由：") :
	    say(p, " become known to the seats that approve; reason: ",
	    "のもの）の本人を、承認した席だけが知ることになります。理由："));
	put(p, r->reason);
	put(p, "\n");
}

static void rederives(struct page *p)
{
	if (!plan_rederives(p->in->plan))
		return;
	put(p, say(p, "  NOTHING LEAVES. This plan hands nothing out and makes no bundle: the payload of ",
	    "  何も外に出ません。この計画は提供ではなく、提供物も作りません。提供済みの"));
	put(p, p->in->plan->rederive.export_id);
	put(p, say(p, ", which was released before, is computed once more in the gateway's memory, and only its digest is compared with the one in that bundle's STATEMENT.txt. What follows is what was decided then.\n",
	    "の中身をゲートウェイのメモリ上でもう一度計算し、そのダイジェストだけを当時のSTATEMENT.txtの値と比べます。以下は当時の判断の内容です。\n"));
}

enum err plan_page_write(const struct plan_page *in, int japanese,
    struct buf *out)
{
	struct page p = {.in = in, .japanese = japanese, .out = out};

	heading(&p);
	reidentifies(&p);
	rederives(&p);
	who(&p);
	why(&p);
	items(&p);
	how_many(&p);
	before(&p);
	return p.e;
}
