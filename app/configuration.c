#include "app/configuration.h"

#include <string.h>

#define FILE_MAX_BYTES ((size_t)64 << 10)

struct looking {
	const char *owner, *what;
	uint8_t sha256[DIGEST_LEN];
	int found;
};

/* Newest first: the first one that fits ends the walk. */
static enum err look(void *ctx, const struct actlog_act *act)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	struct looking *l = ctx;
	enum entry_kind kind;

	RETURN_IF(entry_parse(act->entry, &kind, &t, NULL));
	if (l->found || kind != ENTRY_CONFIGURATION ||
	    strcmp(text_get(t, "owner"), l->owner) != 0 ||
	    strcmp(text_get(t, "what"), l->what) != 0)
		return ERR_OK;
	l->found = 1;
	return text_get_hex(t, "configuration-sha256", l->sha256,
	    DIGEST_LEN, NULL);
}

enum err configuration_last(struct home *h, const char *owner,
    const char *what, uint8_t ret_sha256[DIGEST_LEN])
{
	struct looking l = {.owner = owner == NULL ? "-" : owner,
	    .what = what};

	RETURN_IF(actlog_each(register_db(h->reg),
	    entry_info(ENTRY_CONFIGURATION)->name, look, &l));
	if (!l.found)
		return ERR_NOT_FOUND;
	memcpy(ret_sha256, l.sha256, DIGEST_LEN);
	return ERR_OK;
}

enum err configuration_put(struct act *a, const char *owner,
    const char *what, const uint8_t sha256[DIGEST_LEN])
{
	uint8_t last[DIGEST_LEN];
	struct entry_writer w;
	int64_t act;
	enum err e = configuration_last(a->home, owner, what, last);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (e == ERR_OK && memcmp(last, sha256, DIGEST_LEN) == 0)
		return ERR_OK;
	act_entry(a, ENTRY_CONFIGURATION, owner, &w);
	entry_put(&w, "what", what);
	entry_put_hex(&w, "configuration-sha256", sha256, DIGEST_LEN);
	return act_entry_end(a, &w, &act);
}

enum err configuration_enter(struct home *h, const char *what,
    const uint8_t sha256[DIGEST_LEN], int *ret_entered)
{
	CLEANUP(act_abort) struct act a = {0};
	uint8_t last[DIGEST_LEN];
	enum err e = configuration_last(h, NULL, what, last);

	*ret_entered = 0;
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (e == ERR_OK && memcmp(last, sha256, DIGEST_LEN) == 0)
		return ERR_OK;
	*ret_entered = 1;
	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	RETURN_IF(configuration_put(&a, NULL, what, sha256));
	return a.len == 0 ? ERR_OK : act_commit(&a);
}

enum err configuration_of_home(struct home *h,
    uint8_t ret_sha256[DIGEST_LEN])
{
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(h, path, "config.json"));
	RETURN_IF(fs_read_file(path, FILE_MAX_BYTES, &text));
	digest_sha256(bytes_buf(&text), ret_sha256);
	return ERR_OK;
}
