/* exporters/bundle_internal.h - what writing and reading bundles share. */
#ifndef AZUKARI_EXPORTERS_BUNDLE_INTERNAL_H
#define AZUKARI_EXPORTERS_BUNDLE_INTERNAL_H

#include "core/err.h"
#include "exporters/bundle.h"
#include "exporters/sums.h"

#define BUNDLE_README "README.txt"
#define BUNDLE_STATEMENT "STATEMENT.txt"

/* Whether ${listed} has every file a SHA256SUMS must name: ERR_NOT_FOUND
 * naming the first that is missing, ERR_UNKNOWN for one without a place. */
enum err bundle_complete(const struct sums *listed,
    struct err_info *info) MUST_USE;

/* 1 for `approvals`, `trust`, `release`. */
int bundle_is_folder(const char *name);

#endif
