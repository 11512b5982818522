/* ledger/audit_rules.c - the rules that span entries, one row each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/audit_internal.h"

#define BIT(kind) ((uint64_t)1 << (kind))
#define ALL_KINDS (((uint64_t)1 << ENTRY_KINDS) - 1)

_Static_assert(ENTRY_KINDS < 64, "kinds fit a bit set");

static int
known(const struct audit *a, const char *const *words)
{
	return audit_map_get(&a->map, words, 0) != 0;
}

static int
genesis_first(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return (ev->kind == ENTRY_GENESIS) == (ev->index == 0);
}

static int
nonce_fresh(const struct audit *a, const struct audit_event *ev)
{
	return !known(a, AUDIT_MAP_KEY("nonce", text_get(ev->text, "nonce")));
}

/* The gateway as a whole: its beginning, its settings and its backups. */
static int
whose_act(const struct audit *a, const struct audit_event *ev)
{
	int gateway = strcmp(ev->owner, "-") == 0;

	(void)a;
	if (ev->kind == ENTRY_CONFIGURATION)
		return gateway != (strncmp(text_get(ev->text, "what"),
		    "line-", 5) == 0);
	return gateway == (ev->kind == ENTRY_GENESIS ||
	    ev->kind == ENTRY_BACKUP || ev->kind == ENTRY_RESTORE);
}

static int
entered_once(const struct audit *a, const struct audit_event *ev)
{
	const char *keys[AUDIT_ONCE_WORDS];

	return !audit_state_once(ev, keys) || !known(a, keys);
}

static int
after_charter(const struct audit *a, const struct audit_event *ev)
{
	return known(a, AUDIT_MAP_KEY("version", "charter", ev->owner));
}

static int
request_known(const struct audit *a, const struct audit_event *ev)
{
	return known(a, AUDIT_MAP_KEY("once", "request", ev->owner,
	    text_get(ev->text, "request-sha256")));
}

static int
configuration_changes(const struct audit *a, const struct audit_event *ev)
{
	const char *what = text_get(ev->text, "what");
	char number[24];

	(void)snprintf(number, sizeof(number), "%llu",
	    (unsigned long long)audit_map_get(&a->map, AUDIT_MAP_KEY(
	    "configuration", ev->owner, what), 0));
	return !known(a, AUDIT_MAP_KEY("configuration-at", ev->owner, what,
	    number, text_get(ev->text, "configuration-sha256")));
}

static int
generation_grows(const struct audit *a, const struct audit_event *ev)
{
	const struct audit_owner *o = audit_state_owner(a, ev->owner);

	if (ev->kind == ENTRY_KEY_ROTATION)
		return strtoull(text_get(ev->text, "generation"), NULL, 10) >
		    audit_map_get(&a->map, AUDIT_MAP_KEY("generation",
		    ev->owner, text_get(ev->text, "what")), 0);
	return o == NULL || strtoull(text_get(ev->text, "erase-generation"),
	    NULL, 10) > o->erase_generation;
}

/* What is compacted away was erased before (or unsent). */
static int
compaction_of_erasure(const struct audit *a, const struct audit_event *ev)
{
	const struct audit_owner *o = audit_state_owner(a, ev->owner);

	return o == NULL || o->erase_generation == 0 ||
	    strtoull(text_get(ev->text, "erase-generation"), NULL, 10) <=
	    o->erase_generation;
}

static int
owner_known(const struct audit *a, const struct audit_event *ev)
{
	return strcmp(ev->owner, "-") == 0 ||
	    known(a, AUDIT_MAP_KEY("owner", ev->owner));
}

static int
owner_once(const struct audit *a, const struct audit_event *ev)
{
	return strcmp(ev->owner, "-") != 0 &&
	    !known(a, AUDIT_MAP_KEY("owner", ev->owner));
}

