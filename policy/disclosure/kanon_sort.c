/* policy/disclosure/kanon_sort.c - rows by respondent, in place.
 *
 * Radix exchange by bytes, highest first; short runs by insertion.  No memory
 * of its own, and its time does not depend on the order of the rows.
 */
#include "policy/disclosure/kanon_internal.h"

#define SHORT_RUN 32

static uint64_t
key_of(const struct kanon_row *r)
{
	return (uint64_t)r->respondent << 32 | r->tuple;
}

static void
insertion_sort(struct kanon_row *rows, size_t len)
{
	struct kanon_row row;
	size_t i, j;

	for (i = 1; i < len; i++) {
		row = rows[i];
		for (j = i; j > 0 && key_of(&rows[j - 1]) > key_of(&row); j--)
			rows[j] = rows[j - 1];
		rows[j] = row;
	}
}

static unsigned
byte_at(const struct kanon_row *r, unsigned shift)
{
	return (unsigned)(key_of(r) >> shift) & 255;
}

/* Puts every row into its bucket by swapping; ${ends} become the ends. */
static void
exchange(struct kanon_row *rows, size_t len, unsigned shift,
    size_t ends[256])
{
	size_t heads[256], i, total = 0;
	struct kanon_row row, other;
	unsigned b, to;

	for (b = 0; b < 256; b++)
		ends[b] = 0;
	for (i = 0; i < len; i++)
		ends[byte_at(&rows[i], shift)]++;
	for (b = 0; b < 256; b++) {
		heads[b] = total;
		total += ends[b];
		ends[b] = total;
	}
	for (b = 0; b < 256; b++) {
		while (heads[b] < ends[b]) {
			row = rows[heads[b]];
			while ((to = byte_at(&row, shift)) != b) {
				other = rows[heads[to]];
				rows[heads[to]++] = row;
				row = other;
			}
			rows[heads[b]++] = row;
		}
	}
}

static void
sort_from(struct kanon_row *rows, size_t len, unsigned shift)
{
	size_t ends[256], start = 0;
	unsigned b;

	if (len <= SHORT_RUN) {
		insertion_sort(rows, len);
		return;
	}
	exchange(rows, len, shift, ends);
	for (b = 0; shift > 0 && b < 256; b++) {
		if (ends[b] - start > 1)
			sort_from(rows + start, ends[b] - start, shift - 8);
		start = ends[b];
	}
}

void
kanon_sort(struct kanon_row *rows, size_t len)
{
	sort_from(rows, len, 56);
}
