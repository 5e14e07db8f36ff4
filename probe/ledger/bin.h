/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bin.h: what a flow counted in one bin of time, until it is written.
 */
#ifndef PROBE_LEDGER_BIN_H
#define PROBE_LEDGER_BIN_H

#include "format/flow.h"
#include "probe/flow/list.h"

#include <stdbool.h>

#define SEEN_REPLY 4 /* bin.seen: the second side began to send before the bin was sealed */

struct bin { /* [side] */
	int64_t start;      /* ns */
	int64_t due;        /* watermark at which it is sealed */
	uint32_t flow;
	uint32_t older;     /* the flow's bin before this one */
	struct link order;  /* in the list of its time */
	uint32_t pkts[2];
	uint64_t bytes[2], ipbytes[2], payload[2];
	int64_t stime, ltime;
	uint64_t ipg_sum[2], ipg_sumsq[2]; /* us, us^2 saturating */
	uint32_t ipg_n[2];
	uint32_t tos;       /* cell with DSCP and ECN counts if any packet had some; 0 = none */
	uint32_t frag;      /* cell with fragment counts; 0 = none */
	uint32_t ext;       /* tracker's cell for this bin; 0 = none */
	uint32_t ext2;      /* and another one; 0 = none */
	uint32_t dns;       /* track/dns.c's; 0 = none */
	uint32_t errors;    /* track/icmp.c's: errors about the flow; 0 = none */
	uint8_t ttlmin[2], ttlmax[2], tcpflags[2], dscp[2];
	uint8_t state, cause, seen; /* seen: sides that ever sent, up to its last packet; SEEN_REPLY */
	uint8_t conn;
	uint16_t flags;     /* RFLAGS_* */
	uint8_t end_row;    /* the end came after this bin was sealed: an END row of its own follows */
	bool waits;         /* its time has come, a hold keeps it */
	bool correction;    /* the bin was written: what is counted here leaves as its correction */
};
_Static_assert(sizeof(struct bin) <= 192, "three lines of cache");

static inline bool
bin_is_late(const struct bin *b)
{
	return ((b->flags & RFLAGS_late) != 0);
}

struct tos { /* [side] */
	uint64_t dscps[2];
	uint32_t ect0[2], ect1[2], ce[2];
};

struct frag_counts { /* [side] */
	uint64_t bytes[2];
	uint32_t frags[2], dg[2], ok[2], inc[2], orph[2], ovl[2], dup[2], ooo[2], tiny[2], bad[2], atom[2];
};

#endif
