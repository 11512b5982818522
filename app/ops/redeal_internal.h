/* app/ops/redeal_internal.h - what the two sides of a dealing read alike. */
#ifndef AZUKARI_APP_OPS_REDEAL_INTERNAL_H
#define AZUKARI_APP_OPS_REDEAL_INTERNAL_H

#include "app/ops/redeal.h"
#include "app/ops/seats.h"
#include "keys/redistribute.h"

struct redeal_dealers {
	char seat[EPOCH_SEATS_MAX][NAMES_WORD_MAX + 1];
	size_t len;
};

/* dealers.txt: one seat a line, in the order in which they are used. */
enum err redeal_dealers_add(struct redeal_dealers *d, struct bytes seat)
    MUST_USE;
enum err redeal_dealers_write(const struct redeal_dealers *d,
    struct buf *out) MUST_USE;

/* The first t of the dealers that hold shares of this epoch, as x values.
 * ${e} and ${roster} are borrowed by ${ret}.  ERR_THRESHOLD: too few. */
enum err redeal_plan(const struct seats_epoch *e,
    const struct redeal_dealers *d, const struct epoch_roster *roster,
    const uint8_t charter_sha256[DIGEST_LEN], struct redistribute_plan *ret,
    struct err_info *info) MUST_USE;

/* x of a seat among those who hold the epoch; 0: none. */
uint8_t redeal_x(const struct seats_epoch *e, const char *seat);
/* 1 when ${seat} deals this epoch. */
int redeal_is_dealer(const struct redistribute_plan *plan, uint8_t x);

/* pieces/NNNNN.SEAT.age */
enum err redeal_piece_name(size_t n, const char *seat,
    char ret[PACK_NAME_MAX + 1]) MUST_USE;

/* A packet that carries a charter, read on a machine without a home. */
struct redeal_packet {
	struct pack pack;
	struct bytes charter_bytes;
	struct charter charter;
	uint8_t charter_sha256[DIGEST_LEN];
	struct epoch_roster roster;     /* borrows from ${charter} */
	struct redeal_dealers dealers;
};
void redeal_packet_release(struct redeal_packet *p);    /* CLEANUP-able */
enum err redeal_packet_read(const char *path, struct redeal_packet *ret,
    struct err_info *info) MUST_USE;

#endif
