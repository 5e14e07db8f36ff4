/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cells.h: the cells of many rows, column by column: a value that comes again within some hundred rows is made text once.
 *
 *	cells_add(s, &form, b, row, n);
 *	for each row r and column i: s->cells->cell[i * SHEET_ROWS + r] says where it stands in s->held
 *	cells_clear(s);
 */
#ifndef RA_TOOLS_OUT_CELLS_H
#define RA_TOOLS_OUT_CELLS_H

#include "ra-tools/out/out.h"

#include <string.h>

#define CELLS_NEAR 32 /* bytes that are copied whether they are needed or not */

struct shown { /* of the bytes in sheet.held */
	uint32_t at, n, places;
};

/* How a format writes what is in a cell: each appends to sheet.held. */
struct cells_form {
	void (*value)(struct sheet *, unsigned i, const union value *); /* its text is in sheet.cell; NULL: as it is there */
	void (*absent)(struct sheet *, unsigned i);
	void (*mixed)(struct sheet *, unsigned i);
};

struct cells {
	uint32_t n;	    /* rows that wait */
	struct shown *cell; /* SHEET_ROWS of each column */
	struct shown *absent, *mixed; /* of each column */
	uint32_t round;
	struct memo *memo;
	struct second *second;
};

/* How many rows there is room for. */
static inline uint32_t
cells_left(const struct sheet *s)
{
	return (s->cells == NULL ? SHEET_ROWS : SHEET_ROWS - s->cells->n);
}

/* So many at most. */
void cells_add(struct sheet *, const struct cells_form *, const struct batch *, const uint32_t *row, uint32_t n);
/* Room for a line: the longest cell of each column, a byte behind each, and what is copied with the last one. */
size_t cells_line(const struct sheet *);
void cells_clear(struct sheet *);

/* Behind the last cell, and behind `to`, there are CELLS_NEAR bytes. */
static inline uint8_t *
cells_copy(uint8_t *to, const uint8_t *from, uint32_t n)
{
	if (n <= CELLS_NEAR)
		memcpy(to, from, CELLS_NEAR);
	else
		memcpy(to, from, n);
	return (to + n);
}

#endif
