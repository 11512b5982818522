/* ledger/audit_internal.h - what the audit knows while it walks. */
#ifndef AZUKARI_LEDGER_AUDIT_INTERNAL_H
#define AZUKARI_LEDGER_AUDIT_INTERNAL_H

#include "core/text.h"
#include "keys/merkle.h"
#include "ledger/audit.h"
#include "ledger/audit_map.h"
#include "ledger/entry.h"

#define AUDIT_SEATS_MAX 16
#define AUDIT_NAME_MAX 33
#define AUDIT_OWNERS_MAX 64

/* How far the one export of a plan has come. */
enum audit_phase {
	AUDIT_PHASE_NONE,
	AUDIT_PHASE_REDERIVING,     /* it exports nothing */
	AUDIT_PHASE_REIDENTIFYING,  /* nor does this one */
	AUDIT_PHASE_STARTED,
	AUDIT_PHASE_EXPORTED,
	AUDIT_PHASE_RELEASED,
};

struct audit_seat {
	char name[AUDIT_NAME_MAX];
	int approved, revoked, released;
	uint64_t approved_at;   /* index of the approval */
	int signed_bytes;       /* of the bundle that was exported last */
};

struct audit_plan {
	char owner[3];
	char digest[65];
	char export[32];
	char sums[65];          /* of what was exported */
	enum audit_phase phase;
	int begun;              /* its export, ever */
	int ended;
	int recalled;           /* revoked or recalled after its start */
	unsigned threshold;     /* at least 1 */
	int unstated;           /* nobody says it; it is taken to be 1 */
	int stated;             /* by its own entry */
	int64_t expires_unix_s; /* 0: unknown */
	char act[16];           /* "export", …; "": unknown */
	int byte_release;       /* required; 0 also where it does not say */
	int veto;               /* one denial ends it; likewise */
	int vetoed;
	char of[32];            /* the earlier export it is about; "": none */
	char book[65], record[65];      /* made last for its export; "" */
	char charter[65];       /* in force when it was frozen; "": none */
	char witnesses[65];     /* policy of, likewise; "": none */
	uint64_t exported_at;   /* index */
	int receipt, certificate;       /* of the partner, have come */
	struct audit_release release;   /* released_unix_s 0: not yet */
	size_t seats;
	struct audit_seat seat[AUDIT_SEATS_MAX];
};

/* What is in force with an owner; "" before the first. */
struct audit_owner {
	char code[3];
	char charter[65], policy[65], witnesses[65];
	uint64_t erase_generation;      /* of the last erasure */
};

/* One entry on its way through the rules. */
struct audit_event {
	uint64_t index;
	enum entry_kind kind;
	const struct text *text;
	const char *owner;
	struct audit_plan *plan;        /* that it names, or NULL */
	struct audit_seat *seat;        /* of that plan, or NULL */
};

struct audit {
	const struct audit_facts *facts;
	struct merkle_range range;
	char origin[256];               /* of the genesis entry */
	struct audit_map map;
	struct audit_plan **plans;
	size_t plans_len, plans_cap;
	struct audit_owner owners[AUDIT_OWNERS_MAX];
	size_t owners_len;
	struct audit_finding *findings;
	size_t findings_len, findings_cap;
};

/* A rule over entries; ${holds} looks at what was known before the entry. */
struct audit_check {
	struct audit_rule rule;
	uint64_t kinds;         /* bit set of enum entry_kind */
	int (*holds)(const struct audit *a, const struct audit_event *ev);
};
const struct audit_check *audit_checks(size_t *ret_count);

/* ---- what charters and plans state of themselves (audit_terms.c) ---- */

int audit_terms_charter(const struct audit *a, const struct audit_event *ev);
int audit_terms_plan(const struct audit *a, const struct audit_event *ev);
int audit_terms_stated(const struct audit *a, const struct audit_event *ev);
int audit_terms_agree(const struct audit *a, const struct audit_event *ev);
int audit_terms_act(const struct audit *a, const struct audit_event *ev);
int audit_terms_veto(const struct audit *a, const struct audit_event *ev);
/* Has the charter with that digest such a seat?  1, 0; -1: no entry says. */
int audit_terms_seat(const struct audit *a, const char *charter,
    const char *seat);
/* 1 where the entry states terms itself. */
int audit_terms_has(const struct audit_event *ev);
/* Remember a charter's terms; fill those of a plan, from its entry or from
 * the facts. */
enum err audit_terms_apply_charter(struct audit *a,
    const struct audit_event *ev) MUST_USE;
void audit_terms_fill(const struct audit *a, const struct audit_event *ev,
    struct audit_plan *p);

/* ---- rules that ask more than entries (audit_facts.c) ---- */

int audit_facts_seat(const struct audit *a, const struct audit_event *ev);
int audit_facts_seat_now(const struct audit *a, const struct audit_event *ev);
int audit_facts_in_time(const struct audit *a, const struct audit_event *ev);
int audit_facts_dated(const struct audit *a, const struct audit_event *ev);
int audit_facts_shares(const struct audit *a, const struct audit_event *ev);
int audit_facts_release(const struct audit *a, const struct audit_event *ev);
int audit_facts_witnesses(const struct audit *a,
    const struct audit_event *ev);

/* What is in force with ${code}; NULL: nothing was said of it. */
const struct audit_owner *audit_state_owner(const struct audit *a,
    const char *code);
int64_t audit_state_time(const struct audit_event *ev);

/* Fill owner, plan and seat of an event whose index, kind, text are set. */
void audit_state_resolve(const struct audit *a, struct audit_event *ev);
/* Remember what the entry says, whether or not it kept the rules. */
enum err audit_state_apply(struct audit *a,
    const struct audit_event *ev) MUST_USE;
void audit_state_release(struct audit *a);

/* The words under which an entry is remembered that comes once; 0 where its
 * kind may come again. */
#define AUDIT_ONCE_WORDS 6
int audit_state_once(const struct audit_event *ev,
    const char *ret[AUDIT_ONCE_WORDS]);

/* Seats of a plan whose approval stands, and those that also released. */
unsigned audit_state_standing(const struct audit_plan *p);
unsigned audit_state_standing_released(const struct audit_plan *p);
/* Seats that signed the exported bundle's bytes. */
unsigned audit_state_signed_bytes(const struct audit_plan *p);

#endif
