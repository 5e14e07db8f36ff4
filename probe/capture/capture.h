/* SPDX-License-Identifier: BSD-2-Clause
 *
 * capture.h: frames from files and interfaces.
 *
 * A source gives frames one after the other.  Bytes are borrowed until the next call on the same
 * source.  Several files are merged by time with capture_open_files().
 */
#ifndef PROBE_CAPTURE_H
#define PROBE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

struct frame {
	int64_t ts;           /* ns since 1970; meaningless if bad_ts */
	const uint8_t *bytes; /* caplen of them */
	uint32_t caplen, wire;
	int dlt;              /* LINKTYPE_ value */
	bool bad_ts;          /* the file's stamp can not be a time: beyond int64 ns, fraction >= 1 s */
	bool filtered;        /* the filter rejects it: counted, not decoded (offline only) */
};

struct capture_stats { /* has = false: nothing is known */
	bool has, has_ifdrop;
	int64_t since, until; /* live: the last call, and now, by the wall's clock; a file: as it says */
	uint64_t recv, drop, ifdrop; /* since then; a file does not tell recv */
};

enum capture_result {
	CAPTURE_FRAME, /* *frame is set */
	CAPTURE_DROPS, /* a file says what was dropped when it was captured: capture_stats() has it */
	CAPTURE_IDLE,  /* live: for the moment, or for the read timeout, nothing more; frame->ts is the wall clock */
	CAPTURE_END,   /* clean end, or capture_stop() */
	CAPTURE_ERROR, /* capture_error() says what; what came before is good; the next call goes on with the
	                * next file, if there is one */
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
/* Files: bins have this width (ns).  What was dropped comes before the first frame behind the bins in which it was,
 * if the file can be looked through or says so in time, and its `since` lies in a bin that has a frame. */
void capture_bins(struct capture *, int64_t width);
void capture_stop(struct capture *); /* async-signal-safe: the next capture_next() drains and ends */
void capture_free(struct capture **);
void capture_list(void (*each)(const char *name, const char *what)); /* pavo -D */

#endif
