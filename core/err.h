/* core/err.h - the one list of causes of failure.
 *
 * Every fallible function of Azukari returns `enum err` and is marked
 * MUST_USE.  0 is success, everything else is negative.  Modules never print:
 * app/ turns one error into one sentence, one exit code, one HTTP status.
 * A broken invariant aborts (see MUST_HOLD); bad input is an error.
 */
#ifndef AZUKARI_CORE_ERR_H
#define AZUKARI_CORE_ERR_H

#include <stdarg.h>
#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

enum err {
	ERR_OK = 0,
	/* refused */
	ERR_USAGE = -1,       /* the caller's words make no command */
	ERR_REFUSED = -2,     /* a rule of policy or protocol says no */
	ERR_EXPIRED = -3,     /* its time is over */
	ERR_REVOKED = -4,     /* taken back by its maker */
	ERR_STATE = -5,       /* not possible in the present state of things */
	ERR_THRESHOLD = -6,   /* fewer signatures or shares than the charter asks */
	/* not there, or there already */
	ERR_NOT_FOUND = -7,
	ERR_EXISTS = -8,
	/* input that is not what it should be */
	ERR_SYNTAX = -9,      /* not of the format's grammar */
	ERR_ENCODING = -10,   /* bad UTF-8 or a character that is never allowed */
	ERR_LIMIT = -11,      /* longer, deeper or more than the bound */
	ERR_RANGE = -12,      /* grammatical, but outside the allowed values */
	ERR_UNKNOWN = -13,    /* a key, kind, rule or field nobody defined */
	ERR_DUPLICATE = -14,  /* given twice */
	ERR_UNSUPPORTED = -15,/* defined, but not by this version */
	ERR_TRUNCATED = -16,  /* ends too early */
	/* stored or signed things that do not hold */
	ERR_CORRUPT = -17,    /* stored data contradicts itself */
	ERR_MISMATCH = -18,   /* a digest, name or binding is of something else */
	ERR_ROLLBACK = -19,   /* an old copy was put back */
	ERR_SIGNATURE = -20,  /* a signature does not verify */
	ERR_UNTRUSTED = -21,  /* valid, but its signer is not one we trust */
	ERR_DECRYPT = -22,    /* authentication of a ciphertext failed */
	ERR_NO_MATCH = -23,   /* no key given fits */
	ERR_PASSPHRASE = -24, /* wrong passphrase, or none could be had */
	ERR_SHARE = -25,      /* a share does not match its commitment */
	ERR_CRYPTO = -26,     /* a cryptographic library failed */
	/* the machine */
	ERR_MEMORY_LOCK = -27,/* memory could reach a disk */
	ERR_IO = -28,
	ERR_NO_SPACE = -29,
	ERR_STORE = -30,      /* the database failed */
	ERR_NOT_ENCRYPTED = -31, /* a database that must be encrypted is not */
	ERR_BUSY = -32,       /* locked by another process */
	ERR_NOMEM = -33,
	ERR_CHANGED = -34,    /* the snapshot moved under a job: start over */
	ERR_CANCELLED = -35,
};

/* The name of a cause, for logs and tests ("ERR_SYNTAX"); never NULL. */
const char *err_name(enum err e);

/* Where human-written input is wrong.  `file` is what the user called it;
 * `line` starts at 1, 0 when lines make no sense; `message` names the rule and
 * never contains an answer, a user id or a key. */
struct err_info {
	char file[256];
	unsigned long line;
	char message[384];
};

/* Fills ${info} (may be NULL), keeping info->file. */
void err_note(struct err_info *info, unsigned long line, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* `return err_at(info, ERR_RANGE, line, "...")`: err_note, and the value is
 * ${e}.  A macro so that compilers see that what is returned is no success. */
#define err_at(info, e, line, ...) \
	(err_note((info), (line), __VA_ARGS__), (enum err)(e))

/* Aborts with file and line when an invariant is broken; never for input. */
#define MUST_HOLD(cond) \
	((cond) ? (void)0 : err_broken_invariant(__FILE__, __LINE__, #cond))
void err_broken_invariant(const char *file, int line, const char *cond)
    __attribute__((noreturn));

/* `RETURN_IF(call)` - early return of any failure. */
#define RETURN_IF(expr)                          \
	do {                                     \
		enum err return_if_e_ = (expr);  \
		if (return_if_e_ != ERR_OK)      \
			return return_if_e_;     \
	} while (0)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Scope-exit cleanup: `CLEANUP(buf_release) struct buf b = {0};` calls
 * buf_release(&b). */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Ownership moves out of ${p}: yields its value and leaves NULL behind. */
#define TAKE(p)                            \
	__extension__({                    \
		__typeof__(p) take_ = (p); \
		(p) = NULL;                \
		take_;                     \
	})

#endif
