/* SPDX-License-Identifier: BSD-2-Clause
 *
 * within.c: where the programs end with a sentence (fatal(), of log.h: no memory, no random numbers), a call of the library
 * returns with it.  log.c is no part of the library: there is nothing in it that could print or exit.
 */
#include "libpavo/room.h"

#include "format/base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local struct {
	jmp_buf *back; /* NULL: nobody is inside */
	char text[SENTENCE];
} way_out;

bool
within(void (*work)(void *), void *arg, char *why, size_t size)
{
	jmp_buf here, *outer = way_out.back;
	bool done = false;

	way_out.back = &here;
	if (setjmp(here) == 0) {
		work(arg);
		done = true;
	}
	way_out.back = outer;
	if (!done)
		(void)snprintf(why, size, "%s", way_out.text);
	return (done);
}

static noreturn void
leave(void)
{
	if (way_out.back == NULL)
		abort(); /* a function of pavo.h forgot to come in */
	longjmp(*way_out.back, 1);
}

noreturn void
fatal(const char *fmt, ...)
{
	int error = errno;
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	(void)vsnprintf(way_out.text, sizeof(way_out.text), fmt, ap);
	va_end(ap);
	n = strlen(way_out.text);
	(void)snprintf(way_out.text + n, sizeof(way_out.text) - n, ": %s", strerror(error));
	leave();
}

noreturn void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(way_out.text, sizeof(way_out.text), fmt, ap);
	va_end(ap);
	leave();
}
