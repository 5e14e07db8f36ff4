/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log.h: messages for people, on stderr, each line `program: sentence`.
 * Called by main files and ra-tools/run/ only: a library returns its errors.
 */
#ifndef FORMAT_BASE_LOG_H
#define FORMAT_BASE_LOG_H

#include <stdnoreturn.h>

#define EXIT_ERROR 2 /* usage, unreadable or damaged input */

void log_start(const char *program); /* argv[0]; the name without its folders is shown */
const char *log_name(void);
/* syslog hears what is said from log_syslog() on, instead of stderr.  log_open() before it connects, for programs that may
 * not when the time comes. */
void log_open(void);
void log_syslog(void);
void log_warnx(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
noreturn void fatal(const char *, ...) __attribute__((format(printf, 1, 2)));  /* adds strerror(errno) */
/* The end after a mistake: what it still held is not asked for. */
noreturn void log_exit(int status);
noreturn void fatalx(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif
