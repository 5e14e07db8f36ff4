/* SPDX-License-Identifier: BSD-2-Clause
 *
 * teller.h: the thread that tells how the probe is, every few seconds into files and when asked on standard error.
 *
 * Who reads packets asks teller_due() now and then, which costs a load, and gives a snapshot; formatting, disks and
 * terminals are the thread's.  It never makes anybody wait: if it is not done with one snapshot, the next takes the
 * place of those between.
 */
#ifndef PROBE_TELL_TELLER_H
#define PROBE_TELL_TELLER_H

#include "probe/tell/snapshot.h"

struct teller_options {
	const char *lines, *metrics; /* paths, which live as long; NULL: none.  lines "-": standard output */
	int64_t every;               /* ns */
};

struct teller;

/* The files are opened here, before anything is taken away from the process.  NULL: err says why, a sentence. */
struct teller *teller_new(const struct teller_options *, char *err, size_t errlen);
/* Threads begin once the process is what it will be. */
void teller_start(struct teller *);
/* It is time for a snapshot: once for each time. */
bool teller_due(struct teller *);
/* `timely`: into the files; `asked`: somebody wants to read it on standard error. */
void teller_tell(struct teller *, const struct snapshot *, bool timely, bool asked);
/* The last one is told into the files. */
void teller_end(struct teller **, const struct snapshot *);

#endif
