/* keys/gateway_key_internal.h - what the files of the gateway's key share. */
#ifndef AZUKARI_KEYS_GATEWAY_KEY_INTERNAL_H
#define AZUKARI_KEYS_GATEWAY_KEY_INTERNAL_H

#include "keys/gateway_key.h"

struct gateway_key_owner {
	char owner[3];
	struct secret *vault_key, *index_key, *event_key;
};

struct gateway_key {
	char origin[GATEWAY_KEY_ORIGIN_MAX + 1];
	int64_t created_unix_s;
	struct secret *export_seed, *ledger_seed, *open_secret, *register_key;
	struct age_recipient recipient; /* of open_secret */
	struct gateway_key_owner owners[GATEWAY_KEY_OWNERS_MAX];
	size_t owners_len;
};

/* A key without any secret yet; ERR_SYNTAX for a bad origin. */
enum err gateway_key_make(struct bytes origin, int64_t created_unix_s,
    struct gateway_key **ret) MUST_USE;

/* Room for an owner's three keys; ERR_SYNTAX, ERR_EXISTS. */
enum err gateway_key_make_owner(struct gateway_key *k, struct bytes owner,
    struct gateway_key_owner **ret) MUST_USE;

/* The text of the file, and back. */
enum err gateway_key_seal_text(const struct gateway_key *k,
    const struct gateway_key_seal *seal, struct buf *out) MUST_USE;
enum err gateway_key_parse_text(struct bytes text, struct gateway_key **ret,
    struct err_info *info) MUST_USE;

#endif
