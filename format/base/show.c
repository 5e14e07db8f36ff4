/* SPDX-License-Identifier: BSD-2-Clause
 *
 * show.c: what a program says of itself.
 */
#include "format/base/show.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

void
option_words(const struct option_row *row, unsigned n, char *letters, struct option *longs)
{
	*letters++ = '+';
	*letters++ = ':';
	for (unsigned i = 0; i < n; i++) {
		int takes = row[i].arg == NULL ? no_argument : row[i].arg[0] == '[' ? optional_argument : required_argument;

		longs[i] = (struct option){ row[i].name, takes, NULL, row[i].code };
		if (row[i].code >= 256)
			continue;
		*letters++ = (char)row[i].code;
		if (row[i].arg != NULL)
			*letters++ = ':';
	}
	*letters = '\0';
	longs[n] = (struct option){ 0 };
}

void
option_lines(struct buf *to, const struct option_row *row, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char left[64], letter[8] = "   ";

		if (row[i].code < 256)
			(void)snprintf(letter, sizeof(letter), "-%c,", row[i].code);
		(void)snprintf(left, sizeof(left), "%s --%s%s%s", letter, row[i].name,
		    row[i].arg == NULL || row[i].arg[0] == '[' ? "" : " ", row[i].arg == NULL ? "" : row[i].arg);
		buf_printf(to, "  %-27s %s\n", left, row[i].doc);
	}
}

void
show_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
}
