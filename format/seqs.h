/* SPDX-License-Identifier: BSD-2-Clause
 *
 * seqs.h: reading a value of type SEQS (pavo(5), "Types"): which numbers of a carrier came in a bin.
 *
 *	struct seqs s = seqs_open(value, the record's SPI of that side);
 *	while (seqs_next(&s, &run)) ...
 */
#ifndef FORMAT_SEQS_H
#define FORMAT_SEQS_H

#include "format/base/cursor.h"
#include "format/value.h"

enum { SEQS_MORE = 1, SEQS_MARK = 2 };

struct seqs {
	bool more;        /* there were numbers that are not told; known before the first run, but for damage */
	bool marked;      /* the number `mark` of `mark_name` came `mark_ns` after the bin began */
	uint32_t mark_name;
	uint64_t mark, mark_ns;
	/* private */
	struct cursor c;
	uint32_t own, name;
	uint64_t left, last;
};

struct seqs_run {
	uint32_t name;
	uint64_t lo, hi;  /* lo <= hi */
};

struct seqs seqs_open(struct blob, uint32_t own);
bool seqs_next(struct seqs *, struct seqs_run *);

#endif
