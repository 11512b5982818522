/* tools/generate/output.h - bytes to a descriptor, by the megabyte.
 *
 * A failed write ends the program: there is nobody to go on for.
 */
#ifndef AZUKARI_TOOLS_GENERATE_OUTPUT_H
#define AZUKARI_TOOLS_GENERATE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#define OUTPUT_BYTES ((size_t)1 << 20)
#define OUTPUT_LINE_MAX ((size_t)8 << 10)

struct output {
	int fd;
	size_t len;
	char *bytes;            /* OUTPUT_BYTES */
};

void output_open(struct output *o, int fd);
void output_close(struct output *o);

/* To be called before each line: room for OUTPUT_LINE_MAX bytes. */
void output_line(struct output *o);

void output_bytes(struct output *o, const char *bytes, size_t len);
void output_char(struct output *o, char c);
void output_text(struct output *o, const char *text);
/* At least ${digits} digits. */
void output_number(struct output *o, uint64_t v, unsigned digits);
/* Tenths as `36.5`. */
void output_tenths(struct output *o, int v);
/* `2020-03-27`, and with the time in Japan `2020-03-27T12:34:56+09:00`. */
void output_day(struct output *o, int32_t day);
void output_time(struct output *o, int32_t day, unsigned second);

#endif
