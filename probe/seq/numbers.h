/* SPDX-License-Identifier: BSD-2-Clause
 *
 * numbers.h: what a record of a sequence-numbered carrier holds, and where its numbers count.
 *
 * ESP and AH (tunnel/) have a numbering for each SA; those inside UDP and GRE are streams, which go on when their flow
 * ends.
 */
#ifndef PROBE_SEQ_NUMBERS_H
#define PROBE_SEQ_NUMBERS_H

#include "probe/ledger/ledger.h"
#include "probe/seq/seqno.h"
#include "probe/seq/stream.h"

#define SEQ_SPIS 8 /* told apart exactly within a record; beyond that each one counts */

struct seq_run { /* numbers that came one after the other, as they are on the wire */
	uint64_t lo, hi;
	uint32_t name;               /* whose: SPI, index, SSRC */
};

#define SEQ_RUNS 250 /* of one side of a bin; with more of them the record says that some are not told */

struct seq_runs {
	uint32_t n;
	struct seq_run run[SEQ_RUNS];
};

/* Which numbers came in a bin, for a comparison with another probe of the path.  `mark`: of them the one that the
 * largest power of two divides, so that two probes often choose the same one, whatever their clocks say; and when. */
struct seq_came {
	struct seq_run now;          /* that goes on */
	uint64_t mark, below;        /* below: the bits that have to be 0 in a better one */
	int64_t mark_ts;
	uint32_t mark_name, runs;    /* runs: the cell with the others; 0 = none */
	bool any, more;
};

struct seq_bin { /* of one bin; [side] */
	struct seq_counts counts[2];
	int64_t since[2];            /* when the newest SA began */
	uint32_t spi[2], before[2];  /* the newest SPI; the one before it */
	uint32_t quiet[2];           /* the SPI of a side that has sent nothing in this bin */
	uint32_t seen[2][SEQ_SPIS], nspi[2];
	uint32_t rekeys[2], roam[2], badspi[2];
	uint8_t conf;                /* of the pairing */
	uint8_t flags;               /* SPIFL_* */
	bool oneway[2];              /* that side had been silent for long when the other one sent */
	/* inside UDP and GRE */
	bool numbered;               /* there were sequence numbers */
	bool peers;                  /* of a WireGuard tunnel */
	uint32_t media;              /* cell of struct seq_media; 0 = none */
	struct seq_came came[2];
};

struct seq_media { /* RTP's; [side] */
	uint64_t jit_sum[2], jit_max[2]; /* us */
	uint32_t jit_n[2], ssrc[2];
	uint8_t pt[2];
	bool there[2];
};

struct numbers {
	struct ledger *ledger;       /* borrowed */
	struct pool bins, media, runs; /* struct seq_bin, seq_media, seq_runs */
	struct pool rtp;             /* UDP flows that may become RTP: rtp.c's */
	struct streams streams;
	struct streams mirrors;      /* of ERSPAN: they are no flow's */
	struct seq_trials trials;    /* of all numberings, tunnels' too */
	struct seq_counts nowhere;   /* of numbers that belong to no record */
	uint64_t seed;
};

void numbers_init(struct numbers *, struct ledger *, uint32_t max_flows, uint64_t seed);
void numbers_free(struct numbers *);

/* The bin's, made if need be. */
struct seq_bin *seq_bin_new(struct numbers *, struct bin *);
static inline struct seq_bin *
seq_bin(struct numbers *n, struct bin *b)
{
	return (b->ext != 0 ? pool_at(&n->bins, b->ext) : seq_bin_new(n, b));
}
struct seq_media *seq_media(struct numbers *, struct seq_bin *);
/* A number came for the first time: any, or the one that the last one let expect. */
void seq_came_other(struct numbers *, struct seq_came *, uint32_t name, uint64_t q, int64_t ts);
static inline void
seq_came(struct numbers *n, struct seq_came *c, uint32_t name, uint64_t q, int64_t ts)
{
	if (q != c->now.hi + 1 || name != c->now.name || (q & c->below) == 0)
		seq_came_other(n, c, name, q, ts);
	else
		c->now.hi = q;
}
/* What a packet that is not the expected one brought: before and after the numbering was asked. */
struct seq_before {
	uint64_t pend;
	uint32_t uniq, jumps;
	bool pending;
};
static inline struct seq_before
seq_before(const struct seqno *s, const struct seq_counts *c)
{
	return ((struct seq_before){ (uint64_t)s->pend & s->mask, c->uniq, c->jumps, s->pending });
}
void seq_came_merge(struct numbers *, struct seq_came *to, struct seq_came *from);
void seq_came_end(struct numbers *, struct seq_came *);
void seq_after(struct numbers *, struct seq_came *, const struct seqno *, const struct seq_counts *, const struct seq_before *,
    uint32_t name, uint64_t q, int64_t ts);
