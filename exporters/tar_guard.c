#include "exporters/tar_guard.h"

#include <string.h>

#include "exporters/tar.h"

#define RECORD_BYTES 10240

/* POSIX.1-1988 ustar.  All members are bytes, so there is no padding. */
struct header {
	uint8_t name[100], mode[8], uid[8], gid[8], size[12], mtime[12];
	uint8_t checksum[8], type[1], link_name[100], magic[6], version[2];
	uint8_t user[32], group[32], dev_major[8], dev_minor[8];
	uint8_t prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == TAR_GUARD_BLOCK, "a header is a block");

static int
all_zero(const uint8_t *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* Octal digits, then NUL or space to the end; or nothing at all. */
static int
is_octal(const uint8_t *p, size_t len)
{
	size_t i = 0;

	while (i < len && p[i] >= '0' && p[i] <= '7')
		i++;
	if (i == len)
		return 0;
	for (; i < len; i++)
		if (p[i] != 0 && p[i] != ' ')
			return 0;
	return 1;
}

static uint64_t
octal_value(const uint8_t *p, size_t len)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		v = v * 8 + (uint64_t)(p[i] - '0');
	return v;
}

/* Printable ASCII, then NUL to the end. */
static int
is_padded_text(const uint8_t *p, size_t len)
{
	size_t i = 0;

	while (i < len && p[i] >= 0x20 && p[i] < 0x7f)
		i++;
	return all_zero(p + i, len - i);
}

/* Six octal digits, NUL, space, of the right value: one spelling only. */
static int
checksum_ok(const struct header *h)
{
	const uint8_t *p = (const uint8_t *)h;
	uint64_t sum = 8 * ' ';
	size_t i;

	for (i = 0; i < sizeof(*h); i++)
		if (i < offsetof(struct header, checksum) ||
		    i >= offsetof(struct header, type))
			sum += p[i];
	for (i = 0; i < 6; i++)
		if (h->checksum[i] < '0' || h->checksum[i] > '7')
			return 0;
	return h->checksum[6] == 0 && h->checksum[7] == ' ' &&
	    octal_value(h->checksum, 6) == sum;
}

/* Prefix and name joined, a folder's slash taken off. */
static void
join_name(const struct header *h, char ret[300])
{
	size_t prefix = strnlen((const char *)h->prefix, sizeof(h->prefix));
	size_t name = strnlen((const char *)h->name, sizeof(h->name));
	size_t len = 0;

	memcpy(ret, h->prefix, prefix);
	len = prefix;
	if (prefix > 0)
		ret[len++] = '/';
	memcpy(ret + len, h->name, name);
	len += name;
	if (h->type[0] == '5' && len > 0 && ret[len - 1] == '/')
		len--;
	ret[len] = '\0';
}

static enum err
check_kind(const struct header *h, struct err_info *info)
{
	if (memcmp(h->magic, "ustar", 6) != 0 ||
	    memcmp(h->version, "00", 2) != 0)
		return err_at(info, ERR_UNSUPPORTED, 0,
		    "not a ustar container (GNU and old tar are refused)");
	if (!checksum_ok(h))
		return err_at(info, ERR_SYNTAX, 0,
		    "a header's checksum is wrong");
	if (h->type[0] != '0' && h->type[0] != '5')
		return err_at(info, ERR_UNSUPPORTED, 0,
		    "only files and folders may be in it (links, devices and "
		    "pax headers are refused)");
	if (!all_zero(h->link_name, sizeof(h->link_name)))
		return err_at(info, ERR_UNSUPPORTED, 0, "a link is refused");
	return ERR_OK;
}

static enum err
check_fields(const struct header *h, struct err_info *info)
{
	char name[300];

	if (!is_octal(h->mode, 8) || !is_octal(h->uid, 8) ||
	    !is_octal(h->gid, 8) || !is_octal(h->size, 12) ||
	    !is_octal(h->mtime, 12) || !is_octal(h->dev_major, 8) ||
	    !is_octal(h->dev_minor, 8) || h->size[0] < '0')
		return err_at(info, ERR_SYNTAX, 0,
		    "a number in a header is not octal");
	if (octal_value(h->dev_major, 8) != 0 ||
	    octal_value(h->dev_minor, 8) != 0)
		return err_at(info, ERR_UNSUPPORTED, 0, "a device is refused");
	if (!is_padded_text(h->name, sizeof(h->name)) ||
	    !is_padded_text(h->prefix, sizeof(h->prefix)) ||
	    !is_padded_text(h->user, sizeof(h->user)) ||
	    !is_padded_text(h->group, sizeof(h->group)) ||
	    !all_zero(h->rest, sizeof(h->rest)))
		return err_at(info, ERR_SYNTAX, 0, "a header is not clean");
	join_name(h, name);
	if (!tar_name_ok(name))
		return err_at(info, ERR_SYNTAX, 0,
		    "a member's name is not allowed");
	return ERR_OK;
}

