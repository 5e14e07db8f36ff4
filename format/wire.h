/* SPDX-License-Identifier: BSD-2-Clause
 *
 * wire.h: what a probe and a collector say to each other: pavo(5), "Collectors".
 *
 * One asks, the other answers: a frame each.  A frame is its kind (4 letters), the length of what follows (32 bits, most
 * significant first), the XXH3-64 of that, and that.
 */
#ifndef FORMAT_WIRE_H
#define FORMAT_WIRE_H

#include "format/base/buf.h"
#include "format/base/cursor.h"
#include "format/base/link.h"

#define WIRE_PORT    "4740"
#define WIRE_VERSION 1
#define WIRE_PIECE   ((size_t)1 << 20) /* bytes of a file in one frame, at most */
#define WIRE_MOST    (WIRE_PIECE + 4096)

enum wire_kind {
	WIRE_HELLO = 0x48454c4f, /* version (16 bits), the probe's id; answer: version */
	WIRE_OPEN = 0x4f50454e,	 /* the name of a file of which is spoken from now on; answer: HAVE */
	WIRE_HAVE = 0x48415645,	 /* complete (8), how many bytes are there (64), their XXH3-64 */
	WIRE_DATA = 0x44415441,	 /* at which byte of it (64), bytes; answer: TOOK, once they are on disk */
	WIRE_TOOK = 0x544f4f4b,	 /* how many bytes are there (64) */
	WIRE_ZERO = 0x5a45524f,	 /* what is there of it is something else, and goes; answer: HAVE */
	WIRE_DONE = 0x444f4e45,	 /* it has so many bytes (64) of this XXH3-64; answer: DONE, or HAVE if it is not so */
	WIRE_READ = 0x52454144,	 /* instead of HELLO: version (16), from which second on (64), a filter; answer: READ, and behind it a record file, as it grows */
	WIRE_IDLE = 0x49444c45,	 /* nothing is new; answer: IDLE */
	WIRE_FAIL = 0x4641494c	 /* why it ends, a sentence */
};

struct wire_frame {
	enum wire_kind kind;
	struct cursor at; /* what is in it; valid until the next one */
};

struct wire {
	struct link link;
	struct buf in, out; /* out: what is said next, from wire_say() on */
};

/* What the frame of that kind has is to be put behind; wire_send() sends it.  false: the connection is gone (errno). */
struct buf *wire_say(struct wire *, enum wire_kind);
bool wire_send(struct wire *);
/* false: errno, or EPROTO where it is no frame. */
bool wire_hear(struct wire *, struct wire_frame *);
/* The first n bytes of a file; false: it does not have them, or errno. */
bool wire_sum(int fd, uint64_t n, uint64_t *sum);
void wire_free(struct wire *); /* and closes */

/* Names of files that are sent: RUN/2026/11/20/120000.pavo: letters, digits, - and _, no part begins with a dot. */
#define WIRE_NAME 200
bool wire_name_right(const char *, size_t n);

#endif
