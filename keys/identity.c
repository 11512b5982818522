#include "keys/identity.h"

#include <stdlib.h>
#include <string.h>

#include "keys/bech32.h"
#include "keys/identity_internal.h"
#include "keys/sshsig.h"

static int
is_alphanumeric(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

int
identity_name_is_valid(struct bytes name)
{
	if (name.len < 1 || name.len > IDENTITY_NAME_MAX ||
	    !is_alphanumeric(name.data[0]))
		return 0;
	for (size_t i = 1; i < name.len; i++)
		if (!is_alphanumeric(name.data[i]) && name.data[i] != '.' &&
		    name.data[i] != '_' && name.data[i] != '-')
			return 0;
	return 1;
}

enum err
identity_seed_public(const struct secret *seed, uint8_t ret[32])
{
	return sshsig_public_of(seed, ret);
}

enum err
identity_make(struct bytes name, int64_t made_unix_s, uint32_t check,
    struct secret *open_secret, struct secret *sign_seed,
    struct identity **ret)
{
	CLEANUP(identity_cleanup) struct identity *id =
	    calloc(1, sizeof(*id));

	if (id == NULL) {
		secret_free(open_secret);
		secret_free(sign_seed);
		return ERR_NOMEM;
	}
	id->open_secret = open_secret;
	id->sign_seed = sign_seed;
	id->made_unix_s = made_unix_s;
	id->check = check;
	if (!identity_name_is_valid(name))
		return ERR_SYNTAX;
	memcpy(id->pub.name, name.data, name.len);
	RETURN_IF(age_secret_recipient(open_secret, &id->pub.age));
	RETURN_IF(identity_seed_public(sign_seed, id->pub.ssh));
	*ret = TAKE(id);
	return ERR_OK;
}

enum err
identity_generate(const char *name, int64_t made_unix_s, struct identity **ret)
{
	CLEANUP(secret_cleanup) struct secret *open_secret = NULL;
	CLEANUP(secret_cleanup) struct secret *sign_seed = NULL;
	uint32_t check;

	RETURN_IF(age_secret_new(&open_secret));
	RETURN_IF(secret_new_random(32, &sign_seed));
	secret_random(&check, sizeof(check));
	return identity_make(bytes_str(name), made_unix_s, check,
	    TAKE(open_secret), TAKE(sign_seed), ret);
}

void
identity_free(struct identity *id)
{
	if (id == NULL)
		return;
	secret_free(id->open_secret);
	secret_free(id->sign_seed);
	free(id);
}

void
identity_cleanup(struct identity **id)
{
	identity_free(*id);
	*id = NULL;
}

const struct secret *
identity_open_secret(const struct identity *id)
{
	return id->open_secret;
}

const struct secret *
identity_sign_seed(const struct identity *id)
{
	return id->sign_seed;
}

const struct identity_public *
identity_public(const struct identity *id)
{
	return &id->pub;
}

int64_t
identity_made_unix_s(const struct identity *id)
{
	return id->made_unix_s;
}

enum err
identity_ssh_append(const uint8_t key[32], struct buf *out)
{
	char text[SSHSIG_PUBLIC_TEXT_LEN + 1];

	sshsig_public_format(key, text);
	return buf_append_str(out, text);
}
