#include "app/serve/config.h"

#include <stdlib.h>
#include <string.h>

#include "app/serve/hardening.h"
#include "app/serve/parts.h"
#include "app/serve/session.h"
#include "keys/sshsig.h"

#define FILE_MAX_BYTES ((size_t)256 << 10)

static const struct config_limits usual = {
	.threads = 2, .desks = 2, .streams = 4, .connections = 1024,
	.connections_per_address = 128, .requests_per_second = 200,
	.header_seconds = 10, .idle_seconds = 60, .request_seconds = 60,
	.drain_seconds = 30, .session_minutes = 15, .cache_mib = 384,
	.bodies_bytes = (uint64_t)256 << 20,
};

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	json_doc_free(c->doc);
	free(c);
}

void config_cleanup(struct config **c)
{
	config_free(*c);
}

const struct json_doc *config_section(const struct config *c,
    const char *name)
{
	return json_doc_get(c->doc, name);
}

const struct config_person *config_person(const struct config *c,
    enum serve_role role, const char *name)
{
	for (size_t i = 0; i < c->people_len; i++)
		if (c->people[i].role == role &&
		    strcmp(c->people[i].name, name) == 0)
			return &c->people[i];
	return NULL;
}

/* ---- members ---- */

static const char *const known[] = {"azukari", "listen", "plain", "local",
	"certificate", "key", "client_ca", "user", "operators", "auditors",
	"names", "limits"};

static enum err only_known(const struct json_doc *doc, struct err_info *info)
{
	const char *keys[ARRAY_LEN(known) + PARTS_MAX + 1];
	size_t len = 0, parts_len;
	const struct serve_part *const *parts = parts_all(&parts_len);

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		keys[len++] = known[i];
	for (size_t i = 0; i < parts_len && i < PARTS_MAX; i++)
		keys[len++] = parts[i]->name;
	keys[len] = NULL;
	return json_doc_only(doc, keys, "serve", info);
}

static int is_local(const char *address)
{
	return strncmp(address, "unix:/", 6) == 0 ||
	    strncmp(address, "127.0.0.1:", 10) == 0 ||
	    strncmp(address, "[::1]:", 6) == 0;
}

static enum err take_listener(struct config *c, enum config_listener_kind kind,
    const char *address, struct err_info *info)
{
	struct config_listener *l = &c->listeners[c->listeners_len];

	if (address == NULL || strlen(address) >= CONFIG_ADDRESS_MAX)
		return err_at(info, ERR_SYNTAX, 0,
		    "serve: an address is a text like \"127.0.0.1:8443\"");
	if (c->listeners_len == CONFIG_LISTENERS_MAX)
		return err_at(info, ERR_LIMIT, 0, "serve: too many addresses");
	if (kind != CONFIG_TLS && !is_local(address))
		return err_at(info, ERR_REFUSED, 0,
		    "serve: without TLS only 127.0.0.1, [::1] and unix:/PATH");
	l->kind = kind;
	memcpy(l->address, address, strlen(address) + 1);
	c->listeners_len++;
	return ERR_OK;
}

static enum err take_listeners(struct config *c, const char *key,
    enum config_listener_kind kind, struct err_info *info)
{
	const struct json_doc *list = json_doc_get(c->doc, key);

	if (list == NULL)
		return ERR_OK;
	if (json_doc_type(list) != JSON_DOC_ARRAY)
		return err_at(info, ERR_SYNTAX, 0, "serve: %s is a list", key);
	for (size_t i = 0; i < json_doc_len(list); i++)
		RETURN_IF(take_listener(c, kind,
		    json_doc_string(json_doc_at(list, i)), info));
	return ERR_OK;
}

static enum err take_path(const struct config *c, const char *dir,
    const char *key, char ret[FS_PATH_MAX], struct err_info *info)
{
	const struct json_doc *v = json_doc_get(c->doc, key);
	const char *path = json_doc_string(v);

	ret[0] = '\0';
	if (v == NULL)
		return ERR_OK;
	if (path == NULL || path[0] == '\0')
		return err_at(info, ERR_SYNTAX, 0, "serve: %s is a path", key);
	return fs_path(ret, "%s%s%s", path[0] == '/' ? "" : dir,
	    path[0] == '/' ? "" : "/", path);
}

