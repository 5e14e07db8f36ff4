/* SPDX-License-Identifier: BSD-2-Clause
 *
 * hook.h: a command for each record file that is complete (pavo --exec).
 *
 * The commands are started by a process of their own, so that the probe needs no right to start any, and never waits.
 */
#ifndef PROBE_OUT_HOOK_H
#define PROBE_OUT_HOOK_H

#include <stdbool.h>
#include <stddef.h>

struct hook;

/* The command's words: split at blanks, which quotes ('', "") and \ keep together.  A list that ends with NULL, one piece
 * of memory to be freed; NULL: err says what is wrong. */
char **hook_words(const char *command, char *err, size_t errlen);
/* Starts that process: as who the commands are to be, before there are threads, and before the probe may not.  It keeps
 * nothing that is open.  In the words {} is the file's path; where it is in none, that comes behind them.  silent: what is
 * wrong goes to syslog, and what commands say nowhere.  NULL: err says why. */
struct hook *hook_start(const char *command, bool silent, char *err, size_t errlen);
/* From any one thread: never waits.  Where thousands wait already it is said that there is none for this file. */
void hook_run(struct hook *, const char *path);
/* There are no more files.  Commands have some seconds to come to an end; what has not by then is said. */
void hook_finish(struct hook **);

#endif
