/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cluster.h: what racluster does, for the tools that do it: all records are merged by key, then printed.
 */
#ifndef RA_TOOLS_RUN_CLUSTER_H
#define RA_TOOLS_RUN_CLUSTER_H

#include "ra-tools/query/aggr.h"
#include "ra-tools/query/bin.h"
#include "ra-tools/run/run.h"

/* keys_parse(), as --merge-probes says. */
bool cluster_keys(const struct run *, const char *, struct keys *, char *err, size_t errlen);
/* All records into `a`, by several threads and within --memory. */
void cluster_all(struct run *, struct aggr *);
/* The same into bins; `width`: it was given.  Records that do not fit end the program with a sentence. */
void cluster_bins(struct run *, struct bins *, bool width);
/* At the end, say what the key could not place.  `by`: the tool that takes other keys, with a blank; "": this one. */
void cluster_left_out(struct run *, const struct keys *, const struct left_out *, const char *key, const char *by);
/* At the end, say that records of several probes were added up, if they were, in what `of` says, and how to ask apart
 * ("racluster -m probe"): run_tell_probes() was called.  And the same in rows of -m, if the key does not keep them apart. */
void cluster_sums(struct run *, const char *of, const char *apart);
void cluster_probes(struct run *, const struct keys *, const char *key);
/* From the first record to the last row; `key` is what -m says. */
void cluster(struct run *, const char *key);
/* The same with these columns, by one thread; each batch of selected records is shown to note() before it is merged. */
void cluster_noting(struct run *, const char *key, const char *columns, void (*note)(void *, const struct batch *), void *arg);

#endif
