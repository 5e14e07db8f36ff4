/* SPDX-License-Identifier: BSD-2-Clause
 *
 * value.h: what a value is: its type, how it is held, the words it may have, order, and which side is which.
 * As text: types.h.
 */
#ifndef FORMAT_VALUE_H
#define FORMAT_VALUE_H

#include "format/base/arena.h"
#include "format/base/ip.h"

#include <stdbool.h>
#include <stdint.h>

enum store { STORE_U64, STORE_I64, STORE_REAL, STORE_IP, STORE_BLOB };

/* What may be asked of a type's values. */
enum family {
	FAMILY_MEASURE, /* how much: has order, differences and rates */
	FAMILY_REAL,	/* the same, with a fraction */
	FAMILY_NUMBER,	/* has order */
	FAMILY_ADDRESS, /* has order, and prefixes */
	FAMILY_WORDS,	/* equal or not */
	FAMILY_FLAGS,	/* named bits */
	FAMILY_BIT,	/* bits by their numbers */
	FAMILY_TEXT,
};

enum type {
#define TYPE(name, ...) TYPE_##name,
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
	enum family family;
	uint8_t bytes; /* that all its values fit in; of texts: of a hash */
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

bool value_equal(enum store, const union value *, const union value *);
/* Total order within a type: <0, 0, >0. */
int value_cmp(enum store, const union value *, const union value *);

/* Is there a side within values of this type (history letters, sides, gaps)? Then how it turns. */
bool type_is_sided(enum type);
void value_reverse(enum type, union value *, struct arena *); /* new blobs live in the arena */

#endif
