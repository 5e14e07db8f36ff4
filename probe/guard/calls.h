/* SPDX-License-Identifier: BSD-2-Clause
 *
 * calls.h: the system calls that the probe makes.  For guard.c alone.
 */
#ifndef PROBE_GUARD_CALLS_H
#define PROBE_GUARD_CALLS_H

/* From here on no others: they fail with EPERM; those by which an intruder goes on end the process.  NULL, or why not,
 * in a few words. */
const char *calls_restrict(void);

#endif
