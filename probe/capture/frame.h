/* SPDX-License-Identifier: BSD-2-Clause
 *
 * frame.h: a frame as it was captured, whatever it came from, and what was not.
 */
#ifndef PROBE_CAPTURE_FRAME_H
#define PROBE_CAPTURE_FRAME_H

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
	int64_t gap; /* ns of it in which nothing could be captured: the interface was away */
};

enum capture_result {
	CAPTURE_FRAME, /* *frame is set */
	CAPTURE_DROPS, /* a file says what was dropped when it was captured: capture_stats() has it */
	CAPTURE_IDLE,  /* live: for the moment, or for the read timeout, nothing more; a pipe: nothing, ten times a second at
	                * most; frame->ts is the wall clock */
	CAPTURE_SAYS,  /* live: an interface went or came back: capture_says() */
	CAPTURE_END,   /* clean end, or it was told to stop */
	CAPTURE_ERROR, /* capture_error() says what; what came before is good; the next call goes on with the
	                * next file, if there is one */
};

#endif
