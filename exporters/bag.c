#include "exporters/bag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/utf8.h"
#include "exporters/walk.h"

/* Longest tag file that is read into memory. */
#define TAG_MAX ((size_t)4 << 20)
#define OXUM "Payload-Oxum: "

int
bag_is_payload(const char *name)
{
	return strncmp(name, "data/", 5) == 0;
}

enum err
bag_info_write(const struct bag_info *i, struct buf *out)
{
	char day[CLOCK_DAY_LEN + 1];

	RETURN_IF(utf8_check_clean(bytes_str(i->owner_name), NULL));
	clock_format_day(i->day, day);
	RETURN_IF(buf_printf(out, "Source-Organization: %s\n"
	    "External-Identifier: %s\nBagging-Date: %s\n"
	    OXUM "%llu.%llu\n", i->owner_name, i->export_id, day,
	    (unsigned long long)i->payload_bytes,
	    (unsigned long long)i->payload_files));
	if (i->notice_sha256 != NULL)
		RETURN_IF(buf_printf(out, "Azukari-Notice: %s\n",
		    i->notice_sha256));
	return ERR_OK;
}

/* Decimal digits up to ${end}, without leading zeros. */
static enum err
take_number(struct bytes *text, char end, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	while (i < text->len && text->data[i] >= '0' && text->data[i] <= '9') {
		if (v > (UINT64_MAX - 9) / 10)
			return ERR_SYNTAX;
		v = v * 10 + (uint64_t)(text->data[i++] - '0');
	}
	if (i == 0 || (i > 1 && text->data[0] == '0') ||
	    (end != '\0' && (i == text->len || text->data[i] != end)) ||
	    (end == '\0' && i != text->len))
		return ERR_SYNTAX;
	if (end != '\0')
		i++;
	text->data += i;
	text->len -= i;
	*ret = v;
	return ERR_OK;
}

/* A line of bag-info.txt is `Label: value`; folded lines are not written. */
static int
is_info_line(struct bytes line)
{
	size_t i = 0;

	while (i < line.len && (line.data[i] == '-' ||
	    (line.data[i] >= 'A' && line.data[i] <= 'Z') ||
	    (line.data[i] >= 'a' && line.data[i] <= 'z')))
		i++;
	return i > 0 && line.len > i + 2 && line.data[i] == ':' &&
	    line.data[i + 1] == ' ';
}

enum err
bag_info_oxum(struct bytes text, uint64_t *ret_bytes, uint64_t *ret_files,
    struct err_info *info)
{
	struct bytes line;
	unsigned long number = 0;
	int seen = 0;
	enum err e;

	RETURN_IF(utf8_is_valid(text) ? ERR_OK : ERR_ENCODING);
	while ((e = bytes_take_line(&text, &line)) == ERR_OK) {
		number++;
		if (!is_info_line(line))
			return err_at(info, ERR_SYNTAX, number,
			    "bag-info.txt: not a line `Label: value`");
		if (line.len < sizeof(OXUM) ||
		    memcmp(line.data, OXUM, sizeof(OXUM) - 1) != 0)
			continue;
		if (seen++)
			return err_at(info, ERR_DUPLICATE, number,
			    "bag-info.txt has two Payload-Oxum");
		line.data += sizeof(OXUM) - 1;
		line.len -= sizeof(OXUM) - 1;
		if (take_number(&line, '.', ret_bytes) != ERR_OK ||
		    take_number(&line, '\0', ret_files) != ERR_OK)
			return err_at(info, ERR_SYNTAX, number,
			    "Payload-Oxum is two numbers with a point");
	}
	if (e != ERR_NOT_FOUND)
		return err_at(info, ERR_SYNTAX, number + 1,
		    "bag-info.txt: the last line has no end");
	return seen ? ERR_OK : err_at(info, ERR_NOT_FOUND, 0,
	    "bag-info.txt has no Payload-Oxum");
}

enum err
bag_info_is_of(struct bytes text, const char *export_id,
    struct err_info *info)
{
	static const char label[] = "External-Identifier: ";
	struct bytes line;
	int same = 0, others = 0;

	while (bytes_take_line(&text, &line) == ERR_OK) {
		if (line.len < sizeof(label) - 1 ||
		    memcmp(line.data, label, sizeof(label) - 1) != 0)
			continue;
		line.data += sizeof(label) - 1;
		line.len -= sizeof(label) - 1;
		if (bytes_equal(line, bytes_str(export_id)))
			same++;
		else
			others++;
	}
	return same == 1 && others == 0 ? ERR_OK : err_at(info, ERR_MISMATCH,
	    0, "bag-info.txt: External-Identifier is not this export");
}

/* 1 for a first line `BagIt-Version: N.N` of another version. */
static int
names_a_version(struct bytes bagit)
{
	static const char label[] = "BagIt-Version: ";
	struct bytes line;
	uint64_t major, minor;

	if (bytes_take_line(&bagit, &line) != ERR_OK ||
	    line.len < sizeof(label) ||
	    memcmp(line.data, label, sizeof(label) - 1) != 0)
		return 0;
	line.data += sizeof(label) - 1;
	line.len -= sizeof(label) - 1;
	return take_number(&line, '.', &major) == ERR_OK &&
	    take_number(&line, '\0', &minor) == ERR_OK &&
	    (major != 1 || minor != 0);
}

static enum err
check_declaration(struct bytes bagit, struct err_info *info)
{
	if (bytes_equal(bagit, bytes_str(BAG_DECLARATION)))
		return ERR_OK;
	if (names_a_version(bagit))
		return err_at(info, ERR_UNSUPPORTED, 0,
		    "bagit.txt: only BagIt 1.0 is read");
	return err_at(info, ERR_SYNTAX, 0,
	    "bagit.txt is not the declaration of BagIt 1.0 in UTF-8");
}

