/* keys/redistribute.c - dealing shares anew, and adding the pieces up. */
#include "keys/redistribute.h"

#include <string.h>

#include "keys/epoch_internal.h"
#include "keys/redistribute_internal.h"
#include "keys/share_internal.h"

void
redistribute_files_release(struct redistribute_files *f)
{
	for (size_t i = 0; i < EPOCH_SEATS_MAX; i++)
		buf_release(&f->file[i]);
	*f = (struct redistribute_files){.len = 0};
}

void
redistribute_new_release(struct redistribute_new *n)
{
	buf_release(&n->share_text);
	buf_release(&n->file);
	n->line = (struct epoch_line){.seat = ""};
}

/* Where ${x} is among the dealers; their number when it is not. */
static size_t
dealer_at(const struct redistribute_plan *plan, uint8_t x)
{
	size_t i = 0;

	while (i < plan->dealers_len && plan->dealers[i] != x)
		i++;
	return i;
}

/* ---- dealing ---- */

static enum err
read_own(const struct redistribute_plan *plan, struct bytes share_text,
    struct share *ret, uint8_t ret_value[EPOCH_KEY_LEN],
    struct err_info *info)
{
	RETURN_IF(share_parse(share_text, ret, ret_value, info));
	RETURN_IF(share_check(ret, plan->epoch, plan->in_force, info));
	if (dealer_at(plan, ret->x) == plan->dealers_len)
		return err_at(info, ERR_MISMATCH, 0,
		    "seat %s is not among the dealers", ret->seat);
	return ERR_OK;
}

/* One new seat's piece, as an age file. */
static enum err
seal_piece(const struct redistribute_plan *plan, const struct share *own,
    size_t i, const uint8_t value[EPOCH_KEY_LEN], struct buf *ret_file)
{
	CLEANUP(buf_release) struct buf text = {0};
	const struct epoch_seat *seat = &plan->to->seat[i];
	struct redistribute_label label = {
		.from_x = own->x, .x = seat->x,
	};
	struct age_recipient to[AGE_RECIPIENTS_MAX];
	size_t count;

	memcpy(label.from_seat, own->seat, sizeof(own->seat));
	memcpy(label.seat, seat->name, strlen(seat->name) + 1);
	RETURN_IF(redistribute_text_write(plan, &label, value, &text));
	RETURN_IF(epoch_seat_recipients(seat, to, &count));
	return share_seal(to, count, bytes_buf(&text), ret_file);
}

static enum err
split_own(const struct redistribute_plan *plan,
    const uint8_t own[EPOCH_KEY_LEN], uint8_t *ret_pieces)
{
	uint8_t xs[EPOCH_SEATS_MAX];

	for (size_t i = 0; i < plan->to->len; i++)
		xs[i] = plan->to->seat[i].x;
	RETURN_IF(shamir_split(bytes_of(own, EPOCH_KEY_LEN),
	    plan->to->threshold, bytes_of(xs, plan->to->len), ret_pieces));
	return shamir_check(bytes_of(xs, plan->to->len), plan->to->threshold,
	    ret_pieces, bytes_of(own, EPOCH_KEY_LEN));
}

enum err
redistribute_deal(const struct redistribute_plan *plan,
    struct bytes share_text, struct redistribute_files *ret,
    struct err_info *info)
{
	CLEANUP(redistribute_files_release) struct redistribute_files f = {
		.len = 0,
	};
	SECRET_BYTES(pieces, EPOCH_SEATS_MAX * EPOCH_KEY_LEN);
	SECRET_BYTES(value, EPOCH_KEY_LEN);
	struct share own;

	RETURN_IF(redistribute_check_plan(plan, info));
	RETURN_IF(read_own(plan, share_text, &own, value, info));
	RETURN_IF(split_own(plan, value, pieces));
	for (size_t i = 0; i < plan->to->len; i++)
		RETURN_IF(seal_piece(plan, &own, i,
		    pieces + i * EPOCH_KEY_LEN, &f.file[i]));
	f.len = plan->to->len;
	redistribute_files_release(ret);
	*ret = f;
	f = (struct redistribute_files){.len = 0};      /* moved */
	return ERR_OK;
}

/* ---- receiving ---- */

/* The pieces in the order of the plan's dealers. */
struct pieces {
	char seats[EPOCH_SEATS_MAX][NAMES_WORD_MAX + 1];
	unsigned have;          /* bit mask over the dealers */
	uint8_t *values;        /* the caller's */
};

