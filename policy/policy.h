/* policy/policy.h - an owner's rules: policy.json (FORMATS 7).
 *
 * Reading refuses what nobody defined: an unknown key, rule, code or field
 * does not load, and the message names its place.  What the document alone
 * cannot show (the surveys and ladders it names, the charter it stands under)
 * is checked by policy_check_*.  A loaded policy is immutable.
 */
#ifndef AZUKARI_POLICY_POLICY_H
#define AZUKARI_POLICY_POLICY_H

#include <stdint.h>

#include "core/buf.h"
#include "policy/charter.h"
#include "policy/consent.h"
#include "policy/model.h"
#include "policy/words.h"

#define POLICY_SIZE_MAX ((size_t)1 << 20)
#define POLICY_SURVEYS_MAX 64
#define POLICY_TEXTS_MAX 64
#define POLICY_PARTNERS_MAX 256
#define POLICY_LADDERS_MAX 64
#define POLICY_RULES_MAX 256        /* fields of one survey */

struct json_doc;
struct survey;
struct survey_field;
struct ladder;
struct profile;

struct policy_survey {
	const char *name;
	unsigned version;
	uint8_t sha256[32];
};

struct policy_partner {
	const char *id, *name, *name_en;
	const char *institution, *address, *representative, *investigator;
	const char *age;            /* age1... */
	const char *ssh;            /* "ssh-ed25519 BASE64" */
};

struct policy_ladder {
	const char *name;
	uint8_t sha256[32];
};

enum policy_rule_kind {
	POLICY_NEVER,
	POLICY_AS_IS,
	POLICY_LADDER,
};

struct policy_rule {
	const char *field;
	enum policy_rule_kind kind;
	const char *ladder;         /* POLICY_LADDER: its name */
	unsigned from, to;          /* levels allowed; 0 and 0 elsewhere */
};

/* How a date leaves, beside its rule. */
enum policy_date_mode {
	POLICY_DATE_AS_IS,
	POLICY_DATE_RELATIVE,       /* days since the first answer */
	POLICY_DATE_SHIFTED,        /* by whole weeks, by respondent */
};
extern const char *const policy_date_words[];   /* NULL behind the last */
#define POLICY_DATES_MAX 64

struct policy_date {
	const char *field;
	enum policy_date_mode mode;
};

/* Places of residence at their finest, as the owner states them. */
enum policy_unit {
	POLICY_UNIT_POSTCODE, POLICY_UNIT_MUNICIPALITY,
	POLICY_UNIT_HEALTH_CENTRE, POLICY_UNIT_MEDICAL_AREA,
	POLICY_UNIT_PREFECTURE,
};
extern const char *const policy_unit_words[];

struct policy_residence {
	const char *field;          /* NULL: not stated */
	enum policy_unit unit;
	int64_t smallest_population;
};

struct policy_release {
	const char *survey;
	unsigned version;
	struct policy_rule *rules;
	size_t rules_len;
};

struct policy {
	struct json_doc *doc;       /* owns the strings */
	const char *owner;
	uint64_t version;
	int has_previous;
	uint8_t previous[32];
	uint8_t charter_sha256[32];
	int32_t valid_from_day, valid_until_day;    /* both included */
	struct policy_survey *surveys;
	size_t surveys_len;
	struct consent_text *texts;
	size_t texts_len;
	struct policy_partner *partners;
	size_t partners_len;
	const char *permission;     /* DUO code */
	struct words diseases, modifiers;
	struct words legal_bases;
	struct policy_ladder *ladders;
	size_t ladders_len;
	struct policy_release *releases;
	size_t releases_len;
	unsigned k, suppression_limit, minimum_cell;
	int visits_single;          /* each answer counts by itself */
	struct model_rule models[MODEL_RULES_MAX];
	size_t models_len;
	const struct profile *profile;      /* NULL: none */
	struct policy_date dates[POLICY_DATES_MAX];
	size_t dates_len;
	struct policy_residence residence;
	const char *birth;          /* field; NULL: not stated */
	int has_early_wave;
	int32_t early_wave_until_day;
	unsigned reident_maximum;   /* pseudonyms of a plan; 0: none may be */
	unsigned population;        /* that the sample is of; 0: not stated */
	unsigned retention_days, plan_valid_days;
	unsigned exports_per_year;
	uint64_t respondents_per_export;
	int byte_release, denial_is_vote;
	unsigned hold_hours, erase_backup_days;
	uint64_t withdrawal_daily_limit;
	int accept_guessable_ids;
	int has_witness_policy;
	uint8_t witness_policy_sha256[32];
};