/* Parts of BagIt that are valid but not ours. */
static enum err
check_names(const struct sums *found, struct err_info *info)
{
	const char *name;
	size_t i;

	for (i = 0; i < found->len; i++) {
		name = found->entries[i].name;
		if (strcmp(name, "fetch.txt") == 0)
			return err_at(info, ERR_UNSUPPORTED, 0,
			    "fetch.txt is refused");
		if ((strncmp(name, "manifest-", 9) == 0 &&
		    strcmp(name, "manifest-sha256.txt") != 0) ||
		    strncmp(name, "tagmanifest-", 12) == 0)
			return err_at(info, ERR_UNSUPPORTED, 0,
			    "%s: only sha256 is read", name);
	}
	return ERR_OK;
}

/* The entries of ${all} that are payload files (or those that are not). */
static enum err
subset(const struct sums *all, int payload, struct sums *ret)
{
	size_t i;

	for (i = 0; i < all->len; i++)
		if (bag_is_payload(all->entries[i].name) == payload)
			RETURN_IF(sums_add(ret, all->entries[i].name,
			    all->entries[i].digest));
	return ERR_OK;
}

static enum err
check_manifest(struct bytes text, int payload, const struct sums *found,
    struct err_info *info)
{
	CLEANUP(sums_release) struct sums listed = {0};
	CLEANUP(sums_release) struct sums there = {0};
	size_t i;

	RETURN_IF(sums_parse(text, &listed, info));
	for (i = 0; i < listed.len; i++)
		if (bag_is_payload(listed.entries[i].name) != payload)
			return err_at(info, ERR_UNKNOWN, 0,
			    "%s stands in the wrong manifest",
			    listed.entries[i].name);
	RETURN_IF(subset(found, payload, &there));
	return sums_match(&listed, &there, info);
}

static enum err
check_oxum(const struct bag_texts *t, const struct sums *found,
    struct err_info *info)
{
	uint64_t bytes, files, count = 0;
	size_t i;

	RETURN_IF(bag_info_oxum(t->bag_info, &bytes, &files, info));
	for (i = 0; i < found->len; i++)
		count += (uint64_t)bag_is_payload(found->entries[i].name);
	if (bytes != t->payload_bytes || files != count)
		return err_at(info, ERR_MISMATCH, 0,
		    "Payload-Oxum is not that of the files under data/");
	return ERR_OK;
}

enum err
bag_check(const struct bag_texts *t, const struct sums *found,
    struct err_info *info)
{
	RETURN_IF(check_declaration(t->bagit, info));
	RETURN_IF(check_names(found, info));
	RETURN_IF(check_manifest(t->tagmanifest, 0, found, info));
	RETURN_IF(check_manifest(t->manifest, 1, found, info));
	return check_oxum(t, found, info);
}

/* Tag files that are read, not only hashed; in the order of ${texts}. */
enum { BAGIT, BAG_INFO, MANIFEST, TAGMANIFEST, TEXTS };
static const char *const text_names[TEXTS] = {
	"bagit.txt", "bag-info.txt", "manifest-sha256.txt",
	"tagmanifest-sha256.txt"
};

struct folder {
	struct sums found;
	struct buf texts[TEXTS];
	int have[TEXTS];
	uint64_t payload_bytes;
};

static void
folder_release(struct folder *f)
{
	size_t i;

	sums_release(&f->found);
	for (i = 0; i < TEXTS; i++)
		buf_release(&f->texts[i]);
}

static enum err
take_text(struct folder *f, size_t i, const char *path, struct err_info *info)
{
	enum err e = fs_read_file(path, TAG_MAX, &f->texts[i]);

	if (e != ERR_OK)
		return err_at(info, e, 0, "%s cannot be read", text_names[i]);
	f->have[i] = 1;
	return i == TAGMANIFEST ? ERR_OK :
	    sums_add_bytes(&f->found, text_names[i], bytes_buf(&f->texts[i]));
}

static enum err
take_file(void *ctx, const char *path, const char *name, struct err_info *info)
{
	struct folder *f = ctx;
	uint8_t digest[DIGEST_LEN];
	uint64_t len;
	size_t i;

	for (i = 0; i < TEXTS; i++)
		if (strcmp(name, text_names[i]) == 0)
			return take_text(f, i, path, info);
	RETURN_IF(digest_sha256_file(path, digest, &len));
	if (bag_is_payload(name))
		f->payload_bytes += len;
	return sums_add(&f->found, name, digest);
}

enum err
bag_read_folder(const char *path, struct sums *ret, struct err_info *info)
{
	CLEANUP(folder_release) struct folder f = {0};
	struct bag_texts t;
	size_t i;

	RETURN_IF(walk_folder(path, take_file, &f, info));
	for (i = 0; i < TEXTS; i++)
		if (!f.have[i])
			return err_at(info, ERR_NOT_FOUND, 0, "%s is missing",
			    text_names[i]);
	t = (struct bag_texts){bytes_buf(&f.texts[BAGIT]),
		bytes_buf(&f.texts[BAG_INFO]), bytes_buf(&f.texts[MANIFEST]),
		bytes_buf(&f.texts[TAGMANIFEST]), f.payload_bytes};
	RETURN_IF(bag_check(&t, &f.found, info));
	sums_release(ret);
	*ret = f.found;
	memset(&f.found, 0, sizeof(f.found));   /* transferred */
	return ERR_OK;
}

enum err
bag_check_folder(const char *path, struct err_info *info)
{
	CLEANUP(sums_release) struct sums found = {0};

	return bag_read_folder(path, &found, info);
}
