/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conserve.h: is every captured frame accounted for (SEMANTICS R7)?
 */
#ifndef RA_TOOLS_REPORT_CONSERVE_H
#define RA_TOOLS_REPORT_CONSERVE_H

#include "format/batch.h"

/* The counters of MAR records, in the order of TOOLS detail 3: frames, then where they went, in pairs of
 * frames and bytes; `cut` is a part of what is in flows. */
enum {
	MAR_FRAMES,
	MAR_FRAMEBYTES,
	MAR_SHORT,
	MAR_SHORTBYTES,
	MAR_BADIP,
	MAR_BADIPBYTES,
	MAR_NONIP,
	MAR_NONIPBYTES,
	MAR_FILT,
	MAR_FILTBYTES,
	MAR_RECDROP, /* in records that could not be written */
	MAR_RECDROPBYTES,
	MAR_CUT,
	MAR_RECDROPS, /* how many records these were */
	MAR_N
};

struct conserve {
	uint64_t pkts, bytes; /* in flow records */
	uint64_t marrecords, mar[MAR_N];
	bool filtered; /* records were left out: nothing can be told */
	bool live;     /* the kernel filtered: what it rejected is not known */
};

void conserve_want(struct fieldset *);
/* One record.  true: it is of traffic (FLOW or CORR), not of the probe, nor of a tunnel, whose inner flows own the packets. */
bool conserve_add(struct conserve *, const struct batch *, uint32_t r);
/* true: each frame is in exactly one place; *known: the input can tell. */
bool conserve_holds(const struct conserve *, bool *known);

#endif
