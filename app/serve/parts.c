#include "app/serve/parts.h"

#include "app/serve/intake.h"
#include "app/serve/line.h"
#include "app/serve/gauges.h"
#include "app/serve/jobs.h"
#include "app/serve/witnesses.h"

/* A part is declared in a header of its own and listed here; they are drained
 * and stopped in the opposite order. */
static const struct serve_part *const parts[] = {
	&line_part,
	&gauges_part,
	&witnesses_part,
	&jobs_part,
	&intake_part,
	NULL,
};

const struct serve_part *const *parts_all(size_t *ret_len)
{
	*ret_len = 0;
	while (*ret_len < ARRAY_LEN(parts) && parts[*ret_len] != NULL)
		*ret_len += 1;
	return parts;
}
