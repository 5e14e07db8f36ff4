/* SPDX-License-Identifier: BSD-2-Clause
 *
 * losses.h: records that could not be written: how many of which bin, with how many packets.  They are told in MAR
 * records of those bins (recdrop, recdrop_pkts, recdrop_bytes), so that each captured frame stays accounted for.
 *
 * MAR records themselves are kept, up to a few thousand.  Bins beyond those leave no trace but in the total: the file
 * has a hole in time there.
 *
 * Belongs to one thread at a time.
 */
#ifndef PROBE_OUT_LOSSES_H
#define PROBE_OUT_LOSSES_H

#include "format/batch.h"

struct losses;

struct losses *losses_new(void);
void losses_free(struct losses **);
/* All rows of this batch were not written. */
void losses_take(struct losses *, const struct batch *);
bool losses_wait(const struct losses *); /* there is something to tell */
/* Moves what is to be told into the batch, as far as it has room: first the MAR records that were kept, so many. */
uint32_t losses_tell(struct losses *, struct batch *);
/* Ever: records that are in no file, those told of included, MAR records that are kept not. */
uint64_t losses_records(const struct losses *);

#endif
