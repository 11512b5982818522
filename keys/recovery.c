#include "keys/recovery.h"

#include "keys/secret_text.h"

#define TEXT_MAX ((size_t)2 << 10)

/* How SQLCipher 4 opens our stores (docs/FORMATS.md section 3). */
static const char cipher[] = "PRAGMA cipher_compatibility = 3; "
    "PRAGMA cipher_page_size = 16384";

enum err
recovery_seal(const struct gateway_key *gateway, const struct erase_key *erase,
    int64_t created_unix_s, const struct age_recipient *recipients,
    size_t count, struct buf *out)
{
	CLEANUP(secret_text_release) struct secret_text t = {0};
	const struct secret *vault = gateway_key_vault_key(gateway,
	    erase->owner);
	struct bytes text;

	if (vault == NULL)
		return ERR_NOT_FOUND;
	RETURN_IF(secret_text_init(&t, TEXT_MAX));
	secret_text_str(&t, "azukari-recovery v1\n");
	secret_text_line(&t, "owner", erase->owner);
	secret_text_line(&t, "gateway-origin", gateway_key_origin(gateway));
	secret_text_time(&t, "created", created_unix_s);
	secret_text_key(&t, "vault-key", vault);
	secret_text_key(&t, "erase-key", erase->key);
	secret_text_uint(&t, "erase-generation", erase->generation);
	secret_text_key(&t, "index-key",
	    gateway_key_index_key(gateway, erase->owner));
	secret_text_key(&t, "event-key",
	    gateway_key_event_key(gateway, erase->owner));
	secret_text_line(&t, "cipher", cipher);
	RETURN_IF(secret_text_end(&t, &text));
	return age_seal_buf(recipients, count, text, out);
}
