/* app/serve/body.h - a request's body as the handlers need it. */
#ifndef AZUKARI_APP_SERVE_BODY_H
#define AZUKARI_APP_SERVE_BODY_H

#include "app/serve/serve.h"
#include "core/fs.h"

#define BODY_JSON "application/json"

/* The body as a JSON object with no members but ${keys} (NULL-terminated). */
enum err body_json(struct serve_request *q, const char *const *keys,
    struct json_doc **ret) MUST_USE;

/* A member that must be a text; borrowed from ${doc}. */
enum err body_text(struct serve_request *q, const struct json_doc *doc,
    const char *key, const char **ret) MUST_USE;

/* What app/ops reads from files: a folder of its own under HOME/tmp, mode
 * 0700, gone with the request.  Only texts and ciphertext come here. */
struct body_folder {
	char path[FS_PATH_MAX];
};
enum err body_folder_make(struct serve_request *q,
    struct body_folder *ret) MUST_USE;
void body_folder_remove(struct body_folder *f);         /* CLEANUP-able */
/* "FOLDER/NAME" with these bytes, not made durable. */
enum err body_folder_put(const struct body_folder *f, const char *name,
    struct bytes bytes, char ret[FS_PATH_MAX]) MUST_USE;

/* Answer with the file at ${path}, which is read and then unlinked. */
enum err body_reply_file(struct serve_request *q, const char *path,
    const char *type) MUST_USE;
/* Answer with a text. */
enum err body_reply_text(struct serve_request *q, struct bytes text,
    const char *type) MUST_USE;

#endif
