/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_set.c: sets of rows as bytes and back, each in the smallest of four forms.  Test: test_codec.c.
 */
#include "format/codec_memory.h"

#include "format/base/bits.h"

#include <string.h>

/* What each kind would take, where it can be less than the bitmap: bitmap, members, others, runs. */
static void
set_costs(const uint64_t *set, uint32_t rows, uint64_t cost[5])
{
	uint32_t last[3] = { 0, 0, 0 }, count[3] = { 0, 0, 0 };
	uint64_t carry = 0;
	bool look[3];

	for (uint32_t at = 0; at < rows; at += 64) {
		uint64_t mask = rows - at < 64 ? (1ull << (rows - at)) - 1 : ~0ull, w = set[at / 64] & mask;

		count[0] += (uint32_t)__builtin_popcountll(w);
		count[2] += (uint32_t)__builtin_popcountll((w ^ (w << 1 | carry)) & mask);
		carry = w >> 63;
	}
	count[1] = rows - count[0];
	cost[SET_BITMAP] = (rows + 7) / 8;
	for (unsigned i = 0; i < 3; i++) {
		look[i] = count[i] < cost[SET_BITMAP]; /* each takes a byte at least */
		cost[SET_MEMBERS + i] = look[i] ? 0 : UINT64_MAX;
	}
	carry = 0;
	for (uint32_t at = 0; at < rows; at += 64) {
		uint64_t mask = rows - at < 64 ? (1ull << (rows - at)) - 1 : ~0ull, w = set[at / 64] & mask;
		const uint64_t word[3] = { w, ~w & mask, (w ^ (w << 1 | carry)) & mask };

		carry = w >> 63;
		for (unsigned i = 0; i < 3; i++) {
			for (uint64_t bits = look[i] ? word[i] : 0; bits != 0; bits &= bits - 1) {
				uint32_t r = at + (uint32_t)__builtin_ctzll(bits);

				cost[SET_MEMBERS + i] += varint_size(r - last[i]);
				last[i] = i == 2 ? r : r + 1;
			}
		}
	}
	if (look[2])
		cost[SET_RUNS] += varint_size(rows - last[2]);
}

static void
put_positions(const uint64_t *set, uint32_t rows, bool members, struct buf *out)
{
	uint32_t last = 0;

	for (uint32_t r = 0; r < rows; r++) {
		if (bit_get(set, r) != members)
			continue;
		buf_varint(out, r - last);
		last = r + 1;
	}
}

static void
put_runs(const uint64_t *set, uint32_t rows, struct buf *out)
{
	uint32_t start = 0;
	bool inside = false;

	for (uint32_t r = 0; r < rows; r++) {
		if (bit_get(set, r) == inside)
			continue;
		buf_varint(out, r - start);
		start = r;
		inside = !inside;
	}
	buf_varint(out, rows - start);
}

enum set_kind
set_put(const uint64_t *set, uint32_t rows, struct buf *out)
{
	enum set_kind kind = SET_BITMAP;
	uint64_t cost[5];

	set_costs(set, rows, cost);
	for (enum set_kind k = SET_MEMBERS; k <= SET_RUNS; k++)
		if (cost[k] < cost[kind])
			kind = k;
	switch (kind) {
	case SET_BITMAP:
		for (uint32_t i = 0; i < (rows + 7) / 8; i++)
			buf_u8(out, (uint8_t)(set[i / 8] >> 8 * (i % 8)));
		break;
	case SET_MEMBERS:
	case SET_OTHERS:
		put_positions(set, rows, kind == SET_MEMBERS, out);
		break;
	case SET_RUNS:
		put_runs(set, rows, out);
		break;
	}
	return (kind);
}

static bool
get_positions(struct cursor *c, uint64_t *set, uint32_t rows, uint32_t count)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t step = cur_varint(c);

		if (c->cut || step >= rows - at)
			return (false);
		at += step;
		bit_set(set, at++);
	}
	return (true);
}

static bool
get_runs(struct cursor *c, uint64_t *set, uint32_t rows)
{
	uint32_t at = 0;
	bool inside = false;

	while (at < rows) {
		uint64_t run = cur_varint(c);

		if (c->cut || run > rows - at || (run == 0 && at != 0))
			return (false);
		for (uint64_t i = 0; inside && i < run; i++)
			bit_set(set, at + i);
		at += (uint32_t)run;
		inside = !inside;
	}
	return (true);
}

bool
set_get(enum set_kind kind, struct cursor *c, uint64_t *set, uint32_t rows, uint32_t count)
{
	const uint8_t *p;
	bool good = false;

	if (count > rows)
		return (false);
	memset(set, 0, BITS_WORDS(rows) * 8);
	switch (kind) {
	case SET_BITMAP:
		if ((p = cur_bytes(c, (rows + 7) / 8)) == NULL)
			return (false);
		for (uint32_t i = 0; i < (rows + 7) / 8; i++)
			set[i / 8] |= (uint64_t)p[i] << 8 * (i % 8);
		good = rows % 64 == 0 || set[rows / 64] >> rows % 64 == 0;
		break;
	case SET_MEMBERS:
		good = get_positions(c, set, rows, count);
		break;
	case SET_OTHERS:
		good = get_positions(c, set, rows, rows - count);
		for (size_t i = 0; i < BITS_WORDS(rows); i++)
			set[i] = ~set[i];
		if (rows % 64 != 0)
			set[rows / 64] &= (1ull << rows % 64) - 1;
		break;
	case SET_RUNS:
		good = get_runs(c, set, rows);
		break;
	}
	return (good && cur_left(c) == 0 && bits_count(set, rows) == count);
}
