/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track.c: the pools of all trackers.
 */
#include "probe/track/track.h"

#include "format/base/mem.h"
#include "probe/track/dns.h"
#include "probe/track/rtt.h"
#include "probe/track/pools.h"

#include <stdlib.h>

struct track *
track_new(uint32_t max_flows, uint64_t seed, const struct health_limits *limits)
{
	struct track *t = mem_zero(1, sizeof(*t));

	t->seed = seed;
	t->limits = limits;
	tcp_init(t, max_flows);
	seq_init(t, max_flows);
	udp_init(t, max_flows);
	dns_init(t, max_flows);
	rtt_init(t, max_flows);
	return (t);
}

void
track_free(struct track **pt)
{
	struct track *t = *pt;

	if (t == NULL)
		return;
	pool_free(&t->tcp);
	pool_free(&t->tcp_hole);
	pool_free(&t->tcp_bin);
	pool_free(&t->tcp_more);
	free(t->tcp_nowhere);
	pool_free(&t->tcp_gap);
	pool_free(&t->seq_bin);
	pool_free(&t->udp_bin);
	pool_free(&t->rtp);
	rtt_free(t);
	dns_free(t);
	streams_free(&t->streams);
	streams_free(&t->mirrors);
	free(t);
	*pt = NULL;
}
