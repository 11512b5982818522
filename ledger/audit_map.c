/* ledger/audit_map.c - an open hash table that only grows. */
#include "ledger/audit_map.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "keys/digest.h"

#define FIRST_CAP 256

struct audit_map_slot {
	uint8_t key[DIGEST_LEN];
	uint64_t value;
	int used;
};

void
audit_map_release(struct audit_map *m)
{
	free(m->slots);
	memset(m, 0, sizeof(*m));
}

/* Words with their NUL: no two lists of words give the same bytes. */
static void
hash_words(const char *const *words, uint8_t ret[DIGEST_LEN])
{
	struct bytes parts[AUDIT_MAP_WORDS_MAX];
	size_t n;

	for (n = 0; words[n] != NULL; n++) {
		MUST_HOLD(n < AUDIT_MAP_WORDS_MAX);
		parts[n] = bytes_of(words[n], strlen(words[n]) + 1);
	}
	digest_sha256_parts(parts, n, ret);
}

/* The key's slot, or the free one where it would go. */
static struct audit_map_slot *
find(const struct audit_map *m, const uint8_t key[DIGEST_LEN])
{
	size_t i;

	memcpy(&i, key, sizeof(i));
	for (i %= m->cap; m->slots[i].used; i = (i + 1) % m->cap)
		if (memcmp(m->slots[i].key, key, DIGEST_LEN) == 0)
			break;
	return &m->slots[i];
}

static enum err
grow(struct audit_map *m)
{
	struct audit_map bigger = {
		.cap = m->cap == 0 ? FIRST_CAP : m->cap * 2, .len = m->len,
	};
	size_t i;

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return ERR_NOMEM;
	for (i = 0; i < m->cap; i++)
		if (m->slots[i].used)
			*find(&bigger, m->slots[i].key) = m->slots[i];
	free(m->slots);
	*m = bigger;
	return ERR_OK;
}

enum err
audit_map_put(struct audit_map *m, const char *const *words, uint64_t value)
{
	struct audit_map_slot *slot;
	uint8_t key[DIGEST_LEN];

	if (m->len * 2 >= m->cap)
		RETURN_IF(grow(m));
	hash_words(words, key);
	slot = find(m, key);
	m->len += slot->used ? 0 : 1;
	memcpy(slot->key, key, sizeof(key));
	slot->value = value;
	slot->used = 1;
	return ERR_OK;
}

uint64_t
audit_map_get(const struct audit_map *m, const char *const *words,
    uint64_t fallback)
{
	const struct audit_map_slot *slot;
	uint8_t key[DIGEST_LEN];

	if (m->cap == 0)
		return fallback;
	hash_words(words, key);
	slot = find(m, key);
	return slot->used ? slot->value : fallback;
}
