/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec_memory.h: what the files of codec.h share: working memory, sizes in bits and bytes, groups.
 */
#ifndef FORMAT_CODEC_MEMORY_H
#define FORMAT_CODEC_MEMORY_H

#include "format/base/vector.h"
#include "format/codec.h"

#include <endian.h>
#include <string.h>

#define GROUP 128
#define SLOTS 65536 /* of the hash of distinct values: twice CODER_MAX */
#define SMALL 65536 /* ranges for which a table of all values is the quicker dictionary */

struct pair {
	uint64_t v;
	uint32_t id;
};

struct group { /* the values of a group */
	uint64_t min, max;
};

struct coder {
	struct group group[CODER_MAX / GROUP];
	uint64_t multiplier; /* odd, secret: who is recorded chooses many of the values */
	uint64_t scaled[CODER_MAX]; /* a column less its minimum, in units */
	uint64_t distinct[CODER_MAX];
	struct pair sorted[CODER_MAX], spare[CODER_MAX];
	uint16_t id[CODER_MAX];     /* of each row's value in distinct[] */
	uint16_t rank[CODER_MAX];   /* of a distinct value among the sorted ones */
	union {
		uint8_t bytes[CODER_MAX + 8];
		uint16_t words[CODER_MAX + 8];
	} narrow; /* numbers of up to 16 bits on their way to be packed, and zeros behind them */
	uint32_t order[CODER_MAX];
	uint16_t slot[SLOTS];       /* id + 1, 0 = empty */
	uint8_t seen[SMALL + 8];    /* 1 for each value less the minimum that is there */
	uint16_t rank_of[SMALL];    /* of such a value among those seen */
	bool small;                 /* the last dictionary was made with these two */
};

/* The rows of other values than `common`, into order[]; their number; or `most` + 1 as soon as there are more. */
uint32_t list_others(struct coder *, const uint64_t *v, uint32_t n, uint64_t common, uint32_t most);

static inline unsigned
bits_of(uint64_t v)
{
	return (v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v));
}

static inline unsigned
bytes_of(uint64_t v)
{
	return (v == 0 ? 1 : (bits_of(v) + 7) / 8);
}

static inline unsigned
varint_size(uint64_t v)
{
	return ((bits_of(v | 1) * 9 + 64) >> 6); /* (bits + 6) / 7 for 1 to 64 */
}

static inline size_t
packed_size(uint32_t n, unsigned bits)
{
	return (((size_t)n * bits + 7) / 8);
}

static inline uint64_t
mask_of(unsigned bits)
{
	return (bits == 64 ? ~0ull : (1ull << bits) - 1);
}

static inline uint64_t
load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, 8);
	return (le64toh(w));
}

/* Numbers without a sign in the order of numbers with one, which is what vectors can compare. */
static inline int64_t
ordered(uint64_t v)
{
	return ((int64_t)(v ^ 1ull << 63));
}

static inline __attribute__((always_inline)) void
span_of_values(const uint64_t *v, uint32_t n, uint64_t *min, uint64_t *max)
{
	int64_t lo = ordered(v[0]), hi = lo;

	for (uint32_t i = 0; i < n; i++) {
		int64_t x = ordered(v[i]);

		lo = x < lo ? x : lo;
		hi = x > hi ? x : hi;
	}
	*min = (uint64_t)lo ^ 1ull << 63;
	*max = (uint64_t)hi ^ 1ull << 63;
}

#endif
