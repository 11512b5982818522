#include "exporters/payload_internal.h"

#include <string.h>

enum err
payload_inspector_init(struct payload_inspector *i, payload_tap_fn tap,
    void *tap_ctx)
{
	memset(i, 0, sizeof(*i));
	i->tap = tap;
	i->tap_ctx = tap_ctx;
	RETURN_IF(digest_stream_init(&i->tables[PAYLOAD_RESPONSES]));
	return digest_stream_init(&i->tables[PAYLOAD_CONSENTS]);
}

void
payload_inspector_release(struct payload_inspector *i)
{
	digest_stream_release(&i->tables[PAYLOAD_RESPONSES]);
	digest_stream_release(&i->tables[PAYLOAD_CONSENTS]);
}

enum err
payload_inspector_run(void *ctx, unsigned tag, struct bytes block)
{
	struct payload_inspector *i = ctx;
	enum payload_which which = tag == PAYLOAD_TAG_RESPONSES ?
	    PAYLOAD_RESPONSES : PAYLOAD_CONSENTS;

	if (tag == PAYLOAD_TAG_REST)
		return ERR_OK;
	digest_stream_update(&i->tables[which], block);
	return i->tap == NULL ? ERR_OK : i->tap(i->tap_ctx, which, block);
}
