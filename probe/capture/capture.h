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

#include <signal.h>

struct capture;

struct capture_options {
	const char *filter;                /* BPF text or NULL */
	const volatile sig_atomic_t *stop; /* lives as long; not 0: take what is there already, and end; NULL: never */
	bool as_is;                        /* files: one after the other instead of merged by time */
	int snaplen, buffer;               /* live, bytes; buffer 0: the library's own */
	bool no_promisc;
};

/* Offline. `names`: paths, "-" = stdin; they live as long.  NULL on failure with a sentence in err (no newline). */
struct capture *capture_open_files(char *const *names, int n, const struct capture_options *, char *err, int errlen);
/* Live through libpcap: no immediate mode, read timeout 100 ms, ns stamps where there are. */
struct capture *capture_open_live(const char *iface, const struct capture_options *, char *err, int errlen);
/* As many of the next frames as the source has at hand, at most n; they are borrowed until the next call.
 * CAPTURE_FRAME: *got of them. */
enum capture_result capture_next(struct capture *, struct frame *, unsigned n, unsigned *got);
const char *capture_error(const struct capture *);
void capture_stats(struct capture *, struct capture_stats *);
/* Files: bins have this width (ns).  What was dropped comes before the first frame behind the bins in which it was,
 * if the file can be looked through or says so in time, and its `since` lies in a bin that has a frame. */
void capture_bins(struct capture *, int64_t width);
void capture_free(struct capture **);
void capture_list(void (*each)(const char *name, const char *what)); /* pavo -D */

#endif
