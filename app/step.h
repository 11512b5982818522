/* app/step.h - the named steps at which a process may die.
 *
 * PROTOCOL 8 promises that every one of them is repaired at the next start.  A
 * build with -Dfault=true kills itself at the step named by AZUKARI_KILL_AT
 * (`NAME` or `NAME:COUNT` for its COUNTth passing), or stops there where
 * AZUKARI_STOP is set; any other build does nothing here and never looks.
 */
#ifndef AZUKARI_APP_STEP_H
#define AZUKARI_APP_STEP_H

enum step {
	STEP_ACTS_LOCK,           /* nothing of an act yet, not even its lock */
	STEP_ACT_QUEUED,          /* rows and entry committed, log untouched */
	STEP_ACT_STAGED,          /* tiles durable, nothing signed for anyone */
	STEP_ACT_SIGNED,          /* the log's commit point passed */
	STEP_ACT_PUBLISHED,       /* checkpoint file written */
	STEP_ACT_LOGGED,          /* the act is marked logged */
	STEP_INGEST_KEYS,         /* respondent keys durable, records not */
	STEP_INGEST_BATCH,        /* one batch committed */
	STEP_JOB_STARTED,         /* export-started logged */
	STEP_JOB_COMBINED,        /* keys in memory */
	STEP_JOB_COUNTED,         /* first pass done, scheme chosen */
	STEP_JOB_PAYLOAD,         /* payload file complete, temporary */
	STEP_JOB_BUILT,           /* bundle complete, temporary */
	STEP_JOB_EXPORTED,        /* exported logged */
	STEP_JOB_RELEASED,        /* released logged */
	STEP_JOB_PUBLISHED,       /* file in the outbox */
	STEP_WITHDRAW_MARKED,     /* stopped in the store, key still there */
	STEP_ERASE_KEYS,          /* keys deleted, storage key not yet new */
	STEP_ERASE_ROTATED,       /* storage key new */
	STEP_COMPACT_SOME,        /* some dead bytes dropped, others not */
	STEP_COMPACT_LOGGED,      /* all dropped and logged, still in the WAL */
	STEP_COUNT
};

/* "act.queued", ...; never NULL for a step below STEP_COUNT. */
const char *step_name(enum step s);

#ifdef AZUKARI_FAULT
void step_reached(enum step s);
#else
static inline void step_reached(enum step s)
{
	(void)s;
}
#endif

#endif
