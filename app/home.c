#include "app/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/act.h"
#include "app/configuration.h"
#include "core/json_doc.h"
#include "core/utf8.h"

#define CONFIG_MAX ((size_t)64 << 10)

void home_seal_release(struct home_seal *s)
{
	secret_free(TAKE(s->passphrase));
	secret_free(TAKE(s->key_file_secret));
}

enum err home_path(const struct home *h, char ret[FS_PATH_MAX],
    const char *fmt, ...)
{
	char rest[FS_PATH_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(rest, sizeof(rest), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(rest))
		return ERR_LIMIT;
	return fs_path(ret, "%s/%s", h->dir, rest);
}

/* ---- config.json ---- */

struct config {
	char origin[GATEWAY_KEY_ORIGIN_MAX + 1];
	char operator_name[HOME_OPERATOR_MAX];
	char key_file[FS_PATH_MAX];
};

static enum err copy_text(char *ret, size_t size, const char *text)
{
	size_t len = strlen(text);

	if (len >= size)
		return ERR_LIMIT;
	memcpy(ret, text, len + 1);
	return ERR_OK;
}

static enum err config_fill(const struct json_doc *doc, struct config *ret,
    struct err_info *info)
{
	static const char *const keys[] = {
		"azukari", "origin", "operator", "key_file", NULL};
	const char *kind, *origin, *operator_name, *key_file;

	RETURN_IF(json_doc_only(doc, keys, "config", info));
	RETURN_IF(json_doc_need_string(doc, "azukari", "config", &kind, info));
	if (strcmp(kind, "home v1") != 0)
		return err_at(info, ERR_UNSUPPORTED, 0,
		    "config: not a home of this version");
	RETURN_IF(json_doc_need_string(doc, "origin", "config", &origin, info));
	RETURN_IF(json_doc_need_string(doc, "operator", "config",
	    &operator_name, info));
	RETURN_IF(json_doc_need_string(doc, "key_file", "config", &key_file,
	    info));
	RETURN_IF(copy_text(ret->origin, sizeof(ret->origin), origin));
	RETURN_IF(copy_text(ret->operator_name, sizeof(ret->operator_name),
	    operator_name));
	return copy_text(ret->key_file, sizeof(ret->key_file), key_file);
}

static enum err config_read(const char *dir, struct config *ret,
    struct err_info *info)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(json_doc_cleanup) struct json_doc *doc = NULL;
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/config.json", dir));
	(void)snprintf(info->file, sizeof(info->file), "config.json");
	RETURN_IF(fs_read_file(path, CONFIG_MAX, &text));
	RETURN_IF(json_doc_parse(bytes_buf(&text), CONFIG_MAX, &doc, info));
	RETURN_IF(config_fill(doc, ret, info));
	info->file[0] = '\0';
	return ERR_OK;
}

static enum err config_write(const struct home_create_args *args)
{
	CLEANUP(json_doc_cleanup) struct json_doc *doc = json_doc_new_object();
	CLEANUP(buf_release) struct buf text = {0};
	char path[FS_PATH_MAX];

	json_doc_set_string(doc, "azukari", "home v1");
	json_doc_set_string(doc, "origin", args->origin);
	json_doc_set_string(doc, "operator", args->operator_name);
	json_doc_set_string(doc, "key_file",
	    args->key_file == NULL ? "" : args->key_file);
	RETURN_IF(json_doc_dump(doc, 2, &text));
	RETURN_IF(fs_path(path, "%s/config.json", args->dir));
	return fs_write_new_file(path, bytes_buf(&text), 0600);
}

enum err home_key_file(const char *dir, char ret[FS_PATH_MAX])
{
	struct err_info info = {0};
	struct config config = {0};

	RETURN_IF(config_read(dir, &config, &info));
	return copy_text(ret, FS_PATH_MAX, config.key_file);
}

enum err home_store_fault(struct home *h, enum err e, const char *fmt, ...)
{
	struct err_info *info = &h->outcome->info;
	va_list ap;

	if (e == ERR_OK || e == ERR_NOMEM || e == ERR_BUSY || e == ERR_ROLLBACK)
		return e;
	va_start(ap, fmt);
	(void)vsnprintf(info->file, sizeof(info->file), fmt, ap);
	va_end(ap);
	if (e == ERR_NOT_FOUND)
		return err_at(info, ERR_CORRUPT, 0, "it is gone");
	if (e == ERR_DECRYPT || e == ERR_TRUNCATED)
		return err_at(info, ERR_CORRUPT, 0,
		    "it is damaged, cut off, or not under this gateway's key");
	return e;
}

/* ---- the gateway's keys ---- */

