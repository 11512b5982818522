#include "app/ops/documents.h"

#include <stdio.h>
#include <string.h>

#include "app/act.h"
#include "app/papers.h"
#include "core/encode.h"
#include "core/utf8.h"
#include "keys/names.h"
#include "policy/disclosure/ladder.h"
#include "survey/survey.h"

/* A file on its way into the register. */
struct incoming {
	struct buf bytes;
	struct register_document row;
	enum entry_kind kind;
	const char *name_key, *digest_key;      /* of the entry; no name: NULL */
	char label[SURVEY_NAME_MAX + 16];       /* "corona 1", ladder's name */
};

static void incoming_release(struct incoming *in)
{
	buf_release(&in->bytes);
}

static enum err read_file(struct home *h, const char *path, size_t max,
    struct incoming *in)
{
	struct err_info *info = &h->outcome->info;
	enum err e;

	(void)snprintf(info->file, sizeof(info->file), "%s", path);
	e = fs_read_file(path, max, &in->bytes);
	if (e == ERR_NOT_FOUND)
		return err_at(info, e, 0, "there is no such file");
	if (e == ERR_LIMIT)
		return err_at(info, e, 0, "the file is longer than %zu bytes",
		    max);
	RETURN_IF(e);
	digest_sha256(bytes_buf(&in->bytes), in->row.sha256);
	return ERR_OK;
}

static enum err check_owner(struct home *h, const char *owner,
    struct incoming *in)
{
	struct register_owner known;

	RETURN_IF(home_owner_known(h, owner, &known));
	memcpy(in->row.owner, known.code, sizeof(in->row.owner));
	in->row.added_unix_s = h->now_unix_s;
	return ERR_OK;
}

/* Is this very document there? */
static enum err refuse_known(struct home *h, const struct incoming *in)
{
	struct register_query q = {.kind = in->row.kind,
	    .owner = in->row.owner, .sha256 = in->row.sha256};
	struct register_document known;
	enum err e = register_document_find(h->reg, &q, &known);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	RETURN_IF(e);
	return outcome_refuse(h->outcome, ERR_EXISTS,
	    "this document is registered already",
	    "この文書はすでに登録されています");
}

/* Names that may be given again get the next version. */
static enum err next_version(struct home *h, struct incoming *in)
{
	struct register_query q = {.kind = in->row.kind,
	    .owner = in->row.owner, .name = in->row.name};
	struct register_document latest;
	enum err e = register_document_find(h->reg, &q, &latest);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	in->row.version = e == ERR_OK ? latest.version + 1 : 1;
	return ERR_OK;
}

static void put_entry(struct entry_writer *w, const struct incoming *in)
{
	if (in->name_key != NULL)
		entry_put(w, in->name_key, in->label);
	entry_put_hex(w, in->digest_key, in->row.sha256, DIGEST_LEN);
}

static enum err put(struct home *h, struct incoming *in)
{
	CLEANUP(act_abort) struct act a = {0};
	struct entry_writer w;
	int64_t id;
	enum err e;

	RETURN_IF(refuse_known(h, in));
	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	if (in->row.kind != REGISTER_SURVEY)
		RETURN_IF(next_version(h, in));
	act_entry(&a, in->kind, in->row.owner, &w);
	put_entry(&w, in);
	RETURN_IF(act_entry_end(&a, &w, &in->row.act));
	e = register_document_add(h->reg, &in->row, bytes_buf(&in->bytes),
	    &id);
	if (e == ERR_EXISTS)
		return outcome_refuse(h->outcome, e,
		    "%s is registered with other contents; a version never changes: raise it",
		    "%sは別の内容で登録されています。版の内容は変えられません。版を上げてください",
		    in->label);
	RETURN_IF(e);
	RETURN_IF(act_commit(&a));
	h->outcome->info.file[0] = '\0';
	return ERR_OK;
}

/* ---- surveys ---- */

enum err documents_add_survey(struct home *h, const char *owner,
    const char *path)
{
	CLEANUP(incoming_release) struct incoming in = {
		.kind = ENTRY_SURVEY, .row = {.kind = REGISTER_SURVEY},
		.name_key = "survey", .digest_key = "survey-sha256"};
	CLEANUP(survey_cleanup) struct survey *s = NULL;

	RETURN_IF(check_owner(h, owner, &in));
	RETURN_IF(read_file(h, path, DOCUMENTS_TEXT_MAX, &in));
	RETURN_IF(survey_parse(bytes_buf(&in.bytes), &s, &h->outcome->info));
	(void)snprintf(in.label, sizeof(in.label), "%s %u", s->name,
	    s->version);
	(void)strncpy(in.row.name, s->name, REGISTER_NAME_MAX);
	in.row.version = s->version;
	RETURN_IF(put(h, &in));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "survey %s version %u of owner %s: %zu questions, answers can be taken in",
	    "調査%s 第%u版（所有者%s）を登録しました。設問は%zuです。回答を受け入れられます",
	    s->name, s->version, owner, s->fields_len);
	return ERR_OK;
}

