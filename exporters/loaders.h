/* exporters/loaders.h - load/load.py and load/load.R of a payload.
 *
 * Generated from the columns: codes stay strings ("01" is not 1), empty cells
 * are missing, categories carry their labels.  Both find the data beside
 * themselves and need only pandas or base R.
 */
#ifndef AZUKARI_EXPORTERS_LOADERS_H
#define AZUKARI_EXPORTERS_LOADERS_H

#include "core/buf.h"
#include "core/err.h"
#include "exporters/column.h"

/* Append the script to ${out}.  ${export_id} is shown in its first lines.
 * ERR_NOMEM, ERR_LIMIT. */
enum err loaders_python(const char *export_id, const struct column_set *set,
    struct buf *out) MUST_USE;
enum err loaders_r(const char *export_id, const struct column_set *set,
    struct buf *out) MUST_USE;

#endif