static enum err write_keys(const struct gateway_key *keys, const char *dir,
    const struct home_seal *seal, int replace)
{
	struct age_recipient to;
	struct gateway_key_seal how = {
		.passphrase = seal->passphrase, .log_n = seal->log_n};
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/keys/gateway.key", dir));
	if (seal->key_file_secret != NULL) {
		RETURN_IF(age_secret_recipient(seal->key_file_secret, &to));
		how = (struct gateway_key_seal){.recipient = &to};
	}
	return gateway_key_write(keys, path, &how, replace);
}

enum err home_write_keys(struct home *h)
{
	return write_keys(h->keys, h->dir, &h->seal, 1);
}

static enum err read_keys(struct home *h)
{
	const struct secret *identities[1] = {h->seal.key_file_secret};
	struct age_keys keys = {.identities = identities,
	    .identities_len = h->seal.key_file_secret == NULL ? 0 : 1,
	    .passphrase = h->seal.passphrase};
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(h, path, "keys/gateway.key"));
	(void)snprintf(h->outcome->info.file, sizeof(h->outcome->info.file),
	    "keys/gateway.key");
	RETURN_IF(gateway_key_read(path, &keys, &h->keys, &h->outcome->info));
	h->outcome->info.file[0] = '\0';
	return ERR_OK;
}

/* ---- making one ---- */

/* The charters of all owners have it as one of their lines. */
static enum err check_operator(const char *name, struct outcome *o)
{
	size_t len = strlen(name);

	if (len > 0 && len < HOME_OPERATOR_MAX && name[0] != ' ' &&
	    name[len - 1] != ' ' &&
	    utf8_check_clean(bytes_str(name), NULL) == ERR_OK)
		return ERR_OK;
	return outcome_refuse(o, ERR_SYNTAX,
	    "--operator: 1 to %d bytes of text in NFC, on one line, without control characters and spaces around it",
	    "--operator は1から%dバイトの、制御文字も前後の空白もない1行の文字列（NFC）です",
	    HOME_OPERATOR_MAX - 1);
}

/* What a failure leaves; the folder itself only where it was there before. */
static void forget_folder(const char *dir, int there)
{
	struct fs_names names = {0};
	char path[FS_PATH_MAX];

	if (!there) {
		(void)!fs_remove_tree(dir);
		return;
	}
	if (fs_list(dir, &names) == ERR_OK)
		for (size_t i = 0; i < names.len; i++)
			if (fs_path(path, "%s/%s", dir, names.names[i]) ==
			    ERR_OK)
				(void)!fs_remove_tree(path);
	fs_names_release(&names);
}

static enum err make_folders(const char *dir)
{
	static const char *const folders[] = {
		"", "/keys", "/owners", "/outbox", "/run", "/run/plans",
		"/tmp"};
	char path[FS_PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		RETURN_IF(fs_path(path, "%s%s", dir, folders[i]));
		RETURN_IF(fs_mkdir_all(path, 0700));
	}
	return ERR_OK;
}

static enum err refuse_used_folder(const char *dir, struct outcome *o)
{
	struct fs_names names = {0};
	enum err e = fs_list(dir, &names);
	size_t len = names.len;

	fs_names_release(&names);
	if (e == ERR_NOT_FOUND || (e == ERR_OK && len == 0))
		return ERR_OK;
	RETURN_IF(e);
	return outcome_refuse(o, ERR_EXISTS, "%s is not empty",
	    "%sは空ではありません", dir);
}

static enum err make_register(const char *dir, const struct gateway_key *keys)
{
	CLEANUP(register_cleanup) struct register_store *reg = NULL;
	char path[FS_PATH_MAX];

	RETURN_IF(fs_path(path, "%s/gateway.db", dir));
	return register_open(path, DB_CREATE, gateway_key_register_key(keys),
	    &reg);
}

static enum err put_genesis(struct home *h)
{
	CLEANUP(act_abort) struct act a = {0};
	CLEANUP(buf_release) struct buf ssh = {0};
	CLEANUP(buf_release) struct buf vkey = {0};
	struct entry_writer w;
	uint8_t export_key[32];
	int64_t act;

	RETURN_IF(identity_seed_public(gateway_key_export_seed(h->keys),
	    export_key));
	RETURN_IF(identity_ssh_append(export_key, &ssh));
	RETURN_IF(note_key_write(note_signer_key(h->log_signer), &vkey));
	h->settings_seen = 1;           /* they come behind it */
	RETURN_IF(act_begin(h, register_db(h->reg), &a));
	act_entry(&a, ENTRY_GENESIS, NULL, &w);
	entry_put(&w, "origin", gateway_key_origin(h->keys));
	entry_put(&w, "gateway-key", buf_text(&ssh));
	entry_put(&w, "ledger-key", buf_text(&vkey));
	RETURN_IF(act_entry_end(&a, &w, &act));
	return act_commit(&a);
}