static enum err take_person(struct config *c, const struct json_doc *v,
    enum serve_role role, struct err_info *info)
{
	static const char *const keys[] = {"name", "ssh", NULL};
	struct config_person *p = &c->people[c->people_len];
	const char *name, *ssh;

	if (c->people_len == CONFIG_PEOPLE_MAX)
		return err_at(info, ERR_LIMIT, 0, "serve: too many people");
	RETURN_IF(json_doc_only(v, keys, "serve: a person", info));
	RETURN_IF(json_doc_need_string(v, "name", "serve: a person", &name,
	    info));
	RETURN_IF(json_doc_need_string(v, "ssh", "serve: a person", &ssh,
	    info));
	if (name[0] == '\0' || strlen(name) > REGISTER_NAME_MAX ||
	    config_person(c, role, name) != NULL)
		return err_at(info, ERR_SYNTAX, 0,
		    "serve: a person's name is too long or given twice");
	if (sshsig_public_parse(bytes_str(ssh), p->ssh) != ERR_OK)
		return err_at(info, ERR_SYNTAX, 0,
		    "serve: ssh is \"ssh-ed25519 BASE64\"");
	p->role = role;
	memcpy(p->name, name, strlen(name) + 1);
	c->people_len++;
	return ERR_OK;
}

static enum err take_people(struct config *c, const char *key,
    enum serve_role role, struct err_info *info)
{
	const struct json_doc *list = json_doc_get(c->doc, key);

	if (list == NULL)
		return ERR_OK;
	if (json_doc_type(list) != JSON_DOC_ARRAY)
		return err_at(info, ERR_SYNTAX, 0, "serve: %s is a list", key);
	for (size_t i = 0; i < json_doc_len(list); i++)
		RETURN_IF(take_person(c, json_doc_at(list, i), role, info));
	return ERR_OK;
}

