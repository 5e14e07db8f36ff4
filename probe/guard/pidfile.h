/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pidfile.h: a file with the number of this process, for as long as it lives.  For service.c alone.
 */
#ifndef PROBE_GUARD_PIDFILE_H
#define PROBE_GUARD_PIDFILE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes and locks it; a small process stays behind that has the rights of this moment, and removes it when we are gone,
 * however that comes.  false: it can not be written, or another process holds it. */
bool pidfile_hold(const char *path, char *err, size_t errlen);

#endif
