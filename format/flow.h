/* SPDX-License-Identifier: BSD-2-Clause
 *
 * flow.h: what a flow record is.
 *
 * A value has three states (SEMANTICS 9): absent (never seen), present, and mixed (a KEY or SAME field that
 * differed among merged records).  absent o x = x, mixed o x = mixed.
 */
#ifndef FORMAT_FLOW_H
#define FORMAT_FLOW_H

#include "format/base/arena.h"
#include "format/base/bits.h"
#include "format/fields.h"
#include "format/hist.h"
#include "format/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow {
	uint64_t present[BITS_WORDS(F_STORED)];
	uint64_t mixed[BITS_WORDS(F_STORED)];
	union value v[F_STORED];
};

/* SET(f, spkts, 3): value and bit.  The struct is wide: clear it with flow_clear(), which touches the bits only. */
#define SET(f, field, value) \
	((f)->v[F_##field].u = (uint64_t)(value), bit_set((f)->present, F_##field))
#define SET_IP(f, field, value) ((f)->v[F_##field].ip = (value), bit_set((f)->present, F_##field))
#define SET_BLOB(f, field, bytes, len) \
	((f)->v[F_##field].b = (struct blob){ (const uint8_t *)(bytes), (uint32_t)(len) }, \
	    bit_set((f)->present, F_##field))
#define HAS_FIELD(f, field) bit_get((f)->present, F_##field)

static inline void
flow_clear(struct flow *f)
{
	for (size_t i = 0; i < BITS_WORDS(F_STORED); i++)
		f->present[i] = f->mixed[i] = 0;
}

/* into o= from.  The reference of what merging means: associative and commutative.  New blobs (merged
 * histograms) live in the arena. `from` must have the same orientation (flow_reverse).  The programs merge
 * columns; the tests hold them to this and to flow_reverse(). */
void flow_merge(struct flow *into, const struct flow *from, struct arena *);
/* Turn it round: exchange all twins, and what is sided within a value. New blobs live in the arena. */
void flow_reverse(struct flow *, struct arena *);

/* Merge values of one field whose companion times are given; used by flow_merge and the aggregator. */
struct cell { /* a value with its state; t = companion time for FIRST, LAST, TOP */
	union value v;
	int64_t t;
	bool present, mixed;
};
void cell_merge(enum field f, struct cell *into, const struct cell *from, struct arena *);

#endif
