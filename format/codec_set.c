/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_set.c: sets of rows as bytes and back, each in the smallest of four forms.  Test: test_codec.c.
 */
#include "format/codec_memory.h"

#include "format/base/bits.h"

#include <string.h>

/* Members, others and places where a run ends: how many. */
WIDE static void
count(const uint64_t *set, uint32_t rows, uint32_t n[3])
{
	uint64_t carry = 0;

	n[0] = n[2] = 0;
	for (uint32_t at = 0; at < rows; at += 64) {
		uint64_t mask = rows - at < 64 ? (1ull << (rows - at)) - 1 : ~0ull, w = set[at / 64] & mask;

		n[0] += (uint32_t)__builtin_popcountll(w);
		n[2] += (uint32_t)__builtin_popcountll((w ^ (w << 1 | carry)) & mask);
		carry = w >> 63;
	}
	n[1] = rows - n[0];
}

/* What each kind takes: a position is a byte, and one more wherever 128 rows are stepped over: half of the most that
 * can be. */
static enum set_kind
smallest(const uint64_t *set, uint32_t rows)
{
	static const enum set_kind of[3] = { SET_MEMBERS, SET_OTHERS, SET_RUNS };
	enum set_kind best = SET_BITMAP;
	uint32_t cost = (rows + 7) / 8, n[3];

	count(set, rows, n);
	for (unsigned i = 0; i < 3; i++) {
		uint32_t steps = rows / 256, c = n[i] + (n[i] < steps ? n[i] : steps);

		if (c < cost) {
			cost = c;
			best = of[i];
		}
	}
	return (best);
}

static void
put_bitmap(const uint64_t *set, uint32_t rows, struct buf *out)
{
	size_t words = BITS_WORDS(rows), size = (rows + 7) / 8;
	uint8_t *p = buf_room(out, words * 8);

	for (size_t i = 0; i < words; i++) {
		uint64_t le = htole64(set[i]);

		memcpy(p + 8 * i, &le, 8);
	}
	out->len += size;
}

/* The numbers of the rows at which a bit stands. */
static void
put_positions(const uint64_t *set, uint32_t rows, bool members, struct buf *out)
{
	uint32_t last = 0;

	for (uint32_t at = 0; at < rows; at += 64) {
		uint64_t mask = rows - at < 64 ? (1ull << (rows - at)) - 1 : ~0ull;

		for (uint64_t bits = (members ? set[at / 64] : ~set[at / 64]) & mask; bits != 0; bits &= bits - 1) {
			uint32_t r = at + (uint32_t)__builtin_ctzll(bits);

			buf_varint(out, r - last);
			last = r + 1;
		}
	}
}

static void
put_runs(const uint64_t *set, uint32_t rows, struct buf *out)
{
	uint32_t start = 0;
	uint64_t carry = 0;

	for (uint32_t at = 0; at < rows; at += 64) {
		uint64_t mask = rows - at < 64 ? (1ull << (rows - at)) - 1 : ~0ull, w = set[at / 64];

		for (uint64_t ends = (w ^ (w << 1 | carry)) & mask; ends != 0; ends &= ends - 1) {
			uint32_t r = at + (uint32_t)__builtin_ctzll(ends);

			buf_varint(out, r - start);
			start = r;
		}
		carry = w >> 63;
	}
	buf_varint(out, rows - start);
}

enum set_kind
set_put(const uint64_t *set, uint32_t rows, struct buf *out)
{
	enum set_kind kind = smallest(set, rows);

	switch (kind) {
	case SET_BITMAP:
		put_bitmap(set, rows, out);
		break;
	case SET_MEMBERS:
	case SET_OTHERS:
		put_positions(set, rows, kind == SET_MEMBERS, out);
		break;
	case SET_RUNS:
		put_runs(set, rows, out);
		break;
	case SET_GIVEN: /* given.c */
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
		memcpy(set, p, (rows + 7) / 8);
		for (size_t i = 0; i < BITS_WORDS(rows); i++)
			set[i] = le64toh(set[i]);
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
	case SET_GIVEN:
		break;
	}
	return (good && cur_left(c) == 0 && bits_count(set, rows) == count);
}
