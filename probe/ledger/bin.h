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

/* What every flow counts, named as the fields are, but for `firsts`: packets without a gap before them, the first ones of
 * their side.  A bin has few bits for each; how often they went round is in struct bin_more. */
#define BIN_SUMS(X)                                                                              \
	X(uint32_t, bytes) X(uint32_t, ipbytes) X(uint32_t, payload) X(uint32_t, ipg_sum) X(uint8_t, firsts)

struct bin { /* [side] */
	int64_t start;      /* ns */
	int64_t stime, ltime;
	uint32_t pkts[2];
#define BIN_MEMBER(type, name) type name[2];
	BIN_SUMS(BIN_MEMBER)
#undef BIN_MEMBER
	uint8_t state, seen; /* seen: sides that ever sent, up to its last packet; SEEN_REPLY */
	uint8_t ttlmin[2], ttlmax[2], tcpflags[2], dscp[2];
	uint16_t flags;     /* RFLAGS_* */
	uint8_t cause : 4, conn : 4;
	uint8_t end_row : 4; /* the end came after this bin was sealed: an END row of its own follows */
	uint8_t waits : 1;  /* its time has come, a hold keeps it */
	uint8_t correction : 1; /* the bin was written: what is counted here leaves as its correction */
	uint64_t ipg_sumsq[2]; /* us^2, saturating */
	uint32_t flow;
	uint32_t older;     /* the flow's bin before this one */
	struct link order;  /* in the list of its time */
	uint32_t ext;       /* tracker's cell for this bin; 0 = none */
	uint32_t tos;       /* cell with DSCP and ECN counts if any packet had some; 0 = none */
	uint32_t dns;       /* track/dns.c's; 0 = none */
	uint32_t more;      /* the cell of a struct bin_more; 0 = none */
};
_Static_assert(sizeof(struct bin) == 128, "two lines of cache");

struct bin_more { /* what few bins have */
	int64_t due;        /* LATE: the watermark at which it is sealed */
#define BIN_MEMBER(type, name) uint32_t name[2];
	BIN_SUMS(BIN_MEMBER)
#undef BIN_MEMBER
	uint32_t frag;      /* cell with fragment counts; 0 = none */
	uint32_t udp;       /* track/udp.c's; 0 = none */
	uint32_t errors;    /* track/icmp.c's: errors about the flow; 0 = none */
};

/* All bits of a sum; m: the bin's, or NULL. */
#define BIN_WHOLE(m, b, name, side) \
	(((m) != NULL ? (uint64_t)(m)->name[side] << 8 * sizeof((b)->name[0]) : 0) + (b)->name[side])

static inline bool
bin_is_late(const struct bin *b)
{
	return ((b->flags & RFLAGS_late) != 0);
}

static inline void
bin_add_sumsq(struct bin *b, int side, uint64_t v)
{
	uint64_t sum = b->ipg_sumsq[side] + v;

	b->ipg_sumsq[side] = sum < v ? UINT64_MAX : sum;
}

struct tos { /* [side] */
	uint64_t dscps[2];
	uint32_t ect0[2], ect1[2], ce[2];
};

/* Of fragments: what frag/ says of one, the field that counts such. */
#define FRAG_COUNTS(X)                                                                                       \
	X(FRAG_FIRST, fragdg) X(FRAG_OK, fragok) X(FRAG_DUP, fragdup) X(FRAG_OVL, fragovl) X(FRAG_OOO, fragooo) \
	X(FRAG_TINY, fragtiny) X(FRAG_BAD, fragbad)
#define FRAG_OTHERS(X) X(0, frags) X(0, fraginc) X(0, fragorph) X(0, fragatom)

struct frag_counts { /* [side] */
	uint64_t fragb[2];
#define FRAG_MEMBER(what, name) uint32_t name[2];
	FRAG_COUNTS(FRAG_MEMBER)
	FRAG_OTHERS(FRAG_MEMBER)
#undef FRAG_MEMBER
};

#endif
