/* SPDX-License-Identifier: BSD-2-Clause
 *
 * picture.h: what a tunnel did over time in so many columns, to be drawn: sums of the bins of a column, and the worst of them,
 * so that one bad bin in a month is there.  Nothing of a bin is kept.
 *
 *	struct picture p;
 *	picture_of(sla, tunnel, tunnel->from, tunnel->to, COLUMNS, &p);
 *	picture_free(&p);
 */
#ifndef RA_TOOLS_REPORT_PICTURE_H
#define RA_TOOLS_REPORT_PICTURE_H

#include "ra-tools/report/sla.h"

/* What a bin was, against what was promised: over a limit, where there is one of loss; else degraded, as sla.h says. */
enum picture_state {
	PICTURE_DOWN,
	PICTURE_OVER,
	PICTURE_DEGRADED,
	PICTURE_ONE_WAY,
	PICTURE_UP,
	PICTURE_IDLE,
	PICTURE_OFF, /* outside the hours of service */
	PICTURE_STATES
};

/* What happened in a bin, in either direction; a bit each. */
enum {
	PICTURE_OUTAGE = 1,
	PICTURE_IKE = 2,    /* requests without an answer */
	PICTURE_REPLAY = 4, /* packets outside a replay window of 64 */
	PICTURE_JUMP = 8,   /* numbers that the sender skipped */
	PICTURE_REKEY = 16,
	PICTURE_SUSPECT = 32
};
#define PICTURE_MARKS 6

struct place_dir {
	uint64_t bytes, pkts, uniq, late, early;
	int64_t net;
	double least, most; /* bit/s of a bin */
	double worst;	    /* % lost of the worst bin in which enough was expected; 0: none lost any */
	int64_t worst_at;   /* when that began */
	double late_most;   /* % late, of the bin with the most */
	bool sent;	    /* some packet, or a number known to be lost */
};

struct place { /* a column */
	int64_t state[PICTURE_STATES]; /* for how long, ns */
	unsigned marks;
	bool here, empty; /* there are bins with records, and without */
	struct place_dir d[2];
};

struct picture {
	int64_t from, to, bin; /* ns; the period, and the width of a bin */
	uint64_t each;	       /* bins a column */
	unsigned n, most;      /* columns; and at most, of which more make two one */
	unsigned slice;	       /* so many columns have their figures told together; n is a multiple of it */
	struct place *place;
};

#define PICTURE_SLICES 60 /* at most */

void picture_free(struct picture *);
/* Of a period that holds all bins of the tunnel. */
void picture_of(const struct sla *, const struct sla_tunnel *, int64_t from, int64_t to, unsigned most, struct picture *);
/* The sums and extremes of columns [from, to). */
struct place picture_sum(const struct picture *, unsigned from, unsigned to);

/* % lost; false: too few were expected, and lost, to say so. */
bool picture_loss(const struct sla_options *, uint64_t uniq, int64_t net, double *);

#endif
