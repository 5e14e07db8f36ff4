/* SPDX-License-Identifier: BSD-2-Clause
 *
 * track/registry.c: who follows which flow, and the pools of all.
 */
#include "probe/track/track.h"

#include "format/base/mem.h"
#include "probe/track/dns.h"
#include "probe/track/icmp.h"
#include "probe/track/rtt.h"

#include <stdlib.h>

/* Protocols of which counting is all. */
static const struct tracker track_icmp = { .name = "icmp", .silent = IDLE_ICMP },
    track_arp = { .name = "arp", .silent = IDLE_ARP }, track_other = { .name = "other", .silent = IDLE_OTHER },
    track_udplite = { .name = "udplite", .idle = udp_idle };

enum { OTHER, TCP, UDP, UDPLITE, GRE, TUNNEL, ICMP, ARP };

const struct tracker *const trackers[] = { [OTHER] = &track_other, [TCP] = &track_tcp, [UDP] = &track_udp,
	[UDPLITE] = &track_udplite, [GRE] = &track_gre, [TUNNEL] = &track_tunnel, [ICMP] = &track_icmp, [ARP] = &track_arp };

uint8_t
tracker_of(const struct key *k)
{
	switch (k->proto) {
	case PROTO_TCP:
		return (TCP);
	case PROTO_UDP:
		return (UDP);
	case PROTO_UDPLITE:
		return (UDPLITE);
	case PROTO_GRE:
		return (GRE);
	case PROTO_ESP:
	case PROTO_AH:
		return (TUNNEL);
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return (ICMP);
	case PROTO_ARP:
		return (ARP);
	default:
		return (OTHER);
	}
}

const struct extra extras[] = {
	{ offsetof(struct bin, dns), false, dns_fill, NULL, dns_end_bin }, /* tunnels have none */
	{ offsetof(struct bin_more, errors), true, errors_fill, errors_merge, errors_end },
	{ .fill = NULL },
};

/* --- pools */

struct track *
track_new(struct ledger *l, uint32_t max_flows, uint64_t seed, const struct health_limits *limits)
{
	struct track *t = mem_zero(1, sizeof(*t));

	t->ledger = l;
	t->seed = seed;
	t->limits = limits;
	numbers_init(&t->numbers, l, max_flows, seed);
	tcp_init(t, max_flows);
	udp_init(t, max_flows);
	dns_init(t, max_flows);
	rtt_init(t, max_flows);
	errors_init(t, max_flows);
	return (t);
}

void
track_free(struct track **pt)
{
	struct track *t = *pt;

	if (t == NULL)
		return;
	numbers_free(&t->numbers);
	pool_free(&t->tcp);
	pool_free(&t->tcp_ring[0]);
	pool_free(&t->tcp_ring[1]);
	pool_free(&t->tcp_odd);
	for (int i = 0; i < TCP_HOLE_SIZES; i++)
		pool_free(&t->tcp_hole[i]);
	pool_free(&t->tcp_bin);
	pool_free(&t->tcp_more);
	pool_free(&t->tcp_high);
	pool_free(&t->tcp_gap);
	pool_free(&t->udp_bin);
	pool_free(&t->errors);
	rtt_free(t);
	dns_free(t);
	free(t);
	*pt = NULL;
}