enum err home_create_check(const struct home_create_args *args,
    struct outcome *o)
{
	RETURN_IF(refuse_used_folder(args->dir, o));
	RETURN_IF(check_operator(args->operator_name, o));
	if (gateway_key_is_origin(bytes_str(args->origin)))
		return ERR_OK;
	return outcome_refuse(o, ERR_SYNTAX,
	    "--origin %s: the ledger's name is HOST/PATH, like azukari.example/2026: ASCII, without spaces or +",
	    "--origin %s：台帳の名前は azukari.example/2026 のような HOST/PATH で、空白と + のないASCII文字です",
	    args->origin);
}

/* Everything is there but config.json, which makes it a home. */
static enum err fill_new_home(const struct home_create_args *args)
{
	CLEANUP(gateway_key_cleanup) struct gateway_key *keys = NULL;

	RETURN_IF(gateway_key_new(args->origin, args->now_unix_s, &keys));
	RETURN_IF(make_folders(args->dir));
	RETURN_IF(write_keys(keys, args->dir, args->seal, 0));
	RETURN_IF(make_register(args->dir, keys));
	return config_write(args);
}

enum err home_seal_copy(const struct home_seal *from, struct home_seal *ret)
{
	ret->log_n = from->log_n;
	if (from->passphrase != NULL)
		RETURN_IF(secret_new_copy(secret_bytes(from->passphrase),
		    secret_len(from->passphrase), &ret->passphrase));
	if (from->key_file_secret == NULL)
		return ERR_OK;
	return secret_new_copy(secret_bytes(from->key_file_secret),
	    secret_len(from->key_file_secret), &ret->key_file_secret);
}

enum err home_create(const struct home_create_args *args, struct outcome *o)
{
	CLEANUP(home_cleanup) struct home *h = NULL;
	CLEANUP(home_seal_release) struct home_seal seal = {0};
	int there = fs_exists(args->dir);
	enum err e;

	RETURN_IF(home_create_check(args, o));
	e = fill_new_home(args);
	if (e == ERR_OK)
		e = home_seal_copy(args->seal, &seal);
	if (e == ERR_OK)
		e = home_open(args->dir, &seal, args->now_unix_s, o, &h);
	if (e != ERR_OK)
		forget_folder(args->dir, there);
	return e;
}

/* ---- opening ---- */

void home_close(struct home *h)
{
	if (h == NULL)
		return;
	note_signer_free(h->log_signer);
	register_close(h->reg);
	gateway_key_free(h->keys);
	home_seal_release(&h->seal);
	free(h);
}

void home_cleanup(struct home **h)
{
	home_close(*h);
}

static enum err open_register(struct home *h)
{
	char path[FS_PATH_MAX];

	RETURN_IF(home_path(h, path, "gateway.db"));
	return home_store_fault(h, register_open(path, DB_OPEN,
	    gateway_key_register_key(h->keys), &h->reg), "gateway.db");
}

/* A crash of `init` may have come before the first entries; the settings are
 * then entered by the first act (act_begin). */
static enum err ensure_genesis(struct home *h)
{
	CLEANUP(buf_release) struct buf note = {0};
	uint8_t sha256[DIGEST_LEN];
	struct register_signed s;
	int entered;

	RETURN_IF(register_signed_get(h->reg, &s, &note));
	if (s.size > 0)
		return ERR_OK;
	RETURN_IF(put_genesis(h));
	RETURN_IF(configuration_of_home(h, sha256));
	return configuration_enter(h, CONFIGURATION_GATEWAY, sha256,
	    &entered);
}

static enum err open_parts(struct home *h)
{
	struct config config = {0};

	RETURN_IF(config_read(h->dir, &config, &h->outcome->info));
	memcpy(h->operator_name, config.operator_name,
	    sizeof(h->operator_name));
	RETURN_IF(make_folders(h->dir));
	RETURN_IF(read_keys(h));
	if (strcmp(gateway_key_origin(h->keys), config.origin) != 0)
		return ERR_MISMATCH;
	RETURN_IF(open_register(h));
	RETURN_IF(note_signer_new(gateway_key_origin(h->keys),
	    NOTE_KEY_ED25519, gateway_key_ledger_seed(h->keys),
	    &h->log_signer));
	RETURN_IF(act_repair(h, register_db(h->reg)));
	return ensure_genesis(h);
}

enum err home_open(const char *dir, struct home_seal *seal, int64_t now_unix_s,
    struct outcome *o, struct home **ret)
{
	CLEANUP(home_cleanup) struct home *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		home_seal_release(seal);
		return ERR_NOMEM;
	}
	h->seal = *seal;
	*seal = (struct home_seal){0};
	h->now_unix_s = now_unix_s;
	h->outcome = o;
	RETURN_IF(fs_path(h->dir, "%s", dir));
	RETURN_IF(open_parts(h));
	*ret = TAKE(h);
	return ERR_OK;
}