/* ---- ladders ---- */

enum err documents_add_ladder(struct home *h, const char *owner,
    const char *name, const char *path)
{
	CLEANUP(incoming_release) struct incoming in = {
		.kind = ENTRY_LADDER, .row = {.kind = REGISTER_LADDER},
		.name_key = "ladder", .digest_key = "ladder-sha256"};
	CLEANUP(ladder_cleanup) struct ladder *ladder = NULL;

	RETURN_IF(check_owner(h, owner, &in));
	if (!names_is_word(bytes_str(name)))
		return outcome_refuse(h->outcome, ERR_SYNTAX,
		    "a ladder's name is 1 to 32 of a-z, 0-9 and -, beginning with a letter",
		    "一般化表の名前は英小文字で始まる32字以内の英小文字・数字・ハイフンです");
	RETURN_IF(read_file(h, path, LADDER_FILE_MAX, &in));
	/* a tree, whatever the field; a policy that names it says which field
	 * has to find all its values in it */
	RETURN_IF(ladder_parse(bytes_buf(&in.bytes), NULL, &ladder,
	    &h->outcome->info));
	(void)snprintf(in.label, sizeof(in.label), "%s", name);
	(void)strncpy(in.row.name, name, REGISTER_NAME_MAX);
	RETURN_IF(put(h, &in));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "ladder %s of owner %s is registered; a policy can name it by its digest",
	    "一般化表%s（所有者%s）を登録しました。方針からダイジェストで参照できます",
	    name, owner);
	return ERR_OK;
}

/* ---- consent texts ---- */

static enum err check_title(struct home *h, const char *title)
{
	const char *why = NULL;
	size_t len = strlen(title);

	if (len == 0 || len > REGISTER_NAME_MAX)
		return outcome_refuse(h->outcome, ERR_RANGE,
		    "a title is 1 to %d bytes of UTF-8",
		    "題名はUTF-8で1から%dバイトまでです", REGISTER_NAME_MAX);
	if (utf8_check_clean(bytes_str(title), &why) != ERR_OK)
		return outcome_refuse(h->outcome, ERR_ENCODING,
		    "the title is not clean text", "題名に使えない文字があります");
	return ERR_OK;
}

/* What is shown is what is registered: clean lines, LF, and something in it. */
static enum err check_lines(struct bytes text, struct err_info *info)
{
	unsigned long line = 0;
	const char *why = NULL;

	if (text.len == 0)
		return err_at(info, ERR_ENCODING, 0, "a consent text is not empty");
	while (text.len > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.len);
		size_t len = end == NULL ? text.len :
		    (size_t)(end - text.data);

		line++;
		if (utf8_check_clean(bytes_of(text.data, len), &why) != ERR_OK)
			return err_at(info, ERR_ENCODING, line,
			    "a consent text is UTF-8 text: %s", why);
		len += end != NULL;
		text = bytes_of(text.data + len, text.len - len);
	}
	return ERR_OK;
}

enum err documents_add_consent_text(struct home *h, const char *owner,
    const char *title, const char *path)
{
	CLEANUP(incoming_release) struct incoming in = {
		.kind = ENTRY_CONSENT_TEXT,
		.row = {.kind = REGISTER_CONSENT_TEXT},
		.digest_key = "text-sha256"};
	char hex[DIGEST_HEX_LEN + 1];

	RETURN_IF(check_owner(h, owner, &in));
	RETURN_IF(check_title(h, title));
	RETURN_IF(read_file(h, path, DOCUMENTS_TEXT_MAX, &in));
	RETURN_IF(check_lines(bytes_buf(&in.bytes), &h->outcome->info));
	(void)strncpy(in.row.name, title, REGISTER_NAME_MAX);
	RETURN_IF(put(h, &in));
	encode_hex(in.row.sha256, DIGEST_LEN, hex);
	outcome_add(h->outcome, OUTCOME_DONE,
	    "consent text of owner %s is registered: sha256:%s",
	    "同意文（所有者%s）を登録しました。sha256:%s", owner, hex);
	return ERR_OK;
}
