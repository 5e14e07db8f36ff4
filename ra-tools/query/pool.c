/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pool.c: threads, and slots that go round: free, taken, ready, out with the caller, free.
 *
 * Who takes or finishes holds `turn`, so that the caller, who only needs `lock`, never waits for a read.
 */
#include "ra-tools/query/pool.h"

#include "format/base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

struct place { /* a slot */
	enum { FREE, TAKEN, READY, OUT } state;
	uint64_t ticket; /* number of the thing in it */
};

struct worker {
	struct crew *pool;
	unsigned number;
	pthread_t thread;
};

struct crew {
	const struct crew_work *w;
	void *arg;
	unsigned threads, slots;
	pthread_mutex_t turn, lock;
	pthread_cond_t moved; /* a slot changed its state, or there is no more */
	struct place *place;
	struct worker *worker; /* NULL: not started */
	uint64_t taken, given;
	bool ended, stop, alone; /* alone: who takes what comes out does the work */
};

unsigned
crew_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return (n < 1 ? 1 : n > 1024 ? 1024 : (unsigned)n);
}

unsigned
crew_slots(unsigned threads)
{
	return (threads == 1 ? 1 : 2 * threads);
}

struct crew *
crew_new(unsigned threads, unsigned slots, const struct crew_work *w, void *arg)
{
	struct crew *p = mem_zero(1, sizeof(*p));

	p->w = w;
	p->arg = arg;
	p->threads = threads;
	p->alone = threads == 1;
	p->slots = slots;
	p->place = mem_zero(p->slots, sizeof(p->place[0]));
	(void)pthread_mutex_init(&p->turn, NULL);
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->moved, NULL);
	return (p);
}

/* A free slot, waited for; -1: nothing more is to be taken.  With the lock. */
static int
free_slot(struct crew *p)
{
	for (;;) {
		if (p->ended || p->stop)
			return (-1);
		for (unsigned i = 0; i < p->slots; i++)
			if (p->place[i].state == FREE)
				return ((int)i);
		(void)pthread_cond_wait(&p->moved, &p->lock);
	}
}

/* Take the next thing into a slot; -1: there is none. */
static int
take(struct crew *p)
{
	int slot;
	bool any = false;

	(void)pthread_mutex_lock(&p->lock);
	if ((slot = free_slot(p)) >= 0)
		p->place[slot].state = TAKEN;
	(void)pthread_mutex_unlock(&p->lock);
	if (slot < 0)
		return (-1);
	(void)pthread_mutex_lock(&p->turn);
	if (!p->ended)
		any = p->w->take(p->arg, (unsigned)slot);
	(void)pthread_mutex_lock(&p->lock);
	if (any) {
		p->place[slot].ticket = p->taken++;
	} else {
		p->place[slot].state = FREE;
		p->ended = true;
		(void)pthread_cond_broadcast(&p->moved);
	}
	(void)pthread_mutex_unlock(&p->lock);
	(void)pthread_mutex_unlock(&p->turn);
	return (any ? slot : -1);
}

static void *
run(void *arg)
{
	struct worker *me = arg;
	struct crew *p = me->pool;
	int slot;

	while ((slot = take(p)) >= 0) {
		p->w->work(p->arg, (unsigned)slot, me->number);
		(void)pthread_mutex_lock(&p->turn);
		p->w->done(p->arg, (unsigned)slot);
		(void)pthread_mutex_unlock(&p->turn);
		(void)pthread_mutex_lock(&p->lock);
		p->place[slot].state = READY;
		(void)pthread_cond_broadcast(&p->moved);
		(void)pthread_mutex_unlock(&p->lock);
	}
	return (NULL);
}

/* Signals are for the thread that hands out. */
static void
start(struct crew *p)
{
	sigset_t all, before;

	p->worker = mem_zero(p->threads, sizeof(p->worker[0]));
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < p->threads; i++) {
		p->worker[i] = (struct worker){ .pool = p, .number = i };
		if (pthread_create(&p->worker[i].thread, NULL, run, &p->worker[i]) != 0)
			p->threads = i; /* fewer will do, and none too */
	}
	p->alone = p->threads == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int
next_alone(struct crew *p)
{
	if (p->ended || !p->w->take(p->arg, 0)) {
		p->ended = true;
		return (-1);
	}
	p->w->work(p->arg, 0, 0);
	p->w->done(p->arg, 0);
	return (0);
}

static int
ready(const struct crew *p)
{
	for (unsigned i = 0; i < p->slots; i++)
		if (p->place[i].state == READY && p->place[i].ticket == p->given)
			return ((int)i);
	return (-1);
}

/* Has everything that was taken come out? Who takes has not yet counted what it takes. */
static bool
dry(const struct crew *p)
{
	return (p->ended && p->given == p->taken);
}

int
crew_next(struct crew *p)
{
	int slot;

	if (p->worker == NULL && !p->alone)
		start(p);
	if (p->alone)
		return (next_alone(p));
	(void)pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < p->slots; i++)
		if (p->place[i].state == OUT)
			p->place[i].state = FREE;
	(void)pthread_cond_broadcast(&p->moved);
	while ((slot = ready(p)) < 0 && !dry(p))
		(void)pthread_cond_wait(&p->moved, &p->lock);
	if (slot >= 0) {
		p->place[slot].state = OUT;
		p->given++;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return (slot);
}

void
crew_free(struct crew **pp)
{
	struct crew *p = *pp;

	if (p == NULL)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->stop = true;
	(void)pthread_cond_broadcast(&p->moved);
	(void)pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; p->worker != NULL && i < p->threads; i++)
		(void)pthread_join(p->worker[i].thread, NULL);
	(void)pthread_cond_destroy(&p->moved);
	(void)pthread_mutex_destroy(&p->lock);
	(void)pthread_mutex_destroy(&p->turn);
	free(p->worker);
	free(p->place);
	free(p);
	*pp = NULL;
}
