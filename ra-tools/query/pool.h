/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pool.h: the same work on one thing after another, done by several threads, handed out in order.
 *
 * Things are taken in turn (one thread at a time), worked on at the same time, and finished in turn.  With
 * one thread no thread is made: everything happens in crew_next().
 */
#ifndef RA_TOOLS_QUERY_POOL_H
#define RA_TOOLS_QUERY_POOL_H

#include <stdbool.h>

struct crew_work {
	bool (*take)(void *arg, unsigned slot); /* in turn: the next thing into this slot; false: no more */
	void (*work)(void *arg, unsigned slot, unsigned worker); /* at the same time as others */
	void (*done)(void *arg, unsigned slot); /* in turn */
};

struct crew;

unsigned crew_processors(void);
unsigned crew_slots(unsigned threads); /* so many keep them busy */
/* Slots are 0 .. slots - 1, workers 0 .. threads - 1.  Fewer slots take less memory, and threads wait for them. */
struct crew *crew_new(unsigned threads, unsigned slots, const struct crew_work *, void *arg);
/* The slot of the next thing, in the order of taking; it is the caller's until the next call. -1: no more. */
int crew_next(struct crew *);
void crew_free(struct crew **); /* what is being worked on is finished first */

#endif
