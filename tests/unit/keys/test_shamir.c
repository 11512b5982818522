#include "tests/unit/keys/seats_test.h"

#include "keys/shamir.h"

/* The field by polynomials, branches and all: what ours is compared with. */
static uint8_t
naive_mul(uint8_t a, uint8_t b)
{
	unsigned product = 0;

	for (int i = 0; i < 8; i++)
		if (b & (1u << i))
			product ^= (unsigned)a << i;
	for (int i = 14; i >= 8; i--)
		if (product & (1u << i))
			product ^= 0x11bu << (i - 8);
	return (uint8_t)product;
}

static void
every_product_equals_the_naive_one(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++)
			if (shamir_mul((uint8_t)a, (uint8_t)b) !=
			    naive_mul((uint8_t)a, (uint8_t)b))
				fail_msg("%u * %u", a, b);
	/* FIPS 197 section 4.2. */
	assert_int_equal(shamir_mul(0x57, 0x83), 0xc1);
	assert_int_equal(shamir_mul(0x57, 0x13), 0xfe);
}

static void
every_inverse(void **state)
{
	(void)state;
	assert_int_equal(shamir_inv(0), 0);
	for (unsigned a = 1; a < 256; a++)
		assert_int_equal(naive_mul((uint8_t)a,
		    shamir_inv((uint8_t)a)), 1);
}

/* Gaussian elimination over the field: the polynomial's value at 0 without
 * Lagrange. */
static uint8_t
naive_at_zero(const uint8_t *xs, const uint8_t *ys, size_t n)
{
	uint8_t m[SHAMIR_SHARES_MAX][SHAMIR_SHARES_MAX + 1];

	for (size_t i = 0; i < n; i++) {
		m[i][0] = 1;
		for (size_t j = 1; j < n; j++)
			m[i][j] = naive_mul(m[i][j - 1], xs[i]);
		m[i][n] = ys[i];
	}
	for (size_t col = n; col-- > 0;) {      /* to lower rows, keep row 0 */
		size_t pivot = 0;
		uint8_t inv = 1;

		while (m[pivot][col] == 0)
			pivot++;
		assert_true(pivot <= col);
		for (size_t j = 0; j <= n; j++) {
			uint8_t t = m[pivot][j];

			m[pivot][j] = m[col][j];
			m[col][j] = t;
		}
		while (naive_mul(m[col][col], inv) != 1)
			inv++;
		for (size_t j = 0; j <= n; j++)
			m[col][j] = naive_mul(m[col][j], inv);
		for (size_t i = 0; i < col; i++)
			for (size_t j = 0; j <= n; j++)
				if (j != col)
					m[i][j] ^= naive_mul(m[i][col],
					    m[col][j]);
		for (size_t i = 0; i < col; i++)
			m[i][col] = 0;
	}
	return m[0][n];
}

/* Every subset of ${t} of ${n} shares gives the secret back. */
static void
check_subsets(const uint8_t *xs, unsigned n, unsigned t, size_t len)
{
	uint8_t secret[48], shares[SHAMIR_SHARES_MAX * 48], got[48];

	secret_random(secret, len);
	assert_ok(shamir_split(bytes_of(secret, len), t, bytes_of(xs, n),
	    shares));
	for (unsigned set = 0; set < 1u << n; set++) {
		uint8_t sub_x[SHAMIR_SHARES_MAX], sub_y[SHAMIR_SHARES_MAX * 48];
		uint8_t first[SHAMIR_SHARES_MAX];
		size_t k = 0;

		if ((unsigned)__builtin_popcount(set) != t)
			continue;
		for (unsigned i = 0; i < n; i++) {
			if (!(set & (1u << i)))
				continue;
			sub_x[k] = xs[i];
			first[k] = shares[i * len];
			memcpy(sub_y + k * len, shares + i * len, len);
			k++;
		}
		assert_ok(shamir_combine(bytes_of(sub_x, t), sub_y, len, got));
		assert_memory_equal(got, secret, len);
		assert_int_equal(naive_at_zero(sub_x, first, t), secret[0]);
	}
}