static enum err
take_header(struct tar_guard *g, const struct header *h, struct err_info *info)
{
	uint64_t size;

	RETURN_IF(check_kind(h, info));
	RETURN_IF(check_fields(h, info));
	size = octal_value(h->size, sizeof(h->size));
	if (h->type[0] == '5' && size != 0)
		return err_at(info, ERR_SYNTAX, 0, "a folder has no data");
	if (size > g->max_member)
		return err_at(info, ERR_LIMIT, 0, "a member is too long");
	g->data_left = size;
	g->padding_left = -size % TAR_GUARD_BLOCK;
	return ERR_OK;
}

static enum err
take_block(struct tar_guard *g, const uint8_t *block, struct err_info *info)
{
	struct header h;

	if (!all_zero(block, TAR_GUARD_BLOCK)) {
		if (g->end_blocks > 0)
			return err_at(info, ERR_SYNTAX, 0,
			    "there is something behind the end");
		memcpy(&h, block, sizeof(h));
		return take_header(g, &h, info);
	}
	if (g->end_blocks == 2 && g->offset + TAR_GUARD_BLOCK >
	    (g->end_offset + RECORD_BYTES - 1) / RECORD_BYTES * RECORD_BYTES)
		return err_at(info, ERR_SYNTAX, 0,
		    "there is something behind the end");
	if (g->end_blocks < 2 && ++g->end_blocks == 2)
		g->end_offset = g->offset + TAR_GUARD_BLOCK;
	return ERR_OK;
}

/* Takes up to ${piece}->len bytes of data and padding. */
static enum err
take_data(struct tar_guard *g, struct bytes *piece, struct err_info *info)
{
	uint64_t n = g->data_left < piece->len ? g->data_left : piece->len;
	struct bytes padding = {piece->data + n, piece->len - n};

	if (padding.len > g->padding_left)
		padding.len = g->padding_left;
	if (!all_zero(padding.data, padding.len))
		return err_at(info, ERR_SYNTAX, 0,
		    "padding of a member is not zero");
	g->data_left -= n;
	g->padding_left -= padding.len;
	g->offset += n + padding.len;
	piece->data += n + padding.len;
	piece->len -= n + padding.len;
	return ERR_OK;
}

void
tar_guard_init(struct tar_guard *g, uint64_t max_member, uint64_t max_total)
{
	memset(g, 0, sizeof(*g));
	g->max_member = max_member < TAR_MEMBER_MAX ? max_member :
	    TAR_MEMBER_MAX;
	g->max_total = max_total;
}

enum err
tar_guard_feed(struct tar_guard *g, struct bytes piece, struct err_info *info)
{
	if (piece.len > g->max_total || g->offset > g->max_total - piece.len)
		return err_at(info, ERR_LIMIT, 0, "the container is too long");
	while (piece.len > 0) {
		if (g->data_left > 0 || g->padding_left > 0) {
			RETURN_IF(take_data(g, &piece, info));
			continue;
		}
		if (piece.len < TAR_GUARD_BLOCK)
			return err_at(info, ERR_TRUNCATED, 0,
			    "the container ends inside a block");
		RETURN_IF(take_block(g, piece.data, info));
		g->offset += TAR_GUARD_BLOCK;
		piece.data += TAR_GUARD_BLOCK;
		piece.len -= TAR_GUARD_BLOCK;
	}
	return ERR_OK;
}

enum err
tar_guard_end(const struct tar_guard *g, struct err_info *info)
{
	if (g->end_blocks < 2)
		return err_at(info, ERR_TRUNCATED, 0,
		    "the container has no end");
	return ERR_OK;
}
