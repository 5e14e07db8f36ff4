/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/icmp.h: ICMP errors, counted in the flow of the packet that they quote (SEMANTICS 6.5).
 *
 * An error counts in the bin of the last packet which the quoted sender sent.
 */
#ifndef PROBE_TRACK_ICMP_H
#define PROBE_TRACK_ICMP_H

#include "probe/track/track.h"

void errors_init(struct track *, uint32_t max_flows);
/* A packet with FACT_QUOTE at watermark `now` about a packet that `side` of this flow sent. */
void errors_note(struct track *, const struct packet *, uint32_t flow, int side, int64_t now);

/* A row of extras[]. */
void errors_fill(const struct track *, uint32_t cell, struct tile *);
void errors_merge(struct track *, uint32_t to, uint32_t from);
void errors_end(struct track *, uint32_t cell);

#endif
