/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/track.h: the pools behind struct track, for the trackers themselves.
 */
#ifndef PROBE_TRACK_TRACK_H
#define PROBE_TRACK_TRACK_H

#include "probe/track.h"

struct track {
	struct pool tcp;      /* struct tcp: flows with data */
	struct pool tcp_hole; /* struct holes: directions with holes */
	struct pool tcp_bin;  /* struct tcp_bin: a TCP record's history */
	struct pool seq;      /* struct seq: tunnels */
	struct pool seq_bin;  /* struct seq_bin */
};

void tcp_init(struct track *, uint32_t max_flows);
void seq_init(struct track *, uint32_t max_flows);

#endif
