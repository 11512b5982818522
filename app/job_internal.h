/* app/job_internal.h - the parts of an export job; see job.h for the order. */
#ifndef AZUKARI_APP_JOB_INTERNAL_H
#define AZUKARI_APP_JOB_INTERNAL_H

#include "app/ballot.h"
#include "app/docket.h"
#include "app/job.h"
#include "app/witnesses.h"
#include "core/rows.h"
#include "exporters/bundle.h"
#include "exporters/column.h"
#include "exporters/payload.h"
#include "keys/epoch.h"
#include "keys/memory_key.h"
#include "keys/pseudonym.h"
#include "policy/disclosure/counter.h"
#include "policy/disclosure/kanon.h"
#include "policy/disclosure/ladder.h"
#include "policy/disclosure/memory.h"
#include "policy/disclosure/report.h"
#include "policy/disclosure/tally.h"
#include "policy/grant.h"
#include "survey/answers.h"
#include "vault/reader.h"
#include "vault/register_plan.h"

/* ---- the case: papers, votes, grant (job_case.c) ---- */

#define JOB_SEATS_MAX 16

/* An approval that stands. */
struct job_vote {
	char seat[REGISTER_NAME_MAX + 1];
	struct buf text, sig;           /* approval.txt */
	int64_t act;                    /* of the register */
	struct votes_approval parsed;
};

struct job_case {
	struct register_plan row;
	struct docket docket;
	struct buf plan_text, plan_sig, epochs_text;
	struct plan plan;
	struct plan_epochs epochs;
	struct witness_set witnesses;   /* of the plan; empty: none */
	struct job_vote votes[JOB_SEATS_MAX];
	size_t votes_len;
	struct grant *grant;
};
void job_case_release(struct job_case *c);

/* Load plan, papers and votes (ballot.h); decide; on ERR_OK c->grant and
 * c->votes are set. */
enum err job_case_load(struct home *h, const char *plan,
    struct job_case *ret) MUST_USE;

/* ERR_THRESHOLD with a sentence when the shares of fewer seats than the plan's
 * threshold have arrived. */
enum err job_case_released(const struct home *h,
    const struct job_case *c) MUST_USE;

/* The checkpoint under which the approvals are proven: the quorum's, or where
 * there are no witnesses the published one (nothing is appended).  ERR_BUSY
 * with a sentence while the quorum has not cosigned them all. */
enum err job_case_cosigned(struct home *h, const struct job_case *c,
    struct buf *ret_note) MUST_USE;

/* ---- an earlier export, computed again (job_again.c) ---- */

struct job_again {
	struct ballot *then;            /* that export's plan */
	struct register_export export_row;
	uint8_t want[DIGEST_LEN];       /* of its inside, by STATEMENT.txt */
	int64_t made_unix_s;            /* when it was */
	uint64_t withdrawn;             /* of those in it, since */
	int any_withdrawn;              /* of anybody */
};
void job_again_release(struct job_again *a);            /* CLEANUP-able */

/* Is ${plan} of the kind that is asked for?  ERR_STATE with a sentence. */
enum err job_again_check_kind(struct home *h, const char *plan,
    int is_again) MUST_USE;
/* `rederive-started`, and the plan's state. */
enum err job_again_start(struct home *h, const struct job_case *c) MUST_USE;
/* The earlier plan, held against the case's, its statement, held against the
 * ledger's digest, and who withdrew.  ERR_MISMATCH, ERR_CORRUPT. */
enum err job_again_load(struct home *h, struct owner *w,
    const struct job_case *c, struct job_again *ret) MUST_USE;
/* From now on the case is the earlier one; what was released is this plan's. */
void job_again_become(struct job_again *a, struct job_case *c);
/* `rederived`, and the end of the plan.  ${computed} is the
 * digest, NULL where nothing could be computed. */
enum err job_again_end(struct home *h, const struct job_case *c,
    const struct job_again *a, const uint8_t *computed,
    const char **ret_what) MUST_USE;
/* The answer in words.  ERR_MISMATCH: it differs. */
enum err job_again_tell(struct home *h, const struct job_again *a,
    const char *what, unsigned minimum_cell) MUST_USE;

/* ---- keys from shares (job_keys.c) ---- */

struct job_keys {
	struct secret_pool pool;        /* of records and project */
	struct record_epoch_keys *records;      /* one per epoch, in the pool */
	struct reader_epoch *epochs;            /* for the reader */
	struct epoch_lists *lists;              /* one per epoch */
	size_t len;
	uint8_t *project;               /* EPOCH_KEY_LEN, in the pool */
	struct memory_key *memory;      /* in the pool */
	struct epoch project_epoch;
};
void job_keys_release(struct job_keys *k);

