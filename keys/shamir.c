/* keys/shamir.c - secret sharing over GF(2^8), constant time. */
#include "keys/shamir.h"

#include <string.h>

#include "core/secret.h"

#define FIELD_POLY 0x1bu        /* x^8 + x^4 + x^3 + x + 1, without x^8 */

/* Shift and add; masks instead of branches, no tables: time and memory access
 * do not depend on the operands. */
uint8_t
shamir_mul(uint8_t a, uint8_t b)
{
	unsigned x = a, y = b, r = 0;

	for (int i = 0; i < 8; i++) {
		r ^= x & (0u - (y & 1u));
		y >>= 1;
		x = ((x << 1) ^ (FIELD_POLY & (0u - (x >> 7)))) & 0xffu;
	}
	return (uint8_t)r;
}

/* a^254: the product of a^2, a^4, ..., a^128. */
uint8_t
shamir_inv(uint8_t a)
{
	uint8_t power = shamir_mul(a, a), r = power;

	for (int i = 2; i < 8; i++) {
		power = shamir_mul(power, power);
		r = shamir_mul(r, power);
	}
	return r;
}

/* The x coordinates: public, 1 to 16 of them, not 0, distinct. */
static enum err
check_points(struct bytes xs)
{
	if (xs.len < 1 || xs.len > SHAMIR_SHARES_MAX)
		return ERR_RANGE;
	for (size_t i = 0; i < xs.len; i++) {
		if (xs.data[i] == 0)
			return ERR_RANGE;
		for (size_t j = 0; j < i; j++)
			if (xs.data[i] == xs.data[j])
				return ERR_DUPLICATE;
	}
	return ERR_OK;
}

/* Horner's rule; coefficient 0 is the secret byte. */
static uint8_t
eval(const uint8_t *coefficients, size_t count, uint8_t x)
{
	uint8_t y = 0;

	for (size_t i = count; i > 0; i--)
		y = shamir_mul(y, x) ^ coefficients[i - 1];
	return y;
}

/* So many shares, and not one fewer, give the secret. */
static unsigned
needed_shares(unsigned threshold)
{
#ifdef AZUKARI_MUTATION_SHARES
	(void)threshold;
	return 1;
#else
	return threshold;
#endif
}

enum err
shamir_split(struct bytes secret, unsigned threshold, struct bytes xs,
    uint8_t *ret_shares)
{
	SECRET_BYTES(coefficients, SHAMIR_SHARES_MAX);

	RETURN_IF(check_points(xs));
	if (threshold < 1 || threshold > xs.len || secret.len == 0)
		return ERR_RANGE;
	/* The highest coefficient may be 0: only then are fewer than t shares
	 * independent of the secret. */
	for (size_t byte = 0; byte < secret.len; byte++) {
		secret_random(coefficients, sizeof(coefficients));
		coefficients[0] = secret.data[byte];
		for (size_t i = 0; i < xs.len; i++)
			ret_shares[i * secret.len + byte] =
			    eval(coefficients, needed_shares(threshold),
			    xs.data[i]);
	}
	return ERR_OK;
}

/* The product over j != i of x_j / (x_j - x_i); minus is plus here. */
enum err
shamir_lambda(struct bytes xs, uint8_t *ret_lambda)
{
	RETURN_IF(check_points(xs));
	for (size_t i = 0; i < xs.len; i++) {
		uint8_t above = 1, below = 1;

		for (size_t j = 0; j < xs.len; j++) {
			if (j == i)
				continue;
			above = shamir_mul(above, xs.data[j]);
			below = shamir_mul(below, xs.data[j] ^ xs.data[i]);
		}
		ret_lambda[i] = shamir_mul(above, shamir_inv(below));
	}
	return ERR_OK;
}

enum err
shamir_combine(struct bytes xs, const uint8_t *shares, size_t len,
    uint8_t *ret)
{
	uint8_t lambda[SHAMIR_SHARES_MAX];

	RETURN_IF(shamir_lambda(xs, lambda));
	memset(ret, 0, len);
	for (size_t i = 0; i < xs.len; i++)
		for (size_t byte = 0; byte < len; byte++)
			ret[byte] ^= shamir_mul(lambda[i],
			    shares[i * len + byte]);
	return ERR_OK;
}
