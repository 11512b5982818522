#include "app/ops/line.h"

#include <stdio.h>
#include <string.h>

#include "app/act.h"
#include "app/configuration.h"
#include "app/ops/sources.h"
#include "app/papers.h"
#include "app/rulebook.h"
#include "core/encode.h"
#include "core/text.h"
#include "intake/line_say.h"

#define SECRET_FILE_MAX ((size_t)4 << 10)

/* ---- reading what there is ---- */

enum err line_get(struct home *h, const char *owner, const char *source,
    struct line_channel *ret)
{
	char dir[FS_PATH_MAX];
	enum err e;

	RETURN_IF(home_path(h, dir, "keys"));
	e = line_channel_read(h->keys, dir, owner, source, ret);
	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "source %2$s of owner %1$s has no LINE channel; see: azukari line set",
		    "所有者%1$sの取得元%2$sにはLINEチャネルがありません。azukari line set を見てください",
		    owner, source);
	return e;
}

static enum err refuse(struct home *h, enum err e, const char *en,
    const char *ja)
{
	return outcome_refuse(h->outcome, e, en, ja);
}

/* ---- one member after the other ---- */

static enum err set_survey(struct home *h, const char *text,
    struct line_channel *c)
{
	unsigned version = 0;
	int end = 0;

	if (sscanf(text, "%32[a-z0-9-] %5u%n", c->survey, &version, &end) != 2
	    || text[end] != '\0')
		return refuse(h, ERR_SYNTAX,
		    "--survey is \"NAME VERSION\", as azukari survey list shows them",
		    "--survey は \"NAME VERSION\"（azukari survey list の表示どおり）です");
	c->survey_version = version;
	return ERR_OK;
}

static enum err set_text(struct home *h, const char *text,
    struct line_channel *c)
{
	if (strncmp(text, "sha256:", 7) != 0 || decode_hex(bytes_str(text + 7),
	    c->text_sha256, DIGEST_LEN) != ERR_OK)
		return refuse(h, ERR_SYNTAX,
		    "--consent-text is sha256: and the digest of a registered text",
		    "--consent-text は sha256: と登録済みの同意文のダイジェストです");
	return ERR_OK;
}

static enum err add_scope(struct home *h, struct bytes item,
    struct line_channel *c)
{
	char text[80];
	size_t at = c->scopes_len, len;

	if (at < LINE_CHANNEL_SCOPES_MAX && item.len < sizeof(text)) {
		memcpy(text, item.data, item.len);
		text[item.len] = '\0';
		len = strcspn(text, "=");
		if (len <= NAMES_WORD_MAX &&
		    strlen(text + len) <= LINE_CHANNEL_FIELD_MAX + 1) {
			(void)snprintf(c->scopes[at], sizeof(c->scopes[at]),
			    "%.*s", (int)len, text);
			(void)snprintf(c->fields[at], sizeof(c->fields[at]),
			    "%s", text[len] == '=' ? text + len + 1 : "");
			c->scopes_len++;
			return ERR_OK;
		}
	}
	return refuse(h, ERR_SYNTAX,
	    "--scopes is a list of support, research, recontact, each perhaps with =FIELD behind it",
	    "--scopes は support、research、recontact の一覧で、それぞれ =FIELD を付けられます");
}

static enum err set_scopes(struct home *h, const char *text,
    struct line_channel *c)
{
	struct bytes list = bytes_str(text), item;

	c->scopes_len = 0;
	memset(c->scopes, 0, sizeof(c->scopes));
	memset(c->fields, 0, sizeof(c->fields));
	while (text_list_next(&list, &item))
		RETURN_IF(add_scope(h, item, c));
	return ERR_OK;
}

static enum err set_words(struct home *h, const struct line_change *change,
    struct line_channel *c)
{
	const char *to = change->destination;

	if (change->language != NULL)
		c->english = strcmp(change->language, "en") == 0;
	if (change->language != NULL && !c->english &&
	    strcmp(change->language, "ja") != 0)
		return refuse(h, ERR_USAGE, "--language is ja or en",
		    "--language は ja か en です");
	if (to == NULL)
		return ERR_OK;
	if (strlen(to) > LINE_CHANNEL_ID_LEN)
		return refuse(h, ERR_SYNTAX,
		    "--destination is the channel's own user id: U and 32 hex digits, or -",
		    "--destination はチャネル自身のユーザーID（Uと16進32桁）か - です");
	(void)snprintf(c->destination, sizeof(c->destination), "%s",
	    strcmp(to, "-") == 0 ? "" : to);
	return ERR_OK;
}

