/* SPDX-License-Identifier: BSD-2-Clause
 *
 * codec.h: columns of values as bytes and back.  Pure: nothing here knows fields, files or compression.
 *
 * The bytes are those of pavo(5), "Encodings".  At most CODER_MAX values at a time.
 */
#ifndef FORMAT_CODEC_H
#define FORMAT_CODEC_H

#include "format/base/arena.h"
#include "format/base/buf.h"
#include "format/base/cursor.h"
#include "format/narrow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CODER_MAX 32768

enum coding { /* on disk */
	CODE_CONST = 0,
	CODE_PLAIN = 1,
	CODE_PACKED = 2,
	CODE_GROUPS = 3,
	CODE_DELTA = 4,
	CODE_VARINT = 5,
	CODE_SPARSE = 6,
	CODE_DICT = 7,
	CODE_DIFF = 8,
	CODE_BYTES = 9,
	CODE_UNITS = 10,
	CODE_INDEX = 16,
	CODE_BLOB = 24,
	CODE_BLOBDICT = 25,
	CODE_ID = 32,
	CODE_LIKE = 33,
	CODE_MADE = 34,
	CODE_NONE = 255,
};

/* Working memory of encoding and decoding; one per thread of work. */
struct coder;
struct coder *coder_new(void);
void coder_free(struct coder **);

/* What is best for n > 0 numbers, from counting and not from trying. */
struct plan {
	uint64_t min, max, unit, common; /* common: the value that is most likely the commonest */
	uint64_t bytes;                  /* expected size of `best` */
	enum coding best;
	enum coding alt; /* one in whole bytes, which LZ4 may make smaller; CODE_NONE: no hope */
	uint32_t distinct; /* CODE_DICT */
	uint32_t listed;   /* CODE_SPARSE: the coder knows the rows of other values, so many; 0: it has to look */
};
struct plan u64_plan(struct coder *, const uint64_t *v, uint32_t n);
/* In two steps.  All values are the same, or so many that nothing is smaller: the plan.  false: it is not so, and the
 * second one makes the rest of the plan; an encoding of more than `most` bytes is of no use, and a better one may be missed. */
bool u64_plan_easy(struct coder *, const uint64_t *v, uint32_t n, struct plan *);
void u64_plan_others(struct coder *, const uint64_t *v, uint32_t n, uint64_t most, struct plan *);
/* The least and the greatest of n > 0 numbers. */
void u64_span(const uint64_t *v, uint32_t n, uint64_t *min, uint64_t *max);
/* Append the body in this encoding; the plan is that of these values and the coder's last one. */
void u64_put(struct coder *, const struct plan *, enum coding, const uint64_t *v, uint32_t n, struct buf *);
/* Encode as planned, one byte of encoding before the body. */
void u64_put_nested(struct coder *, const struct plan *, enum coding, const uint64_t *v, uint32_t n, struct buf *);
/* false: the bytes are wrong or the encoding is not one of numbers. */
bool u64_get(struct coder *, enum coding, struct cursor *, uint64_t *v, uint32_t n);
bool u64_get_nested(struct coder *, struct cursor *, uint64_t *v, uint32_t n);
bool u64_knows(enum coding);
/* The same as u64_get_nested(), as wide as they need; what they point to lies in the arena. */
bool u64_get_narrow(struct coder *, enum coding, struct cursor *, uint32_t n, struct arena *, struct narrow *);
bool u64_get_narrow_nested(struct coder *, struct cursor *, uint32_t n, struct arena *, struct narrow *);
/* Of n of them only those at m ascending places.  Bytes that say nothing of these may be wrong. */
bool u64_pick(struct coder *, enum coding, struct cursor *, uint32_t n, const uint32_t *at, uint32_t m, struct arena *,
    uint64_t *v);
bool u64_pick_nested(struct coder *, struct cursor *, uint32_t n, const uint32_t *at, uint32_t m, struct arena *,
    uint64_t *v);

/* Sets of rows, as bitmaps (bits.h). */
enum set_kind { SET_BITMAP = 1, SET_MEMBERS = 2, SET_OTHERS = 3, SET_RUNS = 4, SET_GIVEN = 5 /* given.h */ };
enum set_kind set_put(const uint64_t *set, uint32_t rows, struct buf *);
/* `set` has BITS_WORDS(rows) words.  false: wrong bytes, bytes left over, or not `count` members. */
bool set_get(enum set_kind, struct cursor *, uint64_t *set, uint32_t rows, uint32_t count);

static inline uint64_t
zigzag(uint64_t x)
{
	return (x << 1 ^ (uint64_t)-(int64_t)(x >> 63));
}

static inline uint64_t
unzigzag(uint64_t z)
{
	return (z >> 1 ^ (uint64_t)-(int64_t)(z & 1));
}

#endif
