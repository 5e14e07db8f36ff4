/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/seq.h: what a record of a sequence-numbered carrier holds, beside the counts of every flow.
 */
#ifndef PROBE_TRACK_SEQ_H
#define PROBE_TRACK_SEQ_H

#include "probe/track/track.h"
#include "probe/seq/seqno.h"

#define SEQ_SPIS 8 /* told apart exactly within a record; beyond that each one counts */

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
	uint32_t more;               /* cell of struct udp_bin; 0 = none */
};

/* The bin's, made if need be; NULL at the cap. */
struct seq_bin *seq_bin(struct track *, struct bin *);
/* It has seen this SPI, of an SA that began then. */
void seq_bin_spi(struct seq_bin *, int side, uint32_t spi, int64_t since);
/* `to` takes over what `from` holds; `from` is left without. */
void seq_bin_merge(struct track *, struct bin *to, struct bin *from);

/* Both sides' counts as fields. */
/* SPIs, rekeys and pairing; x: the side that is the source. */
void seq_fill_spis(const struct seq_bin *, int x, struct flow *);
void seq_fill_health(const struct seq_bin *, const struct bin *, struct flow *);
void seq_fill_counts(const struct seq_counts *source, const struct seq_counts *destination, struct flow *);

#endif
