/* SPDX-License-Identifier: BSD-2-Clause
 *
 * kin.h: SAs of different tunnels that share one numbering (SEMANTICS 2.2, 14.2 c, g).
 *
 * A peer whose address changes (NAT rebinding, MOBIKE: RFC 4555) keeps its SAs, in both directions.  The sender to a
 * group counts once for all its receivers.  Either way the first packet of the new SA continues the numbers of one
 * that is known: from then on both count in that one's numbering, each in its own records.
 */
#ifndef PROBE_TUNNEL_KIN_H
#define PROBE_TUNNEL_KIN_H

#include "probe/flow/slots.h"
#include "probe/tunnel/sa.h"

struct kins {
	const struct pool *sas, *tunnels;      /* borrowed */
	struct slots by_receiver, by_sender;   /* SAs, by that address and SPI */
	uint64_t seed;
};

void kins_init(struct kins *, const struct pool *sas, const struct pool *tunnels, uint64_t seed);
void kins_free(struct kins *);
/* A new SA, whose first packet has this number. */
void kins_add(struct kins *, uint32_t sa, uint32_t seq, int64_t now);
void kins_remove(struct kins *, uint32_t sa);
/* It sends. */
void kins_speak(const struct kins *, uint32_t sa);
/* It leaves those with whom it shares a numbering, which goes on with them; false: there are none. */
bool kins_leave(const struct kins *, uint32_t sa);

#endif
