/* SPDX-License-Identifier: BSD-2-Clause
 *
 * gather.h: rows picked out of a batch, in any order, column by column.
 */
#ifndef RA_TOOLS_QUERY_GATHER_H
#define RA_TOOLS_QUERY_GATHER_H

#include "format/batch.h"

/* The numbers of the selected rows; rows[] has room for all. Returns how many. */
uint32_t rows_selected(const struct batch *, uint32_t *rows);
/* Append rows[0..n) of `from` to `to` (stored columns; blobs are copied).  `to` must have the room. */
void gather(struct batch *to, const struct batch *from, const uint32_t *rows, uint32_t n);

#endif