/* Open t released shares.ages and combine every epoch's key.  ERR_THRESHOLD
 * with a sentence when fewer than t seats have released. */
enum err job_keys_combine(struct owner *w, const struct job_case *c,
    struct job_keys *ret) MUST_USE;

/* reader_open on the stores of ${w}, while nobody is erased: what was erased
 * since ${w} was opened is gone, and its erase store under another key. */
enum err job_reader_open(struct owner *w, const struct reader_args *args,
    struct reader **ret) MUST_USE;

/* ---- first pass: count and choose (job_scan.c) ---- */

/* One field that leaves. */
struct job_column {
	const struct survey_field *field;
	const struct plan_column *plan;
	int quasi;                      /* counted in groups */
	struct ladder *ladder;          /* NULL where the value goes as it is */
	struct ladder_map *map;         /* NULL unless quasi or a ladder */
	size_t dimension;               /* index among kanon columns */
	uint32_t *alike;                /* by label of plan->from: its leaf */
	size_t alike_len;
	unsigned level;                 /* chosen */
	const uint32_t *labels_of;      /* leaf → label there; quasi only */
	struct survey_field as_days;    /* `field`, where a date is relative */
};

/* How dates leave (job_dates.c). */
struct job_dates {
	int shifts, counts_from_first;
	int32_t *first;         /* day of each respondent's first answer */
	int8_t *weeks;          /* by which each one's dates are moved; 0: not
	                         * made yet */
	uint8_t shift_key[PSEUDONYM_KEY_LEN];
	const struct reader *reader;    /* borrowed, of the first pass */
};
void job_dates_release(struct job_dates *d);
/* A relative date becomes a whole number. */
void job_dates_column(struct job_dates *d, struct job_column *col);
/* Before the first pass; may take a pass of its own. */
enum err job_dates_prepare(struct job_dates *d, struct reader *r,
    const struct job_keys *keys) MUST_USE;
/* A respondent of the first pass. */
void job_dates_meet(struct job_dates *d, uint32_t respondent);
/* Change a row's decoded values to what leaves. */
struct job_scan;
void job_dates_apply(const struct job_scan *s, uint32_t respondent,
    struct answers_value *values);


/* Consents that cover: text and scopes, with the year they were given. */
struct job_consent {
	uint8_t sha256[32];             /* of the text */
	uint8_t scopes;
	uint16_t year;
};

#define JOB_SCAN_BYTES_PER_RESPONDENT 18        /* of its arrays */

struct job_memory;
struct job_models;

struct job_scan {
	const struct survey *survey;
	struct job_column *columns;
	size_t columns_len;
	size_t dimensions;              /* quasi columns and the consent */
	size_t cells;                   /* CSV columns, without the first two */
	struct answers_value *values;
	struct job_dates dates;
	/* per row, in no order once sorted */
	struct kanon_row *rows;
	size_t rows_len, rows_cap;
	/* distinct leaf vectors */
	struct job_tuples *tuples;
	/* per respondent */
	uint32_t respondents;
	uint32_t *answers;              /* rows of each */
	uint32_t *fixed;                /* CSV bytes that no level changes */
	uint32_t *packed;               /* arena bytes of its rows */
	uint16_t *consent_of;           /* index in consents, latest given */
	uint32_t *given;                /* when that was */
	struct job_consent *consents;
	size_t consents_len;
	const struct grant *grant;      /* knows the accepted texts */
	struct job_memory *memory;      /* borrowed; NULL: rows are not noted */
	struct job_visits *visits;      /* NULL: each answer by itself */
	struct job_models *models;      /* NULL: no rule beside k */
	int rules_refused;
	struct kanon_column *kanon_columns;
	uint32_t *consent_labels;
	struct kanon *kanon;
	struct kanon_result result;
	struct job_arena *arena;        /* holds all rows while they fit */
	int all_in_arena;
	uint64_t csv_bytes, consents_bytes;     /* without header lines */
	uint64_t kept_rows, kept_respondents;
};
void job_scan_release(struct job_scan *s);

/* Prepare columns and ladders from the plan. */
enum err job_scan_init(struct job_scan *s, const struct job_case *c,
    struct job_arena *arena) MUST_USE;
/* Read everything once. */
enum err job_scan_read(struct job_scan *s, struct reader *r,
    const struct job_options *o) MUST_USE;
