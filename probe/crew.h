/* SPDX-License-Identifier: BSD-2-Clause
 *
 * crew.h: one engine, or several that share the packets, each in a thread of its own (pavo -j).
 *
 * Who captures and decodes hands packets on: he says what time it is (ledger/calendar.h) and whose each packet is
 * (route.h), and they go through a ring to that engine.  An engine owns its flows, its records go to the sink, and a
 * MAR record is the sum of what all have counted.  So the records are the same for any number of engines, though not
 * their order, while no cap is reached; caps are divided.
 */
#ifndef PROBE_CREW_H
#define PROBE_CREW_H

#include "probe/engine.h"

#define CREW_MOST 64

struct crew;

struct crew_options {
	unsigned workers;
	bool ah_inner; /* of the decoder: AH does not always own its packets */
};

/* The sink takes batches of several threads at one time. */
struct crew *crew_new(const struct crew_options *, const struct engine_options *, struct sink);
void crew_free(struct crew **);

/* As the engine's: see engine.h. */
void crew_packets(struct crew *, struct arrival *, unsigned n);
void crew_idle(struct crew *, int64_t now);
void crew_flush(struct crew *, int64_t now, int64_t delay);
void crew_kernel(struct crew *, const struct stat_news *);
/* HUP: records have another file from about now on. */
void crew_cut(struct crew *);
void crew_finish(struct crew *);

/* For totals while it works: ask, and look now and then whether all have answered (true); nobody waits.  What was handed
 * on before is counted. */
void crew_ask(struct crew *);
bool crew_answered(struct crew *, struct engine_totals *);
/* Behind crew_finish(). */
void crew_totals(struct crew *, struct engine_totals *);

#endif
