/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.h: the writer's thread: batches are encoded and written while capturing goes on.
 *
 * The queue is bounded.  Of a capture file the one who brings a batch waits when it is full.  Live nobody waits: what
 * has no room is dropped, and told in MAR records (losses.h); what can not be written is tried again every second.
 */
#ifndef PROBE_OUT_WORKER_H
#define PROBE_OUT_WORKER_H

#include "format/writer.h"
#include "probe/ledger/emit.h"

struct worker;

/* Borrows the writer until worker_free().  So many threads bring batches at one time. */
struct worker *worker_new(struct writer *, unsigned bring, bool live);
struct sink worker_sink(struct worker *);
bool worker_failed(struct worker *);        /* not live: writing failed, the writer has the sentence */
/* The last batches come: live, too, they are waited for, and what can not be written now never will be. */
void worker_ends(struct worker *);
/* Records so far that will never be in a file. */
uint64_t worker_lost(struct worker *);
/* Waits until everything is written.  false: not all was; *lost: that many records were not. */
bool worker_free(struct worker **, uint64_t *lost);

#endif
