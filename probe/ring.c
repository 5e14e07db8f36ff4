/* SPDX-License-Identifier: BSD-2-Clause
 *
 * ring.c: two counters that only grow, and a place to sleep.
 *
 * Each side keeps what it last saw of the other's counter, and looks again only when that is used up.
 */
#include "probe/ring.h"

#include "format/base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#define LOT  32  /* cells that are handed on together */
#define LINE 64

struct ring {
	uint8_t *cells;
	size_t size;
	uint32_t n;

	/* the writer's */
	_Alignas(LINE) atomic_uint written; /* as the reader may see it */
	uint32_t filled, room;              /* filled: those too that are not handed on; room: `done` when last seen, + n */
	/* the reader's */
	_Alignas(LINE) atomic_uint done;
	uint32_t seen;                      /* `written` when last seen */
	/* both, seldom */
	_Alignas(LINE) atomic_bool starves, chokes; /* the reader sleeps, the writer does */
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

struct ring *
ring_new(size_t size, uint32_t n)
{
	struct ring *r = mem_reserve(sizeof(*r));

	assert(n >= 4 && (n & (n - 1)) == 0);
	r->cells = mem_reserve(n * size);
	r->size = size;
	r->n = n;
	atomic_init(&r->written, 0);
	atomic_init(&r->done, 0);
	atomic_init(&r->starves, false);
	atomic_init(&r->chokes, false);
	r->room = n;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	return (r);
}

void
ring_free(struct ring **pr)
{
	struct ring *r = *pr;

	if (r == NULL)
		return;
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
	mem_release(r->cells, r->n * r->size);
	mem_release(r, sizeof(*r));
	*pr = NULL;
}

static void *
at(const struct ring *r, uint32_t i)
{
	return (r->cells + (size_t)(i & (r->n - 1)) * r->size);
}

/* A counter was moved: who sleeps until it is has to know.  All these are one order: either he sees the counter when he
 * looks once more, or his flag is seen here. */
static void
wake(struct ring *r, atomic_bool *sleeps)
{
	if (!atomic_load(sleeps))
		return;
	pthread_mutex_lock(&r->lock);
	atomic_store(sleeps, false);
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

/* Until `counter` is not `is` any more. */
static void
sleep_while(struct ring *r, atomic_bool *sleeps, atomic_uint *counter, uint32_t is)
{
	pthread_mutex_lock(&r->lock);
	for (;;) {
		atomic_store(sleeps, true);
		if (atomic_load(counter) != is)
			break;
		pthread_cond_wait(&r->changed, &r->lock);
	}
	atomic_store(sleeps, false);
	pthread_mutex_unlock(&r->lock);
}

/* --- the writer */

void *
ring_cell(struct ring *r)
{
	while (r->filled == r->room) {
		uint32_t done = atomic_load_explicit(&r->done, memory_order_acquire);

		if (done + r->n == r->room) {
			ring_hand_on(r);
			sleep_while(r, &r->chokes, &r->done, done);
			continue;
		}
		r->room = done + r->n;
	}
	return (at(r, r->filled));
}

void
ring_written(struct ring *r)
{
	if (++r->filled % LOT != 0)
		return;
	atomic_store(&r->written, r->filled);
	if (r->filled % (r->n / 4) == 0)
		wake(r, &r->starves);
}

void
ring_hand_on(struct ring *r)
{
	atomic_store(&r->written, r->filled);
	wake(r, &r->starves);
}

/* --- the reader */

uint32_t
ring_take(struct ring *r, uint32_t most, bool wait, void **cells)
{
	uint32_t done = atomic_load_explicit(&r->done, memory_order_relaxed), n, end;

	if (r->seen == done)
		r->seen = atomic_load_explicit(&r->written, memory_order_acquire);
	if (r->seen == done && wait) {
		sleep_while(r, &r->starves, &r->written, done);
		r->seen = atomic_load_explicit(&r->written, memory_order_acquire);
	}
	n = r->seen - done;
	end = r->n - (done & (r->n - 1));
	*cells = at(r, done);
	n = n < most ? n : most;
	return (n < end ? n : end);
}

void
ring_done(struct ring *r, uint32_t n)
{
	uint32_t done = atomic_load_explicit(&r->done, memory_order_relaxed) + n;

	atomic_store(&r->done, done);
	if ((done & (r->n / 4 - 1)) < n) /* it is not worth waking for less */
		wake(r, &r->chokes);
}
