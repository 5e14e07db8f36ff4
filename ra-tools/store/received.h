/* SPDX-License-Identifier: BSD-2-Clause
 *
 * received.h: the files that a probe sends: each byte once, at its place.
 *
 * DIR/PROBE/2026/11/20/120000-RUN.pavo, with .part behind it while it is not complete.  Which ones were complete says
 * DIR/PROBE/.received, also when they were merged, moved or removed since.
 */
#ifndef RA_TOOLS_STORE_RECEIVED_H
#define RA_TOOLS_STORE_RECEIVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct received;

/* For one at a time.  NULL: err says why, a sentence. */
struct received *received_open(const char *dir, const char *probe, size_t n, char *err, size_t errlen);
void received_close(struct received **);

struct received_have {
	bool complete;
	uint64_t size, sum;
};

/* The file of which is spoken from now on: a right name (wire.h).  What follows says false where there is none, or where
 * something goes wrong: received_error(). */
bool received_file(struct received *, const char *name, size_t n);
bool received_have(struct received *, struct received_have *);
/* Bytes that come at the end of what is there; on disk when it returns. */
bool received_put(struct received *, uint64_t at, const void *, size_t n);
bool received_zero(struct received *);
/* It has so many bytes, of this sum: it is complete and gets its name.  *is: it does. */
bool received_done(struct received *, uint64_t size, uint64_t sum, bool *is);
const char *received_error(const struct received *);

#endif
