/* app/outcome.h - what an act has to say to a person.
 *
 * Operations (app/ops) print nothing: they return one `enum err` and leave
 * sentences here, each in English and Japanese.  Commands print them, the
 * service turns them into problem details.
 */
#ifndef AZUKARI_APP_OUTCOME_H
#define AZUKARI_APP_OUTCOME_H

#include "core/err.h"

enum outcome_role {
	OUTCOME_DONE,     /* what was done */
	OUTCOME_REASON,   /* why it was refused */
	OUTCOME_HINT,     /* the way out */
	OUTCOME_CHECK,    /* a check that was made and held */
	OUTCOME_WARNING,
};

struct outcome_line {
	enum outcome_role role;
	char *en, *ja;
};

/* Zeroed is empty.  Owned by the caller; outcome_release. */
struct outcome {
	struct err_info info;        /* where input was wrong */
	struct outcome_line *lines;
	size_t len, cap;
};

void outcome_release(struct outcome *o);

/* Add one finished sentence. */
void outcome_put(struct outcome *o, enum outcome_role role, const char *en,
    const char *ja);

/* Add one sentence; ${en} and ${ja} are formats for the same arguments (use
 * %1$s style where the order differs, and then every argument in both).  Lost
 * silently only when memory is. */
void outcome_add(struct outcome *o, enum outcome_role role, const char *en,
    const char *ja, ...);

/* Add a reason and return ${e}. */
enum err outcome_refuse(struct outcome *o, enum err e, const char *en,
    const char *ja, ...) MUST_USE;

/* One error in one sentence, in the language asked ("ja" or "en"). */
const char *outcome_error_text(enum err e, int japanese);

/* The exit code of an error (the manual's list). */
int outcome_exit_code(enum err e);

/* The HTTP status the service answers an error with. */
int outcome_http_status(enum err e);

/* Members "error", "exit", "input" (where input was wrong) and "lines" into
 * the object ${doc}: what --json prints and the service answers. */
struct json_doc;
void outcome_json(const struct outcome *o, enum err e, struct json_doc *doc);

/* The other way round, for a client of the service: lines and input of ${doc}
 * into ${o}; its error is returned (ERR_SYNTAX: no such document). */
enum err outcome_from_json(const struct json_doc *doc, struct outcome *o)
    MUST_USE;

#endif
