/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pieces.h: fragments find the flow of their datagram, and what was never complete is counted.
 */
#ifndef PROBE_PIECES_H
#define PROBE_PIECES_H

#include "probe/frag/frag.h"
#include "probe/tunnel/lanes.h"

struct pieces {
	struct frags *frags;
	struct flows *flows; /* borrowed, as the rest */
	struct ledger *ledger;
	struct lanes *lanes;
	const struct key_options *key;
};

/* A fragment: it counts in the flow of its datagram, with those that waited for it, or it waits itself.  `order`: as in
 * frags_order(). */
void pieces_packet(struct pieces *, struct seen *, uint32_t order);
/* When a held piece is let go, and a datagram given up; INT64_MAX: none is.  Then do it. */
int64_t pieces_held_due(const struct pieces *);
void pieces_let_go(struct pieces *);
int64_t pieces_datagram_due(const struct pieces *);
void pieces_give_up(struct pieces *);

#endif
