/* keys/redistribute_text.c - azukari-subshare v1, written and read. */
#include <stdio.h>
#include <string.h>

#include "keys/epoch_internal.h"
#include "keys/redistribute_internal.h"

#define DEALERS_MAX (EPOCH_SEATS_MAX * 4 + 1)

static const char *const subshare_keys[] = {
	"owner", "epoch", "epoch-sha256", "old-charter-sha256",
	"new-charter-sha256", "from-seat", "from-x", "dealers", "seat", "x",
	"threshold", "seats", "subshare", NULL,
};
static const struct text_schema subshare_schema = {
	.kind = "subshare", .keys = subshare_keys,
};

const struct epoch_seats *
redistribute_old(const struct redistribute_plan *plan)
{
	return plan->in_force != NULL ? plan->in_force : &plan->epoch->dealt;
}

enum err
redistribute_check_plan(const struct redistribute_plan *plan,
    struct err_info *info)
{
	RETURN_IF(epoch_roster_check(plan->to, info));
	if (plan->dealers_len != redistribute_old(plan)->threshold)
		return err_at(info, ERR_RANGE, 0,
		    "dealers: must be as many as the old threshold");
	for (size_t i = 0; i < plan->dealers_len; i++) {
		uint8_t last = i == 0 ? 0 : plan->dealers[i - 1];

		if (plan->dealers[i] == last && i > 0)
			return err_at(info, ERR_DUPLICATE, 0,
			    "dealers: one is there twice");
		if (plan->dealers[i] <= last)
			return err_at(info, ERR_RANGE, 0,
			    "dealers: must ascend, from 1 on");
	}
	return ERR_OK;
}

static void
format_dealers(const struct redistribute_plan *plan, char ret[DEALERS_MAX])
{
	size_t at = 0;

	for (size_t i = 0; i < plan->dealers_len; i++)
		at += (size_t)snprintf(ret + at, DEALERS_MAX - at, "%s%u",
		    i == 0 ? "" : " ", plan->dealers[i]);
}

static void
put_plan(struct text_writer *w, const struct redistribute_plan *plan)
{
	text_put(w, "owner", plan->epoch->facts.owner);
	text_put_hex(w, "epoch", plan->epoch->facts.id, EPOCH_ID_LEN);
	text_put_hex(w, "epoch-sha256", plan->epoch->sha256, DIGEST_LEN);
	text_put_hex(w, "old-charter-sha256",
	    redistribute_old(plan)->charter_sha256, DIGEST_LEN);
	text_put_hex(w, "new-charter-sha256", plan->new_charter_sha256,
	    DIGEST_LEN);
}

enum err
redistribute_text_write(const struct redistribute_plan *plan,
    const struct redistribute_label *label,
    const uint8_t value[EPOCH_KEY_LEN], struct buf *out)
{
	char dealers[DEALERS_MAX];
	struct text_writer w;

	format_dealers(plan, dealers);
	text_begin(&w, &subshare_schema, out);
	put_plan(&w, plan);
	text_put(&w, "from-seat", label->from_seat);
	text_put_uint(&w, "from-x", label->from_x);
	text_put(&w, "dealers", dealers);
	text_put(&w, "seat", label->seat);
	text_put_uint(&w, "x", label->x);
	text_put_uint(&w, "threshold", plan->to->threshold);
	text_put_uint(&w, "seats", plan->to->len);
	text_put_hex(&w, "subshare", value, EPOCH_KEY_LEN);
	return text_end(&w, NULL);
}

/* ---- reading ---- */

/* ERR_MISMATCH unless ${key} is the hex of ${want}. */
static enum err
need_hex(const struct text *t, const char *key, const uint8_t *want,
    size_t len, struct err_info *info)
{
	uint8_t got[DIGEST_LEN];

	RETURN_IF(text_get_hex(t, key, got, len, info));
	if (memcmp(got, want, len) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "the subshare of dealer %s is of another %s",
		    text_get(t, "from-seat"), key);
	return ERR_OK;
}

static enum err
need(const struct text *t, const char *key, const char *want,
    struct err_info *info)
{
	if (strcmp(text_get(t, key), want) != 0)
		return err_at(info, ERR_MISMATCH, 0,
		    "the subshare of dealer %s is for other %s",
		    text_get(t, "from-seat"), key);
	return ERR_OK;
}

static enum err
need_plan(const struct text *t, const struct redistribute_plan *plan,
    struct err_info *info)
{
	char dealers[DEALERS_MAX];

	RETURN_IF(need(t, "owner", plan->epoch->facts.owner, info));
	RETURN_IF(need_hex(t, "epoch", plan->epoch->facts.id, EPOCH_ID_LEN,
	    info));
	RETURN_IF(need_hex(t, "epoch-sha256", plan->epoch->sha256,
	    DIGEST_LEN, info));
	RETURN_IF(need_hex(t, "old-charter-sha256",
	    redistribute_old(plan)->charter_sha256, DIGEST_LEN, info));
	RETURN_IF(need_hex(t, "new-charter-sha256", plan->new_charter_sha256,
	    DIGEST_LEN, info));
	format_dealers(plan, dealers);
	return need(t, "dealers", dealers, info);
}

static enum err
need_counts(const struct text *t, const struct redistribute_plan *plan,
    struct err_info *info)
{
	unsigned threshold;
	size_t seats;

	RETURN_IF(epoch_seats_get_counts(t, &threshold, &seats, info));
	if (threshold != plan->to->threshold || seats != plan->to->len)
		return err_at(info, ERR_MISMATCH, 0,
		    "the subshare of dealer %s is for another threshold or "
		    "number of seats", text_get(t, "from-seat"));
	return ERR_OK;
}

static enum err
get_label(const struct text *t, struct redistribute_label *ret,
    struct err_info *info)
{
	uint64_t x;

	RETURN_IF(epoch_head_word(t, "from-seat", ret->from_seat, info));
	RETURN_IF(epoch_head_word(t, "seat", ret->seat, info));
	RETURN_IF(text_get_uint(t, "from-x", 1, 255, &x, info));
	ret->from_x = (uint8_t)x;
	RETURN_IF(text_get_uint(t, "x", 1, 255, &x, info));
	ret->x = (uint8_t)x;
	return ERR_OK;
}

enum err
redistribute_text_parse(struct bytes text,
    const struct redistribute_plan *plan, struct redistribute_label *ret,
    uint8_t ret_value[EPOCH_KEY_LEN], struct err_info *info)
{
	CLEANUP(text_cleanup) struct text *t = NULL;
	SECRET_BYTES(value, EPOCH_KEY_LEN);
	struct redistribute_label label = {.x = 0};

	if (text.len > SHARE_TEXT_MAX)
		return err_at(info, ERR_LIMIT, 0, "a subshare is shorter");
	RETURN_IF(text_parse(text, &subshare_schema, &t, info));
	RETURN_IF(get_label(t, &label, info));
	RETURN_IF(need_plan(t, plan, info));
	RETURN_IF(need_counts(t, plan, info));
	RETURN_IF(text_get_hex(t, "subshare", value, EPOCH_KEY_LEN, info));
	memcpy(ret_value, value, EPOCH_KEY_LEN);
	*ret = label;
	return ERR_OK;
}
