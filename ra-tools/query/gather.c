/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gather.c: rows picked out of a batch.
 */
#include "ra-tools/query/gather.h"

#include <assert.h>
#include <string.h>

uint32_t
rows_selected(const struct batch *b, uint32_t *rows)
{
	uint32_t n = 0;

	if (b->sel == NULL) {
		for (uint32_t r = 0; r < b->rows; r++)
			rows[r] = r;
		return (b->rows);
	}
	for (size_t w = 0; w < BITS_WORDS(b->rows); w++)
		for (uint64_t bits = b->sel[w]; bits != 0; bits &= bits - 1)
			rows[n++] = (uint32_t)(w * 64 + (size_t)__builtin_ctzll(bits));
	return (n);
}

static bool
consecutive(const uint32_t *rows, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (rows[i] != rows[0] + i)
			return (false);
	return (true);
}

static void
gather_values(struct batch *to, struct column *out, const struct column *in, const uint32_t *rows,
	      uint32_t n, bool run)
{
	uint32_t at = to->rows;

	switch (in->store) {
	case STORE_U64:
	case STORE_I64:
	case STORE_REAL:
		if (run) {
			memcpy(out->u + at, in->u + rows[0], n * sizeof(*out->u));
			break;
		}
		for (uint32_t i = 0; i < n; i++)
			out->u[at + i] = in->u[rows[i]];
		break;
	case STORE_IP:
		for (uint32_t i = 0; i < n; i++)
			out->ip[at + i] = in->ip[rows[i]];
		break;
	case STORE_BLOB:
		for (uint32_t i = 0; i < n; i++) {
			struct blob v = in->b[rows[i]],
				    *last = at + i > 0 ? &out->b[at + i - 1] : NULL;

			/* the same name in row after row needs to lie there only once */
			if (last != NULL && last->n == v.n && v.n > 0 &&
			    memcmp(last->p, v.p, v.n) == 0)
				out->b[at + i] = *last;
			else
				out->b[at + i] =
				    (struct blob){ arena_copy(&to->arena, v.p, v.n), v.n };
		}
		break;
	}
}

static void
copy_bits(uint64_t *to, const uint64_t *from, uint32_t n)
{
	memcpy(to, from, n / 64 * sizeof(*to));
	if (n % 64 != 0)
		to[n / 64] = from[n / 64] & ((1ull << n % 64) - 1);
}

void
gather(struct batch *to, const struct batch *from, const uint32_t *rows, uint32_t n)
{
	uint32_t at = to->rows;
	bool run = consecutive(rows, n);

	assert(n <= to->cap - to->rows);
	to->filtered |= from->filtered;
	if (n == 0)
		return;
	for (enum field f = 0; f < F_STORED; f++) {
		const struct column *in = from->col[f];
		struct column *out;

		if (in == NULL)
			continue;
		out = batch_column(to, f);
		gather_values(to, out, in, rows, n, run);
		if (run && in->mixed == NULL && at % 64 == 0 && rows[0] % 64 == 0) {
			copy_bits(out->present + at / 64, in->present + rows[0] / 64, n);
			continue;
		}
		for (uint32_t i = 0; i < n; i++) {
			if (bit_get(in->present, rows[i]))
				bit_set(out->present, at + i);
			else if (column_mixed(in, rows[i]))
				column_set_mixed(to, out, at + i);
		}
	}
	to->rows += n;
}
