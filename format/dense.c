/* SPDX-License-Identifier: BSD-2-Clause
 *
 * dense.c: from values to rows.  Test: test_dense.c.
 */
#include "format/dense.h"

#include "format/base/bits.h"

#include <string.h>

/* Rows of the word w. */
static uint32_t
rows_in(uint32_t rows, size_t w)
{
	return (rows - w * 64 < 64 ? rows - (uint32_t)w * 64 : 64);
}

static inline uint32_t
count(uint64_t bits)
{
	return (bits == ~0ull ? 64 : bits_of_word(bits));
}

static void
cells_of_numbers(const struct dense *d, uint32_t rows, uint64_t *to)
{
	uint64_t v[64];
	uint32_t at = 0;

	if (d->present == NULL) {
		narrow_widen(&d->num, 0, rows, to);
		return;
	}
	for (size_t w = 0; w < BITS_WORDS(rows); w++, to += 64) {
		uint64_t bits = d->present[w];
		uint32_t n = count(bits), i = 0;

		if (n == 64) {
			narrow_widen(&d->num, at, n, to);
		} else {
			memset(to, 0, rows_in(rows, w) * sizeof(*to));
			if (n > 0)
				narrow_widen(&d->num, at, n, v);
			for (; bits != 0; bits &= bits - 1)
				to[__builtin_ctzll(bits)] = v[i++];
		}
		at += n;
	}
}


static void
cells_of_addresses(const struct dense *d, uint32_t rows, struct ip *to)
{
	uint64_t v[64];
	uint32_t at = 0;

	for (size_t w = 0; w < BITS_WORDS(rows); w++, to += 64) {
		uint32_t m = rows_in(rows, w), n, i = 0;
		uint64_t bits = d->present != NULL ? d->present[w] : m == 64 ? ~0ull : (1ull << m) - 1;

		n = count(bits);
		narrow_widen(&d->num, at, n, v);
		at += n;
		if (n < m)
			memset(to, 0, m * sizeof(*to));
		if (n == m)
			for (; i < m; i++)
				to[i] = d->ip[v[i]];
		else
			for (; bits != 0; bits &= bits - 1)
				to[__builtin_ctzll(bits)] = d->ip[v[i++]];
	}
}

static void
cells_of_blobs(const struct dense *d, uint32_t rows, struct blob *to)
{
	uint64_t v[64];
	uint32_t at = 0;

	for (size_t w = 0; w < BITS_WORDS(rows); w++, to += 64) {
		uint32_t m = rows_in(rows, w), n, i = 0;
		uint64_t bits = d->present != NULL ? d->present[w] : m == 64 ? ~0ull : (1ull << m) - 1;

		n = count(bits);
		narrow_widen(&d->num, at, n, v);
		at += n;
		if (n < m)
			memset(to, 0, m * sizeof(*to));
		for (; bits != 0; bits &= bits - 1)
			to[__builtin_ctzll(bits)] = d->blob[v[i++]];
	}
}

void
dense_cells(const struct dense *d, uint32_t rows, void *cells)
{
	switch (d->store) {
	case STORE_IP:
		cells_of_addresses(d, rows, cells);
		break;
	case STORE_BLOB:
		cells_of_blobs(d, rows, cells);
		break;
	default:
		cells_of_numbers(d, rows, cells);
		break;
	}
}

void
dense_rows(const struct dense *d, uint32_t rows, uint64_t *present)
{
	if (d->present == NULL)
		bits_fill(present, rows);
	else
		memcpy(present, d->present, BITS_WORDS(rows) * 8);
}

/* Rows of another set than its own: each word of rows is laid out, and those of the set are taken. */
static void
of_others(const struct dense *d, uint32_t rows, const uint64_t *set, uint64_t first, uint64_t *to)
{
	uint64_t v[64], cell[64];
	uint32_t at = 0;

	for (size_t w = 0; w < BITS_WORDS(rows); w++) {
		uint32_t m = rows_in(rows, w), n, i = 0;
		uint64_t all = m == 64 ? ~0ull : (1ull << m) - 1, bits = d->present == NULL ? all : d->present[w];
		uint64_t ask = set == NULL ? all : set[w];

		n = count(bits);
		if (n == m || (ask & ~bits) == 0) { /* the usual case: all of them are there */
			narrow_widen(&d->num, at, n, v);
			if (n == m)
				for (; ask != 0; ask &= ask - 1)
					*to++ = first + v[__builtin_ctzll(ask)];
			else
				for (; bits != 0; bits &= bits - 1, i++)
					if ((ask & bits & -bits) != 0)
						*to++ = first + v[i];
			at += n;
			continue;
		}
		narrow_widen(&d->num, at, n, v);
		at += n;
		memset(cell, 0, sizeof(cell));
		for (; bits != 0; bits &= bits - 1)
			cell[__builtin_ctzll(bits)] = first + v[i++];
		for (; ask != 0; ask &= ask - 1)
			*to++ = cell[__builtin_ctzll(ask)];
	}
}

void
dense_of(const struct dense *d, uint32_t rows, const uint64_t *set, uint64_t *to)
{
	uint64_t first = d->store == STORE_IP;

	if (set != d->present) {
		of_others(d, rows, set, first, to);
		return;
	}
	narrow_widen(&d->num, 0, d->n, to);
	for (uint32_t i = 0; first != 0 && i < d->n; i++)
		to[i] += first;
}

/* n bits from the place `at`; n is 1 to 64. */
static inline uint64_t
bits_at(const uint64_t *w, uint32_t at, uint32_t n)
{
	uint64_t low = w[at / 64] >> at % 64;

	if (at % 64 + n > 64)
		low |= w[at / 64 + 1] << (64 - at % 64);
	return (n == 64 ? low : low & ((1ull << n) - 1));
}

void
dense_spread(const struct dense *d, uint32_t rows, const uint64_t *values, uint64_t *to)
{
	uint32_t at = 0;

	if (d->present == NULL) {
		memcpy(to, values, BITS_WORDS(rows) * 8);
		return;
	}
	for (size_t w = 0; w < BITS_WORDS(rows); w++) {
		uint64_t bits = d->present[w], yes, out = 0;
		uint32_t n = count(bits);

		if (n == 0) {
			to[w] = 0;
			continue;
		}
		yes = bits_at(values, at, n);
		at += n;
		if (n == 64 || yes == 0)
			out = yes;
		else if (yes == (1ull << n) - 1)
			out = bits;
		else
			for (; yes != 0; yes >>= 1, bits &= bits - 1)
				out |= yes & 1 ? bits & -bits : 0;
		to[w] = out;
	}
}

void
dense_places(const uint64_t *present, const uint32_t *row, uint32_t m, uint32_t *place)
{
	uint32_t at = 0;
	size_t w = 0;

	for (uint32_t i = 0; i < m; i++) {
		uint32_t r = row[i];

		if (present == NULL) {
			place[i] = r;
			continue;
		}
		for (; w < r / 64; w++)
			at += count(present[w]);
		place[i] = bit_get(present, r) ? at + count(present[w] & ((1ull << r % 64) - 1)) : UINT32_MAX;
	}
}
