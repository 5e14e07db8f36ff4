/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.h: the writer's thread: batches are encoded and written while capturing goes on.
 *
 * The queue is bounded: when it is full, the one who brings a batch waits.
 */
#ifndef PROBE_OUT_WORKER_H
#define PROBE_OUT_WORKER_H

#include "format/writer.h"
#include "probe/ledger/emit.h"

struct worker;

/* Borrows the writer until worker_free().  So many threads bring batches at one time. */
struct worker *worker_new(struct writer *, unsigned bring);
struct sink worker_sink(struct worker *);
bool worker_failed(struct worker *);        /* writing failed: the writer has the sentence */
/* Waits until everything is written.  false: writing failed. */
bool worker_free(struct worker **);

#endif
