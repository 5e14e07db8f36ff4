/* SPDX-License-Identifier: BSD-2-Clause
 *
 * conf.h: a configuration file: `key = value` lines.
 */
#ifndef PROBE_CONF_H
#define PROBE_CONF_H

#include <stdbool.h>
#include <stddef.h>

struct conf_line {
	char *key, *value; /* within the text, without blanks around them */
	unsigned number;
};

/* The next line that says something, of *text, which is cut up and goes on behind it; `number` counts
 * lines.  false: no more.  A line without = or without a key has value NULL. */
bool conf_next(char **text, unsigned *number, struct conf_line *);

/* The whole of a file, ending in NUL, for free().  NULL: `err` says why. */
char *conf_read(const char *path, char *err, size_t errlen);

#endif