/* A secret in a file nobody else can read. */
static enum err read_secret(struct home *h, const char *path, size_t max,
    struct secret **ret)
{
	CLEANUP(buf_release) struct buf text = {0};
	enum err e;

	(void)snprintf(h->outcome->info.file, sizeof(h->outcome->info.file),
	    "%s", path);
	RETURN_IF(fs_check_private(path));
	RETURN_IF(fs_read_file(path, SECRET_FILE_MAX, &text));
	e = line_channel_parse_secret(bytes_buf(&text), max, ret);
	if (e == ERR_SYNTAX)
		return err_at(&h->outcome->info, e, 1,
		    "must be one line of printable characters, without spaces");
	RETURN_IF(e);
	h->outcome->info.file[0] = '\0';
	return ERR_OK;
}

/* Newest first; without `rotate` the one there was is gone at once. */
static enum err set_secret(struct home *h, const struct line_change *change,
    struct line_channel *c)
{
	struct secret *fresh = NULL;

	if (change->secret_file == NULL)
		return ERR_OK;
	RETURN_IF(read_secret(h, change->secret_file, LINE_CHANNEL_SECRET_MAX,
	    &fresh));
	secret_free(TAKE(c->secrets[1]));
	if (change->rotate)
		c->secrets[1] = TAKE(c->secrets[0]);
	secret_free(TAKE(c->secrets[0]));
	c->secrets[0] = fresh;
	return ERR_OK;
}

static enum err set_secrets(struct home *h, const struct line_change *change,
    struct line_channel *c)
{
	struct secret *token = NULL;

	RETURN_IF(set_secret(h, change, c));
	if (change->drop_old)
		secret_free(TAKE(c->secrets[1]));
	if (change->token_file == NULL)
		return ERR_OK;
	RETURN_IF(read_secret(h, change->token_file, LINE_CHANNEL_TOKEN_MAX,
	    &token));
	secret_free(c->token);
	c->token = token;
	return ERR_OK;
}

/* ---- what it names must be there ---- */

static enum err check_fields(struct home *h, const struct survey *s,
    const struct line_channel *c)
{
	for (size_t i = 0; i < c->scopes_len; i++) {
		const struct survey_field *f = c->fields[i][0] == '\0' ? NULL :
		    survey_find(s, bytes_str(c->fields[i]));

		if (c->fields[i][0] != '\0' && (f == NULL ||
		    dialogue_check_field(f) != ERR_OK))
			return outcome_refuse(h->outcome, ERR_NOT_FOUND,
			    "survey %s has no field %s with a yes and a no",
			    "調査%sには「はい」「いいえ」の選択肢がある設問%sがありません",
			    s->name, c->fields[i]);
	}
	return ERR_OK;
}

static enum err check_survey(struct home *h, const struct line_channel *c)
{
	CLEANUP(rulebook_release) struct rulebook r = {0};
	size_t at;

	RETURN_IF(rulebook_load(h, c->owner, c->source, &r));
	if (intake_rules_survey(&r.rules, bytes_str(c->survey),
	    c->survey_version, &at) != ERR_OK)
		return outcome_refuse(h->outcome, ERR_NOT_FOUND,
		    "owner %s has no survey %s %u; see: azukari survey list",
		    "所有者%sには調査%s（版%u）がありません。azukari survey list を見てください",
		    c->owner, c->survey, c->survey_version);
	return check_fields(h, r.surveys[at], c);
}

static enum err check_text(struct home *h, const struct line_channel *c)
{
	CLEANUP(paper_release) struct paper p = {0};
	struct register_query q = {.kind = REGISTER_CONSENT_TEXT,
	    .owner = c->owner, .sha256 = c->text_sha256};
	enum err e = papers_find(h, &q, &p);

	if (e == ERR_NOT_FOUND)
		return outcome_refuse(h->outcome, e,
		    "owner %s has no consent text of this digest; see: azukari consent-text list",
		    "所有者%sにはこのダイジェストの同意文がありません。azukari consent-text list を見てください",
		    c->owner);
	RETURN_IF(e);
	if (p.bytes.len == 0 || p.bytes.len > LINE_SAY_CONSENT_MAX)
		return outcome_refuse(h->outcome, ERR_LIMIT,
		    "the consent text has %zu bytes; one reply of LINE's shows at most %zu",
		    "同意文は%zuバイトです。LINEの1回の返信では%zuバイトまで表示できます",
		    p.bytes.len, (size_t)LINE_SAY_CONSENT_MAX);
	return ERR_OK;
}