/* Choose levels within the plan; ERR_REFUSED when none holds. */
enum err job_scan_choose(struct job_scan *s, const struct plan *plan) MUST_USE;
/* Sizes of both tables under the chosen levels. */
enum err job_scan_sizes(struct job_scan *s) MUST_USE;
int job_scan_keeps(const struct job_scan *s, uint32_t respondent);
/* Leaves of decoded values, one per dimension but the consent's. */
enum err job_scan_leaves(struct job_scan *s, const struct answers_value *v,
    uint32_t *ret) MUST_USE;

/* All answers of a respondent as one row of the search (job_visits.c). */
enum err job_visits_new(struct job_visits **ret) MUST_USE;
void job_visits_free(struct job_visits *v);
/* For every row, in their order. */
enum err job_visits_note(struct job_visits *v,
    const struct reader_record *r) MUST_USE;
/* Before the search, once s->kanon_columns are there: ${in} becomes the table
 * of one row a respondent, and s->rows are sorted; where nobody has several
 * rows, both stay as they are. */
enum err job_visits_join(struct job_scan *s, struct kanon_input *in) MUST_USE;
/* Of that table: its rows by respondent once the search has begun, the leaves
 * of a tuple, its columns (with sizes), and, where there are rules on answers,
 * all rows by respondent in the order in which they leave. */
const struct kanon_row *job_visits_people(const struct job_scan *s,
    size_t *ret_len);
const uint32_t *job_visits_leaves(const struct job_scan *s, uint32_t tuple);
const struct kanon_column *job_visits_columns(const struct job_scan *s);
const uint32_t *job_visits_order(const struct job_scan *s);
/* 1 when the search is, or was, over that table. */
int job_visits_are_joined(const struct job_scan *s);
/* Rows of a result that counted respondents. */
void job_visits_count(const struct job_scan *s, struct kanon_result *r);
/* Who is alike, as answered or as it leaves: only ${ret}->people and len. */
struct job_groups;
enum err job_visits_groups(const struct job_scan *s, int is_after,
    struct job_groups *ret) MUST_USE;

/* Rules on answers beside k (job_models.c). */
enum err job_models_new(const struct job_scan *s, const struct job_case *c,
    struct job_models **ret) MUST_USE;
void job_models_free(struct job_models *m);
/* For every row, in their order, with its values as they leave. */
enum err job_models_note(struct job_models *m,
    const struct answers_value *v) MUST_USE;
/* After the search for k, whose levels are in s->result: the levels that keep
 * the rules, too.  ERR_REFUSED: there are none (s->rules_refused). */
enum err job_models_choose(struct job_scan *s, const struct plan *plan)
    MUST_USE;
int job_models_leave_out(const struct job_models *m, uint32_t respondent);
/* The same rules for what is written; borrows from ${m}. */
enum err job_models_tally(struct job_models *m, uint64_t k,
    struct tally **ret) MUST_USE;

/* Distinct vectors of leaves (job_tuples.c). */
enum err job_tuples_new(size_t width, struct job_tuples **ret) MUST_USE;
void job_tuples_free(struct job_tuples *t);
enum err job_tuples_find(struct job_tuples *t, const uint32_t *leaves,
    uint32_t *ret) MUST_USE;
size_t job_tuples_len(const struct job_tuples *t);
const uint32_t *job_tuples_all(const struct job_tuples *t);

/* Rows in locked memory (job_arena.c): packed answers with their order. */
struct job_arena_row {
	uint32_t respondent, event_unix_s;
	uint8_t id[16];
	struct bytes packed;
};
enum err job_arena_new(size_t bytes, struct job_arena **ret) MUST_USE;
void job_arena_free(struct job_arena *a);
void job_arena_cleanup(struct job_arena **a);
void job_arena_clear(struct job_arena *a);
size_t job_arena_room(const struct job_arena *a);       /* bytes in all */
/* Bytes a row takes. */
size_t job_arena_cost(size_t packed_len);
/* ERR_LIMIT when it does not fit (nothing is added). */
enum err job_arena_add(struct job_arena *a,
    const struct job_arena_row *row) MUST_USE;
/* Order by rank of the respondent (below ${ranks}), time, id; rows of any other
 * rank are left out.  ERR_NOMEM. */
enum err job_arena_sort(struct job_arena *a, const uint32_t *rank,
    size_t ranks) MUST_USE;
/* Rows in that order. */
size_t job_arena_len(const struct job_arena *a);
/* Row ${i} will be asked for next: those behind it may be fetched already. */
void job_arena_fetch(const struct job_arena *a, size_t i);
void job_arena_row(const struct job_arena *a, size_t i,
    struct job_arena_row *ret);

/* ---- HOME/tmp/EXP-…/: all that an export writes before it is published, so
 * that nothing of one that died can stay (job_bundle.c) ---- */