static int
version_chain(const struct audit *a, const struct audit_event *ev)
{
	const char *name = entry_info(ev->kind)->name;
	const char *previous = text_get(ev->text, "previous");
	uint64_t last = audit_map_get(&a->map, AUDIT_MAP_KEY("version", name,
	    ev->owner), 0);
	char number[24];

	if (strtoull(text_get(ev->text, "version"), NULL, 10) != last + 1)
		return 0;
	if (last == 0)
		return strcmp(previous, "-") == 0;
	(void)snprintf(number, sizeof(number), "%llu",
	    (unsigned long long)last);
	return known(a, AUDIT_MAP_KEY("version-at", name, ev->owner, number,
	    previous));
}

static int
epoch_fresh(const struct audit *a, const struct audit_event *ev)
{
	return !known(a, AUDIT_MAP_KEY("epoch-id",
	    text_get(ev->text, "epoch")));
}

/* The trial of the ceremony comes before the charter it is made for. */
static int
epoch_chartered(const struct audit *a, const struct audit_event *ev)
{
	return strcmp(text_get(ev->text, "epoch-kind"), "trial") == 0 ||
	    known(a, AUDIT_MAP_KEY("version", "charter", ev->owner));
}

static int
epoch_open(const struct audit *a, const struct audit_event *ev)
{
	return audit_map_get(&a->map, AUDIT_MAP_KEY("epoch", ev->owner,
	    text_get(ev->text, "epoch"), text_get(ev->text, "epoch-sha256")),
	    0) == 1;
}

static int
plan_fresh(const struct audit *a, const struct audit_event *ev)
{
	return audit_map_get(&a->map, AUDIT_MAP_KEY("plan-sha256", ev->owner,
	    text_get(ev->text, "plan-sha256")), UINT64_MAX) == UINT64_MAX &&
	    audit_map_get(&a->map, AUDIT_MAP_KEY("export", ev->owner,
	    text_get(ev->text, "export")), UINT64_MAX) == UINT64_MAX &&
	    !known(a, AUDIT_MAP_KEY("plan", ev->owner,
	    text_get(ev->text, "plan"))) &&
	    !known(a, AUDIT_MAP_KEY("plan-recipient",
	    text_get(ev->text, "plan-recipient")));
}

static int
plan_grounded(const struct audit *a, const struct audit_event *ev)
{
	return known(a, AUDIT_MAP_KEY("version", "charter", ev->owner)) &&
	    known(a, AUDIT_MAP_KEY("version", "policy", ev->owner));
}

static int
plan_known(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan != NULL;
}

/* From here on a plan that is not known is the finding of plan_known only. */

static int
plan_alive(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || !ev->plan->ended;
}

static int
approval_once(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->seat == NULL || !ev->seat->approved;
}

static int
release_approved(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	if (ev->plan == NULL)
		return 1;
	return ev->seat != NULL && ev->seat->approved && !ev->seat->revoked &&
	    audit_state_standing(ev->plan) >= ev->plan->threshold;
}

static int
start_approved(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL ||
	    audit_state_standing_released(ev->plan) >= ev->plan->threshold;
}

static int
start_once(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->phase == AUDIT_PHASE_NONE;
}

static int
export_of_plan(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL ||
	    strcmp(text_get(ev->text, "export"), ev->plan->export) == 0;
}

static int
exported_after_started(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->phase == AUDIT_PHASE_STARTED;
}

static int
failed_after_started(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->phase == AUDIT_PHASE_STARTED ||
	    ev->plan->phase == AUDIT_PHASE_EXPORTED;
}

static int
released_after_exported(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->phase == AUDIT_PHASE_EXPORTED;
}

static int
same_bundle(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->phase < AUDIT_PHASE_EXPORTED ||
	    strcmp(text_get(ev->text, "sha256sums-sha256"),
	    ev->plan->sums) == 0;
}

static int
bytes_signed_once(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->seat == NULL || !ev->seat->signed_bytes;
}

/* Where a plan's entry does not say whether it asks for byte release, it does
 * when seats sign at all. */
static int
released_by_seats(const struct audit *a, const struct audit_event *ev)
{
	unsigned n;

	(void)a;
	if (ev->plan == NULL)
		return 1;
	n = audit_state_signed_bytes(ev->plan);
	return (n == 0 && !ev->plan->byte_release) ||
	    n >= ev->plan->threshold;
}

