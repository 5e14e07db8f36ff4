/* SPDX-License-Identifier: BSD-2-Clause
 *
 * settle.h: a packet finds its flow, or makes it, and counts there; flows end.
 */
#ifndef PROBE_SETTLE_SETTLE_H
#define PROBE_SETTLE_SETTLE_H

#include "probe/flow/wheel.h"
#include "probe/ledger/ledger.h"
#include "probe/settle/wait.h"

#define SETTLE_ENDED 1024

struct flows { /* all that live */
	struct table table;
	struct wheel wheel;
	struct ledger *ledger;  /* borrowed, as `track` */
	struct track *track;
	struct waits waits;
	uint64_t probe;         /* hash of its id */
	uint64_t ended[SETTLE_ENDED]; /* ids of flows that ended, by their low bits: no second life has the same */
	uint64_t counted;       /* packets that are in flows */
	bool closing;           /* the end of input: flows need not leave their lists */
	/* what else a packet with one of these facts says, once it is counted */
	uint32_t facts;
	void (*note)(void *, const struct seen *);
	void *arg;
};

/* Find the packet's flow, or make it, and count.  v->flow is where it was a moment ago, and is now. */
void settle(struct flows *, struct seen *);
/* The same, where it is known that v->flow is its flow, which lives: its tracker asks nothing of a packet that comes. */
void settle_in(struct flows *, struct seen *);
/* The flow turns out to be of another kind, and so do its packets, of which this is one: what its tracker has kept is
 * given back, its encapsulation noted. */
void settle_become(struct flows *, uint32_t flow, const struct packet *);
/* Count it there, and what else it says; settle() does.  true: its flow may fall silent sooner than it could before. */
bool count(struct flows *, struct seen *);

/* When the oldest packet has waited long enough to know its flow; INT64_MAX: none waits.  Then those beside that flow
 * are the flow's. */
static inline int64_t
settle_wait_due(const struct flows *fl)
{
	return (fl->waits.list.head != 0 ? waits_oldest(&fl->waits)->v.now + WAIT_FOR : INT64_MAX);
}
void settle_waiting(struct flows *);
/* A flow whose end was due before `now` ends; true if so. */
bool settle_expire(struct flows *, uint32_t flow, int64_t now);
/* When the first flow may have to end; INT64_MAX: there is none.  Then look at it. */
int64_t settle_due(struct flows *);
void settle_expire_next(struct flows *);
/* `from` is `to`, by another key.  Bins of `open` and later have waited until `now`. */
void settle_merge(struct flows *, uint32_t to, uint32_t from, int64_t now, int64_t open);
/* The end of input: all flows that live, oldest first. */
void settle_end_all(struct flows *);

#endif
