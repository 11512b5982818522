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
	{{"genesis-first", "entry 0, and no other, is the genesis"},
	    ALL_KINDS, genesis_first},
	{{"nonce-fresh", "no nonce occurs twice"},
	    ALL_KINDS, nonce_fresh},
	{{"whose-act", "the gateway as a whole makes backups and settings, all "
	    "else is an owner's"},
	    ALL_KINDS & ~BIT(ENTRY_OWNER), whose_act},
	{{"owner-known", "an owner acts only after its own entry"},
	    ALL_KINDS & ~BIT(ENTRY_OWNER), owner_known},
	{{"owner-once", "an owner is entered once"},
	    BIT(ENTRY_OWNER), owner_once},
	{{"version-chain", "versions follow each other, each naming the "
	    "digest of the one before"},
	    BIT(ENTRY_CHARTER) | BIT(ENTRY_POLICY), version_chain},
	{{"after-charter", "policies, drills and orders of erasure come after a "
	    "charter"},
	    BIT(ENTRY_POLICY) | BIT(ENTRY_DRILL) | BIT(ENTRY_ERASURE_ORDER),
	    after_charter},
	{{"charter-terms", "a seat decides alone only where it is the only "
	    "one"},
	    BIT(ENTRY_CHARTER), audit_terms_charter},
	{{"terms-stated", "once a charter or plan states its terms, every later "
	    "one does"},
	    BIT(ENTRY_CHARTER) | BIT(ENTRY_PLAN), audit_terms_stated},
	{{"document-agrees", "an entry says what the document it names says"},
	    BIT(ENTRY_CHARTER) | BIT(ENTRY_POLICY) | BIT(ENTRY_PLAN),
	    audit_terms_agree},
	{{"seat-in-force", "drills and hand-overs are of seats in force"},
	    BIT(ENTRY_DRILL) | BIT(ENTRY_HANDOVER), audit_facts_seat_now},
	{{"entered-once", "a survey, ladder, consent text, source, request, "
	    "batch or order is entered once"},
	    BIT(ENTRY_SURVEY) | BIT(ENTRY_LADDER) | BIT(ENTRY_CONSENT_TEXT) |
	    BIT(ENTRY_SOURCE) | BIT(ENTRY_REQUEST) | BIT(ENTRY_WITHDRAWAL) |
	    BIT(ENTRY_ERASURE_ORDER), entered_once},
	{{"request-known", "only a request that was entered is refused"},
	    BIT(ENTRY_REFUSAL), request_known},
	{{"configuration-changes", "a configuration is entered when it is "
	    "another than before"},
	    BIT(ENTRY_CONFIGURATION), configuration_changes},
	{{"generation-grows", "erasures and rotated keys count upwards"},
	    BIT(ENTRY_ERASURE) | BIT(ENTRY_KEY_ROTATION), generation_grows},
	{{"compaction-of-erasure", "what is compacted away was erased before"},
	    BIT(ENTRY_COMPACTION), compaction_of_erasure},
	{{"epoch-fresh", "no epoch is opened twice"},
	    BIT(ENTRY_EPOCH_OPENED), epoch_fresh},
	{{"epoch-chartered", "no epoch but a trial opens before a charter"},
	    BIT(ENTRY_EPOCH_OPENED), epoch_chartered},
	{{"epoch-open", "an epoch is closed once, after it was opened, with "
	    "the same epoch.txt"},
	    BIT(ENTRY_EPOCH_CLOSED), epoch_open},
	{{"plan-fresh", "a plan's digest, number, export and recipient are "
	    "never used again"},
	    BIT(ENTRY_PLAN), plan_fresh},
	{{"plan-grounded", "a plan comes after a charter and a policy"},
	    BIT(ENTRY_PLAN), plan_grounded},
	{{"plan-terms", "a plan states the charter and policy in force, that "
	    "charter's threshold, and a request that was entered"},
	    BIT(ENTRY_PLAN), audit_terms_plan},
	{{"plan-known", "the plan or export that is named was logged before, "
	    "by the same owner"},
	    PLAN_VOTES | PLAN_EXPORTS | AFTER_EXPORT | REDERIVES | REIDENTS |
	    MADE | BIT(ENTRY_PLAN_ENDED),
	    plan_known},
	{{"seat-known", "a seat that votes is one of the charter under which "
	    "the plan was frozen"},
	    PLAN_VOTES, audit_facts_seat},
	{{"plan-in-time", "nothing is granted under a plan that has expired"},
	    BIT(ENTRY_APPROVAL) | BIT(ENTRY_SHARE_RELEASE) | STARTS |
	    BIT(ENTRY_EXPORTED) | BIT(ENTRY_RELEASED),
	    audit_facts_in_time},
	{{"shares-cosigned", "shares leave a seat once the witnesses have "
	    "cosigned the approvals"},
	    BIT(ENTRY_SHARE_RELEASE), audit_facts_shares},
	{{"release-cosigned", "a bundle is released once the witnesses have "
	    "cosigned its export"},
	    BIT(ENTRY_RELEASED), audit_facts_release},
	{{"witnesses-of-policy", "witnesses are those of the policy in "
	    "force"},
	    BIT(ENTRY_WITNESS_POLICY), audit_facts_witnesses},
	{{"not-in-future", "no entry is dated after the audit"},
	    ALL_KINDS, audit_facts_dated},
	{{"plan-alive", "nothing is granted under a plan that has ended"},
	    BIT(ENTRY_APPROVAL) | BIT(ENTRY_SHARE_RELEASE) | STARTS,
	    plan_alive},
	{{"approval-once", "a seat approves a plan once"},
	    BIT(ENTRY_APPROVAL), approval_once},
	{{"release-approved", "shares leave a seat that approved, once enough "
	    "approvals stand"},
	    BIT(ENTRY_SHARE_RELEASE), release_approved},
	{{"start-approved", "an export or re-identification starts once enough "
	    "seats approved and released their shares"},
	    STARTS, start_approved},
	{{"start-once", "a plan is carried out once"},
	    STARTS, start_once},
	{{"act-of-plan", "a plan is carried out as what its entry says"},
	    STARTS, audit_terms_act},
	{{"veto", "where one denial ends a plan, nothing is granted under it "
	    "afterwards"},
	    BIT(ENTRY_APPROVAL) | BIT(ENTRY_SHARE_RELEASE) | STARTS |
	    BIT(ENTRY_BYTE_RELEASE) | BIT(ENTRY_RELEASED), audit_terms_veto},
	{{"plan-ends-once", "a plan ends once"},
	    BIT(ENTRY_PLAN_ENDED), ended_once},
	{{"of-released", "what is derived again or re-identified is another "
	    "export, which was released"},
	    REDERIVES | REIDENTS, of_released},
	{{"of-one-export", "what came of it is told of the export it was begun "
	    "for"},
	    BIT(ENTRY_REDERIVED) | BIT(ENTRY_REIDENTIFIED),
	    same_earlier_export},
	{{"reidentified-after-started", "a re-identification is finished once, "
	    "after it started"},
	    BIT(ENTRY_REIDENTIFIED), reidentified_after_started},
	{{"made-while-running", "notice book and release record are made after "
	    "their export began and before it is released"},
	    MADE, made_while_running},
	{{"book-of-export", "an export commits to the notice book entered "
	    "before it"},
	    BIT(ENTRY_EXPORTED), book_of_export},
	{{"due-after-exported", "destruction is due of what was exported"},
	    BIT(ENTRY_DESTRUCTION_DUE), due_after_exported},
	{{"rederived-after-started", "a result of deriving again comes once, "
	    "after it started"},
	    BIT(ENTRY_REDERIVED), rederived_after_started},
	{{"export-of-plan", "an export is the one its plan names"},
	    PLAN_EXPORTS, export_of_plan},
	{{"exported-after-started", "an export is finished after it started"},
	    BIT(ENTRY_EXPORTED), exported_after_started},
	{{"failed-after-started", "an export fails after it started and "
	    "before it is released"},
	    BIT(ENTRY_EXPORT_FAILED), failed_after_started},
	{{"released-after-exported", "a bundle is released once, after it was "
	    "exported"},
	    BIT(ENTRY_RELEASED), released_after_exported},
	{{"byte-release-exported", "seats sign the bytes of a bundle that was "
	    "exported and not released yet"},
	    BIT(ENTRY_BYTE_RELEASE), released_after_exported},
	{{"byte-release-once", "a seat signs a bundle's bytes once"},
	    BIT(ENTRY_BYTE_RELEASE), bytes_signed_once},
	{{"released-by-seats", "where seats sign a bundle's bytes, it is "
	    "released once enough of them did"},
	    BIT(ENTRY_RELEASED), released_by_seats},
	{{"same-bundle", "what is signed, released, fetched or recalled is "
	    "what was exported"},
	    BIT(ENTRY_BYTE_RELEASE) | BIT(ENTRY_RELEASED) |
	    BIT(ENTRY_FETCHED) | BIT(ENTRY_RECALL), same_bundle},
	{{"recall-after-exported", "only an exported bundle is recalled"},
	    BIT(ENTRY_RECALL), recall_after_exported},
	{{"not-after-recall", "nothing is exported or released after a recall "
	    "or with too few approvals standing"},
	    STARTS | BIT(ENTRY_EXPORTED) | BIT(ENTRY_BYTE_RELEASE) |
	    BIT(ENTRY_RELEASED), not_after_recall},
	{{"after-release", "fetches, receipts and destructions are of "
	    "released bundles"},
	    BIT(ENTRY_FETCHED) | BIT(ENTRY_RECEIPT) |
	    BIT(ENTRY_DESTRUCTION), after_release},
	{{"answered-once", "a bundle has one receipt and one certificate of "
	    "destruction"},
	    BIT(ENTRY_RECEIPT) | BIT(ENTRY_DESTRUCTION), answered_once},
	{{"fetched-not-recalled", "a recalled bundle is fetched no more"},
	    BIT(ENTRY_FETCHED), fetched_not_recalled},
	{{"erasure-of-batch", "an erasure is of a withdrawal logged before"},
	    BIT(ENTRY_ERASURE), erasure_of_batch},
	{{"notice-chain", "notices to a partner are numbered without gap"},
	    BIT(ENTRY_NOTICE), notice_chain},
	{{"notice-known", "only a notice that was logged is answered"},
	    BIT(ENTRY_NOTICE_APPLIED), notice_known},
	{{"charter-known", "shares change hands from a charter logged before "
	    "to the one in force"},
	    BIT(ENTRY_HANDOVER) | BIT(ENTRY_REDISTRIBUTION), charter_known},
};

const struct audit_check *
audit_checks(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(checks);
	return checks;
}
