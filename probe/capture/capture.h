/* SPDX-License-Identifier: BSD-2-Clause
 *
 * capture.h: frames from files and interfaces.
 *
 * A source gives frames in their order.  Bytes are borrowed until the next call on the same
 * source.  Several files are merged by time with capture_open_files().
 */
#ifndef PROBE_CAPTURE_H
#define PROBE_CAPTURE_H

#include "probe/capture/frame.h"

struct capture;

/* Offline. `names`: paths, "-" = stdin.  NULL on failure with a sentence in err (no newline).
 * as_is: one after the other instead of merged by time.  `filter`: BPF text or NULL. */
struct capture *capture_open_files(char *const *names, int n, bool as_is, const char *filter, char *err,
    int errlen);
/* Live through libpcap: no immediate mode, read timeout 100 ms, ns stamps where there are. */
struct capture *capture_open_live(const char *iface, int snaplen, int bufsize, bool promisc,
    const char *filter, char *err, int errlen);
/* As many of the next frames as the source has at hand, at most n; they are borrowed until the next call.
 * CAPTURE_FRAME: *got of them. */
enum capture_result capture_next(struct capture *, struct frame *, unsigned n, unsigned *got);
const char *capture_error(const struct capture *);
void capture_stats(struct capture *, struct capture_stats *);
/* Files: bins have this width (ns).  What was dropped comes before the first frame behind the bins in which it was,
 * if the file can be looked through or says so in time, and its `since` lies in a bin that has a frame. */
void capture_bins(struct capture *, int64_t width);
void capture_stop(struct capture *); /* async-signal-safe: the next capture_next() drains and ends */
void capture_free(struct capture **);
void capture_list(void (*each)(const char *name, const char *what)); /* pavo -D */

#endif
