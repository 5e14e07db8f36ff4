/* SPDX-License-Identifier: BSD-2-Clause
 *
 * totals.h: how the probe is: on standard error at the end and when asked, in the files of --stats and --metrics.
 *
 * All of it is gathered by the thread that reads packets, and told by another one.
 */
#ifndef PROBE_TOTALS_H
#define PROBE_TOTALS_H

#include "probe/crew.h"
#include "probe/options.h"
#include "probe/out/worker.h"

struct totals;

/* Opens the files: a mistake in their names ends the program.  The options live as long. */
struct totals *totals_new(const struct options *);
/* From now on they are written.  The file of records is open. */
void totals_start(struct totals *);
/* Somebody wants to know. */
void totals_ask(struct totals *);
/* To be called often: what is to be told is asked for, and told when all have answered. */
void totals_tend(struct totals *, struct crew *, const struct worker *);
/* Behind crew_finish() and the writer's end, `last`: the files get their last numbers, and unless it is to be quiet,
 * the closing line is said. */
void totals_end(struct totals **, struct crew *, const struct worker_state *last, bool quiet);

#endif
