/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log.c: messages for people.  Test: tests/cli.tap has them to the letter.
 *
 * A message is made whole and leaves in one write, so that lines of programs in one pipeline do not mix.
 */
#include "format/base/log.h"

#include "format/base/sanitizer.h"

#include "format/base/plain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

static const char *name = "pavo";
static bool to_syslog;

void
log_start(const char *program)
{
	const char *slash;

	if (program == NULL || *program == '\0')
		return;
	slash = strrchr(program, '/');
	name = slash == NULL ? program : slash + 1;
}

const char *
log_name(void)
{
	return (name);
}

void
log_open(void)
{
	openlog(name, LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_syslog(void)
{
	to_syslog = true;
}

static void
say(int level, int error, const char *fmt, va_list ap)
{
	char text[4096], shown[2 * sizeof(text)];

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	plain_text(shown, sizeof(shown), text);
	if (to_syslog)
		syslog(level, error != 0 ? "%s: %s" : "%s", shown, strerror(error));
	else if (error != 0)
		(void)fprintf(stderr, "%s: %s: %s\n", name, shown, strerror(error));
	else
		(void)fprintf(stderr, "%s: %s\n", name, shown);
}

void
log_warnx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_WARNING, 0, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_INFO, 0, fmt, ap);
	va_end(ap);
}

#ifdef SANITIZER_MEMORY
static int failed;

/* What the sanitizer asks before it looks for leaks. */
int __lsan_is_turned_off(void);
int
__lsan_is_turned_off(void)
{
	return (failed);
}
#endif

void
log_exit(int status)
{
#ifdef SANITIZER_MEMORY
	failed = 1;
#endif
	exit(status);
}

void
fatal(const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, fmt);
	say(LOG_ERR, error, fmt, ap);
	va_end(ap);
	log_exit(EXIT_ERROR);
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_ERR, 0, fmt, ap);
	va_end(ap);
	log_exit(EXIT_ERROR);
}
