/* app/serve/config.h - serve.json: how the service listens and whom it knows.
 *
 *     {"azukari": "serve v1",
 *      "listen": ["0.0.0.0:8443"],           TLS
 *      "plain": ["unix:/run/azukari/http"],  behind a proxy: loopback or unix
 *      "local": ["127.0.0.1:9464"],          metrics; loopback or unix
 *      "certificate": "cert.pem", "key": "key.pem", "client_ca": "ca.pem",
 *      "names": ["gateway.example"],         beside those of the certificate
 *      "operators": [{"name": "…", "ssh": "ssh-ed25519 …"}], "auditors": […],
 *      "limits": {…}, "line": {…}, …}
 *
 * Every member but the first may be left out.  Paths are absolute or from the
 * folder of the file.  Members that are the names of parts are kept for them.
 */
#ifndef AZUKARI_APP_SERVE_CONFIG_H
#define AZUKARI_APP_SERVE_CONFIG_H

#include <stdint.h>

#include "app/serve/serve.h"
#include "core/fs.h"
#include "keys/digest.h"

#define CONFIG_LISTENERS_MAX 8
#define CONFIG_PEOPLE_MAX 64
#define CONFIG_ADDRESS_MAX 108          /* of sockaddr_un */

enum config_listener_kind { CONFIG_TLS, CONFIG_PLAIN, CONFIG_LOCAL };

struct config_listener {
	enum config_listener_kind kind;
	char address[CONFIG_ADDRESS_MAX];       /* "1.2.3.4:5", "[::]:5", "unix:…" */
};

struct config_person {
	enum serve_role role;           /* SERVE_OPERATOR or SERVE_AUDITOR */
	char name[REGISTER_NAME_MAX + 1];
	uint8_t ssh[32];
};

struct config_limits {
	unsigned threads;               /* net threads of each listener */
	unsigned desks, streams;
	unsigned connections, connections_per_address;
	unsigned requests_per_second;   /* per address; 0: no bound */
	unsigned header_seconds, idle_seconds, request_seconds;
	unsigned drain_seconds;
	unsigned session_minutes;
	unsigned cache_mib;             /* of all databases together */
	uint64_t bodies_bytes;          /* of all bodies held at once */
};

struct config {
	uint8_t sha256[DIGEST_LEN];     /* of the file's bytes */
	struct json_doc *doc;           /* owned; sections are in it */
	struct config_listener listeners[CONFIG_LISTENERS_MAX];
	size_t listeners_len;
	char certificate[FS_PATH_MAX], key[FS_PATH_MAX];        /* "" none */
	char client_ca[FS_PATH_MAX];
	char user[64];                  /* "" none */
	const struct json_doc *names;   /* borrowed; NULL: none */
	struct config_person people[CONFIG_PEOPLE_MAX];
	size_t people_len;
	struct config_limits limits;
};

/* Read ${path}.  ERR_SYNTAX, ERR_RANGE, ERR_UNKNOWN, ERR_REFUSED (a plain
 * listener that is not local) with ${info}; the caller owns ${ret}
 * (config_free). */
enum err config_load(const char *path, struct config **ret,
    struct err_info *info) MUST_USE;
void config_free(struct config *c);
void config_cleanup(struct config **c);

/* A member of the document by name; NULL when absent. */
const struct json_doc *config_section(const struct config *c,
    const char *name);

/* Is ${host} one of "names"? */
int config_is_name(const struct config *c, const char *host);

const struct config_person *config_person(const struct config *c,
    enum serve_role role, const char *name);

#endif
