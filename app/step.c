#include "app/step.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"

static const char *const names[] = {
	[STEP_ACTS_LOCK] = "acts.lock",
	[STEP_ACT_QUEUED] = "act.queued",
	[STEP_ACT_STAGED] = "act.staged",
	[STEP_ACT_SIGNED] = "act.signed",
	[STEP_ACT_PUBLISHED] = "act.published",
	[STEP_ACT_LOGGED] = "act.logged",
	[STEP_INGEST_KEYS] = "ingest.keys",
	[STEP_INGEST_BATCH] = "ingest.batch",
	[STEP_JOB_STARTED] = "job.started",
	[STEP_JOB_COMBINED] = "job.combined",
	[STEP_JOB_COUNTED] = "job.counted",
	[STEP_JOB_PAYLOAD] = "job.payload",
	[STEP_JOB_BUILT] = "job.built",
	[STEP_JOB_EXPORTED] = "job.exported",
	[STEP_JOB_RELEASED] = "job.released",
	[STEP_JOB_PUBLISHED] = "job.published",
	[STEP_WITHDRAW_MARKED] = "withdraw.marked",
	[STEP_ERASE_KEYS] = "erase.keys",
	[STEP_ERASE_ROTATED] = "erase.rotated",
	[STEP_COMPACT_SOME] = "compact.some",
	[STEP_COMPACT_LOGGED] = "compact.logged",
};

const char *step_name(enum step s)
{
	MUST_HOLD(s < STEP_COUNT);
	return names[s];
}

#ifdef AZUKARI_FAULT
void step_reached(enum step s)
{
	static unsigned long passed[STEP_COUNT];
	const char *at = getenv("AZUKARI_KILL_AT");
	size_t len = strlen(step_name(s));

	if (at == NULL || strncmp(at, names[s], len) != 0)
		return;
	if (at[len] != '\0' && at[len] != ':')
		return;
	passed[s]++;
	if (at[len] == '\0' || strtoul(at + len + 1, NULL, 10) == passed[s])
		(void)raise(getenv("AZUKARI_STOP") != NULL ? SIGSTOP : SIGKILL);
}
#endif