static int
ended_once(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || !ev->plan->ended;
}

/* A revocation may end the plan while they are being made. */
static int
made_while_running(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || (ev->plan->begun &&
	    ev->plan->phase < AUDIT_PHASE_RELEASED);
}

static int
book_of_export(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->phase != AUDIT_PHASE_STARTED ||
	    strcmp(ev->plan->book, text_get(ev->text,
	    "notice-book-sha256")) == 0;
}

static int
due_after_exported(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->phase >= AUDIT_PHASE_EXPORTED;
}

static int
due_once(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->release.destroy_until == 0;
}

/* Plans that state their terms are of a time when it was always entered. */
static int
due_stated(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || !ev->plan->stated ||
	    ev->plan->release.destroy_until != 0;
}

static int
reidentified_after_started(const struct audit *a,
    const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || (!ev->plan->ended &&
	    ev->plan->phase == AUDIT_PHASE_REIDENTIFYING);
}

/* What came of it is told of the export it was begun for. */
static int
same_earlier_export(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->of[0] == '\0' ||
	    strcmp(ev->plan->of, text_get(ev->text, "export")) == 0;
}

/* Another export of the same owner, which was released. */
static int
of_released(const struct audit *a, const struct audit_event *ev)
{
	uint64_t at = audit_map_get(&a->map, AUDIT_MAP_KEY("export",
	    ev->owner, text_get(ev->text, "export")), UINT64_MAX);

	return at < a->plans_len && a->plans[at] != ev->plan &&
	    a->plans[at]->phase == AUDIT_PHASE_RELEASED;
}

static int
rederived_after_started(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || (!ev->plan->ended &&
	    ev->plan->phase == AUDIT_PHASE_REDERIVING);
}

static int
recall_after_exported(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->phase >= AUDIT_PHASE_EXPORTED;
}

static int
not_after_recall(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || (!ev->plan->recalled &&
	    audit_state_standing(ev->plan) >= ev->plan->threshold);
}

static int
fetched_not_recalled(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || !ev->plan->recalled;
}

static int
after_release(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	return ev->plan == NULL || ev->plan->phase == AUDIT_PHASE_RELEASED;
}

/* What a partner says when it has opened a bundle, and when it has destroyed
 * every copy: both are said of the whole bundle, so neither comes again. */
static int
answered_once(const struct audit *a, const struct audit_event *ev)
{
	(void)a;
	if (ev->plan == NULL)
		return 1;
	return ev->kind == ENTRY_RECEIPT ? !ev->plan->receipt :
	    !ev->plan->certificate;
}

static int
erasure_of_batch(const struct audit *a, const struct audit_event *ev)
{
	return known(a, AUDIT_MAP_KEY("batch", ev->owner,
	    text_get(ev->text, "batch")));
}

static int
notice_chain(const struct audit *a, const struct audit_event *ev)
{
	return strtoull(text_get(ev->text, "number"), NULL, 10) ==
	    audit_map_get(&a->map, AUDIT_MAP_KEY("notice-number", ev->owner,
	    text_get(ev->text, "partner")), 0) + 1;
}

static int
notice_known(const struct audit *a, const struct audit_event *ev)
{
	return known(a, AUDIT_MAP_KEY("notice", ev->owner,
	    text_get(ev->text, "partner"),
	    text_get(ev->text, "notice-sha256")));
}

static int
charter_known(const struct audit *a, const struct audit_event *ev)
{
	const struct audit_owner *o = audit_state_owner(a, ev->owner);

	return known(a, AUDIT_MAP_KEY("digest-known", "charter", ev->owner,
	    text_get(ev->text, "old-charter-sha256"))) && o != NULL &&
	    strcmp(o->charter, text_get(ev->text, "new-charter-sha256")) ==
	    0;
}

#define PLAN_VOTES (BIT(ENTRY_APPROVAL) | BIT(ENTRY_SHARE_RELEASE) | \
	BIT(ENTRY_DENIAL) | BIT(ENTRY_REVOCATION))
