/* SPDX-License-Identifier: BSD-2-Clause
 *
 * left_out.h: records that a key can not place, because they lack what it needs: counted, and told.
 */
#ifndef RA_TOOLS_QUERY_LEFT_OUT_H
#define RA_TOOLS_QUERY_LEFT_OUT_H

#include "format/base/buf.h"
#include "format/batch.h"

#include <stdbool.h>
#include <stdint.h>

struct left_out {
	uint64_t records, pkts, bytes;
	bool mixed; /* some were merged from records that differ in the field */
};

/* This row has no value of the field.  `again`: its record is counted already.  false: it is nothing to count (MAR). */
bool left_out_row(struct left_out *, const struct batch *, enum field, uint32_t row, bool again);
/* The same of n rows, none of which is counted already. */
void left_out_rows(struct left_out *, const struct batch *, enum field, const uint32_t *rows, uint32_t n);
/* Each side of the row is placed by its SPI: what a side without one sent, if it sent anything. */
bool left_out_sides(struct left_out *, const struct batch *, uint32_t row, bool again);
void left_out_join(struct left_out *, const struct left_out *);
/* "3 records (5 packets, 400 bytes)" */
void left_out_count(const struct left_out *, struct buf *);
/* The sentence: the rows in which they are not, "-m tunnel", and what to do instead. */
void left_out_text(const struct left_out *, enum field, const char *of, const char *instead, struct buf *);
/* The word of the field in a filter. */
const char *left_out_word(enum field);

#endif