static enum err check_whole(struct home *h, const struct line_channel *c)
{
	if (c->survey[0] == '\0' || c->scopes_len == 0 ||
	    c->secrets[0] == NULL || c->generation == 0)
		return refuse(h, ERR_USAGE,
		    "a new channel needs --survey, --consent-text, --scopes and --secret-file",
		    "新しいチャネルには --survey、--consent-text、--scopes、--secret-file が必要です");
	if (line_channel_check(c) != ERR_OK)
		return refuse(h, ERR_SYNTAX,
		    "scopes are support, research, recontact, each once; a destination is U and 32 hex digits",
		    "範囲は support、research、recontact（重複なし）、宛先はUと16進32桁です");
	RETURN_IF(check_survey(h, c));
	return check_text(h, c);
}

/* ---- the act ---- */

/* Logged first: a change that is not in the log is not made. */
static enum err log_change(struct home *h, const struct line_channel *c)
{
	CLEANUP(act_abort) struct act a = {0};
	struct entry_writer w;
	char what[NAMES_WORD_MAX + 8];
	uint8_t settings[DIGEST_LEN];
	int64_t act;

	(void)snprintf(what, sizeof(what), "line-%s", c->source);
	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	act_entry(&a, ENTRY_KEY_ROTATION, c->owner, &w);
	entry_put(&w, "what", what);
	entry_put_uint(&w, "generation", c->generation);
	RETURN_IF(act_entry_end(&a, &w, &act));
	RETURN_IF(line_channel_settings(c, settings));
	RETURN_IF(configuration_put(&a, c->owner, what, settings));
	return act_commit(&a);
}

static enum err write_channel(struct home *h, const struct line_channel *c)
{
	char dir[FS_PATH_MAX];

	RETURN_IF(home_path(h, dir, "keys"));
	return line_channel_write(h->keys, dir, c);
}

static enum err change_members(struct home *h,
    const struct line_change *change, struct line_channel *c)
{
	if (change->survey != NULL)
		RETURN_IF(set_survey(h, change->survey, c));
	if (change->text != NULL)
		RETURN_IF(set_text(h, change->text, c));
	if (change->scopes != NULL)
		RETURN_IF(set_scopes(h, change->scopes, c));
	RETURN_IF(set_words(h, change, c));
	RETURN_IF(set_secrets(h, change, c));
	c->generation++;
	c->created_unix_s = h->now_unix_s;
	return check_whole(h, c);
}

static enum err load(struct home *h, const struct line_change *change,
    struct line_channel *c)
{
	struct register_source source;
	char dir[FS_PATH_MAX];
	enum err e;

	RETURN_IF(sources_pick(h, change->owner, change->source, &source));
	RETURN_IF(home_path(h, dir, "keys"));
	e = line_channel_read(h->keys, dir, change->owner, change->source, c);
	if (e != ERR_NOT_FOUND)
		return e;
	if (strlen(change->source) > NAMES_WORD_MAX)
		return ERR_LIMIT;
	memcpy(c->owner, source.owner, sizeof(c->owner));
	(void)snprintf(c->source, sizeof(c->source), "%s", change->source);
	return ERR_OK;
}

enum err line_set(struct home *h, const struct line_change *change)
{
	CLEANUP(line_channel_release) struct line_channel c = {0};
	struct register_owner known;

	RETURN_IF(home_owner_known(h, change->owner, &known));
	RETURN_IF(load(h, change, &c));
	RETURN_IF(change_members(h, change, &c));
	RETURN_IF(log_change(h, &c));
	RETURN_IF(write_channel(h, &c));
	outcome_add(h->outcome, OUTCOME_DONE,
	    "LINE channel %s of owner %s is in its version %llu",
	    "LINEチャネル%s（所有者%s）は第%llu版になりました", c.source,
	    c.owner, (unsigned long long)c.generation);
	if (c.token == NULL)
		outcome_add(h->outcome, OUTCOME_WARNING,
		    "without --access-token-file nothing can be said to anybody",
		    "--access-token-file がないため、誰にも返信できません");
	return ERR_OK;
}
