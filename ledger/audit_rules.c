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

/* A ledger does not say whether a plan asks for byte release; where seats
 * sign at all, it does. */
static int
released_by_seats(const struct audit *a, const struct audit_event *ev)
{
	unsigned n;

	(void)a;
	if (ev->plan == NULL)
		return 1;
	n = audit_state_signed_bytes(ev->plan);
	return n == 0 || n >= ev->plan->threshold;
}

/* Another export of the same owner, which was released. */
static int
rederives_released(const struct audit *a, const struct audit_event *ev)
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
	return known(a, AUDIT_MAP_KEY("digest-known", "charter", ev->owner,
	    text_get(ev->text, "old-charter-sha256")));
}

#define PLAN_VOTES (BIT(ENTRY_APPROVAL) | BIT(ENTRY_SHARE_RELEASE) | \
	BIT(ENTRY_DENIAL) | BIT(ENTRY_REVOCATION))
#define PLAN_EXPORTS (BIT(ENTRY_EXPORT_STARTED) | BIT(ENTRY_EXPORTED) | \
	BIT(ENTRY_EXPORT_FAILED))
#define REDERIVES (BIT(ENTRY_REDERIVE_STARTED) | BIT(ENTRY_REDERIVED))
#define AFTER_EXPORT (BIT(ENTRY_RELEASED) | BIT(ENTRY_RECALL) | \
	BIT(ENTRY_FETCHED) | BIT(ENTRY_RECEIPT) | BIT(ENTRY_DESTRUCTION) | \
	BIT(ENTRY_BYTE_RELEASE) | BIT(ENTRY_DESTRUCTION_DUE))

static const struct audit_check checks[] = {
	{{"genesis-first", "entry 0, and no other, is the genesis"},
	    ALL_KINDS, genesis_first},
	{{"nonce-fresh", "no nonce occurs twice"},
	    ALL_KINDS, nonce_fresh},
	{{"owner-known", "an owner acts only after its own entry"},
	    ALL_KINDS & ~BIT(ENTRY_OWNER), owner_known},
	{{"owner-once", "an owner is entered once"},
	    BIT(ENTRY_OWNER), owner_once},
	{{"version-chain", "versions follow each other, each naming the "
	    "digest of the one before"},
	    BIT(ENTRY_CHARTER) | BIT(ENTRY_POLICY), version_chain},
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
	{{"plan-known", "the plan or export that is named was logged before, "
	    "by the same owner"},
	    PLAN_VOTES | PLAN_EXPORTS | AFTER_EXPORT | REDERIVES |
	    BIT(ENTRY_PLAN_ENDED),
	    plan_known},
	{{"seat-known", "a seat that votes is one of the charter under which "
	    "the plan was frozen"},
	    PLAN_VOTES, audit_facts_seat},
	{{"plan-in-time", "nothing is granted under a plan that has expired"},
	    BIT(ENTRY_APPROVAL) | BIT(ENTRY_SHARE_RELEASE) |
	    BIT(ENTRY_EXPORT_STARTED) | BIT(ENTRY_EXPORTED) |
	    BIT(ENTRY_REDERIVE_STARTED) | BIT(ENTRY_RELEASED),
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
	    BIT(ENTRY_APPROVAL) | BIT(ENTRY_SHARE_RELEASE) |
	    BIT(ENTRY_EXPORT_STARTED) | BIT(ENTRY_REDERIVE_STARTED), plan_alive},
	{{"approval-once", "a seat approves a plan once"},
	    BIT(ENTRY_APPROVAL), approval_once},
	{{"release-approved", "shares leave a seat that approved, once enough "
	    "approvals stand"},
	    BIT(ENTRY_SHARE_RELEASE), release_approved},
	{{"start-approved", "an export starts once enough seats approved and "
	    "released their shares"},
	    BIT(ENTRY_EXPORT_STARTED) | BIT(ENTRY_REDERIVE_STARTED),
	    start_approved},
	{{"start-once", "a plan is carried out once"},
	    BIT(ENTRY_EXPORT_STARTED) | BIT(ENTRY_REDERIVE_STARTED), start_once},
	{{"rederives-released", "what is derived again is another export, "
	    "which was released"},
	    REDERIVES, rederives_released},
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
	    BIT(ENTRY_EXPORT_STARTED) | BIT(ENTRY_EXPORTED) |
	    BIT(ENTRY_REDERIVE_STARTED) | BIT(ENTRY_BYTE_RELEASE) |
	    BIT(ENTRY_RELEASED), not_after_recall},
	{{"after-release", "fetches, receipts and destructions are of "
	    "released bundles"},
	    BIT(ENTRY_FETCHED) | BIT(ENTRY_RECEIPT) |
	    BIT(ENTRY_DESTRUCTION), after_release},
	{{"fetched-not-recalled", "a recalled bundle is fetched no more"},
	    BIT(ENTRY_FETCHED), fetched_not_recalled},
	{{"erasure-of-batch", "an erasure is of a withdrawal logged before"},
	    BIT(ENTRY_ERASURE), erasure_of_batch},
	{{"notice-chain", "notices to a partner are numbered without gap"},
	    BIT(ENTRY_NOTICE), notice_chain},
	{{"notice-known", "only a notice that was logged is answered"},
	    BIT(ENTRY_NOTICE_APPLIED), notice_known},
	{{"charter-known", "seats change from a charter logged before"},
	    BIT(ENTRY_HANDOVER) | BIT(ENTRY_REDISTRIBUTION), charter_known},
};

const struct audit_check *
audit_checks(size_t *ret_count)
{
	*ret_count = ARRAY_LEN(checks);
	return checks;
}
