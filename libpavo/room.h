/* SPDX-License-Identifier: BSD-2-Clause
 *
 * room.h: a reader, for the files of this room.
 */
#ifndef LIBPAVO_ROOM_H
#define LIBPAVO_ROOM_H

#include "libpavo/pavo.h"

#include "ra-tools/query/choice.h"
#include "ra-tools/query/scan.h"

/* What others may call; all else is hidden (-fvisibility=hidden), and pavo.map gives it its version. */
#define PUBLIC __attribute__((visibility("default")))

#define SENTENCE 1024 /* bytes of what is wrong; longer ones are cut */

struct pavo {
	struct source *source;
	struct filter *filter; /* NULL: none */
	struct choice choice;
	struct fieldset want, first;
	struct scan *scan; /* NULL: nothing was read yet */

	unsigned n; /* fields */
	struct pavo_field *field;
	struct made *made; /* their columns, as they are handed out */
	struct pavo_column *column;
	struct pavo_batch batch;
	uint32_t *row; /* of a batch's rows those that are selected */

	struct pavo_value *value; /* pavo_row(): its cells */
	size_t at;		  /* and the next one's place in the batch */

	bool ended;
	bool broken; /* by a lack of memory: nothing in here is whole */
	char error[SENTENCE], note[SENTENCE];
};

/* A column's own memory, used where a batch's can not be handed out as it is. */
struct made {
	enum field field;
	void *cells;
	size_t room; /* bytes of cells */
	uint64_t *offset;
	uint8_t *state;
};

/* cells.c */
void cells_field(struct pavo_field *, enum field);
void cells_new(struct pavo *);	/* of its fields */
void cells_free(struct pavo *);
void cells_fill(struct pavo *, struct batch *); /* the selected rows, into p->batch */

/* Does the work; false: it was given up, and `why` has the sentence.  What it held then is lost. */
bool within(void (*work)(void *), void *arg, char *why, size_t size);

#endif
