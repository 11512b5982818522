/* Half a page for a person who decides.  Only what was checked is shown. */
#include <stdio.h>
#include <string.h>

#include "app/ops/officer_internal.h"
#include "app/plan_page.h"
#include "core/clock.h"

struct page {
	const struct officer *w;
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
	if (p->e == ERR_OK)
		p->e = buf_append_str(p->out, text);
}

static void put_number(struct page *p, uint64_t v)
{
	if (p->e == ERR_OK)
		p->e = buf_printf(p->out, "%llu", (unsigned long long)v);
}

/* As a clock in Japan shows it. */
static void put_time(struct page *p, int64_t unix_s)
{
	char text[CLOCK_UTC_LEN + 1];

	clock_format_utc(unix_s + 9 * 3600, text);
	text[10] = ' ';
	text[16] = '\0';
	put(p, text);
	put(p, say(p, " in Japan", "（日本時間）"));
}

/* ---- what a person must judge ---- */

static void questions(struct page *p)
{
	const struct reasons *r = &p->w->decision.reasons;

	if (reasons_count(r, REASON_ASK) == 0)
		return;
	put(p, say(p, "You must judge:\n", "あなたの判断が必要な点：\n"));
	for (size_t i = 0; i < r->len; i++) {
		if (r->items[i].weight != REASON_ASK)
			continue;
		put(p, "    ");
		put(p, say(p, r->items[i].en, r->items[i].ja));
		put(p, "\n");
	}
}

/* ---- what is new ---- */

static void difference(struct page *p, const struct plan_diff_line *d)
{
	put(p, d->routine ? "      " : "    * ");
	put(p, say(p, d->what_en, d->what_ja));
	put(p, say(p, ": ", "："));
	put(p, d->before);
	put(p, " → ");
	put(p, d->after);
	put(p, "\n");
}

static void differences(struct page *p)
{
	const struct plan_diff *d = &p->w->diff;

	if (!p->w->has_last) {
		put(p, say(p, "This is the first plan approved on this machine.\n",
		    "この機械で初めて承認する計画です。\n"));
		return;
	}
	put(p, say(p, "Compared with ", "前回承認した"));
	put(p, p->w->last_plan.id);
	if (d->len == 0) {
		put(p, say(p, ": nothing differs.\n", "と同じ内容です。\n"));
		return;
	}
	put(p, d->notable == 0 ?
	    say(p, ", only what differs every time:\n",
	    "と比べ、毎回変わるものだけが違います：\n") :
	    say(p, ", what is new is marked *:\n",
	    "と比べた違い（*は注意すべきもの）：\n"));
	for (size_t i = 0; i < d->len; i++)
		difference(p, &d->lines[i]);
}

static void standing(struct page *p)
{
	const struct officer *w = p->w;

	put(p, say(p, "Approvals so far: ", "これまでの承認："));
	put_number(p, (uint64_t)__builtin_popcount(w->standing));
	put(p, say(p, " of ", "席、必要 "));
	put_number(p, w->plan.threshold);
	put(p, say(p, "", "席"));
	for (size_t i = 0; i < w->votes_len; i++) {
		put(p, i == 0 ? say(p, " (", "（") : " ");
		put(p, w->votes[i].seat);
		put(p, i + 1 == w->votes_len ? say(p, ")", "）") : "");
	}
	put(p, "\n");
	if (officer_has_approved(w) && officer_will_release(w))
		put(p, say(p, "You have approved it; now the shares of this seat go to this plan.\n",
		    "承認済みです。この席のシェアをこの計画に渡します。\n"));
	else if (officer_will_release(w))
		put(p, say(p, "With yours, the shares of this seat go to this plan.\n",
		    "あなたの承認で、この席のシェアがこの計画に渡ります。\n"));
	else
		put(p, say(p, "No share goes yet; the others come first.\n",
		    "シェアはまだ渡りません。他の席の承認が先です。\n"));
	put(p, say(p, "You can take it back until the export starts, at the latest ",
	    "取り消せるのは提供が始まるまで、遅くとも "));
	put_time(p, w->plan.expires_unix_s);
	put(p, "\n");
}

enum err officer_show(const struct officer *w, int japanese, struct buf *out)
{
	const struct plan_page in = {.docket = &w->docket, .plan = &w->plan,
	    .records = w->records,
	    .respondents_max = w->decision.respondents_max};
	struct page p = {.w = w, .japanese = japanese, .out = out};

	RETURN_IF(plan_page_write(&in, japanese, out));
	questions(&p);
	differences(&p);
	standing(&p);
	return p.e;
}
