/* app/serve/wire.h - one request between libmicrohttpd and its handler. */
#ifndef AZUKARI_APP_SERVE_WIRE_H
#define AZUKARI_APP_SERVE_WIRE_H

#include <microhttpd.h>

#include "app/serve/serve_internal.h"

/* The callbacks of a daemon; ${cls} is the service. */
enum MHD_Result wire_access(void *cls, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *upload_data, size_t *upload_data_size, void **con_cls);
void wire_completed(void *cls, struct MHD_Connection *connection,
    void **con_cls, enum MHD_RequestTerminationCode toe);

/* wire_head.c: everything that can be said by the head alone.  0, or the
 * status and name of the refusal (name NULL: "nothing here"). */
struct wire_refusal {
	unsigned status;
	const char *name;
	int close;                      /* the connection, too */
};
unsigned wire_head(struct serve *s, struct conn *c,
    struct MHD_Connection *connection, const char *method,
    const char *version, struct serve_wire **ret,
    struct wire_refusal *ret_refusal);

/* wire_reply.c */
enum err wire_empties_init(struct wire_empties *e) MUST_USE;
void wire_empties_release(struct wire_empties *e);
enum MHD_Result wire_refuse(struct serve *s, struct conn *c,
    struct MHD_Connection *connection, const struct wire_refusal *r);
enum MHD_Result wire_reply(struct serve_wire *w);

#endif
