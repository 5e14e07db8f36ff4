/* SPDX-License-Identifier: BSD-2-Clause
 *
 * capture.h: frames from files and interfaces.
 *
 * A source gives frames one after the other.  Bytes are borrowed until the next call on the same
 * source.  Several files are merged by time with capture_open_files().
 */
#ifndef PROBE_CAPTURE_H
#define PROBE_CAPTURE_H

#include "probe/capture/frame.h"

struct capture_stats { /* since the last call; live only, has = false otherwise */
	bool has, has_ifdrop;
	int64_t since, until; /* when that was, and now, by the wall's clock */
	uint64_t recv, drop, ifdrop;
};

struct capture;

/* Offline. `names`: paths, "-" = stdin.  NULL on failure with a sentence in err (no newline).
 * as_is: one after the other instead of merged by time.  `filter`: BPF text or NULL. */
struct capture *capture_open_files(char *const *names, int n, bool as_is, const char *filter, char *err,
    int errlen);
/* Live through libpcap: no immediate mode, read timeout 100 ms, ns stamps where there are. */
struct capture *capture_open_live(const char *iface, int snaplen, int bufsize, bool promisc,
    const char *filter, char *err, int errlen);
enum capture_result capture_next(struct capture *, struct frame *);
const char *capture_error(const struct capture *);
void capture_stats(struct capture *, struct capture_stats *);
void capture_stop(struct capture *); /* async-signal-safe: the next capture_next() drains and ends */
void capture_free(struct capture **);
void capture_list(void (*each)(const char *name, const char *what)); /* pavo -D */

#endif
