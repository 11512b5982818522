/* intake/csv_capture_internal.h - the bytes of a CSV stream, kept until the
 * record they belong to is done with, so that a bad one can be set aside as
 * it stood. */
#ifndef AZUKARI_INTAKE_CSV_CAPTURE_INTERNAL_H
#define AZUKARI_INTAKE_CSV_CAPTURE_INTERNAL_H

#include "intake/event.h"

struct csv_capture {
	intake_read_fn read;    /* the real input */
	void *ctx;
	struct buf kept;
	size_t start;           /* of what is still wanted, in kept */
	unsigned long line;     /* number of the line that begins there */
};

void csv_capture_init(struct csv_capture *c, intake_read_fn read, void *ctx);
void csv_capture_release(struct csv_capture *c);

/* A csv_read_fn over the capture, which keeps what it hands out. */
enum err csv_capture_read(void *ctx, uint8_t *dst, size_t max,
    size_t *ret_got) MUST_USE;

/* The bytes before line ${end}, without the last line end; they are let go of
 * with the next read.  Valid until then. */
struct bytes csv_capture_take(struct csv_capture *c, unsigned long end);

#endif