static void
every_subset_of_every_small_arrangement(void **state)
{
	static const uint8_t straight[] = {1, 2, 3, 4, 5, 6, 7};
	static const uint8_t odd[] = {255, 1, 128, 77, 2, 254, 19};

	(void)state;
	for (unsigned n = 1; n <= 7; n++)
		for (unsigned t = 1; t <= n; t++) {
			check_subsets(straight, n, t, 32);
			check_subsets(odd, n, t, 1 + t * 5);
		}
}

static void
sixteen_of_sixteen(void **state)
{
	uint8_t xs[SHAMIR_SHARES_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(xs); i++)
		xs[i] = (uint8_t)(255 - 16 * i);
	check_subsets(xs, 16, 16, 32);
	check_subsets(xs, 16, 1, 32);
	check_subsets(xs, 12, 6, 32);
}

/* With t-1 shares of a byte known, every one of the 256 secrets is still
 * possible, each by exactly one polynomial: for all sharings there are. */
static void
fewer_shares_leave_every_secret_possible(void **state)
{
	static const uint8_t xs[] = {3, 200};

	(void)state;
	/* t = 2: all pairs (secret, coefficient) give, for one share, each
	 * secret exactly once. */
	for (unsigned y = 0; y < 256; y++) {
		uint8_t seen[256] = {0};

		for (unsigned s = 0; s < 256; s++)
			for (unsigned c = 0; c < 256; c++)
				if ((s ^ naive_mul((uint8_t)c, xs[0])) == y)
					seen[s]++;
		for (unsigned s = 0; s < 256; s++)
			assert_int_equal(seen[s], 1);
	}
	/* t = 3: two shares fixed; whatever third share is put beside them,
	 * combining gives a bijection onto all 256 secrets. */
	for (unsigned round = 0; round < 16; round++) {
		const uint8_t x3[] = {3, 200, 7};
		uint8_t ys[3], got, seen[256] = {0};

		secret_random(ys, 2);
		for (unsigned y = 0; y < 256; y++) {
			ys[2] = (uint8_t)y;
			assert_ok(shamir_combine(bytes_of(x3, 3), ys, 1, &got));
			seen[got]++;
		}
		for (unsigned s = 0; s < 256; s++)
			assert_int_equal(seen[s], 1);
	}
}

/* Our own split, not only the mathematics: one share of a 2-of-2 splitting of
 * a fixed byte takes every value, evenly (chi-square, 255 degrees of freedom;
 * 400 is beyond 1 in 10^7). */
static void
one_share_says_nothing(void **state)
{
	static const uint8_t xs[] = {1, 2};
	uint8_t secret[256], shares[2 * sizeof(secret)];
	unsigned count[2][256] = {{0}};
	const unsigned rounds = 200;

	(void)state;
	for (unsigned value = 0; value < 2; value++) {
		double chi = 0, want = rounds;

		memset(secret, value == 0 ? 0x00 : 0xa5, sizeof(secret));
		for (unsigned i = 0; i < rounds; i++) {
			assert_ok(shamir_split(bytes_of(secret,
			    sizeof(secret)), 2, bytes_of(xs, 2), shares));
			for (size_t j = 0; j < sizeof(secret); j++)
				count[value][shares[j]]++;
		}
		for (unsigned b = 0; b < 256; b++) {
			double d = count[value][b] - want;

			chi += d * d / want;
		}
		assert_true(chi < 400.0);
	}
}

static void
a_share_of_one_is_the_secret(void **state)
{
	static const uint8_t xs[] = {9, 4, 1};
	uint8_t secret[32], shares[96];

	(void)state;
	secret_random(secret, sizeof(secret));
	assert_ok(shamir_split(bytes_of(secret, 32), 1, bytes_of(xs, 3),
	    shares));
	for (int i = 0; i < 3; i++)
		assert_memory_equal(shares + 32 * i, secret, 32);
}

