/* SPDX-License-Identifier: BSD-2-Clause
 *
 * guard.h: what the probe gives up before it looks at the first packet, and what its keepers hear of it.
 *
 * Packets are written by strangers.  So main.c opens what needs privileges, gives them up, opens its output as who it
 * is then, and closes the doors behind it; the order of these calls is that of this header.  All but guard_beat() and
 * guard_end() come before the first thread, which inherits what they did.  One probe a process: there is one guard.
 *
 * What is open stays open.  A packet socket can be bound to an interface that came back: that needs no privilege, while
 * a new one does and is refused.
 */
#ifndef PROBE_GUARD_GUARD_H
#define PROBE_GUARD_GUARD_H

#include "probe/guard/paths.h"

#include <stddef.h>
#include <stdint.h>

struct guard_options {
	const char *user, *group; /* -u, -g: names or numbers; NULL: see guard_drop() */
	const char *root;	  /* --chroot, or NULL */
	const char *pidfile;	  /* or NULL */
	bool daemon, no_sandbox;
};

/* -d: goes on as the child, while the parent waits for guard_ready() and ends with 0, or with what the child ends with.
 * Holds the pid file, which is removed when this process is gone.  Finds the service manager. */
bool guard_begin(const struct guard_options *, char *err, size_t errlen);
/* --chroot, then groups, user, capabilities, and no new privileges, for good.
 * Without a user in the options root stays root to read files, with nothing but the right to open them.  To capture, it
 * becomes the user pavo, or nobody where there is none, if that one may write where the output goes; else the owner
 * of that folder. */
bool guard_drop(const struct guard_options *, const struct guard_paths *, char *err, size_t errlen);
/* From here on no file is opened but those of the paths, no socket, no program: by Landlock and seccomp where they are. */
void guard_close(const struct guard_options *, const struct guard_paths *);
/* "runs as nobody, no Landlock ...": who it became, and what could not be given up; "" where there is nothing to say.
 * Lives as long as the process. */
const char *guard_says(void);
/* All is open: the parent of a daemon and the service manager hear it.  `status`: what it does, in a few words.  A daemon's
 * messages go to syslog from here on. */
void guard_ready(const char *status);
/* Still alive: to be called at least once a second, with the time (ns) of any clock. */
void guard_beat(int64_t now);
/* What is left is being written. */
void guard_end(void);

#endif
