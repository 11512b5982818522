/* exporters/payload_read_internal.h - a payload while it is being opened. */
#ifndef AZUKARI_EXPORTERS_PAYLOAD_READ_INTERNAL_H
#define AZUKARI_EXPORTERS_PAYLOAD_READ_INTERNAL_H

#include "core/fs.h"
#include "exporters/consent_line.h"
#include "exporters/csv_scan.h"
#include "exporters/payload_internal.h"
#include "exporters/payload_read.h"
#include "exporters/people.h"
#include "exporters/pipeline.h"
#include "exporters/sums.h"
#include "exporters/tar.h"

/* Files in the order they stand in. */
enum opening_place {
	OPENING_BEFORE = -1,
	OPENING_BAGIT, OPENING_BAG_INFO, OPENING_BINDING, OPENING_RESPONSES,
	OPENING_CONSENTS, OPENING_PACKAGE, OPENING_PYTHON, OPENING_R,
	OPENING_CONSENT_TEXT,           /* any number, sorted */
	OPENING_MANIFEST, OPENING_TAGMANIFEST, OPENING_PLACES
};

/* Texts that are kept for the checks at the end. */
enum opening_text {
	OPENING_TEXT_BAGIT, OPENING_TEXT_BAG_INFO, OPENING_TEXT_BINDING,
	OPENING_TEXT_PACKAGE, OPENING_TEXT_MANIFEST, OPENING_TEXT_TAGMANIFEST,
	OPENING_TEXTS
};

struct opening_table {
	struct people people;
	struct csv_scan scan;
	struct consent_counts *consents;        /* NULL: responses */
	uint64_t bytes;
	int fd;
};

struct opening {
	struct payload_source *source;
	struct tar_reader *tar;
	struct pipeline *pipeline;
	struct payload_inspector inspector;
	struct payload_root root;
	struct opening_table tables[2];         /* by enum payload_which */
	enum opening_place place;               /* of the last file */
	const char *bad_table;                  /* NULL: none; a stage's */
	struct consent_counts consents;
	const char *missing;                    /* NULL: nothing so far */
	char last_text[TAR_NAME_MAX + 1];       /* last consent text */
	struct sums found;
	struct buf texts[OPENING_TEXTS];
	uint64_t data_bytes;                    /* under data/ */
	char folder_name[64];                   /* EXP-…-data */
	char tmp[FS_PATH_MAX];                  /* "" when there is none */
	char target[FS_PATH_MAX];
	struct err_info *info;
};

/* Everything that can only be checked when all was read. */
enum err payload_read_check(struct opening *o,
    const struct payload_read_spec *spec,
    struct payload_read_result *ret) MUST_USE;

#endif