static void
lambdas_of_known_points(void **state)
{
	static const uint8_t one[] = {77};
	uint8_t lambda[3], sum = 0;
	static const uint8_t xs[] = {1, 2, 3};

	(void)state;
	assert_ok(shamir_lambda(bytes_of(one, 1), lambda));
	assert_int_equal(lambda[0], 1);
	/* The constant polynomial: the coefficients add up to 1. */
	assert_ok(shamir_lambda(bytes_of(xs, 3), lambda));
	for (int i = 0; i < 3; i++)
		sum ^= lambda[i];
	assert_int_equal(sum, 1);
	/* Worked by hand: l1 = 2*3/(3*2) = 1. */
	assert_int_equal(lambda[0], 1);
}

/* Redistribution: y_i dealt anew, the pieces weighted with lambda. */
static void
subshares_make_new_shares(void **state)
{
	static const uint8_t old_x[] = {1, 3}, new_x[] = {1, 2, 3, 4, 9};
	uint8_t secret[32], y[64], sub[2][5 * 32], lambda[2], fresh[5 * 32],
	    three_x[3], three_y[96], got[32];

	(void)state;
	secret_random(secret, sizeof(secret));
	assert_ok(shamir_split(bytes_of(secret, 32), 2, bytes_of(old_x, 2), y));
	assert_ok(shamir_lambda(bytes_of(old_x, 2), lambda));
	memset(fresh, 0, sizeof(fresh));
	for (int i = 0; i < 2; i++) {
		assert_ok(shamir_split(bytes_of(y + 32 * i, 32), 3,
		    bytes_of(new_x, 5), sub[i]));
		for (size_t j = 0; j < sizeof(fresh); j++)
			fresh[j] ^= shamir_mul(lambda[i], sub[i][j]);
	}
	for (size_t a = 0; a < 5; a++)
		for (size_t b = a + 1; b < 5; b++)
			for (size_t c = b + 1; c < 5; c++) {
				const size_t at[] = {a, b, c};

				for (int i = 0; i < 3; i++) {
					three_x[i] = new_x[at[i]];
					memcpy(three_y + 32 * i,
					    fresh + 32 * at[i], 32);
				}
				assert_ok(shamir_combine(bytes_of(three_x, 3),
				    three_y, 32, got));
				assert_memory_equal(got, secret, 32);
			}
}

static void
what_is_refused(void **state)
{
	static const uint8_t xs[] = {1, 2, 3}, zero[] = {1, 0, 3},
	    twice[] = {5, 7, 5};
	uint8_t many[17], secret[4] = {1, 2, 3, 4}, out[17 * 4];
	struct bytes s = bytes_of(secret, 4);

	(void)state;
	for (uint8_t i = 0; i < sizeof(many); i++)
		many[i] = i + 1;
	assert_err(shamir_split(s, 0, bytes_of(xs, 3), out), ERR_RANGE);
	assert_err(shamir_split(s, 4, bytes_of(xs, 3), out), ERR_RANGE);
	assert_err(shamir_split(s, 1, bytes_of(xs, 0), out), ERR_RANGE);
	assert_err(shamir_split(s, 2, bytes_of(many, 17), out), ERR_RANGE);
	assert_err(shamir_split(s, 2, bytes_of(zero, 3), out), ERR_RANGE);
	assert_err(shamir_split(s, 2, bytes_of(twice, 3), out), ERR_DUPLICATE);
	assert_err(shamir_split(bytes_of(secret, 0), 2, bytes_of(xs, 3), out),
	    ERR_RANGE);
	assert_err(shamir_combine(bytes_of(twice, 3), secret, 1, out),
	    ERR_DUPLICATE);
	assert_err(shamir_combine(bytes_of(zero, 3), secret, 1, out),
	    ERR_RANGE);
	assert_err(shamir_lambda(bytes_of(xs, 0), out), ERR_RANGE);
	assert_ok(shamir_split(s, 16, bytes_of(many, 16), out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_product_equals_the_naive_one),
		cmocka_unit_test(every_inverse),
		cmocka_unit_test(every_subset_of_every_small_arrangement),
		cmocka_unit_test(sixteen_of_sixteen),
		cmocka_unit_test(fewer_shares_leave_every_secret_possible),
		cmocka_unit_test(one_share_says_nothing),
		cmocka_unit_test(a_share_of_one_is_the_secret),
		cmocka_unit_test(lambdas_of_known_points),
		cmocka_unit_test(subshares_make_new_shares),
		cmocka_unit_test(what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
