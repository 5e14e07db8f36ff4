/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker.c: one thread that writes, and two short queues: full batches to it, empty ones back.  Tested by
 * tests/live.tap.
 */
#include "probe/out/worker.h"

#include "format/base/clock.h"
#include "format/base/log.h"
#include "format/base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define SPARE 3 /* batches of about 15 MB, beside those that are being filled: full, being written */

struct worker {
	struct writer *writer;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct batch **full, **empty;
	unsigned nfull, nempty;
	bool stop, failed, busy;
	struct worker_state state;
};

static struct batch *
next_full(struct worker *w)
{
	struct batch *b;

	pthread_mutex_lock(&w->lock);
	while (w->nfull == 0 && !w->stop)
		pthread_cond_wait(&w->changed, &w->lock);
	if (w->nfull == 0) {
		pthread_mutex_unlock(&w->lock);
		return (NULL);
	}
	b = w->full[0];
	w->nfull--;
	w->busy = true;
	for (unsigned i = 0; i < w->nfull; i++)
		w->full[i] = w->full[i + 1];
	pthread_mutex_unlock(&w->lock);
	return (b);
}

/* The end of the last bin that the batch completes; WORKER_NO_TIME: it completes none. */
static int64_t
completes(const struct batch *b)
{
	const struct column *type = b->col[F_rectype], *flags = b->col[F_flags], *end = b->col[F_bend];
	int64_t last = WORKER_NO_TIME;

	for (uint32_t r = 0; r < b->rows; r++)
		if (column_has(type, r) && type->u[r] == RECTYPE_MAR && column_has(end, r) && end->i[r] > last &&
		    !(column_has(flags, r) && flags->u[r] & RFLAGS_late))
			last = end->i[r];
	return (last);
}

/* The batch was written. */
static void
note(struct worker_state *s, uint64_t written, int64_t bin_end)
{
	struct timespec now;
	int64_t latency;

	s->written = written;
	if (bin_end == WORKER_NO_TIME)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	latency = now.tv_sec * SEC + now.tv_nsec - bin_end;
	s->latency = latency;
	if (latency > s->latency_most)
		s->latency_most = latency;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct batch *b;

	while ((b = next_full(w)) != NULL) {
		bool ok = w->failed || writer_put(w->writer, b);
		int64_t bin_end = completes(b);

		batch_reset(b);
		pthread_mutex_lock(&w->lock);
		w->busy = false;
		if (ok && !w->failed)
			note(&w->state, writer_bytes(w->writer), bin_end);
		w->failed |= !ok;
		w->empty[w->nempty++] = b;
		pthread_cond_broadcast(&w->changed);
		pthread_mutex_unlock(&w->lock);
	}
	return (NULL);
}

/* Give a full batch, get an empty one: waits while the writer has all the others. */
static struct batch *
put(void *arg, struct batch *b)
{
	struct worker *w = arg;

	pthread_mutex_lock(&w->lock);
	w->full[w->nfull++] = b;
	pthread_cond_broadcast(&w->changed);
	while (w->nempty == 0)
		pthread_cond_wait(&w->changed, &w->lock);
	b = w->empty[--w->nempty];
	pthread_mutex_unlock(&w->lock);
	return (b);
}

struct worker *
worker_new(struct writer *writer, unsigned bring)
{
	struct worker *w = mem_zero(1, sizeof(*w));

	w->writer = writer;
	w->state = (struct worker_state){ .queue = SPARE, .latency = WORKER_NO_TIME, .latency_most = WORKER_NO_TIME };
	w->full = mem_zero(bring + SPARE, sizeof(*w->full));
	w->empty = mem_zero(bring + SPARE, sizeof(*w->empty));
	while (w->nempty < SPARE)
		w->empty[w->nempty++] = batch_new(BATCH_ROWS);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	if (pthread_create(&w->thread, NULL, work, w) != 0)
		fatalx("cannot start the writer's thread");
	return (w);
}

struct sink
worker_sink(struct worker *w)
{
	return ((struct sink){ put, w });
}

bool
worker_failed(struct worker *w)
{
	bool failed;

	pthread_mutex_lock(&w->lock);
	failed = w->failed;
	pthread_mutex_unlock(&w->lock);
	return (failed);
}

void
worker_look(const struct worker *w, struct worker_state *s)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&w->lock;

	pthread_mutex_lock(lock);
	*s = w->state;
	s->queued = w->nfull + w->busy;
	pthread_mutex_unlock(lock);
}

bool
worker_free(struct worker **pw, struct worker_state *last)
{
	struct worker *w = *pw;
	bool ok;

	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	ok = !w->failed;
	*last = w->state;
	while (w->nempty > 0)
		batch_free(&w->empty[--w->nempty]);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
	free(w->full);
	free(w->empty);
	free(w);
	*pw = NULL;
	return (ok);
}
