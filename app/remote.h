/* app/remote.h - what several commands ask a service for (app/gateway.h). */
#ifndef AZUKARI_APP_REMOTE_H
#define AZUKARI_APP_REMOTE_H

#include "app/gateway.h"

/* GET ${path} into cli->result; with ${owner} (may be NULL) only the rows
 * whose "owner" it is. */
enum err remote_list(struct cli *cli, const char *path,
    const char *owner) MUST_USE;

/* POST FILE and its signature to ${path}. */
enum err remote_post_signed(struct cli *cli, const char *path,
    const char *file, const char *sig) MUST_USE;

/* POST a JSON document. */
enum err remote_post(struct cli *cli, const char *path,
    const struct json_doc *body) MUST_USE;

/* A packet for the seat that asks into the new file ${to}; its name goes to
 * ${ret_seat}. */
#define REMOTE_NAME_MAX 80
enum err remote_packet(struct cli *cli, const struct gateway_ask *ask,
    const char *to, char ret_seat[REMOTE_NAME_MAX]) MUST_USE;

/* POST an answer of an officer's to ${path}: a packet, or (${sig} not NULL) a
 * text and its signature. */
enum err remote_answer(struct cli *cli, const char *path, const char *answer,
    const char *sig) MUST_USE;

/* A file of ours, named in the outcome where it cannot be read. */
enum err remote_read(struct gateway *g, const char *path,
    struct buf *out) MUST_USE;

#endif
