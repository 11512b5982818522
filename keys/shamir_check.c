/* keys/shamir_check.c - do the shares give the secret back? */
#include <string.h>

#include "core/secret.h"
#include "keys/shamir.h"

#define LEN_MAX 64

struct dealing {
	struct bytes xs, secret;
	const uint8_t *shares;
	unsigned threshold;
};

/* How many subsets of t there are, or more than SHAMIR_CHECK_ALL. */
static unsigned
count_subsets(size_t n, unsigned t)
{
	unsigned count = 1;

	for (unsigned i = 1; i <= t && count <= 1000000; i++)
		count = count * (unsigned)(n - t + i) / i;
	return count;
}

/* ${set} is a bit mask of the shares to combine. */
static enum err
check_subset(const struct dealing *d, unsigned set)
{
	SECRET_BYTES(shares, SHAMIR_SHARES_MAX * LEN_MAX);
	SECRET_BYTES(got, LEN_MAX);
	uint8_t xs[SHAMIR_SHARES_MAX];
	size_t len = d->secret.len, k = 0;

	for (size_t i = 0; i < d->xs.len; i++) {
		if (!(set & (1u << i)))
			continue;
		xs[k] = d->xs.data[i];
		memcpy(shares + k * len, d->shares + i * len, len);
		k++;
	}
	RETURN_IF(shamir_combine(bytes_of(xs, k), shares, len, got));
	if (!secret_bytes_equal(got, d->secret.data, len))
		return ERR_CRYPTO;
	return ERR_OK;
}

static enum err
check_all(const struct dealing *d)
{
	for (unsigned set = 0; set < 1u << d->xs.len; set++)
		if ((unsigned)__builtin_popcount(set) == d->threshold)
			RETURN_IF(check_subset(d, set));
	return ERR_OK;
}

static unsigned
random_subset(size_t n, unsigned t)
{
	unsigned set = 0;
	uint8_t pick;

	while ((unsigned)__builtin_popcount(set) < t) {
		secret_random(&pick, sizeof(pick));
		if (pick < 256 - 256 % n)
			set |= 1u << (pick % n);
	}
	return set;
}

enum err
shamir_check(struct bytes xs, unsigned threshold, const uint8_t *shares,
    struct bytes secret)
{
	const struct dealing d = {
		.xs = xs, .secret = secret, .shares = shares,
		.threshold = threshold,
	};

	if (threshold < 1 || threshold > xs.len ||
	    xs.len > SHAMIR_SHARES_MAX || secret.len < 1 ||
	    secret.len > LEN_MAX)
		return ERR_RANGE;
	if (count_subsets(xs.len, threshold) <= SHAMIR_CHECK_ALL)
		return check_all(&d);
	for (unsigned i = 0; i < threshold + 8; i++)
		RETURN_IF(check_subset(&d,
		    random_subset(xs.len, threshold)));
	return ERR_OK;
}
