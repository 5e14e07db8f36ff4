/* SPDX-License-Identifier: BSD-2-Clause
 *
 * signature.h: the same missing bytes in many sessions: the mark of a tap that loses them (SEMANTICS 4.5).
 *
 * Ranges that records say were acknowledged and never seen are collected, those of one flow and direction that
 * touch are joined, and ranges of one length that begin at most SIGNATURE_NEAR bytes apart are a cluster.  A cluster
 * of enough flows and host pairs is a signature.
 */
#ifndef RA_TOOLS_REPORT_SIGNATURE_H
#define RA_TOOLS_REPORT_SIGNATURE_H

#include "format/flow.h"

#define SIGNATURE_NEAR	   64
#define SIGNATURE_FLOWS	   5
#define SIGNATURE_PAIRS	   3
#define SIGNATURE_PORTS	   4
#define SIGNATURE_EXAMPLES 3

struct gap_flow { /* whose record it is */
	uint64_t id;
	const struct ip *src, *dst;
	uint32_t probe; /* the caller's number for it */
	uint16_t port;	/* of the destination */
};

struct signature {
	unsigned dir;	 /* 0: sent by the source */
	uint32_t flows, pairs;
	uint32_t lo_min, lo_max, lo; /* relative start; lo: the median */
	uint32_t len;
	uint32_t mss;	 /* payload of a full segment of these flows; 0: not known */
	uint32_t nports; /* distinct ones; the most frequent first */
	uint16_t port[SIGNATURE_PORTS];
	uint32_t nexamples;
	uint64_t example[SIGNATURE_EXAMPLES]; /* flow ids */
	uint64_t probes;		      /* a bit each; 63: that one or a higher */
};

struct signatures;

struct signatures *signatures_new(uint32_t cap); /* ranges that are kept at most */
void signatures_free(struct signatures **);
/* The ranges of a record: the value of the field `gaps`. */
void signatures_add(struct signatures *, const struct gap_flow *, struct blob gaps);
/* The payload of a full segment of a flow, which a record of it said: perhaps not the one with the ranges. */
void signatures_mss(struct signatures *, uint64_t flow, uint32_t mss);
/* All of them, those of most flows first; valid until signatures_free().  Nothing is added afterwards. */
const struct signature *signatures_find(struct signatures *, uint32_t *n);
uint32_t signatures_flows(const struct signatures *);	/* flows with a range that is kept */
uint64_t signatures_dropped(const struct signatures *); /* ranges that were too many */

#endif
