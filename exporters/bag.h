/* exporters/bag.h - BagIt 1.0 (RFC 8493): what we write, and a strict reader.
 *
 * The subset: version 1.0, UTF-8, one manifest-sha256.txt and one
 * tagmanifest-sha256.txt, Payload-Oxum, names as tar_name_ok, no fetch.txt.
 * Everything else, valid BagIt or not, is refused: this is no BagIt library.
 * Unlike a bare `sha256sum -c`, the reader also refuses files nobody listed.
 */
#ifndef AZUKARI_EXPORTERS_BAG_H
#define AZUKARI_EXPORTERS_BAG_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "exporters/sums.h"

#define BAG_DECLARATION \
	"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

struct bag_info {
	const char *export_id;
	const char *owner_name;         /* Source-Organization */
	int32_t day;                    /* Bagging-Date, JST */
	uint64_t payload_bytes;         /* files under data/ */
	uint64_t payload_files;
	const char *notice_sha256;      /* 64 hex of the last notice applied, or
	                                 * NULL */
};

/* Append bag-info.txt to ${out}.  ERR_ENCODING, ERR_NOMEM. */
enum err bag_info_write(const struct bag_info *i, struct buf *out) MUST_USE;

/* Payload-Oxum of a bag-info.txt; ERR_SYNTAX, ERR_NOT_FOUND, ERR_DUPLICATE. */
enum err bag_info_oxum(struct bytes text, uint64_t *ret_bytes,
    uint64_t *ret_files, struct err_info *info) MUST_USE;

/* External-Identifier is ${export_id}, once; ERR_MISMATCH. */
enum err bag_info_is_of(struct bytes text, const char *export_id,
    struct err_info *info) MUST_USE;

/* 1 for a name that belongs into the manifest (data/…), 0 for a tag file. */
int bag_is_payload(const char *name);

/* The checks both the folder reader and the stream reader end with.  ${found}
 * holds every file but the tagmanifest with its digest.  ERR_SYNTAX,
 * ERR_UNSUPPORTED (version, fetch.txt), ERR_UNKNOWN, ERR_NOT_FOUND,
 * ERR_MISMATCH, naming the file in ${info} (may be NULL). */
struct bag_texts {
	struct bytes bagit, bag_info, manifest, tagmanifest;
	uint64_t payload_bytes;         /* summed over data/ */
};
enum err bag_check(const struct bag_texts *t, const struct sums *found,
    struct err_info *info) MUST_USE;

/* Reads and checks the bag in folder ${path} (regular files and folders only,
 * links refused, at most SUMS_ENTRIES_MAX files).  ERR_NOT_FOUND also when a
 * required tag file is missing. */
enum err bag_check_folder(const char *path, struct err_info *info) MUST_USE;

/* The same, and gives the digests of all files but the tagmanifest in ${ret}
 * (an empty list; to be released). */
enum err bag_read_folder(const char *path, struct sums *ret,
    struct err_info *info) MUST_USE;

#endif
