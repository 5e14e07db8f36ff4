/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge.h: sources that go on for ever, merged by time.
 *
 * Of a source that has nothing at the moment it is known that whatever it still brings is not much older than the
 * moment at which it was asked: the kernel hands a packet on within `hold`.  Until that is over an earlier frame of
 * another source may still come, and a later one waits.
 */
#ifndef PROBE_CAPTURE_MERGE_H
#define PROBE_CAPTURE_MERGE_H

#include "probe/capture/frame.h"

struct merge_source {
	/* The next frame; its bytes stay until the next call.  false: there is none at the moment. */
	bool (*next)(void *arg, struct frame *);
	void *arg;
	/* merge.c's own */
	struct frame head;
	bool held;
	int64_t empty;   /* when it was asked last, in vain */
	unsigned round;  /* and in which call */
};

struct merge {
	struct merge_source *source; /* borrowed */
	unsigned n;
	int64_t hold;           /* ns */
	int64_t (*clock)(void); /* the one that frames are stamped by */
	/* merge.c's own */
	struct merge_source *last; /* gave the last frame: its bytes are borrowed until the next call */
	unsigned round;
};

/* The next frame of all.  false: none may be given yet; at *until, or when a source has something, one may.  INT64_MAX:
 * none is held. */
bool merge_next(struct merge *, struct frame *, int64_t *until);
/* What is held is forgotten: the source is another one from now on. */
void merge_forget(struct merge *, struct merge_source *);

#endif
