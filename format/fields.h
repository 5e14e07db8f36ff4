/* SPDX-License-Identifier: BSD-2-Clause
 *
 * fields.h: the fields of fields.def as numbers and as a run-time table, which is what everybody reads.
 */
#ifndef FORMAT_FIELDS_H
#define FORMAT_FIELDS_H

#include "format/base/bits.h"
#include "format/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum agg { AGG_NONE, AGG_KEY, AGG_SAME, AGG_SUM, AGG_MIN, AGG_MAX, AGG_OR, AGG_HIST, AGG_FIRST, AGG_LAST, AGG_TOP,
	AGG_COMP /* companion time of a FIRST, LAST or TOP field */ };

enum id_formula { ID_NONE, ID_FLOW = 1, ID_TUNNEL = 2 }; /* on disk: what an id follows from (ids.h) */

/* On disk: what a number is likely to be (formula.h). */
enum formula {
	FORMULA_NONE = 0,
	FORMULA_SINCE = 2,	  /* (a - b) / 1000; b is the a of the last row with the same c and d, if there is one */
	FORMULA_SQUARES = 3,	  /* a * a / (b, or b - 1 where c is odd) */
	FORMULA_SUM = 4,	  /* a + b */
	FORMULA_OTHER_OF_TWO = 5, /* c is 2: a - b; else b */
	FORMULA_RANGE_OF_TWO = 6, /* c is 2: a - b; else 0 */
	FORMULA_LESSER = 7,	  /* a or b, the lesser */
	FORMULA_MEANS = 8,	  /* the lesser of b and d, times a / b + c / d; 0 where one of them is 0 */
	FORMULAS
};
#define FORMULA_FIELDS 4 /* that one takes at most */

enum field {
#define FIELD(id, name, ...)        F_##name,
#define PAIR(id, name, ...)         F_s##name, F_d##name,
#define TWIN(id, s, d, ...)         F_##s, F_##d,
#define TIMED(id, tid, name, ...)   F_##name, F_##name##_t,
#define TPAIR(id, tid, name, ...)   F_s##name, F_d##name, F_s##name##_t, F_d##name##_t,
#include "format/fields.def"
	F_STORED, /* the number of stored fields; derived ones follow */
	F_BEFORE_DERIVED = F_STORED - 1,
#define DERIVED(name, ...) F_##name,
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
	uint16_t near;      /* a field whose values are often close to its own; F_NONE */
	uint16_t like[2];   /* F_x + 1 of the fields whose rows of the same values have often the same of it; 0 */
	uint8_t formula;    /* enum formula: what it is likely to be, by the fields of made[] */
	uint16_t made[FORMULA_FIELDS];
	uint8_t member;     /* enum member: the membership filter that has its values; MEMBERS: none */
	uint8_t ids;        /* enum id_formula: what it follows from; 0: nothing */
	uint8_t always;     /* every record has it */
	uint8_t scale;      /* HIST: enum hist_scale, what its buckets stand for */
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

static inline void
fieldset_remove(struct fieldset *s, enum field f)
{
	bit_clear(s->w, f);
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
bool field_is_rate(enum field); /* a sum divided by seconds: those of the bin, or of all that was asked (batch.h, `over`) */

enum field field_named(const char *, size_t n); /* names and aliases; F_NONE */
enum field field_with_id(uint16_t id);          /* F_NONE if this program does not know it */
unsigned name_distance(const char *, size_t n, const char *name); /* letters to change; 99: far */
const char *field_meant(const char *, size_t n); /* the field that is asked for by a word of others; NULL */
const char *field_nearest(const char *, size_t n); /* what is meant by the word elsewhere, else the name most like it of the
 * same side, for an error message */
/* Words that are no field name of their own: calls back (alias, name) for each ALIAS row. */
void field_aliases(void (*each)(void *, const char *alias, const char *name), void *arg);

#endif