/* Reads policy.json into ${ret} (policy_release).  ERR_UNKNOWN: key, rule,
 * DUO code; ERR_SYNTAX: missing or of another type; ERR_RANGE; ERR_DUPLICATE;
 * ERR_NOT_FOUND: a name the document does not define (a ladder, a survey);
 * ERR_LIMIT; ERR_ENCODING.  ${info} (may be NULL) names the place. */
enum err policy_parse(struct bytes text, struct policy *ret,
    struct err_info *info) MUST_USE;
void policy_release(struct policy *p);          /* CLEANUP-able */

/* Against one survey document whose digest the caller has compared: every
 * field under `release` exists and its rule fits its disclosure class and
 * type.  ERR_NOT_FOUND: no such field, or the survey is not in the policy;
 * ERR_MISMATCH: its digest is another one; ERR_REFUSED: the class forbids the
 * rule; ERR_UNSUPPORTED: the rule does not fit the type. */
enum err policy_check_survey(const struct policy *p, const struct survey *s,
    const uint8_t sha256[32], struct err_info *info) MUST_USE;

/* A ladder file in memory, for checks that need its shape. */
struct policy_ladder_file {
	const char *name;
	uint8_t sha256[32];
	struct bytes bytes;
};
/* Every ladder that the rules of ${s} name is among ${files} with the digest
 * of the policy, is a complete tree for its field, and has the levels from
 * and to.  ERR_NOT_FOUND, ERR_MISMATCH, or as of ladder_parse. */
enum err policy_check_ladders(const struct policy *p, const struct survey *s,
    const struct policy_ladder_file *files, size_t files_len,
    struct err_info *info) MUST_USE;

/* Against the charter it stands under: owner, digest, and no partner that
 * shares a key or an institution with a seat or with the operator.
 * ERR_MISMATCH, ERR_REFUSED. */
enum err policy_check_charter(const struct policy *p, const struct charter *c,
    const uint8_t charter_sha256[32], struct err_info *info) MUST_USE;

/* That ${next} may follow ${old}: owner, version, previous.  ERR_MISMATCH. */
enum err policy_check_successor(const struct policy *old,
    const uint8_t old_sha256[32], const struct policy *next,
    struct err_info *info) MUST_USE;

/* Borrowed look-ups; NULL when there is none. */
const struct policy_partner *policy_find_partner(const struct policy *p,
    const char *id);
const struct policy_survey *policy_find_survey(const struct policy *p,
    const char *name, unsigned version);
const struct policy_ladder *policy_find_ladder(const struct policy *p,
    const char *name);
const struct policy_rule *policy_find_rule(const struct policy *p,
    const char *survey, unsigned version, const char *field);
enum policy_date_mode policy_find_date(const struct policy *p,
    const char *field);
/* In words (static): how dates leave, and why it matters. */
const char *policy_date_text(enum policy_date_mode mode, int japanese);
const char *policy_date_warning(int japanese);
/* By the full digest. */
const struct consent_text *policy_find_text(const struct policy *p,
    const uint8_t sha256[32]);

/* 1 when the partner shares a key with a seat, an institution with a seat, an
 * institution with the operator: what of it, in ${ret} (static word). */
int policy_partner_conflict(const struct policy_partner *partner,
    const struct charter *c, const char **ret);

#endif