enum err job_work_path(const struct home *h, const char *export_id,
    char ret[FS_PATH_MAX]) MUST_USE;
/* An empty work folder, whatever was in it. */
enum err job_work_begin(const struct home *h, const char *export_id) MUST_USE;
enum err job_work_remove(const struct home *h, const char *export_id) MUST_USE;

/* Why a built bundle was destroyed and is to be begun again. */
#define JOB_WHY_WITHDRAWN "withdrawn"

/* ---- byte release (job_byterelease.c): officers see the bundle's report and
 * sign its SHA256SUMS before it leaves ---- */

/* Signers of a SHA256SUMS in the register: `gateway`, `seat/SEAT`. */
#define JOB_BYTERELEASE_SIGNER "seat/"

struct job_byterelease {
	unsigned needed;                /* 0: the plan asks for none */
	struct bundle_part parts[JOB_SEATS_MAX];        /* release/SEAT.sig */
	char names[JOB_SEATS_MAX][64];
	struct buf sigs[JOB_SEATS_MAX];
	size_t len;
};
void job_byterelease_release(struct job_byterelease *r);

/* The signatures on ${sums} that count: logged, valid under the charter, of
 * seats that have neither refused nor taken back.  Nothing where the plan asks
 * for none. */
enum err job_byterelease_load(struct home *h, const char *plan,
    struct bytes sums, struct job_byterelease *ret) MUST_USE;
/* ERR_STATE, saying how many are missing. */
enum err job_byterelease_refuse(struct home *h, const char *export_id,
    const char *plan) MUST_USE;
/* What officers do now. */
void job_byterelease_tell(struct home *h, const char *export_id);

/* ---- second pass: rows out (job_rows.c) ---- */

struct job_person {
	uint8_t pseudonym[16];
	uint32_t respondent;
};

struct job_consent_cells {
	char digest[65], scopes[64], year[8];
};

struct job_rows {
	struct job_scan *scan;
	struct reader *reader;
	unsigned threads;               /* set before job_rows_init */
	struct job_person *people;      /* kept ones, by pseudonym */
	size_t people_len;
	uint32_t *rank;                 /* respondent → position in people */
	/* range under way */
	size_t range_begin, range_end;  /* in people */
	size_t at, answer;              /* in the sorted arena */
	uint32_t last_rank;
	uint8_t *only;                  /* bitmap for re-reading */
	size_t only_len;
	/* batches take turns, so that one can be made while one is written */
	struct job_batch {
		struct bytes *cells;
		char (*scratch)[ANSWERS_CELL_MAX];
		char (*names)[32];      /* pseudonym and answer texts */
		char (*receipts)[33];
	} batches[2];
	unsigned turn;
	/* consents.csv */
	size_t consent_at;
	struct job_consent_cells *consent_cells;        /* per consent */
	const uint8_t *project;
	const uint8_t *plan_sha256;
};
void job_rows_release(struct job_rows *r);

/* Pseudonyms of everyone who is kept, in their order. */
enum err job_rows_init(struct job_rows *r, struct job_scan *s,
    struct reader *reader, const struct job_keys *keys,
    const uint8_t plan_sha256[32]) MUST_USE;
struct rows_source job_rows_responses(struct job_rows *r);
struct rows_source job_rows_consents(struct job_rows *r);

/* ---- groups of equal cells (job_groups.c) ---- */

struct job_groups {
	const struct job_scan *scan;
	int is_after;           /* under the levels chosen, those who leave */
	uint32_t *of_tuple;     /* tuple → group */
	uint32_t *tuple_of;     /* one of its tuples */
	uint32_t *people, *rows;        /* by group; 0 where all stay behind */
	size_t len;
};
void job_groups_release(struct job_groups *g);
/* As answered, or as it leaves (then after job_scan_choose). */
enum err job_groups_make(const struct job_scan *s, int is_after,
    struct job_groups *ret) MUST_USE;
/* A tuple's label (its leaf, as answered) in one dimension; the last dimension
 * is the consent's. */
uint32_t job_groups_label(const struct job_groups *g, uint32_t tuple,
    size_t dimension);

/* ---- what was released before (job_memory.c) ---- */

/* Earlier releases whose rows this export can share; ${home} and ${w} are
 * borrowed.  The rows must be noted as they are read. */
enum err job_memory_open(struct home *h, struct owner *w,
    const struct job_case *c, const struct job_keys *keys,
    struct job_memory **ret) MUST_USE;
