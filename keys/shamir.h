/* keys/shamir.h - Shamir's secret sharing over GF(2^8), byte by byte.
 *
 * The field is that of x^8+x^4+x^3+x+1; the secret is the value at 0.  Shares
 * and secrets are handled in constant time: no table is indexed by, and no
 * branch taken on, a secret byte.  The x coordinates are public.
 *
 * Share values and secrets are key bytes: callers keep them in struct secret,
 * a secret_pool or SECRET_BYTES.  Shares lie one behind the other, in the
 * order of their x.
 */
#ifndef AZUKARI_KEYS_SHAMIR_H
#define AZUKARI_KEYS_SHAMIR_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define SHAMIR_SHARES_MAX 16

/* Field arithmetic, constant time in both operands; the inverse of 0 is 0. */
uint8_t shamir_mul(uint8_t a, uint8_t b);
uint8_t shamir_inv(uint8_t a);

/* Split ${secret} into xs.len shares of secret.len bytes each, any
 * ${threshold} of which give it back.  Fresh uniform coefficients for every
 * byte.  ERR_RANGE (not 1 <= t <= n <= 16, an x of 0, an empty secret),
 * ERR_DUPLICATE (an x twice).  To deal a share value anew (redistribution) is
 * the same act with the share value as the secret. */
enum err shamir_split(struct bytes secret, unsigned threshold,
    struct bytes xs, uint8_t *ret_shares) MUST_USE;

/* Lagrange coefficients at 0 for the points ${xs}: xs.len bytes.  ERR_RANGE,
 * ERR_DUPLICATE as above. */
enum err shamir_lambda(struct bytes xs, uint8_t *ret_lambda) MUST_USE;

/* The value at 0 of the polynomial of degree below xs.len through the given
 * shares of ${len} bytes each.  Nothing here can tell whether the shares
 * belong together: commitments do (share.h).  ${ret} must not overlap. */
enum err shamir_combine(struct bytes xs, const uint8_t *shares, size_t len,
    uint8_t *ret) MUST_USE;

/* ERR_CRYPTO unless t-subsets of the shares give back ${secret} (of ${len}
 * bytes), compared in constant time: every subset where there are at most
 * SHAMIR_CHECK_ALL, else t + 8 random ones.  Done after every dealing, while
 * the secret is still there.  ERR_RANGE, ERR_DUPLICATE as shamir_split. */
#define SHAMIR_CHECK_ALL 120
enum err shamir_check(struct bytes xs, unsigned threshold,
    const uint8_t *shares, struct bytes secret) MUST_USE;

#endif
