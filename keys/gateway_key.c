#include "keys/gateway_key.h"

#include <stdlib.h>
#include <string.h>

#include "keys/gateway_key_internal.h"
#include "keys/names.h"

/* `host/path`: a name of a ledger (signed notes forbid spaces and '+'). */
int
gateway_key_is_origin(struct bytes b)
{
	const uint8_t *slash;

	if (b.len < 3 || b.len > GATEWAY_KEY_ORIGIN_MAX)
		return 0;
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] < 33 || b.data[i] > 126 || b.data[i] == '+')
			return 0;
	slash = memchr(b.data, '/', b.len);
	return slash != NULL && slash != b.data &&
	    slash != b.data + b.len - 1;
}

enum err
gateway_key_make(struct bytes origin, int64_t created_unix_s,
    struct gateway_key **ret)
{
	struct gateway_key *k;

	if (!gateway_key_is_origin(origin))
		return ERR_SYNTAX;
	if ((k = calloc(1, sizeof(*k))) == NULL)
		return ERR_NOMEM;
	memcpy(k->origin, origin.data, origin.len);
	k->created_unix_s = created_unix_s;
	*ret = k;
	return ERR_OK;
}

enum err
gateway_key_new(const char *origin, int64_t created_unix_s,
    struct gateway_key **ret)
{
	CLEANUP(gateway_key_cleanup) struct gateway_key *k = NULL;

	RETURN_IF(gateway_key_make(bytes_str(origin), created_unix_s, &k));
	RETURN_IF(secret_new_random(32, &k->export_seed));
	RETURN_IF(secret_new_random(32, &k->ledger_seed));
	RETURN_IF(secret_new_random(32, &k->register_key));
	RETURN_IF(age_secret_new(&k->open_secret));
	RETURN_IF(age_secret_recipient(k->open_secret, &k->recipient));
	*ret = TAKE(k);
	return ERR_OK;
}

static void
owner_release(struct gateway_key_owner *o)
{
	secret_free(o->vault_key);
	secret_free(o->index_key);
	secret_free(o->event_key);
	*o = (struct gateway_key_owner){0};
}

void
gateway_key_free(struct gateway_key *k)
{
	if (k == NULL)
		return;
	secret_free(k->export_seed);
	secret_free(k->ledger_seed);
	secret_free(k->open_secret);
	secret_free(k->register_key);
	for (size_t i = 0; i < k->owners_len; i++)
		owner_release(&k->owners[i]);
	free(k);
}

void
gateway_key_cleanup(struct gateway_key **k)
{
	gateway_key_free(*k);
	*k = NULL;
}

const char *
gateway_key_origin(const struct gateway_key *k)
{
	return k->origin;
}

int64_t
gateway_key_created_unix_s(const struct gateway_key *k)
{
	return k->created_unix_s;
}

const struct secret *
gateway_key_export_seed(const struct gateway_key *k)
{
	return k->export_seed;
}

const struct secret *
gateway_key_ledger_seed(const struct gateway_key *k)
{
	return k->ledger_seed;
}

const struct secret *
gateway_key_register_key(const struct gateway_key *k)
{
	return k->register_key;
}

const struct secret *
gateway_key_open_secret(const struct gateway_key *k)
{
	return k->open_secret;
}

const struct age_recipient *
gateway_key_recipient(const struct gateway_key *k)
{
	return &k->recipient;
}

static const struct gateway_key_owner *
find_owner(const struct gateway_key *k, const char *owner)
{
	for (size_t i = 0; i < k->owners_len; i++)
		if (strcmp(k->owners[i].owner, owner) == 0)
			return &k->owners[i];
	return NULL;
}

enum err
gateway_key_make_owner(struct gateway_key *k, struct bytes owner,
    struct gateway_key_owner **ret)
{
	struct gateway_key_owner *o = &k->owners[k->owners_len];
	char name[3] = {0};

	if (!names_is_owner(owner))
		return ERR_SYNTAX;
	memcpy(name, owner.data, 2);
	if (find_owner(k, name) != NULL)
		return ERR_EXISTS;
	/* There are no more owners than places. */
	MUST_HOLD(k->owners_len < GATEWAY_KEY_OWNERS_MAX);
	memcpy(o->owner, name, sizeof(name));
	k->owners_len++;
	*ret = o;
	return ERR_OK;
}

static enum err
fill_owner(struct gateway_key_owner *o)
{
	RETURN_IF(secret_new_random(32, &o->vault_key));
	RETURN_IF(secret_new_random(32, &o->index_key));
	return secret_new_random(32, &o->event_key);
}

enum err
gateway_key_add_owner(struct gateway_key *k, const char *owner)
{
	struct gateway_key_owner *o;
	enum err e;

	RETURN_IF(gateway_key_make_owner(k, bytes_str(owner), &o));
	if ((e = fill_owner(o)) != ERR_OK) {
		owner_release(o);
		k->owners_len--;
	}
	return e;
}

size_t
gateway_key_owners(const struct gateway_key *k)
{
	return k->owners_len;
}

const char *
gateway_key_owner_at(const struct gateway_key *k, size_t i)
{
	MUST_HOLD(i < k->owners_len);
	return k->owners[i].owner;
}

const struct secret *
gateway_key_vault_key(const struct gateway_key *k, const char *owner)
{
	const struct gateway_key_owner *o = find_owner(k, owner);

	return o != NULL ? o->vault_key : NULL;
}

const struct secret *
gateway_key_index_key(const struct gateway_key *k, const char *owner)
{
	const struct gateway_key_owner *o = find_owner(k, owner);

	return o != NULL ? o->index_key : NULL;
}

const struct secret *
gateway_key_event_key(const struct gateway_key *k, const char *owner)
{
	const struct gateway_key_owner *o = find_owner(k, owner);

	return o != NULL ? o->event_key : NULL;
}
