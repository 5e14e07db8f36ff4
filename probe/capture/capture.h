/* SPDX-License-Identifier: BSD-2-Clause
 *
 * capture.h: frames from files and interfaces.
 *
 * A source gives frames in their order.  Bytes are borrowed until the next call on the same
 * source.  Several files are merged by time with capture_open_files().
 */
#ifndef PROBE_CAPTURE_H
#define PROBE_CAPTURE_H

#include "format/base/buf.h"
#include "probe/capture/frame.h"
#include "probe/capture/options.h"

struct capture;

/* Offline. `names`: paths, "-" = stdin; they live as long.  NULL on failure with a sentence in err (no newline). */
struct capture *capture_open_files(char *const *names, int n, const struct capture_options *, char *err, int errlen);
/* Live, from 1 to CAPTURE_IFACES interfaces, merged by time; the names live as long. */
struct capture *capture_open_live(char *const *names, unsigned n, const struct capture_options *, char *err, int errlen);
/* Live: each interface with its link type: eth0 (EN10MB), eth1 (RAW) */
void capture_describe(const struct capture *, struct buf *);
/* As many of the next frames as the source has at hand, at most n; they are borrowed until the next call.
 * CAPTURE_FRAME: *got of them. */
enum capture_result capture_next(struct capture *, struct frame *, unsigned n, unsigned *got);
const char *capture_error(const struct capture *);
const char *capture_says(struct capture *); /* the sentence of CAPTURE_SAYS, once */
/* What the kernel says of the i-th interface, since the last call: live to be asked ten times a second, for then it is also
 * seen how the interface is.  Files: i is 0.  false: there are no more. */
bool capture_stats(struct capture *, unsigned i, struct capture_stats *);
/* Files: bytes of them that were used, and of all of them; 0: of a pipe nobody knows. */
void capture_progress(const struct capture *, uint64_t *done, uint64_t *size);
bool capture_cut(const struct capture *); /* files: it was told to stop before their end */
/* Files: bins have this width (ns).  What was dropped comes before the first frame behind the bins in which it was,
 * if the file can be looked through or says so in time, and its `since` lies in a bin that has a frame. */
void capture_bins(struct capture *, int64_t width);
void capture_free(struct capture **);
void capture_list(void (*each)(const char *name, const char *what)); /* pavo -D */

#endif
