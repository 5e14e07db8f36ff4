/* SPDX-License-Identifier: BSD-2-Clause
 *
 * look.h: what an archive has: probes, lengths of bins, spans, and when a live probe did not run.
 */
#ifndef RA_TOOLS_STORE_LOOK_H
#define RA_TOOLS_STORE_LOOK_H

#include "ra-tools/store/find.h"
#include "ra-tools/store/spans.h"

struct look_row { /* of a probe, bins of one length */
	const char *probe;
	uint32_t interval; /* s; 0: not said */
	unsigned files;
	uint64_t records, bytes; /* of blocks */
	int64_t from, to;
	struct spans days;
};

struct look_probe {
	const char *probe;
	bool live;	  /* captured from an interface: only then are holes known */
	struct spans ran; /* by its MAR records */
};

struct look {
	struct look_row *row; /* by probe, then interval */
	size_t rows;
	struct look_probe *probe;
	size_t probes;
	uint64_t files, bytes; /* of all whole files */
	uint64_t in_state[STORE_STATES];
};

/* What the store borrows stays borrowed.  `say`: part of a file can not be read, a sentence. */
void look_at(const struct archive *, struct look *, void (*say)(void *, const char *), void *arg);
void look_forget(struct look *);

#endif
