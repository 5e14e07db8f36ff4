/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stat.h: the counters of stat.def, for one bin or for the whole run.
 */
#ifndef PROBE_STAT_H
#define PROBE_STAT_H

#include "format/tile.h"

struct stat_set {
#define STAT(name)         uint64_t name;
#define STAT_LIVE(name)    uint64_t name;
#define STAT_OFFLINE(name) uint64_t name;
#include "probe/ledger/stat.def"
	bool live;      /* there is a kernel to ask */
	bool has_ifdrop;
};

/* Sums; `active` and `fragtab` are levels: the higher one stays. */
void stat_add(struct stat_set *, const struct stat_set *);
void stat_fill(const struct stat_set *, struct tile *);

#endif
