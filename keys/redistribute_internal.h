/* keys/redistribute_internal.h - the subshare text, and plans that hold. */
#ifndef AZUKARI_KEYS_REDISTRIBUTE_INTERNAL_H
#define AZUKARI_KEYS_REDISTRIBUTE_INTERNAL_H

#include "keys/redistribute.h"

/* What one dealer gives to one new seat, apart from its value. */
struct redistribute_label {
	char from_seat[NAMES_WORD_MAX + 1];
	uint8_t from_x;
	char seat[NAMES_WORD_MAX + 1];
	uint8_t x;
};

/* The seats that hold shares before. */
const struct epoch_seats *redistribute_old(
    const struct redistribute_plan *plan);

/* ERR_RANGE, ERR_DUPLICATE, ERR_SYNTAX unless the plan can be carried out. */
enum err redistribute_check_plan(const struct redistribute_plan *plan,
    struct err_info *info) MUST_USE;

enum err redistribute_text_write(const struct redistribute_plan *plan,
    const struct redistribute_label *label,
    const uint8_t value[EPOCH_KEY_LEN], struct buf *out) MUST_USE;

/* Parse and compare with the plan: ERR_MISMATCH naming label and dealer. */
enum err redistribute_text_parse(struct bytes text,
    const struct redistribute_plan *plan, struct redistribute_label *ret,
    uint8_t ret_value[EPOCH_KEY_LEN], struct err_info *info) MUST_USE;

#endif