void job_memory_free(struct job_memory *m);
void job_memory_cleanup(struct job_memory **m);
enum err job_memory_note(struct job_memory *m, uint32_t tuple,
    const struct reader_record *r) MUST_USE;
/* Once the levels are chosen: ERR_REFUSED with a sentence when the difference
 * from an earlier release isolates fewer than k respondents.  Makes the record
 * of this one. */
enum err job_memory_check(struct job_memory *m,
    const struct job_scan *s) MUST_USE;
/* The sealed record into the store and its digest into the ledger; its text
 * into ${ret_text}, for the register. */
enum err job_memory_put(struct job_memory *m, struct buf *ret_text) MUST_USE;
/* Within the act that makes this export one of the earlier ones: of two at a
 * time the later must have seen the other.  ERR_CHANGED: compare once more. */
enum err job_memory_check_again(struct job_memory *m) MUST_USE;

/* This release, as its record holds it (job_memory_record.c). */
enum err job_memory_describe(const struct job_scan *s,
    const struct job_case *c, const struct memory_key *key,
    const struct job_groups *g, struct memory_release *ret) MUST_USE;

/* ---- figures of statement and report (job_figures.c) ---- */

struct job_figures {
	struct report report;           /* points into here */
	struct report_column *columns;
	/* of report.h, then one of each consent text, in the plan's order */
	struct mask_count counts[REPORT_COUNTS + PLAN_TEXTS_MAX];
	char source[64];
	struct buf dates, dates_ja;
	char rule_lines[MODEL_RULES_MAX][MODEL_TEXT_MAX];
	const char *rules[MODEL_RULES_MAX];
};
void job_figures_release(struct job_figures *f);

/* The next batch of ${inner} is made in a second thread while the caller works
 * on the one before (job_ahead.c): ${inner} must keep a batch valid until it has
 * given two more.  ${inner} is borrowed; with one thread, or if none can be
 * had, the source is simply ${inner}. */
struct job_ahead;
enum err job_ahead_new(struct rows_source inner, unsigned threads,
    struct job_ahead **ret) MUST_USE;
void job_ahead_free(struct job_ahead *a);       /* waits; NULL is fine */
void job_ahead_cleanup(struct job_ahead **a);
struct rows_source job_ahead_source(struct job_ahead *a);

/* ---- what the payload's tables are (job_tables.c) ---- */

/* What the second counter sees: the very bytes on their way into the tar. */
struct job_tables_tap {
	struct counter *responses, *consents;
	struct tally *tally;            /* NULL: no rule beside k */
};
enum err job_tables_tap_init(const struct job_scan *s, const struct plan *plan,
    struct job_tables_tap *ret) MUST_USE;
void job_tables_tap_release(struct job_tables_tap *t);
/* Once both counters have ended; as tally_end. */
enum err job_tables_tallied(struct job_tables_tap *t) MUST_USE;
/* A payload's tap; ${ctx} is a struct job_tables_tap. */
enum err job_tables_tap_bytes(void *ctx, enum payload_which which,
    struct bytes piece) MUST_USE;

/* The columns as they leave. */
enum err job_tables_columns(const struct job_scan *s,
    struct column_set *ret) MUST_USE;

/* The consent texts the exported people were shown. */
struct job_tables_texts {
	struct payload_consent_text items[PLAN_TEXTS_MAX];
	struct buf bytes[PLAN_TEXTS_MAX];
	size_t len;
};
void job_tables_texts_release(struct job_tables_texts *t);
enum err job_tables_texts(struct home *h, const struct job_case *c,
    const struct job_scan *s, struct job_tables_texts *ret) MUST_USE;

/* ---- the bundle's own texts (job_papers.c) ---- */

struct job_built {
	struct payload_result payload;
	struct reader_counts counts;
	struct counter_result counted;
	struct job_figures figures;
	struct buf record_text;         /* for the register */
	uint8_t notice_book_sha256[32];
	uint8_t receipt_commitment[32];
};
/* Once the levels are chosen and the sizes known: b->figures. */
enum err job_figures_make(const struct job_case *c, const struct job_scan *s,
    struct job_built *b) MUST_USE;
/* Put everything around the payload, sign and log `exported`: afterwards
 * HOME/tmp/EXP-…/ is complete but for what follows SHA256SUMS. */
enum err job_bundle_build(struct home *h, const struct job_case *c,
    const struct job_scan *s, const struct job_built *b) MUST_USE;
enum err job_papers_statement(struct home *h, const struct job_case *c,
    const struct job_scan *s, const struct job_built *b,
    struct buf *out) MUST_USE;
enum err job_papers_signers(struct home *h, const struct job_case *c,
    struct buf *out) MUST_USE;

#endif
