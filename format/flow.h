/* SPDX-License-Identifier: BSD-2-Clause
 *
 * flow.h: what a flow record is.
 *
 * The fields come from fields.def; everybody but flow.c and the manual's generator reads the run-time table
 * fields[].  A value has three states (SEMANTICS 9): absent (never seen), present, and mixed (a
 * KEY or SAME field that differed among merged records).  absent o x = x, mixed o x = mixed.
 */
#ifndef FORMAT_FLOW_H
#define FORMAT_FLOW_H

#include "format/base/arena.h"
#include "format/base/bits.h"
#include "format/base/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- types */

enum store { STORE_U64, STORE_I64, STORE_REAL, STORE_IP, STORE_BLOB };

enum type {
#define TYPE(name, store, unit, doc) TYPE_##name,
#include "format/types.def"
	TYPE_COUNT_
};

struct blob { /* borrowed bytes; who hands it out says until when */
	const uint8_t *p;
	uint32_t n;
};

union value {
	uint64_t u;
	int64_t i;
	double r;
	struct ip ip;
	struct blob b;
};

struct type_info {
	const char *name, *unit, *doc;
	enum store store;
};
extern const struct type_info types[TYPE_COUNT_];

enum { /* the words of names.def that code needs */
#define WORD(type, number, word, doc) type##_##word = number,
#define FLAG(type, bit, word, doc) type##_##word = 1 << (bit),
#include "format/names.def"
};

struct name { /* a word of names.def */
	enum type type;
	bool flag; /* value is a bit, not a number */
	uint64_t value;
	const char *word, *doc;
};
extern const struct name names[]; /* ends with word == NULL */
const char *name_word(enum type, uint64_t value); /* of an enumeration; NULL if it has none */

/* --- fields */

enum agg { AGG_NONE, AGG_KEY, AGG_SAME, AGG_SUM, AGG_MIN, AGG_MAX, AGG_OR, AGG_HIST, AGG_FIRST, AGG_LAST, AGG_TOP,
	AGG_COMP /* companion time of a FIRST, LAST or TOP field */ };

enum field {
#define FIELD(id, name, ...)        F_##name,
#define PAIR(id, name, ...)         F_s##name, F_d##name,
#define TWIN(id, s, d, ...)         F_##s, F_##d,
#define TIMED(id, tid, name, ...)   F_##name, F_##name##_t,
#define TPAIR(id, tid, name, ...)   F_s##name, F_d##name, F_s##name##_t, F_d##name##_t,
#define DERIVED(...)
#define ALIAS(...)
#include "format/fields.def"
	F_STORED, /* the number of stored fields; derived ones follow */
	F_BEFORE_DERIVED = F_STORED - 1,
#define FIELD(...)
#define PAIR(...)
#define TWIN(...)
#define TIMED(...)
#define TPAIR(...)
#define DERIVED(name, ...) F_##name,
#define ALIAS(...)
#include "format/fields.def"
	F_COUNT,
	F_NONE = 0xffff,
};

struct field_info {
	const char *name, *label, *doc;
	uint16_t id; /* on disk; 0 = derived */
	uint8_t type, store, agg, width;
	uint16_t twin;      /* the field it changes places with; itself if none */
	uint16_t companion; /* FIRST, LAST, TOP: the field with its time; COMP: its main field; else F_NONE */
	const uint16_t *needs; /* derived: stored fields, ends with F_NONE; else NULL */
};
extern const struct field_info fields[F_COUNT];

struct fieldset {
	uint64_t w[BITS_WORDS(F_COUNT)];
};

static inline void
fieldset_add(struct fieldset *s, enum field f)
{
	bit_set(s->w, f);
}

static inline bool
fieldset_has(const struct fieldset *s, enum field f)
{
	return (bit_get(s->w, f));
}

void fieldset_union(struct fieldset *, const struct fieldset *);
/* f and what must be read for it: the needs of a derived field, bstart and the companion of a timed one. */
void fieldset_want(struct fieldset *, enum field f);
void fieldset_all(struct fieldset *); /* every stored field */

enum field field_named(const char *, size_t n); /* names and aliases; F_NONE */
enum field field_with_id(uint16_t id);          /* F_NONE if this program does not know it */
unsigned name_distance(const char *, size_t n, const char *name); /* letters to change; 99: far */
const char *field_nearest(const char *, size_t n); /* the name most like it, for an error message */
/* Words that are no field name of their own: calls back (alias, name) for each ALIAS row. */
void field_aliases(void (*each)(void *, const char *alias, const char *name), void *arg);

/* --- one record */

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
 * histograms) live in the arena. `from` must have the same orientation (flow_reverse). */
void flow_merge(struct flow *into, const struct flow *from, struct arena *);
/* Turn it round: exchange all twins, and what is sided within a value. New blobs live in the arena. */
void flow_reverse(struct flow *, struct arena *);
/* Is there a side within values of this type (history letters, sides, gaps)? Then how it turns. */
bool type_is_sided(enum type);
void value_reverse(enum type, union value *, struct arena *);

/* Merge values of one field whose companion times are given; used by flow_merge and the aggregator. */
struct cell { /* a value with its state; t = companion time for FIRST, LAST, TOP */
	union value v;
	int64_t t;
	bool present, mixed;
};
void cell_merge(enum field f, struct cell *into, const struct cell *from, struct arena *);
bool value_equal(enum store, const union value *, const union value *);
/* Total order within a type: <0, 0, >0. */
int value_cmp(enum store, const union value *, const union value *);

/* --- histograms (blobs): canonical form, buckets ascending, zero counts left out */
#define HIST_BUCKETS 128
struct blob hist_pack(const uint64_t count[static HIST_BUCKETS], struct arena *);
void hist_unpack(struct blob, uint64_t count[static HIST_BUCKETS]); /* bad bytes: what was good */

/* What the buckets of a HIST field stand for.  Octaves: bucket k holds 2^k to 2^(k+1) - 1 (0 in bucket 0).  Quarter
 * octaves: 0 to 3, then four buckets to each power of two, none wider than a quarter of its lower bound. */
enum hist_scale { HIST_OCTAVES, HIST_QUARTERS };
enum hist_scale hist_scale(enum field);
unsigned hist_bucket(enum hist_scale, uint64_t v); /* that v falls into; the last one if it is too large */
uint64_t hist_bound(enum hist_scale, unsigned bucket); /* the largest value that falls into it */
/* The bound of the bucket in which percent of the values lie or before it (nearest rank); false if it is empty. */
bool hist_percentile(enum hist_scale, struct blob, unsigned percent, uint64_t *bound);

#endif