struct limit_row {
	const char *key;
	size_t offset;
	int64_t least, most;
};
#define LIMIT(name, least, most) \
	{#name, offsetof(struct config_limits, name), least, most}

static const struct limit_row limit_rows[] = {
	LIMIT(threads, 1, 64), LIMIT(desks, 1, 32), LIMIT(streams, 1, 32),
	LIMIT(connections, 4, 65536), LIMIT(connections_per_address, 1, 65536),
	LIMIT(requests_per_second, 0, 1000000), LIMIT(header_seconds, 1, 120),
	LIMIT(idle_seconds, 1, 600), LIMIT(request_seconds, 1, 3600),
	LIMIT(drain_seconds, 1, 600), LIMIT(session_minutes, 1, 60),
	LIMIT(cache_mib, 16, 65536),
};

static enum err take_limits(struct config *c, struct err_info *info)
{
	const struct json_doc *v = json_doc_get(c->doc, "limits");
	const char *keys[ARRAY_LEN(limit_rows) + 1] = {0};

	c->limits = usual;
	if (v == NULL)
		return ERR_OK;
	for (size_t i = 0; i < ARRAY_LEN(limit_rows); i++)
		keys[i] = limit_rows[i].key;
	RETURN_IF(json_doc_only(v, keys, "serve: limits", info));
	for (size_t i = 0; i < ARRAY_LEN(limit_rows); i++) {
		const struct limit_row *r = &limit_rows[i];
		int64_t n = 0;
		unsigned u;

		if (json_doc_get(v, r->key) == NULL)
			continue;
		RETURN_IF(json_doc_need_int(v, r->key, r->least, r->most,
		    "serve: limits", &n, info));
		u = (unsigned)n;
		memcpy((char *)&c->limits + r->offset, &u, sizeof(u));
	}
	return ERR_OK;
}

static enum err take_user(struct config *c, struct err_info *info)
{
	const struct json_doc *v = json_doc_get(c->doc, "user");
	const char *user = json_doc_string(v);

	if (v == NULL)
		return ERR_OK;
	if (user == NULL || user[0] == '\0' || strlen(user) >= sizeof(c->user))
		return err_at(info, ERR_SYNTAX, 0, "serve: user is a name");
	memcpy(c->user, user, strlen(user) + 1);
	return ERR_OK;
}

static enum err take_files(struct config *c, const char *path,
    struct err_info *info)
{
	char dir[FS_PATH_MAX];
	char *slash;

	RETURN_IF(fs_path(dir, "%s", path));
	slash = strrchr(dir, '/');
	if (slash == NULL)
		memcpy(dir, ".", 2);
	else
		*slash = '\0';
	RETURN_IF(take_path(c, dir, "certificate", c->certificate, info));
	RETURN_IF(take_path(c, dir, "key", c->key, info));
	RETURN_IF(take_path(c, dir, "client_ca", c->client_ca, info));
	for (size_t i = 0; i < c->listeners_len; i++)
		if (c->listeners[i].kind == CONFIG_TLS &&
		    (c->certificate[0] == '\0' || c->key[0] == '\0'))
			return err_at(info, ERR_SYNTAX, 0,
			    "serve: TLS needs certificate and key");
	return ERR_OK;
}

static enum err take_names(struct config *c, struct err_info *info)
{
	const struct json_doc *list = json_doc_get(c->doc, "names");
	const char *name;

	c->names = list;
	for (size_t i = 0; list != NULL && i < json_doc_len(list); i++) {
		name = json_doc_string(json_doc_at(list, i));
		if (name == NULL || !session_is_host(name))
			return err_at(info, ERR_SYNTAX, 0, "serve: names are "
			    "hosts as in an address, in small letters");
	}
	if (list != NULL && json_doc_type(list) != JSON_DOC_ARRAY)
		return err_at(info, ERR_SYNTAX, 0, "serve: names is a list");
	return ERR_OK;
}

int config_is_name(const struct config *c, const char *host)
{
	for (size_t i = 0; c->names != NULL && i < json_doc_len(c->names);
	    i++)
		if (strcmp(json_doc_string(json_doc_at(c->names, i)), host) ==
		    0)
			return 1;
	return 0;
}

static enum err fill(struct config *c, const char *path,
    struct err_info *info)
{
	const char *kind;

	RETURN_IF(only_known(c->doc, info));
	RETURN_IF(json_doc_need_string(c->doc, "azukari", "serve", &kind,
	    info));
	if (strcmp(kind, "serve v1") != 0)
		return err_at(info, ERR_UNSUPPORTED, 0,
		    "serve: not a file of this version");
	RETURN_IF(take_listeners(c, "listen", CONFIG_TLS, info));
	RETURN_IF(take_listeners(c, "plain", CONFIG_PLAIN, info));
	RETURN_IF(take_listeners(c, "local", CONFIG_LOCAL, info));
	RETURN_IF(take_files(c, path, info));
	RETURN_IF(take_user(c, info));
	RETURN_IF(take_people(c, "operators", SERVE_OPERATOR, info));
	RETURN_IF(take_people(c, "auditors", SERVE_AUDITOR, info));
	RETURN_IF(take_names(c, info));
	return take_limits(c, info);
}

enum err config_load(const char *path, struct config **ret,
    struct err_info *info)
{
	CLEANUP(buf_release) struct buf text = {0};
	CLEANUP(config_cleanup) struct config *c = calloc(1, sizeof(*c));
	const char *name = strrchr(path, '/');

	if (c == NULL)
		return ERR_NOMEM;
	err_note(info, 0, "%s", "");
	strncpy(info->file, name == NULL ? path : name + 1,
	    sizeof(info->file) - 1);
	RETURN_IF(fs_read_file(path, FILE_MAX_BYTES, &text));
	digest_sha256(bytes_buf(&text), c->sha256);
	RETURN_IF(json_doc_parse(bytes_buf(&text), FILE_MAX_BYTES, &c->doc,
	    info));
	RETURN_IF(fill(c, path, info));
	RETURN_IF(hardening_private(path, c->user));
	info->file[0] = '\0';
	*ret = TAKE(c);
	return ERR_OK;
}