/* It has seen this SPI, of an SA that began then. */
void seq_bin_spi(struct seq_bin *, int side, uint32_t spi, int64_t since);
/* `to` takes over what `from` holds; `from` is left without. */
void seq_bin_merge(struct numbers *, struct bin *to, struct bin *from);
void seq_bin_end(struct numbers *, const struct bin *);

/* Both sides' counts as fields. */
void seq_fill_counts(const struct seq_counts *source, const struct seq_counts *destination, struct tile *);
/* Which numbers those were; x: the side that is the source. */
void seq_fill_came(const struct numbers *, const struct seq_bin *, const struct bin *, int x, struct tile *);
/* SPIs, rekeys and pairing; x: the side that is the source. */
void seq_fill_spis(const struct seq_bin *, int x, struct tile *);
void seq_fill_health(const struct seq_bin *, const struct bin *, struct tile *);
/* All of a UDP or GRE flow's. */
void seq_fill_carried(const struct numbers *, const struct flow_state *, const struct bin *, struct tile *);

/* --- one direction of a carrier */

struct carrier {
	struct numbers *numbers;
	const struct key *key; /* of its flow; of a tunnel's without the lane */
	uint32_t flow;         /* where it counted last, perhaps; 0 = not known */
	uint32_t spi;          /* 0 = none */
	int64_t now;
	uint8_t side, src, dirq;
	bool lanes;            /* its flows are lanes */
	bool peers;            /* or one tunnel in UDP */
	struct bin *bin;       /* that is being counted into */
};

/* What the engine of sequence numbers is given for a packet of that record; borrows the carrier. */
struct seq_sink carrier_sink(struct carrier *, struct seq_place, struct seq_counts *here);
/* For a sink of one's own: what that one does with a place. */
struct seq_counts *carrier_there(void *carrier, const struct seq_place *);
void carrier_back(void *carrier);
/* The counts of its record of that place, or of a correction; carrier_done() follows. */
struct seq_bin *carrier_bin(struct carrier *, const struct seq_place *);
void carrier_done(struct carrier *);
/* No more packets of this numbering. */
void carrier_end(struct carrier *, struct seqno *);

/* --- streams */

/* A packet of a UDP flow with one of these facts, counted in its bin. */
#define STREAM_FACTS (FACT_WG | FACT_WGLIKE | FACT_RTP)
void numbers_udp(struct numbers *, const struct seen *);
/* One with FACT_GRESEQ: the number is of the GRE around it, whatever flow it counted in; v->f may be NULL. */
void numbers_gre(struct numbers *, const struct seen *);
/* One with FACT_MIRROR, when its time is known: what the mirror lost counts there. */
void numbers_mirror(struct numbers *, const struct packet *, int64_t now, struct stat_set *);
/* The end of input. */
void numbers_finish(struct numbers *);

/* A number that a packet carries, and how many that follow it; `known`: the stream was there before it. */
struct number {
	struct stream *stream;
	uint64_t q;
	int64_t ts;
	bool known;
	uint16_t more;
};
#define NUMBERS_MAX 3 /* of one packet: RTP's first two wait for the third */

/* wg.c, rtp.c: how many the packet brings. */
void rtp_init(struct numbers *, uint32_t max_flows);
void rtp_end_flow(struct numbers *, struct flow_state *);
unsigned wg_packet(struct numbers *, const struct seen *, struct number *);
unsigned rtp_packet(struct numbers *, const struct seen *, struct number *);

#endif
