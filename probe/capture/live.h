/* SPDX-License-Identifier: BSD-2-Clause
 *
 * live.h: interfaces, merged by time, each with its own link type and its own counts.
 *
 * One that goes down or is removed is waited for, however long: that is said once, and so is its return.
 */
#ifndef PROBE_CAPTURE_LIVE_H
#define PROBE_CAPTURE_LIVE_H

#include "format/base/buf.h"
#include "probe/capture/frame.h"
#include "probe/capture/options.h"

struct live;

/* As capture_open_live(). */
struct live *live_open(char *const *names, unsigned n, const struct capture_options *, char *err, int errlen);
void live_close(struct live **);
/* CAPTURE_FRAME, CAPTURE_IDLE, CAPTURE_SAYS: live_says() has it, CAPTURE_END. */
enum capture_result live_next(struct live *, struct frame *);
const char *live_says(struct live *); /* once; until the next call of anything here */
/* Of the i-th interface, since the last call; to be called often: it is looked after then.  false: there are no more. */
bool live_stats(struct live *, unsigned i, struct capture_stats *);
/* eth0 (EN10MB), eth1 (RAW) */
void live_describe(const struct live *, struct buf *);

#endif
