/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evidence.h: what a report is of: the files with their digests, the probes and how they captured, what was not captured.
 *
 *	e = evidence_new();
 *	evidence_segment(e, header) for each segment read, evidence_mar(e, batch, row) for each record of a probe
 *	evidence_file(e, path) for each input, at the end
 */
#ifndef RA_TOOLS_REPORT_EVIDENCE_H
#define RA_TOOLS_REPORT_EVIDENCE_H

#include "format/base/buf.h"
#include "format/batch.h"
#include "format/segment.h"

struct evidence_file {
	char *path;
	bool pipe;	     /* no more is known */
	uint64_t bytes;
	char xxh3[17];	     /* XXH3, 64 bits, as xxhsum -H3 prints it */
	char sha256[65];
};

struct evidence_probe {
	char *name;	  /* "": it has none */
	char *program;	  /* "pavo 0.1.0" of the first of its segments; "" */
	char *interfaces; /* "eth0, eth1", of a live capture; "" */
	uint32_t snaplen, interval;
	bool live, filtered;
	uint64_t frames, drops, ifdrops, gap_us; /* read; dropped by the kernel, by interfaces; interfaces away */
	uint64_t tback, tjump, tbad;		 /* frames with times that the clock had passed, far ahead, none at all */
	uint64_t recdrops;			 /* records that were not written */
};

struct evidence {
	struct evidence_file *file;
	size_t files;
	struct evidence_probe *probe;
	size_t probes;
};

struct evidence *evidence_new(void);
void evidence_free(struct evidence **);
void evidence_segment(struct evidence *, const struct segment_info *);
void evidence_want(struct fieldset *);
/* The row is a MAR record. */
void evidence_mar(struct evidence *, const struct batch *, uint32_t row);
/* "-" is a pipe.  false: it can not be read, err says why, a sentence. */
bool evidence_file(struct evidence *, const char *path, char *err, size_t errlen);

#endif
