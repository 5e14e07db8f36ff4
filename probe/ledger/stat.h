/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stat.h: the counters of stat.def, for one bin or for the whole run.
 */
#ifndef PROBE_STAT_H
#define PROBE_STAT_H

#include "format/tile.h"

#define STAT_LINKS 16 /* interfaces */

/* What the kernel says of an interface. */
struct stat_link {
	uint64_t recv, drop, ifdrop;
	int64_t gap;     /* ns in which nothing could be captured */
	bool has_ifdrop;
};

/* And of which time, by the wall's clock. */
struct stat_news {
	int64_t since, until;
	unsigned link; /* which interface; 0 where there is one, or a file says it */
	struct stat_link is;
};

struct stat_set {
#define STAT(name)         uint64_t name;
#define STAT_LIVE(name)    uint64_t name;
#define STAT_OFFLINE(name) uint64_t name;
#include "probe/ledger/stat.def"
	int64_t first, last; /* times of frames, the earliest and the latest, */
	bool timed;          /* if there were any */
	bool live;      /* there is a kernel to ask */
	bool has_ifdrop;
	struct stat_link link[STAT_LINKS]; /* live */
};

/* Sums; `active` and `fragtab` are levels: the higher one stays. */
void stat_add(struct stat_set *, const struct stat_set *);
/* Frames came, from this time to that. */
static inline void
stat_span(struct stat_set *s, int64_t first, int64_t last)
{
	s->first = !s->timed || first < s->first ? first : s->first;
	s->last = !s->timed || last > s->last ? last : s->last;
	s->timed = true;
}
void stat_take(struct stat_set *, const struct stat_news *);
void stat_fill(const struct stat_set *, struct tile *);
/* The counts of each interface: eth0:recv:drop:ifdrop,eth1:...  What is not known is -. */
#define STAT_LINK_TEXT 96 /* for each */
size_t stat_links(const struct stat_set *, char *const *names, unsigned n, char *to, size_t size);

#endif
