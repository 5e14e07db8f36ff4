/* SPDX-License-Identifier: BSD-2-Clause
 *
 * calls.h: the system calls that the probe makes.  For guard.c alone.
 */
#ifndef PROBE_GUARD_CALLS_H
#define PROBE_GUARD_CALLS_H

#include <stdbool.h>
#include <stddef.h>

bool calls_known(void); /* was this built with libseccomp? */
/* From here on no others: they fail with EPERM; those by which an intruder goes on end the process. */
bool calls_restrict(char *err, size_t errlen);

#endif
