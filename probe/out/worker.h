/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.h: the writer's thread: batches are encoded and written while capturing goes on.
 *
 * The queue is bounded.  Of a capture file the one who brings a batch waits when it is full.  Live nobody waits: what
 * has no room is dropped, and told in MAR records (losses.h); what can not be written is tried again every second.
 */
#ifndef PROBE_OUT_WORKER_H
#define PROBE_OUT_WORKER_H

#include "probe/ledger/emit.h"
#include "probe/out/archive.h"

struct worker;

#define WORKER_NO_TIME INT64_MIN

struct worker_state {
	unsigned queued, queue; /* batches that wait or are being written, of so many */
	uint64_t written;       /* bytes */
	uint64_t lost;          /* records that are in no file, and will not be */
	/* ns of the wall's clock from the end of a bin until all of it was written (its MAR record, which is its last):
	 * of the last one, at most; or WORKER_NO_TIME */
	int64_t latency, latency_most;
};

/* Borrows the archives until worker_free(): each gets all rows.  So many threads bring batches at one time. */
#define WORKER_ARCHIVES 2
struct worker *worker_new(struct archive *const *, unsigned archives, unsigned bring, bool live);
struct sink worker_sink(struct worker *);
bool worker_failed(struct worker *);        /* not live: writing failed, the archive has the sentence */
/* The last batches come: live, too, they are waited for, and what can not be written now never will be. */
void worker_ends(struct worker *);
void worker_look(const struct worker *, struct worker_state *);
/* Waits until everything is written; `last`: how it was then.  false: not all was. */
bool worker_free(struct worker **, struct worker_state *last);

#endif
