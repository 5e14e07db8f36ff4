/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hist.c: histograms as bytes and back, what buckets stand for, percentiles.
 */
#include "format/hist.h"

#include "format/base/buf.h"
#include "format/base/cursor.h"
#include "format/base/wide.h"

#include <string.h>

struct blob
hist_pack(const uint64_t count[static HIST_BUCKETS], struct arena *arena)
{
	struct buf b = { 0 };
	struct blob blob;
	int last = -1;

	for (int i = 0; i < HIST_BUCKETS; i++) {
		if (count[i] == 0)
			continue;
		buf_varint(&b, (uint64_t)(i - last - 1));
		buf_varint(&b, count[i]);
		last = i;
	}
	blob = (struct blob){ arena_copy(arena, b.p, b.len), (uint32_t)b.len };
	buf_free(&b);
	return (blob);
}

void
hist_unpack(struct blob blob, uint64_t count[static HIST_BUCKETS])
{
	struct cursor c = cur_new(blob.p, blob.n);
	uint64_t at = 0;

	memset(count, 0, HIST_BUCKETS * sizeof(count[0]));
	while (cur_left(&c) > 0) {
		uint64_t step = cur_varint(&c), n = cur_varint(&c);

		if (c.cut || step >= HIST_BUCKETS - at)
			return;
		count[at + step] = n;
		at += step + 1;
	}
}

unsigned
hist_bucket(enum hist_scale scale, uint64_t v)
{
	unsigned e = v == 0 ? 0 : 63 - (unsigned)__builtin_clzll(v), b;

	if (scale == HIST_OCTAVES)
		return (e);
	b = v < 4 ? (unsigned)v : 4 * (e - 1) + (unsigned)(v >> (e - 2) & 3);
	return (b < HIST_BUCKETS ? b : HIST_BUCKETS - 1);
}

uint64_t
hist_bound(enum hist_scale scale, unsigned b)
{
	unsigned shift;

	if (scale == HIST_OCTAVES)
		return (b >= 63 ? UINT64_MAX : (2ull << b) - 1);
	if (b < 4)
		return (b);
	shift = b / 4 - 1; /* of a quarter of 2^(shift + 2) */
	return (((4ull + b % 4 + 1) << shift) - 1);
}

uint64_t
hist_least(enum hist_scale scale, unsigned b)
{
	return (b == 0 ? 0 : hist_bound(scale, b - 1) + 1);
}

bool
hist_percentile(enum hist_scale scale, struct blob blob, unsigned percent, uint64_t *bound)
{
	uint64_t count[HIST_BUCKETS], all = 0, rank;
	unsigned b = 0;

	hist_unpack(blob, count);
	for (int i = 0; i < HIST_BUCKETS; i++)
		all = saturating_sum(all, count[i]);
	if (all == 0)
		return (false);
	rank = all / 100 * percent + (all % 100 * percent + 99) / 100;
	for (uint64_t seen = count[0]; seen < rank && b < HIST_BUCKETS - 1; seen = saturating_sum(seen, count[b]))
		b++;
	*bound = hist_bound(scale, b);
	return (true);
}