#define PLAN_EXPORTS (BIT(ENTRY_EXPORT_STARTED) | BIT(ENTRY_EXPORTED) | \
	BIT(ENTRY_EXPORT_FAILED))
#define REDERIVES (BIT(ENTRY_REDERIVE_STARTED) | BIT(ENTRY_REDERIVED))
#define REIDENTS (BIT(ENTRY_REIDENT_STARTED) | BIT(ENTRY_REIDENTIFIED))
#define STARTS (BIT(ENTRY_EXPORT_STARTED) | BIT(ENTRY_REDERIVE_STARTED) | \
	BIT(ENTRY_REIDENT_STARTED))
#define MADE (BIT(ENTRY_NOTICE_BOOK) | BIT(ENTRY_RELEASE_RECORD))
#define AFTER_EXPORT (BIT(ENTRY_RELEASED) | BIT(ENTRY_RECALL) | \
	BIT(ENTRY_FETCHED) | BIT(ENTRY_RECEIPT) | BIT(ENTRY_DESTRUCTION) | \
	BIT(ENTRY_BYTE_RELEASE) | BIT(ENTRY_DESTRUCTION_DUE))

static const struct audit_check checks[] = {
	{{"genesis-first", "entry 0, and no other, is the genesis",
	    "最初の記載だけが台帳の開始である"},
	    ALL_KINDS, genesis_first},
	{{"nonce-fresh", "no nonce occurs twice",
	    "同じ乱数（nonce）は二度使われない"},
	    ALL_KINDS, nonce_fresh},
	{{"whose-act", "the gateway as a whole makes backups and settings, all "
	    "else is an owner's",
	    "バックアップと設定はゲートウェイ全体の、それ以外は各所有者の操作である"},
	    ALL_KINDS & ~BIT(ENTRY_OWNER), whose_act},
	{{"owner-known", "an owner acts only after its own entry",
	    "所有者の操作は、その登録の後である"},
	    ALL_KINDS & ~BIT(ENTRY_OWNER), owner_known},
	{{"owner-once", "an owner is entered once",
	    "所有者の登録は一度だけである"},
	    BIT(ENTRY_OWNER), owner_once},
	{{"version-chain", "versions follow each other, each naming the "
	    "digest of the one before",
	    "版は順に続き、それぞれ前の版のダイジェストを示す"},
	    BIT(ENTRY_CHARTER) | BIT(ENTRY_POLICY), version_chain},
	{{"after-charter", "policies, drills and orders of erasure come after a "
	    "charter",
	    "方針、訓練、消去の指示は、憲章の後である"},
	    BIT(ENTRY_POLICY) | BIT(ENTRY_DRILL) | BIT(ENTRY_ERASURE_ORDER),
	    after_charter},
	{{"charter-terms", "a seat decides alone only where it is the only "
	    "one",
	    "1席だけで決められるのは、席が一つのときだけである"},
	    BIT(ENTRY_CHARTER), audit_terms_charter},
	{{"terms-stated", "once a charter or plan states its terms, every later "
	    "one does",
	    "憲章や計画が条件を記載するようになった後は、すべて記載する"},
	    BIT(ENTRY_CHARTER) | BIT(ENTRY_PLAN), audit_terms_stated},
	{{"document-agrees", "an entry says what the document it names says",
	    "記載は、それが示す文書と同じことを述べる"},
	    BIT(ENTRY_CHARTER) | BIT(ENTRY_POLICY) | BIT(ENTRY_PLAN),
	    audit_terms_agree},
	{{"seat-in-force", "drills and hand-overs are of seats in force",
	    "訓練と引継ぎは、現行の憲章の席によるものである"},
	    BIT(ENTRY_DRILL) | BIT(ENTRY_HANDOVER), audit_facts_seat_now},
	{{"entered-once", "a survey, ladder, consent text, source, request, "
	    "batch or order is entered once",
	    "調査、区分表、同意文、受付元、申請、撤回、消去の指示の記載は一度だけである"},
	    BIT(ENTRY_SURVEY) | BIT(ENTRY_LADDER) | BIT(ENTRY_CONSENT_TEXT) |
	    BIT(ENTRY_SOURCE) | BIT(ENTRY_REQUEST) | BIT(ENTRY_WITHDRAWAL) |
	    BIT(ENTRY_ERASURE_ORDER), entered_once},
	{{"request-known", "only a request that was entered is refused",
	    "却下されるのは、記載された申請だけである"},
	    BIT(ENTRY_REFUSAL), request_known},
	{{"configuration-changes", "a configuration is entered when it is "
	    "another than before",
	    "設定は、前と異なるときに記載される"},
	    BIT(ENTRY_CONFIGURATION), configuration_changes},
	{{"generation-grows", "erasures and rotated keys count upwards",
	    "消去と鍵の更新の世代は、増えるだけである"},
	    BIT(ENTRY_ERASURE) | BIT(ENTRY_KEY_ROTATION), generation_grows},
	{{"compaction-of-erasure", "what is compacted away was erased before",
	    "取り除かれるのは、先に消去されたものである"},
	    BIT(ENTRY_COMPACTION), compaction_of_erasure},
	{{"epoch-fresh", "no epoch is opened twice",
	    "同じ期間が二度開かれることはない"},
	    BIT(ENTRY_EPOCH_OPENED), epoch_fresh},
	{{"epoch-chartered", "no epoch but a trial opens before a charter",
	    "試験を除き、憲章の前に期間は開かれない"},
	    BIT(ENTRY_EPOCH_OPENED), epoch_chartered},
	{{"epoch-open", "an epoch is closed once, after it was opened, with "
	    "the same epoch.txt",
	    "期間は開かれた後に一度だけ、同じ epoch.txt で閉じられる"},
	    BIT(ENTRY_EPOCH_CLOSED), epoch_open},
	{{"plan-fresh", "a plan's digest, number, export and recipient are "
	    "never used again",
	    "計画のダイジェスト、番号、提供、宛先の鍵は再び使われない"},
	    BIT(ENTRY_PLAN), plan_fresh},
	{{"plan-grounded", "a plan comes after a charter and a policy",
	    "計画は、憲章と方針の後である"},
	    BIT(ENTRY_PLAN), plan_grounded},
	{{"plan-terms", "a plan states the charter and policy in force, that "
	    "charter's threshold, and a request that was entered",
	    "計画は、現行の憲章と方針、その憲章の必要数、記載された申請を示す"},
	    BIT(ENTRY_PLAN), audit_terms_plan},
	{{"plan-known", "the plan or export that is named was logged before, "
	    "by the same owner",
	    "示された計画や提供は、同じ所有者が先に記載したものである"},
	    PLAN_VOTES | PLAN_EXPORTS | AFTER_EXPORT | REDERIVES | REIDENTS |
	    MADE | BIT(ENTRY_PLAN_ENDED),
	    plan_known},
	{{"seat-known", "a seat that votes is one of the charter under which "
	    "the plan was frozen",
	    "投票する席は、計画が確定したときの憲章の席である"},
	    PLAN_VOTES, audit_facts_seat},
	{{"plan-in-time", "nothing is granted under a plan that has expired",
	    "期限の切れた計画では、何も許可されない"},
	    BIT(ENTRY_APPROVAL) | BIT(ENTRY_SHARE_RELEASE) | STARTS |
	    BIT(ENTRY_EXPORTED) | BIT(ENTRY_RELEASED),
	    audit_facts_in_time},
	{{"shares-cosigned", "shares leave a seat once the witnesses have "
	    "cosigned the approvals",
	    "シェアは、立会人が承認に副署した後に席を離れる"},
	    BIT(ENTRY_SHARE_RELEASE), audit_facts_shares},
	{{"release-cosigned", "a bundle is released once the witnesses have "
	    "cosigned its export",
	    "提供は、立会人がその作成に副署した後に行われる"},
	    BIT(ENTRY_RELEASED), audit_facts_release},
	{{"witnesses-of-policy", "witnesses are those of the policy in "
	    "force",
	    "立会人は、現行の方針のものである"},
	    BIT(ENTRY_WITNESS_POLICY), audit_facts_witnesses},
	{{"not-in-future", "no entry is dated after the audit",
	    "検査の時より後の日時の記載はない"},
	    ALL_KINDS, audit_facts_dated},
	{{"plan-alive", "nothing is granted under a plan that has ended",
	    "終了した計画では、何も許可されない"},
	    BIT(ENTRY_APPROVAL) | BIT(ENTRY_SHARE_RELEASE) | STARTS,
	    plan_alive},
	{{"approval-once", "a seat approves a plan once",
	    "一つの席が計画を承認するのは一度だけである"},
	    BIT(ENTRY_APPROVAL), approval_once},
	{{"release-approved", "shares leave a seat that approved, once enough "
	    "approvals stand",
	    "シェアは、承認した席から、承認が必要数に達した後に渡される"},
	    BIT(ENTRY_SHARE_RELEASE), release_approved},
	{{"start-approved", "an export or re-identification starts once enough "
	    "seats approved and released their shares",
	    "提供や再識別は、必要数の席が承認しシェアを渡した後に始まる"},
	    STARTS, start_approved},
	{{"start-once", "a plan is carried out once",
	    "計画の実行は一度だけである"},
	    STARTS, start_once},
	{{"act-of-plan", "a plan is carried out as what its entry says",
	    "計画は、その記載のとおりの種類で実行される"},
	    STARTS, audit_terms_act},
	{{"veto", "where one denial ends a plan, nothing is granted under it "
	    "afterwards",
	    "1席の拒否で終わる計画では、拒否の後に何も許可されない"},
	    BIT(ENTRY_APPROVAL) | BIT(ENTRY_SHARE_RELEASE) | STARTS |
	    BIT(ENTRY_BYTE_RELEASE) | BIT(ENTRY_RELEASED), audit_terms_veto},
	{{"plan-ends-once", "a plan ends once",
	    "計画の終了は一度だけである"},
	    BIT(ENTRY_PLAN_ENDED), ended_once},
	{{"of-released", "what is derived again or re-identified is another "
	    "export, which was released",
	    "再計算や再識別の対象は、すでに提供された別の提供である"},
	    REDERIVES | REIDENTS, of_released},
	{{"of-one-export", "what came of it is told of the export it was begun "
	    "for",
	    "結果は、開始のときに示した提供についてのものである"},
	    BIT(ENTRY_REDERIVED) | BIT(ENTRY_REIDENTIFIED),
	    same_earlier_export},
	{{"reidentified-after-started", "a re-identification is finished once, "
	    "after it started",
	    "再識別は、開始の後に一度だけ完了する"},
	    BIT(ENTRY_REIDENTIFIED), reidentified_after_started},
	{{"made-while-running", "notice book and release record are made after "
	    "their export began and before it is released",
	    "通知簿と提供記録は、提供の開始後、引渡しの前に作られる"},
	    MADE, made_while_running},
	{{"book-of-export", "an export commits to the notice book entered "
	    "before it",
	    "提供は、先に記載された通知簿を示す"},
	    BIT(ENTRY_EXPORTED), book_of_export},
	{{"due-after-exported", "destruction is due of what was exported",
	    "廃棄期限は、作成された提供についてのものである"},
	    BIT(ENTRY_DESTRUCTION_DUE), due_after_exported},
	{{"due-once", "the end of a retention is entered once for an export",
	    "廃棄期限の記載は提供ごとに一度だけである"},
	    BIT(ENTRY_DESTRUCTION_DUE), due_once},
	{{"due-stated", "the end of its retention is entered before a bundle is "
	    "released",
	    "引き渡される提供には、廃棄期限が記載されている"},
	    BIT(ENTRY_RELEASED), due_stated},
	{{"rederived-after-started", "a result of deriving again comes once, "
	    "after it started",
	    "再計算の結果は、開始の後に一度だけ記載される"},
	    BIT(ENTRY_REDERIVED), rederived_after_started},
	{{"export-of-plan", "an export is the one its plan names",
	    "提供は、その計画が示すものである"},
	    PLAN_EXPORTS, export_of_plan},
	{{"exported-after-started", "an export is finished after it started",
	    "提供は、開始の後に作成される"},
	    BIT(ENTRY_EXPORTED), exported_after_started},
	{{"failed-after-started", "an export fails after it started and "
	    "before it is released",
	    "提供の失敗は、開始の後、引渡しの前である"},
	    BIT(ENTRY_EXPORT_FAILED), failed_after_started},
	{{"released-after-exported", "a bundle is released once, after it was "
	    "exported",
	    "引渡しは、作成の後に一度だけである"},
	    BIT(ENTRY_RELEASED), released_after_exported},
	{{"byte-release-exported", "seats sign the bytes of a bundle that was "
	    "exported and not released yet",
	    "席が内容に署名するのは、作成済みで引渡し前の提供である"},
	    BIT(ENTRY_BYTE_RELEASE), released_after_exported},
	{{"byte-release-once", "a seat signs a bundle's bytes once",
	    "一つの席が同じ内容に署名するのは一度だけである"},
	    BIT(ENTRY_BYTE_RELEASE), bytes_signed_once},
	{{"released-by-seats", "where seats sign a bundle's bytes, it is "
	    "released once enough of them did",
	    "席が内容に署名する場合、引渡しは必要数の署名の後である"},
	    BIT(ENTRY_RELEASED), released_by_seats},
	{{"same-bundle", "what is signed, released, fetched or recalled is "
	    "what was exported",
	    "署名、引渡し、取得、回収の対象は、作成されたものと同じである"},
	    BIT(ENTRY_BYTE_RELEASE) | BIT(ENTRY_RELEASED) |
	    BIT(ENTRY_FETCHED) | BIT(ENTRY_RECALL), same_bundle},
	{{"recall-after-exported", "only an exported bundle is recalled",
	    "回収されるのは、作成された提供だけである"},
	    BIT(ENTRY_RECALL), recall_after_exported},
	{{"not-after-recall", "nothing is exported or released after a recall "
	    "or with too few approvals standing",
	    "回収の後、または有効な承認が足りないときは、何も作成も引渡しもされない"},
	    STARTS | BIT(ENTRY_EXPORTED) | BIT(ENTRY_BYTE_RELEASE) |
	    BIT(ENTRY_RELEASED), not_after_recall},
	{{"after-release", "fetches, receipts and destructions are of "
	    "released bundles",
	    "取得、受領書、廃棄証明は、引き渡された提供についてのものである"},
	    BIT(ENTRY_FETCHED) | BIT(ENTRY_RECEIPT) |
	    BIT(ENTRY_DESTRUCTION), after_release},
	{{"answered-once", "a bundle has one receipt and one certificate of "
	    "destruction",
	    "一つの提供の受領書と廃棄証明は、それぞれ1通である"},
	    BIT(ENTRY_RECEIPT) | BIT(ENTRY_DESTRUCTION), answered_once},
	{{"fetched-not-recalled", "a recalled bundle is fetched no more",
	    "回収された提供は、それ以後取得されない"},
	    BIT(ENTRY_FETCHED), fetched_not_recalled},
	{{"erasure-of-batch", "an erasure is of a withdrawal logged before",
	    "消去は、先に記載された撤回についてのものである"},
	    BIT(ENTRY_ERASURE), erasure_of_batch},
	{{"notice-chain", "notices to a partner are numbered without gap",
	    "提供先への通知の番号は、途切れなく続く"},
	    BIT(ENTRY_NOTICE), notice_chain},
	{{"notice-known", "only a notice that was logged is answered",
	    "回答されるのは、記載された通知だけである"},
	    BIT(ENTRY_NOTICE_APPLIED), notice_known},
	{{"charter-known", "shares change hands from a charter logged before "
	    "to the one in force",
	    "シェアの引渡しは、記載済みの憲章から現行の憲章へ行われる"},
	    BIT(ENTRY_HANDOVER) | BIT(ENTRY_REDISTRIBUTION), charter_known},
};

const struct audit_check *
audit_checks(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(checks);
	return checks;
}
