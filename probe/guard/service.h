/* SPDX-License-Identifier: BSD-2-Clause
 *
 * service.h: a process that others keep: a daemon, its pid file, what it tells systemd.  For guard.c alone.
 */
#ifndef PROBE_GUARD_SERVICE_H
#define PROBE_GUARD_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct service {
	bool daemon;
	int parent; /* a pipe to who waits for a daemon */
	int null;
	int manager;	   /* socket of the service manager; -1: there is none */
	int64_t every;	   /* ns: it wants to hear of us at least so often; 0: it does not */
	int64_t heard;	   /* when it did last */
};

/* See guard_begin(), guard_ready(), guard_beat(), guard_end(). */
bool service_begin(struct service *, bool daemon, const char *pidfile, char *err, size_t errlen);
void service_ready(struct service *, const char *status);
void service_beat(struct service *, int64_t now);
void service_end(struct service *);

#endif
