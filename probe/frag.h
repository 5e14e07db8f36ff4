/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frag.h: which flow a fragment belongs to (SEMANTICS 5).
 *
 * Only the first fragment of a datagram has ports.  The others are held until it is there, or for
 * FRAGHOLD; then they count in the flow of their addresses without ports.  The one stateful step between
 * decoding and keying.
 */
#ifndef PROBE_FRAG_H
#define PROBE_FRAG_H

#include "format/base/clock.h"
#include "probe/key.h"

#define FRAG_HOLD    (2 * SEC)
#define FRAG_TIMEOUT (30 * SEC)

struct frags;

struct frags *frags_new(uint32_t max_datagrams, uint64_t seed);
void frags_free(struct frags **);

enum frag_verdict {
	FRAG_KEYED, /* *key and *side are set: count it now, then ask frags_release() */
	FRAG_HELD,  /* a copy is kept; it comes back from frags_release() or frags_expire() */
};

/* A packet with FACT_FRAG.  `now`: the watermark. */
enum frag_verdict frags_packet(struct frags *, const struct packet *, const struct key_options *, int64_t now,
    struct key *key, int *side);
/* A held packet of the datagram that was just keyed (same key and side), or NULL; valid until the next call. */
const struct packet *frags_release(struct frags *);
/* When the first held packet has waited long enough; INT64_MAX: none is held. */
int64_t frags_due(const struct frags *);
/* Take it, to be counted without ports; NULL: none is held. Valid until the next call. */
const struct packet *frags_expire(struct frags *);
uint32_t frags_count(const struct frags *);    /* datagrams in the table */
uint64_t frags_evicted(struct frags *);        /* since the last call */

#endif
