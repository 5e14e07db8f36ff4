/* SPDX-License-Identifier: BSD-2-Clause
 *
 * notes.h: what a packet says of other things than its own flow: a row for each such fact.
 */
#ifndef PROBE_NOTES_H
#define PROBE_NOTES_H

#include "probe/natt.h"
#include "probe/track/track.h"
#include "probe/tunnel/lanes.h"

struct notes {
	struct flows *flows; /* borrowed, as the next three */
	struct track *track;
	struct lanes *lanes;
	const struct key_options *key;
	struct natt natt;
};

/* From now on a packet with one of the facts that have a row is looked at when it is counted in its flow. */
void notes_init(struct notes *, struct flows *, struct track *, struct lanes *, const struct key_options *);
void notes_free(struct notes *);

/* Those that are asked before, when the packet's time is known: `stats` are those of its bin. */
#define NOTES_EARLY FACT_MIRROR
void notes_early(struct notes *, const struct packet *, int64_t now, struct stat_set *stats);
/* A packet that is counted elsewhere, where several engines share them. */
void notes_heard(struct notes *, const struct seen *);
/* And those of which others may have told what they are.  true: the packet is another one now, of a tunnel. */
#define NOTES_TOLD FACT_ESPLIKE
bool notes_told(const struct notes *, struct packet *);
/* When the oldest question has waited long enough for its answer; INT64_MAX: none waits.  Those that have at `now`. */
int64_t notes_due(const struct notes *);
void notes_expire(struct notes *, int64_t now);

#endif
