/* vault/register_internal.h - what the files of the register share. */
#ifndef AZUKARI_VAULT_REGISTER_INTERNAL_H
#define AZUKARI_VAULT_REGISTER_INTERNAL_H

#include "vault/db_internal.h"
#include "vault/register.h"

struct register_store {
	struct db *db;
};

/* A change of state of a plan or an export. */
struct register_move {
	const char *why;                /* NULL: nothing to say */
	int64_t at_unix_s;
	int64_t act;
};

#endif
