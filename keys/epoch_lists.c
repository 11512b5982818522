/* keys/epoch_lists.c - sources and consent texts of an epoch, by number. */
#include "keys/epoch_lists.h"

#include <stdlib.h>
#include <string.h>

#include "keys/epoch_internal.h"

void
epoch_lists_release(struct epoch_lists *l)
{
	free(l->sources);
	free(l->texts);
	*l = (struct epoch_lists){0};
}

uint8_t
epoch_lists_source(const struct epoch_lists *l, struct bytes source)
{
	for (size_t i = 0; i < l->sources_len; i++)
		if (bytes_equal(source, bytes_str(l->sources[i])))
			return (uint8_t)(i + 1);
	return 0;
}

uint8_t
epoch_lists_text(const struct epoch_lists *l, const uint8_t sha256[DIGEST_LEN])
{
	for (size_t i = 0; i < l->texts_len; i++)
		if (memcmp(l->texts[i], sha256, DIGEST_LEN) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

enum err
epoch_lists_add_source(struct epoch_lists *l, struct bytes source)
{
	char (*more)[NAMES_WORD_MAX + 1];

	if (!names_is_word(source))
		return ERR_SYNTAX;
	if (epoch_lists_source(l, source) != 0)
		return ERR_OK;
	if (l->sources_len == EPOCH_LIST_MAX)
		return ERR_LIMIT;
	more = reallocarray(l->sources, l->sources_len + 1, sizeof(*more));
	if (more == NULL)
		return ERR_NOMEM;
	l->sources = more;
	memcpy(more[l->sources_len], source.data, source.len);
	more[l->sources_len++][source.len] = '\0';
	return ERR_OK;
}

enum err
epoch_lists_add_text(struct epoch_lists *l, const uint8_t sha256[DIGEST_LEN])
{
	uint8_t (*more)[DIGEST_LEN];

	if (epoch_lists_text(l, sha256) != 0)
		return ERR_OK;
	if (l->texts_len == EPOCH_LIST_MAX)
		return ERR_LIMIT;
	more = reallocarray(l->texts, l->texts_len + 1, sizeof(*more));
	if (more == NULL)
		return ERR_NOMEM;
	l->texts = more;
	memcpy(more[l->texts_len++], sha256, DIGEST_LEN);
	return ERR_OK;
}

enum err
epoch_lists_copy(const struct epoch_lists *from, struct epoch_lists *ret)
{
	CLEANUP(epoch_lists_release) struct epoch_lists l = {
		.opened_unix_s = from->opened_unix_s,
		.of_first_format = from->of_first_format,
	};

	for (size_t i = 0; i < from->sources_len; i++)
		RETURN_IF(epoch_lists_add_source(&l,
		    bytes_str(from->sources[i])));
	for (size_t i = 0; i < from->texts_len; i++)
		RETURN_IF(epoch_lists_add_text(&l, from->texts[i]));
	*ret = l;
	l = (struct epoch_lists){0};    /* moved */
	return ERR_OK;
}

/* ---- in epoch.txt ---- */

void
epoch_lists_put(struct text_writer *w, const struct epoch_lists *l)
{
	char hex[DIGEST_HEX_LEN + 1];

	if (l == NULL)
		return;
	for (size_t i = 0; i < l->sources_len; i++)
		text_put_run(w, "source-#", i, l->sources[i]);
	for (size_t i = 0; i < l->texts_len; i++) {
		digest_to_hex(l->texts[i], hex);
		text_put_run(w, "consent-text-#", i, hex);
	}
}

static enum err
get_source(const struct text *t, size_t i, struct epoch_lists *l,
    struct err_info *info)
{
	enum err e = epoch_lists_add_source(l,
	    bytes_str(text_run_get(t, "source-#", i)));

	if (e == ERR_SYNTAX)
		return err_at(info, e, 0, "source-%02zu: not a source", i + 1);
	RETURN_IF(e);
	return l->sources_len == i + 1 ? ERR_OK : err_at(info, ERR_DUPLICATE,
	    0, "source-%02zu: given twice", i + 1);
}

static enum err
get_text(const struct text *t, size_t i, struct epoch_lists *l,
    struct err_info *info)
{
	uint8_t sha256[DIGEST_LEN];

	if (digest_from_hex(bytes_str(text_run_get(t, "consent-text-#", i)),
	    sha256) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0,
		    "consent-text-%02zu: not a SHA-256", i + 1);
	RETURN_IF(epoch_lists_add_text(l, sha256));
	return l->texts_len == i + 1 ? ERR_OK : err_at(info, ERR_DUPLICATE,
	    0, "consent-text-%02zu: given twice", i + 1);
}

enum err
epoch_lists_get(const struct text *t, enum epoch_kind kind,
    struct epoch_lists *ret, struct err_info *info)
{
	size_t sources = text_run_len(t, "source-#");
	size_t texts = text_run_len(t, "consent-text-#");

	if (sources > EPOCH_LIST_MAX || texts > EPOCH_LIST_MAX)
		return err_at(info, ERR_LIMIT, 0,
		    "source-# and consent-text-#: at most %d each",
		    EPOCH_LIST_MAX);
	if (kind != EPOCH_KIND_EPOCH && sources + texts > 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "source-# and consent-text-#: only with kind epoch");
	for (size_t i = 0; i < sources; i++)
		RETURN_IF(get_source(t, i, ret, info));
	for (size_t i = 0; i < texts; i++)
		RETURN_IF(get_text(t, i, ret, info));
	return ERR_OK;
}