static enum err
check_label(const struct redistribute_set *set,
    const struct redistribute_label *label, struct err_info *info)
{
	const struct epoch_seat *seat = &set->plan->to->seat[set->seat];

	if (strcmp(label->seat, seat->name) != 0 || label->x != seat->x)
		return err_at(info, ERR_MISMATCH, 0,
		    "the subshare of dealer %s is for seat %s",
		    label->from_seat, label->seat);
	if (epoch_seats_find(redistribute_old(set->plan), label->from_seat) ==
	    NULL || dealer_at(set->plan, label->from_x) ==
	    set->plan->dealers_len)
		return err_at(info, ERR_MISMATCH, 0,
		    "%s is not among the dealers", label->from_seat);
	return ERR_OK;
}

static enum err
take_piece(const struct redistribute_set *set, struct bytes text,
    struct pieces *p, struct err_info *info)
{
	SECRET_BYTES(value, EPOCH_KEY_LEN);
	struct redistribute_label label;
	size_t at;

	RETURN_IF(redistribute_text_parse(text, set->plan, &label, value,
	    info));
	RETURN_IF(check_label(set, &label, info));
	at = dealer_at(set->plan, label.from_x);
	for (size_t i = 0; i < set->plan->dealers_len; i++)
		if ((p->have & (1u << i)) != 0 &&
		    (i == at || strcmp(p->seats[i], label.from_seat) == 0))
			return err_at(info, ERR_DUPLICATE, 0,
			    "the subshare of dealer %s is there twice",
			    label.from_seat);
	memcpy(p->values + at * EPOCH_KEY_LEN, value, EPOCH_KEY_LEN);
	memcpy(p->seats[at], label.from_seat, sizeof(label.from_seat));
	p->have |= 1u << at;
	return ERR_OK;
}

/* The sum over the dealers of lambda_i * s_ij: the value at 0 of what lies
 * through the pieces. */
static enum err
add_up(const struct redistribute_set *set, uint8_t ret[EPOCH_KEY_LEN],
    struct err_info *info)
{
	SECRET_BYTES(values, EPOCH_SEATS_MAX * EPOCH_KEY_LEN);
	const struct redistribute_plan *plan = set->plan;
	struct pieces p = {.values = values};

	for (size_t i = 0; i < set->len; i++)
		RETURN_IF(take_piece(set, set->texts[i], &p, info));
	if (p.have != (1u << plan->dealers_len) - 1)
		return err_at(info, ERR_THRESHOLD, 0,
		    "the subshares of all %zu dealers are needed",
		    plan->dealers_len);
	return shamir_combine(bytes_of(plan->dealers, plan->dealers_len),
	    values, EPOCH_KEY_LEN, ret);
}

static enum err
write_new(const struct redistribute_plan *plan, size_t i,
    const uint8_t value[EPOCH_KEY_LEN], struct redistribute_new *ret)
{
	const struct epoch_seat *seat = &plan->to->seat[i];
	struct epoch_seats seats = {
		.threshold = plan->to->threshold, .len = plan->to->len,
	};
	struct age_recipient to[AGE_RECIPIENTS_MAX];
	struct share s;
	size_t count;

	memcpy(seats.charter_sha256, plan->new_charter_sha256, DIGEST_LEN);
	share_labels(plan->epoch, &seats, seat, &s);
	RETURN_IF(share_write(&s, value, &ret->share_text));
	RETURN_IF(epoch_seat_recipients(seat, to, &count));
	RETURN_IF(share_seal(to, count, bytes_buf(&ret->share_text),
	    &ret->file));
	memcpy(ret->line.seat, seat->name, strlen(seat->name) + 1);
	memcpy(ret->line.age, seat->age, strlen(seat->age) + 1);
	digest_sha256(bytes_buf(&ret->share_text), ret->line.share_sha256);
	return ERR_OK;
}

enum err
redistribute_receive(const struct redistribute_set *set,
    struct redistribute_new *ret, struct err_info *info)
{
	CLEANUP(redistribute_new_release) struct redistribute_new n = {
		.line = {.seat = ""},
	};
	SECRET_BYTES(value, EPOCH_KEY_LEN);

	RETURN_IF(redistribute_check_plan(set->plan, info));
	MUST_HOLD(set->seat < set->plan->to->len);
	RETURN_IF(add_up(set, value, info));
	RETURN_IF(write_new(set->plan, set->seat, value, &n));
	redistribute_new_release(ret);
	*ret = n;
	n = (struct redistribute_new){.line = {.seat = ""}};    /* moved */
	return ERR_OK;
}
