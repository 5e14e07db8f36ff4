/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log.c: messages for people.  Test: tests/cli.tap has them to the letter.
 *
 * A message is made whole and leaves in one write, so that lines of programs in one pipeline do not mix.
 */
#include "format/base/log.h"

#include "format/base/plain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name = "pavo";

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

static void
say(int error, const char *fmt, va_list ap)
{
	char text[4096], shown[2 * sizeof(text)];

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	plain_text(shown, sizeof(shown), text);
	if (error != 0)
		(void)fprintf(stderr, "%s: %s: %s\n", name, shown, strerror(error));
	else
		(void)fprintf(stderr, "%s: %s\n", name, shown);
}

void
log_warnx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(0, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(0, fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	va_start(ap, fmt);
	say(error, fmt, ap);
	va_end(ap);
	exit(EXIT_ERROR);
}

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(0, fmt, ap);
	va_end(ap);
	exit(EXIT_ERROR);
}
