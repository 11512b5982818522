/* keys/share_combine.c - from checked shares to the epoch's key. */
#include <string.h>

#include "keys/share.h"

/* Points collected from checked shares; ${values} is the caller's. */
struct points {
	uint8_t xs[EPOCH_SEATS_MAX];
	char seats[EPOCH_SEATS_MAX][NAMES_WORD_MAX + 1];
	uint8_t *values;
	size_t len;
};

static enum err
add(struct points *p, const struct share_set *set, struct bytes text,
    struct err_info *info)
{
	struct share s;

	RETURN_IF(share_parse(text, &s, p->values + p->len * EPOCH_KEY_LEN,
	    info));
	RETURN_IF(share_check(&s, set->epoch, set->in_force, info));
	for (size_t i = 0; i < p->len; i++)
		if (s.x == p->xs[i] || strcmp(s.seat, p->seats[i]) == 0)
			return err_at(info, ERR_DUPLICATE, 0,
			    "the share of seat %s is there twice", s.seat);
	p->xs[p->len] = s.x;
	memcpy(p->seats[p->len], s.seat, sizeof(s.seat));
	p->len++;
	return ERR_OK;
}

enum err
share_combine_into(const struct share_set *set,
    uint8_t ret_ek[EPOCH_KEY_LEN], struct err_info *info)
{
	SECRET_BYTES(values, EPOCH_SEATS_MAX * EPOCH_KEY_LEN);
	SECRET_BYTES(ek, EPOCH_KEY_LEN);
	struct points p = {.values = values};
	unsigned threshold = set->in_force != NULL ?
	    set->in_force->threshold : set->epoch->dealt.threshold;

	if (set->len > EPOCH_SEATS_MAX)
		return err_at(info, ERR_LIMIT, 0, "more shares than seats");
	for (size_t i = 0; i < set->len; i++)
		RETURN_IF(add(&p, set, set->texts[i], info));
	if (p.len < threshold)
		return err_at(info, ERR_THRESHOLD, 0,
		    "%zu shares where %u are needed", p.len, threshold);
	RETURN_IF(shamir_combine(bytes_of(p.xs, threshold), values,
	    EPOCH_KEY_LEN, ek));
	if (epoch_check_key(set->epoch, ek) != ERR_OK)
		return err_at(info, ERR_SHARE, 0, "the shares hold, but do "
		    "not give the key that epoch.txt commits to");
	memcpy(ret_ek, ek, EPOCH_KEY_LEN);
	return ERR_OK;
}

enum err
share_combine(const struct share_set *set, struct secret **ret_ek,
    struct err_info *info)
{
	CLEANUP(secret_cleanup) struct secret *ek = NULL;

	RETURN_IF(secret_new(EPOCH_KEY_LEN, &ek));
	RETURN_IF(share_combine_into(set, secret_bytes_mut(ek), info));
	*ret_ek = TAKE(ek);
	return ERR_OK;
}
