/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sender.h: what lies in a spool goes to collectors (pavo -w tcp://HOST:PORT).
 *
 * By processes of their own, one for each collector, so that the probe needs no right to open connections, and never
 * waits.  A file leaves the spool once all of them have it.
 */
#ifndef PROBE_OUT_SENDER_H
#define PROBE_OUT_SENDER_H

#include "format/base/far.h"

#define SENDER_WAYS 8

struct sender;

/* Starts them: as who they are to be, before there are threads, and before the probe may not.  silent: what is wrong goes
 * to syslog.  NULL: err says why not. */
struct sender *sender_start(const char *folder, const char *probe, const char *const *to, unsigned n, const struct tls_files *, bool silent, char *err,
    size_t errlen);
/* There are no more records.  What can be sent is; what can not waits for the next run, and that is said. */
void sender_finish(struct sender **);
/* Is it one that can be sent to?  false: err says why not. */
bool sender_right(const char *to, char *err, size_t errlen);

#endif
