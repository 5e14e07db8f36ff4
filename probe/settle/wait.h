/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wait.h: packets of which it is not known yet whether they are of the flow of their key or of a new one with the same
 * key (SEMANTICS 14.1 d).
 *
 * There are few of them at one time; what does not fit is decided at once, and counted.
 */
#ifndef PROBE_SETTLE_WAIT_H
#define PROBE_SETTLE_WAIT_H

#include "probe/ledger/tracker.h"

#define WAIT_FOR (2 * SEC) /* at most */
#define WAITS    256       /* packets, at most */

struct waits {
	struct pool cells;
	struct list list; /* in the order in which they came */
};

struct waiting { /* one of them */
	struct packet packet;
	struct seen v;
	uint64_t id; /* of the flow of its key; v.flow is its cell */
	struct link link;
};

void waits_init(struct waits *);
void waits_free(struct waits *);

/* It waits beside that flow; false: there is no room. */
bool waits_add(struct waits *, const struct table *, uint32_t flow, const struct seen *);
/* The first that waits beside it, NULL: none does. */
const struct waiting *waits_first(const struct waits *, uint32_t flow, uint64_t id);
/* Take that one; its packet is valid until the next one is taken. */
bool waits_take(struct waits *, uint32_t flow, uint64_t id, struct waiting *);
/* The oldest of all. */
const struct waiting *waits_oldest(const struct waits *);

#endif
