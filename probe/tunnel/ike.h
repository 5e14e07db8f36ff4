/* SPDX-License-Identifier: BSD-2-Clause
 *
 * tunnel/ike.h: what IKE said in clear between two gateways: who began, and when SAs were made.
 */
#ifndef PROBE_TUNNEL_IKE_H
#define PROBE_TUNNEL_IKE_H

#include "format/base/arena.h"
#include "probe/flow/key.h"
#include "probe/flow/slots.h"

struct ike {
	struct ip lo, hi;
	uint32_t hash;
	uint32_t prev, next;
	int64_t last, made; /* of any message; of an exchange that makes SAs */
	uint8_t side;       /* initiator; 2 = not seen */
};

struct ikes {
	struct pool cells;
	struct slots slots;
	uint32_t head, tail; /* by when they were heard of first */
	uint64_t seed;
};

void ikes_init(struct ikes *, uint64_t seed);
void ikes_free(struct ikes *);
/* A message of IKE, sent by `side` of that UDP flow. */
void ikes_note(struct ikes *, const struct packet *, int side, const struct key *, int64_t now);
/* Between the gateways of this key; NULL: nothing was heard. */
struct ike *ikes_find(const struct ikes *, const struct key *);

#endif
