/* tests/unit/vault/fixture.h - folders, keys and acts for tests of vault/. */
#ifndef AZUKARI_TESTS_VAULT_FIXTURE_H
#define AZUKARI_TESTS_VAULT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/fs.h"
#include "core/secret.h"
#include "vault/actlog.h"
#include "vault/db.h"

#define assert_ok(expr) assert_int_equal((expr), ERR_OK)
#define assert_err(expr, cause) assert_int_equal((expr), (cause))

/* Group set-up and tear-down: a folder of its own in TMPDIR or /tmp. */
int fixture_up(void **state);
int fixture_down(void **state);
/* A path in it; static memory, eight in a row. */
const char *fixture_path(const char *name);

/* A key of 32 times ${byte}; freed by fixture_down. */
const struct secret *fixture_key(uint8_t byte);
/* In a forked child, where the keys made before are gone. */
void fixture_forget_keys(void);

/* A new database of that kind under fixture_key(1). */
struct db *fixture_db(enum db_kind kind, const char *name);

/* Inside a transaction: a queued act; grant or stop. */
int64_t fixture_act(struct db *db, enum actlog_class class_);
/* In a transaction of its own: an act that is logged already. */
int64_t fixture_logged_act(struct db *db, enum actlog_class class_);
void fixture_log(struct db *db, int64_t act);

/* Flip one bit at ${offset} of a file. */
void fixture_flip(const char *path, uint64_t offset);
void fixture_copy(const char *from, const char *to);
/* Does the file hold these bytes? */
int fixture_file_has(const char *path, const void *bytes, size_t len);

#endif
