/* SPDX-License-Identifier: BSD-2-Clause
 *
 * notes.h: what a packet says of other things than its own flow: a row for each such fact.
 */
#ifndef PROBE_NOTES_H
#define PROBE_NOTES_H

#include "probe/natt.h"
#include "probe/track/track.h"
#include "probe/tunnel/lanes.h"

struct notes { /* all borrowed */
	struct flows *flows;
	struct track *track;
	struct lanes *lanes;
	struct natt *natt;
	const struct key_options *key;
};

/* The facts that have a row. */
extern const uint32_t notes_facts;
/* A packet with one of them, counted in its flow. */
void notes_take(void *notes, const struct seen *);
/* And those that are asked before, when the packet's time is known: `stats` are those of its bin. */
#define NOTES_EARLY FACT_MIRROR
void notes_early(struct notes *, const struct packet *, int64_t now, struct stat_set *stats);

#endif
