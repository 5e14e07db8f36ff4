/* SPDX-License-Identifier: BSD-2-Clause
 *
 * types.h: values as text and back, by type.
 */
#ifndef FORMAT_TYPES_H
#define FORMAT_TYPES_H

#include "format/base/buf.h"
#include "format/base/clock.h"
#include "format/flow.h"

struct text_options { /* how people and scripts want values; {0} plus digits = 6 is the default */
	unsigned digits;      /* of fractions of times and durations (-p) */
	bool epoch;           /* -u: times as seconds since 1970 */
	enum clock_zone zone; /* --tz */
	bool proto_numbers;   /* -nn */
	bool load;	      /* for programs: times by ISO 8601, no blanks around, and what is there and empty is empty, not "." */
};

/* Append the value as text: no padding, no quotes.  `prefix`: for IP, print /prefix when it is not -1. */
void value_print(struct buf *, enum type, const union value *, const struct text_options *, int prefix);
/* What a value is in JSON.  ID and HEX32 are strings. */
enum json_form {
	JSON_NUMBER,
	JSON_TEXT,
	JSON_LIST,   /* of what stands between the commas of its text */
	JSON_BUCKETS /* of a histogram, with their limits */
};
enum json_form type_json(enum type);
bool type_is_number(enum type); /* JSON_NUMBER */
const char *type_unit(enum type); /* of values as people see them: durations are seconds, times have none; "": none */
/* Parse a value as a filter writes it: units (1k 1M 10ms 5s 1%), addresses, times, words, 0x numbers.
 * `now` for relative times.  false: *why is a constant phrase of what was expected ("a number", "a time"). */
bool value_parse(enum type, const char *, size_t n, int64_t now, enum clock_zone, union value *,
    const char **why);
/* Protocol number of "tcp", "arp", "47", "0x88cc", ...; -1 if it is none. */
int proto_named(const char *, size_t n);

#endif
