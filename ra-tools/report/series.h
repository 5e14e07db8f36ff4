/* SPDX-License-Identifier: BSD-2-Clause
 *
 * series.h: what a few fields were in each bin, for each key: what a graph is drawn of.
 *
 *	s = series_new(fields, sums, memory);
 *	series_bin(s, start, end); series_put(s, key, field, value) ... in order of time
 *	series_rank(s, 8);
 */
#ifndef RA_TOOLS_REPORT_SERIES_H
#define RA_TOOLS_REPORT_SERIES_H

#include "format/base/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIES_FIELDS 8

struct series_line { /* of one key and field */
	struct series_point {
		uint32_t bin;
		double v;
	} *p; /* in order of bins; where there is none, there was nothing */
	size_t n, cap;
	double sum, most;
	uint32_t most_bin;
};

struct series_key {
	char *name;
	struct series_line line[SERIES_FIELDS];
};

struct series {
	unsigned fields;
	bool sums[SERIES_FIELDS]; /* values of several keys add up: the rest of them is one more */
	int64_t *start, *end;	  /* of bins, ns */
	size_t bins;
	struct series_key *key; /* after series_rank() the greatest first, by the first field; then the rest, if there is one */
	size_t keys;
	size_t others; /* keys in the rest, or not shown */
	uint64_t memory, taken;
	struct map names; /* of keys, to their numbers before series_rank() */
};

struct series *series_new(unsigned fields, const bool sums[], uint64_t memory);
void series_free(struct series **);
/* The bin that the next values are of. */
void series_bin(struct series *, int64_t start, int64_t end);
/* false: there are more values than memory has room for. */
bool series_put(struct series *, const char *key, unsigned field, double v);
/* Keep so many keys; where values add up, the others become one, called "other". */
void series_rank(struct series *, size_t keep);

#endif
