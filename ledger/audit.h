/* ledger/audit.h - the auditor's walk over a whole ledger.
 *
 * Pure: entries come through audit_add in their order, the result is a list of
 * findings.  The rules that span entries are one table (audit_rules.c), so that
 * later rules are further rows.  No findings and an equal root mean that this
 * ledger keeps the rules as far as entries can show.
 */
#ifndef AZUKARI_LEDGER_AUDIT_H
#define AZUKARI_LEDGER_AUDIT_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "ledger/checkpoint.h"
#include "ledger/entry.h"

#define AUDIT_FINDINGS_MAX 10000

/* A rule: its name, and one sentence in both languages; static. */
struct audit_rule {
	const char *name;
	const char *says;
	const char *says_ja;
};

struct audit_finding {
	const struct audit_rule *rule;
	uint64_t index;         /* of the entry that breaks it */
	char kind[24];          /* of that entry; or `entry`, `ledger` */
	char detail[160];       /* of a malformed one; no personal data */
};

struct audit;

/* What the document of a plan says; its entry states the same, but for entries
 * from before there were terms. */
struct audit_plan_terms {
	unsigned threshold;             /* at least 1 */
	int64_t expires_unix_s;
	char act[16];                   /* as in the entry: "export", ... */
	char request[65], policy[65], charter[65];      /* digests */
	int byte_release;               /* required */
	int veto;                       /* one denial ends it */
};

/* What entries alone do not say and an auditor may know from the documents.
 * Each function may be NULL; what is unknown breaks no rule. */
struct audit_facts {
	/* Of the plan with that digest; 1, 0: unknown.  Where its entry does
	 * not state them either, the threshold is the charter's, and 1 where
	 * that is unknown, too (audit_unstated). */
	int (*plan)(void *ctx, const char *plan_sha256,
	    struct audit_plan_terms *ret);
	void *ctx;
	/* Threshold and seats of the charter with that digest; 0: unknown. */
	unsigned (*charter)(void *ctx, const char *charter_sha256,
	    size_t *ret_seats);
	/* Does the document that an entry `charter`, `policy` or `plan` names
	 * say what the entry says?  1, 0; -1: there is none. */
	int (*agrees)(void *ctx, enum entry_kind kind,
	    const struct text *entry);
	/* Has the charter with that digest such a seat?  1, 0; -1: unknown. */
	int (*seat_exists)(void *ctx, const char *charter_sha256,
	    const char *seat);
	/* Has the quorum of the witness policy with that digest cosigned a
	 * checkpoint that holds entry ${index} and is of at most ${size}
	 * entries?  1, 0; -1: unknown. */
	int (*cosigned)(void *ctx, const char *policy_sha256, uint64_t index,
	    uint64_t size);
	int64_t now_unix_s;     /* of the audit; 0: unknown */
};

#define AUDIT_CLOCK_SLACK_S 600

/* ${facts} is borrowed until audit_free; NULL where there are none. */
enum err audit_new(const struct audit_facts *facts,
    struct audit **ret) MUST_USE;
void audit_free(struct audit *a);
void audit_cleanup(struct audit **a);

/* The next entry.  What is wrong with it becomes a finding; the error is only
 * ERR_NOMEM, or ERR_LIMIT above AUDIT_FINDINGS_MAX. */
enum err audit_add(struct audit *a, struct bytes entry) MUST_USE;

/* After the last entry: compare with a checkpoint the caller has verified.
 * Adds findings of the rules `origin`, `size` and `root`. */
enum err audit_finish(struct audit *a, const struct checkpoint *cp) MUST_USE;

uint64_t audit_size(const struct audit *a);
/* Root of the entries so far. */
void audit_root(const struct audit *a, uint8_t ret[MERKLE_PROOF_HASH_LEN]);

size_t audit_findings(const struct audit *a);
const struct audit_finding *audit_finding(const struct audit *a, size_t i);

/* Plans of which neither their entries nor the facts say how many approvals
 * they need: one is asked for, so that the rules about them show little. */
size_t audit_unstated(const struct audit *a);

/* What became of every bundle that was released, in the order of plans. */
struct audit_release {
	const char *owner, *export;
	int64_t released_unix_s;
	int64_t receipt_unix_s;         /* 0: none yet */
	int64_t destroyed_unix_s;       /* 0: no certificate yet */
	int32_t destroy_until;          /* day; 0: the ledger does not say */
	int recalled;
};
size_t audit_releases(const struct audit *a);
/* ${i} < audit_releases; valid until audit_free. */
struct audit_release audit_release(const struct audit *a, size_t i);

/* The rules, for listings. */
size_t audit_rules(void);
const struct audit_rule *audit_rule(size_t i);

#endif
